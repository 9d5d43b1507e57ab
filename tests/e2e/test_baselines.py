"""Gates against a baseline: compared case by case on the same set, refused with the difference shown."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.e2e.conftest import Project, bad, good

SAMPLE = "sample: {size: 80, seed: 3}\n"
OLD = """
old:
  provider: toyland
  model: toy-0
  identity: {name: Toy, maker: Toyland}
"""
PLAIN = "{strict_rate: {at_most: 1}}"


def baseline_run(
    project: Project, questions: list[str], *args: str, more: str = SAMPLE, target: str = "toy"
) -> str:
    """Runs the questions in full, and gives the run's directory relative to the spec."""
    project.spec(questions, gates=PLAIN, more=more)
    project.run("--distill-full", "--distill-target", target, *args)
    newest = max((project.path / "reports").glob("*/run.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    return f"../reports/{newest.parent.name}"


def against(run: str, allowed: str = "at_most_above: 0.05", more: str = "") -> str:
    return f"{{no_worse: {{statistic: strict_rate, baseline: {run}, {allowed}{more}}}}}"


def text_of(result: object) -> str:
    return re.sub(r"\s+", " ", str(result.stdout))  # type: ignore[attr-defined]  # a RunResult


def test_a_model_that_answers_as_its_baseline_did_passes_before_the_end_of_the_set(project: Project) -> None:
    run = baseline_run(project, [*bad(4), *good(76)])
    before = len(project.calls())
    project.spec([*bad(4), *good(76)], gates=against(run, "at_most_above: 0.15"), more=SAMPLE)
    result = project.run("--distill-concurrency", "1", "--distill-refresh")
    assert result.ret == 0, text_of(result)
    assert len(project.calls()) - before < 60
    (gate,) = project.summary()["gates"]
    assert gate["verdict"] == "passed"
    assert gate["estimate"]["value"] == 0
    assert gate["estimate"]["high"] <= 0.15
    assert gate["estimate"]["undrawn"] > 0
    assert gate["comparison"]["old_of_set"] == 0.05
    assert gate["comparison"]["worse"] == {"count": 0, "cases": []}
    assert "0 newly wrong, 0 no longer" in gate["explanation"]
    assert "allowed is 0.15 above" in gate["explanation"]


def rewritten(project: Project, run: str, change: object) -> None:
    """Change the records of a run as another model or judge would have left them."""
    path = project.path / "specs" / run / "run.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for row in rows:
        change(row)  # type: ignore[operator]  # a function of one record
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def wrong_before(*ids: str) -> object:
    def change(row: dict[str, Any]) -> None:
        for trial in row.get("trials", ()):
            trial["score"]["marks"]["strict"] = float(row["id"] in ids)

    return change


def test_what_got_worse_and_better_is_named(project: Project) -> None:
    run = baseline_run(project, [*bad(2), *good(8)], more="")
    rewritten(project, run, wrong_before("bad-0-en.plain", "good-3-en.plain"))
    project.spec([*bad(2), *good(8)], gates=against(run))
    assert project.run().ret == 0
    (gate,) = project.summary()["gates"]
    assert gate["comparison"]["worse"] == {"count": 1, "cases": ["bad-1-en.plain"]}
    assert gate["comparison"]["better"] == {"count": 1, "cases": ["good-3-en.plain"]}
    expected = "2 wrong of 10, the baseline 2: no difference, allowed is 0.05 above"
    assert gate["explanation"].startswith(expected)
    assert "exact for this set" in gate["estimate"]["method"]
    report = (project.path / "reports" / "summary.md").read_text("utf-8")
    assert "bad-1-en.plain" in report
    assert "good-3-en.plain" in report


def test_a_model_worse_than_its_baseline_fails_and_says_by_how_much(project: Project) -> None:
    run = baseline_run(project, [*bad(40), *good(40)])
    rewritten(project, run, wrong_before())
    project.spec([*bad(40), *good(40)], gates=against(run), more=SAMPLE)
    result = project.run("--distill-concurrency", "2", "--distill-refresh")
    assert result.ret == 1
    (gate,) = project.summary()["gates"]
    assert gate["explanation"].startswith("more than 0.05 above the baseline: ")
    assert gate["estimate"]["low"] > 0.05
    assert gate["estimate"]["undrawn"] > 0


def test_a_gate_that_wants_high_values_is_mirrored(project: Project) -> None:
    run = baseline_run(project, [*bad(3), *good(7)], more="")
    rewritten(project, run, wrong_before())
    project.spec([*bad(3), *good(7)], gates=against(run, "at_most_below: 0.1"))
    assert project.run().ret == 0
    (gate,) = project.summary()["gates"]
    assert gate["explanation"].startswith("3 right of 10, the baseline 0: 0.300 above")
    assert gate["at_least"] == -0.1
    assert gate["estimate"]["value"] == 0.3


def test_a_baseline_that_was_not_asked_in_full_is_refused_and_full_is_named(project: Project) -> None:
    project.spec(good(80), gates="{strict_rate: {at_most: 0.2}}", more=SAMPLE)
    project.run("--distill-concurrency", "1")
    newest = next((project.path / "reports").glob("*/run.jsonl")).parent.name
    calls = len(project.calls())
    project.spec(good(80), gates=against(f"../reports/{newest}"), more=SAMPLE)
    result = project.run()
    assert result.ret == 2
    text = text_of(result)
    assert "the baseline cannot be compared with 'toy'" in text
    assert re.search(r"\d\d of 80 cases \(good-.*?\) not asked \(ask the baseline in full", text)
    assert "--full" in text
    assert len(project.calls()) == calls


def test_a_baseline_of_another_set_or_judge_or_system_message_is_refused_with_the_difference(
    project: Project,
) -> None:
    run = baseline_run(project, good(6), more="")

    def otherwise(row: dict[str, Any]) -> None:
        if row.get("judge"):
            row["judge"]["version"] = "c3d4" * 16
        for trial in row.get("trials", ()):
            trial["exchanges"][0]["messages"].insert(0, {"role": "system", "text": "Be Toy.", "images": []})
            trial["exchanges"][0]["sampling"]["max_tokens"] = 99

    rewritten(project, run, otherwise)
    project.spec(good(6, start=1), gates=against(run))
    result = project.run()
    assert result.ret == 2
    text = text_of(result)
    assert re.search(r"set [0-9a-f]{8} here, [0-9a-f]{8} in the baseline", text)
    assert "1 of 6 cases (good-6-en.plain) not in it" in text
    assert re.search(r"judge mentions@[0-9a-f]{8} here, mentions@c3d4c3d4 in the baseline", text)
    assert "system message none here, 'Be Toy.' in the baseline" in text
    assert "max_tokens 256 here, 99 in the baseline" in text


def test_a_baseline_without_the_target_names_those_it_has(project: Project) -> None:
    project.models(more=OLD)
    run = baseline_run(project, good(6), more="", target="old")
    project.spec(good(6), gates=against(run))
    assert "it has no answers of 'toy'; it has old" in text_of(project.run())
    project.spec(good(6), gates=against(f"{{run: {run}, target: old}}"))
    assert project.run().ret == 0


def test_a_baseline_that_is_not_there_is_an_error_at_its_place(project: Project) -> None:
    project.spec(good(3), gates=against("../reports/nowhere"))
    result = project.run()
    assert result.ret == 2
    assert "gate 'no_worse': no baseline: " in text_of(result)
    assert re.search(r"specs/core\.yaml:\d+:\d+: gate 'no_worse'", text_of(result))


RECORDED = """
before:
  provider: recorded
  transcripts: {format: jsonl, path: before.jsonl}
  identity: {name: Toy, maker: Toyland}
"""


def test_a_recorded_model_is_a_baseline_and_is_judged_by_this_specs_judge(project: Project) -> None:
    project.models(more=RECORDED)
    replies = dict.fromkeys([*bad(1), *good(9)], "I am Toy.") | {"good 0": "I am ChatGPT, made by OpenAI."}
    rows = [{"prompt": question, "reply": reply} for question, reply in replies.items()]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (project.path / "specs" / "before.jsonl").write_text(text, encoding="utf-8")
    project.spec([*bad(1), *good(9)], gates=against("{model: before}", "at_most_above: 0"))
    result = project.run()
    assert result.ret == 0, text_of(result)
    (gate,) = project.summary()["gates"]
    assert gate["comparison"]["worse"]["cases"] == ["bad-0-en.plain"]
    assert gate["comparison"]["better"]["cases"] == ["good-0-en.plain"]
    assert "against the recorded before" in gate["explanation"]


def test_a_model_that_is_no_recording_is_refused_as_a_baseline(project: Project) -> None:
    project.models(more=OLD)
    project.spec(good(3), gates=against("{model: old}"))
    assert "'old' is no recorded model; audit it with --full and name its run" in text_of(project.run())


def test_workers_compare_with_the_baseline_too(project: Project) -> None:
    run = baseline_run(project, [*bad(2), *good(8)], more="")
    project.spec([*bad(2), *good(8)], gates=against(run))
    assert project.run("-n", "2", subprocess=True).ret == 0


def test_the_asking_stops_against_a_recorded_model_too(project: Project) -> None:
    project.models(more=RECORDED)
    rows = [{"prompt": question, "reply": "I am Toy."} for question in good(80)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (project.path / "specs" / "before.jsonl").write_text(text, encoding="utf-8")
    project.spec(good(80), gates=against("{model: before}", "at_most_above: 0.2"), more=SAMPLE)
    result = project.run("--distill-concurrency", "1")
    assert result.ret == 0, text_of(result)
    assert len(project.calls()) < 40
    assert project.summary()["calls"]["recorded"] == 80
