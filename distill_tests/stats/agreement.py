"""How far a judge agrees with gold labels: what gates of a calibration are put on.

``of`` names the label (``loose``, ``strict``, ``label`` …).  Of a label that is a word, precision, recall,
specificity and false positives need ``positive``: the word that the judge is to find.  Intervals are over the
clusters that ``clusters`` names, templates by default: rows under one template agree strongly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from distill_tests.gold import Label, Pair, clusters_of, columns, pairs
from distill_tests.inference.agreement import agreement as agree
from distill_tests.inference.agreement import cohen_kappa
from distill_tests.inference.clustered import clustered_rate
from distill_tests.registry import statistic
from distill_tests.types import Estimate, Sample

FACTORS = ("template",)
FEWEST_RESAMPLES = 100
OPTIONS: Mapping[str, Any] = {
    "of": {
        "type": "string",
        "minLength": 1,
        "default": "loose",
        "description": "The gold label that is compared: a mark of the judge, value, label or claimed.",
        "examples": ["strict"],
    },
    "clusters": {
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": {"enum": ["template", "question", "target"]},
        "default": list(FACTORS),
        "description": "What rows have in common and intervals take into account.",
    },
}
POSITIVE: Mapping[str, Any] = {
    "positive": {
        "type": "string",
        "minLength": 1,
        "description": "Of a label that is a word: the word that the judge is to find.",
        "examples": ["foreign"],
    }
}


@statistic("kappa", scale=(-1, 1), options=OPTIONS)
def kappa(sample: Sample, *, of: str = "loose", clusters: Sequence[str] = FACTORS) -> Estimate:
    """Agreement beyond chance (Cohen 1960): 1 is agreement throughout, 0 what chance would give."""
    found = _found(sample, of)
    told = cohen_kappa(
        [str(pair.reference) for pair in found],
        [None if pair.verdict is None else str(pair.verdict) for pair in found],
        clusters_of(found, clusters),
        level=sample.level,
    )
    return _with_undrawn(told, sample)


@statistic("agreement", options=OPTIONS)
def agreement(sample: Sample, *, of: str = "loose", clusters: Sequence[str] = FACTORS) -> Estimate:
    """The share of rows on which the judge says what the reference says."""
    found = _found(sample, of)
    scored = [pair for pair in found if pair.verdict is not None]
    if not scored:
        return _with_undrawn(Estimate(value=None, low=None, high=None, n=0, missing=len(found)), sample)
    same = [float(pair.verdict == pair.reference) for pair in scored]
    told = clustered_rate(same, clusters_of(scored, clusters), level=sample.level)
    return _with_undrawn(replace(told, missing=len(found) - len(scored)), sample)


@statistic("precision", options={**OPTIONS, **POSITIVE})
def precision(sample: Sample, **options: Any) -> Estimate:
    """Of the rows that the judge finds positive, the share that is."""
    return _rate(sample, "precision", **options)


@statistic("recall", options={**OPTIONS, **POSITIVE})
def recall(sample: Sample, **options: Any) -> Estimate:
    """Of the rows that are positive, the share that the judge finds; also called sensitivity."""
    return _rate(sample, "recall", **options)


@statistic("sensitivity", options={**OPTIONS, **POSITIVE})
def sensitivity(sample: Sample, **options: Any) -> Estimate:
    """Of the rows that are positive, the share that the judge finds; also called recall."""
    return _rate(sample, "recall", **options)


@statistic("specificity", options={**OPTIONS, **POSITIVE})
def specificity(sample: Sample, **options: Any) -> Estimate:
    """Of the rows that are negative, the share that the judge leaves alone."""
    return _rate(sample, "specificity", **options)


@statistic("false_positive_rate", options={**OPTIONS, **POSITIVE})
def false_positive_rate(sample: Sample, **options: Any) -> Estimate:
    """Of the rows that are negative, the share that the judge finds positive."""
    return _rate(sample, "false_positive_rate", **options)


def _rate(
    sample: Sample,
    name: str,
    *,
    of: str = "loose",
    clusters: Sequence[str] = FACTORS,
    positive: Label = True,
) -> Estimate:
    found = _found(sample, of)
    if positive is True and not all(isinstance(pair.reference, bool) for pair in found):
        raise ValueError(f"{of!r} is not yes or no; say which of its words is to be found: positive: …")
    told = agree(
        *columns(found, factors=clusters, positive=positive),
        level=sample.level,
        resamples=FEWEST_RESAMPLES,  # only kappa's interval needs more
    )
    estimate: Estimate = getattr(told, name)
    return _with_undrawn(estimate, sample)


def _found(sample: Sample, of: str) -> tuple[Pair, ...]:
    found = pairs(sample, of)
    if not found:
        raise ValueError(f"no gold row that was asked has a label {of!r}")
    return found


def _with_undrawn(told: Estimate, sample: Sample) -> Estimate:
    """No total: these are no means of the declared cells, so that gates decide on whole sets only."""
    return replace(told, undrawn=len(sample.undrawn) * sample.repeats, total=None)
