"""``resemblance``: how alike an answer and one reference response to the same prompt are, offline.

Style, logic and content from 0 to 2, overall from 1 to 5, as careful readers would rate them; the likeness
of two texts, not their quality.  Fitted on ratings of two LLM annotators, not people, on English pairs;
other languages are compared and named as unmeasured.  ``docs/judges.md`` has the measured agreement.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distill_tests.display import is_blank
from distill_tests.judges._rubric_rows import read_row
from distill_tests.registry import Declared, Rows, judge
from distill_tests.resemblance.model import HEADS, SCALES, compared, version
from distill_tests.resemblance.wording import caveats, label_of, reason_of
from distill_tests.types import Exhibit, Json, Score


def declared(_options: Mapping[str, Any]) -> Declared:
    """The judge as it is now: its version is a hash of weights and code."""
    return Declared(scale=SCALES["overall"], marks=SCALES, version=version())


def write_row(exhibit: Exhibit, score: Score) -> Mapping[str, Json]:
    """The four numbers, null where the pair is unscored."""
    numbers = {head: score.marks.get(head) for head in HEADS}
    return {"id": exhibit.id, **numbers, "label": score.label, "reason": score.reason}


@judge(
    "resemblance",
    scale=SCALES["overall"],
    marks=SCALES,
    rows=Rows(read=read_row, write=write_row),
    declare=declared,
)
def resemblance(exhibit: Exhibit) -> Score:
    """How alike the answer and its one reference are; the same score with the two exchanged."""
    lacking = _lacking(exhibit)
    if lacking:
        return Score(value=None, label="unscored", reason=lacking, judge="resemblance")
    both = compared(exhibit.answer, exhibit.references[0], exhibit.prompt)
    found, notes = both.likeness, caveats(both)
    return Score(
        value=found.overall,
        label=label_of(found.overall),
        reason="; ".join([reason_of(both), *notes]),
        marks=found._asdict(),
        unsure=bool(notes),
        judge=f"resemblance@{version()[:8]}",
        details={"unmeasured_because": list(notes)} if notes else {},
    )


def _lacking(exhibit: Exhibit) -> str:
    """Why there is nothing to compare; empty where there is."""
    if len(exhibit.references) != 1:
        return f"takes exactly one reference response (got {len(exhibit.references)})"
    if is_blank(exhibit.answer):
        return "the test response is empty: nothing to compare"
    return "the reference response is empty: nothing to compare" if is_blank(exhibit.references[0]) else ""
