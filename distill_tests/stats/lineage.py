"""Whether a teacher can be named, and how alike the models of a set are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from distill_tests.errors import DataError
from distill_tests.lineage.audited import answers_of, finding_of
from distill_tests.registry import Threshold, statistic
from distill_tests.types import Estimate, Sample

FWER: Mapping[str, Any] = {
    "fwer": {
        "title": "Family-wise error rate",
        "description": "The gate fails where a maker of the panel stands out with a p-value up to this: how "
        "often a model that none of them taught would seem nearest to one of them as clearly.",
        "type": "number",
        "exclusiveMinimum": 0,
        "exclusiveMaximum": 1,
        "examples": [0.05],
    }
}


def _at_least_fwer(options: Mapping[str, Any]) -> Threshold | None:
    fwer = options.get("fwer")
    return Threshold("at_least", float(fwer)) if isinstance(fwer, int | float) else None


@statistic("no_teacher", options=FWER, threshold=_at_least_fwer, is_p_value=True)
def no_teacher(sample: Sample, *, fwer: float = 0.05) -> Estimate:
    """The p-value of the nearest maker that is neither of the own family nor that of the disclosed base.

    A low one says that the target's answers are nearer to that maker's than null models' are to any; never
    that it was trained on them.  No value where the answers cannot be compared,
    and where too few null models or candidates let no p-value be as low as ``fwer``.
    """
    answers = answers_of(sample.outcomes)
    nothing = Estimate(
        value=None,
        low=None,
        high=None,
        n=0,
        missing=len(sample.failed),
        undrawn=len(sample.undrawn),
        level=sample.level,
    )
    if answers is None:
        return replace(nothing, method="no prompt was answered")
    try:
        found = finding_of(answers, at_most=fwer)
    except DataError as error:
        raise ValueError(str(error)) from error
    if found.absent:
        raise ValueError(f"{', '.join(found.absent)} of the panel answered too few prompts to be compared")
    if not found.attribution.comparable:
        told = found.attribution
        return replace(nothing, n=told.prompts, method=told.reason, details=found.as_json())
    if found.finest > fwer:
        return replace(nothing, method=found.attribution.reason, details=found.as_json())
    return replace(
        nothing,
        value=found.p,
        n=found.attribution.prompts,
        method=f"share of {found.nulls} null models, and itself, as near to the maker nearest to them",
        details=found.as_json(),
    )
