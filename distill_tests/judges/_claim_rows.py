"""Rows of a file for the ``claims`` judge: ``id, response`` and whose identity it is; and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from distill_tests.errors import DataError
from distill_tests.types import Exhibit, Identity, Json, Model, Relation, Score


def read_row(row: Mapping[str, Any], models: Mapping[str, Model]) -> Exhibit:
    response = row.get("response")
    if not isinstance(response, str):
        raise DataError(f"response must be text (got {_kind(response)})")
    if not isinstance(row.get("id"), str | int) or isinstance(row.get("id"), bool):
        raise DataError(f"id must be text or a whole number (got {_kind(row.get('id'))})")
    return Exhibit(
        id=str(row["id"]),
        answer=response,
        question=_text(row, "question"),
        framing=_text(row, "framing"),
        identity=_row_identity(row, models),
    )


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(f"{key} must be text (got {_kind(value)})")
    return value


def _row_identity(row: Mapping[str, Any], models: Mapping[str, Model]) -> Identity:
    given = row.get("identity")
    if given is None:
        alias = row.get("model")
        model = models.get(alias) if isinstance(alias, str) else None
        if model is None or model.identity is None:
            raise DataError(
                f"needs identity: {{name, maker}}, or model: an alias with an identity (got {alias!r})"
            )
        return model.identity
    if not isinstance(given, Mapping):
        raise DataError(f"identity must be an object (got {_kind(given)})")
    if not _text(given, "name").strip() or not _text(given, "maker").strip():
        raise DataError("identity needs a name and a maker")
    return Identity(
        name=_text(given, "name"),
        maker=_text(given, "maker"),
        former=_texts(given, "former"),
        aliases=_texts(given, "aliases"),
        country=_texts(given, "country"),
        accept=tuple(_relations(given)),
    )


def _texts(given: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = given.get(key)
    if value is None:
        return ()
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise DataError(f"identity.{key} must be text or a list of texts (got {_kind(value)})")
    return tuple(values)


def _relations(given: Mapping[str, Any]) -> Iterator[Relation]:
    accept = given.get("accept") or []
    if not isinstance(accept, list) or not all(isinstance(one, Mapping) for one in accept):
        raise DataError(f"identity.accept must be a list of objects (got {_kind(accept)})")
    for one in accept:
        yield Relation(
            relation=_text(one, "relation"),
            model=_text(one, "model") or None,
            maker=_text(one, "maker") or None,
        )


def _kind(value: object) -> str:
    return "nothing" if value is None else type(value).__name__


def write_row(exhibit: Exhibit, score: Score) -> Mapping[str, Json]:
    return {
        "id": exhibit.id,
        "label": score.label,
        "loose": bool(score.marks.get("loose")),
        "strict": bool(score.marks.get("strict")),
        "claimed": score.claimed,
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
