"""A file of rows through a judge, one row at a time: what ``distill-tests judge`` does.

Rows are JSON objects, one a line (``.jsonl`` or ``.jsonl.gz``).  A row that cannot be used is named
by file and line and left out; it never stops the others, and it is never scored.
"""

from __future__ import annotations

import gzip
import inspect
import io
import json
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from distill_tests.errors import DataError
from distill_tests.registry import Judge, Rows
from distill_tests.types import Exhibit, Json, Model, Score

MAX_ROW_BYTES = 32 * 1024 * 1024
"""A longer line is a bad row: an answer of 10 MB fits, a file without line ends does not."""
MOST_VALUES = 500_000
"""Of one row: each costs up to a hundred times the memory that its two characters take in the file."""
MOST_BLANK = 1_000_000
"""Blank lines in a row, in what was made to keep its reader busy."""
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


class Judged(NamedTuple):
    """What became of one line: a ``row`` to write, or the ``problem`` that kept it out."""

    line: int
    row: Mapping[str, Json] | None
    problem: str | None


def row_format(judge: Judge) -> Rows:
    """How ``judge`` reads and writes rows; raises DataError where it cannot judge a file by itself."""
    if asks_a_model(judge):
        raise DataError(f"judge {judge.name!r} asks a model; say which: --model ALIAS")
    return asking_row_format(judge)


def asks_a_model(judge: Judge) -> bool:
    return inspect.iscoroutinefunction(judge.function)


def asking_row_format(judge: Judge) -> Rows:
    """As :func:`row_format`, for whoever can have a model asked (:mod:`distill_tests.asked_rows`)."""
    if judge.rows is None:
        raise DataError(f"judge {judge.name!r} does not say how to read rows of a file")
    return judge.rows


def judged_rows(
    path: Path, judge: Judge, *, models: Mapping[str, Model], options: Mapping[str, Any]
) -> Iterator[Judged]:
    """Every non-empty line of ``path``, judged or named as bad, in file order.

    Raises DataError where the file cannot be read or holds no row, and where the judge cannot judge rows.
    """
    bench = _Bench(judge, models, options)
    line = 0
    for line, text in _lines(path):
        yield bench.judged(line, partial(_parsed, text))
    if line == 0:
        raise DataError(f"{path}: holds no row")


def judged_objects(
    given: Iterable[Mapping[str, Any]],
    judge: Judge,
    *,
    models: Mapping[str, Model],
    options: Mapping[str, Any],
) -> Iterator[Judged]:
    """As :func:`judged_rows`, for rows that are read already; ``line`` counts them from 1."""
    bench = _Bench(judge, models, options)
    for line, row in enumerate(given, start=1):
        yield bench.judged(line, partial(_as_given, row))


class Reading(NamedTuple):
    """One line as a judge reads it: an ``exhibit`` and the ``row`` it is from, or the ``problem``."""

    line: int
    row: Mapping[str, Any]
    exhibit: Exhibit | None
    problem: str | None


def readings(path: Path, form: Rows, *, models: Mapping[str, Model]) -> Iterator[Reading]:
    """Every non-empty line of ``path``, read or named as bad, in file order; nothing is judged.

    Raises DataError where the file cannot be read or holds no row.
    """
    reader = _Reader(form, models)
    line = 0
    for line, text in _lines(path):
        yield reader.reading(line, partial(_parsed, text))
    if line == 0:
        raise DataError(f"{path}: holds no row")


class _Reader:
    """How rows are read, and the ids that were seen."""

    def __init__(self, form: Rows, models: Mapping[str, Model]) -> None:
        self._form, self._models = form, models
        self._first_lines: dict[str, int] = {}

    def reading(self, line: int, parsed: Callable[[], Mapping[str, Any]]) -> Reading:
        try:
            row = parsed()
            _refuse_second_id(row, line, self._first_lines)
            return Reading(line, row, self._form.read(row, self._models), None)
        except DataError as problem:
            return Reading(line, {}, None, str(problem))
        except Exception as error:  # noqa: BLE001 - a user's judge may raise anything; the row is named
            return Reading(line, {}, None, f"cannot be read: {type(error).__name__}: {error}")


class _Bench:
    """A judge with its options, and the ids it has seen."""

    def __init__(self, judge: Judge, models: Mapping[str, Model], options: Mapping[str, Any]) -> None:
        self._judge, self._options = judge, options
        self._form = row_format(judge)
        self._reader = _Reader(self._form, models)

    def judged(self, line: int, parsed: Callable[[], Mapping[str, Any]]) -> Judged:
        reading = self._reader.reading(line, parsed)
        if reading.exhibit is None:
            return Judged(line, None, reading.problem)
        try:
            score: Score = self._judge.function(reading.exhibit, **self._options)
            return Judged(line, self._form.write(reading.exhibit, score), None)
        except DataError as problem:
            return Judged(line, None, str(problem))
        except Exception as error:  # noqa: BLE001 - a user's judge may raise anything; the row is named
            name = self._judge.name
            return Judged(line, None, f"judge {name!r} failed: {type(error).__name__}: {error}")


def encoded(row: Mapping[str, Json]) -> bytes:
    """``row`` as one line of JSON, UTF-8, readable in any script.

    ``backslashreplace`` writes a lone surrogate, which UTF-8 has no bytes for, as the JSON escape it
    came from.
    """
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


@contextmanager
def sink(path: Path | None) -> Iterator[IO[bytes]]:
    """Standard output, or a file (``.gz``: compressed) that appears whole or not at all."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with io.BufferedWriter(gzip.open(part, "xb")) if path.suffix == ".gz" else part.open("xb") as out:
            yield out
        part.replace(path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _lines(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """Line numbers and raw lines; ``None`` for a line above the limit."""
    try:
        with _opened(path) as source:
            number = last = 0
            while raw := source.readline(MAX_ROW_BYTES + 1):
                number += 1
                if number == 1:
                    raw = raw.removeprefix(b"\xef\xbb\xbf")
                if len(raw) > MAX_ROW_BYTES:
                    last = number
                    yield number, None
                    if not skip_to_line_end(source, raw):
                        raise DataError(f"{path}:{number}: a line without end; not read any further")
                elif raw.strip():
                    last = number
                    yield number, raw
                elif number > last + MOST_BLANK:
                    raise DataError(f"{path}:{number}: more than {MOST_BLANK:,} blank lines")
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def _opened(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return io.BufferedReader(gzip.open(path, "rb"))
    return path.open("rb")


def skip_to_line_end(source: IO[bytes], raw: bytes) -> bool:
    """Whether the line that ``raw`` begins ends within twice the longest line."""
    for _ in range(2):
        if not raw or raw.endswith(b"\n"):
            return True
        raw = source.readline(MAX_ROW_BYTES)
    return not raw or raw.endswith(b"\n")


def too_many_values(raw: bytes) -> str | None:
    """What is wrong with a row that is small on disk and huge once it is read, or None."""
    count = _values(raw)
    if count > MOST_VALUES:
        count -= sum(_values(text[0]) for text in _TEXT.finditer(raw))
    return f"more than {MOST_VALUES:,} values in one row" if count > MOST_VALUES else None


def _values(raw: bytes) -> int:
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{")


def _parsed(raw: bytes | None) -> Mapping[str, Any]:
    if raw is None:
        raise DataError(f"longer than {MAX_ROW_BYTES // 2**20} MB")
    if trouble := too_many_values(raw):
        raise DataError(trouble)
    try:
        row = json.loads(raw.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=without_doubles)
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8 (byte 0x{raw[error.start]:02x} at {error.start + 1})") from error
    except json.JSONDecodeError as error:
        raise DataError(f"not JSON: {error.msg} at column {error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"not usable JSON: {error}") from error
    if not isinstance(row, dict):
        raise DataError(f"not a JSON object (got {type(row).__name__})")
    return row


def _as_given(row: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(row, Mapping):
        raise DataError(f"not a mapping (got {type(row).__name__})")
    return row


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of a JSON text; raises ValueError for a key that is given twice."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"key {key!r} given twice")
        found[key] = value
    return found


def _refuse_second_id(row: Mapping[str, Any], line: int, first_lines: dict[str, int]) -> None:
    """Two rows of one id could not be told apart in what is written."""
    identity = row.get("id")
    if not isinstance(identity, str | int):
        return
    first = first_lines.setdefault(str(identity), line)
    if first != line:
        raise DataError(f"id {identity!r} was already used on line {first}")
