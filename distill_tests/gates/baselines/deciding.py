"""Not worse than the baseline by more than the gate allows: the verdict, as soon as the answers carry it.

Cells stand in wrong units (:mod:`distill_tests.gates.tally`), so that an at-least gate is an at-most gate
on mirrored cells, and a difference is how much more is wrong than was.  The rules are those of
:mod:`distill_tests.gates.deciding` in their order: what is missing, logic, then the averaged e-processes of
:class:`~distill_tests.inference.paired.NonInferiority` on the cases of the planned order.  The claim is
about the declared set.

What a control lacks may be anything on the scale: a gate relative to it decides where both ends agree.  Of
more than ``max_missing`` of its answers it is BROKEN.
"""

from __future__ import annotations

from collections.abc import Sequence

from distill_tests.gates.baselines import words
from distill_tests.gates.baselines.measured import Measured
from distill_tests.gates.baselines.noninferior import NotWorse
from distill_tests.gates.baselines.pairs import (
    CaseCells,
    Ends,
    Pairs,
    allowed,
    difference_ruler,
    mean_or_missing,
    old_ends,
    paired,
)
from distill_tests.gates.baselines.reported import comparison, difference_estimate, evidence_of
from distill_tests.gates.tally import Ruler, exact
from distill_tests.registry import Statistic
from distill_tests.types import Case, Estimate, Gate, GateResult, Sample, Verdict

_VERDICT = {"pass": Verdict.PASSED, "fail": Verdict.FAILED}


class PairedWatch:
    """A gate with a baseline that consumes the cases of its set one by one; see ``stopping.Watch``.

    ``cases`` are those of the declared set in planned order.  Raises ValueError if the baseline lacks one.
    """

    def __init__(
        self, gate: Gate, measured: Measured, *, cases: Sequence[Case], statistic: Statistic, repeats: int
    ) -> None:
        self.gate = gate
        self._ruler = difference_ruler(gate, statistic.scale)
        old = [old_ends(self._ruler, measured, case.id, statistic, repeats) for case in cases]
        self._test = _test(gate, self._ruler, old)
        lacking = sum(exact(one.high) - exact(one.low) for one in old)
        self._is_broken = lacking > exact(gate.max_missing) * len(old)
        self._asked = self._scored = 0

    def add(self, case: CaseCells) -> Verdict | None:
        """The verdict that stands after the next case, or None for *go on asking*."""
        self._asked += len(case)
        self._scored += sum(value is not None for value in case)
        if self._test.decision == "undecided":
            self._test.add(mean_or_missing(self._ruler, case))
        if self._is_broken or not self.gate.stop_early or self._scored < max(1, self.gate.min_n):
            return None
        if self._asked - self._scored > exact(self.gate.max_missing) * self._asked:
            return None
        return _VERDICT.get(self._test.decision)


def judge_against(
    gate: Gate,
    sample: Sample,
    statistic: Statistic,
    measured: Measured,
    *,
    in_random_order: bool = True,
) -> GateResult:
    """The verdict on ``sample`` beside the baseline, with both rates and what changed; never raises.

    Where the cases were not asked ``in_random_order``, a part of the set is decided by logic alone.
    """
    nothing = Estimate(
        value=None, low=None, high=None, n=0, level=sample.level, undrawn=len(sample.undrawn) * sample.repeats
    )
    try:
        return _judged(gate, sample, statistic, measured, in_random_order=in_random_order)
    except Exception as error:  # noqa: BLE001 - a statistic may be a user's code: its trouble breaks the gate
        explanation = words.trouble(gate, error)
        return GateResult(gate=gate, estimate=nothing, verdict=Verdict.BROKEN, explanation=explanation)


# --- the verdict ----------------------------------------------------------------------------------


def _judged(
    gate: Gate, sample: Sample, statistic: Statistic, measured: Measured, *, in_random_order: bool
) -> GateResult:
    if not (sample.outcomes or sample.failed or sample.undrawn):
        raise ValueError("the declared set is empty")
    if statistic.cell is None:
        raise ValueError("it is no mean of cells, which alone can be compared with a baseline")
    pairs = paired(gate, sample, statistic, measured)
    shown = pairs.counted.cases if in_random_order else ()
    test = _consumed(gate, sample, statistic, measured, pairs, shown)
    verdict, explanation = _decided(gate, pairs, test, measured)
    return GateResult(
        gate=gate,
        estimate=difference_estimate(gate, sample, pairs, test),
        verdict=verdict,
        explanation=f"{explanation}; against {measured.name}",
        evidence=evidence_of(pairs, test),
        comparison=comparison(sample, measured, pairs),
    )


def _decided(gate: Gate, pairs: Pairs, test: NotWorse, measured: Measured) -> tuple[Verdict, str]:
    counted = pairs.counted
    if counted.missing > exact(gate.max_missing) * counted.asked:
        return Verdict.BROKEN, words.too_many_missing(gate, counted)
    if pairs.lacking > exact(gate.max_missing) * counted.declared:
        return Verdict.BROKEN, words.too_much_lacking(gate, pairs, measured.trouble)
    scored = len(counted.values)
    if scored < max(1, gate.min_n):
        return Verdict.INCONCLUSIVE, words.too_few(gate, scored, counted)
    if pairs.most <= pairs.delta:
        return Verdict.PASSED, words.by_logic(pairs, Verdict.PASSED)
    if pairs.least > pairs.delta:
        return Verdict.FAILED, words.by_logic(pairs, Verdict.FAILED)
    if not counted.undrawn or test.decision == "undecided":
        return Verdict.INCONCLUSIVE, words.still_open(gate, pairs, test)
    verdict = _VERDICT[test.decision]
    return verdict, words.by_bound(gate, pairs, test, verdict)


def _consumed(
    gate: Gate,
    sample: Sample,
    statistic: Statistic,
    measured: Measured,
    pairs: Pairs,
    shown: Sequence[CaseCells],
) -> NotWorse:
    """The sequential test after the cases that it is shown, or at its decision."""
    order = (*pairs.ids, *(case.id for case in sample.undrawn))
    old = [old_ends(pairs.ruler, measured, name, statistic, sample.repeats) for name in order]
    test = _test(gate, pairs.ruler, old)
    for case in shown:
        if test.decision != "undecided":
            break
        test.add(mean_or_missing(pairs.ruler, case))
    return test


def _test(gate: Gate, measure: Ruler, old: Sequence[Ends]) -> NotWorse:
    return NotWorse(old, float(allowed(measure)), float(1 - exact(gate.confidence)))
