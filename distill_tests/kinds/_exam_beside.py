"""Settings and targets of an exam side by side: paired differences, question by question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from distill_tests.exams.averages import Answer, difference
from distill_tests.kinds._exam_answers import Subject, by_setting_of, intervals_note, number, split
from distill_tests.types import Cell, Table


def differences(subject: Subject) -> Table | None:
    """Chain of thought against answer-only and shots against none, by subject, question by question."""
    rows: list[tuple[Cell, ...]] = []
    parts = [(name, by_setting_of(members)) for name, members in _subject_parts(subject.answers)]
    for new, old in _pairs(list(subject.by_setting)):
        for name, members in parts:
            told, better, worse = difference(members.get(new, ()), members.get(old, ()))
            if told.n:
                rows.append((f"{new} - {old}", name, told.n, number(told), better, worse))
    if not rows:
        return None
    return Table(
        title=f"Differences between settings: {subject.title}",
        columns=("difference", "part", "questions", "accuracy, new - old", "became right", "became wrong"),
        rows=tuple(rows),
        notes=(
            "Paired: over the questions that both settings answered.",
            intervals_note(subject.answers),
            "Of many parts some differ by chance alone: an interval of one part is no test of all.",
        ),
        brief=6,
    )


def _pairs(settings: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Which settings are worth comparing, the later named first."""
    known = set(settings)
    for setting in settings:
        words = setting.split(" ")
        if "cot" in words and (other := " ".join(word for word in words if word != "cot")) in known:
            yield setting, other
        if words[0] != "0-shot" and (other := " ".join(["0-shot", *words[1:]])) in known:
            yield setting, other
        if (
            "likelihood" in words
            and (other := " ".join(word for word in words if word != "likelihood")) in known
        ):
            yield setting, other


def targets_side_by_side(subjects: Sequence[Subject]) -> Iterator[Table]:
    """Each target of a spec against the first, question by question."""
    for spec in dict.fromkeys(subject.spec for subject in subjects):
        of_spec = [subject for subject in subjects if subject.spec == spec and subject.answers]
        rows: list[tuple[Cell, ...]] = []
        for other in of_spec[1:]:
            first = of_spec[0]
            for setting in other.by_setting:
                told, better, worse = difference(other.by_setting[setting], first.by_setting.get(setting, ()))
                if told.n:
                    names = f"{other.target} - {first.target}"
                    rows.append((names, setting, told.n, number(told), better, worse))
        if rows:
            yield Table(
                title=f"Targets side by side: {of_spec[0].title}",
                columns=("difference", "setting", "questions", "accuracy", "became right", "became wrong"),
                rows=tuple(rows),
                notes=("Paired: over the questions that both answered.", intervals_note(of_spec[0].answers)),
            )


def _subject_parts(answers: Sequence[Answer]) -> Iterator[tuple[str, Sequence[Answer]]]:
    yield "all", answers
    for name in ("group", "subject"):
        parts = split(answers, (name,))
        if len(parts) > 1:
            yield from sorted(parts.items())
