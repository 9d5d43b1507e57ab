"""YAML text to plain data with the place of every value; and back.

The parser is libyaml's, read event by event so that depth and size are bounded before anything is
built.  Plain scalars follow YAML 1.2: only true, false, null and decimal numbers are not text (no,
on, 12:30, 010 and dates are).  Keys are always text.  Tags, anchors, aliases and merge keys are
refused: a spec says what it says where it says it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from distill_tests.errors import Problem, SpecError
from distill_tests.specfile import syntax
from distill_tests.specfile.files import shown_path, text_of
from distill_tests.specfile.wording import LONGEST_SHOWN, shown
from distill_tests.types import Place, Pointer

DEEPEST: Final = 50
MOST_EVENTS: Final = 200_000
LONGEST_SCALAR: Final = 1_000_000
MOST_DIGITS: Final = 300
MOST_PROBLEMS: Final = 100
UNREAD: Final = math.nan
"""Stands for a value with a problem; every check passes over it (no number in a spec is not finite)."""

LOADER: Final[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: Final[dict[str, bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Plain data (dict, list, str, int, float, bool, None) and where it stands.

    ``problems`` does not keep the rest from being checked; what they are about is UNREAD.
    ``values`` and ``keys`` map a pointer to (line, column), counted from 1 in characters.
    """

    path: str
    data: Any
    problems: tuple[Problem, ...] = ()
    values: dict[Pointer, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Pointer, tuple[int, int]] = field(default_factory=dict)

    def place(self, pointer: Pointer = (), *, key: bool = False) -> Place:
        """The position of the value (or of its key), or of the nearest thing around it."""
        for end in range(len(pointer), -1, -1):
            found = (self.keys.get(pointer[:end]) if key else None) or self.values.get(pointer[:end])
            if found is not None:
                return Place(path=self.path, line=found[0], column=found[1])
        return Place(path=self.path, line=1, column=1)


def read(path: Path) -> Document:
    """The document in a file; raises SpecError where the text as a whole cannot be read."""
    return parse(text_of(path), path=shown_path(path))


def parse(text: str, *, path: str) -> Document:
    """The document in a text; raises SpecError where the text as a whole cannot be read."""
    _refuse_directives(text, path)
    composer = _Composer(text, path)
    try:
        data = composer.document()
    except _Enough:
        raise SpecError(composer.problems) from None
    except yaml.YAMLError as error:
        raise SpecError([*composer.problems, syntax.problem(error, text, path)]) from None
    finally:
        composer.dispose()
    problems = tuple(composer.problems)
    return Document(path=path, data=data, problems=problems, values=composer.values, keys=composer.keys)


def _refuse_directives(text: str, path: str) -> None:
    """Before libyaml reads them: the time it takes grows with the square of their number."""
    found = _DIRECTIVE.search(text)
    if found is not None:
        line = len(re.split(r"\r\n?|\n", text[: found.start()]))
        place = Place(path=path, line=line, column=1)
        raise SpecError([Problem(place=place, what="a directive is not read", allowed="remove the line")])


def _short(name: str | None) -> str:
    name = name or ""
    return name if len(name) <= LONGEST_SHOWN else name[: LONGEST_SHOWN - 1] + "…"


def scalar(text: str) -> Any:
    """What a plain scalar means under the core rules; ``math.nan`` or an infinity is left to the caller."""
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if not (first.isdigit() or first in "+-."):
        return text
    if _INT.fullmatch(text):
        return int(text) if len(text) <= MOST_DIGITS else math.inf
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return math.nan
    return text


class _Enough(Exception):
    """A bound is crossed; what is collected so far is reported."""


class _Composer:
    def __init__(self, text: str, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.values: dict[Pointer, tuple[int, int]] = {}
        self.keys: dict[Pointer, tuple[int, int]] = {}
        self._loader = LOADER(text)
        self._count = 0

    def dispose(self) -> None:
        self._loader.dispose()

    def document(self) -> Any:
        self._next()
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            place = Place(path=self.path, line=1, column=1)
            self.problems.append(Problem(place=place, what="the file is empty"))
            raise _Enough
        data = self._node(self._next(), (), 1)
        self._next()
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            self._wrong(event, "a second document starts here", "one file holds one document; remove '---'")
        return data

    def _next(self) -> Any:
        event = self._loader.get_event()
        self._count += 1
        if self._count > MOST_EVENTS:
            raise self._stop(
                event, f"more than {MOST_EVENTS:,} keys and values", "split the file, use include"
            )
        return event

    def _wrong(self, event: Any, what: str, allowed: str | None = None, got: str | None = None) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            raise _Enough
        mark = event.start_mark
        place = Place(path=self.path, line=mark.line + 1, column=mark.column + 1)
        self.problems.append(Problem(place=place, what=what, got=got, allowed=allowed))

    def _stop(self, event: Any, what: str, allowed: str | None = None) -> _Enough:
        self._wrong(event, what, allowed)
        return _Enough()

    def _node(self, event: Any, at: Pointer, depth: int) -> Any:
        mark = event.start_mark
        self.values[at] = (mark.line + 1, mark.column + 1)
        if isinstance(event, yaml.AliasEvent):
            self._wrong(
                event,
                f"alias *{_short(event.anchor)} is not read",
                "write the value out, or include a pack",
            )
            return UNREAD
        if event.anchor is not None:
            self._wrong(
                event, f"anchor &{_short(event.anchor)} is not read", "write the value where it is used"
            )
        if event.tag is not None:
            tag = re.sub("^tag:yaml.org,2002:", "!!", event.tag)
            self._wrong(event, f"tag {shown(tag)} is not read", "quotes make text of a value: '12'")
        value = self._content(event, at, depth)
        return value if event.tag is None else UNREAD

    def _content(self, event: Any, at: Pointer, depth: int) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if depth > DEEPEST:
            raise self._stop(event, f"nested deeper than {DEEPEST} levels")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(at, depth)
        return [self._node(item, (*at, index), depth + 1) for index, item in enumerate(self._items())]

    def _items(self) -> Iterator[Any]:
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            yield event

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if len(text) > LONGEST_SCALAR:
            raise self._stop(event, f"a value longer than {LONGEST_SCALAR:,} characters")
        if not event.implicit[0]:
            return text
        value = scalar(text)
        if isinstance(value, float) and not math.isfinite(value):
            if len(text) > MOST_DIGITS:
                self._wrong(event, f"a number of {len(text)} digits", "quotes make text of it")
            else:
                self._wrong(event, "not a finite number", got=shown(text))
            return UNREAD
        return value

    def _mapping(self, at: Pointer, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event)
            if key in found:
                line, column = self.keys[(*at, key)]
                first = f"the first is in line {line}, column {column}"
                self._wrong(event, f"key {shown(key)} stands twice", first)
                key = None
            if key is None:  # its value is read all the same: it may hold mistakes of its own
                self._node(self._next(), (*at, ""), depth + 1)
            else:
                self.keys[(*at, key)] = (event.start_mark.line + 1, event.start_mark.column + 1)
                found[key] = self._node(self._next(), (*at, key), depth + 1)
        return found

    def _key(self, event: Any) -> str | None:
        """The key's text; None for one that is refused."""
        if not isinstance(event, yaml.ScalarEvent):
            raise self._stop(event, "a key must be plain text", "write key: value")
        if event.tag is not None or event.anchor is not None:
            self._wrong(event, "a key with a tag or an anchor", "write key: value")
        text: str = event.value
        if text == "<<" and event.implicit[0]:
            self._wrong(event, "merge key << is not read", "write the keys out")
        elif not text.strip():
            self._wrong(event, "a key without a name", "write key: value")
        else:
            return text
        return None
