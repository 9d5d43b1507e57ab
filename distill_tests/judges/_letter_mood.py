"""How a statement is meant: as a conclusion, a correction, a supposition, a question."""

from __future__ import annotations

import re
from typing import NamedTuple

from distill_tests.judges import _letter_words as words

_SO = re.compile(rf"\b(?:{words.SO_EN})\b|(?:{words.SO_ZH})|∴|⇒|=>")
_UNREAL = re.compile(rf"\b(?:{words.UNREAL_EN})\b|{words.UNREAL_ZH}")
_RATHER = re.compile(rf"\b(?:{words.RATHER_EN})\b")
_MAYBE = re.compile(rf"\b(?:{words.MAYBE_EN})\b|{words.MAYBE_ZH}")
_CORRECTS = re.compile(rf"\b(?:{words.CORRECTS[0]})\b|{words.CORRECTS[1]}")
_ALSO = re.compile(rf"\b(?:{words.ALSO[0]})\b|{words.ALSO[1]}")
_CLAUSE_END = re.compile(
    r"[,，;；。!！?？\n:：]|\.(?=\s|$)|"
    r"\b(?:but|because|since|although|though|therefore|thus|hence|(?<!if )so)\b|"
    r"但|因为|所以|因此|因而"
)
_SUPPOSED = re.compile(r"\b(?:if|unless)\b|^\s*(?:had|were)\b|(?<![一-鿿])若|如果|假如|倘若|要是|假设")
_ONLY_IF = re.compile(r"\s+(?:only\s+)?(?:if|when|unless)\b")
_THEN = re.compile("则|那么")
_SENTENCE_END = re.compile(r"[。！？!?\n;；]|\.\s")
_REST_OF_CLAUSE = re.compile(r"[^.!?。！？\n,，]{0,60}")
_TAG = re.compile(r"\b(?:right|correct|isn\s+t it|ok|okay|no)\s*$|对吧|是吧")


class Mood(NamedTuple):
    """``unreal``: a supposition or another's view; ``supposed``: what follows from a supposition.

    ``so``: a conclusion; ``also``: beside another answer.
    """

    unreal: bool
    supposed: bool
    asked: bool
    maybe: bool
    so: bool
    corrects: bool
    also: bool

    @property
    def is_doubted(self) -> bool:
        """Whether it is not simply said to be so."""
        return self.unreal or self.supposed or self.asked or self.maybe


def clause_before(text: str, start: int) -> str:
    """The clause up to ``start``, as far as 90 characters back."""
    window = text[max(0, start - 90) : start]
    ends = [match.end() for match in _CLAUSE_END.finditer(window)]
    return window[ends[-1] :] if ends else window


def mood_of(text: str, start: int, end: int, *, said: int, previous: int) -> Mood:
    """The mood of ``text[start:end]``.

    What it says about an option ends at ``said``, before the option's own text; the statement before it
    ends at ``previous``.
    """
    clause = clause_before(text, start)
    sentence = _SENTENCE_END.split(text[max(0, start - 90) : start])[-1]
    shown = clause + text[start:said]
    rest = re.split(r"[,，;；。.\n]", text[end : end + 8])[0]
    supposed = _SUPPOSED.search(sentence) is not None
    concluding = sentence + text[start : start + 6]
    so = _SO.search(_THEN.sub("", concluding) if supposed else concluding) is not None
    rather = _RATHER.search(sentence) is not None
    maybe = _MAYBE.search(shown) is not None
    return Mood(
        unreal=(_UNREAL.search(shown) is not None and not rather)
        or (maybe and _ONLY_IF.match(text, end) is not None),
        supposed=supposed and not so and not rather,
        asked=_is_asked(text, end),
        maybe=maybe,
        so=so,
        corrects=_CORRECTS.search(text[max(previous, start - 120) : start]) is not None,
        also=_ALSO.search(clause[-6:] + text[start:end] + rest) is not None,
    )


def _is_asked(text: str, end: int) -> bool:
    match = _REST_OF_CLAUSE.match(text, end)
    said = match.group() if match else ""
    if _TAG.search(said):
        return False
    return (
        text[end + len(said) : end + len(said) + 1] in ("?", "？")
        or re.search(r"[吗呢么]\s*$", said) is not None
    )
