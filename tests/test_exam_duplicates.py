"""Duplicates: what counts as one item, and that none is missed."""

from __future__ import annotations

import os
import random
import time
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.exams.duplicates import NEAR, Likeness, duplicates, grams, jaccard
from distill_tests.exams.faults import leaks
from distill_tests.exams.items import Item
from distill_tests.exams.matching import same_text
from distill_tests.exams.reading import read_exam
from distill_tests.types import Image
from tests.exam_files import item

E_EVAL = Path(os.environ.get("DISTILL_TESTS_DATA", "")) / "e-eval"
FROG = "青蛙小时候叫做什么名字，生活在哪里，用什么呼吸"
TADPOLES = (
    "蝌蚪，生活在水里，用鳃呼吸",
    "蝌蚪，生活在岸上，用肺呼吸",
    "小蛙，生活在树上，用皮肤呼吸",
    "小鱼，生活在海里，用鳃呼吸",
)


def likenesses(*items: Item) -> list[str]:
    return [str(one.likeness) for one in duplicates(items)]


def test_the_same_item_with_other_spaces_width_and_case_is_the_same() -> None:
    first = item("Is this  a river?（  ）", "Yes", "No")
    assert likenesses(first, item("is this a ＲＩＶＥＲ?( )", " yes", "no")) == ["same"]


def test_the_same_item_with_its_options_in_another_order_is_found() -> None:
    found = duplicates([item(FROG, *TADPOLES, split="val"), item(FROG, *reversed(TADPOLES), split="test")])
    assert [(one.likeness, one.similarity, one.crosses_splits) for one in found] == [
        (Likeness.REORDERED, 1.0, True)
    ]


def test_an_item_with_a_word_changed_is_near_even_with_its_options_in_another_order() -> None:
    passage = (
        "小明和爷爷住在山脚下的村子里，每天清早他都要走过一座木桥去上学，木桥下面是一条很浅的小溪，溪里有鱼。"
    )
    second = item(passage.replace("小明", "小强") + FROG, *TADPOLES[2:], *TADPOLES[:2])
    found = duplicates([item(passage + FROG, *TADPOLES), second])
    assert [one.likeness for one in found] == [Likeness.NEAR]
    assert NEAR <= found[0].similarity < 1


def test_a_stem_with_other_options_is_another_item() -> None:
    stem = "下列关于我国河流、湖泊、山脉、平原和沙漠的各种说法中，完全正确并且没有遗漏的一项是"
    assert likenesses(item(stem, *TADPOLES), item(stem, "甲地多雨", "乙地少雨", "丙地有雪", "丁地无风")) == []
    assert likenesses(item(stem, "12", "24", "36", "48"), item(stem, "12", "24", "36", "60")) == []


def test_two_questions_about_one_long_passage_are_two_items_though_their_options_agree() -> None:
    passage = "".join(map(chr, range(0x4E00, 0x4E00 + 400)))
    first = item(passage + "文中的老人们傍晚在什么地方休息聊天", "①②", "①③", "②③", "③④")
    second = item(passage + "夏天孩子们最喜欢做的事情有哪几件呢", "①②", "①③", "②③", "③④")
    assert likenesses(first, second) == []


def test_every_repetition_is_named_with_the_earliest_item_it_repeats() -> None:
    items = [item(FROG, *TADPOLES, id=str(number)) for number in range(4)]
    assert [(one.first.id, one.second.id) for one in duplicates(items)] == [
        ("0", "1"),
        ("0", "2"),
        ("0", "3"),
    ]


def test_items_without_a_question_are_no_duplicates() -> None:
    assert likenesses(item("", *TADPOLES), item(" （ ）", *TADPOLES)) == []


def test_a_similarity_outside_0_to_1_is_refused() -> None:
    for share in (0.0, -1.0, 1.1):
        with pytest.raises(ValueError, match="above 0 and at most 1"):
            duplicates([], at_least=share)


WORDS = ("ant", "bee", "cow", "doe", "elk", "fox", "gnu", "hen", "x", "y")
OPTIONS = st.lists(st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join), min_size=2, max_size=4)


@settings(max_examples=200)
@given(st.lists(OPTIONS, min_size=2, max_size=8), st.sampled_from([0.2, 0.5, 0.55, 0.8, 1.0]))
def test_the_index_finds_what_comparing_all_pairs_finds(rows: list[list[str]], at_least: float) -> None:
    items = [item("Which?", *options, id=str(number)) for number, options in enumerate(rows)]
    found = {one.second.id for one in duplicates(items, at_least=at_least)}
    keys = [sorted(map(same_text, options)) for options in rows]
    firsts = [number for number, key in enumerate(keys) if key not in keys[:number]]
    pieces = [frozenset().union(*map(grams, key)) for key in keys]
    stem = grams(same_text("Which?"))
    expected = {str(number) for number in range(len(rows)) if number not in firsts} | {
        str(second)
        for first, second in combinations(firsts, 2)
        if jaccard(pieces[first], pieces[second]) >= at_least
        and jaccard(pieces[first] | stem, pieces[second] | stem) >= at_least
    }
    assert found == expected


@given(st.permutations(TADPOLES), st.permutations(TADPOLES))
def test_permuting_options_never_hides_a_duplicate(one: list[str], other: list[str]) -> None:
    expected = "same" if one == other else "reordered"
    assert likenesses(item(FROG, *one), item(FROG, *other)) == [expected]


def test_four_thousand_items_of_few_syllables_are_compared_in_seconds() -> None:
    drawn = random.Random(7)
    syllables = [
        first + second for first in "bdfgklmnprst" for second in ("a", "e", "i", "o", "u", "an", "or")
    ]

    def words(count: int) -> str:
        return " ".join("".join(drawn.choices(syllables, k=3)) for _ in range(count))

    items = [
        item(words(14), words(3), words(3), words(3), words(3), id=str(number)) for number in range(4000)
    ]
    items += [
        item(one.question, *reversed(list(one.options.values())), id=f"again-{one.id}") for one in items[:40]
    ]
    started = time.thread_time()
    assert len(duplicates(items)) == 40
    assert time.thread_time() - started < 40  # 2 s


@pytest.mark.skipif(not E_EVAL.is_dir(), reason="DISTILL_TESTS_DATA names no folder with e-eval")
def test_e_eval_has_the_two_known_duplicates_and_no_other() -> None:
    items = read_exam([E_EVAL]).items
    found = [(one.likeness, one.first.task, one.first.id, one.second.id) for one in duplicates(items)]
    assert found == [
        ("same", "high_school_english", "22", "123"),
        ("reordered", "high_school_geography", "90", "103"),
    ]


def test_the_same_words_about_two_images_are_two_items() -> None:
    cat, dog = (Image(media_type="image/png", data=name) for name in (b"cat", b"dog"))
    stem = "Which of these four animals does the child in the picture hold in her arms?"
    items = [
        replace(item(stem, id="0"), images=(cat,)),
        replace(item(stem, id="1", split="test"), images=(dog,)),
        replace(item(stem + " Why", id="2"), images=(dog,)),
        replace(item(stem, id="3", split="dev"), images=(cat,)),
        item(stem, id="4"),
    ]
    pairs = [(one.first.id, one.second.id, str(one.likeness)) for one in duplicates(items)]
    assert pairs == [("1", "2", "near"), ("0", "3", "same")]
    assert list(leaks(items)) == [0, 3]
