"""What each gate of a spec will take and say, before any call: for ``--plan``.

For a few true rates around the threshold, in wrong units (:mod:`distill_tests.gates.tally`): the number of
cases asked and the chance of each verdict.  Cells are taken as 0 or 1; scores in between take no more cases
than that.  What is missing is not foreseen.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from statistics import fmean

from distill_tests.gates.claims import bets_on_means
from distill_tests.gates.tally import exact, ruler
from distill_tests.inference.intervals import clopper_pearson_lower, clopper_pearson_upper
from distill_tests.inference.power import (
    Decide,
    Observation,
    Power,
    chance_interval,
    in_full,
    one_look,
    replayed,
)
from distill_tests.inference.sequential import SequentialGate
from distill_tests.types import Gate

REPLAYS = ((300, 40), (1_000, 20))
"""Sets up to so many cases, and how often each is replayed; fewer the larger, so that a plan stays quick."""
REPLAYS_OF_LARGE = 12
LARGE = 1_000
"""Beyond, a set at the threshold itself is not replayed: it is asked nearly in full."""
ALIKE = 0.17
"""The intra-class correlation of framings that a population claim is foreseen with: the median of the
fourteen published runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How a gate's set will be asked: ``planned`` of ``declared`` cases, until the gates decide if ``stops``.

    ``clusters``: how many of those that a population claim is over.
    """

    declared: int
    planned: int
    repeats: int = 1
    stops: bool = False
    clusters: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """A row for each true rate, in wrong units and in their order; ``notes`` say how far they are known."""

    rows: tuple[Power, ...]
    notes: tuple[str, ...] = ()


def outlook(gate: Gate, asking: Asking, *, scale: tuple[float, float] = (0.0, 1.0), seed: int = 0) -> Outlook:
    """What to expect of ``gate``; raises ValueError for a gate or a set that makes no sense."""
    threshold = float(ruler(gate, scale).threshold)
    if asking.declared < 1 or asking.planned < 1:
        raise ValueError("the declared set is empty")
    rows = []
    for rate in _rates(threshold, asking.declared):
        rows.append(_row(gate, asking, threshold, rate, seed))
    if asking.planned * asking.repeats < gate.min_n:
        rows = [row._replace(passes=0.0, fails=0.0, inconclusive=1.0) for row in rows]
    return Outlook(rows=tuple(rows), notes=tuple(_notes(gate, asking, rows, threshold)))


def _rates(threshold: float, declared: int) -> list[float]:
    """0, half the threshold, it, one and a half, twice it; each as a whole number of cases."""
    around = [0.0, 0.01, 0.02, 0.05, 0.1] if threshold == 0.0 else [k * threshold / 2 for k in range(5)]
    within = (min(rate, 1.0) for rate in around)
    # At the threshold itself a set passes: never one case more than is allowed.
    counts = [
        math.floor(exact(rate) * declared) if rate <= threshold else math.ceil(exact(rate) * declared)
        for rate in within
    ]
    return [count / declared for count in dict.fromkeys(counts)]


def _row(gate: Gate, asking: Asking, threshold: float, rate: float, seed: int) -> Power:
    alpha = float(1 - exact(gate.confidence))
    if gate.claim == "population":
        return _of_clusters(asking, threshold, rate, alpha, seed)
    if gate.claim == "declared-set" and not asking.stops:
        if asking.planned == asking.declared:
            return in_full(asking.declared, threshold, rate)
        if not gate.stop_early:
            return one_look(asking.declared, asking.planned, threshold, rate, alpha=alpha)
    if _is_not_replayed(asking, threshold, rate):
        return in_full(asking.declared, threshold, rate)
    return replayed(
        _deciding(gate, asking, rate, seed),
        asking.declared,
        threshold,
        rate,
        alpha=alpha,
        replays=2 if rate == 0.0 else _replays(asking.declared),
        seed=seed,
    )


def _is_not_replayed(asking: Asking, threshold: float, rate: float) -> bool:
    near = abs(rate - threshold) * asking.declared < 1.0 and threshold < 1.0
    return near and asking.declared > LARGE and asking.planned == asking.declared


def _replays(cases: int) -> int:
    return next((replays for size, replays in REPLAYS if cases <= size), REPLAYS_OF_LARGE)


def _deciding(gate: Gate, asking: Asking, rate: float, seed: int) -> Decide:
    """The sequential gate on the planned cases, with the cells that it demands."""
    least = math.ceil(max(1, gate.min_n) / asking.repeats)
    resampled = gate.claim == "declared-set-resampled"
    rng = random.Random(seed)  # noqa: S311  # a reproducible stream, nothing secret

    def decide(
        observations: Iterable[Observation], threshold: float, pool_size: int, alpha: float
    ) -> tuple[str, int]:
        values = (value for _, _, value in islice(observations, asking.planned))
        if resampled:  # answers drawn anew vary about the rate
            values = (float(rng.random() < rate) for _ in range(asking.planned))
        if not gate.stop_early:
            return bound_side([value or 0.0 for value in values], threshold, alpha), asking.planned
        found, used = SequentialGate(threshold, None if resampled else pool_size, alpha), 0
        for value in values:
            used += 1
            if found.decision == "undecided":
                found.add(value)
            if asking.stops and found.decision != "undecided" and used >= least:
                break
        return found.decision, used

    return decide


def bound_side(values: Sequence[float], threshold: float, alpha: float) -> str:
    """On which side of the threshold one look at 0/1 values puts their process (Clopper-Pearson)."""
    k, n = round(sum(values)), len(values)
    if clopper_pearson_upper(k, n, confidence=1.0 - alpha) <= threshold:
        return "pass"
    return "fail" if clopper_pearson_lower(k, n, confidence=1.0 - alpha) > threshold else "undecided"


def _of_clusters(asking: Asking, threshold: float, rate: float, alpha: float, seed: int) -> Power:
    """A population claim, for clusters whose own rates are spread like a beta distribution."""
    rng = random.Random(seed)  # noqa: S311  # a reproducible stream, nothing secret
    size = max(1, asking.declared * asking.repeats // max(1, asking.clusters))
    replays = _replays(asking.clusters)
    found = [
        bets_on_means(_drawn_means(rng, rate, asking.clusters, size), threshold, alpha)
        if asking.planned == asking.declared
        else "undecided"
        for _ in range(replays)
    ]
    passes, fails = (fmean(decision == wanted for decision in found) for wanted in ("pass", "fail"))
    return Power(
        rate=rate,
        calls=float(asking.planned),
        calls_95=asking.planned,
        passes=passes,
        fails=fails,
        inconclusive=max(0.0, 1.0 - passes - fails),
        replays=replays,
    )


def _drawn_means(rng: random.Random, rate: float, clusters: int, size: int) -> Iterator[float]:
    spread = 1.0 / ALIKE - 1.0
    for _ in range(clusters):
        own = rate if rate in (0.0, 1.0) else rng.betavariate(rate * spread, (1.0 - rate) * spread)
        yield sum(rng.random() < own for _ in range(size)) / size


def _notes(gate: Gate, asking: Asking, rows: Iterable[Power], threshold: float) -> Iterator[str]:
    rows = list(rows)
    simulated = [row for row in rows if row.replays is not None and row.rate > 0.0]
    if gate.claim == "population":
        yield f"clusters are taken to answer alike by {ALIKE} (intra-class correlation)"
    if simulated:
        replays = min(row.replays or 0 for row in simulated)
        none = chance_interval(0.0, replays).high
        half = chance_interval(0.5, replays)
        error = max(row.calls_error for row in simulated)
        cases = f", cases asked within {2 * error:.0f}" if error else ""
        yield (
            f"from {replays} simulated runs a rate (seeded): 0 % may be up to {100 * none:.0f} %, "
            f"50 % lies within {100 * half.low:.0f} to {100 * half.high:.0f} %{cases}"
        )
    elif gate.claim == "declared-set" and not asking.stops:
        yield "exact: no simulation"
    if (
        gate.claim != "population"
        and asking.stops
        and any(_is_not_replayed(asking, threshold, row.rate) for row in rows)
    ):
        yield "at the threshold itself a set this large is asked nearly in full; not simulated"


def shown_rate(gate: Gate, wrong: float, *, scale: tuple[float, float]) -> Fraction:
    """A true rate as the gate's statistic shows it."""
    return ruler(gate, scale).value(exact(wrong))
