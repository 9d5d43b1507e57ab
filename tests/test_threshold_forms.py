"""Thresholds that are more than a number: options that mean one or end a mean, all targets together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from distill_tests import specfile
from distill_tests.errors import SpecError
from distill_tests.gates import judge_gate
from distill_tests.gates.across import OfTarget, judge_across
from distill_tests.gates.evidence import with_evidence
from distill_tests.registry import Statistic, Threshold, statistic_of, statistics
from distill_tests.types import Estimate, Gate, GateResult, Sample, Trial, Verdict
from tests.test_gates import hits, sample_of


def _value(trial: Trial) -> float | None:
    return trial.score.value


def _alike(samples: Mapping[str, Sample], *, short: bool = False) -> Estimate:
    """How many targets there are, as a share of four."""
    return Estimate(
        value=None if short else len(samples) / 4, low=None, high=None, n=len(samples), method="toy"
    )


def _mean(sample: Sample, **options: Any) -> Estimate:
    return Estimate(value=0.5, low=None, high=None, n=len(sample.outcomes), method=str(options))


def _p_value(sample: Sample, *, p: float) -> Estimate:
    return Estimate(value=p, low=None, high=None, n=18, missing=len(sample.failed), method="toy")


def _fwer(options: Mapping[str, Any]) -> Threshold | None:
    return Threshold("at_least", float(options["fwer"])) if "fwer" in options else None


ALIKE = Statistic(name="toys_alike", function=_alike, scale=(0, 1), of_targets=True)
AVERAGED = Statistic(
    name="toy_averaged",
    function=_mean,
    scale=(0, 1),
    cell=_value,
    options={"average": {"enum": ["micro", "macro"]}},
    is_mean=lambda options: options.get("average", "micro") == "micro",
)
NAMED = Statistic(
    name="toy_named", function=_mean, scale=(0, 1), options={"fwer": {"type": "number"}}, threshold=_fwer
)
CARDS = (
    "atlas: {provider: scripted, target: true, identity: {name: Atlas, maker: Example Lab}, "
    "replies: [{match: hi, reply: hi}]}\n"
)
SPEC = "kind: identity\ntitle: Toy\nprobes: {questions: [{id: a, text: Who are you?}]}\n"


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Gate]:
    """Loads a spec with the one gate that is given."""
    monkeypatch.chdir(tmp_path)
    assert "strict_rate" in statistics  # all are imported before the toys join them
    for one in (ALIKE, AVERAGED, NAMED):
        monkeypatch.setitem(statistics._things, one.name, one)
    Path("specs").mkdir()
    Path("specs/models.yaml").write_text(CARDS, encoding="utf-8")

    def load(gate: str, more: str = "") -> Gate:
        path = Path("specs/toy.yaml")
        path.write_text(f"{SPEC}{more}gates: {{{gate}}}\n", encoding="utf-8")
        models = specfile.load_models(Path("specs/models.yaml"), environ={})
        return specfile.load(path, models, environ={}).gates[0]

    return load


Load = Callable[..., Gate]


def test_an_option_can_stand_for_the_threshold(load: Load) -> None:
    gate = load("toy_named: {fwer: 0.01}")
    assert (gate.at_least, gate.at_most) == (0.01, None)
    assert gate.options == {"fwer": 0.01}


def test_without_that_option_a_threshold_is_asked_for(load: Load) -> None:
    with pytest.raises(SpecError, match="gate 'toy_named' has no threshold; give fwer"):
        load("toy_named: {}")


def test_an_option_that_means_the_threshold_stands_alone(load: Load) -> None:
    with pytest.raises(SpecError, match="gate 'toy_named' has two thresholds"):
        load("toy_named: {fwer: 0.01, at_least: 0.02}")


def test_options_can_end_what_only_a_mean_can_do(load: Load) -> None:
    sample = "sample: {size: 1, seed: 1}\n"
    assert load("toy_averaged: {at_least: 0.5}", sample).stop_early
    macro = load("toy_averaged: {at_least: 0.5, average: macro}", sample)
    assert not macro.stop_early
    assert statistic_of(macro).cell is None
    with pytest.raises(SpecError, match="is no mean of answers"):
        load("toy_averaged: {at_least: 0.5, average: macro, claim: population}")


def test_a_statistic_of_all_targets_makes_a_gate_across_them(load: Load) -> None:
    assert load("toys_alike: {at_most: 0.5}").across == "together"
    with pytest.raises(SpecError, match="is of all targets together; leave across out"):
        load("toys_alike: {at_most: 0.5, across: worst}")


def _together(*, at_most: float, undrawn: int = 0, targets: int = 2, **options: Any) -> Any:
    gate = Gate(name="g", statistic="toys_alike", across="together", at_most=at_most, options=options)
    seen = [OfTarget(f"m{one}", sample_of(hits(1, 4), undrawn=undrawn)) for one in range(targets)]
    return judge_across(gate, seen, ALIKE)


def test_all_targets_together_are_decided_by_the_value() -> None:
    assert _together(at_most=0.5).verdict is Verdict.PASSED
    failed = _together(at_most=0.25)
    assert failed.verdict is Verdict.FAILED
    assert failed.explanation.startswith("above 0.25: 0.500 over 2 targets")


def test_what_was_not_asked_of_one_target_leaves_the_gate_of_all_open() -> None:
    result = _together(at_most=0.5, undrawn=3)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "m0 lacks 3, m1 lacks 3" in result.explanation


def test_without_a_value_the_gate_of_all_is_inconclusive_and_outside_its_scale_broken() -> None:
    assert _together(at_most=0.5, short=True).verdict is Verdict.INCONCLUSIVE
    assert _together(at_most=0.5, targets=5).verdict is Verdict.BROKEN
    assert _together(at_most=0.5, targets=1).verdict is Verdict.BROKEN


P_VALUE = Statistic(name="toy_p", function=_p_value, scale=(0, 1), is_p_value=True)


def _judged_p(p: float, *, missing: int = 0, undrawn: int = 0) -> GateResult:
    gate = Gate(name="g", statistic="toy_p", at_least=0.1, max_missing=0.2, options={"p": p})
    sample = sample_of([*hits(3, 18), *[None] * missing], undrawn=undrawn)
    return with_evidence(judge_gate(gate, sample, P_VALUE), sample, P_VALUE, moved=False)


def test_a_p_value_is_decided_on_the_answered_cases_within_max_missing() -> None:
    assert _judged_p(0.05, missing=2).verdict is Verdict.FAILED
    assert _judged_p(0.3, missing=2).verdict is Verdict.PASSED
    assert _judged_p(0.3, missing=9).verdict is Verdict.BROKEN
    assert _judged_p(0.3, undrawn=4).verdict is Verdict.INCONCLUSIVE
    assert _judged_p(0.1).verdict is Verdict.FAILED, "a p-value rejects at its level"


def test_a_p_value_is_its_own_evidence_and_no_certainty() -> None:
    evidence = _judged_p(0.05).evidence
    assert evidence is not None
    assert evidence.failing == pytest.approx(20)
    assert evidence.passing == 1
