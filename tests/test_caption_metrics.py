"""The offline caption metrics: known values of established implementations, values by hand, and laws.

The sentences are made up for these tests.  The values of sacrebleu 2.6.0 (``BLEU(effective_order=True,
tokenize="none")``, ``CHRF()``) and of pycocoevalcap 1.2 (``CiderScorer``, which is CIDEr-D) were computed
once on the same words; on the 99 clips of the shared half of MSVD-Eval no difference was above 1e-15.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests import judge_rows
from distill_tests.captions.cider import Captioned, cider_d
from distill_tests.captions.embedding import nearest_references
from distill_tests.captions.metrics import METRICS, metric
from distill_tests.captions.words import content, sentences, stem, tokens
from distill_tests.errors import DistillError
from distill_tests.registry import judges
from distill_tests.types import Exhibit

ITEMS = (
    Captioned(
        "a cook is slicing a red onion on a wooden board",
        ["a cook slices an onion", "someone is slicing a red onion", "a man cuts onions on a board"],
    ),
    Captioned(
        "two dogs are running along the beach",
        ["two dogs run on the beach", "dogs are chasing a ball along the shore"],
    ),
    Captioned(
        "the person is playing a song",
        ["a girl is playing the violin", "a girl plays a song on her violin", "a child makes music"],
    ),
    Captioned(
        "a man a man a man rides a horse",
        ["a man is riding a brown horse", "a rider gallops across a field", "a man rides a horse"],
    ),
    Captioned("horse", ["a man rides a horse"]),
    Captioned("a horse is there", ["a man is here", "a horse runs"]),
    Captioned("green trees", ["a dog"]),
)
SACREBLEU = (
    (0.818182, 0.449733, 0.651438),
    (0.857143, 0.244462, 0.571410),
    (0.833333, 0.242746, 0.393335),
    (0.555556, 0.446324, 0.885362),
    (0.018316, 0.018316, 0.262323),
    (0.750000, 0.353553, 0.453844),
    (0.000000, 0.000000, 0.048077),
)
PYCOCOEVALCAP = (1.761573, 2.245072, 0.820572, 1.854840)


# --- known values -------------------------------------------------------------------------------


@pytest.mark.parametrize(("item", "expected"), list(zip(ITEMS, SACREBLEU, strict=True)))
def test_bleu_and_chrf_are_those_of_sacrebleu(item: Captioned, expected: tuple[float, ...]) -> None:
    found = [metric(name, item.caption, item.references) for name in ("bleu_1", "bleu_4", "chrf")]
    assert found == pytest.approx(expected, abs=1e-6)


def test_cider_d_is_that_of_pycocoevalcap() -> None:
    assert cider_d(ITEMS[:4]) == pytest.approx(PYCOCOEVALCAP, abs=1e-6)


def test_installed_sacrebleu_agrees_on_every_item() -> None:
    sacrebleu = pytest.importorskip("sacrebleu.metrics", reason="sacrebleu is not installed")
    scorers = {
        "bleu_1": sacrebleu.BLEU(effective_order=True, max_ngram_order=1, tokenize="none"),
        "bleu_4": sacrebleu.BLEU(effective_order=True, tokenize="none"),
        "chrf": sacrebleu.CHRF(),
    }
    for item in ITEMS:
        for name, scorer in scorers.items():
            theirs = scorer.sentence_score(item.caption, list(item.references)).score / 100
            assert metric(name, item.caption, item.references) == pytest.approx(theirs, abs=1e-9)


def test_rouge_l_by_hand() -> None:
    """``the dog the beach`` is common to 7 and 6 words: F1 = 2 * 4 / 13; the other reference shares less."""
    found = metric("rouge_l", "the dog is at the sandy beach", ["the dog runs to the beach", "a cat sleeps"])
    assert found == pytest.approx(2 * 4 / 13)


def test_meteor_like_by_hand() -> None:
    """Four of five words match, in two chunks: P = R = 0.8, penalty 0.5 * (2/4)^3."""
    found = metric("meteor_like", "a man feeds a horse", ["a man rides a horse"])
    assert found == pytest.approx(0.8 * (1 - 0.5 * 0.5**3))


def test_meteor_like_takes_another_form_of_a_word_for_the_word() -> None:
    assert metric("meteor_like", "horses running", ["horse runs"]) == pytest.approx(1 - 0.5 * 0.5**3)


def test_brevity_is_one_over_the_number_of_words() -> None:
    assert metric("brevity", "one, two; three - four!", ["x"]) == 0.25


# --- laws ---------------------------------------------------------------------------------------

WORD = st.sampled_from(["a", "the", "man", "dog", "cat", "is", "are", "runs", "running", "on", "park", "red"])
SENTENCE = st.lists(WORD, min_size=1, max_size=12).map(" ".join)


@given(SENTENCE, st.lists(SENTENCE, min_size=1, max_size=5))
def test_no_metric_depends_on_the_order_of_the_references_or_leaves_its_scale(
    caption: str, references: list[str]
) -> None:
    for name in METRICS:
        value = metric(name, caption, references)
        assert 0 <= value <= 1 + 1e-12
        assert metric(name, caption, references[::-1]) == value


@given(SENTENCE, st.lists(SENTENCE, min_size=1, max_size=3))
def test_a_caption_that_is_a_reference_has_the_highest_score_of_wording(
    caption: str, others: list[str]
) -> None:
    for name in ("bleu_1", "bleu_4", "rouge_l", "chrf", "tfidf_cosine"):
        assert metric(name, caption, [caption, *others]) == pytest.approx(1.0)


@given(
    st.lists(
        st.builds(Captioned, SENTENCE, st.lists(SENTENCE, min_size=1, max_size=3)), min_size=1, max_size=5
    )
)
def test_cider_d_stays_on_its_scale_and_goes_with_its_item(items: list[Captioned]) -> None:
    scores = cider_d(items)
    assert all(0 <= score <= 10 + 1e-9 for score in scores)
    assert cider_d(items[::-1]) == pytest.approx(scores[::-1])


def test_cider_d_of_one_clip_alone_says_nothing() -> None:
    assert cider_d([ITEMS[0]]) == [0.0]


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "forms",
    [
        "cut cuts cutting",
        "slice slices sliced slicing",
        "carry carries carried carrying",
        "ride rides riding rode",
        "man men",
        "child children",
        "dish dishes",
        "fall falls falling fell",
        "tomato tomatoes",
    ],
)
def test_forms_of_a_word_have_one_stem(forms: str) -> None:
    assert len({stem(form) for form in forms.split()}) == 1


def test_words_that_only_look_alike_have_different_stems() -> None:
    assert len({stem(word) for word in ("sing", "ring", "bus", "bed", "red", "king")}) == 6


def test_punctuation_case_and_apostrophes_are_no_part_of_a_word() -> None:
    assert tokens("un cafe\u0301") == tokens("un caf\u00e9") == ["un", "caf\u00e9"]
    assert tokens("The man's HAT -- it’s red!") == ["the", "mans", "hat", "its", "red"]


def test_questions_are_told_from_descriptions() -> None:
    found = sentences("A man sings. What is he wearing? !!")
    assert [(one.tokens, one.asks) for one in found] == [
        (("a", "man", "sings"), False),
        (("what", "is", "he", "wearing"), True),
    ]


def test_content_words_come_once_and_without_function_words() -> None:
    assert content(tokens("the man and the dog and the man")) == ["man", "dog"]


# --- the judge ----------------------------------------------------------------------------------


def test_the_judge_scores_rows_by_the_named_metric() -> None:
    rows = [{"id": "a", "caption": "a dog runs", "references": ["a dog runs", "dogs run"]}]
    (one,) = judge_rows("caption_metric", rows, options={"metric": "rouge_l"})
    assert one.row == {
        "id": "a",
        "score": 1.0,
        "label": "scored",
        "reason": "rouge_l 1.000 beside 2 references",
    }


@pytest.mark.parametrize("name", sorted(METRICS))
@pytest.mark.parametrize(("caption", "references"), [("...", ("a dog",)), ("a dog", ()), ("a dog", ("!",))])
def test_nothing_to_compare_is_unscored_in_words(
    name: str, caption: str, references: tuple[str, ...]
) -> None:
    score = judges.get("caption_metric").function(Exhibit(answer=caption, references=references), metric=name)
    assert (score.value, score.label) == (None, "unscored")
    assert score.reason in ("the caption holds no word", "no reference holds a word")


def test_an_unknown_metric_is_unscored_and_named() -> None:
    score = judges.get("caption_metric").function(Exhibit(answer="x", references=("x",)), metric="bleu9")
    assert score.value is None
    assert "bleu_4" in score.reason


@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_megabyte_is_bounded_and_finite(name: str) -> None:
    value = metric(name, "word soup " * 100_000, ["a man stirs soup"] * 50)
    assert math.isfinite(value)


# --- sentence embeddings ------------------------------------------------------------------------


def test_sentence_embeddings_say_what_they_lack(tmp_path: Path) -> None:
    """Without the libraries that, with them the missing file."""
    with pytest.raises(
        DistillError, match=r"sentence embeddings need \w+; install it|model\.onnx: no such file"
    ):
        nearest_references(["a dog"], [["a cat"]], tmp_path / "model.onnx", tmp_path / "tokenizer.json")


def test_sentence_embeddings_of_an_item_without_references_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DistillError, match="an item has no reference"):
        nearest_references(["a dog"], [[]], tmp_path / "model.onnx", tmp_path / "tokenizer.json")
