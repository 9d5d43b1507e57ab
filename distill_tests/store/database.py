"""One SQLite file and the one thread that touches it.

Whatever is waiting is done in one transaction, and nobody is told before it is committed: with 64
calls in flight many replies share one flush to the disk.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from distill_tests.errors import DistillError
from distill_tests.store.file import LASTING, connected, error_code, explain

T = TypeVar("T")
Step = Callable[[sqlite3.Connection], T]

PULSE_S = 5.0
MOST_AT_ONCE = 256


@dataclass(slots=True)
class _Job:
    step: Step[Any]
    writes: bool
    durable: bool
    future: Future[Any] = field(default_factory=Future)


class Database:
    """A store file, opened (and made) by the first thing that is to be done with it.

    ``path`` ``None`` is a database in memory.  ``pulse`` is done every five seconds.  Errors of the
    file reach the futures as a DistillError that names it; after one that will not go away by
    itself (a damaged file, a full disk) everything later fails with it at once.
    """

    def __init__(
        self, path: Path | None, *, read_only: bool = False, pulse: Step[None] | None = None
    ) -> None:
        self._path, self._read_only, self._pulse = path, read_only, pulse
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._broken: DistillError | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="distill-tests store", daemon=True)
        self._thread.start()

    def do(self, step: Step[T], *, writes: bool = True, durable: bool = False) -> Future[T]:
        """What ``step`` returns, once it is committed; ``durable``: once it is on the disk."""
        job = _Job(step, writes, durable)
        job.future.set_running_or_notify_cancel()  # From here on nobody can cancel it.
        with self._lock:
            if self._closed:
                job.future.set_exception(DistillError(f"{self._path or 'the store'}: closed"))
            else:
                self._jobs.put(job)
        return job.future

    def close(self, *, timeout_s: float = 10.0) -> None:
        """Do what is waiting, then close the file."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join(timeout_s)

    # --- the thread -----------------------------------------------------------------------------

    def _serve(self) -> None:
        connection = self._opened()
        last_pulse, closing = time.monotonic(), False
        while not closing:
            jobs, closing = self._waiting(PULSE_S)
            if self._pulse is not None and time.monotonic() - last_pulse >= PULSE_S and not closing:
                jobs.append(_Job(self._pulse, not self._read_only, False))
                last_pulse = time.monotonic()
            if connection is not None and self._broken is None:
                self._transact(connection, jobs)
            else:
                _fail(jobs, self._broken)
        if connection is not None:
            connection.close()

    def _waiting(self, longest_s: float) -> tuple[list[_Job], bool]:
        jobs: list[_Job] = []
        try:
            job = self._jobs.get(timeout=longest_s)
            while job is not None:
                jobs.append(job)
                if len(jobs) == MOST_AT_ONCE:
                    return jobs, False
                job = self._jobs.get_nowait()
        except queue.Empty:
            return jobs, False
        return jobs, True

    def _opened(self) -> sqlite3.Connection | None:
        try:
            return connected(self._path, read_only=self._read_only)
        except DistillError as error:
            self._broken = error
        except Exception as error:  # noqa: BLE001 - whatever it is, it must reach who waits, not stderr
            self._broken = DistillError(f"{self._path}: {type(error).__name__}: {error}")
        return None

    def _transact(self, connection: sqlite3.Connection, jobs: list[_Job]) -> None:
        if not jobs:
            return
        try:
            results = _transaction(connection, jobs)
        except sqlite3.Error as error:
            explained = explain(self._path, error)
            if error_code(error) in LASTING:
                self._broken = explained
            _fail(jobs, explained)
        except Exception as error:  # noqa: BLE001 - a bug must reach who waits; the thread goes on
            _fail(jobs, DistillError(f"{self._path}: {type(error).__name__}: {error}"))
        else:
            for job, result in zip(jobs, results, strict=True):
                if isinstance(result, DistillError):
                    job.future.set_exception(result)
                else:
                    job.future.set_result(result)


def _transaction(connection: sqlite3.Connection, jobs: list[_Job]) -> list[Any]:
    """The steps' results, committed; a DistillError of one step is its result and harms no other."""
    # NORMAL survives kill -9 (the pages are the kernel's after the commit); FULL also a power cut.
    connection.execute(f"PRAGMA synchronous={'FULL' if any(job.durable for job in jobs) else 'NORMAL'}")
    connection.execute("BEGIN IMMEDIATE" if any(job.writes for job in jobs) else "BEGIN")
    try:
        results: list[Any] = []
        for job in jobs:
            try:
                results.append(job.step(connection))
            except DistillError as error:
                results.append(error)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return results


def _fail(jobs: list[_Job], error: DistillError | None) -> None:
    for job in jobs:
        job.future.set_exception(error or DistillError("the store is closed"))
