"""Thresholds moved by a judge's errors: the reference's example, error rates, the mirror, labels needed."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.inference.intervals import Interval, clopper_pearson_lower, clopper_pearson_upper
from distill_tests.inference.judge_error import (
    Decision,
    JudgeLabels,
    JudgeRates,
    band,
    decided,
    fewer_than,
    judge_rates,
    rogan_gladen,
    true_positives,
)
from distill_tests.inference.labels_needed import labels_needed, labels_to_decide

LABELS = JudgeLabels(positives=100, found=92, negatives=100, false_alarms=1)

shares = st.floats(0, 1)
intervals = st.tuples(shares, shares).map(lambda pair: Interval(min(pair), max(pair)))
rates = st.builds(JudgeRates, intervals, intervals)


# --- the estimate -----------------------------------------------------------------------------------


def test_rogan_gladen_takes_the_judges_errors_out() -> None:
    found = rogan_gladen(0.01 + 0.2 * 0.91, sensitivity=0.92, false_positive_rate=0.01)
    assert found is not None
    assert found.rate == pytest.approx(0.2)
    assert not found.truncated


def test_a_corrected_rate_outside_0_to_1_is_cut_and_says_so() -> None:
    found = rogan_gladen(0.005, sensitivity=0.92, false_positive_rate=0.01)
    assert found is not None
    assert (found.rate, found.truncated) == (0.0, True)
    assert found.untruncated == pytest.approx(-0.005 / 0.91)


@given(shares, shares, shares)
def test_rogan_gladen_undoes_what_the_judge_does(p: float, sensitivity: float, alarms: float) -> None:
    found = rogan_gladen(
        alarms + p * (sensitivity - alarms) if sensitivity > alarms else 0.5,
        sensitivity=sensitivity,
        false_positive_rate=alarms,
    )
    assert (found is None) == (sensitivity <= alarms)
    if found is not None and sensitivity - alarms > 1e-3:
        assert found.rate == pytest.approx(p, abs=1e-9)


# --- the band ---------------------------------------------------------------------------------------


def test_the_references_example_comes_out() -> None:
    """gates.md: t = .10, 100 + 100 labels, Se .92, FPR .01: pass below .084, fail above .153."""
    found = band(0.10, judge_rates(LABELS))
    assert found.low == pytest.approx(0.084, abs=0.0005)
    assert found.high == pytest.approx(0.153, abs=0.0005)
    assert found.gate_alpha == 0.025


def test_between_its_ends_the_judge_is_too_coarse() -> None:
    found = band(0.10, judge_rates(LABELS))
    assert decided(found, 0.02, 0.083) is Decision.PASSED
    assert decided(found, 0.154, 0.2) is Decision.FAILED
    assert decided(found, 0.09, 0.1) is Decision.UNDECIDED
    assert decided(found, 0.0, 0.9) is Decision.UNDECIDED


def test_an_at_least_gate_passes_above_the_band_and_fails_below_it() -> None:
    found = band(0.10, judge_rates(LABELS))
    assert decided(found, 0.154, 0.2, at_most=False) is Decision.PASSED
    assert decided(found, 0.02, 0.083, at_most=False) is Decision.FAILED
    assert decided(found, 0.09, 0.1, at_most=False) is Decision.UNDECIDED


@given(shares, rates)
def test_at_least_mirrors_at_most(threshold: float, found: JudgeRates) -> None:
    """What the judge misses of the positives are its false alarms about the negatives."""
    mirrored = JudgeRates(
        Interval(1 - found.false_positive_rate.high, 1 - found.false_positive_rate.low),
        Interval(1 - found.sensitivity.high, 1 - found.sensitivity.low),
    )
    there = band(threshold, found)
    back = band(1 - threshold, mirrored)
    if there.low is not None and back.high is not None:
        assert back.high == pytest.approx(1 - there.low)
    if there.high is not None and back.low is not None:
        assert back.low == pytest.approx(1 - there.high)


@given(shares, rates, st.integers(1, 300))
def test_a_set_of_its_own_size_widens_the_band_to_the_next_count_at_least(
    threshold: float, found: JudgeRates, declared: int
) -> None:
    """A set above the threshold holds a whole positive more than is allowed: up to one count closer."""
    free, bound = band(threshold, found), band(threshold, found, declared=declared)
    one = 1 / declared + 1e-9
    if math.floor(threshold * declared + 1e-9) == declared:
        assert bound.low in (None, 1.0), "no set is above such a threshold"
        return
    assert bound.low is None or free.low is None or bound.low <= free.low + one
    assert bound.high is None or free.high is None or bound.high >= free.high - one


@given(shares, shares, st.integers(1, 40), st.integers(0, 40), st.integers(0, 40))
def test_chernoffs_bound_is_never_below_the_exact_chance(
    found: float, alarms: float, declared: int, positives: int, count: int
) -> None:
    """Against the convolution of two binomial distributions."""
    positives = min(positives, declared)
    chances = [1.0]
    for chance in [found] * positives + [alarms] * (declared - positives):
        chances = [
            (chances[k] * (1 - chance) if k < len(chances) else 0.0) + (chances[k - 1] * chance if k else 0.0)
            for k in range(len(chances) + 1)
        ]
    exact = sum(chances[: count + 1])
    assert math.exp(fewer_than(count, positives, declared, found, alarms)) >= exact - 1e-9


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 30),
    st.floats(0.5, 1),
    st.floats(0, 0.4),
    st.integers(0, 60),
    st.sampled_from([0.01, 0.05]),
)
def test_a_set_has_no_more_positives_than_its_band_says(
    declared: int, found: float, alarms: float, raised: int, alpha: float
) -> None:
    """The upper end is at most a threshold just where the judged rate is within that threshold's band."""
    rates = JudgeRates(Interval(found, 1.0), Interval(alarms, 0.45))
    judged = min(raised, declared) / declared
    most = true_positives(Interval(judged, judged), rates, declared=declared, alpha=alpha).high
    for allowed in range(declared):
        end = band(allowed / declared, rates, alpha=4 * alpha, declared=declared).low
        if end is None or abs(judged - end) > 1e-9:
            assert (most <= allowed / declared) == (end is not None and judged <= end)


@given(st.integers(0, 60), st.integers(0, 60))
def test_more_labels_like_those_seen_narrow_the_band(found: int, alarms: int) -> None:
    few = band(0.1, judge_rates(JudgeLabels(60, found, 60, alarms)))
    many = band(0.1, judge_rates(JudgeLabels(600, 10 * found, 600, 10 * alarms)))
    assert many.width <= few.width


def test_without_negative_labels_a_gate_can_pass_and_never_fail() -> None:
    found = band(0.1, judge_rates(JudgeLabels(100, 92, 0, 0)))
    assert found.high is None
    assert decided(found, 0.0, 0.01) is Decision.PASSED
    assert decided(found, 0.99, 1.0) is Decision.UNDECIDED


def test_a_judge_not_shown_to_tell_right_from_wrong_decides_nothing() -> None:
    found = band(0.5, judge_rates(JudgeLabels(0, 0, 0, 0)))
    assert (found.low, found.high, found.width) == (None, None, 1.0)
    for at_most in (True, False):
        for judged in (0.0, 0.5, 1.0):
            assert decided(found, judged, judged, at_most=at_most) is Decision.UNDECIDED


# --- error rates ------------------------------------------------------------------------------------


def drawn(rng: random.Random, n: int, p: float) -> int:
    return sum(rng.random() < p for _ in range(n))


@pytest.mark.parametrize(("truth", "wrong"), [(0.101, Decision.PASSED), (0.0999, Decision.FAILED)])
def test_wrong_verdicts_at_the_boundary_stay_below_alpha(truth: float, wrong: Decision) -> None:
    rng, sensitivity, alarms, n, rounds, errors = random.Random(5), 0.9, 0.05, 400, 600, 0
    for _ in range(rounds):
        labels = JudgeLabels(150, drawn(rng, 150, sensitivity), 150, drawn(rng, 150, alarms))
        found = band(0.1, judge_rates(labels, alpha=0.1), alpha=0.1)
        judged = drawn(rng, n, truth * sensitivity + (1 - truth) * alarms)
        low = clopper_pearson_lower(judged, n, confidence=1 - found.gate_alpha)
        high = clopper_pearson_upper(judged, n, confidence=1 - found.gate_alpha)
        errors += decided(found, low, high) is wrong
    assert errors <= 0.1 * rounds


def test_with_many_labels_a_set_asked_in_full_needs_room_for_the_judges_luck() -> None:
    """101 of 1,000 are positive, one more than allowed: judged rates scatter although nothing was sampled."""
    rng, rounds, careless, careful = random.Random(6), 300, 0, 0
    rates = judge_rates(JudgeLabels(40_000, 36_800, 40_000, 400))
    free, bound = band(0.1, rates), band(0.1, rates, declared=1000)
    for _ in range(rounds):
        judged = (drawn(rng, 101, 0.92) + drawn(rng, 899, 0.01)) / 1000
        careless += decided(free, judged, judged) is Decision.PASSED
        careful += decided(bound, judged, judged) is Decision.PASSED
    assert careless > 0.1 * rounds
    assert careful <= 0.05 * rounds


# --- which labels would help ------------------------------------------------------------------------


def width_with(positives: int, negatives: int) -> float:
    labels = JudgeLabels(positives, round(0.92 * positives), negatives, round(0.01 * negatives))
    return band(0.1, judge_rates(labels)).width


def test_at_a_low_threshold_negative_labels_are_what_is_missing() -> None:
    more = labels_needed(0.1, LABELS, width=0.03)
    assert more is not None
    assert more.negatives > 3 * more.positives
    assert str(more) == f"about {more.positives} more positive and {more.negatives} more negative labels"


@pytest.mark.parametrize("width", [0.06, 0.04, 0.02])
def test_that_many_labels_make_the_band_that_narrow_and_fewer_do_not(width: float) -> None:
    more = labels_needed(0.1, LABELS, width=width)
    assert more is not None
    assert width_with(100 + more.positives, 100 + more.negatives) <= width * 1.05
    assert width_with(100 + more.positives // 2, 100 + more.negatives // 2) > width


def test_no_labels_are_needed_for_a_band_that_is_narrow_enough() -> None:
    assert labels_needed(0.1, LABELS, width=0.07) == (0, 0)


def test_labels_to_decide_move_the_band_off_the_judged_rate() -> None:
    more = labels_to_decide(0.1, LABELS, 0.085, 0.09)
    assert more is not None
    positives, negatives = 100 + more.positives, 100 + more.negatives
    labels = JudgeLabels(positives, round(0.92 * positives), negatives, round(0.01 * negatives))
    assert decided(band(0.1, judge_rates(labels)), 0.085, 0.0899) is Decision.PASSED


def test_what_is_decided_needs_no_more_labels() -> None:
    assert labels_to_decide(0.1, LABELS, 0.01, 0.05) == (0, 0)


def test_a_sort_without_any_labels_needs_some() -> None:
    more = labels_needed(0.1, JudgeLabels(0, 0, 1000, 10), width=0.9)
    assert more is not None
    assert more.positives >= 1


def test_no_number_of_labels_decides_a_judged_rate_across_the_corrected_threshold() -> None:
    corrected = 0.1 * 0.92 + 0.9 * 0.01
    assert labels_to_decide(0.1, LABELS, corrected - 0.01, corrected + 0.01) is None
    assert labels_to_decide(0.1, JudgeLabels(10, 10, 0, 0), 0.3, 0.4) is None
    assert labels_needed(0.1, LABELS, width=1e-6) is None


# --- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [-0.1, 1.1, math.nan])
def test_a_threshold_outside_the_scale_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=r"threshold .* is no share"):
        band(threshold, judge_rates(LABELS))


def test_impossible_numbers_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="101 of 100 is no share"):
        judge_rates(JudgeLabels(100, 101, 100, 1))
    with pytest.raises(ValueError, match="alpha 0"):
        judge_rates(LABELS, alpha=0)
    with pytest.raises(ValueError, match="a set of 0 cells"):
        band(0.1, judge_rates(LABELS), declared=0)
    with pytest.raises(ValueError, match=r"0\.4 to 0\.2 is no interval"):
        decided(band(0.1, judge_rates(LABELS)), 0.4, 0.2)
    with pytest.raises(ValueError, match="judged nan"):
        rogan_gladen(math.nan, sensitivity=0.9, false_positive_rate=0.1)
    with pytest.raises(ValueError, match="no number of labels"):
        labels_needed(0.1, LABELS, width=0)
