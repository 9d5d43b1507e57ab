"""The leaderboard file: every answer or none, and every problem of a file at once."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from distill_tests.errors import DataError
from distill_tests.exams.answers import answers_of
from distill_tests.exams.items import Item
from distill_tests.exams.reading import read_exam
from distill_tests.exams.submission import TASKS, checked, submission
from tests.exam_files import item

E_EVAL = Path(os.environ.get("DISTILL_TESTS_DATA", "")) / "e-eval"
PHYSICS = "middle_school_physics"


def exam(rows: int = 3, *, physics: int = 153) -> list[Item]:
    """Test items of all 23 tasks, the last ids first: order in a file is no order of ids."""
    return [
        item(f"Question {number} of {task}?", answer=None, split="test", task=task, id=str(number))
        for task in reversed(TASKS)
        for number in reversed(range(physics if task == PHYSICS else rows))
    ]


ITEMS = exam()
LETTERS = {(one.task, one.id): "ABCD"[int(one.id) % 4] for one in ITEMS}


def write(path: Path, told: Any) -> Path:
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


def good() -> dict[str, dict[str, Any]]:
    told: dict[str, dict[str, Any]] = json.loads(submission(ITEMS, LETTERS).text)
    return told


# --- writing ------------------------------------------------------------------------------------


def test_a_leaderboard_file_has_23_sorted_lower_case_keys_and_every_id_in_order_as_text() -> None:
    told = good()
    assert list(told) == sorted(told) == list(TASKS)
    assert len(TASKS) == 23
    assert told["high_school_biology"] == {"0": "A", "1": "B", "2": "C"}
    assert list(told[PHYSICS]) == [str(number) for number in range(152)]


def test_the_row_that_the_sample_lacks_is_left_out_or_written_and_warned_of_either_way() -> None:
    without, whole = submission(ITEMS, LETTERS), submission(ITEMS, LETTERS, is_whole=True)
    assert (without.answers, whole.answers) == (22 * 3 + 152, 22 * 3 + 153)
    assert "ids up to 151 are written" in without.warnings[0]
    assert "all rows are written" in whole.warnings[0]
    assert "unreliable" in whole.warnings[0]
    assert submission(exam(physics=152), LETTERS).warnings == ()


def test_missing_and_invalid_answers_are_named_task_by_task_and_nothing_is_written() -> None:
    letters = {key: letter for key, letter in LETTERS.items() if key[0] != "primary_school_ethics"}
    letters["high_school_english", "1"] = "invalid"
    letters["high_school_english", "2"] = "E"
    del letters["middle_school_history", "0"]
    with pytest.raises(DataError) as error:
        submission(ITEMS, letters)
    assert str(error.value).splitlines() == [
        "no leaderboard file without every answer:",
        "high_school_english: no single letter in the reply to 2: 1, 2",
        "middle_school_history: no answer to 1: 0",
        "primary_school_ethics: no answer to 3: 0, 1, 2",
    ]


def test_a_letter_stands_for_them_only_by_request_and_is_counted() -> None:
    letters = {**LETTERS, ("high_school_english", "1"): "invalid"}
    del letters["middle_school_history", "0"]
    made = submission(ITEMS, letters, fill="C")
    assert made.filled == ("high_school_english/1", "middle_school_history/0")
    assert json.loads(made.text)["high_school_english"] == {"0": "A", "1": "C", "2": "C"}
    with pytest.raises(DataError, match="middle_school_history: no answer to 1: 0"):
        submission(ITEMS, letters, fill="Z")


def test_data_without_all_tasks_make_no_leaderboard_file() -> None:
    with pytest.raises(DataError, match="primary_school_science: no test items in the data"):
        submission([one for one in ITEMS if one.task != "primary_school_science"], LETTERS)


# --- checking -----------------------------------------------------------------------------------


def test_what_is_written_is_right(tmp_path: Path) -> None:
    for is_whole in (False, True):
        path = tmp_path / "answers.json"
        path.write_text(submission(ITEMS, LETTERS, is_whole=is_whole).text, encoding="utf-8")
        found = checked(path, ITEMS)
        assert found.problems == ()
        assert found.answers == 218 + is_whole
        assert "unreliable" in found.warnings[0]


def test_every_problem_of_a_file_is_named_by_its_path_at_once(tmp_path: Path) -> None:
    told = good()
    told["High_School_Biology"] = told.pop("high_school_biology")
    told["high_school_english"] |= {"0": "b", "1": "E", "2": None, "7": "A"}
    told["high_school_history"] = {"0": "A"}
    told["middle_school_english"] = ["A", "B", "C"]  # type: ignore[assignment]  # what people do
    told["middle_school_history"]["1"] = "AB"
    told["middle_school_politics"]["1"] = 2
    del told["primary_school_science"]
    assert sorted(checked(write(tmp_path / "answers.json", told), ITEMS).problems) == sorted(
        [
            "$.High_School_Biology: no task of the test data; did you mean 'high_school_biology'?",
            "$.high_school_biology: missing, with 3 answers",
            "$.primary_school_science: missing, with 3 answers",
            "$.high_school_english[\"0\"]: 'b' is not one of A, B, C, D; did you mean 'B'?",
            "$.high_school_english[\"1\"]: 'E' is not one of A, B, C, D",
            '$.high_school_english["2"]: no letter (got null); A, B, C, D',
            '$.high_school_english["7"]: no such id in the test data',
            "$.high_school_history: no answer to 2: 1, 2",
            "$.middle_school_english: no object of letters by id (got a list)",
            "$.middle_school_history[\"1\"]: 'AB' is not one of A, B, C, D",
            '$.middle_school_politics["1"]: no letter (got a number); A, B, C, D',
        ]
    )


def test_keys_that_stand_twice_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    text = json.dumps(good()).replace('"high_school_biology": {', '"high_school_biology": {"0": "D", ', 1)
    path.write_text(text[:-1] + ', "high_school_history": {"0": "A", "1": "A", "2": "A"}}', encoding="utf-8")
    assert sorted(checked(path, ITEMS).problems) == [
        '$.high_school_biology["0"]: stands in the file twice',
        "$.high_school_history: stands in the file 2 times",
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ":1:1: not JSON: Expecting value"),
        (b'{"a":\n}', ":2:1: not JSON"),
        (b"[]", ":1:1: no JSON object of tasks (got a list)"),
        (b"\xef\xbb\xbf{}", ":1:1: starts with a byte order mark"),
        (b'{"a": "\xff"}', ":1: byte 8 is not UTF-8"),
        (b"[" * 100_000, ":1: not usable JSON"),
    ],
)
def test_a_file_that_is_no_json_object_is_named(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "answers.json"
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        checked(path, ITEMS)
    assert f"{path}{expected}" in str(error.value)
    with pytest.raises(DataError, match="cannot be read"):
        checked(tmp_path / "absent.json", ITEMS)


# --- answers out of records ---------------------------------------------------------------------


def record(name: str, label: str, **changed: Any) -> dict[str, Any]:
    groups = {"task": "zoo", "split": "test", "setting": "0-shot"} | changed.pop("groups", {})
    score = {"label": label, "value": changed.pop("value", 1.0)}
    row = {"type": "case", "kind": "exam", "target": "m", "id": name, "groups": groups}
    return row | {"clusters": {"item": f"zoo/{name}"}, "trials": [{"score": score}]} | changed


def test_the_letters_of_one_target_setting_and_split_are_taken() -> None:
    rows = [
        record("0", "A"),
        record("1", "invalid", value=0.0),
        record("2", "unscored", value=None),
        record("3", "B", trials=[]),
        record("4", "C", groups={"split": "val"}),
        record("5", "C", groups={"order": "0"}),
        record("5", "D", groups={"order": "1"}),
        record("6", "D", groups={"asked": "without the question"}),
        record("7", "D", kind="identity"),
        {"type": "gate", "target": "m"},
    ]
    found = answers_of(rows, path="run")
    assert found.letters == {("zoo", "0"): "A", ("zoo", "1"): "invalid", ("zoo", "5"): "C"}
    assert (found.target, found.setting) == ("m", "0-shot")


def test_of_several_targets_or_settings_one_has_to_be_named() -> None:
    rows = [record("0", "A"), record("0", "B", groups={"setting": "5-shot"}), record("0", "C", target="n")]
    with pytest.raises(DataError, match="several targets; name one with --target: m, n"):
        answers_of(rows, path="run")
    with pytest.raises(DataError, match="several settings; name one with --setting: 0-shot, 5-shot"):
        answers_of(rows, path="run", target="m")
    assert answers_of(rows, path="run", target="m", setting="5-shot").letters == {("zoo", "0"): "B"}
    with pytest.raises(DataError, match="no target 'x' with such answers; it has m, n"):
        answers_of(rows, path="run", target="x")
    with pytest.raises(DataError, match="no answers to test items"):
        answers_of([], path="run")


def test_two_answers_to_one_item_and_a_case_without_its_item_are_refused() -> None:
    with pytest.raises(DataError, match="two cases answer item 0 of zoo"):
        answers_of([record("0", "A"), record("0", "B")], path="run")
    with pytest.raises(DataError, match="does not say which item"):
        answers_of([record("0", "A", clusters={})], path="run")


# --- E-EVAL itself ------------------------------------------------------------------------------


@pytest.mark.skipif(not E_EVAL.is_dir(), reason="DISTILL_TESTS_DATA names no folder with e-eval")
def test_a_file_for_e_eval_has_the_3812_answers_of_the_published_sample(tmp_path: Path) -> None:
    items = read_exam([E_EVAL]).items
    letters = {(one.task, one.id): "A" for one in items if one.split == "test"}
    made = submission(items, letters)
    assert made.answers == 3812
    assert len(made.warnings) == 1
    assert checked(write(tmp_path / "answers.json", json.loads(made.text)), items).problems == ()
