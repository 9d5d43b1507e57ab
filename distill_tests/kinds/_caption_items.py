"""The items file of a caption spec: every row that cannot be used is named by file and line, all at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from distill_tests.errors import DataError, Problem, SpecError
from distill_tests.kinds._caption_case import Item, Medium
from distill_tests.kinds._questions import guessed_language
from distill_tests.prompts.reading import Row, rows, type_of
from distill_tests.specfile.files import absent, is_below, shown_path
from distill_tests.specfile.wording import shown
from distill_tests.types import Place, Spec

FORMS: Final = ("json", "jsonl")
MOST_NAMED: Final = 100
MOST_WRONG: Final = 10_000
MOST_ITEMS: Final = 200_000
MOST_CHARACTERS: Final = 1_000_000
"""Of a caption or a reference."""
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def items_of(spec: Spec, *, owner: str | None) -> list[Item]:
    """The items in file order; raises SpecError with every row that cannot be used.

    ``owner``: under which alias a plain ``caption`` stands; None: the captions of the file do not count.
    """
    key = next(name for name in FORMS if name in spec.body["items"])
    path = Path(spec.path).parent / spec.body["items"][key]
    place = spec.place("items", key)
    if not path.is_file():
        what, allowed = absent(path, written=spec.body["items"][key])
        raise SpecError([Problem(place=place, what=what, allowed=allowed)])
    found: list[Item] = []
    problems: list[Problem] = []
    first: dict[str, int] = {}
    reader = _Reader(path, owner)
    try:
        for row in rows(path):
            if len(found) >= MOST_ITEMS:
                raise DataError(f"{shown_path(path)} has more than {MOST_ITEMS:,} rows")
            item, wrong = reader.read(row, first)
            problems += wrong
            if item is not None:
                found.append(item)
            if len(problems) > MOST_WRONG:
                raise DataError(f"{shown_path(path)} was not read any further than line {row.line}")
    except DataError as error:
        problems.append(Problem(place=place, what=str(error)))
    if not found and not problems:
        problems.append(Problem(place=place, what=f"{shown_path(path)} holds no items"))
    if problems:
        left = len(problems) - MOST_NAMED
        more = [Problem(place=place, what=f"… and {left} more")] if left > 0 else []
        raise SpecError([*problems[:MOST_NAMED], *more])
    return found


class _Reader:
    """Rows of one file to items."""

    def __init__(self, path: Path, owner: str | None) -> None:
        self._shown, self._folder, self._owner = shown_path(path), path.parent.resolve(), owner

    def read(self, row: Row, first: dict[str, int]) -> tuple[Item | None, list[Problem]]:
        """The item, or all that is wrong with its row; ``first`` has the lines of the ids before it."""
        place = Place(path=self._shown, line=row.line, column=1)
        if row.value is None:
            hint = "a JSON list of rows under json, JSON lines under jsonl"
            return None, [Problem(place=place, what=row.problem, allowed=hint)]
        wrong: list[tuple[str, str | None]] = [*_row_faults(row.value), *self._path_faults(row.value)]
        if self._owner is not None and not {"caption", "captions"} & set(row.value):
            wrong.append(
                ("there is no caption", "caption: TEXT, captions: {ALIAS: TEXT}, or captions: target")
            )
        identifier = str(row.value.get("id", ""))
        if not wrong and first.setdefault(identifier, row.line) != row.line:
            wrong.append(
                (f"id {shown(identifier)} stands twice", f"the first is on line {first[identifier]}")
            )
        if wrong:
            name = f"item {shown(identifier)}: " if identifier else ""
            return None, [Problem(place=place, what=name + what, allowed=allowed) for what, allowed in wrong]
        return self._item(row.value, identifier, place), []

    def _item(self, row: Mapping[str, Any], identifier: str, place: Place) -> Item:
        medium: Medium | None = "image" if row.get("image") else "video" if row.get("video") else None
        written = str(row.get(medium)) if medium else ""
        captions = self._captions(row)
        references = tuple(row.get("references") or ())
        told = next(iter((*references, *captions.values())), "")
        return Item(
            id=identifier,
            place=place,
            captions=captions,
            references=references,
            medium=medium,
            written=written,
            path=self._folder / written if medium else None,
            language=row.get("language") or guessed_language(told),
            clip=str(row.get("clip") or written or identifier),
            tags=tuple(row.get("tags") or ()),
        )

    def _captions(self, row: Mapping[str, Any]) -> dict[str, str]:
        """By the alias of who wrote them: of the one named by ``model``, or of the owner."""
        named = dict(row.get("captions") or {})
        alias = row.get("model") or self._owner
        if row.get("caption") is not None and alias is not None:
            named[alias] = row["caption"]
        return named

    def _path_faults(self, row: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
        """A file of items comes from elsewhere: it must not have another file of this machine sent away."""
        below = f"a path below {shown_path(self._folder)}"
        for name in ("image", "video"):
            written = row.get(name)
            if written is None:
                continue
            if not isinstance(written, str) or not written.strip():
                yield f"{name} is {_kind(written)}", "a path, relative to this file"
            elif _ADDRESS.match(written):
                yield f"{name} {shown(written)} is no path of a file", below
            elif not is_below(self._folder, written):
                yield f"{name} {shown(written)} lies outside of the folder of this file", below


def _row_faults(row: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    identifier = row.get("id")
    if identifier is None:
        yield "id is missing", "a text or a whole number"
    elif isinstance(identifier, bool) or not isinstance(identifier, str | int) or not str(identifier).strip():
        yield f"id is {_kind(identifier)}", "a text or a whole number"
    for name, word in (("caption", "a text"), ("model", "the alias of the model that wrote the caption")):
        if row.get(name) is not None and not isinstance(row[name], str):
            yield f"{name} is {_kind(row[name])}", word
    captions = row.get("captions")
    if captions is not None and not _is_captions(captions):
        yield "captions is no object of texts", "{ALIAS: TEXT, …}"
    if "caption" in row and "captions" in row:
        yield "caption and captions stand both", "caption: TEXT, or captions: {ALIAS: TEXT, …}"
    for name in ("references", "tags"):
        value = row.get(name)
        if value is not None and not _is_texts(value):
            yield f"{name} is {_kind(value)}", "a list of texts"
    if row.get("image") is not None and row.get("video") is not None:
        yield "image and video stand both", "one of them"
    clip = row.get("clip")
    if clip is not None and (isinstance(clip, bool) or not isinstance(clip, str | int)):
        yield f"clip is {_kind(clip)}", "a name that items of one clip share"
    language = row.get("language")
    if language is not None and not (isinstance(language, str) and _LANGUAGE.fullmatch(language)):
        yield f"language is {shown(language)}", "a code such as en or zh"
    if any(len(text) > MOST_CHARACTERS for text in _texts(row)):
        yield "a text is too long", f"at most {MOST_CHARACTERS:,} characters"


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_captions(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _texts(row: Mapping[str, Any]) -> Iterator[str]:
    for value in (row.get("caption"), *_members(row.get("references")), *_members(row.get("captions"))):
        if isinstance(value, str):
            yield value


def _members(value: object) -> tuple[object, ...]:
    if isinstance(value, dict):
        return tuple(value.values())
    return tuple(value) if isinstance(value, list) else ()


def _kind(value: object) -> str:
    if value == "":
        return "an empty text"
    if isinstance(value, list):
        return "a list with something that is no text"
    return type_of(value)
