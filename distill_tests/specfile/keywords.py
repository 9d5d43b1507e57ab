"""What each JSON Schema keyword demands, and how its breach is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from distill_tests.specfile import branches
from distill_tests.specfile.schemas import Resolved, Schema, resolved
from distill_tests.specfile.values import hashable, is_of_type
from distill_tests.specfile.wording import (
    kinds_of_value,
    label,
    listed,
    missing,
    near,
    pattern_in_words,
    shown,
    type_hint,
    wide_in_name,
)

if TYPE_CHECKING:
    from distill_tests.specfile.validate import Spot

Handler: TypeAlias = "Callable[[Spot, Any], None]"

# --- keywords that decide whether the others say anything useful -------------------------------


def _type(spot: Spot, argument: Any) -> bool:
    names = [argument] if isinstance(argument, str) else list(argument)
    if any(is_of_type(spot.value, name) for name in names):
        return True
    _wrong_type(spot, names)
    return False


def _wrong_type(spot: Spot, names: list[str]) -> None:
    wide = wide_in_name(spot.value) if "string" not in names else None
    if wide is not None:
        spot.fault(wide[0], allowed=wide[1])
    elif spot.value is None:
        allowed = f"it must be {kinds_of_value(names)}"
        spot.fault(f"{label(spot.at)} has no value", allowed=", ".join([allowed, *_example(spot.schema)]))
    else:
        hint = type_hint(spot.value, names)
        spot.fault(f"{label(spot.at)} must be {kinds_of_value(names)}", got=spot.value, allowed=hint)


def _enum(spot: Spot, argument: Any) -> bool:
    if hashable(spot.value) in map(hashable, argument):
        return True
    wide = wide_in_name(spot.value)
    if wide is not None:
        spot.fault(wide[0], allowed=wide[1])
        return False
    words = [one for one in argument if isinstance(one, str)]
    meant = near(spot.value, words) if isinstance(spot.value, str) else None
    hint = f"did you mean {meant!r}?" if meant else None
    spot.fault(f"{label(spot.at)} must be {listed(argument, 'or')}", got=spot.value, allowed=hint)
    return False


def _const(spot: Spot, argument: Any) -> bool:
    return _enum(spot, [argument])


def _example(schema: Schema) -> list[str]:
    return [f"for example {one}" for one in schema.get("examples", ()) if isinstance(one, str | int | float)][
        :1
    ]


# --- mappings -----------------------------------------------------------------------------------


def _properties(spot: Spot, argument: Any) -> None:
    if isinstance(spot.value, dict):
        spot.keys.properties.append(Resolved(argument, spot.root))
        for name, inner in spot.value.items():
            if name in argument:
                spot.keys.seen.add(name)
                spot.inner(name, inner, argument[name])


def _pattern_properties(spot: Spot, argument: Any) -> None:
    if isinstance(spot.value, dict):
        for name, inner in spot.value.items():
            for pattern, described in argument.items():
                if re.search(pattern, name):
                    spot.keys.seen.add(name)
                    spot.inner(name, inner, described)


def _additional_properties(spot: Spot, argument: Any) -> None:
    if not isinstance(spot.value, dict):
        return
    known, patterns = spot.schema.get("properties", {}), spot.schema.get("patternProperties", {})
    others = {
        name: inner
        for name, inner in spot.value.items()
        if name not in known and not any(re.search(pattern, name) for pattern in patterns)
    }
    if argument is False:
        keys = type(spot.keys)(seen=set(spot.value) - set(others), properties=[Resolved(known, spot.root)])
        spot.walk.unknown(spot.value, keys, spot.at)
    else:
        for name, inner in others.items():
            spot.inner(name, inner, argument)
    spot.keys.seen.update(others)


def _required(spot: Spot, argument: Any) -> None:
    if isinstance(spot.value, dict):
        for name in argument:
            if name not in spot.value:
                described = resolved(spot.schema.get("properties", {}).get(name, {}), spot.root)
                example = [one for one in described.get("examples", ()) if isinstance(one, str | int | float)]
                allowed = f"for example {name}: {example[0]}" if example else None
                spot.fault(missing([name], spot.at), allowed=allowed)


def _property_names(spot: Spot, argument: Any) -> None:
    if isinstance(spot.value, dict):
        for name in spot.value:
            side, _ = spot.walk.trial(name, argument, spot.root, (*spot.at, name))
            for fault in side.faults[:1]:
                wide = wide_in_name(name)
                what, allowed = wide or (f"{shown(name)} cannot be a key here", fault.allowed)
                spot.walk.fault(fault.at, what, allowed=allowed, key=True)


def _min_properties(spot: Spot, argument: Any) -> None:
    if isinstance(spot.value, dict) and len(spot.value) < argument:
        keys = "key" if argument == 1 else "keys"
        spot.fault(
            f"{label(spot.at)} is an empty mapping"
            if not spot.value
            else f"{label(spot.at)} needs {argument} {keys}"
        )


def _max_properties(spot: Spot, argument: Any) -> None:
    if isinstance(spot.value, dict) and len(spot.value) > argument:
        spot.fault(f"{label(spot.at)} has {len(spot.value)} keys", allowed=f"at most {argument}")


def _dependent_required(spot: Spot, argument: Any) -> None:
    if isinstance(spot.value, dict):
        for name in argument.keys() & spot.value.keys():
            for other in argument[name]:
                if other not in spot.value:
                    what = f"{shown(name)} needs {shown(other)} beside it"
                    spot.walk.fault((*spot.at, name), what, key=True)


# --- lists, texts, numbers ----------------------------------------------------------------------


def _items(spot: Spot, argument: Any) -> None:
    if isinstance(spot.value, list):
        for index, item in enumerate(spot.value):
            spot.inner(index, item, argument)


def _min_items(spot: Spot, argument: Any) -> None:
    if isinstance(spot.value, list) and len(spot.value) < argument:
        has = "is an empty list" if not spot.value else f"has only {len(spot.value)} of {argument} items"
        spot.fault(f"{label(spot.at)} {has}")


def _max_items(spot: Spot, argument: Any) -> None:
    if isinstance(spot.value, list) and len(spot.value) > argument:
        spot.fault(f"{label(spot.at)} has {len(spot.value)} items", allowed=f"at most {argument}")


def _unique_items(spot: Spot, argument: Any) -> None:
    if not argument or not isinstance(spot.value, list):
        return
    seen = set()
    for index, item in enumerate(spot.value):
        key = hashable(item)
        if key in seen:
            spot.walk.fault((*spot.at, index), f"{shown(item)} stands twice in {label(spot.at)}")
        seen.add(key)


def _min_length(spot: Spot, argument: Any) -> None:
    if isinstance(spot.value, str) and len(spot.value) < argument:
        short = "is an empty text" if not spot.value else f"is shorter than {argument} characters"
        spot.fault(f"{label(spot.at)} {short}")


def _max_length(spot: Spot, argument: Any) -> None:
    if isinstance(spot.value, str) and len(spot.value) > argument:
        spot.fault(f"{label(spot.at)} has {len(spot.value)} characters", allowed=f"at most {argument}")


def _pattern(spot: Spot, argument: Any) -> None:
    if not isinstance(spot.value, str) or re.search(argument, spot.value):
        return
    wide = wide_in_name(spot.value)
    if wide is not None:
        spot.fault(wide[0], allowed=wide[1])
        return
    said = spot.schema.get("patternErrorMessage") or pattern_in_words(argument)
    hidden = spot.schema.get("writeOnly")
    what = f"{label(spot.at)} has the wrong form" + (" (its value is not shown)" if hidden else "")
    spot.fault(what, got=... if hidden else spot.value, allowed=said)


def _bound(word: str, holds: Callable[[Any, Any], bool]) -> Handler:
    def check(spot: Spot, argument: Any) -> None:
        if is_of_type(spot.value, "number") and not holds(spot.value, argument):
            upper = spot.schema.get("maximum", spot.schema.get("exclusiveMaximum"))
            percent = upper == 1 and 1 < spot.value <= 100
            hint = f"{spot.value:g} % is written {spot.value / 100:g}" if percent else None
            spot.fault(f"{label(spot.at)} must be {word} {argument:g}", got=spot.value, allowed=hint)

    return check


FIRST: Final[Mapping[str, Callable[[Spot, Any], bool]]] = {"type": _type, "enum": _enum, "const": _const}

HANDLERS: Final[Mapping[str, Handler]] = {
    "$ref": branches.ref, "allOf": branches.all_of, "anyOf": branches.any_of, "oneOf": branches.one_of,
    "if": branches.if_then, "not": branches.never,
    "properties": _properties, "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties, "required": _required,
    "propertyNames": _property_names, "minProperties": _min_properties, "maxProperties": _max_properties,
    "dependentRequired": _dependent_required,
    "items": _items, "minItems": _min_items, "maxItems": _max_items, "uniqueItems": _unique_items,
    "minLength": _min_length, "maxLength": _max_length, "pattern": _pattern,
    "minimum": _bound("at least", lambda value, bound: value >= bound),
    "maximum": _bound("at most", lambda value, bound: value <= bound),
    "exclusiveMinimum": _bound("above", lambda value, bound: value > bound),
    "exclusiveMaximum": _bound("below", lambda value, bound: value < bound),
}  # fmt: skip

ANNOTATIONS: Final = frozenset({
    "$schema", "$id", "$comment", "$defs", "title", "description", "examples", "default", "deprecated",
    "readOnly", "writeOnly", "format", "patternErrorMessage", "markdownDescription", "defaultSnippets",
    "type", "enum", "const", "then", "else", "unevaluatedProperties",
})  # fmt: skip
