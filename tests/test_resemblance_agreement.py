"""Agreement of ``resemblance`` with the shared ratings, and its training; what the weights file says of them.

Ratings are of LLM annotators, not people.  The floors lie under what is recorded; ``benchmarks/
resemblance_agreement.py`` prints the figures.
"""

from __future__ import annotations

import importlib.util
import json
import os
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from distill_tests.errors import DataError
from distill_tests.inference.correlation import spearman
from distill_tests.resemblance.model import HEADS, likeness, shipped, shipped_text
from distill_tests.resemblance.rated import rated_pairs, responses_of
from distill_tests.resemblance.train import main

DATA = Path(os.environ.get("DISTILL_TESTS_DATA", ""))
needs_data = pytest.mark.skipif(
    not os.environ.get("DISTILL_TESTS_DATA") or not (DATA / "rse" / "rated_pairs.jsonl").exists(),
    reason="DISTILL_TESTS_DATA names no folder with rse/rated_pairs.jsonl",
)
needs_sklearn = pytest.mark.skipif(
    importlib.util.find_spec("sklearn") is None, reason="training takes scikit-learn (extra: similarity)"
)
FLOORS = {"style": 0.74, "logic": 0.64, "content": 0.58, "overall": 0.74}
ABOUT: dict[str, Any] = json.loads(shipped_text())["about"]


def row(**changed: object) -> str:
    rating = {"style": 1, "logic": 1, "content": 1, "overall": 3}
    told = {"prompt": "p", "reference_response": "a", "test_response": "b", "ratings": [rating, rating]}
    return json.dumps({**told, **changed})


def test_the_recorded_agreement_is_cross_validated_and_above_the_floors() -> None:
    found = ABOUT["cross_validated"]
    assert "folds by prompt" in found["how"]
    for head, floor in FLOORS.items():
        assert found[head]["spearman"] >= floor
        assert found[head]["low"] < found[head]["spearman"] < found[head]["high"]
    assert found["unlike_mean"] <= 1.75


def test_the_weights_say_where_they_come_from_and_hold_no_place_of_a_machine() -> None:
    assert ABOUT["licence"] == "Apache-2.0"
    assert "not people" in ABOUT["pairs"]["rated_by"]
    assert "not people" in ABOUT["further_pairs"]["rated_by"]
    for source in ("pairs", "further_pairs", "responses"):
        assert len(ABOUT[source]["sha256"]) == 64
    assert set(ABOUT["versions"]) == {"scikit-learn", "numpy"}
    assert len(shipped_text()) < 3_000_000
    assert all(stem == stem.strip() and " " not in stem for stem in shipped().rarity.known)


@needs_data
def test_the_shipped_weights_are_those_of_the_shared_pairs() -> None:
    assert rated_pairs(DATA / "rse" / "rated_pairs.jsonl").sha256 == ABOUT["pairs"]["sha256"]


@needs_data
def test_responses_to_another_prompt_are_unlike_on_average() -> None:
    pairs = rated_pairs(DATA / "rse" / "rated_pairs.jsonl").pairs
    following = [*pairs[1:], *pairs[:1]]
    found = [likeness(a.one, b.other, a.prompt).overall for a, b in zip(pairs, following, strict=True)]
    assert sum(found) / len(found) <= 1.75


@needs_data
def test_the_shipped_model_follows_the_ratings_it_was_fitted_to() -> None:
    """In sample: not agreement, but that weights, features and code belong together."""
    pairs = rated_pairs(DATA / "rse" / "rated_pairs.jsonl").pairs
    said = [likeness(pair.one, pair.other, pair.prompt) for pair in pairs]
    for at, head in enumerate(HEADS):
        found = spearman([row[at] for row in said], [pair.marks[head] for pair in pairs])
        assert found is not None
        assert found >= 0.8


@needs_data
@needs_sklearn
def test_training_gives_the_shipped_weights_again() -> None:
    from distill_tests.resemblance.fitting import fitted

    pairs = rated_pairs(DATA / "rse" / "rated_pairs.jsonl")
    told = fitted(pairs, responses_of(DATA / "lineage" / "responses"), cross_validate=False)
    shipped_now = json.loads(shipped_text())
    for part in ("features", "unseen", "rarity"):
        assert told[part] == shipped_now[part]
    versions = {name: metadata.version(name) for name in ("scikit-learn", "numpy")}
    if versions != ABOUT["versions"]:
        pytest.skip(f"fitted with {ABOUT['versions']}; trees may differ with {versions}")
    assert told["heads"] == shipped_now["heads"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "no rated pair"),
        ("{}", "ratings"),
        (row(ratings=[{"style": 3, "logic": 1, "content": 1, "overall": 3}]), "style 3 is outside 0..2"),
        (row(test_response=None), "must be text"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(f"{row()}\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        rated_pairs(path)
    assert f"{path}:2: " in str(caught.value)
    assert says in str(caught.value)


def test_the_command_says_in_words_that_a_file_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none.jsonl"), "--output", str(tmp_path / "out.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err
