"""Krippendorff's alpha of a panel: the published example, its laws, its refusals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.inference.agreement import cohen_kappa
from distill_tests.inference.reliability import Measure, krippendorff_alpha

N = None
PUBLISHED: list[Sequence[float | None]] = list(
    zip(
        (1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N),
        (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3),
        (N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N),
        (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N),
        strict=True,
    )
)
"""Krippendorff 2011, "Computing Krippendorff's alpha-reliability", example C: 4 observers, 12 units."""


def units(n: int) -> list[dict[str, str]]:
    return [{"framing": f"f{i}"} for i in range(n)]


@pytest.mark.parametrize(("measure", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_the_published_example_comes_out(measure: Measure, alpha: float) -> None:
    found = krippendorff_alpha(PUBLISHED, units(12), measure=measure, resamples=100)
    assert found.value == pytest.approx(alpha, abs=0.0006)
    assert (found.n, found.missing) == (11, 1)  # one unit has a single observer


panels = st.lists(
    st.lists(st.sampled_from("abc") | st.none(), min_size=3, max_size=3), min_size=3, max_size=25
)


@given(panels)
@settings(max_examples=60)
def test_alpha_holds_within_an_interval_with_width_whatever_the_labels_are_called(
    panel: list[list[str | None]],
) -> None:
    found = krippendorff_alpha(panel, units(len(panel)), resamples=100)
    renamed = [[v and {"a": "z", "b": "y", "c": "x"}[v] for v in row[::-1]] for row in panel]
    again = krippendorff_alpha(renamed, units(len(panel)), resamples=100)
    assert (found.value is None) == (again.value is None)
    if found.value is not None and found.low is not None and found.high is not None:
        assert again.value == pytest.approx(found.value)
        assert found.low - 1e-9 <= found.value <= found.high + 1e-9
        assert found.low < found.high


def test_two_judges_over_many_rows_agree_with_kappa_where_they_label_alike_often() -> None:
    one, other = ["a", "b"] * 200, ["a", "b"] * 150 + ["b", "a"] * 50
    alpha = krippendorff_alpha([list(row) for row in zip(one, other, strict=True)], units(400), resamples=100)
    kappa = cohen_kappa(one, other, units(400), resamples=100)
    assert alpha.value == pytest.approx(kappa.value, abs=0.002)


def test_full_agreement_is_bounded_by_the_number_of_clusters() -> None:
    found = krippendorff_alpha([["a", "a"], ["b", "b"]] * 50, units(100), resamples=100)
    assert found.value == 1
    assert 0.9 < (found.low or 0) < 1


@pytest.mark.parametrize(
    ("panel", "words"),
    [
        ([["a", "a"], ["a", "a"]], "no value: all verdicts are equal"),
        ([["a", None], [None, "b"]], "no value: no row has two verdicts"),
    ],
)
def test_what_cannot_be_said_is_none_with_a_reason(panel: list[list[str | None]], words: str) -> None:
    found = krippendorff_alpha(panel, units(2), resamples=100)
    assert (found.value, found.low, found.high) == (None, None, None)
    assert found.method == words


def test_one_cluster_gives_a_value_without_interval() -> None:
    found = krippendorff_alpha([["a", "a"], ["b", "b"], ["a", "b"]], [{"framing": "f"}] * 3)
    assert found.value is not None
    assert (found.low, found.method) == (None, "no interval: 1 cluster; it takes two or more")


def test_numbers_that_are_none_and_text_without_order_are_refused() -> None:
    with pytest.raises(ValueError, match="'a' is no number"):
        krippendorff_alpha([["a", "b"]] * 3, units(3), measure="interval")
    with pytest.raises(ValueError, match="NaN"):
        krippendorff_alpha([[1.0, math.nan]] * 3, units(3))
    with pytest.raises(ValueError, match="there are no values"):
        krippendorff_alpha([], [])
