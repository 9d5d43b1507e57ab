"""From a sample to its cells: the values a gate counts, what is missing, what was not asked.

A cell is one trial of one case of the declared set.  It is *scored* (a value), *missing* (asked, and no
usable value: unanswered or unscored) or *undrawn* (not asked).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from distill_tests.types import Case, Estimate, Outcome, Sample, Trial

POSSIBLE: Final = "possible"
"""The key of an estimate's details for the least and the most that its value could be, had everything that is
missing or not asked been answered: a statistic that is no mean of cells is decided by it before the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The cells of one declared set, in the values of one statistic.

    ``cases`` holds, for each case asked, in planned order, its ``repeats`` values; ``None`` is missing.
    ``labels`` are the clusters of each.  ``unanswered`` and ``unscored`` add up to what is missing: no reply,
    and no score for the reply.  ``clusters`` counts the distinct clusters of the cases with a scored cell, by
    dimension.
    """

    cases: tuple[tuple[float | None, ...], ...]
    labels: tuple[Mapping[str, str], ...]
    unanswered: int
    unscored: int
    undrawn: int
    repeats: int
    clusters: dict[str, int]

    @property
    def values(self) -> tuple[float, ...]:
        """The scored cells."""
        return tuple(value for case in self.cases for value in case if value is not None)

    @property
    def clustered(self) -> list[Mapping[str, str]]:
        """For each scored cell its clusters, in the dimensions that all of them have.

        The answers to a case asked several times belong together, whatever else they share.
        """
        found = [
            (labels, str(number), sum(value is not None for value in case))
            for number, (labels, case) in enumerate(zip(self.labels, self.cases, strict=True))
        ]
        scored = [labels for labels, _, times in found if times]
        common = [name for name in (scored[0] if scored else ()) if all(name in one for one in scored)]
        told: list[Mapping[str, str]] = []
        for labels, number, times in found:
            own = {name: labels[name] for name in common} if times else {}
            told += [own or ({"case": number} if self.repeats > 1 else {})] * times
        return told

    @property
    def missing(self) -> int:
        return self.unanswered + self.unscored

    @property
    def asked(self) -> int:
        return len(self.cases) * self.repeats

    @property
    def declared(self) -> int:
        return self.asked + self.undrawn


def possible(estimate: Estimate) -> tuple[float, float] | None:
    """The two ends of what the value could be, where the statistic tells them."""
    told = estimate.details.get(POSSIBLE)
    if not isinstance(told, list | tuple) or len(told) != 2:
        return None
    low, high = told
    return (low, high) if isinstance(low, int | float) and isinstance(high, int | float) else None


def cells(sample: Sample, cell: Callable[[Trial], float | None]) -> Cells:
    """The cells of ``sample``, each scored trial valued by ``cell``.

    Raises ValueError for a sample that contradicts itself: a case twice, more trials than declared.
    """
    if sample.repeats < 1:
        raise ValueError(f"{sample.repeats} repeats: a case has at least one cell")
    _refuse_duplicates(sample)
    answered = tuple(case_values(outcome, cell, repeats=sample.repeats) for outcome in sample.outcomes)
    by_id = {outcome.case.id: values for outcome, values in zip(sample.outcomes, answered, strict=True)}
    labels = {
        case.id: case.clusters for case in (*(outcome.case for outcome in sample.outcomes), *sample.failed)
    }
    none_at_all: tuple[float | None, ...] = (None,) * sample.repeats
    absent = sum(sample.repeats - len(outcome.trials) for outcome in sample.outcomes)
    empty = sum(values.count(None) for values in answered)
    order = sample.order or (*by_id, *(case.id for case in sample.failed))
    return Cells(
        cases=tuple(by_id.get(name, none_at_all) for name in order),
        labels=tuple(labels[name] for name in order),
        unanswered=absent + len(sample.failed) * sample.repeats,
        unscored=empty - absent,
        undrawn=len(sample.undrawn) * sample.repeats,
        repeats=sample.repeats,
        clusters=_clusters(
            [
                outcome.case
                for outcome, values in zip(sample.outcomes, answered, strict=True)
                if any(value is not None for value in values)
            ]
        ),
    )


def case_values(
    outcome: Outcome, cell: Callable[[Trial], float | None], *, repeats: int
) -> tuple[float | None, ...]:
    """The ``repeats`` values of one case: an unscored trial and an absent one are both ``None``.

    Raises ValueError for a value that is no finite number, or for more trials than ``repeats``.
    """
    if len(outcome.trials) > repeats:
        raise ValueError(f"case {outcome.case.id!r} has {len(outcome.trials)} trials, declared are {repeats}")
    values = [None if trial.score.value is None else cell(trial) for trial in outcome.trials]
    for value in values:
        if value is not None and not math.isfinite(value):
            raise ValueError(f"case {outcome.case.id!r} has the value {value}")
    return (*values, *[None] * (repeats - len(values)))


def _refuse_duplicates(sample: Sample) -> None:
    """A cell counted twice would move the rate; a sample is of one target, so ids are unique."""
    seen: set[str] = set()
    for case in (*(outcome.case for outcome in sample.outcomes), *sample.failed, *sample.undrawn):
        if case.id in seen:
            raise ValueError(f"case {case.id!r} is in the sample twice")
        seen.add(case.id)


def _clusters(cases: list[Case]) -> dict[str, int]:
    members: dict[str, set[str]] = {}
    for case in cases:
        for dimension, cluster in case.clusters.items():
            members.setdefault(dimension, set()).add(cluster)
    return {dimension: len(found) for dimension, found in members.items()}
