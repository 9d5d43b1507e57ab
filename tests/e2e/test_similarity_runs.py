"""Similarity audits through the plugin: who is asked how often, what decides, what a run shows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.e2e.conftest import Project

MORE = '''

@provider("parrot", options={"tail": TEXT})
class Parrot:
    """Says the last message again, with a tail of its own; one line a call in the log of all processes."""
    stores = True
    embedded = True
    def __init__(self, model):
        self.model = model
    def identifies(self):
        return {"provider": "parrot", "model": self.model.model, "tail": self.model.options.get("tail", "")}
    def revision(self):
        return self.model.revision
    async def send(self, request):
        text = request.messages[-1].text
        with open(os.environ["FAKE_LOG"], "a") as log:
            log.write(f"{self.model.alias} {text} #{request.sample}\\n")
        await asyncio.sleep(0.01)
        if self.model.alias == "stratus" and "mute" in text:
            raise EmptyReply("parrot: an empty completion")
        return Reply(text=text + self.model.options.get("tail", ""), finish="stop")
    async def aclose(self):
        pass

PART = (0, 2)

@judge("same-length", scale=(1, 5), marks={"style": PART, "logic": PART, "content": PART, "overall": (1, 5)})
def same_length(exhibit):
    value = max(1.0, 5.0 - abs(len(exhibit.answer) - len(exhibit.references[0])))
    return Score(value=value, label=f"overall {value:g}", reason="by their lengths",
                 marks={"style": 1.0, "logic": 0.0, "content": 1.0, "overall": value})
'''
CARDS = """
near: {provider: parrot, model: near-1, target: true, tail: "!"}
far: {provider: parrot, model: far-1, target: true, tail: "!!!"}
stratus: {provider: parrot, model: stratus-1}
cirrus: {provider: parrot, model: cirrus-1, tail: "!!"}
"""
ROWS: list[dict[str, Any]] = [
    *({"id": f"q{number}", "prompt": f"Say {number}.", "set": "short"} for number in range(6)),
    *({"id": f"c{number}", "turns": [f"Plan {number}.", "Shorter."], "set": "chat"} for number in range(2)),
]
HEAD = "kind: similarity\ntitle: RSE\njudge: same-length\nreference: stratus\n"


@pytest.fixture
def rse(project: Project) -> Project:
    with (project.path / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(MORE)
    project.models(text="", more=CARDS)
    return project


def write(
    project: Project, more: str = "", *, rows: Sequence[Mapping[str, Any]] = ROWS, name: str = "rse"
) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (project.path / "specs" / "p.jsonl").write_text(text, encoding="utf-8")
    body = f"{HEAD}prompts: {{data: p.jsonl}}\n{more}"
    (project.path / "specs" / f"{name}.yaml").write_text(body, encoding="utf-8")


def asked(project: Project) -> Counter[str]:
    """Calls by model."""
    return Counter(line.split()[0] for line in project.calls())


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_the_reference_is_asked_once_for_all_targets(rse: Project, workers: tuple[str, ...]) -> None:
    write(rse, "gates: {mean_overall: {at_most: 4.5}}\n")
    result = rse.run(*workers, subprocess=bool(workers))
    result.assert_outcomes(passed=2 * 8 + 2)
    # Six prompts of one turn and two of two, put to each model once.
    assert asked(rse) == {"near": 10, "far": 10, "stratus": 10}
    assert result.ret == 0


def test_gates_decide_on_both_means_and_name_what_is_too_alike(rse: Project) -> None:
    write(
        rse, "gates: {mean_overall: {at_most: 3}, mean_of_sets: {at_most: 3}, mean_style: {at_most: 1.5}}\n"
    )
    result = rse.run()
    verdicts = {(one["target"], one["name"]): one["verdict"] for one in rse.summary()["gates"]}
    assert verdicts["far", "mean_overall"] == verdicts["far", "mean_of_sets"] == "passed"
    assert verdicts["near", "mean_overall"] == verdicts["near", "mean_of_sets"] == "failed"
    assert verdicts["near", "mean_style"] == "passed"
    assert result.ret == 1


def test_no_likeness_fails_a_case_by_itself(rse: Project) -> None:
    write(rse, "on_miss: fail\ngates: {mean_overall: {at_most: 5}}\n")
    result = rse.run()
    result.assert_outcomes(passed=2 * 8 + 2)
    assert result.ret == 0


def test_the_reference_audited_against_itself_scores_five(rse: Project) -> None:
    write(rse, "gates: {mean_overall: {at_least: 5}, mean_of_sets: {at_least: 5}}\n")
    assert rse.run("--distill-target", "stratus").ret == 0
    assert asked(rse) == {"stratus": 10}


def test_a_reply_that_the_reference_does_not_give_is_missing_and_never_a_likeness(rse: Project) -> None:
    write(
        rse,
        "gates: {mean_overall: {at_most: 5}}\n",
        rows=[*ROWS, {"id": "m", "prompt": "mute", "set": "short"}],
    )
    result = rse.run()
    result.assert_outcomes(passed=2 * 8, errors=4)
    (case,) = [
        one for one in rse.records() if one["type"] == "case" and one["error"] and one["target"] == "near"
    ]
    assert "empty completion" in case["error"]
    assert {one["verdict"] for one in rse.summary()["gates"]} == {"broken"}
    assert result.ret == 11


def test_a_gate_may_be_relative_to_a_control(rse: Project) -> None:
    relative = "controls: {unlike: cirrus}\ngates: {mean_overall: {at_most: {above: unlike, by: 0.2}}}\n"
    write(rse, relative)
    rse.run()
    verdicts = {one["target"]: one["verdict"] for one in rse.summary()["gates"]}
    assert verdicts == {"near": "failed", "far": "passed"}
    assert asked(rse)["cirrus"] == 10
    (overall, _parts) = rse.summary()["tables"]
    assert [row[0] for row in overall["rows"]] == ["near", "far", "cirrus (control unlike)"]


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_control_that_no_gate_names_is_asked_once_for_all_targets_and_shown_by_sets(
    rse: Project, workers: tuple[str, ...]
) -> None:
    write(rse, "controls: {unlike: cirrus}\ngates: {mean_overall: {at_most: 4.5}}\n")
    assert rse.run(*workers, subprocess=bool(workers)).ret == 0
    assert asked(rse) == {"near": 10, "far": 10, "stratus": 10, "cirrus": 10}
    (overall, _parts) = rse.summary()["tables"]
    control = overall["rows"][-1]
    assert control[0] == "cirrus (control unlike)"
    assert [cell["value"] for cell in control[1:5]] == [1.0, 3.0, 2.0, 2.5]
    assert control[1]["low"] is not None


def test_a_control_that_falls_silent_is_counted_and_shown_and_costs_no_target_its_case(rse: Project) -> None:
    rows = [
        {"id": f"q{number}", "prompt": f"{'empty' if number == 1 else 'Say'} {number}."}
        for number in range(5)
    ]
    cirrus = "cirrus: {provider: toyland, model: cirrus-1}\n"
    rse.models(
        text="", more=CARDS.replace('cirrus: {provider: parrot, model: cirrus-1, tail: "!!"}\n', cirrus)
    )
    write(rse, "controls: {unlike: cirrus}\ngates: {mean_overall: {at_most: 4.5}}\n", rows=rows)
    result = rse.run("--distill-target", "near")
    result.assert_outcomes(passed=6)
    assert result.ret == 0
    (overall, _parts) = rse.summary()["tables"]
    assert overall["rows"][-1][-2:] == [4, 1]
    told = " ".join(line.strip() for line in result.outlines)
    relative = "controls: {unlike: cirrus}\ngates: {mean_overall: {at_most: {above: unlike, by: 0.2}}}\n"
    write(rse, relative, rows=rows)
    assert rse.run("--distill-target", "near").ret == 11
    (gate,) = rse.summary()["gates"]
    assert "the control unlike has no score for 1 of 5 (first: fake: an empty comp" in gate["explanation"]
    assert "20 % of the set, more than max_missing 10 %" in gate["explanation"]
    lenient = relative.replace("by: 0.2}}}", "by: 3.5}, max_missing: 0.2}}")
    write(rse, lenient, rows=rows)
    rse.run("--distill-target", "near")
    (gate,) = rse.summary()["gates"]
    assert gate["verdict"] == "passed", "whatever the missing answer would be worth"
    assert "and 1 missing; what is missing cannot change it" in gate["explanation"]
    assert "1 answer of cirrus (control unlike) missing (first: fake: an empty completion)" in told


def test_a_plan_counts_what_is_asked_beside_the_targets_once(rse: Project) -> None:
    write(rse, "controls: {unlike: cirrus}\nrepeats: 2\n")
    lines = rse.run("--distill-plan").outlines
    at = lines.index("specs/rse.yaml beside the targets, asked once for all of them")
    assert lines[at + 1] == "  stratus: 20 calls"
    assert lines[at + 5] == "  cirrus: 20 calls"
    assert lines[at + 9] == "in all: 2 targets, at most 80 calls. Nothing was asked."
    assert rse.calls() == []
    lines = rse.run("--distill-plan", "--distill-target", "stratus").outlines
    assert "  stratus: 20 calls" not in lines, "it is the target"


def test_a_run_shows_targets_by_prompt_sets(rse: Project) -> None:
    write(rse)
    result = rse.run("--distill-target", "near")
    (overall, parts) = rse.summary()["tables"]
    assert overall["columns"] == [
        "target",
        "chat",
        "short",
        "mean of sets",
        "all prompts",
        "answers",
        "missing",
    ]
    (row,) = overall["rows"]
    assert [row[0], *(cell["value"] for cell in row[1:5]), *row[5:]] == ["near", 3.0, 4.0, 3.5, 3.75, 8, 0]
    assert parts["rows"][0][1]["value"] == 1.0
    result.stdout.fnmatch_lines(["*RSE: likeness to stratus, 1 to 5*"])


ARBITER = """
arbiter:
  provider: scripted
  default: '{"explanation": "One is longer.", "style": 2, "logic": 1, "content": 2, "overall": 4}'
"""


def test_a_judge_model_compares_by_the_rubric_of_similarity(rse: Project) -> None:
    rse.models(text="", more=CARDS + ARBITER)
    write(rse, "gates: {mean_overall: {at_most: 4.2}, mean_content: {at_least: 2}}\n")
    spec = rse.path / "specs" / "rse.yaml"
    rubric = "{name: rubric, rubric: similarity, model: arbiter}"
    spec.write_text(spec.read_text("utf-8").replace("same-length", rubric), encoding="utf-8")
    assert rse.run("--distill-target", "near").ret == 0
    scores = [trial["score"] for one in rse.records() if one["type"] == "case" for trial in one["trials"]]
    assert {score["reason"] for score in scores} == {"One is longer."}
    assert scores[0]["marks"] == {"style": 2.0, "logic": 1.0, "content": 2.0, "overall": 4.0}
    assert scores[0]["details"]["likeness"]["reference"] == "stratus"
    assert scores[0]["details"]["model"]["alias"] == "arbiter"


def test_what_a_confidential_reference_says_goes_to_no_judge_elsewhere(rse: Project) -> None:
    secret = CARDS.replace("model: stratus-1", "model: stratus-1, confidential: true")
    elsewhere = 'arbiter: {provider: openai, base_url: "https://judge.example.org/v1"}\n'
    rse.models(text="", more=secret + elsewhere)
    write(rse)
    spec = rse.path / "specs" / "rse.yaml"
    rubric = "{name: rubric, rubric: similarity, model: arbiter}"
    spec.write_text(spec.read_text("utf-8").replace("same-length", rubric), encoding="utf-8")
    result = rse.run("--distill-target", "near")
    result.stdout.fnmatch_lines(["*judge 'rubric' would send on what 'stratus' says*judge.example.org*"])
    assert rse.calls() == []
    assert result.ret != 0


def test_a_recorded_reference_must_hold_every_prompt(rse: Project) -> None:
    rows = [{"prompt": row["prompt"], "reply": f"{row['prompt']}?!"} for row in ROWS[:5]]
    (rse.path / "specs" / "old.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    old = "stratus: {provider: recorded, transcripts: {format: jsonl, path: old.jsonl}}\n"
    rse.models(text="", more=CARDS.replace("stratus: {provider: parrot, model: stratus-1}\n", old))
    write(rse, rows=ROWS[:6])
    result = rse.run("--distill-target", "near")
    result.stdout.fnmatch_lines(["*p.jsonl:6:1: the recording 'stratus' has no reply to case 'short-q5'*"])
    write(rse, "gates: {mean_overall: {at_most: 4}}\n", rows=ROWS[:5])
    assert rse.run("--distill-target", "near").ret == 0
    assert rse.summary()["calls"]["recorded"] == 5


def test_what_is_wrong_with_the_prompts_is_said_before_anything_is_asked(rse: Project) -> None:
    write(rse, rows=[{"id": "a", "prompt": " "}, {"id": "b", "prompt": "x"}, {"id": "b", "prompt": "y"}])
    result = rse.run()
    result.stdout.fnmatch_lines_random(
        [
            "*p.jsonl:1:1: 'prompt' holds nothing that can be seen*",
            "*p.jsonl:3:1: id 'b' was already used on line 2*",
        ]
    )
    assert "Traceback" not in str(result.stdout)
    assert rse.calls() == []
    assert result.ret != 0
