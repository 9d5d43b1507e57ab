"""Gate + sample -> GateResult.

The claim is about the declared set, asked in this run: had every cell been asked and scored, its mean would
be at most (at least) the threshold.  In this order:

1. A gate or a sample that contradicts itself, a statistic that fails, a value outside the scale, an empty
   set: BROKEN.
2. More of the asked cells missing than ``max_missing``: BROKEN, even where the rest already fails the gate.
   Both fail the run; but a run in which the asking broke down is no finding about the model.
3. Fewer scored cells than ``min_n``: INCONCLUSIVE.
4. Logic, with what is missing or not asked counted as wrong for PASSED and as right for FAILED.  It decides
   every set asked in full with nothing missing.
5. A set asked in full that logic leaves open lacks answers: INCONCLUSIVE.  A set asked in part is decided by
   a one-sided bound at ``confidence`` on either side, what is missing counted as in 4: Clopper-Pearson, or
   Chernoff-Hoeffding where values lie between 0 and 1.  What is drawn at random is the case, so with repeats
   the bound is on the means of cases.  Drawing without replacement only makes both bounds safer.
6. What the bounds leave open is INCONCLUSIVE.

A statistic that is no mean of cells (``cell`` is None) is decided by its value, on a set asked in full with
nothing missing only.

The bounds of rule 5 hold for one look.  :func:`early` looks after every answer, so it uses the logic of rule
4 alone.  It is where a sequential method plugs in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from distill_tests import verdict_words as words
from distill_tests.cells import Cells, cells
from distill_tests.intervals import (
    chernoff_lower,
    chernoff_upper,
    clopper_pearson_lower,
    clopper_pearson_upper,
)
from distill_tests.registry import Statistic
from distill_tests.tally import Part, Ruler, Tally, exact, part, ruler, tally
from distill_tests.types import Estimate, Gate, GateResult, Sample, Trial, Verdict


def judge_gate(gate: Gate, sample: Sample, statistic: Statistic) -> GateResult:
    """The verdict on ``sample`` and the reason in words; never raises.

    ``sample`` is of one target, its asked cases a prefix of the planned order.
    """
    estimate = Estimate(
        value=None, low=None, high=None, n=0, level=sample.level, undrawn=len(sample.undrawn) * sample.repeats
    )
    try:
        measure = ruler(gate, statistic.scale)
        if not (sample.outcomes or sample.failed or sample.undrawn):
            raise ValueError("the declared set is empty")
        estimate = _estimate(gate, sample, statistic)
        if statistic.cell is None:
            verdict, explanation = _judge_value(gate, measure, estimate, cells(sample, _scored))
        else:
            counted = cells(sample, statistic.cell)
            tallied = tally(measure, _all_values(counted), declared=counted.declared)
            _agree(estimate, tallied)
            verdict, explanation = _judge_mean(gate, counted, tallied)
    except Exception as error:  # noqa: BLE001 - a statistic may be a user's code: its trouble breaks the gate
        verdict, explanation = Verdict.BROKEN, words.trouble(gate, error)
    return GateResult(gate=gate, estimate=estimate, verdict=verdict, explanation=explanation)


def early(
    gate: Gate,
    values: Sequence[float | None],
    declared_cells: int,
    *,
    scale: tuple[float, float] = (0.0, 1.0),
) -> Verdict | None:
    """The verdict that no further answer can change, if ``values`` are the first cells in planned order.

    ``None`` among the values is a cell asked and missing: worst case for either side.  The answer is
    PASSED, FAILED, or None for *go on asking*; a gate without ``stop_early`` always goes on.  Missing cells
    never end the asking, because a rerun may still obtain them.  On the sample of these cells and on every
    completion of it with scored ones, :func:`judge_gate` gives the same verdict.
    """
    if not gate.stop_early:
        return None
    try:
        tallied = tally(ruler(gate, scale), values, declared=declared_cells)
    except ValueError:  # judge_gate calls it BROKEN, with the reason
        return None
    if tallied.scored < max(1, gate.min_n) or tallied.too_many_missing(gate.max_missing):
        return None
    return _by_logic(tallied)


def power(gate: Gate, declared_cells: int, *, scale: tuple[float, float] = (0.0, 1.0)) -> str:
    """One line for ``--plan``: what decides this gate on a set of ``declared_cells``, in words."""
    try:
        return words.power(gate, tally(ruler(gate, scale), (), declared=declared_cells))
    except ValueError as error:
        return words.trouble(gate, error)


class _Judged(NamedTuple):
    verdict: Verdict
    explanation: str


def _judge_mean(gate: Gate, counted: Cells, tallied: Tally) -> _Judged:
    if tallied.too_many_missing(gate.max_missing):
        return _Judged(Verdict.BROKEN, words.too_many_missing(gate, tallied, counted))
    if tallied.scored < max(1, gate.min_n):
        return _Judged(Verdict.INCONCLUSIVE, words.too_few(gate, tallied.scored, counted))
    decided = _by_logic(tallied)
    if decided is not None:
        return _Judged(decided, words.by_logic(tallied, counted, decided))
    if not tallied.undrawn:
        return _Judged(Verdict.INCONCLUSIVE, words.lacks_answers(tallied, counted))
    drawn = part(tallied.ruler, counted.cases)
    bounds = _bounds(gate, drawn)
    threshold = float(tallied.ruler.threshold)
    if bounds.high <= threshold:
        return _Judged(Verdict.PASSED, words.by_bound(gate, tallied, counted, bounds, Verdict.PASSED))
    if bounds.low > threshold:
        return _Judged(Verdict.FAILED, words.by_bound(gate, tallied, counted, bounds, Verdict.FAILED))
    more = _clean_cases_to_pass(gate, counted.repeats, drawn, tallied)
    return _Judged(Verdict.INCONCLUSIVE, words.open_bounds(gate, tallied, counted, bounds, more))


def _judge_value(gate: Gate, measure: Ruler, estimate: Estimate, counted: Cells) -> _Judged:
    """The verdict on a statistic that is no mean of cells."""
    missing = max(estimate.missing, counted.missing)
    if missing > exact(gate.max_missing) * counted.asked:
        return _Judged(Verdict.BROKEN, words.too_many_missing_values(gate, missing, counted))
    if estimate.n < max(1, gate.min_n):
        return _Judged(Verdict.INCONCLUSIVE, words.too_few(gate, estimate.n, counted))
    if estimate.value is None or missing or counted.undrawn:
        return _Judged(Verdict.INCONCLUSIVE, words.whole_set_only(gate, estimate, missing, counted))
    passed = measure.wrong(exact(estimate.value)) <= measure.threshold
    verdict = Verdict.PASSED if passed else Verdict.FAILED
    return _Judged(verdict, words.by_value(gate, measure, estimate, verdict))


def _by_logic(tallied: Tally) -> Verdict | None:
    if tallied.is_failed():
        return Verdict.FAILED
    if tallied.is_passed():
        return Verdict.PASSED
    return None


def _bounds(gate: Gate, drawn: Part, *, clean: int = 0) -> words.Bounds:
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
    return words.Bounds(low, high)


def _clean_cases_to_pass(gate: Gate, repeats: int, drawn: Part, tallied: Tally) -> int | None:
    """The fewest further cases without a wrong cell after which the gate passes, if any number does."""

    def passes(clean: int) -> bool:
        left = tallied.undrawn - clean * repeats
        if tallied.wrong + tallied.missing + left <= tallied.allowed:
            return True
        return _bounds(gate, drawn, clean=clean).high <= float(tallied.ruler.threshold)

    return _least(passes, tallied.undrawn // repeats)


def _least(holds: Callable[[int], bool], last: int) -> int | None:
    """The least number in 1..last for which a condition holds that stays true once it is."""
    if last < 1 or not holds(last):
        return None
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle
    return high


def _all_values(counted: Cells) -> list[float | None]:
    return [value for case in counted.cases for value in case]


def _scored(trial: Trial) -> float | None:
    return trial.score.value


def _estimate(gate: Gate, sample: Sample, statistic: Statistic) -> Estimate:
    """What the statistic says; raises ValueError for numbers that cannot be meant."""
    estimate: object = statistic(sample, **gate.options)
    if not isinstance(estimate, Estimate):
        raise TypeError(f"it gave {type(estimate).__name__}, not an Estimate")
    low, high = statistic.scale
    if estimate.value is not None and not low <= estimate.value <= high:  # NaN is outside, too
        raise ValueError(f"its value {estimate.value} is outside the scale {low:g}..{high:g}")
    for bound in (estimate.low, estimate.high):
        if bound is not None:
            exact(bound)
    return estimate


def _agree(estimate: Estimate, tallied: Tally) -> None:
    """The verdict is about the number that is reported: raises ValueError where cells say another."""
    if not tallied.scored:
        if estimate.value is not None:
            raise ValueError(f"its value is {estimate.value}, and no cell is scored")
        return
    mean = float(tallied.ruler.value(tallied.wrong / tallied.scored))
    span = float(tallied.ruler.high - tallied.ruler.low)
    if estimate.value is None or abs(estimate.value - mean) > 1e-9 * span:
        raise ValueError(f"its value is {estimate.value}, and the mean of its cells {mean:.12g}")
