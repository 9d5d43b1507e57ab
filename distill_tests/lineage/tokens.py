"""An answer as numbers: tokens, and the short runs of tokens that are compared.

Words are lower-cased; punctuation marks, runs of line breaks and single CJK characters are tokens, so that
formatting counts and Chinese needs no word list.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Hashes: TypeAlias = NDArray[np.uint64]

MOST_CHARACTERS: Final = 40_000
"""What stands behind them is not read, and counted: one runaway answer must not decide the time."""

OPENING: Final = 15
"""Tokens that make an opening."""

_CJK: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_TOKEN: Final = re.compile(rf"\n+|[{_CJK}]|[^\W_{_CJK}]+(?:['’][^\W_{_CJK}]+)?|[^\w\s]|_")

_ODD: Final = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
"""Constants of splitmix64 (Steele, Lea and Flood 2014)."""


class Answer(NamedTuple):
    """One answer's token codes; ``cut`` where it was longer than is read."""

    codes: Hashes
    cut: bool


class Vocabulary:
    """A 64-bit code for each token, the same in every run."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def answer(self, text: str) -> Answer:
        """``text`` as codes; none where it is blank."""
        import numpy as np

        found = tokens(text[:MOST_CHARACTERS]) if text.strip() else []
        codes = np.fromiter(map(self._code, found), np.uint64, len(found))
        return Answer(codes, len(text) > MOST_CHARACTERS)

    def _code(self, token: str) -> int:
        code = self._codes.get(token)
        if code is None:
            digest = hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            code = self._codes[token] = int.from_bytes(digest, "big")
        return code


def tokens(text: str) -> list[str]:
    return ["\n" if found[0] == "\n" else found.lower() for found in _TOKEN.findall(text)]


View: TypeAlias = "Callable[[Hashes], Hashes]"


def words(codes: Hashes) -> Hashes:
    """Single tokens and pairs."""
    return _runs(codes, (1, 2))


def phrases(codes: Hashes) -> Hashes:
    """Runs of three to five tokens."""
    return _runs(codes, (3, 4, 5))


def triples(codes: Hashes) -> Hashes:
    """Runs of three tokens."""
    return _runs(codes, (3,))


def opening(codes: Hashes) -> Hashes:
    """Runs of one to three of the first tokens, and the first one, two, three and four as such."""
    import numpy as np

    rolled = _rolled(codes[:OPENING], 4)
    first = [runs[:1] ^ np.uint64(_ODD[0]) for runs in rolled]
    return np.concatenate([*rolled[:3], *first])


def _runs(codes: Hashes, lengths: tuple[int, ...]) -> Hashes:
    import numpy as np

    rolled = _rolled(codes, max(lengths))
    return np.concatenate([rolled[length - 1] for length in lengths])


def _rolled(codes: Hashes, longest: int) -> list[Hashes]:
    """The codes of all runs of one token, of two, and so on."""
    import numpy as np

    rolled = [codes]
    for length in range(2, longest + 1):
        tail = codes[length - 1 :]
        rolled.append(_mixed(rolled[-1][: len(tail)] * np.uint64(_ODD[1]) + tail))
    return rolled


def _mixed(codes: Hashes) -> Hashes:
    """splitmix64's finaliser; numbers wrap at 64 bits by intention."""
    import numpy as np

    mixed = codes + np.uint64(_ODD[0])
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(_ODD[1])
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(_ODD[2])
    mixed ^= mixed >> np.uint64(31)
    return mixed
