"""The public API beside the nouns: load cards and specs, run an audit, judge rows, read a run.

``distill_tests`` itself exports all of it, and imports nothing before it is used.  An audit here is the
one that pytest runs, with the same gates and records, but without pytest's items and without a report.
"""

from __future__ import annotations

import itertools
import os
import platform
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from distill_tests import __version__, controls, record, rows, rundir, specfile
from distill_tests.adhoc import adhoc_model
from distill_tests.audit import NotNeeded, TargetRun, case_verdict, own_gates
from distill_tests.engine import Engine, EngineOptions
from distill_tests.errors import DataError, DistillError, Problem, SpecError, Stopped, UnknownName
from distill_tests.record import Record, Run, RunMeta
from distill_tests.redact import Redactor
from distill_tests.registry import judges, kinds
from distill_tests.roots import CARDS, find_root
from distill_tests.rows import Judged
from distill_tests.subjects import asked_beside, default_targets
from distill_tests.summary import summarise
from distill_tests.types import Case, GateResult, Model, Outcome, Spec

__all__ = [
    "AuditResult",
    "Judged",
    "check",
    "judge_rows",
    "load_models",
    "load_spec",
    "open_engine",
    "read_run",
    "run_audit",
]

GRACE_S = 10.0
_numbers = itertools.count()


# --- reading what people wrote ------------------------------------------------------------------


def load_models(path: str | os.PathLike[str], *, environ: Mapping[str, str] = os.environ) -> dict[str, Model]:
    """The model cards by alias, of a ``models.yaml`` or of the folder it stands in.

    Raises SpecError with every problem of the file.
    """
    given = Path(path)
    return specfile.load_models(given / CARDS if given.is_dir() else given, environ=environ)


def load_spec(
    path: str | os.PathLike[str],
    models: Mapping[str, Model] | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
) -> Spec:
    """The spec in a file, with its packs in place; ``models`` are by default the cards above it.

    Raises SpecError with every problem of the file and its packs, DataError where no cards are found.
    """
    given = Path(path)
    if models is None:
        root = find_root(given)
        if root is None:
            raise DataError(f"{given}: no {CARDS} of ours stands beside this file or above it")
        models = load_models(root, environ=environ)
    return specfile.load(given, models, environ=environ)


def check(*paths: str | os.PathLike[str], environ: Mapping[str, str] = os.environ) -> list[Problem]:
    """Every problem of all cards, specs and packs below the paths; nothing is asked."""
    return specfile.check([Path(path) for path in paths], environ=environ)


def read_run(path: str | os.PathLike[str]) -> Run:
    """The run in a directory of ``reports/``, or in a ``run.jsonl``; raises DataError."""
    return rundir.read_run(Path(path))


# --- judging ------------------------------------------------------------------------------------


def judge_rows(
    name: str,
    given: str | os.PathLike[str] | Iterable[Mapping[str, Any]],
    *,
    models: Mapping[str, Model] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Iterator[Judged]:
    """Every row with the verdict of the judge ``name``, in order; a bad row has its ``problem`` instead.

    ``given`` is a file of JSON lines (``.gz`` too), or rows.  ``models`` are the cards that rows may
    name.  Raises UnknownName for judge and options, DataError for a judge that asks a model and for a
    file that cannot be read.
    """
    judge = judges.get(name)
    options = options or {}
    for option in options:
        if option not in judge.options:
            near = get_close_matches(option, judge.options)
            raise UnknownName(f"option of judge {name!r}", option, near, sorted(judge.options))
    rows.row_format(judge)
    if isinstance(given, str | os.PathLike):
        return rows.judged_rows(Path(given), judge, models=models or {}, options=options)
    return rows.judged_objects(given, judge, models=models or {}, options=options)


# --- asking -------------------------------------------------------------------------------------


@contextmanager
def open_engine(
    models: Mapping[str, Model],
    *,
    store: str | os.PathLike[str] | None = None,
    concurrency: int = 16,
    replay: bool = False,
    refresh: bool = False,
    reuse: bool = False,
    max_age_s: float | None = None,
    deadline_s: float = 600.0,
    partial: bool = False,
) -> Iterator[Engine]:
    """An engine for some audits, closed at the end; the keys that ``models`` name are redacted everywhere.

    ``store`` is the file that keeps replies (pytest's is ``.distill-tests/store.sqlite``), None keeps
    them in memory.  ``replay`` makes no call, ``refresh`` asks whatever is stored, ``reuse`` takes stored
    replies of models without a revision too, none older than ``max_age_s``.  ``concurrency`` is calls in
    flight per endpoint, ``deadline_s`` the longest one may take, retries included.  ``partial``: audits
    that were interrupted keep the replies they may go on with.  Raises DistillError where the store cannot
    be used.
    """
    names = {model.api_key_env for model in models.values() if model.api_key_env}
    engine = Engine(
        EngineOptions(
            store_path=None if store is None else Path(store),
            run_id=uuid.uuid4().hex[:8],
            concurrency=concurrency,
            replay=replay,
            refresh=refresh,
            reuse=reuse,
            max_age_s=max_age_s,
            deadline_s=deadline_s,
            redact=Redactor.from_environ(os.environ, extra_names=names).redact,
        )
    )
    try:
        engine.begin()
        interrupted = True
        try:
            yield engine
            interrupted = False
        finally:
            engine.stop(grace_s=GRACE_S)
            engine.finish(interrupted=interrupted, partial=partial)
    finally:
        engine.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """One spec on one model.  Cases are in planned order; each is in one of the first three.

    ``broken`` says by case id why a case that was asked has no usable reply; ``not_asked`` why a case
    was not (the gates had decided, or ``first`` left it out).  ``records`` are the rows that a
    ``run.jsonl`` would hold, and ``summary`` is what its ``summary.json`` would be
    (``distill_tests/schema/``).
    """

    spec: Spec
    target: Model
    outcomes: tuple[Outcome, ...]
    broken: Mapping[str, str] = field(default_factory=dict)
    not_asked: Mapping[str, str] = field(default_factory=dict)
    gates: tuple[GateResult, ...]
    records: tuple[Record, ...]
    summary: Record

    @property
    def verdict(self) -> str:
        """passed, failed, inconclusive, broken, or none: a spec without gates says nothing."""
        return str(self.summary["verdict"])

    @property
    def passed(self) -> bool:
        """Whether every gate was asked and passed."""
        return self.verdict == "passed"


def run_audit(
    spec: Spec,
    target: str | Model | None = None,
    *,
    engine: Engine | None = None,
    first: int | None = None,
    full: bool = False,
) -> AuditResult:
    """The audit of a model by a spec; returns when every gate has its verdict.

    ``target`` is a card, an alias of ``spec.models`` or ``provider:model``; by default the spec's own,
    if it has exactly one.  ``engine`` asks (see :func:`open_engine`); by default one that keeps replies
    in memory.  ``first`` asks only so many planned cases; ``full`` ignores ``stop_early``.  Trouble with a
    provider is no exception but a case in ``broken``.  Raises SpecError and DataError for what is wrong
    before anything is asked, Stopped where the engine is stopped meanwhile.
    """
    model = _target(spec, target)
    if engine is None:
        with open_engine({**spec.models, model.alias: model}) as own:
            return run_audit(spec, model, engine=own, first=first, full=full)
    _refuse_absent_data(spec, model)
    asking = engine
    cases = tuple(kinds.get(spec.kind).kind.cases(spec, model))
    problems = list(specfile.case_problems(cases, spec, model))
    if problems:
        raise SpecError(problems)
    run = TargetRun(
        spec=spec,
        target=model,
        cases=cases,
        engine=lambda: asking,
        key=f"{spec.path}::{model.alias}#{next(_numbers)}",
        first=first,
        full=full,
        width=engine.options.concurrency,
    )
    started = time.monotonic()
    meta = RunMeta(
        id=engine.options.run_id,
        started_at=_now(),
        version=__version__,
        python=platform.python_version(),
        platform=platform.platform(),
    )
    run.watch({gate.name for gate in own_gates(spec)})
    run.submit_all()
    return _Result(run).result(meta, seconds=lambda: time.monotonic() - started)


class _Result:
    """What has come of a run, case by case and gate by gate."""

    def __init__(self, run: TargetRun) -> None:
        self._run, self._kind = run, kinds.get(run.spec.kind).kind
        self._outcomes: list[Outcome] = []
        self._broken: dict[str, str] = {}
        self._not_asked: dict[str, str] = {}
        self._records: list[Record] = []

    def result(self, meta: RunMeta, *, seconds: Callable[[], float]) -> AuditResult:
        """Waits for every gate and every case."""
        run = self._run
        gates = tuple(run.judge(gate) for gate in own_gates(run.spec))
        for case in run.cases:
            self._take(case)
        for result in gates:
            where = self._where(f"gate-{result.gate.name}")
            told = controls.as_record(run.controls())
            notes = run.notes(result.gate)
            self._records.append(
                record.gate_record(result, controls=told, judge=run.judge_told(), notes=notes, **where)
            )
        meta = replace(meta, finished_at=_now(), seconds=seconds())
        return AuditResult(
            spec=run.spec,
            target=run.target,
            outcomes=tuple(self._outcomes),
            broken=self._broken,
            not_asked=self._not_asked,
            gates=gates,
            records=tuple(self._records),
            summary=summarise(meta, self._records),
        )

    def _take(self, case: Case) -> None:
        where = self._where(case.id)
        if not self._run.drawn(case):
            self._skip(case, f"not asked: only the first {len(self._run.planned)}", where)
            return
        try:
            outcome = self._run.future(case).result()
        except NotNeeded as reason:
            self._skip(case, str(reason), where)
        except Stopped:
            raise
        except Exception as error:  # noqa: BLE001 - a kind's bug is one broken case, as under pytest
            text = str(error) if isinstance(error, DistillError) else f"{type(error).__name__}: {error}"
            self._broken[case.id] = text
            self._records.append(record.error_record(case, error=text, **where))
        else:
            self._outcomes.append(outcome)
            self._records.append(self._case_record(outcome))

    def _skip(self, case: Case, reason: str, where: Mapping[str, Any]) -> None:
        self._not_asked[case.id] = reason
        self._records.append(record.skip_record(case, reason=reason, **where))

    def _case_record(self, outcome: Outcome) -> Record:
        where = self._where(outcome.case.id)
        del where["target"]
        wrong = self._kind.wrong
        return record.case_record(
            outcome,
            verdict=case_verdict(outcome.trials, wrong=wrong, on_miss=self._run.spec.on_miss),
            explanation=self._kind.explain(outcome),
            wrong=[trial.score.value is not None and wrong(trial) for trial in outcome.trials],
            **where,
        )

    def _where(self, name: str) -> dict[str, Any]:
        run = self._run
        return {
            "node": f"{run.spec.path}::{run.target.alias}::{name}",
            "spec": run.spec,
            "target": run.target,
            "declared_gates": tuple(gate.name for gate in own_gates(run.spec)),
            "set_sha256": getattr(run.cases[0].data, "set_hash", None) if run.cases else None,
        }


def _target(spec: Spec, target: str | Model | None) -> Model:
    if isinstance(target, Model):
        return target
    if target is None:
        return _only_target(spec)
    if target in spec.models:
        return spec.models[target]
    found = adhoc_model(target)
    if found is None:
        raise UnknownName("target", target, get_close_matches(target, spec.models), sorted(spec.models))
    return found


def _only_target(spec: Spec) -> Model:
    found = default_targets(spec)
    if len(found) != 1:
        named = ", ".join(model.alias for model in found) or "none"
        raise DataError(f"{spec.path}: give target=, the spec has not exactly one (got {named})")
    return found[0]


def _refuse_absent_data(spec: Spec, target: Model) -> None:
    models = (target, *asked_beside(spec))
    needed = (*spec.requires, *(name for model in models for name in model.requires))
    absent = [name for name in dict.fromkeys(needed) if not os.environ.get(name)]
    if absent:
        raise DataError(f"{spec.path}: needs data: set {', '.join(absent)}")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
