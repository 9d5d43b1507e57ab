"""Mutators that need no model: framings put together, sentences crossed, reworded, added, dropped."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple, TypeAlias

from distill_tests.search.draws import Draws
from distill_tests.search.sentences import joined, sentences
from distill_tests.search.templates import PLACEHOLDER
from distill_tests.search.wording import wording

_PHRASE: Final = re.compile(r"[^,;:，；：、]+(?:[,;:，；：、]+\s*)?|[,;:，；：、]+\s*")
_MOST_WORDS: Final = 3
"""As many words a paraphrase exchanges, at most."""


class Material(NamedTuple):
    """What a mutator works on: the parent's template, its language, and a partner's template if any."""

    template: str
    language: str
    other: str | None


Mutator: TypeAlias = Callable[[Material, Draws], str | None]
"""A new template, or None where there is nothing to change in this way."""


def compose(material: Material, draws: Draws) -> str | None:
    """Two framings nested in each other, or what the partner says put ahead of the parent."""
    if material.other is None:
        return None
    way = draws.below(3)
    if way == 0:
        return _nested(material.template, material.other)
    if way == 1:
        return _nested(material.other, material.template)
    scene = [part for part in sentences(material.other) if PLACEHOLDER not in part]
    return joined([*scene, material.template]) if scene else _nested(material.other, material.template)


def splice(material: Material, draws: Draws) -> str | None:
    """The parent's first sentences and the partner's last ones, with exactly one placeholder."""
    if material.other is None:
        return None
    ours, theirs = sentences(material.template), sentences(material.other)
    parts = ours[: draws.below(len(ours)) + 1] + theirs[draws.below(len(theirs)) :]
    asking = [place for place, part in enumerate(parts) if PLACEHOLDER in part]
    if not asking:
        return joined([*parts, *(part for part in ours if PLACEHOLDER in part)])
    return joined(part for place, part in enumerate(parts) if place not in asking[:-1])


def paraphrase(material: Material, draws: Draws) -> str | None:
    """Some words exchanged for others; at times two sentences in another order, or another tone."""
    text = _with_other_words(material.template, material.language, draws)
    if draws.below(3) == 0:
        text = _with_two_swapped(text, draws)
    if text == material.template or draws.below(3) == 0:
        tone = draws.pick(wording(material.language).tones)
        text = joined(part if part != "{text}" else text for part in re.split(r"(\{text\})", tone))
    return text


def lead_in(material: Material, draws: Draws) -> str | None:
    """One or two sentences from the list in front."""
    ahead = draws.chosen(wording(material.language).lead_ins, 1 + draws.below(2))
    return joined([*ahead, material.template])


def drop(material: Material, draws: Draws) -> str | None:
    """Without some of its sentences; of a single one, without some of its phrases."""
    parts = sentences(material.template)
    if len(parts) < 2:
        parts = _PHRASE.findall(material.template)
    removable = [place for place, part in enumerate(parts) if PLACEHOLDER not in part]
    if not removable:
        return None
    dropped = set(draws.chosen(removable, 1 + draws.below(len(removable))))
    return joined(part for place, part in enumerate(parts) if place not in dropped)


MUTATORS: Final[Mapping[str, Mutator]] = {
    "compose": compose,
    "splice": splice,
    "paraphrase": paraphrase,
    "lead-in": lead_in,
    "drop": drop,
}


def _nested(outer: str, inner: str) -> str:
    """``inner`` where the last placeholder of ``outer`` stands."""
    before, _, after = outer.rpartition(PLACEHOLDER)
    return f"{before}{inner}{after}"


def _with_two_swapped(text: str, draws: Draws) -> str:
    """Two neighbouring sentences change places."""
    parts = sentences(text)
    if len(parts) < 2:
        return text
    place = draws.below(len(parts) - 1)
    parts[place : place + 2] = parts[place + 1], parts[place]
    return joined(parts)


def _with_other_words(text: str, language: str, draws: Draws) -> str:
    """Up to three words or phrases exchanged for one that may stand for them."""
    places = list(_words(language).finditer(text))
    if not places:
        return text
    chosen = draws.chosen(places, 1 + draws.below(_MOST_WORDS))
    for found in reversed(chosen):
        others = _others(language)[found[0].lower()]
        text = text[: found.start()] + _written_like(found[0], draws.pick(others)) + text[found.end() :]
    return text


def _written_like(old: str, new: str) -> str:
    return new[0].upper() + new[1:] if old[0].isupper() else new


@cache
def _others(language: str) -> Mapping[str, Sequence[str]]:
    """What may stand for each word, the word itself left out."""
    return {
        word: tuple(other for other in group if other != word)
        for group in wording(language).synonyms
        for word in group
    }


@cache
def _words(language: str) -> re.Pattern[str]:
    """Finds any word that has others; never inside a placeholder, of English whole words only."""
    words = "|".join(re.escape(word) for word in sorted(_others(language), key=len, reverse=True))
    edges = (r"(?<![\w{])", r"(?![\w}])") if language == "en" else (r"(?<![{])", "")
    return re.compile(f"{edges[0]}(?:{words}){edges[1]}", re.IGNORECASE)
