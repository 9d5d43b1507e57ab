"""From overlaps to one score per panel member: how far it stands out as the one that answers are like.

Four readings of the same answers, each standardised over the members and then averaged:

words       mean cosine of words and word pairs.
even        the same, less what a difference in length takes away (the slope is fitted on pairs of panel
            members of different makers), so that terse models are not alike for being terse.
phrases     ridge regression of the model's phrases on those of all members at once: what a member explains
            that the others do not.  What all share is split between all.
openings    mean cosine of the first tokens, less what other makers' members have in common with that member.

General quality makes good models alike: it raises all members' similarity, and standardising over the
members takes that out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from distill_tests.lineage.overlaps import Overlaps

    Array = NDArray[np.float64]

RIDGE: Final = 0.3
READINGS: Final = ("words", "even", "phrases", "openings")


class Means(NamedTuple):
    """Means over prompts, draw x model x member; a pair's mean is over the prompts that both answered."""

    words: Array
    phrases: Array
    openings: Array
    gaps: Array


def means(found: Overlaps, weights: Array | None = None) -> Means:
    """``weights``: draw x prompt, how often each prompt counts; by default one draw, each once."""
    import numpy as np

    if weights is None:
        weights = np.ones((1, len(found.prompts)))
    size, prompts = len(found.models) * found.members, len(found.prompts)
    both = (found.answered[:, :, None] & found.answered[:, None, : found.members]).astype(np.float64)
    shape = (len(weights), len(found.models), found.members)
    counted = np.maximum(weights @ both.reshape(prompts, size), 1e-9)

    def mean(values: Array) -> Array:
        sums = weights @ (values * both).reshape(prompts, size)
        averaged: Array = (sums / counted).reshape(shape)
        return averaged

    words, phrases, openings = (mean(view) for view in found.views)
    return Means(words, phrases, openings, mean(found.gaps))


def drawn_prompts(prompts: int, *, draws: int, seed: int) -> Array:
    """How often each prompt counts in each of ``draws`` resamples of the prompts."""
    import numpy as np

    picked = np.random.default_rng(seed).integers(0, prompts, (draws, prompts))
    return np.stack([np.bincount(row, minlength=prompts) for row in picked]).astype(np.float64)


def readings(of: Means, model: int, members: Sequence[int], makers: Sequence[str], slope: float) -> Array:
    """Reading x draw x member, each standardised over ``members``: the four named in READINGS."""
    import numpy as np

    chosen = np.asarray(members)
    plain = of.words[:, model, chosen]
    even = plain - slope * of.gaps[:, model, chosen]
    raw = (
        plain,
        even,
        _explained(of.phrases, model, chosen),
        _above_others(of.openings, model, chosen, makers),
    )
    return np.stack([_standardised(one) for one in raw])


def _explained(phrases: Array, model: int, members: NDArray[np.int64]) -> Array:
    import numpy as np

    among = phrases[:, members][:, :, members]
    strength = RIDGE * np.trace(among, axis1=1, axis2=2) / len(members)
    among = among + strength[:, None, None] * np.eye(len(members))
    found: Array = np.linalg.solve(among, phrases[:, model, members][:, :, None])[:, :, 0]
    return found


def _above_others(openings: Array, model: int, members: NDArray[np.int64], makers: Sequence[str]) -> Array:
    import numpy as np

    others = np.array([[makers[a] != makers[b] for b in members] for a in members], np.float64)
    usual = np.einsum("dab,ab->db", openings[:, members][:, :, members], others) / others.sum(axis=0)
    found: Array = openings[:, model, members] - usual
    return found


def _standardised(values: Array) -> Array:
    spread = values.std(axis=1, keepdims=True)
    centred: Array = (values - values.mean(axis=1, keepdims=True)) / (spread + 1e-12)
    return centred


def length_slope(of: Means, members: Sequence[int], makers: Sequence[str]) -> float:
    """What a unit of log length takes from the cosine of words: at most 0, and 0 with too few pairs.

    Least squares over pairs of members of different makers, with a level for each of the two.
    """
    import numpy as np

    pairs = [(a, b) for a in members for b in members if makers[a] != makers[b]]
    number = {member: place for place, member in enumerate(members)}
    unknowns = 2 * len(members) + 1
    if len(pairs) < 2 * unknowns:
        return 0.0
    design = np.zeros((len(pairs), unknowns))
    for row, (a, b) in enumerate(pairs):
        design[row, number[a]] = design[row, len(members) + number[b]] = 1.0
        design[row, -1] = of.gaps[0, a, b]
    wanted = np.array([of.words[0, a, b] for a, b in pairs])
    return min(0.0, float(np.linalg.lstsq(design, wanted, rcond=None)[0][-1]))


def projected_out(of: Means, members: Sequence[int]) -> Means:
    """The overlaps that are left when what ``members`` explain is projected out of every model.

    Exact for sums over prompts of inner products (a Schur complement), as these means are where no answer
    is missing.
    """
    import numpy as np

    chosen = np.asarray(members)

    def residual(values: Array) -> Array:
        among = values[:, chosen][:, :, chosen] + 1e-6 * np.eye(len(chosen))
        left: Array = values - values[:, :, chosen] @ np.linalg.solve(among, values[:, chosen])
        return left

    return Means(residual(of.words), residual(of.phrases), residual(of.openings), of.gaps)
