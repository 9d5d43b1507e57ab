"""The answers of a run that can be labelled: of one spec on one model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from distill_tests.errors import DataError
from distill_tests.record import Record, Run, cases_of, gates_of

DERIVED = frozenset({"hard"})
"""Marks that follow from another one and the prompt: nothing a person could label."""
FIRST = ("loose", "strict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One judged answer; ``marks`` are the judge's yes-or-no marks, which no sheet shows."""

    id: str
    asked: str
    text: str
    clusters: Mapping[str, str]
    marks: Mapping[str, float]

    @property
    def sha256(self) -> str:
        """Binds a label to the answer it was given for."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One spec on one model in a run: its answers in planned order, and the judge of then.

    ``unscored`` answers have no verdict and are left out.  ``judge`` is None where no gate was recorded.
    """

    run: str
    date: str
    spec: str
    title: str
    target: str
    answers: tuple[Answer, ...]
    unscored: int
    judge: Mapping[str, Any] | None

    @property
    def marks(self) -> tuple[str, ...]:
        """The judge's yes-or-no marks that a person can tell, in the sheet's order."""
        names = {name for answer in self.answers for name in answer.marks} - DERIVED
        return (*(name for name in FIRST if name in names), *sorted(names - set(FIRST)))


def audited(run: Run, *, spec: str | None = None, target: str | None = None) -> Audited:
    """The one spec on one model that is meant; raises DataError, listing them, where several are."""
    cases = {record["node"]: record for record in cases_of(run.records) if _is_asked(record)}
    found: dict[tuple[str, str], list[Record]] = {}
    for record in cases.values():
        if spec in (None, record["spec"]) and target in (None, record["target"]):
            found.setdefault((record["spec"], record["target"]), []).append(record)
    if len(found) != 1:
        known = sorted({(record["spec"], record["target"]) for record in cases.values()})
        listed = "; ".join(f"--spec {one} --target {alias}" for one, alias in known) or "none"
        what = "several specs or targets have" if found else "no such spec and target has"
        raise DataError(f"{run.directory}: {what} judged answers; say which: {listed}")
    [((path, alias), records)] = found.items()
    answers = [answer for record in records for answer in _answers(record)]
    kept = tuple(answer for answer in answers if answer.marks)
    if not kept:
        raise DataError(f"{run.directory}: no answer of {path} on {alias} has a yes-or-no mark of its judge")
    return Audited(
        run=run.meta.id,
        date=run.meta.finished_at or run.meta.started_at,
        spec=path,
        title=str(records[0].get("title", "")),
        target=alias,
        answers=kept,
        unscored=len(answers) - len(kept),
        judge=_judge(run, path, alias),
    )


def _is_asked(record: Record) -> bool:
    """Whether the case was answered; a search chose its prompts and is no sample of anything."""
    return bool(record["trials"]) and "search" not in record["trials"][0]["score"]["details"]


def _judge(run: Run, spec: str, target: str) -> Mapping[str, Any] | None:
    for record in gates_of(run.records):
        if (record["spec"], record["target"]) == (spec, target) and record.get("judge"):
            told: Mapping[str, Any] = record["judge"]
            return told
    return None


def _answers(record: Record) -> Iterator[Answer]:
    trials: Sequence[Record] = record["trials"]
    for number, trial in enumerate(trials, start=1):
        score = trial["score"]
        marks = {
            name: float(mark)
            for name, mark in score["marks"].items()
            if mark in (0, 1) and name not in DERIVED
        }
        yield Answer(
            id=record["id"] if len(trials) == 1 else f"{record['id']}#{number}",
            asked=_asked(trial, record["target"]),
            text=trial["answer"],
            clusters=record["clusters"],
            marks={} if score["value"] is None else marks,
        )


def _asked(trial: Record, target: str) -> str:
    """All that the target was sent before its last answer; one message as it is, more with their roles."""
    own = [one for one in trial["exchanges"] if one["model"] == target]
    messages = own[-1]["messages"] if own else []
    if len(messages) == 1:
        return str(messages[0]["text"])
    return "\n\n".join(f"{message['role']}: {message['text']}" for message in messages)
