"""Words of a text: tokens, stems, and the English function words that style is told by."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_CJK: Final = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
TOKEN: Final = re.compile(
    rf"[{_CJK}]|[^\W\d_{_CJK}]+(?:'[^\W\d_{_CJK}]+)?|\d+(?:[.,:/]\d+)*",
)
"""A word, a number, or one character of a script that is written without spaces."""
HAN: Final = re.compile("[\u3400-\u9fff]")
OTHER_CJK: Final = re.compile("[\u3040-\u30ff\uac00-\ud7af]")
LETTER: Final = re.compile(r"[^\W\d_]")
FAR_LETTER: Final = re.compile("[\u0250-\u1dff\u1f00-\u1fff\u2c00-\ufdff]")
"""A letter of another script than Latin."""
_FUNCTION_WORDS: Final = (
    "the of and to a in is that for it as with on be by this are or an from at not you can i have "
    "was which will but if your they may has more their its one we would he his been were there so "
    "when what also such these some any other about no into than out up she her him them me my our "
    "how who do does could should might must only just like very most many while however "
)
FUNCTION_WORDS: Final = tuple(_FUNCTION_WORDS.split())
FUNCTION_SET: Final = frozenset(FUNCTION_WORDS)
_ENDINGS: Final = (
    ("ational", "ate"),
    ("fulness", "ful"),
    ("iveness", "ive"),
    ("ization", "ize"),
    ("isation", "ize"),
    ("ingly", ""),
    ("edly", ""),
    ("ments", "ment"),
    ("ations", "ate"),
    ("ation", "ate"),
    ("ities", "ity"),
    ("ness", ""),
    ("ies", "y"),
    ("ing", ""),
    ("ers", "er"),
    ("ed", ""),
    ("ly", ""),
    ("es", ""),
    ("s", ""),
)
_LAST: Final = frozenset(ending[-1] for ending, _ in _ENDINGS)


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """What ``word`` shares with its other forms: a coarse rule for English, other words as they are."""
    if len(word) <= 3 or not word.isascii():
        return word
    word = word.removesuffix("'s")
    if word[-1:] in _LAST:
        for ending, instead in _ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                return _without(word, ending, instead)
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


def _without(word: str, ending: str, instead: str) -> str:
    if ending == "s" and word.endswith(("ss", "us", "is")):
        return word
    word = word[: len(word) - len(ending)] + instead
    if not instead and len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word[:-1] if word.endswith("e") and len(word) > 4 else word
