"""The faults of exam data: found by what a text says, and not where nothing is wrong."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest

from distill_tests.exams.explanations import stated_letter
from distill_tests.exams.faults import flagged, is_spreadsheet_damage, lacks_figure, lacks_marks
from distill_tests.exams.items import Fault, Item
from distill_tests.exams.reading import read_exam
from distill_tests.types import Image
from tests.exam_files import item

E_EVAL = Path(os.environ.get("DISTILL_TESTS_DATA", "")) / "e-eval"


def faults(*items: Item) -> list[list[str]]:
    return [sorted(one.faults) for one in flagged(items)]


@pytest.mark.parametrize("blank", ["", " ", "\u3000", "&nbsp;", "（   ）", "\u200b"])
def test_a_question_of_white_space_and_brackets_is_blank(blank: str) -> None:
    assert faults(item(blank)) == [["blank_question"]]


def test_options_that_are_empty_or_the_same_to_a_reader_are_found() -> None:
    assert faults(item("Q", "a", "b", "c", "")) == [["missing_option"]]
    assert faults(item("Q", "a", "b", "Ａ", "ａ")) == [["dup_options"]]
    assert faults(item("Q", "a b", "a\u00a0 b", "c", "d")) == [["dup_options"]]
    assert faults(item("Q", "aa", "AA", "Aa", "a a")) == [[]]
    assert faults(item("Q", "", "", "c", "d")) == [["missing_option"]]


# --- spreadsheets -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        ("#NAME?", "3", "4", "5"),
        ("#DIV/0!", "3", "4", "5"),
        ("1900-01-01 01:02:20", "1900-01-01 03:02:20", "1900-01-01 02:02:20", "1900-01-01 01:01:20"),
        ("2023-01-02 00:00:00", "2023-03-04 00:00:00", "2023-02-03 00:00:00", "2023-01-05 00:00:00"),
        ("2:3", "1:4", "1月2日", "5:6"),
        ("1/2", "2-Jan", "2/3", "3/4"),
        ("\\frac12", "2024-01-03", "\\frac14", "\\frac15"),
    ],
)
def test_errors_and_dates_that_a_spreadsheet_made_of_formulas_and_ratios_are_found(
    options: tuple[str, ...],
) -> None:
    assert is_spreadsheet_damage(options)
    assert Fault.EXCEL_CORRUPT in flagged([item("Q", *options)])[0].faults


@pytest.mark.parametrize(
    "options",
    [
        ("1月2日", "3月4日", "5月6日", "7月8日"),
        ("2023-01-02", "2023-01-03", "2023-01-04", "2023-01-05"),
        ("8月18日20:30", "8月18日21:30", "8月19日20:30", "8月19日21:30"),
        ("2024-05-01 13:45:10", "2024-05-01 13:46:10", "2024-05-01 14:45:10", "2024-05-02 13:45:10"),
        ("It shows #NAME? in the cell", "It shows 0", "It shows nothing", "It shows 1"),
        ("1/2", "2/3", "3/4", "4/5"),
        ("#NAME?", "#REF!", "#DIV/0!", "#VALUE!"),
        ("May 1", "a fair", "2:3", "a battle"),
    ],
)
def test_dates_and_times_that_somebody_wrote_are_no_damage(options: tuple[str, ...]) -> None:
    assert not is_spreadsheet_damage(options)


# --- figures and marks --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "如图，小球从斜面滚下，它的速度（　　）",
        "如下图所示，阴影部分的面积是",
        "读图，回答这座山的高度",
        "读“某市人口变化示意图”，人口最多的一年是",
        "该班的课程安排见下表，星期三上几节课",
        "观察表格，说出哪个月降水最多",
        "图中甲处是什么地形",
        "图1所示的电路中，灯泡（ ）",
        "下列器具中与图甲用途相同的是",
        "Which animal is shown in the picture?",
        "The graph below gives the sales of a shop. When were they highest?",
        "Look at the picture and choose the right word.",
        "Which number is missing in the following table?",
        "由图可知，该反应放出热量",
        "从图中可以看出，产量最高的是",
        "观察下面的图片，小猫在桌子的",
        "根据表1，下列说法正确的是",
        "Based on the diagram, which organ is it?",
        "The circuit shown below has two lamps.",
        "According to Figure 2, how fast is the car?",
        "In the picture, the cat is ___ the box.",
        "How many sold apples? Use the graph.",
        "What is this? <img src='cat.png'>",
        "这是什么动物？【图】",
    ],
)
def test_a_question_about_a_figure_that_is_not_there_is_found(question: str) -> None:
    assert lacks_figure(question)
    assert faults(item(question)) == [["figure_missing"]]


@pytest.mark.parametrize(
    "question",
    [
        "阅读下面的短文，选出正确的一项",
        "下列地图中，最适合旅游的是",
        "反比例函数的图象经过哪个象限",
        "图书馆位于学校的哪一边？他企图1小时走完。",
        "水杯放在桌上，上表面和下表面受到的压力",
        "最合适的统计图是（  ）",
        "在方格图中画一个三角形，顶点为（1，2）",
        "例如表达感谢时应该说",
        "例如图形、数据图和剪下图形",
        "左右表哥都来了，一共几个人",
        "She put the picture on the table. Where is the picture?",
        "Which of the following table tennis players paid for table 5?",
        "观察这种图形的对称性，从图书馆借来的书代表1人，手表5点",
        "Which chart is best for shares of a whole?",
        "价格见下表\n| 苹果 | 3 元 |\n| 梨 | 2 元 |\n哪个贵",
    ],
)
def test_figures_and_tables_as_words_or_in_the_text_are_no_fault(question: str) -> None:
    assert not lacks_figure(question)


def test_a_figure_that_comes_with_the_item_is_not_missing() -> None:
    with_image = flagged([item("如图，这是什么")])[0]
    assert with_image.faults
    shown = Item(
        **{
            name: getattr(with_image, name)
            for name in ("id", "task", "split", "question", "options", "answer", "place")
        },
        images=(Image(media_type="image/png", data=b"x"),),
    )
    assert faults(shown) == [[]]


@pytest.mark.parametrize(
    "question",
    [
        "下列加点字的读音正确的一项是",
        "下列各句中加点的词语使用恰当的是",
        "对加点的“而”字理解正确的是",
        "下列句中画横线的部分有语病的是",
        "下列划线词语的解释有误的一项是",
        "下列句子中加粗的词与例句相同的是",
        "下列词语中加线的字读音相同的是",
        "Which word means the same as the underlined word?",
        "Choose the best reading of the italicized phrase.",
        "依次填入下面横线上的词语最恰当的是：春天来了花开了",
    ],
)
def test_a_question_about_marks_that_plain_text_lost_is_found(question: str) -> None:
    assert lacks_marks(question, ["一", "二", "三", "四"])


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("在汤里加点盐，味道会", ["变咸", "变甜", "变酸", "变苦"]),
        ("画线段AB，再取它的中点", ["一个", "两个", "三个", "没有"]),
        ("以地域划线的做法", ["对", "错", "都对", "都错"]),
        ("填入横线处的词是：他____地走了", ["慢慢", "快快", "轻轻", "悄悄"]),
        ("依次填入下列横线处的词语：我 ，他也 。", ["来 去", "去 来", "走 来", "来 走"]),
        ("加点的词用得不对的是：她<u>兴高采烈</u>地哭了", ["甲", "乙", "丙", "丁"]),
        (
            "Which word means the same as the **underlined** word in: a __big__ house?",
            ["large", "x", "y", "z"],
        ),
        (
            "句中加点的词用得不当的是：他兴高采烈，走得飞快，说得头头是道，笑得前仰后合",
            ["兴高采烈", "飞快", "头头是道", "前仰后合"],
        ),
        ("This line underlines the word of the day.", ["a", "b", "c", "d"]),
    ],
)
def test_marks_that_are_there_or_are_not_spoken_of_are_no_fault(question: str, options: list[str]) -> None:
    assert not lacks_marks(question, options)


def test_spaces_that_became_question_marks_are_flagged_and_still_clean() -> None:
    found = flagged([item("最大的湖是（???）"), item("最大的湖是（　　）"), item("What???")])
    assert [sorted(one.faults) for one in found] == [["garbled_blank"], [], []]
    assert all(one.is_clean for one in found)


@pytest.mark.parametrize(
    "piece",
    [
        "![",
        "|",
        ".",
        "?",
        "_",
        "(",
        "( ",
        "<",
        "加下",
        "画横",
        "__a",
        "如图",
        "读“",
        "underlined ",
        " ",
        "选",
        "#",
        "1:",
        "&#",
    ],
)
def test_a_text_of_any_pattern_is_judged_in_bounded_time(piece: str) -> None:
    text = piece * (200_000 // len(piece)) + "x"
    started = time.thread_time()
    faults(item(text, text, "b", "c", "d", explanation=text, split="dev"))
    assert time.thread_time() - started < 10  # 0.3 s


# --- leaks --------------------------------------------------------------------------------------


def test_an_item_of_another_split_is_a_leak_whatever_its_order_and_width() -> None:
    first = item("哪一个是行星？（  ）", "火星", "月亮", "太阳", "彗星")
    second = item("哪一个是行星? （　）", "太阳", "火 星", "彗星", "月亮", split="test", answer=None)
    assert faults(first, second) == [["leak"], ["leak"]]


def test_the_same_item_twice_in_a_split_and_the_same_stem_with_other_options_are_no_leak() -> None:
    first = item("下列说法正确的是", "水是甜的", "火是冷的", "风是蓝的", "石头是硬的")
    other = item("下列说法正确的是", "鸟会飞", "鱼会飞", "马会飞", "牛会飞", split="dev")
    assert faults(first, first, other) == [[], [], []]
    assert faults(item("", split="val"), item("", split="dev")) == [["blank_question"]] * 2


# --- explanations -------------------------------------------------------------------------------

ROWS = [
    (
        "沙漠里的骆驼靠什么储存能量",
        ("驼峰", "耳朵", "尾巴", "蹄子"),
        "A",
        "骆驼的驼峰里有脂肪，用来在沙漠里储存能量，故选A。",
    ),
    (
        "蜜蜂用什么动作告诉同伴花在哪里",
        ("唱歌", "跳舞", "睡觉", "打架"),
        "B",
        "蜜蜂用跳舞的动作告诉同伴花的方向和距离，故选B。",
    ),
    ("海带生长在什么地方", ("高山", "草原", "海水", "雪地"), "C", "海带是藻类，生长在海水中，答案为C。"),
    (
        "竹子开花以后通常会怎样",
        ("变红", "长高", "结果", "枯死"),
        "D",
        "竹子开花以后通常会成片枯死，因此选D。",
    ),
]


def explained(explanations: list[str]) -> list[list[str]]:
    return faults(
        *(
            item(question, *options, answer=answer, explanation=explanation, split="dev", id=str(number))
            for number, ((question, options, answer, _), explanation) in enumerate(
                zip(ROWS, explanations, strict=True)
            )
        )
    )


def test_explanations_of_their_own_questions_are_no_fault() -> None:
    assert explained([row[3] for row in ROWS]) == [[]] * 4


def test_explanations_that_slipped_by_a_row_are_found() -> None:
    slipped = [row[3] for row in (*ROWS[1:], ROWS[0])]
    assert explained(slipped) == [["shifted_explanation"]] * 4


def test_an_explanation_of_another_question_that_names_another_letter_is_found() -> None:
    told = [row[3] for row in ROWS]
    told[1] = "俄国的铁路横贯东西，运输煤炭和木材，故选D。"
    assert explained(told) == [[], ["shifted_explanation"], [], []]


def test_in_a_block_of_strangers_one_that_names_no_letter_is_found_too() -> None:
    told = [
        "俄国的铁路运输煤炭，故选D。",
        "古代文人喝茶下棋。",
        "月食发生在满月，故选A。",
        "诗中写了离别，故选B。",
    ]
    assert explained(told) == [["shifted_explanation"]] * 4


@pytest.mark.parametrize(
    ("explanation", "letter"),
    [
        ("A项错误，B项错误，故选C。", "C"),
        ("所以答案是：（Ｂ）", "B"),
        ("The answer is D, not A.", "D"),
        ("Choose carefully. Because of this the correct option is b.", "B"),
        ("这里没有说出是哪一项。", None),
        ("The answer is Apple.", None),
    ],
)
def test_the_letter_an_explanation_ends_up_with_is_read(explanation: str, letter: str | None) -> None:
    assert stated_letter(explanation) == letter


def test_an_explanation_in_another_language_that_names_the_right_letter_is_no_fault() -> None:
    one = item(
        "What do you say in the morning?",
        "Good night",
        "Good morning",
        answer="B",
        explanation="早上打招呼，故选B。",
    )
    assert faults(one) == [[]]


# --- E-EVAL itself ------------------------------------------------------------------------------


@pytest.mark.skipif(not E_EVAL.is_dir(), reason="DISTILL_TESTS_DATA names no folder with e-eval")
def test_the_known_faults_of_e_eval_are_found_by_the_general_rules() -> None:
    items = read_exam([E_EVAL]).items
    found = Counter(fault for one in items for fault in one.faults)
    assert found[Fault.BLANK_QUESTION] == 3
    assert found[Fault.MISSING_OPTION] == 3
    assert found[Fault.EXCEL_CORRUPT] == 9 + 8
    assert found[Fault.DUPLICATE_OPTIONS] == 13
    assert found[Fault.SHIFTED_EXPLANATION] == 5
    assert found[Fault.GARBLED_BLANK] >= 76
    assert [(one.task, one.split, one.id) for one in items if Fault.LEAK in one.faults] == [
        ("high_school_english", "val", "22"),
        ("high_school_english", "test", "123"),
    ]
