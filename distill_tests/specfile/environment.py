"""``${NAME}`` in paths, addresses and model ids."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

REFERENCE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Expanded(NamedTuple):
    """``text`` with every known variable in place; ``absent`` are known to be optional and unset."""

    text: str
    absent: tuple[str, ...]
    faults: tuple[tuple[str, str], ...]
    """What is wrong and what is allowed, for each reference that cannot be expanded."""


def expanded(text: str, environ: Mapping[str, str], *, optional: Collection[str] = ()) -> Expanded:
    """The text with ``${NAME}`` replaced; an unset variable of ``optional`` is left as it stands."""
    absent: list[str] = []
    faults: list[tuple[str, str]] = []

    def replaced(found: re.Match[str]) -> str:
        name = found[1]
        if not _NAME.fullmatch(name):
            faults.append((f"'${{{name}}}' names no environment variable", "letters, digits and '_' only"))
        elif environ.get(name):
            return environ[name]
        elif name in optional:
            absent.append(name)
        else:
            what = f"the environment variable {name!r} is not set"
            faults.append(
                (what, "set it, or list it under 'requires': then this is skipped where it is unset")
            )
        return found[0]

    return Expanded(REFERENCE.sub(replaced, text), tuple(absent), tuple(faults))
