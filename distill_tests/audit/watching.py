"""Which gates have seen enough: they consume the planned cases in order, however the answers arrive."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence

from distill_tests.gates.baselines import Measured, PairedWatch
from distill_tests.gates.cells import case_values
from distill_tests.gates.moved import Moved
from distill_tests.gates.stopping import Watch
from distill_tests.registry import Statistic, statistic_of
from distill_tests.types import Case, Gate, Outcome, Spec, Trial


class Watching:
    """The gates of one spec over the first ``planned`` of its ``cases``.

    ``full``: nothing is stopped.  ``threshold``: a gate's under its calibrated judge, or None.
    """

    def __init__(
        self,
        spec: Spec,
        cases: Sequence[Case],
        *,
        planned: int,
        full: bool,
        threshold: Callable[[Gate, Statistic], Moved | None],
    ) -> None:
        self._spec, self._cases, self._planned = spec, cases, planned
        self._full, self._threshold = full, threshold
        self._gates: tuple[Gate, ...] = ()
        self._values: dict[int, Outcome | None] = {}
        self._consumed = 0
        self._stops: dict[str, int] = {}
        self._watches: dict[str, Watch | PairedWatch] = {}
        self._measured: dict[str, Measured] = {}
        self._lock = threading.Lock()

    def watch(self, gates: Collection[str]) -> None:
        """Name the gates that will be judged; only they can stop the asking, and only together."""
        self._gates = tuple(gate for gate in self._spec.gates if gate.name in gates)

    @property
    def may_stop(self) -> bool:
        return not self._full and bool(self._gates) and all(gate.stop_early for gate in self._gates)

    @property
    def uncompared(self) -> tuple[Gate, ...]:
        """The gates that can consume nothing before :meth:`compare` tells what their baseline answered."""
        lacking = (gate for gate in self._gates if gate.baseline and gate.name not in self._measured)
        return tuple(lacking) if self.may_stop else ()

    def compare(self, gate: Gate, baseline: Measured) -> None:
        self._measured[gate.name] = baseline

    def note(self, number: int, outcome: Outcome | None) -> None:
        """Take in what the planned case of that number came to; None: it has no outcome."""
        with self._lock:
            self._values[number] = outcome
            if not self.may_stop:
                return
            while self._consumed < self._planned and self._consumed in self._values:
                if len(self._stops) == len(self._gates):
                    return
                self._consumed += 1
                self._try_gates(self._values[self._consumed - 1])

    def _try_gates(self, outcome: Outcome | None) -> None:
        """Show the next case of the planned prefix to the gates that have not decided."""
        for gate in self._gates:
            statistic = statistic_of(gate)
            if gate.name in self._stops or statistic.cell is None or gate.across:
                continue
            try:
                shown = self._cell_values(outcome, statistic.cell)
                verdict = self._watch(gate, statistic).add(shown)
            except Exception:  # noqa: BLE001, S112 - a statistic's bug must not stop the asking; the gate tells of it
                continue
            if verdict is not None:
                self._stops[gate.name] = self._consumed

    def _cell_values(
        self, outcome: Outcome | None, cell: Callable[[Trial], float | None]
    ) -> tuple[float | None, ...]:
        repeats = self._spec.repeats
        return (None,) * repeats if outcome is None else case_values(outcome, cell, repeats=repeats)

    def _watch(self, gate: Gate, statistic: Statistic) -> Watch | PairedWatch:
        if gate.name not in self._watches:
            self._watches[gate.name] = self._made(gate, statistic)
        return self._watches[gate.name]

    def _made(self, gate: Gate, statistic: Statistic) -> Watch | PairedWatch:
        if gate.baseline is not None:
            baseline, repeats = self._measured[gate.name], self._spec.repeats
            return PairedWatch(gate, baseline, cases=self._cases, statistic=statistic, repeats=repeats)
        moved = self._threshold(gate, statistic)
        band = moved.band if moved else None
        return Watch(gate, cases=len(self._cases), scale=statistic.scale, band=band)

    def settled_after(self) -> int | None:
        """After how many planned cases every watched gate had decided; None while one has not."""
        if not self._gates or len(self._stops) < len(self._gates):
            return None
        return max(self._stops.values())

    def consumed_by(self, gate: Gate) -> int:
        """How many planned cases the gate is decided on."""
        return self._stops.get(gate.name, self._planned)

    def answered_beyond(self, gate: Gate) -> int:
        """How many answers came for planned cases that the gate did not consume."""
        later = (self._values.get(number) for number in range(self.consumed_by(gate), self._planned))
        return sum(len(outcome.trials) for outcome in later if outcome is not None)

    def ended(self) -> int:
        """How many planned cases have ended, whatever their end."""
        return len(self._values)
