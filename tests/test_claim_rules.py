"""The patterns of the claims judge are data: each is used, and each can be read."""

from __future__ import annotations

import re
from pathlib import Path

from distill_tests.judges import _rules

PACKAGE = Path(_rules.__file__).parents[1]
TEXT = (PACKAGE / "data" / "claim_rules.txt").read_text(encoding="utf-8")
NAMES = re.findall(r"(?m)^== (\S+)$", TEXT)


def test_every_rule_has_one_name_and_compiles() -> None:
    assert len(NAMES) == len(set(NAMES)) > 50
    assert all(_rules.rule(name).pattern for name in NAMES)


def test_every_rule_is_used_by_the_module_it_is_named_after() -> None:
    for name in NAMES:
        module = PACKAGE / "judges" / f"_{name.partition('.')[0]}.py"
        assert f'rule("{name}")' in module.read_text(encoding="utf-8"), name


def test_no_line_of_a_rule_has_space_around_it_that_an_editor_would_strip() -> None:
    assert all(line == line.strip() for line in TEXT.splitlines())
