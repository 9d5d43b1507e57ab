"""Seeded bootstraps over clusters: intervals for statistics that have no formula.

Clusters of every factor are drawn anew, independently, and a value counts as often as the product of its
clusters' draws ("pigeonhole bootstrap", Owen 2007; with one factor the ordinary cluster bootstrap).  A
statistic is a function of those counts, so that pairs stay pairs.  The stream is ``random.Random(seed)`` and
its ``random()`` only, which Python keeps the same on every machine and version.

Percentile intervals over few clusters are too narrow; theirs are read further out, where Student's t on the
fewest clusters less one stands (Hesterberg 2015, "expanded percentile").
"""

from __future__ import annotations

import dataclasses
import math
import operator
import random
from collections.abc import Callable, Iterator, Sequence
from statistics import NormalDist
from typing import NamedTuple, TypeAlias

from distill_tests.inference.clustered import clustered_mean, no_narrower_than_clean
from distill_tests.inference.clustering import Clusters, design, labels_by_factor
from distill_tests.inference.intervals import Interval, one_sided, t_quantile
from distill_tests.types import Estimate

OfCounts: TypeAlias = Callable[[Sequence[int]], float | None]
"""A statistic of how often each value counts; ``None`` where it has no value."""

RESAMPLES = 2000


class Bootstrapped(NamedTuple):
    """A percentile interval; ``None`` where so many resamples have no value that a side is open.

    ``undefined`` resamples had no value: each counts as the lowest for the lower bound and as the highest
    for the upper one.
    """

    low: float | None
    high: float | None
    undefined: int
    resamples: int


def bootstrap(
    statistic: OfCounts,
    clusters: Clusters,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Bootstrapped:
    """The percentile interval of ``statistic`` when clusters of every factor are drawn anew.

    It can have no width, where every resample gives one number: the caller says what then holds.  Raises
    ValueError with fewer than two clusters in a factor, or fewer than 100 resamples.
    """
    groups = fewest_clusters(clusters)
    _expanded_side(level, groups)  # refused before anything is drawn
    found = [statistic(counts) for counts in resampled(clusters, resamples=resamples, seed=seed)]
    return percentiles(found, groups=groups, level=level)


def percentiles(found: Sequence[float | None], *, groups: int, level: float = 0.95) -> Bootstrapped:
    """The interval that a statistic's values over resamples of ``groups`` clusters make.

    For whoever takes several statistics of each resample, such as two and their difference.  Raises
    ValueError with fewer than two clusters.
    """
    side, resamples = _expanded_side(level, groups), len(found)
    known = sorted(value for value in found if value is not None)
    undefined = resamples - len(known)
    # Rounded outwards, so that rounding never narrows.
    place = max(0, math.floor(side * (resamples + 1)) - 1) - undefined
    if place < 0:
        return Bootstrapped(None, None, undefined, resamples)
    return Bootstrapped(known[place], known[-1 - place], undefined, resamples)


def resampled(clusters: Clusters, *, resamples: int, seed: int) -> Iterator[list[int]]:
    """For each resample, how often each value counts; the same for the same labels and seed.

    Clusters are numbered in the order in which they first appear.  A resample that holds no value at all
    (possible where not every cell of two factors is filled) is all zeros.
    """
    if resamples < 100:
        raise ValueError(f"{resamples} resamples carry no interval: at least 100")
    factors = _numbered(clusters)
    rng = random.Random(seed)  # noqa: S311  # a reproducible stream, nothing secret
    for _ in range(resamples):
        counts = [1] * len(clusters)
        for factor in factors:
            times = _drawn(max(factor) + 1, rng)
            counts = [count * times[label] for count, label in zip(counts, factor, strict=True)]
        yield counts


def bootstrap_mean(
    values: Sequence[float],
    clusters: Clusters,
    *,
    scale: tuple[float, float] | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """The mean of ``values`` with its interval by the bootstrap over all factors.

    Where there is no interval, or no variation, the answer is that of
    :func:`~distill_tests.inference.clustered.clustered_mean`.  Raises ValueError as that does.
    """
    by_formula = clustered_mean(values, clusters, level=level, scale=scale)
    found = design(values, clusters)
    if found.variance is None:
        return by_formula

    def mean(counts: Sequence[int]) -> float | None:
        weight = sum(counts)
        return math.fsum(map(operator.mul, counts, values)) / weight if weight else None

    drawn = bootstrap(mean, clusters, level=level, resamples=resamples, seed=seed)
    if drawn.low is None or drawn.high is None or drawn.low == drawn.high:
        return by_formula
    interval = Interval(drawn.low, drawn.high)
    if scale is not None:
        interval = no_narrower_than_clean(interval, found, scale, level)
    return dataclasses.replace(
        by_formula,
        low=interval.low,
        high=interval.high,
        method=f"{bootstrap_words(drawn, clusters, seed=seed)}, {100 * level:g} % two-sided; {found}",
    )


def bootstrap_difference(
    new: Sequence[float],
    old: Sequence[float],
    clusters: Clusters,
    *,
    scale: tuple[float, float] | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """The mean of ``new`` less that of ``old``, paired value by value, as :func:`bootstrap_mean`.

    ``scale`` is that of the values, not of their difference.  Raises ValueError where the two differ in
    length.  With few pairs that differ, read their number beside the interval.
    """
    if len(new) != len(old):
        raise ValueError(f"{len(new)} new values and {len(old)} old ones make no pairs")
    differences = [later - earlier for later, earlier in zip(new, old, strict=True)]
    width = None if scale is None else scale[1] - scale[0]
    between = None if width is None else (-width, width)
    return bootstrap_mean(differences, clusters, scale=between, level=level, resamples=resamples, seed=seed)


def bootstrap_words(drawn: Bootstrapped, clusters: Clusters, *, seed: int) -> str:
    """How the interval was made, for ``Estimate.method``."""
    over = " and ".join(clusters[0]) or "value"
    words = f"bootstrap over {over}, {drawn.resamples} resamples, seed {seed}"
    return f"{words}, {drawn.undefined} of them without a value" if drawn.undefined else words


def fewest_clusters(clusters: Clusters) -> int:
    """The number of clusters of the factor that has the fewest; without factors, of values."""
    return min(max(factor) + 1 for factor in _numbered(clusters))


def _numbered(clusters: Clusters) -> list[list[int]]:
    columns = labels_by_factor(clusters, n=len(clusters))
    if not columns:
        return [list(range(len(clusters)))]
    factors = []
    for labels in columns.values():
        numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
        factors.append([numbers[label] for label in labels])
    return factors


def _drawn(groups: int, rng: random.Random) -> list[int]:
    times = [0] * groups
    for _ in range(groups):
        times[int(rng.random() * groups)] += 1
    return times


def _expanded_side(level: float, groups: int) -> float:
    """The share of resamples beyond each bound."""
    if groups < 2:
        raise ValueError("1 cluster cannot be drawn anew: a bootstrap takes two or more")
    t = t_quantile(one_sided(level), groups - 1)
    return NormalDist().cdf(-math.sqrt(groups / (groups - 1)) * t)
