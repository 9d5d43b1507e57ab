"""A judge against reference labels: known values, honest intervals, no number without a denominator."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.inference.agreement import agreement, cohen_kappa, confusion, confusion_counts
from distill_tests.inference.clustered import clustered_rate

Clusters = list[dict[str, str]]


def rows(tp: int, fp: int, fn: int, tn: int) -> tuple[list[bool], list[bool], Clusters]:
    """Rows by their four counts, two to a framing."""
    reference = [True] * tp + [False] * fp + [True] * fn + [False] * tn
    judged = [True] * (tp + fp) + [False] * (fn + tn)
    return reference, judged, [{"framing": f"f{i // 2}"} for i in range(len(reference))]


labels = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=3, max_size=40)


# --- known values -------------------------------------------------------------------------------------


def test_kappa_precision_and_recall_have_their_textbook_values() -> None:
    found = agreement(*rows(20, 5, 10, 15), resamples=200)
    assert found.confusion == (20, 5, 10, 15)
    assert found.kappa.value == pytest.approx(0.4)  # agreed 0.70, by chance 0.50
    assert found.precision.value == pytest.approx(20 / 25)
    assert found.recall.value == pytest.approx(20 / 30)
    assert found.specificity.value == pytest.approx(15 / 20)
    assert found.false_positive_rate.value == pytest.approx(5 / 20)


@given(labels)
@settings(max_examples=60)
def test_kappa_agrees_with_its_definition_over_any_number_of_classes(pairs: list[tuple[str, str]]) -> None:
    reference, judged = [a for a, _ in pairs], [b for _, b in pairs]
    n, classes = len(pairs), set(reference) | set(judged)
    agreed = sum(a == b for a, b in pairs) / n
    chance = sum(reference.count(c) * judged.count(c) for c in classes) / n**2
    kappa = cohen_kappa(reference, judged, [{}] * n, resamples=100).value
    assert kappa is None if chance == 1 else kappa == pytest.approx((agreed - chance) / (1 - chance))


def test_the_numbers_agree_with_scikit_learn() -> None:
    metrics: Any = pytest.importorskip(
        "sklearn.metrics", reason="a cross-check, scikit-learn is not installed"
    )
    rng = random.Random(2)
    reference = [rng.random() < 0.3 for _ in range(300)]
    judged = [truth != (rng.random() < 0.1) for truth in reference]
    found = agreement(reference, judged, [{}] * 300, resamples=100)
    assert found.kappa.value == pytest.approx(metrics.cohen_kappa_score(reference, judged))
    assert found.precision.value == pytest.approx(metrics.precision_score(reference, judged))
    assert found.recall.value == pytest.approx(metrics.recall_score(reference, judged))
    grades, others = [rng.choice("abc") for _ in range(99)], [rng.choice("abc") for _ in range(99)]
    assert cohen_kappa(grades, others, [{}] * 99, resamples=100).value == pytest.approx(
        metrics.cohen_kappa_score(grades, others)
    )


def test_proportions_are_korn_graubard_over_the_rows_they_are_about() -> None:
    reference, judged, clusters = rows(20, 5, 10, 15)
    positive = [i for i, truth in enumerate(reference) if truth]
    expected = clustered_rate([float(judged[i]) for i in positive], [clusters[i] for i in positive])
    assert agreement(reference, judged, clusters, resamples=100).recall == expected


def test_counts_are_by_reference_first() -> None:
    assert confusion([True, False, True, False], [True, True, False, None]) == (1, 1, 1, 0)
    assert confusion_counts(["a", "a", "b"], ["b", "b", None]) == {("a", "b"): 2}


# --- intervals -----------------------------------------------------------------------------------------


@given(labels)
@settings(max_examples=60)
def test_a_kappa_has_an_interval_with_width_that_holds_it(pairs: list[tuple[str, str]]) -> None:
    clusters = [{"framing": f"f{i // 2}"} for i in range(len(pairs))]
    found = cohen_kappa([a for a, _ in pairs], [b for _, b in pairs], clusters, resamples=100)
    if found.value is not None:
        assert found.low is not None
        assert found.high is not None
        assert -1 <= found.low <= found.value + 1e-9
        assert found.value - 1e-9 <= found.high <= 1
        assert found.low < found.high


def test_agreement_throughout_is_bounded_by_the_number_of_clusters() -> None:
    found = agreement(*rows(100, 0, 0, 100))
    least = 0.025 ** (1 / 100)
    assert found.kappa.value == 1
    assert found.kappa.low == pytest.approx(2 * least - 1)
    assert found.false_positive_rate.high == pytest.approx(1 - 0.025 ** (1 / 50))


def test_one_disagreement_never_raises_the_lower_bound() -> None:
    perfect, flawed = agreement(*rows(100, 0, 0, 100)), agreement(*rows(99, 0, 1, 100))
    assert (flawed.kappa.low or 0) <= (perfect.kappa.low or 0)
    assert (flawed.recall.low or 0) <= (perfect.recall.low or 0)


def test_clusters_with_the_same_rows_each_do_not_shrink_the_interval_to_nothing() -> None:
    reference, judged = [True, True, False, False] * 40, [True, False, False, False] * 40
    found = cohen_kappa(reference, judged, [{"framing": f"f{i // 4}"} for i in range(160)], resamples=100)
    assert found.value == pytest.approx(0.5)
    assert found.method.startswith("from the rate of agreement: Korn-Graubard")
    assert (found.low or 0) < 0.45
    assert (found.high or 0) > 0.55


def test_clustered_disagreement_widens_the_interval() -> None:
    reference, judged = [True, False] * 100, [True, False] * 80 + [False, True] * 20
    spread_out = [{"framing": f"f{i % 20}"} for i in range(200)]
    together = [{"framing": f"f{i // 10}"} for i in range(200)]
    wide = cohen_kappa(reference, judged, together, resamples=400)
    narrow = cohen_kappa(reference, judged, spread_out, resamples=400)
    assert wide.value == narrow.value
    assert (wide.high or 0) - (wide.low or 0) > 1.5 * ((narrow.high or 0) - (narrow.low or 0))


def test_the_interval_is_the_same_for_the_same_seed_and_says_how_it_was_made() -> None:
    once, again = (agreement(*rows(20, 5, 10, 15), resamples=200, seed=4) for _ in range(2))
    assert once == again
    assert once.kappa.method == "bootstrap over framing, 200 resamples, seed 4, 95 % two-sided"


def test_the_interval_of_kappa_covers_it_over_new_clusters() -> None:
    rng, covered, rounds = random.Random(11), 0, 100
    for _ in range(rounds):
        reference, judged, clusters = [], [], []
        for cluster in range(30):
            error = rng.betavariate(0.5, 4.5)  # 10 % on average, very different by framing
            for _ in range(8):
                truth = rng.random() < 0.4
                reference.append(truth)
                judged.append(truth != (rng.random() < error))
                clusters.append({"framing": f"f{cluster}"})
        found = cohen_kappa(reference, judged, clusters, resamples=200)
        covered += (found.low or 0) <= TRUE_KAPPA <= (found.high or 0)
    assert covered >= 0.9 * rounds


TRUE_KAPPA = 1 - 0.1 / (1 - 0.4 * 0.42 - 0.6 * 0.58)
"""Agreed 0.9; the judge finds 0.4 x 0.9 + 0.6 x 0.1 = 0.42 positive."""


# --- no number without a denominator ----------------------------------------------------------------------


def test_what_has_no_denominator_has_no_value_and_says_why() -> None:
    found = agreement(*rows(0, 0, 0, 6), resamples=100)
    assert found.kappa.value is None
    assert found.kappa.method == "no value: reference and judge give all rows one label"
    assert (found.precision.value, found.recall.value) == (None, None)
    assert found.precision.method == "no value: the judge found no row positive"
    assert found.recall.method == "no value: no row is positive in the reference"
    assert found.specificity.value == 1
    none_negative = agreement(*rows(6, 0, 0, 0), resamples=100)
    assert none_negative.false_positive_rate.method == "no value: no row is negative in the reference"


def test_unscored_rows_are_counted_and_stand_outside() -> None:
    reference, judged, clusters = rows(20, 5, 10, 15)
    found = agreement([*reference, True], [*judged, None], [*clusters, {"framing": "new"}], resamples=100)
    assert found.unscored == found.kappa.missing == found.recall.missing == 1
    assert found.kappa.n == 50
    assert found.recall.value == pytest.approx(20 / 30)
    nothing = agreement([True], [None], [{}])
    assert nothing.kappa.method == "no value: the judge scored no row"
    assert (nothing.kappa.missing, nothing.kappa.n) == (1, 0)


def test_one_cluster_gives_values_without_intervals() -> None:
    reference, judged, _ = rows(20, 5, 10, 15)
    found = agreement(reference, judged, [{"target": "m"}] * 50)
    assert found.kappa.value == pytest.approx(0.4)
    for estimate in (found.kappa, found.precision, found.recall):
        assert (estimate.low, estimate.high) == (None, None)
        assert estimate.method == "no interval: 1 target; it takes two or more"


def test_columns_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="columns of different lengths: 2, 1, 2"):
        agreement([True, False], [True], [{}, {}])
    with pytest.raises(ValueError, match="there are no rows to compare"):
        agreement([], [], [])
    with pytest.raises(ValueError, match="confidence"):
        agreement(*rows(2, 2, 2, 2), level=0.0)
