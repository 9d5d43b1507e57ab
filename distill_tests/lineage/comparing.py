"""Recorded responses beside a panel of candidate teachers: one attribution a student."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from distill_tests.errors import DataError
from distill_tests.lineage.attribution import Comparison
from distill_tests.lineage.bench import Bench
from distill_tests.lineage.nulls import Null, shipped_nulls
from distill_tests.lineage.overlaps import overlaps
from distill_tests.lineage.panel import Known, Panel

AT_MOST: Final = 0.1
"""The p-value up to which a maker is named: at most one false name in the trials of docs/lineage.md."""

LEVEL: Final = 0.95
DRAWS: Final = 400


def compare(
    responses: Mapping[str, Mapping[str, str]],
    panel: Mapping[str, Sequence[str]],
    students: Sequence[str],
    *,
    known: Known | None = None,
    asked: Mapping[str, str] | None = None,
    nulls: Sequence[Null] | None = None,
    null_models: Mapping[str, str] | None = None,
    at_most: float = AT_MOST,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Comparison:
    """Each student beside the panel; what another student answered or is changes nothing for it.

    ``responses``: model, prompt id, text; ``asked``: the prompts' texts as far as they are known.
    ``nulls``: scored models to calibrate on, by default the shipped ones; ``null_models`` (model: its maker)
    and the panel's members, as far as they are not among them, are scored and added.  Raises DataError for
    a panel or students that cannot be compared, MissingExtra without NumPy and SciPy.
    """
    candidates = Panel(panel)
    _check(candidates, students, at_most=at_most, level=level)
    if seed < 0:
        raise DataError(f"seed {seed} is below 0")
    further = null_models or {}
    bench = Bench(
        overlaps(responses, candidates.models, (*students, *further), asked=asked),
        candidates,
        draws=draws,
        level=level,
        seed=seed,
    )
    known = known or Known()
    given = tuple(shipped_nulls() if nulls is None else nulls)
    counted = {null.model for null in given}
    scored = (*bench.nulls_of(further), *bench.own_nulls())
    calibration = (*given, *(null for null in scored if null.model not in counted))
    extra = {model: set(responses[model]) - set(bench.found.prompts) for model in students}
    return Comparison(
        attributions=tuple(
            bench.attribution(model, known, calibration, at_most=at_most, unmatched=len(extra[model]))
            for model in students
        ),
        nulls=calibration,
        prompts=len(bench.found.prompts),
        missing={member: bench.missing(place) for place, member in enumerate(candidates.models)},
        at_most=at_most,
    )


def _check(panel: Panel, students: Sequence[str], *, at_most: float, level: float) -> None:
    if both := [model for model in students if model in panel.models]:
        raise DataError(f"{both[0]!r} is a member of the panel; it cannot be its own teacher")
    if twice := [model for model in students if list(students).count(model) > 1]:
        raise DataError(f"{twice[0]!r} stands among the students more than once")
    for name, value in (("at_most", at_most), ("level", level)):
        if not 0.0 < value < 1.0:
            raise DataError(f"{name} {value:g} is not between 0 and 1")
