"""A judge's bug is an unscored verdict with its reason, whatever the judge returns or raises."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from distill_tests.judging import judging
from distill_tests.registry import judge
from distill_tests.types import Exhibit, JudgeUse, Score, Span

GOOD: dict[str, Any] = {"value": 1.0, "label": "foreign", "marks": {"loose": 1.0}, "claimed": "openai"}
RETURNED: list[Any] = []


@judge("judging-as-told", marks={"loose": (0, 1)})
def as_told(_exhibit: Exhibit) -> Score:
    """Returns what the test wants."""
    found: Score = RETURNED[-1]
    return found


def judged(returned: object) -> Score:
    RETURNED[:] = [returned]

    async def verdict() -> Score:
        return await judging(JudgeUse(name="judging-as-told"), ask=None)(Exhibit(id="x", answer="I am."))

    return asyncio.run(verdict())


def test_a_score_in_order_is_left_as_it_is() -> None:
    score = judged(Score(**GOOD, reason="says so", evidence=(Span(start=0, end=2),)))
    assert (score.value, score.claimed, score.evidence) == (1.0, "openai", (Span(start=0, end=2),))
    assert judged(Score(value=True, label="yes")).value == 1.0


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"value": "1"}, "value is no number (str)"),
        ({"value": math.nan}, "outside its scale"),
        ({"value": 1 + 0j}, "value is no number (complex)"),
        ({"marks": {"loose": "yes"}}, "loose is no number (str)"),
        ({"marks": {1: 1.0}}, "name of a mark is no text (int)"),
        ({"marks": None}, "marks is no mapping (NoneType)"),
        ({"marks": {"loose": 1.5}}, "outside its scale"),
        ({"label": 7}, "label is no text (int)"),
        ({"label": ["a"]}, "label is no text (list)"),
        ({"label": None}, "label is no text (NoneType)"),
        ({"claimed": ["openai"]}, "claimed is no text (list)"),
        ({"reason": 5}, "reason is no text (int)"),
        ({"judge": 5}, "judge is no text (int)"),
        ({"evidence": "I am"}, "evidence is no spans (str)"),
        ({"evidence": (1, 2)}, "evidence is no spans (tuple)"),
        ({"details": [1]}, "details is no mapping (list)"),
    ],
)
def test_a_score_that_is_none_is_unscored_and_says_why(other: dict[str, Any], said: str) -> None:
    score = judged(Score(**{**GOOD, **other}))
    assert score.value is None
    assert said in score.reason


@pytest.mark.parametrize("returned", [None, 1.0, "foreign", GOOD])
def test_what_is_no_score_is_unscored(returned: object) -> None:
    assert judged(returned).value is None
