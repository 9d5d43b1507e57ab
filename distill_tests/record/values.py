"""Plain JSON data: what records are made of."""

from __future__ import annotations

import enum
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import PurePath
from typing import Any, TypeAlias

from distill_tests.display import escape_unseen
from distill_tests.types import Json

SCHEMA = 1

Record: TypeAlias = Mapping[str, Any]
"""A record as it is read: ``schema/record.json`` says what is in it."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def plain(value: object) -> Json:
    """``value`` as plain JSON data of exact types.

    NaN and infinities become None (absent), a lone surrogate becomes U+FFFD (so that offsets into
    the text still hold), integers below -2**31 or beyond 64 bits become floats (the wire of xdist
    has no others).  Raises TypeError for an object that has no plain form.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if isinstance(value, (str, PurePath)):
        return _SURROGATE.sub("\ufffd", str(value))
    if isinstance(value, int):
        return int(value) if -(2**31) <= value < 2**64 else _huge(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(plain(str(key))): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    raise TypeError(f"a {type(value).__name__} cannot stand in a record")


def _huge(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def dumps(record: Record | Json) -> str:
    """One line of JSON, harmless to look at in a terminal: nothing in it acts or hides."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return escape_unseen(text)


def fields_of(thing: object, cls: type, *, without: Sequence[str] = ()) -> dict[str, object]:
    """The fields of a dataclass instance by name, as they are."""
    names = [item.name for item in fields(cls) if item.name not in without]
    return {name: getattr(thing, name) for name in names}
