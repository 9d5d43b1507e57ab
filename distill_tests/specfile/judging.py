"""The judge of a spec, held against the registered judge and the cards it needs."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from distill_tests.errors import DataError, UnknownName
from distill_tests.registry import Declared, Judge, judges, kinds
from distill_tests.specfile.environment import REFERENCE, expanded
from distill_tests.specfile.faults import Sheet
from distill_tests.specfile.schemas import Schema, closed, inlined, whole
from distill_tests.specfile.validate import check, noted
from distill_tests.specfile.wording import choice, shown, wide_in_name
from distill_tests.subjects import is_about_judges
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
    requires = data.get("requires")
    optional = [name for name in requires if isinstance(name, str)] if isinstance(requires, list) else []
    reader = _Reader(cards, sheet, _Paths(directory, environ, optional))
    before = len(sheet.problems)
    found = reader.read(written, _AT)
    if found is None:
        return None
    judge, card, options = found
    at = (*_AT, "name") if isinstance(written, dict) else _AT
    models: dict[str, Model] = {}
    if len(sheet.problems) == before:
        options, models = reader.with_parts(judge, card, options)
    needed = len(sheet.problems) == before and _needs_identity(judge, options, sheet, at)
    if needed and not _is_audited(data.get("kind")):
        cards.check_identities(judge, data.get("targets", "all"), ("targets",) if "targets" in data else _AT)
    return JudgeUse(
        name=judge.name, options=options, model=_model(judge, card, cards, sheet, at), models=models
    )


def _is_audited(kind: Any) -> bool:
    """Whether specs of this kind audit the judge itself: what is judged then brings its identity along."""
    return isinstance(kind, str) and kind in kinds and is_about_judges(kind)


class _Paths(NamedTuple):
    """Where relative paths start, and the variables that may stand in them."""

    directory: Path
    environ: Mapping[str, str]
    optional: list[str]


class _Written(NamedTuple):
    """A judge as it is written, its options checked and their paths in place."""

    judge: Judge
    card: Mapping[str, Any]
    options: dict[str, Any]


class _Reader:
    """Reads a judge, and the judges that it calls, each at its own place."""

    def __init__(self, cards: Cards, sheet: Sheet, paths: _Paths) -> None:
        self._cards, self._sheet, self._paths = cards, sheet, paths

    def read(self, written: Any, at: Pointer) -> _Written | None:
        card = written if isinstance(written, dict) else {"name": written}
        judge = _registered(card.get("name"), self._sheet, (*at, "name") if isinstance(written, dict) else at)
        if judge is None:
            return None
        before = len(self._sheet.problems)
        _check_options(judge, written, self._sheet, at)
        options = {key: value for key, value in card.items() if key not in ("name", "model")}
        if len(self._sheet.problems) == before:
            options = _with_paths(judge, options, self._sheet, self._paths, at)
        return _Written(judge, card, options)

    def with_parts(
        self, judge: Judge, card: Mapping[str, Any], options: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Model]]:
        """The options with those of the judges that are called in place, and the cards these name."""
        models: dict[str, Model] = {}
        asking = 0
        for part in judge.parts(options) if judge.parts else ():
            at = (*_AT, *part.at)
            found = self.read(part.written, at)
            if found is None:
                asking += 1  # it may ask one: only that it is unknown is said
                continue
            asking += found.judge.calls[1] > 0
            alias = found.card.get("model")
            if alias is not None:
                self._cards.check(alias, (*at, "model"))
                if isinstance(alias, str) and alias in self._cards.models:
                    models[alias] = self._cards.models[alias]
            elif found.judge.calls[0] > 0 and "model" not in card:
                what = f"judge {shown(found.judge.name)} asks a model"
                self._sheet.note(at, what, allowed=f"say which: {{name: {judge.name}, model: ALIAS}}")
            if part.at:
                _put(options, part.at, {**found.card, **found.options})
        if judge.parts and "model" in card and not asking:
            what = f"none of the judges that {shown(judge.name)} calls asks a model"
            self._sheet.note((*_AT, "model"), what, allowed="remove this key", key=True)
        return options, models


def _put(options: Any, at: Pointer, value: Any) -> None:
    for step in at[:-1]:
        options = options[step]
    options[at[-1]] = value


def _registered(name: Any, sheet: Sheet, at: Pointer) -> Judge | None:
    if not isinstance(name, str) or not name:
        return None  # the schema says so
    try:
        return judges.get(name)
    except UnknownName as error:
        sheet.unknown_name(at, error)
        return None


def _check_options(judge: Judge, written: Any, sheet: Sheet, at: Pointer) -> None:
    if isinstance(written, dict):
        own: Schema = {"name": {}, "model": {}} if judge.calls[1] else {"name": {}}
        schema = closed({"properties": own}, inlined({"properties": judge.options}))
        sheet.take(check(written, {**schema, "patternProperties": {"^model$": {}}}, at))


def _with_paths(
    judge: Judge, options: Mapping[str, Any], sheet: Sheet, paths: _Paths, at: Pointer
) -> dict[str, Any]:
    """The options with their paths as this process can open them."""
    result: dict[str, Any] = copy.deepcopy(dict(options))
    for mark in noted(result, inlined({"properties": judge.options})):
        if mark.annotation != "x-path":
            continue
        around: Any = result
        for part in mark.at[:-1]:
            around = around[part]
        found = expanded(around[mark.at[-1]], paths.environ, optional=paths.optional)
        for what, allowed in found.faults:
            sheet.note((*at, *mark.at), what, allowed=allowed)
        around[mark.at[-1]] = found.text if found.absent else str(paths.directory / found.text)
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
