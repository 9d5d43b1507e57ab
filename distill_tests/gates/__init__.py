"""From what was asked of a declared set to a verdict on it; pure.

:mod:`~distill_tests.gates.deciding` has the rules in their order.  **cells** and **tally** count,
**estimates** tells the number with its interval, **stopping** says when enough was asked, **claims** what
is claimed of what, **baselines** and **across** compare runs and models, **moved** and **calibrated** make
room for the judge's errors, **evidence** and **release** look at all gates together, **outlook** before any
call; **words** and **text** say it.  The statistics behind it are in :mod:`distill_tests.inference`.
"""

from distill_tests.gates.deciding import judge_gate, power
from distill_tests.inference.sequential import Decision, decide

__all__ = ["Decision", "decide", "judge_gate", "power"]
