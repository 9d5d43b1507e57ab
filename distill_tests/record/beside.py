"""What stands beside a gate's verdict in its record: evidence, the baseline's side, groups that fail."""

from __future__ import annotations

import math
from collections.abc import Sequence

from distill_tests.types import Baseline, Comparison, Evidence, FailingGroups, Json

MOST_CHANGED = 200
"""Cases that are named in either direction; all of them are counted."""


def baseline_row(baseline: Baseline | None) -> dict[str, Json] | None:
    """What a gate compares with, as its spec says."""
    if baseline is None:
        return None
    model = baseline.model.alias if baseline.model is not None else None
    return {
        "run": baseline.run,
        "model": model,
        "target": baseline.target,
        "control": baseline.control,
    }


def evidence_row(evidence: Evidence | None) -> dict[str, Json] | None:
    """The two e-values; ``certain`` names the side that logic decides, whose e-value is infinite (null)."""
    if evidence is None:
        return None
    sides = {"passing": evidence.passing, "failing": evidence.failing}
    certain = next((side for side, value in sides.items() if math.isinf(value)), None)
    return {**{side: _finite(value) for side, value in sides.items()}, "certain": certain}


def comparison_row(comparison: Comparison | None) -> dict[str, Json] | None:
    """Both means and the cases that changed, counted, and the first of them by id."""
    if comparison is None:
        return None
    return {
        "baseline": comparison.baseline,
        "pairs": comparison.pairs,
        "new": comparison.new,
        "old": comparison.old,
        "old_of_set": comparison.old_of_set,
        "old_low": comparison.old_low,
        "old_high": comparison.old_high,
        "worse": {"count": len(comparison.worse), "cases": list(comparison.worse[:MOST_CHANGED])},
        "better": {"count": len(comparison.better), "cases": list(comparison.better[:MOST_CHANGED])},
    }


def failing_rows(failing: Sequence[FailingGroups]) -> list[Json]:
    """By dimension the groups that fail for themselves; an e-value of null is infinite."""
    return [
        {
            "dimension": one.dimension,
            "of": one.of,
            "alpha": one.alpha,
            "method": "e-BH",
            "found": [
                {"name": group.name, "wrong": group.wrong, "n": group.n, "evidence": _finite(group.evidence)}
                for group in one.found
            ],
        }
        for one in failing
    ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
