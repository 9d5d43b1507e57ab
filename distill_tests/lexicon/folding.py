"""Text as it reads, whatever characters it is written with; every position can be traced back.

Full-width and styled letters become plain ones (NFKC), accents on Latin letters go, invisible
characters go, Cyrillic or Greek look-alikes inside a Latin word become Latin, and letters spread out
one by one are closed up.  So a name is found however it is dressed, and its place is still known.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from importlib.resources import files
from typing import NamedTuple

_ODD = "\ufffe"
"""Stands for a character that folds to none or to several; such text takes the slow path."""

_SPREAD = re.compile(r"(?<![A-Za-z0-9])[A-Za-z](?:[ .\-_*·|/]{1,3}[A-Za-z]){3,}(?![A-Za-z0-9])")
_SPREAD_HINT = re.compile(r"[ .\-_*·|/][A-Za-z][ .\-_*·|/]{1,3}[A-Za-z][ .\-_*·|/]{1,3}[A-Za-z](?![A-Za-z])")
_SPREAD_HAN = re.compile("(?:[\u4e00-\u9fff] ){2,}[\u4e00-\u9fff]")
_HAN_HINT = re.compile(" [\u4e00-\u9fff] [\u4e00-\u9fff]")
_SEPARATOR = frozenset(" .-_*·|/")
_STARRED = re.compile(r"(?<=[A-Za-z])(?:\*{1,3}|_{1,3}|`)(?=[A-Za-z])")
_HAS_LOOKALIKE = re.compile("[\u0370-\u052f\u0531-\u0587\u13a0-\u13ff]")
_HAS_LATIN = re.compile("[A-Za-z]")
_WORD = re.compile(r"[^\W\d_]+")
_LOOKALIKES: dict[str, str] = json.loads(
    files("distill_tests").joinpath("data", "lookalikes.json").read_text(encoding="utf-8")
)["lookalikes"]
_LATIN_FOR = str.maketrans(_LOOKALIKES)


class Folded(NamedTuple):
    """``text`` is folded, ``lower`` the same in lower case (equally long).

    ``origin[i]`` is where character ``i`` of ``text`` starts in the original; ``None``: at ``i``.
    """

    text: str
    lower: str
    origin: Sequence[int] | None
    length: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text that folded to ``text[start:end]``."""
        if self.origin is None:
            return start, end
        if start >= end:
            place = self.origin[start] if start < len(self.origin) else self.length
            return place, place
        return self.origin[start], self.origin[end - 1] + 1


def fold(text: str) -> Folded:
    """``text`` folded; linear in its length."""
    if text.isascii():
        folded, origin = text, None
    else:
        folded, origin = _folded(text)
    if _SPREAD_HINT.search(folded) or _has_marks(folded) or _HAN_HINT.search(folded):
        folded, origin = _closed_up(folded, origin)
    return Folded(folded, folded.lower(), origin, len(text))


def _has_marks(text: str) -> bool:
    return ("*" in text or "_" in text or "`" in text) and _STARRED.search(text) is not None


def _folded(text: str) -> tuple[str, Sequence[int] | None]:
    for mark, plain in _COMMON_MARKS:
        text = text.replace(mark, plain)
    if _SPECIAL.search(text) is None and unicodedata.is_normalized("NFKC", text):
        return text, None
    folded = text.translate(_TABLE)
    origin: Sequence[int] | None = None
    if _ODD in folded:
        folded, origin = _one_by_one(text)
    if _TABLE.has_met_lookalikes and _HAS_LOOKALIKE.search(folded) and _HAS_LATIN.search(folded):
        folded = _WORD.sub(_in_one_script, folded)
    return folded, origin


def _one_by_one(text: str) -> tuple[str, Sequence[int]]:
    pieces = [_PIECES[character] for character in text]
    return "".join(pieces), [place for place, piece in enumerate(pieces) for _ in piece]


def _in_one_script(word: re.Match[str]) -> str:
    found = word.group()
    mixed = _HAS_LOOKALIKE.search(found) and _HAS_LATIN.search(found)
    return found.translate(_LATIN_FOR) if mixed else found


def _closed_up(folded: str, origin: Sequence[int] | None) -> tuple[str, Sequence[int]]:
    """Without the separators in ``O p e n A I`` and ``阿 里 云``, and the marks in ``Open**AI**``."""
    gone: set[int] = set()
    for found in _SPREAD.finditer(folded):
        gone.update(place for place in range(*found.span()) if folded[place] in _SEPARATOR)
    for found in _SPREAD_HAN.finditer(folded):
        gone.update(range(found.start() + 1, found.end(), 2))
    for found in _STARRED.finditer(folded):
        gone.update(range(found.start(), found.end()))
    kept = [place for place in range(len(folded)) if place not in gone]
    return "".join(folded[place] for place in kept), [origin[place] if origin else place for place in kept]


_COMMON_MARKS = (
    ("，", ","),
    ("？", "?"),
    ("！", "!"),
    ("：", ":"),
    ("（", "("),
    ("）", ")"),
    ("；", ";"),
    ("’", "'"),
    ("…", "."),
)
_SPECIAL = re.compile(
    "[\u00ad\u00c0-\u1fff\u200b-\u2012\u2018-\u201b\u2028-\u202f\u205f-\u20ff\u2800\u3164\ua000-\uabff\ud7b0-\uf8ff\ufe00-\uffff\U00010000-\U0010ffff–]"
)
"""Characters that may fold to something else; the common ones of Chinese and English are not among them."""


class _Table(dict[int, str]):
    """What :meth:`str.translate` asks, character by character, filled as characters are met."""

    has_met_lookalikes = False

    def __missing__(self, code: int) -> str:
        plain = _plain(chr(code))
        self[code] = plain if len(plain) == 1 else _ODD
        self.has_met_lookalikes |= _HAS_LOOKALIKE.search(plain) is not None
        return self[code]


class _Pieces(dict[str, str]):
    """The folded form of single characters, filled as characters are met."""

    def __missing__(self, character: str) -> str:
        self[character] = _plain(character)
        return self[character]


_QUOTES = {"‘": "'", "’": "'", "ʼ": "'", "＇": "'", "`": "`", "‐": "-", "‑": "-", "–": "-", "…": "."}


def _plain(character: str) -> str:
    if character in _QUOTES:
        return _QUOTES[character]
    if _is_invisible(character):
        return ""
    plain = unicodedata.normalize("NFKC", character)
    if len(plain) > 8:
        return character
    return "".join(_without_accent(one) for one in plain if not _is_invisible(one))


def _is_invisible(character: str) -> bool:
    if character in "\u034f\u115f\u1160\u3164\u2800\u17b4\u17b5":
        return True
    if (
        "\u0300" <= character <= "\u036f"
        or "\u1ab0" <= character <= "\u1aff"
        or "\u20d0" <= character <= "\u20ff"
    ):
        return True
    if "\ufe00" <= character <= "\ufe0f" or "\U000e0000" <= character <= "\U000e0fff":
        return True
    return unicodedata.category(character) == "Cf"


def _without_accent(character: str) -> str:
    """A Latin letter without its accents; anything else as it is."""
    if "\u00c0" <= character <= "\u024f" or "\u1e00" <= character <= "\u1eff":
        base = unicodedata.normalize("NFD", character)[0]
        return base if base.isascii() else _LOOKALIKES.get(character, character)
    return _LOOKALIKES.get(character, character) if character in _SMALL_CAPITALS else character


_SMALL_CAPITALS = frozenset("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡı")
_TABLE = _Table()
_PIECES = _Pieces()
