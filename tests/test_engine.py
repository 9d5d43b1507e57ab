"""The engine: every request answered once, by whoever can, and nobody left waiting."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from distill_tests.engine import Counters, Engine, EngineOptions
from distill_tests.engine.loop import Job
from distill_tests.errors import (
    DistillError,
    EmptyReply,
    MissingExtra,
    NotStored,
    ProviderError,
    Refused,
    Stopped,
    Transient,
)
from distill_tests.registry import provider
from distill_tests.throttle import Clock
from distill_tests.types import (
    Ask,
    Json,
    Message,
    Model,
    Price,
    Reply,
    Request,
    Sampling,
    TokenLogprob,
    Usage,
)
from tests import asking_process

Behaviour = Callable[[Request], Awaitable[Reply]]
PATIENCE_S = 120.0
"""For what takes a moment; a test that fails may wait for so long."""


class World:
    """What the fake providers of a test do, and what they were asked."""

    behaviour: Behaviour
    asked: list[str]
    made: list[str]
    closed: list[str]

    def reset(self, behaviour: Behaviour) -> None:
        self.behaviour, self.asked, self.made, self.closed = behaviour, [], [], []


WORLD = World()


@provider("fake")
class Fake:
    """A paid endpoint that does what the test says."""

    stores, embedded = True, False

    def __init__(self, model: Model) -> None:
        if model.options.get("fails"):
            raise MissingExtra("xllamacpp", "local", "provider 'local'")
        if model.options.get("crashes"):
            raise KeyError("secret-123")
        self.model = model
        WORLD.made.append(f"{model.alias} in {threading.current_thread().name}")

    def identifies(self) -> Mapping[str, Json]:
        return {"model": self.model.model, "base_url": self.model.base_url}

    def revision(self) -> str | None:
        return self.model.revision

    async def send(self, request: Request) -> Reply:
        WORLD.asked.append(request.messages[-1].text)
        return await WORLD.behaviour(request)

    async def aclose(self) -> None:
        WORLD.closed.append(self.model.alias)


@provider("fake-recorded")
class FakeRecorded(Fake):
    stores = False


@provider("fake-embedded")
class FakeEmbedded(Fake):
    embedded = True


MODEL = Model(alias="m", provider="fake", model="m-1", price=Price(input=1.0, output=2.0))


async def echo(request: Request) -> Reply:
    return Reply(
        text=f"re: {request.messages[-1].text}",
        usage=Usage(input_tokens=100, output_tokens=10),
        finish="stop",
    )


@pytest.fixture(autouse=True)
def _world() -> None:
    WORLD.reset(echo)


@contextmanager
def engine(store: Path | None = None, run_id: str = "run", **options: Any) -> Iterator[Engine]:
    one = Engine(EngineOptions(store_path=store, run_id=run_id, **options))
    try:
        yield one
    finally:
        one.close()


def req(text: str, model: Model = MODEL, **fields: Any) -> Request:
    return Request(model=model, messages=(Message(role="user", text=text),), sampling=Sampling(), **fields)


def asking(*texts: str, model: Model = MODEL, **fields: Any) -> Callable[[Ask], Coroutine[Any, Any, Reply]]:
    """A job that asks one text after the other and returns the last reply."""

    async def job(ask: Ask) -> Reply:
        for text in texts:
            reply = await ask(req(text, model, **fields))
        return reply

    return job


def get(one: Engine, *texts: str, key: str | None = None, model: Model = MODEL, **fields: Any) -> Reply:
    return one.submit(key or "+".join(texts), asking(*texts, model=model, **fields)).result(PATIENCE_S)


def run(store: Path, run_id: str, *texts: str, how: str = "finish", **options: Any) -> Counters:
    """A whole run that asks these texts."""
    with engine(store, run_id, **options) as one:
        one.begin()
        for text in texts:
            get(one, text)
        if how != "crash":
            one.finish(interrupted=how == "interrupt")
        return one.counters()


# --- jobs ---------------------------------------------------------------------------------------


def test_a_key_is_asked_once_however_often_it_is_submitted() -> None:
    with engine() as one:
        first = one.submit("k", asking("a"))
        assert one.submit("k", asking("b")) is first
        assert first.result(PATIENCE_S).text == "re: a"
        assert WORLD.asked == ["a"]


def test_a_forgotten_key_begins_anew_and_what_is_stored_is_not_asked_again() -> None:
    with engine() as one:
        get(one, "a", key="k")
        one.forget("k")
        assert get(one, "a", "b", key="k").text == "re: b"
        assert WORLD.asked == ["a", "b"]


def test_what_a_job_raises_travels_in_its_future() -> None:
    async def job(ask: Ask) -> None:
        raise LookupError("a kind's bug")

    with engine() as one:
        assert isinstance(one.submit("k", job).exception(PATIENCE_S), LookupError)


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt])
def test_a_job_cannot_end_the_loop(end: type[BaseException]) -> None:
    async def job(ask: Ask) -> None:
        raise end

    with engine() as one:
        assert isinstance(one.submit("k", job).exception(PATIENCE_S), DistillError)
        assert get(one, "a").text == "re: a"


def test_the_loop_thread_is_mute(capfd: pytest.CaptureFixture[str]) -> None:
    async def leaves_a_mess(ask: Ask) -> None:
        leaves_a_mess_behind = asyncio.get_running_loop().create_future()
        leaves_a_mess_behind.set_exception(ValueError("never retrieved"))
        del leaves_a_mess_behind
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)

    with engine() as one:
        one.submit("k", leaves_a_mess).result(PATIENCE_S)
        get(one, "a")
    assert capfd.readouterr() == ("", "")


def test_nothing_is_begun_before_it_is_needed(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with engine(tmp_path / "state" / "store.sqlite") as one:
        assert one.counters() == Counters()
        assert one.served() == {}
        assert one.refused("m") is None
        one.forget("k")
        one.stop()
        assert set(threading.enumerate()) <= before
    assert not (tmp_path / "state").exists()


def test_a_provider_is_made_once_off_the_loop_and_closed_at_the_end() -> None:
    other = replace(MODEL, alias="n", model="n-1")
    with engine() as one:
        futures = [one.submit(f"{n}", asking(f"{n}", model=(MODEL, other)[n % 2])) for n in range(20)]
        for future in futures:
            future.result(PATIENCE_S)
    assert sorted(WORLD.made) == ["m in distill-tests m", "n in distill-tests n"]
    assert sorted(WORLD.closed) == ["m", "n"]


# --- identical requests -------------------------------------------------------------------------


def test_identical_requests_in_flight_are_one_call() -> None:
    gate: list[asyncio.Event] = []

    async def held(request: Request) -> Reply:
        gate.append(asyncio.Event())
        await gate[0].wait()
        return await echo(request)

    WORLD.behaviour = held
    with engine() as one:
        futures = [one.submit(f"{number}", asking("same")) for number in range(10)]

        async def release(ask: Ask) -> None:
            while not gate:
                await asyncio.sleep(0)
            gate[0].set()

        one.submit("release", release).result(PATIENCE_S)
        assert {future.result(PATIENCE_S).text for future in futures} == {"re: same"}
        assert (WORLD.asked, one.counters().made) == (["same"], 1)


def test_repeats_are_calls_of_their_own() -> None:
    with engine() as one:
        for sample in range(3):
            get(one, "a", key=f"{sample}", sample=sample)
        assert WORLD.asked == ["a", "a", "a"]


def test_an_identical_request_later_in_the_run_is_answered_from_the_store() -> None:
    with engine() as one:
        get(one, "a", key="1")
        assert get(one, "a", key="2").from_store is False
        assert (one.counters().made, one.counters().from_store) == (1, 0)


def test_a_failed_call_fails_everybody_who_waited_and_nobody_later() -> None:
    async def fails_once(request: Request) -> Reply:
        if len(WORLD.asked) == 1:
            raise ProviderError("fake: 500")
        return await echo(request)

    WORLD.behaviour = fails_once
    with engine() as one:
        with pytest.raises(ProviderError, match="fake: 500"):
            get(one, "a", key="1")
        assert get(one, "a", key="2").text == "re: a"


# --- whose turn it is ---------------------------------------------------------------------------


def test_the_next_call_of_a_job_already_begun_goes_ahead_of_new_jobs() -> None:
    jobs = [f"{number:02}" for number in range(40)]

    async def until_all_others_wait(request: Request) -> Reply:
        # The first call until 39 jobs wait for its slot; the second until the first job's next call does.
        while len(WORLD.asked) <= 2 and one.counters().waiting < len(jobs) - 1:
            await asyncio.sleep(0)
        return await echo(request)

    WORLD.behaviour = until_all_others_wait
    with engine(concurrency=1) as one:
        for future in [one.submit(job, asking(f"{job}.1", f"{job}.2")) for job in jobs]:
            future.result(PATIENCE_S)
    assert WORLD.asked[:3] == ["00.1", "01.1", "00.2"]
    assert [text for text in WORLD.asked if text.endswith("1")] == [f"{job}.1" for job in jobs]


def test_as_many_calls_are_in_flight_as_there_are_slots() -> None:
    most, full = 0, asyncio.Event()

    async def until_full(request: Request) -> Reply:
        nonlocal most
        most = max(most, one.counters().in_flight)
        if most == 3:
            full.set()
        await full.wait()
        return await echo(request)

    WORLD.behaviour = until_full
    with engine(concurrency=3) as one:
        for future in [one.submit(f"{number}", asking(f"{number}")) for number in range(30)]:
            future.result(PATIENCE_S)
        assert (one.counters().in_flight, one.counters().waiting) == (0, 0)
    assert most == 3


# --- trouble ------------------------------------------------------------------------------------


def winding() -> Clock:
    async def sleep(seconds: float) -> None:
        await asyncio.sleep(0)

    return Clock(sleep=sleep)


def test_retries_are_counted_noted_and_on_the_receipt() -> None:
    async def busy_twice(request: Request) -> Reply:
        if len(WORLD.asked) < 3:
            raise Transient("fake: 429", retry_after=20)
        return await echo(request)

    WORLD.behaviour = busy_twice
    with engine(clock=winding(), chance=lambda: 0.0) as one:
        assert get(one, "a", key="k").attempts == 3
        assert one.notes("k") == ("fake: 429; attempt 2 after 20.0 s", "fake: 429; attempt 3 after 20.0 s")
        assert (one.counters().made, one.counters().retries) == (1, 2)


def test_an_endpoint_that_refuses_is_not_asked_again() -> None:
    async def refuses(request: Request) -> Reply:
        raise Refused("fake: 401 wrong key", receipt="req-1")

    WORLD.behaviour = refuses
    other = replace(MODEL, alias="n", model="n-1")
    with engine(concurrency=1) as one:
        futures = [one.submit(f"{number}", asking(f"{number}")) for number in range(5)]
        errors = [future.exception(PATIENCE_S) for future in futures]
        assert {str(error) for error in errors} == {"fake: 401 wrong key"}
        assert {type(error) for error in errors} == {Refused}
        assert WORLD.asked == ["0"]
        assert one.refused("m") == "fake: 401 wrong key"
        WORLD.behaviour = echo
        assert get(one, "a", model=other).text == "re: a"
        assert one.refused("n") is None


@pytest.mark.parametrize(
    ("trouble", "made"),
    [
        (Refused("fake: no API key", sent=False), 0),
        (MissingExtra("openai", "openai", "provider 'openai'"), 0),
        (Refused("fake: 401 wrong key"), 1),
        (ProviderError("fake: 400"), 2),
    ],
)
def test_only_what_was_sent_is_counted_as_a_call(trouble: Exception, made: int) -> None:
    async def refuses(request: Request) -> Reply:
        raise trouble

    WORLD.behaviour = refuses
    with engine(concurrency=1, redact=lambda text: text.replace("fake", "***")) as one:
        for key in "ab":
            with pytest.raises(ProviderError):
                get(one, "q", key=key)
        assert one.counters().made == made
        assert one.counters().in_flight == 0


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("fails", "provider 'local' needs xllamacpp"),
        ("crashes", r"fake: KeyError: '\*\*\*' \(test_engine.py:"),
    ],
)
def test_a_provider_that_cannot_be_made_refuses_all(option: str, words: str) -> None:
    model = replace(MODEL, options={option: True})
    with engine(redact=lambda text: text.replace("secret-123", "***")) as one:
        for key in "ab":
            with pytest.raises(Refused, match=words):
                get(one, key, model=model)
        assert "***" in str(one.refused("m")) or "xllamacpp" in str(one.refused("m"))


def test_a_provider_s_bug_is_provider_trouble_with_its_place() -> None:
    async def bug(request: Request) -> Reply:
        raise IndexError("list index out of range")

    WORLD.behaviour = bug
    with (
        engine() as one,
        pytest.raises(ProviderError, match=r"fake: IndexError: list index .*test_engine.py:\d+"),
    ):
        get(one, "a")


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_completion_is_no_answer_unless_logprobs_are_what_is_wanted(text: str) -> None:
    async def empty(request: Request) -> Reply:
        return Reply(text=text, finish="stop")

    WORLD.behaviour = empty
    with engine() as one:
        with pytest.raises(EmptyReply, match=r"fake: an empty completion \(finish: stop\)"):
            get(one, "a")
        assert get(one, "b", logprobs=5).text == text


def test_a_request_that_json_cannot_hold_is_an_error_in_words() -> None:
    with engine() as one, pytest.raises(DistillError, match="m: a request that JSON cannot hold"):
        get(one, "a", json_schema={"maximum": float("nan")})


def test_secrets_are_in_no_reply_no_error_and_no_row(tmp_path: Path) -> None:
    async def leaks(request: Request) -> Reply:
        if request.messages[0].text == "fail":
            raise ProviderError("fake: 400 with key-7", receipt="id-key-7")
        return Reply(
            text="the key is key-7",
            thinking="key-7?",
            rendered="<|user|> key-7",
            request_id="key-7",
            logprobs=(TokenLogprob(token="key-7", logprob=-0.1),),
        )

    WORLD.behaviour = leaks
    with engine(tmp_path / "s.sqlite", redact=lambda text: text.replace("key-7", "[redacted]")) as one:
        reply = get(one, "What is key-7?")
        with pytest.raises(ProviderError) as caught:
            get(one, "fail")
        one.finish(interrupted=False)
    assert "key-7" not in repr(reply)
    assert reply.text == "the key is [redacted]"
    assert (str(caught.value), caught.value.receipt) == ("fake: 400 with [redacted]", "id-[redacted]")
    assert b"key-7" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_a_damaged_store_is_said_at_the_beginning_and_nothing_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    path.write_bytes(b"no database" * 1000)
    with engine(path) as one:
        with pytest.raises(DistillError, match="the store is damaged"):
            one.begin()
        with pytest.raises(DistillError, match="the store is damaged"):
            get(one, "a")
    assert WORLD.asked == []


# --- counting -----------------------------------------------------------------------------------


def test_counters_tell_calls_tokens_and_cost() -> None:
    with engine() as one:
        get(one, "a")
        get(one, "b", "c")
        assert one.counters() == Counters(made=3, input_tokens=300, output_tokens=30, cost_usd=360e-6)


@pytest.mark.parametrize(
    ("model", "cost_usd"),
    [
        (replace(MODEL, price=None), None),
        (replace(MODEL, price=None, provider="fake-embedded"), 0.0),
        (replace(MODEL, provider="fake-embedded"), 120e-6),
        (replace(MODEL, price=None, provider="fake-recorded"), 0.0),
    ],
)
def test_a_cost_is_known_only_where_every_paid_call_has_a_price(model: Model, cost_usd: float | None) -> None:
    with engine() as one:
        get(one, "a", model=model)
        assert one.counters().cost_usd == cost_usd


def test_a_paid_reply_without_usage_leaves_the_cost_unknown() -> None:
    async def without_usage(request: Request) -> Reply:
        return Reply(text="x")

    WORLD.behaviour = without_usage
    with engine() as one:
        get(one, "a")
        WORLD.behaviour = echo
        get(one, "b")
        assert one.counters().cost_usd is None


def test_recordings_are_counted_apart_and_not_stored(tmp_path: Path) -> None:
    recorded = replace(MODEL, provider="fake-recorded")
    with engine(tmp_path / "s.sqlite") as one:
        get(one, "a", key="1", model=recorded)
        get(one, "a", key="2", model=recorded)
        counters = one.counters()
    assert (counters.recorded, counters.made, counters.from_store) == (2, 0, 0)
    with closing(sqlite3.connect(tmp_path / "s.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM replies").fetchone() == (0,)


def test_served_models_stand_in_order_of_appearance() -> None:
    async def changing(request: Request) -> Reply:
        return Reply(text="x", served_model="m-0919" if len(WORLD.asked) < 3 else "m-1001")

    WORLD.behaviour = changing
    with engine(concurrency=1) as one:
        for text in "abcd":
            get(one, text)
        assert one.served() == {"m": ("m-0919", "m-1001")}


def test_a_reply_has_its_receipts() -> None:
    with engine() as one:
        reply = get(one, "a")
    assert reply.received_at is not None
    assert reply.received_at.endswith("+00:00")
    assert reply.latency_s is not None
    assert 0 <= reply.latency_s < PATIENCE_S


# --- the store's policies, from end to end ------------------------------------------------------


def test_an_interrupted_run_is_resumed_and_the_oldest_reply_s_date_told(tmp_path: Path) -> None:
    run(tmp_path / "s", "a", "q1", "q2", how="interrupt")
    counters = run(tmp_path / "s", "b", "q1", "q2", "q3")
    assert (counters.made, counters.from_store) == (1, 2)
    assert counters.oldest_reused is not None
    assert counters.oldest_reused.endswith("+00:00")
    assert WORLD.asked == ["q1", "q2", "q3"]


def test_a_stored_reply_counts_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    assert run(tmp_path / "s", "a", "q1", "q2").made == 2
    with engine(tmp_path / "s", "b", reuse=True) as one:
        one.begin()
        for key in ("first", "second"):
            get(one, "q1", key=key)
        assert (one.counters().made, one.counters().from_store) == (0, 1)


def test_a_finished_run_is_asked_anew_unless_reuse_is_wanted(tmp_path: Path) -> None:
    run(tmp_path / "s", "a", "q")
    assert run(tmp_path / "s", "b", "q").made == 1
    assert run(tmp_path / "s", "c", "q", reuse=True).made == 0
    assert run(tmp_path / "s", "d", "q", reuse=True, max_age_s=-1).made == 1


def test_a_model_with_a_revision_is_asked_once_for_ever_until_refreshed(tmp_path: Path) -> None:
    model = replace(MODEL, revision="2024-09")
    made = []
    for run_id, refresh in [("a", False), ("b", False), ("c", True)]:
        with engine(tmp_path / "s", run_id, refresh=refresh) as one:
            assert get(one, "q", model=model).from_store is (run_id == "b")
            one.finish(interrupted=False)
            made.append(one.counters().made)
    assert made == [1, 0, 1]


def test_another_revision_is_another_model(tmp_path: Path) -> None:
    for run_id in ("2024-09", "2024-11"):
        with engine(tmp_path / "s", run_id) as one:
            assert not get(one, "q", model=replace(MODEL, revision=run_id)).from_store


def test_replay_asks_nothing_and_names_what_is_missing(tmp_path: Path) -> None:
    run(tmp_path / "s", "a", "q")
    with engine(tmp_path / "s", "b", replay=True) as one:
        one.begin()
        assert get(one, "q").text == "re: q"
        with pytest.raises(
            NotStored, match=r"--replay: the reply of m to 'Who are you, really' .* is not in the store"
        ):
            get(one, "Who are\nyou, really")
        one.finish(interrupted=False)
    assert WORLD.asked == ["q"]


# --- the end ------------------------------------------------------------------------------------


class Held:
    """A provider that answers when it is let, and says when it was asked."""

    def __init__(self) -> None:
        self.reached, self.let = threading.Event(), asyncio.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, request: Request) -> Reply:
        self.loop = asyncio.get_running_loop()
        self.reached.set()
        await self.let.wait()
        return await echo(request)

    def go(self) -> None:
        assert self.loop is not None
        self.loop.call_soon_threadsafe(self.let.set)


def test_stop_stores_what_is_in_flight_and_asks_nothing_more(tmp_path: Path) -> None:
    WORLD.behaviour = held = Held()
    with engine(tmp_path / "s", "a", concurrency=1) as one:
        in_flight = one.submit("1", asking("sent"))
        queued = one.submit("2", asking("queued"))
        assert held.reached.wait(PATIENCE_S)
        queued.add_done_callback(lambda _: held.go())  # which ends when the stop has begun
        one.stop(grace_s=PATIENCE_S)
        assert WORLD.asked == ["sent"]
        assert in_flight.result(0).text == "re: sent"
        assert isinstance(queued.exception(0), Stopped)
        assert isinstance(one.submit("3", asking("late")).exception(0), Stopped)
        one.finish(interrupted=True)
    assert WORLD.asked == ["sent"]
    WORLD.behaviour = echo
    assert run(tmp_path / "s", "b", "sent", "queued").from_store == 1


def test_a_dialogue_that_is_stopped_keeps_the_turns_it_had(tmp_path: Path) -> None:
    WORLD.behaviour = held = Held()
    with engine(tmp_path / "s", "a", concurrency=1) as one:
        dialogue = one.submit("1", asking("turn 1", "turn 2"))
        queued = one.submit("2", asking("queued"))
        assert held.reached.wait(PATIENCE_S)
        queued.add_done_callback(lambda _: held.go())  # which ends when the stop has begun
        one.stop(grace_s=PATIENCE_S)
        assert isinstance(dialogue.exception(0), Stopped)
    assert WORLD.asked == ["turn 1"]
    with closing(sqlite3.connect(tmp_path / "s")) as connection:
        assert connection.execute("SELECT count(*) FROM replies").fetchone() == (1,)


def test_stop_does_not_wait_longer_than_its_grace() -> None:
    WORLD.behaviour = held = Held()
    with engine() as one:
        future = one.submit("1", asking("hangs"))
        assert held.reached.wait(PATIENCE_S)
        started = time.monotonic()
        one.stop(grace_s=0.05)
        assert time.monotonic() - started < 0.9 * PATIENCE_S
        assert isinstance(future.exception(0), Stopped)


def test_stop_ends_a_pause_between_two_attempts() -> None:
    pausing = threading.Event()

    async def sleep(seconds: float) -> None:
        pausing.set()
        await asyncio.Event().wait()

    async def busy(request: Request) -> Reply:
        raise Transient("fake: 503")

    WORLD.behaviour = busy
    with engine(clock=Clock(sleep=sleep)) as one:
        future = one.submit("1", asking("a"))
        assert pausing.wait(PATIENCE_S)
        started = time.monotonic()
        one.stop(grace_s=PATIENCE_S)
        assert time.monotonic() - started < 0.9 * PATIENCE_S
        assert isinstance(future.exception(0), Stopped)


def test_a_forgotten_job_is_not_sent_but_what_was_sent_is_stored() -> None:
    WORLD.behaviour = held = Held()
    with engine(concurrency=1) as one:
        sent = one.submit("sent", asking("sent"))
        waiting = one.submit("waiting", asking("waiting"))
        assert held.reached.wait(PATIENCE_S)
        one.forget("waiting")
        one.forget("sent")
        assert isinstance(waiting.exception(PATIENCE_S), Stopped)
        assert isinstance(sent.exception(PATIENCE_S), Stopped)
        held.go()
        assert get(one, "sent", key="again").text == "re: sent"
    assert WORLD.asked == ["sent"]


def test_a_call_that_two_jobs_wait_for_survives_one_of_them() -> None:
    WORLD.behaviour = held = Held()
    with engine(concurrency=1) as one:
        one.submit("blocks", asking("blocks"))
        assert held.reached.wait(PATIENCE_S)
        first, second = one.submit("1", asking("shared")), one.submit("2", asking("shared"))
        one.forget("1")
        assert isinstance(first.exception(PATIENCE_S), Stopped)
        held.go()
        assert second.result(PATIENCE_S).text == "re: shared"


# --- processes ----------------------------------------------------------------------------------

PROGRAM = str(Path(asking_process.__file__))


def process(store: Path, run_id: str, log: Path, *numbers: int) -> subprocess.Popen[str]:
    root = str(Path(__file__).parents[1])
    command = [sys.executable, PROGRAM, str(store), run_id, str(log), *map(str, numbers)]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )


def side_by_side(*processes: subprocess.Popen[str]) -> list[str]:
    """Let them all begin at the same time; what each one said in the end."""
    for one in processes:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    return [one.communicate(timeout=600)[0] for one in processes]


def committed(store: Path) -> set[str]:
    with closing(sqlite3.connect(store)) as connection:
        rows = connection.execute(
            "SELECT json_extract(request, '$.messages[0].text') FROM replies"
        ).fetchall()
    return {row[0] for row in rows}


def test_after_kill_9_only_what_was_not_committed_is_asked(tmp_path: Path) -> None:
    store, log = tmp_path / "s.sqlite", tmp_path / "log"
    killed = process(store, "a", log, 60, 30)
    side_by_side(killed)
    assert killed.returncode == -signal.SIGKILL
    kept = committed(store)
    assert 20 <= len(kept) < 30
    log.unlink()
    said = side_by_side(process(store, "b", log, 60))
    assert said == [f"60 answers, {60 - len(kept)} made, {len(kept)} from store\n"]
    asked = log.read_text().splitlines()
    assert sorted(asked) == sorted({f"question {number}" for number in range(60)} - kept)


@pytest.mark.parametrize("run_ids", [("a", "a"), ("a", "b")], ids=["workers of one run", "two runs"])
def test_processes_side_by_side_never_ask_the_same_twice(tmp_path: Path, run_ids: tuple[str, str]) -> None:
    store, log = tmp_path / "s.sqlite", tmp_path / "log"
    said = side_by_side(*(process(store, run_id, log, 80) for run_id in run_ids))
    assert [line.split(",")[0] for line in said] == ["80 answers", "80 answers"]
    asked = log.read_text().splitlines()
    assert len(asked) == len(set(asked)) == 80


def test_the_work_of_a_worker_that_died_is_taken_over(tmp_path: Path) -> None:
    store, log = tmp_path / "s.sqlite", tmp_path / "log"
    dies, lives = process(store, "a", log, 40, 10), process(store, "a", log, 40)
    said = side_by_side(dies, lives)
    assert said[1].startswith("40 answers")
    assert committed(store) == {f"question {number}" for number in range(40)}
    asked = log.read_text().splitlines()
    assert len(asked) - len(set(asked)) <= 4  # No more than were in flight in the dead one.


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_starts_afresh_and_the_parent_goes_on(tmp_path: Path) -> None:
    WORLD.behaviour = held = Held()
    with engine(tmp_path / "s") as one:
        pending = one.submit("pending", asking("pending"))
        assert held.reached.wait(PATIENCE_S)
        child = os.fork()
        if child == 0:  # pragma: no cover - runs in the child
            status = 1
            try:
                WORLD.behaviour = echo
                fresh = one.submit("pending", asking("child"))
                status = 0 if fresh is not pending and fresh.result(PATIENCE_S).text == "re: child" else 2
                one.close()
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        held.go()
        assert pending.result(PATIENCE_S).text == "re: pending"
        assert get(one, "child").text == "re: child"
    assert WORLD.asked == ["pending"]  # The child's reply came from the store it shares.


# --- speed --------------------------------------------------------------------------------------


def test_a_call_costs_the_engine_no_more_when_a_thousand_wait(tmp_path: Path) -> None:
    """Counted in the functions that its threads call: seconds would tell how busy the machine is."""

    def cost(count: int) -> float:
        WORLD.behaviour = held = Held()
        called = itertools.count()
        threading.setprofile(lambda *_: next(called))
        try:
            with engine(tmp_path / f"{count}", concurrency=64) as one:
                futures = [one.submit(f"{number}", asking(f"{number}")) for number in range(count)]
                deadline = time.monotonic() + PATIENCE_S
                while one.counters().waiting < count - 64 or not held.reached.is_set():
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
                held.go()
                for future in futures:
                    future.result(PATIENCE_S)
        finally:
            threading.setprofile(None)
        return next(called) / count

    cost(64)  # imports what is imported at first use
    assert cost(1000) < 1.3 * cost(100)


# --- what blocks ---------------------------------------------------------------------------------


def test_a_job_that_ends_while_it_is_given_up_harms_nobody() -> None:
    class Seen(Future[int]):
        """Is asked whether it is done by both threads before either has said how it ended."""

        both = threading.Barrier(2, timeout=PATIENCE_S)

        def done(self) -> bool:
            known = super().done()
            self.both.wait()
            return known

    job = Job(asking("a"), 0, future=Seen())
    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(job.settle, 7), pool.submit(job.settle, error=Stopped("given up"))]
    assert [end.exception() for end in ends] == [None, None]


def test_a_job_that_blocks_the_loop_does_not_keep_stop_waiting() -> None:
    release = threading.Event()

    async def blocking(_ask: Ask) -> None:
        release.wait(PATIENCE_S)

    with engine() as one:
        future = one.submit("blocking", blocking)
        one.stop(grace_s=0.0)
        with pytest.raises(Stopped):
            future.result(0)
        release.set()


def test_a_judge_in_an_endless_loop_does_not_keep_the_process_from_ending() -> None:
    code = (
        "import threading\n"
        "from distill_tests.engine.pool import DaemonPool\n"
        "pool = DaemonPool(2, name='judge')\n"
        "assert pool.submit(lambda: 7).result(60) == 7\n"
        "begun = threading.Event()\n"
        "pool.submit(lambda: (begun.set(), threading.Event().wait()))\n"
        "assert begun.wait(60)\n"
        "pool.shutdown(cancel_futures=True)\n"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=PATIENCE_S, cwd=Path(__file__).parents[1]
    )
