"""``distill-tests label``: a sheet of sampled answers for people, and what their labels say."""

from __future__ import annotations

import argparse
import json
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from distill_tests import calibrations, labelling
from distill_tests.cli.exits import OK, say, usage_error
from distill_tests.display import visible
from distill_tests.errors import DataError
from distill_tests.labelling import Audited, Found, Labels
from distill_tests.rundir import read_run, write_atomically
from distill_tests.types import Estimate

HELP: Final = "write a sheet of answers for people to label, or read one back"
SHARE: Final = 0.3
SHEETS: Final = (".csv", ".jsonl")
INDENT: Final = 10
"""Columns before what a line of the report says of its mark."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Write a sheet (CSV for a spreadsheet, or JSON lines) of answers drawn from a run at random, without "
        "the judge's verdicts. People fill in its empty columns: 1 or 0, yes or no. With --read the filled "
        "sheet gives the rate that labelling every answer would show, and how the judge does by the labels."
    )
    add = command.add_argument
    add("run", type=Path, metavar="RUN", help="a run's directory or its run.jsonl")
    add("--spec", metavar="PATH", help="the spec, where the run has several")
    add("--target", metavar="ALIAS", help="the model, where the run has several")
    writing = command.add_argument_group("to write a sheet").add_argument
    writing("--output", type=Path, metavar="SHEET", help=".csv or .jsonl; never written over")
    writing("--share", type=float, metavar="P", help=f"the chance of each answer (default: {SHARE})")
    writing("--size", type=int, metavar="N", help="instead: so many answers")
    writing("--seed", type=int, default=7, metavar="N", help="default: %(default)s")
    reading = command.add_argument_group("to read one back").add_argument
    reading(
        "--read", type=Path, metavar="SHEET", help="the filled sheet; what is wrong with it is said at once"
    )
    reading("--annotators", metavar="WORDS", help='who labelled, such as "two members of the audit team"')
    reading("--calibration", type=Path, metavar="OUT.json", help="write what the labels know of the judge")


def main(parsed: argparse.Namespace) -> int:
    trouble = _misuse(parsed)
    if trouble:
        return usage_error(trouble)
    about = labelling.audited(read_run(parsed.run), spec=parsed.spec, target=parsed.target)
    if parsed.read is None:
        return _write(about, parsed)
    labels = labelling.read_sheet(parsed.read, about)
    found = labelling.found(about, labels)
    for line in report(about, found, annotators=parsed.annotators):
        print(_wrapped(visible(line), shutil.get_terminal_size().columns))
    if parsed.calibration is not None:
        _calibrate(about, labels, parsed)
    return OK


def _misuse(parsed: argparse.Namespace) -> str | None:
    if (parsed.output is None) == (parsed.read is None):
        return "give --output, to write a sheet, or --read, to read one back"
    if parsed.read is None:
        if parsed.calibration is not None or parsed.annotators is not None:
            return "--annotators and --calibration go with --read"
        if parsed.share is not None and parsed.size is not None:
            return "give --share or --size, not both"
        if parsed.output.suffix.lower() not in SHEETS:
            return f"a sheet is .csv or .jsonl (got {parsed.output.name})"
    elif parsed.share is not None or parsed.size is not None:
        return "--share and --size go with --output; a sheet knows how it was drawn"
    elif parsed.calibration is not None and not (parsed.annotators or "").strip():
        return 'a calibration says who labelled: --annotators "…"'
    return None


# --- writing --------------------------------------------------------------------------------------


def _write(about: Audited, parsed: argparse.Namespace) -> int:
    share = SHARE if parsed.share is None and parsed.size is None else parsed.share
    try:
        drawing = labelling.Drawing(share=share, size=parsed.size, seed=parsed.seed)
    except ValueError as error:
        return usage_error(str(error))
    if parsed.output.exists():
        return usage_error(f"{parsed.output} exists, and may hold labels: choose another name")
    text = labelling.sheet_text(about, drawing, as_json=parsed.output.suffix.lower() == ".jsonl")
    try:
        write_atomically(parsed.output, text)
    except OSError as error:
        raise DataError(f"cannot write {parsed.output}: {error.strerror}") from error
    count = len(labelling.drawn(about, drawing))
    left_out = f"; {about.unscored:,} without a verdict left out" if about.unscored else ""
    say(
        f"{parsed.output}: {count:,} of {len(about.answers):,} answers by {about.target}{left_out}. "
        f"Fill in {', '.join(about.marks)} in every row with 1 or 0; claimed and note are free. "
        "Tell those who label who the model is; what the judge says is not in the sheet."
    )
    return OK


# --- reading back ---------------------------------------------------------------------------------


def report(about: Audited, found: Sequence[Found], *, annotators: str | None) -> Iterator[str]:
    """What the labels say, mark by mark: no rate without its interval, its method and its n."""
    for one in found:
        against = one.against
        alarms = against.false_positive_rate
        yield f"{one.mark}: {_number(one.estimate)}, the rate if all {one.answers:,} answers were labelled"
        yield f"  method: {one.estimate.method}"
        counts = f"judge {one.judged:,} of {one.answers:,}, labels {one.positive:,} of {one.labelled:,}"
        yield f"  raised: {counts}"
        rates = f"sensitivity {_of(against.recall)}, false positives {_of(alarms)}"
        yield f"  judge:  kappa {_of(against.kappa)}, {rates}"
        yield f"  by:     {against.kappa.method}; {against.recall.method}; {alarms.method}"
    judge = about.judge
    by = f"{judge['name']} {str(judge['version'])[:16]}" if judge else "not recorded (the run has no gate)"
    yield f"judge: {by}; labels by: {annotators or 'not stated (--annotators)'}"
    if about.unscored:
        yield f"{about.unscored:,} answers without a verdict stand outside all of this"


def _wrapped(line: str, columns: int) -> str:
    """The line in as many columns, what is told of a mark under itself."""
    indent = INDENT if line.startswith("  ") else 2
    return textwrap.fill(
        line,
        max(columns, 2 * INDENT),
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _number(estimate: Estimate) -> str:
    if estimate.value is None:
        return "unknown"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f} [no interval]"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _of(estimate: Estimate) -> str:
    return f"{_number(estimate)} of {estimate.n:,}"


def _calibrate(about: Audited, labels: Labels, parsed: argparse.Namespace) -> None:
    if about.judge is None:
        raise DataError(
            f"{parsed.run}: the run has no record of a gate, and so does not say which version its judge had"
        )
    made = labelling.to_calibration(
        about, labels, path=str(parsed.read), annotators=parsed.annotators.strip(), judge=about.judge
    )
    text = json.dumps(calibrations.as_json(made), indent=1, ensure_ascii=False) + "\n"
    try:
        write_atomically(parsed.calibration, text)
    except OSError as error:
        raise DataError(f"cannot write {parsed.calibration}: {error.strerror}") from error
    say(f"{parsed.calibration}: of {made.judge} {made.version[:16]}; a spec cites it by its key calibration:")
