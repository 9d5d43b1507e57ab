"""The judge of a spec, held against the registered judge and the cards it needs."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from distill_tests.errors import DataError, UnknownName
from distill_tests.registry import Declared, Judge, judges
from distill_tests.specfile.environment import REFERENCE, expanded
from distill_tests.specfile.faults import Sheet
from distill_tests.specfile.schemas import Schema, closed, inlined, whole
from distill_tests.specfile.validate import check, noted
from distill_tests.specfile.wording import choice, shown, wide_in_name
from distill_tests.types import JudgeUse, Model, Pointer

_AT: Final[Pointer] = ("judge",)


class Cards:
    """The model cards that a spec may name; ``models`` None: they cannot be read, nothing is checked."""

    def __init__(self, models: Mapping[str, Model] | None, sheet: Sheet) -> None:
        self.models, self._known, self._sheet = models or {}, models is not None, sheet

    def check(self, alias: Any, at: Pointer) -> None:
        """Notes an alias that no card has."""
        if self._sheet.is_full or not self._known or not isinstance(alias, str) or alias in self.models:
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


def read_judge(
    data: Mapping[str, Any], cards: Cards, sheet: Sheet, *, directory: Path, environ: Mapping[str, str]
) -> JudgeUse | None:
    """The judge of a spec's data, if it names one; what is wrong goes onto ``sheet``.

    Paths among its options start from ``directory``, with variables in place.
    """
    if "judge" not in data:
        return None
    written = data["judge"]
    forms = [whole("spec.json#/$defs/judge_name"), whole("spec.json#/$defs/judge")]
    sheet.take(check(written, {"anyOf": forms}, _AT))
    card = written if isinstance(written, dict) else {"name": written}
    at = (*_AT, "name") if isinstance(written, dict) else _AT
    judge = _registered(card.get("name"), sheet, at)
    if judge is None:
        return None
    before = len(sheet.problems)
    _check_options(judge, written, sheet)
    options = {key: value for key, value in card.items() if key not in ("name", "model")}
    if len(sheet.problems) == before:
        requires = data.get("requires")
        optional = [name for name in requires if isinstance(name, str)] if isinstance(requires, list) else []
        options = _with_paths(judge, options, sheet, directory, environ, optional)
    if len(sheet.problems) == before and _needs_identity(judge, options, sheet, at):
        cards.check_identities(judge, data.get("targets", "all"), ("targets",) if "targets" in data else _AT)
    return JudgeUse(name=judge.name, options=options, model=_model(judge, card, cards, sheet, at))


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
        own: Schema = {"name": {}, "model": {}} if judge.calls[1] else {"name": {}}
        schema = closed({"properties": own}, inlined({"properties": judge.options}))
        sheet.take(check(written, {**schema, "patternProperties": {"^model$": {}}}, _AT))


def _with_paths(
    judge: Judge,
    options: Mapping[str, Any],
    sheet: Sheet,
    directory: Path,
    environ: Mapping[str, str],
    optional: list[str],
) -> dict[str, Any]:
    """The options with their paths as this process can open them."""
    result: dict[str, Any] = copy.deepcopy(dict(options))
    for mark in noted(result, inlined({"properties": judge.options})):
        if mark.annotation != "x-path":
            continue
        around: Any = result
        for part in mark.at[:-1]:
            around = around[part]
        found = expanded(around[mark.at[-1]], environ, optional=optional)
        for what, allowed in found.faults:
            sheet.note((*_AT, *mark.at), what, allowed=allowed)
        around[mark.at[-1]] = found.text if found.absent else str(directory / found.text)
    return result


def _needs_identity(judge: Judge, options: Mapping[str, Any], sheet: Sheet, at: Pointer) -> bool:
    """Whether the judge has to know who the targets are; what it says of its options goes onto the sheet."""
    if REFERENCE.search(str(options)):
        return judge.needs_identity  # data that are absent: the spec will be skipped
    try:
        declared: Declared = judge.declared(options)
    except DataError as error:
        sheet.note(at, f"judge {shown(judge.name)}: {error}")
        return False
    return declared.needs_identity


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
