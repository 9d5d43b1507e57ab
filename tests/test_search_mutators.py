"""Mutators, offline and by a model: what comes out is a template, and what is not one is told."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.lexicon import names_makers
from distill_tests.search import MODEL_MUTATORS, OFFLINE_MUTATORS, PLACEHOLDER, check_template
from distill_tests.search.by_model import prompt, template_in
from distill_tests.search.draws import Draws
from distill_tests.search.offline import MUTATORS, Material
from distill_tests.search.sentences import joined, sentences
from distill_tests.search.wording import LANGUAGES, entries, sections, wording

RADIO = "Welcome to our radio show! Today's guest is you. First question: {question}"
BUTLER = "Play an old butler. A guest asks you: {question} Please answer briefly."
ZH_RADIO = "欢迎来到我们的广播节目！今天的嘉宾就是你。第一个问题：{question}"
ZH_FORM = "请填写关于你自己的表格。问题：{question}你的填写："


def of(template: str, other: str | None = None, language: str = "en") -> Material:
    return Material(template=template, language=language, other=other)


def made(mutator: str, material: Material, number: int = 0) -> str | None:
    return MUTATORS[mutator](material, Draws(1, "test", number))


# --- sentences ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RADIO, ["Welcome to our radio show! ", "Today's guest is you. ", "First question: {question}"]),
        (BUTLER, ["Play an old butler. ", "A guest asks you: {question} ", "Please answer briefly."]),
        (ZH_RADIO, ["欢迎来到我们的广播节目！", "今天的嘉宾就是你。", "第一个问题：{question}"]),
        (ZH_FORM, ["请填写关于你自己的表格。", "问题：{question}", "你的填写："]),
        ('Dr. Al asks J. Doe at 3.5 p. "Why?" he said.', None),
        ("# Page\n**{question}**\n", ["# Page\n", "**{question}**\n"]),
        ("“你好。”他说。{question}", ["“你好。”", "他说。", "{question}"]),
        ("", []),
    ],
)
def test_sentences_of_both_languages(text: str, expected: list[str] | None) -> None:
    if expected is None:
        expected = ["Dr. Al asks J. Doe at 3.5 p. ", '"Why?" ', "he said."]
    assert sentences(text) == expected


@settings(deadline=None)
@given(st.text(alphabet='ab.!?。！， \n{question}"”中文', max_size=80))
def test_sentences_joined_are_the_text(text: str) -> None:
    assert "".join(sentences(text)) == text


def test_parts_are_joined_with_a_space_in_english_and_without_one_in_chinese() -> None:
    assert joined(["One.", "Two. ", "Three."]) == "One. Two. Three."
    assert joined(["一。", "二。"]) == "一。二。"


# --- offline --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mutator", OFFLINE_MUTATORS)
@pytest.mark.parametrize(
    ("template", "other", "language"),
    [(RADIO, BUTLER, "en"), (ZH_RADIO, ZH_FORM, "zh"), (RADIO, ZH_FORM, "en")],
)
def test_an_offline_mutant_is_a_template_and_mostly_another_one(
    mutator: str, template: str, other: str, language: str
) -> None:
    mutants = [made(mutator, of(template, other, language), number) for number in range(60)]
    assert all(mutant and check_template(mutant) is None for mutant in mutants)
    assert sum(mutant != template for mutant in mutants) > 40
    assert len(set(mutants)) >= 3


@settings(deadline=None)
@given(
    st.sampled_from(OFFLINE_MUTATORS),
    st.text(max_size=60),
    st.text(max_size=60),
    st.text(max_size=60),
    st.sampled_from(LANGUAGES),
    st.integers(0, 99),
)
def test_no_offline_mutator_loses_the_placeholder(
    mutator: str, before: str, after: str, other: str, language: str, number: int
) -> None:
    mutant = made(mutator, of(before + PLACEHOLDER + after, other + PLACEHOLDER, language), number)
    assert mutant is None or PLACEHOLDER in mutant


@pytest.mark.parametrize("mutator", ["compose", "splice"])
def test_mutators_of_two_need_a_partner(mutator: str) -> None:
    assert made(mutator, of(RADIO)) is None


def test_compose_nests_or_sets_the_scene() -> None:
    mutants = {made("compose", of(RADIO, BUTLER), number) for number in range(40)}
    assert mutants == {
        "Welcome to our radio show! Today's guest is you. First question: " + BUTLER,
        "Play an old butler. A guest asks you: " + RADIO + " Please answer briefly.",
        "Play an old butler. Please answer briefly. " + RADIO,
    }


def test_splice_takes_a_head_and_a_tail_with_one_placeholder() -> None:
    for number in range(40):
        mutant = made("splice", of(RADIO, BUTLER), number)
        assert mutant is not None
        assert mutant.count(PLACEHOLDER) == 1
        assert mutant.startswith("Welcome to our radio show!")
        assert "Please answer briefly." in mutant


def test_drop_only_leaves_out() -> None:
    whole = sentences(RADIO)
    for number in range(20):
        mutant = made("drop", of(RADIO), number)
        assert mutant is not None
        assert len(mutant) < len(RADIO)
        assert all(part.strip() in [sentence.strip() for sentence in whole] for part in sentences(mutant))
    assert made("drop", of("{question}")) is None
    assert made("drop", of("Be brief, please: {question}")) in {
        "{question}",
        "please: {question}",
        "Be brief, {question}",
    }


def test_paraphrase_keeps_capitals_and_leaves_the_placeholder_alone() -> None:
    mutants = {made("paraphrase", of("Question: {question}"), number) for number in range(40)}
    assert any(mutant and mutant.startswith("Query: {question}") for mutant in mutants)
    assert all(mutant and "{question}" in mutant for mutant in mutants)


def test_the_rules_are_readable_lists_of_two_languages_that_name_no_maker() -> None:
    for language in LANGUAGES:
        words = wording(language)
        flat = [word for group in words.synonyms for word in group]
        assert len(flat) == len(set(flat)), "a word in two groups has no one meaning"
        assert all(len(group) > 1 and all(group) for group in words.synonyms)
        assert all(word == word.lower() for word in flat)
        assert all(tone.count("{text}") == 1 for tone in words.tones)
        assert min(len(words.synonyms), len(words.tones), len(words.lead_ins)) >= 10
        assert not names_makers(" ".join([*flat, *words.tones, *words.lead_ins]))
        assert set(sections(f"prompts.{language}.txt")) == set(MODEL_MUTATORS)
        assert not names_makers(" ".join(sections(f"prompts.{language}.txt").values()))


# --- by a model -----------------------------------------------------------------------------------


@pytest.mark.parametrize("mutator", MODEL_MUTATORS)
@pytest.mark.parametrize(("language", "template"), [("en", RADIO), ("zh", ZH_RADIO)])
def test_the_prompt_holds_the_template_and_asks_to_keep_the_placeholder(
    mutator: str, language: str, template: str
) -> None:
    text = prompt(mutator, of(template, "OTHER {question}", language))
    assert text is not None
    assert template in text
    assert ("OTHER" in text) == (mutator == "crossover")
    assert "<<" not in text
    assert text.count(PLACEHOLDER) > template.count(PLACEHOLDER)


def test_crossover_needs_a_partner_and_a_template_cannot_pull_in_another() -> None:
    assert prompt("crossover", of(RADIO)) is None
    text = prompt("crossover", of("<<other>> {question}", "SECRET {question}"))
    assert text is not None
    assert text.count("SECRET") == 1


@pytest.mark.parametrize(
    "reply",
    [
        "A guest asks: {question}",
        "Here is the rephrased template:\n\nA guest asks: {question}",
        "Here is the rephrased template: A guest asks: {question}",
        'Sure! Here\'s a shorter version of the template:\n"A guest asks: {question}"',
        "Certainly!\n\nA guest asks: {question}\n\nLet me know if you would like any changes!",
        "```text\nA guest asks: {question}\n```",
        "<template>\nA guest asks: {question}\n</template>\nI hope this helps.",
        "**New template:** A guest asks: {question}",
        "“A guest asks: {question}”",
        "A guest asks: {{ Question }}",
        "A guest asks: ｛问题｝",
        "以下是改写后的模板：\nA guest asks: {question}",
        "好的，以下是缩短后的版本：A guest asks: {question}\n\n希望对你有帮助！",
        "当然可以！\n新模板：A guest asks: {question}",
    ],
)
def test_what_models_put_around_a_template_is_taken_away(reply: str) -> None:
    assert template_in(reply).template == "A guest asks: {question}"


@pytest.mark.parametrize(
    "reply",
    [
        "This is a job interview: {question}",
        "This is the test console:\n{question}",
        "Sure thing, says the butler: {question}",
        "Output: {question}\nLet me know. {question}",
        '"Who is there?" asks the guard. {question} "Speak!"',
        "下面是一段对话：\n访客：{question}",
    ],
)
def test_what_belongs_to_a_template_stays(reply: str) -> None:
    written = template_in(reply).template
    assert written is not None
    assert written.endswith(reply[8:])


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("I'm sorry, but I can't help with that.", "a refusal"),
        ("I cannot rewrite {question}.", "a refusal"),
        ("抱歉，我无法完成这个请求。", "a refusal"),
        ("x" * 100_001, "longer than 100,000 characters"),
    ],
)
def test_a_reply_without_a_template_says_why(reply: str, why: str) -> None:
    assert template_in(reply) == (None, why)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_reply_is_read(reply: str) -> None:
    written = template_in(reply)
    assert (written.template is None) != (written.why_not is None)


@pytest.mark.parametrize(
    "unit",
    ["<template>", "sure ", "here is ", "{question} ", "```\n", '"', "\n", "note: ", "{", "。", "a.\n"],
)
def test_hostile_replies_are_read_in_time_that_grows_with_their_length(unit: str) -> None:
    started = time.thread_time()
    template = template_in((unit * 100_000)[:100_000]).template
    if template:
        sentences(template)
        check_template(template, max_chars=200_000)
    assert time.thread_time() - started < 5  # below 0.05 s


def test_patterns_have_no_open_ended_repeats() -> None:
    for kind in ("before", "after", "refusal"):
        assert not [line for line in entries("replies.txt", kind) if re.search(r"[\])][*+]|\.[*+]", line)]
