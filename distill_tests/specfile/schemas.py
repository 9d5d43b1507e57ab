"""The shipped JSON Schemas (2020-12), read once, and their references."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any, NamedTuple

Schema = Mapping[str, Any]


class Resolved(NamedTuple):
    """A schema and the document that its own ``#/…`` references start from."""

    schema: Any
    root: Schema


@functools.cache
def shipped(name: str) -> Schema:
    """The schema file of that name in ``distill_tests/schema``; raises FileNotFoundError."""
    text = resources.files("distill_tests").joinpath("schema", name).read_text(encoding="utf-8")
    loaded: Schema = json.loads(text)
    return loaded


def resolve(reference: str, root: Schema) -> Resolved:
    """What ``$ref`` points to: ``#/…`` in ``root``, or another shipped file."""
    file, _, pointer = reference.partition("#")
    base = shipped(file) if file else root
    found: Any = base
    for part in filter(None, pointer.split("/")):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return Resolved(found, base)


def resolved(schema: Any, root: Schema) -> Schema:
    """The schema itself, or the one that it only refers to."""
    if isinstance(schema, Mapping) and "$ref" in schema and "examples" not in schema:
        return resolved(*resolve(schema["$ref"], root))
    return schema if isinstance(schema, Mapping) else {}
