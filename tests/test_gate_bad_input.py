"""Gates that make no sense: a clear error where they are written, or the exact logical verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from distill_tests import specfile
from distill_tests.errors import SpecError
from distill_tests.gates import decide, judge_gate
from distill_tests.registry import statistics
from distill_tests.types import Case, Gate, Model, Outcome, Place, Sample, Score, Spec, Trial, Verdict

PLACE = Place(path="specs/x.yaml", line=1, column=1)
TARGET = Model(alias="m", provider="scripted", model="m")
CARDS = "toy: {provider: openai, model: toy-1, target: true, identity: {name: Toy, maker: Toyland}}\n"
SPEC = """
kind: identity
title: Says who it is
judge: claims
probes: {questions: [{id: q, text: Who are you?}]}
"""

Load = Callable[[str], Spec]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a spec with these lines more, and its cases."""
    (tmp_path / "models.yaml").write_text(CARDS, encoding="utf-8")

    def load(more: str) -> Spec:
        (tmp_path / "spec.yaml").write_text(SPEC + more, encoding="utf-8")
        return specfile.load(
            tmp_path / "spec.yaml", specfile.load_models(tmp_path / "models.yaml", environ={}), environ={}
        )

    return load


def problems(load: Load, more: str) -> list[str]:
    with pytest.raises(SpecError) as error:
        load(more)
    return [f"{one.place.line}: {one}".partition(": ")[2] for one in error.value.problems]


def sample(values: Iterable[float | None], *, undrawn: int = 0) -> Sample:
    outcomes = tuple(
        Outcome(case=case(f"c{i}"), target=TARGET, trials=(trial(value),)) for i, value in enumerate(values)
    )
    return Sample(outcomes=outcomes, undrawn=tuple(case(f"u{i}") for i in range(undrawn)))


def case(name: str) -> Case:
    return Case(id=name, data=None, place=PLACE)


def trial(value: float | None) -> Trial:
    marks = {} if value is None else {"strict": value}
    return Trial(exchanges=(), answer="", score=Score(value=value, label="", marks=marks))


def judged(values: Iterable[float | None], *, undrawn: int = 0, **gate: Any) -> tuple[Verdict, str]:
    one = Gate(name="g", statistic="strict_rate", **gate)
    result = judge_gate(one, sample(values, undrawn=undrawn), statistics.get("strict_rate"))
    return result.verdict, result.explanation


# --- in a spec ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        ("{at_most: 1.5}", "gate 'strict_rate': at_most 1.5 is outside the scale 0..1 of 'strict_rate'"),
        ("{at_most: -0.1}", "at_most -0.1 is outside the scale 0..1"),
        ("{at_least: 60}", "at_least 60 is outside the scale 0..1 of 'strict_rate'; 60 % is written 0.6"),
        ("{at_most: .nan}", "not a finite number (got '.nan')"),
        ("{at_most: 0.1, confidence: 0}", "confidence"),
        ("{at_most: 0.1, confidence: 1}", "confidence"),
        ("{at_most: 0.1, confidence: 95}", "confidence"),
        ("{at_most: 0.1, confidence: .nan}", "not a finite number"),
        ("{at_most: 0.1, min_n: 0}", "min_n"),
        ("{at_most: 0.1, claim: everything}", "claim"),
        ("{at_most: 0.1, claim: {population: 3}}", "'population' must be text (got 3)"),
        (
            "{at_most: 0.1, claim: population, stop_early: true}",
            "a population claim is decided on the whole set, and cannot stop early; remove stop_early",
        ),
        (
            "{at_most: 0.1, claim: declared-set-resampled}",
            "at temperature 0 and without repeats answers do not vary",
        ),
    ],
)
def test_a_gate_that_makes_no_sense_is_told_where_it_is_written(load: Load, gate: str, words: str) -> None:
    (told,) = problems(load, f"gates: {{strict_rate: {gate}}}\n")
    assert words in told
    assert "spec.yaml:6:" in told


def test_a_claim_about_more_than_the_set_needs_a_mean_of_answers(load: Load) -> None:
    (told,) = problems(load, "gates: {kappa: {at_least: 0.8, claim: population}}\n")
    assert "'kappa' is no mean of answers, and cannot carry a population claim" in told


@pytest.mark.parametrize("more", ["sampling: {temperature: 0.7}\n", "repeats: 3\n"])
def test_answers_that_vary_can_carry_a_claim_about_answering_anew(load: Load, more: str) -> None:
    spec = load(f"{more}gates: {{strict_rate: {{at_most: 0.1, claim: declared-set-resampled}}}}\n")
    assert spec.gates[0].claim == "declared-set-resampled"


def test_a_population_claim_that_too_few_framings_cannot_carry_is_a_problem_before_any_call(
    load: Load,
) -> None:
    spec = load("gates: {strict_rate: {at_most: 0.05, claim: {population: framing}}}\n")
    assert (spec.gates[0].over, spec.gates[0].stop_early) == ("framing", False)
    cases = [
        Case(id=f"c{i}", data=None, place=PLACE, clusters={"framing": f"f{i % 52}", "question": f"q{i}"})
        for i in range(520)
    ]
    (problem,) = specfile.case_problems(cases, spec, next(iter(spec.models.values()), TARGET))
    assert problem.place.line == 6
    assert problem.what == (
        "gate 'strict_rate': a population claim at 0.05 needs 59 framings, this set has 52, "
        "however many questions are asked in each"
    )


def test_a_population_gate_of_a_sampled_set_does_not_stop_early_by_default(load: Load) -> None:
    two = "gates: {strict_rate: {at_most: 0.5, claim: population}, loose_rate: {at_most: 0.5}}\n"
    strict, loose = load(f"sample: {{size: 1, seed: 1}}\n{two}").gates
    assert (strict.stop_early, loose.stop_early) == (False, True)


# --- handed over in code --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        ({"at_most": 1.5}, "the threshold 1.5 is outside the scale 0..1"),
        ({"at_most": math.nan}, "the threshold nan is outside the scale 0..1"),
        ({"at_most": 0.1, "confidence": 1.0}, "the confidence 1 is not between 0 and 1"),
        ({"at_most": 0.1, "confidence": math.nan}, "the confidence nan is not between 0 and 1"),
        ({"at_most": 0.1, "at_least": 0.2}, "exactly one of at_most and at_least"),
        ({}, "exactly one of at_most and at_least"),
    ],
)
def test_an_impossible_gate_is_broken_in_words(gate: dict[str, Any], words: str) -> None:
    verdict, told = judged([0.0] * 5, **gate)
    assert verdict is Verdict.BROKEN
    assert words in told


@pytest.mark.parametrize("claim", ["declared-set", "declared-set-resampled", "population"])
def test_an_empty_set_is_broken_whatever_is_claimed(claim: str) -> None:
    assert judged([], at_most=0.5, claim=claim) == (
        Verdict.BROKEN,
        "strict_rate: the declared set is empty",
    )


def test_a_case_that_stands_twice_is_never_counted_twice() -> None:
    twice = sample([0.0])
    doubled = Sample(outcomes=twice.outcomes * 2)
    gate = Gate(name="g", statistic="strict_rate", at_most=0.5)
    result = judge_gate(gate, doubled, statistics.get("strict_rate"))
    assert result.verdict is Verdict.BROKEN
    assert "'c0' is in the sample twice" in result.explanation


def test_a_value_that_is_no_number_is_broken() -> None:
    verdict, told = judged([math.nan, 0.0], at_most=0.5)
    assert verdict is Verdict.BROKEN
    assert "the value nan" in told


@pytest.mark.parametrize("stop_early", [False, True])
def test_a_set_smaller_than_min_n_never_decides(stop_early: bool) -> None:
    verdict, told = judged([0.0] * 20, at_most=0.5, min_n=30, stop_early=stop_early)
    assert verdict is Verdict.INCONCLUSIVE
    assert told.startswith("20 scored of 20, min_n is 30: the declared set is too small")


@pytest.mark.parametrize(
    ("limit", "values", "undrawn", "verdict"),
    [
        ({"at_most": 0.0}, [0.0] * 20, 0, Verdict.PASSED),
        ({"at_most": 0.0}, [0.0] * 20, 1, Verdict.INCONCLUSIVE),
        ({"at_most": 0.0}, [0.0] * 19 + [1.0], 500, Verdict.FAILED),
        ({"at_most": 1.0}, [1.0], 500, Verdict.PASSED),
        ({"at_least": 0.0}, [0.0], 500, Verdict.PASSED),
        ({"at_least": 1.0}, [1.0] * 19 + [0.0], 500, Verdict.FAILED),
        ({"at_least": 1.0}, [1.0] * 20, 0, Verdict.PASSED),
    ],
)
@pytest.mark.parametrize("stop_early", [False, True])
def test_thresholds_at_the_ends_of_the_scale_are_decided_by_logic(
    limit: dict[str, Any], values: list[float], undrawn: int, verdict: Verdict, stop_early: bool
) -> None:
    assert judged(values, undrawn=undrawn, stop_early=stop_early, **limit)[0] is verdict


def test_a_resampled_claim_at_the_ends_of_the_scale_is_decided_by_what_can_be() -> None:
    claim: dict[str, Any] = {"claim": "declared-set-resampled", "stop_early": True}
    assert judged([0.0] * 50, at_most=0.0, **claim)[0] is Verdict.INCONCLUSIVE
    assert judged([0.0] * 5 + [1.0], at_most=0.0, **claim)[0] is Verdict.FAILED
    assert judged([1.0], at_most=1.0, **claim)[0] is Verdict.PASSED


@pytest.mark.parametrize(
    ("observations", "threshold", "pool_size", "alpha", "words"),
    [
        ([], 1.5, 10, 0.05, "the threshold 1.5 is outside 0..1"),
        ([], math.nan, 10, 0.05, "the threshold nan is outside 0..1"),
        ([], 0.1, 10, 1.0, "alpha 1.0 is not between 0 and 1"),
        ([], 0.1, 10, math.nan, "alpha nan is not between 0 and 1"),
        ([], 0.1, 0, 0.05, "a set of 0 cells"),
        ([("t", "q", math.nan)], 0.1, 10, 0.05, "the value nan is outside 0..1"),
        ([("t", "q", 0.0), ("t", "q", 0.0)], 0.1, 10, 0.05, "was observed twice"),
    ],
)
def test_decide_refuses_what_it_cannot_mean(
    observations: list[tuple[str, str, float | None]],
    threshold: float,
    pool_size: int,
    alpha: float,
    words: str,
) -> None:
    with pytest.raises(ValueError, match=words):
        decide(observations, threshold, pool_size, alpha)


def test_decide_takes_nothing_where_the_threshold_allows_everything_and_stays_open_without_answers() -> None:
    assert decide([("t", "q", 1.0)], 1.0, 10).n_used == 0
    assert decide([], 0.1, 10).decision == "undecided"
    assert decide([("t", str(i), None) for i in range(10)], 0.1, 10).decision == "undecided"
