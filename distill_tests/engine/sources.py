"""The providers of a session, one instance for each model card, made when it is first asked."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from distill_tests.engine.waiting import in_daemon_thread, join
from distill_tests.errors import DistillError, ProviderError, Refused
from distill_tests.registry import Provider, providers
from distill_tests.types import Json, Model

CLOSING_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A model card that can be asked, and what its provider said of it once."""

    model: Model
    provider: Provider
    identifies: Mapping[str, Json]
    revision: str | None


class _Entry(NamedTuple):
    model: Model
    task: asyncio.Task[Source]
    turn: asyncio.Lock


class Sources:
    """Sources by model card; making one may take long (weights are loaded) and is done in a thread."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._entries: list[_Entry] = []
        self._refused: dict[str, str] = {}

    async def get(self, model: Model) -> Source:
        """The card's source; raises Refused, always in the same words, if it cannot be made."""
        entry = self._entry(model)
        # A lock is handed on in order: without it who comes when the task is done overtakes who waits.
        async with entry.turn:
            return await join(entry.task, what=model.alias)

    def refused(self, alias: str) -> str | None:
        """Why the card cannot be asked at all, or None."""
        return self._refused.get(alias)

    def model(self, alias: str) -> Model | None:
        return next((entry.model for entry in list(self._entries) if entry.model.alias == alias), None)

    def abandon(self) -> None:
        """Wait no longer for those that are still being made."""
        for entry in self._entries:
            entry.task.cancel()

    async def aclose(self) -> None:
        for entry in self._entries:
            # A provider that cannot close in peace must not keep the others from it, nor the run from ending.
            with contextlib.suppress(Exception, asyncio.CancelledError):
                source = await entry.task
                await asyncio.wait_for(source.provider.aclose(), CLOSING_S)

    def _entry(self, model: Model) -> _Entry:
        # Cards hold mappings and cannot be hashed; a session has a handful.
        for entry in self._entries:
            if entry.model is model or entry.model == model:
                return entry
        entry = _Entry(model, asyncio.get_running_loop().create_task(self._make(model)), asyncio.Lock())
        self._entries.append(entry)
        return entry

    async def _make(self, model: Model) -> Source:
        try:
            return await in_daemon_thread(lambda: _made(model), name=f"distill-tests {model.alias}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the card cannot be asked
            words = str(error) if isinstance(error, DistillError) else described(model.provider, error)
            self._refused[model.alias] = self._redact(words)
            raise Refused(self._refused[model.alias]) from None


def _made(model: Model) -> Source:
    provider = providers.get(model.provider).make(model)
    return Source(
        model=model, provider=provider, identifies=provider.identifies(), revision=provider.revision()
    )


def described(name: str, error: BaseException) -> str:
    """An exception that nobody foresaw, in a line: what, and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{name}: {type(error).__name__}: {error}{where}"


def redacted(error: DistillError, redact: Callable[[str], str]) -> DistillError:
    """The same error without secrets, and without the causes that may hold some."""
    error.args = tuple(redact(arg) if isinstance(arg, str) else arg for arg in error.args)
    if isinstance(error, ProviderError) and error.receipt is not None:
        error.receipt = redact(error.receipt)
    error.__cause__ = error.__context__ = None
    return error
