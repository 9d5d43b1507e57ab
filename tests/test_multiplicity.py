"""e-Holm and e-BH: known values, laws, and their error rates."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.inference.multiplicity import e_bh, e_holm

evidence = st.lists(st.one_of(st.floats(0, 1e4), st.just(math.inf)), max_size=12)


def slow_bh(values: list[float], alpha: float) -> set[int]:
    """Every count of findings tried, the largest that carries itself taken."""
    best: set[int] = set()
    for count in range(1, len(values) + 1):
        found = {i for i, value in enumerate(values) if value >= len(values) / (alpha * count) * (1 - 1e-12)}
        if len(found) >= count:
            best = found
    return best


def test_known_values() -> None:
    assert e_holm([59, 39, 19]) == ()  # 60, 40, 20 are needed
    assert e_holm([61, 41, 21]) == (0, 1, 2)
    assert e_holm([10, 70, 39]) == (1,)
    assert e_bh([61, 30, 20, 1]) == ()
    assert e_bh([40, 1, 45, 2]) == (0, 2)
    assert e_bh([27, 27, 27, 0]) == (0, 1, 2)


@pytest.mark.parametrize("procedure", [e_holm, e_bh])
def test_one_claim_alone_is_refuted_at_one_over_alpha(procedure: object) -> None:
    assert callable(procedure)
    assert procedure([20.0]) == (0,)
    assert procedure([19.9]) == ()
    assert procedure([]) == ()
    assert procedure([math.inf, 0.0]) == (0,)


@settings(deadline=None)
@given(evidence, st.sampled_from((0.01, 0.05, 0.2)))
def test_e_bh_is_the_largest_self_consistent_list(values: list[float], alpha: float) -> None:
    assert set(e_bh(values, alpha)) == slow_bh(values, alpha)


@settings(deadline=None)
@given(evidence)
def test_what_holds_for_all_is_among_the_findings(values: list[float]) -> None:
    assert set(e_holm(values)) <= set(e_bh(values))
    assert {i for i, value in enumerate(values) if value >= len(values) * 20} <= set(e_holm(values))


@settings(deadline=None)
@given(evidence, st.data())
def test_more_evidence_refutes_no_less(values: list[float], data: st.DataObject) -> None:
    if values:
        place = data.draw(st.integers(0, len(values) - 1))
        more = [value * 2 + 1 if i == place else value for i, value in enumerate(values)]
        assert set(e_holm(values)) <= set(e_holm(more))
        assert set(e_bh(values)) <= set(e_bh(more))


@settings(deadline=None)
@given(evidence, st.randoms(use_true_random=False))
def test_the_order_of_the_claims_does_not_matter(values: list[float], draw: random.Random) -> None:
    order = draw.sample(range(len(values)), len(values))
    moved = [values[i] for i in order]
    assert {order[i] for i in e_bh(moved)} == set(e_bh(values))
    assert {order[i] for i in e_holm(moved)} == set(e_holm(values))


def test_true_claims_are_refuted_at_the_stated_rate_however_they_depend() -> None:
    """Seven true claims with one common e-value of mean 1, three false ones with much evidence."""
    draw, replays, any_false, shares = random.Random(3), 4000, 0, 0.0
    for _ in range(replays):
        common = draw.choice((0.0,) * 99 + (100.0,))
        values = [common] * 7 + [1000.0] * 3
        any_false += any(i < 7 for i in e_holm(values, 0.1))
        found = e_bh(values, 0.1)
        shares += sum(i < 7 for i in found) / max(1, len(found))
    assert any_false / replays <= 0.1
    assert shares / replays <= 0.1


@pytest.mark.parametrize("procedure", [e_holm, e_bh])
def test_bad_input_is_refused_in_words(procedure: object) -> None:
    assert callable(procedure)
    with pytest.raises(ValueError, match="the e-value nan is no number"):
        procedure([1.0, math.nan])
    with pytest.raises(ValueError, match="the e-value -1 is no number"):
        procedure([-1])
    with pytest.raises(ValueError, match="alpha 1 is not between"):
        procedure([1.0], 1)
