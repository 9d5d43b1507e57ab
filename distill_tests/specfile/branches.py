"""The JSON Schema keywords that are made of schemas, and which branch a person most likely meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from distill_tests.specfile.schemas import Schema, resolve, resolved
from distill_tests.specfile.values import is_of_type
from distill_tests.specfile.wording import label, listed, missing

if TYPE_CHECKING:
    from distill_tests.specfile.validate import Fault, Keys, Spot, Walk


def ref(spot: Spot, argument: Any) -> None:
    target = resolve(argument, spot.root)
    spot.keys.add(spot.walk.check(spot.value, target.schema, target.root, spot.at))


def all_of(spot: Spot, argument: Any) -> None:
    for branch in argument:
        spot.keys.add(spot.walk.check(spot.value, branch, spot.root, spot.at))


def any_of(spot: Spot, argument: Any) -> None:
    _branches(spot, argument, most=len(argument))


def one_of(spot: Spot, argument: Any) -> None:
    _branches(spot, argument, most=1)


def _branches(spot: Spot, branches: list[Any], *, most: int) -> None:
    """Where no branch holds: the faults of the one that was most likely meant."""
    trials = [spot.walk.trial(spot.value, branch, spot.root, spot.at) for branch in branches]
    passed = [(side, found) for side, found in trials if not side.faults]
    if not passed:
        spot.walk.faults.extend(_likeliest(spot, branches, trials))
    elif len(passed) > most:
        spot.fault(f"{label(spot.at)} fits {len(passed)} descriptions, only one may hold", got=spot.value)
    for side, found in passed or trials:
        spot.walk.noted.extend(side.noted)
        spot.keys.add(found)


def _likeliest(spot: Spot, branches: list[Any], trials: list[tuple[Walk, Keys]]) -> list[Fault]:
    described = [resolved(branch, spot.root) for branch in branches]
    needed = [name for schema in described if schema.keys() == {"required"} for name in schema["required"]]
    if len(needed) == len(branches):
        side = type(spot.walk)()
        side.fault(spot.at, missing(needed, spot.at))
        return side.faults
    fitting = [
        (schema, side.faults)
        for schema, (side, _) in zip(described, trials, strict=True)
        if not (names := _type_names(schema)) or any(is_of_type(spot.value, name) for name in names)
    ]
    words = [word for schema in described for word in schema.get("enum", [schema.get("const")]) if word]
    if isinstance(spot.value, str) and words and any("array" in _type_names(schema) for schema in described):
        side = type(spot.walk)()
        hint = f"write a list: [{spot.value}]" if len(spot.value) < 60 else None
        side.fault(
            spot.at, f"{label(spot.at)} must be {listed(words, 'or')} or a list", got=spot.value, allowed=hint
        )
        return side.faults
    if fitting:
        return min((faults for _, faults in fitting), key=len)
    side, _ = spot.walk.trial(
        spot.value, {"type": [n for s in described for n in _type_names(s)]}, {}, spot.at
    )
    return side.faults


def _type_names(schema: Schema) -> list[str]:
    names = schema.get("type", [])
    return [names] if isinstance(names, str) else list(names)


def if_then(spot: Spot, argument: Any) -> None:
    side, found = spot.walk.trial(spot.value, argument, spot.root, spot.at)
    if not side.faults:
        spot.keys.add(found)
    branch = spot.schema.get("else" if side.faults else "then", True)
    spot.keys.add(spot.walk.check(spot.value, branch, spot.root, spot.at))


def never(spot: Spot, argument: Any) -> None:
    side, _ = spot.walk.trial(spot.value, argument, spot.root, spot.at)
    if not side.faults:
        names = argument.get("required", ()) if isinstance(argument, Mapping) else ()
        together = f"{listed(names, 'and')} cannot stand together"
        spot.fault(together if names else f"{label(spot.at)} is not allowed here")
