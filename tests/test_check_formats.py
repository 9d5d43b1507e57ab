"""``distill-tests check --format``: the same problems for people, programs and pull requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill_tests import cli
from distill_tests.cli import check
from distill_tests.errors import Problem
from distill_tests.types import Place

CARDS = "toy: {provider: scripted, default: x, target: true, identity: {name: T, maker: M}}\n"
PROBES = "probes: {questions: [{id: a, text: Who?}]}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/models.yaml").write_text(CARDS, encoding="utf-8")
    (tmp_path / "specs/a.yaml").write_text(f"kind: identity\ntitel: A\n{PROBES}", encoding="utf-8")
    return tmp_path


def test_json_is_an_array_with_the_parts_of_each_problem(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", "specs"]) == 1
    text = capsys.readouterr().out.splitlines()
    assert cli.main(["check", "specs", "--format", "json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [f"{row['path']}:{row['line']}:{row['column']}: {row['message']}" for row in rows] == text
    assert {tuple(row) for row in rows} == {("path", "line", "column", "message", "what", "got", "allowed")}
    assert {"what": "unknown key 'titel'", "got": None, "allowed": "did you mean 'title'?"}.items() <= rows[
        -1
    ].items()


def test_without_problems_json_is_an_empty_array_and_github_says_ok(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "specs/a.yaml").write_text(f"kind: identity\ntitle: A\n{PROBES}", encoding="utf-8")
    assert cli.main(["check", "specs", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert cli.main(["check", "specs", "--format", "github"]) == 0
    assert capsys.readouterr().out == "ok: 1 spec, 0 packs, 1 model card\n"


def test_github_gets_one_command_a_problem(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "specs", "--format", "github"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == (
        "::error file=specs/a.yaml,line=2,col=1,title=distill-tests check::"
        "unknown key 'titel'; did you mean 'title'?"
    )
    assert [line for line in lines if not line.startswith("::error file=specs/a.yaml,line=")] == []


@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_a_key_of_the_environment_that_somebody_wrote_into_a_spec_is_not_printed(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("OUR_API_KEY", "plain-0a1b2c3d4e5f")
    text = "kind: identity\ntitle: A\njudge: plain-0a1b2c3d4e5f\nrepeats: plain-0a1b2c3d4e5f\n" + PROBES
    (folder / "specs/a.yaml").write_text(text, encoding="utf-8")
    assert cli.main(["check", "specs", "--format", form]) == 1
    printed = capsys.readouterr().out
    assert "unknown judge '[redacted]'" in printed
    assert "plain-0a" not in printed


HOSTILE = Problem(
    place=Place(path="a,b:c%\n::stop-commands::x.yaml", line=3, column=4),
    what="what\r\n::error::100 %",
    got="'\x1b[31m\u202e'",
    allowed="x",
)


def test_nothing_in_a_problem_is_a_command_or_acts(capsys: pytest.CaptureFixture[str]) -> None:
    check.FORMATS["github"]([HOSTILE])
    shown = capsys.readouterr().out
    assert shown == (
        "::error file=a%2Cb%3Ac%25%0A%3A%3Astop-commands%3A%3Ax.yaml,line=3,col=4,title=distill-tests check::"
        "what\\r\\n::error::100 %25 (got '\\x1b[31m\\u202e'); x\n"
    )
    check.FORMATS["json"]([HOSTILE])
    shown = capsys.readouterr().out
    assert shown.isascii()
    assert "\x1b" not in shown
    assert json.loads(shown)[0]["got"] == HOSTILE.got


@pytest.mark.parametrize("probes", ["{recorded: all}", "{questions: [{id: a, en: Who?}]}"])
def test_each_bad_row_of_a_recording_is_a_problem_of_its_own(
    probes: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cards = "tape: {provider: recorded, target: true, transcripts: {format: jsonl, path: rows.jsonl}}\n"
    (folder / "specs/models.yaml").write_text(cards, encoding="utf-8")
    (folder / "specs/rows.jsonl").write_text('{"prompt": "a"}\n[]\n', encoding="utf-8")
    (folder / "specs/a.yaml").write_text(f"kind: identity\ntitle: A\nprobes: {probes}\n", encoding="utf-8")
    assert cli.main(["check", "specs"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "specs/rows.jsonl:1:1: 'reply' is missing",
        "specs/rows.jsonl:2:1: a row is an object, this is a list of 0",
    ]
    assert cli.main(["check", "specs", "--format", "github"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(",col=")[0] for line in lines] == [
        "::error file=specs/rows.jsonl,line=1",
        "::error file=specs/rows.jsonl,line=2",
    ]


def test_an_absent_recording_is_named_by_its_relative_path(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cards = "tape: {provider: recorded, target: true, transcripts: {format: jsonl, path: none.jsonl}}\n"
    (folder / "specs/models.yaml").write_text(cards, encoding="utf-8")
    text = "kind: identity\ntitle: A\nprobes: {recorded: all}\n"
    (folder / "specs/a.yaml").write_text(text, encoding="utf-8")
    assert cli.main(["check", "specs"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line == (
        "specs/models.yaml:1:1: tape: there is no file 'specs/none.jsonl'; paths are relative to this file"
    )
