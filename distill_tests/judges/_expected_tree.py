"""A number from 0 to 100 as the tokens that spell it: what the alternatives at each of them say of its value.

A tokenizer writes 85 as one token, or as ``8`` and ``5``, or ``100`` as ``10`` and ``0``.  Either way the
number is a walk in the tree of its digits, and the probability of a value is the product of what was taken on
the way: P(8) x P(5 | 8) x P(stop | 85).  Of a reply only the nodes on its own way are known; so every branch
that was not looked into is *open*: its value lies somewhere among the numbers that begin like this.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from distill_tests.types import TokenLogprob

LOW: Final = 0
HIGH: Final = 100
_TOLERANCE: Final = 1e-3
_ENDS: Final = re.compile(r"\s|[*_`$\"']|<\||</|<end|<eos|\[/")
"""How a token begins that ends a number: white space, markup, a special token; or it has no text at all."""
_NOTHING_BUT_DIGITS: Final = re.compile(r"\W*([0-9]+)\W*")


class Doubtful(Exception):
    """Logprobs that are none, and why."""


class Step(NamedTuple):
    """One alternative at a node: the ``digits`` it adds, whether the number ``ends`` there, its probability.

    Neither digits nor an end: the reply goes on as something that is no number of the scale.
    """

    digits: str
    ends: bool
    p: float


Nodes = Mapping[str, Sequence[Step]]
"""By the digits so far: the alternatives of the next token."""


class Reach(NamedTuple):
    """The probability of each value that is known, and of each beginning that was not looked into.

    ``depth`` is the most tokens that a value was put together from.
    """

    values: Mapping[int, float]
    open: Mapping[str, float]
    depth: int

    @property
    def mass(self) -> float:
        return math.fsum(self.values.values())


class Expected(NamedTuple):
    """The mean of the captured values; ``mass`` is their probability, never above 1.

    ``low`` and ``high`` bound the mean of the whole distribution: what is not captured may lie anywhere that
    its first digits leave open.  A mean outside of that is moved to the bound.
    """

    value: float
    mass: float
    low: float
    high: float


def step_of(text: str, p: float) -> Step:
    """The alternative with this text, after digits or where the first one stands."""
    rest = text.lstrip("0123456789")
    digits = text[: len(text) - len(rest)]
    if rest and not _ENDS.match(rest):  # "85.", "/100", "th": a number of the scale goes on in no such way
        return Step("", False, p)
    return Step(digits, bool(rest) or not digits, p)


def probabilities(token: TokenLogprob) -> list[tuple[str, float]]:
    """The alternatives at a token with their probabilities, the generated one among them.

    Raises Doubtful where they cannot be probabilities: above 1, or together above 1.
    """
    found = list(token.top)
    if all(text != token.token for text, _ in found):
        found.append((token.token, token.logprob))
    if any(math.isnan(logprob) or logprob > _TOLERANCE for _, logprob in found):
        raise Doubtful("a logprob above 0")
    result = [(text, math.exp(min(0.0, logprob))) for text, logprob in found]
    if math.fsum(p for _, p in result) > 1 + _TOLERANCE:
        raise Doubtful("the alternatives of a token have more than all of the probability")
    return result


def longest_number(texts: Iterable[str]) -> int:
    """How many digits the tokenizer is seen to put into one token: 1 to 3."""
    found = (_NOTHING_BUT_DIGITS.fullmatch(text) for text in texts)
    return min(3, max((len(one[1]) for one in found if one), default=1))


def is_complete(prefix: str) -> bool:
    """Whether no further digit leads to a number of the scale."""
    return len(prefix) == 3 or prefix == "0" or (len(prefix) == 2 and prefix != "10")


def is_beginning(prefix: str) -> bool:
    """Whether these are digits of a number of the scale, from its first one."""
    return prefix == str(int(prefix)) and int(prefix) <= HIGH if prefix else True


def span(prefix: str) -> tuple[int, int]:
    """The least and the greatest number of the scale that begins like this."""
    members = [number for number in range(LOW, HIGH + 1) if str(number).startswith(prefix)]
    return members[0], members[-1]


def reach(nodes: Nodes, *, longest: int) -> Reach:
    """What the known nodes say.  ``longest``: digits of the longest token seen (:func:`longest_number`).

    A token with fewer digits than that, where the number begins, is a whole number: this tokenizer would have
    put the next digit into the same token.  A node that is known is always looked into.
    """
    values: dict[int, float] = {}
    left_open: dict[str, float] = {}
    depth = 0
    todo = [("", 1.0, 0)]
    while todo:
        prefix, mass, tokens = todo.pop()
        for step in nodes[prefix]:
            p, further = mass * step.p, prefix + step.digits
            if not (step.digits or step.ends) or not further or not is_beginning(further):
                continue
            if step.digits and not step.ends and further in nodes and not is_complete(further):
                todo.append((further, p, tokens + 1))
            elif step.ends or is_complete(further) or (not prefix and len(step.digits) < longest):
                values[int(further)] = values.get(int(further), 0.0) + p
                depth = max(depth, tokens + bool(step.digits))
            else:
                left_open[further] = left_open.get(further, 0.0) + p
    return Reach(values, left_open, depth)


def expected(found: Reach) -> Expected | None:
    """The mean over what was captured; None where nothing was."""
    mass = found.mass
    if mass <= 0:
        return None
    total = math.fsum(value * p for value, p in found.values.items())
    spans = [(span(prefix), p) for prefix, p in found.open.items()]
    rest = max(0.0, 1 - mass - math.fsum(found.open.values()))
    low = max(LOW, total + math.fsum(least * p for (least, _), p in spans) + LOW * rest)
    high = min(HIGH, total + math.fsum(most * p for (_, most), p in spans) + HIGH * rest)
    low, high = min(low, high), max(low, high)
    return Expected(min(max(total / mass, low), high), min(1.0, mass), low, high)


def merged(parts: Iterable[Nodes]) -> dict[str, Sequence[Step]]:
    """Nodes of several replies; of one that is known twice the first."""
    found: dict[str, Sequence[Step]] = {}
    for prefix, steps in itertools.chain.from_iterable(part.items() for part in parts):
        found.setdefault(prefix, steps)
    return found
