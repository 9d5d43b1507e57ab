"""The one letter that is left when a reply has spoken of its options, in words no other rule knows."""

from __future__ import annotations

import re

from distill_tests.judges import _letter_patterns as patterns
from distill_tests.judges._letter_by_text import DENIED, LOOKS, Named
from distill_tests.judges._letter_mood import mood_of
from distill_tests.judges._letter_statements import Found, Statement
from distill_tests.judges._letter_text import OWN_TEXT, is_letter

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
    sentences = [one for one in _SENTENCE.finditer(text) if one.group().strip()]
    spoken_for = {place: found.page.letter(text[place]) for place in places if _is_spoken_for(found, place)}
    if not spoken_for:
        return None
    last = next(one for one in reversed(sentences) if one.start() <= max(spoken_for) < one.end())
    tail = text[last.start() :]
    if _UNDECIDED.search(tail) or LOOKS.search(tail) or text.rstrip()[-1:] in ("?", "？"):
        return None
    here = {letter for place, letter in spoken_for.items() if place >= last.start()}
    if len(here) != 1 or not here <= set(found.page.options):
        return None
    place = max(one for one in spoken_for if one >= last.start())
    (letter,) = here
    gone = [one.start for one in statements if one.kind == "retracted"]
    ruled_out = frozenset[str]().union(
        *(one.letters for one in statements if one.kind == "ruled_out" or one.start < max(gone, default=0))
    )
    others = set(spoken_for.values()) - here - ruled_out
    mentioned = {found.page.letter(text[one]) for one in places} | ruled_out
    opens = _LEADS_IN.fullmatch(text[:place]) is not None
    alone = not others and (len(mentioned) > 1 or (len(sentences) == 1 and opens))
    signed = len(mentioned) == 1 and _SIGNED.search(text[:place]) is not None and _ends(text[place + 1 :])
    if not ((alone and _says_something(text, place, last)) or signed or _concludes(text, place, last)):
        return None
    return Named(letter, "the one left", place, place + 1)


def _is_spoken_for(found: Found, place: int) -> bool:
    """Whether the clause of a letter neither denies nor supposes it."""
    text = found.text
    if _WEIGHED.search(text[max(0, place - 30) : place]):
        return False
    mood = mood_of(text, place, place + 1, said=place + 1, previous=0)
    if mood.unreal or mood.asked or mood.maybe or mood.supposed:
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
