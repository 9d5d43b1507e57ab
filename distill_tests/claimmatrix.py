"""The claims matrix: whom each target says it is, and how often, over all identity specs of a run; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from distill_tests.lexicon import makers
from distill_tests.record import Record, drawn_cases_of
from distill_tests.types import Json

OWN: Final = "own"
INVENTED: Final = "invented"
UNNAMED: Final = "unnamed"
NOBODY: Final = "none"
COLUMNS: Final = {
    OWN: "itself",
    INVENTED: "invented",
    UNNAMED: "not told",
    NOBODY: "nobody",
}
"""The columns that are no maker, and what people read for them: ``invented`` is a persona, a made-up or
unknown maker; ``unnamed`` another identity of which the judge does not say whose; ``none`` no claim."""


def claims_matrix(rows: Iterable[Record]) -> list[dict[str, Json]]:
    """A row for each target: how many of its ``n`` scored answers claim whom, columns in one order for all.

    ``counts`` has the target's own identity first, then real makers by how often all targets claim them, then
    ``invented``, ``unnamed`` and ``none``; ``unscored`` answers are in none of them.
    """
    counted: dict[str, Counter[str]] = {}
    unscored: Counter[str] = Counter()
    for row in drawn_cases_of(rows):
        if row["kind"] != "identity":
            continue
        for trial in row["trials"]:
            counts = counted.setdefault(row["target"], Counter())
            if trial["score"]["value"] is None:
                unscored[row["target"]] += 1
            else:
                counts[column(trial["score"])] += 1
    order = _order(counted.values())
    return [
        {
            "target": target,
            "n": counts.total(),
            "unscored": unscored[target],
            "counts": {name: counts[name] for name in order},
        }
        for target, counts in counted.items()
    ]


def column(score: Mapping[str, Any]) -> str:
    """Whom a scored answer claims to be: a maker's id, or one of ``COLUMNS``."""
    claimed = score["claimed"]
    contradicts = score["value"] >= 0.5
    if claimed == OWN or claimed in makers:
        return str(claimed)
    if not contradicts:
        return NOBODY
    return INVENTED if claimed else UNNAMED


def named(column: str) -> str:
    """The column's name for people."""
    return makers[column].name if column in makers else COLUMNS.get(column, column)


def _order(counted: Iterable[Counter[str]]) -> list[str]:
    total: Counter[str] = sum(counted, Counter())
    real = sorted((name for name in total if name in makers), key=lambda name: (-total[name], name))
    ends = [name for name in (INVENTED, UNNAMED) if total[name]]
    return [OWN, *real, *ends, NOBODY]


def shown_columns(matrix: Sequence[Mapping[str, Any]], *, most_makers: int) -> list[tuple[str, list[int]]]:
    """Heads and counts, column by column, for a table with so many makers; the rest of them as one column."""
    order = list(matrix[0]["counts"]) if matrix else []
    real = [name for name in order if name in makers]
    columns = [
        (named(name), [row["counts"][name] for row in matrix])
        for name in order
        if name not in real[most_makers:]
    ]
    if real[most_makers:]:
        rest = [sum(row["counts"][name] for name in real[most_makers:]) for row in matrix]
        columns.insert(1 + most_makers, ("others", rest))
    return columns
