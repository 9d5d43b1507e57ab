"""``cascade``: a cheap judge first, a second one only where the first is unsure.

The first judge's verdict stands unless it is unsure or unscored.  Then the second decides; where that one
has no verdict either, the answer is unscored, or with ``if_unscored: first`` the first verdict stands.
Which judge decided stands in the details and in the judge's name: ``cascade@1a2b3c4d:rubric@5e6f7a8b``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

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

FIRST, THEN = "claims", "rubric"
OPTIONS: Mapping[str, Any] = {
    "first": {**WRITTEN, "default": FIRST, "description": "The judge that sees every answer."},
    "then": {
        **WRITTEN,
        "default": THEN,
        "description": "The judge that sees what the first is unsure of: its name, or {name: …, options}.",
    },
    "if_unscored": {
        "enum": ["unscored", "first"],
        "default": "unscored",
        "description": "What stands where the second judge gives no verdict: none, or the first one's.",
    },
}


def parts(options: Mapping[str, Any]) -> Sequence[Part]:
    return tuple(
        Part(at=(key,) if key in options else (), written=options.get(key, default))
        for key, default in (("first", FIRST), ("then", THEN))
    )


def _members(
    options: Mapping[str, Any], *, model: Model | None = None, models: Mapping[str, Model] | None = None
) -> tuple[Member, Member]:
    first, then = (member(part.written, model=model, models=models) for part in parts(options))
    return first, then


def declared(options: Mapping[str, Any]) -> Declared:
    """What the two judges are together; raises DataError where they cannot stand for each other."""
    return _together(options, *_members(options))


def _together(options: Mapping[str, Any], first: Member, then: Member) -> Declared:
    both = joined((first, then))
    shapes: dict[str, Json] = {"judge": "cascade", "if_unscored": options.get("if_unscored", "unscored")}
    return replace(
        both,
        calls=(first.declared.calls[0], both.calls[1]),
        version=version_of(shapes, (first, then)),
    )


@judge(
    "cascade",
    options=OPTIONS,
    calls=(0, MOST_CALLS),
    rows=Rows(read=read_row, write=write_row),
    declare=declared,
    parts=parts,
)
async def cascade(
    exhibit: Exhibit, *, ask: Ask, model: Model | None, models: Mapping[str, Model], **options: Any
) -> Score:
    """The first judge's verdict, or the second's where the first is unsure."""
    first, then = _members(options, model=model, models=models)
    with_model((first, then))
    version = _together(options, first, then).version
    name = f"cascade@{signature(version, (first, then))}"
    one = await judging(first.use, ask=ask)(exhibit)
    details: dict[str, Json] = {"version": version, "first": told(one), "then": None}
    if one.value is not None and not one.unsure:
        return replace(one, judge=f"{name}:{one.judge}", details={"decided_by": first.use.name, **details})
    two = await judging(then.use, ask=ask)(exhibit)
    details["then"] = told(two)
    doubt = f"{first.use.name} was {'unsure' if one.value is not None else 'without a verdict'}"
    if two.value is None and options.get("if_unscored") == "first" and one.value is not None:
        return replace(
            one,
            judge=f"{name}:{one.judge}",
            reason=f"{one.reason} ({doubt}, and {then.use.name} has no verdict: {two.reason})",
            details={"decided_by": first.use.name, **details},
        )
    return replace(
        two,
        judge=f"{name}:{two.judge}",
        reason=f"{two.reason} ({doubt})",
        details={"decided_by": then.use.name if two.value is not None else None, **details},
    )
