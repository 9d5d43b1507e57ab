"""One pytest session with specs in it: prefetch, verdicts on reports, the run's record, exit status.

Prefetch is an optimisation, waiting is the semantics: every item asks for its own answer in setup,
so that all is right without the hooks here that only make it fast.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from distill_tests import forecast
from distill_tests.display import visible
from distill_tests.engine import Engine, EngineOptions
from distill_tests.errors import DistillError
from distill_tests.ledger import Ledger
from distill_tests.nodes import AUDITING, Auditing, CaseItem, GateItem, SpecFile, SpecItem, Target, Wrong
from distill_tests.progress import Progress
from distill_tests.properties import properties_of
from distill_tests.record import Totals
from distill_tests.redact import Redactor
from distill_tests.registry import Reporter, kinds, reporters
from distill_tests.store import typical_latency_s
from distill_tests.terminal import terminal_summary
from distill_tests.types import Model, Verdict

STATE = Path(".distill-tests")
DECIDED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
GRACE_S = 10.0
BROKEN = 11


class Session:
    """Registered when the first spec is collected, or (on xdist's controller) when a worker has one."""

    def __init__(self, config: pytest.Config, *, run_id: str) -> None:
        self.config, self.run_id = config, run_id
        self.worker = getattr(config, "workerinput", None)
        self.redactor = Redactor.from_environ(os.environ)
        self._key_names: set[str] = set()
        self.ledger = Ledger(
            rootpath=config.rootpath,
            run_id=run_id,
            require_verdict=config.option.distill_require_verdict,
            command=("pytest", *map(str, config.invocation_params.args)),
            redact=lambda value: self.redactor.redact_all(value),
        )
        self.concurrency = max(1, config.option.distill_concurrency // _worker_count())
        self._engine: Engine | None = None
        self._reporters: tuple[Reporter, ...] | None = None
        self._upcoming: list[CaseItem] = []
        self._foreign_failures = 0
        self._expected_calls: int | None = None
        self._items = 0
        for name in (*kinds, "gate"):
            config.addinivalue_line("markers", f"{name}: distill-tests items of this sort")
        self.progress = self._progress()
        config.stash[AUDITING] = Auditing(
            engine=self.engine,
            loaded=self._know_keys,
            tick=self._tick,
            targets=tuple(_split(config.option.distill_target)),
            first=config.option.distill_first,
            full=config.option.distill_full,
            width=self.concurrency,
        )

    def spec_file(self, path: Path, parent: pytest.Collector) -> SpecFile:
        return SpecFile.from_parent(parent, path=path)

    def _know_keys(self, models: Mapping[str, Model]) -> None:
        """Redact what the cards' key variables hold, too, however they are named."""
        self._key_names |= {model.api_key_env for model in models.values() if model.api_key_env}
        self.redactor = Redactor.from_environ(os.environ, extra_names=self._key_names)

    def engine(self) -> Engine:
        """The engine, made at the first call for it."""
        if self._engine is None:
            option = self.config.option
            self._engine = Engine(
                EngineOptions(
                    store_path=None if option.distill_no_store else self._store_path,
                    run_id=self.run_id,
                    concurrency=self.concurrency,
                    replay=option.distill_replay,
                    refresh=option.distill_refresh,
                    reuse=option.distill_reuse,
                    max_age_s=option.distill_max_age,
                    deadline_s=float(option.distill_deadline),
                    redact=lambda text: self.redactor.redact(text),
                )
            )
            try:
                self._engine.begin()
            except DistillError as trouble:
                self._engine = None
                pytest.exit(str(trouble), returncode=BROKEN)
        return self._engine

    # --- progress -------------------------------------------------------------------------------

    def _progress(self) -> Progress | None:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if self.worker or reporter is None or self.config.option.verbose < 0:
            return None
        writer = reporter._tw
        return Progress(
            writer._file,
            clock=time.monotonic,
            columns=lambda: int(writer.fullwidth),
            column=lambda: int(writer.width_of_current_line),
        )

    def _tick(self) -> None:
        if self.progress is not None:
            self.progress.tick(self.engine().counters(), self._expected_calls)

    # --- prefetch -------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        option = self.config.option
        if option.collectonly or (session.testsfailed and not option.continue_on_collection_errors):
            return None
        targets = _targets(session.items)
        self._items = len(session.items)
        if option.distill_plan:
            self._print_plan(targets)
            return True
        for target, items in targets.items():
            target.run.watch({item.gate.name for item in items if isinstance(item, GateItem)})
        self._expected_calls = sum(_most_calls(target, items) for target, items in targets.items())
        self._upcoming = [item for item in session.items if isinstance(item, CaseItem)]
        if not self.worker and not option.maxfail:
            for target, items in targets.items():
                _prefetch(target, items)
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Under -x ask a window ahead only; on a worker ask for the targets at hand only."""
        if self.config.option.maxfail:
            if isinstance(item, CaseItem):
                self._ask_window(item)
        elif self.worker:
            at_hand = {one.target for one in (item, nextitem) if isinstance(one, SpecItem)}
            for target, items in _targets(item.session.items).items():
                if target in at_hand:
                    _prefetch(target, items)

    def _ask_window(self, item: CaseItem) -> None:
        start = self._upcoming.index(item)
        for ahead in self._upcoming[start : start + self.concurrency]:
            ahead.target.run.submit([ahead.case])

    # --- reports --------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """The innermost wrapper: allure-pytest, rerun plugins and others see the report in our words."""
        report = yield
        if isinstance(item, SpecItem):
            _dress(report, item, call.excinfo.value if call.excinfo else None, self.redactor)
            if hasattr(report, "distill"):
                for reporter in self.reporters():
                    reporter.during(report.distill)
        return report

    def reporters(self) -> tuple[Reporter, ...]:
        if self._reporters is None:
            self._reporters = tuple(reporters.get(name).make() for name in reporters)
            for one in self._reporters:
                begin = getattr(one, "begin", None)
                if begin is not None:
                    begin(items=self._items)
        return self._reporters

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        record = getattr(report, "distill", None)
        if record and report.failed and record["verdict"] == Verdict.INCONCLUSIVE:
            return "failed", "I", "INCONCLUSIVE"
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self.progress is not None:
            self.progress.clear()
        if self.worker or str(report.outcome) == "rerun":
            return
        record = getattr(report, "distill", None)
        if record is not None:
            self.ledger.add(record)
        elif report.failed:
            self._foreign_failures += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped and not self.worker:
            self.ledger.absent(node=report.nodeid, reason=_reason(report.longrepr))

    # --- the end --------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        interrupted = exitstatus not in DECIDED
        if self.ledger.began and not self.config.option.distill_no_store:
            self.engine()  # xdist's controller asked nothing, and ends the run in the store
        if self._engine is not None:
            interrupted |= not _stopped(self._engine)
            self.ledger.count(Totals.of(self._engine.counters()), self._engine.served())
        if self.worker:
            self.config.workeroutput["distill"] = self.ledger.wire()  # type: ignore[attr-defined]
        elif self.ledger.began:
            summary = self.ledger.finish(self.reporters(), interrupted=interrupted)
            if exitstatus in DECIDED:
                session.exitstatus = combined_status(int(summary["exit_status"]), self._foreign_failures)
        if self._engine is not None:
            self._close(self._engine, interrupted=interrupted or bool(session.shouldfail))

    def _close(self, engine: Engine, *, interrupted: bool) -> None:
        """Say in the store how the run ended: what an unfinished one was answered may be used again."""
        if not self.worker:
            summary = self.ledger.summary or {}
            changed = any(len(names) > 1 for names in engine.served().values())
            unanswered = summary.get("verdict") == Verdict.BROKEN and not changed
            engine.finish(
                interrupted=interrupted or unanswered, partial=summary.get("verdict") in (None, "none")
            )
        engine.close()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        totals = getattr(node, "workeroutput", {}).get("distill")
        if totals:
            self.ledger.count_wire(totals)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.ledger.summary is None:
            return
        writer = terminalreporter._tw
        terminalreporter.section("audit")
        for line in terminal_summary(self.ledger.summary, width=writer.fullwidth, color=writer.hasmarkup):
            terminalreporter.write_line(line)

    def _latency_s(self, model: Model) -> float | None:
        weights = model.options.get("weights") or {}
        files = [model.options.get("path"), weights.get("file"), weights.get("path")]
        names = {model.model, *(Path(file).name for file in files if file)}
        return typical_latency_s(self._store_path, provider=model.provider, names=names)

    @property
    def _store_path(self) -> Path:
        return self.config.rootpath / STATE / "store.sqlite"

    def _print_plan(self, targets: dict[Target, list[SpecItem]]) -> None:
        forecasts = [forecast.forecast(one.spec, one.model, one.run.planned) for one in targets]
        writer = self.config.get_terminal_writer()
        writer.line()
        for line in forecast.lines(forecasts, concurrency=self.concurrency, latency_s=self._latency_s):
            writer.line(line)


def combined_status(ours: int, foreign_failures: int) -> int:
    """BROKEN 11 before FAILED 1 before INCONCLUSIVE 10; another test's failure is a failure."""
    return 1 if foreign_failures and ours != BROKEN else ours


def _stopped(engine: Engine) -> bool:
    """End the asking; False if a second Ctrl-C did not wait for what is in flight."""
    try:
        engine.stop(grace_s=GRACE_S)
    except KeyboardInterrupt:
        return False
    return True


def _targets(items: list[pytest.Item]) -> dict[Target, list[SpecItem]]:
    """The selected items of ours by target, targets in order of appearance."""
    targets: dict[Target, list[SpecItem]] = {}
    for item in items:
        if isinstance(item, SpecItem):
            targets.setdefault(item.target, []).append(item)
    return targets


def _prefetch(target: Target, items: list[SpecItem]) -> None:
    """Have asked what will be waited for: a gate needs every planned case."""
    if any(isinstance(item, GateItem) for item in items):
        target.run.submit_all()
    else:
        target.run.submit([item.case for item in items if isinstance(item, CaseItem)])


def _most_calls(target: Target, items: list[SpecItem]) -> int:
    """The most calls to the target that what is selected can need."""
    kind = kinds.get(target.spec.kind).kind
    gated = any(isinstance(item, GateItem) for item in items)
    cases = target.run.planned if gated else [item.case for item in items if isinstance(item, CaseItem)]
    return sum(kind.calls(case, target.spec)[1] for case in cases) * target.spec.repeats


def _dress(
    report: pytest.TestReport, item: SpecItem, error: BaseException | None, redactor: Redactor
) -> None:
    """Give a report our words, and the record it carries to the controller."""
    if isinstance(error, Wrong) and error.verdict is Verdict.MISSED:
        report.outcome = "skipped"
        report.wasxfail = "a wrong answer that only the gates punish"
    elif report.when == "setup" and report.skipped:
        path, line = item.skip_location()
        report.longrepr = (path, line, f"Skipped: {visible(str(error))}")
    elif report.when == "setup" and report.failed and isinstance(error, (Wrong, DistillError)):
        # pytest calls an item's repr_failure for the call phase only.
        report.longrepr = str(item.repr_failure(pytest.ExceptionInfo.from_exception(error)))
    elif report.failed and not isinstance(report.longrepr, str):
        report.longrepr = _harmless(report.longrepr)
    ended = report.when == "call" or (report.when == "setup" and not report.passed)
    if ended and item.distill is not None:
        told: Any = redactor.redact_all(item.distill)
        report.distill = told  # type: ignore[attr-defined]
        report.user_properties = list(properties_of(told))
        # The teardown's report gets the item's: that is where pytest's own JUnit takes them from.
        item.user_properties = report.user_properties


def _harmless(longrepr: Any) -> Any:
    """A traceback as it is; as visible text where a message in it could act on a terminal."""
    text = str(longrepr)
    shown = visible(text, newlines="keep")
    return longrepr if shown == text else shown


def _split(values: list[str]) -> Iterator[str]:
    for value in values:
        yield from filter(None, (part.strip() for part in value.split(",")))


def _worker_count() -> int:
    return int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def _reason(longrepr: Any) -> str:
    """The reason of a skipped collection report: the last of (path, line, reason)."""
    text = str(longrepr[2] if isinstance(longrepr, tuple) else longrepr)
    return text.removeprefix("Skipped: ")
