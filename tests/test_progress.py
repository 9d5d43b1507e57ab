"""The progress line, and when it is silent."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.display import width
from distill_tests.progress import Progress, duration, progress_line


@dataclass(frozen=True)
class Counters:
    made: int = 0
    from_store: int = 0
    recorded: int = 0
    in_flight: int = 0
    waiting: int = 0
    retries: int = 0
    cost_usd: float | None = 0.0


BUSY = Counters(made=100, from_store=20, in_flight=16, waiting=4, retries=2, cost_usd=0.42)


def test_the_line_tells_done_time_left_rate_and_cost() -> None:
    assert progress_line(BUSY, 400, 10.0, 200) == (
        "120 of 400 calls · about 28 s left · 10.0/s · $0.42 · 20 from the store · 16 in flight · "
        "4 waiting · 2 retries"
    )


def test_what_is_not_known_is_left_out() -> None:
    assert progress_line(Counters(), 400, 0.0, 80) == "0 of 400 calls"
    assert progress_line(Counters(made=3, cost_usd=None), None, 60.0, 80) == "3 calls · 3.0/min"
    assert progress_line(Counters(from_store=5), 5, 1.0, 80) == "5 of 5 calls · 5 from the store"


def test_more_calls_than_foreseen_are_not_more_than_all() -> None:
    assert progress_line(Counters(made=12), 10, 1.0, 80).startswith("12 of 12 calls · 12.0/s")


COUNTS = st.builds(
    Counters,
    made=st.integers(0, 10**6),
    from_store=st.integers(0, 10**6),
    in_flight=st.integers(0, 99),
    retries=st.integers(0, 99),
    cost_usd=st.none() | st.floats(0, 1e6),
)


@settings(deadline=None)
@given(COUNTS, st.none() | st.integers(0, 10**6), st.floats(0, 1e6), st.integers(1, 120))
def test_the_line_always_fits(counters: Counters, total: int | None, elapsed_s: float, columns: int) -> None:
    assert width(progress_line(counters, total, elapsed_s, columns)) <= columns


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.42, "0.4 s"),
        (9.96, "10 s"),
        (42.4, "42 s"),
        (59.7, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7800, "2 h 10 min"),
    ],
)
def test_durations_are_told_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_written_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    progress = Progress(stream, clock=Clock(), columns=lambda: 80)
    progress.tick(BUSY, 400)
    progress.clear()
    assert stream.getvalue() == ""


def test_nothing_is_written_when_it_is_not_wanted() -> None:
    stream = Terminal()
    progress = Progress(stream, clock=Clock(), columns=lambda: 80, enabled=False)
    progress.tick(BUSY, 400)
    assert stream.getvalue() == ""


def test_the_line_is_drawn_below_pytests_and_the_cursor_put_back() -> None:
    stream = Terminal()
    progress = Progress(stream, clock=Clock(), columns=lambda: 80, column=lambda: 17)
    progress.tick(Counters(made=1), 2)
    assert stream.getvalue() == "\n\r\x1b[2K1 of 2 calls\x1b[1A\r\x1b[17C"
    stream.truncate(0)
    stream.seek(0)
    progress.clear()
    progress.clear()
    assert stream.getvalue() == "\n\r\x1b[2K\x1b[1A\r\x1b[17C"


def test_it_is_drawn_twice_a_second_at_most_even_if_it_is_cleared() -> None:
    stream, clock = Terminal(), Clock()
    progress = Progress(stream, clock=clock, columns=lambda: 80)
    for tenth in range(20):
        clock.now = tenth / 10
        progress.tick(replace(BUSY, made=tenth), 400)
        progress.clear()
    assert stream.getvalue().count(" of 400 calls") == 4


def test_a_stream_that_cannot_hold_a_middle_dot_gets_the_line_without_it() -> None:
    class Ascii(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    raw = io.BytesIO()
    stream = Ascii(raw, "ascii")
    Progress(stream, clock=lambda: 0.0, columns=lambda: 80).tick(BUSY, 400)
    assert b"120 of 400 calls" in raw.getvalue()
