"""How strongly cells speak for a verdict, and which framings and questions fail for themselves."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.gates.evidence import evidence, failing_groups
from distill_tests.registry import statistics
from distill_tests.types import Case, Gate, Model, Outcome, Place, Sample, Score, Trial, Verdict

LAW = settings(deadline=None, max_examples=50)
"""A slow machine is no broken law."""
STRICT = statistics.get("strict_rate")
TARGET = Model(alias="toy", provider="scripted", model="toy")
GATE = Gate(name="strict_rate", statistic="strict_rate", at_most=0.1)


def outcome(name: str, clusters: Mapping[str, str], values: Sequence[float | None]) -> Outcome:
    case = Case(id=name, data=None, place=Place(path="x", line=1, column=1), clusters=clusters)
    trials = tuple(
        Trial(
            exchanges=(),
            answer="",
            score=Score(value=value, label="", marks={} if value is None else {"strict": value}),
        )
        for value in values
    )
    return Outcome(case=case, target=TARGET, trials=trials)


def grid(wrong: Mapping[str, int], *, questions: int, undrawn: int = 0) -> Sample:
    """By framing how many of the questions went wrong."""
    outcomes = [
        outcome(
            f"{framing}-{number}", {"framing": framing, "question": f"q{number}"}, [float(number < count)]
        )
        for number in range(questions)
        for framing, count in wrong.items()
        for wrong_one in [float(number < count)]
    ]
    rest = [Case(id=f"u{n}", data=None, place=Place(path="x", line=1, column=1)) for n in range(undrawn)]
    return Sample(outcomes=tuple(outcomes), undrawn=tuple(rest))


def names(sample: Sample, gate: Gate = GATE, dimension: str = "framing") -> list[str]:
    found = {one.dimension: one for one in failing_groups(gate, sample, STRICT)}
    return [group.name for group in found[dimension].found]


def test_a_framing_that_fails_for_itself_is_named_with_its_counts() -> None:
    sample = grid({"narrator": 8, "plain": 0, "poem": 1, "letter": 0}, questions=9)
    (found,) = [one for one in failing_groups(GATE, sample, STRICT) if one.dimension == "framing"]
    assert [(group.name, group.wrong, group.n) for group in found.found] == [("narrator", 8, 9)]
    assert found.of == 4
    assert found.found[0].evidence > 4 / 0.05


def test_none_is_named_where_the_data_cannot_carry_it() -> None:
    assert names(grid({"narrator": 1, "plain": 0, "poem": 0}, questions=2)) == []
    assert names(grid({"narrator": 1, "plain": 0, "poem": 0}, questions=2), dimension="question") == []


def test_twins_of_a_question_are_no_two_draws() -> None:
    def twins(each: int) -> Sample:
        labels = [{"framing": f"f{f}", "question": f"q{q}"} for q in range(2) for f in range(2)]
        return Sample(
            outcomes=tuple(
                outcome(f"{one['framing']}-{one['question']}-{twin}", one, [1.0])
                for one in labels
                for twin in range(each)
            )
        )

    one, ten = (failing_groups(GATE, twins(each), STRICT)[0] for each in (1, 10))
    assert one.found == ten.found


def test_a_repeated_case_is_a_group_of_its_own() -> None:
    outcomes = [
        outcome("bad", {"framing": "plain", "question": "a"}, [1.0] * 8),
        outcome("good", {"framing": "plain", "question": "b"}, [0.0] * 8),
    ]
    sample = Sample(outcomes=tuple(outcomes), repeats=8)
    assert names(sample, dimension="probe") == ["bad"]


def test_what_is_missing_never_names_a_group() -> None:
    outcomes = [
        outcome(f"{framing}-{number}", {"framing": framing, "question": f"q{number}"}, [None])
        for number in range(9)
        for framing in ("narrator", "plain")
    ]
    assert names(Sample(outcomes=tuple(outcomes))) == []


def test_few_of_the_groups_named_are_there_by_chance() -> None:
    """Every framing has exactly the allowed rate: in 5 % of the runs at most any may be named."""
    rng, runs, named = random.Random(5), 200, 0
    for _ in range(runs):
        outcomes = [
            outcome(f"f{f}-{q}", {"framing": f"f{f}", "question": f"q{q}"}, [float(rng.random() < 0.1)])
            for q in range(12)
            for f in range(6)
        ]
        named += bool(names(Sample(outcomes=tuple(outcomes))))
    assert named <= runs * 0.05 + 8


@LAW
@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 40))
def test_evidence_is_infinite_on_the_side_that_logic_decides_and_only_there(
    wrong: int, right: int, undrawn: int
) -> None:
    if wrong + right == 0:
        return
    labels = [{"framing": f"f{n % 3}", "question": f"q{n}"} for n in range(wrong + right)]
    outcomes = [outcome(f"c{n}", one, [float(n < wrong)]) for n, one in enumerate(labels)]
    rest = [Case(id=f"u{n}", data=None, place=Place(path="x", line=1, column=1)) for n in range(undrawn)]
    found = evidence(GATE, Sample(outcomes=tuple(outcomes), undrawn=tuple(rest)), STRICT, Verdict.PASSED)
    assert found is not None
    declared = wrong + right + undrawn
    assert math.isinf(found.failing) == (10 * wrong > declared)
    assert math.isinf(found.passing) == (10 * (wrong + undrawn) <= declared)
    assert found.failing >= 1
    assert found.passing >= 1
