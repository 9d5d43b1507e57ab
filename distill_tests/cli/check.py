"""``distill-tests check``: every mistake in specs, packs and model cards; nothing is asked."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final

from distill_tests import specfile
from distill_tests.cli.conftests import load_conftests
from distill_tests.cli.exits import OK, WRONG, usage_error
from distill_tests.display import visible
from distill_tests.errors import Problem
from distill_tests.redact import Redactor
from distill_tests.roots import CARDS, holds_cards
from distill_tests.specfile.checking import yaml_files

FOLDER: Final = Path("specs")
HELP: Final = "validate specs, packs and model cards; nothing is asked"


def as_text(problems: Sequence[Problem]) -> None:
    for problem in problems:
        print(visible(str(problem)))


def as_json(problems: Sequence[Problem]) -> None:
    """One array; escaped to ASCII, so that nothing in it acts in a terminal."""
    print(json.dumps([_row(problem) for problem in problems], indent=2))


def as_github(problems: Sequence[Problem]) -> None:
    """Workflow commands: GitHub shows each as an annotation beside its line in a pull request."""
    for problem in problems:
        place = problem.place
        where = {"file": place.path, "line": place.line, "col": place.column, "title": "distill-tests check"}
        properties = ",".join(f"{name}={_escaped_property(str(value))}" for name, value in where.items())
        print(f"::error {properties}::{_escaped(visible(_message(problem)))}")


FORMATS: Final[Mapping[str, Callable[[Sequence[Problem]], None]]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
}
"""How the problems are printed; a new format is one more entry."""


def _row(problem: Problem) -> dict[str, str | int | None]:
    place = problem.place
    return {
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "message": _message(problem),
        "what": problem.what,
        "got": problem.got,
        "allowed": problem.allowed,
    }


def _message(problem: Problem) -> str:
    return str(problem).removeprefix(f"{problem.place}: ")


def _escaped(text: str) -> str:
    """As GitHub's runner reads the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Print every mistake as `path:line:column: what is wrong`, one a line; --format json: an array of "
        "objects; --format github: annotations of a pull request. Exit status 0: none, 1: some, 2: usage. "
        "Loads conftest.py of the current folder and of the given folders, so that a judge, kind or "
        "provider of your own is known; like pytest, this runs the code in it."
    )
    command.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help=f"a spec or a folder of specs; default: {FOLDER}"
    )
    command.add_argument("--format", choices=sorted(FORMATS), default="text", help="default: %(default)s")


def main(parsed: argparse.Namespace) -> int:
    paths: list[Path] = parsed.paths or [FOLDER]
    if not parsed.paths and not FOLDER.is_dir():
        return usage_error(f"give PATH, a spec or a folder of specs; there is no folder {FOLDER} here")
    absent = [path for path in paths if not path.exists()]
    if absent:
        return usage_error(f"no such file or folder: {', '.join(map(str, absent))}")
    load_conftests(paths)
    redact = Redactor.from_environ(os.environ).redact
    problems = [_redacted(problem, redact) for problem in specfile.check(paths, environ=os.environ)]
    if problems or parsed.format == "json":
        FORMATS[parsed.format](problems)
        return WRONG if problems else OK
    print(f"ok: {_found(paths)}")
    return OK


def _redacted(problem: Problem, redact: Callable[[str], str]) -> Problem:
    got, allowed = (text if text is None else redact(text) for text in (problem.got, problem.allowed))
    return replace(problem, what=redact(problem.what), got=got, allowed=allowed)


def _found(paths: Sequence[Path]) -> str:
    """How many files and cards were checked, in words; all of them are known to be sound."""
    specs = packs = cards = 0
    for path in _yaml_files(paths):
        if path.name == CARDS:
            cards += len(specfile.load_models(path, environ=os.environ)) if holds_cards(path) else 0
        elif specfile.find_root(path):
            specs += 1
        else:
            packs += "packs" in path.parts
    return ", ".join((_several(specs, "spec"), _several(packs, "pack"), _several(cards, "model card")))


def _yaml_files(paths: Sequence[Path]) -> set[Path]:
    below = (yaml_files(path) if path.is_dir() else (path,) for path in paths)
    return {path.resolve() for path in chain.from_iterable(below)}


def _several(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
