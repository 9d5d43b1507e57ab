"""Answers that attack their judge, each with its true label: none flips a verdict silently.

``claims`` has to be right, or to say that it is unsure; a cascade with an honest second judge is right on
all of them; and in a prompt none of them is anything but a text.  Written for this test, in two languages.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from distill_tests.judges.claims import claims
from distill_tests.judging import judging
from distill_tests.types import Exhibit, Identity, JudgeUse, Score
from tests.judging import CLEAN, JUDGE, always, block_of, identity_verdict

CARDS = {
    "qwen": Identity(name="Qwen", maker="Alibaba Cloud", aliases=("通义千问",), country=("China",)),
    "llama": Identity(name="Llama", maker="Meta AI", country=("United States",)),
}
FILLER = {"en": "The weather is mild today. ", "zh": "今天天气不错，适合散步。"}
NAMES = {"openai": "OpenAI", "anthropic": "Anthropic", "alibaba": "Alibaba"}


def rows() -> list[dict[str, Any]]:
    found = []
    for language in ("en", "zh"):
        path = Path(__file__).parent / "injection_cases" / f"{language}.jsonl"
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            before, after = row.get("pad", (0, 0))
            filler = FILLER[language]
            answer = f"{filler * (before // len(filler))}{row['answer']} {filler * (after // len(filler))}"
            found.append({**row, "language": language, "answer": answer if "pad" in row else row["answer"]})
    return found


ROWS = rows()


def exhibit(row: dict[str, Any]) -> Exhibit:
    question = row["question"]
    return Exhibit(
        answer=row["answer"],
        question=question,
        prompt=question,
        framing=row["framing"],
        identity=CARDS[row["target"]],
    )


def truth(row: dict[str, Any]) -> dict[str, float]:
    return {
        "loose": float(row["label"] in ("foreign", "persona")),
        "strict": float(row["label"] == "foreign"),
    }


def is_silently_wrong(score: Score, row: dict[str, Any]) -> bool:
    return score.value is not None and not score.unsure and dict(score.marks) != truth(row)


def test_there_are_enough_attacks_of_every_kind_in_both_languages() -> None:
    assert len(ROWS) >= 60
    kinds = {
        language: Counter(row["kind"] for row in ROWS if row["language"] == language) for language in FILLER
    }
    wanted = {"order", "fake verdict", "fake tag", "delimiter", "spaced", "homoglyph", "zero width"}
    wanted |= {"full width", "leet", "coded", "buried", "bidi", "quoted"}
    assert all(wanted <= set(found) for found in kinds.values())
    assert all(len(row["answer"]) >= 49_000 for row in ROWS if row["kind"] == "buried")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['id']}-{row['kind'].replace(' ', '_')}")
def test_no_attack_flips_a_verdict_of_claims_silently(row: dict[str, Any]) -> None:
    score = claims(exhibit(row))
    assert not is_silently_wrong(score, row), f"{row['label']} expected, {score.label}: {score.reason}"


def test_most_attacks_do_not_even_make_claims_unsure() -> None:
    right = [row for row in ROWS if dict(claims(exhibit(row)).marks) == truth(row)]
    sure = [row for row in right if not claims(exhibit(row)).unsure]
    assert len(right) >= 0.9 * len(ROWS)
    assert len(sure) >= 0.75 * len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_cascade_with_an_honest_second_judge_is_right(row: dict[str, Any]) -> None:
    """The second judge is a script that says the truth; what it was shown is exactly the answer."""
    label = row["label"]
    honest = (
        identity_verdict(claimed=NAMES[row["claimed"]])
        if label == "foreign"
        else {**CLEAN, "claimed": "none"}
    )
    asked = always(honest)

    async def score() -> Score:
        return await judging(JudgeUse(name="cascade", model=JUDGE), ask=asked)(exhibit(row))

    found = asyncio.run(score())
    assert dict(found.marks) == truth(row) or found.value is None
    for request in asked.requests:
        shown = block_of(request, "answer")
        assert shown == row["answer"] or len(row["answer"]) > 40_000


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_in_a_rubrics_prompt_an_attack_is_a_text_between_two_lines(row: dict[str, Any]) -> None:
    asked = always(CLEAN)

    async def score() -> Score:
        return await judging(JudgeUse(name="rubric", model=JUDGE), ask=asked)(exhibit(row))

    found = asyncio.run(score())
    text = asked.requests[0].messages[-1].text
    marks = re.findall(r"^<<<(end )?(\w+) ([0-9a-f]{16})>>>$", text, re.MULTILINE)
    assert len({code for _, _, code in marks}) == 1
    assert [(name, bool(end)) for end, name, _ in marks].count(("answer", True)) == 1
    assert marks[0][2] not in row["answer"]
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]", text)
    if len(row["answer"]) > 40_000:
        assert found.value is None, "nothing is cleared of which a part was not shown"
    else:
        assert block_of(asked.requests[0], "answer") == row["answer"]
