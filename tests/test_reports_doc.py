"""What docs/reports.md says is true: its recipes are valid, its options and properties exist."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from distill_tests.cli.run import OPTIONS
from distill_tests.properties import properties_of
from distill_tests.reporters.allure_results import CATEGORIES, MANY_ITEMS, STATUS
from distill_tests.transcript import MOST_CHARACTERS
from tests.example_runs import answered, gated, records, unanswered

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^```yaml\n# (\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
SCHEMAS = {".github/workflows/audit.yml": "vendor.github-workflows", ".gitlab-ci.yml": "vendor.gitlab-ci"}


@pytest.mark.parametrize("path", SCHEMAS)
def test_a_ci_recipe_is_what_the_ci_system_takes(path: str, tmp_path: Path) -> None:
    checker = shutil.which("check-jsonschema", path=str(Path(sys.executable).parent)) or shutil.which(
        "check-jsonschema"
    )
    if checker is None:
        pytest.skip("check-jsonschema is not installed")
    recipe = tmp_path / "recipe.yml"
    recipe.write_text(RECIPES[path], encoding="utf-8")
    command = [checker, "--builtin-schema", SCHEMAS[path], str(recipe)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_options_in_the_text_exist() -> None:
    ours = {f"--{name}" for name in OPTIONS}
    of_others = {"--junitxml", "--alluredir", "--config", "--output", "--yes"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", TEXT)) <= ours | of_others


def test_the_table_of_properties_is_what_records_have() -> None:
    section = TEXT.partition("## JUnit")[2].partition("\n## ")[0]
    shown = set(
        re.findall(r"`([a-z0-9_.…]+)`", "".join(re.findall(r"(?m)^\| (`.*?) \| (?:case|gate|both)", section)))
    )
    rows = [*records(), unanswered(), answered(), gated()]
    found = {re.sub(r"^cluster\..*", "cluster.…", name) for row in rows for name, _ in properties_of(row)}
    assert found <= shown
    assert shown - found <= {"set_sha256", "note"}


def test_the_words_and_numbers_of_allure_are_the_codes() -> None:
    assert all(name in TEXT for name in CATEGORIES)
    assert f"{MANY_ITEMS:,} items" in TEXT
    assert f"{MOST_CHARACTERS:,} characters" in TEXT
    rows = re.findall(r"(?m)^\| (\w+) \| .*? \| [A-Z]+ \| .*? \| (\w+) \| [^|]*\|$", TEXT)
    assert dict(rows) == dict(STATUS)


def test_files_named_in_the_text_exist() -> None:
    for path in re.findall(r"`(distill_tests/\S+)`", TEXT):
        assert (ROOT / path).is_file()
