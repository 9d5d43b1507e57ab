"""The report that Allure 3 makes of our results, opened in a headless browser.

Needs npm (or Allure 3 as ``allure``) and Chromium, and about 20 s; so it runs only where
``DISTILL_TESTS_BROWSER=1`` asks for it, as ``.ci/run`` does where both are installed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.e2e.conftest import CONFTEST, Project, bad, good

ALLURE = "allure@3.18.0"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=8000",
)
MARKUP = (
    "OpenAI <script>document.title='pwned'</script><img src=x onerror=document.title='pwned'> **b** \x1b[31m"
)
MIXED = [*good(3), *bad(1), "trouble 1", "unjudgeable 1"]
GATE = "{strict_rate: {at_most: 0.4, max_missing: 0.5}}"

pytestmark = pytest.mark.skipif(
    not os.environ.get("DISTILL_TESTS_BROWSER"),
    reason="set DISTILL_TESTS_BROWSER=1 to open reports in Chromium",
)


@pytest.fixture(scope="module")
def allure(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The command of Allure 3: one that is installed, else npm's, in a temporary directory."""
    found = shutil.which("allure")
    if found and _output([found, "--version"]).startswith("3."):
        return found
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("neither Allure 3 nor npm is installed")
    directory = tmp_path_factory.mktemp("npm")
    command = [
        npm,
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
        str(directory),
        ALLURE,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        pytest.skip(f"npm cannot install {ALLURE}: {done.stderr.strip()[-200:]}")
    return str(directory / "node_modules" / ".bin" / "allure")


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False).stdout


class Text(HTMLParser):
    """What a person can read of a page: its text, without scripts, styles and markup."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.title = ""
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "title"):
            self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title += data.strip()
        elif not self._inside and data.strip():
            self.parts.append(data.strip())

    def __str__(self) -> str:
        return " | ".join(self.parts)


Open = Callable[[Path, str], Text]


@pytest.fixture
def browser(tmp_path: Path) -> Open:
    """Opens a page of a report, and gives what stands there once its scripts have run."""
    command = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if command is None:
        pytest.skip("Chromium is not installed")

    def opened(report: Path, page: str) -> Text:
        profile = tmp_path / f"profile-{page or 'start'}"
        address = f"{(report / 'index.html').as_uri()}#{page}"
        flags = [*FLAGS, f"--user-data-dir={profile}", "--dump-dom", address]
        done = subprocess.run([command, *flags], capture_output=True, timeout=600, check=True)
        return Text(done.stdout.decode("utf-8"))

    return opened


def generated(allure: str, project: Project) -> Path:
    """The report in one file, made with the configuration that stands beside the results."""
    config = json.loads((project.path / "results" / "allurerc.json").read_text())
    config["plugins"]["awesome"]["options"]["singleFile"] = True
    (project.path / "allurerc.json").write_text(json.dumps(config))
    command = [allure, "generate", "--config", "allurerc.json", "--output", "report", "results"]
    done = subprocess.run(command, cwd=project.path, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert "rror" not in done.stdout + done.stderr
    return project.path / "report"


def page_of(project: Project, name: str) -> str:
    """Where in the report a result stands."""
    rows = [json.loads(path.read_text("utf-8")) for path in (project.path / "results").glob("*-result.json")]
    uuid = next(row["uuid"] for row in rows if row["name"] == name)
    return hashlib.md5(uuid.encode()).hexdigest()


def test_the_report_shows_verdict_targets_categories_steps_and_text_as_text(
    project: Project, allure: str, browser: Open
) -> None:
    answer = '"I am ChatGPT, made by OpenAI." if "bad" in text'
    assert answer in CONFTEST
    project.pytester.makeconftest(CONFTEST.replace(answer, f"{MARKUP!r} if 'bad' in text"))
    project.spec(MIXED, gates=GATE)
    project.run("--alluredir", "results")
    report = generated(allure, project)

    start = browser(report, "")
    text = str(start)
    assert start.title == "Model audit"
    assert "VERDICT: BROKEN (1 probe unanswered)" in text
    assert "It does not by itself show what the model was trained on" in text
    assert "Total | 7 | Failed | 2 | Broken | 1 | Passed | 3 | Skipped | 1" in text
    assert "toy | " in text
    assert " | identity | " in text
    assert "Categories | 4" in text

    case = browser(report, page_of(project, "bad-0-en.plain"))
    text = str(case)
    assert case.title == "Model audit"
    assert "Category: Contradiction" in text
    assert "asked: bad 0" in text
    assert f"answered: {MARKUP.replace(chr(27), chr(92) + 'x1b')}"[:90] in text
    assert "judged: foreign: names OpenAI" in text
    assert "transcript" in text


def test_allure_3_counts_every_item_of_a_large_run_once(project: Project, allure: str) -> None:
    project.spec(good(305), gates="{strict_rate: {at_most: 0.5}, loose_rate: {at_most: 0.5}}")
    project.run("--alluredir", "results", "-q")
    report = generated(allure, project)
    summary = json.loads((report / "summary.json").read_text())
    assert summary["stats"] == {"total": 307, "passed": 307}
    assert "retries" not in summary["stats"]
