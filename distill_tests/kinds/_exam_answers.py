"""The answers in the records of a run: spec by spec, target by target, setting by setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from distill_tests.exams.averages import INVALID, Answer, answer_of
from distill_tests.types import Estimate, Number

Record = Mapping[str, Any]
LEVEL_OF_INTERVALS: Final = "Intervals: 95 %, two-sided, for questions like these; cluster: {cluster}."


class Likelihood(NamedTuple):
    """How much of the model's probability the letters have; whether none could overtake, unseen."""

    captured: float
    is_sure: bool


class Subject(NamedTuple):
    """The answers of one spec on one target, setting by setting."""

    spec: str
    target: str
    title: str
    by_setting: dict[str, list[Answer]]
    missing: dict[str, int]
    unknown: dict[str, list[bool]]
    """Whether each answer to a question without a known answer is invalid."""
    likelihoods: dict[str, list[Likelihood]]

    @property
    def answers(self) -> list[Answer]:
        return [answer for answers in self.by_setting.values() for answer in answers]


def subjects_of(records: Sequence[Record]) -> Sequence[Subject]:
    subjects: dict[tuple[str, str], Subject] = {}
    for row in records:
        if row["type"] != "case" or row["verdict"] == "skipped":
            continue
        key = (row["spec"], row["target"])
        if key not in subjects:
            control = ", without the questions" if row["groups"].get("asked") else ""
            title = f"{row['title']} ({row['target']}{control})"
            subjects[key] = Subject(row["spec"], row["target"], title, {}, {}, {}, {})
        _add(subjects[key], row)
    return [_in_order(subject) for subject in subjects.values()]


def _in_order(subject: Subject) -> Subject:
    """With its settings in an order of their own: cases are asked, and recorded, in a random one."""
    names = sorted(subject.by_setting, key=_place)
    return subject._replace(
        by_setting={name: subject.by_setting[name] for name in names},
        missing={name: subject.missing[name] for name in names},
        unknown={name: subject.unknown[name] for name in names if name in subject.unknown},
        likelihoods={name: subject.likelihoods[name] for name in names if name in subject.likelihoods},
    )


def _place(setting: str) -> tuple[int, str]:
    """Fewer shots first; of as many answer-only, then chain of thought, then likelihood."""
    shots, _, rest = setting.partition("-")
    return (int(shots) if shots.isdecimal() else 0, rest)


def _add(subject: Subject, row: Record) -> None:
    setting = row["groups"]["setting"]
    subject.by_setting.setdefault(setting, [])
    subject.missing.setdefault(setting, 0)
    if not row["trials"]:
        subject.missing[setting] += 1
    for trial in row["trials"]:
        score = trial["score"]
        if score["value"] is None:
            subject.missing[setting] += 1
            continue
        if "captured" in score["details"]:
            read = Likelihood(score["details"]["captured"], bool(score["details"]["sure"]))
            subject.likelihoods.setdefault(setting, []).append(read)
        found = answer_of(score["marks"], score["details"], row["groups"], row["clusters"])
        if found is not None:
            subject.by_setting[setting].append(found)
        elif INVALID in score["marks"]:
            subject.unknown.setdefault(setting, []).append(bool(score["marks"][INVALID]))


def split(answers: Sequence[Answer], dimension: Sequence[str]) -> dict[str, list[Answer]]:
    """The answers by their labels in a dimension; those without one are in no part."""
    parts: dict[str, list[Answer]] = {}
    head = " x ".join(dimension)
    for answer in answers:
        if all(name in answer.groups for name in dimension):
            labels = " ".join(answer.groups[name] for name in dimension)
            parts.setdefault(f"{head}: {labels}", []).append(answer)
    return parts


def by_setting_of(answers: Sequence[Answer]) -> dict[str, list[Answer]]:
    found: dict[str, list[Answer]] = {}
    for answer in answers:
        found.setdefault(answer.setting, []).append(answer)
    return found


def intervals_note(answers: Sequence[Answer]) -> str:
    has_passages = any("passage" in answer.clusters for answer in answers)
    return LEVEL_OF_INTERVALS.format(
        cluster="the passage that questions share" if has_passages else "the question"
    )


def number(told: Estimate) -> Number:
    return Number(value=told.value, low=told.low, high=told.high, n=told.n)
