"""Explanations that belong to another question than the one they stand beside."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from distill_tests.exams.items import Item

LITTLE: Final = 0.12
"""Below this share of an explanation's words in its own item the two have little to do with each other."""
NOTHING: Final = 0.05
MUCH: Final = 0.3
NEIGHBOURS: Final = 10
"""Rows up and down among which the question of a shifted explanation is looked for."""
LEAST_IN_A_BLOCK: Final = 3
_STATED: Final = re.compile(
    r"(?:故选|应选|本题选|答案(?:应)?(?:选|为|是|:)|故答案|正确(?:答案|选项)(?:为|是)|所以选|因此选|"
    r"\b(?:answer|choice|option)\s+(?:is|must be)\s*:?|\bchoose\b)\s*(?:选项)?[\s:(]*([A-Z])(?![A-Za-z])",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[\u3400-\u9fff]+|[a-z]{4,}|\d+(?:\.\d+)?")
_COMMON: Final = frozenset(
    {
        *("that", "this", "with", "which", "from", "have", "been", "they", "their", "there", "were", "what"),
        *("when", "where", "will", "would", "should", "could", "because", "these", "those", "than", "then"),
        *("answer", "correct", "option", "choice", "question", "therefore", "does", "following"),
    }
)
"""Words that explanations have in common, whatever they explain."""


def shifted(items: Sequence[Item]) -> Iterator[int]:
    """Indices of items whose explanation is another item's.

    It names another letter than the answer and shares little with its item; or it shares nothing with it in a
    block of explanations most of which do so; or it shares little with its own item and much with a
    neighbour.
    """
    blocks: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, item in enumerate(items):
        if item.explanation:
            blocks[item.task, item.split].append(number)
    for numbers in blocks.values():
        yield from (numbers[index] for index in _in_block([items[number] for number in numbers]))


def _in_block(block: Sequence[Item]) -> Iterator[int]:
    own = [_words(" ".join((item.question, *item.options.values()))) for item in block]
    told = [_words(item.explanation or "") for item in block]
    shares = [_share(words, of) for words, of in zip(told, own, strict=True)]
    against = [
        share < LITTLE and stated_letter(item.explanation or "") not in (None, item.answer)
        for item, share in zip(block, shares, strict=True)
    ]
    is_mostly_wrong = sum(against) >= max(LEAST_IN_A_BLOCK, len(block) / 2)
    for index, share in enumerate(shares):
        near = range(max(0, index - NEIGHBOURS), min(len(block), index + NEIGHBOURS + 1))
        is_a_neighbours = share < LITTLE and any(_share(told[index], own[other]) >= MUCH for other in near)
        if against[index] or is_a_neighbours or (is_mostly_wrong and share < NOTHING):
            yield index


def stated_letter(explanation: str) -> str | None:
    """The letter that an explanation ends up with, in Chinese or English; None where it states none."""
    found = _STATED.findall(unicodedata.normalize("NFKC", explanation))
    return found[-1].upper() if found else None


def _words(text: str) -> frozenset[str]:
    """Pairs of Chinese characters, words of four letters and more, numbers."""
    found: set[str] = set()
    for run in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        if run[0] >= "\u3400":
            found.update(run[start : start + 2] for start in range(max(1, len(run) - 1)))
        elif run not in _COMMON:
            found.add(run)
    return frozenset(found)


def _share(words: frozenset[str], of: frozenset[str]) -> float:
    return len(words & of) / len(words) if words else 1.0
