"""All gates of a run together: a pass needs no correction, a block does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.gates.release import release

LAW = settings(deadline=None, max_examples=50)
"""A slow machine is no broken law."""


def gate(name: str, verdict: str = "passed", failing: float | None = 1.0, **more: Any) -> dict[str, Any]:
    certain = "failing" if failing is None else None
    told = {"passing": 1.0, "failing": failing, "certain": certain}
    return {"node": name, "verdict": verdict, "evidence": told, "gate": {"confidence": 0.95}, **more}


def said(*gates: dict[str, Any]) -> str:
    return release(gates).sentence


def test_one_gate_speaks_for_itself() -> None:
    alone = release([gate("a", "failed", 21.0)])
    assert alone.sentence == ""
    assert alone.stand == ("a",)
    assert release([]).sentence == ""


def test_a_pass_needs_no_correction_and_the_sentence_says_so() -> None:
    assert said(gate("a"), gate("b")) == "all 2 gates passed; a pass needs no correction for their number"


def test_failures_that_logic_decides_stand_whatever_their_number() -> None:
    gates = [gate("a", "failed", None), gate("b", "failed", None), gate("c"), gate("d"), gate("e")]
    assert said(*gates) == "2 of 5 gates failed; both stand after correction for 5 gates (e-Holm at 5 %)"
    assert release(gates).stand == ("a", "b")


def test_a_failure_at_its_own_confidence_only_is_said_to_be_that() -> None:
    assert said(gate("a", "failed", 30.0), *[gate(name) for name in "bcde"]) == (
        "1 of 5 gates failed on its own, and does not stand after correction for 5 gates (e-Holm at 5 %): "
        "asking more (--full) would settle it"
    )


def test_some_stand_and_the_others_are_said_not_to() -> None:
    gates = [gate("a", "failed", 500.0), gate("b", "failed", 25.0), gate("c"), gate("d")]
    assert said(*gates) == (
        "2 of 4 gates failed; 1 of them stands after correction for 4 gates (e-Holm at 5 %), "
        "the others on their own only"
    )


def test_a_failure_without_evidence_is_worth_its_confidence() -> None:
    row = gate("a", "failed") | {"evidence": None}
    assert release([row, gate("b")]).stand == ()
    sure = row | {"gate": {"confidence": 0.99}}
    assert release([sure, gate("b")]).stand == ("a",)


@pytest.mark.parametrize("verdict", ["inconclusive", "broken"])
def test_a_gate_that_did_not_fail_never_stands(verdict: str) -> None:
    assert release([gate("a", verdict, None), gate("b", "failed", None)]).stand == ("b",)


@LAW
@given(st.lists(st.tuples(st.booleans(), st.floats(1, 1e6)), min_size=2, max_size=12))
def test_what_stands_has_failed_and_more_gates_never_help(rows: list[tuple[bool, float]]) -> None:
    gates = [
        gate(str(number), "failed" if failed else "passed", value if failed else 1.0)
        for number, (failed, value) in enumerate(rows)
    ]
    found = release(gates)
    assert set(found.stand) <= set(found.failed)
    assert set(release([*gates, gate("more")]).stand) <= set(found.stand)
