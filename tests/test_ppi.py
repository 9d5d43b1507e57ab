"""Estimates from a partly labelled run: right whatever the judge gets wrong, sharper the better it is."""

from __future__ import annotations

import math
import random
from statistics import fmean, pvariance

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from distill_tests.inference.clustered import clustered_mean
from distill_tests.inference.ppi import drawn_for_labels, judge_weight, ppi_mean, rectified

NAMES = [f"answer-{i}" for i in range(2000)]


def run(
    rng: random.Random, *, n: int = 400, truth: float = 0.2, error: float = 0.1, share: float = 0.3
) -> tuple[list[float], list[float], list[float | None]]:
    """Truth, judged values, and labels where drawn."""
    true = [float(rng.random() < truth) for _ in range(n)]
    judged = [1 - y if rng.random() < error else y for y in true]
    return true, judged, [y if rng.random() < share else None for y in true]


# --- the sheet ------------------------------------------------------------------------------------------


def test_the_sheet_is_the_same_on_every_machine_and_whatever_else_is_in_the_run() -> None:
    drawn = drawn_for_labels(NAMES, share=0.25, seed=7)
    assert drawn[:3] == ("answer-3", "answer-16", "answer-23")
    assert set(drawn_for_labels(NAMES[::3], share=0.25, seed=7)) == set(drawn) & set(NAMES[::3])
    assert drawn_for_labels(NAMES, share=0.25, seed=8) != drawn


def test_the_sheet_holds_its_share_and_a_larger_share_holds_the_smaller() -> None:
    some, more = (drawn_for_labels(NAMES, share=share, seed=1) for share in (0.25, 0.5))
    assert len(some) == pytest.approx(500, abs=80)
    assert set(some) < set(more)
    assert drawn_for_labels(NAMES, share=1.0) == tuple(NAMES)


# --- the estimate -----------------------------------------------------------------------------------------


def test_z_is_the_judged_value_and_the_labelled_error_by_its_chance() -> None:
    assert rectified([1, 0, 1], [1, 1, None], share=0.5) == [1, 2, 1]
    assert rectified([1, 0, 1], [0, 1, None], share=0.5, weight=0.5) == [0.5 - 1, 2, 0.5]


def test_untuned_the_estimate_is_the_mean_of_z_with_its_cluster_robust_interval() -> None:
    _, judged, labels = run(random.Random(2))
    clusters = [{"framing": f"f{i % 100}"} for i in range(400)]
    found = ppi_mean(judged, labels, clusters, share=0.3)
    plain = clustered_mean(rectified(judged, labels, share=0.3), clusters)
    assert (found.value, found.clusters) == (plain.value, {"framing": 100})
    assert found.high == pytest.approx(plain.high)
    assert found.low == pytest.approx(plain.low)
    labelled = sum(y is not None for y in labels)
    assert found.method.startswith(f"prediction-powered, {labelled} of 400 labelled at random (chance 0.3)")
    assert "judge's weight 1; cluster-robust, t on 99 df" in found.method


def test_without_clusters_it_is_the_published_formula() -> None:
    _, judged, labels = run(random.Random(3))
    z = rectified(judged, labels, share=0.3)
    half = t.ppf(0.975, 399) * math.sqrt(pvariance(z) * 400 / 399 / 400)
    found = ppi_mean(judged, labels, [{}] * 400, share=0.3)
    assert found.value == pytest.approx(fmean(z))
    assert found.high == pytest.approx(fmean(z) + half)


@given(st.integers(0, 50), st.floats(0.05, 1.0))
def test_the_tuned_weight_is_the_one_under_which_z_varies_least(seed: int, share: float) -> None:
    _, judged, labels = run(random.Random(seed), n=60, error=0.3, share=share)
    best = judge_weight(judged, labels, share=share)
    least = pvariance(rectified(judged, labels, share=share, weight=best))
    for weight in (0.0, 0.25, 0.5, 0.75, 1.0):
        z = rectified(judged, labels, share=share, weight=weight)
        if any(y is not None and y != f for f, y in zip(judged, labels, strict=True)):
            assert least <= pvariance(z) + 1e-9


def test_a_good_judge_sharpens_and_a_coin_does_not_bias() -> None:
    """Over many draws: the same mean, and a third less width than the labels alone would give."""
    widths = {"good": 0.0, "labels": 0.0}
    coin = []
    for seed in range(60):
        rng = random.Random(seed)
        _, judged, labels = run(rng, error=0.03)
        found = ppi_mean(judged, labels, [{}] * 400, share=0.3, tuned=True)
        alone = [y for y in labels if y is not None]
        widths["good"] += (found.high or 0) - (found.low or 0)
        widths["labels"] += 2 * 1.96 * math.sqrt(pvariance(alone) / len(alone))
        _, judged, labels = run(rng, error=0.5)
        coin.append(ppi_mean(judged, labels, [{}] * 400, share=0.3).value or 0)
    assert widths["good"] < 0.7 * widths["labels"]
    assert fmean(coin) == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(("error", "tuned"), [(0.0, False), (0.05, False), (0.5, False), (0.5, True)])
def test_the_interval_for_the_declared_set_covers_its_mean(error: float, tuned: bool) -> None:
    covered, rounds = 0, 200
    for seed in range(rounds):
        true, judged, labels = run(random.Random(seed), error=error)
        found = ppi_mean(judged, labels, [{}] * 400, share=0.3, claim="declared-set", tuned=tuned)
        covered += (found.low or 0) <= fmean(true) <= (found.high or 0)
    assert covered >= (0.9 if tuned else 0.93) * rounds


def test_the_interval_for_a_population_covers_over_new_clusters() -> None:
    covered, rounds = 0, 150
    for seed in range(rounds):
        rng = random.Random(seed)
        judged, labels, clusters = [], [], []
        for cluster in range(25):
            risk = rng.betavariate(0.8, 3.2)
            _, f, y = run(rng, n=16, truth=risk, error=0.1, share=0.4)
            judged += f
            labels += y
            clusters += [{"framing": f"f{cluster}"}] * 16
        found = ppi_mean(judged, labels, clusters, share=0.4)
        covered += (found.low or 0) <= 0.2 <= (found.high or 0)
    assert covered >= 0.9 * rounds


def test_with_every_answer_labelled_the_declared_set_is_known() -> None:
    true, judged, _ = run(random.Random(1))
    found = ppi_mean(judged, list(true), [{}] * 400, share=1.0, claim="declared-set")
    assert found.low == found.high == found.value == pytest.approx(fmean(true))


def test_no_disagreement_seen_leaves_room_for_those_not_seen() -> None:
    judged = [0.0] * 400
    labels: list[float | None] = [0.0 if i % 4 == 0 else None for i in range(400)]
    clusters = [{"framing": f"f{i % 20}"} for i in range(400)]
    for claim in ("declared-set", "population"):
        found = ppi_mean(judged, labels, clusters, share=0.25, claim=claim)
        assert (found.value, found.low) == (0.0, 0.0)
        assert (found.high or 0) >= 0.03
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 5))  # labels stand under 5 framings only


def test_an_estimate_outside_the_scale_is_cut_and_says_so() -> None:
    judged = [0.0] * 50 + [1.0] * 4
    labels: list[float | None] = [*[None] * 50, 0.0, 0.0, None, None]
    found = ppi_mean(judged, labels, [{}] * 54, share=0.1)
    assert found.value == found.low == 0.0
    assert "cut to the scale from -" in found.method


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("judged", "labels", "words"),
    [
        ([0.0, 1.0], [1.0], "2 judged answers and 1 labels"),
        ([0.0, 7.0], [1.0, 1.0], "the value 7 is outside the scale"),
        ([0.0, math.nan], [1.0, 1.0], "the value nan is outside the scale"),
        ([0.0, 1.0], [1.0, None], "1 labels carry no estimate"),
        ([], [], "0 labels carry no estimate"),
    ],
)
def test_what_cannot_be_estimated_from_is_refused(
    judged: list[float], labels: list[float | None], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        ppi_mean(judged, labels, [{}] * len(judged), share=0.5)


@pytest.mark.parametrize("share", [0.0, 1.1, -1.0, math.nan])
def test_a_share_that_labels_nothing_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="labels nothing"):
        drawn_for_labels(NAMES, share=share)
    with pytest.raises(ValueError, match="labels nothing"):
        ppi_mean([0.0, 1.0], [0.0, 1.0], [{}, {}], share=share)


def test_labels_under_one_cluster_give_a_value_and_no_interval_for_a_population() -> None:
    found = ppi_mean([0.0, 1.0, 1.0], [0.0, 1.0, None], [{"framing": "f"}] * 3, share=0.5)
    assert found.value is not None
    assert (found.low, found.high) == (None, None)
    assert "no interval: 1 framing" in found.method
