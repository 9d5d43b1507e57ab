"""The pytest plugin: options, and finding out whether there is anything of ours to do.

An ordinary project pays for a few option definitions and a file-name test.  Everything else is in
:mod:`distill_tests.session`, imported when a spec is collected.
"""

from __future__ import annotations

import argparse
import importlib
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from distill_tests.roots import find_root

SESSION = "distill_tests.session"
NO_VERDICT = 12
RUN_ID = pytest.StashKey[str]()
WORKERS = pytest.StashKey[int]()
"""How many xdist workers were started, those that replaced a crashed one included."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("distill", "model audits (distill-tests)")
    option = group.addoption
    option(
        "--distill-target",
        action="append",
        type=_aliases,
        default=[],
        metavar="ALIAS",
        help="audit this model instead of each spec's targets (repeatable, or separated by commas)",
    )
    option(
        "--distill-plan",
        action="store_true",
        help="make no call: print calls, tokens, money, minutes and what each gate can decide",
    )
    option("--distill-full", action="store_true", help="ask whole sets, no early stop")
    option(
        "--distill-first",
        type=_positive,
        default=None,
        metavar="N",
        help="ask only the first N planned cases of each set; gates decide what that can carry",
    )
    option(
        "--distill-replay",
        action="store_true",
        help="make no call: judge and report what is in the store; a missing reply is an error",
    )
    option("--distill-refresh", action="store_true", help="ask anew whatever is in the store")
    option(
        "--distill-reuse",
        action="store_true",
        help="use stored replies of earlier runs even of models without a revision",
    )
    option(
        "--distill-max-age",
        default=None,
        type=_age_s,
        metavar="AGE",
        help="use no reply of an earlier run that is older, such as 12h or 30d",
    )
    option("--distill-no-store", action="store_true", help="keep no reply on disk")
    option(
        "--distill-concurrency",
        type=_positive,
        default=16,
        metavar="N",
        help="calls in flight per endpoint (default 16)",
    )
    option(
        "--distill-deadline",
        type=_positive,
        default=600,
        metavar="SECONDS",
        help="the longest one call may take, retries included (default 600)",
    )
    option(
        "--distill-require-verdict",
        action="store_true",
        help="exit with 12 instead of 0 where cases ran but a gate was not selected",
    )


def _aliases(text: str) -> str:
    """As it is: an empty one (an unset variable in a CI script) must not mean the spec's own targets."""
    if not text.strip(" ,"):
        raise pytest.UsageError(f"--distill-target names no model (got {text!r})")
    return text


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        # argparse puts the option's name before it.
        raise argparse.ArgumentTypeError(f"a whole number above 0 is needed (got {text!r})")
    return number


def _age_s(text: str) -> float:
    """Seconds of ``45s``, ``30m``, ``12h``, ``7d``."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    number, unit = text[:-1], text[-1:]
    if not number.isdigit() or unit not in units:
        raise pytest.UsageError(
            f"--distill-max-age takes a number with s, m, h or d, such as 12h (got {text!r})"
        )
    return float(int(number) * units[unit])


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    option = config.option
    if option.distill_replay and option.distill_no_store:
        raise pytest.UsageError("--distill-replay reads the store: run it without --distill-no-store")
    if option.distill_replay and option.distill_refresh:
        raise pytest.UsageError("--distill-replay asks nothing: run it without --distill-refresh")
    if option.distill_plan and getattr(option, "dist", "no") != "no":
        option.dist = "no"  # As xdist itself does under --collect-only.


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A required verdict is missing, too, where no spec was found at all: a mistyped path, broken cards."""
    option = session.config.option
    asks_nothing = option.collectonly or option.distill_plan or hasattr(session.config, "workerinput")
    no_spec = session.config.pluginmanager.get_plugin(SESSION) is None
    if option.distill_require_verdict and no_spec and not asks_nothing and not exitstatus:
        session.exitstatus = NO_VERDICT


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["distill_run_id"] = run_id(node.config)
    node.config.stash[WORKERS] = node.config.stash.get(WORKERS, 0) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.getvalue("dist") != "load":
        return None
    return importlib.import_module("distill_tests.xdist").TargetScheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: Sequence[str]) -> None:
    """The controller does not collect: a worker's list tells it that there are specs, whatever ``--dist``."""
    if any(map(importlib.import_module("distill_tests.xdist").is_ours, ids)):
        start(node.config).begin_workers()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A SpecFile for a YAML file below a directory with our ``models.yaml``; nothing else is opened."""
    if file_path.suffix not in {".yaml", ".yml"} or find_root(file_path) is None:
        return None
    collector: pytest.Collector | None = start(parent.config).spec_file(file_path, parent)
    return collector


def start(config: pytest.Config) -> Any:
    """The session's plugin, registered on first use (see :mod:`distill_tests.session`)."""
    manager = config.pluginmanager
    known = manager.get_plugin(SESSION)
    if known is None:
        known = importlib.import_module(SESSION).Session(
            config, run_id=run_id(config), workers=lambda: config.stash.get(WORKERS, 0)
        )
        manager.register(known, SESSION)
    return known


def run_id(config: pytest.Config) -> str:
    """The id of this run; the same on xdist's controller and its workers."""
    worker: dict[str, Any] = getattr(config, "workerinput", {})
    return config.stash.setdefault(RUN_ID, str(worker.get("distill_run_id") or uuid.uuid4().hex[:8]))
