"""Text files that people wrote: read whole, bounded, UTF-8, with clear words for what they are not."""

from __future__ import annotations

import os
import re
import stat
from itertools import islice
from pathlib import Path
from typing import Final

from distill_tests.errors import Problem, SpecError
from distill_tests.specfile.wording import near, shown
from distill_tests.types import Place

LARGEST_BYTES: Final = 5_000_000
MOST_NAMES: Final = 1000
"""Of a folder, where a name in it is looked for that one like it was meant to be."""
_LINE_END = re.compile(r"\r\n?|\n")
# What YAML does not let stand raw; line ends of Unicode are refused too, since editors do not count them.
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_BOMS: Final = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def shown_path(path: Path) -> str:
    """The path as messages and node ids show it: relative where it lies below the current directory."""
    whole, here = whole_path(path), Path.cwd()
    return str(whole.relative_to(here) if whole.is_relative_to(here) else whole)


def is_below(folder: Path, written: str) -> bool:
    """Whether a relative path, links followed, stays below a folder (which is resolved).

    A data file comes from elsewhere: it must not have another file of this machine read or sent.
    """
    try:
        return not Path(written).is_absolute() and (folder / written).resolve().is_relative_to(folder)
    except (OSError, ValueError, RuntimeError):  # a NUL in it; links in a circle
        return False


def whole_path(path: Path) -> Path:
    """The absolute path without ``..``; links are not followed, so that messages say what was written."""
    return Path(os.path.normpath(path.absolute()))


def absent(path: Path, *, written: str = "") -> tuple[str, str]:
    """What to say of a file that is not there, by its path or as it was ``written``, and what was meant."""
    try:
        with os.scandir(path.parent) as entries:
            names = sorted(entry.name for entry in islice(entries, MOST_NAMES) if entry.is_file())
    except (OSError, ValueError):  # ValueError: a NUL in the path
        names = []
    meant = near(path.name, names)
    relative = "paths are relative to this file"
    allowed = f"did you mean {shown(meant)}? {relative.capitalize()}" if meant else relative
    return f"there is no file {shown(written or shown_path(path))}", allowed


def text_of(path: Path) -> str:
    """The text of a file; raises SpecError for one that cannot be read as UTF-8 text."""
    raw = _bytes_of(path)
    for bom, name in _BOMS.items():
        if raw.startswith(bom):
            raise _refusal(path, 1, 1, f"the file is {name}", "save it as UTF-8")
    if raw.startswith(b"\xef\xbb\xbf"):
        raise _refusal(
            path, 1, 1, "a byte order mark (BOM) stands before the text", "save it as UTF-8 without BOM"
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _position(raw[: error.start].decode("utf-8"))
        what = f"byte 0x{raw[error.start]:02x} is not UTF-8{_guess(raw)}"
        raise _refusal(path, line, column, what, "save it as UTF-8") from None
    strange = _FORBIDDEN.search(text)
    if strange:
        line, column = _position(text[: strange.start()])
        code = ord(strange[0])
        name = {0: "NUL character", 0xFEFF: "byte order mark (BOM)"}.get(code, "invisible character")
        escape = f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
        raise _refusal(
            path, line, column, f"{name} U+{code:04X}", f'remove it, or write "{escape}" in double quotes'
        )
    return text


def _bytes_of(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _refusal(path, 1, 1, "not a file")
        if status.st_size > LARGEST_BYTES:
            raise _refusal(
                path, 1, 1, f"the file has {status.st_size:,} bytes", f"at most {LARGEST_BYTES:,} are read"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise _refusal(path, 1, 1, "there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise _refusal(path, 1, 1, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _position(before: str) -> tuple[int, int]:
    lines = _LINE_END.split(before)
    return len(lines), len(lines[-1]) + 1


def _guess(raw: bytes) -> str:
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    return " (it looks like GBK)" if re.search("[\u4e00-\u9fff]{2}", text) else ""


def _refusal(path: Path, line: int, column: int, what: str, allowed: str | None = None) -> SpecError:
    place = Place(path=shown_path(path), line=line, column=column)
    return SpecError([Problem(place=place, what=what, allowed=allowed)])
