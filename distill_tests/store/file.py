"""The store file: what is in it, how it is opened, and what is said when it cannot be used."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from distill_tests.errors import DistillError, NotStored

VERSION = 1
APPLICATION = 0x64746573  # "dtes"
BUSY_S = 60.0

SCHEMA = (
    # Times are epoch seconds.  state: running, interrupted, finished, or closed (nothing of it is resumed).
    """CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        started REAL NOT NULL,
        finished_at REAL,
        state TEXT NOT NULL
    )""",
    # The processes of a run.  A running run without a living member has crashed.
    """CREATE TABLE members (
        run_id TEXT NOT NULL,
        owner TEXT NOT NULL,
        heartbeat REAL NOT NULL,
        PRIMARY KEY (run_id, owner)
    )""",
    # reply and request are JSON; the request is what the fingerprint was made of, for a person's eyes.
    # open: no finished run has used it, so that it may serve to resume.
    """CREATE TABLE replies (
        fingerprint TEXT NOT NULL,
        run_id TEXT NOT NULL,
        received_at REAL NOT NULL,
        reply TEXT NOT NULL,
        request TEXT NOT NULL,
        open INTEGER NOT NULL DEFAULT 1,
        PRIMARY KEY (fingerprint, run_id)
    )""",
    "CREATE INDEX replies_of_run ON replies (run_id)",
    # The open replies of other runs that a run was resumed with.
    """CREATE TABLE uses (
        run_id TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        source_run TEXT NOT NULL,
        PRIMARY KEY (run_id, fingerprint)
    )""",
    # What is being asked at this moment, and by whom.
    """CREATE TABLE leases (
        fingerprint TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        heartbeat REAL NOT NULL
    )""",
)


def connected(path: Path | None, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection to a store of this version, made if there is none (not if ``read_only``).

    Raises DistillError, which names the file and says what to do.
    """
    try:
        if path is None:
            connection = sqlite3.connect(":memory:", isolation_level=None)
        elif read_only:
            connection = _connected_to_read(path)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_S)
        try:
            _prepare(connection, path, read_only=read_only)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise explain(path, error) from error
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error
    return connection


def _connected_to_read(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise NotStored(f"{path}: there is no store to replay from; run once without --replay")
    address = path.resolve().as_uri()
    connection = sqlite3.connect(f"{address}?mode=rw", uri=True, isolation_level=None, timeout=BUSY_S)
    try:
        connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        if error_code(error) not in _UNWRITABLE:
            raise
        # On a read-only file system the files that WAL needs beside the store cannot be made.
        connection = sqlite3.connect(f"{address}?immutable=1", uri=True, isolation_level=None)
    return connection


def _prepare(connection: sqlite3.Connection, path: Path | None, *, read_only: bool) -> None:
    # Empty first: another program's file must not even be switched to WAL.
    if not read_only and _is_empty(connection):
        _use_wal(connection)
        _make(connection)
    version = _number(connection, "user_version")
    if _number(connection, "application_id") != APPLICATION:
        raise DistillError(f"{path}: an SQLite file of another program, not a store; name another file")
    if version != VERSION:
        raise DistillError(
            f"{path}: a store of version {version}, and this distill-tests knows version {VERSION}; "
            "upgrade distill-tests, or move the file away, or run with --no-store"
        )


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL; SQLite does not wait for another process that is just doing the same."""
    give_up = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchone()
            return
        except sqlite3.OperationalError as error:
            if error_code(error) not in _BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.02)


def _make(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _is_empty(connection):
            for statement in SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id={APPLICATION}")
            connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


# --- what went wrong ----------------------------------------------------------------------------

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNWRITABLE = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
}
LASTING = _DAMAGED | _UNWRITABLE | {sqlite3.SQLITE_FULL}


def explain(path: Path | None, error: sqlite3.Error) -> DistillError:
    """The error in words: which file, what is wrong with it, what to do."""
    code = error_code(error)
    if code in _DAMAGED:
        return DistillError(
            f"{path}: the store is damaged ({error}); move it and its -wal and -shm files away "
            "(its replies are then asked again), or run with --no-store"
        )
    if code == sqlite3.SQLITE_FULL:
        return DistillError(
            f"{path}: cannot store replies, the disk is full; free some space and run again: "
            "what was stored is kept"
        )
    if code in _BUSY:
        return DistillError(f"{path}: another program has kept the store locked for {BUSY_S:.0f} s")
    if code in _UNWRITABLE:
        return _unwritable(path, str(error))
    return DistillError(f"{path}: the store cannot be used ({error})")


def _unwritable(path: Path | None, why: str) -> DistillError:
    return DistillError(
        f"{path}: cannot write the store ({why}); make the folder writable, or run with --no-store"
    )


def error_code(error: sqlite3.Error) -> int:
    # The low byte is the kind of error, the rest its variety.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
