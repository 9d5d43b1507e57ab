"""A spec's judge in an audit: how it stands, what that does to thresholds, and what reports say of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from distill_tests.gates.calibrated import Standing, standing
from distill_tests.gates.moved import Moved
from distill_tests.registry import Statistic, statistic_of
from distill_tests.subjects import audits_its_judge
from distill_tests.types import Gate, Json, Spec


class SpecJudge:
    """The judge of a spec on a set of ``declared`` cases."""

    def __init__(self, spec: Spec, *, declared: int) -> None:
        self._spec, self._declared = spec, declared
        self._moved: dict[str, Moved | None] = {}

    @cached_property
    def _standing(self) -> Standing | None:
        return standing(self._spec)

    def moved(self, gate: Gate, statistic: Statistic) -> Moved | None:
        """The gate's threshold, where the judge is calibrated for what the gate counts."""
        if self._standing is None or statistic.mark is None:
            return None
        if gate.name not in self._moved:
            self._moved[gate.name] = self._standing.moved(gate, statistic, declared=self._declared)
        return self._moved[gate.name]

    def trouble(self, gate: Gate) -> str:
        """Why no gate on what the judge marks can decide; empty where there is nothing."""
        marked = statistic_of(gate).mark is not None
        return self._standing.trouble if self._standing and marked else ""

    def as_record(self) -> Mapping[str, Json] | None:
        """The judge's version, and whether it is calibrated, for a record; None where a spec has no judge."""
        return self._standing.as_record() if self._standing is not None else None

    def notes(self, gate: Gate) -> Iterator[str]:
        """How the judge is calibrated; that it is not, under the first gate on its marks only."""
        if self._standing is None or audits_its_judge(self._spec):
            return
        marked = [one for one in self._spec.gates if statistic_of(one).mark is not None]
        if self._spec.calibration is not None or gate in marked[:1]:
            yield from self._standing.notes(gate, statistic_of(gate))
