"""How alike a set of models is, and how alike one model's repeats are."""

from __future__ import annotations

import pytest

from distill_tests.errors import DataError
from distill_tests.lineage import diversity, similarity_matrix
from tests.lineage_corpus import PROMPTS, model

_SET = {
    "a1": model("a1", {"ash": 0.7}),
    "o1": model("o1", {"oak": 0.7}),
    "a2": model("a2", {"ash": 0.7}),
    "o2": model("o2", {"oak": 0.7}),
}


def test_the_matrix_is_symmetric_with_ones_and_its_mean_lies_in_its_interval() -> None:
    found = similarity_matrix(_SET, draws=200)
    for place, row in enumerate(found.plain):
        assert row[place] == pytest.approx(1)
        assert list(row) == pytest.approx([other[place] for other in found.plain])
    off = [found.plain[a][b] for a in range(4) for b in range(a)]
    assert found.mean == pytest.approx(sum(off) / 6)
    assert found.low < found.mean < found.high
    assert found.prompts == len(PROMPTS)


def test_families_stand_together_in_the_order() -> None:
    order = similarity_matrix(_SET, draws=200).order
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({"a1", "a2"}), frozenset({"o1", "o2"})}


def test_centred_similarity_tells_families_apart_and_says_nothing_of_the_set() -> None:
    found = similarity_matrix(_SET, draws=200)
    places = {name: place for place, name in enumerate(found.models)}
    assert found.centred[places["a1"]][places["a2"]] > found.centred[places["a1"]][places["o1"]] + 0.2
    off = [found.centred[a][b] for a in range(4) for b in range(a)]
    assert sum(off) / 6 == pytest.approx(-1 / 3, abs=0.1)


def test_models_that_answer_alike_have_a_mean_of_one() -> None:
    found = similarity_matrix({"x": _SET["a1"], "y": dict(_SET["a1"])}, draws=200)
    assert found.mean == pytest.approx(1)
    assert found.high == pytest.approx(1)


def test_of_the_same_answers_no_rounding_leads_off_the_scale() -> None:
    for number in range(20):
        texts = {prompt: " ".join(_SET["a1"][prompt].split()[: 3 + number]) for prompt in PROMPTS[:5]}
        assert similarity_matrix({name: dict(texts) for name in "xyz"}, draws=20).mean <= 1
        assert diversity({prompt: [text, text] for prompt, text in texts.items()}, draws=20).mean >= 0


def test_missing_answers_are_counted_and_leave_the_other_pairs_alone() -> None:
    holed = {**_SET, "o2": {**_SET["o2"], "p00": "", "p01": ""}}
    found = similarity_matrix(holed, draws=200)
    assert found.missing == {"a1": 0, "a2": 0, "o1": 0, "o2": 2}
    whole = similarity_matrix(_SET, draws=200)
    assert found.plain[0][1] == pytest.approx(whole.plain[0][1], abs=0.01)


def test_what_has_no_pairs_is_refused() -> None:
    with pytest.raises(DataError, match="two or more"):
        similarity_matrix({"x": _SET["a1"]})
    with pytest.raises(DataError, match="no prompt"):
        similarity_matrix({"x": {"p": "one"}, "y": {"q": "two"}})


def test_diversity_is_zero_for_one_answer_and_grows_with_own_wording() -> None:
    same = diversity({prompt: [text, text, text] for prompt, text in _SET["a1"].items()}, draws=200)
    assert same.mean == pytest.approx(0, abs=1e-9)
    near = diversity({p: [_SET["a1"][p], _SET["a2"][p]] for p in PROMPTS}, draws=200)
    far = diversity({p: [_SET["a1"][p], _SET["o1"][p]] for p in PROMPTS}, draws=200)
    assert same.high < near.low
    assert near.mean < far.mean <= 1


def test_prompts_with_one_answer_are_counted_and_left_out_of_diversity() -> None:
    found = diversity({"p": ["one two", "two three"], "q": ["alone"], "r": ["x y", ""]}, draws=200)
    assert (found.prompts, found.single) == (1, 2)
    with pytest.raises(DataError, match="two answers"):
        diversity({"p": ["alone"], "q": [""]})
