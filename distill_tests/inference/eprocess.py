"""A bet against "the mean is at least m": its capital is the evidence that the mean is smaller.

Values lie in [0, 1] and are drawn in random order without replacement from a set of N (N = none: with
replacement).  With S the sum before draw n, what is left has mean ``p = (N m - S) / (N - n + 1)`` if the set
has mean m, and ``a_k``, the same with r_k m and cut to [0, 1], if it has mean r_k m.  A draw x multiplies
part k of the capital by

    x a_k / p + (1 - x) (1 - a_k) / (1 - p)

which is the hypergeometric likelihood ratio where x is 0 or 1.  The capital starts at 1 and is not expected
to grow while the claim holds; so it ever reaches 1/alpha with probability alpha at most, whenever one looks
(Ville 1939).  ALPHA (Stark 2023) and Waudby-Smith and Ramdas (2024) bet in the same way.

Two things are added to that.

**Nothing is won beyond 1/alpha.**  While all values were 0 or 1, a bet that would win more stakes only what
reaches 1/alpha, and keeps the rest for the case that it loses.  That uses up nearly all of alpha instead of
70 to 90 % of it, and brings decisions 3 to 5 % sooner.  After a value in between the rule ends, because such
values would approach 1/alpha for ever without reaching it.

**The bound and the decision agree.**  What a person has for m above the level of the bet is the capital of
that bet and, staked against m in the same proportions, what the bet gives away if the mean is m and not
the level.  The sum starts at 1, is fair under m, grows with m, and is never less than the bet has.  So
what is refuted at the level is refuted above it, and :meth:`Bet.bound` errs with probability alpha at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple


class Mixture(NamedTuple):
    """Shares of the capital, and the means they are staked on: ``r m`` counted from ``origin``."""

    weights: tuple[float, ...]
    ratios: tuple[float, ...]
    origin: float


SMALLER = Mixture(weights=(0.4, 0.2, 0.2, 0.2), ratios=(0.0, 0.3, 0.6, 0.8), origin=0.0)
"""Against a mean of at most 1/2: it is really smaller."""
LARGER = Mixture(weights=(0.3, 0.25, 0.25, 0.2), ratios=(1.25, 1.7, 3.0, 6.0), origin=1.0)
"""Against a mean above 1/2: what is missing to 1 is really larger."""

_EDGE = 1e-9
"""Nothing is staked where what is left must have a mean this near to 0 or 1: logic decides there."""
_NARROW = 1e-8
"""How far a bound may lie on the safe side of the exact one."""


class _Draw(NamedTuple):
    value: float
    total: float
    """The sum of the values before this one (0 with replacement)."""
    left: float
    """How many values were left, this one included (1 with replacement)."""
    ones: float
    """The sum of what was left if the set has the mean the bet is against."""
    if_one: float
    if_zero: float
    capital: float
    """Of the bet: what it would have become, and what it became."""


class Bet:
    """Evidence that the mean is below ``level``, one draw after the other.

    ``pool_size`` None: with replacement.  ``capped`` False: the plain mixture, which may go beyond 1/alpha
    and be averaged with other evidence.
    """

    def __init__(self, level: float, pool_size: int | None, alpha: float, *, capped: bool = True) -> None:
        self.goal = 1.0 / alpha
        self.capital = 1.0
        """The e-value now."""
        self.refuted = False
        """Whether the capital ever reached 1/alpha: the mean is below ``level``."""
        self._level = level
        self._pool = pool_size
        self._size = 1.0 if pool_size is None else float(pool_size)
        self._mixture = SMALLER if level <= 0.5 else LARGER
        self._targets = _sums(self._mixture, level, self._size)
        self._parts = list(self._mixture.weights)
        self._capped = self._follows = capped
        self._open = True
        self._total = 0.0
        self._draws: list[_Draw] = []

    def add(self, value: float) -> None:
        """Settle the stakes by the next draw, in [0, 1]."""
        left = 1.0 if self._pool is None else self._size - len(self._draws)
        ones = self._size * self._level - self._total
        self._open = self._open and _is_open(ones, left)
        one, zero = self._stakes(ones, left)
        if_one, if_zero = sum(one), sum(zero)
        if self._capped and if_zero > self.goal:
            if_one = max(if_one, (self.capital * left - (left - ones) * self.goal) / ones)
            if_zero = self.goal
            one, zero = self._scaled(one, if_one), self._scaled(zero, if_zero)
        self._parts = [value * i + (1.0 - value) * o for i, o in zip(one, zero, strict=True)]
        self.capital = value * if_one + (1.0 - value) * if_zero
        self.refuted = self.refuted or self.capital >= self.goal
        self._capped = self._capped and value in (0.0, 1.0)
        self._draws.append(_Draw(value, self._total, left, ones, if_one, if_zero, self.capital))
        if self._pool is not None:
            self._total += value

    def _stakes(self, ones: float, left: float) -> tuple[list[float], list[float]]:
        """What the parts of the capital become if the draw is 1, and if it is 0."""
        if not self._open:
            return self._parts, self._parts
        guesses = [min(max(target - self._total, 0.0), left) for target in self._targets]
        parts = list(zip(self._parts, guesses, strict=True))
        one = [part * guess / ones for part, guess in parts]
        zero = [part * (left - guess) / (left - ones) for part, guess in parts]
        return one, zero

    def _scaled(self, parts: list[float], capital: float) -> list[float]:
        """The parts in their proportions, or in the first ones where nothing is left, as ``capital``."""
        had = sum(parts)
        if had > 0.0:
            return [part * (capital / had) for part in parts]
        return [weight * capital for weight in self._mixture.weights]

    def bound(self, low: float, high: float) -> float:
        """The mean from which on all were refuted at some time, sought within ``low`` .. ``high``.

        At most the level if that was refuted, otherwise above it.  ``high`` where nothing below was refuted.
        """
        if self.refuted:
            high = min(high, self._level)
        else:
            low = max(low, self._level)
        return least_refuted(self.refutes, low, high)

    def refutes(self, level: float) -> bool:
        """Whether the draws refuted, at some time, that the mean is at least ``level``."""
        return any(capital >= self.goal for capital in self.capitals(level))

    def capitals(self, level: float) -> Iterator[float]:
        """The capital against a mean of ``level`` after each draw."""
        weights, whole = self._mixture.weights, self._size * level
        targets = _sums(self._mixture, level, self._size)
        follows = self._follows and level >= self._level
        parts = [0.0] * len(weights) if follows else list(weights)
        capital = 1.0
        for value, total, left, ones, if_one, if_zero, after in self._draws:
            here = min(whole - total, left)
            if follows:
                ends = ones <= _EDGE * left
                given = capital if ends else (here - ones) / left * (if_zero - if_one)
                parts = [part + weight * given for part, weight in zip(parts, weights, strict=True)]
                capital, follows = after, not ends
            if _is_open(here, left):
                one, zero = value / here, (1.0 - value) / (left - here)
                tilt, base = one - zero, zero * left
                parts = [
                    part * (base + tilt * (0.0 if target <= total else min(target - total, left)))
                    for part, target in zip(parts, targets, strict=True)
                ]
            yield sum(parts) + (capital if follows else 0.0)


def least_refuted(refutes: Callable[[float], bool], low: float, high: float) -> float:
    """Where, between ``low`` and ``high``, refutation begins, from the side that is refuted."""
    while high - low > _NARROW:
        middle = (low + high) / 2.0
        if refutes(middle):
            high = middle
        else:
            low = middle
    return high


def _sums(mixture: Mixture, level: float, size: float) -> list[float]:
    """The sums of the set that the parts of the capital are staked on."""
    return [size * (mixture.origin + ratio * (level - mixture.origin)) for ratio in mixture.ratios]


def _is_open(ones: float, left: float) -> bool:
    """Whether what is left may have more than one mean."""
    return _EDGE * left < ones < (1.0 - _EDGE) * left
