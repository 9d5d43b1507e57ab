"""Identity and similarity of a target in one record, side by side, each number with its interval."""

from __future__ import annotations

from typing import Any

from distill_tests.combined import combined, combined_table
from distill_tests.types import Number


def _row(kind: str, id_: str, score: dict[str, Any], **more: Any) -> dict[str, Any]:
    row = {
        "type": "case", "kind": kind, "target": "toy", "spec": f"{kind}.yaml", "id": id_, "verdict": "passed",
        "groups": {}, "clusters": {"prompt": id_}, "tags": [], "skipped": None,
        "trials": [{"answer": "", "score": {"details": {}, "marks": {}, **score}}],
    }  # fmt: skip
    return row | more


def _identity(number: int, *, strict: float) -> dict[str, Any]:
    marks = {"loose": 1.0, "strict": strict}
    return _row("identity", f"i{number}", {"value": 1.0, "marks": marks}, clusters={"framing": f"f{number}"})


def _similar(number: int, value: float | None, set_: str, reference: str = "gpt") -> dict[str, Any]:
    details = {"likeness": {"reference": reference}}
    return _row("similarity", f"s{number}", {"value": value, "details": details}, groups={"set": set_})


IDENTITY = [_identity(number, strict=float(number < 3)) for number in range(12)]
LIKE = [
    *(_similar(number, 4.0 + number % 2, "chat") for number in range(8)),
    *(_similar(10 + number, 2.0, "maths") for number in range(2)),
]


def test_a_target_with_both_has_its_rates_and_its_likeness_side_by_side() -> None:
    (one,) = combined([*IDENTITY, *LIKE])
    assert one.target == "toy"
    assert one.rates["strict"].value == 0.25
    assert one.rates["strict"].n == 12
    likeness = one.likeness["gpt"]
    assert likeness.value == (4.5 + 2.0) / 2, "sets count the same, however many prompts they have"
    assert likeness.low is not None
    assert likeness.high is not None
    assert 1.0 <= likeness.low < likeness.value < likeness.high <= 5.0


def test_a_target_with_only_one_of_them_has_no_record() -> None:
    assert combined(IDENTITY) == []
    assert combined(LIKE) == []
    assert combined_table([]) is None


def test_what_has_no_score_is_in_no_mean() -> None:
    (one,) = combined([*IDENTITY, *LIKE, _similar(99, None, "chat")])
    assert one.likeness["gpt"].n == 10


def test_a_set_with_nothing_scored_leaves_no_mean_of_sets() -> None:
    lost = [
        _similar(99, None, "code"),
        _row("similarity", "s98", {}, trials=[], verdict="broken", groups={"set": "code"}),
    ]
    for rows in (lost, lost[:1], lost[1:]):
        (one,) = combined([*IDENTITY, *LIKE, *rows])
        assert one.likeness["gpt"] == Number(value=None, n=10)


def test_each_reference_has_its_own_likeness() -> None:
    (one,) = combined(
        [*IDENTITY, *LIKE, *(_similar(50 + number, 1.0, "chat", "claude") for number in (0, 1))]
    )
    assert one.likeness["claude"].value == 1.0


def test_lineage_stands_beside_and_its_abstention_is_said() -> None:
    gate = _row("lineage", "gate", {}) | {"type": "gate", "trials": []}
    named = gate | {"estimate": {"details": {"nearest": "openai", "p": 0.04}}}
    (one,) = combined([*IDENTITY, *LIKE, named])
    assert one.as_json()["lineage"] == {"nearest": "openai", "p": 0.04}
    (one,) = combined([*IDENTITY, *LIKE, gate | {"estimate": {"details": {"nearest": None, "p": 0.6}}}])
    table = combined_table([one])
    assert table is not None
    assert table.columns == ("target", "loose", "strict", "likeness to gpt", "nearest of the panel")
    assert table.rows[0][-1] == "none can be named"
    assert isinstance(table.rows[0][1], Number)
