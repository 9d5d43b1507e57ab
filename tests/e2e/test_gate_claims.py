"""Claims beyond the declared set, from the YAML to the report."""

from __future__ import annotations

from tests.e2e.conftest import Project

GATE = "{strict_rate: {at_most: 0.1, claim: population}}"


def framings(count: int) -> str:
    rows = "".join(f"    - {{id: f{i}, en: 'In words of {i}. {{question}}'}}\n" for i in range(count))
    return f"framings:\n  inline:\n{rows}"


def test_enough_framings_carry_a_population_claim_and_the_report_says_so(project: Project) -> None:
    project.spec(["good 1", "good 2"], gates=GATE, more=framings(30))
    assert project.run().ret == 0
    (gate,) = project.summary()["gates"]
    assert (gate["claim"], gate["over"], gate["verdict"]) == ("population", None, "passed")
    assert gate["estimate"]["about"] == "population"
    assert 0.09 < gate["estimate"]["high"] <= 0.1
    assert gate["explanation"].startswith("mean of 30 framing means 0.000, so at most 0.0")
    assert gate["explanation"].endswith("not for other questions")
    assert gate["estimate"]["effective_n"] == 2  # two questions: what is said of questions in general


def test_too_few_framings_are_refused_where_the_claim_stands_before_any_call(project: Project) -> None:
    project.spec(["good 1", "good 2"], gates=GATE, more=framings(28))
    result = project.run()
    assert result.ret != 0
    assert project.calls() == []
    place = next(line for line in result.outlines if "population claim" in line)
    assert "specs/core.yaml:" in place
    assert "a population claim at 0.1 needs 29 framings, this set has 28" in place


def test_the_questions_of_a_set_can_be_claimed_over_instead(project: Project) -> None:
    gate = "{strict_rate: {at_most: 0.5, claim: {population: question}}}"
    project.spec([f"good {i}" for i in range(8)], gates=gate)
    assert project.run().ret == 0
    assert "mean of 8 question means" in project.summary()["gates"][0]["explanation"]


def test_a_population_gate_has_the_whole_sample_asked(project: Project) -> None:
    sample = "sample: {size: 45, seed: 3}\n"
    gates = "{strict_rate: {at_most: 0.5, claim: population}, loose_rate: {at_most: 0.5}}"
    project.spec(["good 1", "good 2"], gates=gates, more=framings(30) + sample)
    assert project.run().ret == 0
    assert len(project.calls()) == 45


def test_a_set_answered_anew_is_a_claim_of_its_own(project: Project) -> None:
    gate = "{strict_rate: {at_most: 0.2, claim: declared-set-resampled}}"
    more = "sampling: {temperature: 0.8}\nsample: {size: 60, seed: 1}\n"
    project.spec([f"good {i}" for i in range(60)], gates=gate, more=more)
    assert project.run().ret == 0
    (told,) = project.summary()["gates"]
    assert told["estimate"]["about"] == "declared-set-resampled"
    assert told["estimate"]["undrawn"] > 0
    assert "holds for this set answered again and again" in told["explanation"]
