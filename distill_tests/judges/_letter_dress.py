"""A reply without its thinking part and without dress: plain characters that know where they came from.

Full-width and circled letters, look-alikes, LaTeX, Markdown, tags and quotes become plain letters and signs.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

HEAD, TAIL = 16_000, 48_000
"""Of a longer reply so many characters from its beginning and its end are read."""

_PRIVATE = re.compile("[\ue000-\uf8ff]")
_THINKING_ENDS = re.compile(
    r"</(?:seed:)?(?:think|thinking|thought)\s*>|\[/think\]|◁/think▷|<\|channel\|>final<\|message\|>",
    re.IGNORECASE,
)
_THINKING_BEGINS = re.compile(
    r"\s*(?:<(?:seed:)?(?:think|thinking|thought)\s*>|\[think\]|◁think▷|"
    r"(?:<\|start\|>assistant)?<\|channel\|>analysis)",
    re.IGNORECASE,
)
_STYLED = re.compile(
    "[\u00a0\u2000-\u200a\u3000\u2100-\u214f\u249c-\u24e9\uff00-\uffef\U0001d400-\U0001d7ff]"
)
_SQUARED = re.compile("[\U0001f110-\U0001f189\U0001f1e6-\U0001f1ff]")
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff\u0300-\u036f]"
)
_LONE_LOOKALIKE = re.compile(
    r"(?<![A-Za-z0-9\u0370-\u052f])[\u0370-\u052f](?=\s*(?:$|[^\s\w]|[\u4e00-\u9fff]))", re.MULTILINE
)


class Text(NamedTuple):
    """Characters, and where each comes from in the reply."""

    chars: str
    origin: Sequence[int]

    def replaced(self, pattern: re.Pattern[str], piece: str | Callable[[re.Match[str]], str]) -> Text:
        """Every match replaced by ``piece``, or by what it returns: its own group, or other text."""
        chars, origin, done = [], list[int](), 0
        for match in pattern.finditer(self.chars):
            new = piece if isinstance(piece, str) else piece(match)
            chars += [self.chars[done : match.start()], new]
            origin += self.origin[done : match.start()]
            same = len(new) == match.end() - match.start()
            origin += (
                self.origin[match.start() : match.end()] if same else [self.origin[match.start()]] * len(new)
            )
            done = match.end()
        if not done:
            return self
        return Text("".join([*chars, self.chars[done:]]), [*origin, *self.origin[done:]])


def spoken(reply: str) -> Text | None:
    """The reply after its thinking part, bounded; None where thinking never ended."""
    ends = list(_THINKING_ENDS.finditer(reply))
    start = ends[-1].end() if ends else 0
    if not ends and _THINKING_BEGINS.match(reply):
        return None
    if len(reply) - start <= HEAD + TAIL:
        return Text(reply[start:], range(start, len(reply)))
    head, tail = start + HEAD, len(reply) - TAIL
    joint = reply[start:head] + "\n" + reply[tail:]
    return Text(joint, [*range(start, head + 1), *range(tail, len(reply))])


_MARKUP: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.MULTILINE), piece)
    for pattern, piece in (
        (r"~~[^~\n]{1,80}~~", " "),
        (r"^A[ \t]*[:：][ \t]*(?=\(?[A-Z](?:[.)]|\s*$))(?![^\n]*\n\s*B[ \t]*[:：])", "answer: "),
        (r"\\(?:Rightarrow|implies|therefore|Longrightarrow)(?![a-z])", " => "),
        (r"\\times(?![a-z])", "×"),
        (r"\\(?:boxed|fbox)\s*\{?", " boxed: "),
        (
            r"\\(?:text|math|bold|underline|rm|bf|it|sf|tt|mbox|emph|operatorname|display|left|right|quad|big)[a-z]*\s*",
            " ",
        ),
        (r"\\[()\[\],;!: ]", " "),
        (r"</?(?:final[_-]?answer|answer|choice|final|result|ans)\s*/?>(?=\s*</)", "\n"),
        (r"<(?:final[_-]?answer|answer|choice|final|result|ans)\s*>", "\nfinal answer: "),
        (
            r"</?(?:br|p|div|li|tr|h\d|ul|ol|answer|choice|final|result|reasoning|explanation)[^<>\n]{0,60}>",
            "\n",
        ),
        (r"</?[a-z][a-z_]*(?:\s[^<>\n]{0,80})?/?>(?<!<[a-z]>)", " "),
        (r"<(?-i:/?[biups])>|</[a-z]>", ""),
        (r"&(?:nbsp|ensp|emsp);", " "),
        (r"\[(?-i:x|✓|✔|√)\]", "✅"),
        (r"\[ \]", "☐"),
        (r"^[ \t]*\((?-i:x|✓|✔|√)\)(?=[ \t]*\(?[A-Z][.):])", "✅"),
        (r"^[ \t]*\([ \t]*\)(?=[ \t]*\(?[A-Z][.):])", "☐"),
        (r"^[ \t]*#+[ \t]*", ""),
        (r"\}(?=\s+[A-Za-z])", " ."),
        (r"(?<=[a-z][a-z])_(?=[a-z][a-z])", " "),
        (r"[*`$\"“”「」『』«»„{}]|__|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", ""),
    )
)
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]{1,40})\}\s*\{([^{}]{1,40})\}")
_DROPPED_QUOTES = re.compile(r"(?<![A-Za-z])['‘’]([A-Za-z])['’](?![A-Za-z])")


@cache
def _lookalikes() -> Mapping[str, str]:
    told = json.loads(files("distill_tests").joinpath("data", "lookalikes.json").read_text(encoding="utf-8"))
    return {odd: plain for odd, plain in told["lookalikes"].items() if len(plain) == 1}


def _unsquared(match: re.Match[str]) -> str:
    code = ord(match.group())
    for first in (0x1F110, 0x1F130, 0x1F150, 0x1F170, 0x1F1E6):
        if first <= code < first + 26:
            return chr(ord("A") + code - first)
    return match.group()


def undressed(text: Text) -> Text:
    """Plain characters without markup; linear."""
    text = text.replaced(_PRIVATE, " ")
    if not text.chars.isascii():
        text = text.replaced(_INVISIBLE, "")
        text = text.replaced(_SQUARED, _unsquared)
        text = text.replaced(_STYLED, lambda match: unicodedata.normalize("NFKC", match.group()))
        text = text.replaced(_LONE_LOOKALIKE, lambda match: _lookalikes().get(match.group(), match.group()))
    text = text.replaced(_FRACTION, lambda match: f"{match.group(1)}/{match.group(2)}")
    for pattern, piece in _MARKUP:
        text = text.replaced(pattern, piece)
    return text.replaced(_DROPPED_QUOTES, lambda match: f" {match.group(1)} ")
