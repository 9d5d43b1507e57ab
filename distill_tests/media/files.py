"""The bytes of a picture or a clip from a file, or why there are none, in words."""

from __future__ import annotations

from pathlib import Path

from distill_tests.errors import DataError


def bytes_of(path: Path, *, largest: int, what: str) -> bytes:
    """All of a file; raises DataError, with the path, where it is missing, empty, no file or too large."""
    try:
        if not path.exists():
            raise DataError(f"{path}: there is no such file")
        if not path.is_file():
            raise DataError(f"{path}: is not a file")
        size = path.stat().st_size
        if size > largest:
            raise DataError(f"{path}: has {size:,} bytes; {what} has at most {largest:,}")
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise DataError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not data:
        raise DataError(f"{path}: is empty (0 bytes)")
    return data
