"""What ``blend`` looks at: numbers about one caption beside its references.

Three groups: how the caption is made (length, questions, loops), how far its words and sentences are what
the references say (exactly, or near in meaning) and whom they name, and how far it says what most say.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Sequence

from distill_tests.captions.overlap import character_f, clipped_precision, longest_common
from distill_tests.captions.reading import Reading, References, stems_of
from distill_tests.captions.words import MEN, PEOPLE, TALK_OF_THE_CLIP, WOMEN, Sentence, stem
from distill_tests.captions.wordvectors import Vector, cosine, rarity, unit, vector

_DULL = frozenset(stem(word) for word in PEOPLE | TALK_OF_THE_CLIP)
_MEN, _WOMEN = (frozenset(map(stem, words)) for words in (MEN, WOMEN))
_ANYBODY = frozenset(map(stem, PEOPLE)) | _MEN | _WOMEN


def features(reading: Reading) -> dict[str, float]:
    """By name, in a fixed order."""
    return {**_making(reading), **_wording(reading), **_meaning(reading), **_sentences(reading)}


# --- how it is made -----------------------------------------------------------------------------


def _making(reading: Reading) -> dict[str, float]:
    pairs = list(zip(reading.tokens, reading.tokens[1:], strict=False))
    return {
        "length": math.log(1 + reading.words),
        "sentences": math.log(1 + len(reading.sentences)),
        "questions": float(min(2, sum(one.asks for one in reading.sentences))),
        "repeated": 1 - len(set(pairs)) / len(pairs) if pairs else 0.0,
    }


# --- the same words -----------------------------------------------------------------------------


def _wording(reading: Reading) -> dict[str, float]:
    said, references = reading.tokens, reading.references.tokens
    common = [(longest_common(said, one), len(one)) for one in references]
    return {
        "characters": character_f(said, references),
        "single_words": clipped_precision(said, references, 1),
        "in_order": max(2 * length / (len(said) + words) for length, words in common),
    }


# --- words of the same meaning ------------------------------------------------------------------


def _meaning(reading: Reading) -> dict[str, float]:
    described = [word for one in reading.describing() for word in one.tokens] or list(reading.tokens)
    said = [one for one in stems_of(described) if one in reading.nearness]
    shared = reading.references.shared
    supported = _mean([_support(one, reading) for one in said])
    covered = _covered(said, reading)
    return {
        "known_words": _mean([float(one in shared) for one in said]),
        "covered": covered,
        "both": 2 * supported * covered / (supported + covered) if supported + covered else 0.0,
        "doing": _doing(described, reading),
        "consensus": _consensus(reading.references),
        "people": _people(reading),
    }


def _doing(described: Sequence[str], reading: Reading) -> float:
    """How far what is being done is what the references say: forms in -ing, and other forms of theirs.

    Where there is no such form at all, how far any word is.
    """
    theirs = {stem(word) for words in reading.references.tokens for word in words if _is_doing(word)}
    said = [stem(word) for word in described if _is_doing(word) or stem(word) in theirs]
    if not said and not theirs:
        said = list(reading.nearness)
    return _mean([_support(one, reading, often=0.5) for one in said if one in reading.nearness])


def _is_doing(word: str) -> bool:
    return word.endswith("ing") and stem(word) != word


def _support(one: str, reading: Reading, *, often: float = 0.0) -> float:
    """How far a word is what the references say: the nearest of theirs, less where few have it."""
    shared = reading.references.shared
    near = reading.nearness[one].items()
    if often:
        return max((value * shared[other] ** often for other, value in near), default=0.0)
    return max((value * min(1.0, 4 * shared[other]) for other, value in near), default=0.0)


def _covered(said: Sequence[str], reading: Reading) -> float:
    """How much of what the references share is said, rare words counting more."""
    shared = reading.references.shared
    reached: dict[str, float] = {}
    for one in said:
        for other, near in reading.nearness[one].items():
            reached[other] = max(near, reached.get(other, 0.0))
    weights = {other: share * _weight(other) for other, share in shared.items()}
    return math.fsum(weights[other] * near for other, near in reached.items()) / math.fsum(weights.values())


def _consensus(references: References) -> float:
    """How far the references say one thing: where they do, any caption shares more with them."""
    return math.fsum(share * share for one, share in references.shared.items() if one not in _DULL)


def _people(reading: Reading) -> float:
    """How many references may mean whom the first sentence names; where it names nobody, how many do so."""
    first = (reading.describing() or reading.sentences)[0]
    named = [one for one in stems_of(first.tokens) if one in _ANYBODY]
    theirs = [_ANYBODY.intersection(stems) for stems in reading.references.stems]
    if not named:
        return _mean([float(not whom) for whom in theirs])
    return _mean([float(_may_be(one, whom)) for one in named for whom in theirs])


def _may_be(one: str, whom: frozenset[str]) -> bool:
    """Whether somebody so called is among them: of the same sex, or nobody says of which."""
    sex, other = (_MEN, _WOMEN) if one in _MEN else (_WOMEN, _MEN) if one in _WOMEN else (_ANYBODY, _MEN)
    return bool(whom) and (not whom.isdisjoint(sex) or whom.isdisjoint(other))


def _weight(one: str) -> float:
    return rarity(one) * (0.5 if one in _DULL else 1.0)


# --- sentences ----------------------------------------------------------------------------------


def _sentences(reading: Reading) -> dict[str, float]:
    parts = reading.describing()
    aligned = [_aligned(one, reading) for one in parts] or [(0.0, 0.0)]
    near = _near_sentences(parts, reading.references)
    return {
        "aligned_worst": min(both for both, _ in aligned),
        "aligned_first": aligned[0][0],
        "aligned_covered": _mean([covered for _, covered in aligned]),
        "near_worst": min(near),
        "near_first": near[0],
    }


def _aligned(sentence: Sentence, reading: Reading) -> tuple[float, float]:
    """Word by word against each reference, both ways: the mean of the best three, F and recall."""
    said = [one for one in stems_of(sentence.tokens) if one in reading.nearness]
    if not said:
        return 0.0, 0.0
    nearness = [(reading.nearness[one], _weight(one)) for one in said]
    total = math.fsum(weight for _, weight in nearness)
    both, recalls = [], []
    for stems in reading.references.stems:
        precision = math.fsum(max(near.get(x, 0.0) for x in stems) * w for near, w in nearness) / total
        weights = [_weight(x) for x in stems]
        reached = [max(near.get(x, 0.0) for near, _ in nearness) for x in stems]
        recall = math.fsum(r * w for r, w in zip(reached, weights, strict=True)) / math.fsum(weights)
        both.append(2 * precision * recall / (precision + recall) if precision + recall else 0.0)
        recalls.append(recall)
    return _best(both, 3), _best(recalls, 3)


def _near_sentences(parts: Sequence[Sentence], references: References) -> list[float]:
    """Of each sentence, the mean cosine of its words' mean vector with the nearest five references'."""
    others = [_mean_vector(words) for words in references.tokens]
    return [
        _best([cosine(mine, other) for other in others], 5)
        for mine in (_mean_vector(one.tokens) for one in parts)
    ] or [0.0]


def _mean_vector(words: Sequence[str]) -> Vector:
    counts = Counter(stem(word) for word in words)
    known = [(found, n * rarity(one) ** 2) for one, n in counts.items() if (found := vector(one)) is not None]
    if not known:
        return unit((0.0,))
    return unit([math.fsum(found[i] * weight for found, weight in known) for i in range(len(known[0][0]))])


def _best(values: Sequence[float], count: int) -> float:
    return _mean(heapq.nlargest(count, values))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0
