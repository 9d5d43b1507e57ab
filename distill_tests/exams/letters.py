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
    whole = [group for group in _by_question(answers).values() if _has_every_order(group)]
    if not whole:
        method = "no item was asked in every order of its options"
        return Estimate(value=None, low=None, high=None, n=0, level=level, method=method)
    same = [float(_is_one_choice(group)) for group in whole]
    return clustered_rate(same, common_clusters([group[0] for group in whole]), level=level)


def possible_consistency(answers: Sequence[Answer], unknown: Sequence[Answer]) -> tuple[float, float] | None:
    """The ends of :func:`order_consistency`; None where no item is asked in every order.

    An item with an unknown answer may be consistent as long as what is known of it is one choice.
    """
    known, lacking = _by_question(answers), _by_question(unknown)
    whole = [group for key, group in known.items() if key not in lacking and _has_every_order(group)]
    declared = len(whole) + len(lacking)
    if not declared:
        return None
    same = sum(map(_is_one_choice, whole))
    may_be = sum(key not in known or _is_one_choice(known[key]) for key in lacking)
    return same / declared, (same + may_be) / declared


def _by_question(answers: Sequence[Answer]) -> dict[tuple[str, str], list[Answer]]:
    """The answers to each item in each setting, in all its orders."""
    found: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        found.setdefault((answer.setting, answer.item), []).append(answer)
    return found


def _has_every_order(group: Sequence[Answer]) -> bool:
    return len({one.order for one in group}) == group[0].options


def _is_one_choice(group: Sequence[Answer]) -> bool:
    return len({one.original for one in group}) == 1 and group[0].original is not None


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


def possible_distance(found: Positions, unknown: int) -> tuple[float, float] | None:
    """The ends of the distance, had ``unknown`` more answers named any letter where any was right, or none.

    One answer moves one choice and one right letter: the choices that would have to move for the two to be
    alike become one fewer or one more.  None without an answer.
    """
    every = found.n + unknown
    if not every:
        return None
    apart = (found.distance or 0.0) * found.n
    return max(0.0, apart - unknown) / every, (apart + unknown) / every


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
