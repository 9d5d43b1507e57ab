"""What stands beside a gate's verdict, for terminal and Markdown: what changed, which groups fail."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from distill_tests.claimmatrix import OWN, named
from distill_tests.display import visible
from distill_tests.gates.baselines.pairs import beside
from distill_tests.gates.tally import exact
from distill_tests.gates.words import number
from distill_tests.record import Record, drawn_cases_of
from distill_tests.types import Gate

MOST_NAMED = 20
"""Cases or groups that a report names in one place; run.jsonl has more."""
FEW_NAMED = 3
"""The same in a terminal."""


def threshold_words(gate: Record) -> str:
    """Such as ``required at most 0.02``, or ``required at most 0.02 above the baseline``."""
    if gate.get("baseline"):
        return f"required {_beside(gate['at_most'], gate['at_least'], gate['baseline'].get('control'))}"
    of = f" ({across_words(gate)})" if gate.get("across") else ""
    if gate["at_most"] is not None:
        return f"required at most {_limit(gate, 'at_most')}{of}"
    return f"required at least {_limit(gate, 'at_least')}{of}"


def _limit(gate: Record, side: str) -> str:
    """The threshold as the gate's explanation writes it."""
    return f"{gate[side]:g}" if gate.get("across") else number(exact(gate[side]))


def plan_words(gate: Gate) -> str:
    """What decides a gate against a baseline, or one across targets; for ``--plan``."""
    if gate.baseline is not None:
        how = "as soon as the answers carry it" if gate.stop_early else "when the set is complete"
        return f"{_beside(gate.at_most, gate.at_least, gate.baseline.control)}, {how}"
    what = (
        "decided by all targets together"
        if gate.across == "together"
        else f"the {gate.across} of all targets"
    )
    return f"{what}, when every set is complete"


def _beside(at_most: float | None, at_least: float | None, control: str | None) -> str:
    """``at most 0.02 above the baseline``; relative to a control in the direction that its spec writes."""
    if control is None:
        if at_most is not None:
            return f"at most {at_most:g} above the baseline"
        return f"at most {-(at_least or 0.0):g} below the baseline"
    side, by = ("at most", at_most) if at_most is not None else ("at least", at_least or 0.0)
    return f"{side} {abs(by):g} {'below' if by < 0 else 'above'} the control {control}"


def across_words(gate: Record) -> str:
    """What a gate over all targets looks at."""
    return {
        "worst": "worst target",
        "mean": "mean of targets",
        "spread": "spread of targets",
        "together": "of all targets together",
    }[gate["across"]]


def changed_lines(gate: Record, *, most: int = MOST_NAMED) -> Iterator[str]:
    """The cases that got worse than in the baseline, and those that got better, by id."""
    compared = gate.get("comparison") or {}
    what = beside((gate.get("baseline") or {}).get("control"))
    for way in [way for way in ("worse", "better") if way in compared]:
        told = compared[way]
        if told["count"]:
            yield f"{way} than {what}: {_named(told['cases'], told['count'], most)}"


def failing_lines(gate: Record, *, most: int = MOST_NAMED, found_only: bool = False) -> Iterator[str]:
    """The groups whose own rate is beyond the threshold; that none can be named, where the gate failed.

    ``found_only`` leaves the latter out.
    """
    told = gate.get("failing", ())
    found = [one for one in told if one["found"]]
    for one in found:
        names = [f"{group['name']} ({group['wrong']:g} of {group['n']})" for group in one["found"]]
        what = f"{_plural(one['dimension'])} {_beyond(gate)} for themselves"
        yield f"{what}: {_named(names, len(names), most)}; {_method(one)}"
    if told and not found and gate["verdict"] == "failed" and not found_only:
        dimensions = " or ".join(one["dimension"] for one in told)
        by = _method(told[0], count=False)
        yield f"no single {dimensions} has enough answers to be named ({by})"


def _beyond(gate: Record) -> str:
    if gate["at_most"] is not None:
        return f"above {_limit(gate, 'at_most')}"
    return f"below {_limit(gate, 'at_least')}"


def _method(one: Record, *, count: bool = True) -> str:
    of = f" of {one['of']}" if count else ""
    return f"{one['method']} at {100 * one['alpha']:g} %{of}"


def _plural(noun: str) -> str:
    return f"{noun}s"


def _named(names: Sequence[str], count: int, most: int) -> str:
    more = f" and {count - most} more" if count > most else ""
    return ", ".join(visible(name) for name in names[:most]) + more


# --- answers beyond the stop ----------------------------------------------------------------------

_BEYOND = "beyond the stop, in flight or asked for other gates: stored, not counted"


def beyond_note(count: int) -> str:
    """That so many answers came after a gate had decided."""
    return f"{_answers(count)} {_BEYOND}"


def beyond_of(gate: Record) -> int:
    """How many answers a gate's notes say came after it had decided; see :func:`is_beyond`."""
    return sum(int(note.partition(" ")[0]) for note in gate["notes"] if is_beyond(note))


def is_beyond(note: str) -> bool:
    """Whether a note is one of :func:`beyond_note`."""
    return re.fullmatch(rf"\d+ answers? {re.escape(_BEYOND)}", note) is not None


def _answers(count: int) -> str:
    return "1 answer" if count == 1 else f"{count} answers"


# --- examples -------------------------------------------------------------------------------------

EXAMPLES = 3
"""Answers that stand under a gate that failed."""
_BEFORE = 20
"""Characters shown before what the judge marked, where that is far from the start."""


def example_lines(gate: Record, records: Sequence[Record], mark: str | None) -> Iterator[str]:
    """The first answers that count against a gate: the case, what the judge said, how the answer goes.

    ``mark`` is the one whose rate the gate holds; without it a case's own verdict tells.
    """
    shown = 0
    for row in drawn_cases_of(records):
        mine = row["target"] == gate["target"] or gate.get("across")
        wrong = next((trial for trial in row["trials"] if _is_wrong(trial, gate, mark)), None)
        if row["spec"] == gate["spec"] and mine and wrong is not None:
            yield f"e.g. {visible(row['id'])}: {_said(wrong)}"
            shown += 1
        if shown == EXAMPLES:
            return


def _is_wrong(trial: Record, gate: Record, mark: str | None) -> bool:
    score = trial["score"]
    if score["value"] is None:
        return False
    if mark not in score["marks"]:
        return bool(trial["wrong"])
    return bool((score["marks"][mark] >= 0.5) == (gate["at_most"] is not None))


def _said(trial: Record) -> str:
    score = trial["score"]
    claimed = score["claimed"] if score["claimed"] != OWN else None
    told = f"claims {named(claimed)}" if claimed else score["reason"] or score["label"]
    start = max(0, min((span["start"] for span in score["evidence"]), default=0) - _BEFORE)
    quoted = trial["answer"][start:].strip() or "nothing"
    return f"{visible(told)}; {'… ' if start else ''}{visible(quoted[:300])}"
