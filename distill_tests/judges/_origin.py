"""Whether a sentence gives its speaker a concrete other origin: a made-up maker, a wrong place, none."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from distill_tests.judges._grammar import FOREIGN, OWN, PERSONA, Question, is_question
from distill_tests.judges._words import alternation, chinese, english, words
from distill_tests.lexicon import fold, maker_of, makers, name_regex
from distill_tests.types import Identity


class Origin(NamedTuple):
    """What the speaker claims instead: ``start`` and ``end`` within the sentence."""

    start: int
    end: int
    what: str
    reason: str
    is_denial: bool = False


_PLACES_DATA: dict[str, list[str]] = json.loads(
    files("distill_tests").joinpath("data", "places.json").read_text(encoding="utf-8")
)["places"]
_COUNTRY: dict[str, str] = {fold(name).lower: code for code, names in _PLACES_DATA.items() for name in names}
_PLACE = name_regex(name for name in _COUNTRY if name not in ("us",))

_MAKER_NOUN = f"(?:{alternation('en', 'maker_noun')})"
_SELF = rf"(?:\b(?:i|i'm|i am|i was|my|our|me|we|your|this (?:ai|model|assistant))\b|{PERSONA})"
_MAKER_IS = re.compile(
    rf"(?:{_SELF}|\bthe name of (?:the|my|our)\b|\bthe\b)\s*(?:'s)?\s*(?:[\w'/-]+\s+){{0,6}}?"
    rf"\b{_MAKER_NOUN}\b[^.;!?]{{0,80}}?\b(?:is|"
    r"are|was|were|called|named|by|:)(?=\W)"
)
_MADE_BY = re.compile(
    rf"(?:{_SELF}|\bas an?\b)[^.;!?]{{0,100}}?(?:\b(?:created|developed|made|built|trained|"
    r"designed|programmed|crafted|engineered|maintained|invented|supported|provided|spearheaded|"
    rf"forged|woven)\b[^.;!?]{{0,60}}?\b(?:by|at)\b|\b(?:conceived|born|forged) (?:by|"
    rf"at|in|within)\b|\b(?:brainchild|product|creation|work|masterpiece)\b[^.;!?]{{0,12}}?\bof\b|"
    r"\bcollaborative effort (?:between|of)\b)"
)
_MAKER_OF = re.compile(
    r"^\W*(?P<name>[^.;!?,]{2,40}?(?: corp\.| inc\.| ltd\.)?) (?:is|are|was) (?:the|my|"
    r"our|a|an)\s+(?:[\w'-]+\s+){0,4}?(?:company|parent|organi[sz]ation|developer|creator|"
    r"startup|firm|lab|team)\b"
)
_APPOSED = re.compile(rf"\b(?:my|our) (?:[\w-]+ ){{0,3}}{_MAKER_NOUN}, [\"'“]?(?=[a-z])")
_BEHIND_ME = re.compile(
    r"\b(?:behind|created|built|developed|designed|trained|made|responsible for)\b[^.;!?,]{0,30}\b(?:me|my)\b"
)
_SUBJECT = re.compile(
    r"\W*(?:The )?(?P<name>(?!(?:As|They|The|It|This|These|While|When|In|At|For|And|But|"
    r"So|My|Our|We|You|All)\b)[A-Z][\w&-]*(?: (?:of|the|and|[A-Z][\w&-]*)){1,5})(?:,|"
    r" is | are | has | have )"
)
_CALL_THEMSELVES = re.compile(
    r"\b(?:they|we) (?:call(?:ed)?|are (?:called|known as)|go by)(?: themselves| them| ourselves)?\b"
)
_CAPITALISED = re.compile(
    r"(?:(?<=\s)|(?<=[\"'“*(]))(?P<name>[A-Z][\w&.'-]*"
    r"(?:[ -](?:of|the|and|for|&|[A-Z][\w&'-]*))*(?:[ -][A-Z][\w&'-]*|"
    r"(?<=\w)))"
)
_PLAIN_WORDS = frozenset(words("plain_words"))
_FANCIFUL = re.compile(
    rf"(?<!\w)(?:(?:{alternation('en', 'fanciful', 'adjectives')})"
    rf"(?= [^.;!?,]{{0,50}}?\b(?:{alternation('en', 'fanciful', 'groups')})\b)"
    rf"|(?:{alternation('en', 'fanciful', 'beings')}))(?!\w)"
)
_UNSPECIFIC = english("en", "unspecific")
_DENIAL = re.compile(alternation("en", "denial"))
_GEOGRAPHIC = re.compile(
    r"\b(?:north|south|east|west|central|america|americas|europe|asia|africa|oceania|"
    r"bay|area|valley|city|state|region|the|of|and)\b"
)
_HYPOTHETICAL = re.compile(
    r"\b(?:if|would|could|might|imagine|suppose|hypothetical\w*|conceptuali[sz]e|not|"
    r"n't|never|like|such as|pretend\w*|fictional (?:world|universe|story|character))\b"
)
_SITS = re.compile(
    rf"(?:{_SELF}|\bthe\b|^\W*)[^.;!?]{{0,60}}?\b(?:headquarter(?:s|ed)?|hq|based|located|"
    rf"situated|offices?|resides?|from|team is in)\b[^.;!?]{{0,50}}?\b(?:in|is|are|at|"
    r"from|:)(?=\W)"
)

_MAKER_NOUN_ZH = alternation("zh", "maker_noun")
_NAME_ZH = r"[\"“「『《*(]{1,3}(?P<name>[^\"”」』》*。)]{2,30})[\"”」』》*)]"
_MAKER_IS_ZH = re.compile(
    rf"(?:我|{PERSONA}|您|你|公司|母公司|开发|团队)[^。;!?]{{0,40}}?"
    rf"(?:是|由|叫|为|名为|名叫|称为|包括)[^。;!?]{{0,24}}?{_NAME_ZH}"
)
_LATIN_NAME_ZH = re.compile(
    rf"(?:我|{PERSONA})[^。;!?,]{{0,20}}?(?:{_MAKER_NOUN_ZH})[^。;!?,\w]{{0,3}}[^。;!?,]{{0,8}}?(?:是|"
    rf"叫|为|名为)[^。;!?,A-Za-z{FOREIGN}{OWN}{PERSONA}]{{0,8}}(?P<name>[a-z][a-z0-9&.' -]{{1,40}})"
)
_SPOKEN_OF_ZH = re.compile(r"^(?:ai|llm|nlp|it|gpu|api|a|an|the)\b")
_MADE_BY_ZH = re.compile(
    rf"(?:我|{PERSONA})[^。;!?]{{0,20}}?(?:是|由|来自|属于)[^。;!?]{{0,30}}?"
    r"(?:开发|创造|创建|研发|训练|设计|打造|制造|的)"
)
_FANCIFUL_ZH = re.compile(
    rf"(?:{alternation('zh', 'fanciful', 'adjectives')})"
    rf"(?=[^。;!?]{{0,14}}?(?:{alternation('zh', 'fanciful', 'groups')}))|"
    rf"(?:{alternation('zh', 'fanciful', 'beings')})"
)
_ORG_ZH = re.compile(rf"(?:{_MAKER_NOUN_ZH}|科学家|专家|程序员)")
_DENIAL_ZH = re.compile(alternation("zh", "denial"))
_UNSPECIFIC_ZH = chinese("zh", "unspecific")
_DOUBT_ZH = re.compile(f"{alternation('zh', 'hypothetical')}|不是|并非|没有|传统|例如|比如|库|框架")
_WORLDWIDE = re.compile(
    r"\b(?:europe|asia|africa|worldwide|(?:around|across|all over) the (?:world|globe))\b"
    r"|欧洲|亚洲|非洲|世界各地|全球"
)
_SEAT = re.compile(r"\bheadquarter|\bhq\b|总部")
_GENERIC_ZH = frozenset(
    (
        "团队",
        "公司",
        "开发者",
        "开发团队",
        "组织",
        "总部",
        "机构",
        "母公司",
        "主营业务",
        "我",
        "开发公司",
        "创造者",
    )
)
_SITS_ZH = re.compile(
    rf"(?:我|总部|{PERSONA}|公司|团队|您|你)[^。;!?]{{0,30}}?(?:总部|位于|坐落|设在|在|地址|来自)"
)
_HYPOTHETICAL_ZH = chinese("zh", "hypothetical")
_CJK = re.compile("[\u4e00-\u9fff]")
CUE = re.compile(
    rf"\b(?:{_MAKER_NOUN}|headquarter\w*|hq|located|based|created|developed|made|built|"
    r"trained|designed|programmed|crafted|brainchild|product|emerged|conceived|born|behind|"
    r"call|called|小组|集团|企业|实验室|team|nobody|no one|existence|maintained|supported|"
    rf"provided|powered|fueled|engineered|invented|creation|collaborative effort)\b|{_MAKER_NOUN_ZH}|"
    r"总部|位于|开发|创造|研发|设计|诞生|产品"
)


def other_origin(
    text: str, original: str, question: Question, own: frozenset[str], place: int
) -> Origin | None:
    """The other origin that a sentence gives its speaker.  In ``text`` names are masked.

    Both are equally long: a masked name is as many characters as it was.  ``own`` are the codes of
    the countries the target says it comes from; none: places are not judged.
    """
    if is_question(text) or not CUE.search(text):
        return None
    if _CJK.search(text):
        found = _chinese_origin(text, original, question)
    else:
        found = _english_origin(text, original, question, place)
    return found or _elsewhere(text, question, own, place)


def _english_origin(text: str, original: str, question: Question, place: int) -> Origin | None:
    denial = _DENIAL.search(text)
    if denial:
        return _denied(text, denial, _UNSPECIFIC)
    for regex in (_MAKER_IS, _MADE_BY, _CALL_THEMSELVES):
        lead = regex.search(text)
        if (
            lead is None
            or _HYPOTHETICAL.search(text, 0, lead.end())
            or not _is_of_speaker(lead.group(), question)
        ):
            continue
        name = _name_after(text, original, lead.end())
        if name:
            return Origin(name[0], name[1], original[name[0] : name[1]], "names a maker that is not its own")
        fancy = _FANCIFUL.search(text, lead.end(), min(len(text), lead.end() + 90))
        if fancy and regex is not _CALL_THEMSELVES and OWN not in text:
            return Origin(fancy.start(), fancy.end(), fancy.group(), "tells of a made-up maker")
    apposed = _APPOSED.search(text)
    name = _name_after(text, original, apposed.end()) if apposed else None
    if apposed and name and name[0] == apposed.end():
        return Origin(name[0], name[1], original[name[0] : name[1]], "names a maker that is not its own")
    behind = _SUBJECT.match(original) if _BEHIND_ME.search(text) and not _HYPOTHETICAL.search(text) else None
    if behind and _is_strange(text, *behind.span("name")):
        return Origin(*behind.span("name"), behind.group("name"), "names a maker that is not its own")
    lead = _MAKER_OF.match(text) if question.about_self and place <= 2 and question.topic == "maker" else None
    if lead and not _HYPOTHETICAL.search(text, 0, lead.end()):
        start = lead.start("name")
        name = _name_after(" " + text, " " + original, start)
        if name and name[0] - 1 <= start + 5:
            return Origin(
                name[0] - 1,
                name[1] - 1,
                original[name[0] - 1 : name[1] - 1],
                "names a maker that is not its own",
            )
    return None


def _is_of_speaker(lead: str, question: Question) -> bool:
    """``the company is X`` is about the speaker only where that was asked."""
    return re.search(
        rf"\b(?:i|i'm|my|our|me|we|they)\b|{PERSONA}|\bas an? (?:ai|a\.i)|this (?:ai|model|assistant)", lead
    ) is not None or (question.about_self and question.topic == "maker")


def _name_after(text: str, original: str, start: int) -> tuple[int, int] | None:
    """The first name of an organisation in the 110 characters after ``start``."""
    stop = min(len(text), start + 110)
    for found in _CAPITALISED.finditer(original, max(0, start - 1), stop):
        name = found.group("name")
        words = [word for word in re.split(r"[ -]", name) if word not in ("of", "the", "and", "for", "&")]
        masked = text[found.start("name") : found.end("name")]
        if FOREIGN in masked or OWN in masked:
            return None
        if all(fold(word).lower in _PLAIN_WORDS for word in words) or _is_place(name):
            continue
        if len(words) == 1 and name.isupper() and len(name) <= 4:
            continue
        if original.isupper():
            return None
        return found.start("name"), found.end("name")
    return None


def _is_strange(text: str, start: int, end: int) -> bool:
    """Whether a span holds no name that is already known."""
    return not set(text[start:end]) & {FOREIGN, OWN}


def _is_place(name: str) -> bool:
    """Whether a name is that of a place: ``San Francisco Bay Area``, ``North America``."""
    left = _PLACE.sub(" ", fold(name).lower)
    return not _GEOGRAPHIC.sub(" ", left).strip(" -.")


def _chinese_origin(text: str, original: str, question: Question) -> Origin | None:
    denial = _DENIAL_ZH.search(text)
    if denial:
        return _denied(text, denial, _UNSPECIFIC_ZH)
    named = _MAKER_IS_ZH.search(text)
    if (
        named
        and _ORG_ZH.search(text, named.start(), named.end() + 10)
        and not _DOUBT_ZH.search(named.group())
    ):
        start, end = named.span("name")
        if (
            text[start:end] not in _GENERIC_ZH
            and not set(text[start:end]) & {FOREIGN, OWN, PERSONA}
            and ("我" in named.group() or PERSONA in named.group() or question.about_self)
        ):
            return Origin(start, end, original[start:end], "names a maker that is not its own")
    latin = _LATIN_NAME_ZH.search(text)
    if latin and not _SPOKEN_OF_ZH.match(latin.group("name")) and not _DOUBT_ZH.search(latin.group()):
        start, end = latin.span("name")
        return Origin(start, end, original[start:end].strip(), "names a maker that is not its own")
    made = _MADE_BY_ZH.search(text) or (
        _ORG_ZH.search(text) if question.about_self and "我" in text else None
    )
    if made and _ORG_ZH.search(text) and not _DOUBT_ZH.search(text) and OWN not in text:
        fancy = _FANCIFUL_ZH.search(text, made.start())
        if fancy:
            return Origin(fancy.start(), fancy.end(), fancy.group(), "tells of a made-up maker")
    return None


def _denied(text: str, denial: re.Match[str], unspecific: re.Pattern[str]) -> Origin | None:
    if unspecific.search(text):
        return None
    return Origin(denial.start(), denial.end(), "nobody", "says that nobody made it", is_denial=True)


def _elsewhere(text: str, question: Question, own: frozenset[str], place: int) -> Origin | None:
    """A seat of the maker in a country that is not the target's, said of the speaker or asked for."""
    if not own:
        return None
    sits = (_SITS_ZH if _CJK.search(text) else _SITS).search(text)
    if sits is None or (set(text) & {FOREIGN, OWN} and "我" not in text and " my " not in f" {text}"):
        return None
    is_own = re.search(rf"\b(?:my|our|i|i'm|we|me)\b|我|{PERSONA}", text) is not None
    if not is_own and not (question.about_self and question.topic == "place" and place <= 2):
        return None
    if (_HYPOTHETICAL_ZH if _CJK.search(text) else _HYPOTHETICAL).search(text):
        return None
    if _WORLDWIDE.search(text) and not _SEAT.search(text):
        return None
    found = [(_COUNTRY[match.group()], match) for match in _PLACE.finditer(text, sits.start())]
    codes = {code for code, _ in found}
    if not codes or codes & own or len(codes) > 1:
        return None
    match = found[0][1]
    return Origin(match.start(), match.end(), match.group(), "places its maker in another country")


@lru_cache(maxsize=256)
def countries(identity: Identity) -> frozenset[str]:
    """ISO codes of where the target comes from: by its card, or by what the lexicon knows of its maker."""
    codes = {_COUNTRY[name] for country in identity.country if (name := fold(country).lower) in _COUNTRY}
    maker = maker_of(identity.maker) if not codes else None
    return frozenset(codes or (makers[maker].country if maker else ()))
