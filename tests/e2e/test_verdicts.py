"""What a verdict is, how pytest shows it, and the exit status."""

from __future__ import annotations

from tests.e2e.conftest import Project, bad, good


def test_a_wrong_answer_that_only_the_gate_punishes_is_xfailed(project: Project) -> None:
    project.spec([*good(3), *bad(1)])
    result = project.run()
    result.assert_outcomes(passed=4, xfailed=1)
    assert result.ret == 0
    assert project.summary()["cases"]["missed"] == 1


def test_a_wrong_answer_fails_where_the_spec_says_so(project: Project) -> None:
    project.spec([*good(1), *bad(1)], on_miss="fail")
    result = project.run()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        ["*specs/core.yaml:*identity probe on toy*", "*asked:*bad 0*", "*answer:*I am ChatGPT*", "*judged:*"]
    )
    assert result.ret == 1


def test_a_failed_gate_exits_with_1_and_says_why(project: Project) -> None:
    project.spec([*good(5), *bad(5)], gates="{strict_rate: {at_most: 0.1}}")
    result = project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*specs/core.yaml:17  above 0.10: 5 wrong of 10, required at most 0.10*", "VERDICT: FAILED*"]
    )


def test_provider_trouble_is_an_error_and_never_a_wrong_answer(project: Project) -> None:
    project.spec([*good(3), "trouble 1"], gates="{strict_rate: {at_most: 0.5, max_missing: 0.5}}")
    result = project.run()
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(["*the line went dead*"])
    assert "Traceback" not in result.stdout.str()
    gate = project.summary()["gates"][0]
    assert (gate["verdict"], gate["estimate"]["missing"]) == ("passed", 1)
    assert result.ret == 11


def test_an_empty_reply_is_missing_not_consistent(project: Project) -> None:
    project.spec([*good(3), "empty 1"], gates="{strict_rate: {at_most: 0.1, max_missing: 0.5}}")
    result = project.run()
    gate = project.summary()["gates"][0]
    assert gate["verdict"] == "inconclusive"
    assert "unanswered" in gate["explanation"]
    assert result.ret == 11


def test_an_unscored_answer_makes_its_case_and_its_gate_inconclusive(project: Project) -> None:
    project.spec([*good(3), "unjudgeable 1"], gates="{strict_rate: {at_most: 0.1, max_missing: 0.5}}")
    result = project.run("-rA")
    assert project.summary()["gates"][0]["verdict"] == "inconclusive"
    result.assert_outcomes(passed=3, failed=2)
    assert result.ret == 10


def test_too_much_missing_breaks_the_gate(project: Project) -> None:
    project.spec([*good(3), "trouble 1", "trouble 2"])
    result = project.run()
    result.assert_outcomes(passed=3, errors=3)
    assert project.summary()["gates"][0]["verdict"] == "broken"
    assert result.ret == 11


def test_a_refused_endpoint_is_one_error_and_the_rest_skip_with_its_reason(project: Project) -> None:
    project.spec([f"locked {number}" for number in range(20)])
    result = project.run("-rs", "--distill-concurrency", "2")
    result.assert_outcomes(errors=2, skipped=19)
    result.stdout.fnmatch_lines(["SKIPPED [[]19[]] specs/core.yaml:*401, wrong key*"])
    assert len(project.calls()) <= 3
    assert result.ret == 11


def test_a_decided_gate_stops_the_asking_visibly(project: Project) -> None:
    project.spec(bad(100), gates="{strict_rate: {at_most: 0.02, stop_early: true}}")
    result = project.run("-rs", "--distill-concurrency", "1")
    assert len(project.calls()) == 3
    gate = project.summary()["gates"][0]
    assert gate["verdict"] == "failed"
    assert "3 wrong in the first 3" in gate["explanation"]
    result.stdout.fnmatch_lines(
        ["SKIPPED [[]97[]] specs/core.yaml:*not needed: gates decided after 3 of 100*"]
    )
    assert result.ret == 1


def test_full_asks_everything_whatever_the_gate_knows(project: Project) -> None:
    project.spec(bad(20), gates="{strict_rate: {at_most: 0.02, stop_early: true}}")
    project.run("--distill-full")
    assert len(project.calls()) == 20


def test_cases_selected_without_their_gate_are_always_asked(project: Project) -> None:
    project.spec(bad(20), gates="{strict_rate: {at_most: 0.02, stop_early: true}}")
    project.run("-k", "bad")
    assert len(project.calls()) == 20


def test_one_gate_that_needs_all_keeps_the_asking_on(project: Project) -> None:
    project.spec(
        bad(20), gates="{strict_rate: {at_most: 0.02, stop_early: true}, loose_rate: {at_most: 0.1}}"
    )
    project.run("--distill-concurrency", "2")
    assert len(project.calls()) == 20


def test_a_model_that_changes_in_mid_run_breaks_the_run(project: Project) -> None:
    project.models("  served: changes\n")
    project.spec(good(6))
    result = project.run()
    assert result.ret == 11
    assert project.summary()["verdict"] == "broken"
    result.stdout.fnmatch_lines(["*fake-1*fake-2*"])


def test_repeats_are_distinct_calls_and_cells(project: Project) -> None:
    project.spec(good(2), more="repeats: 3\n")
    project.run()
    assert sorted(project.calls()) == [f"toy good {n} #{sample}" for n in range(2) for sample in range(3)]
    assert project.summary()["gates"][0]["estimate"]["n"] == 6


def test_wrong_specs_stop_everything_with_all_lines_and_no_call(project: Project) -> None:
    project.spec(good(2))
    project.spec(good(2), name="second", more="reapeats: 3\n")
    project.spec(good(2), name="third", gates="{strict_rate: {at_most: 7}}")
    result = project.run()
    text = result.stdout.str()
    assert "second.yaml:" in text
    assert "third.yaml:" in text
    assert "repeats" in text
    assert project.calls() == []
    assert "Traceback" not in text
    assert result.ret == 2


def test_a_spec_without_its_data_is_listed_and_outside_the_verdict(project: Project) -> None:
    project.spec(good(2))
    project.spec(good(2), name="given", more="requires: [TOY_DATA]\n")
    result = project.run("-rs")
    result.stdout.fnmatch_lines(["*TOY_DATA*"])
    assert [absent["spec"] for absent in project.summary()["absent"]] == ["specs/given.yaml"]
    assert project.summary()["verdict"] == "passed"
    assert result.ret == 0
