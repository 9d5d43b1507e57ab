"""Gates of a sampled set end the asking when the evidence carries their verdict, and say how far it went."""

from __future__ import annotations

import re

from tests.e2e.conftest import Project, bad, good

SAMPLE = "sample: {size: 80, seed: 3}\n"


def text_of(result: object) -> str:
    return re.sub(r"\s+", " ", str(result.stdout))  # type: ignore[attr-defined]  # a RunResult


def test_a_sampled_set_is_not_asked_to_its_end_where_the_evidence_suffices(project: Project) -> None:
    project.spec(good(80), gates="{strict_rate: {at_most: 0.2}}", more=SAMPLE)
    result = project.run("--distill-concurrency", "1")
    assert result.ret == 0
    (gate,) = project.summary()["gates"]
    n = gate["estimate"]["n"]
    assert 5 <= n <= 30
    assert len(project.calls()) == n
    assert gate["estimate"]["undrawn"] == 80 - n
    assert gate["explanation"].startswith(f"0 wrong in the first {n} of 80, so at most 0.")
    assert gate["estimate"]["high"] <= 0.2
    assert "e-process without replacement" in gate["estimate"]["method"]
    assert f"not needed: gates decided after {n} of 80" in text_of(result)


def test_answers_beyond_the_stop_are_counted_apart(project: Project) -> None:
    project.models("  together: 16\n")
    project.spec(bad(80), gates="{strict_rate: {at_most: 0.02}}", more=SAMPLE)
    assert project.run("--distill-concurrency", "16").ret == 1
    (gate,) = project.summary()["gates"]
    beyond = len(project.calls()) - gate["estimate"]["n"]
    assert gate["estimate"]["n"] < 10
    assert beyond >= 16 - 10
    assert gate["notes"] == [
        f"{beyond} answers beyond the stop, in flight or asked for other gates: stored, not counted",
        "judge mentions: not calibrated (no calibration: in the spec)",
    ]


def test_full_asks_a_sampled_set_to_its_end_and_counts_it(project: Project) -> None:
    project.spec(good(80), gates="{strict_rate: {at_most: 0.2}}", more=SAMPLE)
    project.run("--distill-full")
    assert len(project.calls()) == 80
    (gate,) = project.summary()["gates"]
    assert gate["explanation"].startswith("0 wrong of 80")


def test_of_two_gates_the_undecided_one_goes_on_alone(project: Project) -> None:
    project.spec(
        [*bad(8), *good(72)],
        gates="{strict_rate: {at_most: 0.5}, loose_rate: {at_most: 0.12}}",
        more=SAMPLE,
    )
    project.run("--distill-concurrency", "2")
    strict, loose = project.summary()["gates"]
    assert strict["estimate"]["n"] < loose["estimate"]["n"]


def test_the_same_seed_stops_at_the_same_case_whatever_the_concurrency(project: Project) -> None:
    project.spec(good(80), gates="{strict_rate: {at_most: 0.1}}", more=SAMPLE)
    project.run("--distill-concurrency", "1", "--distill-no-store")
    one = project.summary()["gates"][0]["estimate"]
    project.run("--distill-concurrency", "16", "--distill-no-store")
    assert project.summary()["gates"][0]["estimate"] == one


def test_a_set_that_is_no_sample_is_asked_in_full_unless_the_gate_says_otherwise(project: Project) -> None:
    project.spec(good(80), gates="{strict_rate: {at_most: 0.5}}")
    project.run()
    assert len(project.calls()) == 80
