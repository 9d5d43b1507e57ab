"""How much of what a model says does not depend on what it is asked, or repeats it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from distill_tests.lineage.tokens import triples

if TYPE_CHECKING:
    from distill_tests.lineage.tokens import Hashes

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
