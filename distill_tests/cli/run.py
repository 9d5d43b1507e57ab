"""``distill-tests run``: pytest in this process, with short names for the plugin's options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from distill_tests.cli.exits import OK

HELP: Final = "audit the models: pytest with short option names"

OPTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "target": ("ALIAS", "audit this model instead of the specs' targets (repeatable)"),
    "plan": ("", "make no call; say how many calls, tokens, dollars and minutes it would take"),
    "full": ("", "ask whole sets: no early stop"),
    "first": ("N", "ask only the first N planned cases of each spec and model"),
    "replay": ("", "make no call; judge and report again what is in the store"),
    "refresh": ("", "ask again, also where the store has a reply"),
    "reuse": ("", "use stored replies of earlier runs even without a revision on the card"),
    "max-age": ("AGE", "use no reply of an earlier run that is older, such as 12h or 30d"),
    "no-store": ("", "keep no reply on disk"),
    "concurrency": ("N", "calls in flight per endpoint"),
    "deadline": ("SECONDS", "the longest one call may take, retries included"),
    "require-verdict": ("", "exit 12 instead of 0 where a gate was not selected"),
}
"""Short names; NAME stands for the plugin's ``--distill-NAME``."""


def main(arguments: Sequence[str]) -> int:
    """Pytest's exit status."""
    if {"-h", "--help"} & set(arguments):
        print(_help())
        return OK
    return int(pytest.main(["-p", "distill_tests.plugin", *pytest_arguments(arguments)]))


def pytest_arguments(arguments: Sequence[str]) -> list[str]:
    """``arguments`` with the short names written out; all others as they are.

    Without anything that could name specs, ``specs`` is added: pytest's own default would be the
    project's ``testpaths``.
    """
    written = [_written_out(argument) for argument in arguments]
    if not any(map(_could_name_specs, arguments)):
        written.append("specs")
    return written


def _written_out(argument: str) -> str:
    name, equals, value = argument.partition("=")
    if name.startswith("--") and name[2:] in OPTIONS:
        return f"--distill-{name[2:]}{equals}{value}"
    return argument


def _could_name_specs(argument: str) -> bool:
    return not argument.startswith("-") and ("/" in argument or "::" in argument or Path(argument).exists())


def _help() -> str:
    lines = [
        "usage: distill-tests run [SPECS ...] [options] [any pytest option or node id]",
        "",
        "Audit the models with pytest. Without SPECS: the folder specs/. Exit status: 0 every gate passed,",
        "1 failed, 10 inconclusive, 11 broken, 12 no verdict (with --require-verdict).",
        "",
        "options (each is pytest's --distill-NAME):",
    ]
    for name, (metavar, text) in OPTIONS.items():
        lines.append(f"  {f'--{name} {metavar}'.rstrip():22} {text}")
    return "\n".join(
        [*lines, "", "Everything else goes to pytest: -k, -x, --lf, -n 2, -m, --junitxml=FILE …"]
    )
