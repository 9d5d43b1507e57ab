"""How a text is laid out: what kind of thing each of its lines is."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from distill_tests.resemblance.words import FUNCTION_SET, TOKEN, stem

MOST_ITEMS: Final = 60
_ITEM: Final = re.compile(
    r"(?:(?P<number>\d{1,3}[.)])|(?P<bullet>[-*•+–])|(?P<letter>[A-Za-z][.)]))\s*(?=\S)"
)
_HEADING: Final = re.compile(r"#{1,6}\s|\*\*[^*]+\*\*:?$|[^.!?]{2,60}:$")
_SPEAKER: Final = re.compile(r"\W{0,3}[A-Z][\w .]{1,25}:(?:\s|\*|$)")
_HEAD_END: Final = re.compile(r"[:.–—-]\s")


@dataclass(frozen=True, slots=True)
class Layout:
    """``kinds`` has a letter for each line: P prose, N B L items (lower case: indented), H heading, T table;
    one C for a block of code.

    ``heads`` are the stems at the beginning of each item; ``verse`` the share of short open lines.
    """

    kinds: str
    heads: Sequence[frozenset[str]]
    lines: int
    paragraphs: int
    verse: float
    spoken: int
    bold: int

    @property
    def item_share(self) -> float:
        return self.items / max(1, len(self.kinds))

    @property
    def items(self) -> int:
        return sum(self.kinds.count(kind) for kind in "NBLnbl")

    def measures(self) -> dict[str, float]:
        kinds = self.kinds
        return {
            "lines": math.log1p(self.lines),
            "paragraphs": math.log1p(self.paragraphs),
            "items": math.log1p(self.items),
            "numbered": math.log1p(kinds.count("N") + kinds.count("n")),
            "bullets": math.log1p(kinds.count("B") + kinds.count("b")),
            "headings": math.log1p(kinds.count("H")),
            "code": math.log1p(kinds.count("C")),
            "bold": math.log1p(self.bold),
            "item_share": self.item_share,
            "verse": self.verse,
        }


def layout_of(text: str) -> Layout:
    """The layout of a tidied text."""
    kinds: list[str] = []
    heads: list[frozenset[str]] = []
    in_code, short_open, spoken, lines = False, 0, 0, 0
    for line in text.split("\n"):
        stripped = line.strip()
        if not stripped:
            continue
        lines += 1
        if stripped.startswith("```"):
            in_code = not in_code
            kinds += "C" if in_code else ""
            continue
        if in_code:
            continue
        spoken += ":" in stripped[:30] and _SPEAKER.match(stripped) is not None
        kind = _kind(stripped)
        if kind in "NBL":
            if len(heads) < MOST_ITEMS:
                heads.append(_head(stripped))
            kind = kind.lower() if line[0].isspace() and line.startswith(("  ", "\t")) else kind
        elif kind == "P":
            short_open += len(stripped) < 70 and stripped[-1] not in ".:"
        kinds.append(kind)
    return Layout(
        kinds="".join(kinds),
        heads=heads,
        lines=lines,
        paragraphs=text.count("\n\n") + 1,
        verse=short_open / max(1, len(kinds)),
        spoken=spoken,
        bold=text.count("**") // 2,
    )


def _kind(stripped: str) -> str:
    if stripped.startswith("|") and stripped.endswith("|"):
        return "T"
    if not stripped.startswith("**"):
        item = _ITEM.match(stripped)
        if item is not None:
            return "N" if item["number"] else "B" if item["bullet"] else "L"
    return "H" if _HEADING.match(stripped) else "P"


def _head(stripped: str) -> frozenset[str]:
    """The stems of an item up to its first colon, stop or dash, eight words at most."""
    item = _ITEM.match(stripped)
    body = stripped[item.end() if item else 0 :][:200]
    words = TOKEN.findall(_HEAD_END.split(body.lower(), maxsplit=1)[0])[:8]
    return frozenset([stem(word) for word in words if word not in FUNCTION_SET])
