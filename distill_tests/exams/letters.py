"""Which letters are named, and whether it is the text or its place that is chosen.  Pure."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from distill_tests.exams.averages import LEVEL, Answer, common_clusters
from distill_tests.inference.bootstrap import bootstrap, fewest_clusters
from distill_tests.inference.clustered import clustered_rate
from distill_tests.types import Estimate

RESAMPLES = 400


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
