"""The sequential gate: right at its stated risk, exact where logic decides, one with its bounds."""

from __future__ import annotations

import itertools
import json
import math
import os
import random
import re
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.gates import decide
from distill_tests.inference.sequential import Decision, SequentialGate

cells = st.one_of(st.none(), st.sampled_from((0.0, 0.25, 0.5, 1.0)), st.sampled_from((0.0, 1.0)))
pools = st.lists(cells, min_size=1, max_size=40)
whole_pools = st.lists(st.sampled_from((0.0, 0.5, 1.0)), min_size=1, max_size=40)
thresholds = st.sampled_from((0.0, 0.05, 0.1, 0.25, 0.29, 1 / 3, 0.5, 0.6, 0.75, 0.9, 1.0))
alphas = st.sampled_from((0.01, 0.05, 0.3))


def observed(values: Sequence[float | None]) -> Iterator[tuple[str, str, float | None]]:
    return ((f"template {i // 7}", f"question {i % 7}", value) for i, value in enumerate(values))


def decided(values: Sequence[float | None], threshold: float, alpha: float = 0.05) -> Decision:
    return decide(observed(values), threshold, len(values), alpha)


def shuffled(ones: int, size: int, seed: object) -> list[float]:
    values = [1.0] * ones + [0.0] * (size - ones)
    random.Random(f"{ones} {size} {seed}").shuffle(values)
    return values


# --- laws ---------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(pools, thresholds, alphas)
def test_it_passes_or_fails_if_and_only_if_the_bound_crosses_the_threshold(
    values: list[float | None], threshold: float, alpha: float
) -> None:
    found = decided(values, threshold, alpha)
    assert (found.decision == "pass") == (found.upper <= threshold)
    assert (found.decision == "fail") == (found.lower > threshold)
    assert 0.0 <= found.lower <= found.upper <= 1.0


@settings(deadline=None)
@given(st.lists(cells, max_size=60), thresholds, alphas)
def test_so_it_does_with_replacement(values: list[float | None], threshold: float, alpha: float) -> None:
    found = decide(observed(values), threshold, None, alpha)
    assert (found.decision == "pass") == (found.upper <= threshold)
    assert (found.decision == "fail") == (found.lower > threshold)


@settings(deadline=None)
@given(whole_pools, thresholds)
def test_a_whole_set_that_nothing_decided_before_is_decided_by_its_mean(
    values: list[float], threshold: float
) -> None:
    found = decided(values, threshold, alpha=1e-30)
    mean = math.fsum(values) / len(values)
    assert found.decision == ("pass" if mean <= threshold + 1e-12 else "fail")
    assert found.lower <= mean <= found.upper + 1e-12


def test_a_set_asked_in_full_has_its_mean_as_both_bounds() -> None:
    assert decided([0, 1, 0, 0.5, 0.5], 0.4)[2:] == (0.4, 0.4)
    assert decided([1] * 7 + [0] * 93, 0.07, alpha=1e-30)[2:] == (0.07, 0.07)


@settings(deadline=None)
@given(pools, thresholds.filter(lambda threshold: threshold != 0.5), alphas)
def test_an_at_least_gate_is_the_at_most_gate_in_the_mirror(
    values: list[float | None], threshold: float, alpha: float
) -> None:
    plain = SequentialGate(threshold, len(values), alpha)
    mirror = SequentialGate(1.0 - threshold, len(values), alpha)
    for value in values:
        if plain.decision != "undecided" or mirror.decision != "undecided":
            break
        plain.add(value)
        mirror.add(None if value is None else 1.0 - value)
    assert mirror.evidence.failing == pytest.approx(plain.evidence.passing, rel=1e-6) or math.isinf(
        plain.evidence.passing
    )
    if plain.decision == mirror.decision == "undecided":
        assert 1.0 - mirror.bounds().lower == pytest.approx(plain.bounds().upper, abs=1e-7)
        assert 1.0 - mirror.bounds().upper == pytest.approx(plain.bounds().lower, abs=1e-7)


@settings(deadline=None)
@given(pools, thresholds, st.permutations(range(7)))
def test_names_of_cells_do_not_matter(values: list[float | None], threshold: float, names: list[int]) -> None:
    renamed = ((f"t{i // 7}", f"q{names[i % 7]}", value) for i, value in enumerate(values))
    assert decide(renamed, threshold, len(values)) == decided(values, threshold)


@settings(deadline=None)
@given(pools, thresholds)
def test_what_is_missing_counts_as_the_worst_for_either_side(
    values: list[float | None], threshold: float
) -> None:
    gate = SequentialGate(threshold, len(values))
    worst = SequentialGate(threshold, len(values))
    best = SequentialGate(threshold, len(values))
    for value in values:
        if worst.decision != "undecided" or best.decision != "undecided" or gate.decision != "undecided":
            break
        gate.add(value)
        worst.add(1.0 if value is None else value)
        best.add(0.0 if value is None else value)
    assert (gate.decision == "pass") == (worst.decision == "pass")
    assert (gate.decision == "fail") == (best.decision == "fail")


@settings(max_examples=50, deadline=None)
@given(whole_pools, thresholds, st.data())
def test_a_worse_value_never_lowers_the_evidence_for_fail(
    values: list[float], threshold: float, data: st.DataObject
) -> None:
    last = [SequentialGate(threshold, len(values)) for _ in range(2)]
    stop = data.draw(st.integers(0, len(values) - 1))
    for value in values[:stop]:
        for gate in last:
            if gate.decision == "undecided":
                gate.add(value)
    if last[0].decision == "undecided":
        for gate, value in zip(last, (0.25, 1.0), strict=True):
            gate.add(value)
        assert last[0].evidence.failing <= last[1].evidence.failing + 1e-12
        assert last[0].evidence.passing >= last[1].evidence.passing - 1e-12


# --- error rates --------------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.25, 0.5, 0.7])
@pytest.mark.parametrize("size", [3, 6, 9])
def test_over_all_orders_of_every_small_set_verdict_and_bounds_err_with_at_most_alpha(
    size: int, threshold: float
) -> None:
    alpha = 0.2
    for ones in range(size + 1):
        mean, wrong, high, low, total = ones / size, 0, 0, 0, math.comb(size, ones)
        for places in itertools.combinations(range(size), ones):
            found = decided([float(place in places) for place in range(size)], threshold, alpha)
            wrong += found.decision != ("pass" if mean <= threshold else "fail")
            high += mean > found.upper + 1e-12
            low += mean < found.lower - 1e-12
        assert max(wrong, high, low) <= alpha * total + 1e-9


@pytest.mark.parametrize("threshold", [0.05, 0.10, 0.20])
@pytest.mark.parametrize("excess", [0, 1])
def test_a_set_at_the_threshold_is_judged_wrong_in_at_most_one_of_twenty_orders(
    threshold: float, excess: int
) -> None:
    size, replays = 300, 150
    ones = round(threshold * size) + excess
    wrong = 0
    for seed in range(replays):
        gate = SequentialGate(threshold, size)
        for value in shuffled(ones, size, seed):
            if gate.add(value) != "undecided":
                break
        wrong += gate.decision == ("pass" if excess else "fail")
    assert wrong <= 0.05 * replays + 3 * math.sqrt(0.05 * 0.95 * replays)


def test_scores_at_the_threshold_are_judged_wrong_in_at_most_one_of_twenty_orders() -> None:
    replays, wrong = 150, 0
    values = [0.25] * 150 + [0.5] * 30 + [0.75] * 20 + [0.0] * 100
    threshold = sum(values) / len(values)
    for seed in range(replays):
        random.Random(seed).shuffle(values)
        gate = SequentialGate(threshold, len(values))
        for value in values:
            if gate.add(value) != "undecided":
                break
        wrong += gate.decision == "fail"
    assert wrong <= 0.05 * replays + 3 * math.sqrt(0.05 * 0.95 * replays)


@pytest.mark.skipif(
    not os.environ.get("DISTILL_TESTS_DATA"),
    reason="DISTILL_TESTS_DATA names no folder of published transcripts",
)
def test_published_runs_are_decided_with_a_few_percent_of_their_calls() -> None:
    shares, wrong = [], []
    for path in sorted((Path(os.environ["DISTILL_TESTS_DATA"]) / "ice" / "attack_result").glob("*.jsonl")):
        verdicts = [float(json.loads(line)["eval_results"]) for line in path.open(encoding="utf-8")]
        for threshold, seed in itertools.product((0.05, 0.10, 0.20), range(20)):
            order = random.Random(f"{path.stem} {seed}").sample(verdicts, len(verdicts))
            gate = SequentialGate(threshold, len(order))
            for value in order:
                if gate.add(value) != "undecided":
                    break
            shares.append(100 * gate.n / len(order))
            wrong.append(gate.decision != ("pass" if sum(order) <= threshold * len(order) else "fail"))
    assert statistics.median(shares) <= 2.6
    assert statistics.mean(shares) <= 9
    assert sum(wrong) <= 0.01 * len(wrong)


# --- logic, and bad input -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "threshold", "expected"),
    [
        ([], 1.0, ("pass", 0)),
        ([1, 1], 1.0, ("pass", 0)),
        ([0, 0, 0], 0.0, ("pass", 3)),
        ([0, 1, 0], 0.0, ("fail", 2)),
        ([0, None, 0], 0.0, ("undecided", 3)),
        ([None, 1, 0], 0.0, ("fail", 2)),
        ([1, None], 0.5, ("undecided", 2)),
        ([0, None], 0.5, ("pass", 1)),
        ([True, False], 0.5, ("pass", 2)),
        ([1] * 30 + [0] * 70, 0.29, ("fail", 30)),
    ],
)
def test_logic_decides(values: list[float | None], threshold: float, expected: tuple[str, int]) -> None:
    assert decide(observed(values), threshold, max(1, len(values)), 1e-40)[:2] == expected


@pytest.mark.parametrize("size", [3, 7, 30, 100, 1001])
def test_a_set_exactly_at_the_threshold_passes_however_its_share_is_rounded(size: int) -> None:
    for ones in {1, size // 3, size // 2, size - 1}:
        spread = [float((i + 1) * ones // size - i * ones // size) for i in range(size)]
        assert decided(spread, ones / size, alpha=1e-30).decision == "pass"
        assert decided(spread, math.nextafter(ones / size, 0.0), alpha=1e-30).decision == "pass"
        assert decided(spread, (ones - 0.01) / size, alpha=1e-30).decision == "fail"


def test_with_replacement_a_hit_refutes_a_threshold_of_0_and_nothing_passes_it() -> None:
    assert decide(observed([0] * 50), 0.0, None).decision == "undecided"
    assert decide(observed([0] * 50 + [1]), 0.0, None)[:2] == ("fail", 51)
    assert decide(iter([("t", "q", 0.0)] * 100), 0.2, None).decision == "pass"


def test_no_more_is_asked_than_is_needed() -> None:
    asked = []

    def asking() -> Iterator[tuple[str, str, float]]:
        for number in range(1000):
            asked.append(number)
            yield "t", str(number), 1.0

    found = decide(asking(), 0.1, 1000)
    assert found.decision == "fail"
    assert len(asked) == found.n_used < 5


def test_an_end_before_the_verdict_is_undecided_with_its_bounds() -> None:
    found = decide(observed([0, 0, 1, 0]), 0.2, 100)
    assert found.decision == "undecided"
    assert found.n_used == 4
    assert 0.01 <= found.lower <= 0.2 < found.upper < 1.0
    assert decide(iter([]), 0.2, 100) == ("undecided", 0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("values", "threshold", "pool_size", "alpha", "message"),
    [
        ([0], 1.5, 10, 0.05, "threshold 1.5 is outside 0..1"),
        ([0], math.nan, 10, 0.05, "threshold nan is outside"),
        ([0], 0.1, 0, 0.05, "a set of 0 cells"),
        ([0], 0.1, 2.5, 0.05, "a set of 2.5 cells"),
        ([0], 0.1, math.inf, 0.05, "a set of inf cells"),
        ([0], 0.1, 10, 0.0, "alpha 0.0 is not between 0 and 1"),
        ([0], 0.1, 10, math.nan, "alpha nan is not"),
        ([0, 1.01], 0.1, 10, 0.05, "value 1.01 is outside 0..1"),
        ([math.nan], 0.1, 10, 0.05, "value nan is outside 0..1"),
        ([None, None, None], 0.1, 2, 0.05, "more values than the 2 cells"),
        (["1"], 0.1, 10, 0.05, "value '1' is no number"),
        ([[0.5]], 0.1, 10, 0.05, "value [0.5] is no number"),
    ],
)
def test_bad_input_is_refused_in_words(
    values: list[float | None], threshold: float, pool_size: int, alpha: float, message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        decide(observed(values), threshold, pool_size, alpha)


@pytest.mark.parametrize("least", [1e-9, 1e-30, 5e-324])
def test_where_nothing_is_allowed_the_least_above_nothing_fails(least: float) -> None:
    found = decide(observed([0.0, least, 0.0]), 0.0, 3)
    assert (found.decision, found.n_used) == ("fail", 2)
    assert found.lower > 0.0


def test_a_value_counts_as_the_number_it_is_whatever_its_type() -> None:
    class Half:
        """As a number of another library: its arithmetic keeps its own type, and its precision."""

        def __float__(self) -> float:
            return 0.5

    found = decide(observed([Half(), 0, Half(), 1, True]), 0.4, 50)  # type: ignore[list-item]  # what users pass
    assert found == decide(observed([0.5, 0.0, 0.5, 1.0, 1.0]), 0.4, 50)
    assert all(type(bound) is float for bound in (found.lower, found.upper))


def test_a_cell_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="question 'q' in template 't' was observed twice"):
        decide([("t", "q", 0.0), ("t", "q", 1.0)], 0.2, 10)


def test_a_gate_that_has_decided_takes_no_more_values() -> None:
    gate = SequentialGate(0.0, 5)
    gate.add(1.0)
    with pytest.raises(ValueError, match="decided after 1 values"):
        gate.add(0.0)


def test_a_stricter_risk_for_fail_needs_more_evidence_for_fail_only() -> None:
    strict, plain = SequentialGate(0.1, 1000, alpha_fail=0.001), SequentialGate(0.1, 1000)
    for gate in (strict, plain):
        while gate.add(1.0) == "undecided":
            pass
    assert strict.n > plain.n
    clean = SequentialGate(0.1, 1000, alpha_fail=0.001), SequentialGate(0.1, 1000)
    for gate in clean:
        while gate.add(0.0) == "undecided":
            pass
    assert clean[0].n == clean[1].n
