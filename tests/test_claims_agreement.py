"""Agreement with the reference labels of LLM annotators, and speed; needs the transcripts.

``benchmarks/claims_agreement.py`` says how the rows were drawn, which of them were in sight while the rules
were written, and what the first runs gave.  The floors lie a little under what is measured today.
"""

from __future__ import annotations

import importlib.util
import json
import os
import time
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from distill_tests.judges.claims import claims

needs_transcripts = pytest.mark.skipif(
    not os.environ.get("DISTILL_TESTS_DATA"),
    reason="DISTILL_TESTS_DATA names no folder of published transcripts",
)
GOLD = 0


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "claims_agreement.py"
    spec = importlib.util.spec_from_file_location("claims_agreement", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def replies(benchmark: ModuleType) -> Any:
    return benchmark.transcripts(Path(os.environ["DISTILL_TESTS_DATA"]))


@pytest.fixture(scope="module")
def labelled(benchmark: ModuleType, replies: Any) -> dict[int, list[Any]]:
    """The judged rows by batch."""
    gold = benchmark.gold_labels(Path(os.environ["DISTILL_TESTS_DATA"]))
    return {
        batch: benchmark.judged(benchmark.fresh_labels(batch) if batch else gold, replies)
        for batch in benchmark.BATCHES
    }


@needs_transcripts
@pytest.mark.parametrize(
    ("batch", "loose", "strict"),
    [
        pytest.param(GOLD, 0.92, 0.96, id="gold"),
        pytest.param(1, 0.85, 0.92, id="batch-1"),
        pytest.param(2, 0.83, 0.90, id="batch-2"),
        pytest.param(3, 0.79, 0.85, id="batch-3-hard-rows"),
        pytest.param(4, 0.79, 0.93, id="batch-4-never-read"),
    ],
)
def test_claims_agrees_with_the_reference_labels(
    benchmark: ModuleType, labelled: dict[int, list[Any]], batch: int, loose: float, strict: float
) -> None:
    found = {mark: benchmark.agreement_on(mark, labelled[batch]).kappa.value for mark in benchmark.MARKS}
    assert found["loose"] >= loose
    assert found["strict"] >= strict


@needs_transcripts
def test_a_quarter_of_the_answers_at_most_goes_on_and_most_mistakes_are_among_them(
    benchmark: ModuleType, replies: Any, labelled: dict[int, list[Any]]
) -> None:
    assert benchmark.unsure_share({target: rows[::5] for target, rows in replies.items()}) <= 0.25
    usual = [row for batch in (GOLD, 1, 2, 4) for row in labelled[batch]]
    assert sum(row.score.unsure for row in usual) <= 0.25 * len(usual)
    for mark in benchmark.MARKS:
        wrong = [row.score.unsure for row in usual if row.is_wrong(mark)]
        assert sum(wrong) > 0.5 * len(wrong)
        plain = benchmark.agreement_on(mark, usual).kappa.value
        assert benchmark.agreement_on(mark, usual, oracle=True).kappa.value >= max(plain, 0.94)


@needs_transcripts
def test_a_thousand_published_rows_are_judged_in_seconds(replies: Any) -> None:
    exhibits = [reply.exhibit for reply in replies["glm-4-plus"]]
    started = time.thread_time()
    for exhibit in exhibits:
        claims(exhibit)
    assert len(exhibits) == 1000
    assert time.thread_time() - started < 20  # 0.7 s


def test_labels_of_other_rows_hold_no_text_and_name_each_row_once(benchmark: ModuleType) -> None:
    lines = [json.loads(line) for line in benchmark.FRESH.read_text(encoding="utf-8").splitlines()]
    assert Counter(line["batch"] for line in lines) == {1: 260, 2: 195, 3: 280, 4: 220}
    assert len({line["id"] for line in lines}) == len(lines)
    assert {key for line in lines for key in line} == {
        "id",
        "batch",
        "contradiction",
        "strict",
        "claimed",
        "confidence",
    }
    annotators = {(line["batch"], len(line["strict"])) for line in lines}
    assert annotators == {(1, 2), (2, 2), (3, 1), (4, 2)}
    words = {word for line in lines for key in ("claimed", "confidence") for word in line[key]}
    assert words <= {"own", "none", "fictional", "openai", "anthropic", "other-real", "low", "medium", "high"}
