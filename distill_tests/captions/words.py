"""The words of a caption: tokens, stems, content words, and which sentences describe and which ask.

English only: what is here knows English endings and function words.  Text of other scripts still gives
tokens, but neither stems nor function words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from unicodedata import normalize

MAX_CHARACTERS: Final = 20_000
"""Of a longer text only this much is compared with references; its length is counted in full."""

_FUNCTION_WORDS_TEXT: Final = """
    a an the is are was were be been being am in on at of to and or with for from by it its this that
    these those there he she his her hers they them their theirs him you your yours we our us i me my as
    into while then up out off over down some what which who whom whose how can could do does did has
    have had not no s t re so very just but if than
"""
FUNCTION_WORDS: Final = frozenset(_FUNCTION_WORDS_TEXT.split())

_PEOPLE_TEXT: Final = """
    person people man men woman women guy boy girl child kid lady someone somebody
"""
PEOPLE: Final = frozenset(_PEOPLE_TEXT.split())
"""Whom almost any clip shows: they say little about which clip it is."""
MEN: Final = frozenset(("man", "guy", "boy", "gentleman", "male"))
WOMEN: Final = frozenset(("woman", "girl", "lady", "female"))

_TALK_OF_THE_CLIP_TEXT: Final = """
    video frame frames scene scenes seen shown show shows appear appears see image images picture
    pictures caption captions description clip part parts first second third finally also another
    following thing things something various series activity activities action actions
"""
TALK_OF_THE_CLIP: Final = frozenset(_TALK_OF_THE_CLIP_TEXT.split())
"""Words about the clip as such, or that could be said of any."""

_IRREGULAR: Final = {
    "men": "man",
    "women": "woman",
    "children": "child",
    "people": "person",
    "feet": "foot",
    "teeth": "tooth",
    "mice": "mouse",
    "knives": "knife",
    "leaves": "leaf",
    "lying": "lie",
    "ran": "run",
    "rode": "ride",
    "ridden": "ride",
    "sang": "sing",
    "sung": "sing",
    "ate": "eat",
    "eaten": "eat",
    "drove": "drive",
    "driven": "drive",
    "spoke": "speak",
    "threw": "throw",
    "thrown": "throw",
    "fell": "fall",
    "swam": "swim",
    "sat": "sit",
    "held": "hold",
    "fought": "fight",
    "drew": "draw",
    "drawn": "draw",
    "caught": "catch",
    "broke": "break",
    "broken": "break",
    "made": "make",
    "took": "take",
    "taken": "take",
    "went": "go",
    "gone": "go",
    "bit": "bite",
    "bitten": "bite",
    "wore": "wear",
    "worn": "wear",
    "written": "write",
    "wrote": "write",
}
_TOKEN: Final = re.compile(r"[^\W_]+")
_SENTENCE: Final = re.compile(r"[^.?!。？！\n]+[.?!。？！\s]*")
_VOWEL: Final = re.compile(r"[aeiouy]")


class Sentence(NamedTuple):
    """One sentence of a caption: its ``tokens``, and whether it ``asks`` instead of describing."""

    tokens: tuple[str, ...]
    asks: bool


def compared(text: str) -> str:
    """The part of a text that is compared: at most 20,000 characters from its first word on."""
    first = _TOKEN.search(text)
    return text[first.start() :][:MAX_CHARACTERS] if first else ""


def tokens(text: str) -> list[str]:
    """Words and numbers in lower case, without punctuation; ``man's`` is one word, ``mans``.

    An accent written as a character of its own is the same as one in its letter.
    """
    return _TOKEN.findall(normalize("NFC", text).lower().replace("'", "").replace("’", ""))


def sentences(text: str) -> list[Sentence]:
    """The sentences with at least one word, in order."""
    found = ((tuple(tokens(part)), "?" in part or "？" in part) for part in _SENTENCE.findall(text))
    return [Sentence(words, asks) for words, asks in found if words]


def content(words: Sequence[str]) -> list[str]:
    """The words that are no function words, each once, in order of appearance."""
    return [word for word in dict.fromkeys(words) if word not in FUNCTION_WORDS]


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """What forms of one word share: ``cutting``, ``cuts`` and ``cut`` give ``cut``.

    After the first steps of Porter (1980), and a list of irregular forms.
    """
    word = _IRREGULAR.get(word, word)
    if len(word) <= 3 or not word.isascii():
        return word
    word = _without_ending(_without_plural(word))
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 2 and word.endswith("y") else word


def _without_plural(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes", "oes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _without_ending(word: str) -> str:
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) > 1 and _VOWEL.search(rest):
            doubled = len(rest) > 2 and rest[-1] == rest[-2] and rest[-1] not in "lsz"
            return rest[:-1] if doubled else rest
    return word
