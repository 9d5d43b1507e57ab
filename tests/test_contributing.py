"""The examples of CONTRIBUTING.md, put together as a user would: they are one audit that runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(python|yaml)\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the Python examples as its conftest.py and the YAML ones as its specs."""
    folder = tmp_path_factory.mktemp("contributing")
    (folder / "specs").mkdir()
    blocks = BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    for _, path, text in (block for block in blocks if block[0] == "yaml"):
        (folder / path).write_text(text, encoding="utf-8")
    python = [text for language, _, text in blocks if language == "python"]
    assert len(python) == 5
    (folder / "conftest.py").write_text("\n\n".join(python), encoding="utf-8")
    return folder


def ran(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "distill_tests.cli", *arguments],
        cwd=project,
        env={"PYTHONPATH": str(ROOT), "HOME": str(project), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_the_example_specs_are_valid(project: Path) -> None:
    checked = ran(project, "check", "specs")
    assert (checked.stdout, checked.returncode) == ("ok: 1 spec, 0 packs, 1 model card\n", 0)


def test_the_example_judge_judges_rows(project: Path) -> None:
    (project / "rows.jsonl").write_text('{"id": "a", "response": "Thank you."}\n', encoding="utf-8")
    judged = ran(project, "judge", "polite", "rows.jsonl", "--option", "word=you")
    assert json.loads(judged.stdout) == {"id": "a", "label": "polite"}


def test_the_example_audit_passes_and_its_reporter_wrote(project: Path) -> None:
    audit = ran(project, "run", "specs/", "-p", "no:cacheprovider")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert "3 passed" in audit.stdout
    (counted,) = project.glob("reports/*/count.txt")
    assert counted.read_text(encoding="utf-8") == "2\n"
