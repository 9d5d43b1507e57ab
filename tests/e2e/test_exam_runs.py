"""Exams through the real plugin: what passes, what is wrong, invalid or missing, and what is reported."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Project

ROOT = Path(__file__).parents[2]
VAL = """\
id,task,level,question,A,B,C,D,answer
1,high_school_physics,high,How far is easy?,one,two,three,four,B
2,high_school_physics,high,How far is silent?,one,two,three,four,B
3,high_school_physics,high,How far is wrong?,one,two,three,four,B
4,primary_school_science,primary,How long is easy?,one,two,three,four,B
"""
DEV = """\
id,task,question,A,B,C,D,answer,explanation
1,high_school_physics,How many?,one,two,three,four,C,One and two make three.
1,primary_school_science,How much?,one,two,three,four,A,It is one.
"""
MODELS = """
toy:
  provider: scripted
  model: toy-1
  target: true
  log: calls.log
  identity: {name: Toy, maker: Toyland}
  default: B
  replies:
    - {match: is silent, reply: I cannot tell.}
    - {match: is wrong, reply: The answer is C.}
    - {match: is broken, error: 400}
"""
LETTERED = '''
import math
from distill_tests.registry import provider
from distill_tests.types import Reply, TokenLogprob

@provider("lettered")
class Lettered:
    """Tells the log-probabilities of the first token, B likeliest in two spellings."""
    stores, embedded = True, True
    def __init__(self, model):
        self.model = model
    def identifies(self):
        return {"model": self.model.model}
    def revision(self):
        return None
    async def send(self, request):
        assert request.sampling.max_tokens == 1
        top = tuple((text, math.log(p)) for text, p in (("A", 0.3), ("B", 0.25), (" B", 0.2), ("The", 0.1)))
        first = TokenLogprob(token="A", logprob=top[0][1], top=top)
        return Reply(text="A", finish="length", logprobs=(first,))
    async def aclose(self):
        pass
'''


def exam(project: Project, more: str, *, val: str = VAL, models: str = MODELS, judge: str = "letter") -> None:
    specs = project.path / "specs"
    (specs / "x_val.csv").write_text(val, encoding="utf-8")
    (specs / "x_dev.csv").write_text(DEV, encoding="utf-8")
    (specs / "models.yaml").write_text(models, encoding="utf-8")
    head = f"kind: exam\ntitle: Toy exam\njudge: {judge}\non_miss: gate\n"
    data = "data: {csv: x_val.csv, shots: x_dev.csv}\n"
    (specs / "exam.yaml").write_text(head + data + more, encoding="utf-8")


def cases(project: Project) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in project.records() if row["type"] == "case"}


def gates(project: Project) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in project.records() if row["type"] == "gate"}


def test_an_invalid_answer_is_wrong_and_counted_apart(project: Project) -> None:
    exam(project, "gates: {accuracy: {at_least: 0.5}, invalid_rate: {at_most: 0.25}}\n")
    result = project.run()
    assert result.ret == 0
    found = cases(project)
    silent = found["high_school_physics-2.0-shot"]["trials"][0]["score"]
    assert (silent["label"], silent["value"]) == ("invalid", 0.0)
    assert silent["marks"] == {"correct": 0.0, "invalid": 1.0}
    assert found["high_school_physics-3.0-shot"]["trials"][0]["score"]["label"] == "C"
    assert gates(project)["accuracy"]["estimate"]["value"] == 0.5
    assert gates(project)["invalid_rate"]["estimate"]["value"] == 0.25
    result.stdout.fnmatch_lines(["*Accuracy: Toy exam (toy)*"])
    table = next(one for one in project.summary()["tables"] if one["title"].startswith("Accuracy"))
    assert table["rows"][0][:3] == ["all", "0-shot", 4]


def test_provider_trouble_is_missing_and_no_wrong_answer(project: Project) -> None:
    val = VAL + "".join(
        f"{n},high_school_physics,high,How far is easy {n}?,a,b,c,d,B\n" for n in range(5, 25)
    )
    val += "25,high_school_physics,high,How far is broken?,a,b,c,d,B\n"
    exam(project, "gates: {accuracy: {at_least: 0.9}, invalid_rate: {at_most: 0.1}}\n", val=val)
    project.run()
    told = gates(project)["accuracy"]["estimate"]
    assert (told["n"], told["missing"]) == (24, 1)
    assert told["value"] == pytest.approx(22 / 24)
    assert cases(project)["high_school_physics-25.0-shot"]["verdict"] == "broken"


def test_a_missing_answer_leaves_open_only_what_it_could_turn(project: Project) -> None:
    val = VAL + "".join(
        f"{n},primary_school_science,primary,How far is easy {n}?,a,b,c,d,B\n" for n in range(5, 15)
    )
    val += "15,primary_school_science,primary,How far is broken?,a,b,c,d,B\n"
    exam(
        project,
        "gates:\n"
        "  reached: {statistic: accuracy, average: macro, at_least: 0.6}\n"
        "  open: {statistic: accuracy, average: macro, at_least: 0.65}\n"
        "  beyond: {statistic: accuracy, average: macro, at_least: 0.7}\n"
        "  elsewhere: {statistic: accuracy, at_least: 0.3, where: {level: high}}\n"
        "  letters: {statistic: invalid_rate, at_most: 0.05, where: {level: primary}}\n"
        "  letters_high: {statistic: invalid_rate, at_most: 0.4, where: {level: high}}\n",
        val=val,
    )
    project.run()
    found = gates(project)
    # Of physics 1 of 3 is right; of science 11 of 12, or 12 were the broken one right.
    ends = [(1 / 3 + 11 / 12) / 2, (1 / 3 + 1) / 2]
    assert found["open"]["estimate"]["details"]["possible"] == pytest.approx(ends)
    verdicts = {name: found[name]["verdict"] for name in found}
    assert verdicts == {
        "reached": "passed", "open": "inconclusive", "beyond": "failed",
        "elsewhere": "passed", "letters": "inconclusive", "letters_high": "passed",
    }  # fmt: skip
    assert (
        "between 0.625 and 0.667, whatever is missing: 1 of 15 have no score" in found["open"]["explanation"]
    )


@pytest.mark.parametrize(("order", "verdict"), [("planned", "passed"), ("by_task", "inconclusive")])
def test_a_first_part_of_a_set_decides_by_chance_only_where_it_is_a_random_part(
    project: Project, order: str, verdict: str
) -> None:
    val = VAL.partition("\n")[0] + "\n"
    val += "".join(f"{n},high_school_physics,high,How far is easy {n}?,a,b,c,d,B\n" for n in range(60))
    gates_of = "gates: {invalid_rate: {at_most: 0.1}, accuracy: {at_most: 0.5}}\n"
    exam(project, f"order: {order}\n{gates_of}", val=val)
    project.run("--distill-first", "40")
    found = gates(project)
    assert found["invalid_rate"]["verdict"] == verdict
    assert found["accuracy"]["verdict"] == "failed"  # 40 of 60 are right, whatever the others are
    if order == "by_task":
        told = "invalid_rate between 0.000 and 0.333, whatever is missing: 20 of 60 are not asked"
        assert told in found["invalid_rate"]["explanation"]


def test_invalid_answers_of_a_part_are_a_gate_where_no_answer_is_known(project: Project) -> None:
    val = "id,task,question,A,B\n0,physics,Who is easy?,x,y\n1,physics,Who is silent?,x,y\n"
    gate = "gates: {invalid_rate: {at_most: 0.5, where: {task: physics}}}\n"
    exam(project, f"split: test\n{gate}", val=val)
    (project.path / "specs" / "x_val.csv").rename(project.path / "specs" / "x_test.csv")
    spec = project.path / "specs" / "exam.yaml"
    spec.write_text(spec.read_text().replace("csv: x_val.csv", "csv: x_test.csv"))
    project.run()
    assert gates(project)["invalid_rate"]["verdict"] == "passed"


def test_the_mean_of_settings_and_a_slice_are_gates_on_the_whole_set(project: Project) -> None:
    exam(
        project,
        "settings: [{shots: 0}, {shots: 1}, {shots: 1, reasoning: true}]\n"
        "gates:\n"
        "  accuracy: {at_least: 0.6, average: macro, over: mean_of_settings}\n"
        "  primary: {statistic: accuracy, at_least: 1, where: {level: primary}}\n"
        "  cot: {statistic: setting_difference, at_least: -0.5, new: 1-shot cot, old: 1-shot}\n",
    )
    result = project.run()
    assert result.ret == 0
    assert gates(project)["accuracy"]["estimate"]["value"] == pytest.approx((1 / 3 + 1) / 2)
    assert gates(project)["primary"]["estimate"]["n"] == 3
    assert gates(project)["cot"]["estimate"]["value"] == 0.0
    shown = cases(project)["high_school_physics-1.1-shot-cot"]["trials"][0]["exchanges"][0]["messages"]
    assert shown[1]["text"].startswith("Step by step:\nOne and two make three.")


def test_questions_without_a_known_answer_leave_their_letters_in_the_records(project: Project) -> None:
    val = "id,task,question,A,B\n0,physics,Who is easy?,x,y\n1,physics,Who is silent?,x,y\n"
    exam(project, "split: test\ngates: {invalid_rate: {at_most: 0.5}}\n", val=val)
    (project.path / "specs" / "x_val.csv").rename(project.path / "specs" / "x_test.csv")
    spec = project.path / "specs" / "exam.yaml"
    spec.write_text(spec.read_text().replace("csv: x_val.csv", "csv: x_test.csv"))
    project.run()
    found = cases(project)
    one = found["physics-0.0-shot"]
    assert one["verdict"] == "passed"
    assert one["trials"][0]["score"]["label"] == "B"
    assert one["clusters"] == {"item": "physics/0"}
    assert (one["groups"]["task"], one["groups"]["split"]) == ("physics", "test")
    assert found["physics-1.0-shot"]["verdict"] == "missed"


def test_likelihood_reads_the_letters_and_needs_no_judge(project: Project) -> None:
    models = MODELS.replace("provider: scripted", "provider: lettered").partition("  log:")[0]
    project.pytester.makeconftest(LETTERED)
    exam(project, "answer: likelihood\ngates: {accuracy: {at_least: 1}}\n", models=models)
    spec = project.path / "specs" / "exam.yaml"
    spec.write_text(spec.read_text().replace("judge: letter\n", ""))
    assert project.run().ret == 0
    score = cases(project)["high_school_physics-1.0-shot-likelihood"]["trials"][0]["score"]
    assert score["label"] == "B"
    assert score["details"]["probability"] == {"A": 0.3, "B": 0.45}
    assert score["details"]["rule"] == "likeliest letter"


def test_the_plan_counts_one_token_a_question_under_likelihood(project: Project) -> None:
    exam(project, "answer: likelihood\ngates: {accuracy: {at_least: 0.1}}\n")
    project.run("--distill-plan").stdout.fnmatch_lines(["*tokens*at most 4 out*"])


def test_the_plan_says_that_images_are_not_among_its_tokens(project: Project) -> None:
    (project.path / "specs" / "red.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 16)
    val = "id,question,A,B,answer,images\n0,Which colour?,red,blue,A,red.png;red.png\n1,Why?,so,no,A,\n"
    models = MODELS.replace("  default: B", "  price: {input: 1, output: 1}\n  default: B")
    gate = "gates: {accuracy: {at_least: 0.5}}\n"
    exam(project, f"repeats: 2\n{gate}", val=val, models=models)
    plan = project.run("--distill-plan").stdout
    plan.fnmatch_lines(["*tokens*(first prompts, without the chat template's own, without 4 images)*"])
    plan.fnmatch_lines(["*cost*, and what images cost"])
    exam(project, gate, models=models)
    project.run("--distill-plan").stdout.no_fnmatch_line("*what images cost*")


def test_an_endpoint_without_log_probabilities_breaks_the_gate_in_words(project: Project) -> None:
    exam(project, "answer: likelihood\ngates: {accuracy: {at_least: 0.1}}\n")
    result = project.run()
    assert result.ret == 11
    reasons = {row["trials"][0]["score"]["reason"] for row in cases(project).values()}
    assert reasons == {"the endpoint gives no token log-probabilities; ask for answer: generation"}
    assert gates(project)["accuracy"]["verdict"] == "broken"


def test_every_order_of_the_options_shows_who_answers_by_the_letter(project: Project) -> None:
    exam(
        project,
        "permute: cyclic\ngates: {order_consistency: {at_most: 0.5}, position_bias: {at_least: 0.1}}\n",
    )
    project.run()
    assert gates(project)["order_consistency"]["estimate"]["value"] == 0.0
    titles = [table["title"].partition(":")[0] for table in project.summary()["tables"]]
    assert titles == ["Accuracy", "Letters", "Order of the options"]


def test_e_eval_is_skipped_in_words_without_its_folder(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("E_EVAL_DATA", raising=False)
    specs = project.path / "specs"
    shutil.copy(ROOT / "specs" / "models.yaml", specs / "models.yaml")
    shutil.copytree(ROOT / "specs" / "identity" / "data", specs / "identity" / "data")
    shutil.copytree(ROOT / "specs" / "exam", specs / "exam")
    (specs / "exam" / "k12.yaml").unlink()
    text = " ".join(project.run().stdout.str().split())
    assert "E_EVAL_DATA" in text
    assert "skipped" in text
    assert "nothing was asked" in text


def test_the_shipped_questions_are_what_they_say(project: Project) -> None:
    specs = project.path / "specs"
    shutil.copytree(ROOT / "specs" / "exam", specs / "exam")
    (specs / "models.yaml").write_text(MODELS, encoding="utf-8")
    for name in ("e-eval.yaml", "e-eval-likelihood.yaml"):
        (specs / "exam" / name).unlink()
    spec = specs / "exam" / "k12.yaml"
    lines = [line for line in spec.read_text("utf-8").splitlines() if not line.startswith("sample")]
    text = "\n".join(lines).replace("answer: likelihood", "judge: letter").replace("{shots: 0}", "{shots: 2}")
    spec.write_text(text + "\n", encoding="utf-8")
    project.run()
    found = cases(project)
    assert len(found) >= 60
    assert {row["groups"]["level"] for row in found.values()} == {"primary", "middle", "high"}
    assert {row["groups"]["language"] for row in found.values()} == {"zh", "en"}
    assert {row["groups"]["clean"] for row in found.values()} == {"yes"}
