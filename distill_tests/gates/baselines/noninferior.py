"""The sequential test of a gate beside its baseline, also where the baseline lacks a few answers."""

from __future__ import annotations

from collections.abc import Sequence

from distill_tests.gates.baselines.pairs import Ends
from distill_tests.inference.paired import NonInferiority
from distill_tests.inference.sequential import Bounds, Evidence, Verdict


class NotWorse:
    """Two tests of :class:`~distill_tests.inference.paired.NonInferiority`, on either end of the baseline.

    What the baseline lacks may be anything on the scale.  So it passes where the test with all of that right
    passes, and fails where the one with all of it wrong fails; with nothing lacking both are one.
    """

    def __init__(self, old: Sequence[Ends], delta: float, alpha: float) -> None:
        self._for_pass = self._for_fail = NonInferiority([one.low for one in old], delta, alpha)
        if any(one.low != one.high for one in old):
            self._for_fail = NonInferiority([one.high for one in old], delta, alpha)

    @property
    def decision(self) -> Verdict:
        if self._for_pass.decision == "pass":
            return "pass"
        return "fail" if self._for_fail.decision == "fail" else "undecided"

    def add(self, new: float | None) -> None:
        """The next case of the planned order; only while undecided."""
        for test in {id(one): one for one in (self._for_pass, self._for_fail)}.values():
            if test.decision == "undecided":
                test.add(new)

    @property
    def evidence(self) -> Evidence:
        return Evidence(passing=self._for_pass.evidence.passing, failing=self._for_fail.evidence.failing)

    def bounds(self) -> Bounds:
        return Bounds(self._for_fail.bounds().lower, self._for_pass.bounds().upper)
