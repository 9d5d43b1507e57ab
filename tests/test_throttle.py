"""Admission and retries, on a clock that the tests wind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests.errors import EmptyReply, ProviderError, Refused, Stopped, Transient
from distill_tests.throttle import Attempts, Clock, Endpoint, Patience, Rank, Slots, Throttle
from distill_tests.types import Model


class Winding:
    """A clock on which a pause takes no time."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now_s += seconds
        await asyncio.sleep(0)

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.now_s, sleep=self.sleep)


def endpoint(
    winding: Winding, *, patience: Patience | None = None, chance: Callable[[], float] = lambda: 0.0
) -> Endpoint:
    return Endpoint(
        "anthropic", slots=64, patience=patience or Patience(), clock=winding.clock, chance=chance
    )


def failing(*errors: Exception, reply: str = "ok") -> Callable[[], Awaitable[str]]:
    """A send that raises the errors one after the other, then answers."""
    left = list(errors)

    async def send() -> str:
        if left:
            raise left.pop(0)
        return reply

    return send


def pursue(to: Endpoint, send: Callable[[], Awaitable[str]]) -> Attempts[str]:
    return asyncio.run(to.pursue(send, refusal="m"))


# --- retries ------------------------------------------------------------------------------------


def test_a_transient_error_is_tried_again_and_noted() -> None:
    winding = Winding()
    to = endpoint(winding)
    attempts = pursue(to, failing(Transient("503"), Transient("anthropic: 429", retry_after=7)))
    assert (attempts.result, attempts.count, to.retries) == ("ok", 3, 2)
    assert attempts.notes == (
        "anthropic: 503; attempt 2 after 1.0 s",
        "anthropic: 429; attempt 3 after 7.0 s",
    )


def test_pauses_double_up_to_the_longest() -> None:
    winding = Winding()
    patience = Patience(attempts=9, longest_pause_s=20)
    pursue(endpoint(winding, patience=patience), failing(*[Transient("503")] * 8))
    assert winding.pauses == [1, 2, 4, 8, 16, 20, 20, 20]


@given(st.floats(0, 1, exclude_max=True))
def test_chance_takes_up_to_half_of_a_pause_and_nothing_of_what_the_endpoint_asks_for(chance: float) -> None:
    winding = Winding()
    to = endpoint(winding, chance=lambda: chance)
    pursue(to, failing(Transient("503"), Transient("429", retry_after=30)))
    assert 0.5 <= winding.pauses[0] <= 1
    assert winding.pauses[1] == 30


@pytest.mark.parametrize("nonsense", [float("nan"), float("inf"), -5.0, None])
def test_a_retry_after_that_is_no_time_is_ignored(nonsense: float | None) -> None:
    winding = Winding()
    pursue(endpoint(winding), failing(Transient("429", retry_after=nonsense)))
    assert winding.pauses == [1]


def test_the_last_error_tells_attempts_time_and_what_to_do() -> None:
    winding = Winding()
    error = Transient("anthropic: 429", retry_after=12, receipt="req-1")
    with pytest.raises(ProviderError) as caught:
        pursue(endpoint(winding), failing(*[error] * 9))
    assert str(caught.value) == (
        "anthropic: 429 after 5 attempts over 48 s (last Retry-After 12 s); lower --concurrency (now 64)"
    )
    assert caught.value.receipt == "req-1"
    assert not isinstance(caught.value, Transient)


def test_trouble_that_has_nothing_to_do_with_rates_is_not_blamed_on_concurrency() -> None:
    with pytest.raises(ProviderError, match=r"^anthropic: connection reset after 5 attempts over 15 s$"):
        pursue(endpoint(Winding()), failing(*[Transient("connection reset.")] * 9))


def test_a_pause_beyond_the_deadline_is_not_waited_for() -> None:
    winding = Winding()
    with pytest.raises(ProviderError, match="no time for another before the deadline of 600 s"):
        pursue(endpoint(winding), failing(Transient("429", retry_after=3600)))
    assert winding.pauses == []


def test_a_call_without_an_answer_ends_at_its_deadline() -> None:
    async def send() -> str:
        await asyncio.Event().wait()
        return "never"

    to = Endpoint("anthropic", slots=2, patience=Patience(deadline_s=0.02))
    with pytest.raises(ProviderError, match=r"no answer within the deadline of 0\.02 s \(1 attempt\)"):
        pursue(to, send)


def test_a_time_out_of_the_provider_s_own_is_tried_again() -> None:
    assert pursue(endpoint(Winding()), failing(TimeoutError("read"))).count == 2


@pytest.mark.parametrize("error", [ProviderError("400"), EmptyReply("nothing"), ValueError("bug")])
def test_what_would_happen_again_is_not_tried_again(error: Exception) -> None:
    winding = Winding()
    with pytest.raises(type(error)):
        pursue(endpoint(winding), failing(error))
    assert winding.pauses == []


def test_a_stopping_run_makes_no_other_attempt() -> None:
    async def run() -> None:
        await endpoint(winding).pursue(failing(Transient("503")), refusal="m", stopping=lambda: True)

    winding = Winding()
    with pytest.raises(Stopped):
        asyncio.run(run())
    assert winding.pauses == []


# --- refusals -----------------------------------------------------------------------------------


def test_a_refusal_is_remembered_for_its_model_only() -> None:
    to = endpoint(Winding())
    with pytest.raises(Refused):
        pursue(to, failing(Refused("anthropic: 401 invalid x-api-key", receipt="req-2")))
    assert to.refused("m") == "anthropic: 401 invalid x-api-key"
    with pytest.raises(Refused, match="401 invalid x-api-key") as caught:
        to.check("m")
    assert caught.value.receipt == "req-2"
    to.check("another")
    assert to.refused("another") is None


# --- slots --------------------------------------------------------------------------------------


def admitted(ranks: list[Rank]) -> list[Rank]:
    """The order in which waiting calls get the only slot."""

    async def run() -> list[Rank]:
        slots, order = Slots(1), []
        await slots.take(Rank(False, -1))

        async def call(rank: Rank) -> None:
            await slots.take(rank)
            order.append(rank)
            slots.give()

        tasks = [asyncio.create_task(call(rank)) for rank in ranks]
        await asyncio.sleep(0)
        assert slots.waiting == len(ranks)
        slots.give()
        await asyncio.gather(*tasks)
        assert slots.waiting == 0
        return order

    return asyncio.run(run())


@given(st.lists(st.builds(Rank, st.booleans(), st.integers(0, 20)), max_size=20))
def test_jobs_already_begun_go_first_and_then_whoever_came_earlier(ranks: list[Rank]) -> None:
    assert admitted(ranks) == sorted(ranks)


@given(st.integers(1, 5), st.lists(st.booleans(), max_size=30))
def test_no_more_calls_than_slots_and_no_slot_is_lost_to_cancellation(
    count: int, cancelled: list[bool]
) -> None:
    async def run() -> None:
        slots, at_once, most = Slots(count), 0, 0

        async def call() -> None:
            nonlocal at_once, most
            await slots.take(Rank(True, 0))
            at_once += 1
            most = max(most, at_once)
            try:
                await asyncio.sleep(0)
            finally:
                at_once -= 1
                slots.give()

        tasks = [asyncio.create_task(call()) for _ in cancelled]
        for cancels, task in zip(cancelled, tasks, strict=True):
            await asyncio.sleep(0)
            if cancels:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert most <= count
        for _ in range(count):
            await asyncio.wait_for(slots.take(Rank(True, 0)), 60)

    asyncio.run(run())


def test_cards_of_one_host_share_its_slots_and_other_weights_have_their_own() -> None:
    throttle = Throttle(slots=4, patience=Patience())
    card = Model(alias="a", provider="openai", model="m", base_url="http://127.0.0.1:1/v1")
    local = Model(alias="l", provider="local", model="w", options={"path": "a.gguf"})
    assert throttle.endpoint(card) is throttle.endpoint(replace(card, alias="b", model="n"))
    assert throttle.endpoint(card) is not throttle.endpoint(replace(card, base_url="http://127.0.0.1:2/v1"))
    assert throttle.endpoint(local) is not throttle.endpoint(replace(local, options={"path": "b.gguf"}))
