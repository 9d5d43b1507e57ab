"""What is said of one model: the panel's members, nearest first, and the nearest maker or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from distill_tests.lineage.nulls import Null


@dataclass(frozen=True, slots=True)
class Ranked:
    """One panel member as candidate.

    ``similarity`` is in standard deviations over the candidates, averaged over four readings; ``low`` to
    ``high`` is its bootstrap interval over prompts.  ``p``: how often a null model is as near to its
    nearest maker, none of which is its own.  ``cosine``: of words and word pairs, the plain number.
    """

    maker: str
    member: str
    similarity: float
    low: float
    high: float
    p: float
    cosine: float


@dataclass(frozen=True, slots=True)
class Attribution:
    """The members nearest first, and ``nearest``: a maker, or None with the ``reason`` in words.

    ``is_base``: the maker named is that of the model's base model; ``base_first``: that maker would stand
    first if it were a candidate like the others.  ``prompts`` were compared; ``missing``
    are prompts of the panel without an answer, ``unmatched`` answers to prompts that the panel did not get,
    ``short`` answers of one word, ``cut`` answers read in part.  Not ``comparable``: too few answers,
    answers that do not answer, or fewer than two makers to compare with; the ranking then says nothing.
    """

    model: str
    nearest: str | None
    is_base: bool
    base_first: bool
    p: float
    ranking: tuple[Ranked, ...]
    prompts: int
    missing: int
    unmatched: int
    short: int
    cut: int
    reason: str
    notes: tuple[str, ...] = ()
    comparable: bool = True


@dataclass(frozen=True, slots=True)
class Comparison:
    """All attributions, the null models behind their p-values, and what the panel left unanswered."""

    attributions: tuple[Attribution, ...]
    nulls: tuple[Null, ...]
    prompts: int
    missing: Mapping[str, int]
    at_most: float
