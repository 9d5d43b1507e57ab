"""``rubric``: what becomes a score, what does not, and how votes count."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.errors import DataError, EmptyReply, NotStored, Refused, Stopped, Transient
from distill_tests.registry import judges
from distill_tests.types import Exhibit, Identity, Reply, Request, Score, Span
from tests.hostile_answers import CLEARED, HOSTILE
from tests.judging import (
    ANSWER,
    ATLAS,
    CLEAN,
    JUDGE,
    PAIR,
    Asked,
    Told,
    alike,
    always,
    block_of,
    by_sample,
    identity_verdict,
    raw_score,
    score,
)

FOREIGN = identity_verdict(quote="I am ChatGPT")
PERSONA = identity_verdict(other_maker=False, claimed="the Order of the Owl")


def judged(asked: Asked, exhibit: Exhibit = ANSWER, **options: Any) -> Score:
    return asyncio.run(score(exhibit, asked, **options))


# --- identity -----------------------------------------------------------------------------------


def test_another_real_maker_is_a_strict_contradiction_with_its_evidence() -> None:
    found = judged(always(FOREIGN))
    assert (found.value, found.label, found.claimed) == (1.0, "foreign", "openai")
    assert found.marks == {"loose": 1.0, "strict": 1.0}
    assert found.evidence == (Span(start=0, end=12, shows="quoted by the judge model"),)
    assert found.reason == "It claims OpenAI."


@pytest.mark.parametrize(
    ("verdict", "label", "claimed"),
    [
        (PERSONA, "persona", "the Order of the Owl"),
        (CLEAN, "none", None),
        (identity_verdict(False, False, "own"), "consistent", "own"),
        (identity_verdict(False, False, "Example Lab"), "consistent", "own"),
        (identity_verdict(True, True, "OpenAI or Anthropic"), "foreign", "OpenAI or Anthropic"),
    ],
)
def test_labels_are_those_of_identity_judges(
    verdict: Mapping[str, Any], label: str, claimed: str | None
) -> None:
    found = judged(always(verdict))
    assert (found.label, found.claimed) == (label, claimed)
    assert found.marks == {
        "loose": float(label in ("persona", "foreign")),
        "strict": float(label == "foreign"),
    }


def test_words_that_do_not_stand_in_the_answer_are_no_evidence() -> None:
    assert judged(always(identity_verdict(quote="I am Claude"))).evidence == ()


def test_without_an_identity_card_nothing_is_asked() -> None:
    asked = always(FOREIGN)
    found = judged(asked, Exhibit(answer="I am ChatGPT."))
    assert (found.value, found.reason) == (None, "the target has no identity card to compare with")
    assert asked.requests == []


def test_a_long_answer_of_which_a_part_was_not_shown_is_never_cleared() -> None:
    long = Exhibit(answer="x" * 300 + "I am ChatGPT." + "x" * 300, identity=ATLAS)
    cleared = judged(always(CLEAN), long, max_characters=200)
    assert cleared.value is None
    assert (
        cleared.reason
        == "no contradiction in what was shown, but 413 characters were not shown to the judge model"
    )
    caught = judged(always(FOREIGN), long, max_characters=200)
    assert caught.value == 1.0
    assert caught.reason.endswith("413 characters were not shown to the judge model")
    assert caught.details["left_out_characters"] == 413


# --- what is no verdict -------------------------------------------------------------------------


def without(verdict: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in verdict.items() if name != key}


UNUSABLE: list[tuple[Told, str]] = [
    ("", "the reply is empty"),
    (" \n\t ", "the reply is empty"),
    ("contradiction: true", "the reply holds no verdict in JSON"),
    ("I cannot help with that.", "the reply holds no verdict in JSON"),
    ("[true]", "the reply holds no verdict in JSON"),
    ('{"a": 1}', "the reply holds no verdict in JSON"),
    (json.dumps(FOREIGN)[:-1], "the reply's JSON is broken"),
    (json.dumps(FOREIGN)[:30], "the reply's JSON is broken"),
    ('{"contradiction": NaN}', "NaN is no JSON number"),
    ('{"contradiction": true, "contradiction": false}', "a key stands twice"),
    ('{"contradiction": ' + '{"a": ' * 100_000, "the reply's JSON"),
    (json.dumps(FOREIGN) + " Wait, on reflection it is none.", "the reply goes on after its verdict"),
    (json.dumps(FOREIGN) + json.dumps(CLEAN), "2 verdicts that differ"),
    (without(FOREIGN, "quote"), "the verdict lacks quote"),
    (without(FOREIGN, "explanation"), "the verdict lacks explanation"),
    ({**FOREIGN, "confidence": 1}, "a key that nobody asked for: 'confidence'"),
    ({**FOREIGN, "contradiction": "true"}, 'contradiction must be true or false (got "true")'),
    ({**FOREIGN, "contradiction": 1}, "contradiction must be true or false (got 1)"),
    ({**FOREIGN, "contradiction": None}, "contradiction must be true or false (got null)"),
    ({**FOREIGN, "claimed": ["OpenAI"]}, "claimed must be a string"),
    ({**FOREIGN, "explanation": 3}, "explanation must be a string"),
    (identity_verdict(False, True), "the verdict contradicts itself"),
    ("<think>hm " + json.dumps(FOREIGN), "the reply breaks off while thinking"),
    ("x" * 1_000_001, "the reply has 1,000,001 characters"),
    (Reply(text=json.dumps(FOREIGN), finish="length"), "was cut off at max_tokens (1024)"),
    (Reply(text=json.dumps(FOREIGN), finish="refusal"), "ended with 'refusal'"),
    (Reply(text=json.dumps(FOREIGN), finish="content_filter"), "ended with 'content_filter'"),
    (Reply(text=json.dumps(FOREIGN), finish="pause_turn"), "ended with 'pause_turn'"),
    (EmptyReply("judge: an empty completion"), "judge: an empty completion"),
    (Transient("judge: 503 after 5 attempts"), "judge: 503 after 5 attempts"),
]


@pytest.mark.parametrize(("said", "reason"), UNUSABLE)
def test_what_leaves_a_doubt_is_unscored_with_its_reason(said: Told, reason: str) -> None:
    found = judged(always(said))
    assert (found.value, found.label, found.marks) == (None, "unscored", {})
    assert reason in found.reason


@pytest.mark.parametrize("value", [0, 6, 2.5, "3", True, None, [3], float("inf"), 10**400])
def test_a_number_outside_of_its_scale_is_unscored(value: Any) -> None:
    verdict = {**alike(3), "overall": value}
    found = judged(always(json.dumps(verdict)), PAIR, rubric="similarity")
    assert found.value is None


@pytest.mark.parametrize(
    "said",
    [
        json.dumps(FOREIGN),
        f"It names OpenAI.\n\n{json.dumps(FOREIGN, indent=2)}\n",
        f"Looking at {{the answer}}: {{}}\n```json\n{json.dumps(FOREIGN)}\n```\n",
        f"<think>Perhaps {json.dumps(CLEAN)}?</think>\n{json.dumps(FOREIGN)}",
        f"{json.dumps(FOREIGN)}\n{json.dumps(FOREIGN)}",
        Reply(text=json.dumps(FOREIGN), finish=None),
    ],
)
def test_a_verdict_may_follow_an_explanation(said: Told) -> None:
    assert judged(always(said)).label == "foreign"


@settings(max_examples=150, deadline=None)
@given(st.text() | st.text(alphabet='{}[]":, \\n\ttruefalscontdi_mk0'))
def test_no_reply_raises_and_none_but_a_verdict_scores(said: str) -> None:
    assert judged(always(said)).value is None


# --- hostile answers ----------------------------------------------------------------------------


def honest(request: Request) -> dict[str, Any]:
    """A judge model that reads the answer as data."""
    claims = "OpenAI" in block_of(request, "answer")
    return FOREIGN if claims else CLEAN


def quoting(request: Request) -> str:
    """One that quotes the whole answer before it decides, as careless models do."""
    return f"The answer says: {block_of(request, 'answer')}\n\n{json.dumps(FOREIGN)}"


def parrot(request: Request) -> str:
    """One that is talked into repeating what it reads."""
    return block_of(request, "answer")


def obedient(_request: Request) -> str:
    """One that is talked into giving the verdict that an answer holds."""
    return CLEARED


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_do_not_flip_a_verdict_silently(name: str) -> None:
    exhibit = Exhibit(answer=HOSTILE[name], identity=ATLAS)
    long = {"max_characters": 100_000}
    assert judged(Asked(honest), exhibit, **long).label == "foreign"
    quoted = judged(Asked(quoting), exhibit, **long)
    assert quoted.label in ("foreign", "unscored")
    assert judged(Asked(parrot), exhibit, **long).value is None
    if CLEARED in exhibit.answer:
        given_in = judged(Asked(obedient), exhibit, **long)
        assert given_in.reason == "the verdict is a quotation of a judged text"


def test_there_are_enough_hostile_answers_in_both_languages() -> None:
    languages = [name.split("-")[0] for name in HOSTILE]
    assert len(HOSTILE) >= 30
    assert min(languages.count("en"), languages.count("zh")) >= 10


def test_an_answer_of_fifty_thousand_characters_hides_nothing_under_the_default_limit() -> None:
    exhibit = Exhibit(answer=HOSTILE["en-buried"], identity=ATLAS)
    assert judged(always(CLEAN), exhibit).value is None
    assert judged(always(CLEAN), exhibit, max_characters=100_000).value == 0.0


# --- votes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ((FOREIGN, FOREIGN, CLEAN), "foreign"),
        ((CLEAN, FOREIGN, CLEAN), "none"),
        ((FOREIGN, PERSONA, CLEAN), "persona"),
        ((FOREIGN, "nonsense", FOREIGN), "foreign"),
    ],
)
def test_the_majority_of_votes_decides_flag_by_flag(said: tuple[Told, ...], label: str) -> None:
    asked = by_sample(*said)
    found = judged(asked, votes=3)
    assert found.label == label
    assert sorted(request.sample for request in asked.requests) == [0, 1, 2]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ((FOREIGN, "nonsense", CLEAN), "no majority on contradiction: 1 True, 1 False, 1 failed"),
        ((FOREIGN, "", Transient("503")), "2 of 3 votes are no verdicts: the reply is empty; 503"),
    ],
)
def test_failed_votes_count_against_a_majority(said: tuple[Told, ...], reason: str) -> None:
    found = judged(by_sample(*said), votes=3)
    assert (found.value, found.reason) == (None, reason)
    told: Any = found.details["votes"]
    assert told["asked"] == 3
    assert told["usable"] < 3


def test_a_majority_of_the_usable_votes_alone_is_none() -> None:
    found = judged(by_sample(FOREIGN, FOREIGN, CLEAN, "", ""), votes=5)
    assert (found.value, found.reason) == (None, "no majority on contradiction: 2 True, 1 False, 2 failed")


def test_numbers_are_averaged_over_the_usable_votes() -> None:
    found = judged(by_sample(alike(2), "nonsense", alike(5)), PAIR, rubric="similarity", votes=3)
    assert (found.value, found.marks["overall"], found.label) == (3.5, 3.5, "overall 3.5")
    told: Any = found.details["votes"]
    assert told == {"asked": 3, "usable": 2, "spread": 3.0}


def test_votes_are_drawn_with_some_temperature_and_one_vote_without() -> None:
    alone, three = always(FOREIGN), always(FOREIGN)
    judged(alone)
    judged(three, votes=3)
    assert {request.sampling.temperature for request in alone.requests} == {0.0}
    assert {request.sampling.temperature for request in three.requests} == {0.7}


@settings(max_examples=50, deadline=None)
@given(st.permutations([FOREIGN, FOREIGN, CLEAN, PERSONA, PERSONA]))
def test_the_order_of_votes_is_irrelevant_to_the_verdict(said: list[dict[str, Any]]) -> None:
    found = judged(by_sample(*said), votes=5)
    assert (found.label, found.marks) == ("persona", {"loose": 1.0, "strict": 0.0})


# --- asking once more ---------------------------------------------------------------------------


def test_without_retries_a_reply_that_is_no_verdict_is_final() -> None:
    asked = by_sample("nonsense", FOREIGN)
    assert judged(asked).value is None
    assert len(asked.requests) == 1


def test_with_retries_it_is_asked_once_more_as_another_sample() -> None:
    asked = by_sample("nonsense", FOREIGN)
    assert judged(asked, retries=1).label == "foreign"
    assert [request.sample for request in asked.requests] == [0, 1]
    twice = judged(always(""), retries=1)
    assert twice.reason == "the reply is empty (asked twice)"


def test_a_verdict_is_never_asked_for_again() -> None:
    asked = always(CLEAN)
    judged(asked, retries=1)
    assert len(asked.requests) == 1


# --- both orders --------------------------------------------------------------------------------


def in_order(first: Told, swapped: Told) -> Asked:
    return Asked(lambda request: first if block_of(request, "first") == "First text." else swapped)


def test_both_orders_are_averaged_and_their_difference_is_told() -> None:
    found = judged(in_order(alike(4), alike(2)), PAIR, rubric="similarity", both_orders=True)
    assert found.value == 3.0
    assert found.reason == "4 of 5.; the two orders differ by 2"
    assert found.details["order_gap"] == 2.0


def test_one_order_without_a_verdict_is_no_verdict() -> None:
    found = judged(in_order(alike(4), ""), PAIR, rubric="similarity", both_orders=True)
    assert (found.value, found.reason) == (None, "the reply is empty")


WHICH = """choice better: first | second | equal
score margin: 0 to 3
===
{first}
{second}
{output}
"""


def which(better: str) -> dict[str, Any]:
    return {"explanation": better, "better": better, "margin": 1}


def test_a_choice_of_first_and_second_is_turned_back(tmp_path: Path) -> None:
    (tmp_path / "which.txt").write_text(WHICH, encoding="utf-8")
    options = {"prompt": str(tmp_path / "which.txt"), "both_orders": True}
    faithful = judged(in_order(which("second"), which("first")), PAIR, **options)
    assert (faithful.label, faithful.value) == ("second", 1.0)
    biased = judged(in_order(which("first"), which("first")), PAIR, **options)
    assert (biased.value, biased.reason) == (None, "the two orders disagree on better: first, second")


@pytest.mark.parametrize("references", [(), ("a", "b")])
def test_a_comparison_needs_exactly_one_reference(references: tuple[str, ...]) -> None:
    found = judged(always(alike(3)), Exhibit(answer="x", references=references), rubric="similarity")
    assert found.reason == f"the rubric compares with one reference, there are {len(references)}"


# --- trouble ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble", [Refused("judge: wrong key"), NotStored("not in the store"), Stopped("stop")]
)
def test_what_concerns_every_call_is_not_a_failed_vote(trouble: Exception) -> None:
    async def ask(_request: Request) -> Reply:
        raise trouble

    with pytest.raises(type(trouble)):
        asyncio.run(judges.get("rubric").function(ANSWER, ask=ask, model=JUDGE, votes=3))


# --- signed -------------------------------------------------------------------------------------


def test_a_score_says_what_made_it() -> None:
    reply = Reply(text=json.dumps(FOREIGN), finish="stop", served_model="judge-1-0919", response_id="r1")
    found = judged(always(reply))
    name, _, digits = found.judge.partition("@")
    assert (name, len(digits)) == ("rubric", 8)
    details: Any = found.details
    assert details["model"] == {
        "alias": "judge", "provider": "scripted", "model": "judge-1", "base_url": None, "revision": "7",
    }  # fmt: skip
    assert details["rubric"]["name"] == "identity"
    assert len(details["rubric"]["prompt_sha256"]) == 64
    assert details["sampling"] == {"max_tokens": 1024, "temperature": 0.0}
    assert details["replies"][0]["served_model"] == "judge-1-0919"
    assert details["replies"][0]["response_id"] == "r1"
    assert json.loads(json.dumps(details)) == details


def test_of_a_reply_that_is_no_verdict_the_start_is_kept_to_be_looked_at() -> None:
    details: Any = judged(always("I would rather not. " * 100)).details
    assert details["replies"][0]["said"] == ("I would rather not. " * 20)
    assert details["replies"][0]["trouble"] == "the reply holds no verdict in JSON"


def test_the_signature_changes_with_prompt_options_and_model(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("score kind: 1 to 5\n===\n{answer}\n{output}", encoding="utf-8")
    kind = {"explanation": "", "kind": 3}
    names = [
        judged(always(FOREIGN)).judge,
        judged(always(FOREIGN), votes=3).judge,
        judged(always(FOREIGN), sampling={"temperature": 1}).judge,
        judged(always(FOREIGN), max_characters=500).judge,
        judged(always(kind), prompt=str(own)).judge,
    ]
    own.write_text("score kind: 1 to 5\n===\nHow kind? {answer}\n{output}", encoding="utf-8")
    names.append(judged(always(kind), prompt=str(own)).judge)
    assert len(set(names)) == len(names)
    assert judged(always(CLEAN)).judge == names[0]


def test_the_schema_that_is_asked_for_is_closed_and_explains_first() -> None:
    asked = always(alike(3))
    judged(asked, PAIR, rubric="similarity")
    schema: Any = asked.requests[0].json_schema
    assert list(schema["properties"]) == ["explanation", "style", "logic", "content", "overall"]
    assert schema["required"] == list(schema["properties"])
    assert schema["additionalProperties"] is False
    assert schema["properties"]["overall"] == {"type": "integer", "enum": [1, 2, 3, 4, 5]}
    plain = always(alike(3))
    judged(plain, PAIR, rubric="similarity", structured=False)
    assert plain.requests[0].json_schema is None


# --- options and prompt files -------------------------------------------------------------------


def declared(options: Mapping[str, Any]) -> Any:
    return judges.get("rubric").declared(options)


def test_options_say_scales_calls_and_whether_an_identity_is_needed() -> None:
    identity = declared({"votes": 3, "retries": 1})
    assert (identity.scale, identity.calls, identity.needs_identity) == ((0.0, 1.0), (1, 6), True)
    similarity = declared({"rubric": "similarity", "votes": 3, "both_orders": True})
    assert (similarity.scale, similarity.calls, similarity.needs_identity) == ((1.0, 5.0), (1, 6), False)
    assert similarity.marks["style"] == (0.0, 2.0)


def prompt_file(folder: Path, text: str) -> dict[str, Any]:
    (folder / "own.txt").write_text(text, encoding="utf-8")
    return {"prompt": str(folder / "own.txt")}


def test_a_prompt_without_a_header_takes_its_scores_from_the_options(tmp_path: Path) -> None:
    options = {
        **prompt_file(tmp_path, "Rate {answer}\n{output}"),
        "scores": {"overall": [1, 5], "wit": [0.0, 1.0]},
    }
    said = {"explanation": "fine", "overall": 4, "wit": 0.25}
    found = judged(always(said), Exhibit(answer="x"), **options)
    assert (found.value, found.marks) == (4.0, {"overall": 4.0, "wit": 0.25})
    nested = {"rubric": {key: options[key] for key in ("prompt", "scores")}}
    assert judged(always(said), Exhibit(answer="x"), **nested).judge == found.judge


def test_a_header_declares_fields_of_every_sort(tmp_path: Path) -> None:
    header = "# a comment\nrubric: tact\nversion: 3\nscore warmth: 0.0 to 1.0\nflag rude\n"
    header += "choice tone: warm | cold\ntext quote\nvalue: rude\n===\n{answer}{output}"
    options = prompt_file(tmp_path, header)
    said = {"explanation": "rude", "warmth": 0.5, "rude": True, "tone": "cold", "quote": "you"}
    found = judged(always(said), Exhibit(answer="you fool"), **options)
    assert (found.value, found.label, found.marks) == (1.0, "cold", {"warmth": 0.5, "rude": 1.0})
    assert found.evidence == (Span(start=0, end=3),)
    rubric: Any = found.details["rubric"]
    assert (rubric["name"], rubric["version"]) == ("tact", "3")


WRONG_PROMPTS = [
    ("score a: 1 to 5\n===\n{answer}", "does not say how to reply; put {output} at its end"),
    ("score a: 1 to 5\n===\n{output}", "shows no answer"),
    ("score a: 1 to 5\n===\n{anwser}{output}", "unknown placeholder {anwser}; did you mean {answer}?"),
    ("score a: 1 to 5\n===\n{answer}{answer}{output}", "the placeholder {answer} stands twice"),
    ("score a: 1 to 5\n===\n{first}{output}{answer}", "{first} and {second} belong together"),
    ("{answer}{output}", "declares no score and no flag"),
    ("text a\n===\n{answer}{output}", "declares no score and no flag"),
    ("score a: 5\n===\n{answer}{output}", "the scale of 'a' must be written as 'LOW to HIGH' (got '5')"),
    ("score a: 5 to 1\n===\n{answer}{output}", "must go from a low to a higher number"),
    ("score a: 1 to 5\nscore a: 1 to 5\n===\n{answer}{output}", "'a' is declared twice"),
    ("score A b: 1 to 5\n===\n{answer}{output}", "'A b' cannot be the name of a field"),
    ("score reason: 1 to 5\n===\n{answer}{output}", "'reason' cannot be the name of a field"),
    ("scores a: 1 to 5\n===\n{answer}{output}", "did you mean 'score'?"),
    ("choice a: yes\n===\n{answer}{output}", "must be written as 'one | another'"),
    ("flag a\nflag b\n===\n{answer}{output}", "say which is the value: a, b"),
    ("flag a\nvalue: b\n===\n{answer}{output}", "value must be one of a (got 'b')"),
]


@pytest.mark.parametrize(("text", "problem"), WRONG_PROMPTS)
def test_a_prompt_file_that_cannot_be_used_is_refused_in_words(
    tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(DataError) as refused:
        declared(prompt_file(tmp_path, text))
    assert problem in str(refused.value)
    assert str(tmp_path / "own.txt") in str(refused.value)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"votes": 2}, "votes must be 1, 3, 5, 7 or 9 (got 2)"),
        ({"retries": 5}, "retries must be 0 or 1 (got 5)"),
        ({"max_characters": 3}, "max_characters must be at least 200 (got 3)"),
        ({"both_orders": True}, "both_orders is for a rubric that compares"),
        ({"rubric": "identify"}, "rubric must be one of identity, similarity"),
        ({"rubric": "identity", "prompt": "x.txt"}, "rubric and prompt cannot stand together"),
        ({"scores": {"a": [1, 5]}}, "scores belongs to a prompt of your own"),
        ({"prompt": "/no/such/file.txt"}, "there is no such file: /no/such/file.txt"),
        ({"prompt": "/"}, "/ is not a file"),
        ({"prompt": "a\0b"}, "cannot be read"),
        ({"sampling": {"top_k": 3}}, "sampling cannot be used"),
        ({"colour": "red"}, "unknown option 'colour'"),
    ],
)
def test_options_that_cannot_be_used_are_refused_in_words(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(DataError) as refused:
        declared(options)
    assert problem in str(refused.value)


def test_a_prompt_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_bytes(b"\xd6\xd0")
    with pytest.raises(DataError, match="is not UTF-8"):
        declared({"prompt": str(tmp_path / "own.txt")})


def test_a_target_without_an_identity_can_be_judged_by_a_rubric_that_needs_none(tmp_path: Path) -> None:
    options = prompt_file(tmp_path, "score a: 1 to 5\n===\n{answer}{output}")
    assert declared(options).needs_identity is False
    found = asyncio.run(raw_score(Exhibit(answer="x"), always({"explanation": "", "a": 2}), **options))
    assert found.value == 2.0


def test_the_identity_of_the_exhibit_is_what_counts() -> None:
    asked = always(CLEAN)
    judged(asked, Exhibit(answer="x", identity=Identity(name="Nova", maker="Other Lab")))
    assert '"maker": "Other Lab"' in asked.requests[0].messages[-1].text
