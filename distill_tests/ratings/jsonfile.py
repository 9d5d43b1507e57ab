"""One JSON document, read whole and bounded, and the lines on which its keys stand."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Final

from distill_tests.errors import DataError

LARGEST_BYTES: Final = 500_000_000
MOST_LOST: Final = 100
"""Keys that are written in a way that is not looked for; each costs a pass over the rest of the file."""


class Document:
    """A document's ``data``, and where its keys are.  ``NaN`` is read as a number that is none."""

    def __init__(self, path: Path) -> None:
        """Raises DataError, with the place, for what is no JSON."""
        self.path = path
        try:
            size = path.stat().st_size
            if size > LARGEST_BYTES:
                raise DataError(f"{path}:1:1: has {size:,} bytes; at most {LARGEST_BYTES:,} are read")
            raw = path.read_bytes()
            self._text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{path}:1:1: not UTF-8 (byte {error.start + 1})") from None
        except OSError as error:
            raise DataError(f"{path}:1:1: cannot be read: {error.strerror or error}") from None
        self.sha256 = hashlib.sha256(raw).hexdigest()
        try:
            self.data: Any = json.loads(self._text, object_pairs_hook=_object)
        except json.JSONDecodeError as error:
            raise DataError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from None
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}:1:1: not usable JSON: {error}") from None
        self._from, self._line, self._lost = 0, 1, 0

    def line_of(self, key: str) -> int:
        """The line of a key of the outermost object, for keys asked in the file's order; else that before."""
        if self._lost >= MOST_LOST:
            return self._line
        pattern = re.compile(
            re.escape(json.dumps(key)) + r"\s*:|" + re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:"
        )
        match = pattern.search(self._text, self._from)
        if match is not None:
            self._line += self._text.count("\n", self._from, match.start())
            self._from = match.start()
        else:
            self._lost += 1
        return self._line


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"key {key[:60]!r} given twice in one object")
            seen.add(key)
    return found
