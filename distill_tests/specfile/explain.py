"""What jsonschema found, in words for people: one function a keyword."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from jsonschema import Draft202012Validator, ValidationError

from distill_tests.specfile.breach import Breach, Fault
from distill_tests.specfile.schemas import Schema
from distill_tests.specfile.wording import (
    begun,
    choice,
    kinds_of_value,
    label,
    listed,
    missing,
    near,
    pattern_in_words,
    plainly,
    shown,
    type_hint,
    wide_in_name,
)
from distill_tests.specfile.yamltext import UNREAD
from distill_tests.types import Pointer

MOST_FAULTS: Final = 500
"""Nobody mends more at once, and near misses take time."""


Words: TypeAlias = Callable[[Breach], Iterable[Fault]]


def explained(errors: Iterable[ValidationError], at: Pointer) -> list[Fault]:
    """The faults in order, each once.

    Of a value of the wrong sort nothing else is said, and a key that is only misspelt is not missing.
    """
    breaches = [_breach(error, at) for error in errors if error.instance is not UNREAD]
    decisive: dict[Pointer, Breach] = {}
    for keyword in ("type", "enum", "const"):
        for one in breaches:
            if one.keyword == keyword:
                decisive.setdefault(one.at, one)
    faults: dict[Fault, None] = {}
    for one in breaches:
        if one.keyword == "propertyNames" or decisive.get(one.at, one) is one:
            faults |= dict.fromkeys(WORDS.get(one.keyword, _other)(one))
    meant = {(fault.at[:-1], missing([fault.meant], fault.at[:-1])) for fault in faults if fault.meant}
    return [fault for fault in faults if (fault.at, fault.what) not in meant][:MOST_FAULTS]


def _breach(error: ValidationError, at: Pointer) -> Breach:
    demand: Any = error.validator_value
    return Breach(
        at=(*at, *error.absolute_path),
        value=error.instance,
        keyword=str(error.validator),
        demand=demand,
        schema=error.schema,
        inner=error.context or (),
    )


def _other(broken: Breach) -> Iterator[Fault]:
    yield broken.fault(f"{broken.label} is not allowed here")


# --- values of the wrong sort -------------------------------------------------------------------


def _type(broken: Breach) -> Iterator[Fault]:
    names = [broken.demand] if isinstance(broken.demand, str) else broken.demand
    yield _wrong_type(broken, names, broken.schema)


def _wrong_type(broken: Breach, names: list[str], schema: Schema) -> Fault:
    """``schema``: the one of the types ``names`` that may say more of a mapping."""
    wide = wide_in_name(broken.value) if "string" not in names else None
    if wide is not None:
        return broken.fault(wide[0], allowed=wide[1])
    if broken.value is None:
        examples = schema.get("examples", ())
        example = [f"for example {one}" for one in examples if isinstance(one, str | int | float)]
        allowed = ", ".join([f"it must be {kinds_of_value(names)}", *example[:1]])
        return broken.fault(f"{broken.label} has no value", allowed=allowed)
    hint = type_hint(broken.value, names)
    if hint is None and broken.at and "object" in names and not isinstance(broken.value, Mapping):
        written = _as_mapping(broken.value, schema)
        hint = f"write {written}" if written else None
    return broken.quoting(f"{broken.label} must be {kinds_of_value(names)}", allowed=hint)


def _as_mapping(value: Any, schema: Schema) -> str | None:
    """How the value is written as the mapping that the schema asks for: under the key that can hold it."""
    known = schema.get("properties", {})
    first = next((one for one in schema.get("examples", ()) if isinstance(one, Mapping)), None)
    required = list(schema.get("required", ()))
    needed = required or list(first or ())[:1]
    end = re.search(r"\.(\w+)$", value) if isinstance(value, str) else None
    order = [*([end[1]] if end else []), *needed, *(() if required else known)]
    takes = next((name for name in order if name in known and _takes(known[name], value)), None)
    keys = required or ([takes] if takes else needed)
    return f"{{{', '.join(_entry(key, value, known, key == takes) for key in keys)}}}" if keys else None


def _entry(key: str, value: Any, known: Mapping[str, Schema], takes: bool) -> str:
    if takes:
        return f"{key}: {plainly(value)}"
    inner = known.get(key, {})
    nested = _as_mapping(value, inner) if isinstance(inner, Mapping) and "object" in _types(inner) else None
    return f"{key}: {nested or '…'}"


def _takes(schema: Schema, value: Any) -> bool:
    """Whether a schema fits the value; of a list its first item tells."""
    return Draft202012Validator(schema).is_valid(value[:1] if isinstance(value, list) else value)


def _enum(broken: Breach) -> Iterator[Fault]:
    allowed = broken.demand if broken.keyword == "enum" else [broken.demand]
    wide = wide_in_name(broken.value)
    if wide is not None:
        yield broken.fault(wide[0], allowed=wide[1])
        return
    words = [one for one in allowed if isinstance(one, str)]
    meant = near(broken.value, words) or begun(broken.value, words) if isinstance(broken.value, str) else None
    hint = f"did you mean {meant!r}?" if meant else None
    yield broken.quoting(f"{broken.label} must be {listed(allowed, 'or')}", allowed=hint)


# --- branches: the faults of the one that was most likely meant ---------------------------------


def _branches(broken: Breach) -> Iterable[Fault]:
    if not broken.inner:
        return [broken.quoting(f"{broken.label} fits several descriptions, only one may hold")]
    branches = [branch if isinstance(branch, Mapping) else {} for branch in broken.demand]
    needed = [name for branch in branches if branch.keys() == {"required"} for name in branch["required"]]
    if len(needed) == len(branches):
        return [broken.fault(missing(needed, broken.at))]
    words = [word for branch in branches for word in branch.get("enum", [branch.get("const")]) if word]
    names = [name for branch in branches for name in _types(branch)]
    if isinstance(broken.value, str) and words and "array" in names:
        hint = f"write a list: [{broken.value}]" if len(broken.value) < 60 else None
        return [broken.quoting(f"{broken.label} must be {listed(words, 'or')} or a list", allowed=hint)]
    return _likeliest(broken, len(branches)) or (
        [_wrong_type(broken, names, _mapping_among(branches))] if names else _other(broken)
    )


def _likeliest(broken: Breach, count: int) -> list[Fault]:
    """The shortest list of faults among the branches for values of this type; none if there are none."""
    sides: list[list[ValidationError]] = [[] for _ in range(count)]
    for error in broken.inner:
        if error.relative_schema_path:  # a branch that is false has none, and nothing to say
            sides[int(error.relative_schema_path[0])].append(error)
    typed = [side for side in sides if side and not any(map(_is_wrong_type, side))]
    fitting = [side for side in typed if not any(map(_is_no_word, side))] or typed
    before = len(broken.inner[0].absolute_path) - len(broken.inner[0].relative_path)
    around = broken.at[: len(broken.at) - before]
    return min((explained(side, around) for side in fitting), key=len, default=[])


def _is_wrong_type(error: ValidationError) -> bool:
    return error.validator == "type" and not error.relative_path


def _is_no_word(error: ValidationError) -> bool:
    """Whether a mapping or a list stands where one of some words may: another branch was meant."""
    is_choice = error.validator in ("enum", "const") and not error.relative_path
    return is_choice and isinstance(error.instance, Mapping | list)


def _mapping_among(branches: Iterable[Schema]) -> Schema:
    return next((branch for branch in branches if "object" in _types(branch)), {})


def _types(schema: Schema) -> list[str]:
    names = schema.get("type", [])
    return [names] if isinstance(names, str) else list(names)


def _not(broken: Breach) -> Iterator[Fault]:
    names = broken.demand.get("required", ()) if isinstance(broken.demand, Mapping) else ()
    together = f"{listed(names, 'and')} cannot stand together"
    yield broken.fault(together if names else f"{broken.label} is not allowed here")


# --- keys ---------------------------------------------------------------------------------------


def _unknown_keys(broken: Breach) -> Iterator[Fault]:
    known = broken.schema.get("properties", {})
    patterns = broken.schema.get("patternProperties", {})
    like = broken.schema.get("x-unless-like")
    sought = [name for name in like or () if name not in broken.value]
    strangers = [
        name
        for name in broken.value
        if name not in known and not any(re.search(pattern, name) for pattern in patterns)
        if like is None or wide_in_name(name) or near(name, sought)
    ]
    return (_unknown_key(name, known, broken) for name in strangers[:MOST_FAULTS])


def _unknown_key(name: str, known: Mapping[str, Schema], broken: Breach) -> Fault:
    inside = f" in {broken.label}" if broken.at else ""
    words = (f"unknown key {shown(name)}{inside}", _elsewhere(name, known))
    what, allowed = wide_in_name(name) or words
    return Fault(at=(*broken.at, name), what=what, allowed=allowed, key=True, meant=near(name, known))


def _elsewhere(name: str, known: Mapping[str, Schema]) -> str:
    """A near miss among the keys allowed here, or the key under which the name would be right."""
    parents = [
        parent
        for parent, schema in known.items()
        if isinstance(schema, Mapping) and name in schema.get("properties", ())
    ]
    if parents and near(name, known) is None:
        return f"it belongs under {listed(parents, 'or')}"
    if name.isdecimal():
        return "a comma separates keys here; a decimal number is written with a point"
    return choice(name, known)


def _required(broken: Breach) -> Iterator[Fault]:
    """All that are missing: the library has an error for each, and names it only in its message."""
    for name in broken.demand:
        if name not in broken.value:
            schema = broken.schema.get("properties", {}).get(name, {})
            examples = schema.get("examples", ()) if isinstance(schema, Mapping) else ()
            example = [one for one in examples if isinstance(one, str | int | float)]
            allowed = f"for example {name}: {example[0]}" if example else None
            yield broken.fault(missing([name], broken.at), allowed=allowed)


def _property_names(broken: Breach) -> Iterator[Fault]:
    name = str(broken.at[-1])
    why = next((fault.allowed for fault in explained(broken.inner, ())), None)
    what, allowed = wide_in_name(name) or (f"{shown(name)} cannot be a key here", why)
    yield Fault(at=broken.at, what=what, allowed=allowed, key=True)


def _dependent_required(broken: Breach) -> Iterator[Fault]:
    for name, others in broken.demand.items():
        for other in others if name in broken.value else ():
            if other not in broken.value:
                what = f"{shown(name)} needs {shown(other)} beside it"
                yield Fault(at=(*broken.at, name), what=what, key=True)


# --- sizes, texts, numbers ----------------------------------------------------------------------


def _few(thing: str, unit: str) -> Words:
    def words(broken: Breach) -> Iterator[Fault]:
        has = f"has only {len(broken.value)} of {broken.demand} {unit}"
        yield broken.fault(f"{broken.label} {has if broken.value else f'is an empty {thing}'}")

    return words


def _many(unit: str) -> Words:
    def words(broken: Breach) -> Iterator[Fault]:
        yield broken.fault(
            f"{broken.label} has {len(broken.value)} {unit}", allowed=f"at most {broken.demand}"
        )

    return words


def _bound(word: str) -> Words:
    def words(broken: Breach) -> Iterator[Fault]:
        upper = broken.schema.get("maximum", broken.schema.get("exclusiveMaximum"))
        percent = upper == 1 and 1 < broken.value <= 100
        hint = f"{broken.value:g} % is written {broken.value / 100:g}" if percent else None
        yield broken.quoting(f"{broken.label} must be {word} {broken.demand:g}", allowed=hint)

    return words


def _pattern(broken: Breach) -> Iterator[Fault]:
    what, allowed = wide_in_name(broken.value) or (None, None)
    said = broken.schema.get("patternErrorMessage") or pattern_in_words(broken.demand)
    if what is not None:
        yield broken.fault(what, allowed=allowed)
    elif broken.schema.get("writeOnly"):
        yield broken.fault(f"{broken.label} has the wrong form (its value is not shown)", allowed=said)
    else:
        yield broken.quoting(f"{broken.label} has the wrong form", allowed=said)


def _twice(broken: Breach) -> Iterator[Fault]:
    yield broken.fault(f"{shown(broken.value)} stands twice in {label(broken.at[:-1])}")


WORDS: Final[Mapping[str, Words]] = {
    "type": _type, "enum": _enum, "const": _enum,
    "anyOf": _branches, "oneOf": _branches, "not": _not,
    "additionalProperties": _unknown_keys, "required": _required,
    "propertyNames": _property_names, "dependentRequired": _dependent_required,
    "minProperties": _few("mapping", "keys"), "maxProperties": _many("keys"),
    "minItems": _few("list", "items"), "maxItems": _many("items"), "uniqueItems": _twice,
    "minLength": _few("text", "characters"), "maxLength": _many("characters"), "pattern": _pattern,
    "minimum": _bound("at least"), "maximum": _bound("at most"),
    "exclusiveMinimum": _bound("above"), "exclusiveMaximum": _bound("below"),
}  # fmt: skip
