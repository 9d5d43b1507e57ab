"""Whom each target says it is, and how often."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from distill_tests.claimmatrix import claims_matrix, column
from distill_tests.display import width
from distill_tests.record import Record
from distill_tests.scoretext import matrix, matrix_lines
from distill_tests.types import Score
from tests.example_runs import SPEC, answered, trial


def says(name: str, claimed: str | None, value: float | None = 1.0, *, target: str = "qwen-max") -> Record:
    judged = replace(trial(), score=Score(value=value, label="", claimed=claimed))
    return {**answered(name, judged), "target": target}


def score(claimed: str | None, value: float) -> dict[str, Any]:
    return {"claimed": claimed, "value": value}


@pytest.mark.parametrize(
    ("claimed", "value", "says"),
    [
        ("own", 0.0, "own"),
        ("openai", 1.0, "openai"),
        ("anthropic", 0.0, "anthropic"),  # accepted by the card: still whom it names
        ("The Galactic Council", 1.0, "invented"),
        (None, 1.0, "unnamed"),
        (None, 0.0, "none"),
        ("Something", 0.0, "none"),
    ],
)
def test_an_answer_stands_in_one_column(claimed: str | None, value: float, says: str) -> None:
    assert column(score(claimed, value)) == says


def test_the_matrix_has_the_same_columns_for_all_targets_the_most_claimed_maker_first() -> None:
    rows = [
        says("a", "anthropic"),
        says("b", "own", 0.0),
        says("c", "openai", target="other"),
        says("d", "openai", target="other"),
        says("e", "Bob", target="other"),
        says("f", None, None, target="other"),
    ]
    assert claims_matrix(rows) == [
        {
            "target": "qwen-max",
            "n": 2,
            "unscored": 0,
            "counts": {"own": 1, "openai": 0, "anthropic": 1, "invented": 0, "none": 0},
        },
        {
            "target": "other",
            "n": 3,
            "unscored": 1,
            "counts": {"own": 0, "openai": 2, "anthropic": 0, "invented": 1, "none": 0},
        },
    ]


def test_every_answer_of_every_identity_spec_counts_and_no_other() -> None:
    twice = answered("a", trial(), trial("I am Qwen.", marked=()))
    exam = answered("x", spec=replace(SPEC, kind="exam"))
    (row,) = claims_matrix([twice, exam, answered("b")])
    assert (row["n"], row["counts"]) == (3, {"own": 1, "openai": 2, "none": 0})


def test_without_identity_answers_there_is_no_matrix() -> None:
    assert claims_matrix([answered("x", spec=replace(SPEC, kind="exam"))]) == []


CLAIMS: Any = claims_matrix(
    [
        *(
            says(f"{maker}-{number}", maker)
            for number, maker in enumerate(["google", "openai", "openai", "meta"])
        ),
        says("n", None, 0.0),
        says("u", None, None),
        says("z", None, target="另一个模型"),
    ]
)


def test_a_wide_screen_names_every_maker() -> None:
    assert matrix(CLAIMS).heads == (
        *("n", "itself", "OpenAI", "Google", "Meta", "not told", "nobody"),
        "unscored",
    )
    assert matrix_lines(CLAIMS, columns=100) == [
        "of n answers  n  itself  OpenAI  Google  Meta  not told  nobody  unscored",
        "qwen-max      5       0       2       1     1         0       1         1",
        "另一个模型    1       0       0       0     0         1       0         0",
    ]


@pytest.mark.parametrize("columns", [66, 72])
def test_a_narrow_screen_puts_the_rarer_makers_together(columns: int) -> None:
    lines = matrix_lines(CLAIMS, columns=columns)
    assert max(map(width, lines)) <= columns
    assert "others" in lines[0]
    assert len(lines) == 3


def test_a_very_narrow_one_gets_lists() -> None:
    lines = matrix_lines(CLAIMS, columns=30)
    assert lines[0] == (
        "qwen-max: n 5, itself 0, OpenAI 2, Google 1, Meta 1, not told 0, nobody 1, unscored 1"
    )
