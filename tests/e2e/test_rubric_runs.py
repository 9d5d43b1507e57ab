"""An audit with a judge that asks a model, from the YAML to the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

import distill_tests
from tests.e2e.conftest import MODELS, Project, bad, good

JUDGE = """
arbiter:
  provider: scripted
  replies:
    - regex: '"I am ChatGPT'
      reply: '{"explanation": "It claims OpenAI.", "contradiction": true, "other_maker": true,
        "claimed": "OpenAI", "quote": "made by OpenAI"}'
  default: '{"explanation": "As its card says.", "contradiction": false, "other_maker": false,
    "claimed": "own", "quote": ""}'
elsewhere: {provider: openai, base_url: "https://judge.example.org/v1"}
"""


def write_spec(project: Project, judge: str, questions: list[str]) -> None:
    rows = "".join(f"    - {{id: {text.replace(' ', '-')}, text: {text}}}\n" for text in questions)
    text = f"kind: identity\ntitle: Toy\njudge: {judge}\non_miss: gate\nprobes:\n  questions:\n{rows}"
    text += "gates: {strict_rate: {at_most: 0.5}}\n"
    (project.path / "specs" / "core.yaml").write_text(text, encoding="utf-8")


def scores(project: Project) -> list[dict[str, Any]]:
    cases = [record for record in project.records() if record["type"] == "case"]
    schema = json.loads((Path(distill_tests.__file__).parent / "schema" / "record.json").read_text())
    for case in cases:
        Draft202012Validator(schema).validate(case)
    return [trial["score"] for case in cases for trial in case["trials"]]


def test_verdicts_of_a_judge_model_decide_gates_and_say_who_judged(project: Project) -> None:
    project.models(more=JUDGE)
    write_spec(
        project,
        "{name: rubric, model: arbiter, votes: 3}",
        [*bad(1), *good(3)],
    )
    result = project.run("-v")
    result.stdout.fnmatch_lines_random(["VERDICT: PASSED*"])
    found = {score["label"]: score for score in scores(project)}
    assert set(found) == {"foreign", "consistent"}
    foreign = found["foreign"]
    assert foreign["judge"].startswith("rubric@")
    assert foreign["evidence"][0]["shows"] == "quoted by the judge model"
    assert foreign["details"]["model"]["alias"] == "arbiter"
    assert [reply["sample"] for reply in foreign["details"]["replies"]] == [0, 1, 2]
    assert len(project.calls()) == 4


def test_a_judge_model_without_a_usable_reply_is_missing_never_a_score(project: Project) -> None:
    project.models(more=JUDGE)
    write_spec(
        project,
        "{name: rubric, model: arbiter, sampling: {max_tokens: 64}}",
        good(2),
    )
    models = (
        (project.path / "specs" / "models.yaml").read_text().replace('"own", "quote": ""', '"own", "quote":')
    )
    (project.path / "specs" / "models.yaml").write_text(models)
    result = project.run()
    assert result.ret == 11
    assert {score["value"] for score in scores(project)} == {None}
    assert all("JSON is broken" in score["reason"] for score in scores(project))


def test_a_confidential_target_and_a_judge_elsewhere_are_an_error_before_any_call(project: Project) -> None:
    project.models(text=MODELS, extra="  confidential: true\n", more=JUDGE)
    write_spec(project, "{name: rubric, model: elsewhere}", good(2))
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*specs/core.yaml:3:30: judge 'rubric' would send on what 'toy' says:*"])
    assert project.calls() == []


def test_the_plan_counts_the_calls_to_the_judge(project: Project) -> None:
    project.models(more=JUDGE)
    write_spec(project, "{name: rubric, model: arbiter, votes: 3, retries: 1}", good(2))
    result = project.run("--distill-plan")
    result.stdout.fnmatch_lines(["*calls *2, and up to 12 to the judge"])


def test_the_plan_counts_the_judges_calls_in_the_sum_and_says_that_they_cost(project: Project) -> None:
    project.models(more=JUDGE)
    write_spec(project, "{name: rubric, model: arbiter, votes: 3}", good(4))
    result = project.run("--distill-plan")
    result.stdout.fnmatch_lines(
        [
            "*calls     4, and up to 12 to the judge",
            "*cost *judge's calls cost",
            "in all: *at most 16 calls.*",
        ]
    )
