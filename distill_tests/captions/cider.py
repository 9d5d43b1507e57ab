"""CIDEr-D of a set of captions (Vedantam et al. 2015): wording that other clips do not have.

As in the authors' code (pycocoevalcap calls it Cider): runs of 1 to 4 words weighted by how few clips of the
set have them, clipped, with a penalty for a length that differs, times 10.  No stemming.  A score belongs to
its set: with other clips beside it the same caption scores otherwise, and a set of one clip scores 0.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

from distill_tests.captions.overlap import MAX_REFERENCES, MAX_TOKENS, ngrams
from distill_tests.captions.words import tokens

ORDERS: Final = 4
SIGMA: Final = 6.0
HIGHEST: Final = 10.0

Run: TypeAlias = tuple[str, ...]


class Captioned(NamedTuple):
    caption: str
    references: Sequence[str]


class _Weighted(NamedTuple):
    """By order, the weight of each run and the norm; ``length`` in pairs of words, as the authors have it."""

    runs: list[dict[Run, float]]
    norms: list[float]
    length: int


class CiderSet:
    """CIDEr-D in a set of clips, each with its references: these alone say how rare a run of words is.

    So a caption can be scored by itself, whatever the other captions are.
    """

    def __init__(self, references: Iterable[Sequence[str]]) -> None:
        self._clips: Counter[Run] = Counter()
        self._total = 0
        for texts in references:
            self._clips.update({run for words in _words_of(texts) for run in _runs(words)})
            self._total += 1

    def score(self, caption: str, references: Sequence[str]) -> float:
        """0 to 10; raises ValueError without references."""
        mine = self._weighted(tokens(caption)[:MAX_TOKENS])
        found = [_similarity(mine, self._weighted(words)) for words in _words_of(references)]
        return HIGHEST * math.fsum(found) / len(found)

    def _weighted(self, words: Sequence[str]) -> _Weighted:
        return _weighted(words, self._clips, self._total)


def cider_d(items: Sequence[Captioned]) -> list[float]:
    """One score an item, 0 to 10, in the items' order; raises ValueError for an item without references."""
    whole = CiderSet(item.references for item in items)
    return [whole.score(item.caption, item.references) for item in items]


def _words_of(references: Sequence[str]) -> list[list[str]]:
    if not references:
        raise ValueError("an item has no reference")
    return sorted(tokens(text)[:MAX_TOKENS] for text in references)[:MAX_REFERENCES]


def _runs(words: Sequence[str]) -> Counter[Run]:
    counts: Counter[Run] = Counter()
    for order in range(1, ORDERS + 1):
        counts.update(ngrams(words, order))
    return counts


def _weighted(words: Sequence[str], clips: Counter[Run], total: int) -> _Weighted:
    runs: list[dict[Run, float]] = [{} for _ in range(ORDERS)]
    for run, count in _runs(words).items():
        runs[len(run) - 1][run] = count * (math.log(total) - math.log(max(1, clips[run])))
    norms = [math.sqrt(math.fsum(weight * weight for weight in one.values())) for one in runs]
    return _Weighted(runs, norms, max(0, len(words) - 1))


def _similarity(mine: _Weighted, other: _Weighted) -> float:
    """The mean over the orders of the clipped cosine, less for another length."""
    found = []
    for order in range(ORDERS):
        theirs = other.runs[order]
        product = math.fsum(
            min(weight, theirs[run]) * theirs[run]
            for run, weight in mine.runs[order].items()
            if run in theirs
        )
        norms = mine.norms[order] * other.norms[order]
        found.append(product / norms if norms else 0.0)
    return math.fsum(found) / ORDERS * math.exp(-((mine.length - other.length) ** 2) / (2 * SIGMA**2))
