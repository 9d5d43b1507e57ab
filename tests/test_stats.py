"""The identity rates: what is counted, what is missing, and what the interval says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from scipy.stats import binomtest

from distill_tests.gates.cells import case_values, cells
from distill_tests.inference.clustered import clustered_rate
from distill_tests.registry import statistics
from distill_tests.types import Case, Model, Outcome, Place, Sample, Score, Trial

PLACE = Place(path="specs/x.yaml", line=1, column=1)
TARGET = Model(alias="m", provider="scripted", model="m")


def case(name: str, **clusters: str) -> Case:
    return Case(id=name, data=None, place=PLACE, clusters=clusters)


def trial(marks: Mapping[str, float], *, value: float | None = 0.0) -> Trial:
    return Trial(exchanges=(), answer="", score=Score(value=value, label="", marks=marks))


def outcome(of: Case, *trials: Trial) -> Outcome:
    return Outcome(case=of, target=TARGET, trials=trials)


def answered(marks: Sequence[Mapping[str, float]]) -> tuple[Outcome, ...]:
    return tuple(
        outcome(case(f"c{i}", framing=f"f{i % 3}", question=f"q{i % 2}"), trial(m))
        for i, m in enumerate(marks)
    )


FOREIGN, PERSONA, NONE = (
    {"loose": 1.0, "strict": 1.0},
    {"loose": 1.0, "strict": 0.0},
    {"loose": 0.0, "strict": 0.0},
)


def test_strict_counts_other_makers_and_loose_any_other_origin() -> None:
    sample = Sample(outcomes=answered([FOREIGN, PERSONA, PERSONA, NONE, NONE]))
    assert statistics.get("strict_rate")(sample).value == pytest.approx(1 / 5)
    assert statistics.get("loose_rate")(sample).value == pytest.approx(3 / 5)


def test_the_interval_is_for_clusters_like_these_at_the_level_of_the_sample() -> None:
    sample = Sample(outcomes=answered([FOREIGN] * 2 + [NONE] * 18), level=0.9)
    estimate = statistics.get("strict_rate")(sample)
    clusters = [outcome.case.clusters for outcome in sample.outcomes]
    expected = clustered_rate([1.0] * 2 + [0.0] * 18, clusters, level=0.9)
    assert (estimate.low, estimate.high) == (expected.low, expected.high)
    assert (estimate.n, estimate.level, estimate.total, estimate.about) == (20, 0.9, 2.0, "population")
    assert estimate.effective_n == expected.effective_n


def test_cells_without_clusters_are_worth_what_they_are() -> None:
    outcomes = tuple(outcome(case(f"c{i}"), trial(FOREIGN if i < 2 else NONE)) for i in range(20))
    estimate = statistics.get("strict_rate")(Sample(outcomes=outcomes))
    exact = binomtest(2, 20).proportion_ci(0.95, "exact")
    assert (estimate.low, estimate.high) == pytest.approx((exact.low, exact.high), abs=1e-9)
    assert estimate.effective_n == pytest.approx(20)


def test_the_method_says_that_the_interval_is_approximate_and_what_it_is_about() -> None:
    estimate = statistics.get("loose_rate")(Sample(outcomes=answered([FOREIGN] + [NONE] * 11)))
    assert estimate.method == (
        "Korn-Graubard, 95 % two-sided, approximate, for framings and questions like these"
    )
    assert estimate.clusters == {"framing": 3, "question": 2}
    assert set(estimate.icc) == {"framing", "question"}
    assert estimate.design_effect is not None


def test_repeats_of_a_case_are_no_further_evidence_about_cases_like_it() -> None:
    marks = [FOREIGN] * 3 + [NONE] * 17
    once = tuple(outcome(case(f"c{i}"), trial(one)) for i, one in enumerate(marks))
    thrice = tuple(outcome(case(f"c{i}"), *[trial(one)] * 3) for i, one in enumerate(marks))
    one = statistics.get("strict_rate")(Sample(outcomes=once))
    three = statistics.get("strict_rate")(Sample(outcomes=thrice, repeats=3))
    assert (three.n, three.value) == (60, one.value)
    assert three.effective_n == pytest.approx(20, rel=0.1)
    assert three.high is not None
    assert one.high is not None
    assert three.high >= one.high


def test_one_framing_carries_a_value_and_no_interval() -> None:
    twice = outcome(case("a", family="fiction"), trial(NONE), trial(NONE))
    estimate = statistics.get("loose_rate")(Sample(outcomes=(twice,), repeats=2))
    assert (estimate.value, estimate.low, estimate.high) == (0.0, None, None)
    assert estimate.method == "no interval: 1 family; it takes two or more"


def test_no_variation_has_width_all_the_same_and_each_cluster_counts_once() -> None:
    clean = tuple(
        outcome(case(f"c{i}", framing=f"f{i % 20}", question=f"q{i // 20}"), trial(NONE)) for i in range(800)
    )
    estimate = statistics.get("loose_rate")(Sample(outcomes=clean))
    assert (estimate.value, estimate.low) == (0.0, 0.0)
    assert estimate.high == pytest.approx(1 - 0.025 ** (1 / 20))
    assert estimate.design_effect == pytest.approx(40)


def test_a_mark_the_judge_cannot_tell_is_missing_for_that_rate_only() -> None:
    sample = Sample(outcomes=answered([{"loose": 1.0}, FOREIGN, NONE]))
    strict, loose = statistics.get("strict_rate")(sample), statistics.get("loose_rate")(sample)
    assert (strict.value, strict.n, strict.missing) == (0.5, 2, 1)
    assert (loose.value, loose.n, loose.missing) == (2 / 3, 3, 0)


def test_an_unscored_answer_is_missing_whatever_its_marks_say() -> None:
    sample = Sample(
        outcomes=(outcome(case("a"), trial(FOREIGN, value=None)), outcome(case("b"), trial(NONE)))
    )
    estimate = statistics.get("strict_rate")(sample)
    assert (estimate.value, estimate.n, estimate.missing) == (0.0, 1, 1)


def test_failed_absent_and_undrawn_cells_are_counted_apart() -> None:
    sample = Sample(
        outcomes=(
            outcome(case("a"), trial(FOREIGN), trial(NONE, value=None)),
            outcome(case("b"), trial(NONE)),
        ),
        failed=(case("c"),),
        undrawn=(case("d"), case("e")),
        repeats=2,
    )
    estimate = statistics.get("strict_rate")(sample)
    assert (estimate.n, estimate.missing, estimate.undrawn, estimate.value) == (2, 4, 4, 0.5)
    counted = cells(sample, lambda one: one.score.marks["strict"])
    assert (counted.unanswered, counted.unscored, counted.asked, counted.declared) == (3, 1, 6, 10)
    assert counted.cases == ((1.0, None), (0.0, None), (None, None))


def test_nothing_scored_has_no_value_and_no_interval() -> None:
    estimate = statistics.get("strict_rate")(Sample(outcomes=(), failed=(case("a"),)))
    assert (estimate.value, estimate.low, estimate.high, estimate.n, estimate.missing) == (
        None,
        None,
        None,
        0,
        1,
    )


def test_clusters_without_a_scored_cell_are_not_counted() -> None:
    sample = Sample(
        outcomes=(outcome(case("a", framing="x"), trial({})), outcome(case("b", framing="y"), trial(NONE)))
    )
    assert statistics.get("loose_rate")(sample).clusters == {"framing": 1}


@pytest.mark.parametrize("value", [0.5, 2.0, -1.0, float("nan"), float("inf")])
def test_a_rate_refuses_a_mark_that_is_neither_0_nor_1(value: float) -> None:
    with pytest.raises(ValueError, match=r"0 or 1|has the value"):
        statistics.get("loose_rate")(Sample(outcomes=answered([{"loose": value}])))


def test_a_case_that_is_twice_in_the_sample_is_refused() -> None:
    twice = outcome(case("a"), trial(NONE))
    for sample in (
        Sample(outcomes=(twice, twice)),
        Sample(outcomes=(twice,), failed=(case("a"),)),
        Sample(outcomes=(twice,), undrawn=(case("a"),)),
    ):
        with pytest.raises(ValueError, match="'a' is in the sample twice"):
            statistics.get("loose_rate")(sample)


def test_more_trials_than_declared_are_refused() -> None:
    with pytest.raises(ValueError, match="'a' has 2 trials, declared are 1"):
        case_values(outcome(case("a"), trial(NONE), trial(NONE)), lambda one: 0.0, repeats=1)
