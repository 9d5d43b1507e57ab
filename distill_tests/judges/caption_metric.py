"""``caption_metric``: one offline metric of a caption's wording, as a judge: the cheap baseline.

CIDEr-D is no metric of one caption: it needs a whole set (:mod:`distill_tests.captions.cider`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from distill_tests.captions.metrics import METRICS, metric
from distill_tests.judges._caption_rows import read_row
from distill_tests.registry import Rows, judge
from distill_tests.types import Exhibit, Json, Score

_OPTIONS: Final[Mapping[str, Any]] = {
    "metric": {
        "enum": sorted(METRICS),
        "default": "chrf",
        "description": "which metric; brevity is the length control",
    }
}


def write_row(exhibit: Exhibit, score: Score) -> Mapping[str, Json]:
    return {"id": exhibit.id, "score": score.value, "label": score.label, "reason": score.reason}


@judge("caption_metric", scale=(0, 1), options=_OPTIONS, rows=Rows(read=read_row, write=write_row))
def caption_metric(exhibit: Exhibit, *, metric: str = "chrf") -> Score:
    """Unscored where the caption, or every reference, holds no word."""
    return _score(exhibit, metric)


def _score(exhibit: Exhibit, name: str) -> Score:
    if name not in METRICS:
        reason = f"no metric is called {name!r}; known: {', '.join(sorted(METRICS))}"
        return Score(value=None, label="unscored", reason=reason, judge="caption_metric")
    try:
        value = metric(name, exhibit.answer, exhibit.references)
    except ValueError as error:
        return Score(value=None, label="unscored", reason=str(error), judge="caption_metric")
    count = len(exhibit.references)
    beside = "1 reference" if count == 1 else f"{count} references"
    return Score(
        value=value, label="scored", reason=f"{name} {value:.3f} beside {beside}", judge="caption_metric"
    )
