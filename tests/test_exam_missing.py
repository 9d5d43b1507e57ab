"""What a statistic of an exam could be, whatever is missing, and the gates that this decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests.exams.averages import Answer, difference, possible_difference, unanswered
from distill_tests.exams.letters import (
    order_consistency,
    positions,
    possible_consistency,
    possible_distance,
)
from distill_tests.gates import judge_gate
from distill_tests.registry import statistic_of
from distill_tests.types import Gate, Sample, Verdict

from .exam_items import answer, outcome

LETTERS = "ABC"


def stand_ins(answers: Sequence[Answer]) -> list[Answer]:
    return [unanswered(one.groups, one.clusters) for one in answers]


def said(one: Answer, chosen: str | None) -> Answer:
    """The same question with another answer, in the file's letters."""
    return replace(one, chosen=chosen, original=chosen, correct=float(chosen == one.gold))


@given(
    st.lists(st.tuples(st.sampled_from(LETTERS), st.sampled_from(LETTERS)), max_size=6),
    st.integers(0, 2),
)
def test_the_ends_of_the_distance_are_those_of_every_letter_that_could_be_missing(
    known: list[tuple[str, str]], unknown: int
) -> None:
    def pair(n: int, letters: tuple[str | None, str]) -> Answer:
        return answer(n, chosen=letters[0], gold=letters[1], correct=letters[0] == letters[1])

    answers = [pair(n, letters) for n, letters in enumerate(known)]
    ends = possible_distance(positions(answers), unknown)
    every = product(product([None, *LETTERS], LETTERS), repeat=unknown)
    found = [
        positions([*answers, *(pair(9 + n, one) for n, one in enumerate(more))]).distance for more in every
    ]
    told = [one for one in found if one is not None]
    if not told:
        assert ends is None
        return
    assert ends == pytest.approx((min(told), max(told)))


@given(st.lists(st.tuples(st.sampled_from([None, "A", "B"]), st.booleans()), min_size=4, max_size=6))
def test_the_ends_of_the_consistency_are_those_of_every_choice_that_could_be_missing(
    drawn: list[tuple[str | None, bool]],
) -> None:
    drawn = drawn[: len(drawn) // 2 * 2]
    every = [said(answer(n // 2, order=n % 2, options=2), choice) for n, (choice, _) in enumerate(drawn)]
    known = [one for one, (_, is_known) in zip(every, drawn, strict=True) if is_known]
    lost = [one for one, (_, is_known) in zip(every, drawn, strict=True) if not is_known]
    found = [order_consistency([*known, *more]).value for more in _every_choice(lost, [None, "A", "B"])]
    told = [one for one in found if one is not None]
    assert possible_consistency(known, stand_ins(lost)) == pytest.approx((min(told), max(told)))


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=7
    )
)
def test_the_ends_of_a_difference_are_those_of_every_answer_that_could_be_missing(
    drawn: list[tuple[int, bool, bool, bool]],
) -> None:
    """Items may be in one setting only, or several times in it."""
    every = [
        said(answer(item, setting="new" if is_new else "old", gold="A"), "A" if right else "B")
        for item, is_new, right, _ in drawn
    ]
    known = [one for one, row in zip(every, drawn, strict=True) if row[3]]
    lost = [one for one, row in zip(every, drawn, strict=True) if not row[3]]

    def of(setting: str, answers: Sequence[Answer]) -> list[Answer]:
        return [one for one in answers if one.setting == setting]

    found = [
        difference(of("new", [*known, *more]), of("old", [*known, *more]))[0].value
        for more in _every_choice(lost, ["A", "B"])
    ]
    told = [one for one in found if one is not None]
    sides = [(of(name, known), stand_ins(of(name, lost))) for name in ("new", "old")]
    ends = possible_difference(sides[0], sides[1])
    if not told:
        assert ends is None
        return
    assert ends == pytest.approx((min(told), max(told)))


def _every_choice(lost: Sequence[Answer], choices: Sequence[str | None]) -> Iterator[list[Answer]]:
    for picked in product(choices, repeat=len(lost)):
        yield [said(one, choice) for one, choice in zip(lost, picked, strict=True)]


# --- gates --------------------------------------------------------------------------------------


def verdict(answers: Sequence[Answer], statistic: str, *, unanswered: int = 1, **given: Any) -> Verdict:
    """Of a gate where the last answers never came; the set is asked in full."""
    gate = Gate(name="g", statistic=statistic, **given)
    outcomes = tuple(map(outcome, answers))
    failed = tuple(one.case for one in outcomes[len(outcomes) - unanswered :])
    asked = Sample(outcomes=outcomes[: len(outcomes) - unanswered], failed=failed)
    return judge_gate(gate, asked, statistic_of(gate)).verdict


def test_a_difference_is_decided_where_one_missing_answer_cannot_turn_it() -> None:
    old = [answer(n, correct=n < 10) for n in range(20)]
    new = [answer(n, correct=n < 14, setting="5-shot") for n in range(20)]
    named: dict[str, Any] = {"options": {"new": "5-shot", "old": "0-shot"}}
    # The last of the new ones is missing: 14 right, or 15, of 20, less 10.
    assert verdict([*old, *new], "setting_difference", at_least=0.2, **named) is Verdict.PASSED
    assert verdict([*old, *new], "setting_difference", at_least=0.22, **named) is Verdict.INCONCLUSIVE
    assert verdict([*old, *new], "setting_difference", at_least=0.26, **named) is Verdict.FAILED


def test_position_bias_is_decided_where_one_missing_letter_cannot_turn_it() -> None:
    always_a = [answer(n, gold="ABCD"[n % 4], chosen="A", correct=n % 4 == 0) for n in range(20)]
    # 19 answers, of which 14 named A where another letter was right.
    assert verdict(always_a, "position_bias", at_most=0.76) is Verdict.PASSED
    assert verdict(always_a, "position_bias", at_most=0.7) is Verdict.INCONCLUSIVE
    assert verdict(always_a, "position_bias", at_most=0.6) is Verdict.FAILED


def test_consistency_is_decided_where_one_missing_order_cannot_turn_it() -> None:
    by_text = [said(answer(n, order=order, options=2), "A") for n in range(8) for order in range(2)]
    by_letter = [said(answer(9, order=order, options=2), "AB"[order]) for order in range(2)]
    asked = [*by_letter, *by_text]
    # Of nine questions one is inconsistent, and of one an order is missing.
    assert verdict(asked, "order_consistency", at_least=0.7) is Verdict.PASSED
    assert verdict(asked, "order_consistency", at_least=0.8) is Verdict.INCONCLUSIVE
    assert verdict(asked, "order_consistency", at_least=0.9) is Verdict.FAILED


def test_an_answer_that_could_not_be_read_or_is_not_asked_yet_counts_as_missing() -> None:
    answers = [answer(n, gold="ABCD"[n % 4]) for n in range(12)]
    outcomes = [outcome(one) for one in answers]
    [trial] = outcomes[0].trials
    outcomes[0] = replace(outcomes[0], trials=(replace(trial, score=replace(trial.score, value=None)),))
    asked = Sample(outcomes=tuple(outcomes[:-1]), undrawn=(outcomes[-1].case,))
    gate = Gate(name="g", statistic="position_bias", at_most=0.5)
    told = judge_gate(gate, asked, statistic_of(gate)).estimate
    apart = (positions(answers[1:-1]).distance or 0.0) * 10
    assert told.details["possible"] == pytest.approx([(apart - 2) / 12, (apart + 2) / 12])
    assert (told.missing, told.undrawn) == (1, 1)


def test_without_any_answer_a_gate_stays_open() -> None:
    asked = [answer(n) for n in range(3)]
    for statistic in ("position_bias", "order_consistency"):
        assert verdict(asked, statistic, unanswered=3, at_least=0.0, max_missing=1.0) is Verdict.INCONCLUSIVE
