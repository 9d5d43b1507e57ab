"""A filled sheet, read back: every row that cannot be used is named by file, line and column, all at once."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from distill_tests.display import visible
from distill_tests.errors import DataError, Problem, SpecError
from distill_tests.labelling.answers import Answer, Audited
from distill_tests.labelling.drawing import Drawing, drawing_in, drawn, line_of
from distill_tests.labelling.sheets import BINDING, unguarded
from distill_tests.types import Place

YES: Final = frozenset({"1", "1.0", "yes", "y", "true", "是"})
NO: Final = frozenset({"0", "0.0", "no", "n", "false", "否"})
ALLOWED: Final = "1 or 0, yes or no, true or false"
MOST_CELL_CHARACTERS: Final = 16_000_000
MOST_LISTED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What people said, by mark and answer id.  A mark that nobody labelled is absent.

    ``words`` holds what they wrote beside: ``claimed`` and ``note`` by answer id.
    """

    drawing: Drawing
    by_mark: Mapping[str, Mapping[str, bool]]
    words: Mapping[str, Mapping[str, str]]


class _Row(NamedTuple):
    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Table:
    path: str
    columns: Sequence[str]
    rows: Sequence[_Row]
    problems: list[Problem]

    def note(self, line: int, column: str | None, what: str, allowed: str | None = None) -> None:
        """A problem at a column of the sheet, counted from 1."""
        number = self.columns.index(column) + 1 if column in self.columns else 1
        place = Place(path=self.path, line=line, column=number)
        self.problems.append(Problem(place=place, what=what, allowed=allowed))


def read_sheet(path: Path, about: Audited) -> Labels:
    """The labels in a filled sheet of these answers.

    Raises SpecError with every row that cannot be used, DataError for a file that is no sheet.
    """
    table = _json_table(path) if path.suffix in (".jsonl", ".json") else _csv_table(path)
    needed = ("id", *BINDING)
    lacking = [name for name in needed if name not in table.columns]
    if lacking:
        has = visible(", ".join(table.columns[:12])) or "nothing"
        raise DataError(f"{path}:1: no label sheet: it lacks {', '.join(lacking)} and has {has}")
    if not table.rows:
        raise DataError(f"{path}:1: the sheet holds no row")
    drawing = _drawing(table, about)
    if drawing is None:
        raise SpecError(table.problems)
    answers = _answers(table, about, drawing)
    marks = {name: _marks(table, name, answers) for name in about.marks if name in table.columns}
    labelled = {name: found for name, found in marks.items() if found}
    if not labelled and not table.problems:
        raise DataError(f"{path}:1: no row is labelled: fill in {' or '.join(about.marks)}")
    if table.problems:
        raise SpecError(sorted(table.problems, key=lambda one: (one.place.line, one.place.column)))
    words = {
        name: {answers[row.line].id: row.cells[name] for row in table.rows if row.cells.get(name)}
        for name in ("claimed", "note")
    }
    return Labels(drawing=drawing, by_mark=labelled, words=words)


# --- which answers --------------------------------------------------------------------------------


def _drawing(table: _Table, about: Audited) -> Drawing | None:
    """What all rows say of how they were drawn; None, noted, where they do not agree with the run."""
    first: Drawing | None = None
    for row in table.rows:
        told = drawing_in(unguarded(row.cells.get("sheet", "")))
        if told is None:
            table.note(row.line, "sheet", "this cell was changed: it says how the sheet was drawn")
            continue
        run, target, drawing = told
        line = unguarded(row.cells["sheet"]).strip()
        if (run, target) != (about.run, about.target):
            what = f"the sheet is of run {visible(run)} on {visible(target)}"
            table.note(row.line, "sheet", what, f"these answers are of run {about.run} on {about.target}")
        elif line != line_of(about, drawing):
            what = "the sheet was drawn from another number of answers"
            table.note(row.line, "sheet", what, f"the run has {len(about.answers)}")
        elif first is not None and drawing != first:
            table.note(row.line, "sheet", "rows of two sheets in one file")
        else:
            first = drawing
    return first if not table.problems else None


def _answers(table: _Table, about: Audited, drawing: Drawing) -> dict[int, Answer]:
    """The answer of each row by its line; rows of none, of another one and twice are noted."""
    chosen = {answer.id: answer for answer in drawn(about, drawing)}
    found: dict[int, Answer] = {}
    first: dict[str, int] = {}
    for row in table.rows:
        name = unguarded(row.cells["id"]).strip()
        answer = chosen.get(name)
        if answer is None:
            table.note(row.line, "id", f"{visible(name)!r} was not drawn for labelling")
        elif first.setdefault(name, row.line) != row.line:
            table.note(row.line, "id", f"{name!r} stands on line {first[name]} already")
        elif unguarded(row.cells["answer_sha256"]).strip() != answer.sha256:
            what = f"the run holds another answer to {name!r} than the one that was labelled"
            table.note(row.line, "answer_sha256", what)
        else:
            found[row.line] = answer
    absent = [name for name in chosen if name not in first]
    if absent:
        listed = ", ".join(absent[:MOST_LISTED]) + (" …" if len(absent) > MOST_LISTED else "")
        what = f"{len(absent)} of {len(chosen)} answers that were drawn have no row: {listed}"
        table.note(1, None, what, "every one of them has to be labelled, or the estimate is wrong")
    return found


# --- labels ---------------------------------------------------------------------------------------


def _marks(table: _Table, name: str, answers: Mapping[int, Answer]) -> dict[str, bool]:
    """The labels of one column by answer id; empty where the whole column is."""
    if not any(row.cells.get(name, "").strip() for row in table.rows):
        return {}
    found: dict[str, bool] = {}
    for row in table.rows:
        written = row.cells.get(name, "").strip()
        said = unguarded(written).strip().casefold()
        if said not in YES | NO:
            what = f"{visible(written)!r} is neither yes nor no" if written else f"{name!r} is not labelled"
            table.note(row.line, name, what, ALLOWED)
        elif row.line in answers:
            found[answers[row.line].id] = said in YES
    return found


# --- files ----------------------------------------------------------------------------------------


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}:1: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}:1: byte 0x{error.object[error.start]:02x} is not UTF-8; save it as CSV UTF-8"
        ) from None


def _csv_table(path: Path) -> _Table:
    """The rows of a CSV file; the separator is the one that its header has most of."""
    before = csv.field_size_limit(MOST_CELL_CHARACTERS)  # of the whole process
    try:
        return _parsed(path, _text(path))
    finally:
        csv.field_size_limit(before)


def _parsed(path: Path, text: str) -> _Table:
    header = text.split("\n", 1)[0]
    separator = max((",", ";", "\t"), key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[_Row] = []
    table = _Table(str(path), [], rows, [])
    end = 0
    try:
        names = [name.strip().casefold() for name in next(reader, [])]
        table = _Table(str(path), names, rows, [])
        end = reader.line_num
        for cells in reader:
            start, end = end + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                table.note(start, None, f"{len(cells)} cells, and the header has {len(names)}")
            rows.append(_Row(start, dict(zip(names, [*cells, *[""] * len(names)], strict=False))))
    except csv.Error as error:
        raise DataError(f"{path}:{end + 1}: not CSV: {error}") from None
    if len(set(names)) != len(names):
        raise DataError(f"{path}:1: a column stands twice in the header")
    return table


def _json_table(path: Path) -> _Table:
    rows: list[_Row] = []
    names: dict[str, None] = {}
    bad: list[tuple[int, str]] = []
    for line, text in enumerate(_text(path).split("\n"), start=1):
        if text.strip():
            try:
                cells = dict(_cells(json.loads(text)))
            except (ValueError, RecursionError) as error:
                bad.append((line, f"not a row of a sheet: {error}"))
                continue
            names |= dict.fromkeys(cells)
            rows.append(_Row(line, cells))
    table = _Table(str(path), list(names), rows, [])
    for line, what in bad:
        table.note(line, None, what)
    if bad and not rows:
        raise SpecError(table.problems)
    for row in rows:
        for name in ("id", *BINDING):
            if name not in row.cells:
                table.note(row.line, name, f"{name!r} is missing")
    if table.problems:
        raise SpecError(table.problems)
    return table


def _cells(row: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    for name, value in row.items():
        if isinstance(value, dict | list):
            raise ValueError(f"{name!r} is no single value")
        yield name, "" if value is None else str(value)
