"""Other languages, coarsely and unmeasured: a word for the speaker and no negation near a name."""

from __future__ import annotations

import re

from distill_tests.judges._english import ANCHOR
from distill_tests.judges._rules import rule
from distill_tests.judges._words import english

_OTHER_ANCHOR = rule("elsewhere.other_anchor")
_OTHER_BLOCK = english("others", "block")
_OTHER_BLOCK_INSIDE = re.compile("ではな|じゃな|ません|아니|않|नहीं|ไม่")


def is_other_language(text: str) -> bool:
    return _OTHER_ANCHOR.search(text) is not None and ANCHOR.search(text) is None


def anchored_elsewhere(before: str, after: str) -> str | None:
    """Other languages, coarsely and unmeasured: a word for the speaker, and no negation near it."""
    near = before[-90:] + " " + after[:60]
    if _OTHER_BLOCK.search(near) or _OTHER_BLOCK_INSIDE.search(near):
        return None
    return "says who it is (language not measured)" if _OTHER_ANCHOR.search(near) else None
