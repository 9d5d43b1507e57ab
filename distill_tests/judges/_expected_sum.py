"""Several replies to one score: which path each number took, and how far the reasons differ."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from distill_tests.judges._expected_draw import Draw, Number
from distill_tests.types import Json

PATHS: Final = ("published", "whole_number", "digit_tree", "sampled", "stated")
"""From the surest on; a score of several numbers has the path of the least sure one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """One number of the score.  ``mass``: the least captured probability of its replies; None: no logprobs.

    ``low`` and ``high`` bound the expected value, where logprobs gave it; ``each``: the replies' own values.
    """

    value: float
    path: str
    mass: float | None
    low: float | None
    high: float | None
    each: tuple[float, ...]
    why: str = ""

    def told(self) -> dict[str, Json]:
        return {
            "value": self.value,
            "path": self.path,
            "captured_mass": self.mass,
            "low": self.low,
            "high": self.high,
            "each": list(self.each),
            "why_not_by_logprobs": self.why or None,
        }


def by_logprobs(draws: Sequence[Draw], name: str) -> Summed | None:
    """The mean of the replies' expected values; None where one of them has none, or too little mass."""
    numbers = [draw.numbers[name] for draw in draws]
    found = [number.found for number in numbers if number.found is not None and not number.why]
    if not found or len(found) < len(numbers):
        return None
    return Summed(
        value=statistics.fmean(one.value for one in found),
        path=max((number.path for number in numbers), key=PATHS.index),
        mass=min(one.mass for one in found),
        low=statistics.fmean(one.low for one in found),
        high=statistics.fmean(one.high for one in found),
        each=tuple(one.value for one in found),
    )


def by_statement(first: Sequence[Draw], drawn: Sequence[Draw], name: str) -> Summed:
    """The mean of the stated numbers: of several draws, or of what there is.

    ``drawn`` are usable replies drawn at a temperature above 0, ``first`` those of the beginning.
    """
    pool = drawn if len(drawn) > 1 else first
    each = tuple(float(stated) for draw in pool if (stated := draw.numbers[name].stated) is not None)
    path = "sampled" if pool is drawn and len(each) > 1 else "stated"
    numbers = [draw.numbers[name] for draw in first]
    return Summed(
        value=statistics.fmean(each),
        path=path,
        mass=_least_mass(numbers),
        low=None,
        high=None,
        each=each,
        why=next((number.why for number in numbers if number.why), ""),
    )


def _least_mass(numbers: Sequence[Number]) -> float | None:
    """The captured probability that was too little; None where there was none to capture."""
    return min((number.mass for number in numbers if number.mass is not None), default=None)


def repeatability(sums: Sequence[Summed]) -> dict[str, Json] | None:
    """How far the scores of several reasons lie apart; None for a single one.  ``sd`` is the sample's.

    The score of a reason is the mean of its numbers; of numbers by different paths, there is none.
    """
    if len({(len(one.each), one.path in ("sampled", "stated")) for one in sums}) != 1:
        return None
    each = [statistics.fmean(values) for values in zip(*(one.each for one in sums), strict=True)]
    if len(each) < 2:
        return None
    sd = statistics.stdev(each)
    return {
        "reasons": len(each),
        "mean": statistics.fmean(each),
        "sd": sd,
        "standard_error": sd / math.sqrt(len(each)),
        "least": min(each),
        "most": max(each),
    }
