"""How much of what a model says does not depend on what it is asked, or repeats it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from distill_tests.lineage.tokens import triples

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from distill_tests.lineage.tokens import Hashes

    Array = NDArray[np.float64]

IN_MANY: Final = 1 / 3
"""Of its answers; a run of tokens that stands in so many of them is no answer to any prompt."""


def repeated_share(answers: Sequence[Hashes], asked: Sequence[Hashes]) -> float:
    """The mean share of an answer's runs of three tokens that stand in many other answers, or in the prompt.

    Published models are at 0.11 or below, one text with the prompt before or behind it at 0.9.  0 with
    fewer than two answers of three tokens.
    """
    import numpy as np

    pairs = [
        (found, triples(prompt))
        for answer, prompt in zip(answers, asked, strict=True)
        if len(found := np.unique(triples(answer)))
    ]
    if len(pairs) < 2:
        return 0.0
    runs, counts = np.unique(np.concatenate([found for found, _ in pairs]), return_counts=True)
    common = runs[counts >= max(2, IN_MANY * len(pairs))]
    return float(np.mean([(np.isin(found, common) | np.isin(found, own)).mean() for found, own in pairs]))


def constancy(
    same_prompt: Array, answered: NDArray[np.bool_], sums: NDArray[np.float32], members: int
) -> tuple[Array, Array]:
    """``sameness`` and ``to_the_point`` of each model, from sums of its unit vectors over prompts."""
    import numpy as np

    totals = sums.astype(np.float64)
    asked = answered.sum(axis=0).astype(np.float64)
    sameness = (np.einsum("ij,ij->i", totals, totals) - asked) / np.maximum(asked * (asked - 1.0), 1.0)
    both = np.einsum("pi,pj->ij", answered.astype(float), answered[:, :members].astype(float))
    together = same_prompt.sum(axis=0)
    apart = totals @ totals[:members].T - together
    pairs = np.maximum(np.outer(asked, asked[:members]) - both, 1.0)
    nearer = together / np.maximum(both, 1.0) - apart / pairs
    for place in range(members):  # a member is all too near to itself
        nearer[place, place] = np.nan
    return sameness, np.nanmean(nearer, axis=1)
