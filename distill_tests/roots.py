"""Which YAML files are ours: those below a directory whose models.yaml holds model cards.

Told from names and raw text, without the YAML library: an ordinary project pays for this only.
"""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path
from typing import Final

CARDS: Final = "models.yaml"
NOT_SPECS: Final = frozenset({"packs", "data"})
_MOST_BYTES: Final = 1_000_000
_SCHEMA = re.compile(rb"distill[-_]tests/\S*models\.json")
_ALIAS = re.compile(rb"[\"']?[A-Za-z0-9][\w.-]*[\"']?\s*:\s*(?:#.*)?$")
_INLINE = re.compile(rb"[\"']?[A-Za-z0-9][\w.-]*[\"']?\s*:\s*\{[^}]*\bprovider[\"']?\s*:")
_PROVIDER = re.compile(rb"[\"']?provider[\"']?\s*(?::|\xef\xbc\x9a)")


def find_root(path: Path, *, stop: Path | None = None) -> Path | None:
    """The nearest directory at or above a YAML file whose models.yaml is ours, or None; never raises.

    None for models.yaml itself and for what lies in a packs/ or data/ folder below that directory.
    ``stop`` is the last directory that is looked at.
    """
    if path.name == CARDS:
        return None
    whole = _whole(path)
    last = None if stop is None else _whole(stop)
    for directory in whole.parents:
        if holds_cards(directory / CARDS):
            inside = whole.relative_to(directory).parts[:-1]
            return None if NOT_SPECS.intersection(inside) else directory
        if directory == last:
            break
    return None


def _whole(path: Path) -> Path:
    """The absolute path without ``..``; links are not followed."""
    return Path(os.path.normpath(path.absolute()))


def holds_cards(path: Path) -> bool:
    """Whether this models.yaml looks like ours, from its text alone; False if it cannot be read."""
    try:
        status = path.stat()
        return _looks_ours(str(path), status.st_mtime_ns, status.st_size)
    except (OSError, ValueError):
        return False


@functools.lru_cache(maxsize=256)
def _looks_ours(path: str, _mtime_ns: int, _size: int) -> bool:
    with Path(path).open("rb") as file:
        text = file.read(_MOST_BYTES)
    return bool(_SCHEMA.search(text)) or _has_card(text)


def _has_card(text: bytes) -> bool:
    """Whether ``provider`` is a key right below an alias in the first column (deeper ones are others')."""
    inner: int | None = None
    for line in text.splitlines():
        bare = line.strip()
        if not bare or bare.startswith(b"#"):
            continue
        indent = len(line) - len(line.lstrip())
        if indent == 0:
            inner = 0 if _ALIAS.match(line) else None
            if _INLINE.match(line):
                return True
        elif inner == 0:
            inner = indent
        if indent and indent == inner and _PROVIDER.match(bare):
            return True
    return False
