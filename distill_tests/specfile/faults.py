"""From what a check found to problems with places, over a document and the packs it includes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from distill_tests.errors import Problem, SpecError, UnknownName
from distill_tests.specfile.breach import Fault
from distill_tests.specfile.wording import choice, shown, wide_in_name
from distill_tests.specfile.yamltext import Document
from distill_tests.types import Pointer

MOST_PROBLEMS: Final = 1000
"""Nobody mends more at once."""


class Sheet:
    """The problems of one document, noted pointer by pointer."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = list(document.problems)

    @property
    def is_full(self) -> bool:
        return len(self.problems) >= MOST_PROBLEMS

    def note(
        self, at: Pointer, what: str, *, got: str | None = None, allowed: str | None = None, key: bool = False
    ) -> None:
        if self.is_full:
            return
        place = self.document.place(at, key=key)
        self.problems.append(Problem(place=place, what=what, got=got, allowed=allowed))

    def take(self, faults: Sequence[Fault]) -> None:
        """Notes the faults, but not those inside what stands behind a wrong key."""
        wrong_keys = {fault.at for fault in faults if fault.key}
        for fault in faults:
            inner = not fault.key and any(fault.at[:end] in wrong_keys for end in range(len(fault.at) + 1))
            if not inner:
                self._note_fault(fault)

    def _note_fault(self, fault: Fault) -> None:
        self.note(fault.at, fault.what, got=fault.got, allowed=fault.allowed, key=fault.key)

    def unknown_name(self, at: Pointer, error: UnknownName) -> None:
        """A registered thing that does not exist, with the near misses."""
        wide = wide_in_name(error.name)
        if wide is not None:
            self.note(at, wide[0], allowed=wide[1])
        else:
            self.note(
                at, f"unknown {error.what} {shown(error.name)}", allowed=choice(error.name, error.known)
            )

    def unknown_gate(self, name: str, error: UnknownName) -> None:
        """A gate that is named after no statistic."""
        what = f"gate {shown(name)} is named after no statistic"
        allowed = f"{choice(name, error.known)} (or name one under 'statistic')"
        self.note(("gates", name), what, allowed=allowed, key=True)

    def raise_if_any(self) -> None:
        if self.problems:
            raise SpecError(in_order(self.problems, first=self.document.path))


def in_order(problems: Iterable[Problem], *, first: str = "") -> list[Problem]:
    """Each problem once, by place; those of the file ``first`` before those of others."""
    unique = {str(problem): problem for problem in problems}.values()
    return sorted(
        unique, key=lambda one: (one.place.path != first, one.place.path, one.place.line, one.place.column)
    )
