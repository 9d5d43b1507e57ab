"""A gold row and a judge's verdict on it as lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from distill_tests import display
from distill_tests.gold import GoldRow, Label, disagreements, verdict_on
from distill_tests.kinds._showing import shown
from distill_tests.types import Outcome, Score


def comparison_lines(outcome: Outcome) -> Iterator[str]:
    """Where the row stands, what was asked and said, what the labels are and what the judge says."""
    row: GoldRow = outcome.case.data
    place, score = outcome.case.place, outcome.trials[0].score
    about = ", ".join(filter(None, (row.target, row.language)))
    yield display.visible(f"{place.path}:{place.line}  gold row {row.exhibit.id} ({about})")
    if row.exhibit.identity is not None:
        yield from shown("speaker", f"{row.exhibit.identity.name}, made by {row.exhibit.identity.maker}")
    if row.exhibit.question:
        yield from shown("asked", row.exhibit.question)
    yield from shown("answer", row.exhibit.answer, score.evidence)
    wrong = disagreements(score)
    labels = [f"{name} {word(label)}" for name, label in row.labels.items()]
    labels += [f"{name} left out ({reason})" for name, reason in row.left_out.items()]
    yield from shown("labels", ", ".join(labels))
    verdicts = ", ".join(_verdicts(row, score))
    yield from shown("judged", f"{verdicts} ({score.judge}): {score.label}: {score.reason}")
    if wrong:
        yield from shown("", f"the judge disagrees with the labels on {', '.join(wrong)}")


def _verdicts(row: GoldRow, score: Score) -> Iterator[str]:
    for name, label in row.labels.items():
        yield f"{name} {word(verdict_on(name, score, label))}"


def word(label: Label | None) -> str:
    """A label as a person says it."""
    if label is None:
        return "not told"
    return {True: "yes", False: "no"}[label] if isinstance(label, bool) else str(label)
