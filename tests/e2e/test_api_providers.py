"""Audits of models behind HTTP, from models.yaml to the exit status."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

from tests.api_asking import KEY_NAME, set_environment, skip_without_sdk
from tests.e2e.conftest import Project, good
from tests.fake_api import FakeApi, Step, error

CARD = """
m:
  provider: {provider}
  model: toy-1
  base_url: ${{FAKE_API}}
  api_key: ${{{key}}}
  target: true
  revision: r1
  price: {{input: 1, output: 2}}
  identity: {{name: Toy, maker: Toyland}}
"""


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    with FakeApi() as api:
        set_environment(monkeypatch, FAKE_API=api.url)
        yield api


def audited(project: Project, provider: str = "openai", *args: str) -> pytest.RunResult:
    skip_without_sdk(provider)
    project.models(text="", more=CARD.format(provider=provider, key=KEY_NAME))
    importlib.import_module(provider)  # once: in-process runs forget what they import
    return project.run("--distill-concurrency", "2", *args)


def test_a_model_behind_chat_completions_is_audited_once(project: Project, api: FakeApi) -> None:
    project.spec(good(3))
    first, again = audited(project), audited(project)
    first.assert_outcomes(passed=4)
    again.assert_outcomes(passed=4)
    assert (first.ret, again.ret) == (0, 0)
    assert len(api.calls) == 3
    assert api.problems == []
    assert project.summary()["calls"]["from_store"] == 3


def test_a_model_behind_messages_is_audited(
    project: Project, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_API", api.root)
    project.spec(good(2))
    audited(project, "anthropic").assert_outcomes(passed=3)
    assert api.problems == []


def test_a_wrong_key_is_one_error_and_the_rest_skips_with_its_reason(
    project: Project, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_NAME, "a-key-of-another-house")
    project.spec(good(6))
    result = audited(project, "openai", "-rs")
    assert result.ret == 11
    outcomes = result.parseoutcomes()
    assert (outcomes["skipped"], outcomes["errors"]) == (5, 2)  # one case and the gate
    result.stdout.fnmatch_lines(["*openai: 401 (Incorrect API key provided: *"])
    assert "a-key-of-another-house" not in result.stdout.str()
    assert len(api.calls) <= 2


def test_without_a_key_no_call_is_told_and_the_error_says_what_to_do(
    project: Project, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_NAME)
    project.spec(good(6))
    result = audited(project)
    assert result.ret == 11
    assert project.summary()["calls"] == {"made": 0, "from_store": 0, "recorded": 0}
    result.stdout.fnmatch_lines([f"*openai: no API key. Set {KEY_NAME}, or name another provider in *"])
    assert api.calls == []


def test_a_limit_that_passes_is_waited_out_and_told(project: Project, api: FakeApi) -> None:
    api.steps = [Step(status=429, body=error("Slow down."), headers={"retry-after-ms": "1"})]
    project.spec(good(1))
    result = audited(project)
    assert result.ret == 0
    (case,) = (row for row in project.records() if row["type"] == "case")
    assert any("429" in note for note in case["notes"])


def test_a_served_model_that_changes_makes_the_run_broken(project: Project, api: FakeApi) -> None:
    api.steps = [Step(), Step(over={"model": "toy-2"})]
    project.spec(good(3))
    assert audited(project).ret == 11


def test_a_refusal_of_the_api_is_missing_and_no_answer(project: Project, api: FakeApi) -> None:
    api.steps = [Step(choice={"finish_reason": "content_filter"})]
    project.spec(good(3), gates="{strict_rate: {at_most: 0.9, max_missing: 0.5}}")
    result = audited(project)
    assert result.ret == 11
    (gate,) = project.summary()["gates"]
    assert (gate["estimate"]["n"], gate["estimate"]["missing"]) == (2, 1)
