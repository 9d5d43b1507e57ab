"""A folder in which made pictures are kept under the hash of all that made them.

A result is its PNG files and, written last, one JSON file that names them with their SHA-256.  Every file is
written under another name first and then moved into place, so that a reader sees a whole file or none; what
does not have the hash it should have is made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from distill_tests.errors import DataError
from distill_tests.types import Image


class Kept(NamedTuple):
    """Pictures, and plain data that belong to them."""

    images: tuple[Image, ...]
    told: dict[str, Any]


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def kept(folder: Path, key: str, make: Callable[[], Kept]) -> Kept:
    """What is kept under ``key``, or what ``make`` gives, which then is kept; raises DataError."""
    found = _read(folder, key)
    if found is not None:
        return found
    made = make()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = []
        for number, image in enumerate(made.images, start=1):
            names.append(f"{key}-{number}.png")
            _write(folder / names[-1], image.data)
        _write(folder / f"{key}.json", _manifest(names, made))
    except OSError as error:
        raise DataError(f"cannot keep frames in {folder}: {error.strerror or error}") from None
    return made


def _manifest(names: Sequence[str], made: Kept) -> bytes:
    files = [
        {"file": name, "media_type": image.media_type, "sha256": sha256_of(image.data)}
        for name, image in zip(names, made.images, strict=True)
    ]
    return json.dumps({"files": files, "told": made.told}, indent=1, sort_keys=True).encode()


def _read(folder: Path, key: str) -> Kept | None:
    try:
        document = json.loads((folder / f"{key}.json").read_bytes())
        images = [_image(folder, entry) for entry in document["files"]]
        told = dict(document["told"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return Kept(tuple(images), told)


def _image(folder: Path, entry: Mapping[str, Any]) -> Image:
    """Raises ValueError for a file that is not what was written."""
    data = (folder / Path(entry["file"]).name).read_bytes()
    if sha256_of(data) != entry["sha256"]:
        raise ValueError("another picture")
    return Image(media_type=str(entry["media_type"]), data=data)


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
