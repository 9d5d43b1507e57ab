"""models.yaml: one card a model, to :class:`~distill_tests.types.Model`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from distill_tests.errors import Problem, UnknownName
from distill_tests.registry import ProviderEntry, providers
from distill_tests.specfile.environment import REFERENCE, expanded
from distill_tests.specfile.faults import Sheet
from distill_tests.specfile.files import shown_path, whole_path
from distill_tests.specfile.schemas import closed, inlined, whole
from distill_tests.specfile.tree import read_inside
from distill_tests.specfile.validate import check, noted
from distill_tests.specfile.wording import label
from distill_tests.types import Identity, Model, Place, Pointer, Price, Relation


def load_models(path: Path, *, environ: Mapping[str, str]) -> dict[str, Model]:
    """The model cards of a ``models.yaml`` by alias; raises SpecError with every problem of the file."""
    sheet = Sheet(read_inside(path))
    cards = sheet.document.data
    sheet.take(check(cards, {**whole("models.json"), "additionalProperties": {"type": "object"}}))
    if not isinstance(cards, dict):
        sheet.raise_if_any()
    models: dict[str, Model] = {}
    for alias, card in cards.items():
        reader = _Card(alias, card, sheet, environ) if isinstance(card, dict) else None
        if reader is not None and reader.is_sound():
            models[alias] = reader.model(str(whole_path(path.parent)))
            _vet(models[alias], sheet)
    sheet.raise_if_any()
    return models


def _vet(model: Model, sheet: Sheet) -> None:
    """Notes what the provider finds wrong with the card; see registry.Vetted."""
    problems = getattr(providers.get(model.provider).make, "problems", None)
    for problem in problems(model) if problems is not None else ():
        sheet.note((model.alias, *problem.at), problem.what, allowed=problem.allowed, key=True)


def absent_files(model: Model) -> Iterator[Problem]:
    """What the card names and this machine lacks, at the card's place; see registry.Vetted."""
    absent = getattr(providers.get(model.provider).make, "absent", None)
    place = model.place or Place(path=shown_path(Path(model.directory)), line=1, column=1)
    for one in absent(model) if absent is not None else ():
        yield Problem(place=place, what=one.what, allowed=one.allowed)


class _Card:
    """One card: checked against the common keys and its provider's, then read."""

    def __init__(self, alias: str, card: Mapping[str, Any], sheet: Sheet, environ: Mapping[str, str]) -> None:
        self.alias, self.sheet, self.environ = alias, sheet, environ
        self.card = dict(card)
        self.common = whole("models.json#/$defs/card")

    def is_sound(self) -> bool:
        before = len(self.sheet.problems)
        provider = self._provider()
        if provider is not None:
            options = {"properties": provider.options, "required": provider.required}
            schema = closed(self.common, inlined(options))
        else:
            schema = closed(self.common, {}, unless_like=["provider"])
        self.sheet.take(check(self.card, schema, (self.alias,)))
        notes = noted(self.card, schema, (self.alias,))
        paths = {note.at for note in notes if note.annotation == "x-path"}
        written = self.card.get("base_url")
        self.card = self._expanded(self.card, (self.alias,), paths)
        if self.card.get("base_url") != written:
            self._check_address()
        return len(self.sheet.problems) == before

    def _check_address(self) -> None:
        """The base URL again, once its variables are in place; these are not shown."""
        if not REFERENCE.search(self.card["base_url"]):
            schema = {**self.common["properties"]["base_url"], "writeOnly": True}
            self.sheet.take(check(self.card["base_url"], schema, (self.alias, "base_url")))

    def _provider(self) -> ProviderEntry | None:
        name = self.card.get("provider")
        if not isinstance(name, str):
            return None
        try:
            return providers.get(name)
        except UnknownName as error:
            self.sheet.unknown_name((self.alias, "provider"), error)
            return None

    def _expanded(self, value: Any, at: Pointer, paths: set[Pointer]) -> Any:
        """The card with ``${ENV}`` replaced where that is allowed, and refused where it is not."""
        if isinstance(value, Mapping):
            return {key: self._expanded(inner, (*at, key), paths) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._expanded(inner, (*at, index), paths) for index, inner in enumerate(value)]
        if not isinstance(value, str) or not REFERENCE.search(value) or at == (self.alias, "api_key"):
            return value
        if at not in paths and at[-1] != "path":
            if at[1:] != ("system",):
                what = f"an environment variable is not expanded in {label(at)}"
                self.sheet.note(at, what, allowed="${NAME} is for paths, base_url, model and api_key")
            return value
        requires = self.card.get("requires")
        result = expanded(value, self.environ, optional=requires if isinstance(requires, list) else ())
        for what, allowed in result.faults:
            self.sheet.note(at, what, allowed=allowed)
        return result.text

    def model(self, directory: str) -> Model:
        card = self.card
        identity = card.get("identity")
        price = card.get("price")
        key = card.get("api_key")
        return Model(
            alias=self.alias,
            provider=card["provider"],
            model=card.get("model", self.alias),
            base_url=card.get("base_url"),
            api_key_env=None if key is None else REFERENCE.findall(key)[0],
            revision=card.get("revision"),
            system=card.get("system", "default"),
            ask_as=card.get("ask_as", "chat"),
            sees_images=card.get("sees_images"),
            params=card.get("params", {}),
            price=Price(input=price["input"], output=price["output"]) if price else None,
            confidential=card.get("confidential", False),
            share_with=tuple(card.get("share_with", ())),
            target=card.get("target", False),
            identity=read_identity(identity) if identity else None,
            options={key: card[key] for key in card if key not in self.common["properties"]},
            directory=directory,
            requires=tuple(card.get("requires", ())),
            place=self.sheet.document.place((self.alias,), key=True),
        )


def read_identity(card: Mapping[str, Any]) -> Identity:
    """An identity card that the schema has accepted."""
    return Identity(
        name=card["name"],
        maker=card["maker"],
        former=texts(card.get("former")),
        aliases=texts(card.get("aliases")),
        country=texts(card.get("country")),
        facts=texts(card.get("facts")),
        accept=tuple(Relation(**relation) for relation in card.get("accept", ())),
    )


def texts(value: str | list[str] | None) -> tuple[str, ...]:
    """A text, or a list of them, as a tuple."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
