"""Names of makers and models found in text: whole words, the longest name first.

The knowledge is in ``data/makers.json``; a name in Latin or Cyrillic letters stands between
characters that are no letters, a name in a script without spaces stands anywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from distill_tests.lexicon.folding import Folded, fold
from distill_tests.types import Identity


class Mention(NamedTuple):
    """A name at ``start`` to ``end`` of the folded text; ``maker`` is an id such as ``openai``.

    ``model``: it names a model, not its maker.  ``weak``: the name is an ordinary word too.
    """

    start: int
    end: int
    maker: str
    model: bool = False
    weak: bool = False


class _Entry(NamedTuple):
    maker: str
    model: bool
    weak: tuple[str, ...]
    """Spellings with capitals that a weak name must have; empty for a name that is no other word."""


@dataclass(frozen=True)
class Maker:
    """A maker of language models: ``country`` holds ISO 3166 codes."""

    id: str
    name: str
    country: tuple[str, ...]


_DATA = json.loads(files("distill_tests").joinpath("data", "makers.json").read_text(encoding="utf-8"))
makers: Mapping[str, Maker] = {
    key: Maker(id=key, name=entry["name"], country=tuple(entry["country"]))
    for key, entry in _DATA["makers"].items()
}
_NO_MAKER = ""
"""The maker of the ``things``: longer names that only look like a maker's."""


def _entries() -> Iterator[tuple[str, _Entry]]:
    for key, entry in _DATA["makers"].items():
        for name in entry.get("weak", ()):
            yield name, _Entry(key, name != entry["name"], (fold(name).text, name.upper()))
        for name in entry.get("names", ()):
            yield name, _Entry(key, False, ())
        for name in entry.get("models", ()):
            yield name, _Entry(key, True, ())
    for name in _DATA["things"]:
        yield name, _Entry(_NO_MAKER, False, ())


_NAMES: dict[str, _Entry] = {}
for _name, _entry in _entries():
    _NAMES.setdefault(fold(_name).lower, _entry)


def trie(words: Iterable[str]) -> str:
    """A regular expression for any of ``words``, the longest first, without backtracking over them."""
    tree: dict[str, dict[str, object]] = {}
    for word in words:
        node: dict[str, object] = tree  # type: ignore[assignment]  # a tree of dicts has no finite type
        for character in word:
            node = node.setdefault(character, {})  # type: ignore[assignment]
        node[""] = {}
    return _pattern(tree)


def _pattern(node: Mapping[str, object]) -> str:
    options = [
        re.escape(character) + _pattern(child)  # type: ignore[arg-type]
        for character, child in sorted(node.items())
        if character
    ]
    if not options:
        return ""
    joined = options[0] if len(options) == 1 else "(?:" + "|".join(options) + ")"
    if "" not in node:
        return joined
    return f"(?:{joined})?"


_NO_LETTER_BEFORE = r"(?<![^\W_\u2e80-\uffff]{})"
_NO_LETTER_AFTER = r"(?![^\W\d_\u2e80-\uffff])"


def name_regex(names: Iterable[str]) -> re.Pattern[str]:
    """Finds any of the folded, lower-case ``names`` as whole words, as long as possible."""
    names = {name for name in names if name}
    spaced = [name for name in names if _is_spaced(name)]
    dense = [name for name in names if not _is_spaced(name)]
    parts = [
        f"{lead}{_NO_LETTER_BEFORE.format(lead)}{rest}{_NO_LETTER_AFTER}" for lead, rest in _by_lead(spaced)
    ]
    parts += [f"{lead}{rest}" for lead, rest in _by_lead(dense)]
    return re.compile("|".join(parts) or r"(?!)")


def _by_lead(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """First character and pattern of the rest: a regex that starts with characters skips fast."""
    rests: dict[str, list[str]] = {}
    for name in sorted(names):
        rests.setdefault(name[0], []).append(name[1:])
    for lead, rest in rests.items():
        yield re.escape(lead), trie(rest)


def _is_spaced(name: str) -> bool:
    """Whether the script the name is written in puts spaces between words."""
    return not any(
        "\u2e80" <= character <= "\ud7ff" or "\u0e00" <= character <= "\u0e7f" for character in name
    )


_REGEX = name_regex(_NAMES)
_VERSION = re.compile(r"[ -]?v?\d")


def find_names(folded: Folded) -> list[Mention]:
    """Every name of a real maker or model in ``folded``, from left to right."""
    found = []
    for match in _REGEX.finditer(folded.lower):
        entry = _NAMES[match.group()]
        if entry.maker == _NO_MAKER:
            continue
        if entry.weak and not _is_meant(folded, match, entry):
            continue
        found.append(Mention(match.start(), match.end(), entry.maker, entry.model, bool(entry.weak)))
    lower = folded.lower
    return _with_leet(folded, found) if _LEET_SIGN.search(lower) and _LEET_HINT.search(lower) else found


_LEET_HINT = re.compile(r"[a-z][0134@$!][a-z]|(?<![a-z0-9])[0134@][a-z]{2}|[a-z]{3}[13](?![a-z0-9])")
_LEET_SIGN = re.compile("[0134@$]")
_LEET_WORD = re.compile(r"(?<![a-z0-9])[a-z0134@$!]{5,}(?![a-z0-9])")
_LEET = [str.maketrans("0134@$!", f"o{one}eaasi") for one in "il"]
LEAST_LETTERS = 3


def _with_leet(folded: Folded, found: list[Mention]) -> list[Mention]:
    """``found`` with the names that are written with digits for letters, such as ``0p3nA1``."""
    taken = {mention.start for mention in found}
    for match in _LEET_WORD.finditer(folded.lower):
        word = match.group()
        if match.start() in taken or word.isalpha() or sum(map(str.isalpha, word)) < LEAST_LETTERS:
            continue
        entry = next((_NAMES[plain] for one in _LEET if (plain := word.translate(one)) in _NAMES), None)
        if entry is not None and entry.maker and not entry.weak:
            found.append(Mention(match.start(), match.end(), entry.maker, entry.model))
    return sorted(found)


def _is_meant(folded: Folded, match: re.Match[str], entry: _Entry) -> bool:
    """Whether an ordinary word stands for the name: by its capitals, or by a version after it."""
    written = folded.text[match.start() : match.end()]
    return written in entry.weak or (entry.model and _VERSION.match(folded.lower, match.end()) is not None)


@lru_cache(maxsize=256)
def maker_of(name: str) -> str | None:
    """The id of the maker whose name, or whose model's name, ``name`` is or holds."""
    folded = fold(name)
    whole = _NAMES.get(folded.lower)
    if whole and whole.maker:
        return whole.maker
    mentions = find_names(folded)
    return mentions[0].maker if mentions else None


def names_makers(text: str, *, own: Identity | None = None) -> tuple[str, ...]:
    """Ids of the real makers named in ``text``, directly or by a model's name, sorted.

    The makers that ``own`` names as its own are left out.
    """
    named = {mention.maker for mention in find_names(fold(text))}
    return tuple(sorted(named - (own_makers(own) if own else frozenset())))


@lru_cache(maxsize=256)
def own_makers(identity: Identity) -> frozenset[str]:
    """Ids of the makers that an identity card names as its own: by maker, name, former name or alias."""
    names = (identity.maker, identity.name, *identity.former, *identity.aliases)
    return frozenset(maker for name in names if (maker := maker_of(name)))
