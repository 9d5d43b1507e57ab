"""Rates and means of clustered values, with intervals that claim no more than the clusters carry.

Three rules see to that.  The design effect is never below 1.  The variance is never below that of the widest
single factor.  And no interval is narrower than what a sample without variation would get, in which each
cluster counts once (``intervals.clean_upper``): 20 clean framings bound a rate by 0.139 (one-sided, 95 %),
however many questions were asked under each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from distill_tests.inference.clustering import Clusters, Design, design
from distill_tests.inference.intervals import (
    Interval,
    clean_upper,
    clopper_pearson_effective,
    one_sided,
    t_quantile,
)
from distill_tests.types import Estimate


def clustered_rate(values: Sequence[float], clusters: Clusters, *, level: float = 0.95) -> Estimate:
    """The share of ones among 0/1 values, with an interval for clusters like these.

    Korn and Graubard 1998: Clopper-Pearson at the effective n, which Student's t on the fewest clusters
    less one shrinks further.  With one cluster there is a value and no interval; ``method`` says why.
    Raises ValueError as :func:`design`, and for a value other than 0 and 1.
    """
    for value in values:
        if value not in (0.0, 1.0):
            raise ValueError(f"a rate counts values of 0 or 1, and one is {value:g}")
    found = design(values, clusters)
    if found.effective_n is None:
        return _no_interval(found, level, total=float(sum(values)))
    side = one_sided(level)
    interval, method = Interval(found.mean, found.mean), "no variation: each cluster counts once"
    if found.varies:
        shrink = t_quantile(side, found.n - 1) / t_quantile(side, found.fewest - 1)
        interval = clopper_pearson_effective(found.mean, found.effective_n * shrink**2, level=level)
        method = "Korn-Graubard"
    low, high = no_narrower_than_clean(interval, found, (0.0, 1.0), level)
    return _estimate(found, low, high, level, method, total=float(sum(values)))


def clustered_mean(
    values: Sequence[float],
    clusters: Clusters,
    *,
    level: float = 0.95,
    scale: tuple[float, float] | None = None,
) -> Estimate:
    """The mean of ``values``, with an interval for clusters like these.

    Mean plus and minus Student's t (fewest clusters less one) times the cluster-robust standard error over
    all factors (Cameron, Gelbach and Miller 2011), cut to ``scale``.  No interval with one cluster, or
    without variation where no scale bounds the values; ``method`` then says why.  Raises ValueError as
    :func:`design`, and for values outside the scale.
    """
    one_sided(level)
    _within(values, scale)
    found = design(values, clusters)
    if found.effective_n is None:
        return _no_interval(found, level)
    if found.variance is None and scale is None:
        return _estimate(
            found, None, None, level, "no interval: all values are equal, and no scale bounds them"
        )
    interval, method = Interval(found.mean, found.mean), "no variation: each cluster counts once"
    if found.variance is not None:
        half = t_quantile(one_sided(level), found.fewest - 1) * math.sqrt(found.variance)
        interval = Interval(found.mean - half, found.mean + half)
        method = f"cluster-robust, t on {found.fewest - 1} df"
    if scale is not None:
        interval = no_narrower_than_clean(interval, found, scale, level)
    return _estimate(found, interval.low, interval.high, level, method)


def templates_needed(threshold: float, alpha: float = 0.05) -> int:
    """The least number of clean templates that certify a rate of at most ``threshold``.

    ceil(ln alpha / ln(1 - threshold)): 29 for 10 %, 59 for 5 %.  Raises ValueError for a threshold outside
    (0, 1]: no number of templates certifies a rate of 0.
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha {alpha} is not between 0 and 1")
    if not 0.0 < threshold <= 1.0:
        raise ValueError(f"no number of templates certifies a rate of at most {threshold}: above 0, up to 1")
    return 1 if threshold == 1.0 else math.ceil(math.log(alpha) / math.log1p(-threshold))


def no_narrower_than_clean(
    interval: Interval, found: Design, scale: tuple[float, float], level: float
) -> Interval:
    """The interval, widened to what values without variation would get.

    Where no cluster of G holds a value beyond c, the share beyond c is at most ``clean_upper(G)``, and the
    mean at most that far from c towards the end of the scale.  With all values at the bottom of the scale
    no upper bound is lower, so none may be with more.
    """
    beyond = clean_upper(found.fewest, confidence=one_sided(level))
    bottom, top = scale
    start, end = (bottom, top) if found.varies else (found.mean, found.mean)
    low = min(interval.low, end - (end - bottom) * beyond)
    high = max(interval.high, start + (top - start) * beyond)
    return Interval(max(bottom, low), min(top, high))


def _no_interval(found: Design, level: float, *, total: float | None = None) -> Estimate:
    [name] = [factor.name for factor in found.factors if factor.clusters == found.fewest][:1] or ["value"]
    return _estimate(found, None, None, level, f"no interval: 1 {name}; it takes two or more", total=total)


def _estimate(
    found: Design,
    low: float | None,
    high: float | None,
    level: float,
    method: str,
    *,
    total: float | None = None,
) -> Estimate:
    return Estimate(
        value=found.mean,
        low=low,
        high=high,
        n=found.n,
        clusters={factor.name: factor.clusters for factor in found.factors},
        level=level,
        method=f"{method}, {100 * level:g} % two-sided; {found}" if low is not None else method,
        total=total,
        icc={factor.name: factor.icc for factor in found.factors},
        design_effect=found.design_effect,
        effective_n=found.effective_n,
    )


def _within(values: Sequence[float], scale: tuple[float, float] | None) -> None:
    for value in values if scale is not None else ():
        if scale is not None and not scale[0] <= value <= scale[1]:
            raise ValueError(f"the value {value:g} is outside the scale {scale[0]:g}..{scale[1]:g}")
