"""How far the members of a panel agree over a run: Krippendorff's alpha."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from distill_tests.inference.reliability import krippendorff_alpha
from distill_tests.registry import statistic
from distill_tests.types import Estimate, Json, Sample, Trial

OPTIONS = {
    "mark": {
        "type": "string",
        "minLength": 1,
        "description": "A mark that the members give, such as strict; by default their value.",
        "examples": ["strict"],
    },
    "measure": {
        "enum": ["nominal", "ordinal", "interval"],
        "default": "nominal",
        "description": "Whether two values merely differ, by rank, or by their distance.",
    },
}


@statistic("panel_agreement", scale=(-1, 1), options=OPTIONS)
def panel_agreement(
    sample: Sample,
    *,
    mark: str | None = None,
    measure: Literal["nominal", "ordinal", "interval"] = "nominal",
) -> Estimate:
    """Krippendorff's alpha of a panel's members: 1 is agreement throughout, 0 what chance gives.

    An answer that fewer than two members judged is missing.  The interval is a bootstrap over clusters.
    """
    rows = [
        (verdicts(trial, mark), outcome.case.clusters)
        for outcome in sample.outcomes
        for trial in outcome.trials
    ]
    asked = (len(sample.outcomes) + len(sample.failed)) * sample.repeats
    undrawn = len(sample.undrawn) * sample.repeats
    if not rows:
        reason = "no value: no answer was judged"
        return Estimate(
            value=None,
            low=None,
            high=None,
            n=0,
            missing=asked,
            undrawn=undrawn,
            level=sample.level,
            method=reason,
        )
    found = krippendorff_alpha(
        [one for one, _ in rows], [clusters for _, clusters in rows], measure=measure, level=sample.level
    )
    return replace(found, missing=asked - found.n, undrawn=undrawn)


def verdicts(trial: Trial, mark: str | None) -> Sequence[float | None]:
    """What each member of a panel said of an answer; empty for a judge that is no panel."""
    members: Json = trial.score.details.get("members")
    if not isinstance(members, Sequence) or isinstance(members, str):
        return ()
    return [_number(one, mark) for one in members if isinstance(one, Mapping)]


def _number(member: Mapping[str, Json], mark: str | None) -> float | None:
    marks = member.get("marks")
    if member.get("value") is None:
        return None
    found = member.get("value") if mark is None else marks.get(mark) if isinstance(marks, Mapping) else None
    return float(found) if isinstance(found, int | float) else None
