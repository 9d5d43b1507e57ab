"""The collection tree: SpecFile > Target > CaseItem …, GateItem.

The tree is the identity: ``specs/identity/core.yaml::qwen-max::developer-en.narrator``, gates last.
Obtaining an answer is an item's setup, judging it is its call; so provider trouble is pytest's ERROR
and a wrong answer its FAILED.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent import futures
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from distill_tests import controls, display, record, specfile
from distill_tests.audit import NotNeeded, TargetRun, case_verdict, own_gates
from distill_tests.engine import Engine
from distill_tests.errors import DistillError, NotForTarget, Refused, SpecError
from distill_tests.redact import Redactor
from distill_tests.registry import kinds
from distill_tests.subjects import asked_beside
from distill_tests.types import Case, Gate, GateResult, Json, Model, Outcome, Spec, Verdict

T = TypeVar("T")
TICK_S = 0.5
MOST_CHARACTERS = 50_000
"""Characters of an error that a report shows."""


@dataclass(kw_only=True)
class Auditing:
    """What the items of one pytest session share; lives in ``config.stash``."""

    engine: Callable[[], Engine]
    targets: tuple[str, ...] = ()
    first: int | None = None
    full: bool = False
    width: int = 16
    tick: Callable[[], None] = lambda: None
    loaded: Callable[[Mapping[str, Model]], None] = lambda _models: None
    redactor: Callable[[], Redactor] = Redactor
    refused_shown: dict[str, str] = field(default_factory=dict)
    """Alias to the node id of the case that shows why its endpoint refuses all of them."""
    _models: dict[Path, Mapping[str, Model]] = field(default_factory=dict)

    def models(self, root: Path) -> Mapping[str, Model]:
        """The model cards of a specs directory, read once."""
        if root not in self._models:
            self._models[root] = specfile.load_models(root / "models.yaml", environ=os.environ)
            self.loaded(self._models[root])
        return self._models[root]


AUDITING = pytest.StashKey[Auditing]()


class Wrong(Exception):
    """A case or gate whose verdict is not PASSED; carries the text for people."""

    def __init__(self, verdict: Verdict, text: str) -> None:
        super().__init__(text)
        self.verdict = verdict


def in_words(error: BaseException) -> str | None:
    """The message of an error that is meant for people, safe to print and bounded; None for a bug.

    Lines after the first stand in by two columns, so that none of a reply's can pass for one of ours;
    those of a SpecError are each a problem of its own.
    """
    if not isinstance(error, (Wrong, DistillError)):
        return None
    text = str(error)
    first, *rest = map(display.visible, text[:MOST_CHARACTERS].split("\n"))
    if len(text) > MOST_CHARACTERS:
        rest.append(f"[… {len(text) - MOST_CHARACTERS:,} more characters …]")
    if not isinstance(error, SpecError):
        rest = [line if line[:1] in ("", " ") else f"  {line}" for line in rest]
    return "\n".join([first, *rest])


def skip_without(requires: Iterable[str], path: Path) -> None:
    absent = [name for name in requires if not os.environ.get(name)]
    if absent:
        reason = f"{path.name} needs data: set {', '.join(absent)}"
        raise pytest.skip.Exception(reason, allow_module_level=True)


class Target(pytest.Collector):
    """One model under one spec: its cases in planned order, then its gates."""

    def __init__(self, *, spec: Spec, model: Model, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.spec, self.model = spec, model
        self.run: TargetRun
        self._prepared = False

    def prepare(self) -> None:
        """Make the cases and the run, once; raises what is wrong with them, or pytest's skip."""
        if self._prepared:
            return
        beside = asked_beside(self.spec)
        skip_without([name for one in (self.model, *beside) for name in one.requires], Path(self.spec.path))
        auditing = self.config.stash[AUDITING]
        try:
            cases = tuple(kinds.get(self.spec.kind).kind.cases(self.spec, self.model))
        except NotForTarget as misfit:
            if auditing.targets:
                raise pytest.skip.Exception(misfit.problems[0].what, allow_module_level=True) from None
            raise
        problems = list(specfile.case_problems(cases, self.spec, self.model))
        if problems:
            raise SpecError(problems)
        self.run = TargetRun(
            spec=self.spec,
            target=self.model,
            cases=cases,
            engine=auditing.engine,
            key=f"{self.path}::{self.name}",  # Outside rootdir two files can have one node id.
            first=auditing.first,
            full=auditing.full,
            width=auditing.width,
        )
        self._prepared = True

    def collect(self) -> Iterator[pytest.Item]:
        self.prepare()
        for case in self.run.cases:
            yield CaseItem.from_parent(self, name=case.id, case=case)
        for gate in own_gates(self.spec):
            yield GateItem.from_parent(self, name=f"gate-{gate.name}", gate=gate)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ARG002 - pytest's
        return in_words(excinfo.value) or super().repr_failure(excinfo)

    @property
    def set_hash(self) -> str | None:
        """The hash of the declared set, where the kind's cases carry one."""
        return getattr(self.run.cases[0].data, "set_hash", None) if self.run.cases else None

    @property
    def declared_gates(self) -> tuple[str, ...]:
        return tuple(gate.name for gate in own_gates(self.spec))


class SpecItem(pytest.Item):
    """What cases and gates have in common: a target, and a record when they end."""

    distill: dict[str, Json] | None = None

    def skip_location(self) -> tuple[str, int]:
        """One location for every skipped item of a target, so that pytest folds them into one line."""
        place = self.spec.place("gates")
        return place.path, place.line

    @property
    def spec(self) -> Spec:
        found: Spec = self.parent.spec  # type: ignore[union-attr]  # the parent is a collector of ours
        return found

    @property
    def target(self) -> Target:
        assert isinstance(self.parent, Target)
        return self.parent

    @property
    def targets(self) -> tuple[Target, ...]:
        """Whose answers the item waits for."""
        return (self.target,)

    @property
    def subject(self) -> str:
        """Whom the item is about, in words."""
        return self.target.name

    @property
    def asks_nothing(self) -> bool:
        """Under ``--setup-only`` and ``--setup-plan`` nothing would judge what was asked."""
        return bool(self.config.getoption("setuponly", False))

    @property
    def auditing(self) -> Auditing:
        return self.config.stash[AUDITING]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return in_words(excinfo.value) or super().repr_failure(excinfo, style)

    def _repr_failure_py(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """pytest calls this one for setup; the traceback that nobody sees takes it 0.15 s an error."""
        return in_words(excinfo.value) or super()._repr_failure_py(excinfo, style)


class CaseItem(SpecItem):
    """One case: setup waits for the answer, the call gives the verdict."""

    def __init__(self, *, case: Case, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case = case
        self.add_marker(self.target.spec.kind)
        self._future: Future[Outcome] | None = None
        self.outcome: Outcome | None = None

    def setup(self) -> None:
        if self.asks_nothing:
            return
        run = self.target.run
        if not run.drawn(self.case):
            self._skip(f"not asked: --first {self.auditing.first}")
        if self._future is not None:
            run.forget_error(self.case)
        self.outcome = self.distill = None
        self._future = run.future(self.case)
        try:
            self.outcome = wait(self._future, self.auditing.tick)
        except NotNeeded as reason:
            self._skip(str(reason))
        except Refused as refusal:
            self._refused(refusal)
        except Exception as error:
            self._error(error)
            raise

    def _skip(self, reason: str) -> None:
        self.distill = record.skip_record(self.case, reason=reason, target=self.target.model, **self._where())
        raise pytest.skip.Exception(reason)

    def _refused(self, refusal: Refused) -> None:
        """One ERROR for an endpoint that refuses everything; its other cases skip with the reason."""
        alias = self.target.model.alias
        # A rerun of the one that shows it shows it again.
        if self.auditing.refused_shown.setdefault(alias, self.nodeid) != self.nodeid:
            self._skip(f"not asked: {refusal}")
        self._error(refusal)
        raise refusal

    def _error(self, error: Exception) -> None:
        text = str(error) if isinstance(error, DistillError) else f"{type(error).__name__}: {error}"
        self.distill = record.error_record(self.case, error=text, target=self.target.model, **self._where())

    def _where(self) -> dict[str, Any]:
        return {
            "node": self.nodeid,
            "spec": self.target.spec,
            "declared_gates": self.target.declared_gates,
            "set_sha256": self.target.set_hash,
        }

    def runtest(self) -> None:
        assert self.outcome is not None
        spec = self.target.spec
        kind = kinds.get(spec.kind).kind
        try:
            # Before its texts are cut and put into lines: half a secret is not found any more.
            text = kind.explain(self.auditing.redactor().redact_all(self.outcome))
            verdict = case_verdict(self.outcome.trials, wrong=kind.wrong, on_miss=spec.on_miss)
            wrong = [trial.score.value is not None and kind.wrong(trial) for trial in self.outcome.trials]
        except Exception as error:
            self._error(error)
            raise
        self.distill = record.case_record(
            self.outcome, verdict=verdict, explanation=text, wrong=wrong, **self._where()
        )
        if verdict is not Verdict.PASSED:
            raise Wrong(verdict, f"{text}\n  again:   {self.distill['again']}")

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        place = self.case.place
        return self.path, place.line - 1, f"{self.target.spec.kind} probe {self.name} on {self.target.name}"


class GateItem(SpecItem):
    """One gate over all declared cases of its target, whatever was selected."""

    def __init__(self, *, gate: Gate, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gate = gate
        self.add_marker("gate")
        self.result: GateResult | None = None

    def setup(self) -> None:
        if self.asks_nothing:
            return
        target = self.target
        self.result = target.run.judge(self.gate, wait=lambda future: wait(future, self.auditing.tick))
        self.distill = record.gate_record(
            self.result,
            node=self.nodeid,
            spec=target.spec,
            target=target.model,
            declared_gates=target.declared_gates,
            set_sha256=target.set_hash,
            controls=controls.as_record(target.run.controls()),
            judge=target.run.judge_told(),
            notes=target.run.notes(self.gate),
        )
        if self.result.verdict is Verdict.BROKEN:
            raise Wrong(Verdict.BROKEN, self.text())

    def runtest(self) -> None:
        assert self.result is not None
        if self.result.verdict is not Verdict.PASSED:
            raise Wrong(self.result.verdict, self.text())

    def text(self) -> str:
        assert self.result is not None
        place = self.gate.place or self.spec.place("gates", self.gate.name)
        plain = self.result.verdict in (Verdict.PASSED, Verdict.FAILED)
        word = "" if plain else f"{self.result.verdict.upper()}: "
        return f"{place.path}:{place.line}  {word}{self.result.explanation}"

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        place = self.gate.place or self.spec.place("gates", self.gate.name)
        return self.path, place.line - 1, f"gate {self.gate.name} on {self.subject}"


def wait(future: Future[T], tick: Callable[[], None]) -> T:
    """The future's result; ``tick`` is called now and then while it is not there."""
    while not futures.wait([future], timeout=TICK_S).done:
        tick()
    return future.result()
