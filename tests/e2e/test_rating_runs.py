"""Calibrations with ratings through pytest: tests of the judge, gates, tables, bad files, what is shipped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Project

SPEC = """\
kind: calibration
title: A toy judge of captions
judge: {judge}
ratings: {{format: {form}, path: data/{path}, annotators: two cats{more}}}
on_miss: gate
gates: {gates}
"""
TAU = "{tau_b: {at_least: 0.5}}"
WORDS = """

@judge("words", scale=(0, 100))
def words(exhibit):
    if "puzzle" in exhibit.answer:
        return Score(value=None, label="unscored", reason="the model refuses")
    return Score(value=float(len(exhibit.answer.split())), label="scored", reason="counted")
"""
SHIPPED = Path(__file__).parents[2] / "specs" / "calibration"


def row(number: int, **given: Any) -> dict[str, Any]:
    words = number % 6 + 1
    told = {
        "id": f"r{number}",
        "caption": " ".join(["cat"] * words),
        "references": ["a cat on a mat", "a cat sits"],
        "ratings": [words, words if number % 4 else 1],
        "cluster": f"v{number // 2}",
    }
    return {**told, **given}


def calibrated(project: Project, rows: Any, *, more: str = "", gates: str = TAU, form: str = "jsonl") -> None:
    conftest = project.path / "conftest.py"
    conftest.write_text(conftest.read_text("utf-8") + WORDS, encoding="utf-8")
    folder = project.path / "specs" / "data"
    folder.mkdir(exist_ok=True)
    path = "rated.jsonl" if form == "jsonl" else "rated.json"
    text = "".join(json.dumps(one) + "\n" for one in rows) if form == "jsonl" else json.dumps(rows, indent=1)
    (folder / path).write_text(text, encoding="utf-8")
    spec = SPEC.format(judge="words", form=form, path=path, more=more, gates=gates)
    (project.path / "specs" / "judge.yaml").write_text(spec, encoding="utf-8")


def tables(project: Project) -> dict[str, Any]:
    return {table["title"].split(": ", 1)[1]: table for table in project.summary()["tables"]}


def test_captions_and_gates_are_tests_of_the_judge_and_tables_show_it_beside_metrics_and_people(
    project: Project,
) -> None:
    calibrated(project, [row(number) for number in range(12)])
    result = project.run("-v")
    result.stdout.fnmatch_lines(
        [
            "specs/judge.yaml::words::r0 PASSED*",
            "specs/judge.yaml::words::gate-tau_b PASSED*",
            "*PASSED*tau_b  0.*",
            "*n = 12, interval: bootstrap over clip*",
            "*A toy judge of captions: tau-b with the ratings (item means)",
            "VERDICT: PASSED (1 gate passed)",
        ]
    )
    assert result.ret == 0
    whole = tables(project)["tau-b with the ratings (item means)"]
    names = [cells[0] for cells in whole["rows"]]
    assert names[:3] == ["words", "raters with each other", "brevity (length control)"]
    assert {"chrf", "cider_d", "bleu_4", "rouge_l"} <= set(names)
    judged, people, length = (cells[1] for cells in whole["rows"][:3])
    assert length["value"] < 0 < people["value"] < 1
    assert judged["low"] < judged["value"] <= judged["high"]
    assert {cells[-1] for cells in whole["rows"]} == {"12 of 12", "12"}
    assert any("two cats; 12 captions on 6 clips" in note for note in whole["notes"])


def test_unscored_captions_are_counted_shown_and_never_zero(project: Project) -> None:
    rows = [row(number) for number in range(12)]
    rows += [row(12, caption=""), row(13, caption="a puzzle", ratings=[5, 5])]
    calibrated(project, rows, gates="{tau_b: {at_least: 0.5, max_missing: 0.2}}")
    result = project.run()
    result.stdout.fnmatch_lines(["*INCONCLUSIVE*tau_b*"])
    assert result.ret == 10
    whole = tables(project)["tau-b with the ratings (item means)"]
    assert whole["rows"][0][-1] == "12 of 14"
    assert any("left 2 captions unscored" in note for note in whole["notes"])
    records = {record.get("id"): record for record in project.records()}
    assert "the caption is empty" in records["r12"]["explanation"]
    assert records["r13"]["verdict"] == "inconclusive"


def test_the_order_in_which_tests_run_changes_no_number(project: Project) -> None:
    calibrated(project, [row(number) for number in range(12)])
    project.run()
    told = project.summary()["tables"]
    conftest = project.path / "conftest.py"
    reverse = "\ndef pytest_collection_modifyitems(items):\n    items.reverse()\n"
    conftest.write_text(conftest.read_text("utf-8") + reverse, encoding="utf-8")
    project.run()
    first = next(record["id"] for record in project.records() if record.get("type") == "case")
    assert first == "r11"
    assert project.summary()["tables"] == told


def test_pairs_are_told_right_only_by_more_and_split_by_group(project: Project) -> None:
    rows = []
    for number in range(6):
        text = ["a cat sits", "a cat"] if number else ["a cat", "a dog"]
        for place, caption in enumerate(text):
            rows.append(
                {
                    "id": f"p{number}-{place}",
                    "caption": caption,
                    "references": ["a cat sits here"],
                    "pair": f"p{number}",
                    "better": place == 0,
                    "group": "one" if number < 3 else "two",
                }
            )
    calibrated(project, rows, gates="{pairwise_accuracy: {at_least: 0.9}}")
    result = project.run()
    result.stdout.fnmatch_lines(["*FAILED*pairwise_accuracy  0.833*"])
    assert result.ret == 1
    told = tables(project)["pairs told right"]
    assert told["columns"] == ["scores", "all", "one", "two", "ties", "pairs"]
    judged = told["rows"][0]
    assert [cell["value"] for cell in judged[1:4]] == [5 / 6, 2 / 3, 1.0]
    assert judged[4:] == [1, "6 of 6"]


def test_every_bad_entry_is_one_collection_error_and_nothing_is_judged(project: Project) -> None:
    clip = {"vname": "v_1_2.avi", "ref": ["a cat"], "candidate": "a cat", "human_score": [[1, 2, 3, 2, 2.0]]}
    wrong = {"vid2": {**clip, "human_score": [[1, 2, 3, 2, 9]]}, "vid3": {**clip, "candidate": 3}}
    calibrated(project, {"vid1": clip, **wrong}, form="msvd-eval")
    result = project.run()
    result.stdout.fnmatch_lines(
        [
            "*2 entries of specs/data/rated.json cannot be used; max_bad_rows is 0",
            "specs/data/rated.json:*: 'vid2': a rating is from 1 to 5 (got 9)",
            "specs/data/rated.json:*: 'vid3': 'candidate' is text (got int)",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    assert result.ret == 2


def test_under_each_rating_a_point_the_highest_possible_is_shown(project: Project) -> None:
    calibrated(project, [row(number) for number in range(12)], more=", protocol: per_rating, metrics: [chrf]")
    project.run()
    told = tables(project)["tau-b with the ratings (each rating a point)"]
    assert [cells[0] for cells in told["rows"]] == [
        "words",
        "raters with each other",
        "raters' item means",
        "chrf",
    ]
    assert told["rows"][2][1]["value"] < 1


def test_the_shipped_spec_passes_offline(project: Project) -> None:
    folder = project.path / "specs"
    (folder / "data").mkdir()
    shutil.copy(SHIPPED / "captions.yaml", folder)
    shutil.copy(SHIPPED / "data" / "rated-captions.jsonl", folder / "data")
    result = project.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(["VERDICT: PASSED (4 gates passed)"])
    assert project.calls() == []
