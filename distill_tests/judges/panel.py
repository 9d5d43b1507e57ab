"""``panel``: several judges on every answer; a rule makes one verdict of theirs, and they are compared.

``majority``: more than half of all members give this value.  ``unanimous``: all of them do.  ``any``: the
highest value that any of them gives, such as a claim that one finds; a low one only where all members have a
verdict.  A member without a verdict is never counted as agreeing.  Each mark is decided like the value; where
no rule decides the value, the answer is unscored.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from distill_tests.errors import DataError
from distill_tests.gathered import gathered
from distill_tests.judges._parts import (
    MOST_CALLS,
    WRITTEN,
    Member,
    joined,
    member,
    read_row,
    signature,
    told,
    version_of,
    with_model,
    write_row,
)
from distill_tests.judging import judging
from distill_tests.registry import Declared, Part, Rows, judge
from distill_tests.types import Ask, Exhibit, Json, Model, Score

RULES = ("majority", "unanimous", "any")
MOST_MEMBERS = 15
OPTIONS: Mapping[str, Any] = {
    "judges": {
        "type": "array",
        "minItems": 2,
        "maxItems": MOST_MEMBERS,
        "items": WRITTEN,
        "description": "The members: each a name, or {name: …, model: …} with its options.",
        "examples": [["claims", {"name": "rubric", "votes": 3}]],
    },
    "rule": {
        "enum": list(RULES),
        "default": "majority",
        "description": "How the members' verdicts become one.",
    },
}


def parts(options: Mapping[str, Any]) -> Sequence[Part]:
    written = options.get("judges")
    members = written if isinstance(written, Sequence) and not isinstance(written, str) else ()
    return tuple(Part(at=("judges", index), written=one) for index, one in enumerate(members))


def _members(
    options: Mapping[str, Any], *, model: Model | None = None, models: Mapping[str, Model] | None = None
) -> tuple[Member, ...]:
    found = tuple(member(part.written, model=model, models=models) for part in parts(options))
    if not 2 <= len(found) <= MOST_MEMBERS:
        raise DataError(f"a panel has 2 to {MOST_MEMBERS} judges, under 'judges' (got {len(found)})")
    if options.get("rule", RULES[0]) not in RULES:
        raise DataError(f"rule must be one of {', '.join(RULES)} (got {options['rule']!r})")
    return found


def declared(options: Mapping[str, Any]) -> Declared:
    """What the members are together; raises DataError where they cannot vote on one scale."""
    return _together(options, _members(options))


def _together(options: Mapping[str, Any], members: Sequence[Member]) -> Declared:
    shapes: dict[str, Json] = {"judge": "panel", "rule": options.get("rule", RULES[0])}
    return replace(joined(members), version=version_of(shapes, members))


@judge(
    "panel",
    options=OPTIONS,
    calls=(0, MOST_CALLS),
    rows=Rows(read=read_row, write=write_row),
    declare=declared,
    parts=parts,
)
async def panel(
    exhibit: Exhibit, *, ask: Ask, model: Model | None, models: Mapping[str, Model], **options: Any
) -> Score:
    """One verdict of all members' by the rule; unsure where they differ, unscored where no rule decides."""
    members = _members(options, model=model, models=models)
    with_model(members)
    together, rule = _together(options, members), options.get("rule", RULES[0])
    version = together.version
    verdicts = await gathered(judging(one.use, ask=ask)(exhibit) for one in members)
    return replace(
        _decided(verdicts, rule, together),
        judge=f"panel@{signature(version, members)}",
        details={
            "version": version,
            "rule": rule,
            "members": [told(one) for one in verdicts],
            "agreement": {"value": _agreement([one.value for one in verdicts]), **_by_mark(verdicts)},
        },
    )


def _decided(verdicts: Sequence[Score], rule: str, scales: Declared) -> Score:
    value = decided([one.value for one in verdicts], rule, top=scales.scale[1])
    counts = ", ".join(f"{one.judge or 'a judge'}: {one.label}" for one in verdicts)
    if value is None:
        return Score(
            value=None, label="unscored", reason=f"no verdict by {rule} of {len(verdicts)} ({counts})"
        )
    found = {
        name: decided(
            [one.marks.get(name) for one in verdicts],
            rule,
            top=scales.marks[name][1] if name in scales.marks else math.inf,
        )
        for name in {name for one in verdicts for name in one.marks}
    }
    marks = {name: mark for name, mark in sorted(found.items()) if mark is not None}
    spokesman = next(
        (one for one in verdicts if one.value == value and dict(one.marks) == marks),
        next(one for one in verdicts if one.value == value),
    )
    differ = any(one.value != value or _differs(one.marks, marks) for one in verdicts)
    return Score(
        value=value,
        label=spokesman.label,
        reason=f"{spokesman.reason} ({rule} of {len(verdicts)}; {counts})",
        evidence=spokesman.evidence,
        marks=marks,
        claimed=spokesman.claimed,
        unsure=differ or len(marks) < len(found),
    )


def _differs(ours: Mapping[str, float], decided_marks: Mapping[str, float]) -> bool:
    return any(ours.get(name, mark) != mark for name, mark in decided_marks.items())


def decided(values: Sequence[float | None], rule: str, *, top: float = 1.0) -> float | None:
    """The value that the rule makes of the members' (``None``: without a verdict); None where it makes none.

    ``top`` is the highest value there is: where one member gives it, ``any`` needs no other.
    """
    scored = [value for value in values if value is not None]
    if not scored:
        return None
    if rule == "any":
        return max(scored) if len(scored) == len(values) or max(scored) >= top else None
    value, count = Counter(scored).most_common(1)[0]
    return value if count == len(values) or (rule == "majority" and 2 * count > len(values)) else None


def _agreement(values: Sequence[float | None]) -> float | None:
    """The share of pairs of members with a verdict that agree; None where fewer than two have one."""
    pairs = list(combinations([value for value in values if value is not None], 2))
    return sum(one == other for one, other in pairs) / len(pairs) if pairs else None


def _by_mark(verdicts: Sequence[Score]) -> dict[str, Json]:
    names = sorted({name for one in verdicts for name in one.marks})
    return {name: _agreement([one.marks.get(name) for one in verdicts]) for name in names}
