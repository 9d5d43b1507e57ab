"""The recorded judge: stored verdicts as they are, and nothing where none is stored."""

from __future__ import annotations

import pytest

from distill_tests.errors import DataError
from distill_tests.judges.recorded import recorded
from distill_tests.registry import judges
from distill_tests.types import Exhibit, Json


@pytest.mark.parametrize(
    ("stored", "value", "label", "marks"),
    [
        ({"loose": True, "strict": True}, 1.0, "foreign", {"loose": 1.0, "strict": 1.0}),
        ({"loose": True, "strict": False}, 1.0, "persona", {"loose": 1.0, "strict": 0.0}),
        ({"loose": False, "strict": False}, 0.0, "none", {"loose": 0.0, "strict": 0.0}),
        ({"loose": True}, 1.0, "persona", {"loose": 1.0}),
        ({"loose": False, "strict": None}, 0.0, "none", {"loose": 0.0}),
        ({"loose": None, "strict": True}, None, "unscored", {"strict": 1.0}),
        ({"loose": "yes"}, None, "unscored", {}),
        ({}, None, "unscored", {}),
    ],
)
def test_the_stored_verdict_is_the_score(
    stored: dict[str, Json], value: float | None, label: str, marks: dict[str, float]
) -> None:
    score = recorded(Exhibit(answer="whatever it says", recorded=stored))
    assert (score.value, score.label, dict(score.marks)) == (value, label, marks)


def test_the_answer_itself_is_not_read() -> None:
    assert recorded(Exhibit(answer="I am ChatGPT by OpenAI.", recorded={"loose": False})).value == 0.0


def test_rows_carry_their_verdicts() -> None:
    rows = judges.get("recorded").rows
    assert rows is not None
    exhibit = rows.read({"id": "x", "response": "hi", "loose": True, "strict": None}, {})
    written = rows.write(exhibit, recorded(exhibit))
    assert (written["loose"], written["strict"], written["label"]) == (True, None, "persona")


def test_a_verdict_that_is_no_truth_value_is_refused() -> None:
    rows = judges.get("recorded").rows
    assert rows is not None
    with pytest.raises(DataError, match="loose must be true, false or null"):
        rows.read({"id": "x", "response": "hi", "loose": 1}, {})
