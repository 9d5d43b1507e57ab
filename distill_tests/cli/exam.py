"""``distill-tests exam``: an exam's data checked, a leaderboard file written and checked."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from string import ascii_uppercase
from typing import Final

from distill_tests.cli import exam_words
from distill_tests.cli.exits import OK, WRONG, say
from distill_tests.display import escape_unseen, visible
from distill_tests.errors import DataError
from distill_tests.exams.answers import answers_of
from distill_tests.exams.duplicates import NEAR, duplicates
from distill_tests.exams.items import Exam
from distill_tests.exams.reading import read_exam
from distill_tests.exams.submission import checked, submission
from distill_tests.rundir import read_run, write_atomically
from distill_tests.types import Json

HELP: Final = "check an exam's data, find duplicates, write and check a leaderboard file"


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Multiple-choice exams: folders like E-EVAL's and C-Eval's (dev, val, test with Task_val.csv), "
        "or .csv, .tsv and .jsonl files. No model is asked."
    )
    verbs = command.add_subparsers(dest="verb", required=True, metavar="VERB", title="verbs")
    check = verbs.add_parser("check", help="read data; say how many items they have, and which have faults")
    _data(check)
    check.add_argument("--all", action="store_true", help="list every item with a fault")
    pairs = verbs.add_parser("duplicates", help="list items that stand in the data twice, or nearly")
    _data(pairs)
    pairs.add_argument(
        "--at-least", type=_share, default=NEAR, metavar="P", help="similarity (default: %(default)s)"
    )
    _add_submission(verbs.add_parser("submission", help="write E-EVAL's leaderboard file from a run"))
    validate = verbs.add_parser("validate", help="check a leaderboard file: every problem at once")
    validate.add_argument("file", type=Path, metavar="FILE.json")
    validate.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="E-EVAL's folder")


def _data(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("data", type=Path, nargs="+", metavar="FOLDER_OR_FILE")
    verb.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")


def _add_submission(verb: argparse.ArgumentParser) -> None:
    add = verb.add_argument
    add("run", type=Path, metavar="RUN", help="a directory or its run.jsonl, of a spec with split: test")
    add("--data", type=Path, required=True, metavar="FOLDER", help="E-EVAL's folder")
    add("--output", type=Path, required=True, metavar="FILE.json")
    add("--target", metavar="ALIAS", help="the model, where the run has several")
    add("--setting", metavar="NAME", help="the setting, where the run has several")
    add("--fill", type=_letter, metavar="LETTER", help="stands for every missing and invalid answer; counted")
    add("--all-rows", action="store_true", help="also the row that the published sample does not have")


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0 and at most 1")
    return value


def _letter(text: str) -> str:
    if len(text) != 1 or text not in ascii_uppercase:
        raise argparse.ArgumentTypeError(f"{text!r} is not one capital letter")
    return text


def main(parsed: argparse.Namespace) -> int:
    return VERBS[parsed.verb](parsed)


def _check(parsed: argparse.Namespace) -> int:
    exam = read_exam(parsed.data)
    if parsed.format == "json":
        _print_json(exam_words.as_json(exam))
    else:
        _print(exam_words.report(exam, most=None if parsed.all else exam_words.MOST_LISTED))
    return OK


def _duplicates(parsed: argparse.Namespace) -> int:
    exam = read_exam(parsed.data)
    found = duplicates(exam.items, at_least=parsed.at_least)
    if parsed.format == "json":
        _print_json([exam_words.pair_as_json(one) for one in found])
    else:
        _print(exam_words.pairs(found, of=len(exam.items)))
    return OK


def _submission(parsed: argparse.Namespace) -> int:
    run = read_run(parsed.run)
    answers = answers_of(run.records, path=str(parsed.run), target=parsed.target, setting=parsed.setting)
    made = submission(_exam(parsed).items, answers.letters, fill=parsed.fill, is_whole=parsed.all_rows)
    try:
        write_atomically(parsed.output, made.text)
    except OSError as error:
        raise DataError(f"cannot write {parsed.output}: {error.strerror}") from error
    for warning in made.warnings:
        say(f"warning: {warning}")
    if made.filled:
        shown = ", ".join(made.filled[: exam_words.MOST_LISTED])
        more = " …" if len(made.filled) > exam_words.MOST_LISTED else ""
        say(f"{len(made.filled):,} of {made.answers:,} answers are {parsed.fill} by --fill: {shown}{more}")
    say(f"{parsed.output}: {made.answers:,} answers by {answers.target}, {answers.setting}")
    return OK


def _validate(parsed: argparse.Namespace) -> int:
    found = checked(parsed.file, _exam(parsed).items)
    for problem in found.problems:
        say(f"{parsed.file}: {problem}")
    for warning in found.warnings:
        say(f"warning: {warning}")
    if found.problems:
        say(f"{parsed.file}: {exam_words.count(len(found.problems), 'problem')}")
        return WRONG
    print(f"{parsed.file}: {found.answers:,} answers, as the leaderboard wants them")
    return OK


def _exam(parsed: argparse.Namespace) -> Exam:
    exam = read_exam([parsed.data])
    if not any(item.split == "test" for item in exam.items):
        raise DataError(f"{parsed.data}: holds no test items; wanted: a folder with test/Task_test.csv")
    return exam


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(visible(line))


def _print_json(value: Json) -> None:
    lines = json.dumps(value, indent=1, ensure_ascii=False).split("\n")
    sys.stdout.write("".join(f"{escape_unseen(line)}\n" for line in lines))


VERBS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "check": _check,
    "duplicates": _duplicates,
    "submission": _submission,
    "validate": _validate,
}
