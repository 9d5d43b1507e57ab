"""Lineage audits through the plugin, on made-up models that copy, or do not, one maker of a made-up panel."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

# In-process runs forget what they imported, and NumPy cannot be imported a second time.
import scipy.cluster.hierarchy
import scipy.sparse  # noqa: F401

from distill_tests.kinds._lineage_tables import lineage_tables
from tests.e2e.conftest import Project
from tests.lineage_corpus import PANEL, PROMPTS, model, panel_responses

PROMPT_TEXTS = {prompt: f"Say something about {prompt}." for prompt in PROMPTS}
CARD = (
    "{alias}: {{provider: recorded, model: {alias}, "
    "transcripts: {{format: jsonl, path: {alias}.jsonl}}, {more}}}\n"
)
SPEC = """
kind: lineage
title: Whose likeness
panel: [{panel}]
prompts: {{data: prompts.jsonl}}
targets: [{targets}]
{more}
"""


def _record(project: Project, alias: str, texts: Mapping[str, str]) -> None:
    rows = [
        {"prompt": PROMPT_TEXTS[prompt], "reply": text, "finish": "stop" if text else "content_filter"}
        for prompt, text in texts.items()
    ]
    path = project.path / "specs" / f"{alias}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def panel(project: Project) -> Project:
    """Recordings of the panel, of a student of its first maker and of one of nobody's."""
    makers = {name: maker for maker, members in PANEL.items() for name in members}
    copied = next(iter(PANEL))
    answers = {
        **panel_responses(),
        "student": model("student", {copied: 0.5}),
        "stranger": model("outsider-4", {}),
        "constant": dict.fromkeys(PROMPTS, "I cannot help with that, but thank you for asking me."),
        "blank": {**model("blank", {copied: 0.5}), PROMPTS[0]: ""},
    }
    cards = ""
    for alias, texts in answers.items():
        _record(project, alias, {prompt: text for prompt, text in texts.items() if text})
        maker = makers.get(alias, "Nobody")
        cards += CARD.format(alias=alias, more=f"identity: {{name: {alias}, maker: {maker}}}")
    (project.path / "specs" / "models.yaml").write_text(cards, encoding="utf-8")
    rows = [{"id": prompt, "prompt": text} for prompt, text in PROMPT_TEXTS.items()]
    path = project.path / "specs" / "prompts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return project


GATE = "gates: {no_teacher: {fwer: 0.2}}"


def audit(project: Project, *, targets: str, more: str = GATE, **changed: str) -> str:
    members = ", ".join(name for group in PANEL.values() for name in group)
    text = SPEC.format(panel=changed.get("panel", members), targets=targets, more=more)
    (project.path / "specs" / "lineage.yaml").write_text(text, encoding="utf-8")
    result = project.run()
    return re.sub(r"\s+", " ", str(result.stdout))


def _gates(project: Project) -> dict[str, Any]:
    return {gate["target"]: gate for gate in project.summary()["gates"]}


def test_a_student_fails_the_gate_and_a_stranger_passes_it(panel: Project) -> None:
    said = audit(panel, targets="student, stranger")
    gates = _gates(panel)
    assert gates["student"]["verdict"] == "failed"
    assert gates["stranger"]["verdict"] == "passed"
    maker = next(iter(PANEL))
    assert f"Its answers are nearest to {maker}'s" in said
    assert any("not what it was trained on" in note for note in panel.summary()["tables"][0]["notes"])


def test_the_report_ranks_the_panel_with_intervals_and_shows_how_alike_all_are(panel: Project) -> None:
    audit(panel, targets="student")
    ranking, matrix = panel.summary()["tables"]
    assert "student (audited)" in matrix["columns"]
    assert ranking["columns"] == ["member", "maker", "similarity", "p"]
    similarities = [row[2]["value"] for row in ranking["rows"]]
    assert similarities == sorted(similarities, reverse=True)
    assert all(row[2]["low"] <= row[2]["value"] <= row[2]["high"] for row in ranking["rows"])
    assert len(matrix["rows"]) == len(matrix["columns"]) - 1 == 1 + len(similarities)


def test_the_record_of_the_gate_holds_the_ranking(panel: Project) -> None:
    audit(panel, targets="student")
    (gate,) = [row for row in panel.records() if row["type"] == "gate"]
    details = gate["estimate"]["details"]
    assert details["nearest"] == next(iter(PANEL))
    assert gate["estimate"]["value"] == details["p"] >= details["finest_p"] == 1 / (details["nulls"] + 1)


def test_the_table_shows_what_the_gate_found_without_comparing_again(panel: Project) -> None:
    audit(panel, targets="student")
    rows = [row for row in panel.records() if row["type"] in ("case", "gate")]
    (gate,) = [row for row in rows if row["type"] == "gate"]
    anew = lineage_tables([row for row in rows if row is not gate])[0]
    assert lineage_tables(rows)[0].rows == anew.rows
    gate["estimate"]["details"]["ranking"][0]["member"] = "as the gate says"
    assert lineage_tables(rows)[0].rows[0][0] == "as the gate says"


def test_a_constant_responder_leaves_the_gate_open_and_says_why(panel: Project) -> None:
    said = audit(panel, targets="constant")
    assert _gates(panel)["constant"]["verdict"] == "inconclusive"
    assert "its answers to different prompts are nearly the same" in said


def test_the_own_family_is_no_teacher(panel: Project) -> None:
    maker, members = next(iter(PANEL.items()))
    cards = (panel.path / "specs" / "models.yaml").read_text("utf-8")
    own = cards.replace("{name: student, maker: Nobody}", f"{{name: student, maker: {maker}}}")
    (panel.path / "specs" / "models.yaml").write_text(own, encoding="utf-8")
    audit(panel, targets="student")
    (gate,) = [row for row in panel.records() if row["type"] == "gate"]
    ranked = [one["member"] for one in gate["estimate"]["details"]["ranking"]]
    assert not set(ranked) & set(members)
    assert any("own family, not counted" in note for note in gate["estimate"]["details"]["notes"])


def test_a_gate_that_could_never_fail_is_refused_before_anything_is_asked(panel: Project) -> None:
    said = audit(panel, targets="student", more="gates: {no_teacher: {fwer: 0.01}}")
    assert "can tell no p-value below" in said
    assert "it takes 99" in said
    said = audit(panel, targets="student", more="gates: {no_teacher: {fwer: 0.0000001}}")
    assert "it takes 9,999,999" in said


@pytest.mark.parametrize(
    ("more", "changed", "words"),
    [
        ("siblings: [stranger]", {}, "sibling 'stranger' is no member of the panel"),
        ("judge: claims", {}, "no judge judges one of them"),
        ("nulls: [elm-1]", {}, "is a member of the panel, and so a null model already"),
        ("", {"panel": "elm-1, elm-2"}, "1 maker can be nearest to 'student'"),
        (
            "base: elm-1\nshipped_nulls: true",
            {"panel": "elm-1, oak-1"},
            "1 maker can be nearest to 'student' once its own family and its base model's maker are left out",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(
    panel: Project, more: str, changed: dict[str, str], words: str
) -> None:
    first = next(iter(PANEL))
    one, two = PANEL[first][:2]
    swap = {"elm-1": one, "elm-2": two}
    for name, real in swap.items():
        more, words = more.replace(name, real), words.replace(name, real)
        changed = {key: value.replace(name, real) for key, value in changed.items()}
    assert words in audit(panel, targets="student", more=f"{more}\n{GATE}", **changed)


def test_a_panel_too_small_for_anybody_to_stand_out_leaves_the_gate_open(panel: Project) -> None:
    members = ", ".join(group[0] for group in list(PANEL.values())[:3])
    audit(panel, targets="student", panel=members, more=f"shipped_nulls: true\n{GATE}")
    (gate,) = [row for row in panel.records() if row["type"] == "gate"]
    assert (gate["verdict"], gate["estimate"]["value"]) == ("inconclusive", None)
    assert "3 candidates are too few" in gate["estimate"]["method"]
    assert gate["estimate"]["details"]["finest_p"] > 0.2


def test_null_models_that_are_asked_make_the_p_value_finer(panel: Project) -> None:
    cards = (panel.path / "specs" / "models.yaml").read_text("utf-8")
    for number in range(6):
        alias = f"null-{number}"
        _record(panel, alias, model(alias, {}))
        cards += CARD.format(alias=alias, more=f"identity: {{name: {alias}, maker: Outside {number}}}")
    (panel.path / "specs" / "models.yaml").write_text(cards, encoding="utf-8")
    nulls = ", ".join(f"null-{number}" for number in range(6))
    audit(panel, targets="student", more=f"nulls: [{nulls}]\n{GATE}")
    (gate,) = [row for row in panel.records() if row["type"] == "gate"]
    members = sum(map(len, PANEL.values()))
    assert gate["estimate"]["details"]["nulls"] == members + 6


def test_how_alike_the_targets_are_is_a_gate_over_all_of_them(panel: Project) -> None:
    audit(panel, targets="student, stranger", more="gates: {homogeneity: {at_most: 0.99}}")
    (gate,) = panel.summary()["gates"]
    assert gate["target"] == "all"
    assert gate["verdict"] == "passed"
    assert 0 < gate["estimate"]["low"] <= gate["estimate"]["value"] <= gate["estimate"]["high"] < 0.99


def test_the_models_under_audit_have_a_matrix_of_their_own(panel: Project) -> None:
    audit(panel, targets="student, stranger", more="")
    titles = {table["title"]: table for table in panel.summary()["tables"]}
    own = titles["Whose likeness: how alike the models under audit are"]
    assert set(own["columns"][1:]) == {"student", "stranger"}
    assert "Mean over all pairs" in own["notes"][0]


def test_a_member_that_answers_too_little_breaks_the_gate_and_is_counted(panel: Project) -> None:
    first = next(iter(PANEL.values()))[0]
    refused = {
        prompt: text if place < 5 else "" for place, (prompt, text) in enumerate(model(first, {}).items())
    }
    _record(panel, first, refused)
    said = audit(panel, targets="student")
    assert _gates(panel)["student"]["verdict"] == "broken"
    assert f"{first} of the panel answered too few prompts" in said
    notes = " ".join(panel.summary()["tables"][0]["notes"])
    assert f"{first}: no answer to {len(PROMPTS) - 5} prompts" in notes
    assert f"Left out, for too few answers: {first}" in notes


def test_a_target_that_repeats_the_prompts_leaves_the_gate_open(panel: Project) -> None:
    echo = {prompt: f"You asked me: {text} I do not know." for prompt, text in PROMPT_TEXTS.items()}
    _record(panel, "stranger", echo)
    said = audit(panel, targets="stranger")
    assert _gates(panel)["stranger"]["verdict"] == "inconclusive"
    assert "nearly the same" in said or "over again" in said


def test_a_member_of_the_panel_can_be_a_target_and_is_no_teacher_of_itself(panel: Project) -> None:
    member = next(iter(PANEL.values()))[0]
    audit(panel, targets=member)
    (gate,) = [row for row in panel.records() if row["type"] == "gate"]
    assert member not in [one["member"] for one in gate["estimate"]["details"]["ranking"]]


def test_diversity_needs_repeats_and_says_so(panel: Project) -> None:
    said = audit(panel, targets="student", more="gates: {answer_diversity: {at_least: 0.1}}")
    assert "diversity is between repeats" in said
    assert _gates(panel)["student"]["verdict"] == "inconclusive"
