"""Which seed is mutated next: MCTS-Explore, UCB, EXP3, round robin, random.

The pool is a forest: seeds are its roots, a mutant that is kept is a child of the node it was made
from.  A policy is told of every node (``grow``), chooses (``select``) and learns what its choice
brought (``update``): a reward in [0, 1], successes / (questions x mutants).

Several choices may be open at a time.  A choice counts as a visit from the moment it is made and has
brought nothing so far, so that the next choice leans elsewhere (virtual loss); with one open choice at
a time this is the published order of things.  EXP3 and random draw again from the same probabilities.

Scores are compared after rounding to twelve digits, ties go to the older node: logarithms differ in
their last bit from machine to machine.

Where the published implementations are wrong: EXP3 gives a new node the mean weight, so that its
probabilities always cover the pool; UCB tries every node before it repeats one; round robin goes
forward; each takes its draws as an argument and knows no fuzzer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from distill_tests.search.draws import Draws
from distill_tests.search.nouns import PolicyName

UCT_WEIGHT: Final = 0.5
STOP_EARLY: Final = 0.1
LEAST_SHARE: Final = 0.2
SHARE_LOST_PER_LEVEL: Final = 0.1
UCB_WEIGHT: Final = 1.0
EXPLORATION: Final = 0.2
"""EXP3's share of uniform draws, and its learning rate (Auer et al. 2002 use one number for both)."""

_DIGITS: Final = 12


class Choice(NamedTuple):
    """``node`` was chosen, by way of ``path``; ``numbers`` is what it was chosen by."""

    node: int
    path: tuple[int, ...]
    numbers: Mapping[str, float]


class Policy(Protocol):
    """Nodes are called 0, 1, … in the order in which the policy is told of them."""

    def grow(self, parent: int | None) -> None:
        """A node enters the pool: a root, or a child of ``parent``."""

    def select(self, draws: Draws) -> Choice: ...

    def update(self, choice: Choice, reward: float) -> None:
        """``choice`` brought ``reward``, in [0, 1]."""


class MctsExplore:
    """GPTFuzz's default: from the set of roots down by UCT; may stop at an inner node."""

    def __init__(self) -> None:
        self._roots: list[int] = []
        self._children: list[list[int]] = []
        self._levels: list[int] = []
        self._visits: list[int] = []
        self._rewards: list[float] = []
        self._step = 0

    def grow(self, parent: int | None) -> None:
        siblings = self._roots if parent is None else self._children[parent]
        siblings.append(len(self._children))
        self._levels.append(0 if parent is None else self._levels[parent] + 1)
        self._children.append([])
        self._visits.append(0)
        self._rewards.append(0.0)

    def select(self, draws: Draws) -> Choice:
        self._step += 1
        path = [_best(self._roots, self._score)]
        while self._children[path[-1]] and draws.fraction() >= STOP_EARLY:
            path.append(_best(self._children[path[-1]], self._score))
        node = path[-1]
        numbers = {"uct": self._score(node), "visits": self._visits[node], "level": self._levels[node]}
        for passed in path:
            self._visits[passed] += 1
        return Choice(node, tuple(path), numbers)

    def update(self, choice: Choice, reward: float) -> None:
        share = max(LEAST_SHARE, 1 - SHARE_LOST_PER_LEVEL * self._levels[choice.node])
        for passed in choice.path:
            self._rewards[passed] += reward * share

    def _score(self, node: int) -> float:
        visits = self._visits[node]
        explored = math.sqrt(2 * math.log(self._step) / (visits + 0.01))
        return round(self._rewards[node] / (visits + 1) + UCT_WEIGHT * explored, _DIGITS)


class Ucb:
    """UCB1 over the whole pool: mean reward and what is left to explore; a new node comes first."""

    def __init__(self) -> None:
        self._visits: list[int] = []
        self._rewards: list[float] = []
        self._step = 0

    def grow(self, parent: int | None) -> None:  # noqa: ARG002 - the pool is flat to it
        self._visits.append(0)
        self._rewards.append(0.0)

    def select(self, draws: Draws) -> Choice:  # noqa: ARG002 - it draws nothing
        self._step += 1
        if 0 in self._visits:
            node = self._visits.index(0)
            numbers: dict[str, float] = {"visits": 0}
        else:
            node = _best(range(len(self._visits)), self._score)
            numbers = {"ucb": self._score(node), "visits": self._visits[node]}
        self._visits[node] += 1
        return Choice(node, (node,), numbers)

    def update(self, choice: Choice, reward: float) -> None:
        self._rewards[choice.node] += reward

    def _score(self, node: int) -> float:
        visits = self._visits[node]
        explored = math.sqrt(2 * math.log(self._step) / visits)
        return round(self._rewards[node] / visits + UCB_WEIGHT * explored, _DIGITS)


class Exp3:
    """Exponential weights with uniform exploration over the whole pool; weights are kept as logarithms."""

    def __init__(self) -> None:
        self._logs: list[float] = []

    def grow(self, parent: int | None) -> None:  # noqa: ARG002 - the pool is flat to it
        """A new node has the mean weight of the pool."""
        self._logs.append(_log_mean(self._logs) if self._logs else 0.0)

    @property
    def probabilities(self) -> list[float]:
        """Of each node of the pool to be chosen next."""
        top = max(self._logs)
        weights = [math.exp(log - top) for log in self._logs]
        whole, size = math.fsum(weights), len(weights)
        return [(1 - EXPLORATION) * weight / whole + EXPLORATION / size for weight in weights]

    def select(self, draws: Draws) -> Choice:
        probabilities = self.probabilities
        rest = draws.fraction()
        node = 0
        while node < len(probabilities) - 1 and rest >= probabilities[node]:
            rest -= probabilities[node]
            node += 1
        return Choice(node, (node,), {"probability": round(probabilities[node], _DIGITS)})

    def update(self, choice: Choice, reward: float) -> None:
        """The reward is weighed by the probability with which it was drawn, so that its mean is unbiased."""
        estimate = reward / choice.numbers["probability"]
        self._logs[choice.node] += EXPLORATION * estimate / len(self._logs)


class RoundRobin:
    """One after the other, oldest first, then from the start again."""

    def __init__(self) -> None:
        self._size = 0
        self._next = 0

    def grow(self, parent: int | None) -> None:  # noqa: ARG002 - the pool is flat to it
        self._size += 1

    def select(self, draws: Draws) -> Choice:  # noqa: ARG002 - it draws nothing
        node = self._next % self._size
        self._next = node + 1
        return Choice(node, (node,), {"turn": node})

    def update(self, choice: Choice, reward: float) -> None:
        """Nothing is learnt."""


class AtRandom:
    """Any node of the pool, each equally likely."""

    def __init__(self) -> None:
        self._size = 0

    def grow(self, parent: int | None) -> None:  # noqa: ARG002 - the pool is flat to it
        self._size += 1

    def select(self, draws: Draws) -> Choice:
        node = draws.below(self._size)
        return Choice(node, (node,), {"probability": round(1 / self._size, _DIGITS)})

    def update(self, choice: Choice, reward: float) -> None:
        """Nothing is learnt."""


POLICIES: Final[Mapping[PolicyName, Callable[[], Policy]]] = {
    "mcts-explore": MctsExplore,
    "ucb": Ucb,
    "exp3": Exp3,
    "round-robin": RoundRobin,
    "random": AtRandom,
}


def _best(nodes: Sequence[int], score: Callable[[int], float]) -> int:
    """The node with the highest score; of equals the oldest."""
    return max(nodes, key=lambda node: (score(node), -node))


def _log_mean(logs: Sequence[float]) -> float:
    """The logarithm of the mean of the weights."""
    top = max(logs)
    return top + math.log(math.fsum(math.exp(log - top) for log in logs) / len(logs))
