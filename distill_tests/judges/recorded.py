"""``recorded``: the verdicts that came with a published transcript, as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distill_tests.errors import DataError
from distill_tests.registry import Rows, judge
from distill_tests.types import Exhibit, Json, Model, Score


def _read_row(row: Mapping[str, Any], models: Mapping[str, Model]) -> Exhibit:  # noqa: ARG001 - the registry's signature
    verdicts = {key: row[key] for key in ("loose", "strict") if row.get(key) is not None}
    for key, value in verdicts.items():
        if not isinstance(value, bool):
            raise DataError(f"{key} must be true, false or null (got {value!r})")
    return Exhibit(id=str(row.get("id", "")), answer=str(row.get("response", "")), recorded=verdicts)


def _write_row(exhibit: Exhibit, score: Score) -> Mapping[str, Json]:
    return {
        "id": exhibit.id,
        "label": score.label,
        "loose": bool(score.marks["loose"]) if "loose" in score.marks else None,
        "strict": bool(score.marks["strict"]) if "strict" in score.marks else None,
        "reason": score.reason,
    }


@judge(
    "recorded",
    scale=(0, 1),
    marks={"loose": (0, 1), "strict": (0, 1)},
    rows=Rows(read=_read_row, write=_write_row),
)
def recorded(exhibit: Exhibit) -> Score:
    """The stored loose verdict as value, the strict one as a mark; unscored where none is stored."""
    loose, strict = _verdict(exhibit, "loose"), _verdict(exhibit, "strict")
    marks = {
        name: float(value) for name, value in (("loose", loose), ("strict", strict)) if value is not None
    }
    if loose is None:
        return Score(
            value=None,
            label="unscored",
            reason="the transcript stores no verdict",
            marks=marks,
            judge="recorded",
        )
    label = "foreign" if strict else "persona" if loose else "none"
    return Score(
        value=float(loose),
        label=label,
        reason="the verdict stored with the transcript",
        marks=marks,
        judge="recorded",
    )


def _verdict(exhibit: Exhibit, name: str) -> bool | None:
    value = exhibit.recorded.get(name)
    return value if isinstance(value, bool) else None
