"""What is wrong with a file, and what was put right: collected, so that everything is said at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from distill_tests.display import visible
from distill_tests.errors import Problem
from distill_tests.types import Place

MOST_LISTED: Final = 100
"""Problems listed of one file; the others are counted."""
MOST_COUNTED: Final = 10_000
"""With more problems than that, the rest of the file is not read."""
LONGEST_SHOWN: Final = 60


@dataclass(slots=True)
class Findings:
    """Problems and notes of one file.  In a table the column of a place counts cells, from 1."""

    path: str
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    unlisted: int = 0

    def wrong(self, line: int, column: int, what: str, allowed: str | None = None) -> None:
        """A mistake: the file is refused, when all of them are known."""
        if len(self.problems) < MOST_LISTED:
            self.problems.append(Problem(place=self._place(line, column), what=what, allowed=allowed))
        else:
            self.unlisted += 1

    @property
    def is_enough(self) -> bool:
        """Whether there are so many problems that nothing more is to be learnt of the file."""
        return self.unlisted > MOST_COUNTED

    def put_right(self, line: int, column: int, what: str) -> None:
        """Something that was read other than as it stands."""
        if len(self.notes) < MOST_LISTED:
            self.notes.append(Problem(place=self._place(line, column), what=what))

    def all_problems(self) -> list[Problem]:
        """The problems by line, and how many more there are."""
        listed = sorted(self.problems, key=lambda one: (one.place.line, one.place.column))
        if self.unlisted:
            place = listed[-1].place
            rest = "; the rest of it was not read" if self.is_enough else ""
            listed.append(Problem(place=place, what=f"{self.unlisted:,} more problems in this file{rest}"))
        return listed

    def _place(self, line: int, column: int) -> Place:
        return Place(path=self.path, line=line, column=column)


def quoted(text: str) -> str:
    """``text`` in quotation marks, cut, with what acts or hides made visible."""
    cut = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
    return f"'{visible(cut)}'"
