"""English: made-up makers, other makers that no lexicon knows, and denials of any."""

from __future__ import annotations

import re

from distill_tests.judges._marks import FOREIGN, MADE_UP, OTHER_MAKER, OWN, PERSONA, Origin, Said
from distill_tests.judges._organisations import denied, is_plain, is_strange, name_after, says_independent
from distill_tests.judges._places import HYPOTHETICAL
from distill_tests.judges._rules import rule
from distill_tests.judges._words import alternation, english

_MAKER_IS = rule("origin_english.maker_is")
_MADE_BY = rule("origin_english.made_by")
_HANDLE = rule("origin_english.handle")
_MAKER_OF = rule("origin_english.maker_of")
_APPOSED = rule("origin_english.apposed")
_BEHIND_ME = rule("origin_english.behind_me")
_SUBJECT = rule("origin_english.subject")
_CONJURER = rule("origin_english.conjurer")
_CALL_THEMSELVES = rule("origin_english.call_themselves")
_BARE_MAKER = rule("origin_english.bare_maker")
_IT_IS_CALLED = rule("origin_english.it_is_called")
_ASIDE = rule("origin_english.aside")
_MAKER_WORD = english("en", "maker_words")
_FANCIFUL = rule("origin_english.fanciful")
_OF_SPEAKER = re.compile(
    rf"\b(?:i|i'm|my|our|me|we|they)\b|{PERSONA}|\bas an? (?:ai|a\.i)|"
    r"this (?:ai|model|assistant|(?:\w+ )?creation)"
)
FAR = 140
"""So far behind ``I was made by`` a made-up maker may be told."""
_CREATOR_OF = rule("origin_english.creator_of")
_IT_IS_THEM = rule("origin_english.it_is_them")
_UNREAL_AHEAD = re.compile(r"[^.;!?]{0,8}\b(?:hypothetical|fictional|fictitious|imaginary)\b")
_UNSPECIFIC = english("en", "unspecific")
_DENIAL = re.compile(alternation("en", "denial"))
_NO_COMPANY = re.compile(alternation("en", "no_company"))


def english_origin(said: Said, *, cue: bool) -> Origin | None:
    """The first other origin that a rule finds; a denial of any maker goes before all of them.

    Without a ``cue``, a word that tells of an origin, only a bare answer can be one.
    """
    denial = _DENIAL.search(said.text)
    if denial:
        return denied(said.text, denial, _UNSPECIFIC)
    no_company = _NO_COMPANY.search(said.text)
    if no_company and says_independent(said):
        return denied(said.text, no_company, _UNSPECIFIC)
    if not cue:
        return _bare(said)
    return _led(said) or _apposed(said) or _subject(said) or _bare(said) or _maker_of(said)


def _led(said: Said) -> Origin | None:
    """``my creator is X``, ``I was made by X``, ``they call themselves X``."""
    for regex in (_MAKER_IS, _MADE_BY, _CALL_THEMSELVES, _IT_IS_THEM):
        lead = regex.search(said.text)
        if lead is None or HYPOTHETICAL.search(said.text, 0, lead.end()) or not _is_of_speaker(lead, said):
            continue
        name = name_after(said.text, said.original, lead.end()) if regex is not _IT_IS_THEM else None
        handle = _HANDLE.match(said.text, lead.end())
        if name and not handle and _UNREAL_AHEAD.match(said.text, name[1]):
            return None
        if handle or name:
            return said.origin(*(handle.span("name") if handle else name or (0, 0)), OTHER_MAKER)
        fancy = _FANCIFUL.search(said.text, lead.end(), min(len(said.text), lead.end() + FAR))
        if fancy and HYPOTHETICAL.search(said.text, lead.end(), fancy.start()):
            continue
        if fancy and regex is not _CALL_THEMSELVES and OWN not in said.text:
            return said.origin(*fancy.span(), MADE_UP)
    return None


def _is_of_speaker(lead: re.Match[str], said: Said) -> bool:
    """``the company is X`` is about the speaker only where that was asked."""
    return _OF_SPEAKER.search(lead.group()) is not None or said.asks_maker()


def _apposed(said: Said) -> Origin | None:
    """``my company, X, sells …``, ``my team at X``."""
    lead = _APPOSED.search(said.text)
    if lead is None or HYPOTHETICAL.search(said.text, 0, lead.end()):
        return None
    name = name_after(said.text, said.original, lead.end())
    return said.origin(*name, OTHER_MAKER) if name and name[0] == lead.end() else None


def _subject(said: Said) -> Origin | None:
    """``X owns me``, ``a coven of … stitched me together``."""
    creator = _CREATOR_OF.match(said.original)
    if (
        creator
        and _OF_SPEAKER.search(said.text, creator.end("name"), creator.end() + 30)
        and is_strange(said.text, *creator.span("name"))
        and not is_plain(creator.group("name"))
    ):
        return said.origin(*creator.span("name"), OTHER_MAKER)
    made_me = _BEHIND_ME.search(said.text)
    if made_me is None or HYPOTHETICAL.search(said.text):
        return None
    who = _SUBJECT.match(said.original)
    if who and is_strange(said.text, *who.span("name")):
        return said.origin(*who.span("name"), OTHER_MAKER)
    if OWN in said.text or FOREIGN in said.text:
        return None
    fancy = _FANCIFUL.search(said.text, 0, made_me.start()) or _CONJURER.match(said.text)
    return said.origin(*fancy.span(), MADE_UP) if fancy else None


def _bare(said: Said) -> Origin | None:
    """``It is called X``, or nothing but an organisation, when asked who made the speaker."""
    if not said.asks_maker() or said.place > 1 or _ASIDE.search(said.voice):
        return None
    called = _IT_IS_CALLED.match(said.text)
    name = name_after(said.text, said.original, called.end()) if called else None
    if called and name and name[0] <= called.end() + 1:
        return said.origin(*name, OTHER_MAKER)
    bare = _BARE_MAKER.match(said.original)
    if (
        bare
        and _MAKER_WORD.search(said.text, *bare.span("name"))
        and is_strange(said.text, *bare.span("name"))
    ):
        return said.origin(*bare.span("name"), "answers with a maker that is not its own")
    return None


def _maker_of(said: Said) -> Origin | None:
    """``X is the company that …``, when asked who made the speaker."""
    lead = _MAKER_OF.match(said.text) if said.asks_maker() and said.place <= 2 else None
    if lead is None or HYPOTHETICAL.search(said.text, 0, lead.end()):
        return None
    name = name_after(" " + said.text, " " + said.original, lead.start("name"))
    if name is None or name[0] > lead.start("name") + 6:
        return None
    return said.origin(name[0] - 1, name[1] - 1, OTHER_MAKER)
