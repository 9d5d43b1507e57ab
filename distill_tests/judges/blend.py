"""``blend``: accuracy, completeness, conciseness and relevance of a caption by its references, offline.

The value is their mean, 0 to 100 (people's 1 is 0, their 5 is 100).  Fitted to what people said of 99
captions; ``docs/judges.md`` says how well it agrees with people, and on what it was never tried.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from distill_tests.captions.blend import DIMENSIONS, rated
from distill_tests.judges._caption_rows import read_row
from distill_tests.registry import Declared, Rows, judge
from distill_tests.types import Exhibit, Json, Score

UNMEASURED: Final = "unmeasured for captions that are not English"
LAST_LATIN: Final = "\u024f"
_SCALE: Final = (0.0, 100.0)
_MARKS: Final[Mapping[str, tuple[float, float]]] = dict.fromkeys(DIMENSIONS, _SCALE)


def declared(_options: Mapping[str, Any]) -> Declared:
    """The judge with its weights as they are now; a calibration of it holds for this version only."""
    return Declared(scale=_SCALE, marks=_MARKS, version=weights_version())


@cache
def weights_version() -> str:
    """Eight digits of SHA-256 over the weights and the word table."""
    data = resources.files("distill_tests").joinpath("data")
    parts = (data.joinpath(name).read_bytes() for name in ("blend.json", "caption_words.txt"))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:8]


def write_row(exhibit: Exhibit, score: Score) -> Mapping[str, Json]:
    """``None`` for every rating of a caption that is unscored."""
    ratings: dict[str, Json] = {
        name: round(score.marks[name], 2) if name in score.marks else None for name in DIMENSIONS
    }
    average = None if score.value is None else round(score.value, 2)
    return {
        "id": exhibit.id,
        **ratings,
        "average": average,
        "label": score.label,
        "reason": score.reason,
    }


@judge("blend", scale=_SCALE, marks=_MARKS, rows=Rows(read=read_row, write=write_row), declare=declared)
def blend(exhibit: Exhibit) -> Score:
    """Unscored where the caption, or every reference, holds no word."""
    if not exhibit.references:
        return _unscored("there are no references to compare the caption with")
    try:
        ratings = rated(exhibit.answer, exhibit.references)
    except ValueError as error:
        return _unscored(str(error))
    is_unmeasured = _is_in_another_script(exhibit.answer)
    return Score(
        value=ratings.average,
        label="scored",
        reason=f"{ratings.reason}; {UNMEASURED}" if is_unmeasured else ratings.reason,
        marks=ratings.by_dimension,
        unsure=is_unmeasured,
        judge="blend",
        details={"references": len(exhibit.references)},
    )


def _is_in_another_script(caption: str) -> bool:
    """Whether hardly half of its letters are Latin: it was fitted to English captions."""
    letters = [character for character in caption if character.isalpha()]
    return 2 * sum(character > LAST_LATIN for character in letters) > len(letters)


def _unscored(reason: str) -> Score:
    return Score(value=None, label="unscored", reason=reason, judge="blend")
