"""Accuracies of an exam: averages, slices, intervals, baselines, letters, orders, settings, tables."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests.exams.averages import (
    Answer,
    Average,
    accuracy,
    difference,
    invalid_rate,
    majority_baseline,
    possible,
    random_baseline,
    unanswered,
)
from distill_tests.exams.letters import distance_by_chance, order_consistency, position_distance, positions
from distill_tests.gates import judge_gate
from distill_tests.inference.clustered import clustered_rate
from distill_tests.registry import kinds, statistics
from distill_tests.types import Estimate, Gate, Number, Verdict

from .exam_items import answer, outcome, sample

TWO_TASKS = [answer(n, correct=n < 3, task="small") for n in range(4)] + [
    answer(n, correct=n < 4, task="large") for n in range(16)
]


# --- averages -----------------------------------------------------------------------------------


def test_micro_is_the_share_of_answers_and_macro_the_mean_over_tasks() -> None:
    assert accuracy(TWO_TASKS).value == pytest.approx(7 / 20)
    assert accuracy(TWO_TASKS, average="macro").value == pytest.approx((3 / 4 + 4 / 16) / 2)


def test_the_mean_of_settings_is_the_plain_mean_of_their_own_averages() -> None:
    """As E-EVAL's table: GPT-4 has 70.5, 73.8 and 67.4, mean 70.6."""
    shares = {"0-shot": 0.705, "5-shot": 0.738, "5-shot cot": 0.674}
    answers = [
        answer(n, setting=name, correct=n < share * 1000)
        for name, share in shares.items()
        for n in range(1000)
    ]
    told = accuracy(answers[:500] + answers[1000:], over_settings=True)  # one setting with half its answers
    assert told.value == pytest.approx((1.0 + 0.738 + 0.674) / 3)
    assert accuracy(answers, over_settings=True).value == pytest.approx(0.7056666, abs=1e-6)


def test_equal_weights_give_the_plain_rate() -> None:
    answers = [answer(n, correct=n % 3 == 0, task=f"t{n % 4}") for n in range(12)]
    plain = clustered_rate([one.correct for one in answers], [one.clusters for one in answers])
    assert accuracy(answers, average="macro") == plain == accuracy(answers)


def test_the_interval_of_a_macro_average_covers_what_it_says() -> None:
    """400 exams of three tasks of unlike size and difficulty: of their 95 % intervals 93 % or more cover."""
    stream, truth, covered = random.Random(5), (0.9 + 0.5 + 0.3) / 3, 0
    for _ in range(400):
        answers = [
            answer(n, task=task, correct=stream.random() < share)
            for task, share, size in (("a", 0.9, 20), ("b", 0.5, 40), ("c", 0.3, 60))
            for n in range(size)
        ]
        told = accuracy(answers, average="macro")
        assert told.low is not None
        assert told.high is not None
        covered += told.low <= truth <= told.high
    assert covered / 400 >= 0.93


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.booleans(), st.sampled_from(["0-shot", "5-shot"])), min_size=2
    )
)
def test_averages_lie_in_their_intervals_and_between_their_parts(rows: list[tuple[str, bool, str]]) -> None:
    answers = [
        answer(n, task=task, correct=right, setting=name) for n, (task, right, name) in enumerate(rows)
    ]
    for options in (
        {"average": "macro"},
        {"over_settings": True},
        {"average": "macro", "over_settings": True},
    ):
        told: Estimate = accuracy(answers, **options)
        assert told.value is not None
        assert told.low is not None
        assert told.high is not None
        assert 0.0 <= told.low <= told.value + 1e-9
        assert told.value <= told.high + 1e-9 <= 1.0 + 1e-9


@given(st.lists(st.booleans(), min_size=3, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_the_answers_changes_nothing(rights: list[bool], shuffler: random.Random) -> None:
    answers = [answer(n, correct=right, task=f"t{n % 3}") for n, right in enumerate(rights)]
    mixed = list(answers)
    shuffler.shuffle(mixed)
    one, other = accuracy(answers, average="macro"), accuracy(mixed, average="macro")
    assert one.value == pytest.approx(other.value)
    assert one.low == pytest.approx(other.low)


# --- what stands beside -------------------------------------------------------------------------


def test_baselines_are_the_best_constant_letter_and_guessing() -> None:
    """Always-C on E-EVAL's validation questions: 121 of 424, 28.5 %; guessing 25 %."""
    gold = "C" * 121 + "B" * 107 + "D" * 105 + "A" * 91
    answers = [answer(n, gold=letter) for n, letter in enumerate(gold)]
    assert majority_baseline(answers) == pytest.approx(0.2854, abs=1e-4)
    assert random_baseline(answers) == pytest.approx(0.25)
    assert random_baseline([answer(1, options=2), answer(2, options=4)]) == pytest.approx(0.375)


def test_invalid_answers_are_counted_apart() -> None:
    answers = [answer(n, correct=False, chosen=None if n < 3 else "A") for n in range(10)]
    assert invalid_rate(answers).value == pytest.approx(0.3)
    assert positions(answers).n == 7


def test_position_distance_is_none_for_alike_and_one_for_opposite_letters() -> None:
    alike = [answer(n, gold=letter, chosen=letter) for n, letter in enumerate("ABCDABCD")]
    apart = [answer(n, gold="B", chosen="A", correct=False) for n in range(8)]
    assert position_distance(alike).value == 0.0
    assert position_distance(apart).value == 1.0
    always_a = [answer(n, gold=letter, chosen="A") for n, letter in enumerate("ABCD" * 25)]
    told = position_distance(always_a)
    assert told.value == pytest.approx(0.75)
    assert told.low is not None
    assert told.low > (distance_by_chance(always_a) or 0.0)


def test_a_choice_that_follows_the_text_is_consistent_and_one_that_follows_the_letter_is_not() -> None:
    text = [answer(1, chosen="ABCD"[-n % 4], order=n, original="A") for n in range(4)]
    letter = [answer(2, chosen="A", order=n, original="ABCD"[n]) for n in range(4)]
    part = [answer(3, order=n, original="A") for n in range(3)]
    told = order_consistency([*text, *letter, *part])
    assert (told.value, told.n) == (0.5, 2)
    silent = [answer(4, chosen=None, correct=False, order=n) for n in range(4)]
    assert order_consistency(silent).value == 0.0


def test_settings_are_compared_question_by_question() -> None:
    old = [answer(n, correct=n < 5) for n in range(10)]
    new = [answer(n, correct=n in (0, 1, 2, 3, 5, 6, 7), setting="5-shot") for n in range(12)]
    told, better, worse = difference(new, old)
    assert told.value == pytest.approx(0.2)
    assert (told.n, better, worse) == (10, 3, 1)
    assert told.low is not None
    assert told.high is not None
    assert told.low < 0.2 < told.high


# --- gates --------------------------------------------------------------------------------------


def test_only_the_accuracy_of_everything_is_a_plain_mean() -> None:
    found = statistics.get("accuracy")
    for whole in ({}, {"average": "micro"}, {"rows": "all"}):
        assert found.under(whole).cell is not None
    parts: tuple[dict[str, Any], ...] = (
        {"average": "macro"},
        {"over": "mean_of_settings"},
        {"where": {"level": "high"}},
        {"setting": "5-shot"},
        {"rows": "clean"},
    )
    for options in parts:
        assert found.under(options).cell is None


def test_a_gate_on_the_macro_average_decides_by_it() -> None:
    gate = Gate(name="accuracy", statistic="accuracy", at_least=0.45, options={"average": "macro"})
    told = judge_gate(gate, sample(TWO_TASKS), statistics.get("accuracy").under(gate.options))
    assert told.verdict is Verdict.PASSED
    assert told.estimate.value == pytest.approx(0.5)
    plain = Gate(name="accuracy", statistic="accuracy", at_least=0.45)
    assert judge_gate(plain, sample(TWO_TASKS), statistics.get("accuracy")).verdict is Verdict.FAILED


def test_a_slice_has_the_answers_of_its_part_only() -> None:
    answers = [answer(n, correct=n < 6, level="high" if n < 8 else "primary") for n in range(12)]
    told = statistics.get("accuracy")(sample(answers), where={"level": "high"})
    assert (told.value, told.n) == (0.75, 8)
    with pytest.raises(ValueError, match="no question has the level 'midle'; there are: high, primary"):
        statistics.get("accuracy")(sample(answers), where={"level": "midle"})


def test_clean_rows_leave_out_questions_with_known_faults() -> None:
    answers = [answer(n, correct=n < 2, clean="no" if n >= 2 else "yes") for n in range(4)]
    assert statistics.get("accuracy")(sample(answers), rows="clean").value == 1.0
    assert statistics.get("accuracy")(sample(answers)).value == 0.5


def test_the_difference_of_settings_needs_their_names() -> None:
    with pytest.raises(ValueError, match="say which settings are compared"):
        statistics.get("setting_difference")(sample(TWO_TASKS))
    answers = [answer(n, correct=n < 3) for n in range(6)] + [
        answer(n, correct=n < 6, setting="5-shot") for n in range(6)
    ]
    told = statistics.get("setting_difference")(sample(answers), new="5-shot", old="0-shot")
    assert told.value == pytest.approx(0.5)
    assert told.details == {"became_right": 3, "became_wrong": 0}


def test_position_bias_tells_the_letters_and_what_chance_gives() -> None:
    told = statistics.get("position_bias")(sample([answer(n, gold="ABCD"[n % 4]) for n in range(40)]))
    assert told.details["chosen"] == {"A": 40, "B": 0, "C": 0, "D": 0}
    assert isinstance(told.details["by_chance"], float)
    assert 0.0 < told.details["by_chance"] < 0.2


# --- tables -------------------------------------------------------------------------------------


def record(one: Answer, **given: Any) -> dict[str, Any]:
    found = outcome(one)
    [trial] = found.trials
    score = {
        "value": trial.score.value,
        "label": trial.score.label,
        "marks": dict(trial.score.marks),
        "details": dict(trial.score.details),
    }
    row = {
        "type": "case",
        "kind": "exam",
        "spec": "exam.yaml",
        "title": "Toy",
        "target": "m",
        "verdict": "passed",
        "id": found.case.id,
        "groups": dict(found.case.groups),
        "clusters": dict(found.case.clusters),
        "trials": [{"score": score}],
    }
    return {**row, **given}


def exam() -> list[dict[str, Any]]:
    """Two levels, three tasks, three settings; chain of thought helps in physics only."""
    rows = []
    for setting, bonus in (("0-shot", 0), ("5-shot", 2), ("5-shot cot", 2)):
        for task, level, group, right in (
            ("high_physics", "high", "science", 3 + (4 if "cot" in setting else 0)),
            ("high_history", "high", "arts", 4),
            ("primary_history", "primary", "arts", 6),
        ):
            for n in range(12):
                one = answer(
                    n,
                    setting=setting,
                    task=task,
                    correct=n < right + bonus,
                    chosen="ABCD"[n % 4] if n < 11 else None,
                    level=level,
                    group=group,
                    subject=task.split("_")[1],
                    clean="no" if n == 0 else "yes",
                )
                rows.append(record(one))
    return rows


def tables(rows: list[dict[str, Any]]) -> dict[str, Any]:
    kind: Any = kinds.get("exam").kind
    return {table.title.partition(":")[0]: table for table in kind.tables(rows)}


def test_the_table_has_all_parts_in_each_setting_and_their_mean() -> None:
    table = tables(exam())["Accuracy"]
    rows = {(row[0], row[1]): dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert {part for part, _ in rows} >= {
        "all",
        "level: high",
        "group: arts",
        "level x group: high science",
        "subject: history",
        "task: primary_history",
    }
    everything = rows["all", "0-shot"]
    assert everything["n"] == 36
    assert everything["micro"].value == pytest.approx(13 / 36)
    assert everything["invalid"].value == pytest.approx(3 / 36)
    assert everything["clean n"] == 33
    mean = rows["all", "mean of settings"]["micro"]
    assert mean.value == pytest.approx((13 + 19 + 23) / 108)
    assert mean.low < mean.value < mean.high
    assert all(isinstance(rows[key]["macro"], Number) for key in rows)


def test_settings_stand_in_one_order_whatever_the_order_of_asking() -> None:
    rows = [
        one
        for setting in ("5-shot cot", "0-shot", "5-shot")
        for one in exam()
        if one["groups"]["setting"] == setting
    ]
    shown = [row[1] for row in tables(rows)["Accuracy"].rows if row[0] == "all"]
    assert shown == ["0-shot", "5-shot", "5-shot cot", "mean of settings"]


def test_the_letters_share_of_the_probability_is_shown_where_likelihood_was_read() -> None:
    rows = [record(answer(n, setting="0-shot likelihood")) for n in range(3)]
    for row, captured in zip(rows, (0.9, 0.02, 0.6), strict=True):
        row["trials"][0]["score"]["details"] |= {"captured": captured, "sure": captured > 0.5}
    [row] = tables(rows)["Likelihood"].rows
    assert (row[0], row[1], row[2].value, row[3].value, row[4]) == (
        "0-shot likelihood",
        3,
        0.6,
        0.02,
        "2 of 3",
    )
    assert "Likelihood" not in tables(exam())


@given(
    st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.booleans()), min_size=1, max_size=20),
    st.sampled_from(["micro", "macro"]),
)
def test_what_is_missing_leaves_the_accuracy_between_its_ends(
    drawn: list[tuple[int, bool, bool]], average: Average
) -> None:
    every = [answer(n, task=f"t{task}", correct=right) for n, (task, right, _) in enumerate(drawn)]
    known = [one for one, (_, _, is_known) in zip(every, drawn, strict=True) if is_known]
    unknown = [unanswered(one.groups, one.clusters) for one in every if one not in known]
    least, most = possible(known, unknown, average=average)
    value = accuracy(every, average=average).value
    assert value is not None
    assert least - 1e-9 <= value <= most + 1e-9
    if not unknown:
        assert least == pytest.approx(value) == pytest.approx(most)


def test_differences_are_given_for_each_subject() -> None:
    table = tables(exam())["Differences between settings"]
    rows = {(row[0], row[1]): row for row in table.rows}
    assert rows["5-shot cot - 5-shot", "subject: physics"][3].value == pytest.approx(4 / 12)
    assert rows["5-shot cot - 5-shot", "subject: history"][3].value == 0.0
    assert rows["5-shot - 0-shot", "all"][3].value == pytest.approx(6 / 36)


def test_targets_of_one_spec_are_compared_question_by_question() -> None:
    rows = [record(answer(n, correct=n < 4)) for n in range(10)]
    rows += [record(answer(n, correct=n < 7), target="other") for n in range(10)]
    [row] = tables(rows)["Targets side by side"].rows
    assert row[:3] == ("other - m", "0-shot", 10)
    assert row[3].value == pytest.approx(0.3)
    assert row[4:] == (3, 0)
    assert "Targets side by side" not in tables([{**one, "spec": str(n)} for n, one in enumerate(rows)])


def test_unanswered_questions_are_told_and_not_counted() -> None:
    rows = exam()
    rows[0]["trials"] = []
    table = tables(rows)["Accuracy"]
    assert table.rows[0][2] == 35
    assert any("Not in these numbers, unanswered or unscored: 0-shot 1" in note for note in table.notes)


def test_skipped_cases_and_gates_are_not_in_the_tables() -> None:
    rows = [record(answer(1)), record(answer(2), verdict="skipped", trials=[]), {"type": "gate"}]
    table = tables(rows)["Accuracy"]
    assert table.rows[0][2] == 1
    assert not any("Not in these numbers" in note for note in table.notes)


def test_answers_without_a_key_are_counted_and_not_rated() -> None:
    row = record(answer(1))
    row["trials"][0]["score"] |= {"marks": {"invalid": 0.0}, "details": {"gold": None}}
    found = tables([row])
    assert list(found) == ["Answered, without a known answer"]
    assert found["Answered, without a known answer"].rows == (("0-shot", 1, 1, 0, 0),)


def test_an_interval_is_wider_where_questions_share_a_passage() -> None:
    alone = [answer(n, correct=n % 8 < 4) for n in range(64)]
    rows = [record(one) for one in alone]
    for number, row in enumerate(rows):
        row["clusters"] = {"passage": f"p{number // 4}", **row["clusters"]}
    narrow, wide = (tables(found)["Accuracy"].rows[0][3] for found in ([record(one) for one in alone], rows))
    assert narrow.value == wide.value
    assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)
