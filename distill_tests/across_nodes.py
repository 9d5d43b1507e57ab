"""Gates over all targets of a file in the collection tree: ``specs/identity/core.yaml::all::gate-NAME``.

Such a gate waits for every declared case of every target, selected or not.  A target of the file that is not
there leaves the gate undecided: it is skipped in words, and so has no verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from distill_tests import record
from distill_tests.gates.across import ALL_TARGETS, OfTarget, judge_across
from distill_tests.nodes import GateItem, Target, Wrong, in_words, wait
from distill_tests.registry import statistic_of
from distill_tests.types import Model, Spec, Verdict


class AllTargets(pytest.Collector):
    """The targets of one file together; ``absent`` names those that are not there, each with the reason."""

    def __init__(
        self, *, spec: Spec, targets: Sequence[Target], absent: Mapping[str, str], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.spec, self.targets = spec, tuple(targets)
        self.absent = dict(absent)

    def collect(self) -> Iterator[pytest.Item]:
        for target in self.targets:
            try:
                target.prepare()
            except pytest.skip.Exception as reason:
                self.absent[target.name] = str(reason.msg)
        for gate in self.spec.gates:
            if gate.across:
                yield AcrossItem.from_parent(self, name=f"gate-{gate.name}", gate=gate)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ARG002 - pytest's
        return in_words(excinfo.value) or super().repr_failure(excinfo)


class AcrossItem(GateItem):
    """One gate over all declared cases of all targets of its file."""

    @property
    def everything(self) -> AllTargets:
        assert isinstance(self.parent, AllTargets)
        return self.parent

    @property
    def targets(self) -> tuple[Target, ...]:
        return tuple(one for one in self.everything.targets if one.name not in self.everything.absent)

    @property
    def subject(self) -> str:
        return "all targets"

    def setup(self) -> None:
        if self.asks_nothing:
            return
        self._refuse_to_guess()
        for target in self.targets:  # all of them are asked before one is waited for
            target.run.submit_all()
        seen = [self._of(target) for target in self.targets]
        self.result = judge_across(self.gate, seen, statistic_of(self.gate))
        self.distill = record.gate_record(
            self.result,
            node=self.nodeid,
            spec=self.spec,
            target=Model(alias=ALL_TARGETS, provider="", model=""),
            declared_gates=(),
            set_sha256=self._set_hash(),
            judge=self.targets[0].run.judge_told(),
            notes=[f"targets: {', '.join(target.name for target in self.targets)}"],
        )
        if self.result.verdict is Verdict.BROKEN:
            raise Wrong(Verdict.BROKEN, self.text())

    def _refuse_to_guess(self) -> None:
        absent = self.everything.absent
        if absent:
            told = "; ".join(f"{name}: {reason}" for name, reason in absent.items())
            raise pytest.skip.Exception(f"no verdict across targets: {told}")
        if len(self.targets) < 2:
            raise pytest.skip.Exception("no verdict across targets: the file has only one")

    def _of(self, target: Target) -> OfTarget:
        found = target.run.obtained(self.gate, wait=lambda future: wait(future, self.auditing.tick))
        return OfTarget(target.name, *found)

    def _set_hash(self) -> str | None:
        hashes = {target.set_hash for target in self.targets}
        return hashes.pop() if len(hashes) == 1 else None
