"""CIDEr-D of a set of captions (Vedantam et al. 2015): wording that other clips do not have.

As in the authors' code (pycocoevalcap calls it Cider): runs of 1 to 4 words weighted by how few clips of the
set have them, clipped, with a penalty for a length that differs, times 10.  No stemming.  A score belongs to
its set: with other clips beside it the same caption scores otherwise, and a set of one clip scores 0.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
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


def cider_d(items: Sequence[Captioned]) -> list[float]:
    """One score an item, 0 to 10, in the items' order; raises ValueError for an item without references."""
    captions = [tokens(item.caption)[:MAX_TOKENS] for item in items]
    references = [
        sorted(tokens(text)[:MAX_TOKENS] for text in item.references)[:MAX_REFERENCES] for item in items
    ]
    if not all(references):
        raise ValueError("an item has no reference")
    clips: Counter[Run] = Counter()
    for texts in references:
        clips.update({run for text in texts for run in _runs(text)})
    scores = []
    for caption, texts in zip(captions, references, strict=True):
        mine = _weighted(caption, clips, len(items))
        found = [_similarity(mine, _weighted(text, clips, len(items))) for text in texts]
        scores.append(HIGHEST * math.fsum(found) / len(found))
    return scores


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
