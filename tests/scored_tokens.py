"""Replies of judge models token by token, for tests: what was written, and what could have been."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from distill_tests.types import Reply, Score, TokenLogprob


def token(
    text: str, alternatives: Mapping[str, float] | None = None, *, p: float | None = None
) -> TokenLogprob:
    """A token with the probabilities of its alternatives; without them it was certain."""
    given = dict(alternatives or {text: 1.0 if p is None else p})
    chosen = given.get(text, p if p is not None else 0.001)
    top = sorted(((one, log(value)) for one, value in given.items()), key=lambda pair: -pair[1])
    return TokenLogprob(token=text, logprob=log(chosen), top=tuple(top))


def details(score: Score) -> Any:
    """What a judge tells of how it came to its score."""
    return score.details


def log(p: float) -> float:
    return math.log(p) if p > 0 else -9999.0


def reply(*tokens: TokenLogprob | str, finish: str = "stop", rendered: str | None = None) -> Reply:
    """A reply whose text is its tokens'; a plain text stands for a certain token."""
    each = tuple(one if isinstance(one, TokenLogprob) else token(one) for one in tokens)
    text = "".join(one.token for one in each)
    return Reply(text=text, finish=finish, logprobs=each, rendered=rendered)


def whole(number: str, alternatives: Mapping[str, float], *, after: Sequence[str] = ()) -> Reply:
    """``FINAL SCORE: 85`` by a tokenizer with a token for every whole number."""
    return reply(
        "A cat", " sits there.", "\n", "FINAL", " SCORE", ":", " ", token(number, alternatives), *after
    )


def split(
    *nodes: tuple[str, Mapping[str, float]], stem: Sequence[str] = ("FINAL", " SCORE", ":", " ")
) -> Reply:
    """The same by one that splits digits; each node is the digit written and the alternatives to it."""
    return reply("A cat", " sits there.", "\n", *stem, *(token(text, given) for text, given in nodes))
