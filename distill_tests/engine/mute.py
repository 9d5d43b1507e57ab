"""No log record of a thread goes anywhere: SDKs log headers and bodies, with whatever secrets they hold."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

BELOW_EVERY_HANDLER = -1
"""A record's level that no handler takes: even one without a level of its own wants 0."""


@contextmanager
def muted_logs() -> Iterator[None]:
    """Within it, nothing that the current thread logs is handled; other threads log as they did."""
    thread, before = threading.get_ident(), logging.getLogRecordFactory()
    muted = True

    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = before(*args, **kwargs)
        if muted and record.thread == thread:
            record.levelno = BELOW_EVERY_HANDLER
        return record

    logging.setLogRecordFactory(factory)
    try:
        yield
    finally:
        muted = False  # this factory may stay below another's, and a thread's number is given again
        if logging.getLogRecordFactory() is factory:  # else somebody has wrapped it: theirs stays
            logging.setLogRecordFactory(before)
