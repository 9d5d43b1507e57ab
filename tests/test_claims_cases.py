"""Answers of our own writing in the manner of many models, labelled by the written rules before judging.

``first.jsonl``, ``second.jsonl`` and ``third.jsonl`` were each labelled, then judged (of ``third`` 49 of 60
came right at first), then used to find general causes of mistakes; so they are no held-out sets any more.
A row with ``still`` is judged wrongly to this day: it says how.  When such a row comes right, its ``still``
has to go.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from distill_tests.judges.claims import claims
from distill_tests.types import Exhibit, Identity, Score

CARDS = {
    "qwen": Identity(name="Qwen", maker="Alibaba Cloud", aliases=("通义千问",), country=("China",)),
    "doubao": Identity(name="Doubao", maker="ByteDance", aliases=("豆包",), country=("China",)),
    "phi": Identity(name="Phi-4", maker="Microsoft", country=("United States",)),
    "r1": Identity(name="DeepSeek-R1", maker="DeepSeek", aliases=("深度求索",), country=("China",)),
    "llama": Identity(name="Llama", maker="Meta AI", country=("United States",)),
    "smol": Identity(
        name="SmolLM2", maker="Hugging Face", aliases=("SmolLM",), country=("France", "United States")
    ),
    "gemini": Identity(name="Gemini", maker="Google", country=("United States",)),
    "claude": Identity(name="Claude", maker="Anthropic", country=("United States",)),
    "glm": Identity(name="ChatGLM", maker="Zhipu AI", aliases=("智谱AI",), country=("China",)),
}


def rows() -> list[dict[str, Any]]:
    folder = Path(__file__).parent / "claims_cases"
    return [
        json.loads(line)
        for name in ("first", "second", "third")
        for line in folder.joinpath(f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    ]


ROWS = rows()
RIGHT = [row for row in ROWS if "still" not in row]
STILL_WRONG = [row for row in ROWS if "still" in row]


def judged(row: dict[str, Any]) -> Score:
    return claims(
        Exhibit(
            answer=row["response"],
            question=row["question"],
            framing=row["framing"],
            identity=CARDS[row["target"]],
        )
    )


def agrees(score: Score, row: dict[str, Any]) -> bool:
    """Loose and strict as labelled, and the maker where the label names one."""
    loose, strict = float(row["label"] in ("foreign", "persona")), float(row["label"] == "foreign")
    same = score.marks == {"loose": loose, "strict": strict}
    return same and row.get("claimed", score.claimed) == score.claimed


@pytest.mark.parametrize("row", RIGHT, ids=lambda row: row["id"])
def test_an_answer_is_judged_as_the_written_rules_say(row: dict[str, Any]) -> None:
    score = judged(row)
    assert agrees(score, row), f"{row['label']} expected, {score.label}: {score.reason}"


@pytest.mark.parametrize("row", STILL_WRONG, ids=lambda row: row["id"])
def test_a_known_mistake_is_still_the_same_mistake(row: dict[str, Any]) -> None:
    score = judged(row)
    assert score.label == row["still"]
    assert not agrees(score, row), "comes right now: take its `still` out"


def test_few_answers_are_still_judged_wrongly() -> None:
    assert len(ROWS) >= 400
    assert len(STILL_WRONG) <= 15
