"""How near two words are in meaning, from a shipped table of word vectors.

``data/caption_words.txt`` says of each word how the sentence model all-MiniLM-L6-v2 reads it alone, as 48
numbers in 64 steps, a letter each; :mod:`distill_tests.captions.build_words` makes it.  A table instead of
the model: it needs no library and gives the same numbers on every machine.  English.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources
from operator import mul
from typing import Final, NamedTuple, TypeAlias

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
STEP: Final = 1.2 / 64
"""A letter stands for the middle of its step; the steps part [-0.6, 0.6]."""

Vector: TypeAlias = tuple[float, ...]


class WordTable(NamedTuple):
    """Letters by stem, and the place of each stem in the order of frequency, 0 the most frequent."""

    letters: dict[str, str]
    rank: dict[str, int]


@cache
def table() -> WordTable:
    """The shipped table; read once, some 10 ms."""
    text = resources.files("distill_tests").joinpath("data/caption_words.txt").read_text(encoding="utf-8")
    rows = [line.split(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return WordTable({row[0]: row[1] for row in rows}, {row[0]: place for place, row in enumerate(rows)})


@lru_cache(maxsize=20_000)
def vector(stemmed: str) -> Vector | None:
    """The unit vector of a stem; None where the table lacks it."""
    letters = table().letters.get(stemmed)
    return None if letters is None else decoded(letters)


def decoded(letters: str) -> Vector:
    return unit([(ALPHABET.index(letter) - 31.5) * STEP for letter in letters])


def encoded(numbers: Sequence[float]) -> str:
    """The letters of a vector's numbers; what lies outside of [-0.6, 0.6] gets the outermost step."""
    return "".join(ALPHABET[min(63, max(0, math.floor(number / STEP) + 32))] for number in numbers)


def unit(numbers: Sequence[float]) -> Vector:
    norm = math.sqrt(math.fsum(number * number for number in numbers))
    return tuple(number / norm for number in numbers) if norm else tuple(numbers)


def cosine(a: Vector, b: Vector) -> float:
    """Of two unit vectors."""
    product: float = sum(map(mul, a, b))
    return product


def rarity(stemmed: str) -> float:
    """How rare a word is in English, from about 0.07 (the commonest) to 1 (not among those of the table)."""
    known = table().rank
    return math.log(2 + known.get(stemmed, len(known))) / math.log(2 + len(known))
