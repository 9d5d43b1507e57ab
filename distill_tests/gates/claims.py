"""What a gate claims beyond its declared set, and whether the set can carry that; pure.

*declared-set*: the mean of this set, as it was answered in this run (:mod:`distill_tests.gates.stopping`).

*declared-set-resampled*: the mean of this set if its answers were drawn anew again and again.  The same bets
with no end of the set (N = none), so that asking all of it decides nothing by itself.

*population*: the mean over clusters (framings, say) like those of the set, its other dimensions as they are.
One observation a cluster, the mean of its cells; clusters in a random order that depends on their names
alone, as if each were drawn from those in general.  Cells under one cluster answer alike, so that read one by
one they are wrong far more often than stated.  A set with so few clusters that no method could pass it if
all were clean is refused.  Where there are enough for that and too few for bets to pass a clean set, the pass
side looks once (Clopper-Pearson, Chernoff-Hoeffding for means in between); their number settles which.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from distill_tests.gates.cells import Cells
from distill_tests.gates.tally import Ruler, exact, ruler
from distill_tests.inference.clustered import templates_needed
from distill_tests.inference.eprocess import Bet
from distill_tests.inference.intervals import chernoff_upper, clopper_pearson_upper
from distill_tests.inference.sequential import Bounds, agreeing
from distill_tests.inference.sequential import Verdict as Side
from distill_tests.plan import rank
from distill_tests.types import Gate, Verdict

_VERDICT = {"pass": Verdict.PASSED, "fail": Verdict.FAILED}


class ClusterMeans(NamedTuple):
    """For each cluster its mean in wrong units, in the order of the bets.

    ``seen`` of the scored cells (None without one), ``best`` and ``worst`` with what is missing as right
    and as wrong.
    """

    over: str
    seen: tuple[float | None, ...]
    best: tuple[float, ...]
    worst: tuple[float, ...]


class OfClusters(NamedTuple):
    """What the clusters carry: ``verdict`` None is undecided; ``bounds`` in wrong units, one-sided each.

    ``mean`` is the mean of the cluster means that were seen.  ``looked_once``: not by bets, on the pass side.
    """

    verdict: Verdict | None
    bounds: Bounds
    over: str
    clusters: int
    mean: float
    looked_once: bool


def refusal(
    gate: Gate, clusters: Sequence[Mapping[str, str]], *, scale: tuple[float, float] = (0.0, 1.0)
) -> str | None:
    """Why a declared set whose cases have these ``clusters`` cannot carry the gate's claim, in words."""
    if gate.claim != "population" or not clusters:
        return None
    try:
        name = dimension(gate, clusters)
        threshold = ruler(gate, scale).threshold
        if threshold <= 0:
            raise ValueError(f"no number of {plural(name)} shows that none in general is ever wrong")
        needed = templates_needed(float(threshold), float(1 - exact(gate.confidence)))
    except ValueError as error:
        return str(error)
    has = len({one[name] for one in clusters})
    if has >= needed:
        return None
    limit = gate.at_most if gate.at_most is not None else gate.at_least
    in_vain = "framings each is asked under" if name == "question" else "questions are asked in each"
    return (
        f"a population claim at {limit:g} needs {needed} {plural(name)}, this set has {has}, "
        f"however many {in_vain}"
    )


def dimension(gate: Gate, clusters: Sequence[Mapping[str, str]]) -> str:
    """Over what the gate claims, by default the first that the cases name; raises ValueError in words."""
    common = dimensions(clusters)
    if not common:
        raise ValueError("a population claim needs clusters, and the cases of this kind have none")
    name = common[0] if gate.over is None else gate.over
    if name not in common:
        raise ValueError(f"the cases have no {name!r} to claim over; they have {', '.join(common)}")
    return name


def dimensions(clusters: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """What the cases have in common to claim over, as the first one names it."""
    return tuple(name for name in clusters[0] if all(name in one for one in clusters)) if clusters else ()


def of_clusters(gate: Gate, measure: Ruler, counted: Cells) -> OfClusters:
    """The verdict on clusters in general; the declared set was asked in full."""
    means = cluster_means(counted, measure, dimension(gate, counted.labels))
    found = _decided(means, float(measure.threshold), gate.confidence)
    seen = [mean for mean in means.seen if mean is not None]
    return OfClusters(
        verdict=_VERDICT.get(found.decision),
        bounds=agreeing(found.lower(), found.upper(), found.decision, float(measure.threshold)),
        over=means.over,
        clusters=len(means.best),
        mean=math.fsum(seen) / len(seen),
        looked_once=found.looked_once,
    )


def cluster_means(counted: Cells, measure: Ruler, name: str) -> ClusterMeans:
    """One observation a cluster, in an order that depends on the clusters' names alone."""
    cells: dict[str, list[float | None]] = {}
    for labels, case in zip(counted.labels, counted.cases, strict=True):
        cells.setdefault(labels[name], []).extend(case)
    rows = [
        _mean_of(cells[label], measure)
        for label in sorted(cells, key=lambda label: rank(0, "population", name, label))
    ]
    return ClusterMeans(
        over=name,
        seen=tuple(row.seen for row in rows),
        best=tuple(row.best for row in rows),
        worst=tuple(row.worst for row in rows),
    )


class _Mean(NamedTuple):
    seen: float | None
    best: float
    worst: float


def _mean_of(cells: Collection[float | None], measure: Ruler) -> _Mean:
    scored = [measure.wrong(exact(value)) for value in cells if value is not None]
    wrong, missing = sum(scored, Fraction(0)), len(cells) - len(scored)
    return _Mean(
        seen=float(wrong / len(scored)) if scored else None,
        best=float(wrong / len(cells)),
        worst=float((wrong + missing) / len(cells)),
    )


class _Decided(NamedTuple):
    decision: Side
    passing: Bet
    failing: Bet
    looked_once: bool
    upper_of_one_look: float

    def lower(self) -> float:
        return 1.0 - self.failing.bound(0.0, 1.0)

    def upper(self) -> float:
        return self.upper_of_one_look if self.looked_once else self.passing.bound(0.0, 1.0)


def _decided(means: ClusterMeans, threshold: float, confidence: float) -> _Decided:
    """The first of two bets that reaches 1/alpha decides; each errs with alpha at most (Ville 1939)."""
    alpha = float(1 - exact(confidence))
    looked_once = len(means.best) < clean_to_pass(threshold, alpha)
    passing, failing = Bet(threshold, None, alpha), Bet(1.0 - threshold, None, alpha)
    decision: Side = "pass" if threshold >= 1.0 else "undecided"
    for best, worst in zip(means.best, means.worst, strict=True):
        if decision != "undecided":
            break
        passing.add(worst)
        failing.add(1.0 - best)
        if failing.refuted:
            decision = "fail"
        elif passing.refuted and not looked_once:
            decision = "pass"
    upper = _upper_of_one_look(means.worst, confidence) if looked_once else 1.0
    if looked_once and decision == "undecided" and upper <= threshold:
        decision = "pass"
    return _Decided(decision, passing, failing, looked_once, upper)


def _upper_of_one_look(values: Iterable[float], confidence: float) -> float:
    listed = list(values)
    total = math.fsum(listed)
    if all(value in (0.0, 1.0) for value in listed):
        return clopper_pearson_upper(round(total), len(listed), confidence=confidence)
    return chernoff_upper(min(total, float(len(listed))), len(listed), confidence=confidence)


def bets_on_means(means: Iterable[float], threshold: float, alpha: float) -> Side:
    """The decision on cluster means with nothing missing, in random order: for plans and simulations."""
    values = tuple(means)
    return _decided(ClusterMeans("", values, values, values), threshold, 1.0 - alpha).decision


@lru_cache(maxsize=256)
def clean_to_pass(threshold: float, alpha: float) -> int:
    """How many clean clusters the bets take to pass; other methods need ``templates_needed`` at least."""
    bet, count = Bet(threshold, None, alpha), 0
    while not bet.refuted and threshold < 1.0:
        bet.add(0.0)
        count += 1
    return count


def plural(noun: str) -> str:
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
