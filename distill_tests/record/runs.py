"""A run: what it is, and its records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from distill_tests.record.totals import Totals
from distill_tests.record.values import SCHEMA, Record, fields_of, plain
from distill_tests.types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMeta:
    """What a run is, beside its records.

    ``directory`` is where its report stands, as people type it; ``totals`` and ``served`` are the
    engine's own counts, where they are known (else the records' are summed); times are UTC, ISO
    8601.
    """

    id: str
    started_at: str
    finished_at: str | None = None
    seconds: float = 0.0
    directory: str = ""
    version: str = ""
    python: str = ""
    platform: str = ""
    command: tuple[str, ...] = ()
    require_verdict: bool = False
    interrupted: bool = False
    totals: Totals | None = None
    served: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def as_record(self) -> dict[str, Json]:
        """The first line of ``run.jsonl``."""
        row = fields_of(self, RunMeta)
        row["totals"] = fields_of(self.totals, Totals) if self.totals else None
        return {"schema": SCHEMA, "type": "run", **{key: plain(value) for key, value in row.items()}}

    @classmethod
    def from_record(cls, record: Record) -> RunMeta:
        """The inverse of :meth:`as_record`; raises KeyError or TypeError for something else."""
        row = {item.name: record[item.name] for item in fields(cls)}
        row["totals"] = Totals(**row["totals"]) if row["totals"] else None
        row["command"] = tuple(row["command"])
        return cls(**row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as it stands on disk.  ``summary`` is None of a run that did not come to its end."""

    meta: RunMeta
    records: tuple[Record, ...]
    summary: Record | None
    directory: Path
    torn: bool = False
    """Whether the last line was cut off by a crash (and is left out)."""


def cases_of(records: Iterable[Record]) -> list[Record]:
    return [record for record in records if record["type"] == "case"]


def drawn_cases_of(records: Iterable[Record]) -> list[Record]:
    """Without searches: their answers were chosen by what they said, so nothing may be counted in them."""
    return [
        record
        for record in cases_of(records)
        if not any("search" in trial["score"]["details"] for trial in record["trials"])
    ]


def gates_of(records: Iterable[Record]) -> list[Record]:
    return [record for record in records if record["type"] == "gate"]
