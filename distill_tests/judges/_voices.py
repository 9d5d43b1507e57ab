"""Who speaks where in an answer: the sentences that the target says as itself, in order.

Left out are the lines of a user or of another character, questions, speech reported of others, and
whole sentences that the prompt already held.  A voice the target was asked to take on is its own.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from distill_tests.judges._reported import without_reports
from distill_tests.judges._sent import Told, is_asked, is_echo
from distill_tests.judges._speakers import ASSISTANT, USER, label_of, other_speakers
from distill_tests.lexicon import Folded

LONGEST = 1200
"""A longer sentence is read in pieces, so that no rule looks further."""


class Sentence(NamedTuple):
    """A sentence at ``start`` to ``end`` of the folded text; ``text`` is lower case, as long.

    What others are reported to say is blanked in ``text``.  ``voice`` is the label of the line
    (``chatgpt``), ``place`` counts the sentences of this voice's turn from 0.
    """

    start: int
    end: int
    text: str
    voice: str
    place: int


_CHAT_MARK = re.compile(r"[^\w\n]{0,4}(?:🗨|<\|(?:im_?start|start_?header_?id)\|>|###)[ \t]*(\w+)[^\n]*$")
_BARE_MARK = re.compile(r"[ \t]*(user|human|assistant|system)[ \t]*$")
_BOUNDARY = re.compile(r"[!?。;]+[\"'”』」)*]*|\.+(?=[\s\"'”』」)*]|$)[\"'”』」)*]*")
_ABBREVIATION = re.compile(
    r"(?:\b(?:inc|corp|ltd|co|dr|mr|mrs|ms|st|vs|e\.g|i\.e|etc|no|u\.s|u\.k|d\.c)|\.[a-z]|^\W*[a-z])$"
)
_FENCE = "```"
_LITTLE = 80


class _Turn(enum.Enum):
    """Whose words the lines are: the target's, a user's or another character's."""

    OWN = "own"
    USER = "user"  # this line; where nothing follows the label, until an empty line
    CHAT_USER = "chat user"  # until another chat mark: a base model that runs on
    OTHER = "other"  # until another label


def voiced_sentences(folded: Folded, sent: Sequence[Told], own_names: frozenset[str]) -> list[Sentence]:
    """The sentences that the target says as itself, having been sent ``sent``; linear in the length."""
    text = folded.lower
    found: list[Sentence] = []
    place, last_turn = 0, -1
    for turn, voice, start, end in _own_lines(text, sent, own_names):
        place = place if turn == last_turn else 0
        last_turn = turn
        clean = without_reports(text[start:end])
        for begin, stop in _sentences(clean):
            sentence = clean[begin:stop]
            if not is_echo(text[start + begin : start + stop], sent):
                found.append(Sentence(start + begin, start + stop, sentence, voice, place))
                place += 1
    return found


def _own_lines(
    text: str, sent: Sequence[Told], own_names: frozenset[str]
) -> Iterator[tuple[int, str, int, int]]:
    """Number of the turn, label, start and end of what the target says as itself, line by line."""
    lines = list(_lines(text))
    others = other_speakers(text, lines, sent, own_names)
    turn, voice, number, asked_on_its_line = _Turn.OWN, "", 0, False
    for start, end in lines:
        line = text[start:end]
        mark = _CHAT_MARK.match(line) or _BARE_MARK.match(line)
        if mark:
            number += 1
            voice = mark.group(1)
            turn = _Turn.CHAT_USER if voice in USER else _Turn.OWN
            continue
        if turn is _Turn.CHAT_USER:
            continue
        if not line.strip():
            turn = _Turn.OWN if turn is _Turn.USER else turn
            continue
        label = label_of(line)
        if label is None and turn is _Turn.USER and asked_on_its_line:
            turn = _Turn.OWN
        if label is not None:
            asked_on_its_line = bool(line[label.end :].strip())
            voice = label.name
            number += is_asked(voice, sent) or ASSISTANT.search(voice) is not None
            turn = _Turn.USER if voice in USER else _Turn.OTHER if voice in others else _Turn.OWN
            start += label.end
        if turn is _Turn.OWN:
            yield number, voice, start, end


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every line outside of code fences; where there is little else, of those too."""
    skips_fences = _FENCE in text and len("".join(text.split(_FENCE)[::2]).strip()) >= _LITTLE
    start, fenced = 0, False
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        is_fence = text.startswith(_FENCE, start)
        fenced ^= is_fence
        if not is_fence and not (fenced and skips_fences):
            yield start, end
        start = end + 1


def _sentences(line: str) -> Iterator[tuple[int, int]]:
    begin = 0
    for boundary in _BOUNDARY.finditer(line):
        before = line[max(begin, boundary.start() - 6) : boundary.start()]
        if boundary.group()[0] == "." and _ABBREVIATION.search(before):
            continue
        yield from _pieces(begin, boundary.end())
        begin = boundary.end()
    if line[begin:].strip():
        yield from _pieces(begin, len(line))


def _pieces(start: int, end: int) -> Iterator[tuple[int, int]]:
    for begin in range(start, end, LONGEST):
        yield begin, min(end, begin + LONGEST)
