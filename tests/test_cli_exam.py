"""``distill-tests exam``, as a person types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from distill_tests.cli import main
from distill_tests.exams.submission import TASKS
from distill_tests.record import RunMeta
from distill_tests.rundir import RunWriter
from tests.exam_files import RIVER, TRIANGLE, csv_text, folder, write


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with all 23 tasks and two rows a task in test."""
    files = {f"test/{task.title()}_test.csv": [RIVER, TRIANGLE] for task in TASKS}
    blank = ("2", "", *RIVER[2:])
    return folder(
        tmp_path / "data",
        files | {"val/High_School_Biology_val.csv": [RIVER, ("1", *RIVER[1:-1], "B "), blank]},
    )


def run(folder: Path, labels: dict[tuple[str, str], str]) -> Path:
    """A run of an exam spec, with a case a label."""
    meta = RunMeta(id="r", started_at="2026-01-01T00:00:00Z")
    with RunWriter(folder / "run", meta) as writer:
        for (task, name), label in labels.items():
            writer.append(case(task, name, label))
    return folder / "run"


def case(task: str, name: str, label: str) -> dict[str, Any]:
    row = {
        "schema": 1,
        "type": "case",
        "kind": "exam",
        "node": f"n::{name}",
        "target": "m",
        "verdict": "passed",
    }
    groups = {"task": task, "split": "test", "setting": "0-shot"}
    trials = [{"score": {"label": label, "value": 1.0, "details": {}}}]
    return row | {"id": name, "groups": groups, "clusters": {"item": f"{task}/{name}"}, "trials": trials}


def every(label: str = "C") -> dict[tuple[str, str], str]:
    return {(task, name): label for task in TASKS for name in "01"}


def test_check_counts_items_by_part_and_names_faults_by_line(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["exam", "check", str(data)]) == 0
    out = capsys.readouterr().out
    assert "49 items of 23 tasks in 24 files; 23 clean" in out
    assert "high_school_biology" in out
    assert (
        f"blank_question: 1 (val 1)\n  {data}/val/High_School_Biology_val.csv:4:2: "
        "high_school_biology 2: (blank)" in out
    )
    assert "leak: 25 (val 2, test 23)" in out
    assert "  … 15 more (--all)" in out
    assert main(["exam", "check", str(data), "--all"]) == 0
    assert "(--all)" not in capsys.readouterr().out
    assert "answer 'B ' of item '1' is read as B" in out


def test_check_gives_everything_as_json(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exam", "check", str(data), "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["items"] == 49
    assert len(told["files"]) == 24
    assert told["parts"][0] == {
        "dimension": "all",
        "name": "all",
        "items": {"test": 46, "val": 3},
        "clean": {"test": 23},
    }
    blank = next(one for one in told["faults"] if one["fault"] == "blank_question")
    assert (blank["task"], blank["id"], blank["place"]["line"]) == ("high_school_biology", "2", 4)


def test_check_names_every_mistake_with_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write(tmp_path / "a_val.csv", csv_text([(*RIVER[:-1], "E")]))
    other = write(tmp_path / "b_val.csv", "")
    assert main(["exam", "check", str(one), str(other)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"{one}:2:7: answer 'E' of item '0' is not one of A, B, C, D",
        f"{other}:1:1: the file is empty",
    ]


def test_text_of_a_file_cannot_act_in_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = ("0", "\x1b[2J如图\u202e", *RIVER[2:])
    path = write(tmp_path / "a_val.csv", csv_text([row]))
    for form in ("text", "json"):
        assert main(["exam", "check", str(path), "--format", form]) == 0
        out = capsys.readouterr().out
        assert "\x1b" not in out
        assert "\u202e" not in out


def test_duplicates_are_listed_those_across_splits_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twice = ("5", *TRIANGLE[1:])
    files = {
        "val/Zoo_val.csv": [TRIANGLE, twice, RIVER],
        "test/Zoo_test.csv": [("0", RIVER[1], *reversed(RIVER[2:6]))],
    }
    root = str(folder(tmp_path, files))
    assert main(["exam", "duplicates", root]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "2 duplicates among 4 items, 1 of them across splits"
    assert [line for line in out if not line.startswith(" ")][1:] == [
        "reordered 1.00, val and test",
        "same 1.00, val",
    ]
    assert main(["exam", "duplicates", root, "--format", "json"]) == 0
    assert [one["likeness"] for one in json.loads(capsys.readouterr().out)] == ["same", "reordered"]
    with pytest.raises(SystemExit, match="2"):
        main(["exam", "duplicates", root, "--at-least", "1.5"])


def test_a_leaderboard_file_is_written_from_a_run_and_is_valid(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "answers.json"
    command = [
        "exam",
        "submission",
        str(run(tmp_path, every())),
        "--data",
        str(data),
        "--output",
        str(output),
    ]
    assert main(command) == 0
    assert capsys.readouterr().err == f"{output}: 46 answers by m, 0-shot\n"
    assert json.loads(output.read_text())["primary_school_ethics"] == {"0": "C", "1": "C"}
    assert main(["exam", "validate", str(output), "--data", str(data)]) == 0
    assert capsys.readouterr().out == f"{output}: 46 answers, as the leaderboard wants them\n"


def test_a_run_without_every_answer_writes_nothing_unless_a_letter_is_asked_for(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = every() | {("high_school_biology", "0"): "invalid"}
    del labels["high_school_english", "1"]
    output = tmp_path / "answers.json"
    command = ["exam", "submission", str(run(tmp_path, labels)), "--data", str(data), "--output", str(output)]
    assert main(command) == 2
    told = capsys.readouterr().err
    assert "high_school_biology: no single letter in the reply to 1: 0" in told
    assert "high_school_english: no answer to 1: 1" in told
    assert not output.exists()
    assert main([*command, "--fill", "B"]) == 0
    filled = "2 of 46 answers are B by --fill: high_school_biology/0, high_school_english/1"
    assert filled in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main([*command, "--fill", "BC"])


def test_a_run_of_the_test_split_ends_in_a_leaderboard_file(data: Path, tmp_path: Path) -> None:
    """The whole way: spec, plugin, records, file."""
    replies = "[{match: river, reply: 'It is B.'}, {match: '', reply: C}]"
    card = f"toy: {{provider: scripted, target: true, replies: {replies}}}\n"
    write(tmp_path / "specs" / "models.yaml", card)
    data.rename(tmp_path / "specs" / "data")
    spec = (
        "kind: exam\ntitle: Toy\ndata: {folder: data}\nsplit: test\nsettings: [{shots: 0}]\njudge: letter\n"
    )
    write(tmp_path / "specs" / "toy.yaml", spec)
    command = [sys.executable, "-m", "distill_tests.cli"]
    subprocess.run([*command, "run", "specs"], cwd=tmp_path, capture_output=True, check=True)
    made = next((tmp_path / "reports").glob("*Z-*"))
    arguments = ["exam", "submission", str(made), "--data", "specs/data", "--output", "answers.json"]
    subprocess.run([*command, *arguments], cwd=tmp_path, capture_output=True, check=True)
    told = json.loads((tmp_path / "answers.json").read_text())
    assert told == {task: {"0": "B", "1": "C"} for task in TASKS}


def test_validate_names_every_problem_with_status_1(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {task: {"0": "A", "1": "B"} for task in TASKS[1:]} | {
        "primary_school_science": {"0": "x", "1": "B"}
    }
    path = write(tmp_path / "answers.json", json.dumps(told))
    assert main(["exam", "validate", str(path), "--data", str(data)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{path}: $.high_school_biology: missing, with 2 answers",
        f"{path}: $.primary_school_science[\"0\"]: 'x' is not one of A, B, C, D",
        f"{path}: 2 problems",
    ]


def test_a_leaderboard_file_is_checked_by_all_tasks_of_the_leaderboard_and_by_no_other(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {task: {"0": "A", "1": "B"} for task in TASKS}
    path = write(tmp_path / "answers.json", json.dumps(told))
    folder(data, {"test/Logic_test.csv": [RIVER]})
    assert main(["exam", "validate", str(path), "--data", str(data)]) == 0
    (data / "test" / f"{TASKS[0].title()}_test.csv").unlink()
    del told[TASKS[0]]
    write(path, json.dumps(told))
    assert main(["exam", "validate", str(path), "--data", str(data)]) == 2
    assert f"{TASKS[0]}: no test items in the data" in capsys.readouterr().err


def test_data_without_test_items_are_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = folder(tmp_path / "data", {"val/Zoo_val.csv": [RIVER]})
    path = write(tmp_path / "answers.json", "{}")
    assert main(["exam", "validate", str(path), "--data", str(root)]) == 2
    assert "holds no test items" in capsys.readouterr().err
