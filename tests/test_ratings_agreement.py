"""Scores beside people's ratings: protocols, the unscored, pairs, differences; half of MSVD-Eval."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import kendalltau

from distill_tests.ratings.agreement import (
    Protocol,
    columns,
    estimated,
    highest_possible,
    people_with_each_other,
    tau_b_difference,
    together,
)
from distill_tests.ratings.beside import Beside
from distill_tests.ratings.formats import read_ratings
from distill_tests.ratings.items import PairPart
from distill_tests.ratings.pairs import pairs, pairwise_accuracy


def item(
    number: int,
    ratings: Sequence[float | None],
    judged: float | None,
    *,
    metrics: Mapping[str, float] | None = None,
    clip: str | None = None,
) -> Beside:
    return Beside(
        id=f"i{number}",
        clusters={"clip": clip or f"c{number}"},
        ratings={"overall": ratings},
        judged={} if judged is None else {"overall": judged},
        value=judged,
        metrics=metrics or {},
        pair=None,
        group="",
    )


def rated(seed: int, *, n: int = 40, noise: float = 1.0) -> list[Beside]:
    rng = random.Random(seed)
    found = []
    for number in range(n):
        truth = rng.random() * 4 + 1
        ratings = [float(min(5, max(1, round(truth + rng.gauss(0, 0.7))))) for _ in range(2)]
        metrics = {"noisy": truth + rng.gauss(0, 3), "same": truth}
        found.append(
            item(number, ratings, truth + rng.gauss(0, noise), metrics=metrics, clip=f"c{number // 2}")
        )
    return found


def tau(x: Sequence[float], y: Sequence[float]) -> float:
    return float(kendalltau(x, y).statistic)


# --- protocols ------------------------------------------------------------------------------------


def test_protocols_take_means_ratings_or_raters() -> None:
    found = rated(1)
    scores = [one.judged["overall"] for one in found]
    first, second = ([one.ratings["overall"][place] or 0 for one in found] for place in (0, 1))
    means = [(a + b) / 2 for a, b in zip(first, second, strict=True)]
    expected: dict[Protocol, float] = {
        "item_mean": tau(scores, means),
        "per_rating": tau([*scores, *scores], [*first, *second]),
        "each_rater": (tau(scores, first) + tau(scores, second)) / 2,
    }
    for protocol, value in expected.items():
        assert columns(found, "overall", protocol=protocol).value("kendall") == pytest.approx(value)
    assert people_with_each_other(found, "overall").value("kendall") == pytest.approx(tau(first, second))


def test_results_do_not_depend_on_the_order_in_which_items_come() -> None:
    found = rated(2)
    mixed = random.Random(3).sample(found, len(found))
    protocols: tuple[Protocol, ...] = ("item_mean", "per_rating")
    for protocol in protocols:
        told, again = (columns(some, "overall", protocol=protocol) for some in (found, mixed))
        assert told.value("kendall") == pytest.approx(again.value("kendall") or 0)


def test_what_is_unscored_or_unrated_counts_in_no_number_and_is_counted() -> None:
    found = [*rated(4), item(90, [5.0, 5.0], None), item(91, [None, None], 3.0), item(92, [None, 4.0], 3.0)]
    told = estimated(columns(found, "overall", protocol="item_mean"), "kendall", resamples=100)
    assert (told.n, told.missing) == (41, 1)
    assert told.details == {"points": 41, "items": 41}
    per_rating = estimated(columns(found, "overall", protocol="per_rating"), "kendall", resamples=100)
    assert per_rating.details == {"points": 81, "items": 41}


def test_the_interval_is_over_clips_and_holds_the_value() -> None:
    told = estimated(columns(rated(5), "overall", protocol="per_rating"), "kendall", resamples=200)
    assert told.clusters == {"clip": 20}
    assert (told.low or 1) < (told.value or 0) < (told.high or -1)
    assert "bootstrap over clip, 200 resamples" in told.method


def test_one_clip_or_no_score_at_all_gives_no_interval_and_no_error() -> None:
    alone = [replace_clip(one, "one") for one in rated(6)]
    told = estimated(columns(alone, "overall", protocol="item_mean"), "kendall")
    assert told.value is not None
    assert told.low is None
    none = [item(number, [3.0], None) for number in range(5)]
    assert estimated(columns(none, "overall", protocol="item_mean"), "kendall").missing == 5
    same = [item(number, [3.0], float(number)) for number in range(5)]
    assert estimated(columns(same, "overall", protocol="item_mean"), "kendall").value is None


def replace_clip(one: Beside, clip: str) -> Beside:
    return one._replace(clusters={"clip": clip})


# --- differences ----------------------------------------------------------------------------------


def test_a_difference_is_paired_and_narrower_than_the_two_intervals_together() -> None:
    found = rated(7, noise=0.3)
    told = tau_b_difference(found, "overall", "same", protocol="item_mean", resamples=400)
    one = estimated(columns(found, "overall", protocol="item_mean"), "kendall", resamples=400)
    other = estimated(columns(found, "overall", protocol="item_mean", by="same"), "kendall", resamples=400)
    assert told.value == pytest.approx((one.value or 0) - (other.value or 0))
    width = [(some.high or 0) - (some.low or 0) for some in (told, one, other)]
    assert width[0] < min(width[1:])
    assert told.n == 40


def test_a_difference_is_on_the_items_that_both_have_scored() -> None:
    found = rated(8)
    found[0] = found[0]._replace(metrics={})
    found[1] = found[1]._replace(judged={}, value=None)
    told = tau_b_difference(found, "overall", "noisy", protocol="item_mean", resamples=100)
    assert (told.n, told.missing) == (38, 2)


def test_columns_of_different_items_are_not_drawn_together() -> None:
    found = rated(9)
    given = {
        "all": columns(found, "overall", protocol="item_mean"),
        "some": columns(found[2:], "overall", protocol="item_mean"),
    }
    with pytest.raises(ValueError, match="different items"):
        together(given, "kendall")


# --- pairs ----------------------------------------------------------------------------------------


def part(name: str, better: bool, score: float | None, group: str = "") -> Beside:
    told = item(0, [], score)
    return told._replace(pair=PairPart(name=name, is_better=better), group=group, clusters={"clip": name})


def test_a_tie_is_a_failure_and_half_a_pair_is_missing() -> None:
    found = [
        *(part("right", True, 2.0), part("right", False, 1.0)),
        *(part("wrong", True, 1.0), part("wrong", False, 2.0)),
        *(part("tie", True, 1.0), part("tie", False, 1.0)),
        *(part("half", True, 1.0), part("half", False, None)),
    ]
    told = pairwise_accuracy(found)
    assert told.value == pytest.approx(1 / 3)
    assert (told.n, told.missing) == (3, 1)
    assert pairs(found).tied == 1


def test_an_original_with_several_foils_is_as_many_pairs() -> None:
    found = [part("p", True, 2.0), part("p", False, 1.0), part("p", False, 3.0)]
    assert pairs(found).right == [1.0, 0.0]


# --- the shared half of MSVD-Eval -----------------------------------------------------------------


def shared_half() -> list[Beside]:
    folder = os.environ.get("DISTILL_TESTS_DATA")
    path = Path(folder or "") / "g-veval" / "MSVD-Eval-99.json"
    if not folder or not path.is_file():
        pytest.skip("DISTILL_TESTS_DATA has no g-veval/MSVD-Eval-99.json")
    found = read_ratings(path, format="msvd-eval", named=path.name)
    assert found.problems == []
    return [
        Beside(
            id=one.id,
            clusters={"clip": one.clip},
            ratings=one.ratings,
            judged={},
            value=None,
            metrics={"length": -float(len(one.caption.split()))},
            pair=None,
            group="",
        )
        for one in found.items
    ]


def test_people_agree_on_the_shared_half_as_they_do_on_all_of_msvd_eval() -> None:
    """Whole set (197 clips): tau-b and tau-c of one annotator with the other; half of it is not far off."""
    found = shared_half()
    assert len(found) == 99
    whole = {
        "accuracy": (74.4, 68.7),
        "completeness": (62.0, 54.8),
        "conciseness": (71.6, 67.2),
        "relevance": (70.1, 58.7),
        "average": (74.5, 72.2),
    }
    for name, (tau_b, tau_c) in whole.items():
        told = people_with_each_other(found, name)
        assert 100 * (told.value("kendall") or 0) == pytest.approx(tau_b, abs=5)
        assert 100 * (told.value("stuart") or 0) == pytest.approx(tau_c, abs=6)


def test_the_length_control_and_the_ceiling_of_the_published_protocol_come_out_as_known() -> None:
    """Whole set, each rating a point: length 47.65 on conciseness; item means 88.3 / 87.2 on the average."""
    found = shared_half()
    length = columns(found, "conciseness", protocol="per_rating", by="length")
    assert 100 * (length.value("kendall") or 0) == pytest.approx(47.65, abs=5)
    ceiling = highest_possible(found, "average", protocol="per_rating")
    assert 100 * (ceiling.value("kendall") or 0) == pytest.approx(88.3, abs=1)
    assert 100 * (ceiling.value("stuart") or 0) == pytest.approx(87.2, abs=1.5)
    told: Any = estimated(replace(length), "kendall", resamples=200)
    assert told.details == {"points": 198, "items": 99}
