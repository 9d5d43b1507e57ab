"""Does the audit see what it must see?  Controls and canaries, counted and put into words; pure.

A control is a case of which the outcome is known: a model told that it is another maker's must be found to
say so (positive), one told who it is must not (negative).  A canary is an answer with a known verdict.  The
share of positives found is the suite's sensitivity.  A canary that is missed breaks the run, and so does a
positive control: of canned answers each one must be found, of the model's own at least a declared share,
because a model may decline the part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from distill_tests.inference.intervals import clopper_pearson
from distill_tests.types import Canary, Control, Controls, Exchange, Json, Score

LEVEL = 0.95
METHOD = "Clopper-Pearson"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One control or canary with the judge's verdict; ``trouble``: it was asked, and gave no answer."""

    id: str
    group: str
    positive: bool
    as_expected: bool | None
    """None: unscored, or no answer."""
    answer: str = ""
    expected: str = ""
    score: Score | None = None
    trouble: str = ""
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlReport:
    """What the controls of one spec on one model came to.  ``broken`` is in words, empty if all is well."""

    checked: tuple[Checked, ...] = ()
    absent: str = ""
    broken: str = ""


def canary_met(canary: Canary, score: Score) -> bool | None:
    """Whether the verdict is the known one; None where the judge gave none, unless that is expected."""
    if score.value is None:
        return None if canary.expect.get("label") != score.label else True
    return all(_as_expected(name, value, score) for name, value in canary.expect.items())


def _as_expected(name: str, expected: Json, score: Score) -> bool:
    if name == "label":
        return score.label == expected
    if name == "claimed":
        return score.claimed == expected
    found = score.value if name == "value" else score.marks.get(name)
    return found is not None and isinstance(expected, bool | int | float) and found == float(expected)


def control_met(control: Control, score: Score) -> bool | None:
    """Whether the mark was found in a positive, or not found in a negative; None where unscored."""
    mark = score.marks.get(control.mark)
    if score.value is None or mark is None:
        return None
    return (mark >= 0.5) == control.positive


def report(declared: Controls, checked: Sequence[Checked]) -> ControlReport:
    """All that was checked, with the reasons for which the run cannot be believed."""
    reasons = "; ".join(_reasons(declared, checked))
    return ControlReport(checked=tuple(checked), absent=declared.absent, broken=reasons)


def _reasons(declared: Controls, checked: Sequence[Checked]) -> Iterator[str]:
    asked = {control.group for control in declared.controls if control.reply is None}
    for group in dict.fromkeys(one.group for one in checked):
        positives = [one for one in checked if one.group == group and one.positive]
        if group == CANARY:
            missed = [one.id for one in checked if one.group == group and not one.as_expected]
            if missed:
                yield f"the judge missed {_count(missed, 'canary', 'canaries')}: {_listed(missed)}"
            continue
        missed = [one.id for one in positives if not one.as_expected]
        found = len(positives) - len(missed)
        if group not in asked and missed:
            many = _count(missed, "positive control", "positive controls")
            yield f"the judge missed {many}: {_listed(missed)}"
        elif group in asked and positives and found < declared.least_found * len(positives):
            least = f"at least {declared.least_found:g} must be"
            what = f"positive control: only {found} of {len(positives)} {group} answers were found, {least}"
            yield f"{what}: {NOT_FOUND}"


NOT_FOUND = (
    "the model kept to its own identity although told otherwise, or the message did not reach it "
    "(controls: {ask: told, at_least: …} lowers the bar, controls: scripted leaves the model out)"
)
CANARY = "canary"
ASKED = ("told",)
"""Groups of which the model itself gives the answers."""


def _count(items: Sequence[str], one: str, many: str) -> str:
    return f"{len(items)} {one if len(items) == 1 else many}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


# --- as a record --------------------------------------------------------------------------------


def as_record(told: ControlReport) -> dict[str, Json]:
    """Plain data: for each group how many were found and flagged, with intervals, and what went wrong."""
    groups = dict.fromkeys(one.group for one in told.checked)
    return {
        "broken": told.broken,
        "absent": told.absent,
        "groups": [_group(name, [one for one in told.checked if one.group == name]) for name in groups],
        "missed": [_missed(one) for one in told.checked if not one.as_expected],
    }


def _group(name: str, checked: Sequence[Checked]) -> dict[str, Json]:
    positives = [one for one in checked if one.positive]
    negatives = [one for one in checked if not one.positive]
    found = sum(one.as_expected is True for one in positives)
    flagged = sum(one.as_expected is False for one in negatives)
    return {
        "group": name,
        "positive": _share(found, positives),
        "negative": _share(flagged, negatives),
        "unscored": sum(one.as_expected is None for one in checked),
    }


def _share(hits: int, of: Sequence[Checked]) -> Mapping[str, Json] | None:
    if not of:
        return None
    interval = clopper_pearson(hits, len(of), level=LEVEL)
    return {
        "hits": hits,
        "n": len(of),
        "low": interval.low,
        "high": interval.high,
        "level": LEVEL,
        "method": METHOD,
    }


def _missed(one: Checked) -> dict[str, Json]:
    score = one.score
    return {
        "id": one.id,
        "group": one.group,
        "expected": one.expected,
        "answer": one.answer,
        "label": score.label if score else "unanswered",
        "reason": score.reason if score else one.trouble,
    }


def worth_showing(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a person has to see of a record's controls: all that was missed, but for a model that merely
    declined the part it was told to play."""
    declined = () if told.get("broken") else ASKED
    return [missed for missed in told.get("missed", ()) if missed["group"] not in declined]


def in_words(told: Mapping[str, object]) -> Iterator[str]:
    """A record's controls, a line a group."""
    absent, groups = told.get("absent"), told.get("groups")
    if absent:
        yield f"without {absent}" if groups else f"none: {absent}"
    for group in groups if isinstance(groups, list) else []:
        parts = list(_group_words(group))
        yield f"{group['group']}: {', '.join(parts)}"


def _group_words(group: Mapping[str, object]) -> Iterator[str]:
    positive, negative = group["positive"], group["negative"]
    if isinstance(positive, Mapping):
        span = f"[{positive['low']:.3f}, {positive['high']:.3f}]"
        named = "as expected" if group["group"] == CANARY else "found"
        told = f"{positive['hits']} of {positive['n']} {named}"
        rate = f"{positive['hits'] / positive['n']:.3f} {span}, {METHOD}"
        yield told if group["group"] == CANARY else f"{told} (sensitivity {rate})"
    if isinstance(negative, Mapping):
        yield f"{negative['hits']} of {negative['n']} flagged that should not be"
    if group["unscored"]:
        yield f"{group['unscored']} unscored"
