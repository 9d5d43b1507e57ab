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
   a one-sided bound at ``confidence`` on either side, what is missing counted as in 4.  What is drawn at
   random is the case, so with repeats the bound is on the means of cases.  A gate with ``stop_early`` may
   look after every answer: its bounds are those of :mod:`distill_tests.inference.sequential`.  One without
   looks once: Clopper-Pearson, or Chernoff-Hoeffding where values lie between 0 and 1; drawing without
   replacement only makes both safer.
6. What the bounds leave open is INCONCLUSIVE.

Another claim that the gate names (:mod:`distill_tests.gates.claims`) takes the place of rules 4 to 6: what
the set itself shows decides nothing then.  One that the set cannot carry is BROKEN, in words.

A statistic that is no mean of cells (``cell`` is None) is decided by its value, on a set asked in full with
nothing missing; else by logic alone, where it tells the ends of what its value could be
(:data:`~distill_tests.gates.cells.POSSIBLE`).

Under a calibrated judge the threshold is a band (:mod:`distill_tests.inference.judge_error`), and rules 4
and 5 decide beyond its ends only, at half the gate's error; between them the verdict is INCONCLUSIVE, judge
too coarse.

Whether the asking may end is asked of :class:`~distill_tests.gates.stopping.Watch` after every case; on the
cases that it saw, the verdict here is the same.
"""

from __future__ import annotations

from typing import NamedTuple

from distill_tests.gates import words
from distill_tests.gates.asked_part import Seen, as_seen, clean_cases_to_pass, seen_of, within_logic
from distill_tests.gates.cells import Cells, cells, possible
from distill_tests.gates.claims import refusal
from distill_tests.gates.moved import Moved, explained
from distill_tests.gates.tally import Ruler, Tally, exact, part, ruler, tally
from distill_tests.inference.judge_error import decided
from distill_tests.registry import Statistic
from distill_tests.types import Estimate, Gate, GateResult, Sample, Trial, Verdict


def judge_gate(gate: Gate, sample: Sample, statistic: Statistic, *, moved: Moved | None = None) -> GateResult:
    """The verdict on ``sample`` and the reason in words; never raises.

    ``sample`` is of one target, its asked cases a prefix of the planned order; ``moved`` is the gate's
    threshold where its judge is calibrated.
    """
    estimate = Estimate(
        value=None, low=None, high=None, n=0, level=sample.level, undrawn=len(sample.undrawn) * sample.repeats
    )
    try:
        measure = ruler(gate, statistic.scale)
        if not (sample.outcomes or sample.failed or sample.undrawn):
            raise ValueError("the declared set is empty")
        _refuse_claim(gate, sample, statistic)
        estimate = _estimate(gate, sample, statistic)
        if statistic.cell is None:
            counted = cells(sample, _scored)
            verdict, explanation = _judge_value(gate, measure, estimate, counted, statistic.is_p_value)
        else:
            counted = cells(sample, statistic.cell)
            tallied = tally(measure, _all_values(counted), declared=counted.declared)
            _agree(estimate, tallied)
            seen = seen_of(gate, counted, tallied, moved)
            verdict, explanation = _judge_mean(gate, counted, tallied, moved, seen)
            estimate = as_seen(gate, tallied, estimate, seen)
    except Exception as error:  # noqa: BLE001 - a statistic may be a user's code: its trouble breaks the gate
        verdict, explanation = Verdict.BROKEN, words.trouble(gate, error)
    return GateResult(gate=gate, estimate=estimate, verdict=verdict, explanation=explanation)


def power(gate: Gate, declared_cells: int, *, scale: tuple[float, float] = (0.0, 1.0)) -> str:
    """One line for ``--plan``: what decides this gate on a set of ``declared_cells``, in words."""
    try:
        return words.power(gate, tally(ruler(gate, scale), (), declared=declared_cells))
    except ValueError as error:
        return words.trouble(gate, error)


class _Judged(NamedTuple):
    verdict: Verdict
    explanation: str


def _refuse_claim(gate: Gate, sample: Sample, statistic: Statistic) -> None:
    """Raises ValueError in words where the set or the statistic cannot carry the claim."""
    if gate.claim != "declared-set" and statistic.cell is None:
        raise ValueError(f"it is no mean of answers, so that no {gate.claim} claim can be made of it")
    cases = (*(outcome.case for outcome in sample.outcomes), *sample.failed, *sample.undrawn)
    refused = refusal(gate, [case.clusters for case in cases], scale=statistic.scale)
    if refused is not None:
        raise ValueError(refused)


def _judge_mean(
    gate: Gate, counted: Cells, tallied: Tally, moved: Moved | None, seen: Seen | None
) -> _Judged:
    if tallied.too_many_missing(gate.max_missing):
        return _Judged(Verdict.BROKEN, words.too_many_missing(gate, tallied, counted))
    if tallied.scored < max(1, gate.min_n):
        return _Judged(Verdict.INCONCLUSIVE, words.too_few(gate, tallied.scored, counted))
    if gate.claim != "declared-set":
        return _judge_claim(gate, counted, tallied, moved, seen)
    if moved is not None and tallied.ruler.threshold < 1:
        bounds = within_logic(tallied, seen)
        found = decided(moved.band, bounds.low, bounds.high)
        return _Judged(*explained(tallied, counted, bounds, found, moved))
    certain = _by_logic(tallied)
    if certain is not None:
        return _Judged(certain, words.by_logic(tallied, counted, certain))
    if seen is None:
        return _Judged(Verdict.INCONCLUSIVE, words.lacks_answers(tallied, counted))
    if seen.verdict is not None:
        return _Judged(seen.verdict, words.by_bound(gate, tallied, counted, seen.bounds, seen.verdict))
    more = None
    if not gate.stop_early:
        more = clean_cases_to_pass(gate, counted.repeats, part(tallied.ruler, counted.cases), tallied)
    return _Judged(Verdict.INCONCLUSIVE, words.open_bounds(gate, tallied, counted, seen.bounds, more))


def _judge_claim(
    gate: Gate, counted: Cells, tallied: Tally, moved: Moved | None, seen: Seen | None
) -> _Judged:
    """The verdict on more than the declared set as it was answered in this run."""
    if seen is None:
        return _Judged(Verdict.INCONCLUSIVE, words.takes_the_whole_set(tallied, counted))
    if moved is not None and tallied.ruler.threshold < 1:
        found = decided(moved.band, seen.bounds.low, seen.bounds.high)
        verdict, explanation = explained(tallied, counted, seen.bounds, found, moved)
        return _Judged(verdict, explanation.replace(words.SCOPE, words.scope(gate, counted)))
    if seen.clusters is not None:
        return _Judged(
            seen.verdict or Verdict.INCONCLUSIVE, words.of_clusters(gate, tallied, counted, seen.clusters)
        )
    if seen.verdict is not None:
        explanation = words.by_bound(gate, tallied, counted, seen.bounds, seen.verdict)
        return _Judged(seen.verdict, explanation + words.carried_by(seen.cases, counted))
    return _Judged(Verdict.INCONCLUSIVE, words.open_process(gate, tallied, counted, seen.bounds))


def _judge_value(gate: Gate, measure: Ruler, estimate: Estimate, counted: Cells, is_p_value: bool) -> _Judged:
    """The verdict on a statistic that is no mean of cells."""
    missing = max(estimate.missing, counted.missing)
    if missing > exact(gate.max_missing) * counted.asked:
        return _Judged(Verdict.BROKEN, words.too_many_missing_values(gate, missing, counted))
    if estimate.value is None and estimate.method and (is_p_value or not missing) and not counted.undrawn:
        return _Judged(Verdict.INCONCLUSIVE, words.no_value(measure, estimate))
    if estimate.n < max(1, gate.min_n):
        return _Judged(Verdict.INCONCLUSIVE, words.too_few(gate, estimate.n, counted))
    if estimate.value is None or (missing and not is_p_value) or counted.undrawn:
        return _judge_possible(gate, measure, estimate, missing, counted)
    verdict = _held(measure, estimate.value, strictly=is_p_value)
    return _Judged(verdict, words.by_value(gate, measure, estimate, verdict))


def _judge_possible(gate: Gate, measure: Ruler, estimate: Estimate, missing: int, counted: Cells) -> _Judged:
    """The verdict where the value could not be on the threshold's other side, whatever is missing."""
    ends = possible(estimate)
    if ends is None or estimate.value is None:
        return _Judged(Verdict.INCONCLUSIVE, words.whole_set_only(gate, estimate, missing, counted))
    low, high = (_held(measure, end) for end in ends)
    if low is not high:
        return _Judged(Verdict.INCONCLUSIVE, words.open_ends(gate, measure, ends, missing, counted))
    return _Judged(low, words.by_ends(gate, measure, ends, low, missing, counted))


def _held(measure: Ruler, value: float, *, strictly: bool = False) -> Verdict:
    """``strictly``: at the threshold it fails, as a p-value rejects at its level."""
    wrong = measure.wrong(exact(value))
    holds = wrong < measure.threshold if strictly else wrong <= measure.threshold
    return Verdict.PASSED if holds else Verdict.FAILED


def _by_logic(tallied: Tally) -> Verdict | None:
    if tallied.is_failed():
        return Verdict.FAILED
    if tallied.is_passed():
        return Verdict.PASSED
    return None


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
