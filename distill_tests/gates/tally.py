"""What a gate counts, in exact numbers: wrong, missing and not asked, against what is allowed.

Everything stands in *wrong* units, in which 0 is the best a cell can be and 1 the worst, so that an
at-least gate is an at-most gate on the mirrored cells and no rule is written twice.  Numbers are Fractions
of what a person reads (``0.02`` is 1/50): 0.02 x 200 is 4, not 4.000000000000001.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from distill_tests.types import Gate


@lru_cache(maxsize=1024)
def exact(number: float) -> Fraction:
    """The fraction a person means by ``number``: its decimal digits, to the twelfth.

    The rounding takes away the noise of float arithmetic.  Raises ValueError for NaN and infinities.
    """
    if not math.isfinite(number):
        raise ValueError(f"{number} is no number")
    return Fraction(repr(round(float(number), 12)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruler:
    """A gate's threshold, and how values on a statistic's scale turn into wrong units and back."""

    low: Fraction
    high: Fraction
    limit: Fraction
    """The threshold on the statistic's scale."""
    at_most: bool

    @property
    def is_share(self) -> bool:
        """Whether the scale is 0 to 1."""
        return self.low == 0 and self.high == 1

    @property
    def threshold(self) -> Fraction:
        """The threshold in wrong units."""
        return self.wrong(self.limit)

    def wrong(self, value: Fraction) -> Fraction:
        """How wrong a cell of ``value`` is: 0 the best end of the scale, 1 the worst."""
        distance = value - self.low if self.at_most else self.high - value
        return distance / (self.high - self.low)

    def value(self, wrong: Fraction) -> Fraction:
        """The value on the statistic's scale that is ``wrong``."""
        way = (self.high - self.low) * wrong
        return self.low + way if self.at_most else self.high - way


def ruler(gate: Gate, scale: tuple[float, float] = (0.0, 1.0)) -> Ruler:
    """The ruler of ``gate``; raises ValueError, in words, for a gate that asks the impossible."""
    limits = [limit for limit in (gate.at_most, gate.at_least) if limit is not None]
    if len(limits) != 1:
        raise ValueError("a gate has exactly one of at_most and at_least")
    if not math.isfinite(limits[0]) or not scale[0] <= limits[0] <= scale[1]:
        raise ValueError(f"the threshold {limits[0]:g} is outside the scale {scale[0]:g}..{scale[1]:g}")
    if not 0.0 < gate.confidence < 1.0:
        raise ValueError(f"the confidence {gate.confidence:g} is not between 0 and 1")
    if not 0.0 <= gate.max_missing <= 1.0:
        raise ValueError(f"max_missing {gate.max_missing:g} is no share: 0..1")
    return Ruler(
        low=exact(scale[0]), high=exact(scale[1]), limit=exact(limits[0]), at_most=gate.at_most is not None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A declared set counted against a gate.

    ``wrong`` is the sum of the scored cells in wrong units; ``binary`` says that all of them are 0 or 1 on
    a scale of 0 to 1, so that they can be told in counts.
    """

    ruler: Ruler
    wrong: Fraction
    scored: int
    missing: int
    undrawn: int
    binary: bool

    @property
    def asked(self) -> int:
        return self.scored + self.missing

    @property
    def declared(self) -> int:
        return self.asked + self.undrawn

    @property
    def allowed(self) -> Fraction:
        """How much may be wrong of the declared set."""
        return self.ruler.threshold * self.declared

    def too_many_missing(self, max_missing: float) -> bool:
        """Whether more than this share of the asked cells has no score."""
        return self.missing > exact(max_missing) * self.asked

    def is_passed(self) -> bool:
        """Whether the declared set passes even if all that is not known is wrong."""
        return self.wrong + self.missing + self.undrawn <= self.allowed

    def is_failed(self) -> bool:
        """Whether the declared set fails even if all that is not known is right."""
        return self.wrong > self.allowed


def tally(measure: Ruler, values: Iterable[float | None], *, declared: int) -> Tally:
    """Counts ``values`` (``None``: asked and missing) of a set of ``declared`` cells.

    Raises ValueError for a value outside the scale and for more values than were declared.
    """
    wrong, scored, missing = Fraction(0), 0, 0
    binary = measure.is_share
    for value, times in Counter(values).items():
        if value is None:
            missing = times
            continue
        amount = measure.wrong(exact(value))
        if not 0 <= amount <= 1:
            raise ValueError(f"the value {value:g} is outside the scale {measure.low}..{measure.high}")
        wrong += amount * times
        scored += times
        binary = binary and amount in (0, 1)
    if scored + missing > declared:
        raise ValueError(f"{scored + missing} cells were asked and only {declared} declared")
    return Tally(
        ruler=measure,
        wrong=wrong,
        scored=scored,
        missing=missing,
        undrawn=declared - scored - missing,
        binary=binary,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The cases asked, each by its mean in wrong units: the sum if what is missing is right, and if wrong.

    ``*_whole`` says that every mean is 0 or 1, so that the sum is a count.
    """

    cases: int
    best: Fraction
    best_whole: bool
    worst: Fraction
    worst_whole: bool


def part(measure: Ruler, cases: Sequence[tuple[float | None, ...]]) -> Part:
    """The asked ``cases`` as what a bound is computed from."""
    best = [_case_mean(measure, case, missing=Fraction(0)) for case in cases]
    worst = [_case_mean(measure, case, missing=Fraction(1)) for case in cases]
    return Part(
        cases=len(cases),
        best=sum(best, Fraction(0)),
        best_whole=all(mean.denominator == 1 for mean in best),
        worst=sum(worst, Fraction(0)),
        worst_whole=all(mean.denominator == 1 for mean in worst),
    )


def _case_mean(measure: Ruler, case: tuple[float | None, ...], *, missing: Fraction) -> Fraction:
    wrong = [missing if value is None else measure.wrong(exact(value)) for value in case]
    return sum(wrong, Fraction(0)) / len(wrong)
