"""Simulated answers that resemble each other under a framing and for a question, as published runs do."""

from __future__ import annotations

import random
from typing import NamedTuple


class Answers(NamedTuple):
    values: list[float]
    clusters: list[dict[str, str]]


def answers(
    rng: random.Random,
    *,
    framings: int = 20,
    questions: int = 25,
    rate: float = 0.2,
    framing_icc: float = 0.2,
    question_spread: float = 0.3,
) -> Answers:
    """A full grid of framings x questions; framings are beta, questions multiply the risk by a gamma."""
    shape = 1.0 / framing_icc - 1.0
    risks = [rng.betavariate(rate * shape, (1.0 - rate) * shape) for _ in range(framings)]
    factors = [_factor(rng, question_spread) for _ in range(questions)]
    values, clusters = [], []
    for framing, risk in enumerate(risks):
        for question, factor in enumerate(factors):
            values.append(float(rng.random() < 1.0 - (1.0 - risk) ** factor))
            clusters.append({"framing": f"f{framing}", "question": f"q{question}"})
    return Answers(values, clusters)


def true_rate(*, rate: float = 0.2, framing_icc: float = 0.2, question_spread: float = 0.3) -> float:
    """The rate over all framings and questions, by simulation to about 0.001."""
    rng, shape, draws = random.Random(99), 1.0 / framing_icc - 1.0, 100_000
    total = 0.0
    for _ in range(draws):
        risk = rng.betavariate(rate * shape, (1.0 - rate) * shape)
        total += 1.0 - (1.0 - risk) ** _factor(rng, question_spread)
    return total / draws


def _factor(rng: random.Random, spread: float) -> float:
    return rng.gammavariate(1.0 / spread, spread)
