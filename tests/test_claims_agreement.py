"""Agreement with the reference labels of two LLM annotators, and speed; needs the transcripts."""

from __future__ import annotations

import importlib.util
import json
import os
import time
from pathlib import Path
from types import ModuleType

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


def test_a_thousand_published_rows_are_judged_in_seconds(benchmark: ModuleType) -> None:
    path = next((Path(os.environ["DISTILL_TESTS_DATA"]) / "ice" / "attack_result").glob("*glm-4-plus.jsonl"))
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    exhibits = [benchmark.exhibit_of(row, benchmark.IDENTITIES["ChatGLM"]) for row in rows]
    started = time.process_time()
    for exhibit in exhibits:
        claims(exhibit)
    assert len(exhibits) == 1000
    assert time.process_time() - started < 15
