"""A gate's threshold, moved by what the judge is known to get wrong.

A judge with sensitivity Se (the share of true positives it finds) and false-positive rate F judges a share
q = F + p (Se - F) positive where p truly are.  A threshold t on p therefore stands, on what is judged, at
t Se + (1 - t) F.  Se and F are known from labelled rows within Clopper-Pearson bounds only, so the threshold
becomes a band from ``low`` = t Se_L + (1 - t) F_L to ``high`` = t Se_U + (1 - t) F_U: an at-most gate passes
up to ``low`` and fails above ``high``, an at-least gate passes from ``high`` on and fails below ``low``.
Between them the judge is too coarse for the gate.

Each of the two bounds of a side errs with alpha / 4 and the gate's own bound with ``gate_alpha`` = alpha / 2,
alpha together.  What that assumes: labelled rows are independent of each other, and like the audited ones in
what makes the judge err.  And the judge's luck on the answers at hand is sampling error like any other, also
where the whole set was asked: give ``declared``, and the band is widened by what luck can do in a set of that
size (another alpha / 4, which the gate gives up).  Without it a judge of 0.92 and 0.01 known from 500 + 500
labels passes 9 % of sets of 120 that hold one positive more than the 2 % allowed.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from distill_tests.inference.intervals import Interval, clopper_pearson

_NOISE = 1e-9
"""0.29 x 100 is 29, not 28.999999999999996."""
_HALVINGS = 60


class JudgeLabels(NamedTuple):
    """A judge's verdicts on rows with known labels, counted: what was found of the positive ones, and what
    was raised of the negative ones."""

    positives: int
    found: int
    negatives: int
    false_alarms: int


class Corrected(NamedTuple):
    """A rate without the judge's error (Rogan and Gladen 1978).

    ``untruncated`` is the formula's own number; ``truncated`` says that it lay outside 0..1, as it can for
    rates near the ends, and ``rate`` is the nearer end.
    """

    rate: float
    untruncated: float
    truncated: bool


class JudgeRates(NamedTuple):
    """Bounds of a judge's sensitivity and false-positive rate, and what was seen; None: no such rows."""

    sensitivity: Interval
    false_positive_rate: Interval
    seen_sensitivity: float | None = None
    seen_false_positive_rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Where a threshold on the truth stands on judged rates; from ``low`` to ``high`` nothing is decided.

    ``low`` None: judged rates are never low enough, ``high`` None: never high enough, because the labels
    do not show that the judge raises more of the positives than of the negatives.  ``gate_alpha`` is the
    one-sided error that is left for the gate's own bounds.
    """

    threshold: float
    low: float | None
    high: float | None
    rates: JudgeRates
    gate_alpha: float

    @property
    def width(self) -> float:
        """How much of the judged scale is undecided."""
        return (1.0 if self.high is None else self.high) - (0.0 if self.low is None else self.low)


class Decision(StrEnum):
    """What the judged rates say about the truth."""

    PASSED = "pass"
    FAILED = "fail"
    UNDECIDED = "undecided"


def rogan_gladen(judged: float, *, sensitivity: float, false_positive_rate: float) -> Corrected | None:
    """The true rate behind a ``judged`` one; None where the judge raises no more positives than negatives.

    Raises ValueError for anything that is no share.
    """
    _shares(judged=judged, sensitivity=sensitivity, false_positive_rate=false_positive_rate)
    if sensitivity <= false_positive_rate:
        return None
    rate = (judged - false_positive_rate) / (sensitivity - false_positive_rate)
    cut = min(1.0, max(0.0, rate))
    return Corrected(cut, rate, cut != rate)


def judge_rates(labels: JudgeLabels, *, alpha: float = 0.05) -> JudgeRates:
    """Clopper-Pearson bounds, each erring with ``alpha`` / 4; without rows of a sort nothing is known.

    Raises ValueError for impossible counts or an alpha outside (0, 1).
    """
    _alpha(alpha)
    level = 1.0 - alpha / 2.0
    return JudgeRates(
        clopper_pearson(labels.found, labels.positives, level=level),
        clopper_pearson(labels.false_alarms, labels.negatives, level=level),
        labels.found / labels.positives if labels.positives else None,
        labels.false_alarms / labels.negatives if labels.negatives else None,
    )


def band(threshold: float, rates: JudgeRates, *, alpha: float = 0.05, declared: int | None = None) -> Band:
    """The band that ``threshold`` becomes under a judge with these ``rates``.

    ``rates`` come from :func:`judge_rates` with the same ``alpha``, or from another method whose four
    bounds err with alpha / 4 each (Korn-Graubard intervals at the level 1 - alpha / 2, where labelled rows
    are clustered).  ``declared``: the size of a set whose own true rate is the claim.
    Raises ValueError for a threshold outside 0..1, an alpha outside (0, 1) or an empty set.
    """
    _shares(threshold=threshold)
    _alpha(alpha)
    low = _moved(threshold, rates.sensitivity.low, rates.false_positive_rate.low)
    high = _moved(threshold, rates.sensitivity.high, rates.false_positive_rate.high)
    gate_alpha = alpha / 2.0
    if declared is not None:
        gate_alpha = alpha / 4.0
        if operator.index(declared) < 1:
            raise ValueError(f"a set of {declared} cells decides nothing")
        allowed = math.floor(threshold * declared + _NOISE)
        found, alarms = rates.sensitivity, rates.false_positive_rate
        if low is not None:
            low = _lucky_low(found.low, alarms.low, allowed + 1, declared, gate_alpha)
        if high is not None:
            rest = declared - allowed
            quiet = _lucky_low(1.0 - alarms.high, 1.0 - found.high, rest, declared, gate_alpha)
            high = None if quiet is None else 1.0 - quiet
    return Band(threshold=threshold, low=low, high=high, rates=rates, gate_alpha=gate_alpha)


def decided(found: Band, judged_low: float, judged_high: float, *, at_most: bool = True) -> Decision:
    """What bounds of the judged rate, each erring with ``found.gate_alpha``, say about the truth.

    With the whole set asked, both bounds are the judged rate.  Raises ValueError for bounds that are none.
    """
    _shares(judged_low=judged_low, judged_high=judged_high)
    if judged_low > judged_high:
        raise ValueError(f"{judged_low} to {judged_high} is no interval")
    if at_most:
        passes = found.low is not None and judged_high <= found.low
        fails = found.high is not None and judged_low > found.high
    else:
        passes = found.high is not None and judged_low >= found.high
        fails = found.low is not None and judged_high < found.low
    return Decision.PASSED if passes else Decision.FAILED if fails else Decision.UNDECIDED


def _moved(threshold: float, sensitivity: float, false_positive_rate: float) -> float | None:
    if sensitivity <= false_positive_rate:
        return None
    return threshold * sensitivity + (1.0 - threshold) * false_positive_rate


def true_positives(judged: Interval, rates: JudgeRates, *, declared: int, alpha: float) -> Interval:
    """Between what shares of positives a set of ``declared`` answers lies, from bounds of its judged rate.

    Each end errs with ``alpha`` by the judge's luck, beside what ``judged`` and ``rates`` err with.  The
    upper end is at most a threshold just where the judged one is up to the low end of its :func:`band`.
    """
    found, alarms = rates.sensitivity, rates.false_positive_rate
    most = _most_positives(judged.high, found.low, alarms.low, declared, alpha)
    most_negatives = _most_positives(1.0 - judged.low, 1.0 - alarms.high, 1.0 - found.high, declared, alpha)
    fewest = declared - most_negatives
    return Interval(min(fewest, most) / declared, most / declared)


def _most_positives(judged: float, found: float, alarms: float, declared: int, alpha: float) -> int:
    """The most positives in a set of which no more than the share ``judged`` is raised, but for ``alpha``."""
    if found <= alarms:
        return declared
    count, goal = judged * declared, math.log(alpha)
    below, above = -1, declared + 1
    while above - below > 1:
        middle = (below + above) // 2
        if fewer_than(count, middle, declared, found, alarms) > goal:
            below = middle
        else:
            above = middle
    return max(0, below)


def _lucky_low(found: float, alarms: float, positives: int, declared: int, alpha: float) -> float | None:
    """The highest judged rate that a set with so many positives falls to with ``alpha`` at most."""
    if positives > declared:
        return 1.0  # no set has so many
    goal = math.log(alpha)
    below, above = 0.0, found * positives + alarms * (declared - positives)
    if fewer_than(below, positives, declared, found, alarms) > goal:
        return None
    for _ in range(_HALVINGS):
        middle = (below + above) / 2.0
        if fewer_than(middle, positives, declared, found, alarms) <= goal:
            below = middle
        else:
            above = middle
    return below / declared


def fewer_than(count: float, positives: int, declared: int, found: float, alarms: float) -> float:
    """The logarithm of Chernoff's bound on P(a judge raises ``count`` or fewer of ``declared`` answers).

    ``positives`` of them are; it finds them with the chance ``found`` and raises the others with ``alarms``,
    independently of each other.  It holds too where answers differ in these chances and have them on average
    (the logarithm of 1 - p c is concave in p).  0 where ``count`` is no less than is expected.
    """
    others = declared - positives
    if count >= found * positives + alarms * others:
        return 0.0

    def excess(kept: float) -> float:
        """What the tilted expectation has more than ``count``, tilted by ``kept`` = exp(-lambda)."""
        return (
            positives * found * kept / (1.0 - found + found * kept)
            + others * alarms * kept / (1.0 - alarms + alarms * kept)
            - count
        )

    below, above = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (below + above) / 2.0
        if excess(middle) > 0.0:
            above = middle
        else:
            below = middle
    kept = above if count > 0.0 else 0.0
    missed, left = 1.0 - found + found * kept, 1.0 - alarms + alarms * kept
    if (missed <= 0.0 and positives) or (left <= 0.0 and others):
        return -math.inf
    log = positives * math.log(missed) if positives else 0.0
    log += others * math.log(left) if others else 0.0
    return log - (count * math.log(kept) if count > 0.0 else 0.0)


def _shares(**shares: float) -> None:
    for name, share in shares.items():
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"{name.replace('_', ' ')} {share} is no share: 0..1")


def _alpha(alpha: float) -> None:
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha {alpha} is not between 0 and 1")
