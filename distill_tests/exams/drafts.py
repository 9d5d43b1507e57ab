"""Rows of a file before they are items: cells by column, whatever the file's format."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Final

from distill_tests.exams.findings import Findings, quoted
from distill_tests.exams.textlines import LONGEST_LINE, Lines

TEXT_COLUMNS: Final[tuple[str, ...]] = (
    *("id", "question", "answer", "explanation", "task", "split"),
    *("level", "subject", "group", "language", "passage"),
)
IMAGE_COLUMNS: Final = ("image", "images")
LEAST_OPTIONS: Final = 2
MOST_COLUMNS: Final = 200
MOST_ROWS: Final = 200_000
"""Of one file; no exam has as many, and all of them are held in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One row: texts by column, options by letter (empty: none given), paths of images as written."""

    line: int
    texts: Mapping[str, str]
    options: Mapping[str, str]
    images: tuple[str, ...] = ()


@dataclass(slots=True)
class Table:
    """A file's rows, the columns of its header (none in JSON lines), and its hash."""

    rows: list[Draft] = field(default_factory=list)
    columns: Sequence[str] = ()
    sha256: str = ""

    def column(self, name: str) -> int:
        """Which cell of a row ``name`` is, from 1."""
        return self.columns.index(name) + 1 if name in self.columns else 1


def read_table(path: Path, findings: Findings) -> Table:
    """The rows of a ``.csv``, ``.tsv`` or ``.jsonl`` file; what is wrong with them goes to ``findings``."""
    lines = Lines(path, findings)
    if path.suffix.lower() == ".jsonl":
        table = Table()
        _fill(table, _json_rows(lines, findings), findings)
    else:
        with _field_limit():
            table = _csv_table(lines, findings, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
    if not table.rows and not findings.problems:
        findings.wrong(1, 1, "the file holds no row")
    table.sha256 = lines.sha256
    return table


# --- CSV ------------------------------------------------------------------------------------------


@contextmanager
def _field_limit() -> Iterator[None]:
    before = csv.field_size_limit(LONGEST_LINE)  # of the whole process
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _csv_table(lines: Lines, findings: Findings, *, delimiter: str) -> Table:
    records = _records(lines, findings, delimiter)
    _, header = next(records, (1, []))
    if not header:
        return Table()
    columns = [_column_name(cell) for cell in header]
    table = Table(columns=columns)
    if not _is_usable(columns, header, findings):
        return table
    _fill(table, _csv_drafts(records, columns, findings), findings)
    return table


def _fill(table: Table, drafts: Iterator[Draft], findings: Findings) -> None:
    for draft in drafts:
        if len(table.rows) == MOST_ROWS:
            findings.wrong(draft.line, 1, f"more than {MOST_ROWS:,} rows; the rest of the file is not read")
            return
        table.rows.append(draft)


def _csv_drafts(
    records: Iterator[tuple[int, list[str]]], columns: Sequence[str], findings: Findings
) -> Iterator[Draft]:
    for line, cells in records:
        if not any(cell.strip() for cell in cells):
            findings.put_right(line, 1, "an empty row, which is left out")
        elif len(cells) != len(columns):
            what = f"{_count(len(cells), 'cell')}, and the header has {len(columns)}"
            findings.wrong(
                line, min(len(cells), len(columns)) or 1, what, "is a quotation mark or comma astray?"
            )
        else:
            yield _draft(line, dict(zip(columns, cells, strict=True)))


def _records(lines: Lines, findings: Findings, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records that are not blank, each with the line it starts on."""
    reader = csv.reader(_until_unreadable(lines), delimiter=delimiter, strict=True)
    end = 0
    while True:
        start = end + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            end = reader.line_num
            findings.wrong(start, 1, *_csv_trouble(str(error)))
            if "field larger" in str(error):
                return  # what follows may be inside the quotation marks or out: nobody can tell
            continue
        end = reader.line_num
        if cells is None:
            return
        if cells:
            yield start, cells


def _until_unreadable(lines: Lines) -> Iterator[str]:
    for _, text in lines:
        if text is None:
            return
        yield text


def _csv_trouble(message: str) -> tuple[str, str | None]:
    if "field larger" in message:
        what = f"a cell longer than {LONGEST_LINE // 2**20} MB; the rest of the file is not read"
        return what, "is a quotation mark left open?"
    if "unexpected end of data" in message:
        return "a quotation mark that opens here is never closed", None
    if "new-line character" in message:
        return "a line ends with CR alone", "save the file with LF or CR LF"
    return f"not CSV: {message}", None


def _column_name(cell: str) -> str:
    name = cell.strip().casefold()
    return name.upper() if len(name) == 1 and name.upper() in ascii_uppercase else name


def _is_usable(columns: Sequence[str], header: Sequence[str], findings: Findings) -> bool:
    """Whether a header has what every exam needs; what it lacks is noted."""
    before = len(findings.problems)
    if len(columns) > MOST_COLUMNS:
        findings.wrong(1, 1, f"{len(columns):,} columns", f"at most {MOST_COLUMNS}")
        return False
    for number, name in enumerate(columns, start=1):
        if name in columns[: number - 1]:
            findings.wrong(1, number, f"column {quoted(name)} stands twice in the header")
    known = (*TEXT_COLUMNS, *IMAGE_COLUMNS)
    others = [name for name in columns if name not in known and name not in tuple(ascii_uppercase)]
    if "question" not in columns:
        near = get_close_matches("question", others, n=1)
        hint = f"is it {quoted(near[0])}?" if near else _separator_hint(header)
        findings.wrong(1, 1, "no column 'question'", hint)
    letters = [name for name in columns if name in tuple(ascii_uppercase)]
    wanted = list(ascii_uppercase[: max(len(letters), LEAST_OPTIONS)])
    lacking = [letter for letter in wanted if letter not in letters]
    if lacking:
        got = ", ".join(letters) or "none"
        allowed = f"2 to 26 options, from A on without a gap; lacking: {', '.join(lacking)}"
        findings.wrong(1, 1, f"columns of options: {got}", allowed)
    if len(findings.problems) > before:
        return False
    for name in others:
        findings.put_right(1, columns.index(name) + 1, f"column {quoted(name)} is not used")
    return True


def _separator_hint(header: Sequence[str]) -> str:
    for separator, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"), (",", "commas")):
        if len(header) == 1 and separator in header[0]:
            return f"its cells are parted by {name}: .csv has commas, .tsv tabs"
    return f"it has {quoted(', '.join(header))}"


def _draft(line: int, cells: Mapping[str, str]) -> Draft:
    paths = [path for name in IMAGE_COLUMNS for path in re.split(r"[;|]", cells.get(name, ""))]
    return Draft(
        line=line,
        texts={name: cells[name] for name in TEXT_COLUMNS if name in cells},
        options={name: cell for name, cell in sorted(cells.items()) if name in tuple(ascii_uppercase)},
        images=tuple(path.strip() for path in paths if path.strip()),
    )


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


# --- JSON lines -----------------------------------------------------------------------------------


def _json_rows(lines: Lines, findings: Findings) -> Iterator[Draft]:
    for number, text in lines:
        if text is None or not text.strip():
            continue
        try:
            row = json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_no_number)
        except json.JSONDecodeError as error:
            findings.wrong(number, error.colno, f"not JSON: {error.msg}")
        except (ValueError, RecursionError) as error:
            findings.wrong(number, 1, f"not usable JSON: {error}")
        else:
            if "\\ud" in text.lower() and _has_half_a_character(row):
                findings.wrong(number, 1, "half of a character (a lone surrogate such as \\ud800)")
                continue
            draft = _of_object(row, number, findings)
            if draft is not None:
                yield draft


def _has_half_a_character(row: Any) -> bool:
    """Whether a text in it cannot be sent to anybody."""
    try:
        json.dumps(row, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise ValueError(f"key {next(quoted(one) for one, times in counts.items() if times > 1)} given twice")
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _of_object(row: Any, line: int, findings: Findings) -> Draft | None:
    if not isinstance(row, dict):
        findings.wrong(line, 1, f"not a JSON object (got {type(row).__name__})")
        return None
    if len(row) > MOST_COLUMNS:
        findings.wrong(line, 1, f"{len(row):,} keys", f"at most {MOST_COLUMNS}")
        return None
    cells = {_column_name(name): value for name, value in row.items()}
    wrong = [f"{quoted(name)} is no text" for name in TEXT_COLUMNS if not _is_text(cells.get(name, ""), name)]
    if "question" not in cells:
        near = get_close_matches("question", cells, n=1)
        wrong.append("no 'question'" + (f": is it {quoted(near[0])}?" if near else ""))
    options = _options(cells)
    if isinstance(options, str):
        wrong.append(options)
    images = [path for name in IMAGE_COLUMNS for path in _as_list(cells.get(name))]
    if not all(isinstance(path, str) for path in images):
        wrong.append("'images' is no path and no list of paths")
    for what in wrong:
        findings.wrong(line, 1, what)
    if wrong or isinstance(options, str):
        return None
    texts = {name: _text(cells[name]) for name in TEXT_COLUMNS if name in cells}
    return Draft(line=line, texts=texts, options=options, images=tuple(path for path in images if path))


def _options(cells: Mapping[str, Any]) -> dict[str, str] | str:
    """Options by letter from ``options`` (an object or a list) or from keys A, B, …; or what is wrong."""
    given = cells.get("options")
    if given is None:
        given = {name: cells[name] for name in cells if name in tuple(ascii_uppercase)}
    if isinstance(given, list):
        if len(given) > len(ascii_uppercase):
            return f"{len(given)} options: 2 to 26"
        given = dict(zip(ascii_uppercase, given, strict=False))
    if not isinstance(given, dict) or not all(_is_text(value) for value in given.values()):
        return "'options' is no object of texts by letter and no list of texts"
    by_letter = {_column_name(name): _text(value) for name, value in given.items()}
    letters = "".join(sorted(by_letter))
    is_whole = len(by_letter) == len(given) and letters == ascii_uppercase[: len(by_letter)]
    if len(by_letter) < LEAST_OPTIONS or not is_whole:
        return f"options {quoted(', '.join(given)) if given else 'missing'}: 2 to 26 from A on without a gap"
    return {letter: by_letter[letter] for letter in letters}


def _is_text(value: Any, name: str = "") -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and name != "question"
    return value is None or isinstance(value, str) or is_number


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
