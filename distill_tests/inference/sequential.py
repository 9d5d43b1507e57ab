"""A verdict on a declared set, as soon as its answers carry it.

Two bets (:mod:`distill_tests.inference.eprocess`) run side by side: against "the mean is above the
threshold", with what has no usable reply counted as 1, and against "the mean is at most the threshold",
with it counted as 0. The first that reaches 1/alpha, and a little more, decides, or logic does: what is not
known cannot change the verdict any more.  P(the verdict differs from that of the whole set) is at most
alpha, for any set; the order of the draws must be random, and it must be that of the plan, not the one in
which answers happen to arrive.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, NamedTuple

from distill_tests.inference.eprocess import Bet

Verdict = Literal["pass", "fail", "undecided"]

_NOISE = 1e-12
"""A mean this little above the threshold is at the threshold: 0.29 x 100 is 29, not 28.999999999999996."""
SPENT = 0.9
"""The share of alpha that the bets spend.  With all of it a set at the threshold is judged wrongly in 4.9 %
of random orders, and no simulation could tell that from 5 %; a tenth less costs 1 % more calls."""
UNIT = 1 << 60
"""Sums are kept in whole numbers of 2^-60, so that they do not depend on the order."""


class Decision(NamedTuple):
    """The verdict, the number of observations it took, and a bound on either side of the mean.

    Each bound is one-sided and errs with probability alpha at most.  "pass" if and only if ``upper`` is at
    most the threshold, "fail" if and only if ``lower`` is above it.
    """

    decision: Verdict
    n_used: int
    lower: float
    upper: float


class Bounds(NamedTuple):
    lower: float
    upper: float


class Evidence(NamedTuple):
    """The e-values for "pass" and for "fail"; infinite where logic decided."""

    passing: float
    failing: float


def decide(
    observations: Iterable[tuple[str, str, float | None]],
    threshold: float,
    pool_size: int | None,
    alpha: float = 0.05,
) -> Decision:
    """Whether the mean of the declared set is at most ``threshold``, from as few observations as it takes.

    ``observations``: (template_id, question_id, value in [0, 1], or None for no usable reply), in random
    order; not one more is taken than is needed.  ``pool_size``: the size of the declared set, or None where
    cells are drawn with replacement, so that they may come again.  "undecided" where observations end
    before, or where what is missing could turn the verdict.

    Raises ValueError for a threshold outside [0, 1], alpha outside (0, 1), an empty set, a value outside
    [0, 1], a cell that comes twice, and more observations than the set has cells.
    """
    gate = SequentialGate(threshold, pool_size, alpha)
    seen: set[tuple[str, str]] = set()
    if gate.decision == "undecided":
        for template_id, question_id, value in observations:
            if pool_size is not None and (template_id, question_id) in seen:
                raise ValueError(f"question {question_id!r} in template {template_id!r} was observed twice")
            seen.add((template_id, question_id))
            if gate.add(value) != "undecided":
                break
    return Decision(gate.decision, gate.n, *gate.bounds())


class SequentialGate:
    """:func:`decide`, one value at a time.

    ``alpha_fail`` is the risk of a wrong "fail" where it shall not be ``alpha``, such as a share of it for
    one of several gates; ``lower`` has that risk, too.
    """

    def __init__(
        self, threshold: float, pool_size: int | None, alpha: float = 0.05, *, alpha_fail: float | None = None
    ) -> None:
        if not 0.0 <= threshold <= 1.0:
            raise ValueError(f"the threshold {threshold} is outside 0..1")
        alpha_fail = alpha if alpha_fail is None else alpha_fail
        for risk in (alpha, alpha_fail):
            if not 0.0 < risk < 1.0:
                raise ValueError(f"alpha {risk} is not between 0 and 1")
        if pool_size is not None and (not pool_size >= 1 or pool_size % 1 != 0):
            raise ValueError(f"a set of {pool_size} cells: a whole number from 1 on, or None for no end")
        self.threshold = float(threshold)
        self.pool_size = None if pool_size is None else int(pool_size)
        self.n = 0
        """How many values came, None among them."""
        self.missing = 0
        self._passing = Bet(self.threshold, self.pool_size, SPENT * alpha)
        self._failing = Bet(1.0 - self.threshold, self.pool_size, SPENT * alpha_fail)
        self._units = 0
        self.decision: Verdict = "pass" if self._is_sure_pass() else "undecided"

    def add(self, value: float | None) -> Verdict:
        """The decision after the next value, in [0, 1], or None for no usable reply.

        Raises ValueError for other values, after the decision, and for more values than the set has cells.
        """
        value = None if value is None else _in_scale(value)
        if self.decision != "undecided":
            raise ValueError(f"the gate decided after {self.n} values; later ones do not count")
        if self.n == self.pool_size:
            raise ValueError(f"more values than the {self.pool_size} cells of the set")
        self.n += 1
        if value is None:
            self.missing += 1
        else:
            self._units += units(value)
        self._passing.add(1.0 if value is None else value)
        self._failing.add(1.0 if value is None else 1.0 - value)
        if self._passing.refuted or self._is_sure_pass():
            self.decision = "pass"
        elif self._failing.refuted or self._is_sure_fail():
            self.decision = "fail"
        return self.decision

    @property
    def evidence(self) -> Evidence:
        """The e-values now.  They end where the gate decides, a little above 1/alpha (see :data:`SPENT`)."""
        return Evidence(
            passing=math.inf if self._is_sure_pass() else self._passing.capital,
            failing=math.inf if self._is_sure_fail() else self._failing.capital,
        )

    def bounds(self) -> Bounds:
        """The bounds of the mean now, within what logic leaves open.

        They are sought when asked for, in time that grows with the number of values.
        """
        sure = self._sure()
        upper = self._passing.bound(sure.lower, sure.upper)
        lower = 1.0 - self._failing.bound(1.0 - sure.upper, 1.0 - sure.lower) - _NOISE
        return agreeing(max(lower, sure.lower), min(upper, sure.upper), self.decision, self.threshold)

    @property
    def _best(self) -> float:
        """The sum of the values, with what is missing counted as 0."""
        return self._units / UNIT

    def _sure(self) -> Bounds:
        """Between what means the set must lie."""
        if self.pool_size is None:
            return Bounds(0.0, 1.0)
        unknown = self.missing + self.pool_size - self.n
        return Bounds(self._best / self.pool_size, (self._best + unknown) / self.pool_size)

    def _is_sure_pass(self) -> bool:
        return self.threshold == 1.0 or self._sure().upper <= self.threshold + self._noise

    def _is_sure_fail(self) -> bool:
        if self.pool_size is None:
            return self.threshold == 0.0 and self._units > 0
        return self._sure().lower > self.threshold + self._noise

    @property
    def _noise(self) -> float:
        return _NOISE if self.threshold > 0.0 else 0.0


def _in_scale(value: float) -> float:
    """The value as a plain float, whatever library its number is of; raises ValueError for others."""
    try:
        math.isfinite(value)
    except TypeError:
        raise ValueError(f"the value {value!r} is no number") from None
    plain = float(value)
    if not 0.0 <= plain <= 1.0:
        raise ValueError(f"the value {plain} is outside 0..1")
    return plain


def units(value: float) -> int:
    """A value in :data:`UNIT` parts of 1, rounded up, so that only nothing counts as nothing."""
    return math.ceil(value * UNIT)


def agreeing(lower: float, upper: float, decision: Verdict, threshold: float) -> Bounds:
    """The bounds without the rounding that could put them on the wrong side of the threshold."""
    above = math.nextafter(threshold, math.inf)
    upper = min(upper, threshold) if decision == "pass" else max(upper, above)
    lower = max(lower, above) if decision == "fail" else min(lower, threshold)
    return Bounds(min(lower, upper), upper)
