"""A run directory as a baseline: the records of one spec on one model, and the answers in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from distill_tests.errors import DataError
from distill_tests.gates.baselines.measured import Measured
from distill_tests.record import Record, Run
from distill_tests.rundir import RUN_FILE, read_run
from distill_tests.types import (
    Case,
    Exchange,
    Message,
    Model,
    Outcome,
    Place,
    Reply,
    Request,
    Sampling,
    Score,
    Span,
    Trial,
    Usage,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The records of one spec on one model in a run."""

    run: str
    target: str
    spec: str
    rows: tuple[Record, ...]

    @property
    def cases(self) -> dict[str, Record]:
        """The last record of each case: a rerun's replaces the one that it repeats."""
        return {row["id"]: row for row in self.rows if row["type"] == "case"}

    @property
    def answered(self) -> dict[str, Record]:
        """The cases that have answers."""
        return {name: row for name, row in self.cases.items() if row["trials"]}

    @property
    def set_sha256(self) -> str | None:
        """The hash of the declared set."""
        return next((row["set_sha256"] for row in self.rows if row["set_sha256"]), None)

    @property
    def judge(self) -> Mapping[str, Any] | None:
        """The judge with its version, where the run tells it."""
        return next((row["judge"] for row in self.rows if row.get("judge")), None)

    @property
    def name(self) -> str:
        """Whose answers these are, such as ``qwen-max in 20250131T100000Z-1a2b3c4d``."""
        return f"{self.target} in {self.run}"


def recorded_in(path: Path) -> Sequence[Recorded]:
    """What a run holds, one for each spec and model; raises DataError for a file that is no run."""
    file = path / RUN_FILE if path.is_dir() else path
    try:
        stat = file.stat()
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from error
    return _recorded(file, (stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=4)
def _recorded(file: Path, stamp: tuple[int, int]) -> Sequence[Recorded]:  # noqa: ARG001 - part of the key
    run: Run = read_run(file)
    groups: dict[tuple[str, str], list[Record]] = {}
    for row in run.records:
        if row["type"] != "spec":
            groups.setdefault((row["spec"], row["target"]), []).append(row)
    name = file.parent.name or file.name
    return tuple(
        Recorded(run=name, target=target, spec=spec, rows=tuple(rows))
        for (spec, target), rows in groups.items()
    )


def measured_run(found: Recorded) -> Measured:
    """The answers of a run with the verdicts that it gave them; raises DataError for rows it cannot use."""
    try:
        outcomes = {name: _outcome(row, found.target) for name, row in found.answered.items()}
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{found.name}: not as this version writes it: {error!r}") from error
    return Measured(name=found.name, outcomes=outcomes)


# --- records as the nouns they were made of -------------------------------------------------------


def _outcome(row: Record, target: str) -> Outcome:
    place = Place(path=row["path"], line=row["line"], column=1)
    case = Case(id=row["id"], data=None, place=place, tags=tuple(row["tags"]), clusters=dict(row["clusters"]))
    model = _model(target)
    return Outcome(
        case=case, target=model, trials=tuple(map(_trial, row["trials"])), seconds=float(row["seconds"])
    )


def _trial(told: Record) -> Trial:
    score = told["score"]
    return Trial(
        exchanges=tuple(map(_exchange, told["exchanges"])),
        answer=told["answer"],
        score=Score(
            value=score["value"],
            label=score["label"],
            reason=score["reason"],
            evidence=tuple(Span(**span) for span in score["evidence"]),
            marks=score["marks"],
            claimed=score["claimed"],
            unsure=score["unsure"],
            judge=score["judge"],
            details=score["details"],
        ),
        cut_off=told["cut_off"],
    )


def _exchange(told: Record) -> Exchange:
    """What was asked and said; images and log-probabilities are not in a record."""
    sampling, reply = dict(told["sampling"]), dict(told["reply"])
    usage = reply.pop("usage")
    messages = tuple(Message(role=one["role"], text=one["text"]) for one in told["messages"])
    return Exchange(
        request=Request(
            model=_model(told["model"]),
            messages=messages,
            sampling=Sampling(**{**sampling, "stop": tuple(sampling["stop"])}),
            sample=told["sample"],
        ),
        reply=Reply(
            **reply,
            usage=Usage(input_tokens=usage["input"], output_tokens=usage["output"]) if usage else None,
        ),
    )


def _model(alias: str) -> Model:
    return Model(alias=alias, provider="", model=alias)
