"""What a judge is shown of a gold row: its own text, or the row of a transcript that it names."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from distill_tests.display import is_blank
from distill_tests.errors import DataError
from distill_tests.kinds._facts import identity_in
from distill_tests.registry import Recorded, judges, providers
from distill_tests.sharing import sharing_trouble
from distill_tests.types import Exhibit, Identity, Model, Spec

GENERAL = "rubric"
"""The judge whose way to read rows serves for judges that have none: it takes any field, and needs none."""


class Texts:
    """How a spec reads what its judge is shown."""

    def __init__(self, spec: Spec, *, needs_identity: bool) -> None:
        self._spec, self._needs_identity = spec, needs_identity
        self._transcripts: Mapping[str, str] | None = spec.body["gold"].get("transcripts")
        self._recordings: dict[str, Sequence[Recorded]] = {}
        judge = judges.get(spec.judge.name) if spec.judge else None
        form = (judge.rows if judge else None) or judges.get(GENERAL).rows
        assert form is not None
        self._read = form.read
        self._asked = spec.judge.asked() if spec.judge else ()

    def exhibit(self, row: Mapping[str, Any]) -> Exhibit:
        """What the judge is shown of a row; raises DataError where that cannot be told, or must not be."""
        recorded = self._recorded(row)
        told = {key: value for key, value in row.items() if key != "labels"}
        if recorded is not None:
            told |= {
                "response": recorded.reply,
                "question": recorded.meta.get("question", ""),
                "framing": recorded.meta.get("framing", ""),
            }
        fact = row.get("fact")
        if fact is not None and row.get("identity") is None:
            told["identity"] = _as_card(_identity(fact))
        exhibit = self._read(told, self._spec.models)
        if isinstance(fact, str) and exhibit.identity is not None:
            exhibit = replace(exhibit, identity=replace(exhibit.identity, facts=(fact,)))
        if recorded is not None:
            exhibit = replace(
                exhibit, prompt=recorded.prompt, recorded={**recorded.verdicts, **exhibit.recorded}
            )
        self._check(row, exhibit)
        return exhibit

    def _check(self, row: Mapping[str, Any], exhibit: Exhibit) -> None:
        if is_blank(exhibit.answer):
            raise DataError("the response is empty")
        if self._needs_identity and exhibit.identity is None:
            raise DataError("needs identity: {name, maker}, fact: a sentence, or model: the alias of a card")
        named = (alias for key in ("model", "target") if isinstance(alias := row.get(key), str))
        owners = (self._spec.models[alias] for alias in named if alias in self._spec.models)
        for owner, reader in itertools.product(owners, self._asked):
            trouble = sharing_trouble(owner, reader)
            if trouble is not None:
                raise DataError(f"must not be sent: {trouble.what}; {trouble.allowed}")

    def _recorded(self, row: Mapping[str, Any]) -> Recorded | None:
        if self._transcripts is None:
            return None
        model, number = row.get("model"), row.get("row")
        if not isinstance(model, str) or not isinstance(number, int) or isinstance(number, bool):
            raise DataError("names no row of a transcript: model: its name, row: a number from 0")
        if model not in self._recordings:
            self._recordings[model] = self._recording(model, self._transcripts)
        rows = self._recordings[model]
        if not 0 <= number < len(rows):
            raise DataError(f"the transcript of {model!r} has {len(rows):,} rows, and no row {number}")
        return rows[number]

    def _recording(self, model: str, transcripts: Mapping[str, str]) -> Sequence[Recorded]:
        if "/" in model or "\\" in model or model in (".", ".."):
            raise DataError(f"{model!r} is no name of a model")
        path = transcripts["paths"].replace("{model}", model)
        card = Model(
            alias="gold",
            provider="recorded",
            model=model,
            options={"transcripts": {"format": transcripts["format"], "path": path}},
            directory=str(Path(self._spec.path).parent),
        )
        recording: Any = providers.get("recorded").make(card)
        rows: Sequence[Recorded] = recording.rows()
        return rows


def _identity(fact: object) -> Identity:
    if not isinstance(fact, str):
        raise DataError(f"'fact' is a sentence (got {type(fact).__name__})")
    return identity_in(fact)


def _as_card(identity: Identity) -> dict[str, Any]:
    return {"name": identity.name, "maker": identity.maker, "country": list(identity.country)}
