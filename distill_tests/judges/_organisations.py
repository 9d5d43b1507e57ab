"""Names of organisations and people that no lexicon knows."""

from __future__ import annotations

import re

from distill_tests.judges._marks import DENIED, FOREIGN, OWN, PERSONA, Origin, Said
from distill_tests.judges._places import is_place
from distill_tests.judges._rules import rule
from distill_tests.judges._words import words
from distill_tests.lexicon import fold

_CAPITALISED = rule("organisations.capitalised")
_INDEPENDENT = rule("organisations.independent")
_TRAILING = re.compile(r"(?: (?:of|the|and|for|&))+$")
_PLAIN_WORDS = frozenset(words("plain_words"))


def name_after(text: str, original: str, start: int) -> tuple[int, int] | None:
    """The first name of an organisation in the 110 characters after ``start``."""
    for found in _CAPITALISED.finditer(original, max(0, start - 1), min(len(text), start + 190)):
        if found.start("name") > start + 110:
            return None
        name = found.group("name")
        parts = [word for word in re.split(r"[ -]", name) if word not in ("of", "the", "and", "for", "&")]
        masked = text[found.start("name") : found.end("name")]
        if FOREIGN in masked or OWN in masked:
            return None
        if all(is_plain(word) for word in parts) or is_place(name) or masked.strip() == PERSONA:
            continue
        if len(parts) == 1 and name.isupper() and len(name) <= 3:
            continue
        before = original[max(0, found.start() - 16) : found.start()]
        if original.isupper() or (name.isupper() and before.isupper()):
            return None  # shouted: capitals tell no name
        return found.start("name"), found.start("name") + len(_TRAILING.sub("", name))
    return None


def is_plain(word: str) -> bool:
    """Whether a word with a capital is an ordinary one."""
    lower = fold(word).lower.rstrip(".")
    return lower in _PLAIN_WORDS or lower.endswith(("-powered", "-driven", "-based"))


def is_strange(text: str, start: int, end: int) -> bool:
    """Whether a span holds no name that is already known."""
    return not set(text[start:end]) & {FOREIGN, OWN}


def says_independent(said: Said) -> bool:
    """Whether the sentence, or what follows it, says that the speaker is its own; ``AI`` alone is not."""
    return _INDEPENDENT.search(said.text) is not None or _INDEPENDENT.search(said.ahead) is not None


def denied(text: str, denial: re.Match[str], unspecific: re.Pattern[str]) -> Origin | None:
    """A denial of any maker, unless it only says that there is none ``in the traditional sense``."""
    if unspecific.search(text):
        return None
    return Origin(denial.start(), denial.end(), "nobody", DENIED, is_denial=True)
