"""A process that asks, for the tests of crashes and of processes side by side.

    python asking_process.py STORE RUN_ID LOG COUNT [DIE_AT]

Waits for a line on standard input, asks COUNT questions of a provider that writes each into LOG, and
kills itself in the middle of the question number DIE_AT.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from distill_tests.engine import Engine, EngineOptions
from distill_tests.registry import provider
from distill_tests.types import Ask, Json, Message, Model, Reply, Request, Sampling

LOGGED = Model(alias="logged", provider="logged", model="m")


@provider("logged")
class Logged:
    """Writes down what it is asked."""

    stores, embedded = True, True
    log = Path(os.devnull)
    die_at: int | None = None

    def __init__(self, model: Model) -> None:
        self._asked = 0

    def identifies(self) -> Mapping[str, Json]:
        return {"model": "m"}

    def revision(self) -> str | None:
        return None

    async def send(self, request: Request) -> Reply:
        self._asked += 1
        question = request.messages[0].text
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{question}\n")
        if self._asked == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.sleep(0.002)  # So that two processes get at the same questions.
        return Reply(text=f"answer to {question}")

    async def aclose(self) -> None: ...


def question(number: int) -> Request:
    return Request(
        model=LOGGED, messages=(Message(role="user", text=f"question {number}"),), sampling=Sampling()
    )


def asking(number: int) -> Callable[[Ask], Coroutine[Any, Any, str]]:
    async def job(ask: Ask) -> str:
        return (await ask(question(number))).text

    return job


def main(store: str, run_id: str, log: str, count: str, die_at: str = "") -> None:
    Logged.log, Logged.die_at = Path(log), int(die_at) if die_at else None
    engine = Engine(EngineOptions(store_path=Path(store), run_id=run_id, concurrency=4))
    engine.begin()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    futures = [engine.submit(str(number), asking(number)) for number in range(int(count))]
    answers = [future.result(300) for future in futures]
    counters = engine.counters()
    engine.finish(interrupted=False)
    engine.close()
    sys.stdout.write(f"{len(answers)} answers, {counters.made} made, {counters.from_store} from store\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
