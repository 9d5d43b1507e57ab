"""An identity outcome as lines for people: asked, answered, judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from distill_tests import display
from distill_tests.repeating import came_back
from distill_tests.types import Outcome, Score, Span, Trial

COLUMNS = 88


class Telling(NamedTuple):
    """The trial that is shown, and its number from 1."""

    number: int
    trial: Trial


def telling(outcome: Outcome, wrong: Callable[[Trial], bool]) -> Telling:
    numbered = [Telling(number, trial) for number, trial in enumerate(outcome.trials, start=1)]
    return next((told for told in numbered if wrong(told.trial)), numbered[0])


def lines(outcome: Outcome, told: Telling, wrong: Callable[[Trial], bool]) -> Iterator[str]:
    last = told.trial.exchanges[-1]
    place, served = outcome.case.place, last.reply.served_model
    head = f"{place.path}:{place.line}  identity probe on {outcome.target.alias}"
    head += f" (served: {display.visible(served)})" if served else ""
    head += f", trial {told.number} of {len(outcome.trials)}" if len(outcome.trials) > 1 else ""
    yield head
    if told.trial.exchanges[0].request.messages[-1].text != outcome.case.data.question:
        framing = outcome.case.clusters.get("framing", "none")
        yield from shown("probe", f"{outcome.case.data.question} (framing: {framing})")
    yield from trial_lines(told.trial, judged_text(told.trial.score))
    verdicts = [None if trial.score.value is None else wrong(trial) for trial in outcome.trials]
    if repeated := came_back(verdicts):
        yield from shown("repeats", repeated)


def trial_lines(trial: Trial, judged: str) -> Iterator[str]:
    """What was asked and answered in the last exchange's dialogue, and how the answer was judged."""
    last = trial.exchanges[-1]
    for message in last.request.messages:
        yield from shown(
            {"system": "system", "user": "asked", "assistant": "answer"}[message.role], message.text
        )
    yield from shown("answer", trial.answer, trial.score.evidence)
    if trial.cut_off:
        yield from shown("", f"(cut off at {last.request.sampling.max_tokens} tokens)")
    yield from shown("judged", judged)


def judged_text(score: Score) -> str:
    """The verdict, who gave it and why."""
    judged = f"{_grade(score)} ({score.judge})" if score.judge else _grade(score)
    return f"{judged}: {score.reason}" if score.reason else judged


def _grade(score: Score) -> str:
    if score.value is None:
        return "not scored"
    if score.marks.get("strict", 0.0) >= 0.5:
        return "strict"
    return "loose" if score.value >= 0.5 else score.label


def shown(label: str, text: str, evidence: Iterable[Span] = ()) -> Iterator[str]:
    """The text in visible lines beside its label, with carets under the evidence."""
    lead = f"  {label + ':' if label else '':<9}"
    for line in display.marked_lines(text, evidence, COLUMNS):
        yield (lead + line.shown).rstrip()
        if line.carets:
            yield " " * 11 + line.carets
        lead = " " * 11
