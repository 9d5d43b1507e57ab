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
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from distill_tests.errors import DataError
from distill_tests.registry import Judge, Rows
from distill_tests.types import Json, Model, Score

MAX_ROW_BYTES = 32 * 1024 * 1024
"""A longer line is a bad row: an answer of 10 MB fits, a file without line ends does not."""


class Judged(NamedTuple):
    """What became of one line: a ``row`` to write, or the ``problem`` that kept it out."""

    line: int
    row: Mapping[str, Json] | None
    problem: str | None


def row_format(judge: Judge) -> Rows:
    """How ``judge`` reads and writes rows; raises DataError where it cannot judge a file."""
    if inspect.iscoroutinefunction(judge.function):
        raise DataError(
            f"judge {judge.name!r} asks a model; over rows of a file only judges that ask nothing can run"
        )
    if judge.rows is None:
        raise DataError(f"judge {judge.name!r} does not say how to read rows of a file")
    return judge.rows


def judged_rows(
    path: Path, judge: Judge, *, models: Mapping[str, Model], options: Mapping[str, Any]
) -> Iterator[Judged]:
    """Every non-empty line of ``path``, judged or named as bad, in file order.

    Raises DataError where the file cannot be read or holds no row, and where the judge cannot judge rows.
    """
    form = row_format(judge)
    line = 0
    first_lines: dict[str, int] = {}
    for line, text in _lines(path):
        try:
            row = _parsed(text)
            _refuse_second_id(row, line, first_lines)
            exhibit = form.read(row, models)
            score: Score = judge.function(exhibit, **options)
            yield Judged(line, form.write(exhibit, score), None)
        except DataError as problem:
            yield Judged(line, None, str(problem))
        except Exception as error:  # noqa: BLE001 - a user's judge may raise anything; the row is named
            yield Judged(line, None, f"judge {judge.name!r} failed: {type(error).__name__}: {error}")
    if line == 0:
        raise DataError(f"{path}: holds no row")


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
            number = 0
            while raw := source.readline(MAX_ROW_BYTES + 1):
                number += 1
                if number == 1:
                    raw = raw.removeprefix(b"\xef\xbb\xbf")
                if len(raw) > MAX_ROW_BYTES:
                    _skip_to_line_end(source, raw)
                    yield number, None
                elif raw.strip():
                    yield number, raw
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def _opened(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return io.BufferedReader(gzip.open(path, "rb"))
    return path.open("rb")


def _skip_to_line_end(source: IO[bytes], raw: bytes) -> None:
    while raw and not raw.endswith(b"\n"):
        raw = source.readline(MAX_ROW_BYTES)


def _parsed(raw: bytes | None) -> Mapping[str, Any]:
    if raw is None:
        raise DataError(f"longer than {MAX_ROW_BYTES // 2**20} MB")
    try:
        row = json.loads(raw.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8 (byte 0x{raw[error.start]:02x} at {error.start + 1})") from error
    except json.JSONDecodeError as error:
        raise DataError(f"not JSON: {error.msg} at column {error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"not usable JSON: {error}") from error
    if not isinstance(row, dict):
        raise DataError(f"not a JSON object (got {type(row).__name__})")
    return row


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
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
