"""Another maker that an answer to a question about the speaker simply goes on about.

No grammar ties the name to the speaker; but who is asked about itself and tells of one other maker, naming
none of its own, without a contrast, a supposition or somebody else who says so, speaks of its own maker.
"""

from __future__ import annotations

import re

from distill_tests.judges._answers import DENIED_AHEAD
from distill_tests.judges._english import ANCHOR
from distill_tests.judges._marks import CJK, FOREIGN, Masked, Named, Question
from distill_tests.judges._question import is_question
from distill_tests.judges._rules import rule
from distill_tests.judges._words import chinese

_APART = rule("salient.apart")
_APART_ZH = rule("salient.apart_zh")
_RULES_AHEAD = rule("salient.rules_ahead")
_OTHERS_AHEAD = rule("salient.others_ahead")
_REPORTED = rule("salient.reported")
_UNREAL = rule("salient.unreal")
_CONTRIBUTOR = rule("salient.contributor")
_TOOLS = rule("salient.tools")
_THEIRS = rule("salient.theirs")
_THEIRS_AHEAD = rule("salient.theirs_ahead")
_AS_MYSELF = re.compile(r"\bas myself\W{1,3}$")
_SELF_ZH = chinese("zh", "self")
_CLAUSE_END = re.compile(r"[,;:!?。]|-- | - |—")
NEAR = 110
LONGEST = 500
"""A longer sentence is a list or a text without ends."""


HELPING = frozenset(
    {
        "says that it made or owns the speaker",
        "says who made it or what it runs on",
        "names it for its maker, name, place or technology",
        "speaks as what this maker made",
        "is one of those who made the speaker",
        "is listed among those who made the speaker",
    }
)
"""Claims that may tell of a helper, where the speaker has named its own maker."""


_METHOD = re.compile(r"\b(?:transformers?|bert|attention mechanisms?|word2vec)\b")
_IT = re.compile(r"\W*(?:it|this|that|these)\b")


def tells_of_method(text: str, lead: str) -> bool:
    """Whether ``it`` in a sentence is a method, such as the Transformer, that ``lead`` has named."""
    return _IT.match(text) is not None and _METHOD.search(lead) is not None


def tells_of_help(masked: Masked) -> bool:
    """Whether a sentence tells of somebody who contributed to the speaker, next to who made it."""
    return _CONTRIBUTOR.search(masked.text) is not None


def goes_on_about(masked: Masked, name: Named, question: Question, lead: str) -> str | None:
    """Why a name in an answer that names no maker of its own counts as that maker; or None.

    ``lead`` is what the answer says before the sentence.
    """
    text, at = masked.text, name.at
    if not question.about_self or name.weak or len(text) > LONGEST or is_question(text):
        return None
    before, after = text[max(0, at - NEAR) : at], text[at + 1 : at + 1 + NEAR]
    if _AS_MYSELF.search(before):
        return "answers as this model"
    if (
        DENIED_AHEAD.match(after)
        or _RULES_AHEAD.match(after)
        or _OTHERS_AHEAD.match(after)
        or _UNREAL.search(lead)
        or _TOOLS.search(text)
    ):
        return None
    if _APART.search(before) or _APART_ZH.search(before) or _REPORTED.search(before):
        return None
    if _speaks(_CLAUSE_END.split(before)[-1]) or _speaks(after):
        return None  # the grammar has read that already, and found no claim in it
    if name.model or question.topic == "partner":
        is_theirs = _THEIRS.search(before) is not None or _THEIRS_AHEAD.match(after) is not None
        return "tells of this model's makers where it was asked about its own" if is_theirs else None
    is_told = masked.cue or masked.sentence.place <= 2 or _THEIRS.search(before) is not None
    return "answers a question about itself with what it knows of this maker" if is_told else None


def _speaks(text: str) -> bool:
    is_chinese = CJK.search(text) is not None
    return ANCHOR.search(text) is not None or (is_chinese and _SELF_ZH.search(text) is not None)


def only_foreign(masked: list[Masked], most: int) -> bool:
    """Whether the names in an answer are all foreign, and of fewer than ``most`` makers."""
    names = [(one.text[name.at], name.maker) for one in masked for name in one.names]
    return all(mark == FOREIGN for mark, _ in names) and len({maker for _, maker in names}) < most
