"""How far scores agree with people's ratings: correlations of ranks, with intervals.

Three protocols.  ``item_mean``: an item's ratings become their mean, one point an item.  ``per_rating``: each
rating is a point of its own, the score repeated (what is published of MSVD-Eval and Flickr8k-Expert; its
maximum is below 1).  ``each_rater``: one coefficient for each place in the lists of ratings, then their mean
(VATEX-EVAL).  Numbers of different protocols cannot be compared.

Intervals are bootstraps over clips: all items and ratings of a clip are drawn together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final, Literal, NamedTuple, TypeAlias

from distill_tests.inference.bootstrap import (
    OfCounts,
    fewest_clusters,
    percentiles,
    resampled,
)
from distill_tests.inference.correlation import Coefficient, coefficient_of, under_counts, with_interval
from distill_tests.ratings.beside import FACTOR, Beside
from distill_tests.types import Estimate

Protocol: TypeAlias = Literal["item_mean", "per_rating", "each_rater"]
PROTOCOLS: Final[tuple[Protocol, ...]] = ("item_mean", "per_rating", "each_rater")
RESAMPLES: Final = 1000


class Part(NamedTuple):
    """Two columns, and for each of their rows the item it belongs to."""

    x: list[float]
    y: list[float]
    items: list[int]


@dataclass(frozen=True, slots=True)
class Columns:
    """What is correlated: one part, or several of which the coefficients' mean is taken.

    ``clusters``: by item that has both a rating and a score; ``missing``: items with a rating and no score.
    """

    parts: tuple[Part, ...]
    clusters: tuple[Mapping[str, str], ...]
    missing: int

    def value(self, coefficient: Coefficient) -> float | None:
        found = [coefficient_of(part.x, part.y, coefficient=coefficient) for part in self.parts]
        return _mean(found)

    def of_counts(self, coefficient: Coefficient) -> OfCounts:
        again = [
            under_counts(part.x, part.y, coefficient=coefficient, rows=part.items) for part in self.parts
        ]
        return again[0] if len(again) == 1 else lambda counts: _mean([one(counts) for one in again])


def columns(found: Sequence[Beside], dimension: str, *, protocol: Protocol, by: str | None = None) -> Columns:
    """Scores (of the judge, or of the metric ``by``) and ratings of one dimension."""
    rated = [one for one in found if _mean_rating(one, dimension) is not None]
    scored = [one for one in rated if one.score(dimension, by) is not None]
    parts = _parts(scored, dimension, protocol, by)
    return Columns(parts, tuple(cluster_of(one) for one in scored), len(rated) - len(scored))


def _parts(scored: Sequence[Beside], dimension: str, protocol: Protocol, by: str | None) -> tuple[Part, ...]:
    if protocol == "each_rater":
        raters = max((len(one.ratings[dimension]) for one in scored), default=0)
        return tuple(_part(scored, dimension, by, range(place, place + 1)) for place in range(raters))
    if protocol == "per_rating":
        return (_part(scored, dimension, by, None),)
    x = [_number(one.score(dimension, by)) for one in scored]
    y = [_number(_mean_rating(one, dimension)) for one in scored]
    return (Part(x, y, list(range(len(scored)))),)


def _part(scored: Sequence[Beside], dimension: str, by: str | None, places: range | None) -> Part:
    """Each rating at these places of the lists (None: all) as a row of its own."""
    part = Part([], [], [])
    for item, one in enumerate(scored):
        numbers = one.ratings[dimension]
        for place in range(len(numbers)) if places is None else places:
            rating = numbers[place] if place < len(numbers) else None
            if rating is not None:
                part.x.append(_number(one.score(dimension, by)))
                part.y.append(rating)
                part.items.append(item)
    return part


def people_with_each_other(found: Sequence[Beside], dimension: str) -> Columns:
    """Each place in the lists of ratings with each other one: what a judge can hope for."""
    lists = [one.ratings.get(dimension, ()) for one in found]
    several = [(one, some) for one, some in zip(found, lists, strict=True) if len(_known(some)) > 1]
    parts = []
    for first, second in combinations(range(max((len(some) for _, some in several), default=0)), 2):
        part = Part([], [], [])
        for item, (_, some) in enumerate(several):
            a, b = (some[place] if place < len(some) else None for place in (first, second))
            if a is not None and b is not None:
                part.x.append(a)
                part.y.append(b)
                part.items.append(item)
        parts.append(part)
    return Columns(tuple(parts), tuple(cluster_of(one) for one, _ in several), 0)


def highest_possible(found: Sequence[Beside], dimension: str, *, protocol: Protocol) -> Columns:
    """A score that equals each item's mean rating: the most that a protocol lets a score reach."""
    known = [
        one._replace(metrics={"": _number(mean)})
        for one in found
        if (mean := _mean_rating(one, dimension)) is not None
    ]
    return columns(known, dimension, protocol=protocol, by="")


# --- estimates ----------------------------------------------------------------------------------


def estimated(
    given: Columns,
    coefficient: Coefficient,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """The coefficient with its interval over clips; ``n`` counts items, ``missing`` those without a score."""
    if not given.clusters:
        return Estimate(
            value=None, low=None, high=None, n=0, missing=given.missing, level=level, method="no value"
        )
    value = given.value(coefficient)
    told = with_interval(
        value,
        given.of_counts(coefficient) if value is not None else None,
        given.clusters,
        coefficient=coefficient,
        level=level,
        resamples=resamples,
        seed=seed,
    )
    points = sum(len(part.x) for part in given.parts)
    return replace(told, missing=given.missing, details={"points": points, "items": len(given.clusters)})


class Together(NamedTuple):
    """Several columns' values on the same items, and on the same resamples of their clips."""

    values: Mapping[str, float | None]
    resampled: Mapping[str, Sequence[float | None]]
    groups: int
    words: str

    def estimate(self, name: str, *, level: float) -> Estimate:
        return self._made(self.values[name], self.resampled[name], level=level, low=-1.0, high=1.0)

    def difference(self, name: str, than: str, *, level: float) -> Estimate:
        """``name`` less ``than``, resample by resample, so that what both owe to the clips cancels."""
        draws = [
            _less(one, other) for one, other in zip(self.resampled[name], self.resampled[than], strict=True)
        ]
        value = _less(self.values[name], self.values[than])
        return self._made(value, draws, level=level, low=-2.0, high=2.0)

    def _made(
        self, value: float | None, draws: Sequence[float | None], *, level: float, low: float, high: float
    ) -> Estimate:
        bare = Estimate(value=value, low=None, high=None, n=0, level=level, clusters={FACTOR: self.groups})
        if value is None:
            return replace(bare, method="no value: a column does not vary")
        if self.groups < 2 or not draws:
            return replace(bare, method="no interval: 1 cluster; it takes two or more")
        drawn = percentiles(draws, groups=self.groups, level=level)
        if drawn.low is not None and drawn.low == drawn.high:
            return replace(bare, method="no interval: every resample gives the same value")
        return replace(
            bare,
            low=low if drawn.low is None else drawn.low,
            high=high if drawn.high is None else drawn.high,
            method=f"paired {self.words}, {100 * level:g} % two-sided",
        )


def together(
    given: Mapping[str, Columns],
    coefficient: Coefficient,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Together:
    """All columns under the same draws of clips; they are of the same items."""
    clusters = next(iter(given.values())).clusters
    if any(one.clusters != clusters for one in given.values()):
        raise ValueError("these columns are of different items")
    values = {name: one.value(coefficient) if clusters else None for name, one in given.items()}
    draws: dict[str, list[float | None]] = {name: [] for name in given}
    groups = fewest_clusters(clusters) if clusters else 0
    if groups > 1:
        again = {name: one.of_counts(coefficient) for name, one in given.items() if values[name] is not None}
        for counts in resampled(clusters, resamples=resamples, seed=seed):
            for name in given:
                draws[name].append(again[name](counts) if name in again else None)
    words = f"bootstrap over {FACTOR}, {resamples} resamples, seed {seed}"
    return Together(values, draws, groups, words)


def tau_b_difference(
    found: Sequence[Beside],
    dimension: str,
    than: str,
    *,
    protocol: Protocol,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> Estimate:
    """The judge's tau-b less that of the metric ``than``, on the items that both have scored."""
    rated = [one for one in found if _mean_rating(one, dimension) is not None]
    both = [one for one in rated if one.score(dimension, None) is not None and than in one.metrics]
    if not both:
        return Estimate(
            value=None, low=None, high=None, n=0, missing=len(rated), level=level, method="no value"
        )
    pair = {
        "judge": columns(both, dimension, protocol=protocol),
        "metric": columns(both, dimension, protocol=protocol, by=than),
    }
    made = together(pair, "kendall", resamples=resamples).difference("judge", "metric", level=level)
    return replace(made, n=len(both), missing=len(rated) - len(both))


# --- numbers ------------------------------------------------------------------------------------


def cluster_of(one: Beside) -> Mapping[str, str]:
    """What an item is drawn together with; itself where it names no clip."""
    return {FACTOR: one.clusters.get(FACTOR, one.id)}


def _known(numbers: Sequence[float | None]) -> list[float]:
    return [number for number in numbers if number is not None]


def _mean_rating(one: Beside, dimension: str) -> float | None:
    known = _known(one.ratings.get(dimension, ()))
    return math.fsum(known) / len(known) if known else None


def _mean(numbers: Sequence[float | None]) -> float | None:
    known = _known(numbers)
    return math.fsum(known) / len(known) if known and len(known) == len(numbers) else None


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _number(value: float | None) -> float:
    if value is None:
        raise ValueError("an item without a score stands among the scored ones")
    return value
