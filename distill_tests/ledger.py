"""The controller's books of a run: records as they arrive, totals, and the reports at the end."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from distill_tests import __version__
from distill_tests.engine.sources import described
from distill_tests.errors import DistillError
from distill_tests.record import Record, Run, RunMeta, Totals, absent_record
from distill_tests.registry import Reporter
from distill_tests.rundir import RunWriter, directory_name
from distill_tests.summary import summarise
from distill_tests.types import Json


def utc_now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """Keeps the records of one run and writes each into ``run.jsonl`` when it comes.

    Nothing is written, and no directory made, before the first record.
    """

    def __init__(
        self,
        *,
        rootpath: Path,
        run_id: str,
        command: Sequence[str] = (),
        require_verdict: bool = False,
        redact: Callable[[Json], Json] = lambda value: value,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.records: list[Record] = []
        self.summary: Record | None = None
        self.troubles: list[str] = []
        """What could not be reported, in words."""
        self._redact, self._now = redact, now
        self._started = now()
        self._directory = rootpath / "reports" / directory_name(self._started, run_id)
        self._writer: RunWriter | None = None
        self._totals: Totals | None = None
        self._served: dict[str, list[str]] = {}
        self._meta = RunMeta(
            id=run_id,
            started_at=self._started.isoformat(timespec="seconds"),
            directory=self._directory.relative_to(rootpath).as_posix(),
            version=__version__,
            python=platform.python_version(),
            platform=platform.platform(),
            command=tuple(str(redact(argument)) for argument in command),
            require_verdict=require_verdict,
        )

    def add(self, record: Record) -> None:
        """Take a record in; it is on disk when this returns.

        Raises DistillError, in words, if it cannot be written.
        """
        self._write(record)
        self.records.append(record)

    def begin(self) -> None:
        """Make the run's directory without any record: of a run that ended before its first one."""
        self._write()

    def _write(self, *records: Record) -> None:
        try:
            if self._writer is None:
                self._writer = RunWriter(self._directory, self._meta, redact=self._redact)
                records = (*self.records, *records)
            for record in records:
                self._writer.append(record)
        except OSError as error:
            raise DistillError(
                f"{self._directory}: cannot write the report ({error.strerror or error}); make the folder "
                "writable and run again: replies that are in the store are kept"
            ) from error

    def absent(self, *, node: str, reason: str, broken: bool = False) -> None:
        """List a spec, or one target of it, that was skipped as a whole, or (``broken``) cannot be read."""
        path, _, target = node.partition("::")
        self.records.append(absent_record(node=node, path=path, reason=reason, target=target, broken=broken))

    @property
    def began(self) -> bool:
        """Whether any case or gate has ended."""
        return self._writer is not None

    def count(self, totals: Totals, served: Mapping[str, Sequence[str]]) -> None:
        """Add an engine's totals (this process's, or a worker's)."""
        self._totals = totals if self._totals is None else self._totals + totals
        for alias, names in served.items():
            known = self._served.setdefault(alias, [])
            known += [name for name in names if name not in known]

    def wire(self) -> dict[str, Any]:
        """What a worker knows beside its records, for xdist's wire; see :meth:`count_wire`."""
        totals = dataclasses.asdict(self._totals) if self._totals else None
        absent = [record for record in self.records if record["type"] == "spec"]
        return {"totals": totals, "served": self._served, "absent": absent, "troubles": self.troubles}

    def count_wire(self, wired: Mapping[str, Any]) -> None:
        if wired["totals"]:
            self.count(Totals(**wired["totals"]), wired["served"])
        self.records += [record for record in wired["absent"] if record not in self.records]
        self.troubles += [words for words in wired["troubles"] if words not in self.troubles]

    def trouble(self, what: str, error: Exception) -> None:
        """Keep in words that a report could not be made: no verdict changes, and nobody misses it."""
        words = str(error) if isinstance(error, (DistillError, OSError)) else described(what, error)
        told = words if words.startswith(what) else f"{what}: {words}"
        self.troubles += [told] if told not in self.troubles else []

    def finish(
        self, reporters: Mapping[str, Reporter], *, interrupted: bool, complete: bool = True
    ) -> Record:
        """Write the summary and let every reporter write its own; returns the summary.

        ``complete``: all totals were counted (else the records' are summed).  What cannot be written
        is in ``troubles``.
        """
        assert self._writer is not None, "a run without records has nothing to finish"
        finished = self._now()
        meta = dataclasses.replace(
            self._meta,
            finished_at=finished.isoformat(timespec="seconds"),
            seconds=(finished - self._started).total_seconds(),
            totals=self._totals if complete else None,
            served=self._served,
            interrupted=interrupted,
        )
        self.summary = summarise(meta, self.records)
        try:
            self._writer.finish(self.summary)
        except OSError as error:
            self.trouble("run.jsonl", error)
        run = Run(meta=meta, records=tuple(self.records), summary=self.summary, directory=self._directory)
        for name, reporter in reporters.items():
            try:
                reporter.after(run)
            except Exception as error:  # noqa: BLE001 - a reporter may be a user's code; the others go on
                self.trouble(f"reporter {name!r}", error)
        return self.summary
