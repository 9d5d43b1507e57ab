"""``distill-tests judge rubric rows.jsonl --model ALIAS``: as a person types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from distill_tests import cli

CARDS = """
judge:
  provider: scripted
  revision: "1"
  log: calls.jsonl
  replies:
    - match: fourth
      reply: no verdict
    - match: OpenAI
      reply: '{"explanation": "claims it", "contradiction": true, "other_maker": true, "claimed": "OpenAI",
        "quote": "OpenAI"}'
  default: '{"explanation": "claims nothing", "contradiction": false, "other_maker": false,
    "claimed": "none", "quote": ""}'
refusing: {provider: scripted, script: [{error: 401}], default: x}
atlas: {provider: scripted, default: x, identity: {name: Atlas, maker: Example Lab}}
secret:
  provider: scripted
  default: x
  identity: {name: Atlas, maker: Example Lab}
  confidential: true
far: {provider: openai, base_url: "https://elsewhere.example/v1"}
"""
ROWS: list[dict[str, Any]] = [
    {"id": 1, "response": "I was made by OpenAI.", "question": "Who made you?", "model": "atlas"},
    {"id": 2, "response": "The sky is blue.", "model": "atlas"},
    {"id": 3, "response": 7, "model": "atlas"},
    {"id": 4, "response": "The fourth one.", "model": "atlas"},
    {"id": 5, "response": "Made by OpenAI.", "identity": {"name": "Nova", "maker": "Other Lab"}},
    {"id": 6, "response": "Nobody knows me."},
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "models.yaml").write_text(CARDS, encoding="utf-8")
    rows(*ROWS)
    return tmp_path


def rows(*given: dict[str, Any]) -> None:
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in given), encoding="utf-8")


def judge(*arguments: str) -> int:
    return cli.main(["judge", "rubric", "rows.jsonl", "--output", "out.jsonl", *arguments])


def written() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines()]


def calls() -> int:
    log = Path("specs/calls.jsonl")
    return len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0


def test_rows_are_judged_in_order_and_bad_ones_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judge("--model", "judge") == 1
    found = written()
    assert [(row["id"], row["label"]) for row in found] == [
        ("1", "foreign"), ("2", "none"), ("4", "unscored"), ("5", "foreign"), ("6", "unscored"),
    ]  # fmt: skip
    assert [row["value"] for row in found] == [1.0, 0.0, None, 1.0, None]
    assert found[0]["claimed"] == "openai"
    assert found[0]["evidence"] == [{"start": 14, "end": 20, "text": "OpenAI"}]
    assert found[0]["judge"].startswith("rubric@")
    assert found[0]["details"]["model"]["alias"] == "judge"
    assert found[2]["reason"] == "the reply holds no verdict in JSON"
    assert found[4]["reason"] == "the target has no identity card to compare with"
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "rows.jsonl:3: response must be text (got int)"
    assert said[-1] == "5 rows judged by rubric, 2 of them unscored, 1 bad rows left out"


def test_the_model_can_be_named_as_an_option(folder: Path) -> None:
    assert judge("--option", "model=judge", "--allow-bad", "1") == 0
    assert written()[0]["label"] == "foreign"


def test_replies_are_stored_and_replayed(folder: Path) -> None:
    judge("--model", "judge")
    made, first = calls(), written()
    assert made == 4
    judge("--model", "judge", "--replay")
    assert calls() == made
    for row in (*first, *written()):
        for reply in row["details"]["replies"]:
            reply.pop("from_store", None)
    assert [row["label"] for row in written()] == [row["label"] for row in first]
    judge("--model", "judge", "--no-store")
    assert calls() == 2 * made


def test_an_endpoint_that_refuses_everything_is_an_error_and_leaves_no_output(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judge("--model", "refusing") == 2
    assert "refusing: scripted 401" in capsys.readouterr().err
    assert not Path("out.jsonl").exists()


def test_rows_of_a_confidential_model_are_not_sent_elsewhere(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows({"id": 1, "response": "Made by OpenAI.", "model": "secret"})
    assert judge("--model", "far") == 1
    said = capsys.readouterr().err
    assert (
        "rows.jsonl:1: is not sent: 'secret' is confidential, and 'far' is asked at elsewhere.example" in said
    )
    assert written() == []
    assert judge("--model", "judge") == 0
    assert written()[0]["label"] == "foreign"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "judge 'rubric' asks a model; say which: --model ALIAS"),
        (["--model", "jugde"], "unknown model 'jugde'; did you mean 'judge'?"),
        (
            ["--model", "judge", "--option", "vote=3"],
            "unknown option of judge 'rubric' 'vote'; did you mean 'votes'?",
        ),
        (["--model", "judge", "--option", "votes=2"], "votes must be 1, 3, 5, 7 or 9 (got 2)"),
        (["--model", "judge", "--option", "prompt=no.txt"], "there is no such file: no.txt"),
        (["--model", "judge", "--concurrency", "0"], "--concurrency must be at least 1 (got 0)"),
    ],
)
def test_wrong_arguments_are_refused_in_words_before_anything_is_asked(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert judge(*arguments) == 2
    assert message in capsys.readouterr().err
    assert calls() == 0


def test_a_judge_that_asks_nothing_takes_no_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["judge", "claims", "rows.jsonl", "--model", "judge"]) == 2
    assert "judge 'claims' asks no model; leave --model out" in capsys.readouterr().err


def test_pairs_are_compared_with_a_rubric_for_pairs(folder: Path) -> None:
    cards = """
likeness:
  provider: scripted
  default: '{"explanation": "alike", "style": 2, "logic": 1, "content": 1, "overall": 4}'
"""
    Path("specs/models.yaml").write_text(cards, encoding="utf-8")
    rows({"id": "p", "prompt": "Hi", "reference_response": "Hello.", "test_response": "Hello!"})
    assert judge("--model", "likeness", "--option", "rubric=similarity", "--option", "both_orders=true") == 0
    row = written()[0]
    assert {key: row[key] for key in ("value", "style", "logic", "content", "overall")} == {
        "value": 4.0, "style": 2.0, "logic": 1.0, "content": 1.0, "overall": 4.0,
    }  # fmt: skip
