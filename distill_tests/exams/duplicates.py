"""Items that are one and the same, or nearly: within a split and across splits, with options in any order.

Two items are near if their questions with options share 80 % of their pieces of four characters *and* so do
their options alone: a stem with other options, or about another image, is another item.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from math import ceil
from typing import Final, NamedTuple

from distill_tests.exams.items import Item
from distill_tests.exams.matching import same_text
from distill_tests.types import Image

GRAM: Final = 4
NEAR: Final = 0.8
OTHER_ENOUGH: Final = 0.5
"""Two questions whose differing stretches have less than this share in common ask different things."""
LONG_STRETCH: Final = 10
IN_COMMON: Final = 6
"""Rare pieces that two items must share to be compared: the more, the fewer are compared in vain."""
LONGEST_COMPARED: Final = 4000
"""Characters of a text whose pieces are compared; the rest of a longer one is not."""


class Likeness(StrEnum):
    """How two items are alike."""

    SAME = "same"
    REORDERED = "reordered"
    NEAR = "near"


class Duplicate(NamedTuple):
    """Two items, the earlier one first; ``similarity`` is the share of pieces in common, 0 to 1."""

    first: Item
    second: Item
    likeness: Likeness
    similarity: float

    @property
    def crosses_splits(self) -> bool:
        return self.first.split != self.second.split


class _Text(NamedTuple):
    """An item as it is compared."""

    question: str
    options: tuple[str, ...]
    images: tuple[Image, ...]
    grams: frozenset[str]
    option_grams: frozenset[str]


def duplicates(items: Sequence[Item], *, at_least: float = NEAR) -> list[Duplicate]:
    """Every item that repeats an earlier one, with the earliest that it repeats; in the order of ``items``.

    ``at_least``: the similarity from which two are near, in (0, 1].  Items without a question are left out.
    """
    if not 0 < at_least <= 1:
        raise ValueError(f"at_least must be above 0 and at most 1 (got {at_least})")
    texts = {number: _text(item) for number, item in enumerate(items) if same_text(item.question)}
    firsts: dict[tuple[str, tuple[str, ...], tuple[Image, ...]], int] = {}
    found: list[tuple[int, Duplicate]] = []
    for number, text in texts.items():
        first = firsts.setdefault((text.question, tuple(sorted(text.options)), text.images), number)
        if first != number:
            in_order = texts[first].options == text.options
            likeness = Likeness.SAME if in_order else Likeness.REORDERED
            found.append((number, Duplicate(items[first], items[number], likeness, 1.0)))
    near = _near({number: texts[number] for number in firsts.values()}, at_least)
    found += [
        (second, Duplicate(items[first], items[second], Likeness.NEAR, similarity))
        for second, (first, similarity) in near.items()
    ]
    return [duplicate for _, duplicate in sorted(found, key=lambda one: one[0])]


def _text(item: Item) -> _Text:
    question = same_text(item.question)
    options = tuple(same_text(text) for text in item.options.values())
    of_options = frozenset(gram for option in options for gram in grams(option))
    return _Text(question, options, item.images, of_options | grams(question), of_options)


def grams(text: str) -> frozenset[str]:
    """The pieces of four characters of a text; a shorter one is a piece of its own."""
    cut = text[:LONGEST_COMPARED]
    if len(cut) <= GRAM:
        return frozenset({cut}) if cut else frozenset()
    return frozenset(cut[start : start + GRAM] for start in range(len(cut) - GRAM + 1))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """What two sets have in common as a share of all they hold; 1 for two empty ones."""
    common = len(one & other)
    together = len(one) + len(other) - common
    return common / together if together else 1.0


def _near(texts: Mapping[int, _Text], at_least: float) -> dict[int, tuple[int, float]]:
    """By the later one of two near items: the earliest it is near to, and how near."""
    found: dict[int, tuple[int, float]] = {}
    for second, firsts in _candidates(texts, at_least):
        for first in sorted(firsts):
            similarity = _similarity(texts[first], texts[second], at_least)
            if similarity >= at_least:
                found[second] = (first, similarity)
                break
    return found


def _candidates(texts: Mapping[int, _Text], at_least: float) -> Iterator[tuple[int, list[int]]]:
    """Items with the earlier ones that may be near: exact, no pair is missed.

    Two sets with a Jaccard index of t have at least t |x| pieces in common, so of the rarest (1 - t) |x| + n
    pieces of the one and the other at least n (prefix filtering: Bayardo, Ma and Srikant 2007, "Scaling up
    all pairs similarity search"; n above 1: Wang, Li and Feng 2012, "Can we beat the prefix filtering?").
    """
    frequency = Counter(gram for text in texts.values() for gram in text.grams)
    with_gram: dict[str, list[int]] = defaultdict(list)
    for number, text in texts.items():
        size, least = len(text.grams), _share_of(len(text.grams), at_least)
        rarest = sorted(text.grams, key=lambda gram: (frequency[gram], gram))
        prefix = [gram for gram in rarest[: size - least + IN_COMMON] if frequency[gram] > 1]
        shared: Counter[int] = Counter()
        for gram in prefix:
            shared.update(with_gram[gram])
            with_gram[gram].append(number)
        yield (
            number,
            [first for first, count in shared.items() if count >= _needed(texts[first], least, at_least)],
        )


def _needed(first: _Text, least: int, at_least: float) -> int:
    """How many of their rarest pieces two items must share; short ones need fewer."""
    return min(IN_COMMON, least, _share_of(len(first.grams), at_least))


def _share_of(size: int, share: float) -> int:
    """A share of a set as a number of members, rounded up; 0.55 of 100 is 55, whatever floats make of it."""
    return ceil(share * size - 1e-9)


def _similarity(one: _Text, other: _Text, at_least: float) -> float:
    """What two items have in common; 0 where their images, options, or what they ask, are other ones."""
    if one.images != other.images:
        return 0.0
    similarity = jaccard(one.grams, other.grams)
    if similarity < at_least or jaccard(one.option_grams, other.option_grams) < at_least:
        return 0.0
    questions = one.question[:LONGEST_COMPARED], other.question[:LONGEST_COMPARED]
    return 0.0 if _ask_different_things(*questions) else similarity


def _ask_different_things(one: str, other: str) -> bool:
    """Whether two questions, perhaps about one long passage, part where it matters."""
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    here, there = one[start : len(one) - end], other[start : len(other) - end]
    is_long = min(len(here), len(there)) >= LONG_STRETCH
    return is_long and jaccard(grams(here), grams(there)) < OTHER_ENOUGH
