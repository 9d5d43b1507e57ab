"""Lists of who made the speaker: a sentence that opens one, and the names that start its items."""

from __future__ import annotations

import re

from distill_tests.judges._chinese import BLOCK_ZH, HYPOTHETICAL_ZH, NOT_SELF_ZH
from distill_tests.judges._english import BLOCK, NOT_ONLY, NOT_SELF
from distill_tests.judges._marks import CJK, Masked, Named
from distill_tests.judges._rules import rule

_LIST = rule("lists.list")
_LIST_ZH = rule("lists.list_zh")


def leads_list(text: str, before: str) -> bool:
    """Whether a sentence opens a list of who made the speaker; ``before`` is the sentence before it."""
    if not text.rstrip(" \t*").endswith(":"):
        return False
    both = f"{before} {text}"
    if CJK.search(both):
        return bool(_LIST_ZH.search(both)) and not (
            NOT_SELF_ZH.search(both) or BLOCK_ZH.search(both) or HYPOTHETICAL_ZH.search(both)
        )
    plain = NOT_ONLY.sub(" ", both)
    return bool(_LIST.search(both)) and not (NOT_SELF.search(plain) or BLOCK.search(plain))


def listed_self(masked: Masked, name: Named) -> str | None:
    """Why a name that starts an item of such a list is a claim; None elsewhere in the item."""
    before = masked.text[: name.at]
    return "is listed among those who made the speaker" if re.fullmatch(r"[\W\d]*", before) else None
