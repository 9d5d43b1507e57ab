"""A caption and its references, read once: sentences, content words, and how near words are to theirs.

What is compared is bounded: 20,000 characters of a caption, its first 60 sentences and 400
different words; of each reference the first 60 words, of the references the first 200 in alphabetical order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from distill_tests.captions.overlap import MAX_REFERENCES
from distill_tests.captions.words import Sentence, compared, content, sentences, stem, tokens
from distill_tests.captions.wordvectors import cosine, vector

MAX_SENTENCES: Final = 60
MAX_WORDS: Final = 400
MAX_REFERENCE_WORDS: Final = 60
NEAR: Final = 0.45
"""Cosine from which on two words count as near in meaning; synonyms lie at 0.5 to 0.8."""


@dataclass(frozen=True, slots=True)
class References:
    """The references of one clip: their tokens, their content stems, and how many share each stem."""

    tokens: tuple[tuple[str, ...], ...]
    stems: tuple[tuple[str, ...], ...]
    shared: dict[str, float]
    """By stem, the share of the references that have it, in (0, 1]."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One caption against its references; ``nearness`` has, by stem of the caption, the stems of the
    references that are near it and how near, in (0, 1]; the same stem is 1."""

    words: int
    """Of the whole caption, however long."""
    sentences: tuple[Sentence, ...]
    tokens: tuple[str, ...]
    references: References
    nearness: dict[str, dict[str, float]]

    def describing(self) -> tuple[Sentence, ...]:
        """The sentences that describe; questions to whoever reads are none."""
        return tuple(one for one in self.sentences if not one.asks)


@lru_cache(maxsize=8)
def read_references(references: tuple[str, ...]) -> References:
    """Raises ValueError where no reference holds a word.  Their order does not matter."""
    cut = [tuple(tokens(compared(text))[:MAX_REFERENCE_WORDS]) for text in references]
    kept = sorted(words for words in cut if words)[:MAX_REFERENCES]
    if not kept:
        raise ValueError("no reference holds a word")
    stems = tuple(tuple(stems_of(words)) for words in kept)
    counts = Counter(one for words in stems for one in words)
    return References(tuple(kept), stems, {one: count / len(kept) for one, count in sorted(counts.items())})


def read_caption(caption: str, references: tuple[str, ...]) -> Reading:
    """Raises ValueError where the caption or every reference holds no word."""
    parts = sentences(compared(caption))
    if not parts:
        raise ValueError("the caption holds no word")
    parts = parts[:MAX_SENTENCES]
    against = read_references(references)
    words = [word for part in parts for word in part.tokens]
    return Reading(
        words=len(tokens(caption)),
        sentences=tuple(parts),
        tokens=tuple(words),
        references=against,
        nearness={one: near_stems(one, against.shared) for one in stems_of(words)[:MAX_WORDS]},
    )


def stems_of(words: Sequence[str]) -> list[str]:
    """The stems of the content words, each once; of all words where there is no content word."""
    return list(dict.fromkeys(stem(word) for word in content(words) or words))


def near_stems(one: str, others: dict[str, float]) -> dict[str, float]:
    """Those of ``others`` that are near ``one`` in meaning, and how near, in (0, 1]."""
    found = {}
    for other in others:
        near = nearness(one, other)
        if near > 0:
            found[other] = near
    return found


def nearness(one: str, other: str) -> float:
    """1 for the same stem, 0 for words that have little to do with each other or are not in the table."""
    if one == other:
        return 1.0
    a, b = vector(one), vector(other)
    if a is None or b is None:
        return 0.0
    return min(1.0, max(0.0, (cosine(a, b) - NEAR) / (1.0 - NEAR)))
