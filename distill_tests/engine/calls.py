"""From a request to its reply: the one in flight, the stored one, or a call that is made now."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

from distill_tests.engine.counters import Count, iso
from distill_tests.engine.options import EngineOptions
from distill_tests.engine.sources import Source, Sources, described, redacted
from distill_tests.engine.waiting import join
from distill_tests.errors import (
    DistillError,
    EmptyReply,
    MissingExtra,
    NotStored,
    ProviderError,
    Refused,
    Stopped,
)
from distill_tests.fingerprint import canonical, digest
from distill_tests.store import Found, Store
from distill_tests.throttle import Endpoint, Rank, Throttle, refusal_key
from distill_tests.types import Json, Reply, Request

T = TypeVar("T")

POLL_S = (0.02, 0.05, 0.1, 0.2)
"""Pauses between looks at a reply that another process is asking for; the last one repeats."""


class Answer(NamedTuple):
    """A reply and, in words, what it took to get it."""

    reply: Reply
    notes: tuple[str, ...]


@dataclass(slots=True, eq=False)
class _Call:
    """One request that is being answered, for everybody who asks the same at this time."""

    request: Request
    source: Source
    document: dict[str, Json]
    fingerprint: str
    rank: Rank
    waiters: int = 0
    is_sent: bool = False
    notes: tuple[str, ...] = ()
    task: asyncio.Task[Reply] = field(init=False)


class Calls:
    """All requests of an engine; lives on its loop."""

    def __init__(self, options: EngineOptions, *, store: Store, count: Count) -> None:
        self._options, self._store, self._count = options, store, count
        self._calls: dict[str, _Call] = {}
        self._stopping = False
        self.sources = Sources(options.redact)
        self.throttle = Throttle(
            slots=options.concurrency, patience=options.patience, clock=options.clock, chance=options.chance
        )

    async def answer(self, request: Request, rank: Rank) -> Answer:
        """The reply to the request, wherever it comes from; raises a DistillError."""
        self._check_going_on()
        source = await self.sources.get(request.model)
        self._check_going_on()
        call = self._call(request, source, rank)
        call.waiters += 1
        try:
            reply = await join(call.task, what=request.model.alias)
        finally:
            call.waiters -= 1
            if not call.waiters and not call.is_sent:
                self._drop(call)
        return Answer(reply, call.notes)

    def refused(self, alias: str) -> str | None:
        """Why none of the card's requests will be answered, or None."""
        model = self.sources.model(alias)
        if model is None:
            return None
        return self.sources.refused(alias) or self.throttle.refused(model)

    async def stop(self, grace_s: float) -> None:
        """Begin no call, drop those that were not sent, wait for the others to be stored."""
        self._stopping = True
        self.sources.abandon()
        for call in list(self._calls.values()):
            if not call.is_sent:
                self._drop(call)
        on_the_way = [call.task for call in self._calls.values()]
        if on_the_way:
            await asyncio.wait(on_the_way, timeout=grace_s)
        for call in list(self._calls.values()):
            self._drop(call)

    # --- one call -------------------------------------------------------------------------------

    def _check_going_on(self) -> None:
        if self._stopping:
            raise Stopped("the run is being interrupted")

    def _call(self, request: Request, source: Source, rank: Rank) -> _Call:
        document = canonical(request, identifies=source.identifies, revision=source.revision)
        try:
            key = digest(document)
        except (ValueError, TypeError) as error:
            raise DistillError(f"{request.model.alias}: a request that JSON cannot hold ({error})") from None
        call = self._calls.get(key)
        if call is None:
            call = _Call(request, source, document, key, rank)
            call.task = asyncio.get_running_loop().create_task(self._obtained(call))
            self._calls[key] = call
            call.task.add_done_callback(lambda _: self._forget(call))
        return call

    def _drop(self, call: _Call) -> None:
        # At once, so that nobody joins a call that is being cancelled.
        self._forget(call)
        call.task.cancel()

    def _forget(self, call: _Call) -> None:
        if self._calls.get(call.fingerprint) is call:
            del self._calls[call.fingerprint]

    async def _obtained(self, call: _Call) -> Reply:
        if not call.source.provider.stores:
            reply = await self._admitted(call)
            self._count.recorded()
            return reply
        found = await _done(self._store.find(call.fingerprint, revision=call.source.revision))
        if found is not None:
            return self._reused(call, found)
        if self._options.replay:
            raise NotStored(f"--replay: {_shown(call)} is not in the store; run without --replay to ask it")
        return await self._asked(call)

    def _reused(self, call: _Call, found: Found) -> Reply:
        if not found.ours:
            self._count.reused(call.fingerprint, found.received_at)
        return replace(found.reply, from_store=not found.ours)

    async def _asked(self, call: _Call) -> Reply:
        """The reply, asked by us or by another process that was a little earlier."""
        pauses = itertools.chain(POLL_S, itertools.repeat(POLL_S[-1]))
        while (reply := await self._claimed(call)) is None:
            await self._options.clock.sleep(next(pauses))
        return reply

    async def _claimed(self, call: _Call) -> Reply | None:
        """The reply, or None while another process asks.  A slot is held for the call only."""
        endpoint = self._endpoint(call)
        await endpoint.slots.take(call.rank)
        try:
            endpoint.check(refusal_key(call.request.model))
            claim = await _done(self._store.claim(call.fingerprint, revision=call.source.revision))
            if not claim.granted:
                return None if claim.found is None else self._reused(call, claim.found)
            reply = await self._sent(call, endpoint)
        except BaseException:
            # Also when cancelled while the claim is on its way: the store does things in order.
            self._store.release(call.fingerprint)
            raise
        finally:
            endpoint.slots.give()
        return await self._saved(call, reply)

    async def _saved(self, call: _Call, reply: Reply) -> Reply:
        try:
            await _done(self._store.save(call.fingerprint, reply, request=self._kept_request(call)))
        except DistillError:
            self._store.release(call.fingerprint)
            raise
        return reply

    async def _admitted(self, call: _Call) -> Reply:
        """The reply of a provider whose replies lie on the disk already."""
        endpoint = self._endpoint(call)
        await endpoint.slots.take(call.rank)
        try:
            endpoint.check(refusal_key(call.request.model))
            return await self._sent(call, endpoint)
        finally:
            endpoint.slots.give()

    async def _sent(self, call: _Call, endpoint: Endpoint) -> Reply:
        provider, model = call.source.provider, call.request.model

        def pausing(pauses: bool) -> None:
            call.is_sent = not pauses

        if provider.stores:
            self._count.sent()
        self._count.in_flight += 1
        call.is_sent = True
        try:
            attempts = await endpoint.pursue(
                lambda: self._attempt(call),
                refusal=refusal_key(model),
                stopping=lambda: self._stopping,
                pausing=pausing,
            )
        except Refused as error:
            if provider.stores and not error.sent:
                self._count.not_sent()
            raise
        finally:
            self._count.in_flight -= 1
        call.notes = attempts.notes
        reply = self._complete(attempts.result, attempts.count)
        if provider.stores:
            self._count.replied(model, reply, embedded=provider.embedded)
        return reply

    async def _attempt(self, call: _Call) -> Reply:
        """One attempt; every error of the provider's as a DistillError, redacted."""
        name, started = call.request.model.provider, self._options.clock.now()
        try:
            reply = await call.source.provider.send(call.request)
        except MissingExtra as error:  # no call of this endpoint can be made
            raise Refused(str(error), sent=False) from None
        except DistillError as error:
            raise redacted(error, self._options.redact) from None
        except TimeoutError:
            raise
        except Exception as error:  # noqa: BLE001 - a provider's bug is provider trouble, never an answer
            raise ProviderError(self._options.redact(described(name, error))) from None
        if not reply.text.strip() and call.request.logprobs is None:
            raise EmptyReply(
                f"{name}: an empty completion (finish: {reply.finish})", receipt=reply.request_id
            )
        if reply.latency_s is None:
            reply = replace(reply, latency_s=self._options.clock.now() - started)
        return reply

    def _complete(self, reply: Reply, attempts: int) -> Reply:
        """The reply with its receipts and without secrets."""
        redact = self._options.redact
        texts = {name: redact(text) for name in _TEXTS if (text := getattr(reply, name)) is not None}
        changed: dict[str, Any] = {name: text for name, text in texts.items() if text != getattr(reply, name)}
        if "text" in changed or "thinking" in changed:
            changed["logprobs"] = None  # Token by token they spell the secret.
        return replace(
            reply,
            attempts=attempts,
            received_at=reply.received_at or iso(time.time()),
            from_store=False,
            **changed,
        )

    def _kept_request(self, call: _Call) -> dict[str, Json]:
        return {key: _redacted_json(value, self._options.redact) for key, value in call.document.items()}

    def _endpoint(self, call: _Call) -> Endpoint:
        return self.throttle.endpoint(call.request.model)


_TEXTS = (
    "text",
    "thinking",
    "finish",
    "rendered",
    "served_model",
    "system_fingerprint",
    "response_id",
    "request_id",
)


async def _done(future: Future[T]) -> T:
    return await asyncio.wrap_future(future)


def _shown(call: _Call) -> str:
    request = call.request
    text = " ".join(request.messages[-1].text.split()) if request.messages else ""
    if len(text) > 60:
        text = text[:59] + "…"
    return f"the reply of {request.model.alias} to {text!r} (fingerprint {call.fingerprint[:12]})"


def _redacted_json(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _redacted_json(item, redact) for key, item in value.items()}
    if isinstance(value, list):
        return [_redacted_json(item, redact) for item in value]
    return value
