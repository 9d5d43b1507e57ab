"""What a gate will take and say, before anything is paid: calls, and the chance of each verdict.

For a declared set of which a given share is truly positive, in the random order of a plan.  What logic alone
decides (enough are wrong to fail, or enough are right to pass) follows exactly from the hypergeometric
distribution.  A sequential rule is replayed on shuffled sets, and what the replays leave uncertain is stated.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import mean, stdev
from typing import NamedTuple, TypeAlias

from distill_tests.gates.tally import exact
from distill_tests.inference.intervals import Interval, clopper_pearson_lower, clopper_pearson_upper, wilson
from distill_tests.inference.sequential import SequentialGate

Observation: TypeAlias = tuple[str, str, float | None]
"""Template, question, value in [0, 1]; None: no usable reply."""

Decide: TypeAlias = Callable[[Iterable[Observation], float, int, float], Sequence[object]]
"""``decide(observations, threshold, pool_size, alpha)``: (decision, n_used, …)."""


class Power(NamedTuple):
    """What to expect of an at-most gate on a set of which ``rate`` is positive.

    ``calls`` the expected number and ``calls_95`` the one that 95 % of runs stay within; ``passes``,
    ``fails`` and ``inconclusive`` the chance of each verdict.  ``replays`` None: exact, else how many
    shuffled sets were replayed; then ``calls_error`` is the standard error of ``calls``, and each chance is
    known within :func:`chance_interval`.
    """

    rate: float
    calls: float
    calls_95: int
    passes: float
    fails: float
    inconclusive: float
    replays: int | None = None
    calls_error: float = 0.0


def by_logic(pool_size: int, threshold: float, rate: float) -> Power:
    """Asking until logic decides: exact.  ``rate`` is rounded to a whole number of positives.

    Raises ValueError for an empty set, or a threshold or rate outside 0..1.
    """
    positives, allowed = _counts(pool_size, threshold, rate)
    # Failed at the positive that is one too many; passed at the negative that leaves too few to be wrong.
    fails = positives > allowed
    ends, kind = (allowed + 1, positives) if fails else (pool_size - allowed, pool_size - positives)
    return Power(
        rate=positives / pool_size,
        calls=ends * (pool_size + 1) / (kind + 1) if ends else 0.0,
        calls_95=_draws_until(ends, kind, pool_size, 0.95),
        passes=float(not fails),
        fails=float(fails),
        inconclusive=0.0,
    )


def in_full(pool_size: int, threshold: float, rate: float) -> Power:
    """Asking the whole set, come what may (``--full``)."""
    return by_logic(pool_size, threshold, rate)._replace(calls=float(pool_size), calls_95=pool_size)


def replayed(
    decide: Decide,
    pool_size: int,
    threshold: float,
    rate: float,
    *,
    alpha: float = 0.05,
    replays: int = 40,
    seed: int = 0,
) -> Power:
    """The same for a sequential rule, from ``replays`` shuffled sets; the same for the same seed.

    Cells are handed out one at a time, each under its own names.  Only what ``decide`` decided and its
    number of calls are used, so that a rule which leaves its interval out saves most of the time.  Raises
    ValueError as :func:`by_logic`, and for fewer than two replays.
    """
    positives, _ = _counts(pool_size, threshold, rate)
    if replays < 2:
        raise ValueError(f"{replays} replays show no spread: two or more")
    # Different rates are replayed on the same shuffles, so that they can be compared.
    rng = random.Random(seed)  # noqa: S311  # a reproducible stream, nothing secret
    calls: list[int] = []
    verdicts: dict[str, int] = {"pass": 0, "fail": 0, "undecided": 0}
    for _ in range(replays):
        decision, n_used, *_ = decide(_shuffled(pool_size, positives, rng), threshold, pool_size, alpha)
        if decision not in verdicts or not isinstance(n_used, int):
            raise ValueError(f"decide gave {decision!r} after {n_used!r} calls: not pass, fail or undecided")
        verdicts[str(decision)] += 1
        calls.append(n_used)
    calls.sort()
    return Power(
        rate=positives / pool_size,
        calls=mean(calls),
        calls_95=calls[math.ceil(0.95 * replays) - 1],
        passes=verdicts["pass"] / replays,
        fails=verdicts["fail"] / replays,
        inconclusive=verdicts["undecided"] / replays,
        replays=replays,
        calls_error=stdev(calls) / math.sqrt(replays),
    )


def one_look(pool_size: int, draws: int, threshold: float, rate: float, *, alpha: float = 0.05) -> Power:
    """``draws`` of the set, judged once by Clopper-Pearson bounds, each erring with ``alpha``: exact.

    Raises ValueError as :func:`by_logic`, and for more draws than there are cells.
    """
    positives, allowed = _counts(pool_size, threshold, rate)
    if not 1 <= draws <= pool_size:
        raise ValueError(f"{draws} draws of a set of {pool_size}")
    level = float(exact(threshold))

    def passes(k: int) -> bool:
        sure = k + pool_size - draws <= allowed
        return sure or clopper_pearson_upper(k, draws, confidence=1.0 - alpha) <= level

    def fails(k: int) -> bool:
        return k > allowed or clopper_pearson_lower(k, draws, confidence=1.0 - alpha) > level

    def at_least(k: int) -> float:
        return _drawn_at_least(k, positives, pool_size, draws) if k else 1.0

    first_open = _first(lambda k: not passes(k), draws)
    first_failed = _first(fails, draws)
    passed, failed = 1.0 - at_least(first_open), at_least(first_failed)
    return Power(
        rate=positives / pool_size,
        calls=float(draws),
        calls_95=draws,
        passes=passed,
        fails=failed,
        inconclusive=max(0.0, 1.0 - passed - failed),
    )


def until_verdict(
    observations: Iterable[Observation], threshold: float, pool_size: int, alpha: float
) -> tuple[str, int]:
    """The sequential gate's verdict and number of calls, without its interval: what to replay."""
    gate = SequentialGate(threshold, pool_size, alpha)
    if gate.decision == "undecided":
        for _, _, value in observations:
            if gate.add(value) != "undecided":
                break
    return gate.decision, gate.n


def chance_interval(chance: float, replays: int, *, level: float = 0.95) -> Interval:
    """Within what a chance that ``replays`` replays showed is known (Wilson)."""
    return wilson(round(chance * replays), replays, level=level)


def _first(holds: Callable[[int], bool], last: int) -> int:
    """The least of 0..last from which on a condition holds; last + 1 if it never does."""
    return bisect_left(range(last + 1), True, key=holds)


def _shuffled(pool_size: int, positives: int, rng: random.Random) -> Iterator[Observation]:
    # Only random() is the same in every Python; shuffle() is not promised to be.
    order = sorted((rng.random(), cell) for cell in range(pool_size))
    return ((str(cell), str(cell), float(cell < positives)) for _, cell in order)


def _counts(pool_size: int, threshold: float, rate: float) -> tuple[int, int]:
    if pool_size < 1:
        raise ValueError(f"a set of {pool_size} cells decides nothing")
    for name, share in (("threshold", threshold), ("rate", rate)):
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"the {name} {share} is outside the scale 0..1")
    return round(exact(rate) * pool_size), math.floor(exact(threshold) * pool_size)


def _draws_until(ends: int, kind: int, pool_size: int, share: float) -> int:
    """The least n by which ``ends`` of the ``kind`` members of a set are drawn with probability ``share``."""

    def holds(draws: int) -> bool:
        return _drawn_at_least(ends, kind, pool_size, draws) >= share - 1e-9

    return ends + bisect_left(range(ends, pool_size), True, key=holds)


def _drawn_at_least(ends: int, kind: int, pool_size: int, draws: int) -> float:
    """P(at least ``ends`` of ``kind`` are among ``draws`` drawn without replacement)."""
    every = _log_ways(pool_size, draws)
    return math.fsum(
        math.exp(_log_ways(kind, k) + _log_ways(pool_size - kind, draws - k) - every)
        for k in range(max(ends, draws - pool_size + kind), min(kind, draws) + 1)
    )


def _log_ways(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
