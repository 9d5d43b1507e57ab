"""Pairs of captions of which people hold one to be better: how many does a score tell right?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from distill_tests.inference.clustered import clustered_rate
from distill_tests.ratings.agreement import cluster_of
from distill_tests.ratings.beside import Beside
from distill_tests.types import Estimate


class Pairs(NamedTuple):
    """1 for each pair in which the better caption scores strictly more, else 0; ``tied``: how many tie."""

    right: list[float]
    clusters: list[Mapping[str, str]]
    tied: int
    missing: int


def pairs(found: Sequence[Beside], *, by: str | None = None) -> Pairs:
    """Every better caption beside each other one of its pair; a pair lacking a score is missing."""
    members: dict[str, list[Beside]] = {}
    for one in found:
        if one.pair is not None:
            members.setdefault(one.pair.name, []).append(one)
    told = Pairs([], [], 0, 0)
    tied = missing = 0
    for some in members.values():
        better = [one for one in some if one.pair and one.pair.is_better]
        for other in (one for one in some if one.pair and not one.pair.is_better):
            more = better[0].single(by) if better else None
            less = other.single(by)
            if more is None or less is None:
                missing += 1
                continue
            told.right.append(float(more > less))
            told.clusters.append(cluster_of(other))
            tied += more == less
    return told._replace(tied=tied, missing=missing)


def pairwise_accuracy(found: Sequence[Beside], *, by: str | None = None, level: float = 0.95) -> Estimate:
    """The share of pairs told right; a tie is a failure.  ``n`` counts pairs, clustered by clip."""
    told = pairs(found, by=by)
    if not told.right:
        return Estimate(
            value=None, low=None, high=None, n=0, missing=told.missing, level=level, method="no pair"
        )
    made = clustered_rate(told.right, told.clusters, level=level)
    return replace(made, missing=told.missing, total=None, details={"tied": told.tied})
