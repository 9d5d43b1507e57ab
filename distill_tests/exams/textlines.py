"""Lines of a text file that ought to be UTF-8: what it looks like where it is not, in bounded memory."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from distill_tests.exams.findings import Findings

LONGEST_LINE: Final = 4 * 2**20
"""Bytes.  A longer line holds no question anybody is asked; it is named and left out."""
LARGEST_FILE: Final = 512 * 2**20
_HEAD: Final = 4096
_BOM: Final = b"\xef\xbb\xbf"
_WIDE: Final = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
"""Byte order marks, the longer ones first."""
SAVE_AS_UTF8: Final = "save it as UTF-8"


class Lines:
    """The lines of ``path`` with their numbers; None in place of one above the limit.

    What is wrong goes to ``findings``.  ``sha256`` is known when the last line was taken; it is "" of a file
    that was not read to its end.
    """

    def __init__(self, path: Path, findings: Findings) -> None:
        self._path, self._findings = path, findings
        self._has_utf8 = False
        self.sha256 = ""

    def __iter__(self) -> Iterator[tuple[int, str | None]]:
        try:
            if self._path.exists() and not self._path.is_file():
                self._findings.wrong(1, 1, "no regular file")
                return
            with self._path.open("rb") as file:
                if not self._is_refused(file):
                    yield from self._lines(file)
        except OSError as error:
            self._findings.wrong(1, 1, f"cannot be read: {error.strerror or error}")

    def _is_refused(self, file: IO[bytes]) -> bool:
        size, head = self._path.stat().st_size, file.read(_HEAD)
        file.seek(0)
        wide = _wide_encoding(head)
        if not head.removeprefix(_BOM).strip():
            self._findings.wrong(1, 1, "the file is empty")
        elif size > LARGEST_FILE:
            self._findings.wrong(1, 1, f"larger than {LARGEST_FILE // 2**20} MB (got {size // 2**20:,} MB)")
        elif wide:
            self._findings.wrong(1, 1, f"not UTF-8: it looks like {wide}", SAVE_AS_UTF8)
        else:
            return False
        return True

    def _lines(self, file: IO[bytes]) -> Iterator[tuple[int, str | None]]:
        digest, number = hashlib.sha256(), 0
        while raw := file.readline(LONGEST_LINE + 1):
            if self._findings.is_enough:
                return
            number += 1
            digest.update(raw)
            if number == 1 and raw.startswith(_BOM):
                self._findings.put_right(1, 1, "starts with a byte order mark, which is left out")
                raw = raw.removeprefix(_BOM)
            if len(raw) > LONGEST_LINE:
                self._findings.wrong(number, 1, f"a line longer than {LONGEST_LINE // 2**20} MB")
                while raw and not raw.endswith(b"\n"):
                    raw = file.readline(LONGEST_LINE)
                    digest.update(raw)
                yield number, None
                continue
            text = self._text(raw, number)
            if text is None:
                return
            yield number, text
        self.sha256 = digest.hexdigest()

    def _text(self, raw: bytes, number: int) -> str | None:
        """The line; None where the whole file is in another encoding, which is noted once."""
        try:
            text = raw.decode("utf-8")
            self._has_utf8 = self._has_utf8 or not raw.isascii()
        except UnicodeDecodeError as error:
            column = raw.count(b",", 0, error.start) + 1
            byte = f"byte 0x{raw[error.start]:02x} at byte {error.start + 1} of the line"
            if not self._has_utf8:
                guess = looks_like(raw)
                told = f": it looks like {guess}" if guess else ""
                self._findings.wrong(number, column, f"not UTF-8{told} ({byte})", SAVE_AS_UTF8)
                return None
            self._findings.wrong(number, column, f"not UTF-8: {byte}")
            text = raw.decode("utf-8", "replace")
        if "\0" in text:
            column = text.count(",", 0, text.index("\0")) + 1
            self._findings.wrong(number, column, "a NUL character", "text only")
            text = text.replace("\0", "")
        return text


def looks_like(raw: bytes) -> str | None:
    """The encoding that ``raw``, which is not UTF-8, is probably in; None: there is no telling."""
    high = sum(byte >= 0x80 for byte in raw)
    pairs = len(re.findall(rb"[\xa1-\xfe][\xa1-\xfe]", raw))
    if 2 * pairs >= 0.8 * high:
        try:
            raw.decode("gb18030")
        except UnicodeDecodeError:
            return None
        return "GBK (GB 18030)"
    single = len(re.findall(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])", raw))
    return "Windows-1252 or Latin-1" if single >= 0.8 * high else None


def _wide_encoding(head: bytes) -> str | None:
    for mark, name in _WIDE.items():
        if head.startswith(mark):
            return name
    even, odd = head[0::2].count(0), head[1::2].count(0)
    many, few = max(even, odd), min(even, odd)
    return "UTF-16" if many >= 4 and many > len(head) / 50 and few * 4 < many else None
