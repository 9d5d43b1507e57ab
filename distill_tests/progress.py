"""One line that tells how a long run is getting on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TextIO

from distill_tests.display import shorten, width

EVERY_S = 0.5


class Counts(Protocol):
    """What is shown of an engine's counters.  ``cost_usd`` None: a price is not known."""

    @property
    def made(self) -> int: ...
    @property
    def from_store(self) -> int: ...
    @property
    def recorded(self) -> int: ...
    @property
    def in_flight(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def retries(self) -> int: ...
    @property
    def cost_usd(self) -> float | None: ...


def progress_line(counters: Counts, total: int | None, elapsed_s: float, columns: int) -> str:
    """Calls done of ``total``, rate, cost and time left, in at most ``columns`` columns.

    ``total`` None: how many calls there will be is not known.  What matters less is left out first
    where it does not fit.
    """
    parts = [part for part in _parts(counters, total, elapsed_s) if part]
    while len(parts) > 1 and width(_joined(parts)) > columns:
        parts.pop()
    return shorten(_joined(parts), columns)


def _joined(parts: list[str]) -> str:
    return " · ".join(parts)


def _parts(counters: Counts, total: int | None, elapsed_s: float) -> list[str]:
    done = counters.made + counters.from_store + counters.recorded
    rate = counters.made / elapsed_s if elapsed_s > 0 else 0.0
    goal = max(total, done) if total is not None else None
    return [
        f"{done:,} of {goal:,} calls" if goal is not None else f"{done:,} calls",
        _time_left(goal - done, rate) if goal is not None and rate > 0 else "",
        _rate(rate) if rate > 0 else "",
        f"${counters.cost_usd:.2f}" if counters.cost_usd else "",
        f"{counters.from_store:,} from the store" if counters.from_store else "",
        f"{counters.in_flight:,} in flight" if counters.in_flight else "",
        f"{counters.waiting:,} waiting" if counters.waiting else "",
        f"{counters.retries:,} retries" if counters.retries else "",
    ]


def _rate(rate: float) -> str:
    return f"{rate:.1f}/s" if rate >= 0.1 else f"{rate * 60:.1f}/min"


def _time_left(calls: int, rate: float) -> str:
    return f"about {duration(calls / rate)} left" if calls else ""


def duration(seconds: float) -> str:
    """Such as ``0.4 s``, ``42 s``, ``3 min 05 s``, ``2 h 10 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    if minutes == 0:
        return f"{whole} s"
    return f"{hours} h {minutes_left:02} min" if hours else f"{minutes} min {rest:02} s"


class Progress:
    """The progress line on a terminal, below the line that pytest is writing.

    ``column`` says where pytest's cursor stands in its line, so that it can be put back there; each
    change of the screen is one write.  Nothing is written where ``stream`` is no terminal or
    ``enabled`` is false.  Call :meth:`clear` before anybody else writes.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        clock: Callable[[], float],
        columns: Callable[[], int],
        column: Callable[[], int] = lambda: 0,
        enabled: bool = True,
    ) -> None:
        self._stream, self._clock, self._columns, self._column = stream, clock, columns, column
        self.enabled = enabled and stream.isatty()
        self._started: float | None = None
        self._drawn_at: float | None = None
        self._is_drawn = False

    def tick(self, counters: Counts, total: int | None = None) -> None:
        """Draw the line anew, twice a second at most.  The time is counted from the first tick on."""
        if not self.enabled:
            return
        now = self._clock()
        self._started = now if self._started is None else self._started
        if self._drawn_at is not None and now - self._drawn_at < EVERY_S:
            return
        self._drawn_at, self._is_drawn = now, True
        line = progress_line(counters, total, now - self._started, self._columns() - 1)
        self._write(f"\n\r\x1b[2K{line}")

    def clear(self) -> None:
        """Take the line away, if there is one."""
        if self._is_drawn:
            self._is_drawn = False
            self._write("\n\r\x1b[2K")

    def _write(self, text: str) -> None:
        """``text`` starts on the next line; then back up and to pytest's column."""
        column = self._column()
        encoding = self._stream.encoding or "utf-8"
        text = text.encode(encoding, "replace").decode(encoding)  # A middle dot must not break a case.
        self._stream.write(f"{text}\x1b[1A\r" + (f"\x1b[{column}C" if column else ""))
        self._stream.flush()
