"""What a whole run says of an exam: accuracy by part, differences between settings, letters and orders.

Everything is made from records alone, so that a run can be reported again from its file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

from distill_tests.exams.averages import (
    Answer,
    accuracy,
    invalid_rate,
    majority_baseline,
    random_baseline,
)
from distill_tests.exams.letters import distance_by_chance, order_consistency, position_distance, positions
from distill_tests.kinds._exam_answers import (
    Record,
    Subject,
    by_setting_of,
    intervals_note,
    number,
    split,
    subjects_of,
)
from distill_tests.kinds._exam_beside import differences, targets_side_by_side
from distill_tests.types import Cell, Number, Table

MEAN: Final = "mean of settings"
DIMENSIONS: Final[tuple[tuple[str, ...], ...]] = (
    ("level",),
    ("group",),
    ("level", "group"),
    ("subject",),
    ("task",),
)


def exam_tables(records: Sequence[Record]) -> tuple[Table, ...]:
    """The tables of every spec and target in the records, in their order."""
    found: list[Table] = []
    subjects = subjects_of(records)
    for subject in subjects:
        found += filter(None, (_unknown(subject), _by_part(subject), differences(subject)))
        found += filter(None, (_letters(subject), _likelihoods(subject), _orders(subject)))
    return (*found, *targets_side_by_side(subjects))


# --- accuracy by part ---------------------------------------------------------------------------


def _by_part(subject: Subject) -> Table | None:
    """Accuracy of all, levels, groups, subjects and tasks, in each setting and as the mean of them."""
    if not subject.answers:
        return None
    rows: list[tuple[Cell, ...]] = []
    for name, members in _parts(subject.answers):
        by_setting = by_setting_of(members)
        for setting in subject.by_setting:
            if mine := by_setting.get(setting):
                rows.append(_part_row(name, setting, mine, over_settings=False))
        if len(subject.by_setting) > 1 and len(by_setting) == len(subject.by_setting):
            rows.append(_part_row(name, MEAN, members, over_settings=True))
    settings = len(subject.by_setting)
    return Table(
        title=f"Accuracy: {subject.title}",
        columns=(
            "part", "setting", "n", "micro", "macro", "invalid", "majority", "random",
            "clean n", "micro, clean rows", "macro, clean rows",
        ),
        rows=tuple(rows),
        notes=tuple(_notes(subject)),
        brief=settings + (settings > 1),
    )  # fmt: skip


def _parts(answers: Sequence[Answer]) -> Iterator[tuple[str, Sequence[Answer]]]:
    """All answers, then the parts of every dimension that has several; tasks always."""
    yield "all", answers
    for dimension in DIMENSIONS:
        parts = split(answers, dimension)
        if len(parts) > 1 or dimension == ("task",):
            yield from sorted(parts.items())


def _part_row(name: str, setting: str, answers: Sequence[Answer], *, over_settings: bool) -> tuple[Cell, ...]:
    clean = [answer for answer in answers if answer.is_clean]
    return (
        name,
        setting,
        len(answers),
        number(accuracy(answers, over_settings=over_settings)),
        number(accuracy(answers, average="macro", over_settings=over_settings)),
        number(invalid_rate(answers)),
        Number(value=majority_baseline(answers)),
        Number(value=random_baseline(answers)),
        len(clean),
        number(accuracy(clean, over_settings=over_settings)) if clean else None,
        number(accuracy(clean, average="macro", over_settings=over_settings)) if clean else None,
    )


def _notes(subject: Subject) -> Iterator[str]:
    answers = subject.answers
    yield "micro: every answer weighs the same; macro: the mean over tasks. An invalid answer is wrong."
    yield intervals_note(answers)
    yield "majority: what always naming the letter that is right most often would score; random: guessing."
    yield "clean rows: without the questions of which the loader knows a fault."
    if missing := {setting: count for setting, count in subject.missing.items() if count}:
        told = ", ".join(f"{setting} {count}" for setting, count in missing.items())
        yield f"Not in these numbers, unanswered or unscored: {told}."


# --- letters, orders, answers without a key -----------------------------------------------------


def _letters(subject: Subject) -> Table | None:
    """How often each letter is named beside how often it is right."""
    rows: list[tuple[Cell, ...]] = []
    letters = sorted(
        {letter for answer in subject.answers for letter in (answer.gold, answer.chosen) if letter}
    )
    for setting, answers in subject.by_setting.items():
        found = positions(answers)
        if not found.n:
            continue
        percent = {
            letter: [100 * times.get(letter, 0) / found.n for times in (found.chosen, found.right)]
            for letter in letters
        }
        shares = [f"{named:.0f} / {right:.0f}" for named, right in percent.values()]
        by_chance = Number(value=distance_by_chance(answers))
        rows.append((setting, found.n, *shares, number(position_distance(answers)), by_chance))
    if not rows:
        return None
    columns = (f"{letter}: named / right, %" for letter in letters)
    return Table(
        title=f"Letters: {subject.title}",
        columns=("setting", "n", *columns, "distance", "distance by chance"),
        rows=tuple(rows),
        notes=(
            "Of the answers that name one letter. distance: total variation between named and right letters, "
            "0 to 1, with a bootstrap interval over clusters; by chance: what a model without a preference "
            "would show at this n, on average.",
        ),
    )


def _likelihoods(subject: Subject) -> Table | None:
    """How much of the first token's probability the letters had, of which the likeliest was read."""
    rows: list[tuple[Cell, ...]] = []
    for setting, read in subject.likelihoods.items():
        captured = [one.captured for one in read]
        sure = sum(one.is_sure for one in read)
        shares = (Number(value=median(captured)), Number(value=min(captured)))
        rows.append((setting, len(read), *shares, f"{sure} of {len(read)}"))
    if not rows:
        return None
    return Table(
        title=f"Likelihood: {subject.title}",
        columns=("setting", "n", "letters' probability, median", "least", "sure"),
        rows=tuple(rows),
        notes=(
            "What the letters have together of the probability of the first token: where it is small, the "
            "model was about to write something else, and an answer by likelihood says little of it.",
            "sure: what the endpoint did not return could not have made another letter the likeliest.",
        ),
    )


def _orders(subject: Subject) -> Table | None:
    rows: list[tuple[Cell, ...]] = []
    for setting, answers in subject.by_setting.items():
        told = order_consistency(answers)
        if told.n and max(answer.order for answer in answers):
            rows.append((setting, told.n, number(told), number(accuracy(answers))))
    if not rows:
        return None
    return Table(
        title=f"Order of the options: {subject.title}",
        columns=("setting", "questions", "same choice in every order", "accuracy over all orders"),
        rows=tuple(rows),
        notes=("Every question was asked in every cyclic order; an invalid answer is no choice.",),
    )


def _unknown(subject: Subject) -> Table | None:
    """What was answered to questions without a known answer."""
    rows: list[tuple[Cell, ...]] = [
        (setting, len(invalid), len(invalid) - sum(invalid), sum(invalid), subject.missing[setting])
        for setting, invalid in subject.unknown.items()
    ]
    if not rows:
        return None
    return Table(
        title=f"Answered, without a known answer: {subject.title}",
        columns=("setting", "answered", "with a letter", "invalid", "unanswered or unscored"),
        rows=tuple(rows),
        notes=("The file has no answers to these questions: nothing is right or wrong.",),
    )
