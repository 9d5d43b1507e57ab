"""What the README shows is true: its YAML loads, its commands and options exist, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from distill_tests import cli, specfile
from distill_tests.cli import run

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
YAML = re.compile(r"^```yaml\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^(distill-tests .*)$|`(distill-tests [^`]+)`", README, re.MULTILINE)


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A copy of specs/ with the README's YAML added to it: cards to the cards, a spec as a file."""
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    for path, text in YAML.findall(README):
        with (tmp_path / path).open("a", encoding="utf-8") as file:
            file.write(f"\n{text}")
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights/my-model.gguf").touch()
    return tmp_path / "specs"


def test_yaml_of_the_readme_is_valid(specs: Path) -> None:
    problems = specfile.check([specs], environ={})
    assert [str(problem) for problem in problems] == []
    models = specfile.load_models(specs / "models.yaml", environ={})
    spec = specfile.load(specs / "identity/mine.yaml", models, environ={})
    assert (spec.targets, [gate.name for gate in spec.gates]) == (
        ("my-model",),
        ["strict_rate", "loose_rate"],
    )


@pytest.mark.parametrize("command", sorted({one or other for one, other in COMMANDS}))
def test_command_of_the_readme_exists(command: str) -> None:
    name, *arguments = shlex.split(command)[1:]
    if name == "run":
        given = [argument for argument in arguments if argument.startswith("--")]
        assert [argument for argument in given if argument[2:] not in run.OPTIONS] == []
    else:
        assert cli.parser().parse_args([name, *arguments]).command == name


def test_readme_shows_a_real_run() -> None:
    shown = README.partition("<!-- example -->")[2].partition("<!-- /example -->")[0]
    assert "specs/identity/core.yaml::smollm2-135m::gate-" in shown


def test_links_of_the_documents_lead_to_files() -> None:
    documents = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    dead = []
    for document in [*documents, *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8")):
            if not re.match(r"\w+:", link) and not (document.parent / link).exists():
                dead.append(f"{document.name}: {link}")
    assert dead == []


def test_every_path_the_documents_name_exists() -> None:
    """A path in backticks that starts with a folder of the repository."""
    named = re.compile(r"`((?:distill_tests|tests|specs|docs|benchmarks|\.ci)/[\w./-]+)`")
    examples = {path for path, _ in YAML.findall(README)}
    absent = []
    for name in ("README.md", "CONTRIBUTING.md", "docs/architecture.md"):
        for path in named.findall((ROOT / name).read_text(encoding="utf-8")):
            if path not in examples and not (ROOT / path).exists():
                absent.append(f"{name}: {path}")
    assert absent == []
