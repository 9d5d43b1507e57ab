"""Non-inferiority: right at its stated risk, one with its bounds, quick where models fail alike."""

from __future__ import annotations

import itertools
import math
import random
import statistics
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.inference.eprocess import Bet
from distill_tests.inference.paired import NonInferiority

values = st.sampled_from((0.0, 0.5, 1.0))
pairs = st.lists(st.tuples(values, st.one_of(st.none(), values)), min_size=1, max_size=25)
deltas = st.sampled_from((-1.0, -0.1, 0.0, 0.05, 0.25, 0.5, 1.0))
alphas = st.sampled_from((0.05, 0.3))


def asked(
    old: Sequence[float], new: Sequence[float | None], delta: float, alpha: float = 0.05
) -> NonInferiority:
    gate = NonInferiority(old, delta, alpha)
    for value in new:
        if gate.decision != "undecided":
            break
        gate.add(value)
    return gate


def flipped(rate: float, share: float, seed: int, size: int = 1000) -> tuple[list[float], list[float]]:
    """Two equal models that differ in ``share`` of the cells, in random order."""
    draw, ones, flips = random.Random(seed), round(rate * size), round(share * size / 2)
    pairs = [(1.0, 0.0)] * flips + [(0.0, 1.0)] * flips
    pairs += [(1.0, 1.0)] * (ones - flips) + [(0.0, 0.0)] * (size - ones - flips)
    draw.shuffle(pairs)
    return [old for old, _ in pairs], [new for _, new in pairs]


@settings(max_examples=80, deadline=None)
@given(pairs, deltas, alphas)
def test_it_passes_or_fails_if_and_only_if_the_bound_crosses_delta(
    cells: list[tuple[float, float | None]], delta: float, alpha: float
) -> None:
    gate = asked([old for old, _ in cells], [new for _, new in cells], delta, alpha)
    bounds = gate.bounds()
    assert (gate.decision == "pass") == (bounds.upper <= delta)
    assert (gate.decision == "fail") == (bounds.lower > delta)
    assert -1.0 <= bounds.lower <= bounds.upper <= 1.0


@settings(deadline=None)
@given(pairs, deltas)
def test_a_whole_set_is_decided_by_its_difference(
    cells: list[tuple[float, float | None]], delta: float
) -> None:
    new = [0.5 if value is None else value for _, value in cells]
    old = [value for value, _ in cells]
    difference = math.fsum(new) / len(new) - math.fsum(old) / len(old)
    gate = asked(old, new, delta, alpha=1e-30)
    assert gate.decision == ("pass" if difference <= delta + 1e-12 else "fail")
    assert gate.bounds().lower <= difference + 1e-12
    assert difference <= gate.bounds().upper + 1e-12


@settings(deadline=None)
@given(pairs, deltas)
def test_what_is_missing_counts_as_the_worst_for_either_side(
    cells: list[tuple[float, float | None]], delta: float
) -> None:
    old = [value for value, _ in cells]
    gate, worst, best = (NonInferiority(old, delta) for _ in range(3))
    for _, new in cells:
        if any(one.decision != "undecided" for one in (gate, worst, best)):
            break
        gate.add(new)
        worst.add(1.0 if new is None else new)
        best.add(0.0 if new is None else new)
    assert (gate.decision == "pass") == (worst.decision == "pass")
    assert (gate.decision == "fail") == (best.decision == "fail")


@pytest.mark.parametrize("delta", [0.0, 0.125, 0.25])
def test_in_random_orders_of_small_sets_verdict_and_bounds_err_with_at_most_alpha(delta: float) -> None:
    alpha, size = 0.3, 8
    for flips_up, flips_down, both in itertools.product((0, 1, 3), (0, 2), (0, 2)):
        cells = [(0.0, 1.0)] * flips_up + [(1.0, 0.0)] * flips_down + [(1.0, 1.0)] * both
        cells += [(0.0, 0.0)] * (size - len(cells))
        draw, difference = random.Random(1), (flips_up - flips_down) / size
        wrong = high = low = 0
        for _ in range(60):
            draw.shuffle(cells)
            gate = asked([old for old, _ in cells], [new for _, new in cells], delta, alpha)
            bounds = gate.bounds()
            wrong += gate.decision != ("pass" if difference <= delta else "fail")
            high += difference > bounds.upper + 1e-12
            low += difference < bounds.lower - 1e-12
        assert max(wrong, high, low) <= 60 * alpha + 3 * math.sqrt(60 * alpha * (1 - alpha))


def test_a_model_worse_by_just_more_than_delta_passes_in_at_most_one_of_twenty_orders() -> None:
    replays, size, wrong = 100, 300, 0
    cells = [(0.0, 1.0)] * 26 + [(1.0, 0.0)] * 10 + [(1.0, 1.0)] * 30
    cells += [(0.0, 0.0)] * (size - len(cells))
    for seed in range(replays):
        random.Random(seed).shuffle(cells)
        gate = asked([old for old, _ in cells], [new for _, new in cells], 0.05)
        wrong += gate.decision == "pass"
    assert wrong <= 0.05 * replays + 3 * math.sqrt(0.05 * 0.95 * replays)


def test_equal_models_that_differ_in_a_tenth_of_the_cells_need_a_quarter_of_the_calls() -> None:
    together, alone = [], []
    for seed in range(25):
        old, new = flipped(0.3, 0.1, seed)
        together.append(asked(old, new, 0.05).n)
        bet, n = Bet(0.35, len(new), 0.05, capped=False), 0
        while not bet.refuted and n < len(new):
            bet.add(new[n])
            n += 1
        alone.append(n)
    assert statistics.mean(together) < 300 < statistics.mean(alone)


@pytest.mark.parametrize(
    ("baseline", "delta", "alpha", "message"),
    [
        ([], 0.1, 0.05, "the baseline is empty"),
        ([0.0, None], 0.1, 0.05, "the baseline has a value None; every cell needs one"),
        ([0.0, math.nan], 0.1, 0.05, "the baseline has a value nan"),
        ([0.0], 1.5, 0.05, "delta 1.5 is outside -1..1"),
        ([0.0], math.nan, 0.05, "delta nan is outside"),
        ([0.0], 0.1, 1.0, "alpha 1.0 is not between 0 and 1"),
    ],
)
def test_bad_input_is_refused_in_words(
    baseline: list[float], delta: float, alpha: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        NonInferiority(baseline, delta, alpha)


def test_values_that_cannot_be_are_refused() -> None:
    gate = NonInferiority([0.0, 0.0], 0.1)
    with pytest.raises(ValueError, match=r"value 2\.0 is outside"):
        gate.add(2.0)
    gate.add(None)
    gate.add(0.0)
    with pytest.raises(ValueError, match="more values than the 2 cells"):
        gate.add(0.0)
