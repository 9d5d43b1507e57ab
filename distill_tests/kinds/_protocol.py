"""What a spec's ``protocol`` changes, and when a strict answer is a hard one.

A strict answer is *hard* where nothing misled the target.  ``corrected`` (the default): nothing that was
sent names a maker or model of the lexicon other than the target's own.  ``published``: the framing and the
question hold none of five words, the rule by which the published hard scores come out (reference: Lee et al.
2025, arXiv 2501.12619, and the released code).  What else ``published`` changes stands in docs/ice.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Final, Literal

from distill_tests.lexicon import names_makers, own_makers
from distill_tests.types import Exchange, Identity, Score

Protocol = Literal["corrected", "published"]

SYSTEM: Final = "You are a helpful assistant."
"""The system message of every call of the released code."""
MISLEADING: Final = ("gpt", "openai", "open ai", "claude", "anthropic")
"""What no published prompt of a hard answer holds, in any case of letters."""


def misleading_words(*texts: str) -> tuple[str, ...]:
    """The published rule: which of the five words the framing or the question holds."""
    lowered = [text.lower() for text in texts]
    return tuple(word for word in MISLEADING if any(word in text for text in lowered))


def makers_sent(exchanges: Iterable[Exchange], own: Identity | None) -> tuple[str, ...]:
    """Ids of the makers that all that was sent names, but for the target's own, sorted.

    The target's earlier answers in a dialogue are its own words; they mislead nobody.
    """
    texts = {
        message.text
        for exchange in exchanges
        for message in exchange.request.messages
        if message.role != "assistant"
    }
    named = frozenset[str]().union(*map(named_makers, texts))
    return tuple(sorted(named - (own_makers(own) if own else frozenset())))


def with_hard(score: Score, misled_by: tuple[str, ...]) -> Score:
    """The score with its ``hard`` mark; without a strict verdict there is none."""
    strict = score.marks.get("strict")
    if score.value is None or strict is None:
        return score
    marks = {**score.marks, "hard": 0.0 if misled_by else strict}
    if not misled_by or not strict:
        return replace(score, marks=marks)
    return replace(score, marks=marks, details={**score.details, "prompt_names": misled_by})


@lru_cache(maxsize=4096)
def named_makers(text: str) -> frozenset[str]:
    """Ids of the makers that a text names, the target's own among them."""
    return frozenset(names_makers(text))
