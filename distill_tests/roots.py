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
_SCHEMA = re.compile(rb"(?:distill[-_]tests/\S*|\.schema/)models\.json")
_BLOCK = re.compile(rb"[^\s#-][^#]*(?::|\xef\xbc\x9a)\s*(?:#.*)?$")
_INLINE = re.compile(rb"[^\s#-][^{]*(?::|\xef\xbc\x9a)\s*\{(?P<card>.*)")
_KEY = re.compile(rb"[\"']?(?P<key>[a-z_]+)[\"']?\s*(?::|\xef\xbc\x9a)")
_SPEC_KEY = re.compile(rb"^(?P<key>kind|title)\s*(?::|\xef\xbc\x9a)", re.MULTILINE)
_OURS: Final = frozenset({b"identity", b"target", b"weights", b"transcripts", b"ask_as", b"share_with"})
"""Keys of a model card that other projects' models.yaml hardly has; ``provider`` and ``model`` many have."""


def find_root(path: Path, *, stop: Path | None = None, cautious: bool = True) -> Path | None:
    """The nearest directory at or above a YAML file whose models.yaml is ours, or None; never raises.

    None for models.yaml itself and for what lies in a packs/ or data/ folder below that directory.
    ``stop`` is the last directory that is looked at.  A models.yaml that could be another project's
    counts where the file looks like a spec (it has a kind and a title), or if not ``cautious``.
    """
    if path.name == CARDS:
        return None
    whole = _whole(path)
    last = None if stop is None else _whole(stop)
    for directory in whole.parents:
        cards = directory / CARDS
        if holds_cards(cards, cautious=True) or (
            holds_cards(cards) and (not cautious or _looks_like_a_spec(whole))
        ):
            inside = whole.relative_to(directory).parts[:-1]
            return None if NOT_SPECS.intersection(inside) else directory
        if directory == last:
            break
    return None


def _whole(path: Path) -> Path:
    """The absolute path without ``..``; links are not followed."""
    return Path(os.path.normpath(path.absolute()))


def holds_cards(path: Path, *, cautious: bool = False) -> bool:
    """Whether this models.yaml looks like ours, from its text alone; False if it cannot be read.

    ``cautious``: only if it can hardly be another project's.
    """
    try:
        status = path.stat()
        return _looks_ours(str(path), status.st_mtime_ns, status.st_size, cautious)
    except (OSError, ValueError):
        return False


@functools.lru_cache(maxsize=256)
def _looks_ours(path: str, _mtime_ns: int, _size: int, cautious: bool) -> bool:
    text = _start_of(path)
    return bool(_SCHEMA.search(text)) or _has_card(text, cautious=cautious)


def _looks_like_a_spec(path: Path) -> bool:
    try:
        return len({found["key"] for found in _SPEC_KEY.finditer(_start_of(str(path)))}) == 2
    except (OSError, ValueError):
        return False


def _start_of(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(_MOST_BYTES)


def _has_card(text: bytes, *, cautious: bool) -> bool:
    """Whether a mapping under a first-column key has the keys of a card right below it.

    A misspelt ``provider`` or alias does not make a file somebody else's: its mistakes are to be told.
    """
    keys: set[bytes] = set()
    inner: int | None = None
    for line in text.splitlines():
        bare = line.strip()
        if not bare or bare.startswith(b"#"):
            continue
        indent = len(line) - len(line.lstrip())
        if indent == 0:
            keys, inner = set(), (0 if _BLOCK.match(line) else None)
            inline = _INLINE.match(line)
            if inline and _is_card({found["key"] for found in _KEY.finditer(inline["card"])}, cautious):
                return True
        elif inner == 0:
            inner = indent
        key = _KEY.match(bare)
        if key and indent and indent == inner:
            keys.add(key["key"])
            if _is_card(keys, cautious):
                return True
    return False


def _is_card(keys: set[bytes], cautious: bool) -> bool:
    return (bool(keys & _OURS) and len(keys) > 1) or (not cautious and b"provider" in keys)
