"""Random draws that are the same on every machine and Python version: SHA-256 in counter mode."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Final, TypeVar

VERSION: Final = "distill-tests search 1"
"""Part of every draw; a change of what is drawn in which order changes it."""

T = TypeVar("T")


class Draws:
    """A stream of draws named by a seed and names; streams of different names are independent."""

    def __init__(self, seed: int, *names: str | int) -> None:
        text = json.dumps([VERSION, seed, *names], ensure_ascii=True, separators=(",", ":"))
        self._key = hashlib.sha256(text.encode("ascii")).digest()
        self._count = 0

    def _bits(self) -> int:
        """64 of them."""
        block = hashlib.sha256(self._key + self._count.to_bytes(8, "big")).digest()
        self._count += 1
        return int.from_bytes(block[:8], "big")

    def fraction(self) -> float:
        """Uniform in [0, 1), on a grid of 2**-53."""
        return (self._bits() >> 11) / 2**53

    def below(self, bound: int) -> int:
        """Uniform in 0 … ``bound`` - 1, every value equally likely."""
        if not 0 < bound <= 2**64:
            raise ValueError(f"cannot draw below {bound}")
        while (bits := self._bits()) >= 2**64 - 2**64 % bound:
            pass
        return bits % bound

    def pick(self, things: Sequence[T]) -> T:
        return things[self.below(len(things))]

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """A uniformly random permutation (Fisher and Yates)."""
        result = list(things)
        for last in range(len(result) - 1, 0, -1):
            other = self.below(last + 1)
            result[last], result[other] = result[other], result[last]
        return result

    def chosen(self, things: Sequence[T], size: int) -> list[T]:
        """``size`` of the things (all, if there are fewer) without replacement, in their own order."""
        places = self.shuffled(range(len(things)))[:size]
        return [things[place] for place in sorted(places)]
