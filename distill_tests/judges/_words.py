"""The words of ``data/claims.json``, as lists and as regular expressions."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

_DATA: dict[str, Any] = json.loads(
    files("distill_tests").joinpath("data", "claims.json").read_text(encoding="utf-8")
)


def words(*path: str) -> tuple[str, ...]:
    """The entries at ``path``, such as ``words("en", "make")``."""
    node: Any = _DATA
    for key in path:
        node = node[key]
    return tuple(node)


@cache
def alternation(*path: str) -> str:
    """The entries at ``path`` as alternatives, the longest first."""
    return "|".join(sorted(words(*path), key=len, reverse=True))


@cache
def english(*path: str) -> re.Pattern[str]:
    """Finds any of the entries as whole words."""
    return re.compile(rf"(?<!\w)(?:{alternation(*path)})(?!\w)")


@cache
def chinese(*path: str) -> re.Pattern[str]:
    """Finds any of the entries anywhere."""
    return re.compile(alternation(*path))
