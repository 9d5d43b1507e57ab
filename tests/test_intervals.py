"""Bounds for a share: exact against scipy, mirrored, never of zero width."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom, binomtest, t

from distill_tests.inference.intervals import (
    chernoff_lower,
    chernoff_upper,
    clean_upper,
    clopper_pearson,
    clopper_pearson_effective,
    clopper_pearson_lower,
    clopper_pearson_upper,
    t_quantile,
    wilson,
)

CONFIDENCES = (0.5, 0.9, 0.95, 0.975, 0.999, 0.999999)

counts = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.floats(0.01, 0.9999)


def shares_up_to_a_million() -> list[tuple[int, int]]:
    draw = random.Random(20250101)
    found = [(0, 10**6), (1, 10**6), (500_000, 10**6), (999_999, 10**6), (10**6, 10**6), (0, 1), (1, 1)]
    for _ in range(150):
        n = int(10 ** draw.uniform(0, 6))
        few = min(n, draw.randint(0, 6))
        found += [(draw.randint(0, n), n), (few, n), (n - few, n)]
    return found


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_clopper_pearson_agrees_with_scipy_to_1e_9_up_to_a_million(confidence: float) -> None:
    for k, n in shares_up_to_a_million():
        low = 0.0 if k == 0 else beta.ppf(1 - confidence, k, n - k + 1)
        high = 1.0 if k == n else beta.isf(1 - confidence, k + 1, n - k)
        assert clopper_pearson_lower(k, n, confidence=confidence) == pytest.approx(low, abs=1e-9, rel=1e-7)
        assert clopper_pearson_upper(k, n, confidence=confidence) == pytest.approx(high, abs=1e-9, rel=1e-7)


def test_clopper_pearson_solves_the_binomial_tail_it_is_defined_by() -> None:
    upper = clopper_pearson_upper(16, 500, confidence=0.95)
    lower = clopper_pearson_lower(34, 500, confidence=0.95)
    assert binom.cdf(16, 500, upper) == pytest.approx(0.05, rel=1e-9)
    assert binom.sf(33, 500, lower) == pytest.approx(0.05, rel=1e-9)


def test_no_hit_gives_the_closed_form() -> None:
    assert clopper_pearson_upper(0, 59, confidence=0.95) == pytest.approx(1 - 0.05 ** (1 / 59), rel=1e-12)
    assert (
        clopper_pearson_upper(0, 59, confidence=0.95) < 0.05 < clopper_pearson_upper(0, 58, confidence=0.95)
    )


@given(counts, levels)
def test_two_sided_intervals_agree_with_scipy(share: tuple[int, int], level: float) -> None:
    k, n = share
    reference = binomtest(k, n)
    exact, score = reference.proportion_ci(level, "exact"), reference.proportion_ci(level, "wilson")
    assert clopper_pearson(k, n, level=level) == pytest.approx((exact.low, exact.high), abs=1e-9)
    assert wilson(k, n, level=level) == pytest.approx((score.low, score.high), abs=1e-9)


@given(counts, levels)
def test_an_interval_has_width_and_holds_what_was_seen(share: tuple[int, int], level: float) -> None:
    k, n = share
    for low, high in (clopper_pearson(k, n, level=level), wilson(k, n, level=level)):
        assert 0 <= low < high <= 1
        assert low <= k / n <= high


@given(counts, levels)
def test_upper_bounds_mirror_lower_bounds(share: tuple[int, int], confidence: float) -> None:
    k, n = share
    assert clopper_pearson_upper(k, n, confidence=confidence) == 1 - clopper_pearson_lower(
        n - k, n, confidence=confidence
    )


@given(counts, levels)
def test_one_more_hit_raises_both_bounds(share: tuple[int, int], confidence: float) -> None:
    k, n = share
    for bound in (clopper_pearson_lower, clopper_pearson_upper):
        assert bound(k, n + 1, confidence=confidence) < bound(k + 1, n + 1, confidence=confidence)


@pytest.mark.parametrize("interval", [clopper_pearson, wilson])
def test_nothing_seen_says_nothing(interval: object) -> None:
    assert callable(interval)
    assert interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (0, -1)])
def test_an_impossible_count_is_refused(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="0 <= k <= n"):
        clopper_pearson(k, n)


def test_a_fractional_count_is_refused() -> None:
    with pytest.raises(TypeError):
        clopper_pearson_upper(2.0, 5)  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("confidence", [0.0, 1.0, -0.1, 95.0, math.nan])
def test_a_confidence_outside_0_and_1_is_refused(confidence: float) -> None:
    for bound in (clopper_pearson_lower, clopper_pearson_upper, chernoff_lower, chernoff_upper):
        with pytest.raises(ValueError, match="confidence"):
            bound(1, 5, confidence=confidence)


# --- values between 0 and 1 ------------------------------------------------------------------------


@given(counts, levels)
def test_the_bound_for_bounded_values_is_wider_than_the_exact_one_on_counts(
    share: tuple[int, int], confidence: float
) -> None:
    k, n = share
    tiny = 1e-12
    assert chernoff_upper(k, n, confidence=confidence) >= (
        clopper_pearson_upper(k, n, confidence=confidence) - tiny
    )
    assert chernoff_lower(k, n, confidence=confidence) <= (
        clopper_pearson_lower(k, n, confidence=confidence) + tiny
    )


def test_the_bound_for_bounded_values_of_no_hit_has_the_closed_form() -> None:
    assert chernoff_upper(0, 59, confidence=0.95) == pytest.approx(1 - 0.05 ** (1 / 59), rel=1e-9)


def test_the_bound_for_bounded_values_errs_seldom_enough_on_uniform_scores() -> None:
    draw = random.Random(11)
    runs, errors = 1000, 0
    for _ in range(runs):
        errors += chernoff_upper(sum(draw.random() for _ in range(40)), 40, confidence=0.9) < 0.5
    assert errors <= 0.1 * runs


@given(st.floats(0, 100), levels)
def test_bounds_for_bounded_values_mirror_and_hold_the_mean(total: float, confidence: float) -> None:
    low = chernoff_lower(total, 100, confidence=confidence)
    assert 0 <= low <= total / 100 <= chernoff_upper(total, 100, confidence=confidence) <= 1
    assert low == pytest.approx(1 - chernoff_upper(100 - total, 100, confidence=confidence), abs=1e-12)


def test_a_sum_outside_the_possible_is_refused() -> None:
    for total in (-0.1, 5.1, math.nan):
        with pytest.raises(ValueError, match="impossible"):
            chernoff_upper(total, 5)


# --- counts that need not be whole, and Student's t --------------------------------------------------


@given(st.floats(0, 1), st.floats(0.05, 1e5), levels)
def test_the_interval_at_an_effective_n_agrees_with_scipy(share: float, n: float, level: float) -> None:
    low, high = clopper_pearson_effective(share, n, level=level)
    seen, rest, side = share * n, (1 - share) * n, (1 - level) / 2
    assert low == pytest.approx(0.0 if seen == 0 else beta.ppf(side, seen, rest + 1), abs=1e-9)
    assert high == pytest.approx(1.0 if rest == 0 else beta.isf(side, seen + 1, rest), abs=1e-9)
    assert low < high


@given(counts, levels)
def test_at_whole_counts_an_effective_n_is_an_n(share: tuple[int, int], level: float) -> None:
    k, n = share
    expected = clopper_pearson(k, n, level=level)
    assert clopper_pearson_effective(k / n, n, level=level) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("share", "n"), [(-0.1, 5), (1.1, 5), (math.nan, 5), (0.5, 0), (0.5, math.inf)])
def test_an_impossible_effective_n_is_refused(share: float, n: float) -> None:
    with pytest.raises(ValueError, match=r"share|effective n"):
        clopper_pearson_effective(share, n)


@given(st.floats(0.0001, 0.9999) | st.just(1 - 1e-10), st.floats(0.5, 1e4) | st.integers(1, 100))
def test_the_t_quantile_agrees_with_scipy(p: float, df: float) -> None:
    assert t_quantile(p, df) == pytest.approx(t.ppf(p, df), rel=1e-8, abs=1e-12)


def test_the_t_quantile_has_its_textbook_values_and_the_normal_limit() -> None:
    assert t_quantile(0.975, 1) == pytest.approx(12.7062, abs=1e-4)
    assert t_quantile(0.975, 19) == pytest.approx(2.0930, abs=1e-4)
    assert t_quantile(0.975, math.inf) == pytest.approx(1.959964, abs=1e-6)
    assert t_quantile(0.5, 7) == 0.0
    assert t_quantile(0.5 + 1e-12, 7) == pytest.approx(t.ppf(0.5 + 1e-12, 7), rel=1e-3)


@pytest.mark.parametrize(
    ("p", "df"), [(0.0, 3), (1.0, 3), (math.nan, 3), (0.9, 0), (0.9, -1), (0.9, math.nan)]
)
def test_an_impossible_t_is_refused(p: float, df: float) -> None:
    with pytest.raises(ValueError, match=r"confidence|degrees of freedom"):
        t_quantile(p, df)


def test_twenty_clean_groups_bound_a_rate_by_14_percent_and_59_by_5() -> None:
    assert clean_upper(20) == pytest.approx(0.1391, abs=1e-4)
    assert clean_upper(59) < 0.05 < clean_upper(58)
    assert clean_upper(0) == 1.0
