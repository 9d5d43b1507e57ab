"""One spec on one model while it is being audited: which cases are asked, and what the gates see.

:mod:`~distill_tests.audit.run` asks and decides, :mod:`~distill_tests.audit.watching` tells when enough is
asked, :mod:`~distill_tests.audit.judged` what the judge's calibration does to the gates.
"""

from distill_tests.audit.run import NotBelieved, NotNeeded, TargetRun, case_verdict, own_gates

__all__ = ["NotBelieved", "NotNeeded", "TargetRun", "case_verdict", "own_gates"]
