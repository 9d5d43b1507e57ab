"""Whether a sentence says of its speaker that a name in it is its own, or its maker's.

Rules look at the words between the speaker (``I``, ``my technology``, ``as an AI``, ``我的团队``) and
the name, or at what stands around the name in the answer to a question about the speaker.  Names
are one character each in what the rules read, so a rule sees only who, not which.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from distill_tests.judges._voices import Sentence, is_key
from distill_tests.judges._words import alternation, chinese, english

FOREIGN, OWN, PERSONA = "\ue000", "\ue001", "\ue002"
_NAMES = f"{FOREIGN}{OWN}"
_BEFORE, _AFTER = 220, 140


class Question(NamedTuple):
    """What was asked: ``about_self`` the speaker is meant, ``topic`` maker, place, products or partner."""

    about_self: bool
    topic: str


class Named(NamedTuple):
    """A name in a masked sentence at ``at``; ``start`` and ``end`` in the folded answer."""

    at: int
    start: int
    end: int
    maker: str
    model: bool
    weak: bool


class Masked(NamedTuple):
    """A sentence with one character for every name."""

    text: str
    names: tuple[Named, ...]
    sentence: Sentence


_ANCHOR = re.compile(
    r"\b(?P<am>i am|i'm|im|i was|i've been|i have been|we are|we're|my name is|my name's|"
    r"call me|i go by|i remain)\b"
    r"|\b(?P<my>my|our)\b"
    rf"|\b(?P<as>as (?:an?|the)\b(?=[^,.;]{{0,70}}?(?:\b(?:{alternation('en', 'ai_noun')})\b|[{_NAMES}])))"
    rf"|(?P<persona>{PERSONA}(?:'s)?|\b(?:this|the) (?:ai|model|assistant|chatbot|language model)"
    r"(?= (?:that )?(?:you're|you are) (?:now |currently )?(?:interacting|talking|speaking|chatting)| i am)"
    r"|\bthis (?:ai|model|assistant|chatbot|language model)\b)"
    r"|\b(?P<me>i|me|myself|mine|i've|i'll|i'd)\b"
)
_ORIGIN_AHEAD = re.compile(rf"[ '\"]*(?:[\w'/-]+[ '\"]+){{0,5}}?(?:{alternation('en', 'origin')})\b")
_PERSONA_VERB = re.compile(
    rf"\s*,?\s*(?:is|was|were|are|has|have|had|uses?|by)\b|"
    rf"\s*'s (?:[\w-]+ ){{0,4}}?(?:{alternation('en', 'origin')})\b|"
    rf"[^\w]{{0,4}}(?:是|由|的|使用|基于|采用|被)"
)
_FAR = re.compile(r"\b(?:that|to|which|where|so)\b")
_NEAR_LINK = re.compile(
    rf"\b(?:{alternation('en', 'make')})\b[^.;,]{{0,60}}?\b(?:by|at|from|with|of|in|is|"
    rf"are|was|were|called|named)\b[^.;]{{0,50}}$|\b(?:product|member|model|version|instance|"
    rf"assistant|part|creation|behalf)\b (?:of|from|by)\b[^.;]{{0,40}}$"
)
_NOT_ONLY = re.compile(
    r"\bnot (?:only|just|merely)\b|\blike (?:me|myself|us|this)\b|\bno other than\b|\bnone other than\b|"
    r"(?<=^ case,) (?:this|that|it) would be\b|(?<=^ case) (?:this|that|it) would be\b"
)
_MAKE_LINK = re.compile(
    rf"\b(?:{alternation('en', 'make')})\b[^.;]{{0,90}}?\b(?:by|at|from|with|of|in|within|"
    r"is|are|was|were|at the hands of)\b|\b(?:belongs?|works?|owned|hails?|comes?|came|"
    r"originat\w*|stem\w*|part of|division of|member of|created|built)\b|[:]\s*$"
)
_USE_LINK = re.compile(
    r"^(?:'m)?(?! (?:can|could|may|might|will|often|sometimes)\b)"
    r"[^.;,]{0,40}?\b(?:us(?:e|es|ing)|based on|built on|rely on|run on|powered by|"
    r"am running|utili[sz]e\w*|driven by)\b[^.;,]{0,45}$"
)
_MADE_ME = re.compile(rf"\b(?:{alternation('en', 'make')})\W+(?:and \w+ )?$")
_IS_AHEAD = re.compile(r"\W*(?:is|are|was|were|,|:)(?=\W)")
_OBEYS = re.compile(rf"\b(?:{alternation('en', 'obey')})")
_POLICY_AHEAD = re.compile(rf"(?:'s?)?[^.;,]{{0,40}}?\b(?:{alternation('en', 'policy')})")
_IS_MINE = re.compile(
    rf"(?:'s)?[^.;!?]{{0,110}}?\b(?:{alternation('en', 'make')}|is|are|was)\b[^.;!?,]{{0,60}}?(?:\b(?:me|"
    rf"my|myself|our|us|mine|ai (?:systems|models) like me)\b|{PERSONA})"
)
_CLAUSE = re.compile(r"[;:]|, (?:and|but|so|while|whereas|because|which)\b|\bbut\b|\bhowever\b| - | — ")
_BLOCK, _NOT_SELF = english("en", "block"), english("en", "not_self")
_HYPOTHETICAL = re.compile(rf"\b(?:{alternation('en', 'hypothetical')})\b[^,;:.]{{0,30}}$")
_REPORTED = re.compile(rf"\b(?:{alternation('en', 'reported')})\W{{0,3}}(?:as )?$")
_YOU_ASK = re.compile(
    r"\bif you(?:'re| are|'d like| would like| want| mean)?\b[^.;]{0,12}\b(?:ask\w*|mean\w*|"
    r"know|refer\w*|wonder\w*|curious)"
)
_ASIDE_ZH = re.compile(
    "(?:不得不|可以|老实|坦白|简单|来|总的来|也就是|实话|这么|应该|坦率地)说|告诉(?:你|您)|如果(?:您|你)(?:是在|想要?|在)?(?:询问|问|指|了解|知道|说)(?:的是)?"
)
_DISOBEYS = english("en", "disobey")
_OPENING = re.compile(rf"(?:\W|\b(?:{alternation('en', 'opening')})(?!\w))*$")
_NEUTRAL = re.compile(
    rf"(?:[^\w]|\b(?:{alternation('en', 'opening')})(?!\w))*?\b(?:{alternation('en', 'neutral')})(?!\w)"
)
_YOUR = re.compile(r"(?:[^\w]|\b(?:and|so|the|well)\b)*\byour\b")

_SELF_ZH = chinese("zh", "self")
_ORIGIN_ZH, _LINK_ZH = chinese("zh", "origin"), chinese("zh", "link")
_BLOCK_ZH, _NOT_SELF_ZH = chinese("zh", "block"), chinese("zh", "not_self")
_TOOLS_ZH = chinese("zh", "tools")
_MAKE_ZH = alternation("zh", "make")
_HYPOTHETICAL_ZH = re.compile(rf"(?:{alternation('zh', 'hypothetical')})[^,;:。]{{0,10}}$")
_FIRST_PERSON = re.compile(r"\b(?:i|we)\b")
_REPORTED_ZH = re.compile(rf"(?:{alternation('zh', 'reported')})[^\w]{{0,3}}$")
_IS_MINE_ZH = re.compile(
    rf"[^。;!?]{{0,60}}?(?:{_MAKE_ZH})[^。;!?,]{{0,12}}?(?:我|咱|本模型|{PERSONA})|[^。;!?,]{{0,24}}?(?:是|"
    rf"为|给)(?:了)?(?:我|我们)(?:的|提供|开发)|[^。;!?,]{{0,12}}是我"
)
_OPENING_ZH = re.compile(rf"(?:[^\w]|{alternation('zh', 'opening')}|{PERSONA})*$")
_YOUR_ZH = re.compile(r"(?:[^\w]|好的|那么)*(?:您|你)的?")
_POLICY_ZH = re.compile(rf"[^。;,]{{0,12}}?(?:{alternation('zh', 'policy')})")
_OBEY_ZH, _DISOBEY_ZH = chinese("zh", "obey"), chinese("zh", "disobey")
_WITH_ZH = re.compile(r"(?:与|和|跟|同|及|以)\W{0,3}$")
_APART_ZH = re.compile(
    r"[^。;,]{0,16}?(?:合作|协作|竞争|交流|一起|没有|没什么|无关|毫无|无任何|不同|不是|关联|关系|区别|的?身份|名义)"
)
_OTHER_ANCHOR = re.compile(rf"(?<!\w)(?:{alternation('others', 'self')})(?!\w)|[私僕]|저는|제가|나는|저를")
_OTHER_BLOCK = english("others", "block")
_OTHER_BLOCK_INSIDE = re.compile("ではな|じゃな|ません|아니|않|नहीं|ไม่")
_CJK = re.compile("[\u4e00-\u9fff]")
_KANA_OR_OTHER = re.compile("[\u0370-\u1fff\u3040-\u30ff\uac00-\ud7af]")


_KEYED = re.compile(rf"(?:^|[\s{{,\"'|>\[-])(?:{alternation('keys')})[\"'` ]{{0,3}}[:=|][\"'` ]{{0,4}}$")


def is_question(text: str) -> bool:
    """Whether a sentence only asks."""
    return "?" in text[len(text.rstrip(" \t\"'”』」)*_!?~.")) :]


def says_self(masked: Masked, name: Named) -> str | None:
    """Why ``name`` is what the speaker says it is or comes from, in words; None where it does not."""
    text, at = masked.text, name.at
    before, after = text[max(0, at - _BEFORE) : at], text[at + 1 : at + 1 + _AFTER]
    if is_question(text):
        return None
    if (
        is_key(masked.sentence.voice)
        and masked.sentence.place == 0
        and not _BLOCK.search(before)
        and len(before) < 40
    ):
        return f"answers the key {masked.sentence.voice!r}"
    if _KEYED.search(before):
        return "answers a key that asks for it"
    reason = _anchored(before, after, name)
    if reason is None and _CJK.search(text):
        reason = _anchored_chinese(before, after)
    if (reason is None and _KANA_OR_OTHER.search(text)) or (reason is None and _is_other_language(text)):
        reason = _anchored_elsewhere(before, after)
    return reason


def answers_self(masked: Masked, name: Named, question: Question) -> str | None:
    """Why ``name`` is the answer to a question about the speaker, where no word says ``I``; or None."""
    if not question.about_self or is_question(masked.text) or name.weak:
        return None
    text, at = masked.text, name.at
    before, after = text[:at], text[at + 1 : at + 1 + _AFTER]
    if name.model and after.lstrip().startswith(":"):
        return None
    if len(before) > _BEFORE or _is_third_person(masked, name, question):
        return None
    if _CJK.search(text):
        return _elliptical_chinese(masked, before, after, question)
    return _elliptical(masked, before, after, question)


def leads_list(text: str, before: str) -> bool:
    """Whether a sentence opens a list of who made the speaker; ``before`` is the sentence before it."""
    if not text.rstrip(" \t*").endswith(":"):
        return False
    both = f"{before} {text}"
    if _CJK.search(both):
        return bool(_LIST_ZH.search(both)) and not (
            _NOT_SELF_ZH.search(both) or _BLOCK_ZH.search(both) or _HYPOTHETICAL_ZH.search(both)
        )
    plain = _NOT_ONLY.sub(" ", both)
    return bool(_LIST.search(both)) and not (_NOT_SELF.search(plain) or _BLOCK.search(plain))


def listed_self(masked: Masked, name: Named) -> str | None:
    """Why a name that starts an item of such a list is a claim; None elsewhere in the item."""
    before = masked.text[: name.at]
    return "is listed among those who made the speaker" if re.fullmatch(r"[\W\d]*", before) else None


_LIST = re.compile(
    rf"(?:\b(?:my|our|me|i)\b|{PERSONA})[^.;!?]{{0,80}}\b(?:developed|created|built|trained|"
    r"designed|supported|provided|maintained|powered|collaborative effort)\b|\b(?:developed|"
    rf"created|built|trained|designed|supported|maintained)\b[^.;!?]{{0,40}}\b(?:me|my|"
    r"our)\b"
)
_LIST_ZH = re.compile(rf"(?:我|{PERSONA})[^。;!?]{{0,40}}(?:{_MAKE_ZH})")


def _anchored(before: str, after: str, name: Named) -> str | None:
    """English: a word for the speaker before the name, or after it."""
    anchor = None
    for found in _ANCHOR.finditer(before):
        anchor = found
    if anchor is not None and not _is_distanced(before[: anchor.start()]):
        reason = _relation(anchor, before[anchor.end() :], after, name)
        if reason:
            return reason
    mine = _IS_MINE.match(after)
    if mine and not _BLOCK.search(_NOT_ONLY.sub(" ", mine.group())) and not _NOT_SELF.search(mine.group()):
        lead = _CLAUSE.split(before)[-1]
        if not _BLOCK.search(_NOT_ONLY.sub(" ", lead)) and not _is_distanced(before):
            return "says that it made or owns the speaker"
    return None


def _is_distanced(lead: str) -> bool:
    """Whether what leads up to the words makes them a supposition or somebody else's."""
    lead = _YOU_ASK.sub(" ", lead[-90:])
    if _HYPOTHETICAL.search(lead):
        return True
    reported = _REPORTED.search(lead)
    return reported is not None and not _FIRST_PERSON.search(
        lead, max(0, reported.start() - 25), reported.end()
    )


def _relation(anchor: re.Match[str], stretch: str, after: str, name: Named) -> str | None:
    kind = anchor.lastgroup
    plain = _NOT_ONLY.sub(" ", stretch)
    if _OBEYS.search(plain) and _POLICY_AHEAD.match(after) and not _DISOBEYS.search(plain):
        return "says that it follows this maker's rules"
    if _BLOCK.search(plain) or _NOT_SELF.search(plain):
        return None
    if kind == "am" and _is_direct(stretch) and not _POLICY_AHEAD.match(after):
        return "says who it is or who made it"
    if kind == "my" and _ORIGIN_AHEAD.match(stretch + "."):
        return "names it for its maker, name, place or technology"
    if kind == "as" and (
        not name.model or (_OPENING.match(anchor.string[: anchor.start()]) and _SPEAKS_AHEAD.match(after))
    ):
        return "speaks as what this maker made"
    if kind == "persona" and _is_direct(stretch) and _PERSONA_VERB.match(stretch or after):
        return "says of its persona who made it"
    if kind == "me" and _MADE_ME.search(anchor.string[: anchor.start()]) and _IS_AHEAD.match(stretch):
        return "says who made it"
    if kind in ("me", "persona", "my") and (_MAKE_LINK.search(stretch) or _USE_LINK.match(stretch)):
        return "says who made it or what it runs on"
    return None


def _is_direct(stretch: str) -> bool:
    """Whether what stands between speaker and name is short, or ends in who made the speaker."""
    return (len(stretch) <= 70 and not _FAR.search(stretch)) or _NEAR_LINK.search(stretch[-130:]) is not None


_SPEAKS_AHEAD = re.compile(r"[^.;!?]{0,40}?\b(?:i|i'm|my|we|our)\b")


def _anchored_chinese(before: str, after: str) -> str | None:
    anchor = None
    for found in _SELF_ZH.finditer(before):
        anchor = found
    for found in re.finditer(PERSONA, before):
        if anchor is None or found.start() > anchor.start():
            anchor = found
    if anchor is not None and not _is_distanced_chinese(before[: anchor.start()]):
        stretch = before[anchor.end() :]
        if _TOOLS_ZH.search(stretch.rpartition(",")[2]):
            return None
        if _OBEY_ZH.search(stretch) and _POLICY_ZH.match(after):
            return None if _DISOBEY_ZH.search(stretch) else "says that it follows this maker's rules"
        if not _BLOCK_ZH.search(stretch) and not _NOT_SELF_ZH.search(stretch) and len(stretch) <= 80:
            with_it = _WITH_ZH.search(stretch) and _APART_ZH.match(after)
            if _LINK_ZH.search(stretch) and not with_it and not _POLICY_ZH.match(after):
                return "says who it is or who made it"
    if _IS_MINE_ZH.match(after):
        mine = _IS_MINE_ZH.match(after)
        if (
            mine
            and not _BLOCK_ZH.search(mine.group())
            and not _is_distanced_chinese(before)
            and not _BLOCK_ZH.search(before[-12:])
        ):
            return "says that it made the speaker"
    return None


def _is_distanced_chinese(lead: str) -> bool:
    lead = _ASIDE_ZH.sub(" ", lead[-24:])
    if _HYPOTHETICAL_ZH.search(lead):
        return True
    reported = _REPORTED_ZH.search(lead)
    return reported is not None and "我" not in reported.group()


def _is_other_language(text: str) -> bool:
    return _OTHER_ANCHOR.search(text) is not None and _ANCHOR.search(text) is None


def _anchored_elsewhere(before: str, after: str) -> str | None:
    """Other languages, coarsely and unmeasured: a word for the speaker, and no negation near it."""
    near = before[-90:] + " " + after[:60]
    if _OTHER_BLOCK.search(near) or _OTHER_BLOCK_INSIDE.search(near):
        return None
    return "says who it is (language not measured)" if _OTHER_ANCHOR.search(near) else None


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
    if first.at == name.at and not masked.text[name.at + 1 :].strip(" .!*\"')"):
        return False
    return not re.search(r"\bheadquarter|\bbehind\b|总部", masked.text)


def _elliptical(masked: Masked, before: str, after: str, question: Question) -> str | None:
    plain = _NOT_ONLY.sub(" ", before)
    if _BLOCK.search(plain) or _NOT_SELF.search(plain) or _HEDGED.search(before + " " + after[:25]):
        return None
    is_alone = not re.sub(r"[\W_]|\b(?:of course|duh|obviously|inc|team|the)\b", "", after)
    if _OPENING.match(plain) and (
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
            _MAKE_LINK.search(plain)
            or re.search(r"\b(?:of|is|are|was|by|'s|at|behind)\W*$|\b(?:is|are)\b", plain)
        )
    ):
        return "answers the question about itself with this maker"
    return None


_HEDGED = re.compile(
    r"\b(?:would|could|might|hypothetical\w*|fictional|fictitious|for example|for instance|"
    r"such as|many|other|various|several|appears? to|typically|generally|some|narrative|"
    r"if)\b"
)
_ACTS = re.compile(
    r"(?:'s)?\W+(?:\w+ ){0,2}(?:collaborat\w+|works? with|partner\w*|is headquartered|is based|is located)"
)
_ACTS_ZH = re.compile("(?:公司)?(?:作为|汇集|还?(?:与|和)[^。]{0,24}合作|的(?:总部|团队))")
_HEDGED_ZH = re.compile(
    "可能会|例如|比如|诸如|许多|很多|众多|一些|各种|其他|虚构|假设|通常|一般来说|可能包括|如果"
)


def _elliptical_chinese(masked: Masked, before: str, after: str, question: Question) -> str | None:
    if _BLOCK_ZH.search(before) or _NOT_SELF_ZH.search(before) or _HEDGED_ZH.search(masked.text):
        return None
    is_alone = not re.sub(r"[\W_]|公司|团队|开发|的|哦|呢|啊|所|研发|创建", "", after)
    if _OPENING_ZH.match(before) and (
        (is_alone and masked.sentence.place <= 2)
        or (masked.sentence.place <= 1 and question.topic != "partner")
        or (masked.sentence.place <= 3 and question.topic == "products")
        or _ACTS_ZH.match(after)
    ):
        return "answers the question about itself with this maker"
    if _YOUR_ZH.match(before) and _ORIGIN_ZH.search(before) and _LINK_ZH.search(before):
        return "answers the question about itself with this maker"
    if (
        re.match(r"(?:[^\w]|好的)*(?:它|该|这|此)", before)
        and question.topic != "partner"
        and re.search(rf"{_MAKE_ZH}|总部|名称", before + after)
    ):
        return "answers the question about itself with this maker"
    return None
