"""Claims beyond the declared set: what carries them, how often they err, what is refused in words."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests.gates import judge_gate
from distill_tests.gates.cells import cells
from distill_tests.gates.claims import bets_on_means, clean_to_pass, cluster_means, of_clusters, refusal
from distill_tests.gates.stopping import Watch
from distill_tests.gates.tally import ruler
from distill_tests.inference.clustered import templates_needed
from distill_tests.registry import Statistic, statistics
from distill_tests.types import (
    Case,
    Estimate,
    Gate,
    GateResult,
    Model,
    Outcome,
    Place,
    Sample,
    Score,
    Trial,
    Verdict,
)

PLACE = Place(path="specs/x.yaml", line=1, column=1)
TARGET = Model(alias="m", provider="scripted", model="m")


def population(limit: float, **options: Any) -> Gate:
    return Gate(name="g", statistic="strict_rate", at_most=limit, claim="population", **options)


def resampled(limit: float, **options: Any) -> Gate:
    return Gate(name="g", statistic="strict_rate", at_most=limit, claim="declared-set-resampled", **options)


def trial(value: float | None) -> Trial:
    marks = {} if value is None else {"strict": value}
    return Trial(exchanges=(), answer="", score=Score(value=value, label="", marks=marks))


def grid(
    rows: Iterable[Sequence[float | None]], *, undrawn: int = 0, repeats: int = 1, names: str = "f"
) -> Sample:
    """A framing for each row, a question for each of its values."""
    outcomes = [
        Outcome(
            case=case(f"{names}{i}", f"q{j}"),
            target=TARGET,
            trials=tuple(trial(value) for value in [value] * repeats),
        )
        for i, row in enumerate(rows)
        for j, value in enumerate(row)
    ]
    rest = tuple(case("f0", f"undrawn{k}") for k in range(undrawn))
    return Sample(outcomes=tuple(outcomes), undrawn=rest, repeats=repeats)


def case(framing: str, question: str) -> Case:
    clusters = {"framing": framing, "question": question}
    return Case(id=f"{question}.{framing}", data=None, place=PLACE, clusters=clusters)


def judged(gate: Gate, sample: Sample) -> GateResult:
    return judge_gate(gate, sample, statistics.get("strict_rate"))


def clean(framings: int, questions: int = 5) -> list[list[float]]:
    return [[0.0] * questions for _ in range(framings)]


def drawn(rng: random.Random, framings: int, *, rate: float, questions: int, icc: float) -> list[list[float]]:
    spread = 1.0 / icc - 1.0
    rows = []
    for _ in range(framings):
        own = rng.betavariate(rate * spread, (1.0 - rate) * spread)
        rows.append([float(rng.random() < own) for _ in range(questions)])
    return rows


# --- framings in general --------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "needed"), [(0.05, 59), (0.1, 29), (0.2, 14)])
def test_a_population_claim_is_refused_below_the_templates_that_any_method_needs(
    limit: float, needed: int
) -> None:
    few = judged(population(limit), grid(clean(needed - 1)))
    assert few.verdict is Verdict.BROKEN
    assert few.explanation == (
        f"strict_rate: a population claim at {limit:g} needs {needed} framings, this set has {needed - 1}, "
        "however many questions are asked in each"
    )
    enough = judged(population(limit), grid(clean(needed)))
    assert enough.verdict is Verdict.PASSED
    assert enough.estimate.high is not None
    assert limit * 0.9 < enough.estimate.high <= limit


def test_too_few_questions_are_not_told_to_ask_more_questions() -> None:
    few = judged(population(0.1, over="question"), grid(clean(40, questions=5)))
    assert few.explanation == (
        "strict_rate: a population claim at 0.1 needs 29 questions, this set has 5, "
        "however many framings each is asked under"
    )


def test_more_questions_or_repeats_do_not_stand_in_for_framings() -> None:
    assert judged(population(0.05), grid(clean(58, questions=40))).verdict is Verdict.BROKEN
    assert judged(population(0.05), grid(clean(58), repeats=4)).verdict is Verdict.BROKEN


def test_one_bad_framing_counts_once_however_often_it_was_asked() -> None:
    rows = [[1.0] * 40, *clean(99, questions=40)]
    result = judged(population(0.1), grid(rows))
    assert result.verdict is Verdict.PASSED
    assert result.estimate.value == pytest.approx(0.01)
    assert result.estimate.about == "population"


def test_the_verdict_says_which_claim_it_makes_and_what_it_is_not() -> None:
    passed = judged(population(0.1), grid(clean(60)))
    assert passed.explanation.startswith("mean of 60 framing means 0.000, so at most 0.0")
    assert passed.explanation.endswith(
        "over framings in general with 95 % confidence; required at most 0.10; "
        "holds for framings like these with the questions asked here, not for other questions"
    )
    failed = judged(population(0.1), grid([[1.0, 0.0]] * 60))
    assert (failed.verdict, failed.explanation.startswith("above 0.10: mean of 60")) == (Verdict.FAILED, True)
    still_open = judged(population(0.1), grid([*[[1.0] * 5] * 5, *clean(55)]))
    assert still_open.verdict is Verdict.INCONCLUSIVE
    assert "more framings would narrow it, more questions in each hardly" in still_open.explanation


def test_a_population_claim_takes_the_whole_set_and_never_stops_the_asking() -> None:
    part = judged(population(0.1), grid(clean(60), undrawn=3))
    assert part.verdict is Verdict.INCONCLUSIVE
    assert part.explanation.endswith("decided on the whole set only: ask the other 3 of 303")
    watch = Watch(population(0.5, stop_early=True), cases=100)
    assert all(watch.add((0.0,)) is None for _ in range(90))


def test_what_is_missing_counts_for_the_worse_on_either_side() -> None:
    holes: list[list[float | None]] = [[0.0, 0.0, None] for _ in range(60)]
    gate = population(0.1, max_missing=1.0)
    assert judged(gate, grid(holes)).verdict is Verdict.INCONCLUSIVE
    means = cluster_means(cells(grid(holes), strict), ruler(gate), "framing")
    assert (means.seen[0], means.best[0]) == (0.0, 0.0)
    assert means.worst[0] == pytest.approx(1 / 3)


def strict(one: Trial) -> float | None:
    return one.score.marks.get("strict")


def test_another_dimension_can_be_named_and_one_that_is_not_there_is_refused() -> None:
    sample = grid(clean(5, questions=60))
    assert judged(replace(population(0.1), over="question"), sample).verdict is Verdict.PASSED
    told = judged(replace(population(0.1), over="passage"), sample).explanation
    assert told == "strict_rate: the cases have no 'passage' to claim over; they have framing, question"
    assert refusal(population(0.1), []) is None
    assert "the cases of this kind have none" in (refusal(population(0.1), [{}] * 80) or "")


def test_no_number_of_framings_shows_a_rate_of_0_in_general() -> None:
    assert "no number of framings" in judged(population(0.0), grid(clean(200))).explanation
    assert judged(population(1.0), grid([[1.0]] * 3)).verdict is Verdict.PASSED


def test_an_at_least_gate_mirrors_an_at_most_gate() -> None:
    rng = random.Random(5)
    for _ in range(20):
        rows = drawn(rng, 60, rate=0.1, questions=4, icc=0.2)
        mirrored = [[1.0 - value for value in row] for row in rows]
        below = judged(population(0.1), grid(rows))
        above = judged(replace(population(0.1), at_most=None, at_least=0.9), grid(mirrored))
        assert below.verdict is above.verdict
        assert below.estimate.low == pytest.approx(1.0 - (above.estimate.high or 0.0), abs=1e-6)


@given(
    st.lists(
        st.lists(st.sampled_from([0.0, 0.0, 0.0, 1.0]), min_size=2, max_size=2), min_size=29, max_size=70
    )
)
def test_the_verdict_and_its_interval_agree(rows: list[list[float]]) -> None:
    result = judged(population(0.1), grid(rows))
    low, high = result.estimate.low, result.estimate.high
    assert low is not None
    assert high is not None
    assert low <= high
    assert (result.verdict is Verdict.PASSED) == (high <= 0.1)
    assert (result.verdict is Verdict.FAILED) == (low > 0.1)


@given(st.randoms(use_true_random=False))
def test_the_order_in_which_cases_stand_changes_nothing(shuffler: random.Random) -> None:
    rows = drawn(random.Random(3), 40, rate=0.05, questions=3, icc=0.2)
    sample = grid(rows)
    listed = list(sample.outcomes)
    shuffler.shuffle(listed)
    gate = population(0.1)
    one, other = (
        of_clusters(gate, ruler(gate), cells(some, strict))
        for some in (sample, replace(sample, outcomes=tuple(listed)))
    )
    assert one == other


@pytest.mark.parametrize("framings", [30, 60])
@pytest.mark.parametrize("icc", [0.17, 0.9])
def test_simulated_population_claims_err_in_at_most_5_percent_where_cells_would_err_in_many(
    framings: int, icc: float
) -> None:
    """800 sets of framings drawn at exactly the threshold: 5 % and three standard errors are 7.3 %."""
    rng, runs = random.Random(11), 800
    found = [
        bets_on_means(
            (sum(row) / len(row) for row in drawn(rng, framings, rate=0.1, questions=10, icc=icc)), 0.1, 0.05
        )
        for _ in range(runs)
    ]
    assert found.count("pass") <= 0.073 * runs
    assert found.count("fail") <= 0.073 * runs


def test_bets_need_a_few_more_clean_clusters_than_the_least_that_any_method_needs() -> None:
    for limit in (0.01, 0.05, 0.1, 0.2):
        assert templates_needed(limit) < clean_to_pass(limit, 0.05) < 1.3 * templates_needed(limit)


# --- the same set answered anew -------------------------------------------------------------------


def test_asking_the_whole_set_does_not_settle_what_it_would_say_if_it_were_answered_anew() -> None:
    rows = [[1.0] * 2, *clean(9, questions=2)]
    assert judged(replace(resampled(0.1), claim="declared-set"), grid(rows)).verdict is Verdict.PASSED
    anew = judged(resampled(0.1), grid(rows))
    assert anew.verdict is Verdict.INCONCLUSIVE
    assert anew.estimate.about == "declared-set-resampled"
    assert "if the set were answered anew" in anew.explanation
    assert anew.explanation.endswith("more repeats, or more cases may settle it")


@pytest.mark.parametrize("stop_early", [False, True])
def test_enough_answers_carry_a_resampled_claim_and_its_scope_is_said(stop_early: bool) -> None:
    result = judged(resampled(0.1, stop_early=stop_early), grid(clean(10, questions=10)))
    assert result.verdict is Verdict.PASSED
    scope = "; holds for this set answered again and again, not for other framings or questions"
    assert scope in result.explanation
    assert result.explanation.endswith("; the first 37 carried it") is stop_early
    assert "replacement" in result.estimate.method or "Clopper-Pearson" in result.estimate.method


def test_a_watch_stops_a_resampled_gate_by_evidence_and_never_by_logic() -> None:
    gate = resampled(0.5, stop_early=True)
    watch = Watch(gate, cases=6)
    assert [watch.add((0.0,)) for _ in range(5)] == [None] * 5
    declared = Watch(replace(gate, claim="declared-set"), cases=6)
    assert Verdict.PASSED in [declared.add((0.0,)) for _ in range(3)]


RATES = ([0.1], [0.0, 0.0, 0.0, 0.4], [0.0] * 9 + [1.0])
"""Chances that average the threshold: all alike, or some cases much worse than others."""


@pytest.mark.parametrize("rates", RATES)
def test_simulated_resampled_claims_that_stop_early_err_in_at_most_5_percent(rates: list[float]) -> None:
    """200 cases, each asked once, in random order; of 300 runs 5 % and three standard errors are 8.8 %."""
    rng, runs, gate = random.Random(2), 300, resampled(0.1, stop_early=True)
    chances = [rates[i % len(rates)] for i in range(200)]
    said = []
    for _ in range(runs):
        rng.shuffle(chances)
        watch = Watch(gate, cases=200)
        values = (float(rng.random() < chance) for chance in chances)
        said.append(next((verdict for value in values if (verdict := watch.add((value,)))), None))
    assert said.count(Verdict.PASSED) <= 0.088 * runs
    assert said.count(Verdict.FAILED) <= 0.088 * runs


@pytest.mark.parametrize("rates", RATES)
def test_simulated_resampled_claims_that_look_once_err_in_at_most_5_percent(rates: list[float]) -> None:
    rng, runs, gate = random.Random(2), 1000, resampled(0.1)
    verdict_of = functools.cache(lambda k: judged(gate, grid([[1.0] * k + [0.0] * (200 - k)])).verdict)
    said = [verdict_of(sum(rng.random() < rates[i % len(rates)] for i in range(200))) for _ in range(runs)]
    assert said.count(Verdict.PASSED) <= 0.07 * runs
    assert said.count(Verdict.FAILED) <= 0.07 * runs


# --- what cannot be claimed -----------------------------------------------------------------------


@pytest.mark.parametrize("gate", [population(0.1), resampled(0.1)])
def test_a_statistic_that_is_no_mean_of_answers_carries_the_declared_set_only(gate: Gate) -> None:
    def kappa(sample: Sample) -> Estimate:
        return Estimate(value=0.0, low=None, high=None, n=60)

    result = judge_gate(gate, grid(clean(60)), Statistic(name="kappa", function=kappa, scale=(-1, 1)))
    assert result.verdict is Verdict.BROKEN
    assert f"so that no {gate.claim} claim can be made of it" in result.explanation


def test_a_set_whose_cases_differ_in_their_dimensions_is_judged_by_those_they_share() -> None:
    def labelled(name: str, clusters: Mapping[str, str]) -> Outcome:
        one = Case(id=name, data=None, place=PLACE, clusters=clusters)
        return Outcome(case=one, target=TARGET, trials=(trial(0.0),))

    mixed = Sample(outcomes=(labelled("a", {"framing": "x", "topic": "t"}), labelled("b", {"framing": "y"})))
    estimate = statistics.get("strict_rate")(mixed)
    assert estimate.icc == {"framing": None}
