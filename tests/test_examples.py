"""The examples are what they say: they check without data, fetch nothing, and their commands exist."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from distill_tests import check, load_models, weights
from distill_tests.errors import Refused
from distill_tests.lineage import shipped_nulls

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()))
def test_an_example_has_no_mistake_and_checks_without_its_data(name: str) -> None:
    assert check(EXAMPLES / name, environ={}) == []
    assert (EXAMPLES / name / "README.md").is_file()


def test_the_base_model_is_not_fetched_before_its_licence_is_accepted(tmp_path: Path) -> None:
    model = load_models(EXAMPLES / "base-vs-aligned")["gemma3-270m"]
    where = weights.source(model)
    assert isinstance(where, weights.InWheel)
    assert where.licence is not None
    assert len(where.parts) == 4
    with pytest.raises(Refused, match=r"Gemma Terms of Use .* nothing was fetched"):
        weights.weights_path(model, environ={"DISTILL_TESTS_CACHE": str(tmp_path)}, quiet=True)
    assert list(tmp_path.iterdir()) == []


def test_the_published_models_are_called_as_the_shipped_null_models_so_that_none_counts_twice() -> None:
    models = load_models(EXAMPLES / "published-lineage")
    known = {null.model for null in shipped_nulls()}
    assert {name for name, model in models.items() if not model.target} <= known
    assert len(models) == 24


@pytest.mark.skipif("DISTILL_TESTS_DATA" not in os.environ, reason="$DISTILL_TESTS_DATA holds the answers")
def test_the_published_answers_are_read_as_they_are() -> None:
    assert check(EXAMPLES / "published-lineage") == []


def test_the_base_model_is_asked_to_complete_and_the_aligned_one_to_chat() -> None:
    models = load_models(EXAMPLES / "base-vs-aligned")
    assert {name: model.ask_as for name, model in models.items()} == {
        "gemma3-270m": "completion",
        "smollm2-135m": "chat",
    }
