"""What the repository promises about itself: commands, wheel, licences, and nothing of one machine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from distill_tests import __version__

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

AUDIT_COMMAND = "python3 -m venv .venv && .venv/bin/pip install -q -e '.[local]' && .venv/bin/pytest specs/"
TEST_COMMAND = (
    "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' && .venv/bin/python -m pytest tests -n 2"
)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def tracked_files() -> list[Path]:
    """What git knows or would add; without git, everything that is not hidden."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout: what is committed is not known")
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]


# --- what a newcomer types ----------------------------------------------------------------------


@pytest.mark.parametrize("command", [AUDIT_COMMAND, TEST_COMMAND])
def test_readme_has_the_command_on_a_line_of_its_own(command: str) -> None:
    assert text("README.md").splitlines().count(command) == 1


def test_ci_runs_the_test_command_of_the_readme_word_for_word() -> None:
    assert TEST_COMMAND in [line.strip() for line in text(".ci/run").splitlines()]


def test_ci_is_executable_and_bash_can_read_it() -> None:
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(ROOT / ".ci/run")], check=True)


def test_ci_accepts_the_audits_exit_status_that_the_readme_documents() -> None:
    documented = re.search(r"exit status of the shipped audit is\s+therefore (\d+)", text("README.md"))
    accepted = re.search(r"^AUDIT_STATUS=(\d+)$", text(".ci/run"), re.MULTILINE)
    assert documented is not None
    assert accepted is not None
    assert documented[1] == accepted[1]


def test_readme_names_every_exit_status() -> None:
    rows = re.findall(r"^\| (\d+) \|", text("README.md"), re.MULTILINE)
    assert [row for row in ("0", "1", "10", "11", "12") if row not in rows] == []


# --- what is installed --------------------------------------------------------------------------


def test_distribution_is_described_as_promised() -> None:
    assert PROJECT["name"] == "distill-tests"
    assert PROJECT["requires-python"] == ">=3.11"
    assert PROJECT["license"] == "Apache-2.0"
    assert PROJECT["scripts"] == {"distill-tests": "distill_tests.cli:main"}
    assert PROJECT["entry-points"]["pytest11"] == {"distill_tests.plugin": "distill_tests.plugin"}
    extras = {"local", "openai", "anthropic", "api", "report", "vision", "laws", "similarity", "all", "dev"}
    assert set(PROJECT["optional-dependencies"]) == extras


def test_only_tested_python_versions_are_named() -> None:
    named = [line for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)]
    assert named == ["Programming Language :: Python :: 3.11"]


def test_core_dependencies_are_light() -> None:
    assert {re.split(r"[>=<~]", name)[0] for name in PROJECT["dependencies"]} == {
        "pytest",
        "pyyaml",
        "jsonschema",
    }


def test_changelog_has_this_version() -> None:
    assert f"\n## [{__version__}]" in text("CHANGELOG.md")


def test_licence_is_the_full_apache_text() -> None:
    licence = text("LICENSE")
    assert "Apache License\n" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert len(licence.splitlines()) >= 200


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a wheel built from a copy of the checkout."""
    if int(metadata.version("setuptools").split(".")[0]) < 77:
        pytest.skip("building the wheel needs setuptools >= 77 (extra dev)")
    copy = tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(
        ROOT / "distill_tests", copy / "distill_tests", ignore=shutil.ignore_patterns("__pycache__")
    )
    build = "from setuptools import build_meta; build_meta.build_wheel('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=copy, check=True, capture_output=True, timeout=600)
    (built,) = (copy / "dist").glob("*.whl")
    return zipfile.ZipFile(built).namelist()


def test_wheel_holds_every_module_schema_and_data_file(wheel: list[str]) -> None:
    package = ROOT / "distill_tests"
    wanted = {
        str(path.relative_to(ROOT))
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted - set(wheel) == set()
    assert {"distill_tests/py.typed", "distill_tests/schema/spec.json"} <= wanted


def test_wheel_holds_licence_and_notice_and_no_tests(wheel: list[str]) -> None:
    assert {name.rpartition("/")[2] for name in wheel if "/licenses/" in name} == {"LICENSE", "NOTICE"}
    assert [name for name in wheel if not name.startswith("distill_tests")] == []


# --- the plugin is loaded once ------------------------------------------------------------------


@pytest.mark.parametrize("command", [["pytest"], ["distill_tests.cli", "run", "test_it.py"]])
def test_plugin_named_in_conftest_and_installed_is_loaded_once_and_in_silence(
    tmp_path: Path, command: list[str]
) -> None:
    installed = tmp_path / "site" / "distill_tests_again-1.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: distill-tests-again\nVersion: 1\n")
    (installed / "RECORD").write_text("distill_tests/__init__.py,,\n")
    (installed / "entry_points.txt").write_text("[pytest11]\ndistill_tests.plugin = distill_tests.plugin\n")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["distill_tests.plugin"]\n')
    (tmp_path / "test_it.py").write_text(
        "def test_once(pytestconfig):\n"
        "    names = [name for name, _ in pytestconfig.pluginmanager.list_name_plugin()]\n"
        "    assert names.count('distill_tests.plugin') == 1\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", *command, "-q", "-p", "no:cacheprovider", "-W", "error"],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path / 'site'}:{ROOT}", "HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout


# --- nothing of one machine ---------------------------------------------------------------------

MACHINE = re.compile(
    "|".join(
        re.escape(first + rest)
        for first, rest in (
            ("/wo", "rk/"),
            ("/fa", "rm"),
            (".lib", "rary/"),
            ("shared/", "reference"),
            ("/tmp/", "ve/"),
            (str(ROOT), "/"),
        )
    )
)
"""Where this project was made, and where this checkout lies; written so that this file is not a hit."""


def test_no_committed_file_names_a_machine() -> None:
    named = []
    for path in tracked_files():
        content = path.read_bytes().decode("utf-8", "replace")
        named += [f"{path.relative_to(ROOT)}: {found[0]}" for found in MACHINE.finditer(content)]
    assert named == []


def test_the_machine_check_would_find_one() -> None:
    assert MACHINE.search("cd /wo" + "rk/main")
    assert MACHINE.search("see shared/" + "reference/gates.md")
    assert not MACHINE.search(".github/workflows/ci.yml and ../shared/data")


def test_no_committed_file_is_large() -> None:
    large = [f"{path.relative_to(ROOT)}" for path in tracked_files() if path.stat().st_size > 1_000_000]
    assert large == []
