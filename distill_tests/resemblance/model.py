"""The fitted model: four numbers for a pair of responses, from weights that are plain text.

A head is a sum of small decision trees and a line; both read the numbers of
:mod:`distill_tests.resemblance.features`.  Nothing but the standard library is needed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple, TypeAlias

from distill_tests.resemblance.features import features
from distill_tests.resemblance.overlap import Rarity
from distill_tests.resemblance.reading import LONGEST, Reading, read, tidy

HEADS: Final = ("style", "logic", "content", "overall")
SCALES: Final[Mapping[str, tuple[float, float]]] = {
    "style": (0.0, 2.0),
    "logic": (0.0, 2.0),
    "content": (0.0, 2.0),
    "overall": (1.0, 5.0),
}
PARTS: Final = 64
"""Weights of words are whole 64ths, so that sums are exact in whatever order they are made."""
WEIGHTS: Final = "resemblance.json"
Node: TypeAlias = "float | Sequence[Any]"
"""A leaf's value, or [number of the feature, threshold, node if at most that, node if above]."""


class Likeness(NamedTuple):
    """How alike two responses are: style, logic and content from 0 to 2, overall from 1 to 5."""

    style: float
    logic: float
    content: float
    overall: float


class Comparison(NamedTuple):
    """``likeness`` of two readings; ``left_out``: how many characters of the longer text were not read."""

    likeness: Likeness
    one: Reading
    other: Reading
    left_out: int


SAME: Final = Likeness(2.0, 2.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Head:
    """``share`` of the value comes from the line, the rest from the trees."""

    start: float
    trees: Sequence[Node]
    line: Sequence[float]
    intercept: float
    share: float

    def value(self, row: Sequence[float], kept: Sequence[float]) -> float:
        """``kept`` is the row with each number kept within what the training rows had."""
        total = self.start
        for tree in self.trees:
            node = tree
            while type(node) is list:
                node = node[2] if row[node[0]] <= node[1] else node[3]
            total += node  # type: ignore[operator]  # what is no list is a leaf's number
        line = self.intercept + sum([a * b for a, b in zip(self.line, kept, strict=True)])
        return (1.0 - self.share) * total + self.share * line


@dataclass(frozen=True, slots=True)
class Model:
    names: Sequence[str]
    low: Sequence[float]
    high: Sequence[float]
    rarity: Rarity
    heads: Mapping[str, Head]

    def row(self, one: Reading, other: Reading, prompt: str) -> list[float]:
        """The features of a pair; the same, to the last bit, whichever stands first."""
        first, second = (one, other) if one.text <= other.text else (other, one)
        found = features(first, second, prompt, self.rarity)
        return [found[name] for name in self.names]

    def of_row(self, row: Sequence[float]) -> Likeness:
        kept = [min(max(x, a), b) for x, a, b in zip(row, self.low, self.high, strict=True)]
        return Likeness(*(_within(self.heads[name].value(row, kept), *SCALES[name]) for name in HEADS))


def _within(value: float, low: float, high: float) -> float:
    return round(min(max(value, low), high), 4)


def likeness(one: str, other: str, prompt: str = "", *, model: Model | None = None) -> Likeness:
    """How alike two responses to ``prompt`` are, by the shipped model; texts that read the same are 5.

    Line ends, spaces at the ends of lines and further blank lines make no difference.
    """
    return compared(one, other, prompt, model=model).likeness


def compared(one: str, other: str, prompt: str = "", *, model: Model | None = None) -> Comparison:
    """As :func:`likeness`, with the two texts taken apart."""
    one, other = tidy(one), tidy(other)
    first, second = read(one), read(other)
    if one == other:
        return Comparison(SAME, first, second, max(0, len(one) - LONGEST))
    model = shipped() if model is None else model
    found = model.of_row(model.row(first, second, prompt))
    return Comparison(found, first, second, max(0, len(one) - LONGEST, len(other) - LONGEST))


def model_of(told: Mapping[str, Any]) -> Model:
    """The model that a weights file tells."""
    rarity = Rarity({stem: part / PARTS for stem, part in told["rarity"].items()}, told["unseen"] / PARTS)
    return Model(
        names=told["features"],
        low=told["low"],
        high=told["high"],
        rarity=rarity,
        heads={name: Head(**told["heads"][name]) for name in HEADS},
    )


@cache
def shipped_text() -> str:
    return files("distill_tests").joinpath("data", WEIGHTS).read_text(encoding="utf-8")


@cache
def shipped() -> Model:
    return model_of(json.loads(shipped_text()))


@cache
def version() -> str:
    """64 hexadecimal digits over the weights and the code that reads them."""
    digest = hashlib.sha256(shipped_text().encode())
    package = files("distill_tests")
    for name in ("words", "layout", "reading", "overlap", "features", "model", "wording"):
        digest.update(package.joinpath("resemblance", f"{name}.py").read_bytes())
    digest.update(package.joinpath("judges", "resemblance.py").read_bytes())
    return digest.hexdigest()
