"""A file of rows through a judge that asks a model: many in flight, written in file order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

from distill_tests.conduct import judging
from distill_tests.engine import Engine
from distill_tests.errors import Refused
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
        if score.value is None and use.model is not None and (refusal := engine.refused(use.model.alias)):
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
    alias = reading.row.get("model")
    owner = models.get(alias) if isinstance(alias, str) else None
    trouble = sharing_trouble(owner, use.model) if owner is not None and use.model is not None else None
    if trouble is not None:
        return _Waiting(reading.line, None, f"is not sent: {trouble.what}; {trouble.allowed}", None)

    async def judged(ask: Ask) -> Score:
        return await judging(use, ask=ask)(exhibit)

    return _Waiting(reading.line, exhibit, None, engine.submit(_key(reading.line), judged))


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
