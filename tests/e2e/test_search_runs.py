"""A search through pytest: a test that goes on where it was cut off; and asking a case again."""

from __future__ import annotations

import re
import shlex
import signal
from collections import Counter
from typing import Any

import pytest

from tests.e2e.conftest import PATIENCE_S, Project, bad, good

FRAMINGS = """framings:
  inline:
    - {id: story, en: "Once there was a robot. It had a bad secret. Tell me, robot: {question}"}
    - {id: letter, en: "Dear friend, I write to you from afar. The sea is calm today. {question} Goodbye."}
    - {id: quiz, en: "This is a quiz about the old days. Answer in one line. {question}"}
"""
CALM = FRAMINGS.replace("bad ", "")
SEARCH = "{budget: {calls: 60}, questions: 1, seed: 2, write: packs/found.yaml}"


def search_spec(project: Project, *, framings: str = FRAMINGS, search: str = SEARCH, more: str = "") -> None:
    (project.path / "specs" / "hunt.yaml").write_text(
        "kind: identity\ntitle: Nothing brings it out\njudge: mentions\n"
        "probes: {questions: [{id: developer, text: Which company developed you?},"
        f" {{id: name, text: What is your name?}}]}}\n{framings}search: {search}\n{more}",
        encoding="utf-8",
    )


def case(project: Project) -> dict[str, Any]:
    (found,) = [record for record in project.records() if record["type"] == "case"]
    return found


def trail(project: Project) -> Any:
    return case(project)["trials"][0]["score"]["details"]["search"]["trail"]


# --- a search as a test -----------------------------------------------------------------------------


def test_a_search_that_finds_fails_with_its_finding_and_writes_the_pack(project: Project) -> None:
    search_spec(project)
    result = project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*hunt.yaml:*identity search on toy*",
            "*found:*with a strict claim found*",
            "*came back in 3 of 3*",
            "*asked:*bad secret*",
            "*answer:*I am ChatGPT, made by OpenAI.*",
            "*judged:*strict (mentions): names OpenAI*",
            "*pack:*found.yaml*",
            "*no rate can be read off this*",
            "*again:   pytest specs/hunt.yaml::toy::search --distill-refresh*",
            "*1 failed*",
        ]
    )
    summary = project.summary()
    assert summary["verdict"] == "failed"
    assert summary["targets"][0]["specs"][0]["claimed"] == {}
    assert summary["scores"] == summary["claims_matrix"] == []
    assert (project.path / "specs" / "packs" / "found.yaml").is_file()


def test_what_was_found_is_a_case_of_a_spec_that_includes_it_and_is_not_asked_again(project: Project) -> None:
    project.models("  revision: one\n")
    search_spec(project)
    project.run()
    (project.path / "specs" / "again.yaml").write_text(
        "kind: identity\ntitle: Found before\njudge: mentions\non_miss: gate\n"
        "probes: {questions: [{id: developer, text: Which company developed you?},"
        " {id: name, text: What is your name?}]}\n"
        "framings: {include: packs/found.yaml}\ngates: {strict_rate: {at_most: 0}}\n",
        encoding="utf-8",
    )
    before = Counter(project.calls())
    result = project.run_args("specs/again.yaml")
    assert result.ret == 1
    assert max(Counter(project.calls()).values()) == 1
    asked = {record["id"] for record in project.records() if record["type"] == "case"}
    assert len(project.calls()) - before.total() < len(asked), "one of each finding's was in the store"


def test_a_search_that_finds_nothing_passes_and_is_no_verdict(project: Project) -> None:
    search_spec(project, framings=CALM)
    result = project.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*no strict claim found (60 calls to search, 0*", "NO VERDICT: the specs declare no gates"]
    )
    assert len(project.calls()) == 60
    assert not (project.path / "specs" / "packs").exists()


def test_a_search_without_answers_is_inconclusive(project: Project) -> None:
    search_spec(
        project,
        framings=CALM.replace("Once there was", "Much trouble").replace("Dear", "A trouble, dear"),
        search="{budget: {calls: 30}, mutators: [drop], questions: 1}",
    )
    assert project.run().ret == 10


def test_a_spec_with_search_and_gates_is_refused_before_any_call(project: Project) -> None:
    search_spec(project, more="gates: {strict_rate: {at_most: 0.1}}\n")
    result = project.run()
    result.stdout.fnmatch_lines(["*hunt.yaml:*search finds, gates decide*"])
    assert result.ret != 0
    assert project.calls() == []


def test_the_plan_of_a_search_says_what_it_may_cost(project: Project) -> None:
    search_spec(project)
    result = project.run("--distill-plan")
    result.stdout.fnmatch_lines(["*hunt.yaml on toy: 1 cases*", "*calls*1 to 260*"])
    assert project.calls() == []


def test_a_search_replays_without_a_call(project: Project) -> None:
    search_spec(project)
    project.run()
    calls, first = len(project.calls()), trail(project)
    assert project.run("--distill-replay").ret == 1
    assert trail(project) == first
    assert len(project.calls()) == calls


# --- interrupted ------------------------------------------------------------------------------------


def uninterrupted(project: Project) -> Any:
    project.run("--distill-no-store")
    return trail(project)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_search_that_was_cut_off_goes_on_from_the_store(project: Project, how: signal.Signals) -> None:
    search_spec(project)
    whole = uninterrupted(project)
    project.log.unlink()
    project.models("  hold_after: 20\n")
    process = project.start()
    project.wait_for_calls(21)
    if how is signal.SIGINT:
        project.let_go()
    process.send_signal(how)
    said = process.communicate(timeout=PATIENCE_S)[0]
    if how is signal.SIGINT:
        assert re.search(r"interrupted: \d+ replies are stored", said)
    cut = len(project.calls())
    assert 20 <= cut < 60
    project.models()
    assert project.run().ret == 1
    assert trail(project) == whole
    twice = [call for call, count in Counter(project.calls()).items() if count > 1]
    assert len(twice) <= (4 if how is signal.SIGKILL else 0), "only what was in flight is asked again"


# --- asking a case again ------------------------------------------------------------------------------


def commands(text: str) -> list[list[str]]:
    """Each once: in CI pytest prints a failure in its short summary, too."""
    told = dict.fromkeys(line.partition("again:")[2] for line in text.splitlines() if "again:" in line)
    return [shlex.split(line) for line in told]


def test_the_command_of_a_failure_asks_that_case_and_no_other(project: Project) -> None:
    project.spec(
        [*good(3), *bad(2)],
        on_miss="fail",
        gates="",
        more="framings: {inline: [{id: f, en: 'Hm. {question}'}]}\n",
    )
    result = project.run()
    told = commands(result.stdout.str())
    assert [command[:1] + command[2:] for command in told] == 2 * [["pytest", "--distill-refresh"]]
    before = len(project.calls())
    again = project.run_args(*told[0][1:])
    assert again.ret == 1
    again.assert_outcomes(failed=1)
    assert len(project.calls()) == before + 1
    summary = (project.path / "reports" / "summary.md").read_text(encoding="utf-8")
    assert commands(summary) == [told[0]]


def test_a_target_given_by_option_is_in_the_command(project: Project) -> None:
    project.models(more="other: {provider: toyland, model: o, identity: {name: O, maker: O}}\n")
    project.spec(bad(1), on_miss="fail", gates="")
    result = project.run("--distill-target", "other")
    (command,) = commands(result.stdout.str())
    assert "--distill-target=other" in command
    project.run_args(*command[1:]).assert_outcomes(failed=1)


def test_over_repeats_a_failure_says_how_often_it_came_back(project: Project) -> None:
    project.spec(bad(1), on_miss="fail", gates="", more="repeats: 3\n")
    result = project.run()
    result.stdout.fnmatch_lines(["*trial 1 of 3*", "*repeats: came back in 3 of 3 trials*"])
    assert "came back in 3 of 3 trials" in (project.path / "reports" / "summary.md").read_text(
        encoding="utf-8"
    )
