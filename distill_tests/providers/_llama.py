"""The llama.cpp servers of this process: one for each weights file and layout, shared between cards.

xllamacpp runs llama.cpp's own HTTP server on threads of this process.  It listens on 127.0.0.1 on a
free port, wants a key that only this process knows, and serves no web page and no slot listing.

Two things xllamacpp cannot do, both measured (2026.10).  A server that is destroyed while it answers
blocks the interpreter for good, and one that answers while the process ends makes it end by SIGSEGV: so
whoever is being answered is cancelled first.  After a fork the child has the memory but not the threads
of a server: it is refused in words (start workers by spawn, as pytest-xdist does) and should end by
``os._exit``, as multiprocessing's and pytest-forked's children do.
"""

from __future__ import annotations

import asyncio
import atexit
import ctypes
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distill_tests.errors import MissingExtra, Refused

STOPPING_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a server is started with.  ``context`` is tokens per slot; ``threads`` 0: one a core."""

    path: Path
    slots: int
    context: int
    threads: int = 0
    flash_attention: bool = False
    prompt_cache: bool = False


class Running:
    """A server that answers at ``address`` to those who send ``key``; ``users`` cards share it."""

    def __init__(self, server: Any, *, key: str, version: str) -> None:
        self.address: str = server.listening_address
        self.key, self.version = key, version
        self.users = 0
        self._server: Any = server
        self._asking: set[asyncio.Task[Any]] = set()
        self._loops: set[asyncio.AbstractEventLoop] = set()
        self._idle = threading.Condition()
        self._answered = False

    @property
    def stopped(self) -> bool:
        return self._server is None

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Around a request of the current task."""
        task = asyncio.current_task()
        assert task is not None
        with self._idle:
            self._loops.add(task.get_loop())
            self._asking.add(task)
        try:
            yield
            self._answered = True
        finally:
            with self._idle:
                self._asking.discard(task)
                self._idle.notify_all()

    def stop(self) -> None:
        """Cancel whoever is being answered and destroy the server; do not call it on their loop."""
        with self._idle:
            for task in self._asking:
                if task.get_loop().is_running():
                    task.get_loop().call_soon_threadsafe(task.cancel)
            patience_s = STOPPING_S if any(task.get_loop().is_running() for task in self._asking) else 0
            idle = self._idle.wait_for(lambda: not self._asking, timeout=patience_s)
        # Destroyed before its loop has begun, a server waits for ever (4 of 12 tries, never after an answer).
        if not (self._answered and idle and all(_turned(loop) for loop in self._loops)):
            self.abandon()
        self._server = None  # xllamacpp stops the server when its object goes

    def abandon(self) -> None:
        """Never destroy the server."""
        if self._server is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._server))


def _turned(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether the loop went round a few times: it closes a connection's socket one turn later.

    A server being destroyed waits, with the interpreter locked, for the sockets it still answers on.
    """
    if not loop.is_running():
        return True
    turned = threading.Event()

    def turn(times: int) -> None:
        if times:
            loop.call_soon(turn, times - 1)
        else:
            turned.set()

    loop.call_soon_threadsafe(turn, 3)
    return turned.wait(STOPPING_S)


@dataclass(slots=True)
class _Servers:
    lock: threading.Lock = field(default_factory=threading.Lock)
    running: dict[Layout, Running] = field(default_factory=dict)
    started_before_fork: bool = False


_servers = _Servers()


def acquire(layout: Layout) -> Running:
    """The server for ``layout``, started if need be; blocks while the weights load.

    Raises Refused where llama.cpp cannot load the weights, MissingExtra without xllamacpp.
    """
    with _servers.lock:
        running = _servers.running.get(layout)
        if running is None:
            running = _servers.running[layout] = _start(layout)
        running.users += 1
        return running


def release(layout: Layout) -> None:
    """Give back what :func:`acquire` gave; the last user's going stops the server."""
    with _servers.lock:
        running = _servers.running.get(layout)
        if running is None:
            return
        running.users -= 1
        if running.users > 0:
            return
        del _servers.running[layout]
        running.stop()


def _start(layout: Layout) -> Running:
    if _servers.started_before_fork:
        raise Refused("a forked process cannot run a local model that its parent runs; spawn it instead")
    xllamacpp = _library()
    key = secrets.token_hex(16)
    try:
        server = xllamacpp.Server(_params(xllamacpp, layout, key))
    except RuntimeError as error:
        raise Refused(f"llama.cpp cannot load {layout.path} (damaged, or of an unknown kind?)") from error
    return Running(server, key=key, version=f"xllamacpp-{xllamacpp.__version__}")


def _library() -> Any:
    """xllamacpp, with threads that sleep where they wait for each other.

    OpenMP's threads spin by default: as soon as anything else wants a core they burn the time slices
    that the thread they wait for needs (measured beside another server on 2 cores: 64 s spinning, 6 s
    sleeping).  libgomp reads its setting once, as it is loaded; what the user has set stays.
    """
    ours = not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & set(os.environ)
    if ours:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    try:
        import xllamacpp
    except ModuleNotFoundError as error:
        raise MissingExtra("xllamacpp", "local", "provider 'local'") from error
    except ImportError as error:  # libgomp.so.1 is the system's, not the wheel's
        raise Refused(f"xllamacpp is installed and cannot be loaded: {error}") from error
    finally:
        if ours:
            del os.environ["OMP_WAIT_POLICY"]
    return xllamacpp


def _params(xllamacpp: Any, layout: Layout, key: str) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = str(layout.path)
    params.n_parallel = layout.slots
    params.n_ctx = layout.slots * layout.context
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = layout.threads or _cores()
    params.port = 0
    params.api_keys = [key]
    params.verbosity = -1
    params.use_jinja = True
    params.ui = params.endpoint_slots = False
    # A reply must not depend on what was asked before it: no reuse of earlier prompts' states …
    params.cache_prompt, params.cache_idle_slots = layout.prompt_cache, False
    params.cache_ram_mib = 0
    # … and as little as can be on what is asked beside it: flash attention sums in another order.
    if not layout.flash_attention:
        params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    return params


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _stop_all() -> None:
    for running in _servers.running.values():
        running.stop()
    _servers.running.clear()


def _after_fork() -> None:
    global _servers
    before = _servers
    for running in before.running.values():
        running.abandon()  # its threads are the parent's: to wait for them is to wait for ever
    _servers = _Servers(started_before_fork=before.started_before_fork or bool(before.running))


atexit.register(_stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
