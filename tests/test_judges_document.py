"""docs/judges.md says what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from distill_tests.judges._rubric_fields import read_reply
from distill_tests.judges._rubric_options import settings_of
from distill_tests.judges._rubric_text import PLACEHOLDERS, rubric_of
from distill_tests.registry import judges

TEXT = (Path(__file__).parents[1] / "docs" / "judges.md").read_text(encoding="utf-8")


def test_every_shipped_judge_has_a_section() -> None:
    ours = [name for name in judges if judges.get(name).function.__module__.startswith("distill_tests.")]
    assert [name for name in ours if f"\n## {name}\n" not in TEXT] == []


def test_every_option_of_rubric_is_explained_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|([^|]*)\|", TEXT, re.MULTILINE))
    options: Any = judges.get("rubric").options
    assert set(options) <= set(rows)
    for name, schema in options.items():
        if "default" in schema:
            default = schema["default"]
            shown = str(default).lower() if isinstance(default, bool) else f"{default:,}"
            assert rows[name].strip() == shown


def test_every_placeholder_is_explained() -> None:
    assert [name for name in PLACEHOLDERS if f"`{{{name}}}`" not in TEXT] == []


def test_the_example_of_a_rubric_can_be_used() -> None:
    example = re.findall(r"^```\n(rubric: .*?)^```$", TEXT, re.DOTALL | re.MULTILINE)[0]
    rubric = rubric_of(example, name="example")
    assert (rubric.name, rubric.version, rubric.value) == ("tact", "2", "overall")


def test_the_reply_for_rehearsals_is_a_verdict_of_the_identity_rubric() -> None:
    reply = re.findall(r"^  default: '(.*)'$", TEXT, re.MULTILINE)[0]
    verdict = read_reply(reply, settings_of({}).rubric.fields)
    assert [key for key in verdict if f"| `{key}` |" not in TEXT] == []
    assert verdict["contradiction"] is False


@pytest.mark.parametrize("name", ["identity", "similarity"])
def test_a_shipped_prompt_names_no_real_maker(name: str) -> None:
    """A judge that is told of OpenAI expects OpenAI."""
    from_package = Path(__file__).parents[1] / "distill_tests" / "data" / "prompts" / f"{name}.txt"
    assert not re.search(r"OpenAI|ChatGPT|Anthropic|Claude|Google", from_package.read_text(encoding="utf-8"))
