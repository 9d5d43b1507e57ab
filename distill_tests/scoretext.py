"""Splits and the claims matrix of a summary as text: shared by the terminal and ``summary.md``; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from distill_tests.claimmatrix import shown_columns
from distill_tests.display import pad, shorten, visible, width
from distill_tests.splits import ALL, TAG, outliers

MOST_OUTLIERS: Final = 3
MOST_MAKERS: Final = 6
LONGEST_NAME: Final = 28
FRAMING: Final = "framing"


def share_text(share: Mapping[str, Any]) -> str:
    """Such as ``12 of 20, 0.600 [0.310, 0.840]``; without an interval the count only."""
    if not share["n"]:
        return "none scored"
    count = f"{share['hits']:,} of {share['n']:,}"
    if share["low"] is None:
        return f"{count}, no interval"
    return f"{count}, {share['value']:.3f} [{share['low']:.3f}, {share['high']:.3f}]"


def most_hits(split: Mapping[str, Any]) -> int:
    """The hits of the mark that has most."""
    return max((share["hits"] for share in split["shares"].values()), default=0)


def method_words(scores: Sequence[Mapping[str, Any]]) -> str:
    """The methods of all intervals shown, each once."""
    shares = [share for one in scores for share in one["shares"].values()]
    methods = {_brief(share["method"]) for share in shares if share["low"] is not None}
    return "; ".join(sorted(methods)) or "no interval can be told"


def _brief(method: str) -> str:
    """A method without what it says of one group's clusters; ``summary.json`` has that."""
    return method.partition(";")[0]


def of_spec(summary: Mapping[str, Any], target: str, spec: str) -> list[Mapping[str, Any]]:
    """The splits of one spec on one target; none in the summary of a run made before there were any."""
    return [one for one in summary.get("scores", ()) if (one["target"], one["spec"]) == (target, spec)]


def outlier_lines(scores: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The few groups of a family, topic or language that differ from the whole; last their method."""
    found = outliers(scores, dimensions=lambda name: name not in (ALL, TAG, FRAMING))
    looked_at = sum(one["dimension"] not in (ALL, TAG, FRAMING) for one in scores)
    for one in found[:MOST_OUTLIERS]:
        share = one.split["shares"][one.mark]
        yield (
            f"{one.split['dimension']} {one.split['group']}: {one.mark} {share_text(share)}; "
            f"all: {one.overall:.3f}"
        )
    if found:
        methods = {_brief(one.split["shares"][one.mark]["method"]) for one in found[:MOST_OUTLIERS]}
        yield f"{'; '.join(sorted(methods))}; {looked_at} groups looked at"


class Matrix(NamedTuple):
    """The claims matrix as a table: heads, and for each target its name and its counts."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def matrix(claims: Sequence[Mapping[str, Any]], *, most_makers: int = MOST_MAKERS) -> Matrix:
    """``n`` first, then whom the answers claim; unscored answers last, where there are any."""
    columns = [("n", [row["n"] for row in claims]), *shown_columns(claims, most_makers=most_makers)]
    if any(row["unscored"] for row in claims):
        columns.append(("unscored", [row["unscored"] for row in claims]))
    rows = (
        (row["target"], tuple(f"{counts[number]:,}" for _, counts in columns))
        for number, row in enumerate(claims)
    )
    return Matrix(tuple(head for head, _ in columns), tuple(rows))


def matrix_lines(claims: Sequence[Mapping[str, Any]], *, columns: int) -> list[str]:
    """The matrix in aligned columns, with the fewer makers the narrower the screen, or as lists."""
    for most_makers in range(MOST_MAKERS, -1, -1):
        lines = _aligned(matrix(claims, most_makers=most_makers))
        if max(map(width, lines)) <= columns:
            return lines
    table = matrix(claims)
    told = ((name, zip(table.heads, counts, strict=True)) for name, counts in table.rows)
    return [
        f"{visible(name)}: {', '.join(f'{head} {count}' for head, count in pairs)}" for name, pairs in told
    ]


def _aligned(table: Matrix) -> list[str]:
    names = ["of n answers", *(shorten(visible(name), LONGEST_NAME) for name, _ in table.rows)]
    lines = [pad(name, max(map(width, names))) for name in names]
    for number, head in enumerate(table.heads):
        cells = [head, *(counts[number] for _, counts in table.rows)]
        across = max(map(width, cells))
        lines = [
            f"{line}  {' ' * (across - width(cell))}{cell}" for line, cell in zip(lines, cells, strict=True)
        ]
    return lines
