"""Gates over all targets of a file: decided on all of them, whatever was selected, or not at all."""

from __future__ import annotations

import re

from tests.e2e.conftest import Project, bad, good

THREE = """
toy-b:
  provider: toyland
  model: toy-2
  target: true
  identity: {name: Toy, maker: Toyland}
toy-c:
  provider: toyland
  model: toy-3
  target: true
{more}  identity: {name: Toy, maker: Toyland}
"""
WORST = "{worst_strict: {statistic: strict_rate, across: worst, at_most: 0.2}}"
NODE = "specs/core.yaml::all::gate-worst_strict"


def three(
    project: Project, gates: str = WORST, *, more: str = "", questions: list[str] | None = None
) -> None:
    project.models(more=THREE.replace("{more}", more))
    project.spec(questions or [*bad(1), *good(9)], gates=gates)


def text_of(result: object) -> str:
    return re.sub(r"\s+", " ", str(result.stdout))  # type: ignore[attr-defined]  # a RunResult


def test_one_gate_looks_at_the_worst_of_all_targets(project: Project) -> None:
    three(project)
    result = project.run("-v")
    assert result.ret == 0, text_of(result)
    (gate,) = project.summary()["gates"]
    assert (gate["node"], gate["target"], gate["across"]) == (NODE, "all", "worst")
    assert gate["explanation"].startswith("the worst of 3 targets is 0.100, required at most 0.2")
    assert gate["notes"] == ["targets: toy, toy-b, toy-c"]
    assert len(project.calls()) == 30
    assert f"{NODE} PASSED" in text_of(result)


def test_mean_and_spread_are_decided_too_and_fail_where_they_must(project: Project) -> None:
    three(
        project,
        "{mean_strict: {statistic: strict_rate, across: mean, at_most: 0.05},"
        " spread_strict: {statistic: strict_rate, across: spread, at_most: 0.0}}",
    )
    assert project.run().ret == 1
    mean, spread = project.summary()["gates"]
    assert mean["explanation"].startswith("above 0.05: the mean of 3 targets is 0.100")
    assert (spread["verdict"], spread["estimate"]["value"]) == ("passed", 0)


def test_the_verdict_does_not_depend_on_what_is_selected(project: Project) -> None:
    three(project)
    result = project.run("-k", "worst_strict")
    assert result.ret == 0, text_of(result)
    assert len(project.calls()) == 30
    assert project.summary()["verdict"] == "passed"
    result = project.run_args(NODE)
    assert result.ret == 0, text_of(result)
    assert project.summary()["verdict"] == "passed"


def test_without_the_gate_selected_there_is_no_verdict(project: Project) -> None:
    three(project)
    project.run("-k", "good")
    summary = project.summary()
    assert summary["verdict"] == "none"
    assert summary["not_selected"] == [
        {"spec": "specs/core.yaml", "target": "all", "gate": "worst_strict"},
    ]


def test_a_target_that_is_not_there_leaves_no_verdict_and_is_named(project: Project) -> None:
    three(project, more="  requires: [NOT_SET_ANYWHERE]\n")
    result = project.run("-rs")
    assert result.ret == 0
    assert project.summary()["verdict"] == "none"
    assert "no verdict across targets: toy-c: models.yaml" not in text_of(result)
    assert "toy-c: core.yaml needs data: set NOT_SET_ANYWHERE" in text_of(result)


def test_another_choice_of_targets_leaves_no_verdict(project: Project) -> None:
    three(project)
    result = project.run("-rs", "--distill-target", "toy,toy-b")
    assert project.summary()["verdict"] == "none"
    assert "toy-c: not among --target" in text_of(result)


def test_workers_decide_it_on_the_same_answers(project: Project) -> None:
    three(project, "{strict_rate: {at_most: 0.2}, " + WORST[1:])
    result = project.run("-n", "2", "--distill-no-store", subprocess=True)
    assert result.ret == 0, text_of(result)
    gates = {gate["name"] + gate["target"]: gate["verdict"] for gate in project.summary()["gates"]}
    assert gates["worst_strictall"] == "passed"
    assert len(gates) == 4
    assert len(project.calls()) == 30


def test_an_unanswered_target_is_counted_against_the_gate(project: Project) -> None:
    three(project, questions=[*bad(1), *good(8), "trouble 0"])
    assert project.run().ret == 11
    three(
        project,
        "{worst_strict: {statistic: strict_rate, across: worst, at_most: 0.1, max_missing: 0.5}}",
        questions=[*bad(1), *good(8), "trouble 0"],
    )
    project.run("-k", "gate")
    (gate,) = project.summary()["gates"]
    assert gate["verdict"] == "inconclusive"
    assert "between 0.100 and 0.200" in gate["explanation"]


def test_the_plan_tells_of_gates_against_a_baseline_and_across_targets(project: Project) -> None:
    three(project, "{strict_rate: {at_most: 0.2}}")
    project.run("--distill-full")
    run = next((project.path / "reports").glob("*/run.jsonl")).parent.name
    against = f"no_worse: {{statistic: strict_rate, baseline: ../reports/{run}, at_most_above: 0.05}}"
    three(project, f"{{{against}, {WORST[1:]}")
    result = project.run("--distill-plan")
    assert "gate no_worse: at most 0.05 above the baseline" in text_of(result)
    assert "gate worst_strict: the worst of all targets, when every set is complete" in text_of(result)
