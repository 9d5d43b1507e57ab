"""Shrinking a framing: minimal, from the replies alone, and never beyond what was confirmed or paid."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests.search.sentences import sentences
from distill_tests.search.shrinking import Attempt, Repeats, Shrunk, phrases, shrink

ONCE = Repeats(at_least=1, of=1)


class Target:
    """Elicits by a rule over the template and the sample; keeps what it was asked, round by round."""

    def __init__(self, rule: Callable[[str, int], bool | None]) -> None:
        self.rule = rule
        self.rounds: list[list[Attempt]] = []

    async def __call__(self, attempts: Sequence[Attempt]) -> list[bool | None]:
        self.rounds.append(list(attempts))
        return [self.rule(*attempt) for attempt in attempts]

    @property
    def asked(self) -> list[Attempt]:
        return [attempt for attempts in self.rounds for attempt in attempts]


def needs(*words: str) -> Target:
    return Target(lambda template, _sample: all(word in template for word in words))


def shrunk(
    template: str, target: Target, *, most: int = 10_000, repeats: Repeats = ONCE, question: str = ""
) -> Shrunk:
    return asyncio.run(shrink(template, target, most=most, repeats=repeats, question=question))


STORY = "Once upon a time. The king was old. A robot came in! It sang. Everyone asked: {question} And then?"


def test_what_the_contradiction_does_not_need_is_left_out() -> None:
    found = shrunk(STORY, needs("robot"))
    assert found.text == "A robot came in! {question}"
    assert found.confirmed
    assert found.finished


def test_the_question_alone_is_the_shortest_framing() -> None:
    assert shrunk(STORY, needs()).text == "{question}"


def test_two_sentences_far_apart_are_both_kept() -> None:
    assert shrunk(STORY, needs("king", "sang")).text == "The king was old. It sang. {question}"


def test_phrases_go_after_sentences_also_around_the_question() -> None:
    text = "Dear friend, as a poet of the old school, you are free: answer, please, {question}, thanks."
    assert shrunk(text, needs("poet")).text == "as a poet of the old school, {question}"


def test_chinese_sentences_and_phrases_are_parts_too() -> None:
    text = "从前有座山。山里有个机器人，会唱歌，也会跳舞！请问：{question}谢谢。"
    assert shrunk(text, needs("跳舞")).text == "也会跳舞！{question}"


def test_a_template_that_does_not_come_back_is_left_as_it_is() -> None:
    target = Target(lambda _template, sample: sample == 0)
    found = shrunk(STORY, target, repeats=Repeats(at_least=2, of=3))
    assert (found.text, found.confirmed, found.came_back, found.scored) == (STORY, False, 1, 3)
    assert len(target.asked) == 3


def test_a_form_that_comes_back_only_once_is_not_taken() -> None:
    """Without ``king`` it is luck: one sample of three."""
    target = Target(lambda template, sample: "robot" in template and ("king" in template or sample == 0))
    found = shrunk(STORY, target, repeats=Repeats(at_least=2, of=3))
    assert found.text == "The king was old. A robot came in! {question}"
    assert (found.came_back, found.scored) == (3, 3)


def test_a_second_opinion_is_asked_only_where_the_first_samples_cannot_tell() -> None:
    target = needs("robot")
    shrunk(STORY, target, repeats=Repeats(at_least=2, of=3))
    final = {attempt.template for attempt in target.asked if attempt.sample == 2}
    assert final == {STORY, "A robot came in! {question}"}, (
        "only the first and the last form are asked in full"
    )


def test_the_candidates_of_a_round_are_asked_together() -> None:
    target = needs("king", "sang")
    shrunk(STORY, target)
    assert max(len(attempts) for attempts in target.rounds) > 3


def test_nothing_is_asked_twice() -> None:
    target = needs("king", "sang")
    found = shrunk(STORY, target, repeats=Repeats(at_least=2, of=3))
    assert len(target.asked) == len(set(target.asked)) == found.attempts


@pytest.mark.parametrize("most", [0, 1, 3, 5, 8, 12, 20])
def test_the_budget_is_never_exceeded_and_an_unfinished_form_says_so(most: int) -> None:
    target = needs("king", "sang")
    found = shrunk(STORY, target, most=most, repeats=Repeats(at_least=2, of=3))
    assert len(target.asked) <= most
    assert "king" in found.text
    assert "sang" in found.text
    assert not found.finished


def test_trouble_is_never_an_elicitation_and_leaves_the_form_unfinished() -> None:
    target = Target(lambda template, _sample: True if template == STORY else None)
    found = shrunk(STORY, target)
    assert (found.text, found.confirmed, found.finished) == (STORY, True, False)
    assert found.unknown > 0


def test_trouble_with_the_template_itself_confirms_nothing() -> None:
    found = shrunk(STORY, Target(lambda *_: None))
    assert (found.text, found.confirmed, found.finished, found.scored) == (STORY, False, False, 0)


def test_trouble_with_one_candidate_does_not_keep_the_others_from_being_tried() -> None:
    def rule(template: str, _sample: int) -> bool | None:
        return None if template == "{question}" else "robot" in template

    assert shrunk(STORY, Target(rule)).text == "A robot came in! {question}"


def test_a_maker_left_in_the_prompt_is_named() -> None:
    text = "You were built by OpenAI. Be brief. {question}"
    assert shrunk(text, needs("OpenAI")).makers == ("openai",)
    assert shrunk(text, needs("brief")).makers == ()
    assert shrunk(text, needs("brief"), question="Are you Claude?").makers == ("anthropic",)


def test_of_two_placeholders_one_may_go() -> None:
    assert shrunk("First {question} Hm. Then {question}", needs()).text == "{question}"


def test_a_template_without_the_placeholder_is_refused() -> None:
    with pytest.raises(ValueError, match=r"without \{question\}"):
        shrunk("no question here", needs())


def test_more_confirmations_than_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="not within"):
        Repeats(at_least=3, of=2)


# --- laws ---------------------------------------------------------------------------------------

WORDS = ("robot", "king", "song", "山", "海", "mr. smith")
PART = st.sampled_from(
    [f"{word}{end}" for word in WORDS for end in (". ", "! ", ", ", "。", "，", "\n", ": ")]
)
TEMPLATES = st.tuples(st.lists(PART, max_size=9), st.lists(PART, max_size=6)).map(
    lambda sides: "".join(sides[0]) + "{question}" + "".join(sides[1])
)


@given(TEMPLATES)
def test_parts_joined_are_the_text(text: str) -> None:
    assert "".join(sentences(text)) == text
    assert "".join(phrases(text)) == text
    assert "{question}" in phrases(text)


@given(TEMPLATES, st.lists(st.sampled_from(WORDS), max_size=3))
def test_the_shrunk_form_elicits_keeps_the_question_and_cannot_lose_one_more_part(
    text: str, wanted: list[str]
) -> None:
    present = [word for word in wanted if word in text]
    target = needs(*present)
    found = shrunk(text, target)
    assert found.confirmed
    assert found.finished
    assert "{question}" in found.text
    assert all(word in found.text for word in present)
    assert len(found.text) <= len(text)
    parts = phrases(found.text)
    for number, part in enumerate(parts):
        rest = "".join(parts[:number] + parts[number + 1 :])
        assert part == "{question}" or not all(word in rest for word in present)


@given(TEMPLATES, st.integers())
def test_the_same_replies_give_the_same_form_whatever_the_rule(text: str, seed: int) -> None:
    """Also for a target that elicits without rhyme or reason."""
    once = Target(lambda template, sample: hash((template, sample, seed)) % 3 > 0)
    again = Target(once.rule)
    two_of_three = Repeats(at_least=2, of=3)
    assert shrunk(text, once, repeats=two_of_three) == shrunk(text, again, repeats=two_of_three)
    assert once.rounds == again.rounds
