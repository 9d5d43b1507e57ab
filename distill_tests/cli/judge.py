"""``distill-tests judge``: a file of rows through any judge that asks nothing."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NamedTuple

from distill_tests import rows, specfile
from distill_tests.cli.conftests import load_conftests
from distill_tests.cli.exits import OK, WRONG, say, usage_error
from distill_tests.cli.pull import DEFAULT_CARDS
from distill_tests.errors import UnknownName
from distill_tests.registry import Judge, judges
from distill_tests.types import Model

HELP: Final = "run a judge over a file of rows"


class Option(NamedTuple):
    """One ``--option KEY=VALUE``."""

    name: str
    value: Any


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Read JSON objects, one a line, and write one verdict a line. A row that cannot be judged is named "
        "by file and line, left out and counted; the exit status is then 1. Loads conftest.py of the current "
        "folder, so that a judge of your own is known; like pytest, this runs the code in it."
    )
    add = command.add_argument
    add("name", metavar="JUDGE", help="a registered judge, such as claims")
    add("rows", type=Path, metavar="ROWS", help=".jsonl or .jsonl.gz")
    add("--output", type=Path, metavar="OUT", help="written whole, at the end; default: standard output")
    add("--models", type=Path, metavar="FILE", help="cards that rows may name; default: specs/models.yaml")
    add(
        "--option",
        action="append",
        default=[],
        type=option,
        metavar="KEY=VALUE",
        help="an option of the judge",
    )
    add("--allow-bad", type=int, default=0, metavar="N", help="exit 0 with up to N bad rows")


def option(text: str) -> Option:
    """``KEY=VALUE``; the value is read as JSON where it is JSON, and is text otherwise."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    try:
        return Option(name, json.loads(value))
    except ValueError:
        return Option(name, value)


def main(parsed: argparse.Namespace) -> int:
    load_conftests([])
    judge = judges.get(parsed.name)
    models, options = _cards(parsed.models), _known(parsed.option, judge)
    if parsed.output is not None and parsed.output.exists() and parsed.output.samefile(parsed.rows):
        return usage_error(f"--output {parsed.output} is the file that is read")
    good = bad = 0
    with rows.sink(parsed.output) as out:
        for judged in rows.judged_rows(parsed.rows, judge, models=models, options=options):
            if judged.row is None:
                bad += 1
                say(f"{parsed.rows}:{judged.line}: {judged.problem}")
            else:
                good += 1
                out.write(rows.encoded(judged.row))
    say(f"{good} rows judged by {judge.name}" + (f", {bad} bad rows left out" if bad else ""))
    return WRONG if bad > parsed.allow_bad else OK


def _cards(path: Path | None) -> Mapping[str, Model]:
    """The model cards that rows may name; without --models those of specs/, if there are any."""
    if path is None and not DEFAULT_CARDS.is_file():
        return {}
    return specfile.load_models(path or DEFAULT_CARDS, environ=os.environ)


def _known(given: Sequence[Option], judge: Judge) -> dict[str, Any]:
    for name, _ in given:
        if name not in judge.options:
            near = get_close_matches(name, judge.options)
            raise UnknownName(f"option of judge {judge.name!r}", name, near, sorted(judge.options))
    return dict(given)
