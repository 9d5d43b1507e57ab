"""An exam answer as lines for people: the question, its options, the reply, what was read, what is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from distill_tests import display
from distill_tests.kinds._exam_case import Asked
from distill_tests.kinds._showing import shown, telling
from distill_tests.repeating import came_back
from distill_tests.types import Outcome, Score, Trial


def lines(outcome: Outcome, wrong: Callable[[Trial], bool]) -> Iterator[str]:
    """Of the first wrong trial, else of the first."""
    asked: Asked = outcome.case.data
    number, trial = telling(outcome, wrong)
    place, last = outcome.case.place, trial.exchanges[-1]
    head = (
        f"{place.path}:{place.line}  exam question {asked.item.task}/{asked.item.id} ({asked.setting.name})"
    )
    head += f" on {outcome.target.alias}"
    head += f" (served: {last.reply.served_model})" if last.reply.served_model else ""
    head += f", trial {number} of {len(outcome.trials)}" if len(outcome.trials) > 1 else ""
    yield display.visible(head)
    if asked.item.faults:
        yield from shown("known", ", ".join(sorted(fault.value for fault in asked.item.faults)))
    question = "(not shown to the model) " if asked.without_question else ""
    yield from shown("asked", question + asked.item.question)
    for letter, text in asked.shown.items():
        yield from shown("", f"{letter}. {text}")
    yield from shown("answer", trial.answer, trial.score.evidence)
    if trial.cut_off:
        yield from shown("", f"(cut off at {last.request.sampling.max_tokens} tokens)")
    yield from shown("read", _read(trial.score))
    yield from shown("right", asked.gold or "not known: no answer in the file")
    verdicts = [None if one.score.value is None else wrong(one) for one in outcome.trials]
    if repeated := came_back(verdicts):
        yield from shown("repeats", repeated)


def _read(score: Score) -> str:
    """The letter, and by what rule it was found."""
    if score.value is None:
        return f"not scored: {score.reason}"
    return f"{score.label} ({score.reason})"
