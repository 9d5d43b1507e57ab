"""A file of rows through a judge that asks a model: many in flight, written in file order."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple

from distill_tests.engine import Engine
from distill_tests.errors import Refused
from distill_tests.judging import judging
from distill_tests.registry import judges
from distill_tests.rows import Judged, Reading, asking_row_format, readings
from distill_tests.sharing import sharing_trouble
from distill_tests.types import Ask, Exhibit, JudgeUse, Model, Score

TICK_S = 0.5


class _Waiting(NamedTuple):
    line: int
    exhibit: Exhibit | None
    problem: str | None
    score: Future[Score] | None


def asked_rows(
    path: Path,
    use: JudgeUse,
    *,
    models: Mapping[str, Model],
    engine: Engine,
    width: int,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[Judged]:
    """Every non-empty line of ``path``, judged or named as bad, in file order.

    About ``width`` rows are in flight; ``tick`` is called while one waits.  A row of a confidential model
    that the judge's model must not see is a bad row, and is not sent.  Trouble with one call leaves its
    row unscored.  Raises DataError for judge and file, Refused where the judge's model answers nothing.
    """
    judge = judges.get(use.name)
    form = asking_row_format(judge)
    judge.declared(use.options)  # what is wrong with the options is not the rows' fault
    waiting: deque[_Waiting] = deque()

    def next_judged() -> Judged:
        line, exhibit, problem, future = waiting.popleft()
        if exhibit is None or future is None:
            return Judged(line, None, problem)
        score = _result(future, tick)
        refusals = (engine.refused(model.alias) for model in use.asked()) if score.value is None else ()
        if refusal := next(filter(None, refusals), None):
            raise Refused(refusal)
        engine.forget(_key(line))
        return Judged(line, form.write(exhibit, score), None)

    for reading in readings(path, form, models=models):
        waiting.append(_begun(reading, use, models, engine))
        while len(waiting) > width:
            yield next_judged()
    while waiting:
        yield next_judged()


def _begun(reading: Reading, use: JudgeUse, models: Mapping[str, Model], engine: Engine) -> _Waiting:
    exhibit = reading.exhibit
    if exhibit is None:
        return _Waiting(reading.line, None, reading.problem, None)
    owners = [models[alias] for alias in _aliases(reading.row) if alias in models]
    for owner, model in itertools.product(owners, use.asked()):
        trouble = sharing_trouble(owner, model)
        if trouble is not None:
            return _Waiting(reading.line, None, f"is not sent: {trouble.what}; {trouble.allowed}", None)

    async def judged(ask: Ask) -> Score:
        return await judging(use, ask=ask)(exhibit)

    return _Waiting(reading.line, exhibit, None, engine.submit(_key(reading.line), judged))


def _aliases(row: Mapping[str, Any]) -> list[str]:
    """The models that a row may be of: a row says whose words it holds under one of two keys."""
    return [alias for key in ("model", "target") if isinstance(alias := row.get(key), str)]


def _key(line: int) -> str:
    return f"row {line}"


def _result(future: Future[Score], tick: Callable[[], None]) -> Score:
    while True:
        try:
            return future.result(timeout=TICK_S)
        except TimeoutError:
            if future.done():
                raise
            tick()
