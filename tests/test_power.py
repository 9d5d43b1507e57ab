"""Calls and verdicts to expect: exact for logic, replayed for a sequential rule, with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import combinations
from statistics import fmean

import pytest

from distill_tests.inference.power import (
    Observation,
    Power,
    by_logic,
    chance_interval,
    in_full,
    replayed,
    until_verdict,
)


def logic(
    observations: Iterable[Observation], threshold: float, pool_size: int, alpha: float
) -> tuple[str, int, float, float]:
    """Decides when what is left can no longer matter; an independent way to what ``by_logic`` computes."""
    allowed, wrong, n = math.floor(threshold * pool_size + 1e-9), 0, 0
    stream = iter(observations)
    while True:
        if wrong > allowed:
            return "fail", n, 0.0, 1.0
        if wrong + pool_size - n <= allowed:
            return "pass", n, 0.0, 1.0
        wrong += next(stream)[2] == 1.0
        n += 1


@pytest.mark.parametrize("positives", range(9))
@pytest.mark.parametrize("threshold", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_by_logic_agrees_with_every_order_of_a_small_set(positives: int, threshold: float) -> None:
    calls, verdicts = [], set()
    for places in combinations(range(8), positives):
        stream = (("t", str(i), float(i in places)) for i in range(8))
        verdict, n, *_ = logic(stream, threshold, 8, 0.05)
        calls.append(n)
        verdicts.add(verdict)
    found = by_logic(8, threshold, positives / 8)
    assert found.calls == pytest.approx(fmean(calls))
    assert found.calls_95 == sorted(calls)[math.ceil(0.95 * len(calls)) - 1]
    assert verdicts == {"pass" if found.passes else "fail"}
    assert found.passes + found.fails == 1


def test_a_tie_with_the_threshold_passes() -> None:
    assert by_logic(100, 0.29, 0.29).passes == 1  # 0.29 x 100 is 28.999999999999996 in floats
    assert by_logic(100, 0.29, 0.30).fails == 1


def test_the_whole_set_takes_every_call() -> None:
    assert in_full(200, 0.1, 0.05) == Power(0.05, 200.0, 200, 1.0, 0.0, 0.0)


def test_replays_agree_with_the_exact_numbers_within_their_stated_error() -> None:
    for rate in (0.02, 0.1, 0.2):
        exact, found = by_logic(100, 0.1, rate), replayed(logic, 100, 0.1, rate, replays=200, seed=3)
        assert abs(found.calls - exact.calls) <= 4 * found.calls_error + 1e-9
        assert abs(found.calls_95 - exact.calls_95) <= 5
        assert (found.passes, found.fails, found.replays) == (exact.passes, exact.fails, 200)


def test_replays_are_the_same_for_the_same_seed() -> None:
    once, again, other = (replayed(until_verdict, 100, 0.1, 0.05, seed=seed) for seed in (1, 1, 2))
    assert once == again != other


def test_the_sequential_gate_saves_calls_far_from_the_threshold_and_errs_as_stated() -> None:
    far, near = (replayed(until_verdict, 200, 0.1, rate, replays=60) for rate in (0.4, 0.105))
    assert far.fails == 1
    assert far.calls < by_logic(200, 0.1, 0.4).calls / 2
    assert chance_interval(near.passes, 60).low <= 0.05
    assert near.passes + near.fails + near.inconclusive == pytest.approx(1)


def test_every_cell_is_handed_out_once_under_its_own_names() -> None:
    seen: list[Observation] = []

    def greedy(
        observations: Iterable[Observation], threshold: float, pool_size: int, alpha: float
    ) -> tuple[str, int, float, float]:
        seen[:] = observations
        return "undecided", len(seen), 0.0, 1.0

    found = replayed(greedy, 50, 0.1, 0.1, replays=2)
    assert (found.inconclusive, found.calls, found.calls_95) == (1.0, 50, 50)
    assert len({(template, question) for template, question, _ in seen}) == 50
    assert sum(value or 0 for _, _, value in seen) == 5


def test_what_the_replays_leave_uncertain_is_stated() -> None:
    low, high = chance_interval(1.0, 40)
    assert low == pytest.approx(0.912, abs=0.001)
    assert high == 1.0


@pytest.mark.parametrize(
    ("size", "threshold", "rate", "words"),
    [
        (0, 0.1, 0.1, "a set of 0 cells decides nothing"),
        (10, 1.5, 0.1, r"the threshold 1\.5 is outside the scale"),
        (10, 0.1, math.nan, "the rate nan is outside the scale"),
    ],
)
def test_impossible_plans_are_refused(size: int, threshold: float, rate: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        by_logic(size, threshold, rate)
    with pytest.raises(ValueError, match=words):
        replayed(logic, size, threshold, rate)


def test_a_rule_that_answers_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="decide gave 'maybe' after 3 calls"):
        replayed(lambda *_: ("maybe", 3), 10, 0.1, 0.1)
    with pytest.raises(ValueError, match="1 replays show no spread"):
        replayed(logic, 10, 0.1, 0.1, replays=1)
