"""From cells to an estimate with its interval."""

from __future__ import annotations

from distill_tests.cells import Cells
from distill_tests.intervals import clopper_pearson
from distill_tests.types import Estimate


def rate(counted: Cells, *, level: float = 0.95) -> Estimate:
    """The share of scored cells that are 1, with its two-sided Clopper-Pearson interval.

    The interval takes the cells as independent draws.  Answers to one framing or one question are not, so
    read as a claim about framings in general it is too narrow; ``method`` says so and names the cluster
    counts.  Raises ValueError for a cell other than 0 and 1.
    """
    values = counted.values
    for value in values:
        if value not in (0.0, 1.0):
            raise ValueError(f"a rate counts cells of 0 or 1, and one is {value:g}")
    n, ones = len(values), round(sum(values))
    low, high = clopper_pearson(ones, n, level=level) if n else (None, None)
    return Estimate(
        value=ones / n if n else None,
        low=low,
        high=high,
        n=n,
        missing=counted.missing,
        undrawn=counted.undrawn,
        clusters=counted.clusters,
        level=level,
        method=f"Clopper-Pearson, {100 * level:g} % two-sided, cells as independent{_clustering(counted)}",
        total=float(ones),
    )


def _clustering(counted: Cells) -> str:
    counts = [_several(number, dimension) for dimension, number in counted.clusters.items()]
    if counted.repeats > 1:
        counts.append(f"{counted.repeats} repeats a case")
    return f" ({', '.join(counts)})" if counts else ""


def _several(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"
