"""Jobs are submitted, their requests are answered once, futures hold what comes of them.

A job is a coroutine over ``ask``, the only effect it has.  An answer comes from a call in flight for
the same request, from the store, or from the provider: then it is durable before the job sees it.
"""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from distill_tests.engine.calls import Calls
from distill_tests.engine.counters import Count, Counters
from distill_tests.engine.loop import Job, Loop
from distill_tests.engine.options import EngineOptions
from distill_tests.errors import Stopped
from distill_tests.store import Store
from distill_tests.types import Ask

__all__ = ["Counters", "Engine", "EngineOptions"]

T = TypeVar("T")


class Engine:
    """Asks models for a run.  Threads and files are begun by the first thing that needs them.

    A forked child starts afresh: what had ended is kept, what was under way is forgotten there.
    """

    def __init__(self, options: EngineOptions) -> None:
        self.options = options
        self._jobs: dict[str, Job] = {}
        self._is_stopped = False
        self._start_afresh()
        _engines.add(self)

    def _start_afresh(self) -> None:
        self._lock = threading.RLock()
        self._orders = itertools.count()
        self._count = Count()
        self._the_store: Store | None = None
        self._calls: Calls | None = None
        self._loop: Loop | None = None

    # --- the run --------------------------------------------------------------------------------

    def begin(self) -> None:
        """Say in the store that this process works on the run; several may, in any order.

        Raises DistillError, which names the file, if the store cannot be used, and NotStored if
        there is none to replay from.
        """
        self._store().begin_run().result()

    def finish(self, *, interrupted: bool, partial: bool = False) -> None:
        """Say in the store how the run ended: once, by the process that decides, when all is asked.

        An ``interrupted`` run is resumed by the next one.  ``partial``: a selection was asked and no
        verdict reached, so that older interrupted runs keep what this one did not use.
        """
        self._store().finish_run(interrupted=interrupted, partial=partial).result()

    def stored(self) -> int:
        """How many replies of this run, of all its processes, are in the store."""
        return self._store().count().result()

    # --- jobs -----------------------------------------------------------------------------------

    def submit(self, key: str, make: Callable[[Ask], Coroutine[Any, Any, T]]) -> Future[T]:
        """The future of the job called ``key``, which is begun if there is none of that name.

        Whatever the job raises is the future's exception; Stopped after ``stop``.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is None:
                job = Job(make, next(self._orders))
                job.future.set_running_or_notify_cancel()  # ``forget`` is the way to end it.
                if self._is_stopped:
                    job.settle(error=Stopped("the run is being interrupted"))
                    return job.future
                self._jobs[key] = job
                self._running().submit(job)
            return job.future

    def forget(self, key: str) -> None:
        """Let the next ``submit`` of the key begin anew.

        A job that has not ended asks nothing more and its future gets Stopped; a call of its that
        is on the way is still stored.
        """
        with self._lock:
            job = self._jobs.pop(key, None)
            if job is not None and not job.future.done() and self._loop is not None:
                self._loop.drop(job)

    def notes(self, key: str) -> tuple[str, ...]:
        """What it took to answer the job (retries), in words."""
        job = self._jobs.get(key)
        return () if job is None else tuple(job.notes)

    # --- what was asked -------------------------------------------------------------------------

    def counters(self) -> Counters:
        throttle = None if self._calls is None else self._calls.throttle
        return self._count.counters(
            waiting=0 if throttle is None else throttle.waiting,
            retries=0 if throttle is None else throttle.retries,
        )

    def served(self) -> Mapping[str, tuple[str, ...]]:
        """Alias to the names of the models that served it in this run, in order of appearance.

        Only replies that were asked for in this process count; two names mean that it changed.
        """
        return self._count.served()

    def refused(self, alias: str) -> str | None:
        """Why none of the model's requests will be answered (wrong key, no weights …), or None."""
        return None if self._calls is None else self._calls.refused(alias)

    # --- the end --------------------------------------------------------------------------------

    def stop(self, *, grace_s: float = 10.0) -> None:
        """Admit no call any more, give those on the way ``grace_s`` to be stored, end the rest.

        Every future is done afterwards: with its result, its error, or Stopped.
        """
        with self._lock:
            self._is_stopped = True
            loop = self._loop
        if loop is not None:
            loop.stop(grace_s)

    def close(self) -> None:
        """End at once what is under way, close providers and the store.  Counters stay readable."""
        self.stop(grace_s=0.0)
        if self._loop is not None:
            self._loop.close()
        if self._the_store is not None:
            self._the_store.close()

    # --- begun when needed ----------------------------------------------------------------------

    def _store(self) -> Store:
        with self._lock:
            if self._the_store is None:
                options = self.options
                self._the_store = Store(options.store_path, run_id=options.run_id, policy=options.policy)
            return self._the_store

    def _running(self) -> Loop:
        if self._loop is None:
            self._calls = Calls(self.options, store=self._store(), count=self._count)
            self._loop = Loop(self._calls)
        return self._loop

    def _after_fork(self) -> None:
        _left_to_the_parent.append((self._the_store, self._calls, self._loop))
        self._jobs = {key: job for key, job in self._jobs.items() if job.future.done()}
        self._start_afresh()


_engines: weakref.WeakSet[Engine] = weakref.WeakSet()
_left_to_the_parent: list[object] = []
"""What a forked child must neither use nor let be collected.

To close the parent's connection would drop its locks, to close its loop would end the parent's polling.
"""


def _reset_engines() -> None:
    for engine in list(_engines):
        engine._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_engines)
