"""Bootstraps over clusters: repeatable everywhere, honest with few clusters, never of zero width."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import product

import pytest

from distill_tests.inference.bootstrap import bootstrap, bootstrap_difference, bootstrap_mean, resampled
from distill_tests.inference.clustered import clustered_mean
from distill_tests.inference.intervals import wilson
from tests.clustered_answers import answers, true_rate

GRID = [{"framing": f"f{f}", "question": f"q{q}"} for f, q in product(range(4), range(3))]


def test_the_resamples_are_the_same_on_every_machine() -> None:
    drawn = list(resampled([{"a": "x"}, {"a": "y"}, {"a": "z"}], resamples=100, seed=7))
    assert drawn[:4] == [[2, 1, 0], [1, 2, 0], [2, 1, 0], [2, 1, 0]]


def test_a_cell_counts_as_often_as_its_framing_times_its_question_was_drawn() -> None:
    for counts in resampled(GRID, resamples=100, seed=1):
        rows = [counts[3 * f : 3 * f + 3] for f in range(4)]
        assert sum(counts) == 4 * 3
        assert all(a[i] * b[j] == a[j] * b[i] for a in rows for b in rows for i in range(3) for j in range(3))


def test_pairs_stay_pairs() -> None:
    old = [float(i % 3 == 0) for i in range(60)]
    new = [value + 1 for value in old]
    clusters = [{"framing": f"f{i % 10}"} for i in range(60)]
    estimate = bootstrap_difference(new, old, clusters, scale=(0, 2), resamples=200)
    assert estimate.value == 1
    assert estimate.method.startswith("no variation: each cluster counts once")


def test_a_difference_is_sharper_paired_than_either_rate() -> None:
    old, clusters = answers(random.Random(4))
    new = list(old)
    for cell in (11, 83, 140, 222, 307, 391, 480):
        new[cell] = 1 - new[cell]
    paired = bootstrap_difference(new, old, clusters, scale=(0, 1), resamples=200, seed=1)
    alone = bootstrap_mean(new, clusters, scale=(0, 1), resamples=200, seed=1)
    assert paired.value == pytest.approx((sum(new) - sum(old)) / len(old))
    assert width(paired.low, paired.high) < width(alone.low, alone.high) / 2 or paired.high == pytest.approx(
        0
    )


def width(low: float | None, high: float | None) -> float:
    assert low is not None
    assert high is not None
    return high - low


def test_swapping_new_and_old_mirrors_the_value() -> None:
    one, clusters = answers(random.Random(5))
    other, _ = answers(random.Random(6))
    there = bootstrap_difference(one, other, clusters, resamples=200)
    back = bootstrap_difference(other, one, clusters, resamples=200)
    assert there.value == pytest.approx(-(back.value or 0))
    assert there.low == pytest.approx(-(back.high or 0))


def test_no_difference_anywhere_is_bounded_by_the_number_of_clusters() -> None:
    values, clusters = answers(random.Random(7))
    estimate = bootstrap_difference(values, values, clusters, scale=(0, 1), resamples=100)
    assert estimate.value == 0
    assert estimate.high == pytest.approx(1 - 0.025 ** (1 / 20))
    assert estimate.low == pytest.approx(-(1 - 0.025 ** (1 / 20)))


def test_clusters_alike_to_the_last_answer_do_not_shrink_the_interval_to_nothing() -> None:
    values, clusters = [0.0, 1.0] * 6, [{"framing": f"f{i // 2}"} for i in range(12)]
    estimate = bootstrap_mean(values, clusters, scale=(0, 1), resamples=100)
    assert (estimate.low, estimate.high) == pytest.approx(
        (lambda e: (e.low, e.high))(clustered_mean(values, clusters, scale=(0, 1)))
    )
    assert width(estimate.low, estimate.high) > 0.3


def test_resamples_without_a_value_count_against_either_side() -> None:
    clusters = [{"framing": f"f{i}"} for i in range(12)]

    def seldom(counts: Sequence[int]) -> float | None:
        return None if counts[0] == 0 else float(counts[0])

    drawn = bootstrap(seldom, clusters, resamples=400)
    assert (drawn.low, drawn.high) == (None, None)
    assert 100 < drawn.undefined < 200


def test_few_undefined_resamples_push_the_bounds_outwards() -> None:
    clusters = [{"framing": f"f{i}"} for i in range(30)]
    calls = 0

    def mean(counts: Sequence[int]) -> float | None:
        nonlocal calls
        calls += 1
        return None if calls <= 5 else sum(i * count for i, count in enumerate(counts)) / 30

    with_holes = bootstrap(mean, clusters, resamples=2000)
    without = bootstrap(mean, clusters, resamples=2000)
    assert with_holes.undefined == 5
    assert (with_holes.low or 0) < (without.low or 0)
    assert (with_holes.high or 0) > (without.high or 0)


def test_the_two_way_bootstrap_covers_new_framings_and_questions() -> None:
    """gates.md: nominal 95 %: two-way bootstrap 91 %, naive Wilson 43 %."""
    truth, rounds, covered, naive = true_rate(), 120, 0, 0
    for seed in range(rounds):
        values, clusters = answers(random.Random(seed), questions=15)
        estimate = bootstrap_mean(values, clusters, scale=(0, 1), resamples=200, seed=seed)
        covered += (estimate.low or 0) <= truth <= (estimate.high or 0)
        low, high = wilson(round(sum(values)), len(values))
        naive += low <= truth <= high
    assert covered >= 0.9 * rounds
    assert naive <= 0.75 * rounds


def test_the_method_names_factors_resamples_and_seed() -> None:
    estimate = bootstrap_mean(*answers(random.Random(8)), resamples=100, seed=3)
    assert estimate.method.startswith(
        "bootstrap over framing and question, 100 resamples, seed 3, 95 % two-sided; framing: 20 clusters"
    )


def test_one_cluster_is_said_and_not_drawn() -> None:
    estimate = bootstrap_mean([0.0, 1.0], [{"framing": "a"}] * 2)
    assert (estimate.value, estimate.low) == (0.5, None)
    assert estimate.method == "no interval: 1 framing; it takes two or more"
    with pytest.raises(ValueError, match="1 cluster cannot be drawn anew"):
        bootstrap(lambda counts: 1.0, [{"framing": "a"}] * 2)


def test_too_few_resamples_and_unpaired_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="10 resamples carry no interval: at least 100"):
        bootstrap_mean([0.0, 1.0], [{}, {}], resamples=10)
    with pytest.raises(ValueError, match="2 new values and 1 old ones make no pairs"):
        bootstrap_difference([0.0, 1.0], [1.0], [{}, {}])
    with pytest.raises(ValueError, match="nan"):
        bootstrap_mean([0.0, math.nan], [{}, {}])
    with pytest.raises(ValueError, match="confidence"):
        bootstrap(lambda counts: 1.0, [{}, {}], level=1.0)
