"""A judge's scores and the offline metrics' beside people's ratings, item by item."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from distill_tests.ratings.items import PairPart, RatedItem
from distill_tests.types import Case, Json, Sample, Score

DETAILS: Final = "rated"
"""The key under which a score's details hold the item beside the ratings."""
VALUE: Final = "value"
"""The judge's headline number, where a dimension has no mark of its own."""
FACTOR: Final = "clip"
"""What intervals take items to have in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedRow:
    """What one calibration case shows the judge, and what people said of it.

    ``dimensions``: by dimension of the ratings, the judge's mark that is held against it; ``protocol``: the
    spec's.  ``metrics`` tells the offline metrics of the item; ``about`` is on the first row only.
    """

    item: RatedItem
    dimensions: Mapping[str, str]
    metrics: Callable[[RatedItem], Mapping[str, float]]
    protocol: str = ""
    set_hash: str = ""
    about: Mapping[str, Json] | None = field(default=None)


class Beside(NamedTuple):
    """One item: its ratings by dimension, and what judge and metrics give; what is unscored is absent.

    ``judged`` is by dimension of the ratings, ``value`` the judge's headline number.
    """

    id: str
    clusters: Mapping[str, str]
    ratings: Mapping[str, Sequence[float | None]]
    judged: Mapping[str, float]
    value: float | None
    metrics: Mapping[str, float]
    pair: PairPart | None
    group: str

    def score(self, dimension: str, by: str | None) -> float | None:
        """The judge's number for a dimension, or that of the metric ``by``; None where there is none."""
        return self.judged.get(dimension) if by is None else self.metrics.get(by)

    def single(self, by: str | None) -> float | None:
        """The judge's headline number, or that of the metric ``by``."""
        return self.value if by is None else self.metrics.get(by)


def told(row: RatedRow, score: Score, metrics: Mapping[str, float]) -> dict[str, Json]:
    """An item beside its ratings as plain data for the score's details; see :func:`beside_of_record`.

    Of an unscored caption nothing is judged, whatever marks it has.
    """
    item = row.item
    pair: dict[str, Json] | None = None
    if item.pair is not None:
        pair = {"name": item.pair.name, "better": item.pair.is_better}
    return {
        "ratings": {name: list(numbers) for name, numbers in item.ratings.items()},
        "judged": _judged(row, score),
        "value": score.value,
        "metrics": dict(metrics),
        "pair": pair,
        "group": item.group,
    }


def _judged(row: RatedRow, score: Score) -> dict[str, float]:
    if score.value is None:
        return {}
    numbers = {**score.marks, VALUE: score.value}
    found = {name: numbers.get(mark) for name, mark in row.dimensions.items() if name in row.item.ratings}
    return {name: float(number) for name, number in found.items() if number is not None}


def beside_of_sample(sample: Sample) -> tuple[Beside, ...]:
    """Every rated item that was asked, in planned order where that is known; one without a reply is unscored.

    Cases that are no rated items are left out, and those that were not asked.
    """
    found = [one for outcome in sample.outcomes for one in _of_outcome(outcome.case, outcome.trials)]
    found += [
        _beside(case.id, case.clusters, told(case.data, Score(value=None, label=""), {}))
        for case in sample.failed
        if isinstance(case.data, RatedRow)
    ]
    places = {name: number for number, name in enumerate(sample.order)}
    return tuple(sorted(found, key=lambda one: places.get(one.id, len(places))))


def _of_outcome(case: Case, trials: Sequence[Any]) -> Iterator[Beside]:
    if isinstance(case.data, RatedRow):
        for trial in trials:
            details: Any = trial.score.details.get(DETAILS)
            yield _beside(case.id, case.clusters, details or told(case.data, trial.score, {}))


def beside_of_record(record: Mapping[str, Any]) -> Iterator[Beside]:
    """The items of one row of ``run.jsonl``; none where the case is no rated item, or was not answered."""
    for trial in record["trials"]:
        details = trial["score"]["details"].get(DETAILS)
        if details is not None:
            yield _beside(record["id"], record["clusters"], details)


def _beside(name: str, clusters: Mapping[str, str], details: Mapping[str, Any]) -> Beside:
    pair = details["pair"]
    return Beside(
        id=name,
        clusters=clusters,
        ratings=details["ratings"],
        judged=details["judged"],
        value=details["value"],
        metrics=details["metrics"],
        pair=None if pair is None else PairPart(name=pair["name"], is_better=pair["better"]),
        group=details["group"],
    )
