"""The cases of one spec for one model, asked through an engine, and its gates decided on what came.

Cases stand in planned order.  Gates consume outcomes in that order, whatever order they arrive in
and whatever a person selected.  When every gate of interest has decided on the planned prefix, the
cases that were not begun are not asked any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from distill_tests.audit.judged import SpecJudge
from distill_tests.audit.watching import Watching
from distill_tests.conduct import conduct, conduct_controls, measured_baseline
from distill_tests.controls import ControlReport
from distill_tests.engine import Engine
from distill_tests.errors import DataError, DistillError, Stopped
from distill_tests.gates import judge_gate
from distill_tests.gates.baselines import Measured, judge_against
from distill_tests.gates.evidence import with_evidence
from distill_tests.gates.text import beyond_note
from distill_tests.registry import kinds, providers, statistic_of
from distill_tests.subjects import is_judge
from distill_tests.types import (
    Ask,
    Case,
    Estimate,
    Gate,
    GateResult,
    Json,
    Model,
    Outcome,
    Sample,
    Spec,
    Trial,
    Verdict,
)


class NotNeeded(DistillError):
    """The case was not asked: the gates had decided."""


class NotBelieved(DistillError):
    """The controls were missed, and the spec has no gate that this would break: its cases are broken."""


def case_verdict(trials: Sequence[Trial], *, wrong: Callable[[Trial], bool], on_miss: str) -> Verdict:
    """A wrong trial outweighs an unscored one; an unscored one is never a pass."""
    scored = [trial for trial in trials if trial.score.value is not None]
    if any(wrong(trial) for trial in scored):
        return Verdict.MISSED if on_miss == "gate" else Verdict.FAILED
    return Verdict.PASSED if trials and len(scored) == len(trials) else Verdict.INCONCLUSIVE


def own_gates(spec: Spec) -> tuple[Gate, ...]:
    """The gates that each target of the spec has for itself, not those across all of them."""
    return tuple(gate for gate in spec.gates if gate.across is None)


def recording_faults(target: Model) -> tuple[str, ...]:
    """How many rows of the target's recording were left out, and each with its place; empty: none was."""
    if is_judge(target):
        return ()
    make = providers.get(target.provider).make
    if not hasattr(make, "left_out"):
        return ()
    recording: Any = make(target)
    try:
        return tuple(recording.left_out())
    except DataError:
        return ()  # the cases tell of a recording that cannot be read at all


class TargetRun:
    """The declared cases of one spec for one model, asked through an engine.

    ``first`` asks only that many planned cases; the others are undrawn.  ``full`` ignores
    ``stop_early``.  ``width`` bounds the cases in flight of a run that may stop early.
    """

    def __init__(
        self,
        *,
        spec: Spec,
        target: Model,
        cases: Sequence[Case],
        engine: Callable[[], Engine],
        key: str,
        first: int | None = None,
        full: bool = False,
        width: int = 16,
    ) -> None:
        self.spec, self.target, self.cases = spec, target, tuple(cases)
        self._engine, self._key, self._width = engine, key, width
        self._planned = self.cases if first is None else self.cases[:first]
        self._index = {case.id: number for number, case in enumerate(self._planned)}
        self._judge = SpecJudge(spec, declared=len(self.cases))
        self._watching = Watching(
            spec, self.cases, planned=len(self._planned), full=full, threshold=self._judge.moved
        )
        self._window: asyncio.Semaphore | None = None

    # --- asking ---------------------------------------------------------------------------------

    def watch(self, gates: Collection[str]) -> None:
        """Name the gates that will be judged; only they can stop the asking, and only together."""
        self._watching.watch(gates)

    @property
    def planned(self) -> tuple[Case, ...]:
        """The declared cases that are asked unless the gates stop before (see ``first``)."""
        return self._planned

    def drawn(self, case: Case) -> bool:
        """Whether the case is among the planned ones (see ``first``)."""
        return case.id in self._index

    def submit(self, cases: Sequence[Case]) -> None:
        """Have the cases asked, in planned order; those already submitted are left alone."""
        for case in sorted(filter(self.drawn, cases), key=lambda case: self._index[case.id]):
            self._future(case)

    def submit_all(self) -> None:
        """Have all of it asked, the controls first."""
        self._controls()
        self.submit(self._planned)

    def future(self, case: Case) -> Future[Outcome]:
        """The case's outcome to be; raises NotNeeded, Stopped or a DistillError when waited for."""
        return self._future(case)

    # --- controls -------------------------------------------------------------------------------

    def _controls(self) -> Future[ControlReport]:
        """What the controls and canaries come to; asked once, ahead of the cases if this is called first."""
        key = f"{self._key}::/controls"  # no case is called so
        return self._engine().submit(key, lambda ask: conduct_controls(self.spec, self.target, ask=ask))

    def controls(self, *, wait: Callable[[Future[Any]], Any] = Future.result) -> ControlReport:
        """The controls' report; trouble in the asking of them is a reason not to believe the run."""
        try:
            found: ControlReport = wait(self._controls())
        except Stopped:
            raise
        except Exception as error:  # noqa: BLE001 - a kind's or judge's bug: without controls there is no verdict
            return ControlReport(broken=f"the controls could not be asked: {error}")
        return found

    async def _refuse_if_not_believed(self) -> None:
        """Raises NotBelieved where controls were missed and no gate is there to tell of it."""
        if self.spec.gates:
            return
        told = await asyncio.wrap_future(self._controls())
        if told.broken:
            raise NotBelieved(f"{told.broken}; so no verdict can be believed")

    def forget_error(self, case: Case) -> None:
        """Let a case that ended in an error be asked again; an answer is never drawn twice."""
        future = self._future(case)
        if future.done() and isinstance(future.exception(), DistillError):
            self._engine().forget(self._case_key(case))

    def _case_key(self, case: Case) -> str:
        return f"{self._key}::{case.id}"

    def _future(self, case: Case) -> Future[Outcome]:
        key = self._case_key(case)
        return self._engine().submit(key, lambda ask: self._ask(case, key, ask))

    async def _ask(self, case: Case, key: str, ask: Ask) -> Outcome:
        if self._window is None:
            width = self._width if self._watching.may_stop else max(1, len(self._planned))
            self._window = asyncio.Semaphore(width)
        await self._know_baselines()
        await self._refuse_if_not_believed()
        async with self._window:
            if self._watching.settled_after() is not None:
                raise NotNeeded(self.stop_reason())
            try:
                outcome = await conduct(case, spec=self.spec, target=self.target, ask=ask)
            except Stopped:
                raise
            except BaseException:  # whatever ended it, the case is missing for the gates; raised again
                self._watching.note(self._index[case.id], None)
                raise
            outcome = replace(outcome, notes=(*outcome.notes, *self._engine().notes(key)))
            self._watching.note(self._index[case.id], outcome)
            return outcome

    # --- what is compared with ------------------------------------------------------------------

    def _baseline(self, gate: Gate) -> Future[Measured]:
        """What the gate's baseline answered to this set; asked or read once."""
        baseline = gate.baseline
        assert baseline is not None, "only a gate with a baseline is compared"

        def measured(ask: Ask) -> Coroutine[Any, Any, Measured]:
            return measured_baseline(baseline, self.cases, spec=self.spec, target=self.target, ask=ask)

        return self._engine().submit(f"{self._key}::/baseline-of-{gate.name}", measured)

    def _known_baseline(self, gate: Gate, wait: Callable[[Future[Any]], Any]) -> Measured:
        """What the baseline answered; raises a DistillError for whatever is wrong with it."""
        try:
            found: Measured = wait(self._baseline(gate))
        except DistillError:
            raise
        except Exception as error:  # a kind's or judge's bug is trouble with the baseline, in words
            raise DataError(f"no baseline: {type(error).__name__}: {error}") from error
        return found

    async def _know_baselines(self) -> None:
        """Wait for the baselines of the watched gates, without which these can consume nothing."""
        for gate in self._watching.uncompared:
            try:
                self._watching.compare(gate, await asyncio.wrap_future(self._baseline(gate)))
            except Exception:  # noqa: BLE001, S112 - whatever is wrong with a baseline, its gate tells of it
                continue

    def settled_after(self) -> int | None:
        """After how many planned cases every watched gate had decided; None while one has not."""
        return self._watching.settled_after()

    def stop_reason(self) -> str:
        return f"not needed: gates decided after {self.settled_after()} of {len(self.cases)}"

    # --- deciding -------------------------------------------------------------------------------

    def judge(self, gate: Gate, *, wait: Callable[[Future[Any]], Any] = Future.result) -> GateResult:
        """The gate's verdict; waits for every outcome it needs, selected or not.

        Raises Stopped if the run is being interrupted.
        """
        controls = self._all_obtained(wait)
        try:
            result = self._judged(gate, wait)
        except Stopped:
            raise
        except DistillError as error:
            nothing = Estimate(value=None, low=None, high=None, n=0)
            return GateResult(gate=gate, estimate=nothing, verdict=Verdict.BROKEN, explanation=str(error))
        if controls.broken:
            return replace(
                result,
                verdict=Verdict.BROKEN,
                explanation=f"{controls.broken}; so no verdict can be believed",
            )
        trouble = self._judge.trouble(gate)
        if trouble and result.verdict is not Verdict.BROKEN:
            return replace(result, verdict=Verdict.INCONCLUSIVE, explanation=trouble)
        return result

    def obtained(
        self, gate: Gate, *, wait: Callable[[Future[Any]], Any] = Future.result
    ) -> tuple[Sample, str, Verdict]:
        """What a gate across targets sees of this one, and why it cannot be believed, with how bad that is.

        Raises Stopped if the run is being interrupted.
        """
        controls = self._all_obtained(wait)
        if controls.broken:
            return self.sample(gate), controls.broken, Verdict.BROKEN
        return self.sample(gate), self._judge.trouble(gate), Verdict.INCONCLUSIVE

    def _all_obtained(self, wait: Callable[[Future[Any]], Any]) -> ControlReport:
        """Wait for every planned case, whatever comes of it, and for the controls."""
        self.submit_all()
        controls = self.controls(wait=wait)
        for case in self._planned:
            try:
                wait(self._future(case))
            except Stopped:
                raise
            except Exception:  # noqa: BLE001, S112 - whatever ended a case without an outcome, it is missing
                continue
        return controls

    def _judged(self, gate: Gate, wait: Callable[[Future[Any]], Any]) -> GateResult:
        """What the gate makes of its sample, whatever the controls and the calibration say."""
        statistic, sample, random = statistic_of(gate), self.sample(gate), self._in_random_order()
        if gate.baseline is not None:
            known = self._known_baseline(gate, wait)
            return judge_against(gate, sample, statistic, known, in_random_order=random)
        moved = self._judge.moved(gate, statistic)
        if sample.undrawn and not random:
            statistic = replace(statistic, cell=None)  # bounds for the whole set are those of a random part
        result = judge_gate(gate, sample, statistic, moved=moved)
        return with_evidence(result, sample, statistic, moved=moved is not None)

    def _in_random_order(self) -> bool:
        """Whether what was asked first is a random part of the set; a kind may say that it is not."""
        told = getattr(kinds.get(self.spec.kind).kind, "in_random_order", None)
        return told is None or bool(told(self.spec))

    def sample(self, gate: Gate) -> Sample:
        """What the gate sees: the planned prefix it consumed, and what was not drawn."""
        count = self._watching.consumed_by(gate)
        outcomes: list[Outcome] = []
        failed: list[Case] = []
        undrawn: list[Case] = list(self.cases[count:])
        for case in self._planned[:count]:
            future = self._future(case)
            trouble = future.exception()
            if trouble is None:
                outcomes.append(future.result())
            elif isinstance(trouble, NotNeeded):
                undrawn.append(case)
            else:
                failed.append(case)
        asked = {case.id for case in failed} | {outcome.case.id for outcome in outcomes}
        return Sample(
            outcomes=tuple(outcomes),
            failed=tuple(failed),
            undrawn=tuple(undrawn),
            order=tuple(case.id for case in self._planned[:count] if case.id in asked),
            repeats=self.spec.repeats,
        )

    def notes(self, gate: Gate) -> tuple[str, ...]:
        """What a reader of the gate's verdict should know of its set and stop; call it after :meth:`judge`.

        Of a recording's rows that were left out the count, and under the first gate each by its place.
        """
        count, *named = recording_faults(self.target) or ("",)
        is_first = bool(named) and gate == self.spec.gates[0]
        notes = [f"{count}: {'; '.join(named)}" if is_first else count] if count else []
        if beyond := self._watching.answered_beyond(gate):
            notes.append(beyond_note(beyond))
        return (*notes, *self._judge.notes(gate))

    def judge_told(self) -> Mapping[str, Json] | None:
        """The spec's judge for a record: its version, and whether it is calibrated."""
        return self._judge.as_record()

    def answered(self) -> int:
        """How many planned cases have ended, whatever their end."""
        return self._watching.ended()
