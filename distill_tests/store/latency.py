"""How long calls to a model took, from the replies in a store; for ``--plan``."""

from __future__ import annotations

import json
import sqlite3
import statistics
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from distill_tests.errors import DistillError
from distill_tests.store.file import connected

NEWEST = 500


def typical_latency_s(path: Path, *, provider: str, names: Collection[str]) -> float | None:
    """The median latency, in seconds, of the newest stored replies of a provider's model; None without any.

    ``names``: what the model may be called in its requests.  Never raises: a plan can do without.
    """
    if not path.exists():
        return None
    try:
        with closing(connected(path, read_only=True)) as connection:
            rows = connection.execute(
                "SELECT request, reply FROM replies ORDER BY received_at DESC LIMIT ?", (NEWEST,)
            ).fetchall()
    except (DistillError, sqlite3.Error):
        return None
    latencies = [reply["latency_s"] for request, reply in _read(rows) if _is(request, provider, names)]
    known = [latency for latency in latencies if latency is not None]
    return statistics.median(known) if known else None


def _read(rows: list[tuple[str, str]]) -> list[tuple[dict[str, object], dict[str, float | None]]]:
    return [(json.loads(request), {"latency_s": None, **json.loads(reply)}) for request, reply in rows]


def _is(request: dict[str, object], provider: str, names: Collection[str]) -> bool:
    identifies = request["identifies"]
    return (
        request["provider"] == provider and isinstance(identifies, dict) and identifies.get("model") in names
    )
