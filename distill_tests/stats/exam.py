"""What gates of an exam are put on: accuracy in its averages, invalid answers, orders, letters, settings.

Only the micro accuracy over everything that was asked, and the invalid rate, are plain means of answers,
which a gate can decide before the end; other accuracies and invalid rates are decided where what is missing
could not change the verdict, the rest on the whole set (``distill_tests/exams/averages.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from distill_tests.exams.averages import (
    CORRECT,
    INVALID,
    Answer,
    Average,
    answer_of,
    difference,
    possible,
    unanswered,
)
from distill_tests.exams.averages import accuracy as average_of
from distill_tests.exams.letters import distance_by_chance, position_distance, positions
from distill_tests.exams.letters import order_consistency as consistency_of
from distill_tests.gates.cells import POSSIBLE, case_values, cells
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
PART: Mapping[str, Any] = {
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
    "setting": SETTING,
    **PART,
}


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
    setting: str | None = None,
    where: Mapping[str, str] | None = None,
    rows: Literal["all", "clean"] = "all",
) -> Estimate:
    """The share of right answers; an invalid answer is wrong, an unanswered question is missing."""
    written = {"average": average, "over": over, "setting": setting, "where": where, "rows": rows}
    if is_plain_accuracy({key: value for key, value in written.items() if value is not None}):
        return rate(cells(sample, correct_mark), level=sample.level)
    chosen = list(_answers(sample, setting=setting, where=where, rows=rows))
    told = average_of(chosen, average=average, over_settings=over is not None, level=sample.level)
    unknown = list(_unknown(sample, correct_mark, setting=setting, where=where, rows=rows))
    if not chosen and not unknown:
        return _whole(told, sample)
    ends = possible(chosen, unknown, average=average, over_settings=over is not None)
    return _whole(told, sample, ends)


@statistic("invalid_rate", cell=invalid_mark, is_mean=is_of_all, options={"setting": SETTING, **PART})
def invalid_rate(
    sample: Sample,
    *,
    setting: str | None = None,
    where: Mapping[str, str] | None = None,
    rows: Literal["all", "clean"] = "all",
) -> Estimate:
    """The share of answers in which no letter, or more than one, was found; also of unknown answers."""
    part = _part(sample, setting=setting, where=where, rows=rows)
    found = cells(part, invalid_mark)
    told = rate(found, level=sample.level)
    if part is sample:
        return told
    if not found.declared:
        return _whole(told, sample, cell=invalid_mark)
    invalid = math.fsum(found.values)
    others = found.declared - len(found.values)
    ends = (invalid / found.declared, (invalid + others) / found.declared)
    return _whole(told, sample, ends, cell=invalid_mark)


@statistic("order_consistency", options={"setting": SETTING, **PART})
def order_consistency(
    sample: Sample,
    *,
    setting: str | None = None,
    where: Mapping[str, str] | None = None,
    rows: Literal["all", "clean"] = "all",
) -> Estimate:
    """Of the questions asked in every cyclic order of their options, the share with one choice throughout."""
    chosen = list(_answers(sample, setting=setting, where=where, rows=rows))
    return _whole(consistency_of(chosen, level=sample.level), sample)


@statistic("position_bias", options={"setting": SETTING, **PART})
def position_bias(
    sample: Sample,
    *,
    setting: str | None = None,
    where: Mapping[str, str] | None = None,
    rows: Literal["all", "clean"] = "all",
) -> Estimate:
    """How far the chosen letters are from the right ones: total variation, 0 (alike) to 1."""
    chosen = list(_answers(sample, setting=setting, where=where, rows=rows))
    told, found = position_distance(chosen, level=sample.level), positions(chosen)
    details = {
        "chosen": dict(found.chosen),
        "right": dict(found.right),
        "by_chance": distance_by_chance(chosen),
    }
    return _whole(replace(told, details=details), sample)


@statistic(
    "setting_difference",
    scale=(-1, 1),
    options={
        "new": {**SETTING, "description": "The setting that is compared."},
        "old": {**SETTING, "description": "What it is compared with.", "examples": ["5-shot"]},
        **PART,
    },
)
def setting_difference(
    sample: Sample,
    *,
    new: str = "",
    old: str = "",
    where: Mapping[str, str] | None = None,
    rows: Literal["all", "clean"] = "all",
) -> Estimate:
    """The accuracy in one setting less that in another, over the questions that both answered."""
    if not new or not old:
        raise ValueError("say which settings are compared: new: … and old: …")
    told, better, worse = difference(
        list(_answers(sample, setting=new, where=where, rows=rows)),
        list(_answers(sample, setting=old, where=where, rows=rows)),
        level=sample.level,
    )
    return _whole(replace(told, details={"became_right": better, "became_wrong": worse}), sample)


def _answers(
    sample: Sample, *, setting: str | None, where: Mapping[str, str] | None, rows: str
) -> Iterator[Answer]:
    part = _part(sample, setting=setting, where=where, rows=rows)
    for outcome in part.outcomes:
        for trial in outcome.trials:
            if trial.score.value is None:
                continue
            found = answer_of(
                trial.score.marks, trial.score.details, outcome.case.groups, outcome.case.clusters
            )
            if found is not None:
                yield found


def _unknown(
    sample: Sample,
    cell: Callable[[Trial], float | None],
    *,
    setting: str | None,
    where: Mapping[str, str] | None,
    rows: str,
) -> Iterator[Answer]:
    """A stand-in for each answer of the part that is missing or was not asked for."""
    part = _part(sample, setting=setting, where=where, rows=rows)
    lacking = [
        (outcome.case, case_values(outcome, cell, repeats=sample.repeats).count(None))
        for outcome in part.outcomes
    ]
    lacking += [(case, sample.repeats) for case in (*part.failed, *part.undrawn)]
    for case, times in lacking:
        for _ in range(times):
            yield unanswered(case.groups, case.clusters)


def _part(sample: Sample, *, setting: str | None, where: Mapping[str, str] | None, rows: str) -> Sample:
    """The cases of the sample that are meant; raises ValueError where a filter names none that there is."""
    wanted = {**(where or {}), **({"setting": setting} if setting else {})}
    if not wanted and rows == "all":
        return sample
    every = (*(outcome.case for outcome in sample.outcomes), *sample.failed, *sample.undrawn)
    for name, value in wanted.items():
        known = sorted({case.groups[name] for case in every if name in case.groups})
        if value not in known:
            raise ValueError(f"no question has the {name} {value!r}; there are: {', '.join(known) or 'none'}")
    if rows == "clean":
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
