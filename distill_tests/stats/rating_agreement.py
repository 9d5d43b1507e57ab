"""How far a judge agrees with people's ratings: what gates of a calibration with ``ratings`` are put on.

``of`` names the dimension of the ratings; which of the judge's numbers is held against it says the spec
(``ratings: dimensions``).  Numbers of different protocols cannot be compared; the spec's is the default.
Intervals are bootstraps over clips; these are no means of answers, so that gates decide on whole sets only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from distill_tests.inference.correlation import Coefficient
from distill_tests.ratings.agreement import (
    PROTOCOLS,
    Protocol,
    columns,
    estimated,
)
from distill_tests.ratings.agreement import tau_b_difference as difference
from distill_tests.ratings.beside import Beside, RatedRow, beside_of_sample
from distill_tests.ratings.items import AVERAGE, OVERALL
from distill_tests.ratings.pairs import pairwise_accuracy as pairs_told_right
from distill_tests.registry import statistic
from distill_tests.types import Estimate, Sample

BY: Mapping[str, Any] = {
    "by": {
        "type": "string",
        "minLength": 1,
        "description": "An offline metric in the judge's place.",
        "examples": ["chrf"],
    }
}
OPTIONS: Mapping[str, Any] = {
    "of": {
        "type": "string",
        "minLength": 1,
        "description": "The dimension of the ratings. Default: average, else overall, else the only one.",
        "examples": ["accuracy"],
    },
    "protocol": {
        "enum": list(PROTOCOLS),
        "description": "item_mean: the mean of an item's ratings; per_rating: each rating is a point; "
        "each_rater: the mean over raters. Default: the spec's.",
    },
}


@statistic("tau_b", scale=(-1, 1), options={**OPTIONS, **BY})
def tau_b(sample: Sample, **options: Any) -> Estimate:
    """Kendall's tau-b with people's ratings: pairs of items in one order, corrected for ties."""
    return _correlation(sample, "kendall", **options)


@statistic("tau_c", scale=(-1, 1), options={**OPTIONS, **BY})
def tau_c(sample: Sample, **options: Any) -> Estimate:
    """Stuart's tau-c with people's ratings: for columns of different numbers of values."""
    return _correlation(sample, "stuart", **options)


@statistic("spearman", scale=(-1, 1), options={**OPTIONS, **BY})
def spearman(sample: Sample, **options: Any) -> Estimate:
    """Spearman's correlation of ranks with people's ratings."""
    return _correlation(sample, "spearman", **options)


@statistic(
    "tau_b_difference",
    scale=(-2, 2),
    options={
        **OPTIONS,
        "than": {
            "type": "string",
            "minLength": 1,
            "description": "The offline metric that the judge is held against; brevity: the length control.",
            "examples": ["chrf"],
        },
    },
)
def tau_b_difference(
    sample: Sample, *, than: str = "brevity", of: str | None = None, protocol: Protocol | None = None
) -> Estimate:
    """The judge's tau-b less that of an offline metric, on the same items and the same draws of clips."""
    found = _found(sample)
    if not any(than in one.metrics for one in found):
        known = ", ".join(dict.fromkeys(name for one in found for name in one.metrics)) or "none"
        raise ValueError(f"no item has the metric {than!r}; there are {known}")
    told = difference(
        found, _dimension(found, of), than, protocol=protocol or _protocol(sample), level=sample.level
    )
    return _with_undrawn(told, sample)


@statistic("pairwise_accuracy", options=BY)
def pairwise_accuracy(sample: Sample, *, by: str | None = None) -> Estimate:
    """The share of pairs whose better caption scores strictly more; a tie is a failure."""
    found = _found(sample)
    if not any(one.pair for one in found):
        raise ValueError("no item stands in a pair")
    return _with_undrawn(pairs_told_right(found, by=by, level=sample.level), sample)


def _correlation(
    sample: Sample,
    coefficient: Coefficient,
    *,
    of: str | None = None,
    protocol: Protocol | None = None,
    by: str | None = None,
) -> Estimate:
    found = _found(sample)
    given = columns(found, _dimension(found, of), protocol=protocol or _protocol(sample), by=by)
    return _with_undrawn(estimated(given, coefficient, level=sample.level), sample)


def _found(sample: Sample) -> tuple[Beside, ...]:
    found = beside_of_sample(sample)
    if not found:
        raise ValueError("no rated item was asked; these statistics are for calibrations with ratings:")
    return found


def _dimension(found: Sequence[Beside], of: str | None) -> str:
    known = list(dict.fromkeys(name for one in found for name in one.ratings))
    if of is None:
        of = next(
            (name for name in (AVERAGE, OVERALL) if name in known), known[0] if len(known) == 1 else None
        )
    if of not in known:
        raise ValueError(f"no item is rated in {of!r}; there are {', '.join(known) or 'no ratings'}")
    return of


def _protocol(sample: Sample) -> Protocol:
    rows = (case.data for case in (*(outcome.case for outcome in sample.outcomes), *sample.failed))
    written = next((row.protocol for row in rows if isinstance(row, RatedRow)), "")
    return next((one for one in PROTOCOLS if one == written), "item_mean")


def _with_undrawn(told: Estimate, sample: Sample) -> Estimate:
    return replace(told, undrawn=len(sample.undrawn) * sample.repeats, total=None)
