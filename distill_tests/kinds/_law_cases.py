"""Laws as cases of a calibration: tried in a thread of their own, told with what breaks them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from distill_tests import display
from distill_tests.errors import Problem, SpecError
from distill_tests.kinds._comparing import word
from distill_tests.kinds._showing import shown
from distill_tests.laws import LAWS, Finding, Law, try_law
from distill_tests.laws.search import HINT, MARKS
from distill_tests.registry import Declared
from distill_tests.types import Case, Exhibit, Json, Judging, Outcome, Score, Spec, Trial

T = TypeVar("T")
EXAMPLES: Final = 200
EXAMPLES_ASKED: Final = 5
"""For a judge that asks a model, each verdict of which is a call."""
SHRINKING: Final = 5_000
"""Verdicts of a judge that asks nobody, beside those of the examples."""
_SEARCHING: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
"""One search at a time: Hypothesis seeds the process's generators while it works."""
LAW: Final = "law"
"""The key under which a score's details hold what came of a law."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawCase:
    """A law to be tried, and how many verdicts that may take."""

    law: Law
    examples: int
    most_verdicts: int
    set_hash: str = ""


def law_cases(spec: Spec, declared: Declared) -> tuple[Case, ...]:
    """A case for each law that the spec names; raises SpecError where its judge is none of identity."""
    written = spec.body.get("laws", [])
    names = list(LAWS) if written == "all" else written
    if names and not all(name in declared.marks for name in MARKS):
        what = "laws are for judges of identity, with the marks loose and strict"
        given = ", ".join(declared.marks) or "none"
        problem = Problem(place=spec.place("laws"), what=what, got=given, allowed="remove this key")
        raise SpecError([problem])
    asks = declared.calls[1] > 0
    examples = int(spec.body.get("law_examples", EXAMPLES_ASKED if asks else EXAMPLES))
    return tuple(
        Case(id=f"law-{name}", data=_law_case(LAWS[name], examples, asks=asks), place=spec.place("laws"))
        for name in names
    )


def _law_case(law: Law, examples: int, *, asks: bool) -> LawCase:
    """As many verdicts again for shrinking, where each costs a call."""
    needed = examples * law.verdicts
    return LawCase(law=law, examples=examples, most_verdicts=needed * 2 if asks else needed + SHRINKING)


async def law_trial(case: LawCase, judge: Judging) -> Trial:
    """What came of trying a law on a judge; raises Stopped where the run is being interrupted."""
    loop = asyncio.get_running_loop()

    async def verdict(exhibit: Exhibit) -> Score:
        return await judge(exhibit)

    def ask(exhibit: Exhibit) -> Score:
        return asyncio.run_coroutine_threadsafe(verdict(exhibit), loop).result()

    tried = partial(try_law, case.law, ask, examples=case.examples, most_verdicts=case.most_verdicts)
    async with _SEARCHING.setdefault(loop, asyncio.Lock()):
        finding = await _in_daemon_thread(tried, name=f"distill-tests law {case.law.name}")
    return Trial(
        exchanges=(),
        answer=finding.example.answers[-1] if finding.example else "",
        score=_score(case, finding),
    )


async def _in_daemon_thread(function: Callable[[], T], *, name: str) -> T:
    """Not in the loop's own pool: its threads are those of the judges that the search waits for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(set_: Callable[[Any], None], value: object) -> None:
        if not done.done():  # cancelled while the thread worked
            set_(value)

    def run() -> None:
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            loop.call_soon_threadsafe(settle, done.set_exception, error)
        else:
            loop.call_soon_threadsafe(settle, done.set_result, result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await done


def _score(case: LawCase, finding: Finding) -> Score:
    details: dict[str, Json] = {
        "name": case.law.name,
        "says": case.law.says,
        "held": finding.held,
        "examples": finding.examples,
        "shrunk": finding.shrunk,
        "counterexample": _as_json(finding),
    }
    if finding.held is None:
        return Score(value=None, label="unscored", reason=finding.why, details={LAW: details})
    reason = f"holds on {finding.examples:,} examples" if finding.held else finding.why
    label = "held" if finding.held else "broken"
    return Score(value=float(finding.held), label=label, reason=reason, details={LAW: details})


def _as_json(finding: Finding) -> Json:
    one = finding.example
    if one is None:
        return None
    verdicts: list[dict[str, Json]] = [
        {
            "role": role,
            "answer": answer,
            "loose": score.marks["loose"] >= 0.5,
            "strict": score.marks["strict"] >= 0.5,
            "label": score.label,
            "reason": score.reason,
        }
        for role, answer, score in zip(one.roles, one.answers, finding.scores, strict=True)
    ]
    return {
        "speaker": f"{one.identity.name}, made by {one.identity.maker}",
        "language": one.language,
        "question": one.question,
        "verdicts": verdicts,
    }


def broken(score: Score) -> bool:
    """Whether a score is of a law that is broken."""
    told: Any = score.details.get(LAW)
    return told is not None and told["held"] is False


def law_lines(outcome: Outcome) -> Iterator[str]:
    """What the law says, and the simplest answers found that break it."""
    place, score = outcome.case.place, outcome.trials[0].score
    law: LawCase = outcome.case.data
    told: Any = score.details[LAW]
    yield display.visible(f"{place.path}:{place.line}  law {law.law.name}: {law.law.says}")
    yield from shown("found", f"{score.label}: {score.reason}")
    example = told["counterexample"]
    if example is None:
        return
    yield from shown("speaker", example["speaker"])
    if example["question"]:
        yield from shown("asked", example["question"])
    for one in example["verdicts"]:
        yield from shown("answer", one["answer"])
        yield from shown("", f"({one['role']})")
        verdict = f"loose {word(one['loose'])}, strict {word(one['strict'])}: {one['label']}: {one['reason']}"
        yield from shown("judged", verdict)
    if not told["shrunk"]:
        yield from shown("", f"({HINT})")
