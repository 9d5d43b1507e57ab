"""The prompt as an answer is compared with it: which voices it names, which sentences it held."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from distill_tests.lexicon import fold

_SPACE = re.compile(r"\s+")
_TELLING_LENGTH = {True: 24, False: 10}
"""So long an ASCII sentence, and another one, has to be before its words tell where they are from."""
_LEAST_TELLING = min(_TELLING_LENGTH.values())


class Told(NamedTuple):
    """What the target was sent, as it is compared with: folded lower case, and with single spaces."""

    lower: str
    squeezed: str


@lru_cache(maxsize=256)
def told(text: str) -> Told:
    """``text`` ready to be compared with answers; prompts come again and again."""
    lower = fold(text).lower
    return Told(lower, _SPACE.sub(" ", lower))


def is_asked(label: str, sent: Sequence[Told]) -> bool:
    """Whether the prompt names this voice."""
    return any(label in one.lower for one in sent)


def is_echo(sentence: str, sent: Sequence[Told]) -> bool:
    """Whether the prompt already held this whole sentence, and it is long enough to tell."""
    if len(sentence) < _LEAST_TELLING:
        return False
    squeezed = " ".join(sentence.split()).strip("*_\"'“” ")
    return len(squeezed) >= _TELLING_LENGTH[squeezed.isascii()] and any(
        squeezed in one.squeezed for one in sent
    )
