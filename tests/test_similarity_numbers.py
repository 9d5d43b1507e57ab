"""Means of likeness, over prompts and over sets, and the tables that a run shows."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.gates.deciding import judge_gate
from distill_tests.inference.clustered import clustered_mean
from distill_tests.inference.strata import mean_of_strata
from distill_tests.kinds._similarity_tables import similarity_tables
from distill_tests.registry import statistics
from distill_tests.types import (
    Case,
    Estimate,
    Gate,
    Model,
    Number,
    Outcome,
    Place,
    Sample,
    Score,
    Table,
    Trial,
    Verdict,
)

TARGET = Model(alias="nimbus", provider="scripted", model="n")
HERE = Place(path="p.jsonl", line=1, column=1)


def outcome(
    name: str, overall: float | None, *, set: str = "a", cluster: str = "", **marks: float
) -> Outcome:
    case = Case(
        id=name,
        data=None,
        place=HERE,
        clusters={"prompt": cluster or name},
        groups={"set": set, "language": "en"},
    )
    score = Score(value=overall, label="", marks=marks)
    return Outcome(case=case, target=TARGET, trials=(Trial(exchanges=(), answer="", score=score),))


def marked(name: str, part: str, mark: float) -> Outcome:
    marks: dict[str, Any] = {part: mark}
    return outcome(name, 3, **marks)


def sample(*outcomes: Outcome, failed: Sequence[Outcome] = ()) -> Sample:
    return Sample(outcomes=outcomes, failed=tuple(one.case for one in failed))


def estimate(name: str, given: Sample) -> Estimate:
    return statistics.get(name)(given)


def test_the_mean_counts_every_answer_and_what_is_missing() -> None:
    found = estimate(
        "mean_overall",
        sample(
            *(outcome(f"q{number}", value) for number, value in enumerate((5.0, 3.0, 2.0, 4.0))),
            outcome("u", None),
            failed=[outcome("f", None)],
        ),
    )
    assert (found.value, found.n, found.missing) == (3.5, 4, 2)
    assert found.low is not None
    assert found.high is not None
    assert 1 <= found.low < 3.5 < found.high <= 5
    assert "prompts like these" in found.method


def test_twins_are_one_cluster_so_that_they_do_not_narrow_the_interval() -> None:
    values = [1.0, 5.0, 2.0, 4.0, 3.0, 5.0]
    alone = sample(*(outcome(f"q{number}", value) for number, value in enumerate(values)))
    twins = sample(
        *(
            outcome(f"q{number}-{language}", value, cluster=f"q{number}")
            for number, value in enumerate(values)
            for language in ("en", "zh")
        )
    )
    one, two = estimate("mean_overall", alone), estimate("mean_overall", twins)
    assert two.clusters == {"prompt": 6}
    assert (one.low, one.high) == pytest.approx((two.low, two.high))


@pytest.mark.parametrize("part", ["style", "logic", "content"])
def test_a_part_is_the_mean_of_its_mark_and_an_answer_without_it_is_missing(part: str) -> None:
    given = sample(marked("q1", part, 2.0), marked("q2", part, 1.0), outcome("q3", 3))
    found = estimate(f"mean_{part}", given)
    assert (found.value, found.n, found.missing) == (1.5, 2, 1)
    assert statistics.get(f"mean_{part}").scale == (0, 2)


def test_the_mean_of_sets_counts_each_set_the_same() -> None:
    given = sample(
        *(outcome(f"a{number}", 5.0 if number % 2 else 4.0) for number in range(10)),
        *(outcome(f"b{number}", 1.0 + number, set="b") for number in range(2)),
    )
    found = estimate("mean_of_sets", given)
    assert (found.value, found.n, found.total) == (3.0, 12, None)
    assert estimate("mean_overall", given).value == 4.0
    sets = found.details["sets"]
    assert isinstance(sets, Mapping)
    assert {name: one["value"] for name, one in sets.items()} == {"a": 4.5, "b": 1.5}  # type: ignore[index,call-overload]  # a mapping each
    assert "2 sets" in found.method


def test_without_a_score_in_one_set_there_is_no_mean_of_sets() -> None:
    given = sample(outcome("a1", 4), outcome("a2", 3), outcome("b1", None, set="b"))
    found = estimate("mean_of_sets", given)
    assert (found.value, found.low, found.high, found.missing) == (None, None, None, 1)


def test_a_set_of_one_prompt_leaves_the_mean_of_sets_without_interval() -> None:
    given = sample(outcome("a1", 4), outcome("a2", 3), outcome("b1", 2, set="b"))
    found = estimate("mean_of_sets", given)
    assert (found.value, found.low, found.high) == (2.75, None, None)
    assert found.method == "no interval: the set b has none"


def test_no_scores_at_all_are_no_number() -> None:
    for name in ("mean_overall", "mean_style", "mean_of_sets"):
        found = estimate(name, sample(outcome("q", None)))
        assert (found.value, found.low, found.n, found.missing) == (None, None, 0, 1)


def test_gates_decide_on_both_means() -> None:
    given = sample(
        *(outcome(f"a{number}", 4.0) for number in range(6)),
        *(outcome(f"b{number}", 2.0, set="b") for number in range(2)),
    )

    def verdict(name: str, at_most: float) -> Verdict:
        gate = Gate(name=name, statistic=name, at_most=at_most)
        return judge_gate(gate, given, statistics.get(name)).verdict

    assert verdict("mean_overall", 3.5) == verdict("mean_of_sets", 3.0) == Verdict.PASSED
    assert verdict("mean_overall", 3.49) == verdict("mean_of_sets", 2.99) == Verdict.FAILED


def test_a_gate_may_claim_more_than_the_declared_set() -> None:
    given = sample(*(outcome(f"q{number}", 1.0 + number % 4) for number in range(60)))

    def verdict(at_most: float) -> Verdict:
        gate = Gate(name="m", statistic="mean_overall", at_most=at_most, claim="population", over="prompt")
        return judge_gate(gate, given, statistics.get("mean_overall")).verdict

    assert [verdict(bound) for bound in (1.5, 2.6, 3.5)] == [
        Verdict.FAILED,
        Verdict.INCONCLUSIVE,
        Verdict.PASSED,
    ]


# --- the interval of a mean of means ------------------------------------------------------------


def interval(value: float, low: float, high: float) -> Estimate:
    return Estimate(value=value, low=low, high=high, n=10)


def test_a_single_stratum_keeps_its_interval() -> None:
    found = mean_of_strata([interval(3.0, 2.5, 3.25)])
    assert found == (3.0, 2.5, 3.25)


def test_equal_strata_join_as_independent_means_do() -> None:
    found = mean_of_strata([interval(3.0, 2.6, 3.4)] * 4)
    assert found == pytest.approx((3.0, 2.8, 3.2))


@given(st.lists(st.tuples(*[st.floats(1, 5)] * 3), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_the_joined_interval_holds_the_mean_and_stays_on_the_scale(given: list[tuple[float, ...]]) -> None:
    strata = [interval(value, low, high) for low, value, high in map(sorted, given)]
    found = mean_of_strata(strata)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert 1 - 1e-9 <= found.low <= found.value <= found.high <= 5 + 1e-9
    assert found.value == pytest.approx(math.fsum(one.value or 0 for one in strata) / len(strata))


def test_the_joined_interval_holds_the_true_mean_as_often_as_it_says() -> None:
    """Three sets of 12 prompts on the 1-5 scale; of 400 runs 95 % less three standard errors: 91.7 %."""
    weights = {"a": (1, 2, 3, 4, 5), "b": (5, 4, 3, 2, 1), "c": (1, 1, 8, 1, 1)}
    truth = sum(sum(v * w for v, w in enumerate(ws, start=1)) / sum(ws) for ws in weights.values()) / 3
    chance, held = random.Random(5), 0
    for _ in range(400):
        strata = []
        for ws in weights.values():
            values = [float(one) for one in chance.choices((1, 2, 3, 4, 5), ws, k=12)]
            clusters = [{"prompt": str(number)} for number in range(12)]
            strata.append(clustered_mean(values, clusters, scale=(1.0, 5.0)))
        found = mean_of_strata(strata)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert held / 400 > 0.917


# --- tables -------------------------------------------------------------------------------------


def row(
    target: str,
    name: str,
    overall: float | None,
    *,
    set: str = "a",
    verdict: str = "passed",
    trials: bool = True,
    told: Mapping[str, Any] | None = None,
    **marks: float,
) -> dict[str, Any]:
    likeness = {"reference": "stratus", "identical": False, "cut_off": [], "rows_left_out": 0, **(told or {})}
    score = {"value": overall, "marks": marks, "details": {"likeness": likeness}}
    return {
        "type": "case",
        "spec": "specs/rse.yaml",
        "title": "RSE",
        "target": target,
        "id": name,
        "clusters": {"prompt": name},
        "groups": {"set": set},
        "verdict": verdict,
        "gate": None,
        "comparison": None,
        "trials": [{"score": score}] if trials else [],
    }


def cells(table: Table) -> dict[str, dict[str, Any]]:
    return {
        str(one[0]): {
            name: cell.value if isinstance(cell, Number) else cell
            for name, cell in zip(table.columns[1:], one[1:], strict=True)
        }
        for one in table.rows
    }


def test_the_table_has_targets_by_sets_their_plain_mean_and_what_is_missing() -> None:
    rows = [
        *(row("one", f"a{number}", 4.0 - number % 2, style=1.0) for number in range(4)),
        *(row("one", f"b{number}", 1.0 + number % 2, set="b", style=2.0) for number in range(2)),
        row("one", "b9", None, set="b"),
        row("one", "b8", None, set="b", verdict="broken", trials=False),
        *(row("two", f"a{number}", 2.0, style=0.0) for number in range(2)),
        *(row("two", f"b{number}", 5.0, set="b", style=0.0) for number in range(2)),
        row("two", "b9", None, set="b", verdict="skipped", trials=False),
    ]
    overall, parts = similarity_tables(rows)
    assert overall.title == "RSE: likeness to stratus, 1 to 5"
    assert overall.columns == ("target", "a", "b", "mean of sets", "all prompts", "answers", "missing")
    assert cells(overall) == {
        "one": {"a": 3.5, "b": 1.5, "mean of sets": 2.5, "all prompts": 17 / 6, "answers": 6, "missing": 2},
        "two": {"a": 2.0, "b": 5.0, "mean of sets": 3.5, "all prompts": 3.5, "answers": 4, "missing": 0},
    }
    assert all(isinstance(cell, Number) and cell.low is not None for cell in overall.rows[0][1:5])
    notes = " ".join(overall.notes)
    assert "1 case not asked." in notes
    assert "2 answers missing" in notes
    assert parts.columns == ("target", "style", "answers")
    assert cells(parts)["one"] == {"style": 4 / 3, "answers": 6}


def test_a_set_without_a_score_has_no_mean_and_leaves_the_mean_of_sets_open() -> None:
    (overall,) = similarity_tables(
        [row("one", "a1", 3.0), row("one", "a2", 4.0), row("one", "b1", None, set="b")]
    )
    assert cells(overall)["one"]["b"] is None
    assert cells(overall)["one"]["mean of sets"] is None
    assert cells(overall)["one"]["all prompts"] == 3.5


def test_one_set_has_no_mean_of_sets() -> None:
    (overall,) = similarity_tables([row("one", "a1", 3.0), row("one", "a2", 4.0)])
    assert overall.columns == ("target", "a", "all prompts", "answers", "missing")


def controlled(
    target: str, name: str, value: float | None, *, missing: str = "", set: str = "a"
) -> dict[str, Any]:
    told = {"model": "cirrus", "value": value, "marks": {"style": 1.0} if value else {}, "missing": missing}
    return row(target, name, 4.0, set=set, style=2.0, told={"controls": {"unlike": told}})


def test_controls_stand_below_the_targets_set_by_set_and_each_prompt_counts_once() -> None:
    rows = [
        *(controlled("one", f"a{number}", 2.0 + number) for number in range(2)),
        controlled("one", "b1", 1.0, set="b"),
        controlled("one", "b2", None, missing="no line", set="b"),
        row("one", "b3", None, set="b", verdict="broken", trials=False),
        *(controlled("two", f"a{number}", 2.0 + number) for number in range(2)),
        controlled("two", "b1", 1.0, set="b"),
        controlled("two", "b2", None, missing="no line", set="b"),
        controlled("two", "b3", 2.0, set="b"),
    ]
    overall, parts = similarity_tables(rows)
    assert list(cells(overall)) == ["one", "two", "cirrus (control unlike)"]
    assert cells(overall)["cirrus (control unlike)"] == {
        "a": 2.5, "b": 1.5, "mean of sets": 2.0, "all prompts": 2.0, "answers": 4, "missing": 1,
    }  # fmt: skip
    number = overall.rows[2][1]
    assert isinstance(number, Number)
    assert number.low is not None
    assert cells(parts)["cirrus (control unlike)"] == {"style": 1.0, "answers": 4}


def test_a_case_without_an_answer_is_missing_as_often_as_it_was_asked() -> None:
    twice = row("one", "a1", 3.0)
    twice["trials"] = twice["trials"] * 2
    (overall,) = similarity_tables([twice, row("one", "a2", None, verdict="broken", trials=False)])
    assert (cells(overall)["one"]["answers"], cells(overall)["one"]["missing"]) == (2, 2)


def test_the_first_note_which_alone_a_terminal_shows_tells_what_is_missing_and_what_brackets_are() -> None:
    rows = [
        controlled("one", "a1", None, missing="cirrus: \x1b[2J the line went dead"),
        row("one", "a2", None),
        row("one", "a3", 4.0, told={"cut_off": ["target"], "rows_left_out": 3}),
    ]
    rows[2]["trials"][0]["score"]["details"]["likeness"]["controls"] = {
        "unlike": {"model": "cirrus", "value": 2.0, "marks": {}}
    }
    first, *_ = similarity_tables(rows)[0].notes
    assert first.startswith("1 answer missing")
    assert "2 answers of cirrus (control unlike) missing (first: cirrus:" in first
    assert "In 1 pair an answer reached max_tokens" in first
    assert "3 rows of the file of a cannot be used" in first
    assert "In brackets: 95 % intervals" in first


def test_what_limits_the_numbers_stands_below_the_table() -> None:
    rows = [
        row("one", "a1", 5.0, told={"identical": True}),
        row("one", "a2", 4.0, told={"cut_off": ["target"], "rows_left_out": 3}),
    ]
    notes = " ".join(similarity_tables(rows)[0].notes)
    assert "1 pair of identical answers" in notes
    assert "In 1 pair an answer reached max_tokens" in notes
    assert "3 rows of the file of a cannot be used" in notes
    assert "likeness alone does not show that one learned from the other" in notes


def test_specs_have_tables_of_their_own_and_one_without_answers_has_none() -> None:
    rows = [row("one", "a1", 3.0), row("one", "a1", 4.0) | {"spec": "b.yaml", "title": "Other"}]
    rows.append(row("one", "x", None, verdict="skipped", trials=False) | {"spec": "c.yaml"})
    assert [table.title.split(":")[0] for table in similarity_tables(rows)] == ["RSE", "Other"]
