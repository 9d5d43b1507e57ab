"""When a gate has seen enough: the cases of a declared set, in planned order, against its threshold.

What is drawn at random is the case, so a case with repeats counts as one value, the mean of its cells, and
as missing where one of them is.  Values are in wrong units (:mod:`distill_tests.gates.tally`), so that an
at-least gate is an at-most gate on mirrored values.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Literal, NamedTuple

from distill_tests.gates.tally import Ruler, exact, ruler
from distill_tests.inference.judge_error import Band
from distill_tests.inference.sequential import Bounds, SequentialGate
from distill_tests.types import Gate, Verdict

_VERDICT = {"pass": Verdict.PASSED, "fail": Verdict.FAILED, "coarse": Verdict.INCONCLUSIVE}


class Stop(NamedTuple):
    """What the cases asked so far carry: ``verdict`` None is *undecided*; ``n`` of them were needed.

    ``bounds`` are one-sided at the gate's confidence each, for the mean of the declared set in wrong units.
    """

    verdict: Verdict | None
    n: int
    bounds: Bounds


class BandedGate:
    """A sequential gate with a band for a threshold: *pass* up to its low end, *fail* above its high end.

    It has decided "coarse" when the mean is known to lie between them: no more cases would change that.
    The two sides watch the same values, each at ``band.gate_alpha``.
    """

    def __init__(self, band: Band, cases: int | None) -> None:
        self._band = band
        self._passing = SequentialGate(_or(band.low, band.threshold), cases, band.gate_alpha)
        self._failing = SequentialGate(_or(band.high, band.threshold), cases, band.gate_alpha)
        self.n = 0

    @property
    def decision(self) -> Literal["pass", "fail", "coarse", "undecided"]:
        """The decision so far."""
        can_pass, can_fail = self._band.low is not None, self._band.high is not None
        if can_pass and self._passing.decision == "pass":
            return "pass"
        if can_fail and self._failing.decision == "fail":
            return "fail"
        open_above = can_pass and self._passing.decision == "undecided"
        open_below = can_fail and self._failing.decision == "undecided"
        return "undecided" if open_above or open_below else "coarse"

    def add(self, value: float | None) -> None:
        """Takes the next value, as :meth:`SequentialGate.add`."""
        self.n += 1
        for side in (self._passing, self._failing):
            if side.decision == "undecided":
                side.add(value)

    def bounds(self) -> Bounds:
        """The bounds of the mean, each erring with ``band.gate_alpha``; twice that once it is "coarse".

        Then they are those of the other side, which have shown that the mean lies between the ends.
        """
        below, above = self._failing.bounds(), self._passing.bounds()
        if self.decision == "coarse" and self.n:
            lower, upper = max(below.lower, above.lower), min(below.upper, above.upper)
        else:
            lower = below.lower if self._band.high is not None else above.lower
            upper = above.upper if self._band.low is not None else below.upper
        return Bounds(min(lower, upper), upper)


def _or(end: float | None, threshold: float) -> float:
    return threshold if end is None else end


class Watch:
    """A gate that consumes the cases of its set one by one; raises ValueError where it makes no sense.

    ``band``: what its threshold is under a calibrated judge (:mod:`distill_tests.inference.judge_error`).
    """

    def __init__(
        self,
        gate: Gate,
        *,
        cases: int,
        scale: tuple[float, float] = (0.0, 1.0),
        band: Band | None = None,
    ) -> None:
        self.gate = gate
        self._ruler = ruler(gate, scale)
        self._sequential = sequential(gate, self._ruler, cases, band)
        self._asked = self._scored = 0

    def add(self, case: tuple[float | None, ...]) -> Verdict | None:
        """The verdict that stands after the next case, or None for *go on asking*.

        INCONCLUSIVE: the judge is too coarse, whatever else is asked.

        A gate without ``stop_early`` always goes on, and so does one whose claim is about the population, or
        that has not the scored cells it demands, or too many missing: a rerun may still obtain them.
        """
        self._asked += len(case)
        self._scored += sum(value is not None for value in case)
        if self._sequential.decision == "undecided":
            self._sequential.add(_mean(self._ruler, case))
        missing = self._asked - self._scored
        if not self.gate.stop_early or self.gate.claim == "population":
            return None
        if self._scored < max(1, self.gate.min_n):
            return None
        if missing > exact(self.gate.max_missing) * self._asked:
            return None
        return _VERDICT.get(self._sequential.decision)


def stop(
    gate: Gate,
    measure: Ruler,
    cases: Iterable[tuple[float | None, ...]],
    *,
    declared: int,
    band: Band | None = None,
) -> Stop:
    """What the asked ``cases`` of ``declared`` ones, in planned order, carry by the sequential method."""
    found = sequential(gate, measure, declared, band)
    for case in cases:
        if found.decision != "undecided":
            break
        found.add(_mean(measure, case))
    return Stop(_VERDICT.get(found.decision), found.n, found.bounds())


def sequential(
    gate: Gate, measure: Ruler, cases: int, band: Band | None = None
) -> SequentialGate | BandedGate:
    """The sequential gate in wrong units, at the gate's one-sided confidence, or at what ``band`` leaves.

    Where answers drawn anew are the claim, the set has no end.
    """
    pool = None if gate.claim == "declared-set-resampled" else cases
    if band is not None:
        return BandedGate(band, pool)
    return SequentialGate(float(measure.threshold), pool, float(1 - exact(gate.confidence)))


def _mean(measure: Ruler, case: tuple[float | None, ...]) -> float | None:
    wrong = [measure.wrong(exact(value)) for value in case if value is not None]
    return float(sum(wrong, Fraction(0)) / len(case)) if len(wrong) == len(case) else None
