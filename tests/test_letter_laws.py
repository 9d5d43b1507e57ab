"""Laws of the ``letter`` judge: true of any options and of every way to say an answer that is listed here."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distill_tests.judges.letter import letter
from distill_tests.types import Exhibit, Score

LAW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LETTERS = "ABCDEFGHJK"
WORDS = re.findall(
    r"\S+",
    "copper lantern meadow granite thimble orchard puffin canal saddle velvet 琥珀 灯塔 驿站 竹简 陶罐 渡口",
)
SAYINGS = (
    "{}",
    "{}.",
    "({})",
    "The answer is {}.",
    "The correct answer is {}",
    "I'd go with {}.",
    "I choose {}.",
    "{} is correct.",
    "Option {} is the best choice.",
    "My final answer: {}",
    "So the answer must be {}.",
    "It must be {}.",
    "答案是{}。",
    "故选{}。",
    "所以选择 {} 项。",
    "{}选项正确。",
    "正确答案为：{}。",
    "应选{}",
    "因此，本题选{}。",
    "\\boxed{{{}}}",
    '{{"answer": "{}"}}',
    "<answer>{}</answer>",
    "The answer is definitely not {other}; it is {}.",
    "{other} is wrong, so the answer is {}.",
    "答案不是{other}，而是{}。",
    "{other}错误，{}正确。",
    "I first thought it was {other}. Wait, actually the answer is {}.",
    "<think>Is it {other}? I say {other}.</think>The answer is {}.",
)
UNDECIDED = (
    "{} and {other}",
    "{} or {other}",
    "The answer is {} and {other}.",
    "答案是{}和{other}。",
    "I am torn between {} and {other}.",
    "It is not {}.",
    "不选{}。",
    "我不知道。",
    "The answer is",
    "",
)
WRAPPINGS = (
    "**{}**",
    "`{}`",
    "({})",
    "[{}]",
    "【{}】",
    "（{}）",
    '"{}"',
    "“{}”",
    "__{}__",
    "「{}」",
    "$\\text{{{}}}$",
)
PROSE = (
    "The reasons were given above.",
    "Hope this helps!",
    "Let me know whether more detail would be useful.",
    "It lies near the river, where trade was heavy.",
    "这道题考查基础知识。",
    "希望对你有帮助！",
    "以上分析仅供参考。",
    "\n\nThank you for reading.",
)


@st.composite
def questions(draw: st.DrawFn) -> tuple[dict[str, str], str, str]:
    """Options, the letter that a reply will choose, and another one."""
    count = draw(st.integers(2, 8))
    texts = draw(st.permutations(WORDS))[:count]
    letters = LETTERS[:count]
    chosen, other = draw(st.permutations(letters))[:2]
    return dict(zip(letters, texts, strict=True)), chosen, other


def judged(reply: str, options: dict[str, str]) -> Score:
    return letter(Exhibit(answer=reply, options=options))


@LAW
@given(question=questions(), saying=st.sampled_from(SAYINGS))
def test_every_way_to_say_an_answer_is_read(question: tuple[dict[str, str], str, str], saying: str) -> None:
    options, chosen, other = question
    assert judged(saying.format(chosen, other=other), options).label == chosen


@LAW
@given(question=questions(), saying=st.sampled_from(UNDECIDED))
def test_what_chooses_nothing_or_several_is_invalid(
    question: tuple[dict[str, str], str, str], saying: str
) -> None:
    options, chosen, other = question
    if len(options) == 2 and "{other}" not in saying and "{}" in saying:
        return  # of two options the one that is not ruled out is left
    score = judged(saying.format(chosen, other=other), options)
    assert (score.label, score.value, score.marks) == ("invalid", 0.0, {"invalid": 1.0})


@LAW
@given(question=questions(), saying=st.sampled_from(SAYINGS + UNDECIDED), data=st.data())
def test_permuting_the_options_permutes_the_letter(
    question: tuple[dict[str, str], str, str], saying: str, data: st.DataObject
) -> None:
    options, chosen, other = question
    moved = dict(zip(options, data.draw(st.permutations(sorted(options))), strict=True))
    permuted = {moved[one]: text for one, text in options.items()}
    permuted = {one: permuted[one] for one in sorted(permuted)}
    before = judged(saying.format(chosen, other=other), options).label
    after = judged(saying.format(moved[chosen], other=moved[other]), permuted).label
    assert after == moved.get(before, "invalid")


@LAW
@given(
    question=questions(),
    form=st.sampled_from(("The answer is {}.", "{}", "答案是{}。", "{}. {text}")),
    data=st.data(),
)
def test_an_answer_by_its_text_moves_with_the_text(
    question: tuple[dict[str, str], str, str], form: str, data: st.DataObject
) -> None:
    options, chosen, _other = question
    moved = dict(zip(options, data.draw(st.permutations(sorted(options))), strict=True))
    permuted = dict(sorted((moved[old], text) for old, text in options.items()))
    text = options[chosen]
    told = form.format(moved[chosen], text=text) if "text" in form else form.format(text)
    assert judged(told, permuted).label == moved[chosen]


@LAW
@given(
    question=questions(),
    saying=st.sampled_from(SAYINGS[3:-1]),
    wrapping=st.sampled_from(WRAPPINGS),
)
def test_wrapping_the_letter_in_markup_or_brackets_changes_nothing(
    question: tuple[dict[str, str], str, str], saying: str, wrapping: str
) -> None:
    options, chosen, other = question
    if '"answer"' in saying and '"' in wrapping:
        return
    wrapped = saying.format(wrapping.format(chosen), other=wrapping.format(other))
    assert judged(wrapped, options).label == chosen


@LAW
@given(
    question=questions(),
    saying=st.sampled_from(SAYINGS),
    wrapping=st.sampled_from(("**{}**", "# {}", "> {}", "- {}", "*{}*", "<p>{}</p>")),
)
def test_wrapping_the_reply_in_markup_changes_nothing(
    question: tuple[dict[str, str], str, str], saying: str, wrapping: str
) -> None:
    options, chosen, other = question
    told = saying.format(chosen, other=other)
    if told.startswith("<think>"):
        return
    assert judged(wrapping.format(told), options).label == chosen


@LAW
@given(question=questions(), saying=st.sampled_from(SAYINGS + UNDECIDED))
def test_full_width_or_lower_case_changes_nothing(
    question: tuple[dict[str, str], str, str], saying: str
) -> None:
    options, chosen, other = question
    before = judged(saying.format(chosen, other=other), options).label
    wide = saying.format(chr(ord(chosen) + 0xFEE0), other=chr(ord(other) + 0xFEE0))
    assert judged(wide, options).label == before
    assert judged(saying.format(chosen.lower(), other=other.lower()), options).label == before
    circled = saying.format(chr(ord(chosen) - 65 + 0x24B6), other=chr(ord(other) - 65 + 0x24B6))
    assert judged(circled, options).label == before


@LAW
@given(
    question=questions(),
    saying=st.sampled_from(SAYINGS + UNDECIDED[:7]),
    prose=st.lists(st.sampled_from(PROSE), min_size=1, max_size=4),
)
def test_appending_prose_without_letters_changes_nothing(
    question: tuple[dict[str, str], str, str], saying: str, prose: list[str]
) -> None:
    options, chosen, other = question
    told = saying.format(chosen, other=other)
    before = judged(told, options).label
    end = "" if re.search(r"[.。!！>}]$", told) else "."
    assert judged(" ".join([told + end, *prose]), options).label == before
    assert judged("\n\n".join([told, *prose]), options).label == before


SOUP = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from("ABCDabcdＡＢ ()[]{}*`\\$<>|:：。.、，\n答案是选不正确错误theanswer\u200b\ue001"),
    ),
    max_size=200,
)
PIECES = st.lists(
    st.sampled_from(
        [
            *re.findall(
                r"\S+",
                "A B C D a b , . : ( ) is not so answer the correct wrong 答案 是 选 不 "
                "正确 错误 故 \\boxed{ } ** </think> <think> ? and or 和 wait 不对 if none",
            ),
            "\n",
            " ",
        ]
    ),
    max_size=50,
).map(" ".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reply=st.one_of(SOUP, PIECES), texts=st.lists(SOUP, min_size=2, max_size=6))
def test_any_text_gets_a_label_with_evidence_inside_it(reply: str, texts: list[str]) -> None:
    options = dict(zip(LETTERS, texts, strict=False))
    score = judged(reply, options)
    assert score.label in {*options, "invalid"}
    assert score.value == float(score.label != "invalid") == 1 - score.marks["invalid"]
    assert all(0 <= span.start < span.end <= len(reply) for span in score.evidence)
    assert score.details["rule"]
    assert score == judged(reply, options)


@pytest.mark.parametrize(
    "unit",
    [
        "A is ",
        "A. ",
        "答案是",
        "A、",
        "A\n",
        "1. A\n",
        "\\boxed{",
        "the answer ",
        "**",
        "A B C D ",
        "<b",
        "\n\n12. hello\nA. x\nB. y\n",
        "A,",
        "A (",
        " ",
        "\n",
        "C, not B. ",
        "- A: x, no\n",
    ],
)
def test_time_grows_with_the_length_of_the_reply_and_no_faster(unit: str) -> None:
    options = {"A": "London", "B": "Paris", "C": "Berlin"}

    def seconds(length: int) -> float:
        text = (unit * (length // len(unit) + 1))[:length]
        started = time.thread_time()
        judged(text, options)
        return time.thread_time() - started

    seconds(500)
    # Anything may slow a machine down for a moment; a program that is too slow is so each time.
    assert any(seconds(8_000) < 40 * (seconds(1_000) + 0.01) for _ in range(5))


def test_ten_megabytes_take_no_longer_than_what_is_read_of_them() -> None:
    options = {"A": "London", "B": "Paris", "C": "Berlin"}
    started = time.thread_time()
    score = judged("x is y. " * 1_250_000 + "\nThe answer is B.", options)
    assert score.label == "B"
    assert score.evidence[0].end >= 10_000_000
    assert time.thread_time() - started < 10  # 0.1 s
