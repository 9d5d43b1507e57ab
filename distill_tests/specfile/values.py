"""What JSON Schema thinks of values: their types, and when two are equal."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any, Final

_TYPES: Final[Mapping[str, type]] = {
    "string": str, "boolean": bool, "array": list, "object": dict, "null": type(None),
}  # fmt: skip


def is_of_type(value: Any, name: str) -> bool:
    """Whether the value is of a JSON Schema type; a float without fraction is an integer."""
    if name in _TYPES:
        return isinstance(value, _TYPES[name])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and (name == "number" or isinstance(value, int) or value.is_integer())


def hashable(value: Any) -> Hashable:
    """A key that is the same for JSON's equal values: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, list):
        return "list", tuple(map(hashable, value))
    if isinstance(value, Mapping):
        return "mapping", frozenset((key, hashable(inner)) for key, inner in value.items())
    return isinstance(value, bool), value
