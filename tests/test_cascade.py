"""``cascade``: the first judge's verdict stands unless it is unsure; then the second decides, or nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from distill_tests import forecast, specfile
from distill_tests.asked_rows import asked_rows
from distill_tests.cli import main
from distill_tests.engine import Engine, EngineOptions
from distill_tests.errors import DataError, ProviderError, SpecError
from distill_tests.judging import judging
from distill_tests.registry import judge, judges, kinds
from distill_tests.specfile.cases import case_problems
from distill_tests.types import Exhibit, JudgeUse, Model, Score, Spec
from tests.judging import ATLAS, CLEAN, JUDGE, Asked, always, identity_verdict

MARKS = {"loose": (0, 1), "strict": (0, 1)}


@judge("toy_hesitant", marks=MARKS, options={"value": {"type": "number"}})
def toy_hesitant(exhibit: Exhibit, *, value: float = 0.0) -> Score:
    """Unsure of every answer with a question mark, without a verdict on dots."""
    if exhibit.answer == "...":
        return Score(value=None, label="unscored", reason="nothing to read")
    return Score(
        value=value, label="toy", reason="a guess", marks={"loose": value}, unsure="?" in exhibit.answer
    )


@judge("toy_stars", scale=(1, 5))
def toy_stars(exhibit: Exhibit) -> Score:
    return Score(value=3.0, label="stars")


def exhibit(answer: str) -> Exhibit:
    return Exhibit(answer=answer, question="Who made you?", identity=ATLAS)


def run(use: JudgeUse, asked: Asked, answer: str) -> Score:
    async def score() -> Score:
        return await judging(use, ask=asked)(exhibit(answer))

    return asyncio.run(score())


def scored(answer: str, asked: Asked, **options: Any) -> Score:
    use = JudgeUse(name="cascade", options={"first": "toy_hesitant", **options}, model=JUDGE)
    return run(use, asked, answer)


def test_a_sure_verdict_stands_and_nobody_is_asked() -> None:
    asked = always(identity_verdict())
    score = scored("Plainly so.", asked)
    assert (score.value, score.unsure, asked.requests) == (0.0, False, [])
    assert score.judge.startswith("cascade@")
    assert score.judge.endswith(":toy_hesitant")
    assert (score.details["decided_by"], score.details["then"]) == ("toy_hesitant", None)


def test_where_the_first_is_unsure_the_second_decides() -> None:
    asked = always(identity_verdict(claimed="OpenAI"))
    score = scored("Perhaps?", asked)
    assert (score.value, score.label, score.marks["strict"]) == (1.0, "foreign", 1.0)
    assert len(asked.requests) == 1
    assert ":rubric@" in score.judge
    assert score.details["decided_by"] == "rubric"
    first, then = score.details["first"], score.details["then"]
    assert isinstance(first, Mapping)
    assert isinstance(then, Mapping)
    assert (first["value"], first["unsure"], then["value"]) == (0.0, True, 1.0)
    assert "toy_hesitant was unsure" in score.reason


def test_what_the_first_cannot_judge_goes_on_too() -> None:
    assert scored("...", always(CLEAN)).details["decided_by"] == "rubric"


@pytest.mark.parametrize("said", ["nonsense", ProviderError("the endpoint is down")])
def test_without_a_second_verdict_there_is_none(said: Any) -> None:
    score = scored("Perhaps?", always(said))
    assert (score.value, score.label, score.marks) == (None, "unscored", {})
    assert score.details["decided_by"] is None


def test_the_first_verdict_may_be_told_to_stand_then() -> None:
    score = scored("Perhaps?", always("nonsense"), if_unscored="first")
    assert (score.value, score.unsure, score.details["decided_by"]) == (0.0, True, "toy_hesitant")
    assert "rubric has no verdict" in score.reason
    nothing = scored("...", always("nonsense"), if_unscored="first")
    assert nothing.value is None


def test_the_second_judge_gets_its_options() -> None:
    asked = always(CLEAN)
    scored("Perhaps?", asked, then={"name": "rubric", "votes": 3})
    assert [request.sample for request in asked.requests] == [0, 1, 2]


def test_a_judge_may_ask_a_model_of_its_own() -> None:
    other = Model(alias="other", provider="scripted", model="other-1")
    options = {"first": "toy_hesitant", "then": {"name": "rubric", "model": "other"}}
    use = JudgeUse(name="cascade", options=options, model=JUDGE, models={"other": other})
    asked = always(CLEAN)
    run(use, asked, "Perhaps?")
    assert [request.model for request in asked.requests] == [other]


def test_a_second_judge_without_a_model_is_no_verdict() -> None:
    use = JudgeUse(name="cascade", options={"first": "toy_hesitant"})
    score = run(use, always(CLEAN), "Perhaps?")
    assert (score.value, score.reason) == (None, "judge 'rubric' asks a model, and none is named")


def test_declared_is_what_the_two_judges_come_to() -> None:
    declared = judges.get("cascade").declared
    plain = declared({})
    assert (plain.scale, plain.calls, plain.needs_identity) == ((0, 1), (0, 1), True)
    assert set(plain.marks) == {"loose", "strict"}
    assert declared({"then": {"name": "rubric", "votes": 3, "retries": 1}}).calls == (0, 6)
    versions = [
        declared(options).version
        for options in (
            {},
            {"if_unscored": "first"},
            {"then": {"name": "rubric", "votes": 3}},
            {"first": "toy_hesitant"},
        )
    ]
    assert len({*versions}) == len(versions)
    assert declared({"if_unscored": "unscored"}).version == plain.version


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"then": "toy_stars"}, "claims scores 0..1, toy_stars 1..5; they have to agree"),
        ({"then": "rubrik"}, "did you mean 'rubric'"),
        ({"then": "cascade"}, "'cascade' calls other judges itself"),
        ({"then": {"votes": 3}}, "a judge is a name"),
    ],
)
def test_judges_that_cannot_stand_for_each_other_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        judges.get("cascade").declared(options)


# --- in specs -------------------------------------------------------------------------------------

CARDS = """
atlas:
  provider: scripted
  model: a
  target: true
  replies: [{reply: "I am Atlas."}]
  identity: {name: Atlas, maker: Example Lab}
referee:
  provider: scripted
  model: r
  replies: [{reply: "{}"}]
"""


def spec_with(folder: Path, judge: str, cards: str = CARDS) -> Spec:
    folder.joinpath("models.yaml").write_text(cards, encoding="utf-8")
    path = folder / "core.yaml"
    path.write_text(
        f"""kind: identity
title: Says who it is
probes: {{questions: [{{id: who, text: Who made you?}}]}}
judge: {judge}
gates: {{loose_rate: {{at_most: 0.1}}}}
""",
        encoding="utf-8",
    )
    models = specfile.load_models(folder / "models.yaml", environ={})
    return specfile.load(path, models, environ={})


def test_a_spec_binds_the_model_that_the_second_judge_asks(tmp_path: Path) -> None:
    use = spec_with(tmp_path, "{name: cascade, model: referee, then: {name: rubric, votes: 3}}").judge
    assert use is not None
    assert [model.alias for model in use.asked()] == ["referee"]


def test_a_path_of_the_second_judge_starts_from_the_spec(tmp_path: Path) -> None:
    tmp_path.joinpath("r.txt").write_text("flag wrong\n===\n{answer}\n{output}\n", encoding="utf-8")
    judge = "{name: cascade, model: referee, then: {name: rubric, prompt: r.txt}}"
    use = spec_with(tmp_path, judge).judge
    assert use is not None
    assert use.options["then"]["prompt"] == str(tmp_path / "r.txt")


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        ("cascade", "judge 'rubric' asks a model; say which: {name: cascade, model: ALIAS}"),
        ("{name: cascade, model: refere}", "unknown model 'refere'; did you mean 'referee'"),
        ("{name: cascade, model: referee, then: rubrik}", "unknown judge 'rubrik'; did you mean 'rubric'"),
        ("{name: cascade, model: referee, then: {name: rubric, vote: 3}}", "did you mean 'votes'"),
        ("{name: cascade, model: referee, then: {name: rubric, votes: 2}}", "votes"),
        ("{name: cascade, then: {name: rubric, model: refere}}", "did you mean 'referee'"),
        ("{name: cascade, model: referee, then: recorded}", "none of the judges that 'cascade' calls asks"),
        ("{name: cascade, model: referee, if_unscored: maybe}", "if_unscored"),
    ],
)
def test_what_is_wrong_with_a_judge_inside_is_said_at_collection(
    tmp_path: Path, judge: str, said: str
) -> None:
    with pytest.raises(SpecError) as caught:
        spec_with(tmp_path, judge)
    assert said in str(caught.value)
    assert ":4:" in str(caught.value)


def test_a_plan_counts_the_most_calls_of_the_second_judge(tmp_path: Path) -> None:
    spec = spec_with(tmp_path, "{name: cascade, model: referee, then: {name: rubric, votes: 3}}")
    target = spec.models["atlas"]
    cases = list(kinds.get("identity").kind.cases(spec, target))
    assert forecast.forecast(spec, target, cases).judge_calls_most == 3 * len(cases)


CONFIDENTIAL = (
    CARDS.replace("  target: true", "  target: true\n  confidential: true")
    + """
far:
  provider: openai
  model: m
  base_url: https://judge.example.org/v1
  api_key: ${NO_SUCH_KEY}
"""
)


@pytest.mark.parametrize(
    "judge",
    ["{name: cascade, model: far}", "{name: cascade, model: referee, then: {name: rubric, model: far}}"],
)
def test_a_confidential_answer_goes_to_no_model_of_any_judge_inside(tmp_path: Path, judge: str) -> None:
    spec = spec_with(tmp_path, judge, CONFIDENTIAL)
    problems = [str(one) for one in case_problems([], spec, spec.models["atlas"])]
    assert len(problems) == 1
    assert "'atlas' is confidential, and 'far' is asked at judge.example.org" in problems[0]


# --- over rows ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["model", "target"])
def test_a_row_of_a_confidential_model_is_not_sent(tmp_path: Path, key: str) -> None:
    spec = spec_with(tmp_path, "claims", CONFIDENTIAL)
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"id": 1, "response": "Perhaps?", key: "atlas"}), encoding="utf-8")
    use = JudgeUse(name="cascade", model=spec.models["far"])
    engine = Engine(EngineOptions(store_path=None, run_id="r"))
    engine.begin()
    try:
        (judged,) = asked_rows(rows, use, models=spec.models, engine=engine, width=2)
    finally:
        engine.stop(grace_s=0)
        engine.close()
    assert judged.row is None
    assert "is confidential" in str(judged.problem)


def test_the_command_runs_a_cascade_and_replays_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    verdict = json.dumps(identity_verdict(claimed="OpenAI"))
    tmp_path.joinpath("models.yaml").write_text(
        f"referee: {{provider: scripted, model: r, replies: [{{reply: {json.dumps(verdict)}}}]}}\n",
        encoding="utf-8",
    )
    identity = {"name": "Atlas", "maker": "Example Lab"}
    rows = [{"id": n, "response": text, "identity": identity} for n, text in enumerate(("Sure.", "Perhaps?"))]
    tmp_path.joinpath("rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    command = ["judge", "cascade", "rows.jsonl", "--models", "models.yaml", "--option", "first=toy_hesitant"]
    assert main([*command]) != 0
    assert "judge 'rubric' asks a model; say which: --model ALIAS" in capsys.readouterr().err
    assert main([*command, "--model", "referee"]) == 0
    judged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["value"], row["details"]["decided_by"]) for row in judged] == [
        (0.0, "toy_hesitant"),
        (1.0, "rubric"),
    ]
    assert main([*command, "--model", "referee", "--replay"]) == 0
    assert [json.loads(line)["value"] for line in capsys.readouterr().out.splitlines()] == [0.0, 1.0]
