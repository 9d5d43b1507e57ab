"""What an answer is written in, by its letters: which of it the rules read, and what of that was measured."""

from __future__ import annotations

import re
from typing import NamedTuple

from distill_tests.judges._words import words

SAMPLE = 4000
_OTHERS = {
    "Japanese": re.compile("[\u3040-\u30ff]"),
    "Korean": re.compile("[\uac00-\ud7af\u1100-\u11ff]"),
    "Cyrillic": re.compile("[\u0400-\u052f]"),
    "Greek": re.compile("[\u0370-\u03ff]"),
    "Arabic": re.compile("[\u0600-\u06ff]"),
    "Hebrew": re.compile("[\u0590-\u05ff]"),
    "Devanagari": re.compile("[\u0900-\u097f]"),
    "Thai": re.compile("[\u0e00-\u0e7f]"),
}
_OTHER = re.compile("[\u0370-\u1fff\u3040-\u30ff\ua000-\ud7ff]")
_WORD = re.compile(r"[a-z']+")
_ENGLISH = frozenset(words("en", "function_words"))
FEWEST_WORDS = 5
ENGLISH_SHARE = 0.15


class Script(NamedTuple):
    """``name`` is ``en``, ``zh``, ``mixed``, or what the letters tell; ``is_read``: by the rules."""

    name: str
    is_read: bool


EN, ZH, MIXED = Script("en", True), Script("zh", True), Script("mixed", True)
NONE = Script("no letters", True)


def script_of(lower: str) -> Script:
    """What folded lower-case text is written in, judged by its first characters."""
    text = lower[:SAMPLE]
    if text.isascii():
        return _latin(text)
    wide = (len(text.encode("utf-8", "replace")) - len(text)) / 2
    ascii_letters = len(text) - wide
    if _OTHER.search(text) is not None:
        other = len(_OTHER.findall(text))
        if other > 0.2 * (wide + ascii_letters / 4):
            return Script(max(_OTHERS, key=lambda name: len(_OTHERS[name].findall(text))), False)
    if 40 * wide <= ascii_letters:
        return _latin(text)
    return ZH if ascii_letters <= 4 * wide else MIXED


def _latin(text: str) -> Script:
    """English, or a language that is not told apart any further; short answers count as English."""
    words = _WORD.findall(text)
    if not words:
        return NONE
    if len(words) < FEWEST_WORDS or sum(word in _ENGLISH for word in words) >= ENGLISH_SHARE * len(words):
        return EN
    return Script("other Latin", False)
