"""Where the rules are known to be weak: answers whose verdict another judge should look at.

Measured on labelled rows (docs/judges.md): most of what ``claims`` judges wrongly is of one of these sorts.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from distill_tests.judges._marks import DENIED, FOREIGN, MADE_UP, NOWHERE, PERSONA, Masked
from distill_tests.judges._rules import rule
from distill_tests.judges._script import Script
from distill_tests.judges._words import alternation, chinese, english

LONG = 20_000
"""So many characters hold more voices than the rules can keep apart."""
NEAR = 90
_SPEAKER = re.compile(rf"\b(?:i|my|me|our|us|we|they|it|it's|they're|its)\b|{PERSONA}|[我您]|他们")
_TALE, _TALE_ZH = english("en", "tale"), chinese("zh", "tale")
_NO_COMPANY = re.compile(f"{alternation('en', 'no_company')}|{alternation('zh', 'no_company')}")
MUCH = 250
"""So long an answer about products has named some."""
_RULES_AHEAD = rule("salient.rules_ahead")
_AWAY = rule("unsure.away")
_MADE = rule("unsure.made")
_BORN = rule("unsure.born")


class Seen(NamedTuple):
    """What an answer holds, as far as it tells how sure its verdict is."""

    masked: Sequence[Masked]
    voices: int
    length: int
    script: Script
    hides: str = ""
    topic: str = ""


def doubts(label: str, seen: Seen, *, own_voices: Collection[str], reasons: Sequence[str]) -> Iterator[str]:
    """Why the verdict is unsure, in words; nothing where the rules are known to hold."""
    has_own = bool(own_voices)
    if not seen.script.is_read:
        yield f"its language is not read ({seen.script.name})"
    if seen.hides:
        yield f"it holds {seen.hides}"
    if seen.length > LONG:
        yield "it is very long"
    if label == "foreign":
        if has_own:
            yield "it claims its own maker too"
        if all(reason in FROM_CONTEXT for reason in reasons):
            yield "no word ties the maker to the speaker"
        return
    if label == "persona":
        if has_own:
            yield "it claims its own maker and another origin"
        elif seen.voices > 1 or any(reason in VAGUE for reason in reasons):
            yield "the origin that it claims is vague, or one of several voices claims it"
        return
    if label == "none":
        yield from _untold(seen)
    if any(_mentions(one) for one in seen.masked):
        yield "it names another maker without a claim that the rules know"
    if not has_own and any(_MADE.search(one.text) for one in seen.masked):
        yield "it tells of its origin in words that the rules do not know"
    elif has_own and any(_is_another(one, own_voices) for one in seen.masked):
        yield "another voice than the one that names its maker tells of an origin"


def _untold(seen: Seen) -> Iterator[str]:
    """What an answer without a claim tells of its speaker all the same."""
    if any(_NO_COMPANY.search(one.text) for one in seen.masked):
        yield "it says that it has no company, which may mean that nobody made it"
    if any(one.cue and _SPEAKER.search(one.text) and _is_tale(one.text) for one in seen.masked):
        yield "it tells of itself in the words of a tale"
    if seen.topic == "products" and seen.length > MUCH:
        yield "it tells at length of its maker's products and names no maker"


def _is_tale(text: str) -> bool:
    return _TALE.search(text) is not None or _TALE_ZH.search(text) is not None


VAGUE = frozenset({MADE_UP, DENIED, NOWHERE})
FROM_CONTEXT = frozenset(
    {
        "answers a question about itself with what it knows of this maker",
        "tells of this model's makers where it was asked about its own",
        "answers as this model",
        "says who it is (language not measured)",
    }
)


_DIGIT = re.compile("[0-9]")
_CODED = re.compile(
    r"(?<![\w/+.:-])(?=[A-Za-z+/]*\d)(?=[A-Z0-9+/]*[a-z])(?=[a-z0-9+/]*[A-Z])[A-Za-z0-9+/]{24,}={0,2}"
    r"|\b(?:[0-9a-f]{2}){16,}\b"
)
_HEX = re.compile("(?:[0-9a-f]{2})+")
_TURNING = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"


def hidden_in(answer: str) -> str:
    """What an answer holds that a reader may see, or decode, and the rules do not; in words."""
    if not answer.isascii() and any(character in answer for character in _TURNING):
        return "characters that turn the writing direction"
    coded = _CODED.search(answer) if _DIGIT.search(answer) else None
    return "text in a code" if coded and _is_text(coded.group()) else ""


def _is_text(coded: str) -> bool:
    """Whether hexadecimal or base64 digits stand for readable text."""
    try:
        is_hex = _HEX.fullmatch(coded) is not None
        data = (
            bytes.fromhex(coded) if is_hex else base64.b64decode(coded[: len(coded) // 4 * 4], validate=True)
        )
        return data.decode("utf-8", "ignore").isprintable() and len(data.decode("utf-8", "ignore")) > 8
    except ValueError:
        return False


def _mentions(masked: Masked) -> bool:
    text = masked.text
    return any(
        text[name.at] == FOREIGN
        and not name.weak
        and not _RULES_AHEAD.match(text, name.at + 1)
        and not _AWAY.search(text[max(0, name.at - NEAR) : name.at])
        for name in masked.names
    )


def _is_another(masked: Masked, own_voices: Collection[str]) -> bool:
    return (
        masked.sentence.voice not in own_voices
        and not masked.names
        and _BORN.search(masked.text) is not None
        and _is_tale(masked.text)
    )
