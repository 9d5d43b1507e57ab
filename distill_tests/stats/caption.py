"""How good captions are: means of the judge's numbers over them, 0 to 100.

A scored caption without the mark is missing for that mean, not a zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from distill_tests.gates.cells import cells
from distill_tests.gates.estimates import mean
from distill_tests.registry import statistic
from distill_tests.types import Estimate, Sample, Trial

HUNDRED: Final = (0.0, 100.0)
DIMENSIONS: Final = ("accuracy", "completeness", "conciseness", "relevance")
OPTIONS: Final[Mapping[str, Any]] = {
    "language": {
        "type": "string",
        "minLength": 1,
        "description": "Only captions of items in this language; such a gate does not stop early.",
        "examples": ["en"],
    }
}


def accuracy(trial: Trial) -> float | None:
    """Whether what the caption says is true."""
    return trial.score.marks.get("accuracy")


def completeness(trial: Trial) -> float | None:
    """Whether it says what matters."""
    return trial.score.marks.get("completeness")


def conciseness(trial: Trial) -> float | None:
    """Whether it is plain, without repetition and filler."""
    return trial.score.marks.get("conciseness")


def relevance(trial: Trial) -> float | None:
    """Whether all of it is about the image or clip."""
    return trial.score.marks.get("relevance")


def average(trial: Trial) -> float | None:
    """The mean of the four; None where one of them is missing."""
    marks = [trial.score.marks.get(name) for name in DIMENSIONS]
    found = [mark for mark in marks if mark is not None]
    return sum(found) / len(found) if len(found) == len(marks) else None


def score(trial: Trial) -> float | None:
    """The judge's own number."""
    return trial.score.value


def of_all(options: Mapping[str, Any]) -> bool:
    """Whether every caption counts."""
    return "language" not in options


@statistic("mean_accuracy", scale=HUNDRED, cell=accuracy, options=OPTIONS, is_mean=of_all)
def mean_accuracy(sample: Sample, *, language: str | None = None) -> Estimate:
    """The mean accuracy, 0 to 100, every caption counted the same."""
    return _mean(sample, accuracy, language)


@statistic("mean_completeness", scale=HUNDRED, cell=completeness, options=OPTIONS, is_mean=of_all)
def mean_completeness(sample: Sample, *, language: str | None = None) -> Estimate:
    """The mean completeness, 0 to 100."""
    return _mean(sample, completeness, language)


@statistic("mean_conciseness", scale=HUNDRED, cell=conciseness, options=OPTIONS, is_mean=of_all)
def mean_conciseness(sample: Sample, *, language: str | None = None) -> Estimate:
    """The mean conciseness, 0 to 100."""
    return _mean(sample, conciseness, language)


@statistic("mean_relevance", scale=HUNDRED, cell=relevance, options=OPTIONS, is_mean=of_all)
def mean_relevance(sample: Sample, *, language: str | None = None) -> Estimate:
    """The mean relevance, 0 to 100."""
    return _mean(sample, relevance, language)


@statistic("mean_average", scale=HUNDRED, cell=average, options=OPTIONS, is_mean=of_all)
def mean_average(sample: Sample, *, language: str | None = None) -> Estimate:
    """The mean of the four dimensions' average, 0 to 100."""
    return _mean(sample, average, language)


@statistic("mean_score", scale=HUNDRED, cell=score, options=OPTIONS, is_mean=of_all)
def mean_score(sample: Sample, *, language: str | None = None) -> Estimate:
    """The mean of the judge's own number, 0 to 100: overall, or the average of four."""
    return _mean(sample, score, language)


def _mean(sample: Sample, cell: Callable[[Trial], float | None], language: str | None) -> Estimate:
    part = sample if language is None else _in(sample, language)
    return mean(cells(part, cell), scale=HUNDRED, level=sample.level)


def _in(sample: Sample, language: str) -> Sample:
    everything = (*(outcome.case for outcome in sample.outcomes), *sample.failed, *sample.undrawn)
    names = {case.id for case in everything if case.groups.get("language") == language}
    return replace(
        sample,
        outcomes=tuple(outcome for outcome in sample.outcomes if outcome.case.id in names),
        failed=tuple(case for case in sample.failed if case.id in names),
        undrawn=tuple(case for case in sample.undrawn if case.id in names),
        order=tuple(name for name in sample.order if name in names),
    )
