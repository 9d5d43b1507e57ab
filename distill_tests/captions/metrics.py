"""The offline metrics: how much of a caption's wording is in its references, by well-known formulas.

All on the same tokens (:func:`distill_tests.captions.words.tokens`), the first 500 of a text, and at most
200 references; all from 0 (nothing shared) to 1.  None asks a model.  They are the cheap baselines beside
which a judge is shown, and the length control (``brevity``) beside which every metric is.
:mod:`distill_tests.captions.cider` has CIDEr-D, which needs all items of a set at once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

from distill_tests.captions.overlap import MAX_REFERENCES, MAX_TOKENS, character_f, longest_common, ngrams
from distill_tests.captions.words import compared, stem, tokens
from distill_tests.captions.wordvectors import rarity

Tokens: TypeAlias = Sequence[str]
Metric: TypeAlias = Callable[[Tokens, Sequence[Tokens]], float]


def metric(name: str, caption: str, references: Sequence[str]) -> float:
    """One metric of :data:`METRICS`; raises ValueError where the caption or every reference holds no word."""
    said = tokens(caption if name == "brevity" else compared(caption))
    if not said:
        raise ValueError("the caption holds no word")
    kept = sorted(words[:MAX_TOKENS] for text in references if (words := tokens(compared(text))))
    if not kept:
        raise ValueError("no reference holds a word")
    return METRICS[name](said if name == "brevity" else said[:MAX_TOKENS], kept[:MAX_REFERENCES])


def bleu(said: Tokens, references: Sequence[Tokens], *, order: int = 4) -> float:
    """Sentence BLEU of up to ``order`` words, smoothed exponentially, as sacrebleu has it by default.

    Orders for which the caption is too short are left out; the brevity penalty is by the nearest length.
    """
    precisions, smoothing = [], 1.0
    for size in range(1, min(order, len(said)) + 1):
        runs, most = ngrams(said, size), Counter[tuple[str, ...]]()
        for one in references:
            most |= ngrams(one, size)
        matched = (runs & most).total()
        if not matched:
            smoothing *= 2
            precisions.append(1 / (smoothing * runs.total()))
        else:
            precisions.append(matched / runs.total())
    if smoothing == 2.0 ** len(precisions):
        return 0.0
    nearest = min((abs(len(one) - len(said)), len(one)) for one in references)[1]
    penalty = min(1.0, math.exp(1 - nearest / len(said)))
    return penalty * math.exp(math.fsum(math.log(one) for one in precisions) / len(precisions))


def rouge_l(said: Tokens, references: Sequence[Tokens]) -> float:
    """ROUGE-L of the best reference: F1 of the longest sequence of words in common, with gaps (Lin 2004)."""
    return max(2 * longest_common(said, one) / (len(said) + len(one)) for one in references)


def meteor_like(said: Tokens, references: Sequence[Tokens]) -> float:
    """METEOR's formula of 2005 on equal words and equal stems, of the best reference.

    Not METEOR: no synonyms (they need WordNet), and each word goes to the first free partner, not to the
    partner that leaves the fewest chunks.
    """
    return max(_meteor_like(said, one) for one in references)


def _meteor_like(said: Tokens, reference: Tokens) -> float:
    partners = _partners(said, reference)
    if not partners:
        return 0.0
    precision, recall = len(partners) / len(said), len(partners) / len(reference)
    mean = 10 * precision * recall / (recall + 9 * precision)
    order = sorted(partners)
    chunks = 1 + sum(
        after != before + 1 or partners[after] != partners[before] + 1 for before, after in pairwise(order)
    )
    return mean * (1 - 0.5 * (chunks / len(partners)) ** 3)


def _partners(said: Tokens, reference: Tokens) -> dict[int, int]:
    """By place in the caption, the place in the reference of the same word, else of the same stem."""
    found: dict[int, int] = {}
    for mine, theirs in ((said, reference), ([stem(w) for w in said], [stem(w) for w in reference])):
        taken = set(found.values())
        free: dict[str, list[int]] = {}
        for place, word in enumerate(theirs):
            if place not in taken:
                free.setdefault(word, []).append(place)
        for place, word in enumerate(mine):
            if place not in found and free.get(word):
                found[place] = free[word].pop(0)
    return found


def tfidf_cosine(said: Tokens, references: Sequence[Tokens]) -> float:
    """The cosine of stem counts, rare words counting more, with the nearest reference.

    How rare a word is comes from its place in a table of English words, not from the set at hand.
    """
    mine = _weighted(said)
    return max(_cosine(mine, _weighted(one)) for one in references)


def _weighted(words: Tokens) -> dict[str, float]:
    return {one: count * rarity(one) for one, count in Counter(stem(word) for word in words).items()}


def _cosine(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    product = math.fsum(weight * b[one] for one, weight in a.items() if one in b)
    norms = math.fsum(x * x for x in a.values()) * math.fsum(x * x for x in b.values())
    return min(1.0, product / math.sqrt(norms))


METRICS: Final[Mapping[str, Metric]] = {
    "bleu_1": lambda said, references: bleu(said, references, order=1),
    "bleu_4": bleu,
    "rouge_l": rouge_l,
    "chrf": character_f,
    "meteor_like": meteor_like,
    "tfidf_cosine": tfidf_cosine,
    "brevity": lambda said, _: 1 / len(said),
}
"""By name; ``brevity`` is one over the number of words: what a metric has to beat to be more than length."""
