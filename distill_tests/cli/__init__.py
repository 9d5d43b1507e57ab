"""The ``distill-tests`` command; a sub-command is a module here: ``HELP``, ``add_arguments``, ``main``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from distill_tests import __version__
from distill_tests.cli import check, exam, init, judge, label, lineage, pull, run, schema, search
from distill_tests.cli.exits import INTERRUPTED, USAGE, WRONG, say, usage_error
from distill_tests.errors import DistillError, SpecError


class Command(Protocol):
    """A sub-command: ``main`` returns the exit status (0 done, 1 something is wrong, 2 usage)."""

    HELP: str

    def add_arguments(self, command: argparse.ArgumentParser) -> None: ...

    def main(self, parsed: argparse.Namespace) -> int: ...


COMMANDS: Final[Mapping[str, Command]] = {
    "check": check,
    "exam": exam,
    "init": init,
    "judge": judge,
    "label": label,
    "lineage": lineage,
    "pull": pull,
    "schema": schema,
    "search": search,
}
"""All but ``run``, whose arguments are pytest's."""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status: 0 done, 1 something is wrong, 2 usage; of ``run`` it is pytest's own."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments[:1] == ["run"]:
            return run.main(arguments[1:])
        parsed = parser().parse_args(arguments)
        return COMMANDS[parsed.command].main(parsed)
    except SpecError as error:
        say(str(error))
        return USAGE
    except DistillError as error:
        return usage_error(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # | head: nobody reads on; keep the interpreter from flushing into it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WRONG


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="distill-tests",
        description="Audit large language models from YAML specs. `pytest specs/` does the same as `run`.",
        epilog="distill-tests COMMAND --help says more about each command.",
    )
    top.add_argument("--version", action="version", version=f"distill-tests {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    commands.add_parser("run", help=run.HELP)
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name, help=command.HELP))
    return top
