"""A rate from many judged answers and few labelled ones: prediction-powered inference.

Each answer was judged (f), and a share pi of them, drawn at random, was also labelled (y).  The mean of
z = f + (labelled / pi) (y - f) is that of the labels whatever the judge gets wrong (Angelopoulos et al.,
Science 2023; with a known chance of a label this is the difference estimator of survey sampling).  A good
judge makes it as sharp as several times the labels; a bad one costs width, never truth.  "Power-tuned", f
counts with the weight in 0..1 that makes z vary least (PPI++, Angelopoulos, Duchi and Zrnic 2023).  That is
not the default: with 120 labels of 400 and a true rate of 0.2 it saves 5 % of the width under a judge that
errs in 5 % of answers and 35 % under a coin, and covers 91-94 % where the plain estimate covers 95 %.

What it rests on: every answer drawn for labelling has a label, and which were drawn had nothing to do with
what they say.  :func:`drawn_for_labels` draws them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

from distill_tests.inference.clustered import clustered_mean
from distill_tests.inference.clustering import Clusters, design
from distill_tests.inference.intervals import Interval, clean_upper, one_sided, t_quantile
from distill_tests.plan import rank
from distill_tests.types import Estimate

Claim: TypeAlias = Literal["declared-set", "population"]


def drawn_for_labels(ids: Iterable[str], *, share: float, seed: int = 0) -> tuple[str, ...]:
    """Which answers go on the label sheet: each with probability ``share``, by its id and the seed alone.

    The same on every machine, and whatever else is in the run; in the order given.  Raises ValueError for
    a share outside (0, 1].
    """
    _share(share)
    limit = math.ceil(share * 2**64)
    return tuple(name for name in ids if int.from_bytes(rank(seed, "label", name)[:8], "big") < limit)


def ppi_mean(
    judged: Sequence[float],
    labels: Sequence[float | None],
    clusters: Clusters,
    *,
    share: float,
    scale: tuple[float, float] = (0.0, 1.0),
    claim: Claim = "population",
    tuned: bool = False,
    level: float = 0.95,
) -> Estimate:
    """The mean that labelling every answer would show, with its interval, from the labels there are.

    ``judged``: the judge's value for each answer; ``labels``: None where the answer was not drawn;
    ``share``: the chance with which it was.  The claim *declared-set* is about these answers: only the
    drawing of labels is uncertain; *population* about answers under clusters like these, with labels under
    one cluster without an interval.  The interval is
    a normal approximation, with room for disagreements that no label happened to show.  Raises ValueError
    for columns of different lengths, values outside the scale or fewer than two labels.
    """
    _share(share)
    _usable(judged, labels, scale)
    if len(clusters) != len(judged):
        raise ValueError(f"{len(judged)} values and {len(clusters)} sets of cluster labels")
    pairs = [(f, y) for f, y in zip(judged, labels, strict=True) if y is not None]
    if len(pairs) < 2:
        raise ValueError(f"{len(pairs)} labels carry no estimate: it takes two or more")
    weight = judge_weight(judged, labels, share=share) if tuned else 1.0
    z = rectified(judged, labels, share=share, weight=weight)
    if claim == "declared-set":
        found = _of_the_set(judged, labels, z, weight, share, level)
    else:
        found = clustered_mean(z, clusters, level=level)
    widened = _widened(found, judged, labels, clusters, share=share, scale=scale, claim=claim)
    assumed = f"prediction-powered, {len(pairs)} of {len(z)} labelled at random (chance {share:g})"
    return replace(widened, method=f"{assumed}, judge's weight {weight:.3g}; {widened.method}")


def rectified(
    judged: Sequence[float], labels: Sequence[float | None], *, share: float, weight: float = 1.0
) -> list[float]:
    """For each answer z = weight f + (labelled / share) (y - weight f); their mean is the estimate."""
    return [
        weight * f + (0.0 if y is None else (y - weight * f) / share)
        for f, y in zip(judged, labels, strict=True)
    ]


def judge_weight(judged: Sequence[float], labels: Sequence[float | None], *, share: float) -> float:
    """The weight of the judge, in 0..1, under which z varies least; 1 where no label contradicts it.

    z = a + weight b, so that the weight is -cov(a, b) / var(b).
    """
    if all(y is None or y == f for f, y in zip(judged, labels, strict=True)):
        return 1.0
    a = [0.0 if y is None else y / share for y in labels]
    b = [f if y is None else f - f / share for f, y in zip(judged, labels, strict=True)]
    mean_a, mean_b = math.fsum(a) / len(a), math.fsum(b) / len(b)
    spread = math.fsum((value - mean_b) ** 2 for value in b)
    if spread == 0.0:
        return 0.0
    common = math.fsum((u - mean_a) * (v - mean_b) for u, v in zip(a, b, strict=True))
    return min(1.0, max(0.0, -common / spread))


# --- intervals ------------------------------------------------------------------------------------


def _of_the_set(
    judged: Sequence[float],
    labels: Sequence[float | None],
    z: Sequence[float],
    weight: float,
    share: float,
    level: float,
) -> Estimate:
    """Uncertain is which answers were drawn, nothing else (Horvitz and Thompson 1952)."""
    n, labelled = len(z), sum(y is not None for y in labels)
    squares = math.fsum((y - weight * f) ** 2 for f, y in zip(judged, labels, strict=True) if y is not None)
    mean = math.fsum(z) / n
    half = t_quantile(one_sided(level), labelled - 1) * math.sqrt(squares * (1.0 - share)) / share / n
    return Estimate(
        value=mean,
        low=mean - half,
        high=mean + half,
        n=n,
        level=level,
        method=f"for the declared set, t on {labelled - 1} df, {100 * level:g} % two-sided",
    )


def _widened(
    found: Estimate,
    judged: Sequence[float],
    labels: Sequence[float | None],
    clusters: Clusters,
    *,
    share: float,
    scale: tuple[float, float],
    claim: Claim,
) -> Estimate:
    """The estimate with room for disagreements that no label happened to show, cut to the scale."""
    value = 0.0 if found.value is None else found.value
    labelled = [(f - y, of) for f, y, of in zip(judged, labels, clusters, strict=True) if y is not None]
    shown = design([error for error, _ in labelled], [of for _, of in labelled])
    disagreed = sum(error != 0.0 for error, _ in labelled) / len(labelled)
    if found.low is not None and found.high is not None:
        half = (found.high - found.low) / 2.0
    elif shown.fewest >= 2:
        half = 0.0
    else:
        return replace(found, value=_cut(value, scale))
    if claim == "population":
        unseen = clean_upper(shown.fewest, confidence=one_sided(found.level))
    else:
        unseen = _most_undrawn(share, found.level) / found.n
    room = (scale[1] - scale[0]) * max(0.0, min(1.0, unseen) - disagreed)
    half = max(half, room) if disagreed else half + room
    low, high = Interval(_cut(value - half, scale), _cut(value + half, scale))
    words = found.method
    if not scale[0] <= value <= scale[1]:
        words = f"cut to the scale from {value:.4g}; {words}"
    return replace(found, value=_cut(value, scale), low=low, high=high, method=words)


def _most_undrawn(share: float, level: float) -> int:
    """The most answers that all escape the drawing with probability (1 - level) / 2 or more."""
    if share == 1.0:
        return 0
    return math.floor((math.log1p(-level) - math.log(2.0)) / math.log1p(-share))


def _cut(value: float, scale: tuple[float, float]) -> float:
    return min(scale[1], max(scale[0], value))


def _share(share: float) -> None:
    if not 0.0 < share <= 1.0:
        raise ValueError(f"a share of {share} labels nothing that can be estimated from: above 0, up to 1")


def _usable(judged: Sequence[float], labels: Sequence[float | None], scale: tuple[float, float]) -> None:
    if len(judged) != len(labels):
        raise ValueError(f"{len(judged)} judged answers and {len(labels)} labels, one of which may be None")
    for value in (*judged, *labels):
        if value is not None and not scale[0] <= value <= scale[1]:
            raise ValueError(f"the value {value:g} is outside the scale {scale[0]:g}..{scale[1]:g}")
