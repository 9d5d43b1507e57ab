"""Records are plain data of exact types, the same after JSON and after xdist's wire."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import PurePosixPath
from typing import Any

import execnet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.record import Record, RunMeta, Totals, case_record, dumps, plain, totals_of
from distill_tests.types import (
    Case,
    Estimate,
    Image,
    Message,
    Model,
    Outcome,
    Price,
    Score,
    Span,
    Trial,
    Usage,
    Verdict,
)
from tests.example_runs import (
    ANSWER,
    LOOSE,
    META,
    NODE,
    SPEC,
    TARGET,
    absent,
    answered,
    case,
    exchange,
    gated,
    records,
    skipped,
    trial,
    unanswered,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))
PRIMITIVES = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
ANYTHING = st.recursive(
    PRIMITIVES,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner) | st.tuples(inner, inner),
    max_leaves=20,
)


def is_exactly_plain(value: object) -> bool:
    """What xdist's wire takes: exact types only."""
    if type(value) is dict:
        return all(type(key) is str and is_exactly_plain(item) for key, item in value.items())
    if type(value) is list:
        return all(map(is_exactly_plain, value))
    return value is None or type(value) in (str, int, float, bool)


def on_the_wire(record: Record) -> Any:
    return execnet.loads(execnet.dumps(record))


@pytest.mark.parametrize(
    "record", [*records(), unanswered(), skipped("x"), absent()], ids=lambda record: str(record["id"])
)
def test_records_cross_json_and_the_wire_unchanged(record: Record) -> None:
    assert is_exactly_plain(record)
    assert json.loads(dumps(record)) == record
    assert on_the_wire(record) == record


def test_every_record_has_the_same_keys_in_the_same_order() -> None:
    keys = {tuple(record) for record in [*records(), unanswered(), skipped("x"), absent()]}
    assert len(keys) == 1


@settings(deadline=None)
@given(ANY_TEXT, ANY_TEXT)
def test_any_answer_survives_and_offsets_into_it_hold(answer: str, asked: str) -> None:
    spans = (Span(start=0, end=len(answer), shows=asked),)
    score = Score(value=1.0, label=asked, reason=answer, evidence=spans, marks={"loose": 1.0}, judge="claims")
    made = Trial(exchanges=(exchange(asked, answer),), answer=answer, score=score)
    record = answered("a", made)
    back = json.loads(dumps(record))
    assert back == record == on_the_wire(record)
    kept = back["trials"][0]["answer"]
    assert len(kept) == len(answer)
    assert all(new == old or "\ud800" <= old <= "\udfff" for new, old in zip(kept, answer, strict=True))


@settings(deadline=None)
@given(ANYTHING)
def test_anything_plain_survives_json_and_the_wire(value: object) -> None:
    made = plain(value)
    assert is_exactly_plain(made)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert execnet.loads(execnet.dumps(made)) == made
    assert plain(made) == made


@settings(deadline=None)
@given(ANYTHING)
def test_a_line_of_json_is_one_line_that_is_safe_to_show(value: object) -> None:
    line = dumps(plain(value))
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in line)


def test_what_is_no_number_is_absent() -> None:
    assert plain([math.nan, math.inf, -math.inf, 0.5, 10**400, 10**30]) == [None, None, None, 0.5, None, 1e30]
    score = Score(value=math.nan, label="unscored", marks={"loose": math.nan, "strict": 1.0})
    kept: Any = answered("a", replace(trial(), score=score))["trials"]
    assert kept[0]["score"]["value"] is None
    assert kept[0]["score"]["marks"] == {"strict": 1.0}


def test_enums_paths_and_tuples_become_plain_and_objects_are_refused() -> None:
    assert plain({"v": Verdict.PASSED, "p": PurePosixPath("a/b"), 1: (1, 2)}) == {
        "v": "passed",
        "p": "a/b",
        "1": [1, 2],
    }
    assert type(plain(Verdict.PASSED)) is str
    with pytest.raises(TypeError, match="a Case cannot stand in a record"):
        plain(case())


def test_a_case_record_tells_what_was_asked_answered_and_judged() -> None:
    record: Any = answered("a", trial(), wrong=[True])
    (kept,) = record["trials"]
    assert kept["answer"] == ANSWER
    assert kept["wrong"] is True
    assert kept["score"]["evidence"][0] == {"start": 5, "end": 12, "shows": ""}
    assert kept["exchanges"][0]["messages"][0]["role"] == "user"
    assert kept["exchanges"][0]["reply"]["request_id"] == "req-1"
    assert kept["exchanges"][0]["sampling"]["max_tokens"] == 60
    assert record["served"] == ["qwen-max-0919"]
    assert record["declared_gates"] == ["strict_rate", "loose_rate"]


def test_an_image_is_told_by_its_hash() -> None:
    shown = exchange("What is this?", "A cat.")
    image = Image(media_type="image/png", data=b"png")
    request = replace(shown.request, messages=(Message(role="user", text="What?", images=(image,)),))
    record: Any = answered("a", replace(trial(), exchanges=(replace(shown, request=request),)))
    (kept,) = record["trials"][0]["exchanges"][0]["messages"][0]["images"]
    assert kept["bytes"] == 3
    assert len(kept["sha256"]) == 64


def test_trouble_is_broken_and_never_holds_a_score() -> None:
    record = unanswered()
    assert (record["verdict"], record["trials"], record["error"]) == (
        "broken",
        [],
        "openai: 503 after 5 attempts",
    )


def test_a_gate_record_stands_where_the_gate_is_written() -> None:
    record: Any = gated(LOOSE)
    assert record["node"] == f"{NODE}::gate-loose_rate"
    assert (record["path"], record["line"]) == (SPEC.path, 1)
    assert record["estimate"]["clusters"] == {"framing": 40}


# --- what was spent -----------------------------------------------------------------------------


def spent_on(model: Model, **reply: Any) -> Totals:
    made = replace(trial(), exchanges=(exchange("?", "!", model=model, **reply),))
    outcome = Outcome(case=case(), target=model, trials=(made,))
    record = case_record(
        outcome, node="n", spec=SPEC, verdict=Verdict.PASSED, explanation="", declared_gates=()
    )
    return totals_of(record)


def test_calls_made_cost_what_the_card_says() -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=500_000)
    total = spent_on(TARGET, usage=usage)
    assert (total.made, total.input_tokens, total.output_tokens) == (1, 1_000_000, 500_000)
    assert total.cost_usd == pytest.approx(1.6 + 3.2)


def test_a_stored_reply_costs_nothing_and_tells_its_age() -> None:
    total = spent_on(replace(TARGET, price=None), from_store=True)
    assert total == Totals(from_store=1, oldest_reused="2025-01-31T10:00:00+00:00")


def test_a_cost_that_is_not_known_stays_unknown_in_sums() -> None:
    assert spent_on(replace(TARGET, provider="nobody", price=None)).cost_usd is None
    assert spent_on(replace(TARGET, provider="nobody"), usage=None).cost_usd is None
    assert (Totals(cost_usd=None) + Totals(cost_usd=1.0)).cost_usd is None


def test_sums_keep_the_oldest_reply() -> None:
    total = Totals(oldest_reused="2025-01-02") + Totals(oldest_reused="2024-12-31") + Totals(made=2)
    assert total == Totals(made=2, oldest_reused="2024-12-31")


def test_totals_are_read_from_an_engines_counters() -> None:
    class Counters:
        made, from_store, recorded = 1, 2, 3
        input_tokens, output_tokens = 4, 5
        cost_usd, oldest_reused, in_flight = 0.5, None, 7

    assert Totals.of(Counters()) == Totals(
        made=1, from_store=2, recorded=3, input_tokens=4, output_tokens=5, cost_usd=0.5
    )


def test_served_models_are_the_targets_only_and_each_once() -> None:
    judge = Model(alias="judge", provider="nobody", model="judge", price=Price(input=1, output=1))
    both = (exchange("?", "!"), exchange("judge this", "fine", model=judge, served_model="judge-1"))
    record = answered("a", replace(trial(), exchanges=both), trial())
    assert record["served"] == ["qwen-max-0919"]
    assert record["calls"] == {"made": 3, "from_store": 0, "recorded": 0}


# --- runs ---------------------------------------------------------------------------------------


def test_run_meta_survives_its_line() -> None:
    meta = replace(META, totals=Totals(made=3, cost_usd=None), served={"a": ["b", "c"]})
    back = RunMeta.from_record(json.loads(dumps(meta.as_record())))
    assert back == meta


def test_estimates_are_told_whole() -> None:
    record: Any = gated(estimate=Estimate(value=0.5, low=math.nan, high=math.inf, n=3))
    told: Mapping[str, Any] = record["estimate"]
    assert (told["low"], told["high"], told["total"]) == (None, None, None)
    assert set(told) == {item.name for item in fields(Estimate)}


def test_a_case_without_gates_and_tags_is_a_record_too() -> None:
    bare = Case(id="x", data=None, place=case().place)
    outcome = Outcome(case=bare, target=TARGET, trials=())
    record = case_record(
        outcome, node="n", spec=SPEC, verdict=Verdict.PASSED, explanation="", declared_gates=()
    )
    assert (record["trials"], record["tags"], record["cost_usd"]) == ([], [], 0.0)
