"""Lists of who made the speaker: a sentence that opens one, and the names that start its items."""

from __future__ import annotations

import re

from distill_tests.judges._chinese import BLOCK_ZH, HYPOTHETICAL_ZH, NOT_SELF_ZH
from distill_tests.judges._english import BLOCK, MAKE_LINK, NOT_ONLY, NOT_SELF
from distill_tests.judges._marks import CJK, Masked, Named
from distill_tests.judges._rules import rule

_LIST = rule("lists.list")
_APART = rule("lists.apart")
_LIST_ZH = rule("lists.list_zh")
_MANY = rule("lists.many")
_MANY_ZH = rule("lists.many_zh")
_INCLUDE = rule("lists.include")
_INCLUDE_ZH = rule("lists.include_zh")


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


def told_of_many(text: str, before: str) -> bool:
    """Whether ``text`` starts to name who the many are that, by the sentence before, made the speaker."""
    if CJK.search(before):
        return _MANY_ZH.search(before) is not None and _INCLUDE_ZH.match(text) is not None
    made = _MANY.search(before) is not None and MAKE_LINK.search(before) is not None
    return made and _INCLUDE.match(text) is not None and not _APART.search(before)


def listed_self(masked: Masked, name: Named) -> str | None:
    """Why a name that starts an item of such a list is a claim; None elsewhere in the item."""
    before = masked.text[: name.at]
    return "is listed among those who made the speaker" if re.fullmatch(r"[\W\d]*", before) else None
