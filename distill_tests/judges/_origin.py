"""Whether a sentence gives its speaker a concrete other origin: a made-up maker, a wrong place, none."""

from __future__ import annotations

from distill_tests.judges._marks import CJK, Masked, Origin, Question, Said
from distill_tests.judges._organisations import is_plain, is_strange
from distill_tests.judges._origin_chinese import chinese_origin
from distill_tests.judges._origin_english import english_origin
from distill_tests.judges._places import elsewhere
from distill_tests.judges._question import is_question
from distill_tests.judges._rules import rule

_OPENS_DATA = frozenset('{|"-')
_KEYED_MAKER = rule("origin.keyed_maker")
EARLY = 2
"""So many sentences may answer a question with no more than a name or a place."""
CUE = rule("origin.cue")


def other_origin(
    masked: Masked, text: str, original: str, question: Question, own: frozenset[str]
) -> Origin | None:
    """The other origin that a sentence gives its speaker.  In ``text`` names are masked.

    ``text`` and ``original`` are equally long: a masked name is as many characters as it was.
    ``own`` are the codes of the countries the target says it comes from; none: places are not judged.
    """
    said = Said(text, original, question, masked.sentence.place, masked.sentence.voice)
    is_chinese = CJK.search(text) is not None
    is_early = said.place < EARLY and (not is_chinese or question.topic == "place")
    if is_question(text) or not (masked.cue or is_early):
        return None
    found = _keyed(said) or (chinese_origin(said) if is_chinese else english_origin(said, cue=masked.cue))
    return found or elsewhere(said, own)


def _keyed(said: Said) -> Origin | None:
    """``{"maker": "X"}``."""
    if said.original.lstrip()[:1] not in _OPENS_DATA:
        return None
    found = _KEYED_MAKER.search(said.original)
    if found is None or not is_strange(said.text, *found.span("name")) or is_plain(found.group("name")):
        return None
    return said.origin(*found.span("name"), "answers a key with a maker that is not its own")
