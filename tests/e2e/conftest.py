"""A small project in a temporary directory, audited through the real plugin, engine and store."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

# In-process runs forget the modules they imported, but not the attributes of our package: with all of
# it imported beforehand, every run sees the same registries.
import distill_tests.session  # noqa: F401

CONFTEST = '''
import asyncio, os
from pathlib import Path
from distill_tests.errors import EmptyReply, ProviderError, Refused
from distill_tests.registry import judge, provider
from distill_tests.types import Reply, Score

NUMBER, TEXT = {"type": "number"}, {"type": "string"}

@provider("toyland", options={"log": TEXT, "together": NUMBER, "hold_after": NUMBER, "latency_s": NUMBER,
                              "served": TEXT})
class Fake:
    """Answers by a word of the question; one line a call in a log that all processes share.

    No call is answered before ``together`` have come.  After ``hold_after`` calls the others wait until
    the test lets them go, and some time more.
    """
    stores = True
    embedded = False
    def __init__(self, model):
        self.model = model
        self.calls = self.begun = 0
    def identifies(self):
        return {"provider": "toyland", "model": self.model.model}
    def revision(self):
        return self.model.revision
    async def send(self, request):
        text = request.messages[-1].text
        with open(os.environ["FAKE_LOG"], "a") as log:
            log.write(f"{self.model.alias} {text} #{request.sample}\\n")
        self.begun += 1
        while self.begun < self.model.options.get("together", 0):
            await asyncio.sleep(0.02)
        if self.begun > self.model.options.get("hold_after", self.begun):
            while not Path("let-go").exists():
                await asyncio.sleep(0.02)
            await asyncio.sleep(1)
        self.calls += 1
        served = self.model.options.get("served", "fake-1")
        if served == "changes":
            served = "fake-1" if self.calls < 3 else "fake-2"
        if "trouble" in text and not Path("mended").exists():
            raise ProviderError("fake: the line went dead")
        if "locked" in text:
            raise Refused("fake: 401, wrong key")
        if "spill" in text:
            raise ProviderError("fake: bad header Authorization: Bearer " + os.environ["TOY_API_KEY"])
        if "leak" in text:
            return Reply(text="my key is " + os.environ["TOY_API_KEY"], finish="stop")
        if "empty" in text:
            raise EmptyReply("fake: an empty completion")
        answer = "I am ChatGPT, made by OpenAI." if "bad" in text else "I am Toy, made by Toyland."
        return Reply(text=answer, finish="stop", served_model=served,
                     latency_s=self.model.options.get("latency_s"))
    async def aclose(self):
        pass

@judge("mentions", scale=(0, 1), marks={"loose": (0, 1), "strict": (0, 1)})
def mentions(exhibit):
    if "unjudgeable" in exhibit.question:
        return Score(value=None, label="unscored", reason="cannot tell")
    wrong = float("OpenAI" in exhibit.answer)
    return Score(value=wrong, label="foreign" if wrong else "consistent",
                 reason="names OpenAI" if wrong else "", marks={"loose": wrong, "strict": wrong})
'''

MODELS = """
toy:
  provider: toyland
  model: toy-1
  target: true
{extra}  identity: {{name: Toy, maker: Toyland}}
"""


# A shell's background job ignores Ctrl-C, and whatever is started from there does.
INTERRUPTIBLE = """
import pytest, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.main(sys.argv[1:]))
"""
PATIENCE_S = 120.0
"""For what takes a second or two: a machine may be busy."""


class Project:
    """A pytester directory with specs; ``calls`` reads what was really asked."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pytester, self.path = pytester, pytester.path
        self.log = self.path / "calls.log"
        monkeypatch.setenv("FAKE_LOG", str(self.log))
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        self._started: list[subprocess.Popen[str]] = []
        pytester.makeconftest(CONFTEST)
        pytester.makeini("[pytest]\naddopts = -p no:cacheprovider -p no:randomly\n")
        self.models()

    def models(self, extra: str = "", text: str = MODELS, more: str = "") -> None:
        specs = self.path / "specs"
        specs.mkdir(exist_ok=True)
        (specs / "models.yaml").write_text(text.format(extra=extra) + more, encoding="utf-8")

    def spec(
        self,
        questions: Sequence[str],
        *,
        name: str = "core",
        gates: str = "{strict_rate: {at_most: 0.5}}",
        on_miss: str = "gate",
        more: str = "",
    ) -> None:
        """A spec whose question ``bad 1`` becomes the case ``bad-1-en.plain``."""
        rows = "".join(f"    - {{id: {text.replace(' ', '-')}, text: {text}}}\n" for text in questions)
        text = (
            f"kind: identity\ntitle: Toy\njudge: mentions\non_miss: {on_miss}\n"
            f"probes:\n  questions:\n{rows}{more}"
        )
        text += f"gates: {gates}\n" if gates else ""
        (self.path / "specs" / f"{name}.yaml").write_text(text, encoding="utf-8")

    def run(self, *args: str, subprocess: bool = False) -> pytest.RunResult:
        run = self.pytester.runpytest_subprocess if subprocess else self.pytester.runpytest_inprocess
        return run("-p", "distill_tests.plugin", *args, "specs")

    def run_args(self, *args: str) -> pytest.RunResult:
        """Without the ``specs`` argument, for node ids."""
        return self.pytester.runpytest_inprocess("-p", "distill_tests.plugin", *args)

    def start(self, *args: str) -> subprocess.Popen[str]:
        """A run as a process of its own, to be interrupted."""
        command = [sys.executable, "-c", INTERRUPTIBLE, "-p", "distill_tests.plugin", *args, "specs"]
        run = subprocess.Popen(
            command, cwd=self.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._started.append(run)
        return run

    def end(self) -> None:
        """Leave no started run behind, whatever the test came to."""
        for run in self._started:
            with run:
                run.kill()

    def calls(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def wait_for_calls(self, count: int) -> None:
        wait_until(lambda: len(self.calls()) >= count, f"{count} calls")

    def let_go(self) -> None:
        """Have the calls that are held (``hold_after``) answered."""
        (self.path / "let-go").touch()

    def summary(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads((self.path / "reports" / "summary.json").read_text("utf-8"))
        return data

    def records(self) -> list[dict[str, Any]]:
        """All lines of the newest run.jsonl."""
        newest = max((self.path / "reports").glob("*/run.jsonl"), key=lambda path: path.stat().st_mtime_ns)
        return [json.loads(line) for line in newest.read_text("utf-8").splitlines()]


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S} s"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a run within a test on a worker of ours would share its slots with a second one."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER_COUNT", raising=False)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    project = Project(pytester, monkeypatch)
    yield project
    project.end()


INTERRUPT = signal.SIGINT
Questions = Callable[[int], list[str]]


def good(count: int, start: int = 0) -> list[str]:
    return [f"good {number}" for number in range(start, start + count)]


def bad(count: int, start: int = 0) -> list[str]:
    return [f"bad {number}" for number in range(start, start + count)]
