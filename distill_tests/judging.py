"""A judge as a spec names it, ready to be called: for kinds, for rows of a file, and for judges of judges.

Whatever goes wrong in a judge, a provider error or a bug, is an unscored verdict with its reason.
"""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from numbers import Real
from typing import Any

from distill_tests.errors import DistillError, Stopped
from distill_tests.registry import Declared, Judge, judges
from distill_tests.types import Ask, Exhibit, JudgeUse, Judging, Score, Span


def judging(use: JudgeUse | None, *, ask: Ask | None) -> Judging:
    """The judge a spec names, ready to be called: it never raises but :class:`Stopped`.

    Whatever goes wrong in it, a provider error or a bug, is an unscored verdict with its reason.
    """

    async def no_judge(_exhibit: Exhibit) -> Score:
        return Score(value=None, label="unscored", reason="the spec names no judge")

    if use is None:
        return no_judge
    judge = judges.get(use.name)

    async def judged(exhibit: Exhibit) -> Score:
        try:
            declared = judge.declared(use.options)
            score = await _call(judge, use, exhibit, ask)
        except (Stopped, asyncio.CancelledError):
            raise
        except DistillError as error:
            return _unscored(judge, str(error))
        except Exception as error:  # noqa: BLE001 - a judge's bug must not become a verdict, nor end the run
            return _unscored(judge, f"the judge raised {type(error).__name__}: {error}")
        return _checked(judge, declared, score, exhibit)

    return judged


async def _call(judge: Judge, use: JudgeUse, exhibit: Exhibit, ask: Ask | None) -> Score:
    if inspect.iscoroutinefunction(judge.function):
        others: dict[str, Any] = {"models": use.models} if judge.parts else {}
        result = await judge.function(exhibit, ask=ask, model=use.model, **others, **use.options)
    else:
        result = await asyncio.to_thread(judge.function, exhibit, **use.options)
    if not isinstance(result, Score):
        raise DistillError(f"judge {judge.name!r} returned {type(result).__name__}, not a Score")
    return result


def _unscored(judge: Judge, reason: str) -> Score:
    return Score(value=None, label="unscored", reason=reason, judge=judge.name)


def _misshapen(score: Any) -> Iterator[str]:
    """What of a Score is not of its declared type; a user's judge may return anything."""
    texts = {"label": score.label, "reason": score.reason, "judge": score.judge}
    if score.claimed is not None:
        texts["claimed"] = score.claimed
    for name, text in texts.items():
        if not isinstance(text, str):
            yield f"{name} is no text ({_type(text)})"
    if not isinstance(score.details, Mapping):
        yield f"details is no mapping ({_type(score.details)})"
    marks = score.marks if isinstance(score.marks, Mapping) else {}
    if marks is not score.marks:
        yield f"marks is no mapping ({_type(score.marks)})"
    for name, number in (("value", score.value), *marks.items()):
        if not isinstance(name, str):
            yield f"name of a mark is no text ({_type(name)})"
        if number is not None and not isinstance(number, Real):
            yield f"{name} is no number ({_type(number)})"
    spans = score.evidence if isinstance(score.evidence, tuple | list) else (None,)
    if not all(isinstance(span, Span) for span in spans):
        yield f"evidence is no spans ({_type(score.evidence)})"


def _type(value: object) -> str:
    return type(value).__name__


def _checked(judge: Judge, declared: Declared, score: Score, exhibit: Exhibit) -> Score:
    """The score if its numbers are within the judge's declared scales, unscored otherwise.

    A judge may sign with its version, as ``name@version``; any other name is replaced by its own.
    """
    if misshapen := next(_misshapen(score), None):
        return _unscored(judge, f"judge {judge.name!r} returned a Score whose {misshapen}")
    numbers = [("value", score.value, declared.scale)]
    numbers += [
        (name, mark, declared.marks.get(name, (-math.inf, math.inf))) for name, mark in score.marks.items()
    ]
    for name, number, (low, high) in numbers:
        if number is not None and not low <= number <= high:
            return _unscored(
                judge, f"judge {judge.name!r} gave {name} {number}, outside its scale {low}..{high}"
            )
    evidence = tuple(span for span in score.evidence if 0 <= span.start < span.end <= len(exhibit.answer))
    signed = score.judge if score.judge.startswith(f"{judge.name}@") else judge.name
    return replace(score, judge=signed, evidence=evidence)
