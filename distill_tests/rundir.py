"""Run directories: ``reports/<time>-<id>/`` with ``run.jsonl``, and whatever reporters put beside it.

``run.jsonl`` is written as results arrive, each line whole and flushed, so that a crash costs no
more than the line it struck.  Its first line is the run (type ``run``), its last one the end (type
``end``, with the summary); a file without an end is a run that did not come to it.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from distill_tests.errors import DataError
from distill_tests.record import SCHEMA, Record, Run, RunMeta, dumps
from distill_tests.types import Json

RUN_FILE = "run.jsonl"


def directory_name(started_at: datetime, run_id: str) -> str:
    """Such as ``20250131T235959Z-1a2b3c4d``: sorts by time."""
    return f"{started_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{run_id}"


def write_atomically(path: Path, text: str) -> None:
    """``text`` as the file ``path``, which is never seen half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The mask of new files: mkstemp makes private ones, and reports are for others to read."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def publish(run: Run, name: str, text: str) -> None:
    """``text`` as the file ``name`` of the run's directory, and a copy as the latest above it."""
    write_atomically(run.directory / name, text)
    write_atomically(run.directory.parent / name, text)


class RunWriter:
    """Writes ``run.jsonl``.  ``redact`` goes over every string before it is written."""

    def __init__(
        self, directory: Path, meta: RunMeta, *, redact: Callable[[Json], Json] = lambda value: value
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._redact = redact
        self._file = (directory / RUN_FILE).open("x", encoding="utf-8", newline="\n")
        self._write(meta.as_record())

    def append(self, record: Record) -> None:
        """Write one record, whole and flushed."""
        self._write(dict(record))

    def finish(self, summary: Record) -> None:
        """Write the end of the run, and close the file.  Safe to call after :meth:`close` (does nothing)."""
        if not self._file.closed:
            self._write({"schema": SCHEMA, "type": "end", "summary": dict(summary)})
            os.fsync(self._file.fileno())
            self.close()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, row: Json) -> None:
        self._file.write(dumps(self._redact(row)) + "\n")
        self._file.flush()


def read_run(path: Path) -> Run:
    """The run in ``path``, a ``run.jsonl`` or the directory it lies in.

    A last line that a crash cut off is left out (``Run.torn``).  Raises DataError, with path and
    line, for anything else that is not as :class:`RunWriter` writes it.
    """
    file = path / RUN_FILE if path.is_dir() else path
    meta: RunMeta | None = None
    summary: Record | None = None
    records: list[Record] = []
    torn = False
    for line, row in _rows(file):
        if row is None:
            torn = True
        elif summary is not None:
            raise DataError(f"{file}:{line}: a {row['type']!r} line after the end of the run")
        elif (row["type"] == "run") is not (meta is None):
            raise DataError(f"{file}:{line}: a run starts with one line of type 'run' (got {row['type']!r})")
        elif row["type"] == "run":
            meta = _meta(row, f"{file}:{line}")
        elif row["type"] == "end":
            summary = row["summary"]
        else:
            records.append(row)
    if meta is None:
        raise DataError(f"{file}:1: the run has no first line; nothing was recorded")
    return Run(meta=meta, records=tuple(records), summary=summary, directory=file.parent, torn=torn)


_NEEDED = {
    "run": {"id", "started_at"},
    "end": {"summary"},
    "case": {"node", "target", "verdict", "trials"},
    "gate": {"node", "target", "verdict", "gate", "estimate"},
    "spec": {"node", "skipped"},
}


def _rows(file: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Line number and row; None for a torn last line."""
    try:
        handle = file.open("rb")
    except OSError as error:
        raise DataError(f"{file}:1: cannot be read: {error.strerror}") from error
    with handle:
        for line, raw in enumerate(handle, start=1):
            if not raw.endswith(b"\n"):
                yield line, None
                return
            yield line, _row(raw, f"{file}:{line}")


def _row(raw: bytes, place: str) -> dict[str, Any]:
    try:
        row = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place}: not a line of JSON: {error}") from error
    if not isinstance(row, dict) or row.get("schema") != SCHEMA:
        got = row.get("schema") if isinstance(row, dict) else type(row).__name__
        raise DataError(f"{place}: not a record of schema {SCHEMA} (got {got!r})")
    needed = _NEEDED.get(str(row.get("type")))
    if needed is None:
        raise DataError(f"{place}: unknown type of record {row.get('type')!r}; known: {', '.join(_NEEDED)}")
    absent = sorted(needed - row.keys())
    if absent:
        raise DataError(f"{place}: a {row['type']!r} record without {', '.join(absent)}")
    return row


def _meta(row: Record, place: str) -> RunMeta:
    try:
        return RunMeta.from_record(row)
    except (KeyError, TypeError) as error:
        raise DataError(f"{place}: not the first line of a run: {error}") from error
