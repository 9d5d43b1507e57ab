"""Not worse than a baseline by more than delta, as soon as the answers carry it.

Two bets are averaged (:mod:`distill_tests.inference.eprocess`): one on the differences D = new - old, cell
by cell, as (1 + D) / 2 against (1 + delta) / 2, which is quick where both models fail on the same cells;
and one on the new values against the mean of the baseline plus delta, which is quick where they do not.
The baseline is known on the whole set.  The mean of two e-values is an e-value, however they depend on each
other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from distill_tests.inference.eprocess import Bet, least_refuted
from distill_tests.inference.sequential import SPENT, UNIT, Bounds, Evidence, Verdict, agreeing, units

_NOISE = 1e-12
"""A difference this little above delta is at delta."""


class NonInferiority:
    """The verdict on "mean(new) - mean(old) is at most ``delta``", one new value at a time.

    ``baseline``: the old value of every cell of the declared set, in [0, 1], in the order in which the new
    ones will come, which must be random.  Raises ValueError for an empty or incomplete baseline, for delta
    outside [-1, 1] and alpha outside (0, 1).  ``alpha_fail`` as in
    :class:`~distill_tests.inference.sequential.SequentialGate`.
    """

    def __init__(
        self,
        baseline: Sequence[float],
        delta: float,
        alpha: float = 0.05,
        *,
        alpha_fail: float | None = None,
    ) -> None:
        alpha_fail = alpha if alpha_fail is None else alpha_fail
        _check(baseline, delta, (alpha, alpha_fail))
        self.delta = float(delta)
        self.n = 0
        """How many new values came, None among them."""
        self.missing = 0
        self._old = tuple(map(float, baseline))
        self._units = -sum(map(units, self._old))
        size, old_mean = len(self._old), math.fsum(self._old) / len(self._old)
        self._passing = _Difference(self.delta, old_mean, size, SPENT * alpha)
        self._failing = _Difference(-self.delta, 1.0 - old_mean, size, SPENT * alpha_fail)
        self.decision: Verdict = "pass" if self._sure().upper <= self.delta + _NOISE else "undecided"

    def add(self, new: float | None) -> Verdict:
        """The decision after the new value of the next cell, in [0, 1], or None for no usable reply.

        Raises ValueError for other values, after the decision, and for more values than the baseline has.
        """
        if new is not None and not 0.0 <= new <= 1.0:
            raise ValueError(f"the value {new} is outside 0..1")
        if self.decision != "undecided":
            raise ValueError(f"the gate decided after {self.n} values; later ones do not count")
        if self.n == len(self._old):
            raise ValueError(f"more values than the {len(self._old)} cells of the baseline")
        old = self._old[self.n]
        self.n += 1
        if new is None:
            self.missing += 1
        else:
            self._units += units(new)
        self._passing.add(1.0 if new is None else new, old)
        self._failing.add(1.0 if new is None else 1.0 - new, 1.0 - old)
        sure = self._sure()
        if self._passing.refuted or sure.upper <= self.delta + _NOISE:
            self.decision = "pass"
        elif self._failing.refuted or sure.lower > self.delta + _NOISE:
            self.decision = "fail"
        return self.decision

    @property
    def evidence(self) -> Evidence:
        """The e-values now, for the differences and the threshold together."""
        sure = self._sure()
        return Evidence(
            passing=math.inf if sure.upper <= self.delta + _NOISE else self._passing.capital,
            failing=math.inf if sure.lower > self.delta + _NOISE else self._failing.capital,
        )

    def bounds(self) -> Bounds:
        """The bounds of mean(new) - mean(old) now, one-sided each, within what logic leaves open."""
        sure = self._sure()
        upper = self._passing.bound(sure.lower, sure.upper)
        lower = -self._failing.bound(-sure.upper, -sure.lower) - _NOISE
        return agreeing(max(lower, sure.lower), min(upper, sure.upper), self.decision, self.delta)

    def _sure(self) -> Bounds:
        """Between what the difference must lie."""
        known, unknown = self._units / UNIT, len(self._old) - self.n + self.missing
        return Bounds(known / len(self._old), (known + unknown) / len(self._old))


class _Difference:
    """Evidence that mean(new) - mean(old) is below ``delta``."""

    def __init__(self, delta: float, old_mean: float, size: int, alpha: float) -> None:
        self.capital = 1.0
        self.refuted = False
        self._delta, self._old_mean, self._goal = delta, old_mean, 1.0 / alpha
        self._paired = Bet((1.0 + delta) / 2.0, size, alpha, capped=False)
        self._alone = Bet(old_mean + delta, size, alpha, capped=False)

    def add(self, new: float, old: float) -> None:
        self._paired.add((1.0 + new - old) / 2.0)
        self._alone.add(new)
        self.capital = (self._paired.capital + self._alone.capital) / 2.0
        self.refuted = self.refuted or self.capital >= self._goal

    def bound(self, low: float, high: float) -> float:
        """As of :class:`~distill_tests.inference.eprocess.Bet`, for the difference."""
        if self.refuted:
            high = min(high, self._delta)
        else:
            low = max(low, self._delta)
        return least_refuted(self._refutes, low, high)

    def _refutes(self, delta: float) -> bool:
        paired = self._paired.capitals((1.0 + delta) / 2.0)
        alone = self._alone.capitals(self._old_mean + delta)
        return any((a + b) / 2.0 >= self._goal for a, b in zip(paired, alone, strict=True))


def _check(baseline: Sequence[float | None], delta: float, risks: Sequence[float]) -> None:
    if not baseline:
        raise ValueError("the baseline is empty")
    for old in baseline:
        if old is None or not 0.0 <= old <= 1.0:
            raise ValueError(f"the baseline has a value {old}; every cell needs one in 0..1")
    if not -1.0 <= delta <= 1.0:
        raise ValueError(f"delta {delta} is outside -1..1")
    for risk in risks:
        if not 0.0 < risk < 1.0:
            raise ValueError(f"alpha {risk} is not between 0 and 1")
