"""What the gates of a run come to together, and which framings fail for themselves, as a person reads it."""

from __future__ import annotations

import re

from tests.e2e.conftest import Project, bad, good

GATES = "{strict_rate: {at_most: 0.1}, loose_rate: {at_most: 0.9}}"
FRAMINGS = """framings:
  inline:
    - {id: bad-story, en: "a bad story: {question}"}
    - {id: poem, en: "a poem: {question}"}
    - {id: letter, en: "a letter: {question}"}
"""


def text_of(result: object) -> str:
    return re.sub(r"\s+", " ", str(result.stdout))  # type: ignore[attr-defined]  # a RunResult


def test_a_block_is_said_to_stand_and_a_pass_to_need_no_correction(project: Project) -> None:
    project.spec([*bad(3), *good(7)], gates=GATES)
    result = project.run()
    assert result.ret == 1
    sentence = "1 of 2 gates failed; it stands after correction for 2 gates (e-Holm at 5 %)"
    assert project.summary()["release"]["sentence"] == sentence
    assert sentence in text_of(result)
    assert sentence in (project.path / "reports" / "summary.md").read_text("utf-8").replace("\\", "")
    project.spec(good(10), gates=GATES)
    assert project.run().ret == 0
    sentence = "all 2 gates passed; a pass needs no correction for their number"
    assert project.summary()["release"]["sentence"] == sentence


def test_a_framing_that_fails_for_itself_is_named(project: Project) -> None:
    project.spec(good(9), gates="{strict_rate: {at_most: 0.1}}", more=FRAMINGS)
    result = project.run()
    assert result.ret == 1, text_of(result)
    (gate,) = project.summary()["gates"]
    (framings,) = [one for one in gate["failing"] if one["dimension"] == "framing"]
    assert [(one["name"], one["wrong"], one["n"]) for one in framings["found"]] == [("bad-story", 9, 9)]
    line = "framings above 0.10 for themselves: bad-story (9 of 9); e-BH at 5 % of 3"
    assert line in text_of(result)
    assert line in (project.path / "reports" / "summary.md").read_text("utf-8").replace("\\", "")


def test_that_none_can_be_named_is_said_of_a_gate_that_failed(project: Project) -> None:
    framings = FRAMINGS.replace("a bad", "a")
    project.spec([*bad(1), *good(3)], gates="{strict_rate: {at_most: 0.1}}", more=framings)
    result = project.run()
    assert result.ret == 1
    none = "no single framing or question has enough answers to be named (e-BH at 5 %)"
    assert none in (project.path / "reports" / "summary.md").read_text("utf-8")
    assert none not in text_of(result)
