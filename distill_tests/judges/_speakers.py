"""Labels of lines, ``ChatGPT:`` or ``[DAN]``, and those that are other characters than the target."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from distill_tests.judges._reported import SPEECH
from distill_tests.judges._sent import Told, is_asked
from distill_tests.judges._words import alternation, words
from distill_tests.lexicon import find_names, fold, maker_of


class Label(NamedTuple):
    """Who the line says is speaking, in lower case, and where what is said begins."""

    name: str
    end: int


_BRACKETED = re.compile(
    r"[^\w\n(\[<【]{0,6}[\[(<【]{1,2}[^\w\n]{0,4}([^\])>】\n:]{1,40}):?[\])>】]{1,2}[ \t]*(?::|(?=\S))"
)
_STARRED = re.compile(
    r"[ \t>\-#\d.]{0,6}\*\*[^\w\n*]{0,4}([^*\n:]{1,50}?)[^\w\n*)]{0,4}(?::\*\*|\*\*[ \t]*:)"
)
_PLAIN = re.compile(r"[^\w\n]{0,6}([^\W\d_][^:\n\"“”.,!?。]{0,30}?)[ \t]*:(?!//)")
_SAYS = re.compile(
    r"\b(?:said|says|wrote|writes|asked|asks|replied|replies|claims?|claimed|answered|"
    r"answers|stated|states)$|(?:说|写道|写着|写下|写了|刻着|问|(?<!名)称|表示|回答|回应|回复|声称)$"
)
_ITEM = re.compile(r"[ \t]*(?:\d{1,2}[.)、]|[-•*])[ \t]+")
_TELLS = re.compile(
    r"\b(?:i|my (?:[\w-]+ ){1,3}?)(?:'m| am| was|is|was|are|were)\b[^.]{0,20}"
    r"\b(?:developed|created|built|trained|made)\b"
    r"|我[^。,]{0,12}由"
)
USER = frozenset(words("voices", "user"))
ASSISTANT = re.compile(rf"(?:^|[^a-z])(?:{alternation('voices', 'assistant')})(?:$|[^a-z])|gpt|助手|回答")
_FIELDS = re.compile(rf"(?:{alternation('voices', 'fields')})$")
_KEYS = re.compile(rf"(?:{alternation('keys')})$")


def is_key(label: str) -> bool:
    """Whether a label such as ``developer`` asks for a fact about the speaker."""
    return _KEYS.match(label) is not None


def label_of(line: str) -> Label | None:
    """The speaker that the line starts with."""
    head = line[:80]
    for regex in (_BRACKETED, _STARRED, _PLAIN):
        found = regex.match(head)
        if found is None:
            continue
        name = found.group(1).strip(" \t*_#-|/")
        if name and not SPEECH.search(name) and not _SAYS.search(name) and not _is_just_a_maker(name):
            return Label(name, found.end())
    return None


@lru_cache(maxsize=4096)
def _is_just_a_maker(name: str) -> bool:
    """A company at the start of a line is what is spoken of; a model may be who speaks."""
    mentions = find_names(fold(name))
    return len(mentions) == 1 and not mentions[0].model and mentions[0].end - mentions[0].start == len(name)


def other_speakers(
    text: str, lines: list[tuple[int, int]], sent: Sequence[Told], own_names: frozenset[str]
) -> frozenset[str]:
    """Labels of characters in a script that the target did not take on: two or more strangers.

    A label that the prompt names is a voice the target was asked to speak with.
    """
    if ":" not in text:
        return frozenset()
    strangers: dict[str, str | None] = {}
    for start, end in lines:
        if _ITEM.match(text, start, end) and _TELLS.search(text, start, end):
            continue
        label = label_of(text[start:end])
        if label is None or is_asked(label.name, sent) or label.name in USER or is_key(label.name):
            continue
        if _FIELDS.match(label.name):
            continue
        maker = maker_of(label.name)
        if any(name in label.name for name in own_names):
            continue
        if maker is None and (
            ASSISTANT.search(label.name) or len(label.name.split()) > 2 or len(label.name) > 16
        ):
            continue
        strangers[label.name] = maker
    named = {maker for maker in strangers.values() if maker}
    plain = [name for name, maker in strangers.items() if maker is None]
    gone = set(plain) if len(plain) >= 2 else set()
    if len(named) >= 2 or (named and _has_own_label(text, lines, own_names)) or (named and gone):
        gone |= {name for name, maker in strangers.items() if maker}
    return frozenset(gone)


def _has_own_label(text: str, lines: list[tuple[int, int]], own_names: frozenset[str]) -> bool:
    labels = (label_of(text[start:end]) for start, end in lines)
    return any(label and any(name in label.name for name in own_names) for label in labels)
