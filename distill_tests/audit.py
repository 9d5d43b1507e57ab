"""One spec on one model while it is being audited: which cases are asked, and what the gates see.

Cases stand in planned order.  Gates consume outcomes in that order, whatever order they arrive in
and whatever a person selected.  When every gate of interest has decided on the planned prefix, the
cases that were not begun are not asked any more.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from dataclasses import replace

from distill_tests.cells import case_values
from distill_tests.conduct import conduct
from distill_tests.engine import Engine
from distill_tests.errors import DistillError, Stopped
from distill_tests.gates import early, judge_gate
from distill_tests.registry import statistics
from distill_tests.types import (
    Ask,
    Case,
    Estimate,
    Gate,
    GateResult,
    Model,
    Outcome,
    Sample,
    Spec,
    Trial,
    Verdict,
)


class NotNeeded(DistillError):
    """The case was not asked: the gates had decided."""


def case_verdict(trials: Sequence[Trial], *, wrong: Callable[[Trial], bool], on_miss: str) -> Verdict:
    """A wrong trial outweighs an unscored one; an unscored one is never a pass."""
    scored = [trial for trial in trials if trial.score.value is not None]
    if any(wrong(trial) for trial in scored):
        return Verdict.MISSED if on_miss == "gate" else Verdict.FAILED
    return Verdict.PASSED if trials and len(scored) == len(trials) else Verdict.INCONCLUSIVE


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
        self._engine, self._key, self._full, self._width = engine, key, full, width
        self._planned = self.cases if first is None else self.cases[:first]
        self._index = {case.id: number for number, case in enumerate(self._planned)}
        self._watched: tuple[Gate, ...] = ()
        self._values: dict[int, Outcome | None] = {}
        self._consumed = 0
        self._stops: dict[str, int] = {}
        self._known: dict[str, list[float | None]] = {}
        self._lock = threading.Lock()
        self._window: asyncio.Semaphore | None = None

    # --- asking ---------------------------------------------------------------------------------

    def watch(self, gates: Collection[str]) -> None:
        """Name the gates that will be judged; only they can stop the asking, and only together."""
        self._watched = tuple(gate for gate in self.spec.gates if gate.name in gates)

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
        self.submit(self._planned)

    def future(self, case: Case) -> Future[Outcome]:
        """The case's outcome to be; raises NotNeeded, Stopped or a DistillError when waited for."""
        return self._future(case)

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
            self._window = asyncio.Semaphore(self._width if self._may_stop() else max(1, len(self._planned)))
        async with self._window:
            if self.settled_after() is not None:
                raise NotNeeded(self.stop_reason())
            try:
                outcome = await conduct(case, spec=self.spec, target=self.target, ask=ask)
            except Stopped:
                raise
            except BaseException:
                self._note(case, None)
                raise
            outcome = replace(outcome, notes=(*outcome.notes, *self._engine().notes(key)))
            self._note(case, outcome)
            return outcome

    # --- stopping early -------------------------------------------------------------------------

    def _may_stop(self) -> bool:
        return not self._full and bool(self._watched) and all(gate.stop_early for gate in self._watched)

    def _note(self, case: Case, outcome: Outcome | None) -> None:
        """Take a result in; let the gates consume the planned prefix as far as it is known."""
        with self._lock:
            self._values[self._index[case.id]] = outcome
            if not self._may_stop():
                return
            while self._consumed < len(self._planned) and self._consumed in self._values:
                if len(self._stops) == len(self._watched):
                    return
                self._consumed += 1
                self._try_gates()

    def _try_gates(self) -> None:
        declared = len(self.cases) * self.spec.repeats
        for gate in self._watched:
            statistic = statistics.get(gate.statistic)
            if gate.name in self._stops or statistic.cell is None:
                continue
            try:
                values = self._cells(gate, statistic.cell)
                verdict = early(gate, values, declared, scale=statistic.scale)
            except Exception:  # noqa: BLE001, S112 - a statistic's bug must not stop the asking; the gate tells of it
                continue
            if verdict is not None:
                self._stops[gate.name] = self._consumed

    def _cells(self, gate: Gate, cell: Callable[[Trial], float | None]) -> list[float | None]:
        """The cells of the consumed prefix, read once for each gate."""
        known = self._known.setdefault(gate.name, [])
        repeats = self.spec.repeats
        for number in range(len(known) // repeats, self._consumed):
            outcome = self._values[number]
            known += [None] * repeats if outcome is None else case_values(outcome, cell, repeats=repeats)
        return known

    def settled_after(self) -> int | None:
        """After how many planned cases every watched gate had decided; None while one has not."""
        if not self._watched or len(self._stops) < len(self._watched):
            return None
        return max(self._stops.values())

    def stop_reason(self) -> str:
        return f"not needed: gates decided after {self.settled_after()} of {len(self.cases)}"

    # --- deciding -------------------------------------------------------------------------------

    def judge(self, gate: Gate, *, wait: Callable[[Future[Outcome]], Outcome] = Future.result) -> GateResult:
        """The gate's verdict; waits for every outcome it needs, selected or not.

        Raises Stopped if the run is being interrupted.
        """
        self.submit_all()
        for case in self._planned:
            try:
                wait(self._future(case))
            except Stopped:
                raise
            except Exception:  # noqa: BLE001, S112 - whatever ended a case without an outcome, it is missing
                continue
        try:
            return judge_gate(gate, self.sample(gate), statistics.get(gate.statistic))
        except DistillError as error:
            nothing = Estimate(value=None, low=None, high=None, n=0)
            return GateResult(gate=gate, estimate=nothing, verdict=Verdict.BROKEN, explanation=str(error))

    def sample(self, gate: Gate) -> Sample:
        """What the gate sees: the planned prefix it consumed, and what was not drawn."""
        count = self._stops.get(gate.name, len(self._planned))
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
        return Sample(
            outcomes=tuple(outcomes), failed=tuple(failed), undrawn=tuple(undrawn), repeats=self.spec.repeats
        )

    def answered(self) -> int:
        """How many planned cases have ended, whatever their end."""
        return len(self._values)
