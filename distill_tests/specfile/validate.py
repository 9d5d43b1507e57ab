"""Data against a schema, and where the schema's annotations stand; jsonschema does the work."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from jsonschema import Draft202012Validator, ValidationError, validators

from distill_tests.specfile.breach import Fault
from distill_tests.specfile.explain import MOST_FAULTS, explained
from distill_tests.specfile.schemas import Schema
from distill_tests.types import Pointer

Errors = Iterator[ValidationError]
_STANDARD: Final = Draft202012Validator.VALIDATORS


class Noted(NamedTuple):
    """An annotation met on the way: which, where, and its argument."""

    annotation: str
    at: Pointer
    argument: Any


def check(value: Any, schema: Schema, at: Pointer = ()) -> list[Fault]:
    """What is wrong with the value that stands at ``at``; the schema has no ``$ref`` left."""
    return explained(list(itertools.islice(_Checker(schema).iter_errors(value), MOST_FAULTS)), at)


def noted(value: Any, schema: Schema, at: Pointer = ()) -> list[Noted]:
    """Where the value's annotations stand.

    ``x-pack``: an include, and the schema of the included file; ``x-path``: ``${ENV}`` is expanded;
    ``x-model``: the alias of a model card.
    """
    return [
        Noted(str(mark.validator), (*at, *mark.absolute_path), mark.validator_value)
        for mark in _Annotations(schema).iter_errors(value)
        if mark.validator in _MARKS
    ]


# --- keywords that the library checks without a bound, or without saying where --------------------


def _bounded(keyword: Callable[..., Errors | None]) -> Callable[..., Errors]:
    """Inside a branch the library collects all errors."""
    return lambda *parts: itertools.islice(keyword(*parts) or (), MOST_FAULTS)


def _unique_items(_validator: Any, unique: Any, instance: Any, _schema: Any) -> Errors:
    """In linear time, one error an item."""
    seen = set()
    for index, item in enumerate(instance if unique and isinstance(instance, list) else ()):
        key = _hashable(item)
        if key in seen:
            yield ValidationError("stands twice", path=[index], instance=item)
        seen.add(key)


def _hashable(value: Any) -> Hashable:
    """A key that is the same for JSON's equal values: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, list):
        return "list", tuple(map(_hashable, value))
    if isinstance(value, Mapping):
        return "mapping", frozenset((key, _hashable(inner)) for key, inner in value.items())
    return isinstance(value, bool), value


def _property_names(validator: Any, names: Any, instance: Any, _schema: Any) -> Errors:
    for name in instance if isinstance(instance, dict) else ():
        for error in itertools.islice(validator.descend(name, names), 1):
            yield ValidationError("is no name", path=[name], context=[error])


_Checker: Final[Any] = validators.extend(  # type: ignore[no-untyped-call] # untyped in types-jsonschema
    Draft202012Validator,
    {
        "items": _bounded(_STANDARD["items"]),
        "uniqueItems": _bounded(_unique_items),
        "propertyNames": _bounded(_property_names),
    },
)


# --- annotations: a validator that only goes down, and reports every mark as an "error" -----------


def _mark(_validator: Any, _argument: Any, _instance: Any, _schema: Any) -> Errors:
    yield ValidationError("noted")


def _holding(validator: Any, branches: Any, instance: Any, _schema: Any) -> Errors:
    """Down the branches that hold; a value that fits none is still searched."""
    held = [branch for branch in branches if _Checker(branch).is_valid(instance)]
    for branch in held or branches:
        yield from validator.descend(instance, branch)


def _if(validator: Any, condition: Any, instance: Any, schema: Any) -> Errors:
    holds = _Checker(condition).is_valid(instance)
    for branch in (condition, schema.get("then", True)) if holds else (schema.get("else", True),):
        yield from validator.descend(instance, branch)


_MARKS: Final = ("x-pack", "x-path", "x-model")
_DOWN: Final = ("properties", "patternProperties", "additionalProperties", "items", "allOf")
_Annotations: Final[Any] = validators.create(
    meta_schema={},
    validators={
        **{keyword: _STANDARD[keyword] for keyword in _DOWN},
        **dict.fromkeys(("anyOf", "oneOf"), _holding),
        "if": _if,
        **dict.fromkeys(_MARKS, _mark),
    },
)
