"""What clustered values are worth: intra-class correlation, cluster-robust variance, effective n.

Answers under one framing resemble each other, and so do answers to one question.  Every value therefore
carries labels, one per *factor* (``{"framing": "narrator", "question": "developer"}``, as
``types.Case.clusters``).  What is said here is about framings and questions *like these*, not about the
declared set.  Pass the factors that were drawn from more of their sort; a fixed one (language) is none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

Clusters = Sequence[Mapping[str, str]]
"""For each value, its label in each factor; empty mappings where each value stands for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One way in which values belong together, and how strongly.

    ``icc`` is the intra-class correlation by one-way analysis of variance: negative where values of one
    cluster differ more than those of different ones, ``None`` where there is no variation, one cluster, or
    no cluster with two values.  ``size`` is the mean size of the cluster that a value stands in.
    """

    name: str
    clusters: int
    size: float
    icc: float | None

    @property
    def inflation(self) -> float:
        """What the factor adds to the design effect: (size - 1) icc; a negative icc counts as 0."""
        return (self.size - 1.0) * max(0.0, self.icc or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What ``n`` clustered values are worth.

    ``fewest`` is the number of clusters of the factor that has the fewest.  ``variance`` is that of the
    mean, cluster-robust over all factors; ``None`` with fewer than two clusters, or no variation.
    ``effective_n`` independent values would carry as much about the mean; ``None`` with fewer than two
    clusters.
    """

    n: int
    mean: float
    factors: tuple[Factor, ...]
    fewest: int
    varies: bool
    variance: float | None
    effective_n: float | None

    @property
    def design_effect(self) -> float | None:
        return self.n / self.effective_n if self.effective_n else None

    def __str__(self) -> str:
        parts = [_factor_words(factor) for factor in self.factors]
        if self.design_effect is None:
            parts.append("no design effect: it takes two clusters or more")
        else:
            parts.append(f"design effect {self.design_effect:.3g}")
            parts.append(f"effective n {self.effective_n:.3g} of {self.n}")
        return "; ".join(parts)


def design(values: Sequence[float], clusters: Clusters) -> Design:
    """Templates seen, intra-class correlations, design effect and effective n of ``values``.

    Without variation no correlation can be estimated: each cluster then counts once.  Raises ValueError
    for no values, a value that is no number, or labels that do not fit the values.
    """
    columns = labels_by_factor(clusters, n=len(values))
    _finite(values)
    mean = math.fsum(values) / len(values)
    factors = tuple(_factor(name, labels, values, mean) for name, labels in columns.items())
    fewest = min((factor.clusters for factor in factors), default=len(values))
    varies = _varies(values)
    variance: float | None = None
    effective_n: float | None = None
    if fewest >= 2 and not varies:
        effective_n = float(fewest)
    elif fewest >= 2:
        independent = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values)
        inflation = 1.0 + math.fsum(factor.inflation for factor in factors)
        variance = max(cluster_variance(values, columns), independent * inflation)
        effective_n = len(values) * independent / variance
    return Design(
        n=len(values),
        mean=mean,
        factors=factors,
        fewest=fewest,
        varies=varies,
        variance=variance,
        effective_n=effective_n,
    )


def cluster_variance(values: Sequence[float], columns: Mapping[str, Sequence[str]]) -> float:
    """The variance of the mean when clusters of every factor are drawn anew.

    Cameron, Gelbach and Miller 2011: the one-way variances are added, those by the intersections of two
    factors taken off, and so on; each with the correction G / (G - 1).  Where that is below the widest
    one-way variance, which happens by chance and where factors are nested, the latter.
    """
    columns = columns or {"value": [str(position) for position in range(len(values))]}
    mean = math.fsum(values) / len(values)
    one_way, total = [], 0.0
    for several in range(1, len(columns) + 1):
        for chosen in combinations(columns.values(), several):
            labels = list(zip(*chosen, strict=True))
            part = _one_way_variance(values, labels, mean)
            total += part if several % 2 else -part
            if several == 1:
                one_way.append(part)
    return max(total, *one_way) if len(one_way) > 1 else total


def labels_by_factor(clusters: Clusters, *, n: int) -> dict[str, list[str]]:
    """Factor by factor, the label of each of ``n`` values; raises ValueError where they do not fit."""
    if n == 0:
        raise ValueError("there are no values")
    if len(clusters) != n:
        raise ValueError(f"{n} values and {len(clusters)} sets of cluster labels")
    names = list(clusters[0])
    for position, labels in enumerate(clusters):
        if labels.keys() != clusters[0].keys():
            missing = sorted(labels.keys() ^ clusters[0].keys())
            raise ValueError(
                f"value {position} has other cluster labels than the first: {', '.join(missing)}"
            )
    return {name: [labels[name] for labels in clusters] for name in names}


# --- parts ----------------------------------------------------------------------------------------


def _factor(name: str, labels: Sequence[str], values: Sequence[float], mean: float) -> Factor:
    sizes = Counter(labels)
    n = len(values)
    return Factor(
        name=name,
        clusters=len(sizes),
        size=sum(size * size for size in sizes.values()) / n,
        icc=_icc(labels, values, mean) if 1 < len(sizes) < n and _varies(values) else None,
    )


def _icc(labels: Sequence[str], values: Sequence[float], mean: float) -> float:
    """Donner 1986: (MSB - MSW) / (MSB + (m0 - 1) MSW), m0 the mean cluster size less its dispersion."""
    groups: dict[str, list[float]] = {}
    for label, value in zip(labels, values, strict=True):
        groups.setdefault(label, []).append(value)
    n, k = len(values), len(groups)
    means = {label: math.fsum(group) / len(group) for label, group in groups.items()}
    between = math.fsum(len(group) * (means[label] - mean) ** 2 for label, group in groups.items()) / (k - 1)
    within = math.fsum((value - means[label]) ** 2 for label, value in zip(labels, values, strict=True)) / (
        n - k
    )
    m0 = (n - sum(len(group) ** 2 for group in groups.values()) / n) / (k - 1)
    return (between - within) / (between + (m0 - 1.0) * within)


def _one_way_variance(values: Sequence[float], labels: Sequence[Hashable], mean: float) -> float:
    sums: dict[Hashable, float] = {}
    for label, value in zip(labels, values, strict=True):
        sums[label] = sums.get(label, 0.0) + value - mean
    if len(sums) < 2:
        return 0.0
    squares = math.fsum(deviation**2 for deviation in sums.values())
    return squares / len(values) ** 2 * len(sums) / (len(sums) - 1)


def _factor_words(factor: Factor) -> str:
    # Clusters of hardly more than one value give numbers below -1, which say nothing.
    icc = "unknown" if factor.icc is None or factor.icc < -1.0 else f"{factor.icc:.2f}"
    return f"{factor.name}: {factor.clusters} clusters, intra-class correlation {icc}"


def _varies(values: Sequence[float]) -> bool:
    """Whether the values differ by more than the rounding of a computation."""
    smallest, largest = min(values), max(values)
    return largest - smallest > 1e-12 * max(abs(smallest), abs(largest))


def _finite(values: Sequence[float]) -> None:
    for position, value in enumerate(values):
        if not math.isfinite(value):
            raise ValueError(f"value {position} is {value}, no number")
