"""What a spec with ``ratings`` may name: dimensions, marks of its judge, offline metrics, statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from distill_tests.errors import Problem, SpecError
from distill_tests.kinds._ratings_metrics import LENGTH, METRIC_NAMES
from distill_tests.ratings.beside import VALUE
from distill_tests.ratings.items import RatedItem
from distill_tests.registry import Declared
from distill_tests.types import Spec

STATISTICS: Final = ("tau_b", "tau_c", "spearman", "tau_b_difference", "pairwise_accuracy")
OF_GOLD: Final = (
    *("kappa", "agreement", "precision", "recall", "sensitivity", "specificity"),
    *("false_positive_rate", "laws_held"),
)
"""Statistics that are about labels and laws, and never about ratings."""


def dimensions_of(spec: Spec, items: Sequence[RatedItem], declared: Declared) -> dict[str, str]:
    """By dimension of the ratings, the judge's number: as written, the mark of that name, or the value.

    Raises SpecError for names that the file or the judge does not know.
    """
    rated = list(dict.fromkeys(name for item in items for name in item.ratings))
    written: Mapping[str, str] = spec.body["ratings"].get("dimensions", {})
    known = [*declared.marks, VALUE]
    problems = []
    for name, mark in written.items():
        place = spec.place("ratings", "dimensions", name)
        if name not in rated:
            what, allowed = f"no item is rated in {name!r}", f"rated are {', '.join(rated) or 'none'}"
            problems.append(Problem(place=place, what=what, allowed=allowed))
        if mark not in known:
            near = get_close_matches(mark, known, n=1)
            allowed = f"did you mean {near[0]!r}?" if near else f"it gives {', '.join(known)}"
            what = f"the judge gives no {mark!r}"
            problems.append(Problem(place=place, what=what, allowed=allowed))
    if problems:
        raise SpecError(problems)
    return {name: written.get(name, name if name in declared.marks else VALUE) for name in rated}


def metrics_of(spec: Spec) -> tuple[str, ...]:
    """The offline metrics that are shown beside the judge; raises SpecError for unknown ones."""
    written = spec.body["ratings"].get("metrics")
    if written is None:
        return METRIC_NAMES
    problems = []
    for number, name in enumerate(written):
        if name not in METRIC_NAMES:
            near = get_close_matches(name, METRIC_NAMES, n=1)
            allowed = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(METRIC_NAMES)}"
            place = spec.place("ratings", "metrics", number)
            problems.append(Problem(place=place, what=f"no offline metric {name!r}", allowed=allowed))
    if problems:
        raise SpecError(problems)
    return tuple(written)


def gate_problems(
    spec: Spec, items: Sequence[RatedItem], dimensions: Mapping[str, str], metrics: Sequence[str]
) -> Iterator[Problem]:
    """Gates about what no item has, or about gold labels."""
    has_pairs = any(item.pair for item in items)
    for gate in spec.gates:
        place = gate.place or spec.place("gates")
        if gate.statistic in OF_GOLD:
            what = f"gate {gate.name!r}: {gate.statistic} is about gold labels, and this spec has ratings"
            yield Problem(place=place, what=what, allowed=", ".join(STATISTICS))
        if gate.statistic == "pairwise_accuracy" and not has_pairs:
            what = f"gate {gate.name!r}: no caption stands in a pair"
            yield Problem(place=place, what=what, allowed="tau_b, tau_c or spearman")
        if gate.statistic in STATISTICS[:4] and not dimensions:
            what = f"gate {gate.name!r}: no caption has ratings, only pairs"
            yield Problem(place=place, what=what, allowed="pairwise_accuracy")
        wanted = gate.options.get("of")
        if gate.statistic in STATISTICS and dimensions and wanted is not None and wanted not in dimensions:
            what = f"gate {gate.name!r}: no item is rated in {wanted!r}"
            yield Problem(place=place, what=what, allowed=f"of: {' or '.join(dimensions)}")
        for key in ("than", "by"):
            is_less = key == "than" and gate.statistic == "tau_b_difference"
            name = gate.options.get(key, LENGTH if is_less else None)
            if gate.statistic in STATISTICS and name is not None and name not in metrics:
                what = f"gate {gate.name!r}: no offline metric {name!r}"
                yield Problem(place=place, what=what, allowed=f"{key}: {' or '.join(metrics)}")
