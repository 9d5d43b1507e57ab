"""The tables of calibrations with ratings, from records alone.

The judge, the offline metrics and people with each other, dimension by dimension; the judge less each metric
on the same items; the judge by other coefficients and protocols; pairs told right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from distill_tests.inference.correlation import Coefficient
from distill_tests.kinds._ratings_metrics import LENGTH
from distill_tests.ratings.agreement import (
    PROTOCOLS,
    Columns,
    Protocol,
    Together,
    columns,
    estimated,
    highest_possible,
    people_with_each_other,
    together,
)
from distill_tests.ratings.beside import DETAILS, Beside, beside_of_record
from distill_tests.ratings.pairs import pairs, pairwise_accuracy
from distill_tests.types import Cell, Estimate, Number, Table

LEVEL: Final = 0.95
RESAMPLES: Final = 500
RESAMPLES_OF_LARGE: Final = 200
LARGE: Final = 1500
"""Ratings from which a table draws fewer resamples: all of it stays a matter of seconds."""
MOST_DIMENSIONS: Final = 8
MOST_GROUPS: Final = 8
COEFFICIENTS: Final[tuple[tuple[str, Coefficient], ...]] = (
    ("tau-b", "kendall"),
    ("tau-c", "stuart"),
    ("Spearman", "spearman"),
)
CONTROL: Final = f"{LENGTH} (length control)"
PEOPLE: Final = "raters with each other"
HIGHEST: Final = "raters' item means"
Record: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Set:
    """The items of one spec that were put to the judge, and how many there are."""

    title: str
    about: Mapping[str, Any]
    found: tuple[Beside, ...]
    metrics: tuple[str, ...]
    lost: int
    """Cases without an answer at all, and cases that were not asked."""

    @property
    def protocol(self) -> Protocol:
        return next(one for one in PROTOCOLS if one == self.about["protocol"])

    @property
    def judge(self) -> str:
        return str(self.about["judge"]["name"])

    @property
    def dimensions(self) -> list[str]:
        return list(self.about["dimensions"])[:MOST_DIMENSIONS]

    @property
    def has_several_raters(self) -> bool:
        return any(len(numbers) > 1 for one in self.found for numbers in one.ratings.values())

    def resamples(self, dimension: str) -> int:
        ratings = sum(len(one.ratings.get(dimension, ())) for one in self.found)
        return RESAMPLES_OF_LARGE if ratings > LARGE else RESAMPLES


def rating_tables(records: Sequence[Record]) -> tuple[Table, ...]:
    """Of each spec with ratings, in the order of the records; none where no item was judged."""
    by_spec: dict[tuple[str, str], list[Record]] = {}
    for row in records:
        if row["type"] == "case":
            by_spec.setdefault((row["spec"], row["target"]), []).append(row)
    return tuple(table for rows in by_spec.values() for table in _of_spec(rows))


def _of_spec(rows: Sequence[Record]) -> Iterator[Table]:
    about = next((told["about"] for told in map(_told, rows) if told and "about" in told), None)
    if about is None:
        return
    # In the file's order, whatever order the tests ran in: a bootstrap is drawn in it.
    ordered = sorted(rows, key=lambda row: (row["path"], row["line"], row["id"]))
    found = tuple(one for row in ordered for one in beside_of_record(row))
    given = _Set(
        title=rows[0]["title"],
        about=about,
        found=found,
        metrics=tuple(dict.fromkeys(name for one in found for name in one.metrics)),
        lost=len(rows) - len(found),
    )
    if given.dimensions:
        beside = {name: _beside(given, name) for name in given.dimensions}
        yield _agreement(given, beside)
        if given.metrics:
            yield _differences(given, beside)
        yield _other_coefficients(given)
    if any(one.pair for one in found):
        yield _pairs(given)


def _told(row: Record) -> Any:
    return row["trials"][0]["score"]["details"].get(DETAILS) if row["trials"] else None


# --- the judge beside the metrics -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Beside:
    """Of one dimension: tau-b by row of the table, and the judge less each metric."""

    tau_b: Mapping[str, Estimate]
    less: Mapping[str, Estimate]


def _beside(given: _Set, dimension: str) -> _Beside:
    found, protocol, resamples = given.found, given.protocol, given.resamples(dimension)
    judged = {given.judge: columns(found, dimension, protocol=protocol)}
    judged |= {name: columns(found, dimension, protocol=protocol, by=name) for name in given.metrics}
    tau_b: dict[str, Estimate] = {}
    whole: Together | None = None
    for same in _of_the_same_items(judged):
        drawn = together(same, "kendall", resamples=resamples)
        whole = drawn if same.keys() == judged.keys() else whole
        tau_b |= {
            name: replace(drawn.estimate(name, level=LEVEL), n=len(one.clusters), missing=one.missing)
            for name, one in same.items()
        }
    people = {PEOPLE: people_with_each_other(found, dimension)} if given.has_several_raters else {}
    if protocol != "item_mean":
        people[HIGHEST] = highest_possible(found, dimension, protocol=protocol)
    tau_b |= {name: estimated(one, "kendall", resamples=resamples) for name, one in people.items()}
    both = _scored_by_all(given, dimension)
    if whole is None:
        shared = {given.judge: columns(both, dimension, protocol=protocol)}
        shared |= {name: columns(both, dimension, protocol=protocol, by=name) for name in given.metrics}
        whole = together(shared, "kendall", resamples=resamples)
    less = {name: whole.difference(given.judge, name, level=LEVEL) for name in given.metrics}
    n = sum(dimension in one.ratings for one in both)
    return _Beside(tau_b, {name: replace(one, n=n) for name, one in less.items()})


def _scored_by_all(given: _Set, dimension: str) -> list[Beside]:
    """What the judge and all metrics have scored."""
    return [
        one
        for one in given.found
        if one.score(dimension, None) is not None and all(name in one.metrics for name in given.metrics)
    ]


def _of_the_same_items(given: Mapping[str, Columns]) -> list[dict[str, Columns]]:
    """Columns in groups of the same items, so that each draw serves all of a group."""
    groups: list[dict[str, Columns]] = []
    for name, one in given.items():
        same = next((some for some in groups if next(iter(some.values())).clusters == one.clusters), None)
        if same is None:
            groups.append({name: one})
        else:
            same[name] = one
    return groups


def _agreement(given: _Set, beside: Mapping[str, _Beside]) -> Table:
    """The judge, people and the length control first, then the metrics, the best first."""
    rows: list[tuple[Cell, ...]] = []
    for name in _order(given, beside):
        told = [beside[dimension].tau_b.get(name) for dimension in given.dimensions]
        rows.append((_named(name), *map(_number, told), _coverage(given, name, told)))
    return Table(
        title=f"{given.title}: tau-b with the ratings ({_protocol_words(given.protocol)})",
        columns=("scores", *given.dimensions, "scored"),
        rows=tuple(rows),
        notes=tuple(_notes(given)),
        brief=6,
    )


def _order(given: _Set, beside: Mapping[str, _Beside]) -> list[str]:
    last = beside[given.dimensions[-1]].tau_b
    names = dict.fromkeys(name for one in beside.values() for name in one.tau_b)
    first = [name for name in (given.judge, PEOPLE, HIGHEST, LENGTH) if name in names]
    rest = [name for name in names if name not in first]

    def value(name: str) -> float:
        found = last[name].value if name in last else None
        return -2.0 if found is None else found

    return [*first, *sorted(rest, key=value, reverse=True)]


def _resamples(given: _Set) -> int:
    return min(given.resamples(name) for name in given.dimensions) if given.dimensions else 0


def _named(name: str) -> str:
    return CONTROL if name == LENGTH else name


def _coverage(given: _Set, name: str, told: Sequence[Estimate | None]) -> str:
    """Such as ``197 of 199``: of the items of the set, those that have a score."""
    n = max((one.n for one in told if one is not None), default=0)
    return f"{n:,}" if name in (PEOPLE, HIGHEST) else f"{n:,} of {len(given.found) + given.lost:,}"


def _number(told: Estimate | None) -> Number:
    if told is None:
        return Number(value=None)
    return Number(value=told.value, low=told.low, high=told.high, n=told.n)


def _protocol_words(protocol: Protocol) -> str:
    return {
        "item_mean": "item means",
        "per_rating": "each rating a point",
        "each_rater": "mean over raters",
    }[protocol]


def _notes(given: _Set) -> Iterator[str]:
    about = given.about
    held = f"{about['items']:,} captions on {about['clips']:,} clips of {about['path']}"
    yield f"Ratings: {about['annotators']}; {held}."
    if about["of_file"] > about["items"]:
        yield f"Drawn from {about['of_file']:,} captions in the file."
    compared = ", ".join(f"{name} with {mark}" for name, mark in about["dimensions"].items())
    yield f"Compared (raters' with the judge's): {compared}."
    drawn = f"95 % intervals by bootstrap over clips, {_resamples(given):,} resamples"
    yield f"In brackets: {drawn}; all captions and ratings of a clip are drawn together."
    yield "Numbers of different protocols cannot be compared."
    if given.has_several_raters:
        mean = f"{PEOPLE.capitalize()}: the mean over each two places in the lists of ratings"
        yield f"{mean}. A place need not be the same person throughout."
    if LENGTH in given.metrics:
        yield "brevity is 1 over the number of words: what a judge has to beat to see more than length."
    unscored = sum(one.value is None for one in given.found)
    if unscored:
        yield f"The judge left {unscored:,} captions unscored; they count in no number, and are not zero."
    if given.lost:
        yield f"{given.lost:,} captions were not put to the judge, or brought no answer."
    if about["is_reference"]:
        yield f"{about['is_reference']:,} captions are word for word one of their references."
    for reason, count in about["left_out"].items():
        yield f"Left out {count:,} times: {reason}."
    if about["bad_rows"]:
        yield f"Entries that cannot be used, {len(about['bad_rows'])}: " + "; ".join(about["bad_rows"][:5])


# --- differences, other coefficients, pairs -------------------------------------------------------


def _differences(given: _Set, beside: Mapping[str, _Beside]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name in (name for name in _order(given, beside) if name in given.metrics):
        told = [beside[dimension].less[name] for dimension in given.dimensions]
        items = max(one.n for one in told)
        rows.append((_named(name), *map(_number, told), items))
    return Table(
        title=f"{given.title}: tau-b of {given.judge} less that of each metric",
        columns=("less", *given.dimensions, "captions"),
        rows=tuple(rows),
        notes=(
            "On the captions that the judge and all metrics score, under the same draws of clips: an "
            "interval that holds 0 does not tell the two apart.",
        ),
        brief=3,
    )


def _other_coefficients(given: _Set) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for protocol in PROTOCOLS[:2] if given.has_several_raters else PROTOCOLS[:1]:
        for word, coefficient in COEFFICIENTS:
            told = [
                estimated(
                    columns(given.found, dimension, protocol=protocol),
                    coefficient,
                    resamples=RESAMPLES_OF_LARGE,
                )
                for dimension in given.dimensions
            ]
            rows.append((f"{word}, {_protocol_words(protocol)}", *map(_number, told)))
    return Table(
        title=f"{given.title}: {given.judge} by coefficient and protocol",
        columns=("coefficient", *given.dimensions),
        rows=tuple(rows),
        notes=(f"95 % intervals by bootstrap over clips, {RESAMPLES_OF_LARGE} resamples.",),
        brief=0,
    )


def _pairs(given: _Set) -> Table:
    groups = sorted({one.group for one in given.found if one.pair and one.group})[:MOST_GROUPS]
    parts = {"all": given.found} | {
        group: tuple(one for one in given.found if one.group == group) for group in groups
    }
    rows: list[tuple[Cell, ...]] = []
    order = sorted(given.metrics, key=lambda name: name != LENGTH)
    for name in (None, *order):
        told = [pairwise_accuracy(some, by=name, level=LEVEL) for some in parts.values()]
        whole = pairs(given.found, by=name)
        judged = len(whole.right)
        rows.append(
            (
                _named(name or given.judge),
                *map(_number, told),
                whole.tied,
                f"{judged:,} of {judged + whole.missing:,}",
            )
        )
    return Table(
        title=f"{given.title}: pairs told right",
        columns=("scores", *parts, "ties", "pairs"),
        rows=tuple(rows),
        notes=(
            "The better caption scores strictly more; a tie is a failure. A pair of which a caption has no "
            "score counts in no number. 95 % intervals by clip (Korn and Graubard).",
        ),
        brief=4,
    )
