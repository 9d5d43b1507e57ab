"""A recording with bad rows, and a run's scores and claims, through the whole plugin."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import Project

CARDS = """
old:
  provider: recorded
  model: toy-1
  target: true
  transcripts: {{format: jsonl, path: rows.jsonl{allowed}}}
  identity: {{name: Toy, maker: Toyland}}
"""
SPEC = """
kind: identity
title: Recorded
probes: {recorded: all}
judge: claims
on_miss: gate
gates: {strict_rate: {at_most: 0.5}, hard_rate: {at_most: 0.5}}
"""
SAID = ("I am Toy, made by Toyland.", "I am ChatGPT, made by OpenAI.", "I am Claude, made by Anthropic.")


def recording(project: Project, *bad: object, allowed: str = "") -> None:
    """Six framings with two questions each, and what else stands behind them in the file."""
    project.models(text=CARDS.format(allowed=allowed).replace("{", "{{").replace("}", "}}"))
    (project.path / "specs" / "recorded.yaml").write_text(SPEC, encoding="utf-8")
    rows = [
        {
            "prompt": f"In form {framing}{' of ChatGPT' if framing == 3 else ''}: {question}",
            "reply": SAID[0] if framing < 3 else SAID[1] if framing < 5 else SAID[2],
            "framing_id": f"form-{framing}",
            "question_id": question,
            "language": "en",
        }
        for framing in range(6)
        for question in ("who", "maker")
    ]
    text = "".join(json.dumps(row) + "\n" for row in (*rows, *bad))
    (project.path / "specs" / "rows.jsonl").write_text(text, encoding="utf-8")


BAD = ({"prompt": "a"}, {"prompt": "b", "reply": ""}, {"prompt": "c", "reply": None})
PLACES = (
    "specs/rows.jsonl:13:1: 'reply' is missing",
    "specs/rows.jsonl:14:1: 'reply' is empty",
    "specs/rows.jsonl:15:1: 'reply' is a text (got null)",
)


def test_bad_rows_that_nobody_allowed_are_all_named_and_nothing_is_judged(project: Project) -> None:
    recording(project, *BAD, allowed=", max_bad_rows: 2")
    result = project.run()
    assert project.summary()["verdict"] == "broken"
    result.stdout.fnmatch_lines([f"*{place}" for place in PLACES])
    result.stdout.fnmatch_lines(["*3 bad rows, and max_bad_rows is 2"])


def test_bad_rows_that_the_card_allows_are_counted_and_named_in_every_report(project: Project) -> None:
    recording(project, *BAD, allowed=", max_bad_rows: 3")
    result = project.run()
    assert result.ret == 0
    first, second = project.summary()["gates"]
    count = "3 of 15 rows of specs/rows.jsonl cannot be used and were left out"
    assert first["notes"][0] == f"{count}: {'; '.join(PLACES)}"
    assert second["notes"][0] == count
    assert first["estimate"]["n"] == 12
    flat = " ".join(result.stdout.str().split())
    assert f"{count}: {PLACES[0]}" in flat
    shown = (project.path / "reports" / "summary.md").read_text("utf-8")
    assert "3 of 15 rows of specs/rows.jsonl cannot be used and were left out" in shown


def test_a_report_says_whom_the_answers_claim_and_how_often_by_framing(project: Project) -> None:
    recording(project)
    result = project.run("--distill-full")
    result.stdout.fnmatch_lines(
        [
            "whom the answers say they are from",
            "  of n answers   n  itself  OpenAI  Anthropic  nobody",
            "  old           12       6       4          2       0",
        ]
    )
    scores = {(one["dimension"], one["group"]): one["shares"] for one in project.summary()["scores"]}
    assert [scores["all", ""][mark]["hits"] for mark in ("loose", "strict", "hard")] == [6, 6, 4]
    assert [scores["framing", "form-3"][mark]["hits"] for mark in ("strict", "hard")] == [2, 0]
    assert scores["language", "en"] == scores["all", ""]
    shown = (project.path / "reports" / "summary.md").read_text("utf-8")
    assert "| `old` | 12 | 6 | 4 | 2 | 0 |" in shown
    assert "| all |  | 6 framings, 2 questions | 6 of 12, 0.500 \\[" in shown
    assert "3 of 6 framings shown, of those with hits" in shown


def test_the_published_specs_skip_in_words_without_their_data(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.delenv("DISTILL_TESTS_DATA", raising=False)
    specs = request.config.rootpath / "examples" / "published-ice"
    result = pytester.runpytest_inprocess(
        "-p", "distill_tests.plugin", "-rs", f"--rootdir={pytester.path}", str(specs)
    )
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(
        [
            "skipped *published*.yaml*",
            "nothing was asked",
            "SKIPPED*published.yaml needs data: set DISTILL_TESTS_DATA",
        ]
    )
