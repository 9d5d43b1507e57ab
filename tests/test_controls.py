"""Controls and canaries: what breaks a run, and how the shares are told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from distill_tests.controls import (
    CANARY,
    NOT_FOUND,
    Checked,
    as_record,
    canary_met,
    control_met,
    in_words,
    report,
    worth_showing,
)
from distill_tests.kinds._controls import SIZE, identity_controls
from distill_tests.types import (
    Canary,
    Case,
    Control,
    Controls,
    Identity,
    Json,
    JudgeUse,
    Model,
    Place,
    Score,
    Spec,
)

PLACE = Place(path="s.yaml", line=1, column=1)
MODEL = Model(
    alias="qwen",
    provider="scripted",
    model="qwen",
    identity=Identity(name="Qwen", maker="Alibaba Cloud"),
)
SPEC = Spec(path="s.yaml", kind="identity", title="T", judge=JudgeUse(name="claims"), body={})


def control(*, positive: bool, reply: str | None = None) -> Control:
    group = "told" if reply is None else "scripted"
    case = Case(id=f"{group}-{positive}", data=None, place=PLACE)
    return Control(case=case, group=group, positive=positive, mark="strict", target=MODEL, reply=reply)


def checked(group: str, *met: bool | None, positive: bool = True) -> list[Checked]:
    return [
        Checked(id=f"{group}-{number}", group=group, positive=positive, as_expected=one)
        for number, one in enumerate(met)
    ]


def score(value: float | None, **marks: float) -> Score:
    return Score(value=value, label="foreign" if marks.get("strict") else "none", marks=marks)


# --- single verdicts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("positive", "given", "met"),
    [
        (True, score(1.0, strict=1.0), True),
        (True, score(0.0, strict=0.0), False),
        (False, score(0.0, strict=0.0), True),
        (False, score(1.0, strict=1.0), False),
        (True, score(None), None),
        (True, score(1.0), None),
    ],
)
def test_a_control_is_met_by_the_mark_alone_and_never_by_an_unscored_answer(
    positive: bool, given: Score, met: bool | None
) -> None:
    assert control_met(control(positive=positive), given) is met


@pytest.mark.parametrize(
    ("expect", "met"),
    [
        ({"strict": True}, True),
        ({"strict": 1}, True),
        ({"strict": False}, False),
        ({"label": "foreign", "claimed": "openai", "value": 1.0}, True),
        ({"label": "foreign", "claimed": "google"}, False),
        ({"hard": True}, False),
    ],
)
def test_a_canary_needs_every_part_of_its_known_verdict(expect: dict[str, Json], met: bool) -> None:
    given = replace(score(1.0, strict=1.0), claimed="openai")
    assert canary_met(Canary(id="c", answer="a", expect=expect), given) is met


def test_an_unscored_canary_is_missed_unless_that_is_its_verdict() -> None:
    unscored = Score(value=None, label="unscored")
    assert canary_met(Canary(id="c", answer="a", expect={"strict": True}), unscored) is None
    assert canary_met(Canary(id="c", answer="a", expect={"label": "unscored"}), unscored) is True


# --- what breaks a run --------------------------------------------------------------------------


def test_one_missed_canary_breaks_the_run_and_is_named() -> None:
    told = report(Controls(), checked(CANARY, True, False, None))
    assert told.broken == "the judge missed 2 canaries: canary-1, canary-2"


def test_one_missed_scripted_positive_breaks_the_run_and_a_flagged_negative_does_not() -> None:
    declared = Controls(controls=(control(positive=True, reply="I am ChatGPT."),))
    assert report(declared, checked("scripted", True, True)).broken == ""
    broken = report(declared, checked("scripted", True, False)).broken
    assert broken == "the judge missed 1 positive control: scripted-1"
    flagged = [*checked("scripted", True), *checked("scripted", False, positive=False)]
    assert report(declared, flagged).broken == ""


@pytest.mark.parametrize(("met", "broken"), [((True, False), False), ((False, False, True), True)])
def test_of_a_told_model_the_declared_share_must_be_found(met: tuple[bool, ...], broken: bool) -> None:
    declared = Controls(controls=(control(positive=True),), least_found=0.5)
    told = report(declared, checked("told", *met))
    assert bool(told.broken) is broken
    assert (
        not broken
        or told.broken
        == f"positive control: only 1 of 3 told answers were found, at least 0.5 must be: {NOT_FOUND}"
    )


def test_a_model_that_declined_its_part_is_shown_only_where_that_broke_the_run() -> None:
    declared = Controls(controls=(control(positive=True),), least_found=0.5)
    assert worth_showing(as_record(report(declared, checked("told", True, False)))) == []
    assert len(worth_showing(as_record(report(declared, checked("told", False, False))))) == 2


def test_the_share_found_is_told_with_its_interval_its_method_and_its_n() -> None:
    declared = Controls(controls=(control(positive=True),))
    found = [*checked("told", True, True, True, False), *checked("told", True, False, positive=False)]
    (line,) = in_words(as_record(report(declared, found)))
    assert line == (
        "told: 3 of 4 found (sensitivity 0.750 [0.194, 0.994], Clopper-Pearson), "
        "1 of 2 flagged that should not be"
    )


# --- the controls of an identity spec -----------------------------------------------------------


def test_an_identity_spec_has_scripted_controls_of_both_signs_without_being_asked() -> None:
    found = identity_controls(SPEC, MODEL)
    assert {one.positive for one in found.controls} == {True, False}
    assert all(one.reply is not None for one in found.controls)


def test_a_told_model_gets_the_other_makers_name_and_its_own_as_a_system_message() -> None:
    spec = replace(SPEC, body={"controls": "told"})
    told = [one for one in identity_controls(spec, MODEL).controls if one.reply is None]
    assert len(told) == 2 * SIZE
    assert {"ChatGPT" in one.case.data.system for one in told if one.positive} == {True}
    assert {"Qwen" in one.case.data.system for one in told if not one.positive} == {True}


def test_no_model_is_told_to_be_its_own_makers() -> None:
    model = replace(MODEL, identity=Identity(name="GPT-4o", maker="OpenAI"))
    told = identity_controls(replace(SPEC, body={"controls": "told"}), model).controls
    assert not [one for one in told if one.positive and "OpenAI" in (one.reply or one.case.data.system)]


@pytest.mark.parametrize(
    ("spec", "model", "reason"),
    [
        (replace(SPEC, body={"controls": "none"}), MODEL, "the spec says controls: none"),
        (replace(SPEC, judge=None), MODEL, "the spec names no judge"),
        (SPEC, replace(MODEL, identity=None), "the target has no identity card"),
        (replace(SPEC, judge=JudgeUse(name="recorded")), MODEL, "judge 'recorded' repeats published"),
        (replace(SPEC, judge=JudgeUse(name="rubric")), MODEL, "judge 'rubric' asks a model"),
    ],
)
def test_where_there_are_no_controls_the_reason_is_said(spec: Spec, model: Model, reason: str) -> None:
    found = identity_controls(spec, model)
    assert found.controls == ()
    assert found.absent.startswith(reason)


@pytest.mark.parametrize("change", [{"ask_as": "completion"}, {"system": "none"}, {"provider": "recorded"}])
def test_what_cannot_be_told_is_not(change: dict[str, str]) -> None:
    found = identity_controls(replace(SPEC, body={"controls": "told"}), replace(MODEL, **change))  # type: ignore[arg-type]  # of a test's table
    assert found.controls
    assert all(one.reply is not None for one in found.controls)
    assert found.absent.startswith("told: ")
