"""Twenty planted secrets, and everything a whole run leaves behind: none is in any of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.api_asking import set_environment
from tests.e2e.conftest import Project, good
from tests.e2e.test_api_providers import audited
from tests.fake_api import FakeApi
from tests.test_providers_redaction import ENVIRONMENT, NAMED, SECRETS, shows, steps, told


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("place", ["reply", "refused", "bad request", "page"])
def test_no_secret_is_in_any_artefact_log_or_store(
    project: Project, monkeypatch: pytest.MonkeyPatch, provider: str, place: str
) -> None:
    assert len(set(SECRETS)) == 20
    monkeypatch.setattr("tests.e2e.test_api_providers.KEY_NAME", NAMED)
    step = steps()[place]
    with FakeApi(*[step] * 20, key=ENVIRONMENT[NAMED]) as api:
        address = api.root if provider == "anthropic" else api.url
        set_environment(monkeypatch, FAKE_API=address, **ENVIRONMENT)
        project.spec(good(2), on_miss="fail", gates="{strict_rate: {at_most: 0.5}}")
        arguments = ["-rA", "-vv", "--log-level=DEBUG", "--junitxml=junit.xml", "--alluredir=allure"]
        result = audited(project, provider, "--distill-deadline", "3", *arguments)
        assert api.calls, "nothing was asked"
    files = [path for path in project.path.rglob("*") if path.is_file()]
    names = {path.name for path in files}
    assert {"store.sqlite", "run.jsonl", "summary.json", "summary.md", "junit.xml"} <= names
    assert shows(result.stdout.str() + result.stderr.str()) == []
    leaks = {path.name: shows(path.read_bytes().decode("utf-8", "replace")) for path in files}
    assert {name: found for name, found in leaks.items() if found} == {}


CARDS = """
toy: {provider: scripted, default: "The answer is A.", target: true, identity: {name: Toy, maker: Toyland}}
other: {provider: scripted, default: "The answer is B.", identity: {name: Other, maker: Otherland}}
"""
SPECS = {
    "similarity": "reference: other\nprompts: {data: data.jsonl}\njudge: resemblance\n"
    "gates: {mean_overall: {at_most: 1.5}}\n",
    "exam": "data: {jsonl: data.jsonl}\njudge: letter\non_miss: fail\ngates: {accuracy: {at_least: 0.9}}\n",
    "caption": "items: {jsonl: data.jsonl}\njudge: blend\ngates: {mean_average: {at_least: 99}}\n",
    "calibration": "gold: {jsonl: data.jsonl, annotators: nobody}\njudge: claims\n"
    "gates: {of: {statistic: kappa, of: loose, at_least: 0.9}}\n",
}


def rows(kind: str) -> list[dict[str, object]]:
    """Each with all the secrets, some of them in other clothes too, at another place of a line."""
    texts = [f"What of it{'.' * number} {told()}" for number in range(3)]
    make: Callable[[str], dict[str, object]] = {
        "similarity": lambda text: {"prompt": text},
        "exam": lambda text: {"question": text, "options": {"A": "no " + text, "B": text}, "answer": "B"},
        "caption": lambda text: {"caption": text, "references": [f"A dog. {text}", text]},
        "calibration": lambda text: {
            "response": f"I am GPT-4. {text}",
            "identity": {"name": "Toy", "maker": "Toyland"},
            "labels": {"loose": False},
        },
    }[kind]
    return [{"id": f"r{number}", **make(text)} for number, text in enumerate(texts)]


@pytest.mark.parametrize("kind", sorted(SPECS))
def test_no_secret_of_a_data_file_is_shown_or_written_by_any_kind(
    project: Project, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """What a report shows of a long text is cut and put into lines; half a secret must not be left of it."""
    set_environment(monkeypatch, **{name: value for name, value in ENVIRONMENT.items() if name != NAMED})
    monkeypatch.setenv("OUR_API_KEY", ENVIRONMENT[NAMED])
    project.models(text="", more=CARDS)
    text = f"kind: {kind}\ntitle: Toy\n{SPECS[kind]}"
    (project.path / "specs/core.yaml").write_text(text, encoding="utf-8")
    data = project.path / "specs/data.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows(kind)), encoding="utf-8")
    result = project.run("-rA", "-vv", "--junitxml=junit.xml", "--alluredir=allure")
    result.stdout.fnmatch_lines(["*report     reports/*"])
    assert len([row for row in project.records() if row["type"] == "case"]) >= 3
    assert shows(result.stdout.str() + result.stderr.str()) == []
    written = (path for path in project.path.rglob("*") if path.is_file() and path != data)
    leaks: dict[Path, list[str]] = {
        path: shows(path.read_bytes().decode("utf-8", "replace")) for path in written
    }
    assert {path.name: found for path, found in leaks.items() if found} == {}


def test_a_key_that_somebody_wrote_into_a_spec_is_not_shown_by_the_error_about_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_API_KEY", ENVIRONMENT[NAMED])
    project.spec(good(1), more=f"sampling: {{max_tokens: {ENVIRONMENT[NAMED]}}}\n")
    result = project.run("-rA", "--junitxml=junit.xml")
    result.stdout.fnmatch_lines(["*'max_tokens' must be *(got '*redacted*"])
    assert shows(result.stdout.str() + result.stderr.str()) == []
    assert shows((project.path / "junit.xml").read_text("utf-8")) == []
