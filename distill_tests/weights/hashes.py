"""SHA-256 of big files, read again only when the file has changed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path


def read_sha256(path: Path) -> str:
    """The SHA-256 of the file's bytes, all of them read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_sha256(path: Path, *, cache: Path, read: Callable[[Path], str] = read_sha256) -> str:
    """The SHA-256 of a file, from the note in ``cache`` if size and time of change are those noted."""
    try:
        known = json.loads(_note(path, cache).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = None
    if isinstance(known, dict) and [known.get("size"), known.get("mtime_ns")] == _stamp(path):
        return str(known.get("sha256"))
    found = read(path)
    remember(path, found, cache=cache)
    return found


def remember(path: Path, sha256: str, *, cache: Path) -> None:
    """Note the SHA-256 of a file as it is now."""
    size, mtime_ns = _stamp(path)
    text = json.dumps({"path": str(path.resolve()), "size": size, "mtime_ns": mtime_ns, "sha256": sha256})
    note = _note(path, cache)
    partial = note.with_suffix(f".{os.getpid()}")
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(note)
    except OSError:
        return  # a cache folder that cannot be written costs time, nothing else


def _note(path: Path, cache: Path) -> Path:
    return cache / "hashes" / f"{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:24]}.json"


def _stamp(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]
