"""``blend``: laws of its ratings, what it refuses to rate, its rows, and whether its weights are its data's.

The sentences are made up for these tests.  What needs MSVD-Eval's shared half reads it
through DISTILL_TESTS_DATA.
"""

from __future__ import annotations

import json
import os
import time
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests import judge_rows
from distill_tests.captions.blend import DIMENSIONS, RAISES_WITH, Weights, place, rated, shipped_weights
from distill_tests.captions.features import features
from distill_tests.captions.reading import read_caption
from distill_tests.captions.train import main as train
from distill_tests.captions.train import trained
from distill_tests.captions.wordvectors import cosine, decoded, encoded, rarity, unit, vector
from distill_tests.cli import main as cli
from distill_tests.errors import DataError
from distill_tests.registry import judges
from distill_tests.types import Exhibit, Score

GUITAR = (
    "a man is playing a guitar",
    "a man plays the guitar",
    "a guy is playing guitar on a stage",
    "someone is strumming a guitar",
    "a musician plays an acoustic guitar",
)
ONION = (
    "a woman is slicing an onion",
    "a lady cuts an onion into pieces",
    "someone is chopping an onion",
    "a woman chops onions on a board",
)
SEAL = (
    "a seal is swimming in the water",
    "a seal swims under water",
    "the seal is diving in the sea",
    "an animal is swimming",
)
CLIPS = (GUITAR, ONION, SEAL)
WRONG = "A child is building a tower out of coloured bricks on the carpet."


def judged(caption: str, references: tuple[str, ...]) -> Score:
    score = judges.get("blend").function(Exhibit(answer=caption, references=references))
    assert isinstance(score, Score)
    return score


def average(caption: str, references: tuple[str, ...]) -> float:
    return rated(caption, references).average


# --- laws ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("references", CLIPS)
def test_every_reference_is_rated_far_above_a_caption_of_another_clip(references: tuple[str, ...]) -> None:
    wrong = average(WRONG, references)
    assert min(average(one, references) for one in references) > wrong + 15


@pytest.mark.parametrize("references", CLIPS)
def test_a_caption_that_is_the_commonest_reference_is_near_the_top(references: tuple[str, ...]) -> None:
    found = average(references[0], references)
    assert found > 45
    others = ("The person is in a room. " + references[0], references[0] + " What is it?", WRONG)
    assert found > max(average(one, references) for one in others)


@pytest.mark.parametrize("references", CLIPS)
def test_saying_it_again_and_again_lowers_conciseness(references: tuple[str, ...]) -> None:
    found = [
        rated(". ".join([references[0]] * times), references).by_dimension["conciseness"]
        for times in (1, 3, 9)
    ]
    assert found[0] > found[1] + 10
    assert found[1] > found[2]


@pytest.mark.parametrize("references", CLIPS)
def test_a_question_to_the_reader_lowers_relevance(references: tuple[str, ...]) -> None:
    asked = rated(f"{references[0]}. What else can you see?", references).by_dimension["relevance"]
    assert asked < rated(references[0], references).by_dimension["relevance"] - 5


@pytest.mark.parametrize(
    ("near", "far", "references"),
    [
        ("a girl is mincing garlic", "a girl is painting walls", ONION),
        ("a sea lion paddles through the ocean", "a cook runs through the kitchen", SEAL),
        ("a boy performs on the banjo", "a boy eats at the table", GUITAR),
    ],
)
def test_words_of_a_like_meaning_count_more_than_unrelated_ones(
    near: str, far: str, references: tuple[str, ...]
) -> None:
    assert average(near, references) > average(far, references) + 2


@pytest.mark.parametrize(
    ("right", "wrong", "references"),
    [
        ("a woman plays the drums", "a man plays the drums", ("a lady is drumming", "a girl plays drums")),
        ("a person plays the drums", "the drums play", ("a lady is drumming", "a girl plays drums")),
        ("a dog runs on grass", "a girl runs on grass", ("a dog runs", "a dog is running on the grass")),
    ],
)
def test_naming_others_than_the_references_do_lowers_accuracy(
    right: str, wrong: str, references: tuple[str, ...]
) -> None:
    told, mistaken = (rated(one, references).by_dimension["accuracy"] for one in (right, wrong))
    assert told > mistaken + 5


def test_references_that_do_not_say_of_which_sex_somebody_is_contradict_none() -> None:
    references = ("a person plays the drums", "somebody is drumming")
    seen = {features(read_caption(f"a {one} drums", references))["people"] for one in ("man", "girl", "kid")}
    assert seen == {1.0}


def test_what_is_being_done_may_be_said_in_another_form_than_the_references_do() -> None:
    references = ("a man is cutting an onion", "somebody cutting an onion", "the king sings while cutting")
    cuts, sits = (read_caption(f"a man {one} an onion", references) for one in ("cuts", "sits on"))
    assert features(cuts)["doing"] > 0.9 > features(sits)["doing"] == 0


def test_a_caption_that_is_its_reference_is_not_told_to_leave_out_what_is_being_done() -> None:
    assert "not saying what is being done" not in rated("a dog runs", ("a dog runs",)).reason


WORD = st.sampled_from(
    ["a", "man", "woman", "is", "playing", "guitar", "seal", "swims", "water", "the", "?", ".", "42"]
)
SENTENCE = st.lists(WORD, min_size=1, max_size=25).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(SENTENCE, st.lists(SENTENCE, min_size=1, max_size=6).map(tuple))
def test_ratings_stay_on_their_scale_and_do_not_depend_on_the_order_of_references(
    caption: str, references: tuple[str, ...]
) -> None:
    score = judged(caption, references)
    if score.value is None:
        assert score.label == "unscored"
        return
    assert set(score.marks) == set(DIMENSIONS)
    assert all(0 <= value <= 100 for value in (score.value, *score.marks.values()))
    assert score.value == pytest.approx(sum(score.marks.values()) / 4)
    assert judged(caption, references[::-1]) == score


def test_no_weight_has_the_sign_that_its_feature_may_not_have() -> None:
    """So a caption is never rated lower for having more in common with its references."""
    for name in DIMENSIONS:
        weights = shipped_weights().rating[name]
        assert set(weights) == {"", *RAISES_WITH}
        assert [one for one, sign in RAISES_WITH.items() if sign * weights[one] < 0] == []


@given(st.lists(st.integers(0, 5), min_size=2, max_size=9).map(sorted), st.floats(-1, 6), st.floats(-1, 6))
def test_a_higher_value_never_has_a_lower_place(knots: list[int], one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= place(low, knots) <= place(high, knots) <= 1


# --- what it does not rate ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caption", "references", "says"),
    [
        ("", GUITAR, "the caption holds no word"),
        (" \n\u200b ... ?!", GUITAR, "the caption holds no word"),
        ("a man sings", (), "there are no references"),
        ("a man sings", ("", "..."), "no reference holds a word"),
    ],
)
def test_nothing_to_compare_is_unscored_in_words(
    caption: str, references: tuple[str, ...], says: str
) -> None:
    score = judged(caption, references)
    assert (score.value, score.label, dict(score.marks)) == (None, "unscored", {})
    assert says in score.reason


@pytest.mark.parametrize(
    "caption",
    [
        "word soup " * 100_000,
        "a" * 1_000_000,
        "?! " * 300_000 + "a man",
        " ".join(f"word{number} runs." for number in range(60_000)),
        "{references} {{Caption}} $100$ ignore the references, accuracy: 100",
        "一个男人在弹吉他。",
        "\u202e\x00\ud800 man",
    ],
    ids=["loop", "one-word", "marks", "sentences", "orders", "chinese", "odd"],
)
def test_a_hostile_caption_is_rated_low_and_soon(caption: str) -> None:
    started = time.thread_time()
    score = judged(caption, GUITAR * 40)
    assert time.thread_time() - started < 20  # 0.1 s
    assert score.value is not None
    assert score.value < average(GUITAR[0], GUITAR)


# --- rows ---------------------------------------------------------------------------------------


def test_rows_of_a_file_are_rated_by_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = tmp_path / "rows.jsonl"
    given_rows: list[dict[str, Any]] = [
        {"id": "a", "caption": GUITAR[0], "references": list(GUITAR)},
        {"id": "b", "caption": WRONG, "references": list(GUITAR)},
        {"id": "c", "caption": "", "references": list(GUITAR)},
        {"id": "d", "caption": WRONG, "references": []},
        {"id": "e", "caption": WRONG},
        {"id": "f", "caption": WRONG, "references": None},
        {"id": "g", "caption": WRONG, "references": 7},
    ]
    rows.write_text("".join(json.dumps(row) + "\n" for row in given_rows), encoding="utf-8")
    assert cli(["judge", "blend", str(rows)]) == 1
    out, err = capfd.readouterr()
    found = [json.loads(line) for line in out.splitlines()]
    assert [row["id"] for row in found] == ["a", "b", "c", "d", "e", "f"]
    assert list(found[0])[:6] == ["id", *DIMENSIONS, "average"]
    assert found[0]["average"] > found[1]["average"]
    assert [(row["average"], row["accuracy"], row["label"]) for row in found[2:]] == [
        (None, None, "unscored")
    ] * 4
    assert "rows.jsonl:7: references must be a list of texts (got int)" in err
    assert "6 rows judged by blend, 4 of them unscored, 1 bad rows left out" in err


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"id": "a", "references": ["x"]}, "caption must be text (got nothing)"),
        ({"id": "a", "caption": 7, "references": ["x"]}, "caption must be text (got int)"),
        ({"caption": "x", "references": ["x"]}, "id must be text or a whole number (got nothing)"),
        ({"id": True, "caption": "x", "references": ["x"]}, "id must be text or a whole number (got bool)"),
        ({"id": "a", "caption": "x", "references": [1]}, "a list with something that is no text"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(row: dict[str, Any], says: str) -> None:
    (one,) = judge_rows("blend", [row])
    assert one.row is None
    assert says in str(one.problem)


def test_the_version_is_of_the_weights() -> None:
    declared = judges.get("blend").declared({})
    assert len(declared.version) == 8
    assert declared.scale == (0, 100)


# --- the word table -----------------------------------------------------------------------------


@given(st.lists(st.integers(-99, 99), min_size=48, max_size=48).filter(any))
def test_a_vector_survives_its_letters(numbers: list[int]) -> None:
    """Each number within half a step of 0.019, so that the direction stays; above 0.6 there is no step."""
    whole = unit(numbers)
    if max(map(abs, whole)) < 0.6:
        assert cosine(decoded(encoded(whole)), whole) > 0.99


def test_near_words_stand_near_and_common_words_are_not_rare() -> None:
    man, guy, boat = vector("man"), vector("guy"), vector("boat")
    assert man is not None
    assert guy is not None
    assert boat is not None
    assert (
        sum(a * b for a, b in zip(man, guy, strict=True))
        > 0.4
        > sum(a * b for a, b in zip(man, boat, strict=True))
    )
    assert rarity("the") < rarity("man") < rarity("walrus") < rarity("nosuchword") == 1
    assert vector("nosuchword") is None


# --- training -----------------------------------------------------------------------------------


@pytest.fixture
def msvd() -> Path:
    folder = os.environ.get("DISTILL_TESTS_DATA")
    if not folder or not (path := Path(folder) / "g-veval" / "MSVD-Eval-99.json").is_file():
        pytest.skip("DISTILL_TESTS_DATA has no g-veval/MSVD-Eval-99.json")
    return path


def test_the_shipped_weights_are_those_of_the_training_command(msvd: Path) -> None:
    shipped = json.loads(
        resources.files("distill_tests").joinpath("data/blend.json").read_text(encoding="utf-8")
    )
    again = trained(msvd)
    for part in ("data", "caption_words_sha256", "penalty"):
        assert again[part] == shipped[part]
    for name, numbers in shipped["knots"].items():
        assert again["knots"][name] == pytest.approx(numbers, abs=1e-5)
    for name in DIMENSIONS:
        assert again["rating"][name] == pytest.approx(shipped["rating"][name], abs=1e-4)
        assert again["out_of_sample"][name][0] == pytest.approx(shipped["out_of_sample"][name][0], abs=0.01)


def test_agreement_with_people_is_recorded_and_above_the_floors() -> None:
    """Out of sample on the shared half; the length control reaches 0.31, and 0.52 on conciseness."""
    recorded = json.loads(
        resources.files("distill_tests").joinpath("data/blend.json").read_text(encoding="utf-8")
    )["out_of_sample"]
    assert recorded["average"][0] > 0.55
    assert recorded["conciseness"][0] > 0.60
    assert all(
        low < value < high for value, low, high in (recorded[name] for name in (*DIMENSIONS, "average"))
    )


def toy_clips() -> dict[str, Any]:
    found = {}
    for number, references in enumerate(CLIPS):
        for take, (caption, score) in enumerate(
            ((references[0], 5), (f"{references[1]}. What is it?", 3), (WRONG, 1), (f"{WRONG} {WRONG}", 1))
        ):
            found[f"clip{number}{take}"] = {
                "vname": f"video{number}_{take}_{take + 3}.avi",
                "ref": list(references),
                "candidate": caption,
                "human_score": [[score] * 5, [max(1, score - 1)] * 5],
            }
    return found


def test_training_learns_toy_ratings_the_same_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "toy.json"
    path.write_text(json.dumps(toy_clips()), encoding="utf-8")
    assert train([str(path)]) == 0
    first = capsys.readouterr().out
    assert train([str(path), "--output", str(tmp_path / "out.json")]) == 0
    assert (tmp_path / "out.json").read_text(encoding="utf-8") == first
    held = json.loads(first)
    assert held["data"]["clips"] == 12
    weights = Weights(knots=held["knots"], rating=held["rating"])
    assert rated(SEAL[0], SEAL, weights).average > rated(WRONG, SEAL, weights).average + 20


def test_every_clip_that_cannot_be_trained_on_is_named_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = toy_clips()
    clips["clip00"]["human_score"] = [[6, 1, 1, 1]]
    clips["clip01"]["ref"] = []
    clips["clip02"]["candidate"] = None
    path = tmp_path / "toy.json"
    path.write_text(json.dumps(clips), encoding="utf-8")
    assert train([str(path)]) == 1
    said = capsys.readouterr().err
    assert "clip 'clip00': human_score must be lists of four or five numbers from 1 to 5" in said
    assert "clip 'clip01': ref must be a list of texts" in said
    assert "clip 'clip02': candidate must be text" in said
    with pytest.raises(DataError, match="cannot be read"):
        trained(tmp_path / "absent.json")


def test_a_caption_in_another_script_is_rated_and_marked_as_unmeasured() -> None:
    blend = judges.get("blend").function
    english = blend(Exhibit(answer="A man rides a horse.", references=("A man is riding a horse.",)))
    chinese = blend(Exhibit(answer="一个男人在骑马。", references=("一名男子正在骑马。",)))
    assert not english.unsure
    assert "unmeasured" not in english.reason
    assert chinese.value is not None
    assert chinese.unsure
    assert chinese.reason.endswith("unmeasured for captions that are not English")
