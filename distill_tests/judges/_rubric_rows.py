"""Rows of a file for the ``rubric`` judge, and its verdicts as rows.

``id`` and ``response`` (or ``test_response``); ``question`` (or ``prompt``), ``framing``;
``reference_response`` or ``references``; whose identity it is as for ``claims``: ``identity`` or ``model``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distill_tests.errors import DataError
from distill_tests.judges._claim_rows import row_identity
from distill_tests.types import Exhibit, Identity, Json, Model, Score


def read_row(row: Mapping[str, Any], models: Mapping[str, Model]) -> Exhibit:
    answer = _answer(row)
    identifier = row.get("id")
    if not isinstance(identifier, str | int) or isinstance(identifier, bool):
        raise DataError("id must be text or a whole number")
    framing, question = _text(row, "framing"), _text(row, "question") or _text(row, "prompt")
    return Exhibit(
        id=str(identifier),
        answer=answer,
        prompt=_text(row, "prompt") or framing or question,
        question=question,
        framing=framing,
        references=_references(row),
        identity=_identity(row, models),
    )


def _answer(row: Mapping[str, Any]) -> str:
    """Raises DataError for a row with two answers: which of them is meant nobody can tell."""
    given = [key for key in ("response", "test_response") if key in row]
    found = {_text(row, key, needed=True) for key in given}
    if len(found) > 1:
        raise DataError("response and test_response are two answers; remove one")
    return found.pop() if found else _text(row, "test_response", needed=True)


def _identity(row: Mapping[str, Any], models: Mapping[str, Model]) -> Identity | None:
    """A row that tells nothing of an identity may still be judged by a rubric that needs none."""
    card = models.get(row["model"]) if isinstance(row.get("model"), str) else None
    if row.get("identity") is None and (card is None or card.identity is None):
        return None
    told = {key: row[key] for key in ("identity", "model") if key in row}
    return row_identity(told, models)


def _references(row: Mapping[str, Any]) -> tuple[str, ...]:
    if "reference_response" in row:
        return (_text(row, "reference_response", needed=True),)
    given = row.get("references") or []
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise DataError("references must be a list of texts")
    return tuple(given)


def _text(row: Mapping[str, Any], key: str, *, needed: bool = False) -> str:
    value = row.get(key)
    if value is None and not needed:
        return ""
    if not isinstance(value, str):
        raise DataError(f"{key} must be text (got {'nothing' if value is None else type(value).__name__})")
    return value


def write_row(exhibit: Exhibit, score: Score) -> Mapping[str, Json]:
    return {
        "id": exhibit.id,
        "value": score.value,
        "label": score.label,
        **score.marks,
        "claimed": score.claimed,
        "reason": score.reason,
        "evidence": [
            {"start": span.start, "end": span.end, "text": exhibit.answer[span.start : span.end]}
            for span in score.evidence
        ],
        "judge": score.judge,
        "details": score.details,
    }
