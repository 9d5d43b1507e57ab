"""How alike the models under audit are, all pairs of them, and how much one model's repeats differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from distill_tests.errors import DataError
from distill_tests.lineage import Matrix, diversity, similarity_matrix
from distill_tests.registry import statistic
from distill_tests.types import Estimate, Json, Sample


@statistic("homogeneity", of_targets=True)
def homogeneity(samples: Mapping[str, Sample]) -> Estimate:
    """The mean similarity of all pairs of targets on the same prompts: 0 nothing shared, 1 the same answers.

    Cosines of words and word pairs, of the first answer to each case; the interval is a bootstrap over
    cases.  ``details`` holds the matrix and the order of a clustering.
    """
    texts = {
        alias: {outcome.case.id: outcome.trials[0].answer for outcome in sample.outcomes if outcome.trials}
        for alias, sample in samples.items()
    }
    level = min((sample.level for sample in samples.values()), default=0.95)
    try:
        found = similarity_matrix(texts, level=level)
    except DataError as error:
        raise ValueError(str(error)) from error
    return Estimate(
        value=found.mean,
        low=found.low,
        high=found.high,
        n=found.prompts,
        missing=sum(found.missing.values()),
        clusters={"target": len(found.models)},
        level=level,
        method="mean cosine over all pairs of targets; bootstrap over prompts",
        details={"matrix": matrix_as_json(found)},
    )


def matrix_as_json(found: Matrix) -> dict[str, Json]:
    return {
        "models": list(found.models),
        "similarity": [list(row) for row in found.plain],
        "centred": [list(row) for row in found.centred],
        "order": list(found.order),
        "missing": dict(found.missing),
    }


@statistic("answer_diversity")
def answer_diversity(sample: Sample) -> Estimate:
    """How much a target's repeated answers to one prompt differ: 0 always the same, 1 nothing shared.

    1 - the mean cosine of words and word pairs between repeats; the interval is a bootstrap over cases.
    No value without repeats (``repeats: 2`` or more).
    """
    repeats = {outcome.case.id: [trial.answer for trial in outcome.trials] for outcome in sample.outcomes}
    nothing = Estimate(
        value=None,
        low=None,
        high=None,
        n=0,
        missing=len(sample.failed),
        undrawn=len(sample.undrawn),
        level=sample.level,
    )
    try:
        found = diversity(repeats, level=sample.level)
    except DataError as error:
        return replace(nothing, method=str(error))
    return replace(
        nothing,
        value=found.mean,
        low=found.low,
        high=found.high,
        n=found.prompts,
        method="1 - mean cosine between repeats; bootstrap over prompts",
    )
