"""Whether a sentence gives its speaker a concrete other origin: a made-up maker, a wrong place, none."""

from __future__ import annotations

from distill_tests.judges._marks import CJK, OTHER_MAKER, Masked, Origin, Question, Said
from distill_tests.judges._organisations import is_plain, is_strange, name_after
from distill_tests.judges._origin_chinese import chinese_origin
from distill_tests.judges._origin_english import english_origin
from distill_tests.judges._places import elsewhere
from distill_tests.judges._question import is_question
from distill_tests.judges._rules import rule
from distill_tests.judges._words import chinese

_MAKER_LABEL = rule("origin.maker_label")
_LABELLED_ZH = rule("origin.labelled_zh")
_NO_ORG_ZH = chinese("zh", "fanciful", "no_org")
FIRST_LETTERS = 5
_OPENS_DATA = frozenset('{|"-')
_KEYED_MAKER = rule("origin.keyed_maker")
EARLY = 2
"""So many sentences may answer a question with no more than a name or a place."""
_CUE = rule("origin.cue")
_CUE_ZH = rule("origin.cue_zh")


def has_cue(text: str) -> bool:
    """Whether folded lower-case text holds a word that tells of an origin."""
    return (not text.isascii() and _CUE_ZH.search(text) is not None) or _CUE.search(text) is not None


def other_origin(
    masked: Masked, text: str, original: str, question: Question, own: frozenset[str], *, ahead: str = ""
) -> Origin | None:
    """The other origin that a sentence gives its speaker.  In ``text`` names are masked.

    ``text`` and ``original`` are equally long: a masked name is as many characters as it was.
    ``own`` are the codes of the countries the target says it comes from; none: places are not judged.
    """
    said = Said(text, original, question, masked.sentence.place, masked.sentence.voice, ahead)
    is_chinese = CJK.search(text) is not None
    is_early = said.place < EARLY and (not is_chinese or question.topic == "place")
    if is_question(text) or not (masked.cue or is_early):
        return None
    found = (
        _labelled(said)
        or _keyed(said)
        or (chinese_origin(said) if is_chinese else english_origin(said, cue=masked.cue))
    )
    return found or elsewhere(said, own)


def _keyed(said: Said) -> Origin | None:
    """``{"maker": "X"}``."""
    if said.original.lstrip()[:1] not in _OPENS_DATA:
        return None
    found = _KEYED_MAKER.search(said.original)
    if found is None or not is_strange(said.text, *found.span("name")) or is_plain(found.group("name")):
        return None
    return said.origin(*found.span("name"), "answers a key with a maker that is not its own")


def _labelled(said: Said) -> Origin | None:
    """A line ``Company: X``."""
    if said.place or not said.voice or not _MAKER_LABEL.match(said.voice):
        return None
    han = _LABELLED_ZH.match(said.text)
    if han:
        return None if _NO_ORG_ZH.match(han.group("name")) else said.origin(*han.span("name"), OTHER_MAKER)
    name = name_after(" " + said.text, " " + said.original, 1)
    if name is None or name[0] > FIRST_LETTERS:
        return None
    start, end = name[0] - 1, name[1] - 1
    rest = said.original[end:].lstrip()
    is_whole = not rest or (not rest[0].isalnum() and len(said.original[start:end].split()) > 1)
    return said.origin(start, end, OTHER_MAKER) if is_whole else None
