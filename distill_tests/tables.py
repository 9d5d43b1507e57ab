"""What kinds show of a whole run beside its gates, as plain data and as text; pure.

A kind that has ``tables`` makes them from the run's records alone (:class:`~distill_tests.registry.Tabled`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from distill_tests.display import pad, plural, shorten, visible, width
from distill_tests.record import Record
from distill_tests.registry import kinds
from distill_tests.types import Cell, Json, Number, Table

WIDEST = 40
"""Columns of the terminal that one cell may take."""


def tables_of(rows: Sequence[Record]) -> list[dict[str, Json]]:
    """The tables of all kinds in a run's records, in the order in which the kinds first appear.

    A kind that this program does not know, or whose tables fail, has one table that says so: no report is
    lost for it.
    """
    found: dict[str, list[Record]] = {}
    for row in rows:
        if row["kind"] and row["type"] in ("case", "gate"):
            found.setdefault(row["kind"], []).append(row)
    return [as_json(name, table) for name, records in found.items() for table in _of_kind(name, records)]


def tables_by_spec(
    records: Sequence[Record], of_spec: Callable[[Sequence[Record]], Iterable[Table]]
) -> tuple[Table, ...]:
    """What ``of_spec`` makes of the records of each spec, in the order in which the specs first appear."""
    by_spec: dict[str, list[Record]] = {}
    for row in records:
        by_spec.setdefault(row["spec"], []).append(row)
    return tuple(table for rows in by_spec.values() for table in of_spec(rows))


def has_tables(kind: str) -> bool:
    """Whether a kind shows its scores in tables of its own."""
    return kind in kinds and hasattr(kinds.get(kind).kind, "tables")


def _of_kind(name: str, records: Sequence[Record]) -> Sequence[Table]:
    if not has_tables(name):
        return ()
    kind: Any = kinds.get(name).kind
    try:
        tables: Sequence[Table] = kind.tables(records)
        for table in tables:
            _check(table)
    except Exception as error:  # noqa: BLE001 - a kind may be a user's code: its trouble must not cost the report
        what = f"the tables could not be made: {type(error).__name__}: {error}"
        return (Table(title=f"kind {name}", columns=("",), rows=(), notes=(what,)),)
    return tables


def _check(table: Table) -> None:
    """Raises ValueError for a row that is longer or shorter than the head."""
    for row in table.rows:
        if len(row) != len(table.columns):
            raise ValueError(f"{table.title}: a row of {len(row)} cells under {len(table.columns)} columns")


def as_json(kind: str, table: Table) -> dict[str, Json]:
    return {
        "kind": kind,
        "title": table.title,
        "columns": list(table.columns),
        "rows": [[asdict(cell) if isinstance(cell, Number) else cell for cell in row] for row in table.rows],
        "notes": list(table.notes),
        "digits": table.digits,
        "brief": table.brief,
    }


def cell_text(cell: Cell | Mapping[str, Any], *, digits: int) -> str:
    """Such as ``3.412 [3.300, 3.520]``; a number that cannot be told is a dash; visible text."""
    if cell is None:
        return "-"
    if isinstance(cell, Mapping):
        cell = Number(**cell)
    if isinstance(cell, Number):
        if cell.value is None:
            return "-"
        low, high = (None if end is None else f"{end:.{digits}f}" for end in (cell.low, cell.high))
        return f"{cell.value:.{digits}f}" + (f" [{low}, {high}]" if low and high else "")
    if isinstance(cell, float):
        return f"{cell:.{digits}f}"
    return f"{cell:,}" if isinstance(cell, int) else visible(cell)


def text_lines(table: Record, *, columns: int) -> Iterator[str]:
    """A table of a summary for a terminal of so many columns, its title first and without its notes.

    Where it does not fit, each row stands in lines of its own.
    """
    brief = table["brief"]
    if brief == 0:
        yield f"{visible(table['title'])}: {plural(len(table['rows']), 'row')} in summary.md"
        return
    shown = table["rows"] if brief is None else table["rows"][:brief]
    rows = [
        [shorten(cell_text(cell, digits=table["digits"]), WIDEST) for cell in row]
        for row in (table["columns"], *shown)
    ]
    yield visible(table["title"])
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    if sum(widths) + 2 * len(widths) <= columns:
        for row in rows:
            yield "  " + "  ".join(pad(cell, wide) for cell, wide in zip(row, widths, strict=True)).rstrip()
    else:
        head, *body = rows
        for first, *others in body:
            named = " · ".join(f"{name} {cell}" for name, cell in zip(head[1:], others, strict=True))
            yield f"  {first}: {named}"
    left = len(table["rows"]) - len(shown)
    if left > 0:
        yield f"  and {plural(left, 'row').replace(' ', ' more ')} in summary.md"
