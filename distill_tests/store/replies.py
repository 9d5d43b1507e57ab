"""Replies as the store keeps them, and which of them a run may use."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from distill_tests.errors import DistillError
from distill_tests.store.codec import decoded, encoded
from distill_tests.store.database import Database
from distill_tests.store.process import is_alive, this_process
from distill_tests.types import Json, Reply

LIVENESS_S = 2.0
"""For so long it is taken as known whether another run still runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which stored replies a run may use; see the package's docstring."""

    replay: bool = False
    refresh: bool = False
    reuse: bool = False
    max_age_s: float | None = None


class Found(NamedTuple):
    """A stored reply.  ``ours``: this run asked for it; ``received_at``: epoch seconds."""

    reply: Reply
    received_at: float
    ours: bool


class Claim(NamedTuple):
    """Either the reply, or the right to ask for it, or neither: another process is asking."""

    found: Found | None
    granted: bool


class Candidate(NamedTuple):
    """A stored reply to the very request, before the policy has had its say."""

    run_id: str
    received_at: float
    is_open: bool
    reply: str


def may_use(
    candidate: Candidate,
    *,
    policy: Policy,
    run_id: str,
    started: float,
    now: float,
    revision: str | None,
    run_is_alive: Callable[[str], bool],
) -> bool:
    """Whether this run (``run_id``, begun at ``started``) may use a reply that is in the store."""
    if candidate.run_id == run_id:
        return True
    if policy.max_age_s is not None and candidate.received_at < now - policy.max_age_s:
        return False
    if candidate.received_at >= started:
        return True
    if policy.refresh:
        return False
    if policy.replay or policy.reuse or revision is not None:
        return True
    return candidate.is_open and not run_is_alive(candidate.run_id)


class Store:
    """The replies of every run, each durable before anybody sees it.

    Every method returns at once, with a Future; ``path`` ``None`` keeps all in memory.  The file is
    opened by the first call, whose future (like every later one) gets a DistillError if it cannot be.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        run_id: str,
        policy: Policy | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path, self.run_id = path, run_id
        self._policy = policy or Policy()
        self._clock = clock
        self._owner = str(this_process())
        self._started: float | None = None
        self._alive: dict[str, tuple[float, bool]] = {}
        self._database = Database(path, read_only=self._policy.replay, pulse=self._beat)

    # --- runs -----------------------------------------------------------------------------------

    def begin_run(self) -> Future[None]:
        """Say that this process works on the run; any number of processes may, at any time."""

        def step(connection: sqlite3.Connection) -> None:
            self._join(connection)

        return self._database.do(step, writes=not self._policy.replay)

    def finish_run(self, *, interrupted: bool, partial: bool = False) -> Future[None]:
        """Say how the run ended; what that means for later ones stands in the package's docstring."""

        def step(connection: sqlite3.Connection) -> None:
            if self._policy.replay:
                return
            self._join(connection)
            if not interrupted:
                self._close_replies(connection, partial=partial)
            connection.execute(
                "UPDATE runs SET state = ?, finished_at = ? WHERE id = ?",
                ("interrupted" if interrupted else "finished", self._clock(), self.run_id),
            )

        return self._database.do(step, writes=not self._policy.replay, durable=not self._policy.replay)

    def close(self) -> None:
        """Give back every lease, write what is waiting and close the file."""
        if not self._policy.replay:
            self._database.do(self._leave)
        self._database.close()

    # --- replies --------------------------------------------------------------------------------

    def find(self, fingerprint: str, *, revision: str | None) -> Future[Found | None]:
        """The reply this run may use for the request, if there is one."""

        def step(connection: sqlite3.Connection) -> Found | None:
            self._join(connection)
            return self._found(connection, fingerprint, revision)

        return self._database.do(step, writes=not self._policy.replay)

    def claim(self, fingerprint: str, *, revision: str | None) -> Future[Claim]:
        """The reply, or (``granted``) the only right to ask for it until it is saved or released."""

        def step(connection: sqlite3.Connection) -> Claim:
            self._join(connection)
            found = self._found(connection, fingerprint, revision)
            return Claim(found, found is None and self._lease(connection, fingerprint))

        return self._database.do(step)

    def save(self, fingerprint: str, reply: Reply, *, request: Mapping[str, Json]) -> Future[None]:
        """Keep a reply of this run for good and give back its lease.  Done means durable."""
        row = (fingerprint, self.run_id, self._clock(), encoded(reply), json.dumps(request, sort_keys=True))

        def step(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO replies (fingerprint, run_id, received_at, reply, request) "
                "VALUES (?, ?, ?, ?, ?)",
                row,
            )
            self._release(connection, fingerprint)

        return self._database.do(step, durable=True)

    def release(self, fingerprint: str) -> Future[None]:
        """Give back the right to ask: the next one who claims may."""
        return self._database.do(lambda connection: self._release(connection, fingerprint))

    def count(self) -> Future[int]:
        """How many replies this run has kept."""

        def step(connection: sqlite3.Connection) -> int:
            query = "SELECT count(*) FROM replies WHERE run_id = ?"
            return int(connection.execute(query, (self.run_id,)).fetchone()[0])

        return self._database.do(step, writes=False)

    # --- inside the store's thread --------------------------------------------------------------

    def _join(self, connection: sqlite3.Connection) -> float:
        """When the run began; makes this process a member of it at the first call."""
        if self._started is None:
            now = self._clock()
            if not self._policy.replay:
                connection.execute(
                    "INSERT OR IGNORE INTO runs (id, started, state) VALUES (?, ?, 'running')",
                    (self.run_id, now),
                )
                connection.execute("UPDATE runs SET state = 'running' WHERE id = ?", (self.run_id,))
                connection.execute(
                    "INSERT OR REPLACE INTO members VALUES (?, ?, ?)", (self.run_id, self._owner, now)
                )
            row = connection.execute("SELECT started FROM runs WHERE id = ?", (self.run_id,)).fetchone()
            self._started = now if row is None else float(row[0])
        return self._started

    def _found(self, connection: sqlite3.Connection, fingerprint: str, revision: str | None) -> Found | None:
        now, started = self._clock(), self._join(connection)
        for candidate in _candidates(connection, fingerprint, self.run_id):
            if may_use(
                candidate,
                policy=self._policy,
                run_id=self.run_id,
                started=started,
                now=now,
                revision=revision,
                run_is_alive=lambda run_id: self._is_alive(connection, run_id),
            ):
                ours = candidate.run_id == self.run_id
                if candidate.is_open and not ours and not self._policy.replay:
                    connection.execute(
                        "INSERT OR IGNORE INTO uses VALUES (?, ?, ?)",
                        (self.run_id, fingerprint, candidate.run_id),
                    )
                return Found(self._decoded(candidate.reply, fingerprint), candidate.received_at, ours)
        return None

    def _decoded(self, text: str, fingerprint: str) -> Reply:
        try:
            return decoded(text)
        except (ValueError, TypeError, KeyError) as error:
            raise DistillError(
                f"{self.path}: the reply under {fingerprint[:12]} is damaged ({error}); "
                "run with --refresh to ask again"
            ) from error

    def _lease(self, connection: sqlite3.Connection, fingerprint: str) -> bool:
        now = self._clock()
        row = connection.execute(
            "SELECT owner, heartbeat FROM leases WHERE fingerprint = ?", (fingerprint,)
        ).fetchone()
        if row is not None and row[0] != self._owner and is_alive(row[0], heartbeat=row[1], now=now):
            return False
        connection.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?)", (fingerprint, self._owner, now))
        return True

    def _release(self, connection: sqlite3.Connection, fingerprint: str) -> None:
        # The owner is asked for: a lease that was taken over belongs to the other one.
        connection.execute(
            "DELETE FROM leases WHERE fingerprint = ? AND owner = ?", (fingerprint, self._owner)
        )

    def _beat(self, connection: sqlite3.Connection) -> None:
        if self._policy.replay:
            return
        now = self._clock()
        connection.execute("UPDATE members SET heartbeat = ? WHERE owner = ?", (now, self._owner))
        connection.execute("UPDATE leases SET heartbeat = ? WHERE owner = ?", (now, self._owner))

    def _leave(self, connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM members WHERE owner = ?", (self._owner,))
        connection.execute("DELETE FROM leases WHERE owner = ?", (self._owner,))

    def _is_alive(self, connection: sqlite3.Connection, run_id: str) -> bool:
        now = self._clock()
        checked_at, alive = self._alive.get(run_id, (float("-inf"), False))
        if not 0 <= now - checked_at < LIVENESS_S:
            alive = any(
                is_alive(owner, heartbeat=heartbeat, now=now)
                for owner, heartbeat in connection.execute(
                    "SELECT owner, heartbeat FROM members JOIN runs ON runs.id = run_id "
                    "WHERE run_id = ? AND state = 'running'",
                    (run_id,),
                )
            )
            self._alive[run_id] = (now, alive)
        return alive

    def _close_replies(self, connection: sqlite3.Connection, *, partial: bool) -> None:
        """Nothing that this finished run asked, or was resumed from, serves to resume a later one."""
        self._alive.clear()
        dead = [
            run_id
            for (run_id,) in connection.execute("SELECT DISTINCT run_id FROM replies WHERE open").fetchall()
            if run_id == self.run_id or not self._is_alive(connection, run_id)
        ]
        for run_id in dead:
            connection.execute(
                "UPDATE replies SET open = 0 WHERE open AND run_id = :dead AND fingerprint IN ("
                "SELECT fingerprint FROM replies WHERE run_id = :me "
                "UNION SELECT fingerprint FROM uses WHERE run_id = :me)",
                {"dead": run_id, "me": self.run_id},
            )
        if not partial:
            for run_id in set(_ancestors(connection, self.run_id)) & set(dead):
                connection.execute("UPDATE replies SET open = 0 WHERE open AND run_id = ?", (run_id,))
                connection.execute("UPDATE runs SET state = 'closed' WHERE id = ?", (run_id,))
        connection.execute("DELETE FROM uses WHERE run_id = ?", (self.run_id,))


def _candidates(connection: sqlite3.Connection, fingerprint: str, run_id: str) -> Iterator[Candidate]:
    """Stored replies to the request: this run's own first, then the newest."""
    for row in connection.execute(
        "SELECT run_id, received_at, open, reply FROM replies WHERE fingerprint = ? "
        "ORDER BY run_id = ? DESC, received_at DESC, rowid DESC",
        (fingerprint, run_id),
    ):
        yield Candidate(row[0], row[1], bool(row[2]), row[3])


def _ancestors(connection: sqlite3.Connection, run_id: str) -> list[str]:
    """The runs it was resumed from, and those they were resumed from."""
    rows = connection.execute(
        "WITH RECURSIVE chain(id) AS (SELECT source_run FROM uses WHERE run_id = ? "
        "UNION SELECT source_run FROM uses JOIN chain ON uses.run_id = chain.id) SELECT id FROM chain",
        (run_id,),
    )
    return [row[0] for row in rows if row[0] != run_id]
