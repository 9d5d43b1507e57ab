"""What a run's summary says, and the exit status that follows from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from distill_tests.record import Record, RunMeta, Totals
from distill_tests.summary import MAY_SAY, summarise
from distill_tests.types import Verdict
from tests.example_runs import (
    CHINESE,
    LOOSE,
    META,
    STRICT,
    absent,
    answered,
    gated,
    passed,
    records,
    skipped,
    trial,
    unanswered,
)

SCHEMAS = Path(__file__).parents[1] / "distill_tests" / "schema"


def validator(name: str) -> Draft202012Validator:
    documents = {file: json.loads((SCHEMAS / file).read_text()) for file in ("summary.json", "record.json")}
    registry: Registry[Any] = Registry().with_resources(
        (file, Resource.from_contents(document)) for file, document in documents.items()
    )
    Draft202012Validator.check_schema(documents[name])
    return Draft202012Validator(documents[name], registry=registry)


def verdict(rows: Sequence[Record], meta: RunMeta = META) -> tuple[str, int, str]:
    summary: Any = summarise(meta, rows)
    return summary["verdict"], summary["exit_status"], summary["reason"]


ALL_PASS = [passed("a"), gated(STRICT), gated(LOOSE)]


def test_passed_only_if_every_declared_gate_was_asked_and_passed() -> None:
    assert verdict(ALL_PASS) == ("passed", 0, "2 gates passed")
    assert verdict([passed("a"), gated(STRICT)]) == ("none", 0, "1 gate not selected")
    assert verdict([passed("a")]) == ("none", 0, "2 gates not selected")


def test_a_missing_verdict_is_an_error_where_one_is_required() -> None:
    meta = replace(META, require_verdict=True)
    assert verdict([passed("a")], meta) == ("none", 12, "2 gates not selected")
    assert verdict([], meta) == ("none", 12, "nothing was asked")
    assert verdict(ALL_PASS, meta)[1] == 0


def test_a_missed_case_is_punished_by_the_gates_only() -> None:
    assert verdict([answered(), *ALL_PASS])[1] == 0


def test_broken_outweighs_failed_and_failed_outweighs_inconclusive() -> None:
    failed = gated(STRICT, Verdict.FAILED)
    open_ = gated(LOOSE, Verdict.INCONCLUSIVE)
    assert verdict([failed, open_]) == ("failed", 1, "1 of 2 gates failed")
    assert verdict([gated(STRICT), open_]) == ("inconclusive", 10, "1 of 2 gates inconclusive")
    assert verdict([failed, gated(LOOSE, Verdict.BROKEN)]) == ("broken", 11, "1 of 2 gates broken")


def test_a_failed_case_fails_the_run_whatever_its_gates_say() -> None:
    assert verdict([answered(verdict=Verdict.FAILED), *ALL_PASS]) == ("failed", 1, "1 probe failed")


def test_an_unscored_case_is_inconclusive() -> None:
    assert verdict([answered(verdict=Verdict.INCONCLUSIVE), *ALL_PASS]) == (
        "inconclusive",
        10,
        "1 probe unscored",
    )


def test_a_case_in_error_breaks_the_run() -> None:
    assert verdict([unanswered(), *ALL_PASS]) == ("broken", 11, "1 probe unanswered")


def test_a_rerun_replaces_the_error() -> None:
    assert verdict([unanswered("a"), *ALL_PASS]) == ("passed", 0, "2 gates passed")


def test_a_served_model_that_changes_breaks_the_run_and_its_target() -> None:
    rows = [*ALL_PASS, answered("b", trial(served_model="qwen-max-1101"))]
    reason = "the model served as qwen-max changed during the run: qwen-max-0919, then qwen-max-1101"
    assert verdict(rows) == ("broken", 11, reason)
    summary: Any = summarise(META, rows)
    assert summary["targets"][0]["verdict"] == "broken"
    assert summary["served"] == {"qwen-max": ["qwen-max-0919", "qwen-max-1101"]}


def test_what_the_engine_saw_of_served_models_counts_too() -> None:
    assert verdict(ALL_PASS, replace(META, served={"qwen-max": ["other"]}))[1] == 11


def test_an_interrupted_run_has_pytests_status_and_no_verdict_it_does_not_deserve() -> None:
    stopped = replace(META, interrupted=True)
    assert verdict([passed("a"), gated(STRICT)], stopped) == ("none", 2, "interrupted")
    assert verdict([gated(STRICT, Verdict.FAILED)], stopped)[:2] == ("failed", 2)


def test_absent_specs_are_listed_outside_the_verdict() -> None:
    summary: Any = summarise(META, [*ALL_PASS, absent()])
    assert summary["verdict"] == "passed"
    assert summary["absent"][0]["reason"] == "e-eval.yaml needs data: set E_EVAL_DATA"
    assert verdict([absent()]) == ("none", 0, "nothing was asked")


def test_a_spec_without_gates_has_no_verdict() -> None:
    row = dict(passed("a"), declared_gates=[])
    assert verdict([row]) == ("none", 0, "the specs declare no gates")


def test_counts_are_of_cases_by_verdict() -> None:
    summary: Any = summarise(META, [*records(), unanswered()])
    counts = {"passed": 2, "missed": 2, "failed": 0, "inconclusive": 0, "broken": 1, "skipped": 2}
    assert summary["cases"] == summary["targets"][0]["cases"] == counts
    (spec,) = summary["targets"][0]["specs"]
    assert spec["labels"] == {"consistent": 2, "foreign": 2}
    assert spec["claimed"] == {"openai": 2, "own": 2}
    assert spec["skips"] == [{"reason": "not needed: gates decided after 34 of 200", "cases": 2}]


def test_scores_are_split_over_scored_answers_with_interval_method_and_n() -> None:
    summary: Any = summarise(META, [*records(), unanswered()])
    by_tag = {one["group"]: one["shares"]["strict"] for one in summary["scores"] if one["dimension"] == "tag"}
    assert [by_tag["lang:en"][key] for key in ("hits", "n", "missing")] == [1, 3, 1]
    everything = summary["scores"][0]
    assert (everything["dimension"], everything["shares"]["strict"]["n"]) == ("all", 4)
    assert (
        "1 framing" in everything["shares"]["strict"]["method"]
    )  # all in one framing: no interval, no share
    assert everything["shares"]["strict"]["value"] is None


def test_the_claims_matrix_counts_whom_the_answers_say_they_are_from() -> None:
    summary: Any = summarise(META, records())
    counts = {"own": 2, "openai": 2, "none": 0}
    assert summary["claims_matrix"] == [{"target": "qwen-max", "n": 4, "unscored": 0, "counts": counts}]


def test_the_engines_totals_outweigh_the_sum_of_the_records() -> None:
    summary: Any = summarise(META, records())
    assert summary["calls"] == {"made": 4, "from_store": 0, "recorded": 0}
    assert summary["tokens"] == {"input": 80, "output": 40}
    meta = replace(META, totals=Totals(made=3, from_store=7, cost_usd=None, oldest_reused="2025-01-01"))
    known: Any = summarise(meta, records())
    assert known["calls"] == {"made": 3, "from_store": 7, "recorded": 0}
    assert known["cost_usd"] is None
    assert known["oldest_reused"] == "2025-01-01"


def test_every_summary_says_what_a_report_may_say() -> None:
    assert summarise(META, [])["may_say"] == MAY_SAY
    assert "does not by itself show what the model was trained on" in MAY_SAY


ROWS = [
    *records(),
    unanswered(),
    absent(),
    answered("c", trial(CHINESE), trial(), wrong=[True, False]),
    answered("d", verdict=Verdict.INCONCLUSIVE),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["node"]))
def test_records_are_as_the_schema_says(row: Record) -> None:
    validator("record.json").validate(row)


@settings(deadline=None)
@given(st.lists(st.sampled_from(ROWS)), st.booleans(), st.booleans())
def test_summaries_are_as_the_schema_says(rows: list[Record], required: bool, interrupted: bool) -> None:
    summary = summarise(replace(META, require_verdict=required, interrupted=interrupted), rows)
    SUMMARY.validate(summary)
    json.dumps(summary, allow_nan=False)


SUMMARY = validator("summary.json")


@settings(deadline=None)
@given(st.lists(st.sampled_from(ROWS)))
def test_no_green_without_a_verdict(rows: list[Record]) -> None:
    summary: Any = summarise(replace(META, require_verdict=True), rows)
    assert (summary["exit_status"] == 0) is (summary["verdict"] == "passed")
    if summary["verdict"] == "passed":
        judged = {row["id"] for row in rows if row["type"] == "gate" and row["verdict"] == "passed"}
        assert judged == {"strict_rate", "loose_rate"}


@settings(deadline=None)
@given(st.permutations(ROWS))
def test_the_verdict_does_not_depend_on_the_order_of_tests(rows: list[Record]) -> None:
    assert verdict(rows) == verdict(ROWS)


def test_schemas_refuse_what_is_not_theirs() -> None:
    summary = summarise(META, records())
    assert not SUMMARY.is_valid({**summary, "extra": 1})
    assert not SUMMARY.is_valid({**summary, "verdict": "green"})
    row = passed("a")
    assert not validator("record.json").is_valid({**row, "verdict": "skipped"})
    assert not validator("record.json").is_valid({**row, "type": "gate"})


def test_skipped_cases_alone_are_no_verdict() -> None:
    assert verdict([skipped("a")]) == ("none", 0, "2 gates not selected")
