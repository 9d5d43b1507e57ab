"""The sentences of English and Chinese text, cut so that nothing is lost, and put together again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from distill_tests.search.templates import PLACEHOLDER

_WIDE: Final = "\u2e80-\u2fdf\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CLOSING: Final = "\"'”’»)\\]）】」』》"
_END: Final = re.compile(
    rf"[.!?…]{{1,8}}[{_CLOSING}]{{0,4}}(?:\s{{1,40}}|(?=[{_WIDE}]))"
    rf"|[。！？；]{{1,8}}[{_CLOSING}]{{0,4}}\s{{0,40}}"
    rf"|{re.escape(PLACEHOLDER)}[{_CLOSING}]{{0,4}}(?:\s{{1,40}}(?=[A-Z0-9\[(\"“])|(?=[{_WIDE}]))"
    rf"|\n\s{{0,40}}"
)
_ABBREVIATION: Final = re.compile(r"(?:^|[\s(])(?:Mr|Mrs|Ms|Dr|Prof|St|No|vs|etc|e\.g|i\.e|[A-Z])\.\s*$")
_WIDE_EDGE: Final = re.compile(rf"[{_WIDE}。！？；：，、”』」）]")


def sentences(text: str) -> list[str]:
    """The sentences with the space after each; joined they are the text.

    A placeholder stands for a whole question, so a sentence may end with it.
    """
    return list(_sentences(text))


def _sentences(text: str) -> Iterator[str]:
    start = 0
    for found in _END.finditer(text):
        if _ABBREVIATION.search(text[max(start, found.start() - 8) : found.end()]):
            continue
        yield text[start : found.end()]
        start = found.end()
    if start < len(text):
        yield text[start:]


def joined(parts: Iterable[str]) -> str:
    """The parts as one text, with a space between two of them where neither brings one nor is Chinese."""
    text = ""
    for part in parts:
        if text and part and not text[-1].isspace() and not part[0].isspace():
            text += "" if _WIDE_EDGE.match(text[-1]) or _WIDE_EDGE.match(part[0]) else " "
        text += part
    return text.strip()
