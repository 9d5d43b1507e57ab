"""Who uses the store, and whether that process still runs."""

from __future__ import annotations

import functools
import itertools
import json
import os
import platform
from pathlib import Path
from typing import NamedTuple

STALE_S = 60.0
"""A process on another machine (or one whose state cannot be read) is dead after so long a silence."""

_serials = itertools.count(1)


class Owner(NamedTuple):
    """One engine in one process.  ``born`` tells a process from a later one with the same id."""

    host: str
    pid: int
    born: str
    serial: int

    def __str__(self) -> str:
        return json.dumps(self)


def this_process() -> Owner:
    """A new owner in this process, unlike every other one."""
    return Owner(host=_host(), pid=os.getpid(), born=_born(os.getpid()) or "", serial=next(_serials))


def is_alive(owner: str, *, heartbeat: float, now: float) -> bool:
    """Whether the process that called itself ``owner`` still runs; times in epoch seconds.

    On this machine the process table knows, so that the work of a killed process is taken over at
    once; a process that hangs, or runs elsewhere, is alive as long as its heartbeat is fresh.
    """
    process = Owner(*json.loads(owner))
    if process.host == _host() and _is_gone(process):
        return False
    return now - heartbeat < STALE_S


def _is_gone(process: Owner) -> bool:
    if process.born:
        return _born(process.pid) != process.born
    # No process table to read: signal 0 asks on POSIX; on Windows it would end the process.
    if os.name != "posix":
        return False
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # It is there, and somebody else's.
        pass
    return False


def _born(pid: int) -> str | None:
    """When the process was started, in clock ticks since boot; None if it is gone or cannot be told."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The program's name stands in brackets and may hold blanks and brackets of its own.
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in {"Z", "X"} else fields[18]


@functools.cache
def _host() -> str:
    """This machine since its last start, and this container: what a process id is unique in."""
    return "/".join([platform.node(), _text("/proc/sys/kernel/random/boot_id"), _link("/proc/self/ns/pid")])


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""
