"""``panel``: several judges, one verdict by a rule, and how far they agree."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests.errors import DataError, Stopped
from distill_tests.judges.panel import decided
from distill_tests.judging import judging
from distill_tests.registry import judge, judges, statistics
from distill_tests.types import (
    Case,
    Exhibit,
    JudgeUse,
    Outcome,
    Place,
    Reply,
    Request,
    Sample,
    Score,
    Trial,
)
from tests.judging import ATLAS, CLEAN, JUDGE, Asked, always, by_sample, identity_verdict

LABELS: Mapping[str, tuple[float | None, float | None]] = {
    "none": (0.0, 0.0),
    "persona": (1.0, 0.0),
    "foreign": (1.0, 1.0),
    "unscored": (None, None),
}


@judge(
    "toy_says",
    marks={"loose": (0, 1), "strict": (0, 1)},
    options={"label": {"enum": list(LABELS)}},
)
def toy_says(exhibit: Exhibit, *, label: str) -> Score:
    loose, strict = LABELS[label]
    marks = {} if loose is None or strict is None else {"loose": loose, "strict": strict}
    return Score(value=loose, label=label, reason=f"says {label}", marks=marks)


def run(options: Mapping[str, Any], asked: Asked | None = None) -> Score:
    async def score() -> Score:
        use = JudgeUse(name="panel", options=options, model=JUDGE)
        return await judging(use, ask=asked)(Exhibit(answer="Perhaps.", question="Who?", identity=ATLAS))

    return asyncio.run(score())


def said(*labels: str, rule: str = "majority") -> Score:
    return run({"judges": [{"name": "toy_says", "label": label} for label in labels], "rule": rule})


@pytest.mark.parametrize(
    ("labels", "rule", "expected"),
    [
        (("foreign", "foreign", "none"), "majority", "foreign"),
        (("foreign", "persona", "none"), "majority", "persona"),
        (("foreign", "none", "none"), "majority", "none"),
        (("foreign", "none"), "majority", "unscored"),
        (("foreign", "unscored"), "majority", "unscored"),
        (("foreign", "foreign", "unscored"), "majority", "foreign"),
        (("foreign", "unscored", "unscored"), "majority", "unscored"),
        (("none", "none"), "unanimous", "none"),
        (("foreign", "none"), "unanimous", "unscored"),
        (("foreign", "foreign", "unscored"), "unanimous", "unscored"),
        (("foreign", "none"), "any", "foreign"),
        (("persona", "none"), "any", "persona"),
        (("foreign", "unscored"), "any", "foreign"),
        (("none", "unscored"), "any", "unscored"),
        (("none", "none"), "any", "none"),
    ],
)
def test_the_rule_makes_one_verdict(labels: tuple[str, ...], rule: str, expected: str) -> None:
    assert said(*labels, rule=rule).label == expected


def test_members_that_differ_make_it_unsure() -> None:
    assert said("foreign", "foreign", "none").unsure
    assert said("foreign", "persona", "persona").unsure
    assert not said("foreign", "foreign", "foreign").unsure


def test_every_verdict_and_the_agreement_stand_in_the_details() -> None:
    score = said("foreign", "persona", "none")
    members = score.details["members"]
    assert isinstance(members, Sequence)
    assert [one["label"] for one in members if isinstance(one, Mapping)] == ["foreign", "persona", "none"]
    agreement = score.details["agreement"]
    assert isinstance(agreement, Mapping)
    assert agreement == {
        "value": pytest.approx(1 / 3),
        "loose": pytest.approx(1 / 3),
        "strict": pytest.approx(1 / 3),
    }
    alone = said("foreign", "unscored").details["agreement"]
    assert isinstance(alone, Mapping)
    assert alone["value"] is None
    assert score.judge.startswith("panel@")
    assert "majority of 3; toy_says: foreign, toy_says: persona, toy_says: none" in score.reason


def test_members_ask_the_panels_model() -> None:
    asked = by_sample(identity_verdict(claimed="OpenAI"), CLEAN, identity_verdict(claimed="OpenAI"))
    score = run({"judges": ["claims", {"name": "rubric", "votes": 3}], "rule": "any"}, asked)
    assert (score.label, len(asked.requests), score.unsure) == ("foreign", 3, True)


def test_a_member_in_trouble_is_no_vote() -> None:
    score = run({"judges": ["claims", "rubric", {"name": "toy_says", "label": "none"}]}, always("nonsense"))
    assert (score.value, score.label) == (0.0, "none")
    assert run({"judges": ["claims", "rubric"]}, always("nonsense")).value is None


def test_an_interrupted_panel_is_interrupted() -> None:
    def stopped(_request: Request) -> Reply:
        raise Stopped("the run is being interrupted")

    with pytest.raises(Stopped):
        run({"judges": ["claims", "rubric"]}, Asked(stopped))


def test_declared_adds_the_members_up() -> None:
    declared = judges.get("panel").declared
    found = declared({"judges": ["claims", "rubric", {"name": "rubric", "votes": 3}]})
    assert (found.scale, found.calls, found.needs_identity) == ((0, 1), (2, 4), True)
    orders = [declared({"judges": pair}).version for pair in (["claims", "rubric"], ["rubric", "claims"])]
    assert orders[0] != orders[1]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({}, r"2 to 15 judges, under 'judges' \(got 0\)"),
        ({"judges": ["claims"]}, r"got 1"),
        ({"judges": ["claims", "panel"]}, "'panel' calls other judges itself"),
        ({"judges": ["claims", "klaims"]}, "did you mean 'claims'"),
        ({"judges": ["claims", "recorded"], "rule": "vote"}, "majority, unanimous, any"),
    ],
)
def test_a_panel_that_cannot_sit_is_refused(options: dict[str, Any], what: str) -> None:
    with pytest.raises(DataError, match=what):
        judges.get("panel").declared(options)


# --- over a run -----------------------------------------------------------------------------------


def sampled(*answers: tuple[str, ...], failed: int = 0) -> Sample:
    outcomes = [
        Outcome(case=case(index), target=JUDGE, trials=(Trial(exchanges=(), answer="", score=said(*labels)),))
        for index, labels in enumerate(answers)
    ]
    return Sample(outcomes=tuple(outcomes), failed=tuple(case(100 + index) for index in range(failed)))


def case(index: int) -> Case:
    place = Place(path="core.yaml", line=1, column=1)
    return Case(id=f"c{index}", data=None, place=place, clusters={"question": f"q{index}"})


def test_alpha_is_one_where_all_agree_and_about_zero_where_they_do_not() -> None:
    alpha = statistics.get("panel_agreement")
    whole = alpha(sampled(*(("foreign", "foreign"), ("none", "none")) * 6))
    assert whole.value == 1.0
    assert whole.low is not None
    assert whole.low < 1.0
    half = alpha(
        sampled(*(("foreign", "none"), ("none", "none"), ("foreign", "foreign"), ("none", "foreign")) * 4)
    )
    assert half.value == pytest.approx(0.03, abs=0.05)


def test_alpha_counts_what_fewer_than_two_members_judged_as_missing() -> None:
    sample = sampled(("foreign", "foreign"), ("none", "none"), ("foreign", "unscored"), failed=2)
    found = statistics.get("panel_agreement")(sample)
    assert (found.value, found.n, found.missing) == (1.0, 2, 3)


def test_alpha_of_a_mark() -> None:
    sample = sampled(*(("persona", "foreign"), ("none", "none")) * 5)
    alpha = statistics.get("panel_agreement")
    assert alpha(sample).value == 1.0
    assert (alpha(sample, mark="strict").value or 0.0) < 0.5


def test_without_a_panel_there_is_no_agreement() -> None:
    trial = Trial(exchanges=(), answer="", score=Score(value=0.0, label="none"))
    sample = Sample(outcomes=(Outcome(case=case(1), target=JUDGE, trials=(trial,)),))
    found = statistics.get("panel_agreement")(sample)
    assert (found.value, found.n, found.missing) == (None, 0, 1)
    assert statistics.get("panel_agreement")(Sample(outcomes=())).value is None


# --- laws -----------------------------------------------------------------------------------------

VALUES = st.lists(st.sampled_from([0.0, 1.0, None]), min_size=2, max_size=9)


@given(VALUES, st.sampled_from(["majority", "unanimous", "any"]), st.randoms())
def test_the_order_of_members_does_not_matter(values: list[float | None], rule: str, dice: Any) -> None:
    mixed = list(values)
    dice.shuffle(mixed)
    assert decided(mixed, rule) == decided(values, rule)


@given(VALUES)
def test_the_rules_are_ever_stricter(values: list[float | None]) -> None:
    """What all say the majority says, and what the majority finds, any finds."""
    unanimous, majority, anybody = (decided(values, rule) for rule in ("unanimous", "majority", "any"))
    assert unanimous in (None, majority)
    assert majority != 1.0 or anybody == 1.0


@given(VALUES, st.sampled_from(["majority", "unanimous", "any"]))
def test_a_member_without_a_verdict_never_clears_an_answer(values: list[float | None], rule: str) -> None:
    without = [None if value == 0.0 else value for value in values]
    assert decided(without, rule) in (None, 1.0)
