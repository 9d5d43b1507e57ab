"""The judge of a spec, held against the registered judge and the cards it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from distill_tests.errors import UnknownName
from distill_tests.registry import Judge, judges
from distill_tests.specfile.faults import Sheet
from distill_tests.specfile.schemas import Schema, shipped
from distill_tests.specfile.validate import Walk
from distill_tests.specfile.wording import choice, shown, wide_in_name
from distill_tests.types import JudgeUse, Model, Pointer

_AT: Final[Pointer] = ("judge",)


class Cards:
    """The model cards that a spec may name; ``models`` None: they cannot be read, nothing is checked."""

    def __init__(self, models: Mapping[str, Model] | None, sheet: Sheet) -> None:
        self.models, self._known, self._sheet = models or {}, models is not None, sheet

    def check(self, alias: Any, at: Pointer) -> None:
        """Notes an alias that no card has."""
        if not self._known or not isinstance(alias, str) or alias in self.models:
            return
        wide = wide_in_name(alias)
        allowed = choice(alias, self.models) if self.models else "models.yaml has no cards"
        what, allowed = wide or (f"unknown model {shown(alias)}", allowed)
        self._sheet.note(at, what, allowed=allowed)

    def check_identities(self, judge: Judge, targets: Any, at: Pointer) -> None:
        """Notes every target without an identity card, which this judge cannot do without."""
        if isinstance(targets, list):
            for index, alias in enumerate(targets):
                if isinstance(alias, str) and alias in self.models:
                    self._check_identity(judge, self.models[alias], (*at, index))
        elif targets == "all":
            for model in self.models.values():
                if model.target:
                    self._check_identity(judge, model, at)

    def _check_identity(self, judge: Judge, model: Model, at: Pointer) -> None:
        if model.identity is None:
            what = f"judge {shown(judge.name)} has to know who {shown(model.alias)} is"
            where = f" at {model.place}" if model.place else ""
            self._sheet.note(at, what, allowed=f"give its card{where} an identity: {{name: …, maker: …}}")


def read_judge(data: Mapping[str, Any], cards: Cards, sheet: Sheet) -> JudgeUse | None:
    """The judge of a spec's data, if it names one; what is wrong goes onto ``sheet``."""
    if "judge" not in data:
        return None
    written = data["judge"]
    walk = Walk()
    schema = {"anyOf": [{"$ref": "#/$defs/judge_name"}, {"$ref": "#/$defs/judge"}]}
    walk.check(written, schema, shipped("spec.json"), _AT)
    sheet.take(walk.faults)
    card = written if isinstance(written, dict) else {"name": written}
    at = (*_AT, "name") if isinstance(written, dict) else _AT
    judge = _registered(card.get("name"), sheet, at)
    if judge is None:
        return None
    _check_options(judge, written, sheet)
    if judge.needs_identity:
        cards.check_identities(judge, data.get("targets", "all"), ("targets",) if "targets" in data else _AT)
    return JudgeUse(
        name=judge.name,
        options={key: value for key, value in card.items() if key not in ("name", "model")},
        model=_model(judge, card, cards, sheet, at),
    )


def _registered(name: Any, sheet: Sheet, at: Pointer) -> Judge | None:
    if not isinstance(name, str) or not name:
        return None  # the schema says so
    try:
        return judges.get(name)
    except UnknownName as error:
        sheet.unknown_name(at, error)
        return None


def _check_options(judge: Judge, written: Any, sheet: Sheet) -> None:
    if isinstance(written, dict):
        walk = Walk()
        own: Schema = {"name": {}, "model": {}} if judge.calls[1] else {"name": {}}
        schema = {"type": "object", "properties": {**own, **judge.options}}
        keys = walk.check(written, schema, schema, _AT)
        keys.seen.add("model")
        walk.unknown(written, keys, _AT)
        sheet.take(walk.faults)


def _model(judge: Judge, card: Mapping[str, Any], cards: Cards, sheet: Sheet, at: Pointer) -> Model | None:
    """The card of the model that the judge asks: named if, and only if, it asks one."""
    alias = card.get("model")
    if "model" in card and judge.calls[1] == 0:
        what = f"judge {shown(judge.name)} asks no model"
        sheet.note((*_AT, "model"), what, allowed="remove this key", key=True)
    elif "model" not in card and judge.calls[0] > 0:
        what = f"judge {shown(judge.name)} asks a model"
        sheet.note(at, what, allowed=f"say which: {{name: {judge.name}, model: ALIAS}}")
    else:
        cards.check(alias, (*_AT, "model"))
    return cards.models.get(alias) if isinstance(alias, str) else None
