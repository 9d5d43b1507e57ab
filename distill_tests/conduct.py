"""From a case to its outcome: ask and judge every trial of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from distill_tests.controls import CANARY, Checked, ControlReport, canary_met, control_met, report
from distill_tests.errors import DataError, DistillError, Stopped
from distill_tests.gates.baselines import Measured, measured_outcomes, measured_run, run_of
from distill_tests.gathered import gathered, or_trouble
from distill_tests.judging import judging
from distill_tests.registry import kinds
from distill_tests.types import (
    Ask,
    Baseline,
    Canary,
    Case,
    Control,
    Controls,
    Exhibit,
    Judging,
    Model,
    Outcome,
    Reply,
    Request,
    Spec,
)

__all__ = ["conduct", "conduct_controls", "declared_controls", "judging", "measured_baseline"]


async def conduct(
    case: Case, *, spec: Spec, target: Model, ask: Ask, clock: Callable[[], float] = time.perf_counter
) -> Outcome:
    """The outcome of one case on one target, all its repeats asked side by side.

    Raises the first provider error only when every repeat has ended.
    """
    kind = kinds.get(spec.kind).kind
    judge = judging(spec.judge, ask=ask)
    started = clock()
    trials = await gathered(
        kind.conduct(case, spec, target, sample=sample, ask=ask, judge=judge)
        for sample in range(spec.repeats)
    )
    return Outcome(case=case, target=target, trials=tuple(trials), seconds=clock() - started)


# --- what is compared with -----------------------------------------------------------------------


async def measured_baseline(
    baseline: Baseline, cases: Sequence[Case], *, spec: Spec, target: Model, ask: Ask
) -> Measured:
    """The judged answers of a baseline: as its run holds them, or those of a model, judged now.

    A control may lack some.  Raises DataError for a run that has none, for a control that answers nothing and
    a recorded model that does not answer every case.
    """
    if baseline.model is None:
        found = await asyncio.to_thread(run_of, baseline, spec, target, cases)
        if isinstance(found, str):
            raise DataError(f"the baseline cannot be compared: {found}")
        return measured_run(found)
    card = baseline.model
    whose = (
        f"the control {baseline.control} ({card.alias})" if baseline.control else f"the recorded {card.alias}"
    )
    answered = await gathered(or_trouble(conduct(case, spec=spec, target=card, ask=ask)) for case in cases)
    outcomes = [one for one in answered if isinstance(one, Outcome)]
    troubles = [one for one in answered if isinstance(one, str)]
    if troubles and not (baseline.control and outcomes):
        how_much = "answered none" if baseline.control else "did not answer all"
        raise DataError(f"nothing to compare with, {whose} {how_much} of the set: {troubles[0]}")
    may_lack, first = baseline.control is not None, next(iter(troubles), "")
    return measured_outcomes(whose, outcomes, may_lack=may_lack, trouble=first)


# --- controls and canaries ----------------------------------------------------------------------


def declared_controls(spec: Spec, target: Model) -> Controls:
    """The controls that the kind has for this spec on this model; none where the kind offers none."""
    controls = getattr(kinds.get(spec.kind).kind, "controls", None)
    if controls is None:
        return Controls()
    found: Controls = controls(spec, target)
    return found


async def conduct_controls(spec: Spec, target: Model, *, ask: Ask) -> ControlReport:
    """Every control and canary of a spec on one model, judged as its answers are."""
    declared = declared_controls(spec, target)
    judge = judging(spec.judge, ask=ask)
    checked: Sequence[Checked] = await asyncio.gather(
        *(_control(control, spec, ask=ask, judge=judge) for control in declared.controls),
        *(_canary(canary, target, judge=judge) for canary in spec.canaries),
    )
    return report(declared, checked)


async def _control(control: Control, spec: Spec, *, ask: Ask, judge: Judging) -> Checked:
    async def canned(_request: Request) -> Reply:
        return Reply(text=control.reply or "", finish="stop")

    told: dict[str, Any] = {
        "id": control.case.id,
        "group": control.group,
        "positive": control.positive,
        "expected": f"{control.mark} {'found' if control.positive else 'not found'}",
    }
    kind = kinds.get(spec.kind).kind
    answers = ask if control.reply is None else canned
    try:
        trial = await kind.conduct(control.case, spec, control.target, sample=0, ask=answers, judge=judge)
    except Stopped:
        raise
    except DistillError as trouble:
        return Checked(as_expected=None, trouble=str(trouble), **told)
    asked = trial.exchanges if control.reply is None else ()
    met = control_met(control, trial.score)
    return Checked(as_expected=met, answer=trial.answer, score=trial.score, exchanges=asked, **told)


async def _canary(canary: Canary, target: Model, *, judge: Judging) -> Checked:
    exhibit = Exhibit(
        id=f"canary-{canary.id}",
        answer=canary.answer,
        prompt=canary.question,
        question=canary.question,
        framing=canary.framing,
        identity=canary.identity or target.identity,
    )
    score = await judge(exhibit)
    return Checked(
        id=exhibit.id,
        group=CANARY,
        positive=True,
        as_expected=canary_met(canary, score),
        answer=canary.answer,
        expected=", ".join(f"{name}: {value}" for name, value in canary.expect.items()),
        score=score,
    )
