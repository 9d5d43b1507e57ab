"""Calibrations through the real plugin: node ids, what is reported, what is kept, what is refused."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.conftest import Project

SPEC = """\
kind: calibration
title: A toy judge
judge: mentions
gold: {{jsonl: data/gold.jsonl, annotators: two cats{more}}}
on_miss: gate
gates: {gates}
{tail}"""
KAPPA = "{kappa: {of: strict, at_least: 0.5}}"


def row(number: int, text: str, strict: bool, **more: Any) -> dict[str, Any]:
    return {
        "id": f"r{number}",
        "response": f"{text} ({number})",
        "identity": {"name": "Qwen", "maker": "Alibaba Cloud"},
        "labels": {"strict": strict},
        **more,
    }


ROWS = [
    *(row(number, "I was made by OpenAI.", True) for number in range(5)),
    *(row(number, "I am Qwen.", False) for number in range(5, 10)),
    row(10, "Many people know OpenAI.", False),
]


def calibrated(
    project: Project, *, rows: Any = ROWS, more: str = "", gates: str = KAPPA, tail: str = ""
) -> None:
    folder = project.path / "specs" / "data"
    folder.mkdir(exist_ok=True)
    text = "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in rows)
    (folder / "gold.jsonl").write_text(text, encoding="utf-8")
    spec = SPEC.format(more=more, gates=gates, tail=tail)
    (project.path / "specs" / "judge.yaml").write_text(spec, encoding="utf-8")


def test_a_calibration_says_where_it_lies_and_how_it_is_cited(project: Project) -> None:
    calibrated(project)
    text = " ".join(project.run().stdout.str().split())
    (stored,) = (project.path / ".distill-tests" / "calibrations").glob("*.json")
    path = f".distill-tests/calibrations/{stored.name}"
    assert f"stored {path} cite it calibration: ../{path}" in text
    incomplete = " ".join(project.run("--distill-first", "3").stdout.str().split())
    assert "cite it" not in incomplete


def test_rows_and_gates_are_tests_of_the_judge(project: Project) -> None:
    calibrated(project)
    result = project.run("-v")
    result.stdout.fnmatch_lines(
        [
            "specs/judge.yaml::mentions::r0 PASSED*",
            "specs/judge.yaml::mentions::r10 XFAIL*",
            "specs/judge.yaml::mentions::gate-kappa PASSED*",
            "*PASSED*kappa  0.820*",
            "*gold rows  11 of specs/data/gold.jsonl; labels: two cats",
            "*differs in 1 row:",
            "*r10",
            "VERDICT: PASSED (1 gate passed)",
        ]
    )
    assert result.ret == 0
    assert project.calls() == []


def test_a_calibration_is_kept_with_the_run_and_for_later_ones(project: Project) -> None:
    calibrated(project)
    project.run()
    [kept] = (project.path / ".distill-tests" / "calibrations").glob("*.json")
    [reported] = (project.path / "reports").glob("*/calibrations/*.json")
    assert kept.name == reported.name
    told = json.loads(kept.read_text(encoding="utf-8"))
    assert told["labels"]["strict"]["whole"]["counts"] == [5, 1, 0, 5]
    assert told == project.summary()["calibrations"][0]


def test_a_selection_is_no_calibration(project: Project) -> None:
    calibrated(project)
    project.run("-k", "r0 or r1")
    assert not (project.path / ".distill-tests" / "calibrations").exists()


def test_target_does_not_apply_to_a_calibration(project: Project) -> None:
    calibrated(project)
    project.spec(["good 1"])
    project.run("--distill-target", "toy")
    assert [target["alias"] for target in project.summary()["targets"]] == ["toy", "mentions"]


def test_a_failing_gate_fails_the_run(project: Project) -> None:
    calibrated(project, gates="{kappa: {of: strict, at_least: 0.95}}")
    result = project.run()
    result.stdout.fnmatch_lines(["*FAILED*kappa  0.820*", "VERDICT: FAILED (1 gate failed)"])
    assert result.ret == 1


def test_under_on_miss_fail_a_disagreement_is_a_failed_test(project: Project) -> None:
    calibrated(project)
    path = project.path / "specs" / "judge.yaml"
    path.write_text(path.read_text("utf-8").replace("on_miss: gate", "on_miss: fail"), encoding="utf-8")
    result = project.run()
    result.stdout.fnmatch_lines(
        [
            "specs/data/gold.jsonl:11  gold row r10 (Qwen, en)",
            "  answer:  Many people know OpenAI. (10)",
            "  labels:  strict no",
            "  judged:  strict yes (mentions): foreign: names OpenAI",
        ]
    )
    assert result.ret == 1


def test_a_broken_law_shows_the_answers_that_break_it(project: Project) -> None:
    gates = "{kappa: {of: strict, at_least: 0.5}, laws_held: {at_least: 1}}"
    calibrated(project, gates=gates, tail="laws: [swap-makers, negating-removes]\nlaw_examples: 10\n")
    result = project.run("-v")
    result.stdout.fnmatch_lines(
        ["specs/judge.yaml::mentions::law-swap-makers XFAIL*", "*gate-laws_held FAILED*"]
    )
    records = {record.get("id"): record for record in project.records()}
    text = records["law-negating-removes"]["explanation"]
    assert "law negating-removes: a claim that is negated is none" in text
    assert result.ret == 1
    assert project.summary()["calibrations"][0]["laws"]["swap-makers"] == "broken"


def test_bad_rows_are_one_collection_error_with_all_of_them(project: Project) -> None:
    calibrated(project, rows=[*ROWS, "{", row(0, "again", True)])
    result = project.run()
    result.stdout.fnmatch_lines(
        [
            "*2 rows of specs/data/gold.jsonl cannot be used; max_bad_rows is 0",
            "specs/data/gold.jsonl:12:1: not JSON*",
            "specs/data/gold.jsonl:13:1: id 'r0' was already used on line 1",
        ]
    )
    assert result.ret == 2


def test_bad_rows_that_are_tolerated_are_shown_at_the_end(project: Project) -> None:
    calibrated(project, rows=[*ROWS, "{"], more=", max_bad_rows: 1")
    result = project.run()
    result.stdout.fnmatch_lines(["*bad row    specs/data/gold.jsonl:12:1: not JSON*", "VERDICT: PASSED*"])
    markdown = (project.path / "reports" / "summary.md").read_text(encoding="utf-8")
    assert "## Calibration of `mentions`: A toy judge" in markdown
    assert "specs/data/gold.jsonl:12:1" in markdown


def test_a_plan_counts_no_call_of_an_offline_judge(project: Project) -> None:
    calibrated(project, gates="{laws_held: {at_least: 1}}", tail="laws: [order]\n")
    project.run("--distill-plan").stdout.fnmatch_lines(
        ["specs/judge.yaml on mentions: 12 cases", "  calls     0", "  cost      none: no call is made"]
    )


def test_workers_keep_the_same_calibration(project: Project) -> None:
    calibrated(project)
    result = project.run("-n", "2", subprocess=True)
    result.stdout.fnmatch_lines(["VERDICT: PASSED (1 gate passed)"])
    assert project.summary()["calibrations"][0]["complete"] is True
