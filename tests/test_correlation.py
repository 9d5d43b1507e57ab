"""Pearson, Spearman and Kendall against scipy, with intervals over clusters."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, pearsonr, rankdata, spearmanr

from distill_tests.inference.correlation import (
    Coefficient,
    correlation,
    kendall,
    mean_ranks,
    pearson,
    spearman,
    stuart,
    under_counts,
)

scores = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6)) | st.tuples(st.floats(-9, 9), st.floats(-9, 9)),
    min_size=2,
    max_size=40,
)
COEFFICIENTS: tuple[Coefficient, ...] = ("pearson", "spearman", "kendall", "stuart")


def rated(seed: int, *, n: int = 60) -> tuple[list[float], list[float], list[dict[str, str]]]:
    rng = random.Random(seed)
    x = [float(rng.randint(1, 5)) for _ in range(n)]
    return x, [value + rng.gauss(0, 1.5) for value in x], [{"prompt": f"p{i // 2}"} for i in range(n)]


@given(scores)
def test_rank_correlations_agree_with_scipy_ties_and_all(pairs: list[tuple[float, float]]) -> None:
    x, y = [a for a, _ in pairs], [b for _, b in pairs]
    assert mean_ranks(x) == list(rankdata(x))
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert (spearman(x, y), kendall(x, y), stuart(x, y), pearson(x, y)) == (None,) * 4
    else:
        assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-9)
        assert kendall(x, y) == pytest.approx(kendalltau(x, y).statistic, abs=1e-9)
        assert stuart(x, y) == pytest.approx(kendalltau(x, y, variant="c").statistic, abs=1e-9)


def test_pearson_agrees_with_scipy() -> None:
    x, y, _ = rated(1)
    assert pearson(x, y) == pytest.approx(pearsonr(x, y).statistic)


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_the_interval_holds_the_value_repeats_and_narrows_with_clusters(coefficient: Coefficient) -> None:
    few = correlation(*rated(2), coefficient=coefficient, resamples=200, seed=5)
    many = correlation(*rated(2, n=240), coefficient=coefficient, resamples=200, seed=5)
    assert few == correlation(*rated(2), coefficient=coefficient, resamples=200, seed=5)
    for found in (few, many):
        assert (found.low or 1) < (found.value or 0) < (found.high or -1)
    assert (many.high or 0) - (many.low or 0) < (few.high or 0) - (few.low or 0)
    assert few.clusters == {"prompt": 30}
    assert few.method == "bootstrap over prompt, 200 resamples, seed 5, 95 % two-sided"


def test_all_in_one_order_is_bounded_by_the_pairs_of_clusters() -> None:
    x, clusters = [float(i) for i in range(20)], [{"prompt": f"p{i}"} for i in range(20)]
    found = correlation(x, x, clusters, coefficient="kendall", resamples=100)
    tau = 1 - 2 * (1 - 0.025 ** (1 / 10))
    assert found.value == pytest.approx(1)
    assert found.high == pytest.approx(1)
    assert found.low == pytest.approx(tau)
    ranks = correlation(x, x, clusters, coefficient="spearman", resamples=100)
    assert ranks.low == pytest.approx((3 * tau - 1) / 2)
    falling = correlation(x, x[::-1], clusters, coefficient="kendall", resamples=100)
    assert falling.high == pytest.approx(-tau)


def test_pearson_of_a_line_has_no_interval() -> None:
    x = [float(i) for i in range(20)]
    found = correlation(x, x, [{}] * 20, coefficient="pearson", resamples=100)
    assert found.value == pytest.approx(1)
    assert found.low is None
    assert found.method == "no interval: every resample gives the same value"


def test_a_column_that_does_not_vary_has_no_correlation() -> None:
    found = correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0], [{}] * 3)
    assert (found.value, found.low, found.high) == (None, None, None)
    assert found.method == "no value: a column does not vary"


def test_one_cluster_gives_a_value_without_interval() -> None:
    found = correlation([1.0, 2.0, 3.0], [1.0, 3.0, 2.0], [{"prompt": "p"}] * 3)
    assert found.value == pytest.approx(0.5)
    assert found.method == "no interval: 1 cluster; it takes two or more"


def test_the_interval_of_spearman_covers_over_new_clusters() -> None:
    truth, rounds = spearman(*rated(99, n=40_000)[:2]), 60
    assert truth is not None
    covered = 0
    for seed in range(rounds):
        found = correlation(*rated(seed, n=50), resamples=200, seed=seed, level=0.9)
        covered += (found.low or 0) <= truth <= (found.high or 0)
    assert covered >= 0.85 * rounds


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([1.0], [1.0], "1 rows make no correlation"),
        ([1.0, 2.0], [1.0], "columns of different lengths: 2, 1"),
        ([1.0, math.nan], [1.0, 2.0], "value 1 is nan"),
    ],
)
def test_what_cannot_be_correlated_is_refused(x: list[float], y: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        correlation(x, y, [{}] * len(x))


def of_table(table: Sequence[Sequence[int]]) -> tuple[list[float], list[float]]:
    """A contingency table as two columns, one row for each thing that was counted."""
    cells = [(i, j) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)]
    return [float(i) for i, _ in cells], [float(j) for _, j in cells]


def test_tau_c_of_a_textbook_table() -> None:
    """SAS/STAT User's Guide, The FREQ Procedure, treatment by pain: tau-b 0.3373, tau-c 0.4111, rho 0.3771.

    By hand: P = 26*53 + 26*46 + 23*37 + 18*23 = 3839, Q = 26*6 + 23*13 + 18*22 + 9*36 = 1175, n = 161, m = 2,
    tau-c = 2 (P - Q) m / (n^2 (m - 1)) = 10656 / 25921.
    """
    x, y = of_table([[26, 26, 23, 18, 9], [6, 7, 9, 14, 23]])
    assert stuart(x, y) == pytest.approx(10656 / 25921)
    assert [round(value or 0, 4) for value in (kendall(x, y), stuart(x, y), spearman(x, y))] == [
        0.3373,
        0.4111,
        0.3771,
    ]


def test_tau_c_of_the_tables_it_was_made_for() -> None:
    """Unaided vision of the right and the left eye in four grades (Stuart 1953): women 0.633, men 0.629."""
    women = [[1520, 266, 124, 66], [234, 1512, 432, 78], [117, 362, 1772, 205], [36, 82, 179, 492]]
    men = [[821, 112, 85, 35], [116, 494, 145, 27], [72, 151, 583, 87], [43, 34, 106, 331]]
    assert [round(stuart(*of_table(table)) or 0, 3) for table in (women, men)] == [0.633, 0.629]


@given(scores, st.data())
def test_counts_of_rows_say_what_repeated_rows_say(
    pairs: list[tuple[float, float]], data: st.DataObject
) -> None:
    x, y = [a for a, _ in pairs], [b for _, b in pairs]
    counts = data.draw(st.lists(st.integers(0, 3), min_size=len(pairs), max_size=len(pairs)))
    many_x = [value for value, count in zip(x, counts, strict=True) for _ in range(count)]
    many_y = [value for value, count in zip(y, counts, strict=True) for _ in range(count)]
    ranked: tuple[tuple[Coefficient, Any], ...] = (("kendall", kendall), ("stuart", stuart))
    for coefficient, compute in ranked:
        told = under_counts(x, y, coefficient=coefficient)(counts)
        assert told == (compute(many_x, many_y) if many_x else None)
    told = under_counts(x, y, coefficient="spearman")(counts)
    assert told == (pytest.approx(spearman(many_x, many_y), abs=1e-12) if many_x else None)


def test_many_levels_take_another_way_to_the_same_number() -> None:
    rng = random.Random(7)
    x, y = [rng.random() for _ in range(200)], [rng.random() for _ in range(200)]
    assert under_counts(x, y, coefficient="kendall")([1] * 200) == kendall(x, y)


def test_rows_that_share_a_count_are_drawn_together() -> None:
    x, y = [1.0, 1.0, 2.0, 3.0], [1.0, 2.0, 2.0, 1.0]
    told = under_counts(x, y, coefficient="kendall", rows=[0, 0, 1, 2])([2, 1, 0])
    assert told == kendall([1, 1, 1, 1, 2], [1, 2, 1, 2, 2])


def test_the_interval_of_tau_c_holds_its_value_where_all_stand_in_one_order() -> None:
    x = [float(value) for value in range(20)]
    told = correlation(x, x, [{"clip": str(value)} for value in x], coefficient="stuart", resamples=200)
    assert told.value == 1.0
    assert told.high == 1.0
