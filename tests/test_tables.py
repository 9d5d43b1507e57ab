"""Tables of kinds: made from records, shown in summary, terminal and Markdown, and never worth a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from distill_tests.display import width
from distill_tests.registry import KindEntry, kinds
from distill_tests.tables import as_json, cell_text, has_tables, tables_of, text_lines
from distill_tests.types import Number, Table

ROWS = [
    {"kind": "shown", "type": "case", "target": "alpha"},
    {"kind": "shown", "type": "gate", "target": "alpha"},
    {"kind": "identity", "type": "case", "target": "alpha"},
    {"kind": "shown", "type": "spec", "target": ""},
]


class _Shown:
    """A kind that shows how many records it was given; only its ``tables`` matters here."""

    def __init__(self, table: Table | None = None) -> None:
        self.table = table

    def tables(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Table]:
        if self.table is None:
            raise KeyError("answer")
        return [self.table, Table(title="counted", columns=("records",), rows=((len(records),),))]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> _Shown:
    kind = _Shown(Table(title="likeness", columns=("target", "mean"), rows=(("alpha", Number(value=3.5)),)))
    monkeypatch.setitem(kinds._things, "shown", KindEntry(name="shown", kind=cast(Any, kind), schema={}))
    return kind


def test_a_kind_sees_the_records_of_its_cases_and_gates_only(shown: _Shown) -> None:
    first, second = tables_of(ROWS)
    assert first["title"] == "likeness"
    assert second["rows"] == [[2]]


def test_kinds_without_tables_and_unknown_kinds_have_none(shown: _Shown) -> None:
    assert has_tables("shown")
    assert not has_tables("identity")
    assert tables_of([{"kind": "of-a-later-version", "type": "case"}]) == []


def test_a_kind_whose_tables_fail_costs_no_report(shown: _Shown) -> None:
    shown.table = None
    (table,) = tables_of(ROWS)
    assert table["rows"] == []
    assert table["notes"] == ["the tables could not be made: KeyError: 'answer'"]


def test_a_row_that_does_not_fit_its_head_is_said(shown: _Shown) -> None:
    shown.table = Table(title="likeness", columns=("target", "mean"), rows=(("alpha",),))
    (table,) = tables_of(ROWS)
    assert "a row of 1 cells under 2 columns" in str(table["notes"])


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Number(value=3.4123, low=3.3, high=3.52), "3.412 [3.300, 3.520]"),
        (Number(value=3.4), "3.400"),
        (Number(value=None, n=3), "-"),
        (None, "-"),
        (1234, "1,234"),
        (0.5, "0.500"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
    ],
)
def test_a_cell_is_shown_with_its_interval_and_as_visible_text(cell: Any, text: str) -> None:
    assert cell_text(cell, digits=3) == text


LIKENESS = Table(
    title="likeness to gpt",
    columns=("target", "arena", "numina"),
    rows=(
        ("qwen", Number(value=3.816, low=3.7, high=3.9), Number(value=4.401, low=4.3, high=4.5)),
        ("通义千问", Number(value=3.1, low=3.0, high=3.2), None),
    ),
)


def test_columns_stand_under_each_other_also_under_chinese() -> None:
    title, head, *rows = text_lines(as_json("similarity", LIKENESS), columns=80)
    assert title == "likeness to gpt"
    assert [width(line.split("3.")[0]) for line in rows] == [head.index("arena")] * 2


def test_a_table_that_is_too_wide_names_each_cell() -> None:
    lines = list(text_lines(as_json("similarity", LIKENESS), columns=40))
    assert lines[1] == "  qwen: arena 3.816 [3.700, 3.900] · numina 4.401 [4.300, 4.500]"


def test_the_terminal_shows_the_first_rows_and_how_many_more_there_are() -> None:
    brief = as_json("similarity", LIKENESS) | {"brief": 1}
    assert list(text_lines(brief, columns=80))[-1] == "  and 1 more row in summary.md"


def test_a_table_of_no_brief_rows_is_a_pointer_to_the_report() -> None:
    pointer = as_json("similarity", LIKENESS) | {"brief": 0}
    assert list(text_lines(pointer, columns=80)) == ["likeness to gpt: 2 rows in summary.md"]
