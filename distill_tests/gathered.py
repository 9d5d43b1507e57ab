"""Side by side, and an error only at the end, or as words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

from distill_tests.errors import DistillError, Stopped

T = TypeVar("T")


async def gathered(awaitables: Iterable[Awaitable[T]]) -> list[T]:
    """The results in order; raises the first error, in order, only when all have ended.

    So nothing that was paid for is cancelled on its way into the store.
    """
    results = await asyncio.gather(*awaitables, return_exceptions=True)
    found: list[T] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        found.append(result)
    return found


async def or_trouble(asking: Awaitable[T]) -> T | str:
    """The result, or in words why there is none; raises Stopped, and what is no DistillError."""
    try:
        return await asking
    except Stopped:
        raise
    except DistillError as trouble:
        return str(trouble)
