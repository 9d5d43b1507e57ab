"""``blend``: what people would say of a caption, as far as its references tell; and why.

Each feature becomes its place among the captions of the training set (0 the lowest, 1 the highest), and a
weighted sum of the places is the rating from 1 to 5 that people are expected to give.  The weights are
fitted by :mod:`distill_tests.captions.train` and lie as text in ``data/blend.json``.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, NamedTuple

from distill_tests.captions.features import features
from distill_tests.captions.reading import read_caption

DIMENSIONS: Final = ("accuracy", "completeness", "conciseness", "relevance")
LOWEST, HIGHEST = 1.0, 5.0
"""The scale that people rated on."""

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "length": ("few words", "many words"),
    "sentences": ("few sentences", "many sentences"),
    "questions": ("asking nothing", "questions to the reader"),
    "repeated": ("no repetition", "repetition"),
    "characters": ("wording like a reference's", "wording unlike any reference's"),
    "single_words": ("words of the references", "words that no reference has"),
    "in_order": ("words in a reference's order", "words in no reference's order"),
    "known_words": ("content words that references have", "content words that no reference has"),
    "covered": ("saying what references share", "leaving out what references share"),
    "both": ("saying what references say, and no more", "saying little of what references say"),
    "people": ("naming whom the references name", "not naming whom the references name"),
    "doing": ("what is being done", "not saying what is being done"),
    "aligned_worst": ("each sentence standing in a reference", "a sentence that is in no reference"),
    "aligned_first": ("a first sentence as in a reference", "a first sentence as in no reference"),
    "aligned_covered": ("sentences that say all of a reference", "sentences that say little of a reference"),
    "near_worst": ("no unrelated sentence", "an unrelated sentence"),
    "near_first": ("a related first sentence", "an unrelated first sentence"),
}
"""What raises and what lowers a rating; ``consensus`` is about the references and never given as a reason."""

RAISES_WITH: Final[Mapping[str, int]] = {
    **dict.fromkeys(WORDS, 1),
    **dict.fromkeys(("length", "sentences", "questions", "repeated"), -1),
    "consensus": 0,
}
"""The sign a weight may have, 0: either.  No rating falls because more of a caption is in its references."""


@dataclass(frozen=True, slots=True)
class Weights:
    """``knots``: by feature, its values at evenly spaced places of the training set, rising; ``rating``: by
    dimension, the constant under ``""`` and a weight for each feature."""

    knots: Mapping[str, Sequence[float]]
    rating: Mapping[str, Mapping[str, float]]


class Ratings(NamedTuple):
    """0 to 100 each, by dimension; ``reason`` is what decided, in words."""

    by_dimension: Mapping[str, float]
    average: float
    reason: str


@cache
def shipped_weights() -> Weights:
    held = _shipped()
    return Weights(knots=held["knots"], rating=held["rating"])


def shipped_data_sha256() -> str:
    """Of the file that the shipped weights were fitted to."""
    return str(_shipped()["data"]["sha256"])


@cache
def _shipped() -> Mapping[str, Any]:
    text = resources.files("distill_tests").joinpath("data/blend.json").read_text(encoding="utf-8")
    held: Mapping[str, Any] = json.loads(text)
    return held


def rated(caption: str, references: tuple[str, ...], weights: Weights | None = None) -> Ratings:
    """Raises ValueError where the caption or every reference holds no word."""
    weights = weights or shipped_weights()
    places = placed(features(read_caption(caption, references)), weights.knots)
    ratings = {name: on_hundred(rating(places, weights.rating[name])) for name in DIMENSIONS}
    return Ratings(ratings, math.fsum(ratings.values()) / len(ratings), _reason(places, weights))


def placed(values: Mapping[str, float], knots: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Each feature's place among the training set's, in [0, 1]."""
    return {name: place(values[name], steps) for name, steps in knots.items()}


def place(value: float, knots: Sequence[float]) -> float:
    """Where ``value`` stands between the knots, in [0, 1]; the middle of the knots that equal it."""
    first, after = bisect_left(knots, value), bisect_right(knots, value)
    if first < after:
        return (first + after - 1) / 2 / (len(knots) - 1)
    if first == 0:
        return 0.0
    if first == len(knots):
        return 1.0
    low, high = knots[first - 1], knots[first]
    return (first - 1 + (value - low) / (high - low)) / (len(knots) - 1)


def rating(places: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """On the people's scale, and kept on it."""
    total = weights[""] + math.fsum(weights[name] * value for name, value in places.items())
    return min(HIGHEST, max(LOWEST, total))


def on_hundred(rating_: float) -> float:
    """1 becomes 0, 5 becomes 100."""
    return 100.0 * (rating_ - LOWEST) / (HIGHEST - LOWEST)


def _reason(places: Mapping[str, float], weights: Weights) -> str:
    """The two features that raise the average most and the two that lower it most."""
    moved = {
        name: (places[name] - 0.5) * math.fsum(weights.rating[one][name] for one in DIMENSIONS)
        for name in WORDS
    }
    order = sorted(moved, key=lambda name: (moved[name], name))
    up = [WORDS[name][0] for name in reversed(order[-2:]) if moved[name] > 0]
    down = [WORDS[name][1] for name in order[:2] if moved[name] < 0]
    parts = [f"raised by {' and '.join(up)}"] if up else []
    return "; ".join([*parts, *([f"lowered by {' and '.join(down)}"] if down else [])])
