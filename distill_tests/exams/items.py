"""The nouns of an exam: an item with its options, and what is known to be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from distill_tests.errors import Problem
from distill_tests.types import Image, Place

Split: TypeAlias = Literal["dev", "val", "test"]
"""Where an item belongs: shots are taken from dev, val is scored, test is answered and exported."""


class Fault(StrEnum):
    """What is known to be wrong with an item's text; scores are given with and without such items."""

    BLANK_QUESTION = "blank_question"
    MISSING_OPTION = "missing_option"
    EXCEL_CORRUPT = "excel_corrupt"
    DUPLICATE_OPTIONS = "dup_options"
    LEAK = "leak"
    FIGURE_MISSING = "figure_missing"
    MARK_LOST = "mark_lost"
    SHIFTED_EXPLANATION = "shifted_explanation"
    GARBLED_BLANK = "garbled_blank"


COSMETIC: Final = frozenset({Fault.GARBLED_BLANK})
"""Faults that change nothing of what is asked: an item with no other fault counts as clean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question with 2 to 26 options, by letter in their order.

    ``answer`` is a letter of ``options``, None where the file has none (test files).  ``id`` is unique within
    the split of ``task``, which is a subject of a level as the file has it (``high_school_biology``).  An
    option that is missing is an empty text.  ``group``: arts or science.  ``passage``: what several items
    share, hashed or by its id; None: nothing.
    """

    id: str
    task: str
    split: Split
    question: str
    options: Mapping[str, str]
    answer: str | None
    place: Place
    explanation: str | None = None
    level: str | None = None
    subject: str | None = None
    group: str | None = None
    language: str | None = None
    passage: str | None = None
    images: tuple[Image, ...] = ()
    faults: frozenset[Fault] = field(default_factory=frozenset)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is known to be wrong with what is asked."""
        return not self.faults - COSMETIC


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """Items in the order of their files, flagged with their faults.

    ``notes`` say what was put right on reading (an answer with a space, a byte order mark); ``files`` holds
    the SHA-256 of every file that was read, by its path: what pins the data.
    """

    items: tuple[Item, ...]
    notes: tuple[Problem, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
