"""The plain mean of the means of several strata, such as prompt sets, each with an interval of its own.

Zou and Donner 2008 (MOVER): the distances from the means to the ends of their intervals are squared, added
and rooted.  The strata are fixed, not drawn: the interval is about values like those of each of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from distill_tests.types import Estimate


class MeanOfStrata(NamedTuple):
    """``low`` and ``high`` None: one of the strata has no interval."""

    value: float
    low: float | None
    high: float | None


def mean_of_strata(strata: Sequence[Estimate]) -> MeanOfStrata | None:
    """Each stratum counts the same, however many values it has; None where one of them has no value.

    The strata must be independent of each other and their intervals of one level.
    """
    known = [one for one in strata if one.value is not None]
    if not strata or len(known) < len(strata):
        return None
    value = math.fsum(one.value or 0.0 for one in known) / len(known)
    below, above = _beyond(known, "low"), _beyond(known, "high")
    if below is None or above is None:
        return MeanOfStrata(value, None, None)
    return MeanOfStrata(value, value - below / len(known), value + above / len(known))


def _beyond(strata: Sequence[Estimate], end: str) -> float | None:
    """The root of the sum of squared distances to one end of the intervals."""
    distances = []
    for one in strata:
        bound: float | None = getattr(one, end)
        if bound is None or one.value is None:
            return None
        distances.append((bound - one.value) ** 2)
    return math.sqrt(math.fsum(distances))
