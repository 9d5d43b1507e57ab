"""Where a sentence seats the speaker's maker: in another country, or where nobody is."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.resources import files

from distill_tests.judges._marks import CJK, FOREIGN, NOWHERE, OWN, PERSONA, Origin, Said
from distill_tests.judges._rules import rule
from distill_tests.judges._words import chinese, english, words
from distill_tests.lexicon import fold, maker_of, makers, name_regex
from distill_tests.types import Identity

_PLACES_DATA: dict[str, list[str]] = json.loads(
    files("distill_tests").joinpath("data", "places.json").read_text(encoding="utf-8")
)["places"]
_COUNTRY: dict[str, str] = {fold(name).lower: code for code, names in _PLACES_DATA.items() for name in names}
_PLACE = name_regex(name for name in _COUNTRY if name not in ("us",))
_LAIR = english("en", "lairs")
_LAIR_ZH = chinese("zh", "fanciful", "lairs")
_GEOGRAPHIC = rule("places.geographic")
HYPOTHETICAL = rule("places.hypothetical")
_SITS = rule("places.sits")
_WORLDWIDE = rule("places.worldwide")
_MAINLY = rule("places.mainly")
_BASED = rule("places.based")
_ANYWHERE = re.compile(r"")
_SEAT = re.compile(r"\bheadquarter|\bhq\b|总部")
_SITS_ZH = rule("places.sits_zh")
_HYPOTHETICAL_ZH = chinese("zh", "hypothetical")
_SEATING = words("en", "seating")
_MINE = re.compile(rf"\b(?:my|our|i|i'm|we|me)\b|我|{PERSONA}")


def places_in(text: str) -> list[str]:
    """The names of places in a text, each once, in order."""
    return list(dict.fromkeys(match.group() for match in _PLACE.finditer(fold(text).lower)))


def is_place(name: str) -> bool:
    """Whether a name is that of a place: ``San Francisco Bay Area``, ``North America``."""
    left = _PLACE.sub(" ", fold(name).lower)
    return not _GEOGRAPHIC.sub(" ", left).strip(" -.")


def elsewhere(said: Said, own: frozenset[str]) -> Origin | None:
    """A seat of the maker in a country that is not one of ``own``, said of the speaker or asked for."""
    if not own:
        return None
    is_chinese = CJK.search(said.text) is not None
    lair = _LAIR_ZH if is_chinese else _LAIR
    sits = _SITS_ZH.search(said.text) if is_chinese else _sits(said.text)
    if sits is None and _asks_place(said) and said.place <= 1:
        nowhere = lair.search(said.text)
        if nowhere and not _names(said.text) and not HYPOTHETICAL.search(said.text):
            return said.origin(*nowhere.span(), NOWHERE)
        sits = _ANYWHERE.match(said.text) if _is_bare(said.text) else None
    if sits is None or not _is_of_speaker(said):
        return None
    nowhere = lair.search(said.text, sits.start())
    first = nowhere or _PLACE.search(said.text, sits.start())
    if _is_vague(said.text, first.start() if first else len(said.text), is_chinese):
        return None
    if nowhere and not _names(said.text):
        return said.origin(*nowhere.span(), NOWHERE)
    return _abroad(said, sits.start(), own)


def _sits(text: str) -> re.Match[str] | None:
    """The words that seat somebody, in English; most sentences hold none of them."""
    return _SITS.search(text) if any(word in text for word in _SEATING) else None


def _asks_place(said: Said) -> bool:
    return said.question.about_self and said.question.topic == "place"


def _names(text: str) -> bool:
    return bool(set(text) & {FOREIGN, OWN})


def _is_bare(text: str) -> bool:
    """Whether a sentence is nothing but names of places."""
    rest, places = _PLACE.subn(" ", text)
    return bool(places) and not _GEOGRAPHIC.sub(" ", rest).strip(" -.,!。:*(){}[]")


def _is_of_speaker(said: Said) -> bool:
    """Whether the seat is that of the speaker's maker, not of a maker that is named."""
    if _names(said.text) and "我" not in said.text and " my " not in f" {said.text}":
        return False
    return _MINE.search(said.text) is not None or (_asks_place(said) and said.place <= 2)


def _is_vague(text: str, place: int, is_chinese: bool) -> bool:
    """A supposition, by what stands before the place, or people from all over the world."""
    if (_HYPOTHETICAL_ZH if is_chinese else HYPOTHETICAL).search(text, 0, place):
        return True
    return bool(_WORLDWIDE.search(text)) and not _SEAT.search(text) and not _MAINLY.search(text)


def _abroad(said: Said, start: int, own: frozenset[str]) -> Origin | None:
    found = [(_COUNTRY[match.group()], match) for match in _PLACE.finditer(said.text, start)]
    codes = {code for code, _ in found}
    if not codes or codes & own or len(codes) > (2 if _BASED.search(said.text) else 1):
        return None
    return Origin(*found[0][1].span(), found[0][1].group(), "places its maker in another country")


@lru_cache(maxsize=256)
def countries(identity: Identity) -> frozenset[str]:
    """ISO codes of where the target comes from: by its card, or by what the lexicon knows of its maker."""
    codes = {_COUNTRY[name] for country in identity.country if (name := fold(country).lower) in _COUNTRY}
    maker = maker_of(identity.maker) if not codes else None
    return frozenset(codes or (makers[maker].country if maker else ()))
