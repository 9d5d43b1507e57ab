"""What the asked cases carry where the declared set itself does not decide: bounds, and the estimate of them.

A part of the set, or another claim than that about the set (:mod:`distill_tests.gates.claims`).  All numbers
are in wrong units (:mod:`distill_tests.gates.tally`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from distill_tests.gates.cells import Cells
from distill_tests.gates.claims import OfClusters, of_clusters
from distill_tests.gates.moved import Moved
from distill_tests.gates.stopping import stop
from distill_tests.gates.tally import Part, Tally, exact, part
from distill_tests.gates.words import Bounds
from distill_tests.inference.intervals import (
    chernoff_lower,
    chernoff_upper,
    clopper_pearson_lower,
    clopper_pearson_upper,
)
from distill_tests.types import Estimate, Gate, Verdict


class Seen(NamedTuple):
    """What the asked cases carry where the set itself does not decide: in wrong units, each bound one-sided.

    ``verdict`` is what the method says at the gate's own threshold, None: undecided; ``cases`` of them it
    took.  ``clusters``: what they carry of a claim about these.
    """

    verdict: Verdict | None
    bounds: Bounds
    confidence: float
    method: str
    cases: int
    clusters: OfClusters | None = None


def within_logic(tallied: Tally, seen: Seen | None) -> Bounds:
    """Bounds of the judged rate of the whole set in wrong units, within what logic leaves open."""
    sure = _sure(tallied)
    if seen is None:
        return sure
    low, high = seen.bounds
    return Bounds(max(low, sure.low), max(min(high, sure.high), low, sure.low))


def _sure(tallied: Tally) -> Bounds:
    """Between what means the declared set must lie."""
    unknown = tallied.missing + tallied.undrawn
    return Bounds(
        float(tallied.wrong / tallied.declared), float((tallied.wrong + unknown) / tallied.declared)
    )


def seen_of(gate: Gate, counted: Cells, tallied: Tally, moved: Moved | None) -> Seen | None:
    """None where the asked cases are the claim's own (a set asked in full), or not enough for it."""
    band = None if moved is None else moved.band
    at = gate if band is None else replace(gate, confidence=1.0 - band.gate_alpha)
    if not tallied.scored or (gate.claim == "declared-set" and not tallied.undrawn):
        return None
    if gate.claim == "population":
        return None if tallied.undrawn else _of_clusters(at, counted, tallied)
    of_set = gate.claim == "declared-set"
    about = "of the whole set" if of_set else "of this set answered anew"
    if gate.stop_early:
        found = stop(gate, tallied.ruler, counted.cases, declared=_declared_cases(counted), band=band)
        how = f"e-process {'without' if of_set else 'with'} replacement"
        bounds = Bounds(found.bounds.lower, found.bounds.upper)
        # Where the judge is too coarse both ends of its band have shown it, each side at half the error.
        confidence = gate.confidence if found.verdict is Verdict.INCONCLUSIVE else at.confidence
        return Seen(found.verdict, bounds, confidence, f"{about}, by {how}", found.n)
    drawn = part(tallied.ruler, counted.cases)
    bounds, threshold = _bounds(at, drawn), float(tallied.ruler.threshold)
    passed, failed = bounds.high <= threshold, bounds.low > threshold
    verdict = Verdict.PASSED if passed else Verdict.FAILED if failed else None
    how = "Clopper-Pearson" if drawn.best_whole and drawn.worst_whole else "Chernoff-Hoeffding"
    return Seen(verdict, bounds, at.confidence, f"{about}, by {how}, one look", drawn.cases)


def _of_clusters(gate: Gate, counted: Cells, tallied: Tally) -> Seen:
    found = of_clusters(gate, tallied.ruler, counted)
    how = "bets on their means in random order"
    how += "; upper bound by one look" if found.looked_once else ""
    bounds = Bounds(found.bounds.lower, found.bounds.upper)
    method = f"mean of {found.clusters} {found.over} means, {how}"
    return Seen(found.verdict, bounds, gate.confidence, method, len(counted.cases), found)


def as_seen(gate: Gate, tallied: Tally, estimate: Estimate, seen: Seen | None) -> Estimate:
    """The estimate with the interval of the gate's claim, where the statistic's own is about another."""
    if seen is None:
        return estimate
    low, high = within_logic(tallied, seen) if gate.claim == "declared-set" else seen.bounds
    ends = sorted(float(tallied.ruler.value(Fraction(end))) for end in (low, high))
    level = max(0.0, float(1 - 2 * (1 - exact(seen.confidence))))
    value = estimate.value
    if seen.clusters is not None:
        value = float(tallied.ruler.value(exact(seen.clusters.mean)))
    return replace(
        estimate,
        value=value,
        low=ends[0],
        high=ends[1],
        level=level,
        method=f"{seen.method}, {100 * seen.confidence:g} % on either side",
        about=gate.claim,
    )


def _declared_cases(counted: Cells) -> int:
    return counted.declared // counted.repeats


def _bounds(gate: Gate, drawn: Part, *, clean: int = 0) -> Bounds:
    """One-sided bounds for the mean in wrong units, after ``clean`` more cases without a wrong cell."""
    n = drawn.cases + clean
    if drawn.best_whole:
        low = clopper_pearson_lower(int(drawn.best), n, confidence=gate.confidence)
    else:
        low = chernoff_lower(float(drawn.best), n, confidence=gate.confidence)
    if drawn.worst_whole:
        high = clopper_pearson_upper(int(drawn.worst), n, confidence=gate.confidence)
    else:
        high = chernoff_upper(float(drawn.worst), n, confidence=gate.confidence)
    return Bounds(low, high)


def clean_cases_to_pass(gate: Gate, repeats: int, drawn: Part, tallied: Tally) -> int | None:
    """The fewest further cases without a wrong cell after which the gate passes, if any number does."""

    def passes(clean: int) -> bool:
        left = tallied.undrawn - clean * repeats
        if tallied.wrong + tallied.missing + left <= tallied.allowed:
            return True
        return _bounds(gate, drawn, clean=clean).high <= float(tallied.ruler.threshold)

    return _least(passes, tallied.undrawn // repeats)


def _least(holds: Callable[[int], bool], last: int) -> int | None:
    """The least number in 1..last for which a condition holds that stays true once it is."""
    least = 1 + bisect_left(range(1, last + 1), True, key=holds)
    return least if least <= last else None
