"""What a reply says about its options: statements, each with letters, a kind and a weight.

Weights: 5 the reply's formal answer (``Final answer:``, boxed, a tag, *therefore the answer is*), 4 it names
its answer, 3 it points at an option or opens with a letter, 2 it calls an option right, 1 perhaps.
"""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from typing import NamedTuple

from distill_tests.judges import _letter_patterns as patterns
from distill_tests.judges._letter_mood import mood_of
from distill_tests.judges._letter_text import Page, is_letter, text_pattern


class Statement(NamedTuple):
    """``kind``: answer, ruled_out or retracted.  ``overrides``: it concludes or corrects what was said.

    ``adds``: it is said of another option as well (*B is also right*).
    """

    start: int
    end: int
    letters: frozenset[str]
    kind: str
    weight: int
    rule: str
    overrides: bool = False
    adds: bool = False


class Found:
    """The statements found on a page so far, and which of its letters they have taken."""

    def __init__(self, page: Page) -> None:
        self.page, self.text = page, page.text
        self.listed = listed(page)
        self.taken = set[int]()
        self.statements = list[Statement]()
        self._ends = list[int]()
        given = list(page.options.values())
        unique = [(letter, text) for letter, text in page.options.items() if text and given.count(text) == 1]
        unique.sort(key=lambda one: -len(one[1]))
        self.texts = [(letter, re.compile(text_pattern(text))) for letter, text in unique]
        """Options by the length of their texts, without texts that several have."""

    def answer(
        self,
        start: int,
        end: int,
        letters: frozenset[str],
        weight: int,
        rule: str,
        *,
        overrides: bool = False,
        said: int | None = None,
        lone: bool = False,
        take: bool = True,
    ) -> None:
        """An answer at ``start`` to ``end``; none where it is a supposition or a question.

        ``lone``: a letter by itself, which a question mark makes a guess; ``take``: no other rule reads it.
        """
        places = self._places(start, end)
        letters |= {self.page.mismatched[one] for one in places if one in self.page.mismatched}
        earlier = bisect_right(self._ends, start)
        previous = self._ends[earlier - 1] if earlier else 0
        mood = mood_of(self.text, start, end, said=end if said is None else said, previous=previous)
        if take or mood.unreal or (mood.asked and not lone):
            self.taken.update(places)
        if mood.unreal or (mood.asked and not lone):
            return
        weight = 1 if mood.maybe else min(weight, 2) if mood.supposed else weight
        weight = 5 if mood.so and weight == 4 else weight
        overrides = (overrides or ((mood.so or mood.corrects) and not mood.also)) and not mood.supposed
        self._add(Statement(start, end, letters, "answer", weight, rule, overrides, mood.also))

    def ruled_out(
        self, start: int, end: int, letters: frozenset[str], rule: str, *, take: bool = True
    ) -> None:
        if take:
            self.taken.update(self._places(start, end))
        self._add(Statement(start, end, letters, "ruled_out", 2, rule))

    def other(self, start: int, end: int, kind: str, letters: frozenset[str], rule: str) -> None:
        """A statement about no option: all is taken back, or none is right."""
        self._add(Statement(start, end, letters, kind, 3, rule, overrides=True))

    def _add(self, statement: Statement) -> None:
        insort(self._ends, statement.end)
        self.statements.append(statement)

    def _places(self, start: int, end: int) -> list[int]:
        return [one for one in range(start, end) if is_letter(self.text[one])]

    def in_order(self) -> list[Statement]:
        return sorted(self.statements, key=lambda one: (one.start, one.end))

    def is_free(self, place: int) -> bool:
        """Whether the letter at ``place`` is no label of a list and not yet part of a statement."""
        return place not in self.listed and place not in self.taken

    def group(self, start: int) -> tuple[frozenset[str], int] | None:
        """The letters that stand at ``start``, as far as they are free, and where they end.

        Of letters joined by commas only the first, where a verdict follows: ``C, A is wrong``.
        """
        value = patterns.VALUE.match(self.text, start)
        if value is None or not self.is_free(start):
            return None
        first, *more = self._places(start, value.end())
        places = [first, *(one for one in more if one not in self.listed)]
        if len(places) > 1 and re.search(r"[,，;]", self.text[first + 1 : places[1]]):
            after = self.text[places[-1] + 1 : places[-1] + 60]
            places = places[:1] if patterns.JUDGED_AFTER.match(after) else places
        return frozenset(self.page.letter(self.text[one]) for one in places), places[-1] + 1

    def option_at(self, place: int) -> tuple[str, int] | None:
        """The option whose text stands at ``place``, and where the text ends."""
        for letter, pattern in self.texts:
            if match := pattern.match(self.text, place):
                return letter, match.end()
        return None


def listed(page: Page) -> frozenset[int]:
    """Where the letters of lists of options stand: labels that follow each other as letters do."""
    text = page.text
    plain = {match.start("x") for match in patterns.LINE_LABEL.finditer(text)}
    plain |= {match.start("x") for match in patterns.INLINE_LABEL.finditer(text) if match["x"]}
    inline = {match.start("y") for match in patterns.INLINE_LABEL.finditer(text) if match["y"]} - plain
    found, run = set[int](), list[int]()
    for place in sorted(plain | inline):
        run = [*run, place] if run and _follows(text, run[-1], place) else [place]
        if len(run) >= (3 if inline.intersection(run) else 2):
            found.update(run)
    return frozenset(found)


def _follows(text: str, before: int, place: int) -> bool:
    same_form = (text[place + 1 : place + 2] or "\n") == text[before + 1 : before + 2]
    said = patterns.SAID_BEFORE.search(text[max(0, place - 24) : place]) is not None
    return same_form and not said and ord(text[place]) == ord(text[before]) + 1
