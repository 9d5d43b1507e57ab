"""How alike answers under one framing are, and how often intervals hold that do and do not know it.

    DISTILL_TESTS_DATA=… python benchmarks/interval_coverage.py [--sets 300] [--bootstraps 100] [--seed 7]

First the shared published runs (their loose verdicts): templates, questions, intra-class correlation, design
effect, effective n.  Then simulated sets of 20 framings x 50 questions that answer about as much alike: how
often each 95 % interval holds the rate over all framings and questions.  Last, gates that claim something of
framings in general: how often they pass and fail at the threshold.  Every share has its 95 % Clopper-Pearson
interval beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from distill_tests.gates.claims import bets_on_means
from distill_tests.inference.bootstrap import bootstrap_mean
from distill_tests.inference.clustered import clustered_mean, clustered_rate
from distill_tests.inference.clustering import design
from distill_tests.inference.intervals import Interval, clopper_pearson, wilson
from distill_tests.inference.sequential import SequentialGate

FRAMINGS, QUESTIONS = 20, 50
RATE, FRAMING_ICC, QUESTION_SPREAD = 0.2, 0.2, 0.3
"""What the simulated framings and questions are drawn from; the correlations that come of it are printed."""

Clusters = list[Mapping[str, str]]
Bounds = tuple[float | None, float | None]


class Answers(NamedTuple):
    values: list[float]
    clusters: Clusters


def answers(rng: random.Random, *, framings: int = FRAMINGS, questions: int = QUESTIONS) -> Answers:
    """A grid: the framings' own risks are beta, the questions multiply them by a gamma."""
    shape = 1.0 / FRAMING_ICC - 1.0
    risks = [rng.betavariate(RATE * shape, (1.0 - RATE) * shape) for _ in range(framings)]
    factors = [rng.gammavariate(1.0 / QUESTION_SPREAD, QUESTION_SPREAD) for _ in range(questions)]
    cells = [
        (float(rng.random() < 1.0 - (1.0 - risk) ** factor), {"framing": f"f{i}", "question": f"q{j}"})
        for i, risk in enumerate(risks)
        for j, factor in enumerate(factors)
    ]
    return Answers([value for value, _ in cells], [labels for _, labels in cells])


def truth(draws: int = 200_000) -> float:
    """The rate over all framings and questions, to about 0.001."""
    rng, shape = random.Random(99), 1.0 / FRAMING_ICC - 1.0
    total = 0.0
    for _ in range(draws):
        risk = rng.betavariate(RATE * shape, (1.0 - RATE) * shape)
        total += 1.0 - (1.0 - risk) ** rng.gammavariate(1.0 / QUESTION_SPREAD, QUESTION_SPREAD)
    return total / draws


# --- intervals ------------------------------------------------------------------------------------------


def naive(interval: Callable[[int, int], Interval]) -> Callable[[Answers], Bounds]:
    return lambda found: interval(round(sum(found.values)), len(found.values))


def korn_graubard(found: Answers) -> Bounds:
    estimate = clustered_rate(found.values, found.clusters)
    return estimate.low, estimate.high


def cluster_robust(found: Answers) -> Bounds:
    estimate = clustered_mean(found.values, found.clusters, scale=(0.0, 1.0))
    return estimate.low, estimate.high


def bootstrap(*factors: str) -> Callable[[Answers], Bounds]:
    def bounds(found: Answers) -> Bounds:
        clusters = [{name: labels[name] for name in factors} for labels in found.clusters]
        estimate = bootstrap_mean(found.values, clusters, scale=(0.0, 1.0), resamples=200)
        return estimate.low, estimate.high

    return bounds


METHODS: Mapping[str, tuple[Callable[[Answers], Bounds], bool]] = {
    "Wilson, cells as independent": (naive(wilson), False),
    "Clopper-Pearson, cells as independent": (naive(clopper_pearson), False),
    "bootstrap over framings": (bootstrap("framing"), True),
    "bootstrap over framings and questions": (bootstrap("framing", "question"), True),
    "cluster-robust t, two-way": (cluster_robust, False),
    "Korn-Graubard, two-way (rates of gates)": (korn_graubard, False),
}
"""By name: the interval, and whether it is slow."""


# --- tables ---------------------------------------------------------------------------------------------


def published(data: str) -> None:
    print(
        "| run | rate | templates | questions | icc, template | icc, question | design effect | effective n |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for path in sorted((Path(data) / "ice" / "attack_result").glob("*.jsonl")):
        rows = [json.loads(line) for line in path.open(encoding="utf-8")]
        values = [float(int(row["eval_results"])) for row in rows]
        found = design(
            values, [{"template": row["jailbreak_prompt"], "question": row["query"]} for row in rows]
        )
        by_template, by_question = found.factors
        name = path.stem.removeprefix("gpt_GPT_")
        print(
            f"| {name} | {found.mean:.3f} | {by_template.clusters} | {by_question.clusters}"
            f" | {_icc(by_template.icc)} | {_icc(by_question.icc)}"
            f" | {found.design_effect or 0:.1f} | {found.effective_n or 0:.0f} of {found.n} |"
        )


def _icc(icc: float | None) -> str:
    return "unknown" if icc is None else f"{icc:.2f}"


def coverage(sets: int, bootstraps: int, seed: int) -> None:
    rate = truth()
    rng = random.Random(seed)
    found = [answers(rng) for _ in range(sets)]
    designs = [design(one.values, one.clusters) for one in found]
    by_framing, by_question = (
        statistics.median(one.factors[which].icc or 0.0 for one in designs) for which in (0, 1)
    )
    effect = statistics.median(one.design_effect or 0.0 for one in designs)
    print(
        f"\n{sets} simulated sets of {FRAMINGS} framings x {QUESTIONS} questions, true rate {rate:.3f}; "
        f"medians: icc {by_framing:.2f} by framing, {by_question:.2f} by question, "
        f"design effect {effect:.1f}.\n"
    )
    print("| 95 % interval | holds % | width, median |")
    print("|---|---|---|")
    for name, (method, is_slow) in METHODS.items():
        some = found[:bootstraps] if is_slow else found
        bounds = [method(one) for one in some]
        holds = sum((low or 0.0) <= rate <= (1.0 if high is None else high) for low, high in bounds)
        width = statistics.median((1.0 if high is None else high) - (low or 0.0) for low, high in bounds)
        print(f"| {name} | {_share(holds, len(some))} | {width:.3f} |", flush=True)


def gates_at_the_threshold(sets: int, seed: int, *, threshold: float = 0.1, questions: int = 10) -> None:
    """Framings drawn at exactly the threshold: whoever passes or fails such a set errs."""
    rng, shape = random.Random(seed), 1.0 / 0.17 - 1.0
    said: dict[str, list[str]] = {"one mean a framing": [], "cells read one by one": []}
    for _ in range(sets):
        rows = []
        for _ in range(60):
            own = rng.betavariate(threshold * shape, (1.0 - threshold) * shape)
            rows.append([float(rng.random() < own) for _ in range(questions)])
        said["one mean a framing"].append(
            bets_on_means((sum(row) / questions for row in rows), threshold, 0.05)
        )
        cells = [value for row in rows for value in row]
        rng.shuffle(cells)
        said["cells read one by one"].append(_one_by_one(cells, threshold))
    print(
        f"\nPopulation claims at {threshold:g}, 60 framings x {questions} questions, icc 0.17, {sets} sets.\n"
    )
    print("| population claim on | false pass % | false fail % |")
    print("|---|---|---|")
    for name, verdicts in said.items():
        passed, failed = verdicts.count("pass"), verdicts.count("fail")
        print(f"| {name} | {_share(passed, sets)} | {_share(failed, sets)} |")


def _one_by_one(cells: Sequence[float], threshold: float) -> str:
    gate = SequentialGate(threshold, len(cells), 0.05)
    for value in cells:
        if gate.add(value) != "undecided":
            break
    return gate.decision


def _share(hits: int, n: int) -> str:
    low, high = clopper_pearson(hits, n)
    return f"{100 * hits / n:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sets", type=int, default=300, help="simulated sets")
    parser.add_argument(
        "--bootstraps", type=int, default=100, help="of them for the bootstraps, which are slow"
    )
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    if data := os.environ.get("DISTILL_TESTS_DATA"):
        published(data)
    else:
        print("DISTILL_TESTS_DATA is not set: the shared published runs are left out.")
    coverage(options.sets, options.bootstraps, options.seed)
    gates_at_the_threshold(options.sets, options.seed)


if __name__ == "__main__":
    main()
