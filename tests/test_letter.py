"""The ``letter`` judge: what a verdict holds, its precedence, its rows."""

from __future__ import annotations

import asyncio
import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from distill_tests.errors import DataError
from distill_tests.judges._letter_version import letter_version
from distill_tests.judges.letter import letter
from distill_tests.judging import judging
from distill_tests.registry import judges
from distill_tests.rows import judged_objects
from distill_tests.types import Exhibit, JudgeUse, Score

CITIES = {"A": "London", "B": "Paris", "C": "Berlin", "D": "Madrid"}


def judged(reply: str, options: dict[str, str] | None = None) -> Score:
    return letter(Exhibit(answer=reply, options=options or CITIES))


def evidence(reply: str) -> str:
    (span,) = judged(reply).evidence
    return reply[span.start : span.end]


def test_a_chosen_letter_is_the_label_with_the_rule_and_the_words_that_decide() -> None:
    reply = "London is in England. So the **answer is (Ｂ)**, as everybody knows."
    score = judged(reply)
    assert (score.label, score.value, score.marks, score.judge) == ("B", 1.0, {"invalid": 0.0}, "letter")
    assert score.details == {"rule": "answer named"}
    assert evidence(reply) == "answer is (Ｂ"


def test_an_invalid_answer_is_scored_zero_and_never_unscored() -> None:
    for reply in ("", "   ", "A and B", "no idea"):
        score = judged(reply)
        assert (score.label, score.value, score.marks) == ("invalid", 0.0, {"invalid": 1.0})


@pytest.mark.parametrize(
    ("reply", "rule"),
    [
        ("", "empty"),
        ("<think>It is B", "thinking not finished"),
        ("<think>It is B</think>", "nothing after thinking"),
        ("The answer is A or B.", "several answers"),
        ("Answer: A\nAnswer: C", "contradictory answers"),
        ("The answer is E.", "outside the options"),
        ("None of the options is correct.", "none of them"),
        ("A. London\nB. Paris\nC. Berlin\nD. Madrid", "only the options repeated"),
        ("I choose B. No, that's wrong.", "retracted"),
        ("Who knows?", "no answer"),
    ],
)
def test_the_rule_says_why_an_answer_is_invalid(reply: str, rule: str) -> None:
    score = judged(reply)
    assert (score.label, score.details["rule"]) == ("invalid", rule)


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("A\n\nOn second thought the answer is B.", "B"),
        ("B is correct. Final answer: C", "C"),
        ("The answer is C.\n\nB is also a capital of importance, but that is no matter.", "C"),
        ("故选C。A错误，B错误，D错误。", "C"),
        ("B\n\nQuestion: And of Spain?\nA. London\nB. Paris\nC. Berlin\nD. Madrid\nAnswer: D", "B"),
    ],
)
def test_final_statements_come_before_others_and_another_question_is_not_read(reply: str, label: str) -> None:
    assert judged(reply).label == label


@pytest.mark.parametrize(
    "reply",
    [
        "Because the river was wide.",
        "A man came.",
        "I'd ask D'Artagnan.",
        "It is 5 C outside.",
        "Plan B!",
        "Vitamin C is healthy.",
        "C4",
        "B-cells and T-cells",
        "The answer is a matter of taste.",
        "U.S.A.",
    ],
)
def test_letters_in_words_names_and_articles_are_no_answers(reply: str) -> None:
    assert judged(reply).label == "invalid"


def test_a_text_with_another_option_s_letter_is_a_contradiction() -> None:
    assert judged("C. Paris").label == "invalid"
    assert judged("B. Paris").label == "B"
    assert judged("Paris").label == "B"


def test_a_text_that_two_options_share_chooses_neither() -> None:
    assert judged("Paris", {"A": "Paris", "B": "Paris", "C": "Rome"}).label == "invalid"
    assert judged("The answer is B. Paris", {"A": "Paris", "B": "Paris", "C": "Rome"}).label == "B"


def test_two_and_twenty_six_options_can_be_judged() -> None:
    many = {chr(65 + place): f"number {place}" for place in range(26)}
    assert judged("The answer is Z.", many).label == "Z"
    assert judged("I", many).label == "I"
    assert judged("I think so.", many).label == "invalid"
    assert judged("False", {"A": "True", "B": "False"}).label == "B"


def test_without_options_nothing_can_be_judged() -> None:
    with pytest.raises(DataError, match="at least two options"):
        letter(Exhibit(answer="B"))
    judge = judging(JudgeUse(name="letter"), ask=None)

    async def asked() -> Score:
        return await judge(Exhibit(answer="B"))

    score = asyncio.run(asked())
    assert (score.value, score.label) == (None, "unscored")


def test_the_judge_declares_its_scale_and_version() -> None:
    declared = judges.get("letter").declared({})
    assert (declared.scale, dict(declared.marks), declared.calls) == ((0, 1), {"invalid": (0, 1)}, (0, 0))
    assert declared.version == letter_version()
    assert len(declared.version) == 64


# --- rows -----------------------------------------------------------------------------------------


def outcomes(*given: dict[str, Any]) -> list[Any]:
    return list(judged_objects(given, judges.get("letter"), models={}, options={}))


def test_rows_come_back_with_a_label_and_the_rule() -> None:
    (one, two) = outcomes(
        {"id": "q1", "reply": "故选Ｂ。", "options": CITIES}, {"id": 2, "response": "", "options": CITIES}
    )
    assert json.loads(json.dumps(one.row, ensure_ascii=False)) == {
        "id": "q1",
        "label": "B",
        "rule": "answer chosen",
        "reason": "answer chosen: B",
        "evidence": [{"start": 1, "end": 3, "text": "选Ｂ", "shows": "answer chosen"}],
    }
    assert (two.row["id"], two.row["label"], two.row["rule"]) == ("2", "invalid", "empty")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "a", "options": CITIES}, "reply must be text (got nothing)"),
        ({"id": "a", "reply": 7, "options": CITIES}, "reply must be text (got int)"),
        ({"reply": "B", "options": CITIES}, "id must be text or a whole number (got nothing)"),
        ({"id": "a", "reply": "B"}, "options must be an object such as {A: text, B: text} (got nothing)"),
        ({"id": "a", "reply": "B", "options": ["x", "y"]}, "options must be an object"),
        ({"id": "a", "reply": "B", "options": {"A": "x"}}, "2 to 26, each under a capital letter (got A)"),
        (
            {"id": "a", "reply": "B", "options": {"A": "x", "2": "y"}},
            "each under a capital letter (got A, 2)",
        ),
        ({"id": "a", "reply": "B", "options": {"A": "x", "B": None}}, "options.B must be text (got nothing)"),
    ],
)
def test_a_row_that_cannot_be_judged_is_named_in_words(row: dict[str, Any], said: str) -> None:
    (outcome,) = outcomes(row)
    assert outcome.row is None
    assert said in outcome.problem


# --- published explanations -------------------------------------------------------------------------


def test_published_explanations_are_never_read_as_another_letter_than_the_answer() -> None:
    """E-EVAL's 115 dev explanations as replies, but for Middle_School_Geography's: they belong elsewhere."""
    data = os.environ.get("DISTILL_TESTS_DATA")
    if not data:
        pytest.skip("DISTILL_TESTS_DATA names no folder with e-eval/dev")
    right = other = 0
    for path in sorted(Path(data, "e-eval", "dev").glob("*.csv")):
        if path.name.startswith("Middle_School_Geography"):
            continue
        with path.open(encoding="utf-8", newline="") as source:
            for row in csv.DictReader(source):
                options = {one: row[one] for one in "ABCD" if row[one].strip()}
                label = judged(row["explanation"], options).label
                right += label == row["answer"].strip()
                other += label not in (row["answer"].strip(), "invalid")
    assert other == 0
    assert right >= 95
