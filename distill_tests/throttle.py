"""Admission to an endpoint: how many calls at once, whose turn it is, and how often a call is tried.

This is the only place that repeats a call.  Clock, sleep and chance come in as arguments.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from distill_tests.errors import ProviderError, Refused, Stopped, Transient
from distill_tests.types import Model

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Seconds that only grow, and a way to wait for some."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one request is pursued.

    ``deadline_s`` runs from its admission: waiting for a slot is not counted.  Between attempts the
    pause doubles from ``first_pause_s`` up to ``longest_pause_s``, less up to half of it by chance,
    and is never shorter than what the endpoint asks for.
    """

    attempts: int = 5
    deadline_s: float = 600.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0


class Rank(NamedTuple):
    """Whose turn it is: the next call of a job already begun first, then whoever was submitted first."""

    is_first_call: bool
    order: int


class Slots:
    """So many calls at once; who waits is admitted by rank."""

    def __init__(self, count: int) -> None:
        self.count = self._free = max(1, count)
        self._queue: list[tuple[Rank, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()

    @property
    def waiting(self) -> int:
        return sum(not turn.done() for _, _, turn in self._queue)

    async def take(self, rank: Rank) -> None:
        """Return when a slot is ours; it must be given back."""
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, (rank, next(self._arrivals), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()  # Admitted and cancelled in the same moment.
            raise

    def give(self) -> None:
        """Hand the slot to the next in rank."""
        while self._queue:
            turn = heapq.heappop(self._queue)[2]
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


@dataclass(slots=True)
class Attempts(Generic[T]):
    """What one request came to.  ``notes``: its retries in words."""

    result: T
    count: int
    notes: tuple[str, ...] = ()


class Endpoint:
    """One place that answers: its slots, what it has refused, and its retries."""

    def __init__(
        self,
        name: str,
        *,
        slots: int,
        patience: Patience,
        clock: Clock | None = None,
        chance: Callable[[], float] | None = None,
    ) -> None:
        self.name = name
        self.slots = Slots(slots)
        self.retries = 0
        self._patience, self._clock = patience, clock or Clock()
        self._chance = chance or random.Random().random  # noqa: S311 - spreads retries, guards no secret
        self._refused: dict[str, Refused] = {}

    def check(self, refusal: str) -> None:
        """Raise what the endpoint said when it refused (see ``refusal_key``), if it has."""
        known = self._refused.get(refusal)
        if known is not None:
            # A fresh one: an exception raised at many places would collect all their tracebacks.
            raise Refused(str(known), receipt=known.receipt, sent=False)

    def refused(self, refusal: str) -> str | None:
        """Why the endpoint refuses, or None."""
        known = self._refused.get(refusal)
        return None if known is None else str(known)

    async def pursue(
        self,
        send: Callable[[], Awaitable[T]],
        *,
        refusal: str,
        stopping: Callable[[], bool] = lambda: False,
        pausing: Callable[[bool], None] = lambda _: None,
    ) -> Attempts[T]:
        """What ``send`` returns, tried as often as patience allows.

        Raises the ProviderError that ended it (with the retries in its words), Refused (and
        remembers it), or Stopped instead of another attempt once ``stopping()``.  ``pausing`` is told
        when a pause between two attempts begins and ends.
        """
        pursuit = _Pursuit(self.name, self.slots.count, self._patience, self._clock)
        while True:
            try:
                result = await pursuit.attempt(send)
                return Attempts(result, pursuit.attempts, tuple(pursuit.notes))
            except Refused as error:
                self._refused[refusal] = error
                raise
            except Transient as error:
                pause_s = pursuit.pause_after(error, self._chance())
            if stopping():
                raise Stopped(f"{self.name}: the run is being interrupted")
            self.retries += 1
            pausing(True)
            await self._clock.sleep(pause_s)
            pausing(False)


@dataclass(slots=True)
class _Pursuit:
    """One request on its way: attempts, pauses, time left."""

    endpoint: str
    slots: int
    patience: Patience
    clock: Clock
    attempts: int = 0
    notes: list[str] = field(default_factory=list)
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock.now()

    @property
    def elapsed_s(self) -> float:
        return self.clock.now() - self.started

    async def attempt(self, send: Callable[[], Awaitable[T]]) -> T:
        self.attempts += 1
        left_s = self.patience.deadline_s - self.elapsed_s
        limit = asyncio.timeout(left_s)
        try:
            async with limit:
                return await send()
        except TimeoutError as error:
            if limit.expired():
                raise self._too_late() from None
            raise Transient(f"{self.endpoint}: {_words(error) or 'timed out'}") from error

    def pause_after(self, error: Transient, chance: float) -> float:
        """Seconds until the next attempt; raises ProviderError if there is to be none."""
        doubled = self.patience.first_pause_s * 2.0 ** min(self.attempts - 1, 60)
        pause_s = min(doubled, self.patience.longest_pause_s) * (1 - chance / 2)
        asked_s = _seconds(error.retry_after)
        if asked_s is not None:
            pause_s = max(pause_s, asked_s)
        if self.attempts >= self.patience.attempts or self.elapsed_s + pause_s >= self.patience.deadline_s:
            raise self._given_up(error, asked_s) from error
        self.notes.append(f"{self._named(error)}; attempt {self.attempts + 1} after {pause_s:.1f} s")
        return pause_s

    def _too_late(self) -> ProviderError:
        return ProviderError(
            f"{self.endpoint}: no answer within the deadline of {self.patience.deadline_s:g} s "
            f"({_times(self.attempts)}); raise --deadline, or lower --concurrency (now {self.slots})"
        )

    def _given_up(self, error: Transient, asked_s: float | None) -> ProviderError:
        text = f"{self._named(error)} after {_times(self.attempts)} over {self.elapsed_s:.0f} s"
        if asked_s is not None:
            text += f" (last Retry-After {asked_s:g} s)"
        if self.attempts < self.patience.attempts:
            text += f", and no time for another before the deadline of {self.patience.deadline_s:g} s"
        if asked_s is not None or "429" in text:
            text += f"; lower --concurrency (now {self.slots})"
        return ProviderError(text, receipt=error.receipt)

    def _named(self, error: Transient) -> str:
        words = _words(error) or "trouble"
        return words if words.startswith(f"{self.endpoint}:") else f"{self.endpoint}: {words}"


def _words(error: Exception) -> str:
    return str(error).strip().rstrip(".;")


def _times(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"


def _seconds(retry_after: float | None) -> float | None:
    """A Retry-After as it can be used: a header may say anything."""
    if retry_after is None or not math.isfinite(retry_after) or retry_after < 0:
        return None
    return retry_after


class Throttle:
    """The endpoints of one engine, each made when the first call goes there."""

    def __init__(
        self,
        *,
        slots: int,
        patience: Patience,
        clock: Clock | None = None,
        chance: Callable[[], float] | None = None,
    ) -> None:
        self._slots, self._patience, self._clock, self._chance = slots, patience, clock, chance
        self._endpoints: dict[str, Endpoint] = {}

    def endpoint(self, model: Model) -> Endpoint:
        """Where the model's calls go: cards with one provider and base_url share its slots."""
        key = endpoint_key(model)
        if key not in self._endpoints:
            self._endpoints[key] = Endpoint(
                model.provider,
                slots=self._slots,
                patience=self._patience,
                clock=self._clock,
                chance=self._chance,
            )
        return self._endpoints[key]

    def refused(self, model: Model) -> str | None:
        """Why the model's endpoint refuses it, or None."""
        endpoint = self._endpoints.get(endpoint_key(model))
        return None if endpoint is None else endpoint.refused(refusal_key(model))

    # Other threads read these: a list is made of the values at once, while the loop may add to them.
    @property
    def waiting(self) -> int:
        return sum(endpoint.slots.waiting for endpoint in list(self._endpoints.values()))

    @property
    def retries(self) -> int:
        return sum(endpoint.retries for endpoint in list(self._endpoints.values()))


def endpoint_key(model: Model) -> str:
    """What cards that share slots have in common: the host, or what only this provider knows (weights)."""
    if model.base_url is not None or not model.options:
        return f"{model.provider} {model.base_url}"
    return f"{model.provider} {sorted((key, repr(value)) for key, value in model.options.items())}"


def refusal_key(model: Model) -> str:
    """An endpoint refuses a model, or a key; another card may have better luck there."""
    return f"{model.model} {model.api_key_env}"
