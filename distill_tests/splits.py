"""Scores by framing, family, topic and language: each with its interval, its method and its n; pure.

For each target and spec the answers are split by what their cases have in common (``groups`` of a record,
and its tags as far as these say more).  The intervals are for framings and questions like those that were
asked (:mod:`distill_tests.inference.clustered`); a framing's own are for questions like those asked in it.
A share whose interval cannot be told, because it rests on one framing or one question, is given as a count
only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from distill_tests.inference.clustered import clustered_rate
from distill_tests.record import Record, drawn_cases_of
from distill_tests.types import Json

LEVEL: Final = 0.95
ALL: Final = "all"
TAG: Final = "tag"
WRONG: Final = "wrong"
"""What is counted of answers whose judge has no marks of yes or no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """``hits`` of ``n`` scored answers; ``missing`` were asked and are not scored.

    ``value`` and the bounds are None where no interval can be told; ``method`` then says why.
    """

    hits: int
    n: int
    missing: int
    value: float | None
    low: float | None
    high: float | None
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The answers of one group on one target and spec; ``dimension`` is ``all`` for all of them."""

    target: str
    spec: str
    title: str
    dimension: str
    group: str
    clusters: Mapping[str, int]
    shares: Mapping[str, Share]

    def as_json(self) -> dict[str, Json]:
        return {
            "target": self.target,
            "spec": self.spec,
            "title": self.title,
            "dimension": self.dimension,
            "group": self.group,
            "clusters": dict(self.clusters),
            "level": LEVEL,
            "shares": {mark: _share_as_json(share) for mark, share in self.shares.items()},
        }


class _Answer(NamedTuple):
    """The marks of one answer, None where it has no score; what its case shares with others."""

    marks: Mapping[str, float] | None
    clusters: Mapping[str, str]


def splits(rows: Iterable[Record]) -> list[Split]:
    """All groups of all specs and targets: all answers first, then dimension by dimension."""
    subjects: dict[tuple[str, str], list[Record]] = {}
    for row in drawn_cases_of(rows):
        if row["verdict"] != "skipped":
            subjects.setdefault((row["target"], row["spec"]), []).append(row)
    return [split for cases in subjects.values() for split in _of_subject(cases)]


def _of_subject(cases: Sequence[Record]) -> Iterator[Split]:
    marks = _yes_or_no(cases)
    for dimension, group, members in _groups(cases):
        answers = [answer for row in members for answer in _answers(row, marks, without=dimension)]
        shares = {mark: _share(mark, answers) for mark in marks}
        if shares:
            yield Split(
                target=members[0]["target"],
                spec=members[0]["spec"],
                title=members[0]["title"],
                dimension=dimension,
                group=group,
                clusters=_distinct(answers),
                shares=shares,
            )


def _groups(cases: Sequence[Record]) -> Iterator[tuple[str, str, Sequence[Record]]]:
    """Dimension, group and its cases; the dimensions as the cases name them, tags last."""
    yield ALL, "", cases
    found: dict[tuple[str, str], list[Record]] = {}
    for row in cases:
        for dimension, group in row.get("groups", {}).items():  # a run of before has none
            found.setdefault((dimension, group), []).append(row)
    for row in cases:
        told = set(row.get("groups", {}).values())
        for tag in row["tags"]:
            if tag not in told:
                found.setdefault((TAG, tag), []).append(row)
    order = list(dict.fromkeys(dimension for dimension, _ in found))
    for dimension, group in sorted(found, key=lambda key: (order.index(key[0]), key[1])):
        yield dimension, group, found[dimension, group]


def _yes_or_no(cases: Sequence[Record]) -> list[str]:
    """The marks that are 0 or 1 in every answer that has them; without any, whether an answer was wrong."""
    values: dict[str, set[float]] = {}
    for row in cases:
        for trial in row["trials"]:
            for mark, value in trial["score"]["marks"].items():
                values.setdefault(mark, set()).add(value)
    marks = [mark for mark, seen in values.items() if seen <= {0.0, 1.0}]
    told = any(trial["wrong"] is not None for row in cases for trial in row["trials"])
    return marks or ([WRONG] if told else [])


def _answers(row: Record, marks: Sequence[str], *, without: str) -> Iterator[_Answer]:
    """Each answer of a case; a case without a reply is one answer that is missing.

    The answers of one framing do not vary by framing: the dimension that is split by is no cluster in it.
    """
    clusters = {name: label for name, label in row["clusters"].items() if name != without}
    clusters = clusters or {"case": row["id"]}
    for trial in row["trials"]:
        score = trial["score"]
        if score["value"] is None:
            yield _Answer(None, clusters)
        elif WRONG in marks:
            yield _Answer({} if trial["wrong"] is None else {WRONG: float(trial["wrong"])}, clusters)
        else:
            yield _Answer(score["marks"], clusters)
    if not row["trials"]:
        yield _Answer(None, clusters)


def _share(mark: str, answers: Sequence[_Answer]) -> Share:
    scored = [answer for answer in answers if answer.marks is not None and mark in answer.marks]
    values = [answer.marks[mark] for answer in scored if answer.marks is not None]
    n, missing = len(values), len(answers) - len(values)
    if not n:
        return Share(hits=0, n=0, missing=missing, value=None, low=None, high=None, method="nothing scored")
    common = set.intersection(*(set(answer.clusters) for answer in scored))
    clusters = [{name: answer.clusters[name] for name in sorted(common)} for answer in scored]
    found = clustered_rate(values, clusters, level=LEVEL)
    return Share(
        hits=round(sum(values)),
        n=n,
        missing=missing,
        value=found.value if found.low is not None else None,
        low=found.low,
        high=found.high,
        method=found.method,
    )


def _distinct(answers: Sequence[_Answer]) -> dict[str, int]:
    names = dict.fromkeys(name for answer in answers for name in answer.clusters)
    return {
        name: len({answer.clusters[name] for answer in answers if name in answer.clusters}) for name in names
    }


def _share_as_json(share: Share) -> dict[str, Json]:
    return {
        "hits": share.hits,
        "n": share.n,
        "missing": share.missing,
        "value": share.value,
        "low": share.low,
        "high": share.high,
        "method": share.method,
    }


# --- what stands out ----------------------------------------------------------------------------


class Outlier(NamedTuple):
    """A group whose interval does not hold the share of all answers."""

    split: Mapping[str, Any]
    mark: str
    overall: float


def outliers(told: Sequence[Mapping[str, Any]], *, dimensions: Callable[[str], bool]) -> list[Outlier]:
    """Of the splits of a summary for one target and spec, the groups that differ, the farthest off first.

    Nothing is corrected for how many groups are looked at.
    """
    overall = {
        mark: share["value"]
        for one in told
        if one["dimension"] == ALL
        for mark, share in one["shares"].items()
    }
    found = [
        Outlier(one, mark, overall[mark])
        for one in told
        if one["dimension"] != ALL and dimensions(one["dimension"])
        for mark, share in one["shares"].items()
        if share["low"] is not None and overall.get(mark) is not None
        if not share["low"] <= overall[mark] <= share["high"]
    ]
    return sorted(found, key=lambda one: -abs(one.split["shares"][one.mark]["value"] - one.overall))
