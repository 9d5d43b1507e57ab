"""Interruption, resumption, reuse, reruns and workers: nothing lost, nothing asked twice."""

from __future__ import annotations

import signal
from collections import Counter

import pytest

from tests.e2e.conftest import PATIENCE_S, Project, bad, good, wait_until


def test_under_two_workers_no_call_is_made_twice_and_targets_stay_together(project: Project) -> None:
    project.models(
        more="toy2:\n  provider: toyland\n  model: toy-2\n  target: true\n  identity: {name: T, maker: U}\n"
    )
    project.spec(good(30))
    project.spec([*good(10), *bad(5)], name="more", gates="{strict_rate: {at_most: 0.1}}")
    result = project.run("-n", "2", subprocess=True)
    result.assert_outcomes(passed=2 * 30 + 2 * 10 + 2, xfailed=10, failed=2)
    # Both specs ask the same ten questions of each target: asked once, whichever worker came first.
    assert Counter(project.calls()).most_common(1)[0][1] == 1
    assert len(project.calls()) == 2 * 35
    assert project.summary()["calls"]["made"] == 2 * 35
    assert len(project.records()) == 2 + 2 * (30 + 1) + 2 * (15 + 1)
    assert result.ret == 1


def test_ctrl_c_keeps_what_was_asked_and_the_next_run_asks_the_rest(project: Project) -> None:
    project.models("  hold_after: 8\n")
    project.spec(good(60))
    run = project.start("--distill-concurrency", "2")
    project.wait_for_calls(10)
    project.let_go()
    run.send_signal(signal.SIGINT)
    output, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 2, output
    asked = project.calls()
    assert len(asked) < 60
    assert "Traceback" not in output
    project.models()
    result = project.run("-q")
    assert Counter(project.calls()).most_common(1)[0][1] == 1
    assert len(project.calls()) == 60
    assert project.summary()["calls"] == {"made": 60 - len(asked), "from_store": len(asked), "recorded": 0}
    assert result.ret == 0


@pytest.mark.parametrize("stored", [True, False])
def test_ctrl_c_before_the_first_result_says_what_is_kept(project: Project, stored: bool) -> None:
    project.models("  hold_after: 4\n")
    project.spec(good(60))
    with (project.path / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(
            "\nimport pytest\n@pytest.hookimpl(trylast=True)\n"
            "def pytest_collection_modifyitems(items):\n    items.reverse()\n"
        )
    run = project.start("--distill-concurrency", "1", *([] if stored else ["--distill-no-store"]))
    project.wait_for_calls(5)
    project.let_go()
    run.send_signal(signal.SIGINT)
    output, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 2, output
    line = f"interrupted: {len(project.calls())} replies are stored; run the same again to go on"
    assert (line in output.splitlines()) == stored, output
    assert ("replies are stored" in output) == stored


@pytest.mark.parametrize("option", ["--distill-concurrency", "--distill-first", "--distill-deadline"])
def test_a_number_that_an_option_cannot_use_is_told_with_its_name(project: Project, option: str) -> None:
    project.spec(good(1))
    result = project.run(option, "0", subprocess=True)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"*{option}: a whole number above 0 is needed (got '0')"])


@pytest.mark.parametrize("other", ["--distill-no-store", "--distill-refresh"])
def test_a_replay_is_refused_beside_an_option_that_it_contradicts(project: Project, other: str) -> None:
    project.spec(good(1))
    result = project.run("--distill-replay", other, subprocess=True)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"*--distill-replay *: run it without {other}"])


def test_kill_9_loses_no_committed_reply_and_the_next_run_asks_only_the_rest(project: Project) -> None:
    project.models("  hold_after: 12\n")
    project.spec(good(60))
    run = project.start("--distill-concurrency", "3")
    project.wait_for_calls(15)
    run.kill()
    run.communicate(timeout=PATIENCE_S)
    before = len(project.calls())
    project.models()
    project.run("-q")
    after = Counter(project.calls())
    # At most the calls in flight at the kill are made again; each question is answered in the end.
    assert len(after) == 60
    assert sum(after.values()) - 60 <= 3
    assert project.summary()["calls"]["from_store"] >= before - 3


def test_a_finished_run_is_reused_only_under_a_revision(project: Project) -> None:
    project.spec(good(4))
    project.run()
    project.run()
    assert len(project.calls()) == 8
    project.models("  revision: r1\n")
    project.run()
    project.run()
    assert len(project.calls()) == 12
    assert project.summary()["calls"] == {"made": 0, "from_store": 4, "recorded": 0}


def test_reuse_overrides_the_revision_rule_and_prints_the_oldest_date(project: Project) -> None:
    project.spec(good(4))
    project.run()
    result = project.run("--distill-reuse")
    assert len(project.calls()) == 4
    result.stdout.fnmatch_lines(["*calls*0 made, 4 from the store*20??-*"])


def test_refresh_asks_anew(project: Project) -> None:
    project.models("  revision: r1\n")
    project.spec(good(4))
    project.run()
    project.run("--distill-refresh")
    assert len(project.calls()) == 8


def test_replay_makes_no_call_and_names_what_is_missing(project: Project) -> None:
    project.spec(good(3))
    project.run()
    project.spec(good(4))
    result = project.run("--distill-replay")
    assert len(project.calls()) == 3
    result.stdout.fnmatch_lines(["*ERROR*good-3-en.plain*", "VERDICT: BROKEN*"])
    assert result.ret == 11


def test_no_store_writes_no_store(project: Project) -> None:
    project.spec(good(3))
    assert project.run("--distill-no-store").ret == 0
    assert not (project.path / ".distill-tests").exists()


def test_a_rerun_asks_errors_again_and_never_draws_an_answer_again(project: Project) -> None:
    pytest.importorskip("pytest_rerunfailures")
    project.spec([*good(2), *bad(2), "trouble 1"], on_miss="fail", gates="")
    result = project.run("--reruns", "2")
    counts = Counter(project.calls())
    assert counts["toy trouble 1 #0"] == 3
    assert counts["toy bad 0 #0"] == 1
    result.assert_outcomes(passed=2, failed=2, errors=1)
    assert [
        record["verdict"] for record in project.records() if record.get("id") == "trouble-1-en.plain"
    ] == ["broken"]


def test_the_run_directory_and_the_latest_copies_are_written(project: Project) -> None:
    project.spec(good(2))
    project.run()
    names = {path.name for path in (project.path / "reports").iterdir()}
    assert {"summary.json", "summary.md"} < names
    kinds = [record["type"] for record in project.records()]
    assert kinds == ["run", "case", "case", "gate", "end"]


def test_records_are_on_disk_while_the_run_goes_on(project: Project) -> None:
    project.models("  hold_after: 3\n")
    project.spec(good(40))
    run = project.start("--distill-concurrency", "1")

    def lines() -> int:
        return sum(path.read_bytes().count(b"\n") for path in project.path.glob("reports/*/run.jsonl"))

    wait_until(lambda: lines() >= 1 + 3, "the run and three cases in run.jsonl")
    run.kill()
    run.communicate(timeout=PATIENCE_S)
    assert [record["type"] for record in project.records()] == ["run", "case", "case", "case"]


def test_a_secret_in_an_answer_or_an_error_reaches_no_file_and_no_terminal(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "planted-9f8e7d6c5b4a"
    monkeypatch.setenv("TOY_API_KEY", secret)
    project.spec(["leak 1", "spill 1"], on_miss="fail", gates="{strict_rate: {at_most: 0.5}}")
    result = project.run("-rA", "-v")
    assert len(project.calls()) == 2
    assert secret not in result.stdout.str() + result.stderr.str()
    files = [path for path in project.path.rglob("*") if path.is_file()]
    assert {"run.jsonl", "store.sqlite", "summary.md"} <= {path.name for path in files}
    assert [path for path in files if secret.encode() in path.read_bytes()] == []
    assert "[redacted]" in result.stdout.str()
