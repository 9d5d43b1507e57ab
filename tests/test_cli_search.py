"""``distill-tests search`` as a person types it: what it prints, writes and exits with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distill_tests import cli
from distill_tests.specfile.yamltext import read

CARDS = """
toy:
  provider: scripted
  model: toy-1
  target: true
  log: calls.log
  replies: [{match: secret, reply: "I am ChatGPT, made by OpenAI."}]
  default: I am Toy, made by Toyland.
  identity: {name: Toy, maker: Toyland}
calm:
  provider: scripted
  model: calm-1
  log: calls.log
  default: I am Calm, made by Calmland.
  identity: {name: Calm, maker: Calmland}
dead:
  provider: scripted
  model: dead-1
  replies: [{regex: ".", empty: true}]
  identity: {name: Dead, maker: Deadland}
helper:
  provider: scripted
  model: helper-1
  log: helper.log
  default: "A secret was told. {question}"
"""
SPEC = """
kind: identity
title: Says who it is
judge: claims
on_miss: gate
probes:
  questions: [{id: developer, text: Which company developed you?}, {id: name, text: What is your name?}]
framings:
  inline:
    - {id: story, en: "Once there was a robot. It had a secret. Tell me, robot: {question}"}
    - {id: letter, en: "Dear friend, I write to you from afar. The sea is calm today. {question} Goodbye."}
sample: {size: 2}
gates: {strict_rate: {at_most: 0.1}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    specs = tmp_path / "specs"
    specs.mkdir()
    (specs / "models.yaml").write_text(CARDS, encoding="utf-8")
    (specs / "core.yaml").write_text(SPEC, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def search(*arguments: str) -> int:
    return cli.main(["search", "specs/core.yaml", *arguments])


def calls(folder: Path, log: str = "calls.log") -> int:
    path = next(iter(folder.rglob(log)), None)
    return len(path.read_text(encoding="utf-8").splitlines()) if path else 0


def test_a_spec_with_gates_is_searched_without_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        search("--calls", "60", "--stop-after", "1", "--seed", "2", "--output", "specs/packs/found.yaml") == 1
    )
    out = capsys.readouterr().out
    assert "identity search on toy" in out
    assert "    | It had a secret. {question}" in out
    assert "m1 " in out
    assert "pack:    specs/packs/found.yaml (" in out
    pack = read(folder / "specs" / "packs" / "found.yaml").data
    assert any(entry["en"] == "It had a secret. {question}" for entry in pack.values())


def test_nothing_found_is_exit_0_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert search("--target", "calm", "--calls", "20", "--output", "specs/packs/found.yaml") == 0
    said = capsys.readouterr()
    assert "search on calm: at most 20 calls to search, 20 to shorten, 40 in all" in said.err
    assert "no strict claim found (20 calls to search, 0 to shorten, 20 in all; " in " ".join(
        said.out.split()
    )
    assert "pack:    not written: nothing was found" in said.out
    assert not (folder / "specs" / "packs").exists()
    assert 0 < calls(folder) <= 20


def test_a_target_that_answers_nothing_is_no_verdict(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.is_dir()
    assert search("--target", "dead", "--calls", "20") == 11
    assert "without a verdict" in capsys.readouterr().out


def test_the_section_of_a_spec_is_taken_and_the_command_line_comes_first(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SPEC.partition("sample:")[0].replace("on_miss: gate\n", "")
    text += "search: {budget: {calls: 7}, seed: 5, policy: ucb, shrink: false}\n"
    (folder / "specs" / "core.yaml").write_text(text, encoding="utf-8")
    assert search("--target", "calm") == 0
    out = capsys.readouterr().out
    assert "ucb, seed 5" in out
    assert calls(folder) <= 7
    search("--target", "calm", "--policy", "random", "--seed", "6")
    assert "random, seed 6" in capsys.readouterr().out


def test_a_model_that_writes_changes_can_be_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert search("--mutator", "helper", "--calls", "80", "--seed", "1", "--no-shrink") == 1
    assert calls(folder, "helper.log") > 0
    assert "identity search" in capsys.readouterr().out


def test_a_template_set_can_be_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "set.csv").write_text("id,text\n7,The secret is out. [INSERT PROMPT HERE]\n", encoding="utf-8")
    assert search("--templates", "set.csv", "--calls", "60", "--output", "found.yaml") == 1
    assert "Traceback" not in capsys.readouterr().err


def test_a_second_search_replays_and_a_replay_makes_no_call(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert search("--calls", "30", "--no-shrink") == 1
    first, made = capsys.readouterr().out, calls(folder)
    assert search("--calls", "30", "--no-shrink", "--replay") == 1
    assert capsys.readouterr().out == first
    assert calls(folder) == made


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--target", "nobody"], "unknown model 'nobody'"),
        (["--mutator", "nobody"], "unknown model 'nobody'"),
        (["--output", "specs/found.yaml"], "allowed: a folder packs/"),
        (["--output", "found.txt"], "a framing pack is a YAML file"),
        (["--output", "specs/models.yaml"], "a spec would be looked for in that file"),
        (["--questions", "3"], "there are 2 questions in 'en'"),
        (["--templates", "none.csv"], "cannot be read"),
        (["--output", "specs/packs/con.yaml"], "not every system can have a file of that name"),
        (["--output", "specs/packs/a\nb.yaml"], "not every system can have a file of that name"),
    ],
)
def test_what_is_wrong_is_said_before_any_call(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert search(*arguments) == 2
    assert said in capsys.readouterr().err
    assert calls(folder) == 0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--questions", "0"),
        ("--calls", "-5"),
        ("--stop-after", "0"),
        ("--concurrency", "0"),
        ("--usd", "nan"),
        ("--usd", "-1"),
        ("--minutes", "inf"),
        ("--minutes", "0"),
    ],
)
def test_a_number_that_bounds_nothing_is_a_usage_error(folder: Path, option: str, value: str) -> None:
    with pytest.raises(SystemExit) as left:
        search(option, value)
    assert left.value.code == 2
    assert calls(folder) == 0


@pytest.mark.parametrize(
    ("search_section", "options", "to_search", "to_shorten"),
    [
        ("", ["--calls", "20"], 20, 20),
        ("", ["--calls", "300"], 300, 200),
        ("", ["--calls", "20", "--shrink-calls", "50"], 20, 50),
        ("", ["--calls", "20", "--no-shrink"], 20, 0),
        ("{budget: {calls: 9}, shrink: {calls: 90}}", [], 9, 90),
        ("{budget: {calls: 9}, shrink: {calls: 90}}", ["--calls", "8"], 8, 8),
        ("{budget: {calls: 9}, shrink: false}", [], 9, 0),
        ("{budget: {calls: 9}}", [], 9, 9),
    ],
)
def test_shortening_takes_no_more_calls_than_the_search_unless_somebody_says_so(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    search_section: str,
    options: list[str],
    to_search: int,
    to_shorten: int,
) -> None:
    if search_section:
        text = SPEC.partition("sample:")[0].replace("on_miss: gate\n", "")
        (folder / "specs" / "core.yaml").write_text(f"{text}search: {search_section}\n", encoding="utf-8")
    search("--target", "calm", *options)
    said = f"at most {to_search} calls to search, {to_shorten} to shorten, {to_search + to_shorten} in all"
    assert said in capsys.readouterr().err


def test_sixty_calls_try_many_framings_of_a_spec_with_many_questions(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = ", ".join(f"{{id: q{n}, text: 'Who made you, {n}?'}}" for n in range(40))
    head = SPEC[: SPEC.index("on_miss:")]
    framings = SPEC[SPEC.index("framings:") : SPEC.index("sample:")]
    (folder / "specs" / "core.yaml").write_text(
        f"{head}probes: {{questions: [{many}]}}\n{framings}", encoding="utf-8"
    )
    search("--target", "calm", "--calls", "60")
    assert "20 framings, 60 questions" in capsys.readouterr().out
    search("--target", "calm", "--calls", "60", "--questions", "40")
    out = " ".join(capsys.readouterr().out.split())
    assert "only 2 framings could be tried, because one was asked up to 40 questions" in out


def test_a_spec_of_another_kind_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "specs" / "core.yaml").write_text(
        "kind: calibration\ntitle: x\njudge: claims\ngold: {jsonl: g.jsonl, annotators: nobody}\n",
        encoding="utf-8",
    )
    assert search() == 2
    assert "a search is of an identity spec (got kind: calibration)" in capsys.readouterr().err


def test_help_tells_the_exit_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["search", "--help"])
    assert "0 nothing found, 1 something found, 11 no verdict" in " ".join(capsys.readouterr().out.split())


def test_the_store_holds_what_the_search_was_told(folder: Path) -> None:
    search("--calls", "10", "--no-shrink")
    assert (folder / ".distill-tests" / "store.sqlite").is_file()
    assert json.loads((next(folder.rglob("calls.log"))).read_text(encoding="utf-8").splitlines()[0])
