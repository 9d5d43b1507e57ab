"""The declared set of an identity spec: questions x framings x languages, and the part that is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from distill_tests.errors import Problem, SpecError
from distill_tests.kinds._probe import Probe, groups, labels
from distill_tests.kinds._questions import PLACEHOLDER, Framing, Question
from distill_tests.kinds._reading import Reading
from distill_tests.plan import Cell, draw
from distill_tests.types import Case, Spec

MOST_CELLS = 200_000
"""Of a declared set before a sample is drawn; each is held in memory."""


def composed_pool(spec: Spec) -> dict[Cell, Case]:
    """A case for each question, language and framing; raises SpecError with every problem.

    Ids cannot meet: a language has two letters, and no id of a pack holds a dot.
    """
    reading = Reading(spec)
    questions = reading.questions()
    languages = reading.languages(questions)
    framings = reading.framings(languages)
    reading.check_twins(questions, framings, languages)
    if reading.problems:
        raise SpecError(sorted(reading.problems, key=by_place))
    count = len(framings) * sum(len(question.texts.keys() & set(languages)) for question in questions)
    if count > MOST_CELLS:
        what = f"{len(questions)} questions in {len(framings)} framings make {count:,} cases"
        raise SpecError([Problem(place=spec.place("probes"), what=what, allowed=f"at most {MOST_CELLS:,}")])
    cases = (
        _composed(spec, question, framing, language)
        for question in questions
        for language in question.texts
        if language in languages
        for framing in framings
    )
    return {cell_of(case): case for case in cases}


def _composed(spec: Spec, question: Question, framing: Framing, language: str) -> Case:
    text, wording = question.texts[language], framing.texts[language]
    tags = [question.topic, framing.family, language, *question.tags, *framing.tags]
    return Case(
        id=f"{question.id}-{language}.{framing.id}",
        data=Probe(
            question=text,
            framing=wording.text,
            language=language,
            turns=tuple(turn.replace(PLACEHOLDER, text) for turn in wording.turns),
            system=_filled(wording.system, text),
            completion=_filled(wording.completion, text),
        ),
        place=spec.place(*question.places[language]),
        tags=labels(tags, text, wording.text, wording.completion or ""),
        clusters={"framing": framing.id, "question": question.id},
        groups=groups(framing=framing.id, family=framing.family, topic=question.topic, language=language),
    )


def _filled(template: str | None, question: str) -> str | None:
    return None if template is None else template.replace(PLACEHOLDER, question)


def cell_of(case: Case) -> Cell:
    return Cell(case.id, case.clusters["framing"], case.clusters["question"], case.data.language)


def drawn(spec: Spec, pool: Mapping[Cell, Case]) -> Sequence[Cell]:
    """What ``sample`` draws of the pool, in planned order; raises SpecError where that is too much."""
    sample = spec.body.get("sample", {})
    size = int(sample.get("size", len(pool)))  # YAML's 5.0 is a whole number too
    if size > len(pool):
        place, allowed = spec.place("sample", "size"), f"at most {_size_of(pool)}"
        what = "the sample is larger than the set"
        raise SpecError([Problem(place=place, what=what, got=str(size), allowed=allowed)])
    return draw(pool, size=size, seed=int(sample.get("seed", 0)))


def _size_of(pool: Iterable[Cell]) -> str:
    cells = list(pool)
    parts = []
    for label in ("question", "framing", "language"):
        count = len({getattr(cell, label) for cell in cells})
        parts.append(f"{count} {label}{'s' if count != 1 else ''}")
    return f"{len(cells)} ({', '.join(parts)})"


def by_place(problem: Problem) -> tuple[str, int, int]:
    return problem.place.path, problem.place.line, problem.place.column
