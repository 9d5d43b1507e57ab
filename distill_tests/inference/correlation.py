"""Correlations of two columns of scores: Pearson, Spearman, tau-b and tau-c, with cluster intervals.

A correlation has no value where a column does not vary; ``Estimate.method`` then says so.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby, pairwise
from typing import Literal, TypeAlias

from distill_tests.inference.bootstrap import (
    RESAMPLES,
    OfCounts,
    bootstrap,
    bootstrap_words,
    fewest_clusters,
)
from distill_tests.inference.clustering import Clusters, labels_by_factor
from distill_tests.inference.concordance import MOST_LEVELS, Concordance, RankColumns
from distill_tests.inference.intervals import clean_upper, one_sided
from distill_tests.types import Estimate

Coefficient: TypeAlias = Literal["pearson", "spearman", "kendall", "stuart"]


def correlation(
    x: Sequence[float],
    y: Sequence[float],
    clusters: Clusters,
    *,
    coefficient: Coefficient = "spearman",
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """The correlation of ``x`` and ``y`` with its interval by a bootstrap over clusters.

    Where every resample gives one value (all pairs in one order), the interval of the ranks' coefficients
    comes from the pairs of clusters that stand in that order; Pearson's then has none.  No interval with
    one cluster.  Raises ValueError for fewer than two rows, columns of different lengths, or a value that
    is no number.
    """
    _usable(x, y)
    labels_by_factor(clusters, n=len(x))  # refused where there are not as many
    again = under_counts(x, y, coefficient=coefficient)
    value = _COEFFICIENTS[coefficient](x, y)
    return with_interval(
        value, again, clusters, coefficient=coefficient, level=level, resamples=resamples, seed=seed
    )


def with_interval(
    value: float | None,
    again: OfCounts | None,
    clusters: Clusters,
    *,
    coefficient: Coefficient,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """A coefficient that is known already, with its interval over clusters; ``again`` takes it of counts.

    As :func:`correlation`, for coefficients that are means of several.
    """
    one_sided(level)
    columns = labels_by_factor(clusters, n=len(clusters))
    counts = {name: len(set(labels)) for name, labels in columns.items()}

    def estimate(low: float | None, high: float | None, method: str) -> Estimate:
        return Estimate(
            value=value, low=low, high=high, n=len(clusters), clusters=counts, level=level, method=method
        )

    if value is None or again is None:
        return estimate(None, None, "no value: a column does not vary")
    groups = fewest_clusters(clusters)
    if groups < 2:
        return estimate(None, None, "no interval: 1 cluster; it takes two or more")
    drawn = bootstrap(again, clusters, level=level, resamples=resamples, seed=seed)
    low = -1.0 if drawn.low is None else drawn.low
    high = 1.0 if drawn.high is None else drawn.high
    if coefficient == "stuart":  # a row that is drawn twice is a tie, which tau-c does not correct for
        low, high = min(low, value), max(high, value)
    if high - low > 1e-9:
        words = bootstrap_words(drawn, clusters, seed=seed)
        return estimate(low, high, f"{words}, {100 * level:g} % two-sided")
    return estimate(*_all_in_one_order(value, groups, coefficient, level))


def coefficient_of(x: Sequence[float], y: Sequence[float], *, coefficient: Coefficient) -> float | None:
    """The coefficient without an interval; None where a column does not vary, or has fewer than two rows."""
    return _COEFFICIENTS[coefficient](x, y) if len(x) > 1 else None


def under_counts(
    x: Sequence[float],
    y: Sequence[float],
    *,
    coefficient: Coefficient,
    rows: Sequence[int] | None = None,
) -> OfCounts:
    """The coefficient as a function of how often each row counts, as :func:`bootstrap` takes it.

    ``rows``: which of the counts belongs to each row; None: the first to the first, and so on.
    """
    if coefficient in ("kendall", "stuart"):
        prepared = Concordance(x, y, rows)
        if prepared.levels <= MOST_LEVELS:
            return prepared.tau_b if coefficient == "kendall" else prepared.tau_c
    if coefficient == "spearman":
        return RankColumns(x, y, rows).spearman
    compute = _COEFFICIENTS[coefficient]
    places = range(len(x)) if rows is None else rows

    def of_counts(counts: Sequence[int]) -> float | None:
        times = [counts[place] for place in places]
        return compute(_repeated(x, times), _repeated(y, times))

    return of_counts


def pearson(x: Sequence[float], y: Sequence[float]) -> float | None:
    """The product-moment correlation; None where a column does not vary."""
    _same_length(x, y)
    if _constant(x) or _constant(y):
        return None
    mean_x, mean_y = math.fsum(x) / len(x), math.fsum(y) / len(y)
    dx, dy = [value - mean_x for value in x], [value - mean_y for value in y]
    product = math.fsum(a * b for a, b in zip(dx, dy, strict=True))
    norm = math.sqrt(math.fsum(a * a for a in dx)) * math.sqrt(math.fsum(b * b for b in dy))
    return max(-1.0, min(1.0, product / norm))


def spearman(x: Sequence[float], y: Sequence[float]) -> float | None:
    """The correlation of ranks, equal values sharing their mean rank; None where a column does not vary."""
    return pearson(mean_ranks(x), mean_ranks(y))


def kendall(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Kendall's tau-b: pairs in the same order less pairs in opposite order, corrected for ties.

    None where a column does not vary.  By Knight's method (1966), in n log n.
    """
    _same_length(x, y)
    every, in_x, in_y = math.comb(len(x), 2), _tied(x), _tied(y)
    if in_x == every or in_y == every:
        return None
    difference = _surplus(x, y, every - in_x - in_y)
    return max(-1.0, min(1.0, difference / math.sqrt((every - in_x) * (every - in_y))))


def stuart(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Stuart's tau-c: pairs in the same order less pairs in opposite order, over the most there could be.

    2 (P - Q) m / (n^2 (m - 1)), m the number of different values in the column that has fewer (Stuart 1953).
    Ties are not corrected for: with many its maximum is below 1.  None where a column does not vary.
    """
    _same_length(x, y)
    fewest = min(len(set(x)), len(set(y)))
    if fewest < 2:
        return None
    surplus = _surplus(x, y, math.comb(len(x), 2) - _tied(x) - _tied(y))
    return max(-1.0, min(1.0, 2 * surplus * fewest / (len(x) ** 2 * (fewest - 1))))


def mean_ranks(values: Sequence[float]) -> list[float]:
    """The rank of each value from 1; equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 1
    for _, group in groupby(order, key=values.__getitem__):
        members = list(group)
        for member in members:
            ranks[member] = start + (len(members) - 1) / 2.0
        start += len(members)
    return ranks


_COEFFICIENTS: dict[Coefficient, Callable[[Sequence[float], Sequence[float]], float | None]] = {
    "pearson": pearson,
    "spearman": spearman,
    "kendall": kendall,
    "stuart": stuart,
}


def _all_in_one_order(
    value: float, groups: int, coefficient: Coefficient, level: float
) -> tuple[float | None, float | None, str]:
    """Bounds where no pair stands against the rest: among groups // 2 separate pairs of clusters, none.

    The share of opposite pairs is then at most ``clean_upper``, which bounds tau; Spearman's follows by
    Daniels' inequality (1950).
    """
    if coefficient == "pearson" or abs(value) < 1.0 - 1e-9 or groups < 2:
        return None, None, "no interval: every resample gives the same value"
    far = 1.0 - 2.0 * clean_upper(groups // 2, confidence=one_sided(level))
    if coefficient == "spearman":
        far = (3.0 * far - 1.0) / 2.0 if far >= 0 else (far * far + 2.0 * far - 1.0) / 2.0
    method = f"all in one order under {groups} clusters, {100 * level:g} % two-sided"
    return (far, value, method) if value > 0 else (value, -far, method)


def _surplus(x: Sequence[float], y: Sequence[float], untied: int) -> int:
    """Pairs in the same order less pairs in opposite order; ``untied``: all pairs less the ties of each."""
    pairs = sorted(zip(x, y, strict=True))
    return untied + _tied(pairs) - 2 * _inversions([value for _, value in pairs])


def _repeated(values: Sequence[float], times: Sequence[int]) -> list[float]:
    return [value for value, count in zip(values, times, strict=True) for _ in range(count)]


def _tied(values: Sequence[float] | Sequence[tuple[float, float]]) -> int:
    return sum(math.comb(count, 2) for count in Counter(values).values())


def _inversions(values: list[float]) -> int:
    """How many pairs stand in falling order, by merge sort."""
    if len(values) < 2:
        return 0
    middle = len(values) // 2
    left, right = values[:middle], values[middle:]
    found = _inversions(left) + _inversions(right)
    left.sort()
    right.sort()
    taken = 0
    for value in right:
        while taken < len(left) and left[taken] <= value:
            taken += 1
        found += len(left) - taken
    return found


def _constant(values: Sequence[float]) -> bool:
    return all(a == b for a, b in pairwise(values))


def _same_length(x: Sequence[float], y: Sequence[float]) -> None:
    if len(x) != len(y):
        raise ValueError(f"columns of different lengths: {len(x)}, {len(y)}")


def _usable(x: Sequence[float], y: Sequence[float]) -> None:
    _same_length(x, y)
    if len(x) < 2:
        raise ValueError(f"{len(x)} rows make no correlation: it takes two or more")
    for column in (x, y):
        for position, value in enumerate(column):
            if not math.isfinite(value):
                raise ValueError(f"value {position} is {value}, no number")
