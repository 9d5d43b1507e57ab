"""Untrusted text made visible, measured and marked, for terminals and reports.

A terminal obeys what it is shown: an answer can clear the screen, turn text around (bidi overrides)
or hide words in characters without width.  Everything that came from a model, a data file or an
endpoint goes through :func:`visible` on its way to a person.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from distill_tests.types import Span

ELLIPSIS = "…"

# Cc, Cf, Cs, Zl, Zp, noncharacters, and letters or marks without a shape of their own.  Written out
# because asking unicodedata about every code point takes 0.2 s at import; a test compares them.
_UNSEEN = (
    "\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ud800-\udfff\ufdd0-\ufdef\ufff0-\ufffb\ufffe\uffff"
)
_UNSEEN_BEYOND = re.compile(
    "[\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)
# Everything beyond the first plane goes through the replacement, which looks again: a class with
# single characters from there is forty times as slow on all text.
_BEYOND = "\U00010000-\U0010ffff"
_ESCAPED = re.compile(f"[\n{_UNSEEN}{_BEYOND}]")
_ESCAPED_BUT_NEWLINES = re.compile(f"[{_UNSEEN}{_BEYOND}]")
_STACKED = re.compile("(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]")
"""A variation selector on another one: text can be hidden in a pile of them."""
_NAMED = {"\0": "\\0", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str, *, newlines: Literal["keep", "escape"] = "escape") -> str:
    r"""``text`` with everything that acts or hides shown as an escape such as ``\x1b`` or ``\u202e``.

    That is control characters, ANSI escapes, bidi overrides, NULs, zero-width and other format
    characters, lone surrogates and stacked variation selectors.  ``newlines="keep"`` leaves line
    feeds (and makes CR LF one of them).  A backslash that was in the text stays as it is, so the
    result is for reading, not for turning back.
    """
    if newlines == "keep":
        text = _ESCAPED_BUT_NEWLINES.sub(_escape, text.replace("\r\n", "\n"))
    else:
        text = _ESCAPED.sub(_escape, text)
    return text if text.isascii() else _STACKED.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    code = ord(char)
    if _is_shown(char):
        return char
    if char in _NAMED:
        return _NAMED[char]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def escape_unseen(json_text: str) -> str:
    """JSON text in which what acts or hides is written as a JSON escape: the same document, safe to show."""
    return _ESCAPED.sub(_json_escape, json_text)


def _is_shown(char: str) -> bool:
    return char > "\uffff" and not _UNSEEN_BEYOND.match(char)


def _json_escape(match: re.Match[str]) -> str:
    if _is_shown(match[0]):
        return match[0]
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def width(text: str) -> int:
    """The columns ``text`` takes on a terminal: East Asian wide 2, combining 0, others 1."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(char: str) -> int:
    if char < "\u0300":
        return 1
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    if "\u1160" <= char <= "\u11ff":  # Hangul vowels and finals join the syllable before them
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def shorten(text: str, columns: int) -> str:
    """``text`` in at most ``columns`` columns, with an ellipsis where something was cut off."""
    if len(text) <= columns and width(text) <= columns:
        return text
    return _head(text, columns - 1) + ELLIPSIS if columns > 0 else ""


def _head(text: str, columns: int) -> str:
    """As much of the start of ``text`` as fits; a mark stays with the letter it stands on."""
    used = 0
    for index, char in enumerate(text):
        used += _columns(char)
        if used > columns:
            return text[:index]
    return text


def pad(text: str, columns: int) -> str:
    """``text`` and as many blanks as fill ``columns`` columns."""
    return text + " " * (columns - width(text))


def underline(text: str, spans: Iterable[Span]) -> str:
    """The line of carets that marks ``spans`` of ``text``, to stand under ``visible(text)``.

    Empty if nothing is marked.  Parts of spans outside the text are ignored.
    """
    return "".join(_carets(text, 0, _marked(spans, len(text)))).rstrip()


def _marked(spans: Iterable[Span], length: int) -> list[range]:
    return [range(max(span.start, 0), min(span.end, length)) for span in spans]


def _carets(text: str, offset: int, marked: list[range]) -> Iterator[str]:
    for index, char in enumerate(text, start=offset):
        columns = width(visible(char))
        yield ("^" if any(index in part for part in marked) else " ") * columns


class Marked(NamedTuple):
    """A line as it is shown, and the carets under it (empty if nothing in it is marked)."""

    shown: str
    carets: str


def marked_lines(text: str, spans: Iterable[Span], columns: int, *, context: int = 240) -> list[Marked]:
    """``text`` visible in lines of at most ``columns`` columns, each with its carets.

    Of a long text only the first ``context`` characters and those around the spans are shown, with
    a note of how many were left out.
    """
    marked = [part for part in _marked(spans, len(text)) if part]
    lines: list[Marked] = []
    shown_to = 0
    for start, end in _windows(len(text), marked, context):
        if start > shown_to:
            lines.append(Marked(_left_out(start - shown_to), ""))
        lines += _window_lines(text, start, end, marked, max(columns, 8))
        shown_to = end
    if shown_to < len(text):
        lines.append(Marked(_left_out(len(text) - shown_to), ""))
    return lines


def _left_out(count: int) -> str:
    return f"[{ELLIPSIS} {count:,} characters {ELLIPSIS}]"


def _windows(length: int, marked: list[range], context: int) -> list[tuple[int, int]]:
    """What is shown of a text: all if it is short; else its head, and each span with its surroundings."""
    if length <= 5 * context:
        return [(0, length)]
    wanted = [(0, context)]
    for part in sorted(marked, key=lambda part: part.start)[:8]:
        wanted.append((max(0, part.start - context // 2), min(length, part.stop + context // 2)))
    merged = [wanted[0]]
    for start, end in wanted[1:]:
        last_start, last_end = merged[-1]
        if start <= last_end + context // 4:
            merged[-1] = (last_start, max(last_end, min(end, start + 3 * context)))
        else:
            merged.append((start, min(end, start + 3 * context)))
    return merged


def _window_lines(text: str, start: int, end: int, marked: list[range], columns: int) -> Iterator[Marked]:
    for first, last in _rows(text, start, end, columns):
        row = text[first:last]
        near = [part for part in marked if part.start < last and part.stop > first]
        yield Marked(visible(row), "".join(_carets(row, first, near)).rstrip() if near else "")


def _rows(text: str, start: int, end: int, columns: int) -> Iterator[tuple[int, int]]:
    """Where each shown line starts and ends: at line breaks, else after a blank, else where it is full."""
    first, used, breakable = start, 0, start
    index = start
    while index < end:
        char = text[index]
        if char == "\n" or text.startswith("\r\n", index):
            yield first, index
            index += 1 if char == "\n" else 2
            first, used, breakable = index, 0, index
            continue
        size = width(visible(char))
        if used + size > columns and index > first:
            cut = breakable if breakable > first else index
            yield first, cut
            first = breakable = cut
            index, used = cut, 0
            continue
        used += size
        index += 1
        if char == " ":
            breakable = index
    if first < end or start == end:
        yield first, end


def is_blank(text: str) -> bool:
    """Whether no character of a text can be seen: nothing but white space, control and format characters."""
    return not any(char.isprintable() and not char.isspace() for char in text)


def plural(count: int, noun: str) -> str:
    """Such as ``1 gate`` or ``2,000 gates``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
