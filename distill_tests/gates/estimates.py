"""From cells to an estimate with its interval."""

from __future__ import annotations

from dataclasses import replace

from distill_tests.gates.cells import Cells
from distill_tests.inference.clustered import clustered_mean, clustered_rate
from distill_tests.types import Estimate


def rate(counted: Cells, *, level: float = 0.95) -> Estimate:
    """The share of scored cells that are 1.

    Of a set that was asked in full it is exact for that set; the interval is an approximate one for
    clusters like those of the set (Korn and Graubard 1998,
    :func:`~distill_tests.inference.clustered.clustered_rate`). Of a part of the set the gate puts its own
    interval, for the whole set, in its place.  Raises ValueError for a cell other than 0 and 1.
    """
    if not counted.values:
        return _nothing_scored(counted, level)
    return _told(clustered_rate(counted.values, counted.clustered, level=level), counted)


def mean(counted: Cells, *, scale: tuple[float, float], level: float = 0.95) -> Estimate:
    """The mean of the scored cells, as :func:`rate`; the interval is cluster-robust.

    Raises ValueError for a cell outside ``scale``.
    """
    if not counted.values:
        return _nothing_scored(counted, level)
    return _told(clustered_mean(counted.values, counted.clustered, level=level, scale=scale), counted)


def _told(found: Estimate, counted: Cells) -> Estimate:
    """The estimate with what is missing, and its method in words."""
    like = " and ".join(_plural(name) for name in found.icc) or "questions"
    method = found.method
    if found.low is not None:  # what clusters there are stands in fields of their own
        method = f"{method.partition('; ')[0]}, approximate, for {like} like these"
    return replace(
        found,
        missing=counted.missing,
        undrawn=counted.undrawn,
        clusters=counted.clusters or found.clusters,
        method=method,
        about="population",
    )


def _nothing_scored(counted: Cells, level: float) -> Estimate:
    return Estimate(
        value=None,
        low=None,
        high=None,
        n=0,
        missing=counted.missing,
        undrawn=counted.undrawn,
        level=level,
        method="no interval: nothing is scored",
        about="population",
        total=0.0,
    )


def _plural(noun: str) -> str:
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
