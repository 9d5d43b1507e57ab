"""How much two readings share, rare words counting more than common ones."""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import combinations
from typing import Final, NamedTuple

MOST_KINDS: Final = 60
MATCHES: Final = 0.15
"""How alike two sentences have to be for their order to count."""


@dataclass(frozen=True, slots=True)
class Rarity:
    """How much a stem counts: the logarithm of how few prompts' answers hold it.

    ``unseen`` is the weight of a stem that no known answer holds.
    """

    known: Mapping[str, float]
    unseen: float

    def total(self, stems: Collection[str]) -> float:
        known, unseen = self.known, self.unseen
        return sum([known.get(stem, unseen) for stem in stems])


class Shared(NamedTuple):
    """``cosine`` of weighted counts; of the weight of either side's stems the share that the other has
    too, ``least`` and ``most``; ``both``: of the two together.  0.5 where there is nothing to compare."""

    cosine: float
    least: float
    most: float
    both: float


class Aligned(NamedTuple):
    """Sentence by sentence, how much of each side stands in its best match on the other: the mean of both
    sides and the lower and higher of them.  ``order``: the share of matches that stand in one order."""

    mean: float
    least: float
    most: float
    order: float


def dice(one: AbstractSet[Hashable], other: AbstractSet[Hashable], empty: float = 0.5) -> float:
    """Twice what is shared over what there is; ``empty`` where there is nothing on either side."""
    size = len(one) + len(other)
    return 2.0 * len(one & other) / size if size else empty


def contained(one: AbstractSet[Hashable], other: AbstractSet[Hashable]) -> float:
    """The share of the smaller set that the larger one has too."""
    smaller = min(len(one), len(other))
    return len(one & other) / smaller if smaller else 0.0


def weighted_dice(one: AbstractSet[str], other: AbstractSet[str], rarity: Rarity) -> float:
    size = rarity.total(one) + rarity.total(other)
    return 2.0 * rarity.total(one & other) / size if size else 0.5


def shared(
    one: Mapping[str, int], other: Mapping[str, int], rarity: Rarity, without: AbstractSet[str] = frozenset()
) -> Shared:
    """What two texts' counts share, the stems ``without`` left out (what the prompt gave away)."""
    known, unseen = rarity.known, rarity.unseen
    product = one_square = other_square = one_weight = other_weight = common = 0.0
    for stem, count in one.items():
        if stem in without:
            continue
        weight = known.get(stem, unseen)
        value = weight * _damped(count)
        one_square += value * value
        one_weight += weight
        there = other.get(stem)
        if there:
            product += value * weight * _damped(there)
            common += weight
    for stem, count in other.items():
        if stem not in without:
            weight = known.get(stem, unseen)
            value = weight * _damped(count)
            other_square += value * value
            other_weight += weight
    squares = one_square * other_square
    of_one = common / one_weight if one_weight else 0.5
    of_other = common / other_weight if other_weight else 0.5
    whole = one_weight + other_weight
    return Shared(
        cosine=product / math.sqrt(squares) if squares else 0.5,
        least=min(of_one, of_other),
        most=max(of_one, of_other),
        both=2.0 * common / whole if whole else 0.5,
    )


def _damped(count: int) -> float:
    return 1.0 + math.log(count) if count > 1 else 1.0


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    size = math.sqrt(sum([x * x for x in one]) * sum([x * x for x in other]))
    return sum([x * y for x, y in zip(one, other, strict=True)]) / size if size else 0.0


def aligned(one: Sequence[AbstractSet[str]], other: Sequence[AbstractSet[str]], rarity: Rarity) -> Aligned:
    """How the sentences of two texts match."""
    if not one or not other:
        return Aligned(0.0, 0.0, 0.0, 0.5)
    one_weights, other_weights = [rarity.total(s) for s in one], [rarity.total(s) for s in other]
    one_best, other_best = [0.0] * len(one), [0.0] * len(other)
    one_at, other_at = [0] * len(one), [0] * len(other)
    for i, stems in enumerate(one):
        for j, others in enumerate(other):
            common = stems & others
            if common:
                likeness = 2.0 * rarity.total(common) / (one_weights[i] + other_weights[j])
                if likeness > one_best[i]:
                    one_best[i], one_at[i] = likeness, j
                if likeness > other_best[j]:
                    other_best[j], other_at[j] = likeness, i
    of_one, of_other = _mean(one_best, one_weights), _mean(other_best, other_weights)
    order = (_order(one_best, one_at) + _order(other_best, other_at)) / 2
    return Aligned((of_one + of_other) / 2, min(of_one, of_other), max(of_one, of_other), order)


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    whole = sum(weights)
    return sum([v * w for v, w in zip(values, weights, strict=True)]) / whole if whole else 0.0


def _order(best: Sequence[float], at: Sequence[int]) -> float:
    """Of the pairs of matched sentences, the share whose matches stand in the same order."""
    same = whole = 0.0
    for (first, here), (second, there) in combinations(
        [pair for pair in zip(best, at, strict=True) if pair[0] > MATCHES], 2
    ):
        weight = first * second
        whole += weight
        same += weight if there > here else weight / 2 if there == here else 0.0
    return same / whole if whole else 0.5


def matched_heads(one: Sequence[AbstractSet[str]], other: Sequence[AbstractSet[str]]) -> float:
    """How well the beginnings of two lists' items match, wherever they stand; 0 where one has no list."""
    if not one or not other:
        return 0.0
    one_best, other_best = [0.0] * len(one), [0.0] * len(other)
    for i, head in enumerate(one):
        for j, theirs in enumerate(other):
            likeness = dice(head, theirs, 0.0)
            one_best[i], other_best[j] = max(one_best[i], likeness), max(other_best[j], likeness)
    return (sum(one_best) / len(one) + sum(other_best) / len(other)) / 2


def common_order(one: Sequence[str], other: Sequence[str]) -> float:
    """The longest common subsequence of two sequences of line kinds, over their mean length."""
    one, other = one[:MOST_KINDS], other[:MOST_KINDS]
    if not one or not other:
        return 0.0
    before = [0] * (len(other) + 1)
    for kind in one:
        now = [0]
        for at, theirs in enumerate(other):
            now.append(before[at] + 1 if kind == theirs else max(before[at + 1], now[-1]))
        before = now
    return 2.0 * before[-1] / (len(one) + len(other))
