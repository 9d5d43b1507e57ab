"""The published score rule, as it is: with what is known to be wrong with it.

The first token that holds the marker (``$``, or a Greek letter); of the five alternatives of the *next* token
those that are exactly one of "0" to "100"; their mean by probability, renormalised, however little of the
probability they hold.  A price in the reason, a token ``$8``, or a tokenizer that splits digits mislead it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from distill_tests.judges._expected_reading import Unusable
from distill_tests.judges._expected_tree import Expected
from distill_tests.types import TokenLogprob

MARKERS: Final[Mapping[str, str]] = {
    "overall": "$",
    "accuracy": "α",
    "completeness": "β",
    "conciseness": "ψ",
    "relevance": "δ",
}
ALTERNATIVES: Final = 5
_NUMBERS: Final = frozenset(map(str, range(101)))


def published(tokens: Sequence[TokenLogprob] | None, name: str) -> Expected:
    """The score of that name; raises Unusable where the rule gives none."""
    marker = MARKERS[name]
    if not tokens:
        raise Unusable("the endpoint gave no logprobs, which the published rule needs")
    at = next((number for number, token in enumerate(tokens) if marker in token.token), None)
    if at is None or at + 1 >= len(tokens):
        raise Unusable(
            f"no token with the marker {marker!r}" + ("" if at is None else " before the last one")
        )
    weights = [
        (int(text), math.exp(logprob))
        for text, logprob in tokens[at + 1].top[:ALTERNATIVES]
        if text in _NUMBERS
    ]
    mass = math.fsum(weight for _, weight in weights)
    if not 0 < mass < math.inf:  # a logprob that is no number would end as the score 0
        raise Unusable(f"none of the alternatives after the marker {marker!r} is a number from 0 to 100")
    total = math.fsum(value * weight for value, weight in weights)
    value = min(100.0, max(0.0, total / mass))
    rest = max(0.0, 1 - mass)
    return Expected(value, min(1.0, mass), min(value, total), max(value, min(100.0, total + 100 * rest)))
