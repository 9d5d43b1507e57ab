"""A similarity outcome as lines for people: the prompt, both answers cut short, the judge's numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from distill_tests import display
from distill_tests.kinds._similarity_tables import DETAILS
from distill_tests.types import Exchange, Outcome, Score, Trial

COLUMNS: Final = 84
MOST_LINES: Final = 6
"""Of each answer."""
NUMBERS: Final = ("style", "logic", "content")


def lines(outcome: Outcome, reference: str) -> Iterator[str]:
    """The trial that is least alike, or one that is not scored; visible text."""
    number, trial = _told(outcome.trials)
    place = outcome.case.place
    head = f"{place.path}:{place.line}  likeness of {outcome.target.alias} to {reference}"
    yield head + (f", trial {number} of {len(outcome.trials)}" if len(outcome.trials) > 1 else "")
    own = [one for one in trial.exchanges if one.request.model.alias == outcome.target.alias]
    other = [one for one in trial.exchanges if one.request.model.alias == reference]
    for turn, exchange in enumerate(own):
        yield from _shown("asked", exchange.request.messages[-1].text)
        yield from _shown("answer", *_answer(exchange))
        if turn < len(other):
            yield from _shown("reference", *_answer(other[turn]))
    yield from _shown("judged", judged(trial.score))
    if controls := "; ".join(_controls(trial.score)):
        yield from _shown("controls", controls)


def judged(score: Score) -> str:
    """The numbers, who gave them and why."""
    if score.value is None:
        numbers = "not scored"
    else:
        marks = [f"{name} {score.marks[name]:g}" for name in NUMBERS if name in score.marks]
        numbers = ", ".join([f"overall {score.value:g} of 5", *marks])
    by = f" ({score.judge})" if score.judge else ""
    return f"{numbers}{by}: {score.reason}" if score.reason else f"{numbers}{by}"


def _controls(score: Score) -> Iterator[str]:
    """What each control has on this prompt, or why it has nothing."""
    told = score.details.get(DETAILS)
    controls = told.get("controls") if isinstance(told, Mapping) else None
    for name, one in controls.items() if isinstance(controls, Mapping) else ():
        if isinstance(one, Mapping):
            value = one.get("value")
            lacking = f"not scored: {display.shorten(str(one.get('missing')), COLUMNS)}"
            yield f"{name} ({one.get('model')}) {f'{value:g}' if isinstance(value, float) else lacking}"


def _told(trials: Sequence[Trial]) -> tuple[int, Trial]:
    numbered = list(enumerate(trials, start=1))
    return min(numbered, key=lambda one: (one[1].score.value is not None, one[1].score.value or 0.0))


def _answer(exchange: Exchange) -> tuple[str, str]:
    cut_off = exchange.reply.finish == "length"
    note = f"(cut off at {exchange.request.sampling.max_tokens} tokens)" if cut_off else ""
    return exchange.reply.text, note


def _shown(label: str, text: str, note: str = "") -> Iterator[str]:
    lead = f"  {label + ':':<12}"
    told = [line.shown for line in display.marked_lines(text, (), COLUMNS)]
    if len(told) > MOST_LINES:
        told = [*told[: MOST_LINES - 1], f"[{display.ELLIPSIS} {len(told) - MOST_LINES + 1} more lines]"]
    for line in (*told, *([note] if note else [])):
        yield (lead + line).rstrip()
        lead = " " * 14
