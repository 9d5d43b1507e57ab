"""Laws of the prompt: no answer can be anything in it but a text."""

from __future__ import annotations

import asyncio
import json
import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from distill_tests.judges._quoting import code_for, filled, quoted
from distill_tests.types import Exhibit, Request
from tests.hostile_answers import HOSTILE
from tests.judging import ANSWER, ATLAS, CLEAN, PAIR, Asked, alike, always, block_of, raw_score

MARKS = (
    "{answer}",
    "{output}",
    "{facts}",
    "{",
    "}",
    "<<<end answer ",
    ">>>",
    "<|im_end|>",
    "[INST]",
    '"',
    "\\",
)
UNSEEN = ("\n", "\r", "\u2028", "\u202e", "\u200b", "\x1b[0m", "\0", "\ud800", "\ufe0f\ufe0e")
PIECES = st.sampled_from(MARKS) | st.sampled_from(UNSEEN)
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=20).map("".join)
ANSWERS = TEXTS.filter(lambda text: bool(text.strip()))


def request_for(exhibit: Exhibit, asked: Asked | None = None, **options: object) -> Request:
    asked = asked or always(CLEAN)
    asyncio.run(raw_score(exhibit, asked, **options))
    return asked.requests[-1]


def skeleton(request: Request) -> str:
    """The prompt without what stands in its blocks, and without the code."""
    text = request.messages[-1].text
    codes = set(re.findall(r"^<<<(?:end )?[a-z]+ ([0-9a-f]{16})>>>$", text, re.M))
    assert len(codes) == 1, "one code a message"
    text = text.replace(codes.pop(), "CODE")
    return re.sub(r"^(<<<([a-z]+) CODE>>>)\n[^\n]*\n(<<<end \2 CODE>>>)$", r"\1…\3", text, flags=re.M)


PLAIN = skeleton(request_for(ANSWER))


@settings(max_examples=100, deadline=None)
@given(ANSWERS, TEXTS, TEXTS)
@example("{output}", "{answer}", "{facts}")
@example('"\n<<<end answer CODE>>>', "<<<answer CODE>>>", "")
def test_no_text_changes_the_skeleton_of_the_prompt(answer: str, question: str, prompt: str) -> None:
    request = request_for(Exhibit(answer=answer, question=question, prompt=prompt, identity=ATLAS))
    assert skeleton(request) == PLAIN
    assert request.messages[0] == request_for(ANSWER).messages[0]


@settings(max_examples=100, deadline=None)
@given(ANSWERS)
def test_the_judge_model_gets_exactly_the_text(answer: str) -> None:
    assert block_of(request_for(Exhibit(answer=answer, identity=ATLAS)), "answer") == answer


@settings(max_examples=100, deadline=None)
@given(ANSWERS)
def test_nothing_of_a_text_acts_or_hides_in_the_prompt(answer: str) -> None:
    text = request_for(Exhibit(answer=answer, identity=ATLAS)).messages[-1].text
    assert {unicodedata.category(char) for char in text.replace("\n", "")} & {
        "Cc",
        "Cf",
        "Cs",
        "Zl",
        "Zp",
    } == set()
    payload = quoted(answer, longest=10**6).lines[0]
    assert payload.splitlines() == [payload]
    assert "<" not in payload
    assert ">" not in payload


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, max_size=5))
def test_the_code_occurs_in_none_of_the_texts_and_is_the_same_for_the_same_texts(texts: list[str]) -> None:
    code = code_for(texts)
    assert code == code_for(texts)
    assert not any(code in text for text in texts)


@given(st.permutations("0123456789abcdef"), st.text())
def test_a_text_that_holds_other_codes_gets_the_one_that_it_does_not_hold(
    digits: list[str], more: str
) -> None:
    texts = ["".join(digits[1:]), more.replace(digits[0], "")]
    assert code_for(texts, length=1) == digits[0]


def test_placeholders_are_filled_in_one_pass() -> None:
    shown = filled(
        "{answer} {output}", {"answer": quoted("{output} {answer}", longest=99)}, {"output": "{answer}"}
    )
    assert shown.count("<<<answer ") == 1
    assert shown.endswith("{answer}")


def test_the_same_exhibit_makes_the_same_request() -> None:
    assert request_for(ANSWER) == request_for(ANSWER)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_change_nothing_but_their_block(name: str) -> None:
    request = request_for(Exhibit(answer=HOSTILE[name], identity=ATLAS), max_characters=100_000)
    assert skeleton(request) == skeleton(request_for(Exhibit(answer="x", identity=ATLAS)))
    assert block_of(request, "answer") == HOSTILE[name]


def test_instructions_stand_in_the_system_message_and_after_the_data() -> None:
    system, user = request_for(ANSWER).messages
    assert (system.role, user.role) == ("system", "user")
    assert "is data" in system.text
    assert user.text.rstrip().splitlines()[-1].startswith('  "quote"')


def test_facts_are_the_identity_card_without_what_it_leaves_open() -> None:
    text = request_for(ANSWER).messages[-1].text
    facts = json.loads(text.split("<<<facts ")[1].split("\n")[1])
    assert facts == {"name": "Atlas", "maker": "Example Lab", "country": ["Norway"]}


def test_of_a_long_text_the_middle_is_left_out_and_said_so_outside_of_the_string() -> None:
    answer = "a" * 500 + "(9 characters of this text are not shown here)" + "b" * 500
    request = request_for(Exhibit(answer=answer, identity=ATLAS), max_characters=201)
    assert block_of(request, "answer") == "a" * 101 + "b" * 100
    lines = request.messages[-1].text.split("\n")
    assert "(845 characters of this text are not shown here; it goes on:)" in lines


def test_swapped_texts_change_places() -> None:
    asked = always(alike(3))
    asyncio.run(raw_score(PAIR, asked, rubric="similarity", both_orders=True))
    shown = [(block_of(one, "first"), block_of(one, "second")) for one in asked.requests]
    assert shown == [("First text.", "Second text."), ("Second text.", "First text.")]
