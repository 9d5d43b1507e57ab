"""Correlations of ranks, of two columns whose rows count several times: tau-b, tau-c, Spearman.

A bootstrap takes a correlation of ranks a thousand times over the same rows with other counts.  What does not
depend on the counts, the order of the rows, is worked out once here; one set of counts then costs about n
times half the number of different values in the column that has fewer (ratings have few).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final, TypeAlias

MOST_LEVELS: Final = 80
"""Different values, in the column that has fewer, up to which this is faster than a merge sort each time."""

Counts: TypeAlias = Sequence[int]
_Pick: TypeAlias = Callable[[Counts], Sequence[int]]


class Concordance:
    """Two columns of equal length, ready to be correlated under any counts of their rows.

    ``rows`` says which count belongs to each row; None: the first to the first, and so on.
    """

    def __init__(self, x: Sequence[float], y: Sequence[float], rows: Sequence[int] | None = None) -> None:
        if len(x) != len(y):
            raise ValueError(f"columns of different lengths: {len(x)}, {len(y)}")
        if len(set(x)) < len(set(y)):
            x, y = y, x
        rows = range(len(x)) if rows is None else rows
        self.levels = len(set(y))
        self._groups = (_Groups(x, rows), _Groups(y, rows))
        order = sorted(range(len(x)), key=x.__getitem__)
        self._steps = [] if self.levels > MOST_LEVELS else _steps(x, y, rows, order)
        self._all = _picking([rows[row] for row in order])

    def tau_b(self, counts: Counts) -> float | None:
        """Kendall's tau-b; None where a column does not vary."""
        total = sum(self._all(counts))
        every = total * (total - 1) // 2
        untied_x, untied_y = (every - group.tied(counts) for group in self._groups)
        if not untied_x or not untied_y:
            return None
        return max(-1.0, min(1.0, self.surplus(counts) / math.sqrt(untied_x * untied_y)))

    def tau_c(self, counts: Counts) -> float | None:
        """Stuart's tau-c; None where a column does not vary."""
        total = sum(self._all(counts))
        fewest = min(group.values(counts) for group in self._groups)
        if fewest < 2:
            return None
        return max(-1.0, min(1.0, 2 * self.surplus(counts) * fewest / (total * total * (fewest - 1))))

    def surplus(self, counts: Counts) -> int:
        """Pairs in the same order less pairs in opposite order."""
        return sum([step(counts) for step in self._steps])


class _Groups:
    """The rows of each different value of a column."""

    def __init__(self, values: Sequence[float], rows: Sequence[int]) -> None:
        members: dict[float, list[int]] = {}
        for value, row in zip(values, rows, strict=True):
            members.setdefault(value, []).append(row)
        self._single = _picking([some[0] for some in members.values() if len(some) == 1])
        self._several = [_picking(some) for some in members.values() if len(some) > 1]

    def tied(self, counts: Counts) -> int:
        """Pairs of equal values."""
        single = self._single(counts)
        twice: int = sum(map(operator.mul, single, single)) - sum(single)
        for pick in self._several:
            size = sum(pick(counts))
            twice += size * (size - 1)
        return twice // 2

    def values(self, counts: Counts) -> int:
        """How many different values there are."""
        single = self._single(counts)
        return len(single) - single.count(0) + sum([any(pick(counts)) for pick in self._several])


class RankColumns:
    """Two columns of equal length, ready for Spearman's correlation under any counts of their rows.

    ``rows`` as of :class:`Concordance`.  In whole numbers (twice the ranks), so that nothing is rounded.
    """

    def __init__(self, x: Sequence[float], y: Sequence[float], rows: Sequence[int] | None = None) -> None:
        self._counts = _picking(list(range(len(x)) if rows is None else rows))
        self._columns = (_Ranked(x), _Ranked(y))

    def spearman(self, counts: Counts) -> float | None:
        """The correlation of mean ranks; None where a column does not vary."""
        times = self._counts(counts)
        (x, own_x), (y, own_y) = (column.doubled_ranks(times) for column in self._columns)
        total = sum(times)
        middle = total * (total + 1) ** 2
        spread_x, spread_y = own_x - middle, own_y - middle
        if not spread_x or not spread_y:
            return None
        product: int = sum(map(operator.mul, map(operator.mul, times, x), y))
        return max(-1.0, min(1.0, (product - middle) / math.sqrt(spread_x * spread_y)))


class _Ranked:
    """Where each row of a column stands among its different values."""

    def __init__(self, values: Sequence[float]) -> None:
        places = {value: place for place, value in enumerate(sorted(set(values)))}
        self._place_of_row = [places[value] for value in values]
        self._pick = _picking(self._place_of_row)
        self._different = len(places)

    def doubled_ranks(self, times: Sequence[int]) -> tuple[Sequence[int], int]:
        """Twice the mean rank of each row, and the sum of their squares over all that counts."""
        sizes = [0] * self._different
        for place, count in zip(self._place_of_row, times, strict=True):
            sizes[place] += count
        ranks, before, squares = [], 0, 0
        for size in sizes:
            doubled = 2 * before + size + 1
            ranks.append(doubled)
            squares += size * doubled * doubled
            before += size
        return self._pick(ranks), squares


def _steps(
    x: Sequence[float], y: Sequence[float], rows: Sequence[int], order: Sequence[int]
) -> list[Callable[[Counts], int]]:
    """For each level of ``y`` but the lowest, what its rows give beside all rows of lower levels."""
    found = []
    for level in sorted(set(y))[1:]:
        lower = [row for row in order if y[row] < level]
        own = [row for row in order if y[row] == level]
        found.append(_step([x[row] for row in lower], [x[row] for row in own], lower, own, rows))
    return found


def _step(
    lower_x: Sequence[float],
    own_x: Sequence[float],
    lower: Sequence[int],
    own: Sequence[int],
    rows: Sequence[int],
) -> Callable[[Counts], int]:
    """Both halves in rising order of x.  A lower row with less x is a pair in the same order."""
    before, until, below, reached = [], [], 0, 0
    for value in own_x:
        while below < len(lower_x) and lower_x[below] < value:
            below += 1
        while reached < len(lower_x) and lower_x[reached] <= value:
            reached += 1
        before.append(below)
        until.append(reached)
    of_lower, of_own = _picking([rows[row] for row in lower]), _picking([rows[row] for row in own])
    sum_before, sum_until = _picking(before), _picking(until)
    has_ties = before != until

    def step(counts: Counts) -> int:
        mine = of_own(counts)
        running = list(accumulate(of_lower(counts), initial=0))
        less = sum_before(running)
        upto = sum_until(running) if has_ties else less
        same_order: int = sum(map(operator.mul, mine, less))
        not_opposite: int = sum(map(operator.mul, mine, upto))
        return same_order + not_opposite - running[-1] * sum(mine)

    return step


def _picking(places: Sequence[int]) -> _Pick:
    """What takes these places out of a sequence, in this order."""
    if len(places) > 1:
        return operator.itemgetter(*places)
    return lambda values: [values[place] for place in places]
