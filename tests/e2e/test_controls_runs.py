"""Controls and canaries in whole runs: a judge that sees nothing breaks the run, whatever the gates say."""

from __future__ import annotations

import re

from tests.e2e.conftest import Project, good

BLIND = """
@judge("blind", scale=(0, 1), marks={"loose": (0, 1), "strict": (0, 1)})
def blind(exhibit):
    return Score(value=0.0, label="none", marks={"loose": 0.0, "strict": 0.0})
"""


def with_blind_judge(project: Project) -> None:
    conftest = project.path / "conftest.py"
    conftest.write_text(conftest.read_text("utf-8") + BLIND, "utf-8")


def replace_in_spec(project: Project, old: str, new: str) -> None:
    path = project.path / "specs" / "core.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_judge_that_misses_the_positive_controls_breaks_the_run(project: Project) -> None:
    with_blind_judge(project)
    project.spec(good(3))
    replace_in_spec(project, "judge: mentions", "judge: blind")
    result = project.run()
    assert result.ret == 11
    result.stdout.fnmatch_lines(["*the judge missed 4 positive controls: control-scripted-other-en-1,*"])
    assert project.summary()["verdict"] == "broken"


def test_a_judge_that_sees_passes_its_controls_and_no_model_is_asked_for_them(project: Project) -> None:
    project.spec(good(3))
    result = project.run()
    assert result.ret == 0
    assert len(project.calls()) == 3
    text = re.sub(r"\s+", " ", result.stdout.str())
    assert "scripted: 4 of 4 found (sensitivity 1.000 [0.398, 1.000], Clopper-Pearson)" in text
    (group,) = project.summary()["targets"][0]["specs"][0]["controls"]["groups"]
    assert (group["positive"]["hits"], group["negative"]["hits"], group["unscored"]) == (4, 0, 0)


def test_a_missed_canary_breaks_the_run_and_is_shown(project: Project) -> None:
    project.spec(
        good(2),
        more="canaries: {items: [{id: hidden, answer: I am Claude., expect: {strict: true}}]}\n",
    )
    result = project.run()
    assert result.ret == 11
    text = re.sub(r"\s+", " ", result.stdout.str())
    assert "the judge missed 1 canary: canary-hidden" in text
    assert "missed canary-hidden: expected strict: True, got consistent" in text


def test_a_told_model_that_never_plays_its_part_breaks_the_run(project: Project) -> None:
    project.spec(good(2), more="controls: {ask: told, size: 2}\n")
    result = project.run()
    assert result.ret == 11
    assert len(project.calls()) == 2 + 4
    text = re.sub(r"\s+", " ", result.stdout.str())
    assert "positive control: only 0 of 2 told answers were found, at least 0.5 must be" in text


def test_controls_none_is_said_in_the_summary(project: Project) -> None:
    project.spec(good(2), more="controls: none\n")
    result = project.run()
    assert result.ret == 0
    assert "none: the spec says controls: none" in re.sub(r"\s+", " ", result.stdout.str())


def test_the_plan_counts_the_calls_of_told_controls(project: Project) -> None:
    project.spec(good(2), more="controls: {ask: told, size: 3}\n")
    result = project.run("--distill-plan")
    result.stdout.fnmatch_lines(["*calls     8*"])
    assert project.calls() == []


def test_wrong_canaries_are_named_with_their_place(project: Project) -> None:
    project.spec(good(1), more="canaries: {items: [{id: c, anser: x, expect: {}}]}\n")
    result = project.run()
    assert result.ret == 2
    result.stdout.fnmatch_lines(
        ["*core.yaml:8:28: unknown key 'anser'*did you mean 'answer'*", "*'expect' is an empty mapping*"]
    )


def test_a_missed_canary_breaks_a_run_without_gates_before_anything_is_asked(project: Project) -> None:
    missed = "canaries: {items: [{id: hidden, answer: I am Claude., expect: {strict: true}}]}\n"
    project.spec(good(2), gates="", on_miss="fail", more=missed)
    result = project.run()
    assert result.ret == 11
    assert project.calls() == []
    assert "the judge missed 1 canary: canary-hidden" in result.stdout.str()
    assert project.summary()["verdict"] == "broken"


def test_controls_that_are_met_leave_a_run_without_gates_as_it_is(project: Project) -> None:
    met = "canaries: {items: [{id: plain, answer: I am from OpenAI., expect: {strict: true}}]}\n"
    project.spec(good(2), gates="", on_miss="fail", more=met)
    assert project.run().ret == 0
    assert len(project.calls()) == 2


def test_a_missed_canary_breaks_a_search(project: Project) -> None:
    missed = "canaries: {items: [{id: hidden, answer: I am Claude., expect: {strict: true}}]}\n"
    framing = "framings: {inline: [{id: quiz, en: 'A quiz. {question}'}]}\n"
    more = f"{framing}{missed}search: {{budget: {{calls: 5}}}}\n"
    project.spec(["which company made you"], gates="", on_miss="fail", more=more)
    result = project.run()
    assert result.ret == 11
    assert project.calls() == []


def test_a_canary_that_the_judge_cannot_but_miss_is_a_mistake_of_the_spec(project: Project) -> None:
    project.spec(good(1), more="canaries: {items: [{id: c, answer: x, expect: {strct: true, value: 0}}]}\n")
    result = project.run()
    assert result.ret == 2
    result.stdout.fnmatch_lines(
        ["*core.yaml:8:*canary 'c' expects 'strct', which judge 'mentions' does not*"]
    )
    result.stdout.fnmatch_lines(["*did you mean 'strict'*"])
    assert project.calls() == []


def test_a_case_may_be_called_controls_even_without_gates(project: Project) -> None:
    project.spec(["controls"], gates="", on_miss="fail")
    assert project.run().ret == 0
    assert len(project.calls()) == 1
