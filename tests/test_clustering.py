"""What clustered values are worth, and intervals that say no more than the clusters carry."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, t

from distill_tests.inference.clustered import clustered_mean, clustered_rate, templates_needed
from distill_tests.inference.clustering import cluster_variance, design, labels_by_factor
from distill_tests.inference.intervals import clean_upper, clopper_pearson, wilson
from tests.clustered_answers import answers, true_rate

Clusters = list[dict[str, str]]


def grouped(*groups: Sequence[float]) -> tuple[list[float], Clusters]:
    values = [value for group in groups for value in group]
    return values, [{"framing": f"f{i}"} for i, group in enumerate(groups) for _ in group]


@st.composite
def grids(draw: st.DrawFn) -> tuple[list[float], Clusters]:
    """0/1 answers of some cells of a grid of framings and questions, two or more of each."""
    cells = list(product(range(draw(st.integers(2, 6))), range(draw(st.integers(2, 6)))))
    kept = [cell for cell in cells if draw(st.booleans())]
    kept += [(0, 0), (1, 1)]
    values = [float(draw(st.booleans())) for _ in kept]
    return values, [{"framing": f"f{f}", "question": f"q{q}"} for f, q in kept]


# --- correlation, design effect, effective n --------------------------------------------------------


def test_the_intra_class_correlation_is_that_of_the_analysis_of_variance() -> None:
    [factor] = design(*grouped((1, 2, 3), (4, 5, 6))).factors
    assert factor.icc == pytest.approx((13.5 - 1) / (13.5 + 2 * 1))  # MSB 13.5, MSW 1, three a group
    assert (factor.name, factor.clusters, factor.size) == ("framing", 2, 3)


def test_a_negative_correlation_is_shown_and_never_makes_answers_worth_more_than_they_are() -> None:
    found = design(*grouped((0, 1), (0, 1), (0, 1), (0, 1)))
    assert found.factors[0].icc == pytest.approx(-1)
    assert found.design_effect == pytest.approx(1)
    assert found.effective_n == pytest.approx(8)


def test_answers_that_repeat_within_a_framing_are_worth_about_one_each_framing() -> None:
    found = design(*grouped(*([float(i % 2)] * 50 for i in range(20))))
    assert found.factors[0].icc == pytest.approx(1)
    assert found.effective_n == pytest.approx(20, rel=0.06)


def test_without_variation_each_cluster_counts_once_and_no_correlation_is_claimed() -> None:
    found = design(*grouped(*([0.0] * 10 for _ in range(20))))
    assert found.factors[0].icc is None
    assert found.effective_n == 20
    assert "20 clusters, intra-class correlation unknown" in str(found)


def test_values_without_labels_stand_for_themselves() -> None:
    found = design([0, 1, 1, 0, 1], [{}] * 5)
    assert found.factors == ()
    assert found.effective_n == pytest.approx(5)


def test_published_size_answers_are_worth_a_tenth_of_their_number() -> None:
    found = design(*answers(random.Random(1), questions=50))
    assert found.design_effect is not None
    assert 5 < found.design_effect < 20
    assert str(found).startswith("framing: 20 clusters, intra-class correlation 0.")


def slow_variance(values: list[float], clusters: Clusters) -> float:
    """Two-way cluster-robust, pair by pair."""
    n, mean = len(values), math.fsum(values) / len(values)

    def term(*names: str) -> float:
        label = [tuple(c[name] for name in names) for c in clusters]
        groups = len(set(label))
        pairs = sum(
            (values[i] - mean) * (values[j] - mean)
            for i in range(n)
            for j in range(n)
            if label[i] == label[j]
        )
        return pairs / n**2 * groups / (groups - 1)

    one_way = term("framing"), term("question")
    return max(sum(one_way) - term("framing", "question"), *one_way)


@given(grids())
def test_the_two_way_variance_agrees_with_a_slow_sum_over_pairs(grid: tuple[list[float], Clusters]) -> None:
    values, clusters = grid
    columns = labels_by_factor(clusters, n=len(values))
    assert cluster_variance(values, columns) == pytest.approx(slow_variance(values, clusters), abs=1e-12)


def test_where_the_two_way_variance_is_not_positive_answers_count_as_independent_at_best() -> None:
    clusters = [{"framing": f, "question": q} for f in "ab" for q in "xy"]
    assert cluster_variance([1, 0, 0, 1], labels_by_factor(clusters, n=4)) == 0
    assert design([1, 0, 0, 1], clusters).effective_n == pytest.approx(4)


# --- intervals ---------------------------------------------------------------------------------------


def test_korn_graubard_is_clopper_pearson_at_the_effective_n_shrunk_by_t() -> None:
    values, clusters = answers(random.Random(3))
    found, estimate = design(values, clusters), clustered_rate(values, clusters)
    assert found.effective_n is not None
    n = found.effective_n * (t.ppf(0.975, found.n - 1) / t.ppf(0.975, 19)) ** 2
    k = found.mean * n
    assert estimate.low == pytest.approx(beta.ppf(0.025, k, n - k + 1), abs=1e-9)
    assert estimate.high == pytest.approx(beta.isf(0.025, k + 1, n - k), abs=1e-9)
    assert estimate.clusters == {"framing": 20, "question": 25}
    assert estimate.method.startswith("Korn-Graubard, 95 % two-sided; framing: 20 clusters")


def test_the_interval_of_a_mean_is_student_t_on_the_fewest_clusters() -> None:
    values, clusters = grouped((1.0, 2.0), (2.5, 3.0), (4.0, 4.5), (1.5, 5.0))
    found, estimate = design(values, clusters), clustered_mean(values, clusters)
    assert found.variance is not None
    assert estimate.value == found.mean
    assert estimate.high == pytest.approx(found.mean + t.ppf(0.975, 3) * math.sqrt(found.variance))


def test_no_hit_under_twenty_framings_bounds_the_rate_as_twenty_answers_would() -> None:
    values, clusters = grouped(*([0.0] * 50 for _ in range(20)))
    estimate = clustered_rate(values, clusters, level=0.9)
    assert estimate.low == 0.0
    assert estimate.high == pytest.approx(1 - 0.05 ** (1 / 20))
    assert clustered_mean(values, clusters, level=0.9, scale=(0, 1)).high == pytest.approx(estimate.high)


def test_one_hit_never_claims_more_than_none() -> None:
    clean, clusters = grouped(*([0.0] * 10 for _ in range(20)))
    hit = [1.0, *clean[1:]]
    assert (clustered_rate(hit, clusters).high or 0) >= (clustered_rate(clean, clusters).high or 1)


def test_equal_scores_inside_the_scale_have_an_interval_with_both_ends() -> None:
    values, clusters = grouped(*([3.0] * 4 for _ in range(20)))
    estimate = clustered_mean(values, clusters, scale=(1, 5))
    beyond = clean_upper(20, confidence=0.975)
    assert (estimate.low, estimate.high) == pytest.approx((3 - 2 * beyond, 3 + 2 * beyond))


def test_equal_scores_without_a_scale_have_a_value_and_no_interval() -> None:
    estimate = clustered_mean(*grouped([3.0, 3.0], [3.0]))
    assert (estimate.value, estimate.low, estimate.high) == (3.0, None, None)
    assert estimate.method == "no interval: all values are equal, and no scale bounds them"


def test_rounding_noise_is_no_variation() -> None:
    noisy, clusters = grouped([0.1 + 0.2], [0.3], [0.3])
    assert clustered_mean(noisy, clusters, scale=(0, 1)).low == pytest.approx(
        0.3 - 0.3 * clean_upper(3, confidence=0.975)
    )


@pytest.mark.parametrize("values", [[0.0, 1.0], [0.0, 0.0]])
def test_one_cluster_gives_a_value_and_says_why_there_is_no_interval(values: list[float]) -> None:
    for estimate in (clustered_rate(*grouped(values)), clustered_mean(*grouped(values), scale=(0, 1))):
        assert (estimate.low, estimate.high) == (None, None)
        assert estimate.value == sum(values) / 2
        assert estimate.method == "no interval: 1 framing; it takes two or more"


@given(grids(), st.floats(0.5, 0.99))
def test_an_interval_has_width_holds_what_was_seen_and_mirrors(
    grid: tuple[list[float], Clusters], level: float
) -> None:
    values, clusters = grid
    mirrored = [1 - value for value in values]
    for estimate, mirror in (
        (clustered_rate(values, clusters, level=level), clustered_rate(mirrored, clusters, level=level)),
        (
            clustered_mean(values, clusters, level=level, scale=(0, 1)),
            clustered_mean(mirrored, clusters, level=level, scale=(0, 1)),
        ),
    ):
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.value is not None
        assert mirror.low is not None
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
        assert estimate.low < estimate.high
        assert mirror.low == pytest.approx(1 - estimate.high, abs=1e-9)


@given(grids(), st.randoms(use_true_random=False))
def test_neither_the_order_of_values_nor_the_names_of_clusters_count(
    grid: tuple[list[float], Clusters], shuffler: random.Random
) -> None:
    values, clusters = grid
    rows = [(v, {name: f"other {label}" for name, label in c.items()}) for v, c in zip(*grid, strict=True)]
    shuffler.shuffle(rows)
    again = clustered_rate([v for v, _ in rows], [c for _, c in rows])
    once = clustered_rate(values, clusters)
    assert (again.low, again.high) == pytest.approx((once.low, once.high), abs=1e-9)


@given(grids())
def test_an_interval_is_never_narrower_than_that_of_as_many_independent_answers_as_clusters_were_clean(
    grid: tuple[list[float], Clusters],
) -> None:
    values, clusters = grid
    fewest = design(values, clusters).fewest
    low, high = (clustered_rate(values, clusters).low or 0), (clustered_rate(values, clusters).high or 0)
    assert high >= clopper_pearson(0, fewest).high - 1e-12
    assert low <= clopper_pearson(fewest, fewest).low + 1e-12


def test_clustered_intervals_cover_new_framings_and_questions_where_a_naive_one_does_not() -> None:
    """gates.md: nominal 95 %: naive Wilson 43 %, Korn-Graubard 92 %."""
    truth, rounds = true_rate(), 400
    covered = {"naive": 0, "rate": 0, "mean": 0}
    for seed in range(rounds):
        values, clusters = answers(random.Random(seed))
        rate, mean = clustered_rate(values, clusters), clustered_mean(values, clusters, scale=(0, 1))
        naive = wilson(round(sum(values)), len(values))
        covered["naive"] += naive.low <= truth <= naive.high
        covered["rate"] += (rate.low or 0) <= truth <= (rate.high or 0)
        covered["mean"] += (mean.low or 0) <= truth <= (mean.high or 0)
    assert covered["rate"] >= 0.9 * rounds
    assert covered["mean"] >= 0.9 * rounds
    assert covered["naive"] <= 0.65 * rounds


# --- what is refused -----------------------------------------------------------------------------------


def test_templates_needed_are_the_published_29_and_59() -> None:
    assert (templates_needed(0.10), templates_needed(0.05)) == (29, 59)
    assert templates_needed(1.0) == 1


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.5))
@settings(max_examples=50)
def test_that_many_clean_templates_certify_the_threshold_and_one_fewer_do_not(
    threshold: float, alpha: float
) -> None:
    needed = templates_needed(threshold, alpha)
    assert clean_upper(needed, confidence=1 - alpha) <= threshold + 1e-9
    assert needed == 1 or clean_upper(needed - 1, confidence=1 - alpha) >= threshold - 1e-9


@pytest.mark.parametrize(
    ("threshold", "alpha"), [(0, 0.05), (1.1, 0.05), (math.nan, 0.05), (0.1, 0), (0.1, 1)]
)
def test_what_no_number_of_templates_certifies_is_refused(threshold: float, alpha: float) -> None:
    with pytest.raises(ValueError, match=r"templates|alpha"):
        templates_needed(threshold, alpha)


@pytest.mark.parametrize(
    ("values", "clusters", "words"),
    [
        ([], [], "there are no values"),
        ([0.0, 1.0], [{}], "2 values and 1 sets of cluster labels"),
        ([0.0, 1.0], [{"framing": "a"}, {}], "value 1 has other cluster labels than the first: framing"),
        ([0.0, math.nan], [{}, {}], "value 1 is nan, no number"),
    ],
)
def test_values_that_cannot_be_used_are_refused_in_words(
    values: list[float], clusters: Clusters, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        design(values, clusters)


def test_values_outside_their_scale_are_refused() -> None:
    with pytest.raises(ValueError, match=r"the value 7 is outside the scale 1\.\.5"):
        clustered_mean([7.0, 1.0], [{}, {}], scale=(1, 5))
    with pytest.raises(ValueError, match=r"0 or 1, and one is 0\.5"):
        clustered_rate([0.5, 1.0], [{}, {}])


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, math.nan])
def test_a_level_outside_0_and_1_is_refused(level: float) -> None:
    for interval in (clustered_rate, clustered_mean):
        with pytest.raises(ValueError, match="confidence"):
            interval([0.0, 1.0], [{}, {}], level=level)
