"""How far several judges agree with each other: Krippendorff's alpha.

It takes any number of judges and missing verdicts, for labels, ordered grades or numbers (Krippendorff 2011,
"Computing Krippendorff's alpha-reliability").
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from distill_tests.inference.bootstrap import RESAMPLES, bootstrap, bootstrap_words, fewest_clusters
from distill_tests.inference.clustering import Clusters, labels_by_factor
from distill_tests.inference.intervals import clean_upper, one_sided
from distill_tests.types import Estimate

Measure: TypeAlias = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(
    verdicts: Sequence[Sequence[str | None]] | Sequence[Sequence[float | None]],
    clusters: Clusters,
    *,
    measure: Measure = "nominal",
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Agreement of all judges beyond chance, with its interval by a bootstrap over clusters.

    ``verdicts`` holds, row by row, one verdict per judge; ``None`` is no verdict.  Rows with fewer than two
    verdicts say nothing about agreement and are counted as missing.  No value where all verdicts are equal;
    no interval with one cluster.  Raises ValueError for no rows, numbers that are none, or text where
    ``measure`` needs an order.
    """
    one_sided(level)
    labels_by_factor(clusters, n=len(verdicts))
    rows = [
        (_row(row, measure), labels)
        for row, labels in zip(verdicts, clusters, strict=True)
        if sum(value is not None for value in row) > 1
    ]
    missing = len(verdicts) - len(rows)
    if not rows:
        reason = "no value: no row has two verdicts"
        return Estimate(value=None, low=None, high=None, n=0, missing=missing, level=level, method=reason)
    panel = _Panel([row for row, _ in rows], measure)
    judged_clusters = [labels for _, labels in rows]
    spread = panel.spread([1] * len(rows))
    low, high, method = _interval(panel, judged_clusters, spread, level, resamples, seed)
    columns = labels_by_factor(judged_clusters, n=len(rows))
    return Estimate(
        value=None if spread is None else spread.alpha,
        low=low,
        high=high,
        n=len(rows),
        missing=missing,
        clusters={name: len(set(labels)) for name, labels in columns.items()},
        level=level,
        method=method,
    )


@dataclass(frozen=True, slots=True)
class _Spread:
    """Mean squared differences of two verdicts: in one row, of any two, and of the two furthest apart."""

    observed: float
    expected: float
    furthest: float

    @property
    def alpha(self) -> float:
        return self.alpha_at(self.observed / self.furthest)

    def alpha_at(self, share: float) -> float:
        """Alpha where the difference in a row is this share of the furthest."""
        return 1.0 - share * self.furthest / self.expected


class _Panel:
    """Rows as how often each verdict was given, and what they say under any counts of the rows."""

    def __init__(self, rows: Sequence[Mapping[str | float, int]], measure: Measure) -> None:
        self._rows = rows
        self.measure = measure
        self._sizes = [sum(row.values()) for row in rows]
        self._differences = None if measure == "ordinal" else [self._difference(row, None) for row in rows]

    def spread(self, counts: Sequence[int]) -> _Spread | None:
        """How far verdicts differ where each row counts so often; None where all of them are equal."""
        given: Counter[str | float] = Counter()
        for row, count in zip(self._rows, counts, strict=True):
            if count:
                for value, times in row.items():
                    given[value] += count * times
        if len(given) < 2:
            return None
        n = sum(given.values())
        ranks = _ranks(given) if self.measure == "ordinal" else None
        within = math.fsum(
            count * size * size / (size - 1) * self._in_row(position, ranks)
            for position, (count, size) in enumerate(zip(counts, self._sizes, strict=True))
            if count
        )
        return _Spread(
            observed=within / n,
            expected=self._difference(given, ranks) * n / (n - 1),
            furthest=self._furthest(given, ranks),
        )

    def _in_row(self, position: int, ranks: Mapping[str | float, float] | None) -> float:
        if self._differences is not None:
            return self._differences[position]
        return self._difference(self._rows[position], ranks)

    def _difference(
        self, given: Mapping[str | float, int], ranks: Mapping[str | float, float] | None
    ) -> float:
        """The mean squared difference of two verdicts drawn from ``given`` with replacement."""
        n = sum(given.values())
        if self.measure == "nominal":
            return 1.0 - sum(times * times for times in given.values()) / (n * n)
        scores = [(_score(value, ranks), times) for value, times in given.items()]
        mean = math.fsum(score * times for score, times in scores) / n
        return 2.0 * math.fsum(times * (score - mean) ** 2 for score, times in scores) / n

    def _furthest(self, given: Mapping[str | float, int], ranks: Mapping[str | float, float] | None) -> float:
        if self.measure == "nominal":
            return 1.0
        scores = [_score(value, ranks) for value in given]
        return (max(scores) - min(scores)) ** 2


def _row(verdicts: Sequence[str | float | None], measure: Measure) -> Counter[str | float]:
    given = Counter(verdict for verdict in verdicts if verdict is not None)
    for value in given:
        if measure != "nominal" and (isinstance(value, str) or not math.isfinite(value)):
            raise ValueError(f"{value!r} is no number, and a measure of {measure} differences needs them")
        if isinstance(value, float) and math.isnan(value):
            raise ValueError("a verdict is NaN: no verdict is None")
    return given


def _score(value: str | float, ranks: Mapping[str | float, float] | None) -> float:
    return float(value) if ranks is None else ranks[value]


def _ranks(given: Mapping[str | float, int]) -> dict[str | float, float]:
    """The mean rank of each value among all verdicts: ordinal differences are differences of these."""
    ranks, below = {}, 0
    for value in sorted(given, key=float):
        ranks[value] = below + given[value] / 2.0
        below += given[value]
    return ranks


def _interval(
    panel: _Panel,
    clusters: Clusters,
    spread: _Spread | None,
    level: float,
    resamples: int,
    seed: int,
) -> tuple[float | None, float | None, str]:
    if spread is None:
        return None, None, "no value: all verdicts are equal"
    groups = fewest_clusters(clusters)
    if groups < 2:
        return None, None, "no interval: 1 cluster; it takes two or more"

    def alpha(counts: Sequence[int]) -> float | None:
        found = panel.spread(counts)
        return None if found is None else found.alpha

    drawn = bootstrap(alpha, clusters, level=level, resamples=resamples, seed=seed)
    low = -1.0 if drawn.low is None else drawn.low
    high = 1.0 if drawn.high is None else drawn.high
    method = f"{bootstrap_words(drawn, clusters, seed=seed)}, {100 * level:g} % two-sided"
    share = spread.observed / spread.furthest
    beyond = clean_upper(groups, confidence=one_sided(level))
    if high - low < 1e-9:
        method = f"no variation: each cluster counts once, {100 * level:g} % two-sided"
        low, high = spread.alpha_at(share + (1.0 - share) * beyond), spread.alpha_at(share * (1.0 - beyond))
    elif panel.measure == "nominal":  # numbers of one row seldom differ by the whole scale
        low, high = min(low, spread.alpha_at(beyond)), max(high, spread.alpha_at(1.0 - beyond))
    return max(-1.0, low), min(1.0, high), method
