"""A pair of responses to one prompt in numbers, the same whichever of the two stands first."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from itertools import groupby, pairwise
from typing import Final

from distill_tests.resemblance.overlap import (
    Rarity,
    aligned,
    common_order,
    contained,
    cosine,
    dice,
    matched_heads,
    shared,
    weighted_dice,
)
from distill_tests.resemblance.reading import Reading
from distill_tests.resemblance.words import TOKEN, stem

ENDS: Final = 25
"""How many words the beginning and the end of a text have."""
PROMPT_READ: Final = 4_000
_ASKS_FOR_WRITING: Final = re.compile(
    r"\b(?:poem|story|song|lyrics|rap|joke|tweet|caption|slogan|tagline|motto|essay|script|monologue|dialog"
    r"|letter|email|post|review|speech|haiku|plot|acronym|names?|title|idea|brainstorm|roleplay|act as"
    r"|pretend|play the role|persona)"
)
_ASKS_TO_MAKE: Final = re.compile(
    r"\b(?:write|create|compose|come up|generate|suggest|design|make|draft|prepare|recommend|list|provide)\b"
)
_ASKS_A_FACT: Final = re.compile(
    r"(?:what|who|when|where|which|is|are|did|does|do|can|was|were|how (?:many|much|long|old|far|tall))\b"
)
_LAYOUT_SUM: Final = (
    "lines",
    "paragraphs",
    "items",
    "headings",
    "code",
    "bold",
    "words_a_sentence",
    "characters_a_line",
    "exclamations",
    "questions",
    "verse",
    "first_person",
    "second_person",
)


def features(one: Reading, other: Reading, prompt: str, rarity: Rarity) -> dict[str, float]:
    """The numbers the model reads, by name; made so that the order of the two does not matter."""
    asked = prompt[:PROMPT_READ].lower().replace("’", "'")
    given = frozenset(_prompt_stems(asked))
    apart = {name: abs(one.habits[name] - other.habits[name]) for name in one.habits}
    return {
        **_content(one, other, given, rarity),
        **_sequence(one, other, rarity),
        **_manner(one, other, apart),
        **{f"apart_{name}": value for name, value in apart.items()},
        "prompt_length": math.log(len(asked) / 5 + 5),
        "prompt_writing": float(_ASKS_FOR_WRITING.search(asked) is not None),
        "prompt_make": float(_ASKS_TO_MAKE.search(asked) is not None),
        "prompt_fact": float(_ASKS_A_FACT.match(asked) is not None),
    }


def _prompt_stems(asked: str) -> AbstractSet[str]:
    return {stem(word) for word in TOKEN.findall(asked)}


def _content(one: Reading, other: Reading, given: AbstractSet[str], rarity: Rarity) -> Mapping[str, float]:
    """What is said: words, runs of words and of characters, numbers; with and without the prompt's words."""
    every, fresh = (
        shared(one.counts, other.counts, rarity),
        shared(one.counts, other.counts, rarity, given),
    )
    mine, theirs = one.counts.keys() - given, other.counts.keys() - given
    common = rarity.total(mine & theirs)
    echoed = rarity.total(one.counts.keys() & other.counts.keys() & given)
    fewest = min(len(one.counts), len(other.counts))
    return {
        **{f"words_{name}": value for name, value in every._asdict().items()},
        **{f"fresh_{name}": value for name, value in fresh._asdict().items()},
        "words_for_length": every.both - 0.06 * math.log(fewest + 4),
        "fresh_common": math.log1p(common),
        "fresh_common_for_length": common / (fewest + 1) ** 0.8,
        "fresh_own_most": math.log1p(max(rarity.total(mine), rarity.total(theirs)) - common),
        "prompt_common": math.log1p(echoed),
        "fives": dice(one.fives, other.fives),
        "fives_contained": contained(one.fives, other.fives),
        "pairs": dice(one.pairs, other.pairs, 0.0),
        "pairs_contained": contained(one.pairs, other.pairs),
        "numbers": _where_any(one.numbers, other.numbers, 0.2),
        "new_numbers": _where_any(_new(one.numbers, given), _new(other.numbers, given), 0.25),
        "last_number": float(one.last_number == other.last_number),
    }


def _new(numbers: AbstractSet[str], given: AbstractSet[str]) -> AbstractSet[str]:
    """Numbers of three or more digits that the prompt did not hold: seldom a list's own."""
    return {number for number in numbers if len(number) > 2 and number not in given}


def _where_any(one: AbstractSet[str], other: AbstractSet[str], lacking: float) -> float:
    """Dice; ``lacking`` where one side has none, 0.5 where neither has any."""
    return dice(one, other) if bool(one) == bool(other) else lacking


def _sequence(one: Reading, other: Reading, rarity: Rarity) -> Mapping[str, float]:
    """How it is built: sentences and their order, beginnings and ends, lists, thirds, line kinds."""
    match = aligned(one.sentences, other.sentences, rarity)
    ours, theirs = _thirds(one), _thirds(other)
    straight = sum([weighted_dice(a, b, rarity) for a, b in zip(ours, theirs, strict=True)]) / 3
    across = weighted_dice(ours[0], theirs[2], rarity) + weighted_dice(ours[2], theirs[0], rarity)
    kinds, other_kinds = one.layout.kinds, other.layout.kinds
    first, last = _ends(one, other, 0), _ends(one, other, -1)
    start, other_start = one.stems[:ENDS], other.stems[:ENDS]
    return {
        **{f"sentences_{name}": value for name, value in match._asdict().items()},
        "thirds": straight,
        "thirds_in_order": straight - across / 2,
        "first_sentence": weighted_dice(*first, rarity),
        "last_sentence": weighted_dice(*last, rarity),
        "beginning": dice(frozenset(start), frozenset(other_start)),
        "beginning_pairs": dice(
            frozenset(pairwise(start)),
            frozenset(pairwise(other_start)),
            0.0,
        ),
        "end": dice(frozenset(one.stems[-ENDS:]), frozenset(other.stems[-ENDS:])),
        "heads": matched_heads(one.layout.heads, other.layout.heads),
        "line_kinds": common_order(kinds, other_kinds),
        "line_kinds_in_runs": common_order(_runs(kinds), _runs(other_kinds)),
    }


def _ends(one: Reading, other: Reading, at: int) -> tuple[AbstractSet[str], AbstractSet[str]]:
    nothing: frozenset[str] = frozenset()
    return (
        one.sentences[at] if one.sentences else nothing,
        other.sentences[at] if other.sentences else nothing,
    )


def _thirds(reading: Reading) -> list[AbstractSet[str]]:
    size, counts = max(1, len(reading.stems) // 3), reading.counts
    return [{one for one in reading.stems[at * size : (at + 1) * size] if one in counts} for at in range(3)]


def _runs(kinds: str) -> str:
    return "".join(kind for kind, _ in groupby(kinds))


def _manner(one: Reading, other: Reading, apart: Mapping[str, float]) -> Mapping[str, float]:
    """How it is written: genre, punctuation, function words, size."""
    both = sum([a and b for a, b in zip(one.genres, other.genres, strict=True)])
    differ = sum([a != b for a, b in zip(one.genres, other.genres, strict=True)])
    marks = zip(one.punctuation, other.punctuation, strict=True)
    words, other_words = len(one.tokens), len(other.tokens)
    return {
        "genres_both": float(both),
        "genres_differ": float(differ),
        "punctuation": cosine(one.punctuation, other.punctuation),
        "punctuation_apart": sum([abs(a - b) for a, b in marks]),
        "function_words": cosine(one.function_words, other.function_words),
        "layout_apart": sum([min(1.0, apart[name]) for name in _LAYOUT_SUM]),
        "length_ratio": min(words, other_words) / max(1, words, other_words),
        "sentence_ratio": math.exp(-apart["sentences"]),
        "fewest_words": min(one.habits["words"], other.habits["words"]),
        "most_words": max(one.habits["words"], other.habits["words"]),
        "fewest_items": min(one.habits["items"], other.habits["items"]),
    }
