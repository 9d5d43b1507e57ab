"""How many labelled rows of which sort a judge still needs, before it can carry a gate."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from distill_tests.inference.intervals import clopper_pearson_effective
from distill_tests.inference.judge_error import Decision, JudgeLabels, JudgeRates, band, decided, judge_rates


class LabelsNeeded(NamedTuple):
    """About how many more labelled rows of either sort are needed, if the judge goes on as it did."""

    positives: int
    negatives: int

    def __str__(self) -> str:
        return f"about {self.positives} more positive and {self.negatives} more negative labels"


def labels_needed(
    threshold: float, labels: JudgeLabels, *, width: float, alpha: float = 0.05
) -> LabelsNeeded | None:
    """How many more labels make the band about as narrow as ``width``; None: more than a million.

    The least number in all, for a judge that goes on as on the rows labelled so far; of a sort not labelled
    yet it is taken to get half wrong.  Raises ValueError for a width that is not positive.
    """
    if not width > 0.0:
        raise ValueError(f"no number of labels makes the band {width} wide")
    seen = band(threshold, judge_rates(labels, alpha=alpha), alpha=alpha).rates

    def gap(weight: float, rate: float, n: float) -> float:
        low, high = clopper_pearson_effective(rate, n, level=1.0 - alpha / 2.0)
        return weight * (high - low)

    return _fewest(seen, threshold, labels, gap, width)


def labels_to_decide(
    threshold: float,
    labels: JudgeLabels,
    judged_low: float,
    judged_high: float,
    *,
    alpha: float = 0.05,
) -> LabelsNeeded | None:
    """How many more labels move the band off the judged rate's bounds, if the judge goes on as it did.

    None where no number of labels would: the threshold, corrected by what was seen of the judge, lies
    within the bounds (or labels of a sort are missing altogether, or it takes more than a million).
    """
    now = band(threshold, judge_rates(labels, alpha=alpha), alpha=alpha)
    if decided(now, judged_low, judged_high) is not Decision.UNDECIDED:
        return LabelsNeeded(0, 0)
    seen = now.rates
    sensitivity, false_alarms = seen.seen_sensitivity, seen.seen_false_positive_rate
    if sensitivity is None or false_alarms is None or sensitivity <= false_alarms:
        return None
    corrected = threshold * sensitivity + (1.0 - threshold) * false_alarms
    room = max(corrected - judged_high, judged_low - corrected)
    if room <= 0.0:
        return None
    is_below = judged_high < corrected

    def gap(weight: float, rate: float, n: float) -> float:
        low, high = clopper_pearson_effective(rate, n, level=1.0 - alpha / 2.0)
        return weight * (rate - low if is_below else high - rate)

    return _fewest(seen, threshold, labels, gap, room)


_MOST_LABELS = 1_000_000
_SPLITS = 20


def _fewest(
    seen: JudgeRates,
    threshold: float,
    labels: JudgeLabels,
    gap: Callable[[float, float, float], float],
    room: float,
) -> LabelsNeeded | None:
    """The cheapest way to share ``room`` between what either sort of labels leaves open."""
    sensitivity = 0.5 if seen.seen_sensitivity is None else seen.seen_sensitivity
    false_alarms = 0.5 if seen.seen_false_positive_rate is None else seen.seen_false_positive_rate
    best: LabelsNeeded | None = None
    for split in range(1, _SPLITS):
        share = room * split / _SPLITS
        positives = _least(lambda n: gap(threshold, sensitivity, n), share, labels.positives)
        negatives = _least(lambda n: gap(1.0 - threshold, false_alarms, n), room - share, labels.negatives)
        if positives is None or negatives is None:
            continue
        more = LabelsNeeded(positives - labels.positives, negatives - labels.negatives)
        if best is None or sum(more) < sum(best):
            best = more
    return best


def _least(gap: Callable[[float], float], room: float, have: int) -> int | None:
    """The least n >= ``have`` with gap(n) <= ``room``; gap falls in n."""
    above = below = max(have, 1)
    if gap(above) <= room:
        return above if gap(above) > 0.0 else have
    while gap(above) > room:
        if above >= _MOST_LABELS:
            return None
        above = min(2 * above, _MOST_LABELS)
    while above - below > 1:
        middle = (below + above) // 2
        if gap(middle) <= room:
            above = middle
        else:
            below = middle
    return above
