"""Questions and framings as packs and identity specs hold them, turned into values; nothing is checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from distill_tests.types import Pointer

PLACEHOLDER = "{question}"
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
NOT_SENT = frozenset({"id", "topic", "family", "tags", "language", "provenance"})
_NOT_A_LANGUAGE = NOT_SENT | {"text"}


class Entry(NamedTuple):
    """One question or framing as written, and where."""

    at: Pointer
    id: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question; its texts in several languages are twins.

    ``at`` is where it is written, ``places`` where each text is; ``alone``: it is written as
    ``text``, in one language, and needs no twin.
    """

    id: str
    at: Pointer
    topic: str | None
    tags: tuple[str, ...]
    texts: Mapping[str, str]
    places: Mapping[str, Pointer]
    alone: bool

    @property
    def words(self) -> frozenset[str]:
        """What a spec can select it by."""
        return frozenset(filter(None, (self.id, self.topic, *self.tags)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A framing in one language: the user's turns, a system message, the text for base models."""

    turns: tuple[str, ...]
    system: str | None = None
    completion: str | None = None

    @property
    def text(self) -> str:
        """All of it that reaches a chat target, for judges and for the names in it."""
        return "\n\n".join(filter(None, (self.system, *self.turns)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """What is put around a question, language by language."""

    id: str
    at: Pointer
    family: str | None
    tags: tuple[str, ...]
    texts: Mapping[str, Wording]

    @property
    def words(self) -> frozenset[str]:
        """What a spec can select it by."""
        return frozenset(filter(None, (self.id, self.family, *self.tags)))


def entries(section: Mapping[str, Any], name: str, inline: str) -> Iterator[Entry]:
    """All that a section holds: the packs under ``include``, then its own list under ``inline``."""
    for index, pack in enumerate(section.get("include", ())):
        for key, body in pack.items():
            yield Entry((name, "include", index, key), key, body)
    for index, body in enumerate(section.get(inline, ())):
        yield Entry((name, inline, index), body["id"], body)


def question(entry: Entry) -> Question:
    """Of ``text`` and texts by language together, ``text`` is left out."""
    texts = {key: text for key, text in entry.body.items() if key not in _NOT_A_LANGUAGE}
    places: dict[str, Pointer] = {language: (*entry.at, language) for language in texts}
    alone = "text" in entry.body and not texts
    if alone:
        text = entry.body["text"]
        language = entry.body.get("language") or guessed_language(text)
        texts, places = {language: text}, {language: (*entry.at, "text")}
    return Question(
        id=entry.id,
        at=entry.at,
        topic=entry.body.get("topic"),
        tags=tuple(entry.body.get("tags", ())),
        texts=texts,
        places=places,
        alone=alone,
    )


def guessed_language(text: str) -> str:
    """``zh`` where the text holds Chinese characters, else ``en``."""
    return "zh" if _HAN.search(text) else "en"


def framing(entry: Entry) -> Framing:
    """A wording that gives both ``text`` and ``turns`` counts as the turns."""
    return Framing(
        id=entry.id,
        at=entry.at,
        family=entry.body.get("family"),
        tags=tuple(entry.body.get("tags", ())),
        texts={key: _wording(body) for key, body in entry.body.items() if key not in _NOT_A_LANGUAGE},
    )


def plain(languages: Sequence[str]) -> Framing:
    """The bare question, in any language."""
    texts = dict.fromkeys(languages, Wording(turns=(PLACEHOLDER,)))
    return Framing(id="plain", at=("framings",), family="plain", tags=(), texts=texts)


def _wording(body: str | Mapping[str, Any]) -> Wording:
    if isinstance(body, str):
        return Wording(turns=(body,))
    turns = tuple(body.get("turns", ())) or ((body["text"],) if "text" in body else ())
    return Wording(turns=turns, system=body.get("system"), completion=body.get("completion"))
