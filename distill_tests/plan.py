"""Which cells of a declared set are drawn, in what order, and the hash that names the set; pure.

A *cell* is one question in one language inside one framing.  Everything random here is decided by
:func:`rank`, a SHA-256 over the seed, the purpose and the cell's own names, never by a generator
whose stream could change: the same names and seed give the same plan on every Python, platform and
day, in whatever order the names are listed.

How a balanced sample stays random.  Numbers come first: the sample's size is dealt out over the
questions, each question's share over its languages, and the size again over the framings, always
evenly, with rank deciding who gets the odd ones.  Then the framings, one after the other in rank
order, take their share of the (question, language) pairs that have most left; among equals a pair
whose language, then whose question, the framing has used least, and among those by rank.  Taking
from those with most left never gets stuck (Ryser's construction of a 0/1 matrix with given row and
column sums), so every framing, every question and every language is used as often as any other, or
once more.  No name is preferred: over the seeds every cell is drawn equally often.  Among balanced
samples not all are equally likely, which no verdict relies on: gates speak about the drawn set, and
the order in which they consume it is a uniformly random permutation (sorting by rank), independent
of how it was drawn.

A set that is no full product (published rows with gaps) is drawn one cell at a time: least used
framing first, then question, then language, then rank.  That is as balanced as the gaps allow, to
the eye but not provably.
"""

from __future__ import annotations

import hashlib
import heapq
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from distill_tests.types import Json

VERSION = "distill-tests plan 1"
"""Part of every rank; a change of the algorithm changes it, so that no two plans are confused."""


class Cell(NamedTuple):
    """One member of a declared set; ``id`` is unique in it."""

    id: str
    framing: str
    question: str
    language: str


class Pair(NamedTuple):
    """A question in one of its languages."""

    question: str
    language: str


def rank(seed: int, purpose: str, *names: str) -> bytes:
    """32 bytes that order names at random: distinct names, purposes or seeds are independent."""
    text = json.dumps([VERSION, seed, purpose, *names], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).digest()


def in_random_order(names: Iterable[str], *, seed: int) -> list[str]:
    """The names as a uniformly random permutation that depends on names and seed only."""
    return sorted(names, key=lambda name: rank(seed, "order", name))


def draw(pool: Iterable[Cell], *, size: int | None = None, seed: int = 0) -> tuple[Cell, ...]:
    """``size`` cells of the pool (default: all), without replacement, balanced, in planned order.

    Raises ValueError where two cells have one id, or the pool holds fewer than ``size``.
    """
    cells = sorted(pool)
    by_id = {cell.id: cell for cell in cells}
    if len(by_id) < len(cells):
        raise ValueError("two cells of a declared set have the same id")
    size = len(cells) if size is None else size
    if not 0 <= size <= len(cells):
        raise ValueError(f"cannot draw {size} of {len(cells)} cells without replacement")
    if size == len(cells):
        drawn: Iterable[Cell] = cells
    else:
        drawn = (_from_product if _is_product(cells) else _one_by_one)(cells, size, seed)
    chosen = {cell.id: cell for cell in drawn}
    return tuple(chosen[name] for name in in_random_order(chosen, seed=seed))


def set_hash(contents: Mapping[str, Json]) -> str:
    """SHA-256 (hex) of a set, from each member's id and content: texts, not only names.

    Order does not count; any change of an id or a text does.  Runs are comparable on the same hash
    only.
    """
    text = json.dumps(contents, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


# --- drawing ------------------------------------------------------------------------------------


def _is_product(cells: Sequence[Cell]) -> bool:
    """Whether every framing stands once with every (question, language) pair."""
    seen = {(cell.framing, cell.question, cell.language) for cell in cells}
    framings = {cell.framing for cell in cells}
    pairs = {Pair(cell.question, cell.language) for cell in cells}
    return len(seen) == len(cells) == len(framings) * len(pairs)


def _from_product(cells: Sequence[Cell], size: int, seed: int) -> list[Cell]:
    by_place = {(cell.framing, Pair(cell.question, cell.language)): cell for cell in cells}
    pairs = sorted({pair for _, pair in by_place})
    framings = sorted({cell.framing for cell in cells}, key=lambda name: rank(seed, "framing", name))
    left = _pair_shares(pairs, size, rounds=len(framings), seed=seed)
    shares = _dealt(size, dict.fromkeys(framings, len(pairs)), key=lambda name: rank(seed, "framing", name))
    drawn = []
    for framing in framings:
        taken = _taken(framing, shares[framing], left, seed)
        left.subtract(taken)
        drawn += [by_place[framing, pair] for pair in taken]
    return drawn


def _pair_shares(pairs: Sequence[Pair], size: int, *, rounds: int, seed: int) -> Counter[Pair]:
    """How often each pair is drawn: evenly over questions, then over languages; at most ``rounds``."""
    languages: dict[str, list[str]] = {}
    for pair in pairs:
        languages.setdefault(pair.question, []).append(pair.language)
    questions = sorted(languages, key=lambda name: rank(seed, "question", name))
    room = {name: rounds * len(languages[name]) for name in questions}
    shares = _dealt(size, room, key=lambda name: rank(seed, "question", name))
    used: Counter[str] = Counter()
    result: Counter[Pair] = Counter()
    for question in questions:
        keys = {name: (used[name], rank(seed, "language", question, name)) for name in languages[question]}
        dealt = _dealt(shares[question], dict.fromkeys(keys, rounds), key=keys.__getitem__)
        used.update(dealt)
        result.update({Pair(question, language): count for language, count in dealt.items()})
    return result


def _dealt(
    total: int, room: Mapping[str, int], *, key: Callable[[str], bytes | tuple[int, bytes]]
) -> dict[str, int]:
    """``total`` as equal shares within each name's room; the odd ones go to the first by ``key``."""
    shares = dict.fromkeys(room, 0)
    names = sorted(room, key=key)
    while total:
        able = [name for name in names if shares[name] < room[name]]
        each = max(1, min(total // len(able), min(room[name] - shares[name] for name in able)))
        for name in able[:total]:
            shares[name] += each
            total -= each
    return shares


def _taken(framing: str, share: int, left: Counter[Pair], seed: int) -> list[Pair]:
    """The pairs one framing takes; see the module's text for the rule."""
    ranks = {pair: rank(seed, "pair", framing, *pair) for pair in left}
    languages: Counter[str] = Counter()
    questions: Counter[str] = Counter()
    taken = []
    for _ in range(share):
        pair = min(ranks, key=lambda p: (-left[p], languages[p.language], questions[p.question], ranks[p]))
        del ranks[pair]
        languages[pair.language] += 1
        questions[pair.question] += 1
        taken.append(pair)
    return taken


def _one_by_one(cells: Sequence[Cell], size: int, seed: int) -> list[Cell]:
    """Greedy; counts only grow, so a heap entry is at worst too early and is put back when it is."""
    used: tuple[Counter[str], Counter[str], Counter[str]] = (Counter(), Counter(), Counter())

    def counts(cell: Cell) -> tuple[int, int, int]:
        return used[0][cell.framing], used[1][cell.question], used[2][cell.language]

    heap = [(counts(cell), rank(seed, "cell", cell.id), cell) for cell in cells]
    heapq.heapify(heap)
    drawn: list[Cell] = []
    while len(drawn) < size:
        known, key, cell = heapq.heappop(heap)
        if known != counts(cell):
            heapq.heappush(heap, (counts(cell), key, cell))
            continue
        drawn.append(cell)
        for counter, name in zip(used, cell[1:], strict=True):
            counter[name] += 1
    return drawn
