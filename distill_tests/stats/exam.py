"""What gates of an exam are put on: accuracy in its averages, invalid answers, orders, letters, settings.

Only the micro accuracy over everything that was asked, and the invalid rate, are plain means of answers,
which a gate can decide before the end; all others are decided where what is missing could not change the
verdict: a missing answer may be right or wrong, and name any letter (``distill_tests/exams/averages.py`` and
``letters.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple, TypedDict, Unpack

from distill_tests.exams.averages import (
    CORRECT,
    INVALID,
    Answer,
    Average,
    answer_of,
    difference,
    possible,
    possible_difference,
    unanswered,
)
from distill_tests.exams.averages import accuracy as average_of
from distill_tests.exams.letters import (
    distance_by_chance,
    position_distance,
    positions,
    possible_consistency,
    possible_distance,
)
from distill_tests.exams.letters import order_consistency as consistency_of
from distill_tests.gates.cells import POSSIBLE, Cells, case_values, cells
from distill_tests.gates.estimates import rate
from distill_tests.registry import statistic
from distill_tests.types import Estimate, Sample, Trial

_PARTS = ("level", "group", "subject", "task", "split", "language")
SETTING: Mapping[str, Any] = {
    "type": "string",
    "minLength": 1,
    "description": "Only this setting, by its name in reports.",
    "examples": ["5-shot cot"],
}
SLICE: Mapping[str, Any] = {
    "where": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {name: {"type": "string", "minLength": 1} for name in _PARTS},
        "description": "Only these questions, by level, group, subject, task, split or language.",
        "examples": [{"level": "primary"}, {"level": "high", "group": "science"}],
    },
    "rows": {
        "enum": ["all", "clean"],
        "default": "all",
        "description": "clean: without the questions of which the loader knows a fault.",
    },
}
PART: Mapping[str, Any] = {"setting": SETTING, **SLICE}
ACCURACY: Mapping[str, Any] = {
    "average": {
        "enum": ["micro", "macro"],
        "default": "micro",
        "description": "micro: every answer weighs the same; macro: every task does.",
    },
    "over": {
        "enum": ["mean_of_settings"],
        "description": "The plain mean of the settings' own averages, as E-EVAL's table has it.",
    },
    **PART,
}


class Slice(TypedDict, total=False):
    """Which questions are meant; without a key all of them."""

    where: Mapping[str, str]
    rows: Literal["all", "clean"]


class Part(Slice, total=False):
    """Which questions, and in which setting; without a key all of them."""

    setting: str


class Found(NamedTuple):
    """The scored answers of a part, and a stand-in for each that is missing or was not asked for."""

    answers: list[Answer]
    unknown: list[Answer]


def correct_mark(trial: Trial) -> float | None:
    """1 where the right option was named, 0 where not, an invalid answer too; None without a known answer."""
    return trial.score.marks.get(CORRECT)


def invalid_mark(trial: Trial) -> float | None:
    """1 where no letter, or more than one, was found, else 0."""
    return trial.score.marks.get(INVALID)


def is_plain_accuracy(options: Mapping[str, Any]) -> bool:
    """Whether accuracy under these options is the plain mean over all that was asked."""
    return is_of_all(options) and options.get("average", "micro") == "micro" and "over" not in options


def is_of_all(options: Mapping[str, Any]) -> bool:
    """Whether a statistic under these options is of all that was asked, not of a part."""
    return not options.keys() & {"setting", "where"} and options.get("rows", "all") == "all"


@statistic("accuracy", cell=correct_mark, is_mean=is_plain_accuracy, options=ACCURACY)
def accuracy(
    sample: Sample,
    *,
    average: Average = "micro",
    over: Literal["mean_of_settings"] | None = None,
    **part: Unpack[Part],
) -> Estimate:
    """The share of right answers; an invalid answer is wrong, an unanswered question is missing."""
    if is_of_all(part) and average == "micro" and over is None:
        return _of_all(cells(sample, correct_mark), sample.level)
    answers, unknown = _found(_part(sample, **part))
    told = average_of(answers, average=average, over_settings=over is not None, level=sample.level)
    if not answers and not unknown:
        return _whole(told, sample)
    ends = possible(answers, unknown, average=average, over_settings=over is not None)
    return _whole(told, sample, ends)


@statistic("invalid_rate", cell=invalid_mark, is_mean=is_of_all, options=PART)
def invalid_rate(sample: Sample, **part: Unpack[Part]) -> Estimate:
    """The share of answers in which no letter, or more than one, was found; also of unknown answers."""
    meant = _part(sample, **part)
    found = cells(meant, invalid_mark)
    if meant is sample:
        return _of_all(found, sample.level)
    return _whole(rate(found, level=sample.level), sample, _ends(found), cell=invalid_mark)


@statistic("order_consistency", options=PART)
def order_consistency(sample: Sample, **part: Unpack[Part]) -> Estimate:
    """Of the questions asked in every cyclic order of their options, the share with one choice throughout."""
    answers, unknown = _found(_part(sample, **part))
    ends = possible_consistency(answers, unknown)
    return _whole(consistency_of(answers, level=sample.level), sample, ends)


@statistic("position_bias", options=PART)
def position_bias(sample: Sample, **part: Unpack[Part]) -> Estimate:
    """How far the chosen letters are from the right ones: total variation, 0 (alike) to 1."""
    answers, unknown = _found(_part(sample, **part))
    told, found = position_distance(answers, level=sample.level), positions(answers)
    details = {
        "chosen": dict(found.chosen),
        "right": dict(found.right),
        "by_chance": distance_by_chance(answers),
    }
    return _whole(replace(told, details=details), sample, possible_distance(found, len(unknown)))


@statistic(
    "setting_difference",
    scale=(-1, 1),
    options={
        "new": {**SETTING, "description": "The setting that is compared."},
        "old": {**SETTING, "description": "What it is compared with.", "examples": ["5-shot"]},
        **SLICE,
    },
)
def setting_difference(sample: Sample, *, new: str = "", old: str = "", **part: Unpack[Slice]) -> Estimate:
    """The accuracy in one setting less that in another, over the questions that both answered."""
    if not new or not old:
        raise ValueError("say which settings are compared: new: … and old: …")
    after = _found(_part(sample, setting=new, **part))
    before = _found(_part(sample, setting=old, **part))
    told, better, worse = difference(after.answers, before.answers, level=sample.level)
    ends = possible_difference(after, before)
    return _whole(replace(told, details={"became_right": better, "became_wrong": worse}), sample, ends)


def _of_all(found: Cells, level: float) -> Estimate:
    """The share of scored cells that are 1; what it could be with the others, where there are such."""
    told, ends = rate(found, level=level), _ends(found)
    if ends is None or len(found.values) == found.declared:
        return told
    return replace(told, details={**told.details, POSSIBLE: list(ends)})


def _ends(found: Cells) -> tuple[float, float] | None:
    """The share of ones had all that is unknown been 0, and had it been 1."""
    if not found.declared:
        return None
    ones, others = math.fsum(found.values), found.declared - len(found.values)
    return ones / found.declared, (ones + others) / found.declared


def _found(part: Sample) -> Found:
    """What is known of the answers of a part, and what is not."""
    answers = [
        answer_of(trial.score.marks, trial.score.details, outcome.case.groups, outcome.case.clusters)
        for outcome in part.outcomes
        for trial in outcome.trials
        if trial.score.value is not None
    ]
    lacking = [
        (outcome.case, case_values(outcome, correct_mark, repeats=part.repeats).count(None))
        for outcome in part.outcomes
    ]
    lacking += [(case, part.repeats) for case in (*part.failed, *part.undrawn)]
    return Found(
        answers=[answer for answer in answers if answer is not None],
        unknown=[unanswered(case.groups, case.clusters) for case, times in lacking for _ in range(times)],
    )


def _part(sample: Sample, **part: Unpack[Part]) -> Sample:
    """The cases of the sample that are meant; raises ValueError where a filter names none that there is."""
    if is_of_all(part):
        return sample
    wanted = dict(part.get("where", {}))
    if "setting" in part:
        wanted["setting"] = part["setting"]
    every = (*(outcome.case for outcome in sample.outcomes), *sample.failed, *sample.undrawn)
    for name, value in wanted.items():
        known = sorted({case.groups[name] for case in every if name in case.groups})
        if value not in known:
            raise ValueError(f"no question has the {name} {value!r}; there are: {', '.join(known) or 'none'}")
    if part.get("rows") == "clean":
        wanted["clean"] = "yes"

    def meant(groups: Mapping[str, str]) -> bool:
        return all(groups.get(name) == value for name, value in wanted.items())

    outcomes = tuple(outcome for outcome in sample.outcomes if meant(outcome.case.groups))
    failed = tuple(case for case in sample.failed if meant(case.groups))
    asked = {case.id for case in failed} | {outcome.case.id for outcome in outcomes}
    return replace(
        sample,
        outcomes=outcomes,
        failed=failed,
        undrawn=tuple(case for case in sample.undrawn if meant(case.groups)),
        order=tuple(name for name in sample.order if name in asked),
    )


def _whole(
    told: Estimate,
    sample: Sample,
    ends: tuple[float, float] | None = None,
    cell: Callable[[Trial], float | None] = correct_mark,
) -> Estimate:
    """What is missing and not asked is that of the whole set; ``ends``: what the value could be with it."""
    every = cells(sample, cell)
    is_open = ends is not None and bool(every.missing or every.undrawn)
    details = {**told.details, POSSIBLE: list(ends)} if ends and is_open else told.details
    return replace(
        told, missing=every.missing, undrawn=every.undrawn, total=None, about="population", details=details
    )
