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
size (another alpha / 4, which the gate gives up).
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from distill_tests.intervals import (
    Interval,
    clopper_pearson,
    clopper_pearson_upper,
)


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
        few = None if low is None else _lucky_few(low, declared, gate_alpha)
        few_missed = None if high is None else _lucky_few(1.0 - high, declared, gate_alpha)
        low = None if few is None else few / declared
        high = None if few_missed is None else (declared - few_missed) / declared
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


def _lucky_few(mean: float, declared: int, alpha: float) -> int | None:
    """The most positives of which a set judged ``mean`` on average shows so few with ``alpha`` at most.

    Answers differ in how likely they are raised; with equal chances the tails are the largest
    (Hoeffding 1956), so that the binomial bound holds for all.
    """
    below, above = -1, declared + 1
    while above - below > 1:
        middle = (below + above) // 2
        if clopper_pearson_upper(middle, declared, confidence=1.0 - alpha) <= mean:
            below = middle
        else:
            above = middle
    return None if below < 0 else below


def _shares(**shares: float) -> None:
    for name, share in shares.items():
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"{name.replace('_', ' ')} {share} is no share: 0..1")


def _alpha(alpha: float) -> None:
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha {alpha} is not between 0 and 1")
