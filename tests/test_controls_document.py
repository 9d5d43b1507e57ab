"""docs/controls.md says what there is: its YAML is valid, its keys and numbers are the code's."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from distill_tests import specfile
from distill_tests.controls import as_record, in_words, report
from distill_tests.kinds._controls import LEAST_FOUND, SIZE, identity_controls
from distill_tests.types import Controls
from tests.test_controls import MODEL, SPEC, checked

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "controls.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
KEYS = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", TEXT, re.MULTILINE))


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A copy of specs/ with the document's spec and pack in it."""
    folder = tmp_path / "specs"
    shutil.copytree(ROOT / "specs", folder)
    spec, pack = BLOCKS
    (folder / "identity/controls.yaml").write_text(spec, encoding="utf-8")
    (folder / "packs/own-canaries.yaml").write_text(pack, encoding="utf-8")
    included = spec.replace("../packs/canaries.yaml", "../packs/own-canaries.yaml")
    (folder / "identity/own.yaml").write_text(included, encoding="utf-8")
    return folder


def test_its_spec_and_its_pack_are_valid(specs: Path) -> None:
    assert [str(problem) for problem in specfile.check([specs], environ={})] == []
    models = specfile.load_models(specs / "models.yaml", environ={})
    spec = specfile.load(specs / "identity/own.yaml", models, environ={})
    assert [one.id for one in spec.canaries] == ["says-claude-zh", "third-person", "claim-in-passing"]


def test_every_key_of_controls_and_of_a_canary_is_explained() -> None:
    schema = ROOT / "distill_tests" / "schema"
    identity: Any = json.loads((schema / "identity.json").read_text(encoding="utf-8"))
    canaries: Any = json.loads((schema / "canaries.json").read_text(encoding="utf-8"))
    of_controls = set(identity["properties"]["controls"]["oneOf"][1]["properties"])
    of_canary = set(canaries["$defs"]["canary"]["properties"])
    assert of_controls <= set(KEYS)
    assert [key for key in of_canary if f"| `{key}`" not in TEXT and f", `{key}` |" not in TEXT] == []
    assert (KEYS["size"], KEYS["at_least"]) == (str(SIZE), f"{LEAST_FOUND:g}")


def test_there_are_as_many_controls_as_it_says() -> None:
    told = identity_controls(replace(SPEC, body={"controls": "told"}), MODEL).controls
    assert len([one for one in told if one.reply is not None]) == 10
    assert "ten fixed answers" in TEXT
    assert len([one for one in told if one.reply is None]) == 8
    assert "eight by default" in TEXT


def test_its_example_of_a_report_is_what_is_printed() -> None:
    declared = Controls(controls=identity_controls(replace(SPEC, body={"controls": "told"}), MODEL).controls)
    seen = [
        *checked("told", True, True, True, False),
        *checked("told", True, True, True, True, positive=False),
    ]
    assert f"controls   {next(in_words(as_record(report(declared, seen))))}\n" in TEXT
