"""Gates against a baseline: the verdict is that of the whole set, the words hold both rates."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.gates.baselines import Measured, PairedWatch, judge_against, measured_outcomes
from distill_tests.registry import statistics
from distill_tests.types import (
    Case,
    Estimate,
    Gate,
    Model,
    Outcome,
    Place,
    Sample,
    Score,
    Trial,
    Verdict,
)

LAW = settings(deadline=None, max_examples=50)
"""A slow machine is no broken law."""
STRICT = statistics.get("strict_rate")
TARGET = Model(alias="toy", provider="scripted", model="toy")
Cell = float | None


def case(number: int, *, framings: int = 4) -> Case:
    clusters = {"framing": f"f{number % framings}", "question": f"q{number // framings}"}
    return Case(id=f"case-{number}", data=None, place=Place(path="x", line=1, column=1), clusters=clusters)


def outcome(number: int, value: Cell) -> Outcome:
    marks = {} if value is None else {"strict": value}
    trial = Trial(exchanges=(), answer="", score=Score(value=value, label="", marks=marks))
    return Outcome(case=case(number), target=TARGET, trials=(trial,))


def sample(values: Sequence[Cell], *, undrawn: int = 0) -> Sample:
    return Sample(
        outcomes=tuple(outcome(number, value) for number, value in enumerate(values)),
        undrawn=tuple(case(len(values) + number) for number in range(undrawn)),
        order=tuple(f"case-{number}" for number in range(len(values))),
    )


def baseline(values: Sequence[float]) -> Measured:
    return measured_outcomes("old", [outcome(number, value) for number, value in enumerate(values)])


def above(delta: float, **options: Any) -> Gate:
    from_old: Any = object()
    return Gate(name="g", statistic="strict_rate", at_most=delta, baseline=from_old, **options)


def below(delta: float, **options: Any) -> Gate:
    from_old: Any = object()
    return Gate(name="g", statistic="strict_rate", at_least=-delta, baseline=from_old, **options)


def control(values: Sequence[Cell]) -> Measured:
    """One that lacks an answer where its value is None."""
    known = [outcome(number, value) for number, value in enumerate(values) if value is not None]
    return measured_outcomes("old", known, may_lack=True, trouble="refused")


PAIRS = st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0])), min_size=1, max_size=30)
DELTAS = st.integers(-10, 10).map(lambda number: number / 10)


@LAW
@given(PAIRS, DELTAS)
def test_a_set_asked_in_full_is_decided_by_the_observed_difference(
    pairs: list[tuple[float, float]], delta: float
) -> None:
    new, old = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    result = judge_against(above(delta), sample(new), STRICT, baseline(old))
    holds = 10 * (sum(new) - sum(old)) <= round(10 * delta) * len(pairs)
    assert result.verdict is (Verdict.PASSED if holds else Verdict.FAILED)
    assert result.estimate.value == pytest.approx((sum(new) - sum(old)) / len(pairs))


@LAW
@given(PAIRS, DELTAS)
def test_below_is_the_mirror_of_above(pairs: list[tuple[float, float]], delta: float) -> None:
    new, old = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    plain = judge_against(above(delta), sample(new), STRICT, baseline(old))
    mirrored = judge_against(
        below(delta), sample([1 - one for one in new]), STRICT, baseline([1 - one for one in old])
    )
    assert mirrored.verdict is plain.verdict
    assert mirrored.comparison is not None
    assert plain.comparison is not None
    assert mirrored.comparison.worse == plain.comparison.worse


@LAW
@given(PAIRS, DELTAS)
def test_what_got_worse_less_what_got_better_is_the_difference(
    pairs: list[tuple[float, float]], delta: float
) -> None:
    new, old = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    compared = judge_against(above(delta), sample(new), STRICT, baseline(old)).comparison
    assert compared is not None
    assert len(compared.worse) - len(compared.better) == sum(new) - sum(old)
    assert set(compared.worse).isdisjoint(compared.better)


@settings(LAW, max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(0, 30), st.sampled_from([0.05, 0.1, 0.3]))
def test_the_watch_and_the_gate_stop_at_the_same_case_with_the_same_verdict(
    seed: int, wrong_new: int, wrong_old: int, delta: float
) -> None:
    size, rng = 60, random.Random(seed)
    new = [1.0] * wrong_new + [0.0] * (size - wrong_new)
    old = [1.0] * wrong_old + [0.0] * (size - wrong_old)
    rng.shuffle(new)
    rng.shuffle(old)
    gate = above(delta, stop_early=True)
    watch = PairedWatch(
        gate, baseline(old), cases=[case(number) for number in range(size)], statistic=STRICT, repeats=1
    )
    verdicts = (watch.add((value,)) for value in new)
    count, verdict = next((count, one) for count, one in enumerate(verdicts, 1) if one is not None)
    result = judge_against(gate, sample(new[:count], undrawn=size - count), STRICT, baseline(old))
    assert result.verdict is verdict
    low, high = result.estimate.low, result.estimate.high
    assert low is not None
    assert high is not None
    if count < size:
        assert (high <= delta + 1e-9) == (verdict is Verdict.PASSED)
        assert (low > delta) == (verdict is Verdict.FAILED)


def test_a_part_that_is_no_random_one_is_decided_by_logic_alone() -> None:
    old, right = baseline([0.0] * 400), sample([0.0] * 200, undrawn=200)
    assert judge_against(above(0.1), right, STRICT, old).verdict is Verdict.PASSED
    told = judge_against(above(0.1), right, STRICT, old, in_random_order=False)
    assert (told.verdict, told.estimate.value) == (Verdict.INCONCLUSIVE, 0.0)
    nearly_all = sample([0.0] * 380, undrawn=20)
    assert judge_against(above(0.1), nearly_all, STRICT, old, in_random_order=False).verdict is Verdict.PASSED


def test_a_wrong_verdict_at_the_boundary_is_rare() -> None:
    """The new model is worse by one cell more than is allowed: a pass would be false."""
    size, rng, passes = 80, random.Random(11), 0
    for _ in range(150):
        old = [1.0] * 8 + [0.0] * 72
        new = [1.0] * 13 + [0.0] * 67
        order = rng.sample(range(size), size)
        rng.shuffle(new)
        measured = measured_outcomes("old", [outcome(place, old[at]) for place, at in enumerate(order)])
        watch = PairedWatch(
            above(0.05, stop_early=True),
            measured,
            cases=[case(place) for place in range(size)],
            statistic=STRICT,
            repeats=1,
        )
        verdict = next(filter(None, (watch.add((value,)) for value in new)), None)
        passes += verdict is Verdict.PASSED
    assert passes <= 15


def test_what_is_missing_counts_against_either_side() -> None:
    lenient, ten = above(0.1, max_missing=0.5), sample([0.0] * 8 + [None] * 2)
    result = judge_against(lenient, ten, STRICT, baseline([0.0] * 10))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "between no difference and 0.200 above, allowed is 0.1 above" in result.explanation
    result = judge_against(above(0.1), sample([0.0] * 8 + [None] * 2), STRICT, baseline([0.0] * 10))
    assert result.verdict is Verdict.BROKEN


def test_the_words_hold_both_rates_the_difference_and_what_changed() -> None:
    old = [1.0] * 3 + [0.0] * 9
    new = [0.0, 1.0, 1.0, 1.0, 1.0, *[0.0] * 7]
    result = judge_against(above(0.1), sample(new), STRICT, baseline(old))
    assert result.explanation == (
        "4 wrong of 12, the baseline 3: 0.083 above, allowed is 0.1 above; 2 newly wrong, 1 no longer; "
        "holds for the declared set only; against old"
    )
    assert result.comparison is not None
    assert result.comparison.worse == ("case-3", "case-4")
    assert result.comparison.better == ("case-0",)


def test_a_difference_known_exactly_still_has_an_interval_for_sets_like_it() -> None:
    result = judge_against(above(0.1), sample([0.0] * 12), STRICT, baseline([0.0] * 12))
    assert result.estimate.value == 0
    assert result.estimate.low is not None
    assert result.estimate.high is not None
    assert result.estimate.low < 0 < result.estimate.high
    assert "exact for this set" in result.estimate.method


def test_a_baseline_that_lacks_a_case_breaks_the_gate() -> None:
    result = judge_against(above(0.1), sample([0.0] * 3), STRICT, baseline([0.0] * 2))
    assert result.verdict is Verdict.BROKEN
    assert result.explanation == "strict_rate: the baseline old has no answer to case 'case-2'"
    assert isinstance(result.estimate, Estimate)


@pytest.mark.parametrize(
    ("limit", "new", "verdict", "words"),
    [
        ({"at_most": -0.2}, 3, Verdict.PASSED, "required is 0.2 below or more"),
        ({"at_most": -0.2}, 4, Verdict.FAILED, "less than 0.2 below the baseline: "),
        ({"at_least": 0.2}, 8, Verdict.PASSED, "required is 0.2 above or more"),
        ({"at_least": 0.2}, 6, Verdict.FAILED, "less than 0.2 above the baseline: "),
    ],
)
def test_a_distance_that_must_be_kept_is_said_in_the_direction_it_is_written(
    limit: dict[str, Any], new: int, verdict: Verdict, words: str
) -> None:
    control: Any = object()
    gate = Gate(name="g", statistic="strict_rate", baseline=control, **limit)
    result = judge_against(gate, sample(_of_ten(new)), STRICT, baseline(_of_ten(5)))
    assert result.verdict is verdict
    assert words in result.explanation


def _of_ten(hits: int) -> list[float]:
    return [1.0] * hits + [0.0] * (10 - hits)


# --- a control that lacks answers -----------------------------------------------------------------

CELLS = st.sampled_from([0.0, 1.0])
LACKING = st.lists(st.tuples(CELLS, st.one_of(st.none(), CELLS)), min_size=1, max_size=30).filter(
    lambda rows: any(old is not None for _, old in rows)
)


@LAW
@given(LACKING, DELTAS, st.sampled_from([above, below]))
def test_what_a_control_lacks_may_be_anything(
    rows: list[tuple[float, Cell]], delta: float, make: Callable[..., Gate]
) -> None:
    new, gate = [row[0] for row in rows], make(delta, max_missing=1.0, stop_early=False)
    ends = {
        judge_against(
            gate, sample(new), STRICT, baseline([fill if old is None else old for _, old in rows])
        ).verdict
        for fill in (0.0, 1.0)
    }
    found = judge_against(gate, sample(new), STRICT, control([old for _, old in rows]))
    assert found.verdict is (ends.pop() if len(ends) == 1 else Verdict.INCONCLUSIVE), found.explanation


@LAW
@given(LACKING, DELTAS, st.sampled_from([above, below]))
def test_beside_a_control_that_lacks_answers_a_gate_stops_as_at_the_end_that_is_worst_for_its_verdict(
    rows: list[tuple[float, Cell]], delta: float, make: Callable[..., Gate]
) -> None:
    gate = make(delta, max_missing=1.0)

    def verdicts(measured: Measured) -> list[Verdict | None]:
        cases = [case(number) for number in range(len(rows))]
        watch = PairedWatch(gate, measured, cases=cases, statistic=STRICT, repeats=1)
        return [watch.add((new,)) for new, _ in rows]

    right, wrong = (0.0, 1.0) if make is above else (1.0, 0.0)
    low, high = (
        verdicts(baseline([fill if old is None else old for _, old in rows])) for fill in (right, wrong)
    )
    for found, passing, failing in zip(verdicts(control([old for _, old in rows])), low, high, strict=True):
        either = passing if passing is Verdict.PASSED else failing if failing is Verdict.FAILED else None
        assert found is either


def test_a_control_that_lacks_more_than_max_missing_breaks_the_gate_and_says_why() -> None:
    gate = above(0.5)
    found = judge_against(gate, sample([0.0] * 10), STRICT, control([None, None, *[0.0] * 8]))
    assert found.verdict is Verdict.BROKEN
    assert "has no score for 2 of 10 (first: refused), 20 % of the set, more than max_missing 10 %" in (
        found.explanation
    )
    one = judge_against(gate, sample([0.0] * 10), STRICT, control([None, *[0.0] * 9]))
    assert one.verdict is Verdict.PASSED
    assert "0 wrong of 10, the baseline 0 and 1 missing; what is missing cannot change it" in one.explanation
    none = judge_against(gate, sample([0.0]), STRICT, control([None]))
    assert (none.verdict, none.explanation) == (
        Verdict.BROKEN,
        "strict_rate: nothing to compare with, old has no score at all",
    )
