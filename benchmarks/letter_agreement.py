"""How often the ``letter`` judge reads a reply as its label says, and how fast.

    [DISTILL_TESTS_DATA=…] python benchmarks/letter_agreement.py [--errors]

Reads ``tests/letter_cases/*.jsonl``: replies written and labelled by LLM authors of this project
before they were judged.
``first`` to ``ninth`` are by the author of the rules, ``tenth`` to ``sixteenth`` by another, who wrote the
first two of them before reading any rule.  From ``seventeenth`` on they are by authors who read no rule at
all.  All but the last were read after their first score and used to find general causes of mistakes; what
they scored at first stands in FIRST_SCORES and in docs/judges.md.  ``fresh`` was written last by the rules'
author; ``--errors`` does not show its rows, and who looks at them should say so here.

With DISTILL_TESTS_DATA it also takes E-EVAL's 115 dev explanations as replies.  Many state no answer (then
invalid is right), and the five of Middle_School_Geography belong to other questions, so they are left out:
what has to hold is that none is read as another letter than the answer's.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from distill_tests.inference.intervals import clopper_pearson
from distill_tests.judges.letter import letter
from distill_tests.types import Exhibit

FOLDER = Path(__file__).parents[1] / "tests" / "letter_cases"
FIRST_SCORES: Mapping[str, tuple[int, int]] = {
    "first": (211, 215),
    "second": (193, 206),
    "third": (167, 187),
    "fourth": (165, 174),
    "fifth": (173, 185),
    "sixth": (105, 112),
    "seventh": (88, 96),
    "eighth": (95, 108),
    "ninth": (90, 95),
    "tenth": (257, 258),
    "eleventh": (218, 235),
    "twelfth": (168, 177),
    "thirteenth": (65, 68),
    "fourteenth": (124, 129),
    "fifteenth": (116, 119),
    "sixteenth": (56, 60),
    "seventeenth": (195, 220),
    "eighteenth": (216, 220),
    "nineteenth": (191, 200),
    "twentieth": (189, 200),
    "twenty-first": (126, 150),
    "twenty-second": (122, 150),
    "twenty-third": (122, 150),
    "twenty-fourth": (290, 300),
    "twenty-fifth": (300, 300),
    "fresh": (67, 69),
}
"""Right at first, of how many."""


class Row(NamedTuple):
    """A reply, its label and the judge's."""

    id: str
    reply: str
    label: str
    judged: str

    @property
    def is_right(self) -> bool:
        return self.label == self.judged


def cases(name: str) -> list[Row]:
    return [
        Row(told["id"], told["reply"], told["label"], _judged(told["reply"], told["options"]))
        for told in map(json.loads, (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines())
    ]


def explanations(data: Path) -> Iterator[Row]:
    """E-EVAL's dev explanations with the answers of their questions."""
    for path in sorted((data / "e-eval" / "dev").glob("*.csv")):
        if path.name.startswith("Middle_School_Geography"):
            continue
        with path.open(encoding="utf-8", newline="") as source:
            for told in csv.DictReader(source):
                options = {one: told[one] for one in "ABCD" if told[one].strip()}
                said = told["explanation"]
                yield Row(f"{path.stem} {told['id']}", said, told["answer"].strip(), _judged(said, options))


def _judged(reply: str, options: Mapping[str, str]) -> str:
    return letter(Exhibit(answer=reply, options=options)).label


def share(rows: Sequence[Row]) -> str:
    """How many are right, with an exact interval for replies drawn like these."""
    right = sum(row.is_right for row in rows)
    low, high = clopper_pearson(right, len(rows))
    return f"{right}/{len(rows)} = {right / len(rows):.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description="How often the letter judge reads a reply as labelled.")
    parser.add_argument("--errors", action="store_true", help="show what is read wrongly, but not of fresh")
    parsed = parser.parse_args()
    for name, (at_first, of_all) in FIRST_SCORES.items():
        started = time.process_time()
        rows = cases(name)
        seconds = time.process_time() - started
        invalid = [row for row in rows if row.label == "invalid"]
        speed = f"{len(rows) / seconds:,.0f} a second"
        print(
            f"{name:13} {share(rows)} ({at_first}/{of_all} at first); invalid kept {share(invalid)}; {speed}"
        )
        if parsed.errors and name != "fresh":
            for row in rows:
                if not row.is_right:
                    print(f"    {row.id}: {row.label} expected, {row.judged} read of {row.reply!r}")
    if data := os.environ.get("DISTILL_TESTS_DATA"):
        told = list(explanations(Path(data)))
        other = sum(row.judged not in (row.label, "invalid") for row in told)
        right = sum(row.is_right for row in told)
        print(
            f"E-EVAL dev explanations: {right} of {len(told)} read as the answer, {other} as another letter"
        )


if __name__ == "__main__":
    main()
