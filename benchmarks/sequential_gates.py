"""How many calls a sequential gate saves, and how often it errs, beside other methods.

    DISTILL_TESTS_DATA=… python benchmarks/sequential_gates.py [--replays 100] [--boundary 400] [--seed 7]

Replays the recorded loose verdicts of the shared published runs in random orders, against the thresholds
.05, .10 and .20; then sets that lie exactly at a threshold (a wrong "fail") or one hit above it (a wrong
"pass").  Without the data, sets of 1,000 with the published loose scores stand in, and the table says so.
A replay is wrong where its verdict is not that of the whole run.  Except for the fixed n, every method also
stops where what is left cannot change the verdict.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from distill_tests.inference.intervals import clopper_pearson, wilson
from distill_tests.inference.sequential import SequentialGate

THRESHOLDS = (0.05, 0.10, 0.20)
ALPHA = 0.05
PUBLISHED = {
    "Claude-3.5-Sonnet": 0.01,
    "Doubao-Pro-32k": 0.04,
    "Gemini-2.0-Flash": 0.24,
    "Llama3.1-70B-Instruct": 0.31,
    "Phi-4": 0.22,
    "DeepSeek-V3": 0.34,
    "Qwen-Max-0919": 0.34,
    "GLM4-Plus": 0.42,
}
"""Loose scores of arXiv 2501.12619, each of 1,000 responses."""

Order = Sequence[int]


class Stop(NamedTuple):
    verdict: str
    n: int


Rule = Callable[[Order], Stop]
Method = Callable[[float, int], Rule]
"""A method makes its rule for one threshold and one size."""


# --- methods ------------------------------------------------------------------------------------------


def this_method(threshold: float, size: int) -> Rule:
    def rule(order: Order) -> Stop:
        gate = SequentialGate(threshold, size, ALPHA)
        for value in order:
            if gate.add(value) != "undecided":
                break
        return Stop(gate.decision, gate.n)

    return rule


def fixed_wilson(threshold: float, size: int) -> Rule:
    def rule(order: Order) -> Stop:
        return Stop(wilson_side(sum(order), size, threshold), size)

    return rule


def wilson_side(hits: int, n: int, threshold: float) -> str:
    interval = wilson(hits, n, level=1 - 2 * ALPHA)
    if interval.high <= threshold:
        return "pass"
    return "fail" if interval.low > threshold else "undecided"


def wilson_peeking(threshold: float, size: int) -> Rule:
    return by_counts(threshold, size, lambda hits, n: wilson_side(hits, n, threshold))


def sprt(threshold: float, size: int) -> Rule:
    """Wald's test of 0.75 against 1.25 times the threshold."""
    low, high = 0.75 * threshold, 1.25 * threshold
    hit, miss = math.log(high / low), math.log((1 - high) / (1 - low))
    edge = math.log((1 - ALPHA) / ALPHA)

    def side(hits: int, n: int) -> str:
        evidence = hits * hit + (n - hits) * miss
        return "fail" if evidence >= edge else "pass" if evidence <= -edge else "undecided"

    return by_counts(threshold, size, side)


def pocock(threshold: float, size: int, *, every: int = 10) -> Rule:
    """One z value for every look, so large that a set at the threshold errs in 5 % on either side."""
    edges = pocock_edges(threshold, size, every)

    def side(hits: int, n: int) -> str:
        if n % every or n == size:
            return "undecided"
        z = z_score(hits, n, threshold, size)
        return "fail" if z > edges.fail else "pass" if z < edges.succeed else "undecided"

    return by_counts(threshold, size, side)


class Edges(NamedTuple):
    succeed: float
    fail: float


@cache
def pocock_edges(threshold: float, size: int, every: int, *, paths: int = 4000) -> Edges:
    """Calibrated on random orders of the set at the threshold (seeded, others than those of the table)."""
    draw, hits = random.Random(f"pocock {threshold} {size}"), round(threshold * size)
    order = [1] * hits + [0] * (size - hits)
    highest, lowest = [], []
    for _ in range(paths):
        draw.shuffle(order)
        looks = range(every, size, every)
        seen = accumulate(sum(order[n - every : n]) for n in looks)
        scores = [z_score(hits, n, threshold, size) for hits, n in zip(seen, looks, strict=True)]
        highest.append(max(scores))
        lowest.append(min(scores))
    return Edges(statistics.quantiles(lowest, n=100)[4], statistics.quantiles(highest, n=100)[94])


def z_score(hits: int, n: int, threshold: float, size: int) -> float:
    spread = n * threshold * (1 - threshold) * (size - n) / (size - 1)
    return (hits - n * threshold) / math.sqrt(spread)


def prior_posterior(threshold: float, size: int) -> Rule:
    """Waudby-Smith and Ramdas 2020, uniform prior over the hits of the set, drawn without replacement."""
    allowed = math.floor(threshold * size + 1e-9)

    def side(hits: int, n: int) -> str:
        if hits < n * (allowed + 1) / size and ratio(hits, n, allowed + 1, size) >= 1 / ALPHA:
            return "pass"
        if hits > n * allowed / size and ratio(hits, n, allowed, size) >= 1 / ALPHA:
            return "fail"
        return "undecided"

    return by_counts(threshold, size, side)


def ratio(hits: int, n: int, hits_in_set: int, size: int) -> float:
    """Prior over posterior of a set with ``hits_in_set``."""
    ways = log_choose(hits_in_set, hits) + log_choose(size - hits_in_set, n - hits)
    return math.exp(min(700.0, log_choose(size, n) - ways - math.log(n + 1)))


def log_choose(n: int, k: int) -> float:
    if not 0 <= k <= n:
        return -math.inf
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def empirical_bernstein(threshold: float, size: int) -> Rule:
    """Waudby-Smith and Ramdas 2020, without replacement; their plug-in bets, each side at alpha."""
    goal, cap = math.log(1 / ALPHA), 0.5

    def rule(order: Order) -> Stop:
        hits = 0
        weighted = weights = cost = 0.0
        spread = 0.25
        for n, value in enumerate(order, 1):
            left = size - n + 1
            bet = min(cap, math.sqrt(2 * goal / (spread * n * math.log(1 + n))))
            guess = (hits + 0.5) / n
            weighted += bet * (value + hits / left)
            weights += bet * (1 + (n - 1) / left)
            cost += (value - guess) ** 2 * (-math.log1p(-bet) - bet)
            hits += value
            spread += ((value - (hits + 0.5) / (n + 1)) ** 2 - spread) / (n + 1)
            middle, margin = weighted / weights, (cost + goal) / weights
            if middle + margin <= threshold:
                return Stop("pass", n)
            if middle - margin > threshold:
                return Stop("fail", n)
            if (sure := by_logic(hits, n, threshold, size)) != "undecided":
                return Stop(sure, n)
        raise AssertionError("logic decides a set asked in full")

    return rule


def by_counts(threshold: float, size: int, side: Callable[[int, int], str]) -> Rule:
    """The rule that looks after every answer at the hits so far, and at what logic says."""
    known: dict[tuple[int, int], str] = {}

    def rule(order: Order) -> Stop:
        hits = 0
        for n, value in enumerate(order, 1):
            hits += value
            if (hits, n) not in known:
                sure = by_logic(hits, n, threshold, size)
                known[hits, n] = side(hits, n) if sure == "undecided" else sure
            if known[hits, n] != "undecided":
                return Stop(known[hits, n], n)
        raise AssertionError("logic decides a set asked in full")

    return rule


def by_logic(hits: int, n: int, threshold: float, size: int) -> str:
    allowed = math.floor(threshold * size + 1e-9)
    if hits > allowed:
        return "fail"
    return "pass" if hits + size - n <= allowed else "undecided"


METHODS: dict[str, Method] = {
    "this method": this_method,
    "fixed n, Wilson at the end": fixed_wilson,
    "Wilson, peeking": wilson_peeking,
    "SPRT, 25 % either way": sprt,
    "Pocock, every 10": pocock,
    "empirical Bernstein": empirical_bernstein,
    "prior-posterior ratio": prior_posterior,
}


# --- replays ------------------------------------------------------------------------------------------


def runs(data: str | None) -> dict[str, list[int]]:
    """Loose verdicts (1: contradicts its identity) by target."""
    if not data:
        return {
            name: [1] * round(1000 * rate) + [0] * round(1000 * (1 - rate))
            for name, rate in PUBLISHED.items()
        }
    return {
        path.stem: [int(json.loads(line)["eval_results"]) for line in path.open(encoding="utf-8")]
        for path in sorted((Path(data) / "ice" / "attack_result").glob("*.jsonl"))
    }


class Replays(NamedTuple):
    shares: list[float]
    """Calls to the verdict, in percent of the run."""
    undecided: float
    worst_wrong: float


def replayed(method: Method, sets: dict[str, list[int]], replays: int, seed: int) -> Replays:
    shares, undecided, wrong = [], 0, []
    for name, verdicts in sets.items():
        for threshold in THRESHOLDS:
            rule, draw = method(threshold, len(verdicts)), random.Random(f"{seed} {name}")
            truth = by_logic(sum(verdicts), len(verdicts), threshold, len(verdicts))
            stops = [rule(draw.sample(verdicts, len(verdicts))) for _ in range(replays)]
            shares += [100 * stop.n / len(verdicts) for stop in stops]
            undecided += sum(stop.verdict == "undecided" for stop in stops)
            wrong.append(sum(stop.verdict not in (truth, "undecided") for stop in stops) / replays)
    return Replays(shares, undecided / len(shares), max(wrong))


class FalseRate(NamedTuple):
    """The share of wrong verdicts over all thresholds, in percent, and its Clopper-Pearson interval."""

    rate: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.rate:.1f} ({self.low:.1f} to {self.high:.1f})"


def false_rate(method: Method, excess: int, replays: int, seed: int, *, size: int = 1000) -> FalseRate:
    """How often sets that lie ``excess`` hits above the threshold are judged wrong."""
    wrong = 0
    for threshold in THRESHOLDS:
        hits = round(threshold * size) + excess
        rule, draw = method(threshold, size), random.Random(f"{seed} {threshold} {excess}")
        order = [1] * hits + [0] * (size - hits)
        stops = [rule(draw.sample(order, size)) for _ in range(replays)]
        wrong += sum(stop.verdict == ("pass" if excess else "fail") for stop in stops)
    n = replays * len(THRESHOLDS)
    interval = clopper_pearson(wrong, n)
    return FalseRate(100 * wrong / n, 100 * interval.low, 100 * interval.high)


class Stopped(NamedTuple):
    below_upper: float
    above_lower: float
    median_ms: float
    worst_ms: float


def bounds_of(sets: dict[str, list[int]], replays: int, seed: int) -> Stopped:
    """How often, in the worst cell, each bound at the stop holds; how long decision and bounds take."""
    above, below, took = [], [], []
    for name, verdicts in sets.items():
        mean, draw = sum(verdicts) / len(verdicts), random.Random(f"{seed} bounds {name}")
        for threshold in THRESHOLDS:
            found = []
            for _ in range(replays):
                order = draw.sample(verdicts, len(verdicts))
                start = time.perf_counter()
                gate = SequentialGate(threshold, len(order), ALPHA)
                for value in order:
                    if gate.add(value) != "undecided":
                        break
                found.append(gate.bounds())
                took.append(1000 * (time.perf_counter() - start))
            below.append(sum(mean <= bounds.upper for bounds in found) / replays)
            above.append(sum(bounds.lower <= mean for bounds in found) / replays)
    return Stopped(min(below), min(above), statistics.median(took), max(took))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--replays", type=int, default=100, help="random orders per target and threshold")
    parser.add_argument("--boundary", type=int, default=400, help="random orders per set at a threshold")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    data = os.environ.get("DISTILL_TESTS_DATA")
    sets = runs(data)
    print(f"{len(sets)} published runs" if data else "Simulated sets with the published loose scores", end="")
    print(f" x thresholds .05, .10, .20 x {options.replays} random orders (seed {options.seed}).")
    print(f"Boundary sets: 1,000 cells at each threshold, {options.boundary} orders each; 95 % intervals.\n")
    print("| method | median % | mean % | undecided % | wrong %, worst cell | false pass % | false fail % |")
    print("|---|---|---|---|---|---|---|")
    for name, method in METHODS.items():
        found = replayed(method, sets, options.replays, options.seed)
        false_pass, false_fail = (
            false_rate(method, excess, options.boundary, options.seed) for excess in (1, 0)
        )
        print(
            f"| {name} | {statistics.median(found.shares):.1f} | {statistics.mean(found.shares):.1f}"
            f" | {100 * found.undecided:.1f} | {100 * found.worst_wrong:.1f}"
            f" | {false_pass} | {false_fail} |",
            flush=True,
        )
    stopped = bounds_of(sets, options.replays, options.seed)
    print(f"\nThis method at the stop, in the worst of {len(sets) * len(THRESHOLDS)} cells: the upper bound")
    print(f"holds in {100 * stopped.below_upper:.1f} %, the lower in {100 * stopped.above_lower:.1f} %.")
    print(
        f"Decision and bounds: {stopped.median_ms:.1f} ms in the median, {stopped.worst_ms:.0f} ms at most."
    )


if __name__ == "__main__":
    main()
