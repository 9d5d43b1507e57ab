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
LIKELIEST = "likeliest letter"
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

    ``letter`` None: none of the letters is among them.  ``least``: what no alternative that was not
    returned is likelier than; ``rest``: the probability of everything that was not returned.  ``is_sure``:
    no letter could overtake with all of the rest; ``is_tie``: others are as likely, and the first stands.
    """

    letter: str | None
    probability: dict[str, float]
    alternatives: int
    least: float
    rest: float
    is_sure: bool
    is_tie: bool

    @property
    def rule(self) -> str:
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
            "tie": self.is_tie,
        }


def likeliest(token: TokenLogprob, letters: Collection[str]) -> Letters:
    """What the alternatives to the first token say about ``letters``, which stand in their order."""
    told = dict(token.top)
    told.setdefault(token.token, token.logprob)
    probability: dict[str, float] = {}
    for text, logprob in sorted(told.items()):
        letter = letter_of(text)
        if letter in letters:
            assert letter is not None
            probability[letter] = probability.get(letter, 0.0) + math.exp(min(0.0, logprob))
    found = [probability.get(letter, 0.0) for letter in letters]
    rest = max(0.0, 1.0 - math.fsum(math.exp(min(0.0, logprob)) for logprob in told.values()))
    least = math.exp(min(0.0, *told.values())) if told else 1.0
    return Letters(
        letter=_first_largest(letters, found),
        probability={letter: probability[letter] for letter in letters if letter in probability},
        alternatives=len(told),
        least=least,
        rest=rest,
        is_sure=_is_sure(found, rest),
        is_tie=bool(probability) and found.count(max(found)) > 1,
    )


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
    return None


def _first_largest(letters: Collection[str], found: Sequence[float]) -> str | None:
    best = max(found, default=0.0)
    if best <= 0.0:
        return None
    return next(letter for letter, value in zip(letters, found, strict=True) if value == best)


def _is_sure(found: Sequence[float], rest: float) -> bool:
    if len(found) < 2:
        return bool(found) and found[0] > 0.0
    second, best = sorted(found)[-2:]
    return best > second + rest
