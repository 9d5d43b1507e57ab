"""English: the words between the speaker (``I``, ``my technology``, ``as an AI``) and a name."""

from __future__ import annotations

import re

from distill_tests.judges._marks import CJK, FOREIGN, Named
from distill_tests.judges._rules import rule
from distill_tests.judges._words import alternation, english

ANCHOR = rule("english.anchor")
_ORIGIN_AHEAD = rule("english.origin_ahead")
_PERSONA_VERB = rule("english.persona_verb")
_FAR = re.compile(r"\b(?:that|to|which|where|so)\b")
_NEAR_LINK = rule("english.near_link")
NOT_ONLY = rule("english.not_only")
MAKE_LINK = rule("english.make_link")
_USE_LINK = rule("english.use_link")
_MADE_ME = re.compile(rf"\b(?:{alternation('en', 'make')})\W+(?:and \w+ )?$")
_IS_AHEAD = rule("english.is_ahead")
_OBEYS = re.compile(rf"\b(?:{alternation('en', 'obey')})")
_POLICY_AHEAD = rule("english.policy_ahead")
_IS_MINE = rule("english.is_mine")
_CLAUSE = rule("english.clause")
BLOCK = english("en", "block")
NOT_SELF = english("en", "not_self")
_HYPOTHETICAL = rule("english.hypothetical")
_REPORTED = rule("english.reported")
_YOU_ASK = rule("english.you_ask")
_DISOBEYS = english("en", "disobey")
OPENING = rule("english.opening")
_FIRST_PERSON = re.compile(r"\b(?:i|we)\b")
_SOMEBODY = rule("english.somebody")
_WHO = re.compile(r"^\W*(?:who|that|which)\b")
_USUALLY = rule("english.usually")
_ANOTHER = rule("english.another")
_SUCH_AS = rule("english.such_as")
ASIDE = rule("english.aside")
_PARTICIPLE = rule("english.participle")
_PARTICIPLE_AHEAD = rule("english.participle_ahead")
_AS_IT = rule("english.as_it")
_SPEAKS_AHEAD = re.compile(r"[^.;!?]{0,40}?\b(?:i|i'm|my|we|our)\b")


def anchored(before: str, after: str, name: Named) -> str | None:
    """English: a word for the speaker before the name, or after it."""
    anchor = None
    for found in ANCHOR.finditer(before + FOREIGN):
        if found.lastgroup != "named" or (found.end() >= len(before) - 2 and _AS_IT.match(after)):
            anchor = found
    if anchor is not None and not _is_distanced(before[: anchor.start()]):
        reason = _relation(anchor, before[anchor.end() :], after, name)
        if reason and not _is_of_another(before, anchor):
            return reason
    if _PARTICIPLE.match(before) and _PARTICIPLE_AHEAD.match(after) and not BLOCK.search(before):
        return "says who made it"
    mine = _IS_MINE.match(after)
    said = NOT_ONLY.sub(" ", _WHO.sub("", mine.group())) if mine else ""
    if mine and not BLOCK.search(said) and not NOT_SELF.search(said):
        lead = _SUCH_AS.sub(" ", _CLAUSE.split(before)[-1])
        if not BLOCK.search(NOT_ONLY.sub(" ", lead)) and not _is_distanced(before):
            return "says that it made or owns the speaker"
    return None


def _is_of_another(before: str, anchor: re.Match[str]) -> bool:
    """Whether a clause about somebody else has begun since, or only models in general are meant."""
    general = _USUALLY.search(before, max(0, anchor.start() - 12))
    return general is not None or _ANOTHER.search(before, anchor.end()) is not None


def _is_distanced(lead: str) -> bool:
    """Whether what leads up to the words makes them a supposition or somebody else's."""
    lead = _YOU_ASK.sub(" ", lead[-90:])
    if _HYPOTHETICAL.search(lead):
        return True
    reported = _REPORTED.search(lead)
    if reported is None:
        return False
    if _SOMEBODY.search(reported.group()):
        return True
    return _FIRST_PERSON.search(lead, max(0, reported.start() - 25), reported.end()) is None


def _relation(anchor: re.Match[str], stretch: str, after: str, name: Named) -> str | None:
    kind = anchor.lastgroup
    plain = NOT_ONLY.sub(" ", stretch)
    if _OBEYS.search(plain) and _POLICY_AHEAD.match(after) and not _DISOBEYS.search(plain):
        return "says that it follows this maker's rules"
    if BLOCK.search(plain) or NOT_SELF.search(plain):
        return None
    if kind == "am" and _is_direct(stretch) and not _POLICY_AHEAD.match(after):
        return "says who it is or who made it"
    if kind == "my" and _ORIGIN_AHEAD.match(stretch + "."):
        return "names it for its maker, name, place or technology"
    if kind == "named" and name.model:
        return "speaks as this model"
    if kind == "as" and (
        not name.model or (OPENING.match(anchor.string[: anchor.start()]) and _SPEAKS_AHEAD.match(after))
    ):
        return "speaks as what this maker made"
    if kind == "persona" and CJK.search(stretch):
        return None
    if kind == "persona" and _is_direct(stretch) and _PERSONA_VERB.match(stretch or after):
        return "says of its persona who made it"
    if kind == "me" and _MADE_ME.search(anchor.string[: anchor.start()]) and _IS_AHEAD.match(stretch):
        return "says who made it"
    if kind in ("me", "persona", "my") and (MAKE_LINK.search(stretch) or _USE_LINK.match(stretch)):
        return "says who made it or what it runs on"
    return None


def _is_direct(stretch: str) -> bool:
    """Whether what stands between speaker and name is short, or ends in who made the speaker."""
    return (len(stretch) <= 70 and not _FAR.search(stretch)) or _NEAR_LINK.search(stretch[-130:]) is not None
