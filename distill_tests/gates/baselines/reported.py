"""What is reported of a set beside its baseline: the difference with its interval, evidence, what changed."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from distill_tests.gates.baselines.measured import Measured
from distill_tests.gates.baselines.noninferior import NotWorse
from distill_tests.gates.baselines.pairs import Pairs
from distill_tests.gates.tally import Ruler, exact
from distill_tests.inference.bootstrap import bootstrap_difference
from distill_tests.inference.clustered import clustered_mean
from distill_tests.types import Comparison, Estimate, Evidence, Gate, Sample

MOST_RESAMPLED = 3000
"""Pairs up to which the difference is resampled; beyond, its interval is by formula."""


def evidence_of(pairs: Pairs, test: NotWorse) -> Evidence:
    """Of the test at its stop, and infinite where logic decides."""
    found = test.evidence
    return Evidence(
        passing=math.inf if pairs.most <= pairs.delta else found.passing,
        failing=math.inf if pairs.least > pairs.delta else found.failing,
    )


def comparison(sample: Sample, measured: Measured, pairs: Pairs) -> Comparison:
    """Both means, and the cases that changed either way."""
    seen = pairs.scored
    repeats = pairs.counted.repeats
    value = pairs.ruler.value
    around = _around_old(sample, pairs) if seen and not pairs.counted.undrawn else None
    return Comparison(
        baseline=measured.name,
        pairs=len(seen) * repeats,
        new=float(value(sum((new for _, new, _ in seen), Fraction(0)) / len(seen))) if seen else None,
        old=float(value(sum((old for _, _, old in seen), Fraction(0)) / len(seen))) if seen else None,
        old_of_set=float(value(pairs.old_mean)),
        old_low=around.low if around else None,
        old_high=around.high if around else None,
        worse=pairs.worse,
        better=pairs.better,
    )


def _around_old(sample: Sample, pairs: Pairs) -> Estimate:
    """The baseline's mean over the pairs, for cases like these."""
    old = [float(pairs.ruler.value(old)) for _, _, old in pairs.scored]
    scale = (float(pairs.ruler.low), float(pairs.ruler.high))
    return clustered_mean(old, _clusters(sample, pairs), level=sample.level, scale=scale)


def _clusters(sample: Sample, pairs: Pairs) -> list[dict[str, str]]:
    """Of each pair what its case shares with others, by the names that all cases have."""
    labels = {outcome.case.id: dict(outcome.case.clusters) for outcome in sample.outcomes}
    seen = [labels[name] for name, _, _ in pairs.scored]
    common = set.intersection(*map(set, seen))
    return [{key: one[key] for key in sorted(common)} for one in seen]


def difference_estimate(gate: Gate, sample: Sample, pairs: Pairs, test: NotWorse) -> Estimate:
    """The difference new - old over the pairs seen, on the statistic's scale, with its interval."""
    seen = pairs.scored
    counted = pairs.counted
    base = Estimate(
        value=None,
        low=None,
        high=None,
        n=len(seen) * counted.repeats,
        missing=counted.missing,
        undrawn=counted.undrawn,
        clusters=counted.clusters,
        level=sample.level,
        method="difference from the baseline",
    )
    if not seen:
        return base
    difference = sum((new - old for _, new, old in seen), Fraction(0)) / len(seen)
    base = replace(base, value=float(_on_scale(pairs.ruler, difference)))
    if counted.undrawn:
        return _at_the_stop(gate, base, pairs, test)
    return _resampled(base, sample, pairs)


def _at_the_stop(gate: Gate, base: Estimate, pairs: Pairs, test: NotWorse) -> Estimate:
    bounds = test.bounds()
    least, most = max(bounds.lower, float(pairs.least)), min(bounds.upper, float(pairs.most))
    ends = sorted(float(_on_scale(pairs.ruler, Fraction(end))) for end in (least, max(least, most)))
    side = f"{100 * gate.confidence:g} % on either side"
    return replace(
        base,
        low=ends[0],
        high=ends[1],
        level=max(0.0, float(1 - 2 * (1 - exact(gate.confidence)))),
        method=f"difference from the baseline over the whole set, by paired e-processes, {side}",
        about="declared-set",
    )


def _resampled(base: Estimate, sample: Sample, pairs: Pairs) -> Estimate:
    """Of a set asked in full the difference is exact; the interval is for questions like these."""
    seen = pairs.scored
    new = [float(pairs.ruler.value(new)) for _, new, _ in seen]
    old = [float(pairs.ruler.value(old)) for _, _, old in seen]
    clusters = _clusters(sample, pairs)
    scale = (float(pairs.ruler.low), float(pairs.ruler.high))
    if len(seen) <= MOST_RESAMPLED:
        found = bootstrap_difference(new, old, clusters, scale=scale, level=sample.level)
    else:
        width = scale[1] - scale[0]
        differences = [later - earlier for later, earlier in zip(new, old, strict=True)]
        found = clustered_mean(differences, clusters, level=sample.level, scale=(-width, width))
    like = found.method.partition("; ")[0]
    return replace(
        found,
        value=base.value,
        n=base.n,
        missing=base.missing,
        clusters=base.clusters,
        method=f"difference from the baseline, exact for this set; for others like it by {like}",
        about="population",
    )


def _on_scale(measure: Ruler, difference: Fraction) -> Fraction:
    """A difference in wrong units as new - old on the statistic's scale."""
    way = difference * (measure.high - measure.low)
    return way if measure.at_most else -way
