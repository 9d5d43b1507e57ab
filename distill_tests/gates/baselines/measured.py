"""What a baseline answered, case by case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from distill_tests.gates.cells import case_values
from distill_tests.types import Case, Outcome, Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The judged answers of a baseline by case id; ``name`` says in words whose they are.

    ``trouble``: why the first of the answers that are lacking is; only a control may lack any.
    """

    name: str
    outcomes: Mapping[str, Outcome]
    may_lack: bool = False
    trouble: str = ""

    def values(
        self, case_id: str, cell: Callable[[Trial], float | None], *, repeats: int
    ) -> tuple[float | None, ...]:
        """The cells of one case, None where one is lacking; raises ValueError where none may be."""
        outcome = self.outcomes.get(case_id)
        if self.may_lack:
            return case_values(outcome, cell, repeats=repeats) if outcome else (None,) * repeats
        if outcome is None:
            raise ValueError(f"the baseline {self.name} has no answer to case {case_id!r}")
        found = case_values(outcome, cell, repeats=repeats)
        known = tuple(value for value in found if value is not None)
        if len(known) < len(found):
            raise ValueError(f"the baseline {self.name} has no score for case {case_id!r}")
        return known


def measured_outcomes(
    name: str, outcomes: Iterable[Outcome], *, may_lack: bool = False, trouble: str = ""
) -> Measured:
    """The baseline that these outcomes are."""
    found = {outcome.case.id: outcome for outcome in outcomes}
    return Measured(name=name, outcomes=found, may_lack=may_lack, trouble=trouble)


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
