"""A report in our words: what a person reads of an item, and the record it carries to the controller."""

from __future__ import annotations

from typing import Any

import pytest

from distill_tests.display import shorten, visible
from distill_tests.errors import DistillError
from distill_tests.nodes import SpecItem, Wrong
from distill_tests.properties import properties_of
from distill_tests.redact import Redactor
from distill_tests.types import Verdict

MOST_COLUMNS = 500
"""Of a bug's message in pytest's short summary."""


def dress(report: pytest.TestReport, item: SpecItem, error: BaseException | None, redactor: Redactor) -> None:
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
    if isinstance(report.longrepr, str):
        report.longrepr = redactor.redact(report.longrepr)
    ended = report.when == "call" or (report.when == "setup" and not report.passed)
    if ended and item.distill is not None:
        told: Any = redactor.redact_all(item.distill)
        report.distill = told  # type: ignore[attr-defined]
        report.user_properties = list(properties_of(told))
        # The teardown's report gets the item's: that is where pytest's own JUnit takes them from.
        item.user_properties = report.user_properties


def _harmless(longrepr: Any) -> Any:
    """A traceback as it is; as visible text where a message in it could act on a terminal.

    Its message is one line: in CI pytest prints all of it in its short summary, and none of a reply's
    lines may pass for one of ours.
    """
    crash = getattr(longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = shorten(visible(crash.message), MOST_COLUMNS)
    text = str(longrepr)
    shown = visible(text, newlines="keep")
    return longrepr if shown == text else shown


def reason(longrepr: Any) -> str:
    """The reason of a skipped collection report: the last of (path, line, reason)."""
    text = str(longrepr[2] if isinstance(longrepr, tuple) else longrepr)
    return text.removeprefix("Skipped: ")
