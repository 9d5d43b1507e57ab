"""Rows of a file for the ``letter`` judge: ``id, reply, options: {A: text, …}``; and back.

``response`` and ``answer`` are other words for ``reply``.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

from distill_tests.errors import DataError
from distill_tests.types import Exhibit, Json, Model, Score


def read_row(row: Mapping[str, Any], _models: Mapping[str, Model]) -> Exhibit:
    """Raises DataError for a row without an id, a reply in text, or 2 to 26 options A, B, C …"""
    reply = next((row[key] for key in ("reply", "response", "answer") if key in row), None)
    if not isinstance(reply, str):
        raise DataError(f"reply must be text (got {_kind(reply)})")
    if not isinstance(row.get("id"), str | int) or isinstance(row.get("id"), bool):
        raise DataError(f"id must be text or a whole number (got {_kind(row.get('id'))})")
    return Exhibit(id=str(row["id"]), answer=reply, options=row_options(row.get("options")))


def row_options(given: object) -> Mapping[str, str]:
    """Option texts by letter, in the letters' order."""
    if not isinstance(given, Mapping):
        raise DataError(f"options must be an object such as {{A: text, B: text}} (got {_kind(given)})")
    if not 2 <= len(given) <= 26 or not set(given) <= set(ascii_uppercase):
        raise DataError(
            f"options must be 2 to 26, each under a capital letter (got {', '.join(map(str, given))[:80]})"
        )
    for letter, text in given.items():
        if not isinstance(text, str):
            raise DataError(f"options.{letter} must be text (got {_kind(text)})")
    return {letter: given[letter] for letter in sorted(given)}


def write_row(exhibit: Exhibit, score: Score) -> Mapping[str, Json]:
    return {
        "id": exhibit.id,
        "label": score.label,
        "rule": score.details.get("rule"),
        "reason": score.reason,
        "evidence": [
            {
                "start": span.start,
                "end": span.end,
                "text": exhibit.answer[span.start : span.end],
                "shows": span.shows,
            }
            for span in score.evidence
        ],
    }


def _kind(value: object) -> str:
    return "nothing" if value is None else type(value).__name__
