"""How often a case came back, and the command that asks it again."""

from __future__ import annotations

import shlex

import pytest

from distill_tests.repeating import again, came_back
from distill_tests.types import Model, Spec

TOY = Model(alias="toy", provider="scripted", model="toy-1", target=True)
SPEC = Spec(path="specs/core.yaml", kind="identity", title="x", models={"toy": TOY})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([True, True, True], "came back in 3 of 3 trials"),
        ([True, False, True], "came back in 2 of 3 trials (1 and 3)"),
        ([True, True, False, True], "came back in 3 of 4 trials (1, 2 and 4)"),
        ([False, True, None], "came back in 1 of 3 trials (2; 1 without a verdict)"),
        ([True, None], "came back in 1 of 2 trials (1; 1 without a verdict)"),
        ([True], ""),
        ([False, False], ""),
        ([], ""),
    ],
)
def test_how_often_it_came_back_is_said_with_which(wrong: list[bool | None], said: str) -> None:
    assert came_back(wrong) == said


def test_the_command_asks_one_case_anew() -> None:
    assert again("specs/core.yaml::toy::a-en.b", SPEC, TOY) == (
        "pytest specs/core.yaml::toy::a-en.b --distill-refresh"
    )


def test_a_target_that_the_spec_does_not_have_by_itself_is_named() -> None:
    other = Model(alias="other", provider="openai", model="gpt-4o-mini")
    spec = Spec(path="core.yaml", kind="identity", title="x", models={"toy": TOY, "other": other})
    assert "--distill-target=other" in again("core.yaml::other::a", spec, other)
    adhoc = Model(alias="openai-gpt-4o-mini", provider="openai", model="gpt-4o-mini")
    assert "--distill-target=openai:gpt-4o-mini" in again("core.yaml::openai-gpt-4o-mini::a", spec, adhoc)


def test_a_path_with_blanks_and_quotes_is_one_word_to_a_shell() -> None:
    node = "my specs/a'b;rm.yaml::toy::x"
    assert shlex.split(again(node, SPEC, TOY))[1] == node
