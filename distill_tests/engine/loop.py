"""The only event loop: jobs run on it, in a daemon thread that says nothing to anybody.

Whatever happens in a job travels in its future.  pytest captures output by time, not by origin, so a
word printed here would land under the wrong test.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from typing import Any

from distill_tests.engine.calls import Calls
from distill_tests.engine.mute import muted_logs
from distill_tests.engine.pool import DaemonPool
from distill_tests.errors import DistillError, Stopped
from distill_tests.throttle import Rank
from distill_tests.types import Ask, Reply, Request

SETTLING_S = 1.0
JOINING_S = 5.0


@dataclass(slots=True, eq=False)
class Job:
    """A coroutine over ``ask`` and its future.  ``order``: how many were submitted before it."""

    make: Callable[[Ask], Coroutine[Any, Any, Any]]
    order: int
    future: Future[Any] = field(default_factory=Future)
    notes: list[str] = field(default_factory=list)
    begun: bool = False
    task: asyncio.Task[None] | None = None

    def settle(self, result: Any = None, error: BaseException | None = None) -> None:
        # Not asked for beforehand: a job that blocked the loop may end while ``stop`` gives it up.
        with contextlib.suppress(InvalidStateError):
            if error is None:
                self.future.set_result(result)
            else:
                self.future.set_exception(error)


class Loop:
    """An event loop in its own thread, and the jobs on it."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._jobs: set[Job] = set()
        self._stopped = False
        self._blocked = False
        self._loop = asyncio.new_event_loop()
        self._loop.set_debug(False)
        self._loop.set_exception_handler(lambda _loop, _context: None)
        # CPU work of judges; more threads than cores would only keep the loop from its turn.
        self._pool = DaemonPool(os.cpu_count() or 1, name="distill-tests judge")
        self._loop.set_default_executor(self._pool)
        self._thread = threading.Thread(target=self._run, name="distill-tests loop", daemon=True)
        self._thread.start()

    # --- from other threads ---------------------------------------------------------------------

    def submit(self, job: Job) -> None:
        self._from_outside(lambda: self._begin(job), otherwise=lambda: job.settle(error=_stopped()))

    def drop(self, job: Job) -> None:
        """Ask nothing more for the job; its future gets Stopped."""
        self._from_outside(lambda: self._cancel(job), otherwise=lambda: None)

    def stop(self, grace_s: float) -> None:
        """Returns when every job has ended, or been ended: one that blocks the loop keeps nobody waiting."""
        if not self._thread.is_alive() or self._blocked:
            return
        stopping = asyncio.run_coroutine_threadsafe(self._stop(grace_s), self._loop)
        try:
            stopping.result(grace_s + 2 * SETTLING_S)
        except TimeoutError:
            self._blocked = True
            for job in list(self._jobs):
                job.settle(error=_stopped())

    def close(self) -> None:
        """End the thread; call ``stop`` first."""
        if self._thread.is_alive() and not self._blocked:
            with contextlib.suppress(TimeoutError):
                closing = asyncio.run_coroutine_threadsafe(self._calls.sources.aclose(), self._loop)
                closing.result(JOINING_S)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(JOINING_S)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _from_outside(self, callback: Callable[[], None], *, otherwise: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:  # The loop is closed.
            otherwise()

    # --- on the loop ----------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        ending: BaseException = _stopped()
        try:
            with muted_logs():
                self._loop.run_forever()
        except BaseException as error:  # noqa: BLE001 - a dead loop must not leave anybody waiting
            ending = DistillError(f"the engine's loop ended: {type(error).__name__}: {error}")
        for job in list(self._jobs):
            job.settle(error=ending)
        self._loop.close()

    def _begin(self, job: Job) -> None:
        if self._stopped:
            job.settle(error=_stopped())
            return
        self._jobs.add(job)
        job.task = self._loop.create_task(self._conduct(job))
        job.task.add_done_callback(lambda _: self._jobs.discard(job))

    async def _conduct(self, job: Job) -> None:
        async def ask(request: Request) -> Reply:
            answer = await self._calls.answer(request, Rank(not job.begun, job.order))
            job.begun = True
            job.notes.extend(answer.notes)
            return answer.reply

        try:
            result = await job.make(ask)
        except asyncio.CancelledError:
            job.settle(error=_stopped())
        except (KeyboardInterrupt, SystemExit) as error:
            # asyncio would end the loop with these, and all other jobs.
            job.settle(error=DistillError(f"a job raised {type(error).__name__}: {error}"))
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            job.settle(error=error)
        else:
            job.settle(result)

    def _cancel(self, job: Job) -> None:
        if job.task is not None:
            job.task.cancel()
        job.settle(error=Stopped("not wanted any more"))

    async def _stop(self, grace_s: float) -> None:
        self._stopped = True
        give_up = self._loop.time() + grace_s
        await self._calls.stop(grace_s)
        # What was answered is still judged; then the rest ends.
        await self._wait_for_jobs(give_up - self._loop.time())
        for job in list(self._jobs):
            self._cancel(job)
        await self._wait_for_jobs(SETTLING_S)

    async def _wait_for_jobs(self, longest_s: float) -> None:
        tasks = [job.task for job in self._jobs if job.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=max(0.0, longest_s))


def _stopped() -> Stopped:
    return Stopped("the run is being interrupted")
