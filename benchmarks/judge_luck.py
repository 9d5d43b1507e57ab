"""How often a calibrated gate is wrong on whole sets at its boundary, without the judge's luck and with it.

    python benchmarks/judge_luck.py

Each round draws labels anew (as many of either sort), and the judge's verdicts on a set with one positive
more than is allowed (wrong: it passes) and on one with none more (wrong: it fails).  5 % are allowed on each
side.  Prints the table of docs/calibration.md, in about 15 s.
"""

from __future__ import annotations

import functools
import random
from typing import NamedTuple

from distill_tests.inference.judge_error import Band, Decision, JudgeLabels, band, decided, judge_rates

SENSITIVITY, ALARMS, ROUNDS = 0.92, 0.01, 1000


class Bands(NamedTuple):
    """Of one threshold under one draw of labels."""

    without: Band
    with_luck: Band


@functools.cache
def bands(threshold: float, declared: int, labels: JudgeLabels) -> Bands:
    rates = judge_rates(labels)
    return Bands(band(threshold, rates), band(threshold, rates, declared=declared))


def draw(rng: random.Random, n: int, chance: float) -> int:
    return sum(rng.random() < chance for _ in range(n))


def wrong(threshold: float, declared: int, labelled: int, positives: int, verdict: Decision) -> list[float]:
    """The share of rounds that end in ``verdict``, without luck in the band and with it."""
    rng = random.Random(f"{threshold} {declared} {labelled} {positives}")
    counts = [0, 0]
    for _ in range(ROUNDS):
        found, alarms = draw(rng, labelled, SENSITIVITY), draw(rng, labelled, ALARMS)
        raised = draw(rng, positives, SENSITIVITY) + draw(rng, declared - positives, ALARMS)
        rate = raised / declared
        for index, one in enumerate(
            bands(threshold, declared, JudgeLabels(labelled, found, labelled, alarms))
        ):
            counts[index] += decided(one, rate, rate) is verdict
    return [count / ROUNDS for count in counts]


def main() -> None:
    """Prints the table."""
    print("| at most | set | labels of either sort | passes wrongly without / with luck | fails wrongly |")
    print("|---|---|---|---|---|")
    for threshold, declared in ((0.02, 120), (0.10, 120), (0.10, 1000)):
        allowed = round(threshold * declared - 0.49)
        for labelled in (100, 500, 2000):
            passes = wrong(threshold, declared, labelled, allowed + 1, Decision.PASSED)
            fails = wrong(threshold, declared, labelled, allowed, Decision.FAILED)
            cells = [" / ".join(f"{100 * share:.1f} %" for share in one) for one in (passes, fails)]
            print(f"| {threshold:.2f} | {declared:,} | {labelled:,} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
