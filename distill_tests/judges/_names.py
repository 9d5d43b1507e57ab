"""Names in an answer: the target's own and foreign ones, masked so that rules see only which is which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from distill_tests.judges._marks import FOREIGN, OWN, PERSONA, Masked, Named
from distill_tests.judges._origin import EARLY, has_cue
from distill_tests.judges._voices import Sentence
from distill_tests.judges._words import words
from distill_tests.lexicon import Folded, Mention, find_names, fold, maker_of, name_regex, own_makers
from distill_tests.types import Identity, Relation


class Owns(NamedTuple):
    """The target's own names: makers of the lexicon, names on its card and a regex for those."""

    makers: frozenset[str]
    names: frozenset[str]
    regex: re.Pattern[str]


@lru_cache(maxsize=256)
def own_names(identity: Identity) -> Owns:
    names = (identity.maker, identity.name, *identity.former, *identity.aliases)
    folded = frozenset(lower for name in names if (lower := fold(name).lower.strip()))
    return Owns(own_makers(identity), folded, name_regex(folded))


@lru_cache(maxsize=256)
def accepted_makers(identity: Identity) -> frozenset[str]:
    def makers_in(relation: Relation) -> Iterable[str | None]:
        return (maker_of(name) for name in (relation.model, relation.maker) if name)

    return frozenset(maker for relation in identity.accept for maker in makers_in(relation) if maker)


class Mentioned(NamedTuple):
    start: int
    end: int
    mask: str
    mention: Mention | None


def mentions_in(folded: Folded, owns: Owns) -> list[Mentioned]:
    """Names in the answer from left to right, each the target's own or a foreign one."""
    found = [
        Mentioned(one.start, one.end, OWN if one.maker in owns.makers else FOREIGN, one)
        for one in find_names(folded)
    ]
    if any(name in folded.lower for name in owns.names):
        matches = owns.regex.finditer(folded.lower)
        found += [Mentioned(match.start(), match.end(), OWN, None) for match in matches]
    return _disjoint(found)


def _disjoint(found: list[Mentioned]) -> list[Mentioned]:
    """From left to right; where two overlap the longer one, or the target's own."""
    found.sort(key=lambda one: (one.start, -one.end, one.mask != OWN))
    kept: list[Mentioned] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
        elif one.end > kept[-1].end and one.start == kept[-1].start:
            kept[-1] = one
    return kept


def masked_sentences(
    sentences: list[Sentence],
    mentions: list[Mentioned],
    personas: Sequence[str],
) -> Iterator[Masked]:
    index = 0
    for sentence in sentences:
        while index < len(mentions) and mentions[index].start < sentence.start:
            index += 1
        inside = []
        while index < len(mentions) and mentions[index].end <= sentence.end:
            inside.append(mentions[index])
            index += 1
        cue = has_cue(sentence.text)
        if inside or cue or sentence.place < EARLY:
            yield _mask(sentence, inside, personas, cue=cue)


def _mask(sentence: Sentence, inside: list[Mentioned], personas: Sequence[str], *, cue: bool) -> Masked:
    pieces: list[str] = []
    names: list[Named] = []
    length, last = 0, 0
    for one in inside:
        start, end = one.start - sentence.start, one.end - sentence.start
        if not sentence.text[start:end].strip():
            continue
        piece = _unstarred(sentence.text[last:start])
        pieces += [piece, one.mask]
        length += len(piece)
        maker = one.mention.maker if one.mention else "own"
        is_model = bool(one.mention and one.mention.model)
        names.append(
            Named(length, one.start, one.end, maker, is_model, bool(one.mention and one.mention.weak))
        )
        length += 1
        last = end
    pieces.append(_unstarred(sentence.text[last:]))
    text = "".join(pieces)
    for persona in personas:
        if persona in text:
            text = _without(persona, text)
    return Masked(text, tuple(names), sentence, cue)


def _without(persona: str, text: str) -> str:
    """``text`` with a persona's name masked, as long as before; a name in letters only as a whole word."""
    mask = PERSONA + " " * (len(persona) - 1)
    at = text.find(persona)
    while at >= 0:
        end = at + len(persona)
        if not (_joins(text, at - 1, persona[0]) or _joins(text, end, persona[-1])):
            text = text[:at] + mask + text[end:]
        at = text.find(persona, end)
    return text


def _joins(text: str, place: int, edge: str) -> bool:
    """Whether the character at ``place`` makes one word with the character at a name's edge."""
    if not 0 <= place < len(text) or edge >= "\u2e80":
        return False
    return text[place].isalnum() and text[place] < "\u2e80"


def _unstarred(text: str) -> str:
    for mark in "*_`#":
        text = text.replace(mark, " ")
    return text.replace("developer mode", "a certain mode")


_PERSONA_IN_FRAMING = re.compile(
    r"(?:named|called|known as|act(?:ing)? as|role of|role-?play as|playing|simulate|"
    r"you are|you're|i am|i'm|become|persona of|being|as|model|ai|chatbot|assistant|character)\s+(?:an? |"
    r"the )?[\"“'*]?([A-Z][A-Za-z0-9-]{2,20})\b"
    r"|\b([A-Z][a-z0-9]+[A-Z][A-Za-z0-9]*|[A-Z]{2,}[a-z]+[A-Z]+|[A-Za-z]{3,}GPT)\b"
    r"|(?m:^\W{0,4}([A-Z][A-Za-z0-9-]{2,20})\W{0,3}:)|[\[(]\W{0,2}([A-Z][A-Za-z0-9-]{2,20})\W{0,3}:?[\])]|"
    r"(?:扮演|名为|名叫|叫做|你是)[“\"「]?([A-Za-z0-9\u4e00-\u9fff]{2,10})[”\"」]"
)
_NO_PERSONA = frozenset(words("voices", "no_persona"))


@lru_cache(maxsize=512)
def personas_in(framing: str, owns: Owns) -> tuple[str, ...]:
    """The names that a framing gives the speaker, other than names of real models; the longest first."""
    found = set()
    for match in _PERSONA_IN_FRAMING.finditer(framing[:20_000]):
        name = fold(next(group for group in match.groups() if group)).lower
        if (
            name not in _NO_PERSONA
            and maker_of(name) is None
            and not any(name in own or own in name for own in owns.names)
        ):
            found.add(name)
    return tuple(sorted(found, key=lambda name: (-len(name), name)))


def wide(masked: Masked) -> str:
    """The masked sentence with every mask as long as the name it stands for."""
    if not masked.names:
        return masked.text
    pieces, last = [], 0
    for name in masked.names:
        pieces += [masked.text[last : name.at], masked.text[name.at] * (name.end - name.start)]
        last = name.at + 1
    return "".join([*pieces, masked.text[last:]])
