"""What stands beside a gate's verdict, for terminal and Markdown: what changed, which groups fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from distill_tests.display import visible
from distill_tests.record import Record
from distill_tests.types import Gate

MOST_NAMED = 20
"""Cases or groups that a report names in one place; run.jsonl has more."""
FEW_NAMED = 3
"""The same in a terminal."""


def threshold_words(gate: Record) -> str:
    """Such as ``required at most 0.02``, or ``required at most 0.02 above the baseline``."""
    if gate.get("baseline"):
        if gate["at_most"] is not None:
            return f"required at most {gate['at_most']:g} above the baseline"
        return f"required at most {-gate['at_least']:g} below the baseline"
    of = f" ({across_words(gate)})" if gate.get("across") else ""
    if gate["at_most"] is not None:
        return f"required at most {gate['at_most']:g}{of}"
    return f"required at least {gate['at_least']:g}{of}"


def plan_words(gate: Gate) -> str:
    """What decides a gate against a baseline, or one across targets; for ``--plan``."""
    if gate.baseline is not None:
        how = "as soon as the answers carry it" if gate.stop_early else "when the set is complete"
        if gate.at_most is not None:
            return f"at most {gate.at_most:g} above the baseline, {how}"
        return f"at most {-(gate.at_least or 0.0):g} below the baseline, {how}"
    what = f"the {gate.across}"
    return f"{what} of all targets, when every set is complete"


def across_words(gate: Record) -> str:
    """What a gate over all targets looks at."""
    return {"worst": "worst target", "mean": "mean of targets", "spread": "spread of targets"}[gate["across"]]


def changed_lines(gate: Record, *, most: int = MOST_NAMED) -> Iterator[str]:
    """The cases that got worse than in the baseline, and those that got better, by id."""
    compared = gate.get("comparison") or {}
    for way in [way for way in ("worse", "better") if way in compared]:
        told = compared[way]
        if told["count"]:
            yield f"{way} than the baseline: {_named(told['cases'], told['count'], most)}"


def failing_lines(gate: Record, *, most: int = MOST_NAMED) -> Iterator[str]:
    """The groups whose own rate is beyond the threshold; that none can be named, where the gate failed."""
    told = gate.get("failing", ())
    found = [one for one in told if one["found"]]
    for one in found:
        names = [f"{group['name']} ({group['wrong']:g} of {group['n']})" for group in one["found"]]
        what = f"{_plural(one['dimension'])} {_beyond(gate)} for themselves"
        yield f"{what}: {_named(names, len(names), most)}; {_method(one)}"
    if told and not found and gate["verdict"] == "failed":
        dimensions = " or ".join(one["dimension"] for one in told)
        by = _method(told[0], count=False)
        yield f"no {dimensions} can be named that is {_beyond(gate)} for itself ({by})"


def _beyond(gate: Record) -> str:
    if gate["at_most"] is not None:
        return f"above {gate['at_most']:g}"
    return f"below {gate['at_least']:g}"


def _method(one: Record, *, count: bool = True) -> str:
    of = f" of {one['of']}" if count else ""
    return f"{one['method']} at {100 * one['alpha']:g} %{of}"


def _plural(noun: str) -> str:
    return f"{noun}s"


def _named(names: Sequence[str], count: int, most: int) -> str:
    more = f" and {count - most} more" if count > most else ""
    return ", ".join(visible(name) for name in names[:most]) + more
