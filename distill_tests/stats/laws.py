"""The share of laws that a judge keeps: what a gate of a calibration with ``laws`` is put on."""

from __future__ import annotations

from typing import Any

from distill_tests.registry import statistic
from distill_tests.types import Estimate, Sample

METHOD = "no interval: every law that the spec names was tried"


@statistic("laws_held")
def laws_held(sample: Sample) -> Estimate:
    """The share of the laws tried of which no example breaks them."""
    told: list[Any] = [
        trial.score.details["law"]
        for outcome in sample.outcomes
        for trial in outcome.trials
        if "law" in trial.score.details
    ]
    held = [one["held"] for one in told if one["held"] is not None]
    return Estimate(
        value=sum(held) / len(held) if held else None,
        low=None,
        high=None,
        n=len(held),
        missing=len(told) - len(held),
        undrawn=len(sample.undrawn) * sample.repeats,
        level=sample.level,
        method=METHOD,
    )
