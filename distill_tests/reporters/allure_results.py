"""Allure: what allure-pytest writes of our items under ``--alluredir``, told in the words of the audit.

allure-pytest makes a result of every item.  When one is about to be written, the record that ended
the item is put into it: verdict, parameters, labels, the steps asked, answered and judged, transcript
and evidence.  Beside the results stand ``environment.properties``, ``categories.json`` (Allure 2) and
``allurerc.json`` (the same categories for Allure 3, which reads them from a configuration only).

Without allure-pytest or ``--alluredir`` nothing is imported, done or written.
"""

from __future__ import annotations

import hashlib
import json
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from distill_tests.calibrations.words import lines as calibration_lines
from distill_tests.display import shorten, visible
from distill_tests.estimatetext import basis_text, estimate_text
from distill_tests.properties import properties_of, shown
from distill_tests.record import Record, Run
from distill_tests.registry import reporter
from distill_tests.summary import MAY_SAY
from distill_tests.terminal import failure_text, headline, threshold_text
from distill_tests.transcript import evidence, marks_of, new_messages, receipts_of, settings_of, transcript
from distill_tests.types import Json

MANY_ITEMS = 2_000
"""Above so many items in a session only the cases that did not pass get attachments."""
_COLUMNS = 100
_MARK = "# Written by distill-tests"

STATUS: Mapping[str, str] = {
    "passed": "passed",
    "missed": "skipped",
    "failed": "failed",
    "inconclusive": "failed",
    "broken": "broken",
    "skipped": "skipped",
}
"""Allure's word for a verdict.  A miss is an expected failure: allure-pytest's word for it is skipped."""

CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "Contradiction": ("failed", "skipped"),
    "Wrong answer": ("failed", "skipped"),
    "Gate failed": ("failed",),
    "Judge unsure": ("failed",),
    "Inconclusive": ("failed",),
    "Provider trouble": ("broken",),
    "Gate broken": ("broken",),
    "Not asked": ("skipped",),
}
"""Categories in the order they are tried, and the statuses in which they occur."""


@reporter("allure")
class AllureResults:
    """Registers itself with allure_commons when the first record comes and a results directory is set."""

    def __init__(self) -> None:
        self._items = 0
        self._pending: Record | None = None
        self._listener: object | None = None
        self._fault: Exception | None = None

    def begin(self, *, items: int) -> None:
        """Told once, before the first record, how many items the session has."""
        self._items = items

    def during(self, record: Mapping[str, Json]) -> None:
        """Keep the record until allure-pytest writes the item's result.

        Raises what went wrong with the result before.
        """
        self._raise_fault()
        if not _is_active():
            return
        if self._listener is None:
            self._listener = _listen(self._enrich)
        self._pending = record

    def after(self, run: Run) -> None:
        """Write what stands beside the results, and stop listening."""
        self._stop()
        self._raise_fault()
        if _is_active() and run.summary is not None:
            _beside("environment.properties", environment(run.summary))
            _beside("categories.json", categories())
            _beside("allurerc.json", configuration())

    def _enrich(self, result: Any) -> None:
        record, self._pending = self._pending, None
        if record is None or not record["node"].endswith(f"::{result.name}"):
            return
        try:
            enrich(result, record, attached=self._is_attached(record))
        except Exception as error:  # noqa: BLE001 - the result is allure-pytest's; ours is told when next called
            self._fault = error
            self._stop()

    def _stop(self) -> None:
        if self._listener is not None:
            _plugins().unregister(self._listener)
            self._listener = None

    def _raise_fault(self) -> None:
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def _is_attached(self, record: Record) -> bool:
        return self._items <= MANY_ITEMS or record["verdict"] not in ("passed", "skipped")


# --- allure_commons -----------------------------------------------------------------------------


def _is_active() -> bool:
    """Whether allure-pytest is loaded and somebody writes results; it is never imported for that."""
    return "allure_commons" in sys.modules and bool(_plugins().hook.report_result.get_hookimpls())


def _plugins() -> Any:
    import allure_commons

    return allure_commons.plugin_manager


def _listen(enrich: Callable[[Any], None]) -> object:
    import allure_commons

    class Listener:
        @allure_commons.hookimpl(tryfirst=True)
        def report_result(self, result: Any) -> None:
            enrich(result)

    listener = Listener()
    _plugins().register(listener)
    return listener


def _attachment(name: str, text: str) -> Any:
    """``text`` written as a file of the results; returns what refers to it."""
    from allure_commons.model2 import Attachment

    source = f"{uuid.uuid4()}-attachment.txt"
    _plugins().hook.report_attached_data(body=text.encode("utf-8", "backslashreplace"), file_name=source)
    return Attachment(name=name, source=source, type="text/plain")


def _beside(name: str, text: str) -> None:
    """``text`` as the file ``name`` of the results, unless a user's own stands there."""
    for plugin in _plugins().get_plugins():
        directory = getattr(plugin, "_report_dir", None)
        if directory is not None and _is_of_a_user(Path(directory) / name):
            return
    _plugins().hook.report_attached_data(body=text, file_name=name)


def _is_of_a_user(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return not text.startswith(_MARK) and text not in (categories(), configuration())


# --- one result ---------------------------------------------------------------------------------


def enrich(result: Any, record: Record, *, attached: bool) -> None:
    """Put what the record tells into allure's result of its item."""
    from allure_commons.model2 import Label, Parameter, StatusDetails

    trace = (result.statusDetails and result.statusDetails.trace) or ""
    category = category_of(record, trace)
    result.status = STATUS[record["verdict"]]
    result.statusDetails = None
    if record["verdict"] != "passed":
        result.statusDetails = StatusDetails(
            message=message_of(record, category),
            trace=trace if category is None else failure_text(record, _COLUMNS),
        )
    # Both ids: Allure 2 takes the history id as it is, Allure 3 makes its own from the test's id and
    # the parameters that are not excluded.
    result.testCaseId = result.historyId = hashlib.sha256(record["node"].encode()).hexdigest()[:32]
    result.description = MAY_SAY
    if record["seconds"]:
        result.start = result.stop - round(1000 * record["seconds"])
    result.parameters = [
        Parameter(name=name, value=value, excluded=True) for name, value in parameters_of(record)
    ]
    ours = labels_of(record, category)
    names = {name for name, _ in ours} - {"tag"}
    result.labels = [label for label in result.labels if label.name not in names]
    result.labels += [Label(name=name, value=value) for name, value in ours]
    result.steps += (
        _gate_steps(result, record) if record["type"] == "gate" else _steps(result, record, attached)
    )
    if attached and record["trials"]:
        result.attachments.append(_attachment("transcript", transcript(record)))


def category_of(record: Record, trace: str = "") -> str | None:
    """The category of a record that did not pass; None where it passed, and for a bug with its traceback."""
    verdict, is_gate = record["verdict"], record["type"] == "gate"
    if verdict == "passed" or (record["error"] and trace and not _tells(trace, record["error"])):
        return None
    if verdict in ("missed", "failed"):
        wrong = "Contradiction" if record["kind"] == "identity" else "Wrong answer"
        return "Gate failed" if is_gate else wrong
    if verdict == "inconclusive":
        return "Inconclusive" if is_gate else "Judge unsure"
    if verdict == "broken":
        return "Gate broken" if is_gate else "Provider trouble"
    return "Not asked"


def _tells(trace: str, error: str) -> bool:
    """Whether the trace is the error's own words, not a traceback."""
    return trace.lstrip().startswith(visible(error.lstrip().split("\n", 1)[0][:500]))


def message_of(record: Record, category: str | None) -> str:
    """One line that starts with the category, which is how Allure 2 sorts a result into it."""
    spared = " (only the gates punish it)" if record["verdict"] == "missed" else ""
    return f"{category or 'Error'}: {shown(_why(record)) or record['verdict']}{spared}"


def _why(record: Record) -> str:
    if record["error"] or record["skipped"]:
        return str(record["error"] or record["skipped"])
    if record["type"] == "gate":
        return str(record["explanation"])
    trials = record["trials"]
    told = next((trial for trial in trials if trial["wrong"]), None)
    told = told or next((trial for trial in trials if trial["score"]["value"] is None), trials[0])
    score = told["score"]
    return f"{score['label']}: {score['reason']}" if score["reason"] else str(score["label"])


_NOT_SHOWN = frozenset(
    (
        "type",
        "kind",
        "spec",
        "title",
        "tags",
        "answer",
        "reason",
        "error",
        "skipped",
        "explanation",
        "set_sha256",
    )
)
"""Properties that a result tells elsewhere: in labels, steps or its message."""


def parameters_of(record: Record) -> list[tuple[str, str]]:
    """What is worth a line above the steps."""
    return [
        (name.removeprefix("cluster."), value)
        for name, value in properties_of(record)
        if name not in _NOT_SHOWN
    ]


def labels_of(record: Record, category: str | None) -> list[tuple[str, str]]:
    """Labels by target and kind, for each of Allure's trees and for its filters."""
    target, kind, title = shown(record["target"]), shown(record["kind"]), shown(record["title"])
    told = [
        ("parentSuite", target),
        ("suite", kind),
        ("subSuite", title),
        ("epic", target),
        ("feature", kind),
        ("story", title),
        ("target", target),
        ("kind", kind),
        ("verdict", record["verdict"]),
        ("severity", "critical" if record["type"] == "gate" else "normal"),
    ]
    told += [("category", category)] if category else []
    return told + [("tag", shown(tag)) for tag in record["tags"] if not _acts(tag)]


def _acts(tag: str) -> bool:
    """Whether Allure takes a tag for an order, such as ``allure.id:7``."""
    return tag.lstrip("@").startswith("allure.")


# --- steps --------------------------------------------------------------------------------------


def _steps(result: Any, record: Record, attached: bool) -> list[Any]:
    trials: Sequence[Record] = record["trials"]
    if not trials:
        failed = record["verdict"] == "broken"
        return [_step(result, "asked", status="broken", message=shown(record["error"]))] if failed else []
    groups = [list(_trial_steps(result, trial, attached)) for trial in trials]
    if len(groups) == 1:
        return groups[0]
    return [
        _step(result, f"trial {number} of {len(trials)}", steps=steps, status=steps[-1].status)
        for number, steps in enumerate(groups, start=1)
    ]


def _trial_steps(result: Any, trial: Record, attached: bool) -> Iterator[Any]:
    before: Sequence[Record] = ()
    for exchange in trial["exchanges"]:
        asked = [message["text"] for message in new_messages(exchange["messages"], before)]
        before = exchange["messages"]
        settings = {"model": shown(exchange["model"]), **settings_of(exchange)}
        yield _step(result, _told("asked", asked[-1] if asked else ""), told=settings)
        latency_s = exchange["reply"]["latency_s"] or 0.0
        answered = _told("answered", exchange["reply"]["text"])
        yield _step(result, answered, told=receipts_of(exchange), seconds=latency_s)
    score = trial["score"]
    status = "broken" if score["value"] is None else "failed" if trial["wrong"] else "passed"
    judge = {"judge": shown(score["judge"])} if score["judge"] else {}
    judged = _told("judged", f"{score['label']}: {score['reason']}".removesuffix(": "))
    step = _step(result, judged, status=status, told={**judge, **marks_of(score)})
    seen = evidence(trial) if attached else ""
    step.attachments += [_attachment("evidence", seen)] if seen else []
    yield step


def _gate_steps(result: Any, record: Record) -> list[Any]:
    estimate = record["estimate"]
    return [
        _step(result, f"counted: {estimate_text(estimate)}", told={"rests on": basis_text(estimate)}),
        _step(result, threshold_text(record["gate"])),
        _step(result, _told("decided", record["explanation"]), status=STATUS[record["verdict"]]),
    ]


def _told(what: str, text: str) -> str:
    """Such as ``asked: Who made you?``, on one line of bounded width."""
    return f"{what}: {shorten(visible(text[: 2 * _COLUMNS]), _COLUMNS)}"


def _step(
    result: Any,
    name: str,
    *,
    status: str = "passed",
    told: Mapping[str, str] | None = None,
    seconds: float = 0.0,
    steps: Sequence[Any] = (),
    message: str | None = None,
) -> Any:
    from allure_commons.model2 import Parameter, StatusDetails, TestStepResult

    return TestStepResult(
        name=name,
        status=status,
        statusDetails=StatusDetails(message=message) if message else None,
        parameters=[Parameter(name=key, value=value) for key, value in (told or {}).items()],
        steps=list(steps),
        start=result.start,
        stop=result.start + round(1000 * seconds),
    )


# --- what stands beside the results -------------------------------------------------------------


def environment(summary: Record) -> str:
    """``environment.properties``: the verdict and what it may be taken for, then what was run on what."""
    run = summary["run"]
    told = {
        "verdict": headline(summary),
        "may say": summary["may_say"],
        "exit status": summary["exit_status"],
        "run": run["id"],
        "started": run["started_at"],
        "report": run["directory"],
        "distill-tests": run["version"],
        "python": run["python"],
        "platform": run["platform"],
        "calls made": summary["calls"]["made"],
        "calls from the store": summary["calls"]["from_store"],
        "calls recorded": summary["calls"]["recorded"],
        **{f"served as {alias}": ", ".join(names) for alias, names in summary["served"].items()},
        **{
            f"{told['target']} on {told['gold']['path']}, {line.name}": line.text
            for told in summary.get("calibrations", ())
            for line in calibration_lines(told)
        },
    }
    lines = [f"{_escaped(name, ' =:#!')} = {_escaped(shown(value))}" for name, value in told.items()]
    return "\n".join([_MARK, *lines]) + "\n"


def _escaped(text: str, special: str = "") -> str:
    """A key (with its special characters) or value of a Java properties file, in ASCII."""
    plain = "".join(f"\\{char}" if char in f"\\{special}" else char for char in visible(text))
    return "".join(char if char.isascii() else _unicode_escape(char) for char in plain)


def _unicode_escape(char: str) -> str:
    units = char.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def categories() -> str:
    """``categories.json``, which Allure 2 finds among the results."""
    rows = [
        {"name": name, "messageRegex": rf"^{name}: [\s\S]*", "matchedStatuses": statuses}
        for name, statuses in CATEGORIES.items()
    ]
    return json.dumps(rows, indent=2) + "\n"


def configuration() -> str:
    """``allurerc.json`` for Allure 3: the categories, by label, and the tree by target, kind and title."""
    rows = [
        {"name": name, "matchers": {"labels": {"category": f"^{name}$"}, "statuses": statuses}}
        for name, statuses in CATEGORIES.items()
    ]
    by_target = {"awesome": {"options": {"groupBy": ["parentSuite", "suite", "subSuite"]}}}
    return json.dumps({"name": "Model audit", "plugins": by_target, "categories": rows}, indent=2) + "\n"
