"""Template sets of others as seeds: GPTFuzzer's CSV (``id, text``) and JSONL with a text a row.

Every placeholder that published sets use becomes ``{question}``; another word in braces (code, say) goes
into square brackets, because framing packs would take it for a placeholder.  A file is read row by row,
under bounds; a row that cannot be used is named by file and line.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from distill_tests.errors import BadRows, DataError, Problem
from distill_tests.search.nouns import Seed
from distill_tests.search.templates import MAX_CHARS, PLACEHOLDER, check_template, without_others
from distill_tests.types import Place

PLACEHOLDERS: Final = ("[INSERT PROMPT HERE]", "{query}", "{prompt}", PLACEHOLDER)
"""How published sets write where the question goes."""

TEXT_KEYS: Final = ("text", "template", "jailbreak_prompt", "prompt")
MAX_ROWS: Final = 20_000
_MOST_LINE_CHARS: Final = 1_000_000
_MOST_NAMED: Final = 50


class _Row(NamedTuple):
    """A row as read: where it starts, its id and text, or why it cannot be used."""

    line: int
    id: str
    text: str
    wrong: str | None = None


def load_templates(path: Path, *, max_bad_rows: int = 0, max_chars: int = MAX_CHARS) -> tuple[Seed, ...]:
    """Every usable template of a ``.csv`` or ``.jsonl`` file, in file order, as seeds for any question.

    A seed is called ``<file name>-<its id>`` or ``<file name>-line-<n>``.  Raises BadRows (each row
    named by file and line) where more than ``max_bad_rows`` rows cannot be used, DataError where the
    file cannot be read or holds no template.
    """
    read = _csv_rows if path.suffix == ".csv" else _jsonl_rows if path.suffix == ".jsonl" else None
    if read is None:
        raise DataError(f"{path}: a template set is a .csv or a .jsonl file")
    seeds: dict[str, Seed] = {}
    problems: list[Problem] = []
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as source:
            for count, row in enumerate(read(source, path), start=1):
                if count > MAX_ROWS:
                    raise DataError(f"{path}:{row.line}: more than {MAX_ROWS:,} rows")
                seed = _seed(row, path)
                wrong = _wrong(row, seed, seeds, max_chars)
                if wrong is None:
                    seeds[seed.id] = seed
                else:
                    problems.append(Problem(place=Place(path=str(path), line=row.line, column=1), what=wrong))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    if len(problems) > max_bad_rows:
        raise _bad_rows(path, problems, max_bad_rows)
    if not seeds:
        raise DataError(f"{path}: holds no template")
    return tuple(seeds.values())


def _seed(row: _Row, path: Path) -> Seed:
    text = row.text
    for written in PLACEHOLDERS:
        text = text.replace(written, PLACEHOLDER)
    name = "".join(
        char if char.isalnum() or char in "-_." else "-" for char in (row.id or f"line-{row.line}")
    )
    return Seed(id=f"{path.stem}-{name[:60]}", template=without_others(text).strip())


def _wrong(row: _Row, seed: Seed, known: dict[str, Seed], max_chars: int) -> str | None:
    if row.wrong:
        return row.wrong
    if seed.id in known:
        return f"id {row.id[:60]!r} was used before"
    wrong = check_template(seed.template, max_chars=max_chars)
    return None if wrong is None else f"the template {wrong}"


def _bad_rows(path: Path, problems: list[Problem], allowed: int) -> BadRows:
    shown = [
        f"{problem.place.path}:{problem.place.line}: {problem.what}" for problem in problems[:_MOST_NAMED]
    ]
    if len(problems) > _MOST_NAMED:
        shown.append(f"{path}: and {len(problems) - _MOST_NAMED} more rows like these")
    if allowed:
        shown.append(f"{path}: {len(problems)} bad rows; {allowed} are allowed")
    return BadRows("\n".join(shown), problems[:_MOST_NAMED])


# --- formats --------------------------------------------------------------------------------------


def _csv_rows(source: TextIO, path: Path) -> Iterator[_Row]:
    """The csv module bounds a field itself (131,072 characters) and names it as an error."""
    reader = csv.reader(_bounded_lines(source, path), strict=True)
    header: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _Row(line, "", "", f"not CSV: {error}")
            continue
        if header is None:
            header = _header(cells, path)
        elif cells:
            yield _csv_row(line, cells, header)


def _header(cells: list[str], path: Path) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    if not set(TEXT_KEYS) & set(names):
        raise DataError(f"{path}:1: no column named {', '.join(TEXT_KEYS[:-1])} or {TEXT_KEYS[-1]}")
    return names


def _csv_row(line: int, cells: list[str], header: list[str]) -> _Row:
    if len(cells) != len(header):
        return _Row(line, "", "", f"has {len(cells)} cells; the header has {len(header)}")
    row = dict(zip(header, cells, strict=True))
    return _Row(line, row.get("id", "").strip(), next(row[name] for name in TEXT_KEYS if name in row))


def _jsonl_rows(source: TextIO, path: Path) -> Iterator[_Row]:
    for line, text in enumerate(_bounded_lines(source, path), start=1):
        if text.strip():
            yield _jsonl_row(line, text)


def _jsonl_row(line: int, text: str) -> _Row:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        return _Row(line, "", "", f"not usable JSON: {error}")
    if not isinstance(row, dict):
        return _Row(line, "", "", "not a JSON object")
    found = next((row[name] for name in TEXT_KEYS if isinstance(row.get(name), str)), None)
    if found is None:
        return _Row(line, "", "", f"no text under {', '.join(TEXT_KEYS[:-1])} or {TEXT_KEYS[-1]}")
    name = row.get("id", "")
    return _Row(line, str(name) if isinstance(name, str | int) else "", found)


def _bounded_lines(source: TextIO, path: Path) -> Iterator[str]:
    """The lines; a file without line ends is refused before it is in memory."""
    number = 0
    while text := source.readline(_MOST_LINE_CHARS + 1):
        number += 1
        if len(text) > _MOST_LINE_CHARS:
            raise DataError(f"{path}:{number}: longer than {_MOST_LINE_CHARS:,} characters")
        yield text
