"""Rows of a file for the ``claims`` judge that hold no answer."""

from __future__ import annotations

import pytest

from distill_tests import judge_rows

WHO = {"name": "Toy", "maker": "Toyland"}


@pytest.mark.parametrize(
    ("response", "says"),
    [
        ("", "response is empty: no answer to judge"),
        (" \n\u200b\u3000", "response is empty: no answer to judge"),
        (None, "response must be text"),
    ],
)
def test_a_row_without_an_answer_is_a_bad_row_and_no_verdict(response: str | None, says: str) -> None:
    rows: list[dict[str, object]] = [
        {"id": "a", "response": "I am Toy.", "identity": WHO},
        {"id": "b", "response": response, "identity": WHO},
    ]
    good, bad = judge_rows("claims", rows)
    assert good.row is not None
    assert (good.row["id"], good.problem) == ("a", None)
    assert (bad.line, bad.row) == (2, None)
    assert says in str(bad.problem)
