"""Judges that another judge calls: found by name, with their options and the model they ask."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from distill_tests.errors import DataError, UnknownName
from distill_tests.judges._claim_rows import with_identity
from distill_tests.judges._rubric_rows import read_row as read_rubric_row
from distill_tests.judges._rubric_rows import write_row as write_rubric_row
from distill_tests.registry import Declared, judges
from distill_tests.types import Exhibit, Json, JudgeUse, Model, Score

MOST_CALLS: Final = 1000
"""What a judge of judges may come to: its members' options decide, :class:`Declared` says it."""
WRITTEN: Final[Mapping[str, Any]] = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string", "minLength": 1}},
        },
    ],
    "examples": ["rubric", {"name": "rubric", "votes": 3}],
}
"""How a judge is written among the options of another one."""


class Member(NamedTuple):
    """A judge that is called, and what it is under its options."""

    use: JudgeUse
    declared: Declared


def member(written: Any, *, model: Model | None = None, models: Mapping[str, Model] | None = None) -> Member:
    """The judge that ``written`` names, asking its own model or else ``model``.

    Raises DataError in words for a judge that cannot be called so.
    """
    card = {"name": written} if isinstance(written, str) else written
    if not isinstance(card, Mapping) or not isinstance(card.get("name"), str):
        raise DataError(f"a judge is a name or {{name: …, options}} (got {written!r})")
    try:
        judge = judges.get(card["name"])
    except UnknownName as error:
        raise DataError(str(error)) from None
    if judge.parts is not None:
        raise DataError(f"judge {judge.name!r} calls other judges itself; name those instead")
    options = {key: value for key, value in card.items() if key not in ("name", "model")}
    known = (models or {}).get(card["model"]) if isinstance(card.get("model"), str) else None
    asks = judge.calls[1] > 0
    return Member(
        JudgeUse(name=judge.name, options=options, model=(known or model) if asks else None),
        judge.declared(options),
    )


def with_model(members: Sequence[Member]) -> None:
    """Raises DataError where a member has to ask a model and none is named."""
    for one in members:
        if one.use.model is None and one.declared.calls[0] > 0:
            raise DataError(f"judge {one.use.name!r} asks a model, and none is named")


def version_of(shapes: Mapping[str, Json], members: Sequence[Member]) -> str:
    """64 hexadecimal digits that stand for the members, their options and how they are put together."""
    told = [[one.use.name, one.declared.version, dict(one.use.options)] for one in members]
    whole = json.dumps([shapes, told], sort_keys=True, default=str)
    return hashlib.sha256(whole.encode()).hexdigest()


def signature(version: str, members: Iterable[Member]) -> str:
    """Eight digits for the version and the models that are asked."""
    models = [
        [one.use.model.provider, one.use.model.model, one.use.model.base_url, one.use.model.revision]
        for one in members
        if one.use.model is not None
    ]
    return hashlib.sha256(json.dumps([version, models]).encode()).hexdigest()[:8]


def joined(members: Sequence[Member]) -> Declared:
    """What several judges of one scale are together; raises DataError for judges of different scales."""
    first = members[0]
    for other in members[1:]:
        if other.declared.scale != first.declared.scale:
            scales = f"{first.use.name} scores {_scale(first)}, {other.use.name} {_scale(other)}"
            raise DataError(f"{scales}; they have to agree")
    return Declared(
        scale=first.declared.scale,
        marks={name: bounds for one in members for name, bounds in one.declared.marks.items()},
        calls=(
            sum(one.declared.calls[0] for one in members),
            sum(one.declared.calls[1] for one in members),
        ),
        needs_identity=any(one.declared.needs_identity for one in members),
    )


def _scale(member: Member) -> str:
    low, high = member.declared.scale
    return f"{low:g}..{high:g}"


def read_row(row: Mapping[str, Any], models: Mapping[str, Model]) -> Exhibit:
    """A row as any of the members may need it; what one of them lacks is its trouble, not the row's."""
    return read_rubric_row(with_identity(row, models), models)


def write_row(exhibit: Exhibit, score: Score) -> Mapping[str, Json]:
    return {**write_rubric_row(exhibit, score), "unsure": score.unsure}


def told(score: Score) -> dict[str, Json]:
    """A member's verdict as it stands in the details of the judge that called it."""
    return {
        "judge": score.judge,
        "value": score.value,
        "label": score.label,
        "marks": dict(score.marks),
        "claimed": score.claimed,
        "unsure": score.unsure,
        "reason": score.reason,
        "details": dict(score.details),
    }
