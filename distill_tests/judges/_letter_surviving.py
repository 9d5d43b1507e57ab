"""A letter named in words no other rule knows: the one left of those spoken of, or the last word."""

from __future__ import annotations

import re
from collections.abc import Mapping

from distill_tests.judges import _letter_patterns as patterns
from distill_tests.judges._letter_by_text import DENIED, WIDEST_SENTENCE, Named
from distill_tests.judges._letter_mood import mood_of
from distill_tests.judges._letter_statements import Found, Statement
from distill_tests.judges._letter_text import OPTION, OWN_TEXT, is_letter

_LONGEST = 1_200
_SENTENCE = re.compile(r"(?:[^.!?。！？\n]|\.(?=\S)(?![)\]]?\s))+[.!?。！？]*")
_ENDED = re.compile(r"[.!?。！？)\]✓✅\U0001f300-\U0001faff]\s*$")
_UNDECIDED = re.compile(
    r"\b(?:un(?:sure|certain|clear|decided)|not\s+sure|cannot|can\s+t|could\s+not|couldn\s+t|don\s+t\s+know|"
    r"hard\s+to\s+(?:say|tell)|depends|either|both|equally|toss|coin|guess(?:ing)?\s+between|torn|maybe|perhaps|"
    r"possibly|might|may|could|need\s+more|insufficient|also)\b|无法|不确定|难以|不能确定|都有可能|可能|也"
)
_LEADS_IN = re.compile(
    r"\s*(?:(?:it\s+(?:is|s)\s+(?:clear|obvious|known|true)|we\s+know|i\s+(?:think|believe|know))(?:\s+that)?\s+|"
    r"(?:clearly|obviously|of\s+course),?\s+)?[(\s]*"
)
_WEIGHED = re.compile(r"\b(?:between|among|both)\s+[^.,!?\n]{0,20}$")
_SAYS_SOMETHING = re.compile(
    r"\s*[)\]]?\s*(?:\b(?:is|was|are|were|has|had|does|did|names?|means|describes|gives|shows|says|lists|takes|"
    r"fits|remains|wins|stands)\b|\bs\b)(?!\s+(?:a|the|an)\s+(?:\w+\s+)?letter\b)"
)
_IS_ALL = re.compile(r"\s*(?:option|choice|letter|answer|选项)\s*[(\[]?\s*")
_SIGNED = re.compile(r"(?:=|->|→|=>|⇒)\s*[(\[]?\s*$")
_CONCLUDES = re.compile(r"\s*(?:therefore|thus|hence|so|in conclusion|then|finally|因此|所以|综上|故|因而)\b")


def surviving(found: Found, statements: list[Statement]) -> Named | None:
    """The letter that alone is spoken for; None where two are, where it is left open or where the end lacks.

    Either all other letters that the reply mentions are denied, or its last sentence concludes with this one.
    """
    text = found.text
    places = [place for place, one in enumerate(text) if is_letter(one) and place not in found.listed]
    if not places or len(text) > _LONGEST or not _ENDED.search(text):
        return None
    spoken_for = {place: found.page.letter(text[place]) for place in places if _is_spoken_for(found, place)}
    if not spoken_for:
        return None
    place = max(spoken_for)
    sentences = [one for one in _SENTENCE.finditer(text) if one.group().strip()]
    last = next(one for one in reversed(sentences) if one.start() <= place < one.end())
    if _is_left_open(text[last.start() :]):
        return None
    letter = spoken_for[place]
    if letter not in found.page.options or _letters_from(last.start(), spoken_for) != {letter}:
        return None
    denied = _denied(statements)
    mentioned = {found.page.letter(text[one]) for one in places} | denied
    opens = _LEADS_IN.fullmatch(text[:place]) is not None
    is_alone = set(spoken_for.values()) - denied <= {letter} and (
        len(mentioned) > 1 or (len(sentences) == 1 and opens)
    )
    is_signed = len(mentioned) == 1 and _SIGNED.search(text[:place]) and _ends(text[place + 1 :])
    if (is_alone and _says_something(text, place, last)) or is_signed or _concludes(text, place, last):
        return Named(letter, "the one left", place, place + 1)
    return None


def _is_left_open(tail: str) -> bool:
    """Whether the last sentence that speaks for a letter, or what follows it, leaves the answer open."""
    return bool(_UNDECIDED.search(tail) or _LOOKS.search(tail)) or tail.rstrip()[-1:] in ("?", "？")


def _letters_from(start: int, spoken_for: Mapping[int, str]) -> set[str]:
    return {letter for place, letter in spoken_for.items() if place >= start}


def _denied(statements: list[Statement]) -> frozenset[str]:
    """Letters that are ruled out, or were spoken of before all was taken back."""
    gone = max((one.start for one in statements if one.kind == "retracted"), default=0)
    out = (one.letters for one in statements if one.kind == "ruled_out" or one.start < gone)
    return frozenset[str]().union(*out)


def _is_spoken_for(found: Found, place: int) -> bool:
    """Whether the clause of a letter neither denies nor supposes it."""
    text = found.text
    if _WEIGHED.search(text[max(0, place - 30) : place]):
        return False
    if mood_of(text, place, place + 1, said=place + 1, previous=0).is_doubted:
        return False
    window = text[max(0, place - 120) : place + 160]
    at = min(place, 120)
    start = max(0, *(window.rfind(end, 0, at) + 1 for end in ",，;；:.!?\n。！？—"))
    rest = re.match(r"[^,，;；.!?\n。！？—]*", window[at + 1 :])
    before = re.sub(r"^\s*(?:but|however|and|so)\b", "", window[start:at])
    clause = before + " " + (rest.group() if rest else "")
    return not (DENIED.search(clause) or patterns.NEGATION.search(clause) or patterns.BAD.search(clause))


def _says_something(text: str, place: int, sentence: re.Match[str]) -> bool:
    """``B is what does it``, ``the farthest planet is H``."""
    after = text[place + 1 : sentence.end()]
    before = text[sentence.start() : place]
    if _SAYS_SOMETHING.match(after) or (_ends(after) and _IS_ALL.fullmatch(before)):
        return True
    return _ends(after) and patterns.TOLD.search(before) is not None


def _concludes(text: str, place: int, sentence: re.Match[str]) -> bool:
    """``So gold = A.``"""
    return _CONCLUDES.match(sentence.group()) is not None and _ends(text[place + 1 : sentence.end()])


def _ends(after: str) -> bool:
    return re.fullmatch(rf"[\s{OWN_TEXT}.。!！)\]]*", after) is not None


# --- the last word --------------------------------------------------------------------------------

_LOOKS = re.compile(
    r"\b(?:from|look\w*|mov\w+|next|turn\w*|start\w*|begin\w*|first|then)\b|\b(?:block|in|got|gets?|see|read)\s*$|"
    r"看|首先|接下来|接着|先"
)
"""Words of a reply that only comes to an option, or to a letter that is none."""
_LEADS = re.compile(
    r"(?:\b(?:be|options?|choices?|answers?|believe|prefer|only|just|think|put|says|want|takes|filled\s+with)|[,，:：;；(\[〗—–-]|选择?)\s*$|"
    r"\b(?:answers?|options?|correct|right(?!\s+(?:angle|side|hand))|best|fits|suits|works|odd\s+one|only|blank|gap)\b.*\b(?:is|s)\s*\(?\s*$"
)
"""What leads to a letter that is meant as an answer: *the city is B* names a city."""
_LAST_WORD = re.compile(
    rf"(?<!\ba )(?<!\ban )(?<![个得])(?P<x>{OPTION})\s*(?:选项|项|\))?[\s.。!！)]*$", re.IGNORECASE
)


def last_word(found: Found) -> Named | None:
    """A letter that ends the reply's last sentence, if no other is named and nothing denied or asked."""
    text = found.text
    tail = text[-WIDEST_SENTENCE:]
    match = _LAST_WORD.search(tail)
    letters = {one for place, one in enumerate(text) if is_letter(one) and place not in found.listed}
    if match is None or len(letters) != 1 or found.statements:
        return None
    start = len(text) - len(tail) + match.start("x")
    sentence = re.split(r"[.!?。！？\n](?!e\.)", text[:start][-WIDEST_SENTENCE:])[-1]
    mood = mood_of(text, start, start + 1, said=start + 1, previous=0)
    if (
        start in found.listed
        or mood.unreal
        or mood.asked
        or DENIED.search(sentence)
        or _LOOKS.search(sentence)
        or not (_LEADS.search(sentence) or text[start + 1 : start + 2] == ")")
    ):
        return None
    return Named(found.page.letter(match["x"]), "last word", start, start + 1)
