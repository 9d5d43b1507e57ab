"""pytest as people know it: selection, order, -x, --lf, collect-only, and what they do to verdicts."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Project, bad, good


def test_every_case_and_gate_is_a_test_with_a_readable_node_id(project: Project) -> None:
    project.spec(good(2))
    result = project.run("-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines_random(
        [
            "specs/core.yaml::toy::good-0-en.plain PASSED*",
            "specs/core.yaml::toy::gate-strict_rate PASSED*",
            "VERDICT: PASSED*",
        ]
    )
    assert result.ret == 0


def test_gates_come_last_in_collection(project: Project) -> None:
    project.spec(good(3))
    result = project.run("--collect-only", "-q")
    ids = [line for line in result.outlines if "::" in line]
    assert ids[-1] == "specs/core.yaml::toy::gate-strict_rate"
    assert len(ids) == 4


def test_collect_only_makes_no_call_and_writes_no_file(project: Project) -> None:
    project.spec(good(3))
    project.run("--collect-only")
    assert project.calls() == []
    assert not (project.path / "reports").exists()
    assert not (project.path / ".distill-tests").exists()


def test_plan_makes_no_call_and_says_what_the_gate_can_decide(project: Project) -> None:
    project.spec(good(10), gates="{strict_rate: {at_most: 0.1}}")
    result = project.run("--distill-plan")
    result.stdout.fnmatch_lines(["*10 cases*", "*calls*10*", "*strict_rate*at most 0.10 of 10*"])
    assert project.calls() == []
    assert not (project.path / ".distill-tests").exists()


def test_plan_tells_minutes_from_the_calls_in_the_store(project: Project) -> None:
    project.models("  latency_s: 3.0\n")
    project.spec(good(10))
    project.run()
    result = project.run("--distill-plan", "--distill-concurrency", "1")
    result.stdout.fnmatch_lines(["*time*about 0.5 min, 1 calls at a time of 3.0 s*"])
    assert len(project.calls()) == 10


def test_a_selected_case_alone_is_asked_alone_and_gives_no_verdict(project: Project) -> None:
    project.spec([*good(5), "special 1"])
    result = project.run("-k", "special")
    assert project.calls() == ["toy special 1 #0"]
    result.assert_outcomes(passed=1, deselected=6)
    result.stdout.fnmatch_lines(["NO VERDICT: 1 gate not selected*"])
    assert project.summary()["verdict"] == "none"
    assert result.ret == 0


def test_no_verdict_exits_with_12_when_a_verdict_is_required(project: Project) -> None:
    project.spec(good(2))
    assert project.run("-k", "good-0", "--distill-require-verdict").ret == 12


def test_a_single_node_id_runs_that_case(project: Project) -> None:
    project.spec(good(3))
    result = project.run_args("specs/core.yaml::toy::good-1-en.plain")
    result.assert_outcomes(passed=1)
    assert project.calls() == ["toy good 1 #0"]


def test_a_gate_selected_alone_asks_the_whole_declared_set(project: Project) -> None:
    project.spec([*good(3), *bad(1)], gates="{strict_rate: {at_most: 0.1}}")
    result = project.run("-k", "gate-strict_rate")
    assert len(project.calls()) == 4
    result.assert_outcomes(failed=1, deselected=4)
    assert result.ret == 1


def test_the_verdict_does_not_change_with_the_selection(project: Project) -> None:
    project.spec([*good(6), *bad(3)], gates="{strict_rate: {at_most: 0.2}}")
    explanations = set()
    for selection in ("", "bad or gate", "good or gate", "gate"):
        project.run(*(["-k", selection] if selection else []))
        explanations.add(project.summary()["gates"][0]["explanation"])
    assert len(explanations) == 1


def test_last_failed_runs_what_failed_and_the_inconclusive_gate(project: Project) -> None:
    project.pytester.makeini("[pytest]\naddopts = -p no:randomly\n")
    project.spec([*good(3), "trouble 1"], gates="{strict_rate: {at_most: 0.1, max_missing: 0.5}}")
    project.run()
    (project.path / "mended").touch()
    result = project.run("--lf", "-v")
    result.assert_outcomes(passed=2, deselected=3)
    result.stdout.fnmatch_lines(["*trouble-1-en.plain PASSED*"])


def test_exit_first_asks_only_a_window_ahead(project: Project) -> None:
    project.spec([*bad(40)], on_miss="fail", gates="")
    result = project.run("-x", "--distill-concurrency", "4")
    result.assert_outcomes(failed=1)
    assert len(project.calls()) <= 8


def test_shuffled_items_get_the_same_verdict_and_each_call_once(project: Project) -> None:
    project.pytester.makeini("[pytest]\naddopts = -p no:cacheprovider\n")
    pytest.importorskip("pytest_randomly")
    project.spec([*good(8), *bad(2)], gates="{strict_rate: {at_most: 0.1}}")
    verdicts = set()
    for seed in ("1", "2"):
        project.log.unlink(missing_ok=True)
        project.run("-p", "randomly", "-p", "no:cacheprovider", "--randomly-seed", seed)
        assert sorted(project.calls()) == sorted({*project.calls()})
        verdicts.add(project.summary()["gates"][0]["explanation"])
    assert len(verdicts) == 1


def test_first_asks_a_planned_prefix_and_decides_by_clopper_pearson(project: Project) -> None:
    project.spec(good(60), gates="{strict_rate: {at_most: 0.1}}")
    result = project.run("--distill-first", "10")
    assert len(project.calls()) == 10
    gate = project.summary()["gates"][0]
    assert gate["verdict"] == "inconclusive"
    assert gate["estimate"]["undrawn"] == 50
    result.stdout.fnmatch_lines(["*INCONCLUSIVE*"])
    assert result.ret == 10


def test_target_option_overrides_the_specs_targets(project: Project) -> None:
    project.models(more="other:\n  provider: toyland\n  model: o\n  identity: {name: O, maker: P}\n")
    project.spec(good(1))
    project.run("--distill-target", "other")
    assert project.calls() == ["other good 0 #0"]


def test_an_unknown_target_stops_the_run_with_the_near_miss(project: Project) -> None:
    project.spec(good(1))
    result = project.run("--distill-target", "tony")
    text = result.stdout.str() + result.stderr.str()
    assert "unknown target 'tony'" in text
    assert "did you mean 'toy'" in text
    assert result.ret == 2
    assert project.calls() == []
    assert "Traceback" not in text


def test_a_spec_over_a_recording_is_skipped_in_words_for_another_target(project: Project) -> None:
    rows = '{"prompt": "Who are you?", "reply": "I am Toy."}\n'
    (project.path / "specs" / "said.jsonl").write_text(rows)
    project.models(
        more="old:\n  provider: recorded\n  model: old\n  transcripts: {format: jsonl, path: said.jsonl}\n"
        "  identity: {name: Toy, maker: Toyland}\n"
    )
    project.spec(good(2))
    (project.path / "specs" / "said.yaml").write_text(
        "kind: identity\ntitle: Said\ntargets: [old]\nprobes: {recorded: all}\njudge: mentions\n"
        "on_miss: gate\ngates: {strict_rate: {at_most: 0.5}}\n"
    )
    project.run().assert_outcomes(passed=5)
    result = project.run("--distill-target", "toy", "-rs")
    result.assert_outcomes(passed=3, skipped=1)
    result.stdout.fnmatch_lines(["*target 'toy' is no recording*"])
    assert project.summary()["verdict"] == "passed"


def test_a_provider_and_a_model_can_be_a_target_without_a_card(project: Project) -> None:
    project.spec(good(1))
    result = project.run("--distill-target", "openai:no-such-family-1", "--collect-only", "-q")
    result.stdout.fnmatch_lines(["specs/core.yaml::openai*good-0-en.plain"])
