"""The judge ``resemblance``: what holds of any two texts, what it says, and its rows."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.judges.resemblance import resemblance
from distill_tests.registry import judges
from distill_tests.resemblance.model import SAME, SCALES, likeness
from distill_tests.resemblance.reading import LONGEST
from distill_tests.types import Exhibit, Score

texts = st.text(max_size=300)
WRITTEN = {
    "How do I keep basil alive?": (
        "Here is how to keep basil alive:\n\n1. Water it when the top of the soil is dry.\n"
        "2. Give it six hours of sun.\n3. Pinch off the flowers so that the leaves stay tender.\n\nEnjoy!",
        "To keep basil alive:\n\n1. Water it once the soil feels dry on top.\n"
        "2. Put it where it has about six hours of sun.\n3. Cut the flowers off early.\n\nGood luck!",
    ),
    "Why is the sea salty?": (
        "Rivers wash salt out of rock and carry it to the sea. Water leaves the sea again as vapour, but the "
        "salt stays behind, so over millions of years it has become more and more concentrated.",
        "The sea is salty because rain and rivers dissolve minerals from rock. The water evaporates and the "
        "minerals remain, and hot vents on the sea floor add more of them.",
    ),
    "Write two lines about a lighthouse.": (
        "A lantern turns above the foam,\nand calls the tired sailors home.",
        "It blinks all night beside the bay\nand keeps the hungry rocks at bay.",
    ),
    "Sort a list in Python.": (
        "Use `sorted`:\n\n```python\nnumbers = sorted([3, 1, 2])\n```\n\nIt returns a new list.",
        "You can call the method:\n\n```python\nnumbers = [3, 1, 2]\nnumbers.sort()\n```\n\nIt sorts it.",
    ),
    "Which bus goes to the market?": (
        "The number 12 goes to the market every ten minutes.",
        "I'm sorry, I do not have access to local timetables. Please look at the operator's site.",
    ),
}


def judged(test: str, reference: str, prompt: str = "") -> Score:
    return resemblance(Exhibit(answer=test, references=(reference,), prompt=prompt))


# --- laws ---------------------------------------------------------------------------------------


@given(one=texts, other=texts, prompt=st.text(max_size=40))
@settings(max_examples=150, deadline=None)
def test_exchanging_the_two_responses_changes_nothing(one: str, other: str, prompt: str) -> None:
    assert likeness(one, other, prompt) == likeness(other, one, prompt)


@given(text=texts, prompt=st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_identical_texts_are_exactly_the_top_of_every_scale(text: str, prompt: str) -> None:
    assert likeness(text, text, prompt) == SAME == (2.0, 2.0, 2.0, 5.0)


@given(one=texts, other=texts)
@settings(max_examples=100, deadline=None)
def test_every_number_is_within_its_scale(one: str, other: str) -> None:
    for head, value in likeness(one, other)._asdict().items():
        low, high = SCALES[head]
        assert low <= value <= high


@given(pair=st.sampled_from(sorted(WRITTEN.values())), end=st.sampled_from(["\r\n", "\r", " \n", "\t\n"]))
@settings(deadline=None)
def test_line_ends_and_spaces_at_line_ends_make_no_difference(pair: tuple[str, str], end: str) -> None:
    one, other = pair
    assert likeness(one.replace("\n", end), other) == likeness(one, other)
    assert likeness("\n\n" + one.replace("\n\n", "\n\n\n\n") + "\n", one) == SAME


@pytest.mark.parametrize("pair", sorted(WRITTEN.values()))
def test_a_copy_with_a_word_changed_is_very_alike(pair: tuple[str, str]) -> None:
    words = pair[0].split(" ")
    changed = " ".join(["surely" if at == len(words) // 2 else word for at, word in enumerate(words)])
    assert changed != pair[0]
    assert likeness(pair[0], changed).overall > likeness(*pair).overall
    assert likeness(pair[0], changed).overall >= 4.0


# --- what it says -------------------------------------------------------------------------------


def test_responses_to_other_prompts_are_unlike_on_average() -> None:
    prompts = sorted(WRITTEN)
    found = [likeness(WRITTEN[a][0], WRITTEN[b][1], a).overall for a in prompts for b in prompts if a != b]
    assert sum(found) / len(found) <= 1.75


def test_two_answers_of_one_build_are_more_alike_than_an_answer_and_a_refusal() -> None:
    listed = likeness(*WRITTEN["How do I keep basil alive?"])
    refused = likeness(*WRITTEN["Which bus goes to the market?"])
    assert listed.overall >= refused.overall + 1.0
    assert listed.logic > refused.logic
    assert listed.content > refused.content


def test_the_reason_names_each_dimension_and_what_is_apart() -> None:
    test, reference = WRITTEN["Which bus goes to the market?"]
    score = judged(test, reference)
    for word in ("style", "logic", "content", "a refusal", "words"):
        assert word in score.reason
    assert score.value == score.marks["overall"]
    assert score.label in ("unlike", "very unlike")


@pytest.mark.parametrize(
    ("test", "reference", "language"),
    [
        ("海水是咸的，因为河流把盐带进海里。", "河水把岩石里的盐分带到大海，所以海水是咸的。", "Chinese"),
        ("Море солёное из-за рек.", "Реки несут соль в море.", "this script"),
        ("海はしょっぱいです。", "うみのみずはしょっぱい。", "Japanese or Korean"),
        ("Il mare è salato. " * 12, "L'acqua del mare contiene sale.", "languages other than English"),
    ],
)
def test_other_languages_are_compared_and_named_as_unmeasured(
    test: str, reference: str, language: str
) -> None:
    score = judged(test, reference)
    assert score.value is not None
    assert f"unmeasured for {language}" in score.reason
    assert score.unsure


def test_english_is_not_called_unmeasured() -> None:
    assert not any("unmeasured" in judged(*pair).reason for pair in WRITTEN.values())


def test_chinese_texts_on_one_thing_are_more_alike_than_on_two() -> None:
    salt = "海水是咸的，因为河流把岩石里的盐分带进海里。"
    same = likeness(salt, "因为河流把岩石里的盐带到海里，所以海水是咸的。")
    other = likeness(salt, "要种好罗勒，请每天给它六小时的阳光。")
    assert same.overall > other.overall


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", ["", " \n\t", "\u200b\u3000", "\x00"])
def test_an_empty_response_is_unscored_and_never_a_low_score(blank: str) -> None:
    for test, reference, which in ((blank, "Yes.", "test"), ("Yes.", blank, "reference")):
        score = judged(test, reference)
        assert (score.value, score.label) == (None, "unscored")
        assert f"the {which} response is empty" in score.reason


@pytest.mark.parametrize("references", [(), ("a", "b")])
def test_it_takes_exactly_one_reference(references: tuple[str, ...]) -> None:
    score = resemblance(Exhibit(answer="Yes.", references=references))
    assert score.value is None
    assert f"exactly one reference response (got {len(references)})" in score.reason


def test_one_word_is_scored() -> None:
    for other in ("Paris.", "Rome"):
        assert set(judged("Paris", other).marks) == set(SCALES)


@pytest.mark.parametrize(
    "hostile",
    ["a\x00b", "\u202eabc\u2066", "\ud800 word", "\u0301" * 50, "{prompt} %s {0}", "²³ ٣", "!" * 300],
)
def test_hostile_text_is_compared_like_any_other(hostile: str) -> None:
    for score in (judged(hostile, "A plain sentence."), judged("A plain sentence.", hostile, hostile)):
        assert set(score.marks) == set(SCALES)


@pytest.mark.parametrize(
    "huge",
    ["word another. " * 75_000, "x" * 1_000_000, "\n" * 999_990 + "end", "- a\n" * 250_000, "*" * 1_000_000],
)
def test_a_megabyte_is_compared_by_its_beginning_in_bounded_time(huge: str) -> None:
    begun = time.thread_time()
    score = judged(huge, huge + " and more", huge)
    assert time.thread_time() - begun < 5.0  # 0.1 s
    assert set(score.marks) == set(SCALES)
    if len(huge.strip()) > LONGEST:
        assert f"only the first {LONGEST:,} characters" in score.reason


# --- the judge ----------------------------------------------------------------------------------


def test_the_judge_declares_its_scales_and_a_version() -> None:
    declared = judges.get("resemblance").declared({})
    assert list(declared.scale) == [1, 5]
    assert declared.marks == {"style": (0, 2), "logic": (0, 2), "content": (0, 2), "overall": (1, 5)}
    assert len(declared.version) == 64
    assert judged("Yes.", "No.").judge == f"resemblance@{declared.version[:8]}"


def test_it_says_the_same_in_every_process() -> None:
    """The order of sets differs from process to process; sums must not."""
    code = (
        "from distill_tests.resemblance.model import likeness\n"
        f"for one, other in {sorted(WRITTEN.values())!r}: print(likeness(one, other))\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_it_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys, distill_tests.judges.resemblance as j, distill_tests.resemblance.model as m\n"
        "m.likeness('one', 'other')\n"
        "assert not {'numpy', 'sklearn', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rows_of_a_file_give_four_numbers_and_null_where_unscored(tmp_path: Path) -> None:
    rows = [
        {"id": "same", "prompt": "p", "reference_response": "Yes, it is.", "test_response": "Yes, it is."},
        {"id": 7, "prompt": "p", "reference_response": "Yes.", "test_response": "No, not at all."},
        {"id": "empty", "prompt": "p", "reference_response": "Yes.", "test_response": "  "},
        {"id": "bad", "prompt": "p", "reference_response": None, "test_response": "Yes."},
        {
            "id": "two",
            "prompt": "p",
            "reference_response": "Yes.",
            "test_response": "Yes.",
            "response": "No.",
        },
    ]
    pairs, out = tmp_path / "pairs.jsonl", tmp_path / "out.jsonl"
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    command = ["judge", "resemblance", str(pairs), "--output", str(out)]
    code = f"import sys; from distill_tests.cli import main; sys.exit(main({command!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 1
    assert "pairs.jsonl:4: reference_response must be text" in done.stderr
    assert "pairs.jsonl:5: response and test_response are two answers; remove one" in done.stderr
    same, other, empty = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert list(same) == ["id", "style", "logic", "content", "overall", "label", "reason"]
    assert [same[key] for key in ("id", "style", "logic", "content", "overall")] == [
        "same",
        2.0,
        2.0,
        2.0,
        5.0,
    ]
    assert other["id"] == "7"
    assert 1 <= other["overall"] < 5
    assert [empty[key] for key in ("style", "logic", "content", "overall")] == [None] * 4
    assert empty["label"] == "unscored"
    assert "empty" in empty["reason"]


def test_it_is_fast() -> None:
    """Several hundred pairs a second on a busy machine."""
    pairs = sorted(WRITTEN.values()) * 8
    judged("a", "b")
    begun = time.thread_time()
    for one, other in pairs:
        judged(f"{one} {one}\n{other}", f"{other}\n{other} {one}")
    assert len(pairs) / (time.thread_time() - begun) > 20
