"""Rows of a file for judges of captions: ``id, caption, references``; what else a row holds is left alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distill_tests.errors import DataError
from distill_tests.types import Exhibit, Model


def read_row(row: Mapping[str, Any], models: Mapping[str, Model]) -> Exhibit:  # noqa: ARG001 - the registry's signature
    """``candidate`` and ``answer`` are other words for ``caption``, ``refs`` and ``ref`` for references.

    A row without references is none that is bad: its caption is unscored.
    """
    caption = _first(row, "caption", "candidate", "answer")
    references = _first(row, "references", "refs", "ref")
    if references is None:
        references = []
    if not isinstance(row.get("id"), str | int) or isinstance(row.get("id"), bool):
        raise DataError(f"id must be text or a whole number (got {_kind(row.get('id'))})")
    if not isinstance(caption, str):
        raise DataError(f"caption must be text (got {_kind(caption)})")
    if isinstance(references, str):
        references = [references]
    if not isinstance(references, list) or not all(isinstance(one, str) for one in references):
        raise DataError(f"references must be a list of texts (got {_kind(references)})")
    return Exhibit(id=str(row["id"]), answer=caption, references=tuple(references))


def _first(row: Mapping[str, Any], *keys: str) -> object:
    return next((row[key] for key in keys if row.get(key) is not None), None)


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "a list with something that is no text"
    return "nothing" if value is None else type(value).__name__
