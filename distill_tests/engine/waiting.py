"""Two ways to wait on the loop without harm to what is waited for."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

from distill_tests.errors import Stopped

T = TypeVar("T")


async def join(task: asyncio.Task[T], *, what: str) -> T:
    """What the shared ``task`` returns; it goes on if only this waiter is cancelled.

    Raises Stopped if it was the task that was cancelled.
    """
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        waiter = asyncio.current_task()
        if task.cancelled() and waiter is not None and not waiter.cancelling():
            raise Stopped(f"{what}: the run is being interrupted") from None
        raise


async def in_daemon_thread(function: Callable[[], T], *, name: str) -> T:
    """What ``function`` returns; a hung one keeps neither the loop nor the interpreter's exit waiting."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: Callable[[], None]) -> None:
        if not future.done():
            result()

    def run() -> None:
        try:
            value = function()
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            caught = RuntimeError(str(error)) if isinstance(error, StopIteration) else error
            _post(lambda: settle(lambda: future.set_exception(caught)))
        else:
            _post(lambda: settle(lambda: future.set_result(value)))

    def _post(callback: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
            loop.call_soon_threadsafe(callback)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await future
