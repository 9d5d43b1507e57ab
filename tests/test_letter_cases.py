"""Replies of our own writing in the manner of many models, labelled by the rules of docs/judges.md.

Every file but ``fresh.jsonl`` was written and labelled before the judge saw it, scored, then read to find
general causes of mistakes, so it is no held-out set any more; benchmarks/letter_agreement.py says what each
scored at first.  ``tenth`` to ``sixteenth`` are a second author's; the later ones are by authors who read no
rule.  ``fresh.jsonl`` was scored once: no rule was made for its rows.
A row with ``still`` is judged wrongly to this day: it says how.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from distill_tests.judges.letter import letter
from distill_tests.types import Exhibit, Score

FOLDER = Path(__file__).parent / "letter_cases"


def rows(*names: str) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for name in names
        for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    ]


READ = rows(*sorted(path.stem for path in FOLDER.glob("*.jsonl") if path.stem != "fresh"))
STILL_WRONG = [row for row in READ if "still" in row]
FRESH = rows("fresh")
_JUDGED: dict[str, Score] = {}


def judged(row: dict[str, Any]) -> Score:
    """The judge's score of a row, worked out once."""
    if row["id"] not in _JUDGED:
        _JUDGED[row["id"]] = letter(Exhibit(answer=row["reply"], options=row["options"]))
    return _JUDGED[row["id"]]


def test_replies_are_read_as_the_written_rules_say() -> None:
    wrong = {
        row["id"]: f"{row['label']} expected, {judged(row).reason}, of {row['reply']!r}"
        for row in READ
        if "still" not in row and judged(row).label != row["label"]
    }
    assert wrong == {}


def test_a_known_mistake_is_still_the_same_mistake() -> None:
    assert {row["id"]: judged(row).label for row in STILL_WRONG} == {
        row["id"]: row["still"] for row in STILL_WRONG
    }
    assert all(row["still"] != row["label"] for row in STILL_WRONG)


def test_few_fresh_replies_are_read_wrongly() -> None:
    right = sum(judged(row).label == row["label"] for row in FRESH)
    assert right >= 0.9 * len(FRESH)


def test_every_row_has_an_id_of_its_own_and_a_label_among_its_options() -> None:
    everything = [*READ, *FRESH]
    assert len({row["id"] for row in everything}) == len(everything) >= 600
    assert all(row["label"] in {*row["options"], "invalid"} for row in everything)
    assert sum(row["label"] == "invalid" for row in everything) > len(everything) / 5
    assert sum(not row["reply"].isascii() for row in everything) > len(everything) / 4


def test_evidence_shows_the_deciding_words() -> None:
    for row in READ:
        for span in judged(row).evidence:
            assert row["reply"][span.start : span.end].strip()
