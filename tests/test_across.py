"""One gate over several targets: worst, mean and spread, with what is not known counted against it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.gates.across import OfTarget, judge_across
from distill_tests.prefetch import with_gates_last
from distill_tests.registry import statistics
from distill_tests.types import Gate, Verdict
from distill_tests.xdist import files_across
from tests.test_gates import hits, sample_of

LAW = settings(deadline=None, max_examples=50)
"""A slow machine is no broken law."""
STRICT = statistics.get("strict_rate")


def gate(across: Any, **limits: Any) -> Gate:
    return Gate(name="g", statistic="strict_rate", across=across, **limits)


def judged(gate: Gate, *wrong: int, of: int = 10, undrawn: int = 0) -> Any:
    targets = [
        OfTarget(f"m{number}", sample_of(hits(count, of), undrawn=undrawn))
        for number, count in enumerate(wrong)
    ]
    return judge_across(gate, targets, STRICT)


COUNTS = st.lists(st.integers(0, 10), min_size=2, max_size=5)


@LAW
@given(COUNTS, st.integers(0, 10))
def test_sets_asked_in_full_are_decided_by_the_observed_number(counts: list[int], allowed: int) -> None:
    expected = {
        "worst": max(counts) <= allowed,
        "spread": max(counts) - min(counts) <= allowed,
        "mean": sum(counts) <= allowed * len(counts),
    }
    for across, holds in expected.items():
        result = judged(gate(across, at_most=allowed / 10), *counts)
        assert result.verdict is (Verdict.PASSED if holds else Verdict.FAILED)


@LAW
@given(COUNTS, st.integers(0, 10))
def test_at_least_is_the_mirror_of_at_most(counts: list[int], allowed: int) -> None:
    for across in ("worst", "mean"):
        plain = judged(gate(across, at_most=allowed / 10), *counts)
        mirrored = judged(gate(across, at_least=(10 - allowed) / 10), *[10 - count for count in counts])
        assert mirrored.verdict is plain.verdict


@LAW
@given(COUNTS, st.integers(0, 10), st.integers(1, 10))
def test_what_was_not_asked_never_turns_a_verdict_that_was_given(
    counts: list[int], allowed: int, undrawn: int
) -> None:
    for across in ("worst", "mean", "spread"):
        given_ = judged(gate(across, at_most=allowed / 10), *counts, undrawn=undrawn).verdict
        if given_ is Verdict.INCONCLUSIVE:
            continue
        for rest in (0, undrawn):
            targets = [
                OfTarget(f"m{number}", sample_of([*hits(count, 10), *hits(rest, undrawn)]))
                for number, count in enumerate(counts)
            ]
            assert judge_across(gate(across, at_most=allowed / 10), targets, STRICT).verdict is given_


def test_the_words_name_the_targets_the_worst_first() -> None:
    result = judged(gate("worst", at_most=0.2), 1, 3, 0)
    assert result.explanation == (
        "above 0.2: the worst of 3 targets is 0.300, required at most 0.2 (m1 0.300, m0 0.100, m2 0.000); "
        "holds for the declared set only"
    )


def test_trouble_with_one_target_is_trouble_of_the_gate() -> None:
    one = OfTarget("a", sample_of(hits(0, 10)))
    broken = OfTarget("b", sample_of(hits(0, 10)), "a canary was missed", Verdict.BROKEN)
    stale = OfTarget("c", sample_of(hits(0, 10)), "the calibration is stale", Verdict.INCONCLUSIVE)
    assert judge_across(gate("worst", at_most=0.2), [one, stale], STRICT).verdict is Verdict.INCONCLUSIVE
    result = judge_across(gate("worst", at_most=0.2), [one, stale, broken], STRICT)
    assert (result.verdict, result.explanation) == (Verdict.BROKEN, "b: a canary was missed")


def test_one_target_is_no_gate_across_targets() -> None:
    result = judged(gate("worst", at_most=0.2), 0)
    assert result.verdict is Verdict.BROKEN
    assert "needs two or more" in result.explanation


def test_a_file_with_such_a_gate_is_dealt_whole() -> None:
    assert files_across(["a.yaml::m::c", "a.yaml::all::gate-x", "b.yaml::all::c"]) == {"a.yaml"}


def test_items_of_others_keep_their_places() -> None:
    others: list[Any] = [object(), object()]
    assert with_gates_last(others) == others
