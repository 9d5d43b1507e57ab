"""How alike a target's answers are to the reference's: means of the judge's numbers over the prompts.

A scored answer without the mark is missing for that mean, not a zero.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from distill_tests.gates.cells import cells
from distill_tests.gates.estimates import mean
from distill_tests.inference.strata import mean_of_strata
from distill_tests.registry import statistic
from distill_tests.types import Case, Estimate, Json, Sample, Trial

OVERALL: Final = (1.0, 5.0)
PART: Final = (0.0, 2.0)


def overall(trial: Trial) -> float | None:
    """1 very different … 5 very much alike."""
    return trial.score.value


def style(trial: Trial) -> float | None:
    """Tone, choice of words, formatting: 0 to 2."""
    return trial.score.marks.get("style")


def logic(trial: Trial) -> float | None:
    """The order and flow of ideas: 0 to 2."""
    return trial.score.marks.get("logic")


def content(trial: Trial) -> float | None:
    """What is covered: 0 to 2."""
    return trial.score.marks.get("content")


@statistic("mean_overall", scale=OVERALL, cell=overall)
def mean_overall(sample: Sample) -> Estimate:
    """The mean overall likeness, 1 to 5, every answer counted the same (RSE, arXiv 2501.12619)."""
    return mean(cells(sample, overall), scale=OVERALL, level=sample.level)


@statistic("mean_style", scale=PART, cell=style)
def mean_style(sample: Sample) -> Estimate:
    """The mean likeness of style, 0 to 2."""
    return mean(cells(sample, style), scale=PART, level=sample.level)


@statistic("mean_logic", scale=PART, cell=logic)
def mean_logic(sample: Sample) -> Estimate:
    """The mean likeness of logical structure, 0 to 2."""
    return mean(cells(sample, logic), scale=PART, level=sample.level)


@statistic("mean_content", scale=PART, cell=content)
def mean_content(sample: Sample) -> Estimate:
    """The mean likeness of content, 0 to 2."""
    return mean(cells(sample, content), scale=PART, level=sample.level)


@statistic("mean_of_sets", scale=OVERALL)
def mean_of_sets(sample: Sample) -> Estimate:
    """The plain mean over prompt sets of each set's mean overall, as the paper reports it.

    Its interval joins those of the sets (:func:`~distill_tests.inference.strata.mean_of_strata`).
    """
    parts = {
        name: mean(cells(_of_set(sample, name), overall), scale=OVERALL, level=sample.level)
        for name in dict.fromkeys(_set(case) for case in _cases(sample))
    }
    whole = mean(cells(sample, overall), scale=OVERALL, level=sample.level)
    joined = mean_of_strata(list(parts.values()))
    told: dict[str, Json] = {
        "sets": {
            name: {"value": one.value, "low": one.low, "high": one.high, "n": one.n}
            for name, one in parts.items()
        }
    }
    without = [name for name, one in parts.items() if one.low is None]
    why = f"no interval: the set {without[0]} has none" if without else "no interval: nothing is scored"
    has_interval = joined is not None and joined.low is not None
    count = f"{len(parts)} {'set' if len(parts) == 1 else 'sets'}"
    return replace(
        whole,
        value=joined.value if joined else None,
        low=joined.low if joined else None,
        high=joined.high if joined else None,
        method=f"the intervals of {count} joined (MOVER), for prompts like these" if has_interval else why,
        total=None,
        icc={},
        design_effect=None,
        effective_n=None,
        details=told,
    )


def _set(case: Case) -> str:
    return case.groups.get("set", "")


def _cases(sample: Sample) -> tuple[Case, ...]:
    return (*(outcome.case for outcome in sample.outcomes), *sample.failed, *sample.undrawn)


def _of_set(sample: Sample, name: str) -> Sample:
    names = {case.id for case in _cases(sample) if _set(case) == name}
    return replace(
        sample,
        outcomes=tuple(outcome for outcome in sample.outcomes if outcome.case.id in names),
        failed=tuple(case for case in sample.failed if case.id in names),
        undrawn=tuple(case for case in sample.undrawn if case.id in names),
        order=tuple(one for one in sample.order if one in names),
    )
