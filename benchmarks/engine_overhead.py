"""What the engine costs: 1,000 jobs of 100 ms each in 64 slots, stored; then again from the store.

python benchmarks/engine_overhead.py [JOBS]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from distill_tests.engine import Engine, EngineOptions
from distill_tests.registry import provider
from distill_tests.types import Ask, Json, Message, Model, Reply, Request, Sampling, Usage

CALL_S, SLOTS = 0.1, 64
MODEL = Model(alias="slow", provider="slow", model="slow", revision="1")


@provider("slow")
class Slow:
    """Answers everything after a tenth of a second."""

    stores, embedded = True, True

    def __init__(self, model: Model) -> None:
        self._model = model

    def identifies(self) -> Mapping[str, Json]:
        return {}

    def revision(self) -> str | None:
        return self._model.revision

    async def send(self, request: Request) -> Reply:
        await asyncio.sleep(CALL_S)
        return Reply(
            text=f"an answer to {request.messages[0].text}", usage=Usage(input_tokens=9, output_tokens=9)
        )

    async def aclose(self) -> None: ...


def asking(number: int) -> Callable[[Ask], Coroutine[Any, Any, Reply]]:
    async def job(ask: Ask) -> Reply:
        message = Message(role="user", text=f"question {number}")
        return await ask(Request(model=MODEL, messages=(message,), sampling=Sampling()))

    return job


def timed(store: Path, run_id: str, jobs: int) -> str:
    engine = Engine(EngineOptions(store_path=store, run_id=run_id, concurrency=SLOTS))
    wall, cpu = time.perf_counter(), time.process_time()
    for future in [engine.submit(str(number), asking(number)) for number in range(jobs)]:
        future.result()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    counters = engine.counters()
    engine.finish(interrupted=False)
    engine.close()
    return f"{counters.made} made, {counters.from_store} from store: {wall:.2f} s, of it {cpu:.2f} s CPU"


def main(jobs: int = 1000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store.sqlite"
        print(f"at best {jobs * CALL_S / SLOTS:.2f} s")
        print(timed(store, "asked", jobs))
        print(timed(store, "again", jobs))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
