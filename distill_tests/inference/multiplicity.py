"""Many gates at once: which blocks, and which findings, hold together.

That a release passes, because every gate passed, needs no correction: to pass it wrongly, the one gate that
it violates must be passed wrongly.  That it is blocked does, because any of the gates may err.

What comes in are e-values: numbers that are 1 or less in expectation where the claim holds, such as the
capital of a bet (:mod:`distill_tests.inference.eprocess`).  No assumption is made on how they depend on
each other.
"""

from __future__ import annotations

from collections.abc import Sequence


def e_holm(evidence: Sequence[float], alpha: float = 0.05) -> tuple[int, ...]:
    """The positions of the claims refuted so that, with probability 1 - ``alpha``, none of them is true.

    Step by step: the largest of k e-values must reach k / alpha, the next (k - 1) / alpha, and so on.  The
    largest capital that a bet ever had will do in place of an e-value, because 1 over it is a p-value valid
    at any time.  Holm 1979; Vovk and Wang 2021.
    """
    _check(evidence, alpha)
    refuted: list[int] = []
    for position in _largest_first(evidence):
        if not _reaches(evidence[position], (len(evidence) - len(refuted)) / alpha):
            break
        refuted.append(position)
    return tuple(sorted(refuted))


def e_bh(evidence: Sequence[float], alpha: float = 0.05) -> tuple[int, ...]:
    """The positions of the findings of which, in expectation, a share of at most ``alpha`` is false.

    The r largest of k e-values, r as large as it can be with each of them at least k / (r alpha).  Only true
    e-values will do: the capital where a bet stopped, not the largest it ever had.  Wang and Ramdas 2022.
    """
    _check(evidence, alpha)
    order = _largest_first(evidence)
    found = 0
    for r, position in enumerate(order, 1):
        if _reaches(evidence[position], len(evidence) / (r * alpha)):
            found = r
    return tuple(sorted(order[:found]))


def _reaches(evidence: float, needed: float) -> bool:
    """Rounding aside: a bet that was capped at 1/alpha has just that."""
    return evidence >= needed * (1.0 - 1e-12)


def _largest_first(evidence: Sequence[float]) -> list[int]:
    return sorted(range(len(evidence)), key=lambda position: -evidence[position])


def _check(evidence: Sequence[float], alpha: float) -> None:
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha {alpha} is not between 0 and 1")
    for value in evidence:
        if not value >= 0.0:
            raise ValueError(f"the e-value {value} is no number from 0 on")
