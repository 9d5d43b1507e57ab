"""Which letter a model takes to be likeliest, from the log-probabilities of the first token of its answer.

A tokenizer has several tokens for one letter: with a space or a line end before it, in brackets, in full
width, with its full stop.  Their probabilities are added.  Lower case is left out: "a" is an English word.
A token of two letters ("AB") is no letter.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from distill_tests.types import Json, TokenLogprob

NONE_AMONG = "no letter among {n} alternatives"
EQUALLY = "{letters} are equally likely"
LIKELIEST = "likeliest letter"
MOST_TOGETHER = 1.02
"""Probabilities of distinct tokens that add up to more are none; less is rounding."""
ROUNDING, IMPOSSIBLE = 0.01, -1000.0
"""A log-probability a little above 0 is rounding; one below -1000 is that of no token that was chosen."""
_SPELLING = re.compile(
    r"""[\s\u2581\u0120\u010a]*      # white space, also as SentencePiece (▁) and BPE (Ġ, Ċ) show it
        [(\[{*_"'`\u300c\u3010\u201c]*
        ([A-Z])
        [)\]}*_"'`\u300d\u3011\u201d]*[.:,;\u3002\u3001]?\s*""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """``probability`` of each letter among the alternatives, all its spellings together.

    ``letter`` None: none of the letters is among them, or several are equally likely (``tied``).  ``least``:
    what no alternative that was not returned is likelier than; ``rest``: the probability of everything that
    was not returned.  ``is_sure``: no letter could overtake with all of the rest.
    """

    letter: str | None
    probability: dict[str, float]
    alternatives: int
    least: float
    rest: float
    is_sure: bool
    tied: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        if self.tied:
            return EQUALLY.format(letters=", ".join(self.tied))
        return LIKELIEST if self.letter else NONE_AMONG.format(n=self.alternatives)

    def told(self) -> dict[str, Json]:
        """For a record."""
        return {
            "probability": {letter: round(value, 6) for letter, value in self.probability.items()},
            "captured": round(math.fsum(self.probability.values()), 6),
            "alternatives": self.alternatives,
            "least": round(self.least, 9),
            "rest": round(self.rest, 6),
            "sure": self.is_sure,
            "tie": bool(self.tied),
        }


def likeliest(token: TokenLogprob, letters: Collection[str]) -> Letters:
    """What the alternatives to the first token say about ``letters``, which stand in their order."""
    told = _alternatives(token)
    probability: dict[str, float] = {}
    for text, logprob in sorted(told):
        letter = letter_of(text)
        if letter in letters:
            assert letter is not None
            probability[letter] = probability.get(letter, 0.0) + _probability(logprob)
    found = [probability.get(letter, 0.0) for letter in letters]
    best = max(found, default=0.0)
    first = [letter for letter, value in zip(letters, found, strict=True) if value == best > 0.0]
    rest = max(0.0, 1.0 - math.fsum(_probability(logprob) for _, logprob in told))
    return Letters(
        letter=first[0] if len(first) == 1 else None,
        probability={letter: probability[letter] for letter in letters if letter in probability},
        alternatives=len(told),
        least=min((_probability(logprob) for _, logprob in told), default=1.0),
        rest=rest,
        is_sure=_is_sure(found, rest),
        tied=tuple(first) if len(first) > 1 else (),
    )


def _alternatives(token: TokenLogprob) -> list[tuple[str, float]]:
    """Every alternative, also where two of them are spelled alike; the chosen token is one of them."""
    chosen = [] if token.token in dict(token.top) else [(token.token, token.logprob)]
    return [*token.top, *chosen]


def _probability(logprob: float) -> float:
    return math.exp(min(0.0, logprob))


def letter_of(token: str) -> str | None:
    """The letter that a token spells and nothing else; None for any other token."""
    # U+0120 and U+010A stand for a space and a line end before the letter: NFKC would leave them alone.
    match = _SPELLING.fullmatch(unicodedata.normalize("NFKC", token))
    return match[1] if match else None


def why_unreadable(logprobs: Sequence[TokenLogprob] | None, thinking: str | None) -> str | None:
    """Why there is no likelihood to be read, in words; None where there is."""
    if thinking:
        return "the model thinks before it answers, so that its first token says nothing about the letters"
    if not logprobs:
        return "the endpoint gives no token log-probabilities; ask for answer: generation"
    if len(logprobs[0].top) < 2:
        return "the endpoint tells the log-probability of the chosen token only; ask for answer: generation"
    if _are_none(logprobs[0]):
        return (
            "what the endpoint gives as log-probabilities are none: not numbers, above 0, or above 1 together"
        )
    return None


def _are_none(first: TokenLogprob) -> bool:
    """Whether the numbers cannot be log-probabilities; the token that was chosen is not impossible, too."""
    told = [logprob for _, logprob in _alternatives(first)]
    if any(math.isnan(one) or one > ROUNDING for one in told):
        return True
    # A provider puts about -9999 in the place of what is no number.  Of a chosen token that is not among the
    # alternatives OpenAI's endpoints say the same: that one means "not among the likeliest".
    if dict(first.top).get(first.token, 0.0) <= IMPOSSIBLE:
        return True
    return math.fsum(map(_probability, told)) > MOST_TOGETHER


def _is_sure(found: Sequence[float], rest: float) -> bool:
    if len(found) < 2:
        return bool(found) and found[0] > 0.0
    second, best = sorted(found)[-2:]
    return best > second + rest
