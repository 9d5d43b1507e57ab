"""The shipped JSON Schemas (2020-12), read once, and how schemas are put together."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from referencing import Registry
from referencing.jsonschema import DRAFT202012

from distill_tests.errors import DistillError

Schema = Mapping[str, Any]


@functools.cache
def shipped(name: str) -> Schema:
    """The schema file of that name in ``distill_tests/schema``; raises FileNotFoundError."""
    text = resources.files("distill_tests").joinpath("schema", name).read_text(encoding="utf-8")
    loaded: Schema = json.loads(text)
    return loaded


@functools.cache
def whole(reference: str) -> Schema:
    """The shipped schema (``spec.json``, ``spec.json#/$defs/gate``) with all its ``$ref``s written in."""
    return inlined({"$ref": reference})


def inlined(schema: Schema) -> Schema:
    """The schema with every ``$ref`` replaced by what it names, in itself or in a shipped file.

    So a message finds examples and other keys beside a keyword, and checking needs no look-ups.
    Raises DistillError for a schema that contains itself.
    """
    registry = _files().with_resource("", DRAFT202012.create_resource(schema))
    result: Schema = _inlined(schema, registry.resolver(), {})
    return result


@functools.cache
def _files() -> Registry[Any]:
    names = [file.name for file in resources.files("distill_tests").joinpath("schema").iterdir()]
    found = ((name, DRAFT202012.create_resource(shipped(name))) for name in names if name.endswith(".json"))
    empty: Registry[Any] = Registry()
    return empty.with_resources(found).crawl()


def _inlined(schema: Any, resolver: Any, done: dict[int, Any]) -> Any:
    """``done``: what has been written in already, by the identity of the target; None while inside it."""
    if isinstance(schema, list):
        return [_inlined(one, resolver, done) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    own = {name: _inlined(one, resolver, done) for name, one in schema.items() if name != "$defs"}
    if not isinstance(reference := own.pop("$ref", None), str):
        return own
    found = resolver.lookup(reference)
    target = id(found.contents)
    if target not in done:
        done[target] = None
        done[target] = _inlined(found.contents, found.resolver, done)
    if done[target] is None:
        raise DistillError(f"a schema of specs contains itself by {reference!r}")
    return {**done[target], **own}


def closed(common: Schema, own: Schema, *, unless_like: Sequence[str] | None = None) -> Schema:
    """A mapping with the ``properties`` of both schemas and no other keys.

    ``unless_like``: others may follow that cannot be known; only a key that looks like one of these,
    where that is missing, is a mistake.
    """
    shared = common.get("properties", {})
    return {
        **own,
        "type": "object",
        "required": [*common.get("required", ()), *own.get("required", ())],
        "properties": {**shared, **own.get("properties", {}), **shared},
        "additionalProperties": False,
        "x-unless-like": unless_like,
    }
