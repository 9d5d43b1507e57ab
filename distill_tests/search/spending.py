"""What a search has used of its budgets, and whether one of them ends it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from distill_tests.search.nouns import Budget, Judged, several

BARREN_STEPS: Final = 200
"""So many new framings in a row that cannot be used end a search: there is nothing new left to make."""

UNSCORED_IN_A_ROW: Final = 100
"""So many probes in a row without a verdict end a search: the provider or the judge is in trouble."""


class Spending:
    """Counts that only grow."""

    def __init__(self, budget: Budget, clock: Callable[[], float] | None) -> None:
        self._budget, self._clock = budget, clock
        self._started = clock() if clock else 0.0
        self.target_calls = self.mutator_calls = self.steps = 0
        self.probes = self.successes = self.misses = self.unscored = 0
        self.usd = 0.0
        self._barren = self._in_a_row = 0

    @property
    def room(self) -> float:
        """How many more calls may be made, whatever each of them costs."""
        calls = math.inf if self._budget.calls is None else self._budget.calls - self._calls
        if self._budget.usd is None or self._budget.usd_per_call is None:
            return calls
        # In floats 0.3 / 0.1 is a little below 3; three calls fit all the same.
        affordable = math.floor((self._budget.usd - self.usd) / self._budget.usd_per_call + 1e-9)
        return min(calls, max(affordable, 0))

    @property
    def room_for_steps(self) -> float:
        return math.inf if self._budget.steps is None else self._budget.steps - self.steps

    def mutated(self, usd: float) -> None:
        self.mutator_calls += 1
        self.usd += usd

    def probed(self, judged: Judged, mark: bool | None, *, calls: int) -> None:
        self.probes += 1
        self.target_calls += calls
        self.usd += judged.usd
        self.successes += mark is True
        self.misses += mark is False
        self.unscored += mark is None
        self._in_a_row = self._in_a_row + 1 if mark is None else 0

    def stepped(self, *, used: bool) -> None:
        self.steps += 1
        self._barren = 0 if used else self._barren + 1

    def ended(self, least: int) -> str | None:
        """Why the search ends, in words; None: it goes on.  ``least``: calls that a mutant takes."""
        budget = self._budget
        if budget.successes is not None and self.successes >= budget.successes:
            found = several(self.successes, "contradiction")
            return f"{found} found; {budget.successes} wanted"
        if budget.misses is not None and self.misses >= budget.misses:
            return f"{several(self.misses, 'question')} showed none; the budget is {budget.misses}"
        if budget.steps is not None and self.steps >= budget.steps:
            return f"the budget of {several(budget.steps, 'new framing')} is used up"
        if self.room < least:
            return self._out_of_calls()
        if budget.seconds is not None and self._clock and self._clock() - self._started >= budget.seconds:
            return f"the budget of {budget.seconds:g} seconds is used up"
        if self._barren >= BARREN_STEPS:
            return f"{self._barren} new framings in a row could not be used"
        if self._in_a_row >= UNSCORED_IN_A_ROW:
            return f"{self._in_a_row} questions in a row brought no verdict"
        return None

    @property
    def _calls(self) -> int:
        return self.target_calls + self.mutator_calls

    def _out_of_calls(self) -> str:
        budget = self._budget
        if budget.calls is not None and budget.calls - self._calls <= self.room:
            return f"the budget of {several(budget.calls, 'call')} is used up ({self._calls:,} made)"
        return f"the budget of {budget.usd:g} USD is used up ({self.usd:.6g} spent)"
