"""Every reply, once, durable: one SQLite file (WAL) that any number of processes may share.

A reply is stored under the fingerprint of its request and the run that asked, and committed to the
disk before anybody sees it.  Which stored replies may a run use?

* Its own, always; and any received since it began: they are no older than its own would be.
* ``refresh``: no other.  ``max_age_s`` bounds what comes from any other run, in every case below.
* ``replay``, ``reuse``, and models with a revision: those of any run.
* Otherwise only to *resume*: open replies of a run that does not live any more.

A run is alive while it is *running* and one of its processes is: a killed process is seen at once on
the same machine, on another one after its heartbeat has been silent for a minute.  A reply is *open*
until a run has finished with it.  When a run finishes

* what it asked, and what it was resumed with, is closed, in its own and in every dead run: after a
  ``refresh`` an older interrupted run must not win against the newer replies;
* the runs it was resumed from, and those they were resumed from, are closed as a whole.  What it did
  not need of them is older than its own verdict and must not be mixed with newer replies later.
  ``partial`` leaves this out: for a run that asked a selection only and reached no verdict.

Nothing of a living run is closed by another, and none of its replies from before this run began are
used: two runs side by side share what they ask from then on, and the lease keeps them from asking
the same thing at the same time.  If a chain of runs is interrupted (A; B, resumed from A; C, resumed
from both), C finds the open replies of all, and closes all when it finishes.  The processes of one
run (xdist's workers) name the same run and see each other's replies.  A lease belongs to a process;
when that one is gone the next who claims may ask.
"""

from distill_tests.store.latency import typical_latency_s
from distill_tests.store.replies import Claim, Found, Policy, Store

__all__ = ["Claim", "Found", "Policy", "Store", "typical_latency_s"]
