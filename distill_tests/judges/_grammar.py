"""Whether a sentence says of its speaker that a name in it is its own, or its maker's."""

from __future__ import annotations

import re

from distill_tests.judges._chinese import anchored_chinese
from distill_tests.judges._elsewhere import anchored_elsewhere, is_other_language
from distill_tests.judges._english import BLOCK, anchored
from distill_tests.judges._marks import CJK, Masked, Named
from distill_tests.judges._question import is_question
from distill_tests.judges._rules import rule
from distill_tests.judges._speakers import is_key

BEFORE = 220
AFTER = 140
_KANA_OR_OTHER = re.compile("[\u0370-\u1fff\u3040-\u30ff\uac00-\ud7af]")
_KEYED = rule("grammar.keyed")
_KEY_ENDS = frozenset(":=|")


def says_self(masked: Masked, name: Named) -> str | None:
    """Why ``name`` is what the speaker says it is or comes from, in words; None where it does not."""
    text, at = masked.text, name.at
    before, after = text[max(0, at - BEFORE) : at], text[at + 1 : at + 1 + AFTER]
    if is_question(text):
        return None
    if (
        is_key(masked.sentence.voice)
        and masked.sentence.place == 0
        and not BLOCK.search(before)
        and len(before) < 40
    ):
        return f"answers the key {masked.sentence.voice!r}"
    if before.rstrip("\"'` ")[-1:] in _KEY_ENDS and _KEYED.search(before):
        return "answers a key that asks for it"
    reason = anchored(before, after, name)
    if reason is None and CJK.search(text):
        reason = anchored_chinese(before, after)
    if (reason is None and _KANA_OR_OTHER.search(text)) or (reason is None and is_other_language(text)):
        reason = anchored_elsewhere(before, after)
    return reason
