"""An option that a reply names without its letter: by its exact text, or by counting."""

from __future__ import annotations

import re
from typing import NamedTuple

from distill_tests.judges._letter_lines import lines_of
from distill_tests.judges._letter_mood import mood_of
from distill_tests.judges._letter_statements import Found
from distill_tests.judges._letter_text import Page, is_letter, text_pattern

WIDEST_SENTENCE = 300
_TINY = frozenset(
    (
        "true",
        "false",
        "yes",
        "no",
        "right",
        "wrong",
        "correct",
        "incorrect",
        "正确",
        "错误",
        "对",
        "错",
        "是",
        "否",
    )
)
"""Texts that are words of judgement as well: inside a sentence only where it is said that something is so."""
_SMALL = frozenset(
    re.split(
        r"\s+",
        "a an the is are was were be to of in on at by for with from and or but not no it he she they we you "
        "i who whom whose which what that this these those as if so do does did has have had will would can "
        "could may might must shall should der die das ein eine le la les un une el los las",
    )
)
"""Texts that are words of any sentence."""
_SAID_OF_IT = re.compile(
    r"(?:\b(?:is|s|be|so|therefore|thus)|(?:说法|命题|判断|叙述)\S{0,6}?[是为]|(?:题中|该|此|这种|这个)(?:说法|命题|判断|叙述))\s*$"
)
DENIED = re.compile(
    r"\b(?:not|no|never|neither|nor|cannot|isn\s+t|wasn\s+t|can\s+t|doesn\s+t|don\s+t|if|whether|unlike|except|but|"
    r"although|or|wrong|incorrect|false|might|could|maybe|unsure|instead|either|compare|consider|let)\b|"
    r"不|非|没|如果|是否|或|还是|错误|除|吗|无法|但|虽|考虑|分析"
)
_DISPUTED = re.compile(r"也可能|也许|争议|\balso\b|\bas well\b")
_IS_BEFORE = re.compile(
    r"(?:\b(?:is|was|are|were|be)(?:\s+called|\s+named)?(?:\s+(?:the|a|an))?|[是为]|叫做?|称为)\s*$"
)
_LISTED_BEFORE = re.compile(r"(?:\band(?:\s+(?:the|an?))?\s|[和与及、])\s*$")
_LISTED_AFTER = re.compile(r"\s*(?:and\b|[和与及、]|[-+*/×÷^]\s*\w)")
_CONCLUDES = re.compile(r"\s*(?:therefore|thus|hence|so|in conclusion|因此|所以|综上|故|因而|答)")
_CALLED_RIGHT = re.compile(
    r"\s*(?:符合题意|符合要求|正确|当选|是正确的?|\b(?:is|must\s+be)\s+(?:the\s+)?(?:correct|right|answer)\b)"
)
_SENTENCE = re.compile(r"[^.!?。！？\n]+(?:\.\d[^.!?。！？\n]*)*")


class Named(NamedTuple):
    letter: str
    rule: str
    start: int
    end: int


def named_by_text(found: Found) -> Named | None:
    """The text as the reply, as its first words or its last line, or in its only or concluding sentence."""
    lines = lines_of(found.text)
    if not lines:
        return None
    if _lists_options(found, lines):
        return None
    rules = ("option text first", "option text last") if len(lines) > 1 else ("only an option text",) * 2
    for line, rule in zip((lines[0], lines[-1]), rules, strict=True):
        if named := _opening_text(found, line, rule):
            return named
    return _closing_text(found) or _in_sentence(found, lines) or _asserted(found)


def _lists_options(found: Found, lines: list[re.Match[str]]) -> bool:
    """Whether several lines are nothing but texts of options."""
    openings = ((line, _opening_text(found, line, "")) for line in lines)
    whole = {
        named.letter
        for line, named in openings
        if named and not found.text[named.end : line.end()].strip(" .。!！'\"")
    }
    return len(whole) > 1


def _begin(match: re.Match[str], dress: str = " \t'\"(") -> int:
    """Where what ``match`` says begins behind blanks, quotes and brackets."""
    return match.end() - len(match.group().lstrip(dress))


def _sentences(text: str) -> list[re.Match[str]]:
    """Sentences that say something."""
    return [one for one in _SENTENCE.finditer(text) if one.group().strip()]


def _opening_text(found: Found, line: re.Match[str], rule: str) -> Named | None:
    """An option's text at the beginning of a line, alone or as a sentence or clause of its own."""
    start = _begin(line)
    option = found.option_at(start)
    if option is None:
        start = _begin(line, " \t'\"(-•")  # a bullet and not a minus
        option = found.option_at(start)
    if option is None:
        return None
    letter, end = option
    rest = found.text[end : line.end()]
    if re.fullmatch(r"[\s.。!！'\")\]；;,，的]*", rest):
        return Named(letter, rule, start, end)
    clause = re.match(r"\s*[.。!！,，:：;；—–(-]\s*(?P<next>[^\n]{0,60})", rest)
    if clause is None or any(one != letter and text.search(clause["next"]) for one, text in found.texts):
        return None
    return Named(letter, rule, start, end)


def _closing_text(found: Found) -> Named | None:
    """The last of several sentences that is an option's text: ``It is never mentioned. Not given.``"""
    sentences = _sentences(found.text)
    if len(sentences) < 2 or found.text.rstrip()[-1:] not in tuple(".。!！"):
        return None
    before, last = (_begin(one, " \t\n'\"(") for one in sentences[-2:])
    option = found.option_at(last)
    if option is None or found.option_at(before):
        return None
    rest = found.text[option[1] : sentences[-1].end()].strip(" '\")")
    return Named(option[0], "option text last", last, option[1]) if rest in ("", ", then") else None


def _in_sentence(found: Found, lines: list[re.Match[str]]) -> Named | None:
    text = found.text
    sentences = _sentences(text)
    if not sentences or any(map(is_letter, text[lines[-1].start() :])):
        return None
    last = sentences[-1]
    ended = text[last.end() : last.end() + 1] in (".", "。", "!", "！")
    if len(sentences) > 1 and not (
        ended and (_CONCLUDES.match(last.group()) or _is_called_right(found, last))
    ):
        return None
    if text.rstrip()[-1:] in ("?", "？") or len(last.group()) > WIDEST_SENTENCE:
        return None
    places = _texts_in(found, last)
    if len(places) > 1:  # The metal that is added to copper is zinc.
        places = {
            letter: (start, end)
            for letter, (start, end) in places.items()
            if _IS_BEFORE.search(text[last.start() : start]) and not text[end : last.end()].strip()
        }
    if len(places) != 1 or _DISPUTED.search(last.group()):
        return None
    ((letter, (start, end)),) = places.items()
    if _LISTED_BEFORE.search(text[last.start() : start]) or _LISTED_AFTER.match(text[end : last.end()]):
        return None
    before = re.split(r"(?<=[\u4e00-\u9fff]),", text[last.start() : start])[-1]
    after = re.split("[,，;；]", text[end : last.end()])[0]
    return (
        None if DENIED.search(f"{before} {after}") else Named(letter, "option text in a sentence", start, end)
    )


_CLAUSE_ENDS = re.compile(
    r"[\s'\")]*(?:[,，.。;；!！:：(（]|$|\n|\b(?:because|since|which|that|and|as|so)\b)"
)
_ONLY_BEFORE = re.compile(r"(?:\bonly(?:\s+(?:the|an?))?|只有|唯有)\s*$")
_ONE_ONLY = re.compile(r"\b(?:only|odd)\b|唯一|只有")
_JOINED = re.compile(r"\s*[,，、]\s*")
_OPEN = re.compile(r"\b(?:either|both|perhaps|maybe|unsure|not sure|cannot)\b|无法|不确定|都有可能|拿不准")


def _asserted(found: Found) -> Named | None:
    """The only option's text that any sentence says something *is*: ``The capital of Kenya is Nairobi.``

    A number only in the last sentence: before, it may be a step.
    """
    if found.text.rstrip()[-1:] not in tuple(".。!！)") or _OPEN.search(found.text):
        return None
    sentences = _sentences(found.text)
    said = {
        letter: place
        for one in sentences
        for letter, place in _texts_in(found, one).items()
        if _is_said(found, one, place) and (one is sentences[-1] or not found.page.options[letter].isdigit())
    }
    if len(said) != 1:
        return None
    ((letter, (start, end)),) = said.items()
    return Named(letter, "option text in a sentence", start, end)


def _is_said(found: Found, sentence: re.Match[str], place: tuple[int, int]) -> bool:
    start, end = place
    before = found.text[sentence.start() : start]
    only = _ONLY_BEFORE.search(before) is not None
    if not only and not (_IS_BEFORE.search(before) and _CLAUSE_ENDS.match(found.text, end)):
        return False
    joined = _JOINED.match(found.text, end)
    if joined and found.option_at(joined.end()):
        return False  # the options are A, B and C
    mood = mood_of(found.text, start, end, said=start, previous=0)
    clause = re.split(r"[,，;；:：]", _IS_BEFORE.sub("", before))[-1]
    return not (mood.is_doubted or (DENIED.search(clause) and not _ONE_ONLY.search(clause)))


def _is_called_right(found: Found, sentence: re.Match[str]) -> bool:
    """``①④符合题意。``, ``Nitrogen is correct.``"""
    option = found.option_at(_begin(sentence))
    return option is not None and _CALLED_RIGHT.match(found.text, option[1]) is not None


def _texts_in(found: Found, sentence: re.Match[str]) -> dict[str, tuple[int, int]]:
    """Options whose texts occur, but not inside a longer one's."""
    places: dict[str, tuple[int, int]] = {}
    taken: list[tuple[int, int]] = []
    for letter, _ in found.texts:
        words = found.page.options[letter]
        for match in re.finditer(text_pattern(words), sentence.group()):
            start, end = match.start() + sentence.start(), match.end() + sentence.start()
            if words in _TINY and not _SAID_OF_IT.search(sentence.group()[: match.start()]):
                continue
            if words in _SMALL and not _IS_BEFORE.search(sentence.group()[: match.start()]):
                continue
            if not any(first <= start and end <= last for first, last in taken):
                places[letter] = (start, end)
                taken.append((start, end))
    return places


_ORDINALS = {
    word: place
    for place, words in enumerate(
        ("first 1st 1 一", "second 2nd 2 二", "third 3rd 3 三", "fourth 4th 4 四", "fifth 5th 5 五")
    )
    for word in words.split()
}
_ORDINAL = re.compile(
    r"\b(?P<en>first|second|third|fourth|fifth|1st|2nd|3rd|4th|5th)\s+(?:option|choice|answer|one)\b|"
    r"\b(?:option|choice)\s*(?:number\s*)?(?P<digit>[1-5])(?!\d|\.\d)\b|选项\s*(?P<zh>[1-5一二三四五])(?!\d)|"
    r"第\s*(?P<nth>[1-5一二三四五])\s*(?:个选项|个答案|项|选项|个(?=[\s。.，,是对正]|$))"
)


def ordinal(page: Page) -> Named | None:
    """``the third option``, ``选项三``: in a short reply that counts one option only and denies nothing."""
    counted = list(_ORDINAL.finditer(page.text))
    places = {_ORDINALS[match[match.lastgroup or 0]] for match in counted}
    if len(places) != 1 or len(page.text) > WIDEST_SENTENCE or DENIED.search(page.text):
        return None
    letters = [*sorted(page.options), *"-----"]
    return Named(letters[places.pop()], "counted option", *counted[-1].span())
