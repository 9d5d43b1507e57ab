"""Template sets of others, single templates, and the rule that only identity questions are asked."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests import specfile
from distill_tests.errors import BadRows, DataError
from distill_tests.search import MAX_CHARS, PLACEHOLDER, check_identity_questions, check_template, filled
from distill_tests.search.templatesets import load_templates

ROW = "Once upon a time a machine was asked: [INSERT PROMPT HERE]"
PACK = Path(specfile.__file__).parents[1] / "data" / "packs" / "questions.yaml"


@pytest.fixture
def shared_data() -> Path:
    folder = os.environ.get("DISTILL_TESTS_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("DISTILL_TESTS_DATA does not name the folder of the shared data")
    return Path(folder)


def written(tmp_path: Path, text: str | bytes, name: str = "set.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# --- one template ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{question}", None),
        ("Say: {question} {question}", None),
        ("[a] {question} {1} {}", None),
        ("no place", "has no {question}"),
        ("", "has no {question}"),
        ("{question}" * 4, "has {question} more than 3 times"),
        ("{question} for {name}", "has another placeholder than {question}"),
        ("x" * 8000 + "{question}", "is longer than 8,000 characters"),
        ("a\0{question}", "holds characters that are no text"),
        ("a\udcff{question}", "holds characters that are no text"),
    ],
)
def test_a_template_that_cannot_be_used_says_why(template: str, why: str | None) -> None:
    assert check_template(template) == why


@settings(deadline=None)
@given(st.text(max_size=50), st.text(max_size=50))
def test_the_question_goes_where_the_placeholder_is(before: str, question: str) -> None:
    assert filled(before + PLACEHOLDER, question).endswith(question)


# --- sets -----------------------------------------------------------------------------------------


def test_the_published_set_loads_whole(shared_data: Path) -> None:
    seeds = load_templates(shared_data / "gptfuzz" / "GPTFuzzer.csv")
    assert len(seeds) == 77
    assert seeds[0].id == "GPTFuzzer-0"
    assert len({seed.id for seed in seeds}) == 77
    assert all(check_template(seed.template) is None for seed in seeds)
    assert not any("[INSERT PROMPT HERE]" in seed.template for seed in seeds)


def test_a_csv_may_have_other_columns_a_byte_order_mark_and_quoted_lines(tmp_path: Path) -> None:
    text = '\ufeffsource,text,id\nx,"One,\ntwo ""three"": [INSERT PROMPT HERE]",7\ny,' + ROW + ",8\n"
    first, second = load_templates(written(tmp_path, text))
    assert (first.id, first.template) == ("set-7", 'One,\ntwo "three": {question}')
    assert (second.id, second.language) == ("set-8", None)


def test_jsonl_sets_load_with_their_own_placeholder(tmp_path: Path) -> None:
    rows = [
        {"id": 3, "jailbreak_prompt": "A: {query}"},
        {"text": "B: {prompt}"},
        {"template": "C: {question}"},
    ]
    path = written(tmp_path, "\n\n".join(json.dumps(row) for row in rows), "set.jsonl")
    assert [(seed.id, seed.template) for seed in load_templates(path)] == [
        ("set-3", "A: {question}"),
        ("set-line-3", "B: {question}"),
        ("set-line-5", "C: {question}"),
    ]


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ("0,no place\n", "set.csv:3: the template has no {question}"),
        ("0,\n", "set.csv:3: the template has no {question}"),
        ("0,a,b\n", "set.csv:3: has 3 cells; the header has 2"),
        ("0\n", "set.csv:3: has 1 cells; the header has 2"),
        (f"ok,{ROW}\n", "set.csv:3: id 'ok' was used before"),
        ('0,"a"b\n', "set.csv:3: not CSV"),
        ('0,"never closed\n', "set.csv:3: not CSV"),
        (f"0,\0{ROW}\n", "set.csv:3: the template holds characters that are no text"),
        (b"0,\xff\xfe[INSERT PROMPT HERE]\n", "set.csv:3: the template holds characters that are no text"),
        (f"0,{'x' * 9000}[INSERT PROMPT HERE]\n", "set.csv:3: the template is longer than 8,000 characters"),
        (f"0,{'x' * 200_000}\n", "set.csv:3: not CSV: field larger than field limit"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line_and_may_be_left_out(
    tmp_path: Path, rows: str | bytes, wrong: str
) -> None:
    body = rows if isinstance(rows, bytes) else rows.encode()
    path = written(tmp_path, f"id,text\nok,{ROW}\n".encode() + body)
    with pytest.raises(BadRows) as caught:
        load_templates(path)
    assert str(tmp_path / wrong) in str(caught.value)
    assert [problem.place.line for problem in caught.value.problems] == [3]
    assert [seed.id for seed in load_templates(path, max_bad_rows=1)] == ["set-ok"]


def test_other_words_in_braces_are_no_placeholders(tmp_path: Path) -> None:
    (seed,) = load_templates(written(tmp_path, "id,text\n0,print({ name }) {System: go} {query}\n"))
    assert seed.template == "print([name]) {System: go} {question}"


def test_lines_are_counted_through_quoted_rows(tmp_path: Path) -> None:
    path = written(tmp_path, f'id,text\n0,"a\nb\n{ROW}"\n1,bad\n')
    with pytest.raises(BadRows, match=r"set\.csv:5: "):
        load_templates(path)


@pytest.mark.parametrize(
    ("name", "content", "wrong"),
    [
        ("set.csv", "", "holds no template"),
        ("set.csv", "id,text\n", "holds no template"),
        ("set.csv", "id,words\n0,a\n", ":1: no column named text"),
        ("set.txt", "id,text\n", "is a .csv or a .jsonl file"),
        ("set.csv", "id,text\n" + "x" * 1_000_001, ":2: longer than 1,000,000 characters"),
        ("set.jsonl", "[1]\n{}\nnot json\n", ":1: not a JSON object"),
        ("set.jsonl", '{"text": 5}\n', ":1: no text under"),
        ("set.jsonl", "[" * 50_000, ":1: not usable JSON"),
        ("set.jsonl", '{"text": "\\ud800 {query}"}', ":1: the template holds characters that are no text"),
    ],
)
def test_a_file_that_holds_no_set_is_refused(tmp_path: Path, name: str, content: str, wrong: str) -> None:
    with pytest.raises(DataError) as caught:
        load_templates(written(tmp_path, content, name))
    assert wrong in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        load_templates(tmp_path / "none.csv")


def test_many_bad_rows_are_counted_and_the_first_are_named(tmp_path: Path) -> None:
    path = written(tmp_path, "id,text\n" + "".join(f"{n},bad\n" for n in range(300)))
    with pytest.raises(BadRows, match="and 250 more rows like these"):
        load_templates(path)


def test_a_set_of_too_many_rows_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "id,text\n" + "".join(f"{n},{{query}}\n" for n in range(20_001)))
    with pytest.raises(DataError, match="more than 20,000 rows"):
        load_templates(path)


# --- identity questions only ----------------------------------------------------------------------


def test_every_question_of_the_shipped_pack_is_about_the_speaker() -> None:
    texts = [
        text
        for line in PACK.read_text(encoding="utf-8").splitlines()
        if line.lstrip().startswith("{topic")
        for text in line.split('"')[1::2]
    ]
    assert len(texts) > 100
    assert [str(problem) for problem in check_identity_questions(texts)] == []


def test_every_published_question_is_about_the_speaker(shared_data: Path) -> None:
    lines = (shared_data / "ice" / "GPT_identity.csv").read_text(encoding="utf-8-sig").splitlines()
    texts = [line.split(",")[0] for line in lines[1:] if line[:1] in "WCTDIA您请能你是在该" and "," in line]
    assert len(texts) > 20
    assert [str(problem) for problem in check_identity_questions(texts)] == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("What is the capital of France?", "is not put to the listener"),
        ("Which company developed Windows?", "is not put to the listener"),
        ("How do you make a bomb?", "asks for no fact of the listener's identity"),
        ("How do I get into your neighbour's account?", "asks for no fact"),
        ("Who made you, and how do I pick a lock?", "'how do i pick a lock' asks for something else"),
        ("Who made you, how do I pick a lock?", "'how do i pick a lock' asks for something else"),
        ("Which company made you? Write a poem about spring.", "'write a poem about spring' asks"),
        ("Tell me how to cheat your company.", "'how to' is asked for"),
        ("法国的首都是哪里？", "is not put to the listener"),
        ("你觉得今天天气怎么样？", "asks for no fact"),
        ("你是谁？请写一首关于春天的诗。", "'请写一首关于春天的诗' asks for something else"),
        ("你是谁，如何制作火药？", "'如何制作' is asked for"),
        ("", "holds no words"),
        ("??? 42", "holds no words"),
        ("Who made you? " * 40, "longer than 300 characters"),
    ],
)
def test_other_questions_are_refused_with_the_reason(text: str, why: str) -> None:
    (problem,) = check_identity_questions([text])
    assert why in problem.why
    assert str(problem).startswith("question 1 (")


@pytest.mark.parametrize(
    "text",
    [
        "Who are you?",
        "ARE YOU CHATGPT?",
        "Are you ChatGPT or Claude?",
        "Which version are you, and who published it?",
        "What is the name of your maker’s founder?",
        "Please introduce yourself, then name your developer.",
        "你是ChatGPT吗？",
        "您的开发公司总部在哪里？",
    ],
)
def test_identity_questions_pass(text: str) -> None:
    assert check_identity_questions([text]) == ()


def test_problems_are_numbered_as_the_questions_were_given() -> None:
    found = check_identity_questions(["Who are you?", "What time is it?", "你是谁？", "几点了？"])
    assert [problem.number for problem in found] == [2, 4]


@settings(deadline=None)
@given(st.text(max_size=320))
def test_any_text_is_told(text: str) -> None:
    assert len(check_identity_questions([text])) <= 1


def test_the_length_bound_covers_the_longest_published_template() -> None:
    assert MAX_CHARS > 5498
