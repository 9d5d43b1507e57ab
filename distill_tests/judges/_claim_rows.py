"""Rows of a file for the ``claims`` judge: ``id, response`` and whose identity it is; and back.

``answer`` is another word for ``response``.  Whose identity: ``identity: {name, maker}``; ``model`` or
``target``, the alias of a card with one; or ``fact``, a sentence that names a model and its maker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from distill_tests.display import is_blank
from distill_tests.errors import DataError
from distill_tests.judges._places import places_in
from distill_tests.lexicon import find_names, fold, makers
from distill_tests.types import Exhibit, Identity, Json, Model, Relation, Score


def with_identity(row: Mapping[str, Any], models: Mapping[str, Model]) -> Mapping[str, Any]:
    """The row with its answer under ``response``, and with the identity that its ``fact`` tells, if any."""
    told = dict(row)
    if "response" not in told and "answer" in told:
        told["response"] = told.pop("answer")
    alias = next((key for key in ("model", "target") if _has_card(told.get(key), models)), None)
    if told.get("identity") is not None:
        return told
    if alias is not None:
        return {**told, "model": told[alias]}
    fact = told.get("fact")
    return {**told, "identity": _told_identity(fact)} if isinstance(fact, str) and fact.strip() else told


def _has_card(alias: object, models: Mapping[str, Model]) -> bool:
    model = models.get(alias) if isinstance(alias, str) else None
    return model is not None and model.identity is not None


def _told_identity(fact: str) -> dict[str, Any]:
    """The identity that a sentence such as ``I am Qwen, made by Alibaba Cloud, China`` tells."""
    folded = fold(fact)
    mentions = find_names(folded)
    names = [folded.text[one.start : one.end] for one in mentions if one.model]
    firms = [folded.text[one.start : one.end] for one in mentions if not one.model]
    if not mentions:
        raise DataError("fact names no maker or model that is known; give identity: {name, maker}")
    maker = firms[0] if firms else makers[mentions[0].maker].name
    name = names[0] if names else maker
    return {"name": name, "maker": maker, "aliases": [*names[1:], *firms[1:]], "country": places_in(fact)}


def read_row(row: Mapping[str, Any], models: Mapping[str, Model]) -> Exhibit:
    row = with_identity(row, models)
    response = row.get("response")
    if not isinstance(response, str):
        raise DataError(f"response must be text (got {_kind(response)})")
    if is_blank(response):
        raise DataError("response is empty: no answer to judge")
    if not isinstance(row.get("id"), str | int) or isinstance(row.get("id"), bool):
        raise DataError(f"id must be text or a whole number (got {_kind(row.get('id'))})")
    return Exhibit(
        id=str(row["id"]),
        answer=response,
        question=_text(row, "question"),
        framing=_text(row, "framing") or _text(row, "template"),
        identity=row_identity(row, models),
    )


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(f"{key} must be text (got {_kind(value)})")
    return value


def row_identity(row: Mapping[str, Any], models: Mapping[str, Model]) -> Identity:
    given = row.get("identity")
    if given is None:
        alias = row.get("model")
        model = models.get(alias) if isinstance(alias, str) else None
        if model is None or model.identity is None:
            raise DataError(
                f"needs identity: {{name, maker}}, fact, or model: an alias with an identity (got {alias!r})"
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
        "unsure": score.unsure,
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
