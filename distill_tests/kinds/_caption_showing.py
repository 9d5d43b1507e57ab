"""A caption outcome as lines for people: the caption, what it is judged by, the numbers and the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from distill_tests import display
from distill_tests.kinds._caption_case import CaptionCase
from distill_tests.kinds._caption_setting import DIMENSIONS
from distill_tests.types import Outcome, Score, Trial

DETAILS: Final = "caption"
"""Under this key a score's details say what the caption was judged by."""
COLUMNS: Final = 84
MOST_LINES: Final = 6
MOST_REFERENCES: Final = 4


def lines(outcome: Outcome) -> Iterator[str]:
    """The trial with the lowest score, or one that is not scored; visible text."""
    number, trial = _told(outcome.trials)
    case: CaptionCase = outcome.case.data
    place = outcome.case.place
    head = f"{place.path}:{place.line}  caption of {outcome.target.alias}"
    yield head + (f", trial {number} of {len(outcome.trials)}" if len(outcome.trials) > 1 else "")
    for exchange in trial.exchanges:
        yield from _shown("asked", exchange.request.messages[-1].text)
    yield from _shown("caption", trial.answer or "(none)")
    for reference in case.item.references[:MOST_REFERENCES]:
        yield from _shown("reference", reference, most=2)
    left = len(case.item.references) - MOST_REFERENCES
    if left > 0:
        yield f"  {'':<12}{display.ELLIPSIS} and {left} more {'reference' if left == 1 else 'references'}"
    if case.item.medium is not None:
        yield from _shown(case.item.medium, medium_words(case.item.written, trial.score))
    yield from _shown("judged", judged(trial.score))


def judged(score: Score) -> str:
    """The numbers, who gave them and why."""
    if score.value is None:
        numbers = "not scored"
    else:
        marks = [f"{name} {score.marks[name]:.1f}" for name in DIMENSIONS if name in score.marks]
        head = "average" if len(marks) == len(DIMENSIONS) else "score"
        numbers = ", ".join([f"{head} {score.value:.1f} of 100", *marks])
    by = f" ({score.judge})" if score.judge else ""
    return f"{numbers}{by}: {score.reason}" if score.reason else f"{numbers}{by}"


def medium_words(written: str, score: Score) -> str:
    """The file, and what was sent of it."""
    told = score.details.get(DETAILS)
    media: Any = told.get("media") if isinstance(told, Mapping) else None
    if not isinstance(media, Mapping):
        return f"{written} (not sent)"
    if "shown" in media:
        facts = [f"{len(media['shown'])} of {media['frames']} frames over {media['seconds']:g} s"]
    else:
        facts = [f"{media['width']} x {media['height']}"]
    return f"{written} ({'; '.join([*facts, *media['notes']])})"


def _told(trials: Sequence[Trial]) -> tuple[int, Trial]:
    numbered = list(enumerate(trials, start=1))
    return min(numbered, key=lambda one: (one[1].score.value is not None, one[1].score.value or 0.0))


def _shown(label: str, text: str, *, most: int = MOST_LINES) -> Iterator[str]:
    lead = f"  {label + ':':<12}"
    told = [line.shown for line in display.marked_lines(text, (), COLUMNS)]
    if len(told) > most:
        told = [*told[: most - 1], f"[{display.ELLIPSIS} {len(told) - most + 1} more lines]"]
    for line in told:
        yield (lead + line).rstrip()
        lead = " " * 14
