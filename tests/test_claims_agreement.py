"""Agreement with the reference labels of two LLM annotators, and speed; needs the transcripts."""

from __future__ import annotations

import importlib.util
import json
import os
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from distill_tests.judges.claims import claims

pytestmark = pytest.mark.skipif(
    not os.environ.get("DISTILL_TESTS_DATA"),
    reason="DISTILL_TESTS_DATA names no folder of published transcripts",
)


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "claims_agreement.py"
    spec = importlib.util.spec_from_file_location("claims_agreement", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_claims_agrees_with_the_reference_labels(benchmark: ModuleType) -> None:
    data = Path(os.environ["DISTILL_TESTS_DATA"])
    gold = [
        json.loads(line) for line in (data / "ice" / "gold.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    rows = list(benchmark.judged(gold, benchmark.transcripts(data)))
    strict = [(bool(row.strict), bool(row.score.marks["strict"])) for row in rows if row.strict is not None]
    loose = [(bool(row.loose), bool(row.score.marks["loose"])) for row in rows if row.loose is not None]
    assert benchmark.agreement(strict).kappa >= 0.92
    assert benchmark.agreement(loose).kappa >= 0.80


def test_claims_agrees_with_the_labels_of_other_rows(benchmark: ModuleType) -> None:
    """Rows that were read too; benchmarks/claims_agreement.py tells what the first run on them gave."""
    replies, gold = read(benchmark)
    rows = list(benchmark.judged(benchmark.fresh_labels(gold), replies))
    strict = [benchmark.pair_of("strict", row) for row in rows if row.strict is not None]
    loose = [benchmark.pair_of("loose", row) for row in rows if row.loose is not None]
    assert benchmark.agreement(strict).kappa >= 0.92
    assert benchmark.agreement(loose).kappa >= 0.80


def test_a_quarter_of_the_answers_at_most_goes_on_and_most_mistakes_are_among_them(
    benchmark: ModuleType,
) -> None:
    replies, gold = read(benchmark)
    assert benchmark.unsure_share({target: rows[::5] for target, rows in replies.items()}) <= 0.25
    for labels in (gold, benchmark.fresh_labels(gold)):
        rows = list(benchmark.judged(labels, replies))
        assert sum(row.unsure for row in rows) <= 0.25 * len(rows)
        for what, column in benchmark.COLUMNS.items():
            pairs = [(*benchmark.pair_of(what, row), row.unsure) for row in rows if column(row) is not None]
            wrong = [unsure for reference, ours, unsure in pairs if reference != ours]
            assert sum(wrong) >= 0.75 * len(wrong)
            plain = benchmark.agreement([(reference, ours) for reference, ours, _ in pairs]).kappa
            oracle = [(reference, reference if unsure else ours) for reference, ours, unsure in pairs]
            assert benchmark.agreement(oracle).kappa >= max(plain, 0.95)


def read(benchmark: ModuleType) -> tuple[dict[str, list[dict[str, Any]]], list[dict[str, Any]]]:
    data = Path(os.environ["DISTILL_TESTS_DATA"])
    lines = (data / "ice" / "gold.jsonl").read_text(encoding="utf-8").splitlines()
    return benchmark.transcripts(data), [json.loads(line) for line in lines]


def test_a_thousand_published_rows_are_judged_in_seconds(benchmark: ModuleType) -> None:
    path = next((Path(os.environ["DISTILL_TESTS_DATA"]) / "ice" / "attack_result").glob("*glm-4-plus.jsonl"))
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    exhibits = [benchmark.exhibit_of(row, benchmark.IDENTITIES["ChatGLM"]) for row in rows]
    started = time.process_time()
    for exhibit in exhibits:
        claims(exhibit)
    assert len(exhibits) == 1000
    assert time.process_time() - started < 15
