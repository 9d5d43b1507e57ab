"""Accuracies of exam answers: micro, macro over tasks, the mean over settings; with intervals.  Pure.

All of them are weighted means of right (1) and wrong (0).  *micro* gives each answer the same weight; *macro*
is the mean over tasks of each task's share; *mean of settings* the plain mean of the numbers of the settings,
as E-EVAL's table has it.  The interval is Korn and Graubard's (1998): Clopper-Pearson at the n that the
weighted, clustered answers are worth, from the linearised values (Binder 1983).  The variation between tasks
counts as variation, which makes the interval of a macro average rather too wide than too narrow.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from distill_tests.inference.bootstrap import bootstrap, fewest_clusters
from distill_tests.inference.clustered import clustered_mean, clustered_rate, no_narrower_than_clean
from distill_tests.inference.clustering import design
from distill_tests.inference.intervals import clopper_pearson_effective, one_sided, t_quantile
from distill_tests.types import Estimate

Average: TypeAlias = Literal["micro", "macro"]
LEVEL = 0.95
RESAMPLES = 400
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


def order_consistency(answers: Sequence[Answer], *, level: float = LEVEL) -> Estimate:
    """Of the items asked in every cyclic order of their options, the share with one choice throughout.

    An item with an invalid answer is not consistent; one of which an order was not scored does not count.
    """
    found: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        found.setdefault((answer.setting, answer.item), []).append(answer)
    whole = [group for group in found.values() if len({one.order for one in group}) == group[0].options]
    if not whole:
        method = "no item was asked in every order of its options"
        return Estimate(value=None, low=None, high=None, n=0, level=level, method=method)
    same = [
        float(len({one.original for one in group}) == 1 and group[0].original is not None) for group in whole
    ]
    return clustered_rate(same, common_clusters([group[0] for group in whole]), level=level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """How often each letter was chosen and how often it was right, of ``n`` answers that name a letter."""

    chosen: Mapping[str, int]
    right: Mapping[str, int]
    n: int

    @property
    def distance(self) -> float | None:
        """Total variation: the share of choices that would have to move for the two to be alike, 0 to 1."""
        if not self.n:
            return None
        return math.fsum(abs(self.chosen[letter] - self.right[letter]) for letter in self.right) / self.n / 2


def positions(answers: Sequence[Answer]) -> Positions:
    """Chosen and right letters of the valid answers."""
    valid = [answer for answer in answers if answer.chosen is not None]
    chosen = Counter(answer.chosen for answer in valid if answer.chosen is not None)
    right = Counter(answer.gold for answer in valid)
    letters = sorted(chosen.keys() | right.keys())
    return Positions(
        chosen={letter: chosen[letter] for letter in letters},
        right={letter: right[letter] for letter in letters},
        n=len(valid),
    )


def distance_by_chance(answers: Sequence[Answer], *, resamples: int = 100) -> float | None:
    """What distance a model without a preference would show at this n, on average.

    Its letters are drawn uniformly over each item's options, from a fixed stream.
    """
    valid = [answer for answer in answers if answer.chosen is not None]
    if not valid:
        return None
    right, stream = positions(valid).right, random.Random(0)  # noqa: S311  # a reproducible stream
    distances = []
    for _ in range(resamples):
        drawn = Counter(chr(ord("A") + int(stream.random() * answer.options)) for answer in valid)
        letters = drawn.keys() | right.keys()
        apart = sum(abs(drawn[letter] - right.get(letter, 0)) for letter in letters)
        distances.append(apart / len(valid) / 2)
    return math.fsum(distances) / resamples


def position_distance(answers: Sequence[Answer], *, level: float = LEVEL) -> Estimate:
    """How far the chosen letters are from the right ones (:attr:`Positions.distance`).

    The interval is a bootstrap over clusters.  Few answers show some distance by chance alone: compare
    with :func:`distance_by_chance`.
    """
    found = positions(answers)
    told = Estimate(value=found.distance, low=None, high=None, n=found.n, level=level)
    if not found.n:
        return replace(told, method="no answer names a letter")
    valid = [answer for answer in answers if answer.chosen is not None]
    clusters = common_clusters(valid)
    if fewest_clusters(clusters) < 2:
        return replace(told, method="no interval: it takes two or more items")
    drawn = bootstrap(_distance_of(valid), clusters, level=level, resamples=RESAMPLES)
    method = f"bootstrap over clusters, {RESAMPLES} resamples, {100 * level:g} % two-sided"
    return replace(told, low=drawn.low, high=drawn.high, method=method)


def _distance_of(valid: Sequence[Answer]) -> Callable[[Sequence[int]], float | None]:
    """The distance as a function of how often each answer counts; right answers move no letter."""
    letters = {letter: place for place, letter in enumerate(positions(valid).right)}
    moves = [
        (number, letters[answer.chosen], letters[answer.gold])
        for number, answer in enumerate(valid)
        if answer.chosen is not None and answer.chosen != answer.gold
    ]

    def distance(counts: Sequence[int]) -> float | None:
        beyond = [0] * len(letters)
        for number, chosen, right in moves:
            beyond[chosen] += counts[number]
            beyond[right] -= counts[number]
        total = sum(counts)
        return sum(map(abs, beyond)) / total / 2 if total else None

    return distance


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


def _mean(answers: Sequence[Answer]) -> float:
    return math.fsum(answer.correct for answer in answers) / len(answers)
