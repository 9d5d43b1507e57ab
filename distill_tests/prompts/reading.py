"""The rows of a data file, one at a time: JSON lines, a JSON list, CSV, each also as ``.gz``.

Memory holds one row and a part of the file, never the file.  A row that is no object is told with its line;
what leaves no row after it (a broken list, no UTF-8 in CSV) raises DataError.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from distill_tests.errors import DataError
from distill_tests.rows import MAX_ROW_BYTES as MOST_ROW_BYTES
from distill_tests.rows import MOST_BLANK, skip_to_line_end, too_many_values
from distill_tests.specfile.files import shown_path

_CHUNK: Final = 256 * 1024
_NEAR_THE_END: Final = 16
"""Characters: of a part of a JSON text that breaks off, an error is told so near to its end."""


class Row(NamedTuple):
    """One row and the line on which it starts; ``value`` None: it cannot be used, ``problem`` says why."""

    line: int
    value: Mapping[str, Any] | None
    problem: str = ""


def rows(path: Path) -> Iterator[Row]:
    """Every row of a file in its order; by its name a CSV, else by its first character a list or lines.

    Raises DataError, with the path, for a file that cannot be read.
    """
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        raise DataError(f"{shown_path(path)}: Parquet is not read; write it as JSON lines or CSV")
    try:
        with _opened(path) as file:
            if name.endswith(".csv"):
                yield from _table(file, path)
            elif _is_list(file, path):
                yield from _listed(file, path)
            else:
                yield from _lines(file, path)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DataError(f"{shown_path(path)}: not a whole gzip file ({error})") from error
    except OSError as error:
        raise DataError(f"{shown_path(path)}: cannot be read: {error.strerror or error}") from error


def _opened(path: Path) -> IO[bytes]:
    if path.name.endswith(".gz"):
        return io.BufferedReader(gzip.open(path, "rb"), buffer_size=_CHUNK)
    return path.open("rb", buffering=_CHUNK)


def _is_list(file: IO[bytes], path: Path) -> bool:
    start: bytes = file.peek(_CHUNK)  # type: ignore[attr-defined]  # both are BufferedReader
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{shown_path(path)}:1: the file is UTF-16; write it as UTF-8")
    if start.startswith(codecs.BOM_UTF8):
        file.read(len(codecs.BOM_UTF8))
    return start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"[")


# --- JSON lines -----------------------------------------------------------------------------------


def _lines(file: IO[bytes], path: Path) -> Iterator[Row]:
    number = last = 0
    while raw := file.readline(MOST_ROW_BYTES + 1):
        number += 1
        if len(raw) > MOST_ROW_BYTES:
            last = number
            yield Row(number, None, f"a line of more than {MOST_ROW_BYTES >> 20} MB")
            if not skip_to_line_end(file, raw):
                raise DataError(f"{shown_path(path)}:{number}: a line without end; not read any further")
        elif raw.strip():
            last = number
            yield _parsed(number, raw)
        elif number > last + MOST_BLANK:
            raise DataError(f"{shown_path(path)}:{number}: more than {MOST_BLANK:,} blank lines")


def _parsed(line: int, raw: bytes) -> Row:
    if trouble := too_many_values(raw):
        return Row(line, None, trouble)
    try:
        return _row(line, json.loads(raw.rstrip(b"\r\n").decode("utf-8")))
    except UnicodeDecodeError as error:
        return Row(line, None, f"not UTF-8 at byte {error.start + 1} of the line")
    except json.JSONDecodeError as error:
        return Row(line, None, f"not JSON: {error.msg} at column {error.colno}")
    except (ValueError, RecursionError) as error:
        return Row(line, None, f"not usable JSON ({error})")


def _row(line: int, value: object) -> Row:
    if isinstance(value, dict):
        return Row(line, value)
    return Row(line, None, f"a row is an object, this is {type_of(value)}")


def type_of(value: object) -> str:
    """What a JSON value is, in words."""
    names = {list: "a list", dict: "an object", str: "a text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")


# --- one JSON list --------------------------------------------------------------------------------


class _Part:
    """The part of a text that is in memory: it starts at ``at``, on ``line``."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file, self._path = file, path
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.text, self.at, self.line, self.ended = "", 0, 1, False

    def more(self) -> None:
        """As much again as there is, so that a long row is not read over and over."""
        raw = self._file.read(max(_CHUNK, len(self.text) - self.at))
        try:
            text = self._decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            line = self.line + self.text.count("\n", self.at) + raw.count(b"\n", 0, error.start)
            raise DataError(f"{shown_path(self._path)}:{line}: not UTF-8") from error
        self.text, self.at, self.ended = self.text[self.at :] + text, 0, not raw

    def skip(self, end: int) -> None:
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def next(self) -> str:
        """The next character that is no blank; empty at the end of the file."""
        while True:
            end = self.at
            while end < len(self.text) and self.text[end] in " \t\r\n":
                end += 1
            self.skip(end)
            if self.at < len(self.text):
                return self.text[self.at]
            if self.ended:
                return ""
            self.more()

    def broken(self, what: str, at: int | None = None) -> DataError:
        line = self.line + (self.text.count("\n", self.at, at) if at is not None else 0)
        return DataError(f"{shown_path(self._path)}:{line}: not JSON: {what}")


def _listed(file: IO[bytes], path: Path) -> Iterator[Row]:
    part = _Part(file, path)
    part.next()
    part.skip(part.at + 1)  # the bracket
    is_first = True
    while (after := part.next()) != "]":
        if not is_first:
            if after != ",":
                raise part.broken(
                    "a comma or the list's end is missing" if after else "the list does not end"
                )
            part.skip(part.at + 1)
            part.next()
        is_first = False
        yield _item(part)
    part.skip(part.at + 1)
    if part.next():
        raise part.broken("the file goes on after its list")


def _item(part: _Part) -> Row:
    """The next value, however many parts of the file it takes."""
    decoder = json.JSONDecoder()
    while True:
        try:
            value, end = decoder.raw_decode(part.text, part.at)
        except json.JSONDecodeError as error:
            if part.ended or not _breaks_off(error, part):
                raise part.broken(error.msg, error.pos) from error
            if len(part.text) - part.at > MOST_ROW_BYTES:
                raise part.broken(f"a row of more than {MOST_ROW_BYTES >> 20} MB") from error
            part.more()
            continue
        except (ValueError, RecursionError) as error:
            raise part.broken(str(error)) from error
        if end == len(part.text) and not part.ended:  # of a number there may be more
            part.more()
            continue
        row = _row(part.line, value)
        part.skip(end)
        return row


def _breaks_off(error: json.JSONDecodeError, part: _Part) -> bool:
    return error.msg.startswith("Unterminated string") or error.pos >= len(part.text) - _NEAR_THE_END


# --- CSV ------------------------------------------------------------------------------------------


def _table(file: IO[bytes], path: Path) -> Iterator[Row]:
    """Each record by its column names; an empty cell is none.  The line is that on which a record starts."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    before = csv.field_size_limit(MOST_ROW_BYTES)  # of the whole process; csv's own is 128 KiB
    try:
        reader = csv.DictReader(text, strict=True)
        names = reader.fieldnames or ()
        if len(set(names)) < len(names):
            raise DataError(f"{shown_path(path)}:1: two columns have one name")
        line = reader.line_num + 1
        for record in reader:
            if None in record or None in record.values():
                yield Row(line, None, f"a record has {len(names)} fields, as the first line has")
            else:
                yield Row(line, {key: value for key, value in record.items() if value})
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{shown_path(path)}:{line}: not a CSV file ({error})") from error
    finally:
        csv.field_size_limit(before)
        text.detach()
