"""Who speaks where in an answer: the sentences that the target says as itself, in order.

Left out are the lines of a user or of another character, questions, speech reported of others, and
whole sentences that the prompt already held.  A voice the target was asked to take on is its own.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from distill_tests.judges._words import alternation, words
from distill_tests.lexicon import Folded, find_names, fold, maker_of

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


class _Label(NamedTuple):
    name: str
    end: int


_BRACKETED = re.compile(
    r"[^\w\n(\[<【]{0,6}[\[(<【]{1,2}[^\w\n]{0,4}([^\])>】\n:]{1,40}):?[\])>】]{1,2}[ \t]*(?::|(?=\S))"
)
_STARRED = re.compile(
    r"[ \t>\-#\d.]{0,6}\*\*[^\w\n*]{0,4}([^*\n:]{1,50}?)[^\w\n*)]{0,4}(?::\*\*|\*\*[ \t]*:)"
)
_PLAIN = re.compile(r"[^\w\n]{0,6}([^\W\d_][^:\n\"“”.,!?。]{0,30}?)[ \t]*:(?!//)")
_CHAT_MARK = re.compile(r"[^\w\n]{0,4}(?:🗨|<\|(?:im_?start|start_?header_?id)\|>|###)[ \t]*(\w+)[^\n]*$")
_BARE_MARK = re.compile(r"[ \t]*(user|human|assistant|system)[ \t]*$")
_BOUNDARY = re.compile(r"[!?。;]+[\"'”』」)*]*|\.+(?=[\s\"'”』」)*]|$)[\"'”』」)*]*")
_ABBREVIATION = re.compile(
    r"(?:\b(?:inc|corp|ltd|co|dr|mr|mrs|ms|st|vs|e\.g|i\.e|etc|no|u\.s|u\.k|d\.c)|\.[a-z]|^\W*[a-z])$"
)
_QUOTE = re.compile(r"\"([^\"\n]{1,2000})\"|“([^”\n]{1,2000})”|「([^」\n]{1,2000})」|『([^』\n]{1,2000})』")
_SPEECH = re.compile(r"\b(?:i|i'm|my|me|we|our)\b|[我咱]")
_SAYS = re.compile(
    r"\b(?:said|says|wrote|writes|asked|asks|replied|replies|claims?|claimed|answered|"
    r"answers|stated|states)$|(?:说|写道|写着|写下|写了|刻着|问|(?<!名)称|表示|回答|回应|回复|声称)$"
)
_OWN_LEAD = re.compile(
    r"(?:^|[.!?;\n]|\b(?:i|we|i'd|i'll|me|my|here|this|follows|following|response|answer|"
    r"reply|version|example)\b[^.!?;\"]{0,60}|(?:回答|回复|回应|我会说|我说|如下)[^。!?;\"]{0,20})\W*$"
)
_OTHER_LEAD = re.compile(
    r"(?:^|[。!?;,])[^。!?;,我]{0,6}(?:另一[个位名]|有[个位]?人|别人|某[个位]?人?|他们?|她|角色|机器人|旅人|作者)"
    r"[^。!?;我]{0,16}$"
)
_ITEM = re.compile(r"[ \t]*(?:\d{1,2}[.)、]|[-•*])[ \t]+")
_TELLS = re.compile(
    r"\b(?:i|my (?:[\w-]+ ){1,3}?)(?:'m| am| was|is|was|are|were)\b[^.]{0,20}"
    r"\b(?:developed|created|built|trained|made)\b"
    r"|我[^。,]{0,12}由"
)
_FENCE = "```"
_LITTLE = 80
_SPACE = re.compile(r"\s+")
_USER = frozenset(words("voices", "user"))
_ASSISTANT = re.compile(rf"(?:^|[^a-z])(?:{alternation('voices', 'assistant')})(?:$|[^a-z])|gpt|助手|回答")
_FIELDS = re.compile(rf"(?:{alternation('voices', 'fields')})$")
_KEYS = re.compile(rf"(?:{alternation('keys')})$")


class _Turn(enum.Enum):
    """Whose words the lines are: the target's, a user's or another character's."""

    OWN = "own"
    USER = "user"  # this line; where nothing follows the label, until an empty line
    CHAT_USER = "chat user"  # until another chat mark: a base model that runs on
    OTHER = "other"  # until another label


class Told(NamedTuple):
    """What the target was sent, as it is compared with: folded lower case, and with single spaces."""

    lower: str
    squeezed: str


@lru_cache(maxsize=256)
def told(text: str) -> Told:
    """``text`` ready to be compared with answers; prompts come again and again."""
    lower = fold(text).lower
    return Told(lower, _SPACE.sub(" ", lower))


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
            if not _is_echo(text[start + begin : start + stop], sent):
                found.append(Sentence(start + begin, start + stop, sentence, voice, place))
                place += 1
    return found


def _own_lines(
    text: str, sent: Sequence[Told], own_names: frozenset[str]
) -> Iterator[tuple[int, str, int, int]]:
    """Number of the turn, label, start and end of what the target says as itself, line by line."""
    lines = list(_lines(text))
    others = _other_speakers(text, lines, sent, own_names)
    turn, voice, number, asked_on_its_line = _Turn.OWN, "", 0, False
    for start, end in lines:
        line = text[start:end]
        mark = _CHAT_MARK.match(line) or _BARE_MARK.match(line)
        if mark:
            number += 1
            voice = mark.group(1)
            turn = _Turn.CHAT_USER if voice in _USER else _Turn.OWN
            continue
        if turn is _Turn.CHAT_USER:
            continue
        if not line.strip():
            turn = _Turn.OWN if turn is _Turn.USER else turn
            continue
        label = _label(line)
        if label is None and turn is _Turn.USER and asked_on_its_line:
            turn = _Turn.OWN
        if label is not None:
            asked_on_its_line = bool(line[label.end :].strip())
            voice = label.name
            number += _is_asked(voice, sent) or _ASSISTANT.search(voice) is not None
            turn = _Turn.USER if voice in _USER else _Turn.OTHER if voice in others else _Turn.OWN
            start += label.end
        if turn is _Turn.OWN:
            yield number, voice, start, end


def is_key(label: str) -> bool:
    """Whether a label such as ``developer`` asks for a fact about the speaker."""
    return _KEYS.match(label) is not None


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


def _label(line: str) -> _Label | None:
    """The speaker that the line starts with."""
    head = line[:80]
    for regex in (_BRACKETED, _STARRED, _PLAIN):
        found = regex.match(head)
        if found is None:
            continue
        name = found.group(1).strip(" \t*_#-|/")
        if name and not _SPEECH.search(name) and not _SAYS.search(name) and not _is_just_a_maker(name):
            return _Label(name, found.end())
    return None


@lru_cache(maxsize=4096)
def _is_just_a_maker(name: str) -> bool:
    """A company at the start of a line is what is spoken of; a model may be who speaks."""
    mentions = find_names(fold(name))
    return len(mentions) == 1 and not mentions[0].model and mentions[0].end - mentions[0].start == len(name)


def _other_speakers(
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
        label = _label(text[start:end])
        if label is None or _is_asked(label.name, sent) or label.name in _USER or is_key(label.name):
            continue
        if _FIELDS.match(label.name):
            continue
        maker = maker_of(label.name)
        if any(name in label.name for name in own_names):
            continue
        if maker is None and (
            _ASSISTANT.search(label.name) or len(label.name.split()) > 2 or len(label.name) > 16
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
    labels = (_label(text[start:end]) for start, end in lines)
    return any(label and any(name in label.name for name in own_names) for label in labels)


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


def without_reports(line: str) -> str:
    """``line`` with the quotations that others are reported to say blanked out, as long as before."""
    if '"' not in line and "“" not in line and "「" not in line and "『" not in line:
        return line
    kept, last = [], 0
    for quote in _QUOTE.finditer(line):
        inner = next(group for group in quote.groups() if group is not None)
        if not _SPEECH.search(inner) and len(inner) < 60:
            continue
        if _is_own_lead(line[max(0, quote.start() - 90) : quote.start()]) and not _attributed_after(
            line, quote.end()
        ):
            continue
        kept += [line[last : quote.start()], " " * (quote.end() - quote.start())]
        last = quote.end()
    return "".join([*kept, line[last:]])


def _is_own_lead(lead: str) -> bool:
    """Whether the words before a quotation make it the speaker's own, such as ``here is my answer:``."""
    return _OWN_LEAD.search(lead) is not None and _OTHER_LEAD.search(lead) is None


def _attributed_after(line: str, end: int) -> bool:
    return (
        re.match(
            r"[\s,]*(?:he|she|they|it|the \w+|\w+) (?:said|says|replied|wrote|claimed|asked)\b|"
            r"[\s,]*(?:他|她|它|用户)(?:说|问|回答)",
            line[end : end + 60],
        )
        is not None
    )


def _is_asked(label: str, sent: Sequence[Told]) -> bool:
    """Whether the prompt names this voice."""
    return any(label in one.lower for one in sent)


def _is_echo(sentence: str, sent: Sequence[Told]) -> bool:
    """Whether the prompt already held this whole sentence, and it is long enough to tell."""
    if len(sentence) < _LEAST_TELLING:
        return False
    squeezed = " ".join(sentence.split()).strip("*_\"'“” ")
    return len(squeezed) >= _TELLING_LENGTH[squeezed.isascii()] and any(
        squeezed in one.squeezed for one in sent
    )


_TELLING_LENGTH = {True: 24, False: 10}
_LEAST_TELLING = min(_TELLING_LENGTH.values())
