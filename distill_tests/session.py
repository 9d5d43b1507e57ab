"""One pytest session with specs in it: prefetch, verdicts on reports, the run's record, exit status.

Prefetch is an optimisation, waiting is the semantics: every item asks for its own answer in setup,
so that all is right without the hooks here that only make it fast.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest

from distill_tests import dressing, forecast
from distill_tests.collecting import SpecFile
from distill_tests.display import visible
from distill_tests.engine import Engine, EngineOptions
from distill_tests.errors import DistillError
from distill_tests.ledger import Ledger
from distill_tests.nodes import AUDITING, Auditing, CaseItem, GateItem, SpecItem, Target
from distill_tests.prefetch import by_target, most_calls, prefetch, with_gates_last
from distill_tests.progress import Progress
from distill_tests.record import Totals
from distill_tests.redact import Redactor
from distill_tests.registry import Reporter, kinds, providers, reporters
from distill_tests.store import typical_latency_s
from distill_tests.subjects import asked_beside, is_judge
from distill_tests.summary import EXIT_NO_VERDICT
from distill_tests.terminal import nothing_asked, terminal_summary
from distill_tests.types import Model, Verdict

STATE = Path(".distill-tests")
DECIDED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
GRACE_S = 10.0
BROKEN = 11


class Session:
    """Registered when the first spec is collected, or (on xdist's controller) when a worker has one."""

    def __init__(self, config: pytest.Config, *, run_id: str, workers: Callable[[], int] = lambda: 0) -> None:
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
        self._reporters: dict[str, Reporter] | None = None
        self._spec_nodes: set[str] = set()
        self._markers: set[str] = set()
        self._workers, self._workers_done = workers, 0
        self._targets: dict[Target, list[SpecItem]] = {}
        self._asked_ahead: set[Target] = set()
        self._upcoming: list[CaseItem] = []
        self._foreign_failures = 0
        self._interrupted = False
        self._kept = 0
        self._expected_calls: int | None = None
        self._items = 0
        self.progress = self._progress()
        config.stash[AUDITING] = Auditing(
            engine=self.engine,
            loaded=self._know_keys,
            redactor=lambda: self.redactor,
            tick=self._tick,
            targets=tuple(dict.fromkeys(_split(config.option.distill_target))),
            first=config.option.distill_first,
            full=config.option.distill_full,
            width=self.concurrency,
        )

    def spec_file(self, path: Path, parent: pytest.Collector) -> SpecFile:
        # Here, because a conftest.py of the file's own folder may have added a kind.
        for name in {*kinds, "gate"} - self._markers:
            self._markers.add(name)
            self.config.addinivalue_line("markers", f"{name}: distill-tests items of this sort")
        spec_file = SpecFile.from_parent(parent, path=path)
        self._spec_nodes.add(spec_file.nodeid)
        return spec_file

    def begin_workers(self) -> None:
        """On xdist's controller, before any item is dealt: a store that cannot be used ends the run here."""
        if not self.config.option.distill_no_store:
            self.engine()

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

    def _prepare(self, models: Iterable[Model]) -> None:
        """Fetch what has to be fetched before the clock of a first call runs; trouble shows in the cases."""
        for model in models:
            prepare = (
                None if is_judge(model) else getattr(providers.get(model.provider).make, "prepare", None)
            )
            if prepare is not None:
                with self._uncaptured(), suppress(DistillError):
                    prepare(model, quiet=bool(self.worker) or self.config.option.verbose < 0)

    def _uncaptured(self) -> AbstractContextManager[None]:
        """What is written inside reaches the terminal: while an item runs pytest keeps it for the report."""
        capture: Any = self.config.pluginmanager.get_plugin("capturemanager")
        return capture.global_and_fixture_disabled() if capture else nullcontext()

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
        if self.progress is not None and self.progress.enabled:
            with self._uncaptured():
                self.progress.tick(self.engine().counters(), self._expected_calls)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """A target's gates after its cases, however they were shuffled: a case's rerun must come first."""
        items[:] = with_gates_last(items)

    # --- prefetch -------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        option = self.config.option
        if option.collectonly or (session.testsfailed and not option.continue_on_collection_errors):
            return None
        targets = self._targets = by_target(session.items)
        self._items = len(session.items)
        if option.distill_plan:
            self._print_plan(targets)
            return True
        if not option.distill_replay:
            models = [model for one in targets for model in (one.model, *asked_beside(one.spec))]
            self._prepare({model.alias: model for model in models}.values())
        for target, items in targets.items():
            target.run.watch({item.gate.name for item in items if isinstance(item, GateItem)})
        self._expected_calls = sum(most_calls(target, items) for target, items in targets.items())
        self._upcoming = [item for item in session.items if isinstance(item, CaseItem)]
        if not self.worker and not option.maxfail and not self._asks_nothing:
            for target, items in targets.items():
                prefetch(target, items)
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Under -x ask a window ahead only; on a worker ask for the targets at hand only."""
        if self._asks_nothing:
            return
        if self.config.option.maxfail:
            if isinstance(item, CaseItem):
                self._ask_window(item)
        elif self.worker:
            for one in (item, nextitem):
                for target in one.targets if isinstance(one, SpecItem) else ():
                    if target not in self._asked_ahead:
                        self._asked_ahead.add(target)
                        prefetch(target, self._targets[target])

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
            dressing.dress(report, item, call.excinfo.value if call.excinfo else None, self.redactor)
            if hasattr(report, "distill"):
                for name, reporter in list(self.reporters().items()):
                    try:
                        reporter.during(report.distill)
                    except Exception as error:  # noqa: BLE001 - a reporter may be a user's code
                        self._dismiss(name, error)
        return report

    def reporters(self) -> dict[str, Reporter]:
        """The reporters by name, without those that failed."""
        if self._reporters is None:
            self._reporters = {}
            for name in reporters:
                try:
                    self._reporters[name] = reporters.get(name).make()
                    begin = getattr(self._reporters[name], "begin", None)
                    if begin is not None:
                        begin(items=self._items)
                except Exception as error:  # noqa: BLE001 - a reporter may be a user's code
                    self._dismiss(name, error)
        return self._reporters

    def _dismiss(self, name: str, error: Exception) -> None:
        """Go on without a reporter that failed; the end of the run tells of it."""
        self.reporters().pop(name, None)
        self.ledger.trouble(f"reporter {name!r}", error)

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
            try:
                self.ledger.add(record)
            except DistillError as trouble:
                pytest.exit(str(trouble), returncode=BROKEN)
        elif report.failed:
            self._foreign_failures += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.nodeid.partition("::")[0] in self._spec_nodes:
            if not report.passed:
                reason = dressing.reason(report.longrepr)
                self.ledger.absent(node=report.nodeid, reason=reason, broken=report.failed)
        elif report.failed:
            self._foreign_failures += 1

    # --- the end --------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        """Pytest sets its exit status later, and a second Ctrl-C may come before that."""
        self._interrupted = True
        if self.progress is not None:
            self.progress.clear()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        interrupted = self._interrupted or exitstatus not in DECIDED
        if interrupted and exitstatus != pytest.ExitCode.NO_TESTS_COLLECTED:
            self._begin_empty()
        if self.ledger.began and not self.config.option.distill_no_store:
            self.engine()  # xdist's controller asked nothing, and ends the run in the store
        if self._engine is not None:
            interrupted |= not _stopped(self._engine)
            self.ledger.count(Totals.of(self._engine.counters()), self._engine.served())
        if self.worker:
            self.config.workeroutput["distill"] = self.ledger.wire()  # type: ignore[attr-defined]
        elif self.ledger.began:
            complete = self._workers_done == self._workers()
            self.ledger.finish(self.reporters(), interrupted=interrupted, complete=complete)
        if self._engine is not None:
            try:
                if self._interrupted or exitstatus == pytest.ExitCode.INTERRUPTED:
                    self._kept = self._stored(self._engine)
                self._close(self._engine, interrupted=interrupted or bool(session.shouldfail))
            except DistillError as error:
                self.ledger.trouble("store", error)
        if exitstatus in DECIDED and not self.worker:
            session.exitstatus = self._exit_status(exitstatus)

    def _begin_empty(self) -> None:
        """A run that ended before its first result is reported, too: no older verdict may stand for it."""
        if self._spec_nodes and not self.ledger.began and not self.worker and not self._asks_nothing:
            try:
                self.ledger.begin()
            except DistillError as error:
                self.ledger.trouble("report", error)

    def _exit_status(self, exitstatus: int) -> int:
        """Ours, where anything was audited; what could not be reported is never a success."""
        option = self.config.option
        if self.ledger.summary is not None:
            ours = int(self.ledger.summary["exit_status"])
            exitstatus = combined_status(ours, exitstatus, self._foreign_failures)
        elif option.distill_require_verdict and not self._asks_nothing:
            exitstatus = exitstatus or EXIT_NO_VERDICT
        return exitstatus or (int(pytest.ExitCode.INTERNAL_ERROR) if self.ledger.troubles else 0)

    @property
    def _asks_nothing(self) -> bool:
        option = self.config.option
        return option.collectonly or option.distill_plan or getattr(option, "setuponly", False)

    def _stored(self, engine: Engine) -> int:
        """How many of the replies that this run got, or found, the next one will find in the store."""
        option = self.config.option
        if self.worker or option.distill_no_store or option.distill_replay or self.ledger.summary is None:
            return 0
        return engine.stored() + int(self.ledger.summary["calls"]["from_store"])

    def _close(self, engine: Engine, *, interrupted: bool) -> None:
        """Say in the store how the run ended: what an unfinished one was answered may be used again."""
        if not self.worker:
            summary = self.ledger.summary or {}
            changed = any(len(names) > 1 for names in summary.get("served", {}).values())
            unanswered = summary.get("verdict") == Verdict.BROKEN and not changed
            engine.finish(
                interrupted=interrupted or unanswered, partial=summary.get("verdict") in (None, "none")
            )
        engine.close()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        wired = getattr(node, "workeroutput", {}).get("distill")
        if wired:
            self._workers_done += 1
            self.ledger.count_wire(wired)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        writer, summary = terminalreporter._tw, self.ledger.summary
        if summary is not None:
            lines = terminal_summary(
                summary,
                width=writer.fullwidth,
                color=writer.hasmarkup,
                records=self.ledger.records,
                verbose=self.config.option.verbose > 0,
            )
        else:
            lines = [] if self._asks_nothing else nothing_asked(self.ledger.records, width=writer.fullwidth)
        if lines:
            terminalreporter.section("audit")
        for line in lines:
            terminalreporter.write_line(line)
        if summary is None:
            return
        if self._kept:
            replies = "1 reply is" if self._kept == 1 else f"{self._kept} replies are"
            terminalreporter.write_line(f"interrupted: {replies} stored; run the same again to go on")
        for trouble in self.ledger.troubles:
            terminalreporter.write_line(f"NOT REPORTED: {visible(self.redactor.redact(trouble))}", red=True)

    def _latency_s(self, model: Model) -> float | None:
        weights = model.options.get("weights") or {}
        files = [model.options.get("path"), weights.get("file"), weights.get("path")]
        names = {model.model, *(Path(file).name for file in files if file)}
        return typical_latency_s(self._store_path, provider=model.provider, names=names)

    @property
    def _store_path(self) -> Path:
        return self.config.rootpath / STATE / "store.sqlite"

    def _print_plan(self, targets: dict[Target, list[SpecItem]]) -> None:
        if not self.config.pluginmanager.has_plugin("terminalreporter"):
            return
        full = bool(self.config.option.distill_full)
        forecasts = [
            forecast.forecast(one.spec, one.model, one.run.planned, declared=one.run.cases, full=full)
            for one in targets
        ]
        writer = self.config.get_terminal_writer()
        writer.line()
        for line in forecast.lines(forecasts, concurrency=self.concurrency, latency_s=self._latency_s):
            writer.line(line)


def combined_status(ours: int, pytests: int, foreign_failures: int) -> int:
    """BROKEN 11 before FAILED 1 before INCONCLUSIVE 10; another test's failure is a failure.

    What pytest calls failed is never turned into a success (a strict xfail that passed, say).
    """
    failed = foreign_failures or (pytests and ours in (0, EXIT_NO_VERDICT))
    return 1 if failed and ours != BROKEN else ours


def _stopped(engine: Engine) -> bool:
    """End the asking; False if a second Ctrl-C did not wait for what is in flight."""
    try:
        engine.stop(grace_s=GRACE_S)
    except KeyboardInterrupt:
        return False
    return True


def _split(values: list[str]) -> Iterator[str]:
    for value in values:
        yield from filter(None, (part.strip() for part in value.split(",")))


def _worker_count() -> int:
    return int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
