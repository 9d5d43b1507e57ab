"""What a baseline answered, case by case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from distill_tests.gates.cells import case_values
from distill_tests.types import Case, Outcome, Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The judged answers of a baseline by case id; ``name`` says in words whose they are."""

    name: str
    outcomes: Mapping[str, Outcome]

    def values(
        self, case_id: str, cell: Callable[[Trial], float | None], *, repeats: int
    ) -> tuple[float, ...]:
        """The cells of one case; raises ValueError where the baseline lacks one: it must be complete."""
        outcome = self.outcomes.get(case_id)
        if outcome is None:
            raise ValueError(f"the baseline {self.name} has no answer to case {case_id!r}")
        found = case_values(outcome, cell, repeats=repeats)
        known = tuple(value for value in found if value is not None)
        if len(known) < len(found):
            raise ValueError(f"the baseline {self.name} has no score for case {case_id!r}")
        return known


def measured_outcomes(name: str, outcomes: Iterable[Outcome]) -> Measured:
    """The baseline that these outcomes are."""
    return Measured(name=name, outcomes={outcome.case.id: outcome for outcome in outcomes})


def unscored(
    measured: Measured, cases: Iterable[Case], cell: Callable[[Trial], float | None], *, repeats: int
) -> list[str]:
    """The ids of the cases for which the baseline has not every cell."""
    absent = []
    for case in cases:
        try:
            measured.values(case.id, cell, repeats=repeats)
        except ValueError:
            absent.append(case.id)
    return absent
