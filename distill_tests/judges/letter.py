"""``letter``: the option a reply to a multiple-choice question chooses, offline and deterministic.

The label is a letter or ``invalid``; the value is 1 for a letter and 0 for invalid, because a reply that
chooses nothing, or several, is wrong and not unscored.  Nothing is ever guessed.  What is read as an
answer, and what comes first, stands in docs/judges.md; the words in ``_letter_words``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distill_tests.errors import DataError
from distill_tests.judges._letter_decision import INVALID, decide
from distill_tests.judges._letter_rows import read_row, write_row
from distill_tests.judges._letter_version import letter_version
from distill_tests.registry import Declared, Rows, judge
from distill_tests.types import Exhibit, Score, Span

_MARKS: Mapping[str, tuple[float, float]] = {"invalid": (0, 1)}


def declared(_options: Mapping[str, Any]) -> Declared:
    """The judge as it is now."""
    return Declared(scale=(0, 1), marks=_MARKS, version=letter_version())


@judge("letter", scale=(0, 1), marks=_MARKS, rows=Rows(read=read_row, write=write_row), declare=declared)
def letter(exhibit: Exhibit) -> Score:
    """The letter of ``options`` that ``answer`` chooses; raises DataError without options."""
    if len(exhibit.options) < 2:
        raise DataError(f"letter needs at least two options to choose from (got {len(exhibit.options)})")
    label, rule, span = decide(exhibit.answer, exhibit.options)
    return Score(
        value=float(label != INVALID),
        label=label,
        reason=f"{rule}: {label}" if label != INVALID else f"no single option chosen: {rule}",
        evidence=(Span(start=span[0], end=span[1], shows=rule),) if span else (),
        marks={"invalid": float(label == INVALID)},
        judge="letter",
        details={"rule": rule},
    )
