"""How strongly a gate's cells speak for its verdict, and which framings or questions fail for themselves.

Evidence comes as e-values (:mod:`distill_tests.inference.eprocess`), so that gates and groups can be judged
many at once (:mod:`distill_tests.inference.multiplicity`).  The bets here are the plain ones, which go on
beyond 1/alpha; a gate's own stops there.

A group is one framing, one question …: its claim is "the rate of this framing, over questions like those
asked, is above the threshold".  Its draws are therefore questions, each counted once, by the first case of
it in planned order: twins in two languages are no two draws.  Where cases are repeated, a case is a group,
too, and its draws are its repeats.  What is missing counts as right.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from distill_tests.gates.cells import Cells, cells
from distill_tests.gates.tally import Ruler, exact, ruler, tally
from distill_tests.inference.eprocess import Bet
from distill_tests.inference.multiplicity import e_bh
from distill_tests.registry import Statistic
from distill_tests.types import Evidence, FailingGroup, FailingGroups, Gate, GateResult, Sample, Verdict

ALPHA = 0.05
"""Of the groups that are named, the share that may be there by chance."""
PROBE = "probe"
"""The dimension of repeated cases."""
_Case = tuple[str, Mapping[str, str], tuple[float | None, ...]]


def with_evidence(result: GateResult, sample: Sample, statistic: Statistic, *, moved: bool) -> GateResult:
    """The result with its evidence, and the groups that fail for themselves; as it is where that fails.

    ``moved``: the threshold is that of a calibrated judge, and its verdict has other errors beside these.
    """
    if result.verdict is Verdict.BROKEN or result.gate.baseline is not None:
        return result
    gate = result.gate
    try:
        found = None if moved else evidence(gate, sample, statistic, result.verdict)
        if statistic.is_p_value and result.estimate.value:
            found = Evidence(passing=1.0, failing=1.0 / result.estimate.value)
        return replace(result, evidence=found, failing=failing_groups(gate, sample, statistic))
    except Exception:  # noqa: BLE001 - a statistic may be a user's code, and the verdict stands without this
        return result


def evidence(gate: Gate, sample: Sample, statistic: Statistic, verdict: Verdict) -> Evidence | None:
    """The e-values of "passed" and of "failed" on the cells asked; None where there are none.

    Of a statistic that is no mean of cells a verdict rests on the whole set, and is certain.  A claim about
    framings in general has no e-value here.  Raises ValueError for a sample that contradicts itself.
    """
    if statistic.cell is None:
        certain = {Verdict.PASSED: Evidence(passing=math.inf, failing=1.0)}
        return {**certain, Verdict.FAILED: Evidence(passing=1.0, failing=math.inf)}.get(verdict)
    if gate.claim == "population":
        return None
    measure = ruler(gate, statistic.scale)
    counted = cells(sample, statistic.cell)
    pool = None if gate.claim == "declared-set-resampled" else counted.declared // counted.repeats
    found = _bets(measure, counted.cases, pool, alpha=float(1 - exact(gate.confidence)))
    if pool is None:
        return found
    tallied = tally(measure, [value for case in counted.cases for value in case], declared=counted.declared)
    return Evidence(
        passing=math.inf if tallied.is_passed() else found.passing,
        failing=math.inf if tallied.is_failed() else found.failing,
    )


def failing_groups(
    gate: Gate, sample: Sample, statistic: Statistic, *, alpha: float = ALPHA
) -> tuple[FailingGroups, ...]:
    """By dimension, the groups whose own rate is beyond the gate's threshold, by e-BH at ``alpha``.

    A dimension with fewer than two groups is left out, and so is every one of a statistic that is no mean.
    """
    if statistic.cell is None:
        return ()
    measure = ruler(gate, statistic.scale)
    counted = cells(sample, statistic.cell)
    asked = _cases(sample, counted)
    dimensions = list(dict.fromkeys(name for _, labels, _ in asked for name in labels))
    found = [_dimension(name, _of_clusters(asked, name), measure, alpha) for name in dimensions]
    if sample.repeats > 1:
        repeats = {case_id: [(value,) for value in case] for case_id, _, case in asked}
        found.append(_dimension(PROBE, repeats, measure, alpha))
    return tuple(one for one in found if one.of > 1)


def _bets(
    measure: Ruler, cases: Iterable[Sequence[float | None]], pool: int | None, *, alpha: float
) -> Evidence:
    """The largest capital of each bet; a case with a missing cell is the worst for either side."""
    threshold = float(measure.threshold)
    passing, failing = (Bet(level, pool, alpha, capped=False) for level in (threshold, 1.0 - threshold))
    most_passing = most_failing = 1.0
    for case in cases:
        wrong = None if None in case else float(_mean(measure, case))
        passing.add(1.0 if wrong is None else wrong)
        failing.add(1.0 if wrong is None else 1.0 - wrong)
        most_passing = max(most_passing, passing.capital)
        most_failing = max(most_failing, failing.capital)
    return Evidence(passing=most_passing, failing=most_failing)


def _cases(sample: Sample, counted: Cells) -> list[_Case]:
    """Each asked case in planned order: its id, its clusters, its cells."""
    known = {outcome.case.id: outcome.case for outcome in sample.outcomes}
    known |= {case.id: case for case in sample.failed}
    order = sample.order or tuple(known)
    return [(name, known[name].clusters, cells) for name, cells in zip(order, counted.cases, strict=True)]


def _of_clusters(asked: Sequence[_Case], dimension: str) -> dict[str, list[tuple[float | None, ...]]]:
    """Group by group the cases that count: the first of each combination of the other clusters."""
    groups: dict[str, dict[object, tuple[float | None, ...]]] = {}
    for case_id, labels, values in asked:
        if dimension in labels:
            others = tuple(sorted((key, value) for key, value in labels.items() if key != dimension))
            groups.setdefault(labels[dimension], {}).setdefault(others or case_id, values)
    return {name: list(units.values()) for name, units in groups.items()}


def _dimension(
    dimension: str, groups: Mapping[str, Sequence[tuple[float | None, ...]]], measure: Ruler, alpha: float
) -> FailingGroups:
    told = [_group(name, units, measure, alpha) for name, units in groups.items()]
    places = e_bh([one.evidence for one in told], alpha) if told else ()
    found = sorted((told[place] for place in places), key=lambda one: (-one.evidence, one.name))
    return FailingGroups(dimension=dimension, of=len(told), alpha=alpha, found=tuple(found))


def _group(
    name: str, units: Sequence[tuple[float | None, ...]], measure: Ruler, alpha: float
) -> FailingGroup:
    """The capital where the bet stopped, which e-BH asks for; not the largest that it ever had."""
    wrong = [_mean(measure, unit) for unit in units]
    threshold = float(measure.threshold)
    bet = Bet(1.0 - threshold, None, alpha, capped=False)
    for amount in wrong:
        bet.add(1.0 - float(amount))
    capital = math.inf if threshold == 0.0 and any(wrong) else bet.capital
    return FailingGroup(name=name, wrong=float(sum(wrong, Fraction(0))), n=len(units), evidence=capital)


def _mean(measure: Ruler, case: Sequence[float | None]) -> Fraction:
    """The mean of the cells in wrong units, what is missing counted as right."""
    wrong = [measure.wrong(exact(value)) for value in case if value is not None]
    return sum(wrong, Fraction(0)) / len(case)
