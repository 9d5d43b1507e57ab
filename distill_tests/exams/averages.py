"""Accuracies of exam answers: micro, macro over tasks, the mean over settings; with intervals.  Pure.

All of them are weighted means of right (1) and wrong (0).  *micro* gives each answer the same weight; *macro*
is the mean over tasks of each task's share; *mean of settings* the plain mean of the numbers of the settings,
as E-EVAL's table has it.  The interval is Korn and Graubard's (1998): Clopper-Pearson at the n that the
weighted, clustered answers are worth, from the linearised values (Binder 1983).  The variation between tasks
counts as variation, which makes the interval of a macro average rather too wide than too narrow.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from distill_tests.inference.clustered import clustered_mean, clustered_rate, no_narrower_than_clean
from distill_tests.inference.clustering import design
from distill_tests.inference.intervals import clopper_pearson_effective, one_sided, t_quantile
from distill_tests.types import Estimate

Average: TypeAlias = Literal["micro", "macro"]
LEVEL = 0.95
CORRECT, INVALID = "correct", "invalid"
"""The marks of an answer; an answer to a question without a known answer has the second only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One scored answer to a question with a known answer.

    ``gold`` and ``chosen`` are letters as they were shown, ``chosen`` None for an invalid answer;
    ``options`` how many there were.  ``item`` is the same for every setting and order of the options.
    """

    item: str
    correct: float
    setting: str
    task: str
    options: int
    gold: str
    chosen: str | None
    order: int = 0
    original: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    clusters: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        return self.groups.get("clean") != "no"


def answer_of(
    marks: Mapping[str, float],
    details: Mapping[str, Any],
    groups: Mapping[str, str],
    clusters: Mapping[str, str],
) -> Answer | None:
    """The answer that a score and its case tell of; None where it is not scored against a known answer."""
    if CORRECT not in marks or details.get("gold") is None:
        return None
    return Answer(
        item=clusters["item"],
        correct=marks[CORRECT],
        setting=groups["setting"],
        task=groups["task"],
        options=details["options"],
        gold=details["gold"],
        chosen=details["chosen"],
        order=details["order"],
        original=details["original"],
        groups=groups,
        clusters=clusters,
    )


def accuracy(
    answers: Sequence[Answer],
    *,
    average: Average = "micro",
    over_settings: bool = False,
    level: float = LEVEL,
) -> Estimate:
    """The share of right answers; ``over_settings``: the plain mean of the settings' own averages."""
    if not answers:
        return Estimate(value=None, low=None, high=None, n=0, level=level, method="nothing is scored")
    values = [answer.correct for answer in answers]
    clusters = common_clusters(answers)
    weights = _weights(answers, average=average, over_settings=over_settings)
    if weights is None:
        return clustered_rate(values, clusters, level=level)
    return weighted_rate(values, weights, clusters, level=level)


def possible(
    answers: Sequence[Answer],
    unknown: Sequence[Answer],
    *,
    average: Average = "micro",
    over_settings: bool = False,
) -> tuple[float, float]:
    """The accuracy had all of the ``unknown`` been wrong, and had all been right."""
    every = [*answers, *unknown]
    weights = _weights(every, average=average, over_settings=over_settings) or [1.0 / len(every)] * len(every)
    right = math.fsum(weight * one.correct for weight, one in zip(weights, answers, strict=False))
    return right, min(1.0, right + math.fsum(weights[len(answers) :]))


def unanswered(groups: Mapping[str, str], clusters: Mapping[str, str]) -> Answer:
    """Stands for an answer that is missing or was not asked for: wrong, of no letter."""
    return Answer(
        item=clusters["item"],
        correct=0.0,
        setting=groups["setting"],
        task=groups["task"],
        options=0,
        gold="",
        chosen=None,
        groups=groups,
        clusters=clusters,
    )


def invalid_rate(answers: Sequence[Answer], *, level: float = LEVEL) -> Estimate:
    """The share of answers in which no letter, or more than one, was found."""
    if not answers:
        return Estimate(value=None, low=None, high=None, n=0, level=level, method="nothing is scored")
    values = [float(answer.chosen is None) for answer in answers]
    return clustered_rate(values, common_clusters(answers), level=level)


def weighted_rate(
    values: Sequence[float],
    weights: Sequence[float],
    clusters: Sequence[Mapping[str, str]],
    *,
    level: float = LEVEL,
) -> Estimate:
    """The weighted mean of 0/1 values, with an interval for clusters like these; ``weights`` add up to 1."""
    mean = math.fsum(weight * value for weight, value in zip(weights, values, strict=True))
    plain = clustered_rate(values, clusters, level=level)
    if plain.low is None or min(values) == max(values):
        return replace(plain, value=mean, total=None)
    n = len(values)
    linear = [mean + n * weight * (value - mean) for weight, value in zip(weights, values, strict=True)]
    found = design(linear, clusters)
    if not found.variance:
        return replace(plain, value=mean, total=None)
    worth = min(float(n), mean * (1.0 - mean) / found.variance)
    shrink = t_quantile(one_sided(level), n - 1) / t_quantile(one_sided(level), found.fewest - 1)
    interval = clopper_pearson_effective(mean, worth * shrink**2, level=level)
    low, high = no_narrower_than_clean(interval, found, (0.0, 1.0), level)
    return replace(
        plain,
        value=mean,
        low=low,
        high=high,
        method=f"Korn-Graubard, weighted, {100 * level:g} % two-sided",
        total=None,
        effective_n=worth,
        design_effect=n / worth,
    )


def difference(
    new: Sequence[Answer], old: Sequence[Answer], *, level: float = LEVEL
) -> tuple[Estimate, int, int]:
    """The mean of new - old over the items that both answered, and how many became right, and wrong.

    Of an item that was asked in several orders the mean counts.
    """
    before, after = _by_item(old), _by_item(new)
    common = [item for item in after if item in before]
    nothing = Estimate(value=None, low=None, high=None, n=0, level=level, method="no item was asked in both")
    if not common:
        return nothing, 0, 0
    changes = [_mean(after[item]) - _mean(before[item]) for item in common]
    clusters = common_clusters([after[item][0] for item in common])
    told = clustered_mean(changes, clusters, level=level, scale=(-1.0, 1.0))
    return told, sum(change > 0 for change in changes), sum(change < 0 for change in changes)


def possible_difference(
    new: tuple[Sequence[Answer], Sequence[Answer]], old: tuple[Sequence[Answer], Sequence[Answer]]
) -> tuple[float, float] | None:
    """The ends of :func:`difference`, each setting given as its answers and those that are unknown.

    None where no item is asked in both settings.
    """
    after, before = _ends_by_item(*new), _ends_by_item(*old)
    common = [item for item in after if item in before]
    if not common:
        return None
    least = math.fsum(after[item][0] - before[item][1] for item in common)
    most = math.fsum(after[item][1] - before[item][0] for item in common)
    return least / len(common), most / len(common)


def majority_baseline(answers: Sequence[Answer]) -> float | None:
    """What naming the letter that is right most often would score: the best constant answer."""
    if not answers:
        return None
    return max(Counter(answer.gold for answer in answers).values()) / len(answers)


def random_baseline(answers: Sequence[Answer]) -> float | None:
    """What guessing among each item's options would score on average."""
    if not answers:
        return None
    return math.fsum(1.0 / answer.options for answer in answers) / len(answers)


def common_clusters(answers: Sequence[Answer]) -> list[dict[str, str]]:
    """For each answer its clusters, in the dimensions that all have; the item where there are none."""
    names = [name for name in answers[0].clusters if all(name in one.clusters for one in answers)]
    if not names:
        return [{"item": answer.item} for answer in answers]
    return [{name: answer.clusters[name] for name in names} for answer in answers]


def _weights(answers: Sequence[Answer], *, average: Average, over_settings: bool) -> list[float] | None:
    """The weight of each answer, together 1; None where all weigh the same."""
    if average == "micro" and not over_settings:
        return None
    setting_of = [answer.setting if over_settings else "" for answer in answers]
    task_of = [answer.task if average == "macro" else "" for answer in answers]
    cells = Counter(zip(setting_of, task_of, strict=True))
    tasks = Counter(setting for setting, _ in cells)
    weights = [
        1.0 / len(tasks) / tasks[setting] / cells[setting, task]
        for setting, task in zip(setting_of, task_of, strict=True)
    ]
    return None if max(weights) - min(weights) <= 1e-12 * max(weights) else weights


def _by_item(answers: Sequence[Answer]) -> dict[str, list[Answer]]:
    found: dict[str, list[Answer]] = {}
    for answer in answers:
        found.setdefault(answer.item, []).append(answer)
    return found


def _ends_by_item(answers: Sequence[Answer], unknown: Sequence[Answer]) -> dict[str, tuple[float, float]]:
    """The least and the most that each item's mean could be."""
    open_of = Counter(one.item for one in unknown)
    found = {}
    for item, group in _by_item([*answers, *unknown]).items():
        right = math.fsum(one.correct for one in group)  # an unknown answer stands there as wrong
        found[item] = (right / len(group), (right + open_of[item]) / len(group))
    return found


def _mean(answers: Sequence[Answer]) -> float:
    return math.fsum(answer.correct for answer in answers) / len(answers)
