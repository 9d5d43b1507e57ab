"""What an exam question looks like when it is sent: one prompt for every model."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests.exams.items import Fault
from distill_tests.exams.reading import read_exam
from distill_tests.kinds._exam_case import shifted
from distill_tests.kinds._exam_prompt import messages, prompt_version
from distill_tests.registry import judges
from distill_tests.types import Exhibit, Image, Model

from .exam_items import asked, item

CHAT = Model(alias="toy", provider="scripted", model="toy-1")
BASE = Model(alias="base", provider="local", model="base-1", ask_as="completion")
SHOT = item("s", question="How many?", answer="C", explanation="One and two make three.")


def texts(*given: object, target: Model = CHAT, **kwargs: object) -> list[tuple[str, str]]:
    return [(one.role, one.text) for one in messages(asked(*given, **kwargs), target)]  # type: ignore[arg-type]  # as asked()


def test_the_layout_is_question_then_a_line_each_then_the_label() -> None:
    [(role, text)] = texts()
    assert role == "user"
    assert text.endswith(
        "\n\nHow far?\nA. one metre\nB. two metres\nC. three metres\nD. four metres\nAnswer:"
    )
    [(_, other)] = texts(layout="brackets")
    assert "\n(A) one metre\n(B) two metres\n" in other


def test_zero_shot_reasoning_asks_for_steps_and_answer_only_does_not() -> None:
    assert "step by step" in texts(reasoning=True)[0][1]
    assert "step by step" not in texts()[0][1]
    assert "nothing else" in texts()[0][1]


def test_shots_are_turns_of_a_dialogue_with_the_letter_as_answer() -> None:
    told = texts(shots=(SHOT, item("t", answer="A")))
    assert [role for role, _ in told] == ["user", "assistant", "user", "assistant", "user"]
    assert [text for role, text in told if role == "assistant"] == ["C", "A"]
    assert "Each of these" in told[0][1]
    assert "Each of these" not in told[2][1]


def test_shots_under_reasoning_show_their_explanation_and_name_the_letter_last() -> None:
    [_, (_, solved), _] = texts(shots=(SHOT,), reasoning=True)
    assert solved == "Step by step:\nOne and two make three.\nThe correct answer is C."


def test_an_explanation_of_another_question_is_not_shown() -> None:
    shot = item(
        "s", answer="C", explanation="Russia is large.", faults=frozenset({Fault.SHIFTED_EXPLANATION})
    )
    [_, (_, solved), _] = texts(shots=(shot,), reasoning=True)
    assert solved == "The correct answer is C."


def test_placement_system_puts_the_instruction_into_a_system_message_after_the_cards_own() -> None:
    card = Model(alias="toy", provider="scripted", model="toy-1", system="Be kind.")
    [(role, system), (_, user)] = texts(placement="system", target=card)
    assert role == "system"
    assert system.startswith("Be kind.\n\nEach of these")
    assert user.startswith("How far?")


def test_chinese_items_are_asked_in_chinese_with_level_and_subject() -> None:
    one = item(level="middle", subject="physics", language="zh")
    [(_, text)] = texts(one, language="zh")
    assert text.startswith("下面是初中物理的单项选择题")
    assert text.endswith("\n答案：")


def test_a_completion_model_gets_one_text_that_ends_where_its_answer_begins() -> None:
    [(role, text)] = texts(shots=(SHOT,), target=BASE)
    assert role == "user"
    assert "Answer: C\n\nHow far?" in text
    assert text.endswith("Answer:")
    [(_, steps)] = texts(shots=(SHOT,), target=BASE, reasoning=True)
    assert steps.endswith("Answer: Step by step:")


def test_without_the_question_only_the_options_are_shown() -> None:
    [(_, text)] = texts(without_question=True)
    assert "How far?" not in text
    assert "A. one metre" in text
    assert "hidden" in text


def test_images_go_with_the_question_that_has_them() -> None:
    picture = Image(media_type="image/png", data=b"png")
    last = messages(asked(item(images=(picture,)), shots=(SHOT,)), CHAT)[-1]
    assert last.images == (picture,)


def test_placeholders_in_data_are_text() -> None:
    one = item(question="{letter} {subject}?", options={"A": "{text}", "B": "{letter}"}, subject="{level}")
    [(_, text)] = texts(one)
    assert "{letter} {subject}?\nA. {text}\nB. {letter}\n" in text


def test_the_prompt_is_pinned() -> None:
    """A change of the wording changes the hash: results are then not those of before."""
    assert prompt_version() == "exam 1 (1ffe2117231a)"


@given(st.integers(0, 30), st.integers(2, 26))
def test_cyclic_orders_keep_the_letters_and_move_the_texts(order: int, count: int) -> None:
    options = {chr(ord("A") + place): f"text {place}" for place in range(count)}
    moved = shifted(options, order)
    assert list(moved) == list(options)
    assert sorted(moved.values()) == sorted(options.values())
    one = asked(item(options=options, answer="B"), order=order)
    assert one.gold is not None
    assert one.shown[one.gold] == "text 1"
    assert one.original(one.gold) == "B"


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_no_answer_in_the_file_has_no_right_letter(order: int) -> None:
    assert asked(item(answer=None), order=order).gold is None


@pytest.mark.parametrize("reasoning", [False, True])
def test_the_judge_reads_every_shot_as_its_answer(reasoning: bool) -> None:
    """What shots teach a model to write, the judge must be able to read."""
    shots = read_exam([Path(__file__).parents[1] / "specs" / "exam" / "data" / "k12_dev.csv"]).items
    judge = judges.get("letter").function
    for shot in shots:
        language: Literal["zh", "en"] = "zh" if shot.language == "zh" else "en"
        told = messages(asked(item(), shots=(shot,), reasoning=reasoning, language=language), CHAT)[1]
        assert judge(Exhibit(answer=told.text, options=shot.options)).label == shot.answer, told.text
