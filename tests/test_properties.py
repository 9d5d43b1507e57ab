"""A record's properties: which there are, and that no value of them acts or is without end."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests.display import width
from distill_tests.properties import MOST_COLUMNS, properties_of, shown
from distill_tests.record import Record
from tests.example_runs import LOOSE, answered, gated, passed, records, skipped, trial, unanswered


@pytest.mark.parametrize("record", [*records(), unanswered()], ids=lambda record: str(record["id"]))
def test_names_are_distinct_and_no_value_is_empty(record: Record) -> None:
    found = properties_of(record)
    assert len({name for name, _ in found}) == len(found)
    assert all(value for _, value in found)


def test_an_answer_is_told_where_it_did_not_pass() -> None:
    assert dict(properties_of(answered()))["answer"] == "I am ChatGPT, developed by OpenAI."
    assert "answer" not in dict(properties_of(passed("a")))


def test_a_gate_tells_its_threshold_and_a_missing_interval_is_left_out() -> None:
    found = dict(properties_of(gated(LOOSE)))
    assert found["threshold"] == "at most 0.10"
    assert found["interval"] == "0.000 to 0.028"
    assert "answer" not in found


def test_trouble_and_skips_tell_why() -> None:
    assert dict(properties_of(unanswered()))["error"] == "openai: 503 after 5 attempts"
    assert dict(properties_of(skipped("a")))["skipped"].startswith("not needed")


def test_numbers_that_are_zero_are_told() -> None:
    found = dict(properties_of(passed("a")))
    assert found["wrong"] == "0"
    assert dict(properties_of(gated()))["missing"] == "0"


@given(st.text(max_size=2_000))
def test_a_value_is_one_visible_line_of_bounded_width(text: str) -> None:
    value = shown(text)
    assert width(value) <= MOST_COLUMNS
    assert not {unicodedata.category(char) for char in value} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_a_value_that_was_cut_says_so() -> None:
    assert shown("x" * 600) == "x" * (MOST_COLUMNS - 1) + "…"
    assert shown("x" * MOST_COLUMNS) == "x" * MOST_COLUMNS


def test_an_answer_of_megabytes_is_a_short_value() -> None:
    found = dict(properties_of(answered("a", trial("OpenAI " * 1_000_000, marked=("OpenAI",)))))
    assert len(found["answer"]) <= MOST_COLUMNS
