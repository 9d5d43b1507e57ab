"""Names that answer a question about the speaker where no word says ``I``."""

from __future__ import annotations

import re

from distill_tests.judges._chinese import BLOCK_ZH, LINK_ZH, MAKE_ZH, NOT_SELF_ZH
from distill_tests.judges._english import ASIDE, BLOCK, MAKE_LINK, NOT_ONLY, NOT_SELF, OPENING
from distill_tests.judges._grammar import AFTER, BEFORE
from distill_tests.judges._marks import CJK, FOREIGN, Masked, Named, Question
from distill_tests.judges._question import is_question
from distill_tests.judges._rules import rule
from distill_tests.judges._words import chinese

_NEUTRAL = rule("answers.neutral")
_YOUR = rule("answers.your")
_ORIGIN_ZH = chinese("zh", "origin")
_OPENING_ZH = rule("answers.opening_zh")
_YOUR_ZH = re.compile(r"(?:[^\w]|好的|那么)*(?:您|你)的?")
_NAME_ENDS = re.compile(r"(?:\s*(?:[^\w\s'\"/:]|$)| here\b)")
_HEDGED = rule("answers.hedged")
_HEDGED_AHEAD = rule("answers.hedged_ahead")
_HEDGED_ALOUD = re.compile(r"\b(?:would|could|might|hypothetical\w*|fictional|in general|general)\b")
DENIED_AHEAD = rule("answers.denied_ahead")
_HEARD_OF = rule("answers.heard_of")
_CHOICE = re.compile(r"\W*[a-h][.)]\W*$")
_SOMEBODY_AT = rule("answers.somebody_at")
_ACTS = rule("answers.acts")
_IT_IS_THEM = rule("answers.it_is_them")
_INCLUDING = rule("answers.including")
_TRAINED_BY = rule("answers.trained_by")
_ACTS_ZH = rule("answers.acts_zh")
_HEDGED_AHEAD_ZH = rule("answers.hedged_ahead_zh")
_HEDGED_ZH = rule("answers.hedged_zh")


def answers_self(masked: Masked, name: Named, question: Question) -> str | None:
    """Why ``name`` is the answer to a question about the speaker, where no word says ``I``; or None."""
    if not question.about_self or is_question(masked.text):
        return None
    text, at = masked.text, name.at
    before, after = text[:at], text[at + 1 : at + 1 + AFTER]
    if question.topic == "name" and name.model and _is_outright(masked, before, after):
        return "gives this model's name for its own"
    if name.weak:
        return None
    if (name.model and after.lstrip().startswith(":")) or DENIED_AHEAD.match(after):
        return None
    if len(before) > BEFORE or _is_third_person(masked, name, question):
        return None
    if CJK.search(text):
        return _elliptical_chinese(masked, before, after, question)
    return _elliptical(masked, before, after, question)


def _is_outright(masked: Masked, before: str, after: str) -> bool:
    """Whether the answer opens with nothing but the name."""
    opens = OPENING.match(before) or _OPENING_ZH.match(before)
    return masked.sentence.place == 0 and bool(opens) and _NAME_ENDS.match(after) is not None


def _is_third_person(masked: Masked, name: Named, question: Question) -> bool:
    """A fact about another model (``ChatGPT was made by OpenAI``), not about the speaker.

    Where the speaker's line is labelled with that model's name, the model is the speaker.
    """
    if question.topic == "products" and not name.model:
        return False
    others = [one for one in masked.names if one.model and masked.text[one.at] == FOREIGN]
    if not others or (
        masked.sentence.voice
        and any(one.maker in masked.sentence.voice or "gpt" in masked.sentence.voice for one in others)
    ):
        return False
    first = others[0]
    if first.at == name.at and not masked.text[name.at + 1 :].strip(" .!。*\"')"):
        return False
    return not re.search(r"\bheadquarter|\bbehind\b|总部", masked.text)


def _elliptical(masked: Masked, before: str, after: str, question: Question) -> str | None:
    plain = ASIDE.sub(" ", _HEARD_OF.sub(" ", NOT_ONLY.sub(" ", before)))
    if _INCLUDING.search(plain) and not _HEDGED_ALOUD.search(plain):
        return "names this maker among those who develop it"
    if BLOCK.search(plain) or NOT_SELF.search(plain) or _CHOICE.match(before):
        return None
    is_alone = not re.sub(r"[\W_]|\b(?:of course|duh|obviously|inc|team|the|is|are|was|did)\b", "", after)
    if is_alone and masked.sentence.place == 0 and _SOMEBODY_AT.match(plain) and question.topic == "maker":
        return "answers the question about itself with this maker"
    if _HEDGED.search(plain) or _HEDGED_AHEAD.search(after[:25]):
        return None
    if _IT_IS_THEM.match(plain) and question.topic in ("maker", "partner", "products"):
        return "answers the question about itself with this maker"
    if _TRAINED_BY.match(plain):
        return "answers the question about itself with this maker"
    if OPENING.match(plain) and (
        (is_alone and masked.sentence.place <= 2)
        or (masked.sentence.place <= 1 and question.topic != "partner")
        or _ACTS.match(after)
    ):
        return "answers the question about itself with this maker"
    neutral = _NEUTRAL.match(plain) or _YOUR.match(plain)
    if (
        neutral
        and question.topic != "partner"
        and (
            MAKE_LINK.search(plain)
            or re.search(r"\b(?:of|is|are|was|by|'s|at|behind)\W*$|\b(?:is|are)\b", plain)
        )
    ):
        return "answers the question about itself with this maker"
    return None


def _elliptical_chinese(masked: Masked, before: str, after: str, question: Question) -> str | None:
    if BLOCK_ZH.search(before) or NOT_SELF_ZH.search(before):
        return None
    if _HEDGED_ZH.search(before) or _HEDGED_AHEAD_ZH.search(after):
        return None
    is_alone = not re.sub(r"[\W_]|公司|团队|开发|的|哦|呢|啊|所|研发|创建", "", after)
    if _OPENING_ZH.match(before) and (
        (is_alone and masked.sentence.place <= 2)
        or (masked.sentence.place <= 1 and question.topic != "partner")
        or (masked.sentence.place <= 3 and question.topic == "products")
        or _ACTS_ZH.match(after)
    ):
        return "answers the question about itself with this maker"
    if _YOUR_ZH.match(before) and _ORIGIN_ZH.search(before) and LINK_ZH.search(before):
        return "answers the question about itself with this maker"
    if (
        re.match(r"(?:[^\w]|好的)*(?:它|该|这|此)", before)
        and question.topic != "partner"
        and re.search(rf"{MAKE_ZH}|总部|名称", before + after)
    ):
        return "answers the question about itself with this maker"
    return None
