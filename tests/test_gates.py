"""Gates: known values, laws, error rates, and the words a user reads."""

from __future__ import annotations

import functools
import itertools
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, hypergeom

from distill_tests.gates import judge_gate, power
from distill_tests.gates.cells import cells
from distill_tests.gates.estimates import rate
from distill_tests.gates.stopping import Watch
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
Cell = float | None


# --- builders ------------------------------------------------------------------------------------


def case(name: str) -> Case:
    return Case(id=name, data=None, place=PLACE)


def sample_of(values: Iterable[Cell], *, failed: int = 0, undrawn: int = 0, repeats: int = 1) -> Sample:
    """Cases answered with these cells (None: unscored), cases that failed, cases not asked."""
    listed = list(values)
    outcomes = (
        Outcome(
            case=case(f"asked-{first}"),
            target=TARGET,
            trials=tuple(trial(value) for value in listed[first : first + repeats]),
        )
        for first in range(0, len(listed), repeats)
    )
    return Sample(
        outcomes=tuple(outcomes),
        failed=tuple(case(f"failed-{i}") for i in range(failed)),
        undrawn=tuple(case(f"undrawn-{i}") for i in range(undrawn)),
        repeats=repeats,
    )


def trial(value: Cell) -> Trial:
    marks = {} if value is None else {"strict": value}
    return Trial(exchanges=(), answer="", score=Score(value=value, label="", marks=marks))


def hits(wrong: int, of: int) -> list[Cell]:
    return [*[1.0] * wrong, *[0.0] * (of - wrong)]


def at_most(limit: float, **options: Any) -> Gate:
    return Gate(name="strict_rate", statistic="strict_rate", at_most=limit, **options)


def at_least(limit: float, **options: Any) -> Gate:
    return Gate(name="strict_rate", statistic="strict_rate", at_least=limit, **options)


def judged(gate: Gate, sample: Sample, statistic: Statistic | None = None) -> GateResult:
    return judge_gate(gate, sample, statistic or statistics.get("strict_rate"))


def verdict(gate: Gate, sample: Sample, statistic: Statistic | None = None) -> Verdict:
    return judged(gate, sample, statistic).verdict


def explanation(gate: Gate, sample: Sample, statistic: Statistic | None = None) -> str:
    return judged(gate, sample, statistic).explanation


def score_value(one: Trial) -> Cell:
    return one.score.value


def mean_on(low: float, high: float) -> Statistic:
    """A mean of scores, as a later statistic may be."""

    def mean(sample: Sample) -> Estimate:
        values = cells(sample, score_value).values
        value = sum(values) / len(values) if values else None
        return Estimate(value=value, low=None, high=None, n=len(values))

    return Statistic(name="strict_rate", function=mean, scale=(low, high), cell=score_value)


def whole(value: float | None, *, missing: int = 0, n: int = 10) -> Statistic:
    """A statistic that is no mean of cells, such as kappa."""

    def kappa(sample: Sample) -> Estimate:
        return Estimate(value=value, low=None, high=None, n=n, missing=missing)

    return Statistic(name="kappa", function=kappa, scale=(-1, 1))


# --- the whole set ---------------------------------------------------------------------------------


def test_a_set_asked_in_full_is_decided_by_its_observed_rate() -> None:
    assert verdict(at_most(0.02), sample_of(hits(4, 200))) is Verdict.PASSED
    assert verdict(at_most(0.02), sample_of(hits(5, 200))) is Verdict.FAILED


@pytest.mark.parametrize(("limit", "n"), [(0.02, 200), (0.07, 100), (0.29, 100), (0.57, 100), (0.1, 30)])
def test_float_noise_in_threshold_times_n_decides_nothing(limit: float, n: int) -> None:
    allowed = math.floor(Fraction(str(limit)) * n)
    assert verdict(at_most(limit), sample_of(hits(allowed, n))) is Verdict.PASSED
    assert verdict(at_most(limit), sample_of(hits(allowed + 1, n))) is Verdict.FAILED
    assert verdict(at_least(limit), sample_of(hits(allowed, n))) is Verdict.PASSED
    assert verdict(at_least(limit), sample_of(hits(allowed - 1, n))) is Verdict.FAILED


def test_thresholds_of_0_and_1_are_exact() -> None:
    assert verdict(at_most(0), sample_of(hits(0, 500))) is Verdict.PASSED
    assert verdict(at_most(0), sample_of(hits(1, 500))) is Verdict.FAILED
    assert verdict(at_most(0), sample_of(hits(0, 499), undrawn=1)) is Verdict.INCONCLUSIVE
    assert verdict(at_most(0), sample_of(hits(1, 2), undrawn=498)) is Verdict.FAILED
    assert verdict(at_most(1), sample_of(hits(500, 500))) is Verdict.PASSED
    assert verdict(at_most(1), sample_of([1.0], undrawn=10)) is Verdict.PASSED
    assert verdict(at_least(1), sample_of(hits(499, 500))) is Verdict.FAILED
    assert verdict(at_least(1), sample_of(hits(500, 500))) is Verdict.PASSED
    assert verdict(at_least(0), sample_of(hits(0, 500))) is Verdict.PASSED


def test_missing_cells_count_for_the_worse_on_either_side() -> None:
    assert verdict(at_most(0.10), sample_of(hits(16, 196), failed=4)) is Verdict.PASSED
    assert verdict(at_most(0.10), sample_of(hits(17, 196), failed=4)) is Verdict.INCONCLUSIVE
    assert verdict(at_most(0.10), sample_of(hits(20, 196), failed=4)) is Verdict.INCONCLUSIVE
    assert verdict(at_most(0.10), sample_of(hits(21, 196), failed=4)) is Verdict.FAILED


def test_more_missing_than_tolerated_breaks_the_gate_even_where_it_fails() -> None:
    gate = at_most(0.10, max_missing=0.1)
    assert verdict(gate, sample_of(hits(0, 90), failed=10)) is Verdict.PASSED
    assert verdict(gate, sample_of(hits(0, 89), failed=11)) is Verdict.BROKEN
    assert verdict(gate, sample_of(hits(89, 89), failed=11)) is Verdict.BROKEN
    assert verdict(gate, sample_of([*hits(0, 89), *[None] * 11])) is Verdict.BROKEN


def test_missing_is_a_share_of_what_was_asked_not_of_what_was_declared() -> None:
    assert verdict(at_most(0.5), sample_of(hits(0, 8), failed=2, undrawn=1000)) is Verdict.BROKEN
    assert verdict(at_most(0.5), sample_of(hits(4, 9), failed=1, undrawn=1000)) is Verdict.INCONCLUSIVE


def test_too_few_scored_cells_are_inconclusive_even_where_logic_decides() -> None:
    gate = at_most(0.5, min_n=30)
    assert verdict(gate, sample_of(hits(0, 29))) is Verdict.INCONCLUSIVE
    assert verdict(gate, sample_of(hits(29, 29))) is Verdict.INCONCLUSIVE
    assert verdict(gate, sample_of(hits(0, 30))) is Verdict.PASSED


def test_a_verdict_needs_a_scored_cell_whatever_min_n_says() -> None:
    gate = at_most(1, min_n=0, max_missing=1.0)
    assert verdict(gate, sample_of([], failed=5)) is Verdict.INCONCLUSIVE
    assert verdict(gate, sample_of([], undrawn=5)) is Verdict.INCONCLUSIVE


# --- a part of the set -------------------------------------------------------------------------------


def test_5_percent_of_500_at_95_percent_passes_to_16_hits_and_fails_from_34() -> None:
    verdicts = [verdict(at_most(0.05), sample_of(hits(k, 500), undrawn=1500)) for k in range(45)]
    assert verdicts[:17] == [Verdict.PASSED] * 17
    assert verdicts[17:34] == [Verdict.INCONCLUSIVE] * 17
    assert verdicts[34:] == [Verdict.FAILED] * 11


@pytest.mark.parametrize(
    ("n", "limit", "confidence"), [(3000, 0.05, 0.95), (4000, 0.2, 0.9), (2500, 0.5, 0.99)]
)
def test_a_part_turns_at_the_very_count_where_scipys_bound_crosses(
    n: int, limit: float, confidence: float
) -> None:
    gate = at_most(limit, confidence=confidence)
    fails = next(k for k in range(1, n) if beta.ppf(1 - confidence, k, n - k + 1) > limit)
    passes = next(k for k in range(n - 1, 0, -1) if beta.isf(1 - confidence, k + 1, n - k) <= limit)
    for count, expected in (
        (fails, Verdict.FAILED),
        (fails - 1, Verdict.INCONCLUSIVE),
        (passes + 1, Verdict.INCONCLUSIVE),
        (passes, Verdict.PASSED),
    ):
        assert verdict(gate, sample_of(hits(count, n), undrawn=n)) is expected


def test_59_clean_cells_are_the_fewest_that_certify_5_percent() -> None:
    assert verdict(at_most(0.05), sample_of(hits(0, 58), undrawn=5000)) is Verdict.INCONCLUSIVE
    assert verdict(at_most(0.05), sample_of(hits(0, 59), undrawn=5000)) is Verdict.PASSED


def test_logic_decides_a_part_before_any_bound() -> None:
    assert verdict(at_most(0.02), sample_of(hits(5, 23), undrawn=177)) is Verdict.FAILED
    assert verdict(at_most(0.5, confidence=0.999999), sample_of(hits(5, 15), undrawn=5)) is Verdict.PASSED


def test_identical_repeats_are_no_further_evidence() -> None:
    once = sample_of(hits(0, 30), undrawn=2000)
    thrice = sample_of(hits(0, 90), undrawn=2000, repeats=3)
    assert verdict(at_most(0.05), sample_of(hits(0, 90), undrawn=2000)) is Verdict.PASSED
    assert verdict(at_most(0.05), once) is verdict(at_most(0.05), thrice) is Verdict.INCONCLUSIVE


def test_a_part_of_bounded_scores_is_decided_by_a_bound_that_holds_for_them() -> None:
    scale = mean_on(1, 5)
    assert verdict(at_most(4), sample_of([1.5, 2.5] * 20, undrawn=2000), scale) is Verdict.PASSED
    assert verdict(at_most(2), sample_of([3.5, 4.5] * 20, undrawn=2000), scale) is Verdict.FAILED
    assert verdict(at_most(2), sample_of([1.5, 2.5] * 20, undrawn=2000), scale) is Verdict.INCONCLUSIVE


# --- laws ----------------------------------------------------------------------------------------

thousandths = st.integers(0, 1000).map(lambda k: k / 1000)
zero_or_one: st.SearchStrategy[Cell] = st.sampled_from([0.0, 1.0])
binary_cells = st.lists(zero_or_one, min_size=1, max_size=60)
undrawn_counts = st.one_of(st.just(0), st.integers(0, 5), st.integers(0, 400))
confidences = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


def tolerant(gate: Gate) -> Gate:
    return replace(gate, max_missing=1.0)


@given(st.lists(st.one_of(st.none(), thousandths), max_size=40), thousandths, undrawn_counts, confidences)
def test_at_least_mirrors_at_most(values: list[Cell], limit: float, undrawn: int, confidence: float) -> None:
    mirrored = [None if value is None else round(1 - value, 3) for value in values]
    one, other = sample_of(values, undrawn=undrawn), sample_of(mirrored, undrawn=undrawn)
    below = judged(at_most(limit, confidence=confidence), one, mean_on(0, 1))
    above = judged(at_least(round(1 - limit, 3), confidence=confidence), other, mean_on(0, 1))
    assert below.verdict is above.verdict


RANK = {Verdict.PASSED: 0, Verdict.INCONCLUSIVE: 1, Verdict.FAILED: 2}


@given(binary_cells, thousandths, undrawn_counts, confidences, st.data())
def test_one_more_wrong_cell_never_helps(
    values: list[Cell], limit: float, undrawn: int, confidence: float, data: st.DataObject
) -> None:
    worse = list(values)
    worse[data.draw(st.integers(0, len(values) - 1))] = 1.0
    gate = at_most(limit, confidence=confidence)
    before, after = (verdict(gate, sample_of(some, undrawn=undrawn)) for some in (values, worse))
    assert RANK[after] >= RANK[before]


@given(binary_cells, thousandths)
def test_the_verdict_on_a_whole_set_is_its_rate_against_the_threshold(
    values: list[Cell], limit: float
) -> None:
    observed = Fraction(values.count(1.0), len(values))
    expected = Verdict.PASSED if observed <= Fraction(str(limit)) else Verdict.FAILED
    assert verdict(at_most(limit), sample_of(values)) is expected


@given(binary_cells, thousandths, undrawn_counts, confidences, st.data())
def test_a_missing_cell_only_widens(
    values: list[Cell], limit: float, undrawn: int, confidence: float, data: st.DataObject
) -> None:
    holed = list(values)
    holed[data.draw(st.integers(0, len(values) - 1))] = None
    gate = tolerant(at_most(limit, confidence=confidence))
    before, after = (verdict(gate, sample_of(some, undrawn=undrawn)) for some in (values, holed))
    assert after in (before, Verdict.INCONCLUSIVE)


@given(
    st.integers(1, 300),
    st.integers(0, 300),
    st.integers(0, 20),
    st.integers(1, 600),
    thousandths,
    confidences,
)
def test_a_part_is_decided_exactly_where_logic_or_scipys_bound_crosses(
    scored: int, wrong: int, missing: int, undrawn: int, limit: float, confidence: float
) -> None:
    wrong = min(wrong, scored)
    asked, threshold = scored + missing, Fraction(str(limit))
    allowed, worst = threshold * (asked + undrawn), wrong + missing
    upper = 1.0 if worst == asked else beta.isf(1 - confidence, worst + 1, asked - worst)
    lower = 0.0 if wrong == 0 else beta.ppf(1 - confidence, wrong, asked - wrong + 1)
    if wrong > allowed:
        expected = Verdict.FAILED
    elif worst + undrawn <= allowed or upper <= limit:
        expected = Verdict.PASSED
    else:
        expected = Verdict.FAILED if lower > limit else Verdict.INCONCLUSIVE
    gate = tolerant(at_most(limit, confidence=confidence))
    assert verdict(gate, sample_of(hits(wrong, scored), failed=missing, undrawn=undrawn)) is expected


@given(binary_cells, thousandths, undrawn_counts, st.randoms(use_true_random=False))
def test_order_and_names_of_cases_change_nothing(
    values: list[Cell], limit: float, undrawn: int, shuffler: random.Random
) -> None:
    shuffled = list(values)
    shuffler.shuffle(shuffled)
    first, second = (judged(at_most(limit), sample_of(some, undrawn=undrawn)) for some in (values, shuffled))
    assert first == replace(second, estimate=first.estimate)


# --- stopping early --------------------------------------------------------------------------------

SMALL = 5
ANY_CELL: tuple[Cell, ...] = (0.0, 1.0, None)


def every_prefix() -> list[tuple[Cell, ...]]:
    return [cells for n in range(SMALL + 1) for cells in itertools.product(ANY_CELL, repeat=n)]


SIDES: tuple[Callable[..., Gate], ...] = (at_most, at_least)


def watched(
    gate: Gate, values: Sequence[float | None], declared: int, *, scale: tuple[float, float] = (0, 1)
) -> Verdict | None:
    """What a watch says after ``values``, each a case of one cell; None before the first."""
    watch = Watch(gate, cases=declared, scale=scale)
    said: Verdict | None = None
    for value in values:
        said = watch.add((value,))
    return said


@pytest.mark.parametrize("limit", [0.0, 0.2, 0.25, 0.4, 0.6, 1.0])
@pytest.mark.parametrize("side", SIDES)
def test_a_watch_stops_whenever_every_scored_completion_has_one_verdict(
    side: Callable[..., Gate], limit: float
) -> None:
    gate = side(limit, stop_early=True, max_missing=1.0)
    memory = functools.cache(lambda cells: verdict(gate, sample_of(sorted(cells, key=str))))
    settled = 0
    for prefix in every_prefix():
        if all(value is None for value in prefix):
            assert watched(gate, prefix, SMALL) is None
            continue
        rests = itertools.product((0.0, 1.0), repeat=SMALL - len(prefix))
        verdicts = {memory(tuple(sorted(prefix + rest, key=str))) for rest in rests}
        if len(verdicts) == 1 and Verdict.INCONCLUSIVE not in verdicts:
            settled += 1
            assert watched(gate, prefix, SMALL) is verdicts.pop()
    assert settled > 20


@pytest.mark.parametrize("side", SIDES)
def test_a_gate_that_stopped_early_gives_that_verdict_on_the_prefix(side: Callable[..., Gate]) -> None:
    gate = side(0.4, stop_early=True, max_missing=0.34, min_n=2)
    stopped = 0
    for prefix in every_prefix():
        decided = watched(gate, prefix, SMALL)
        if decided is None:
            continue
        stopped += 1
        assert verdict(gate, sample_of(prefix, undrawn=SMALL - len(prefix))) is decided
    assert stopped > 50


@given(st.lists(st.sampled_from([0.0, 0.0, 0.0, 1.0, None]), min_size=1, max_size=60), st.integers(0, 140))
def test_the_verdict_at_a_stop_and_its_interval_agree(values: list[float | None], undrawn: int) -> None:
    gate = at_most(0.1, stop_early=True, max_missing=1.0)
    result = judged(gate, sample_of(values, undrawn=undrawn))
    if not undrawn or result.estimate.value is None:
        return
    low, high = result.estimate.low, result.estimate.high
    assert low is not None
    assert high is not None
    if result.verdict is Verdict.PASSED:
        assert high <= 0.1 + 1e-9
    elif result.verdict is Verdict.FAILED:
        assert low > 0.1 - 1e-9
    else:
        assert low <= 0.1 <= high


def test_a_watch_decides_on_evidence_long_before_logic_does() -> None:
    gate = at_most(0.1, stop_early=True)
    clean = next(n for n in range(1, 200) if watched(gate, hits(0, n), 200) is not None)
    wrong = next(n for n in range(1, 200) if watched(gate, hits(n, n), 200) is not None)
    assert 20 <= clean <= 40
    assert wrong <= 4
    result = judged(gate, sample_of(hits(0, clean), undrawn=200 - clean))
    assert result.verdict is Verdict.PASSED
    assert f"0 wrong in the first {clean} of 200, so at most" in result.explanation
    assert "with 95 % confidence" in result.explanation


def test_a_watch_waits_for_min_n_and_for_missing_cells_to_become_few() -> None:
    assert watched(at_most(0.02, stop_early=True), hits(5, 5), 200) is Verdict.FAILED
    assert watched(at_most(0.02, stop_early=True, min_n=6), hits(5, 5), 200) is None
    assert watched(at_most(0.02, stop_early=True), [None, *hits(5, 5)], 200) is None


def test_a_watch_goes_on_without_stop_early_and_refuses_values_that_make_no_sense() -> None:
    assert watched(at_most(0.02), hits(5, 5), 200) is None
    for nonsense in ([7.0], [math.nan]):
        with pytest.raises(ValueError, match=r"no number|outside"):
            watched(at_most(0.02, stop_early=True), nonsense, 200)


def test_a_watch_reads_scores_on_their_own_scale() -> None:
    gate = at_most(2.0, stop_early=True)
    assert watched(gate, [5.0] * 20, 100, scale=(1, 5)) is Verdict.FAILED
    assert watched(gate, [1.0] * 30, 100, scale=(1, 5)) is Verdict.PASSED
    assert watched(gate, [5.0], 100, scale=(1, 5)) is None


def test_a_case_with_repeats_is_one_value_and_missing_where_one_cell_is() -> None:
    gate = at_most(0.5, stop_early=True, max_missing=1.0)
    watch = Watch(gate, cases=4)
    assert watch.add((0.0, 1.0)) is None
    assert watch.add((0.0, None)) is None
    assert watch.add((0.0, 0.0)) is None
    assert watch.add((0.0, 0.0)) is Verdict.PASSED


# --- error rates -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("pool", "limit", "n"), [(200, 0.05, 60), (400, 0.1, 100), (500, 0.02, 200)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_partial_verdicts_err_no_more_often_than_stated_at_the_boundary(
    pool: int, limit: float, n: int, confidence: float
) -> None:
    """Exact: the hypergeometric chance of each count, on sets just above and just at the threshold."""
    gate = at_most(limit, confidence=confidence)
    verdicts = [verdict(gate, sample_of(hits(k, n), undrawn=pool - n)) for k in range(n + 1)]
    allowed = math.floor(Fraction(str(limit)) * pool)

    def chance(wanted: Verdict, wrong: int) -> float:
        law = hypergeom(pool, wrong, n)
        return float(sum(law.pmf(k) for k, found in enumerate(verdicts) if found is wanted))

    assert Verdict.PASSED in verdicts
    assert chance(Verdict.PASSED, allowed + 1) <= 1 - confidence
    assert chance(Verdict.FAILED, allowed) <= 1 - confidence


@pytest.mark.parametrize("wrong", [20, 21])
def test_simulated_partial_verdicts_hold_their_level_when_repeats_are_identical(wrong: int) -> None:
    """200 cases of 3 equal answers, 10 % allowed, 21 wrong (20 right): seldom passed (failed) on 50 cases."""
    draw, gate, errors, runs = random.Random(5), at_most(0.1), 0, 2000
    judged_once = functools.cache(
        lambda k: verdict(gate, sample_of(hits(3 * k, 150), undrawn=150, repeats=3))
    )
    mistake = Verdict.PASSED if wrong > 20 else Verdict.FAILED
    for _ in range(runs):
        errors += judged_once(sum(draw.sample([1] * wrong + [0] * (200 - wrong), 50))) is mistake
    assert errors <= 0.05 * runs


def test_simulated_partial_verdicts_on_bounded_scores_hold_their_level() -> None:
    draw, errors, runs = random.Random(6), 0, 200
    pool = [draw.choice([1.0, 2.0, 4.0, 5.0]) for _ in range(300)]
    just_below = math.floor(sum(pool) / len(pool) * 1000) / 1000
    gate, scale = at_most(just_below, confidence=0.8), mean_on(1, 5)
    for _ in range(runs):
        errors += verdict(gate, sample_of(draw.sample(pool, 60), undrawn=240), scale) is Verdict.PASSED
    assert errors <= 0.2 * runs


# --- statistics that are no mean of cells ------------------------------------------------------------


def test_a_statistic_without_cells_is_decided_by_its_value_on_the_whole_set() -> None:
    assert verdict(at_least(0.8), sample_of(hits(0, 10)), whole(0.8)) is Verdict.PASSED
    assert verdict(at_least(0.8), sample_of(hits(0, 10)), whole(0.79)) is Verdict.FAILED
    assert verdict(at_most(0.3), sample_of(hits(0, 10)), whole(0.1 + 0.2)) is Verdict.PASSED


def test_a_statistic_without_cells_is_inconclusive_on_less_than_the_whole_set() -> None:
    gate = at_least(0.8)
    assert verdict(gate, sample_of(hits(0, 10), undrawn=1), whole(0.9)) is Verdict.INCONCLUSIVE
    assert verdict(gate, sample_of(hits(0, 10), failed=1), whole(0.9)) is Verdict.INCONCLUSIVE
    assert verdict(gate, sample_of(hits(0, 10)), whole(0.9, missing=1)) is Verdict.INCONCLUSIVE
    assert verdict(gate, sample_of(hits(0, 10)), whole(None)) is Verdict.INCONCLUSIVE
    assert verdict(gate, sample_of(hits(0, 10), failed=5), whole(0.9)) is Verdict.BROKEN
    assert verdict(replace(gate, min_n=11), sample_of(hits(0, 10)), whole(0.9)) is Verdict.INCONCLUSIVE


# --- broken ----------------------------------------------------------------------------------------


def test_an_empty_set_is_broken() -> None:
    assert explanation(at_most(0.1), Sample(outcomes=())) == "strict_rate: the declared set is empty"
    assert verdict(at_most(0.1), Sample(outcomes=())) is Verdict.BROKEN


def test_a_statistic_that_raises_breaks_the_gate_with_its_message() -> None:
    def crash(sample: Sample) -> Estimate:
        raise KeyError("strict")

    result = judged(at_most(0.1), sample_of(hits(0, 5)), Statistic(name="x", function=crash, scale=(0, 1)))
    assert (result.verdict, result.explanation) == (Verdict.BROKEN, "strict_rate: KeyError: 'strict'")
    assert result.estimate.value is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.5, -1.5])
def test_a_value_outside_the_scale_breaks_the_gate(value: float) -> None:
    result = judged(at_least(0.5), sample_of(hits(0, 5)), whole(value))
    assert result.verdict is Verdict.BROKEN
    assert "outside the scale -1..1" in result.explanation


@pytest.mark.parametrize("bad", [math.nan, math.inf, 6.0, 0.5])
def test_a_cell_outside_the_scale_breaks_the_gate(bad: float) -> None:
    assert verdict(at_most(4), sample_of([2.0, 3.0, bad]), mean_on(1, 5)) is Verdict.BROKEN


def test_a_value_that_is_not_the_mean_of_its_cells_breaks_the_gate() -> None:
    def biased(sample: Sample) -> Estimate:
        return replace(rate(cells(sample, score_value)), value=0.25)

    statistic = Statistic(name="strict_rate", function=biased, scale=(0, 1), cell=score_value)
    assert explanation(at_most(0.3), sample_of(hits(2, 4)), statistic) == (
        "strict_rate: its value is 0.25, and the mean of its cells 0.5"
    )


def test_a_statistic_that_gives_no_estimate_breaks_the_gate() -> None:
    function: Callable[..., Any] = lambda sample: 0.5  # noqa: E731 - a one-line double
    statistic = Statistic(name="x", function=function, scale=(0, 1))
    assert verdict(at_most(0.6), sample_of(hits(0, 5)), statistic) is Verdict.BROKEN


def test_a_cell_counted_twice_breaks_the_gate() -> None:
    sample = sample_of(hits(0, 5))
    twice = replace(sample, outcomes=sample.outcomes + sample.outcomes[:1])
    assert explanation(at_most(0.1), twice) == "strict_rate: case 'asked-0' is in the sample twice"


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        (at_most(1.01), "the threshold 1.01 is outside the scale 0..1"),
        (at_most(math.nan), "the threshold nan is outside the scale 0..1"),
        (at_least(-0.1), "the threshold -0.1 is outside the scale 0..1"),
        (at_most(0.1, at_least=0.1), "a gate has exactly one of at_most and at_least"),
        (Gate(name="x", statistic="strict_rate"), "a gate has exactly one of at_most and at_least"),
        (at_most(0.1, confidence=1.0), "the confidence 1 is not between 0 and 1"),
        (at_most(0.1, confidence=95), "the confidence 95 is not between 0 and 1"),
        (at_most(0.1, max_missing=math.nan), "max_missing nan is no share: 0..1"),
    ],
)
def test_a_gate_that_asks_the_impossible_is_broken_in_words(gate: Gate, words: str) -> None:
    result = judged(gate, sample_of(hits(0, 5)))
    assert (result.verdict, result.explanation) == (Verdict.BROKEN, f"strict_rate: {words}")
    assert power(gate, 5) == f"strict_rate: {words}"


def test_options_reach_the_statistic_and_wrong_ones_break_the_gate() -> None:
    assert verdict(at_most(0.1, options={"language": "zh"}), sample_of(hits(0, 5))) is Verdict.BROKEN


# --- words -----------------------------------------------------------------------------------------

SCOPE = "; holds for the declared set only"


@pytest.mark.parametrize(
    ("gate", "sample", "words"),
    [
        (at_most(0.02), sample_of(hits(0, 120)), "0 wrong of 120, required at most 0.02 (2 allowed)" + SCOPE),
        (
            at_most(0.02),
            sample_of(hits(3, 120)),
            "above 0.02: 3 wrong of 120, required at most 0.02 (2 allowed)" + SCOPE,
        ),
        (
            at_most(0.02),
            sample_of(hits(5, 23), undrawn=177),
            "above 0.02: 5 wrong in the first 23; 4 of 200 are allowed, so the other 177 cannot change it"
            + SCOPE,
        ),
        (
            at_most(0.02),
            sample_of(hits(1, 197), undrawn=3),
            "at most 0.02: 1 wrong in the first 197; 4 of 200 are allowed, so the other 3 cannot change it"
            + SCOPE,
        ),
        (
            at_most(0.1),
            sample_of(hits(18, 196), failed=4),
            "18 wrong, 4 of 200 unanswered: between 0.090 and 0.110, required at most 0.10; "
            "re-run with --lf to ask them",
        ),
        (
            at_most(0.1),
            sample_of([*hits(18, 196), None], failed=3),
            "18 wrong, 3 unanswered and 1 unscored of 200: between 0.090 and 0.110, required at most 0.10; "
            "re-run with --lf to ask them",
        ),
        (
            at_most(0.1),
            sample_of([*hits(18, 196), *[None] * 4]),
            "18 wrong, 4 of 200 unscored: between 0.090 and 0.110, required at most 0.10; "
            "the replies are there and the judge gave no score: their cases say why",
        ),
        (
            at_most(0.1),
            sample_of(hits(22, 196), failed=4),
            "above 0.10: 22 wrong and 4 unanswered of 200; 20 are allowed, "
            "so what is missing cannot change it" + SCOPE,
        ),
        (
            at_most(0.1),
            sample_of(hits(22, 146), failed=54),
            "54 of 200 unanswered, 27 % of what was asked, more than max_missing 10 %; "
            "re-run with --lf to ask them; "
            "what was scored fails it already (22 wrong, required at most 0.10)",
        ),
        (
            at_most(0.05),
            sample_of(hits(16, 500), undrawn=9500),
            "16 wrong in the first 500 of 10000, so at most 0.04820 with 95 % confidence; "
            "required at most 0.05" + SCOPE,
        ),
        (
            at_most(0.05),
            sample_of(hits(34, 500), undrawn=9500),
            "above 0.05: 34 wrong in the first 500 of 10000, so at least 0.05043 with 95 % confidence; "
            "required at most 0.05" + SCOPE,
        ),
        (
            at_most(0.05),
            sample_of(hits(17, 500), undrawn=500),
            "17 wrong in the first 500 of 1000: between 0.0218 and 0.0506 (95 % confidence on each side), "
            "required at most 0.05; 6 more, none wrong, would pass it; asking the other 500 settles it",
        ),
        (
            at_most(0.05),
            sample_of(hits(3, 46), failed=4, undrawn=50),
            "3 wrong and 4 unanswered in the first 50 of 100: between 0.030 and 0.247 "
            "(95 % confidence on each side), required at most 0.05; "
            "asking the other 50 and what is missing settles it",
        ),
        (
            at_least(0.6),
            sample_of(hits(75, 120)),
            "75 right of 120, required at least 0.60 (72 needed)" + SCOPE,
        ),
        (
            at_least(0.6),
            sample_of(hits(11, 60), undrawn=60),
            "below 0.60: 11 right in the first 60; 72 of 120 are needed, so the other 60 cannot change it"
            + SCOPE,
        ),
        (
            at_least(0.6),
            sample_of(hits(60, 90), undrawn=400),
            "60 right in the first 90 of 490: between 0.576 and 0.749 (95 % confidence on each side), "
            "required at least 0.60; 6 more, all right, would pass it; asking the other 400 settles it",
        ),
        (
            at_most(0.1, min_n=30),
            sample_of(hits(0, 10), undrawn=90),
            "10 scored of 100, min_n is 30; ask at least 20 more",
        ),
        (
            at_most(0.1, min_n=30),
            sample_of(hits(0, 10)),
            "10 scored of 10, min_n is 30: the declared set is too small, declare more or lower min_n",
        ),
        (
            at_most(0.1, min_n=30),
            sample_of(hits(0, 28), failed=3),
            "28 scored of 31, min_n is 30; 3 of 31 unanswered; re-run with --lf to ask them",
        ),
    ],
)
def test_the_explanation_says_what_was_seen_what_is_allowed_and_what_would_settle_it(
    gate: Gate, sample: Sample, words: str
) -> None:
    assert explanation(gate, sample) == words


@pytest.mark.parametrize(
    ("gate", "sample", "words"),
    [
        (at_most(4), sample_of([3.0] * 50), "mean 3.000 of 50, required at most 4" + SCOPE),
        (
            at_most(4),
            sample_of([4.0] * 49 + [4.01]),
            "above 4: mean 4.0002 of 50, required at most 4" + SCOPE,
        ),
        (
            at_least(4),
            sample_of([1.0] * 20, undrawn=10),
            "below 4: mean 1.000 in the first 20 of 30; the other 10 cannot change it" + SCOPE,
        ),
        (
            at_most(3),
            sample_of([2.0] * 19, failed=1, undrawn=100),
            "mean 2.000 and 1 unanswered in the first 20 of 120: between 1.263 and 3.233 "
            "(95 % confidence on each side), required at most 3; 3 more at 1 would pass it; "
            "asking the other 100 and what is missing settles it",
        ),
    ],
)
def test_scores_that_are_no_counts_are_told_as_means(gate: Gate, sample: Sample, words: str) -> None:
    assert explanation(gate, sample, mean_on(1, 5)) == words


@pytest.mark.parametrize(
    ("sample", "statistic", "words"),
    [
        (sample_of(hits(0, 10)), whole(0.9), "kappa 0.900 over 10, required at least 0.80" + SCOPE),
        (
            sample_of(hits(0, 10)),
            whole(0.7999),
            "below 0.80: kappa 0.7999 over 10, required at least 0.80" + SCOPE,
        ),
        (sample_of(hits(0, 10)), whole(None), "kappa has no value on these 10 answers"),
        (
            sample_of(hits(0, 10), undrawn=5),
            whole(0.9),
            "kappa 0.900 over 10; it is decided on the whole set only: ask the other 5 of 15",
        ),
        (
            sample_of(hits(0, 10), failed=1),
            whole(0.9),
            "kappa 0.900 over 10; it is decided on the whole set only: 1 of 11 have no score; "
            "re-run with --lf to ask them",
        ),
    ],
)
def test_statistics_without_cells_are_told_by_their_value(
    sample: Sample, statistic: Statistic, words: str
) -> None:
    assert explanation(Gate(name="kappa", statistic="kappa", at_least=0.8), sample, statistic) == words


@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(0, 3),
    st.integers(0, 100),
    thousandths,
    st.sampled_from(SIDES),
)
def test_the_number_of_clean_cells_that_would_pass_is_the_fewest_that_do(
    wrong: int, right: int, failed: int, undrawn: int, limit: float, side: Callable[..., Gate]
) -> None:
    gate = tolerant(side(limit))
    clean = 0.0 if side is at_most else 1.0
    values: list[Cell] = [*[1.0 - clean] * wrong, *[clean] * right]
    result = judged(gate, sample_of(values, failed=failed, undrawn=undrawn))
    if result.verdict is not Verdict.INCONCLUSIVE or " more, " not in result.explanation:
        return
    more = int(result.explanation.partition("; ")[2].split(" more, ")[0])

    def after(count: int) -> Verdict:
        return verdict(gate, sample_of([*values, *[clean] * count], failed=failed, undrawn=undrawn - count))

    assert after(more) is Verdict.PASSED
    assert after(more - 1) is not Verdict.PASSED


@pytest.mark.parametrize(
    ("gate", "n", "words"),
    [
        (at_most(0.02), 200, "at most 0.02 of 200: passes with up to 4 wrong, fails from the 5th"),
        (at_most(0.1), 209, "at most 0.10 of 209: passes with up to 20 wrong, fails from the 21st"),
        (at_most(0.1), 110, "at most 0.10 of 110: passes with up to 11 wrong, fails from the 12th"),
        (at_most(0), 5, "at most 0 of 5: passes with none wrong, fails from the 1st"),
        (at_most(1), 5, "at most 1 of 5: passes whatever is answered"),
        (at_least(0.6), 120, "at least 0.60 of 120: passes from 72 right, fails from the 49th wrong"),
        (at_most(0.1, min_n=30), 20, "at most 0.10 of 20: never decides, min_n is 30"),
        (at_most(0.125), 0, "at most 0.125 of 0: the declared set is empty"),
    ],
)
def test_power_says_before_paying_what_decides(gate: Gate, n: int, words: str) -> None:
    assert power(gate, n) == words


def test_power_of_a_gate_on_means_names_the_mean() -> None:
    assert power(at_least(4), 50, scale=(1, 5)) == "at least 4: decided by the mean of all 50"


@given(st.integers(1, 300), thousandths)
def test_power_tells_the_verdict_of_the_whole_set(n: int, limit: float) -> None:
    line = power(at_most(limit), n)
    if "fails from the " in line:
        first = int("".join(filter(str.isdigit, line.partition("fails from the ")[2])))
        assert verdict(at_most(limit), sample_of(hits(first, n))) is Verdict.FAILED
        assert verdict(at_most(limit), sample_of(hits(first - 1, n))) is Verdict.PASSED
    else:
        assert verdict(at_most(limit), sample_of(hits(n, n))) is Verdict.PASSED


def test_a_bound_that_lies_at_the_threshold_is_told_in_few_digits() -> None:
    values = [float(i in (0, 2, 4, 13)) for i in range(14)]
    told = explanation(at_most(0.1, stop_early=True), sample_of(values, undrawn=136))
    assert told.startswith("above 0.10: 4 wrong in the first 14 of 150, so at least 0.100 with 95 %")
