"""Texts as they are compared, apart from what a model is shown.

A model is shown the text of the file without white space at its ends, and nothing else is changed: entities
such as ``&apos;`` stay, because a published score was measured with them and a question about HTML means
them.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

_UNSEEN: Final = re.compile(r"[\s\u200b-\u200f\u2060-\u2064\ufeff\u00ad\ue000-\uf8ff\x00-\x1f]+")
_BLANK: Final = re.compile(r"\([?_]*\)|_{2,}")
"""Brackets for the answer, whatever lost spaces made of them, and lines to write on."""
_STOPS: Final = ".?!。:;,、"


def shown(text: str) -> str:
    """``text`` as a model is shown it."""
    return text.strip()


def same_text(text: str) -> str:
    """What two questions have in common if they are one: width, case, white space, entities put aside."""
    plain = unicodedata.normalize("NFKC", html.unescape(text)).casefold()
    return _BLANK.sub("", _UNSEEN.sub("", plain)).rstrip(_STOPS)


def same_option(text: str) -> str:
    """What two options have in common if a reader cannot tell them apart.

    Case, powers and the spaces between words stay: AA is not Aa, 2³ not 23, "may be" not "maybe".
    """
    unescaped = html.unescape(text).replace("\ufeff", "").replace("\u200b", "")
    return " ".join("".join(_NARROW.get(char, char) for char in unescaped).split())


_NARROW: Final[Mapping[str, str]] = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)}
"""Full-width forms of ASCII, and nothing else that NFKC folds."""
