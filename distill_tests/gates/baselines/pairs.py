"""A set beside its baseline, cell by cell, in exact numbers and wrong units (as in **gates.tally**)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from distill_tests.gates.baselines.measured import Measured
from distill_tests.gates.cells import Cells, cells
from distill_tests.gates.tally import Ruler, exact
from distill_tests.registry import Statistic
from distill_tests.types import Baseline, Gate, Sample

CaseCells = tuple[float | None, ...]


def difference_ruler(gate: Gate, scale: tuple[float, float]) -> Ruler:
    """The ruler of a gate on a difference; raises ValueError, in words, for one that asks the impossible.

    ``Ruler.limit`` is the difference new - old that is allowed, on the statistic's scale.
    """
    limit = gate.at_most if gate.at_most is not None else gate.at_least
    if limit is None or (gate.at_most is not None and gate.at_least is not None):
        raise ValueError("a gate has exactly one of at_most and at_least")
    if not abs(limit) <= scale[1] - scale[0]:
        raise ValueError(f"a difference of {limit:g} is outside the scale {scale[0]:g}..{scale[1]:g}")
    if not 0.0 < gate.confidence < 1.0:
        raise ValueError(f"the confidence {gate.confidence:g} is not between 0 and 1")
    at_most = gate.at_most is not None
    return Ruler(low=exact(scale[0]), high=exact(scale[1]), limit=exact(limit), at_most=at_most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """A set beside its baseline in wrong units: sums over the declared cells, and the allowed difference.

    ``worse`` and ``better`` hold the ids of the cases that changed.
    """

    ruler: Ruler
    counted: Cells
    ids: tuple[str, ...]
    old: tuple[Fraction | None, ...]
    """Of each asked case the baseline's mean; None where it lacks a cell."""
    old_wrong: Fraction
    """The sum over all declared cells that the baseline has."""
    lacking: int
    """How many of the declared cells the baseline lacks: each may be anything on the scale."""
    binary: bool
    beside: str
    """What is compared with, in words: the baseline, or a control of the spec by its name."""

    @property
    def delta(self) -> Fraction:
        """How much more may be wrong, as a mean."""
        return allowed(self.ruler)

    @property
    def new_wrong(self) -> Fraction:
        values = (exact(value) for value in self.counted.values)
        return sum((self.ruler.wrong(value) for value in values), Fraction(0))

    @property
    def old_mean(self) -> Fraction:
        """The baseline's mean over the cells of the declared set that it has."""
        return self.old_wrong / (self.counted.declared - self.lacking)

    @property
    def unknown(self) -> int:
        return self.counted.missing + self.counted.undrawn

    @property
    def least(self) -> Fraction:
        """The difference of the means if all that is not known is right, and wrong in the baseline."""
        return (self.new_wrong - self.old_wrong - self.lacking) / self.counted.declared

    @property
    def most(self) -> Fraction:
        """The same if all of it is wrong, and right in the baseline."""
        return (self.new_wrong + self.unknown - self.old_wrong) / self.counted.declared

    @property
    def scored(self) -> list[tuple[str, Fraction, Fraction]]:
        """Of each case without a missing cell on either side its id, the new mean and the old one."""
        rows = zip(self.ids, self.counted.cases, self.old, strict=True)
        return [
            (name, exact_mean(self.ruler, case), old)
            for name, case, old in rows
            if None not in case and old is not None
        ]

    @property
    def worse(self) -> tuple[str, ...]:
        return tuple(name for name, new, old in self.scored if new > old)

    @property
    def better(self) -> tuple[str, ...]:
        return tuple(name for name, new, old in self.scored if new < old)


def allowed(measure: Ruler) -> Fraction:
    """The difference that the gate allows, in wrong units."""
    way = measure.limit if measure.at_most else -measure.limit
    return way / (measure.high - measure.low)


def paired(gate: Gate, sample: Sample, statistic: Statistic, measured: Measured) -> Pairs:
    """The asked cells beside those of the baseline.

    Raises ValueError for values outside the scale, and where the baseline has none.
    """
    assert statistic.cell is not None
    measure = difference_ruler(gate, statistic.scale)
    counted = cells(sample, statistic.cell)
    ids = sample.order or tuple(
        [outcome.case.id for outcome in sample.outcomes] + [case.id for case in sample.failed]
    )
    everything = (*ids, *(case.id for case in sample.undrawn))
    cellwise = {name: measured.values(name, statistic.cell, repeats=sample.repeats) for name in everything}
    before = [
        measure.wrong(exact(value)) for value in itertools.chain(*cellwise.values()) if value is not None
    ]
    if not before:
        raise ValueError(f"nothing to compare with, {measured.name} has no score at all")
    amounts = [*(measure.wrong(exact(value)) for value in counted.values), *before]
    if any(not 0 <= amount <= 1 for amount in amounts):
        raise ValueError(f"a value is outside the scale {statistic.scale[0]:g}..{statistic.scale[1]:g}")
    return Pairs(
        ruler=measure,
        counted=counted,
        ids=ids,
        old=tuple(None if None in cellwise[name] else exact_mean(measure, cellwise[name]) for name in ids),
        old_wrong=sum(before, Fraction(0)),
        lacking=counted.declared - len(before),
        binary=measure.is_share and all(amount in (0, 1) for amount in amounts),
        beside=beside(gate.baseline.control if isinstance(gate.baseline, Baseline) else None),
    )


def beside(control: str | None) -> str:
    """What a gate compares with, as its words call it."""
    return f"the control {control}" if control else "the baseline"


class Ends(NamedTuple):
    """Between what the mean of a baseline's case lies, in wrong units: apart only where a cell is lacking."""

    low: float
    high: float


def old_ends(measure: Ruler, measured: Measured, name: str, statistic: Statistic, repeats: int) -> Ends:
    assert statistic.cell is not None
    found = measured.values(name, statistic.cell, repeats=repeats)
    low = exact_mean(measure, found)
    return Ends(float(low), float(low + Fraction(found.count(None), len(found))))


def mean_or_missing(measure: Ruler, case: CaseCells) -> float | None:
    """A case's mean in wrong units; None, the worst for either side, where one of its cells is missing."""
    return None if None in case else float(exact_mean(measure, case))


def exact_mean(measure: Ruler, case: Sequence[float | None]) -> Fraction:
    """The mean of a case's cells in wrong units, what is missing counted as right."""
    wrong = [measure.wrong(exact(value)) for value in case if value is not None]
    return sum(wrong, Fraction(0)) / len(case)
