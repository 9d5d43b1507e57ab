"""How far a judge agrees with reference labels: kappa, precision, recall, false positives.

The reference is one side, the judge the other; rows the judge did not score are counted as missing and stand
outside every number.  What has no denominator has no value, and ``Estimate.method`` says why; it is never 0.
Proportions carry Korn-Graubard intervals over the rows' clusters, kappas a bootstrap over clusters.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from distill_tests.inference.bootstrap import RESAMPLES, bootstrap, bootstrap_words, fewest_clusters
from distill_tests.inference.clustered import clustered_rate
from distill_tests.inference.clustering import Clusters
from distill_tests.inference.intervals import clean_upper, one_sided
from distill_tests.types import Estimate

Label = TypeVar("Label", bound=Hashable)


class Confusion(NamedTuple):
    """Rows counted by reference and judge; *positive* is what the judge is to find."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    @property
    def n(self) -> int:
        return sum(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A two-class judge against the reference; ``unscored`` rows stand outside every number.

    ``recall`` is the judge's sensitivity; ``false_positive_rate`` is 1 - ``specificity``.
    """

    confusion: Confusion
    unscored: int
    kappa: Estimate
    precision: Estimate
    recall: Estimate
    specificity: Estimate
    false_positive_rate: Estimate


def agreement(
    reference: Sequence[bool],
    judged: Sequence[bool | None],
    clusters: Clusters,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Agreement:
    """All that is said of a two-class judge, row by row against the reference; ``None`` is unscored.

    Raises ValueError for no rows, or columns of different lengths.
    """
    _same_length(reference, judged, clusters)
    rows = [
        (bool(truth), bool(verdict), labels)
        for truth, verdict, labels in zip(reference, judged, clusters, strict=True)
        if verdict is not None
    ]
    missing = len(reference) - len(rows)

    def share(of: str, hit: Callable[[bool, bool], bool], among: Callable[[bool, bool], bool]) -> Estimate:
        chosen = [(hit(t, v), labels) for t, v, labels in rows if among(t, v)]
        if not chosen:
            return _no_value(f"no value: {of}", level=level, missing=missing)
        values, their_clusters = zip(*chosen, strict=True)
        return replace(clustered_rate(values, their_clusters, level=level), missing=missing)

    none_positive, none_negative = (
        "no row is positive in the reference",
        "no row is negative in the reference",
    )
    return Agreement(
        confusion=confusion(reference, judged),
        unscored=missing,
        kappa=cohen_kappa(reference, judged, clusters, level=level, resamples=resamples, seed=seed),
        precision=share("the judge found no row positive", lambda t, _: t, lambda _, v: v),
        recall=share(none_positive, lambda _, v: v, lambda t, _: t),
        specificity=share(none_negative, lambda _, v: not v, lambda t, _: not t),
        false_positive_rate=share(none_negative, lambda _, v: v, lambda t, _: not t),
    )


def confusion(reference: Sequence[bool], judged: Sequence[bool | None]) -> Confusion:
    """The four counts of a two-class judge, over the rows it scored."""
    _same_length(reference, judged)
    pairs = Counter(
        (bool(truth), bool(verdict))
        for truth, verdict in zip(reference, judged, strict=True)
        if verdict is not None
    )
    return Confusion(pairs[True, True], pairs[False, True], pairs[True, False], pairs[False, False])


def confusion_counts(
    reference: Sequence[Label], judged: Sequence[Label | None]
) -> dict[tuple[Label, Label], int]:
    """How many rows the reference labels a and the judge b, by (a, b); only pairs that occur.

    Raises ValueError where the columns differ in length.
    """
    _same_length(reference, judged)
    pairs = zip(reference, judged, strict=True)
    return dict(Counter((truth, verdict) for truth, verdict in pairs if verdict is not None))


def cohen_kappa(
    reference: Sequence[Label],
    judged: Sequence[Label | None],
    clusters: Clusters,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Agreement beyond chance over any number of classes (Cohen 1960), with a bootstrap over clusters.

    The interval is never narrower than what agreement throughout, or nowhere, would get under as many
    clusters.  No value where both sides give all rows one label; no interval with one cluster.  Raises
    ValueError for no rows, or columns of different lengths.
    """
    _same_length(reference, judged, clusters)
    rows = [
        (truth, verdict, labels)
        for truth, verdict, labels in zip(reference, judged, clusters, strict=True)
        if verdict is not None
    ]
    missing = len(reference) - len(rows)
    if not rows:
        return _no_value("no value: the judge scored no row", level=level, missing=missing)
    truths, verdicts, scored_clusters = zip(*rows, strict=True)
    codes = {label: code for code, label in enumerate(dict.fromkeys((*truths, *verdicts)))}
    coded = [(codes[truth], codes[verdict]) for truth, verdict in zip(truths, verdicts, strict=True)]
    kappa = _kappa(coded, [1] * len(coded))
    agreed = clustered_rate(
        [float(truth == verdict) for truth, verdict in coded], scored_clusters, level=level
    )
    if kappa is None:
        reason = "no value: reference and judge give all rows one label"
        return replace(_no_value(reason, level=level, missing=missing), n=len(rows), clusters=agreed.clusters)
    without_design = replace(agreed, icc={}, design_effect=None, effective_n=None)  # those of the agreement
    if agreed.low is None or agreed.high is None:
        return replace(without_design, value=kappa, missing=missing, total=None)
    low, high, method = _kappa_interval(coded, scored_clusters, agreed, level, resamples, seed)
    return replace(
        without_design, value=kappa, low=low, high=high, missing=missing, method=method, total=None
    )


def _kappa_interval(
    coded: Sequence[tuple[int, int]],
    clusters: Clusters,
    agreed: Estimate,
    level: float,
    resamples: int,
    seed: int,
) -> tuple[float, float, str]:
    """By bootstrap; from the interval of the rate of agreement where all resamples give one kappa."""
    drawn = bootstrap(
        lambda counts: _kappa(coded, counts), clusters, level=level, resamples=resamples, seed=seed
    )
    chance = _margins(coded, [1] * len(coded)).by_chance / len(coded) ** 2

    def kappa_at(rate: float) -> float:
        return (rate - chance) / (1.0 - chance)

    low = -1.0 if drawn.low is None else drawn.low
    high = 1.0 if drawn.high is None else drawn.high
    method = f"{bootstrap_words(drawn, clusters, seed=seed)}, {100 * level:g} % two-sided"
    if high - low < 1e-9 and agreed.low is not None and agreed.high is not None:
        low, high = kappa_at(agreed.low), kappa_at(agreed.high)
        method = f"from the rate of agreement: {agreed.method}"
    beyond = clean_upper(fewest_clusters(clusters), confidence=one_sided(level))
    return max(-1.0, min(low, kappa_at(1.0 - beyond))), min(1.0, max(high, kappa_at(beyond))), method


class _Margins(NamedTuple):
    """``by_chance``: over all labels, how often either side gives it, multiplied; n x n at most."""

    n: int
    agreed: int
    by_chance: int


def _margins(coded: Sequence[tuple[int, int]], counts: Sequence[int]) -> _Margins:
    classes = 1 + max(max(pair) for pair in coded)
    truths, verdicts, agreed = [0] * classes, [0] * classes, 0
    for (truth, verdict), count in zip(coded, counts, strict=True):
        truths[truth] += count
        verdicts[verdict] += count
        if truth == verdict:
            agreed += count
    return _Margins(sum(truths), agreed, sum(map(operator.mul, truths, verdicts)))


def _kappa(coded: Sequence[tuple[int, int]], counts: Sequence[int]) -> float | None:
    n, agreed, by_chance = _margins(coded, counts)
    return (n * agreed - by_chance) / (n * n - by_chance) if by_chance < n * n else None


def _no_value(reason: str, *, level: float, missing: int) -> Estimate:
    return Estimate(value=None, low=None, high=None, n=0, missing=missing, level=level, method=reason)


def _same_length(*columns: Sequence[object]) -> None:
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        raise ValueError(f"columns of different lengths: {', '.join(map(str, lengths))}")
    if not lengths[0]:
        raise ValueError("there are no rows to compare")
