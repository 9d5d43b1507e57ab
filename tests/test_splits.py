"""Scores by framing, family, topic and language: what is counted, and what an interval is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.inference.clustered import clustered_rate
from distill_tests.record import Record, case_record, error_record, skip_record
from distill_tests.scoretext import method_words, outlier_lines, share_text
from distill_tests.splits import LEVEL, Share, Split, splits
from distill_tests.types import Case, Json, Model, Outcome, Place, Score, Spec, Trial, Verdict
from tests.example_runs import SPEC, TARGET


def row(
    name: str,
    *values: float | None,
    family: str = "fiction",
    language: str = "en",
    framing: str = "narrator",
    question: str = "maker",
    tags: Sequence[str] = (),
    target: Model = TARGET,
    spec: Spec = SPEC,
    marks: Sequence[str] = ("loose", "strict"),
    wrong: bool | None = None,
) -> Record:
    """An answered case, a trial for each value; without values one without a reply."""
    case = Case(
        id=name,
        data=None,
        place=Place(path=spec.path, line=1, column=1),
        tags=(family, language, *tags),
        clusters={"framing": framing, "question": question},
        groups={"family": family, "language": language, "framing": framing},
    )
    where: dict[str, Any] = {
        "node": f"{spec.path}::{target.alias}::{name}",
        "spec": spec,
        "declared_gates": (),
    }
    if not values:
        return error_record(case, target=target, error="503", **where)
    trials = tuple(
        Trial(
            exchanges=(),
            answer="",
            score=Score(value=value, label="", marks={} if value is None else dict.fromkeys(marks, value)),
        )
        for value in values
    )
    outcome = Outcome(case=case, target=target, trials=trials)
    told = [value is not None and wrong is not None and wrong for value in values]
    return case_record(
        outcome,
        verdict=Verdict.PASSED,
        explanation="",
        wrong=told if wrong is not None else None,
        **where,
    )


def pool() -> list[Record]:
    """Three families of two framings, each asked three questions in two languages."""
    return [
        row(
            f"{family}{framing}{question}{language}",
            float(family == "c"),
            family=family,
            framing=f"{family}{framing}",
            question=f"q{question}",
            language=language,
            tags=("names-maker",) if framing else (),
        )
        for family in "abc"
        for framing in (0, 1)
        for question in range(3)
        for language in ("en", "zh")
    ]


def found(rows: Sequence[Record]) -> dict[tuple[str, str], Split]:
    return {(one.dimension, one.group): one for one in splits(rows)}


def test_answers_are_split_by_everything_the_cases_name_all_of_them_first() -> None:
    told = found(pool())
    assert next(iter(told)) == ("all", "")
    assert list(told)[1:6] == [
        ("family", "a"),
        ("family", "b"),
        ("family", "c"),
        ("language", "en"),
        ("language", "zh"),
    ]
    assert [group for dimension, group in told if dimension == "framing"] == [
        "a0",
        "a1",
        "b0",
        "b1",
        "c0",
        "c1",
    ]
    assert [group for dimension, group in told if dimension == "tag"] == [
        "names-maker"
    ]  # what the rest says not
    assert {key: one.shares["strict"].n for key, one in told.items() if key[0] == "family"} == {
        ("family", name): 12 for name in "abc"
    }


def test_an_interval_is_for_framings_and_questions_like_these() -> None:
    rows = pool()
    share = found(rows)["all", ""].shares["loose"]
    expected = clustered_rate(
        [float(one["groups"]["family"] == "c") for one in rows],
        [one["clusters"] for one in rows],
        level=LEVEL,
    )
    assert (share.hits, share.n) == (12, 36)
    assert share.value == pytest.approx(1 / 3)
    assert (share.low, share.high, share.method) == (expected.low, expected.high, expected.method)


def test_a_framings_own_interval_is_for_questions_like_these() -> None:
    one = found(pool())["framing", "c0"]
    assert one.clusters == {"question": 3}
    share = one.shares["strict"]
    assert (share.hits, share.n, share.value) == (6, 6, 1.0)
    assert share.low is not None
    assert 0.2 < share.low < 0.5  # three questions, each counted once


def test_a_share_that_rests_on_one_framing_is_a_count_only() -> None:
    rows = [row(f"q{number}", float(number % 2), question=f"q{number}") for number in range(8)]
    share = found(rows)["family", "fiction"].shares["strict"]
    assert (share.hits, share.n, share.value, share.low, share.high) == (4, 8, None, None, None)
    assert share.method == "no interval: 1 framing; it takes two or more"
    assert share_text({"hits": 4, "n": 8, "value": None, "low": None, "high": None}) == "4 of 8, no interval"


def test_what_was_asked_and_not_scored_is_missing_and_what_was_not_asked_is_not_there() -> None:
    case = Case(id="s", data=None, place=Place(path="p", line=1, column=1), groups={"family": "fiction"})
    skipped = skip_record(case, node="n", spec=SPEC, target=TARGET, reason="not needed", declared_gates=())
    rows = [row("a", 1.0, 0.0, None), row("b"), skipped]
    share = found(rows)["family", "fiction"].shares["strict"]
    assert (share.hits, share.n, share.missing) == (1, 2, 2)


def test_a_mark_that_some_answers_lack_is_missing_there() -> None:
    rows = [
        row("a", 1.0, framing="f", question="p"),
        row("b", 0.0, framing="g", question="q", marks=("loose",)),
    ]
    shares = found(rows)["all", ""].shares
    assert (shares["loose"].n, shares["strict"].n, shares["strict"].missing) == (2, 1, 1)


def test_a_judge_without_marks_is_split_by_what_was_wrong() -> None:
    rows = [
        row("a", 0.3, marks=(), wrong=True),
        row("b", 0.9, marks=(), wrong=False, framing="g", question="q"),
    ]
    assert {mark: share.hits for mark, share in found(rows)["all", ""].shares.items()} == {"wrong": 1}


def test_numbers_that_are_no_yes_or_no_are_no_share() -> None:
    assert splits([row("a", 0.3), row("b", 1.0, framing="g")]) == []


def test_targets_and_specs_are_kept_apart() -> None:
    other = Model(alias="other", provider="scripted", model="o")
    told = splits([row("a", 1.0), row("a", 0.0, target=other)])
    assert {(one.target, one.shares["strict"].hits) for one in told} == {("qwen-max", 1), ("other", 0)}


def test_records_of_a_run_made_before_there_were_groups_can_be_split() -> None:
    rows = [{key: value for key, value in one.items() if key != "groups"} for one in pool()]
    assert [one.dimension for one in splits(rows)][:2] == ["all", "tag"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 1.0, None]),
            st.sampled_from("abc"),
            st.sampled_from("fgh"),
            st.sampled_from("pqr"),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_the_groups_of_a_dimension_make_up_the_whole(
    cells: list[tuple[float | None, str, str, str]],
) -> None:
    rows = [
        row(f"c{number}", value, family=family, framing=framing, question=question)
        for number, (value, family, framing, question) in enumerate(cells)
    ]
    told = splits(rows)
    for dimension in ("family", "language", "framing"):
        parts = [one.shares for one in told if one.dimension == dimension]
        for mark, whole in told[0].shares.items() if told else ():
            assert sum(part[mark].hits for part in parts) == whole.hits
            assert sum(part[mark].n for part in parts) == whole.n
            assert sum(part[mark].missing for part in parts) == whole.missing
    for share in (share for one in told for share in one.shares.values()):
        known = [share.low, share.value, share.high]
        bounds = [number for number in known if number is not None]
        assert len(bounds) in (0, 3)  # no share without its interval
        assert bounds == sorted(bounds)
        assert not bounds or 0.0 <= bounds[0] < bounds[2] <= 1.0


# --- in words -----------------------------------------------------------------------------------


def as_json(rows: Sequence[Record]) -> list[dict[str, Json]]:
    return [one.as_json() for one in splits(rows)]


def test_only_groups_that_differ_from_the_whole_are_told_on_a_terminal() -> None:
    rows = [
        row(
            f"{family}{framing}{question}",
            float(family == "odd"),
            family=family,
            framing=f"{family}{framing}",
            question=f"q{question}",
        )
        for family in ("odd", "even", "plain", "other")
        for framing in range(12)
        for question in range(6)
    ]
    lines = list(outlier_lines(as_json(rows)))
    assert lines[0].startswith("family odd: loose 72 of 72, 1.000 [")
    assert lines[0].endswith("; all: 0.250")
    assert lines[-1] == "no variation: each cluster counts once, 95 % two-sided; 5 groups looked at"
    assert len(lines) == 3  # loose, strict, their method; 12 clean framings do not exclude 0.25
    assert not list(outlier_lines(as_json(pool()[:12])))


def test_the_methods_of_a_table_are_said_once() -> None:
    assert method_words(as_json(pool())) == (
        "Korn-Graubard, 95 % two-sided; no variation: each cluster counts once, 95 % two-sided"
    )
    assert method_words([]) == "no interval can be told"


def test_a_share_reads_as_a_count_with_its_interval() -> None:
    share = Share(hits=12, n=2000, missing=0, value=0.006, low=0.003, high=0.01, method="m")
    told = {"hits": share.hits, "n": share.n, "value": share.value, "low": share.low, "high": share.high}
    assert share_text(told) == "12 of 2,000, 0.006 [0.003, 0.010]"
    assert share_text({**told, "n": 0}) == "none scored"
