"""What is alike and what is not, in words, and what a pair lies outside of."""

from __future__ import annotations

from collections.abc import Sequence

from distill_tests.resemblance.model import Comparison
from distill_tests.resemblance.overlap import dice
from distill_tests.resemblance.reading import GENRES, LONGEST, Reading
from distill_tests.resemblance.words import FAR_LETTER, HAN, LETTER, OTHER_CJK

LABELS = ((4.5, "very alike"), (3.5, "alike"), (2.5, "partly alike"), (1.5, "unlike"), (0.0, "very unlike"))
ENOUGH_WORDS = 20


def label_of(overall: float) -> str:
    return next(label for least, label in LABELS if overall >= least)


def reason_of(compared: Comparison) -> str:
    """One line: each dimension, then what of genre, length and wording it can be seen by.

    The first text is the test response, the other the reference.
    """
    found, test, reference = compared.likeness, compared.one, compared.other
    parts = [
        f"style {_degree(found.style)}",
        f"logic {_degree(found.logic)}",
        f"content {_degree(found.content)}",
        _genre(test, reference),
        _length(len(test.tokens), len(reference.tokens)),
        f"{round(100 * dice(test.counts.keys(), reference.counts.keys()))} % of the content words are common",
    ]
    return "; ".join(part for part in parts if part)


def _degree(value: float) -> str:
    word = "alike" if value >= 1.5 else "partly alike" if value >= 0.75 else "unlike"
    return f"{word} ({value:.1f} of 2)"


def _genre(test: Reading, reference: Reading) -> str:
    only_test = _named(test.genres, reference.genres)
    only_reference = _named(reference.genres, test.genres)
    if only_test and only_reference:
        return f"the test response is {only_test}, the reference {only_reference}"
    if only_test:
        return f"only the test response is {only_test}"
    if only_reference:
        return f"only the reference is {only_reference}"
    both = _named(test.genres, [False] * len(GENRES))
    return f"both are {both}" if both else ""


def _named(has: Sequence[bool], hasnot: Sequence[bool]) -> str:
    return " and ".join(name for name, a, b in zip(GENRES, has, hasnot, strict=True) if a and not b)


def _length(test: int, reference: int) -> str:
    most, least = max(test, reference), max(1, min(test, reference))
    if most < 1.5 * least:
        return f"of similar length ({test} and {reference} words)"
    return f"the {'test response' if test > reference else 'reference'} is {most / least:.1f} times as long"


def caveats(compared: Comparison) -> list[str]:
    """What the measured agreement does not cover."""
    found = []
    languages = sorted({unmeasured(compared.one), unmeasured(compared.other)} - {""})
    if languages:
        found.append(f"unmeasured for {' and '.join(languages)}")
    if compared.left_out:
        found.append(f"only the first {LONGEST:,} characters of each were compared")
    return found


def unmeasured(reading: Reading) -> str:
    """The language of a text that is not mainly English, as far as letters and common words tell it."""
    text = reading.text
    if not text.isascii():
        letters = len(LETTER.findall(text)) or 1
        han, other = len(HAN.findall(text)), len(OTHER_CJK.findall(text))
        if han + other > 0.3 * letters:
            return "Chinese" if other < 0.1 * (han + other) else "Japanese or Korean"
        if len(FAR_LETTER.findall(text)) > 0.3 * letters:
            return "this script"
    if len(reading.tokens) < ENOUGH_WORDS or "```" in text:
        return ""
    is_prose = reading.layout.item_share < 0.3 and reading.layout.verse < 0.5
    return "languages other than English" if is_prose and reading.habits["function_words"] < 0.1 else ""
