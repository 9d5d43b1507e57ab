"""Whose likeness a model has: right where it copies, silent where it does not, whatever the answers are."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests.errors import DataError, MissingExtra
from distill_tests.lineage import Comparison, Known, Null, compare, shipped_nulls
from distill_tests.lineage.nulls import p_value
from distill_tests.lineage.tokens import MOST_CHARACTERS, tokens
from tests.lineage_corpus import MAKERS, PANEL, PROMPTS, answer, model, panel_responses

Responses = dict[str, dict[str, str]]


@cache
def _panel() -> Responses:
    return panel_responses()


def compared(
    students: Mapping[str, Mapping[str, str]], known: Known | None = None, at_most: float = 0.1
) -> Comparison:
    """``students`` beside the made-up panel, calibrated on its own members only."""
    return compare(
        {**_panel(), **students}, PANEL, list(students), known=known, nulls=(), draws=100, at_most=at_most
    )


# --- right, and silent ---------------------------------------------------------------------------


def test_a_student_is_attributed_to_the_maker_it_copies() -> None:
    found = compared({f"of-{maker}": model(f"of-{maker}", {maker: 0.4}) for maker in MAKERS})
    assert [one.nearest for one in found.attributions] == list(MAKERS)
    assert all(one.ranking[0].low > one.ranking[2].high for one in found.attributions)


def test_a_model_of_no_maker_of_the_panel_is_seldom_named_and_its_p_is_spread_out() -> None:
    outsiders = {f"outsider-{number}": model(f"outsider-{number}", {}) for number in range(24)}
    found = compared(outsiders).attributions
    assert sum(one.nearest is not None for one in found) <= 6  # 2.4 are expected at p <= 0.1
    assert 5 <= sum(one.p <= 0.5 for one in found) <= 19
    assert all(one.reason for one in found)


def test_ranking_is_best_first_and_holds_every_candidate_once() -> None:
    one = compared({"s": model("s", {"elm": 0.3})}).attributions[0]
    assert [row.similarity for row in one.ranking] == sorted(
        (r.similarity for r in one.ranking), reverse=True
    )
    assert sorted(row.member for row in one.ranking) == sorted(_panel())
    assert all(row.low <= row.similarity <= row.high for row in one.ranking)


def test_what_other_students_there_are_changes_nothing() -> None:
    alone = compared({"s": model("s", {"elm": 0.2})}).attributions[0]
    others = {f"o{number}": model(f"o{number}", {"oak": 0.5}) for number in range(5)}
    assert compared({"s": model("s", {"elm": 0.2}), **others}).attributions[0] == alone


# --- base, siblings ------------------------------------------------------------------------------

_TWO_SOURCES = {"fir": 0.45, "oak": 0.25}


def test_the_maker_of_the_base_model_is_set_aside_and_the_report_says_so() -> None:
    tuned = {"tuned": model("tuned", _TWO_SOURCES)}
    one = compared(tuned, Known(bases={"tuned": "fir"})).attributions[0]
    assert one.nearest == "oak"
    assert one.base_first
    assert any("set aside as the maker of its base model: fir" in note for note in one.notes)


def test_a_base_that_is_kept_is_reported_as_base() -> None:
    known = Known(bases={"tuned": "fir"}, base_use="keep")
    one = compared({"tuned": model("tuned", {"fir": 0.6})}, known).attributions[0]
    assert (one.nearest, one.is_base) == ("fir", True)
    assert "base model" in one.reason


def test_what_the_base_explains_can_be_projected_out() -> None:
    known = Known(bases={"tuned": "fir"}, base_use="project")
    one = compared({"tuned": model("tuned", _TWO_SOURCES)}, known).attributions[0]
    assert one.ranking[0].maker == "oak"
    assert "fir" not in {row.maker for row in one.ranking}


def test_a_sibling_is_never_counted_as_teacher() -> None:
    known = Known(siblings={"s": PANEL["cedar"]})
    one = compared({"s": model("s", {"cedar": 0.5, "ash": 0.3})}, known).attributions[0]
    assert one.ranking[0].maker == "ash"
    assert not {row.member for row in one.ranking} & set(PANEL["cedar"])
    assert any("own family" in note for note in one.notes)


def test_with_one_maker_left_none_is_named_and_the_reason_says_why() -> None:
    family = [member for maker in MAKERS[1:] for member in PANEL[maker]]
    one = compared({"s": model("s", {"ash": 0.9})}, Known(siblings={"s": family})).attributions[0]
    assert (one.nearest, one.ranking) == (None, ())
    assert "fewer than two makers" in one.reason


# --- answers that are none -----------------------------------------------------------------------


def test_a_constant_responder_abstains() -> None:
    found = compared({"constant": dict.fromkeys(PROMPTS, "Sure, " + _panel()["elm-1"]["p00"])})
    assert found.attributions[0].nearest is None
    assert "nearly the same" in found.attributions[0].reason


def test_a_responder_that_ignores_the_prompt_abstains() -> None:
    given_answers = list(_panel()["elm-1"].values())
    beside = dict(zip(PROMPTS, given_answers[1:] + given_answers[:1], strict=True))
    one = compared({"beside": beside}).attributions[0]
    assert one.nearest is None
    assert "on the same prompt" in one.reason


def test_missing_and_empty_answers_are_counted_and_shown() -> None:
    answers = model("s", {"elm": 0.5})
    del answers["p00"]
    answers |= {
        "p01": "",
        "p02": " \n",
        "p03": "Yes",
        "p04": "no " * MOST_CHARACTERS,
        "extra": "no such prompt",
    }
    one = compared({"s": answers}).attributions[0]
    assert (one.prompts, one.missing, one.unmatched, one.short, one.cut) == (37, 3, 1, 1, 1)
    assert one.nearest == "elm"


def test_what_panel_members_left_unanswered_is_counted() -> None:
    holed = {**_panel(), "oak-2": {**_panel()["oak-2"], "p07": ""}, "s": model("s", {"elm": 0.4})}
    found = compare(holed, PANEL, ["s"], nulls=(), draws=100)
    assert found.missing["oak-2"] == 1
    assert found.attributions[0].nearest == "elm"


def test_with_too_few_answers_none_is_named() -> None:
    few = dict(list(model("s", {"elm": 0.9}).items())[:12])
    one = compared({"s": few}).attributions[0]
    assert one.nearest is None
    assert "too few answers: 12 of 40" in one.reason


def test_a_panel_of_one_word_answers_is_no_error() -> None:
    terse = {member: {prompt: f"{member} {prompt}" for prompt in PROMPTS} for member in _panel()}
    for member in terse:
        terse[member]["p00"] = "yes"
    one = compare({**terse, "s": model("s", {"elm": 0.5})}, PANEL, ["s"], nulls=(), draws=100).attributions[0]
    assert one.nearest is None
    assert one.reason


def test_another_script_is_compared_like_any_other() -> None:
    answers = {prompt: "当然可以。" + text for prompt, text in model("s", {"birch": 0.5}).items()}
    assert compared({"s": answers}).attributions[0].nearest == "birch"
    assert tokens("中文 and中文") == ["中", "文", "and", "中", "文"]


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("panel", "students", "said"),
    [
        ({"elm": ["elm-1"]}, ["s"], "two makers or more"),
        ({"elm": ["elm-1"], "oak": []}, ["s"], "'oak' has no member"),
        ({"elm": ["elm-1"], "oak": ["elm-1"]}, ["s"], "more than once ('elm' and 'oak')"),
        ({"elm": ["elm-1", "elm-1"], "oak": ["oak-1"]}, ["s"], "twice under 'elm'"),
        (PANEL, ["elm-1"], "cannot be its own teacher"),
        (PANEL, ["s", "s"], "more than once"),
        (PANEL, ["nobody"], "no responses of nobody"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(
    panel: Mapping[str, list[str]], students: list[str], said: str
) -> None:
    with pytest.raises(DataError) as refused:
        compare({**_panel(), "s": model("s", {})}, panel, students)
    assert said in str(refused.value)


def test_prompt_ids_that_do_not_meet_are_refused() -> None:
    apart = {
        member: {f"{member} {prompt}": text for prompt, text in answers.items()}
        for member, answers in _panel().items()
    }
    with pytest.raises(DataError, match="are the prompt ids the same"):
        compare({**apart, "s": model("s", {})}, PANEL, ["s"])


def test_without_numpy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(MissingExtra, match=r"distill-tests\[similarity\]"):
        compare(_panel(), PANEL, [])


# --- p-values ------------------------------------------------------------------------------------

_SCORES = st.lists(st.floats(-5, 5), max_size=60)


@given(scores=_SCORES, similarity=st.floats(-5, 5))
def test_p_is_never_finer_than_the_null_models_allow(scores: list[float], similarity: float) -> None:
    nulls = [Null("m", "a", "b", score) for score in scores]
    assert 1 / (len(nulls) + 1) <= p_value(similarity, nulls) <= 1


@given(scores=st.lists(st.floats(-5, 5), min_size=1, max_size=60, unique=True))
def test_among_its_like_a_score_has_each_p_once(scores: list[float]) -> None:
    nulls = [Null("m", "a", "b", score) for score in scores]
    left_out = [p_value(score, [*nulls[:at], *nulls[at + 1 :]]) for at, score in enumerate(scores)]
    assert sorted(left_out) == [rank / len(scores) for rank in range(1, len(scores) + 1)]


def test_too_few_null_models_name_nobody() -> None:
    small = {"elm": ["elm-1"], "oak": ["oak-1"], "fir": ["fir-1"]}
    one = compare(
        {**_panel(), "s": model("s", {"elm": 0.9})}, small, ["s"], nulls=(), draws=100
    ).attributions[0]
    assert one.ranking[0].maker == "elm"
    assert one.nearest is None
    assert "3 null models cannot give p of 0.1" in one.reason


def test_a_null_model_counts_once() -> None:
    given_nulls = [Null("elm-1", "elm", "oak", 9.0), Null("elsewhere", "x", "y", 9.0)]
    found = compare({**_panel(), "s": model("s", {"elm": 0.4})}, PANEL, ["s"], nulls=given_nulls, draws=100)
    names = [null.model for null in found.nulls]
    assert sorted(names) == sorted([*_panel(), "elsewhere"])
    assert found.attributions[0].p == 3 / 14


def test_further_null_models_are_scored_beside_the_panel_and_one_that_does_not_answer_is_none() -> None:
    further = {"outsider": model("outsider-1", {}), "constant": dict.fromkeys(PROMPTS, "As you wish, sir.")}
    texts = {**_panel(), **further, "s": model("s", {"elm": 0.4})}
    found = compare(texts, PANEL, ["s"], nulls=(), null_models=dict.fromkeys(further, "nobody"), draws=100)
    scored = {null.model: null for null in found.nulls}
    assert set(scored) == {*_panel(), "outsider"}
    best = compared({"outsider": further["outsider"]}).attributions[0].ranking[0]
    assert (scored["outsider"].nearest, round(scored["outsider"].similarity, 4)) == (
        best.maker,
        best.similarity,
    )


def test_shipped_null_models_are_those_of_this_version_of_the_score() -> None:
    nulls = shipped_nulls()
    assert len(nulls) == 40
    assert len({null.model for null in nulls}) == 40
    assert all(null.nearest != null.without for null in nulls)


@given(st.text(max_size=200))
def test_any_text_has_tokens_or_none(text: str) -> None:
    assert all(token and (token == "\n" or not token.isspace()) for token in tokens(text))


def test_the_order_of_rows_and_files_changes_no_number() -> None:
    student = model("s", {"elm": 0.3})
    rng = random.Random(5)
    shuffled = {
        name: dict(rng.sample(list(answers.items()), len(answers))) for name, answers in _panel().items()
    }
    first = compared({"s": student}).attributions[0]
    second = compare({"s": student, **shuffled}, PANEL, ["s"], nulls=(), draws=100).attributions[0]
    assert first == second


def test_one_text_with_the_prompt_before_it_is_no_answer() -> None:
    asked = {prompt: f"{answer('asker', prompt, {}, 4)} Which is it?" for prompt in PROMPTS}
    echo = {prompt: f"{text} That I do not know." for prompt, text in asked.items()}
    responses = {**panel_responses(), "echo": echo, "student": model("student", {"elm": 0.5})}
    found = compare(responses, PANEL, ["echo", "student"], asked=asked, nulls=())
    told, student = found.attributions
    assert (told.nearest, told.comparable) == (None, False)
    assert "mostly one text, or the prompts, over again" in told.reason
    assert student.nearest == "elm"
