"""Lineage on published responses of models with a documented maker; needs $DISTILL_TESTS_DATA."""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from distill_tests.lineage.bench import Bench
from distill_tests.lineage.nulls import p_value, shipped_nulls
from distill_tests.lineage.overlaps import overlaps

FOLDER = Path(os.environ.get("DISTILL_TESTS_DATA", "missing")) / "lineage"
pytestmark = pytest.mark.skipif(
    not (FOLDER / "lineage.json").is_file(),
    reason="$DISTILL_TESTS_DATA/lineage holds the published responses",
)
PROMPTS = 120
"""So many of the 380, for time; the whole is measured by the benchmark."""


class Shared(NamedTuple):
    data: Any
    bench: Bench


@cache
def _benchmark() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "lineage_attribution.py"
    spec = importlib.util.spec_from_file_location("lineage_attribution", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def _shared() -> Shared:
    data = _benchmark().load(FOLDER)
    few = {model: dict(sorted(answers.items())[:PROMPTS]) for model, answers in data.responses.items()}
    found = overlaps(few, data.panel.models, list(data.documented))
    return Shared(data, Bench(found, data.panel, draws=100, level=0.95, seed=0))


def _named(model: str, *without: str) -> tuple[str, float]:
    data, bench = _shared()
    base = data.bases.get(model)
    return bench.nearest(bench.found.models.index(model), without=(base, *without))


def test_the_documented_maker_is_nearest_for_most_students() -> None:
    documented = _shared().data.documented
    right = [model for model, maker in documented.items() if _named(model)[0] == maker]
    assert len(right) >= 16, right  # 20 of 21 on all prompts, 18 to 20 on halves of them


def test_members_of_one_maker_are_nearest_to_each_other() -> None:
    panel = _shared().data.panel
    makers = dict(zip(panel.models, panel.makers, strict=True))
    right = [model for model in _benchmark().pseudo_students(panel) if _named(model)[0] == makers[model]]
    assert len(right) >= 10, right  # 12 of 14 on all prompts


def test_hardly_any_maker_is_named_once_the_documented_one_is_gone() -> None:
    documented, nulls = _shared().data.documented, shipped_nulls()
    named = {model: _named(model) for model in documented}
    right = sum(
        maker == documented[model] and p_value(similarity, nulls) <= 0.1
        for model, (maker, similarity) in named.items()
    )
    trials = [_named(model, maker) for model, maker in documented.items()]
    false = sum(p_value(similarity, nulls) <= 0.1 for _, similarity in trials)
    assert right >= 8  # 12 on all prompts
    assert false <= 3  # 1 on all prompts


def test_shipped_nulls_were_made_from_these_files() -> None:
    assert _shared().data.sha256 in _benchmark().NULLS.read_text(encoding="utf-8")
