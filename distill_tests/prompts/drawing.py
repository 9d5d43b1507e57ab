"""So many prompts of a stream, chosen by the seed and the prompts' names alone, in bounded memory.

Each prompt has a rank, a SHA-256 of seed, set, id and language (:func:`distill_tests.plan.rank`); the lowest
are drawn.  So the same file and seed give the same prompts on every machine, in whatever order the rows
stand.  Languages get their share of the sample in proportion to the set: chance does not leave one out.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from typing import Generic, TypeVar

from distill_tests.plan import rank

T = TypeVar("T")


class Draw(Generic[T]):
    """A sample of one set in the making; ``size`` None draws all."""

    def __init__(self, name: str, *, size: int | None, seed: int) -> None:
        self.name, self._size, self._seed = name, size, seed
        self._counts: Counter[str] = Counter()
        self._held: dict[str, list[tuple[int, str, T]]] = {}

    @property
    def offered(self) -> int:
        """How many prompts the set has."""
        return self._counts.total()

    @property
    def held(self) -> int:
        return sum(map(len, self._held.values()))

    def offer(self, identity: str, language: str, prompt: T) -> None:
        """One prompt of the set; ``identity`` and ``language`` together are given once."""
        self._counts[language] += 1
        heap = self._held.setdefault(language, [])
        # The heap's top is the highest rank held: what goes first where a lower one comes.
        entry = (-_number(rank(self._seed, "prompt", self.name, identity, language)), identity, prompt)
        if self._size is None or len(heap) < self._size:
            heapq.heappush(heap, entry)
        else:
            heapq.heappushpop(heap, entry)

    def drawn(self) -> list[T]:
        """The sample, language by language, lowest rank first; all where the set is smaller than ``size``."""
        size = self.offered if self._size is None else min(self._size, self.offered)
        shares = self._shares(size)
        return [
            prompt
            for language in sorted(self._held)
            for _, _, prompt in sorted(self._held[language], key=_by_rank)[: shares[language]]
        ]

    def _shares(self, size: int) -> Mapping[str, int]:
        """Each language's part of ``size`` in proportion; what is left goes to the largest remainders."""
        total = self.offered
        shares = {name: size * count // total for name, count in self._counts.items()}
        order = sorted(
            self._counts,
            key=lambda name: (
                -(size * self._counts[name] % total),
                rank(self._seed, "language", self.name, name),
            ),
        )
        for name in order[: size - sum(shares.values())]:
            shares[name] += 1
        return shares


def _number(digest: bytes) -> int:
    return int.from_bytes(digest, "big")


def _by_rank(entry: tuple[int, str, object]) -> int:
    return -entry[0]
