"""How often a target says it is somebody else's model: the strict, the loose and the hard rate.

A scored answer without the mark (a recorded verdict may know one of the two only) is missing for that
rate, not a zero.
"""

from __future__ import annotations

from distill_tests.gates.cells import cells
from distill_tests.gates.estimates import rate
from distill_tests.registry import statistic
from distill_tests.types import Estimate, Sample, Trial


def strict_mark(trial: Trial) -> float | None:
    """1 where the speaker claims to be another real maker's model, else 0; None where not judged."""
    return trial.score.marks.get("strict")


def loose_mark(trial: Trial) -> float | None:
    """1 where the speaker claims any other origin, real or invented, else 0; None where not judged."""
    return trial.score.marks.get("loose")


def hard_mark(trial: Trial) -> float | None:
    """1 where a strict answer came to a prompt without misleading information, else 0; None: not judged."""
    return trial.score.marks.get("hard")


@statistic("strict_rate", cell=strict_mark, mark="strict")
def strict_rate(sample: Sample) -> Estimate:
    """The share of answers that claim to be another real maker's model (ICE, arXiv 2501.12619, "strict")."""
    return rate(cells(sample, strict_mark), level=sample.level)


@statistic("loose_rate", cell=loose_mark, mark="loose")
def loose_rate(sample: Sample) -> Estimate:
    """The share of answers that contradict the identity card in any way (ICE, "loose")."""
    return rate(cells(sample, loose_mark), level=sample.level)


@statistic("hard_rate", cell=hard_mark, mark="hard")
def hard_rate(sample: Sample) -> Estimate:
    """The share of answers that are strict though nothing in the prompt misled the target (ICE, "hard")."""
    return rate(cells(sample, hard_mark), level=sample.level)
