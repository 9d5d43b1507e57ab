"""The faults that the general rules find in E-EVAL, beside the counts of whoever counted them by hand.

    DISTILL_TESTS_DATA=… python benchmarks/exam_data_faults.py [--list FAULT]

``--list`` names the items with one fault, to be read: that is how the precisions in docs/exams.md came about.
Also counts what is no fault of an item but noise (padded answers, entities, white space), and times reading
and the search for duplicates.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from distill_tests.display import visible
from distill_tests.exams.duplicates import duplicates
from distill_tests.exams.items import Exam, Fault, Item
from distill_tests.exams.reading import read_exam

KNOWN: Final[Mapping[Fault, str]] = {
    Fault.BLANK_QUESTION: "3",
    Fault.MISSING_OPTION: "3",
    Fault.EXCEL_CORRUPT: "17 (9 #NAME?, 8 dates)",
    Fault.DUPLICATE_OPTIONS: "13",
    Fault.LEAK: "2 (1 pair)",
    Fault.FIGURE_MISSING: "about 10 of 15 hits of keywords",
    Fault.MARK_LOST: "149 hits of keywords, not all of them faults",
    Fault.SHIFTED_EXPLANATION: "5, all of one file",
    Fault.GARBLED_BLANK: "76",
}
"""Rows, as counted by hand and by keyword."""
NOISE: Final[Mapping[str, tuple[str, Callable[[Item], bool]]]] = {
    "rows with HTML entities": ("10", lambda one: bool(re.search(r"&#?\w+;", _all_text(one)))),
    "rows with a no-break space": ("1,232", lambda one: "\u00a0" in _all_text(one)),
    "rows with an ideographic space": ("691", lambda one: "\u3000" in _all_text(one)),
    "rows with a newline inside": ("3", lambda one: "\n" in _all_text(one)),
    "rows with $": ("266", lambda one: "$" in _all_text(one)),
}


def _all_text(one: Item) -> str:
    return "\x1f".join((one.question, *one.options.values()))


def table(items: Sequence[Item]) -> None:
    """Found and known side by side, by split."""
    print(f"{'fault':22}{'dev':>6}{'val':>6}{'test':>6}{'all':>6}  known")
    for fault, known in KNOWN.items():
        found = Counter(str(one.split) for one in items if fault in one.faults)
        cells = "".join(f"{found[split]:6}" for split in ("dev", "val", "test"))
        print(f"{fault:22}{cells}{sum(found.values()):6}  {known}")
    clean = Counter(str(one.split) for one in items if one.is_clean)
    print(f"{'clean':22}" + "".join(f"{clean[split]:6}" for split in ("dev", "val", "test")))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--list", metavar="FAULT", choices=[str(fault) for fault in Fault])
    parsed = parser.parse_args()
    root = os.environ.get("DISTILL_TESTS_DATA")
    if not root or not (Path(root) / "e-eval").is_dir():
        print("DISTILL_TESTS_DATA names no folder with e-eval", file=sys.stderr)
        return 2
    started = time.process_time()
    exam: Exam = read_exam([Path(root) / "e-eval"])
    read = time.process_time()
    pairs = duplicates(exam.items)
    compared = time.process_time()
    if parsed.list:
        for one in exam.items:
            if parsed.list in one.faults:
                options = " / ".join(f"{letter}. {text}" for letter, text in one.options.items())
                print(visible(f"{one.split} {one.task} {one.id}: {one.question} | {options}"))
        return 0
    table(exam.items)
    print()
    for name, (known, holds) in NOISE.items():
        print(f"{name:36}{sum(map(holds, exam.items)):6,}  {known}")
    print(f"{'answers with a space':36}{len(exam.notes):6,}  5")
    print(f"{'duplicates':36}{len(pairs):6,}  2 (one across splits)")
    print(
        f"\n{len(exam.items):,} items: {read - started:.2f} s CPU to read, {compared - read:.2f} s to compare"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
