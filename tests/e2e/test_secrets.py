"""Twenty planted secrets, and everything a whole run leaves behind: none is in any of it."""

from __future__ import annotations

import pytest

from tests.api_asking import set_environment
from tests.e2e.conftest import Project, good
from tests.e2e.test_api_providers import audited
from tests.fake_api import FakeApi
from tests.test_providers_redaction import ENVIRONMENT, NAMED, SECRETS, shows, steps


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
