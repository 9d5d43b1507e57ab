"""How many words, word runs and characters two texts share: the counting under the metrics and ``blend``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

MAX_ORDER: Final = 6
MAX_TOKENS: Final = 500
"""Of a longer text, the words that are compared."""
MAX_REFERENCES: Final = 200
"""Of more references, those that are compared: the first in alphabetical order."""

Tokens = tuple[str, ...]


def ngrams(tokens: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    """Every run of ``order`` tokens and how often it occurs."""
    return Counter(zip(*(tokens[start:] for start in range(order)), strict=False))


def clipped_precision(said: Sequence[str], references: Sequence[Sequence[str]], order: int) -> float:
    """The share of the runs of ``order`` words that a reference has, none counted more often than there."""
    runs = ngrams(said, order)
    most: Counter[tuple[str, ...]] = Counter()
    for one in references:
        most |= ngrams(one, order)
    total = sum(runs.values())
    return (runs & most).total() / total if total else 0.0


def longest_common(a: Sequence[str], b: Sequence[str]) -> int:
    """The length of the longest sequence of words that both have in this order, with gaps."""
    if not b:
        return 0
    before = [0] * (len(b) + 1)
    known = set(b)
    for word in a[:MAX_TOKENS]:
        if word not in known:
            continue
        row = [0]
        for place, other in enumerate(b):
            row.append(before[place] + 1 if word == other else max(before[place + 1], row[place]))
        before = row
    return before[-1]


def character_f(said: Sequence[str], references: Sequence[Sequence[str]], *, beta: float = 2.0) -> float:
    """chrF of the best reference, in [0, 1]: F of runs of 1 to 6 characters, spaces left out (Popović 2015).

    Orders for which either text is too short are left out, as in sacrebleu.
    """
    mine = character_runs(tuple(said[:MAX_TOKENS]))
    return max((_character_f(mine, character_runs(tuple(one)), beta) for one in references), default=0.0)


@lru_cache(maxsize=512)
def character_runs(tokens: Tokens) -> tuple[Counter[str], ...]:
    text = "".join(tokens)
    return tuple(
        Counter(text[start : start + order] for start in range(len(text) - order + 1))
        for order in range(1, MAX_ORDER + 1)
    )


def _character_f(mine: Sequence[Counter[str]], other: Sequence[Counter[str]], beta: float) -> float:
    precision = recall = 0.0
    orders = 0
    for a, b in zip(mine, other, strict=True):
        in_a, in_b = a.total(), b.total()
        if not in_a or not in_b:
            continue
        small, large = (a, b) if len(a) < len(b) else (b, a)
        common = sum(min(count, large[run]) for run, count in small.items() if run in large)
        precision, recall, orders = precision + common / in_a, recall + common / in_b, orders + 1
    if not orders or not precision + recall:
        return 0.0
    precision, recall, factor = precision / orders, recall / orders, beta * beta
    return (1 + factor) * precision * recall / (factor * precision + recall)
