"""The bet itself: fair by exhaustion, monotone, and one number with its bound."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from distill_tests.inference.eprocess import LARGER, SMALLER, Bet, Mixture, least_refuted

ALPHAS = (0.05, 0.2, 0.4)
LEVELS = (0.0, 0.1, 0.25, 0.5, 0.6, 0.9, 1.0)

sizes = st.one_of(st.none(), st.integers(1, 40))
halves = st.sampled_from((0.0, 0.25, 0.5, 0.75, 1.0))
values = st.one_of(st.lists(st.sampled_from((0.0, 1.0)), max_size=40), st.lists(halves, max_size=40))


def settled(bet: Bet, draws: Sequence[float]) -> list[float]:
    """The capital after each draw, until the level is refuted."""
    found = []
    for value in draws:
        if bet.refuted:
            break
        bet.add(value)
        found.append(bet.capital)
    return found


def orders(ones: int, size: int) -> Iterator[tuple[float, ...]]:
    """Every order of a set with so many ones, each once: all are equally likely."""
    for places in itertools.combinations(range(size), ones):
        yield tuple(float(place in places) for place in range(size))


def slow_mixture(draws: Sequence[float], mixture: Mixture, level: Fraction, size: int) -> Fraction:
    """The mixture without a cap, from its definition, in exact numbers."""
    capital = Fraction(0)
    for weight, ratio in zip(mixture.weights, mixture.ratios, strict=True):
        origin = Fraction(mixture.origin)
        guess = origin + Fraction(str(ratio)) * (level - origin)
        part, total = Fraction(str(weight)), Fraction(0)
        for n, value in enumerate(map(Fraction, draws)):
            mean = (size * level - total) / (size - n)
            if not 0 < mean < 1:
                break
            staked = min(max((size * guess - total) / (size - n), Fraction(0)), Fraction(1))
            part *= value * staked / mean + (1 - value) * (1 - staked) / (1 - mean)
            total += value
        capital += part
    return capital


@pytest.mark.parametrize("level", ["0.2", "0.5", "0.7"])
@pytest.mark.parametrize("draws", [(0, 0, 1, 0, 0, 0), (1, 0, 1, 1), (0.5, 0, 0.25, 1, 0), (0, 0, 0, 0, 0)])
def test_the_capital_is_the_formula_in_exact_numbers(level: str, draws: tuple[float, ...]) -> None:
    mixture = SMALLER if Fraction(level) <= Fraction(1, 2) else LARGER
    bet = Bet(float(level), 12, 1e-9, capped=False)
    settled(bet, draws)
    assert bet.capital == pytest.approx(float(slow_mixture(draws, mixture, Fraction(level), 12)), rel=1e-12)


def test_one_part_of_the_capital_is_the_hypergeometric_likelihood_ratio() -> None:
    size, level, draws = 200, 0.2, [0.0] * 9 + [1.0] + [0.0] * 10
    bet = Bet(level, size, 1e-9, capped=False)
    settled(bet, draws)
    likelihood = {hits: hypergeom.pmf(1, size, hits, len(draws)) for hits in (0, 12, 24, 32, 40)}
    parts = [w * likelihood[h] for w, h in zip(SMALLER.weights, (0, 12, 24, 32), strict=True)]
    assert bet.capital == pytest.approx(sum(parts) / likelihood[40], rel=1e-9)


def test_with_replacement_no_hit_gives_the_closed_form() -> None:
    bet = Bet(0.1, None, 1e-9, capped=False)
    settled(bet, [0.0] * 30)
    terms = zip(SMALLER.weights, SMALLER.ratios, strict=True)
    assert bet.capital == pytest.approx(sum(w * ((1 - 0.1 * r) / 0.9) ** 30 for w, r in terms), rel=1e-12)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("size", [1, 2, 5, 9])
def test_no_set_at_or_above_the_level_refutes_it_more_often_than_alpha(
    level: float, size: int, alpha: float
) -> None:
    for ones in range(math.ceil(level * size - 1e-9), size + 1):
        refuted = []
        for order in orders(ones, size):
            bet = Bet(level, size, alpha)
            settled(bet, order)
            refuted.append(bet.refuted)
        assert sum(refuted) <= alpha * len(refuted) + 1e-9


@pytest.mark.parametrize("ones", range(9))
@pytest.mark.parametrize("level", [0.25, 0.5, 0.75])
def test_the_bound_lies_below_the_mean_with_at_most_alpha_whenever_one_looks(level: float, ones: int) -> None:
    size, alpha, missed, all_orders = 8, 0.2, 0, 0
    for order in orders(ones, size):
        bet = Bet(level, size, alpha)
        settled(bet, order)
        all_orders += 1
        missed += bet.refutes(ones / size)
    assert missed <= alpha * all_orders + 1e-9


@pytest.mark.parametrize(
    "cells", [(0.5,) * 6, (0.0, 0.0, 0.5, 0.5, 1.0, 1.0), (0.1, 0.2, 0.3, 0.9, 1.0, 0.0)]
)
@pytest.mark.parametrize("alpha", [0.2, 0.4])
def test_scores_between_0_and_1_are_bet_on_fairly_too(cells: tuple[float, ...], alpha: float) -> None:
    mean = sum(cells) / len(cells)
    for level in (mean, mean - 0.1, mean - 0.3):
        refuted = []
        for order in itertools.permutations(cells):
            bet = Bet(level, len(cells), alpha)
            settled(bet, order)
            refuted.append(bet.refuted or bet.refutes(mean))
        assert sum(refuted) <= alpha * len(refuted) + 1e-9


def test_the_cap_uses_up_what_the_plain_mixture_leaves_of_alpha() -> None:
    def refuted(capped: bool) -> float:
        found = []
        for order in orders(4, 12):
            bet = Bet(4 / 12, 12, 0.2, capped=capped)
            settled(bet, order)
            found.append(bet.refuted)
        return sum(found) / len(found)

    assert refuted(capped=False) < refuted(capped=True) <= 0.2


@settings(deadline=None)
@given(values, st.sampled_from(LEVELS), st.sampled_from(ALPHAS))
def test_the_capital_against_the_level_is_the_one_bet_with(
    draws: list[float], level: float, alpha: float
) -> None:
    bet = Bet(level, 50, alpha)
    capitals = settled(bet, draws)
    assert list(bet.capitals(level)) == pytest.approx(capitals)
    assert bet.refuted == any(capital >= bet.goal for capital in capitals)


@settings(max_examples=60, deadline=None)
@given(values, st.sampled_from(LEVELS), st.sampled_from(ALPHAS), sizes)
def test_what_refutes_a_mean_refutes_every_larger_one(
    draws: list[float], level: float, alpha: float, size: int | None
) -> None:
    bet = Bet(level, size, alpha)
    capitals = settled(bet, draws[:size])
    draws = draws[: len(capitals)]
    low = level
    high = 1.0 if size is None else (sum(draws) + size - len(draws)) / size
    means = [low + (high - low) * step / 20 for step in range(20) if high > low]
    peaks = [min(bet.goal, max([1.0, *bet.capitals(mean)])) for mean in means]
    assert all(a <= b * (1 + 1e-9) for a, b in itertools.pairwise(peaks))


@settings(deadline=None)
@given(values, st.sampled_from(LEVELS), st.sampled_from(ALPHAS), sizes)
def test_the_level_is_refuted_if_and_only_if_the_bound_reaches_it(
    draws: list[float], level: float, alpha: float, size: int | None
) -> None:
    bet = Bet(level, size, alpha)
    settled(bet, draws[:size])
    if level < 1.0:
        assert (bet.bound(0.0, 1.0) <= level) == bet.refuted


def test_a_score_near_the_best_is_not_held_back_for_ever() -> None:
    bet = Bet(0.5, None, 0.05)
    assert len(settled(bet, [0.0] * 3 + [0.25] * 60)) < 25


def test_bisection_ends_on_the_refuted_side() -> None:
    assert 0.3 <= least_refuted(lambda mean: mean >= 0.3, 0.0, 1.0) <= 0.3 + 1e-8
