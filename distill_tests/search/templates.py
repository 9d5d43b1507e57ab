"""Templates: one user turn with a placeholder for the question."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

PLACEHOLDER: Final = "{question}"
MAX_CHARS: Final = 8000
"""The longest template of published sets has 5,500 characters."""

MAX_PLACEHOLDERS: Final = 3
_LIKE: Final = re.compile(r"[{｛]\s*([^\W\d]\w*)\s*[}｝]")
"""What framing packs take for a placeholder."""

_MEANT: Final = re.compile(r"[{｛]{1,2}\s{0,4}(?:question|问题)\s{0,4}[}｝]{1,2}", re.IGNORECASE)


def filled(template: str, question: str) -> str:
    """What is sent: the template with the question in every placeholder."""
    return template.replace(PLACEHOLDER, question)


def check_template(template: str, *, max_chars: int = MAX_CHARS) -> str | None:
    """Why ``template`` cannot be used, in words; None if it can."""
    if len(template) > max_chars:
        return f"is longer than {max_chars:,} characters"
    if any(unicodedata.category(char) == "Cs" or char == "\0" for char in template):
        return "holds characters that are no text"
    count = template.count(PLACEHOLDER)
    if count == 0:
        return f"has no {PLACEHOLDER}"
    if count > MAX_PLACEHOLDERS:
        return f"has {PLACEHOLDER} more than {MAX_PLACEHOLDERS} times"
    if any(found[0] != PLACEHOLDER for found in _LIKE.finditer(template)):
        return f"has another placeholder than {PLACEHOLDER}"
    return None


def repaired(template: str) -> str:
    """``template`` with ways in which models misspell the placeholder put right: ``{{ Question }}``."""
    return _MEANT.sub(PLACEHOLDER, template)


def without_others(template: str) -> str:
    """``template`` with any other word in braces in square brackets: only the placeholder is filled in."""
    return _LIKE.sub(lambda found: found[0] if found[0] == PLACEHOLDER else f"[{found[1]}]", template)


def key(template: str) -> str:
    """Equal for templates that differ only in spaces, letter case and width."""
    return " ".join(unicodedata.normalize("NFKC", template).casefold().split())
