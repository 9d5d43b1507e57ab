"""Chinese: made-up makers, other makers that no lexicon knows, and denials of any."""

from __future__ import annotations

import re

from distill_tests.judges._marks import FOREIGN, MADE_UP, OTHER_MAKER, OWN, PERSONA, Origin, Said
from distill_tests.judges._organisations import denied, is_plain, says_independent
from distill_tests.judges._rules import rule
from distill_tests.judges._words import alternation, chinese

_MAKER_NOUN_ZH = alternation("zh", "maker_noun")
_MAKER_IS_ZH = rule("origin_chinese.maker_is")
_LATIN_NAME_ZH = rule("origin_chinese.latin_name")
_MADE_BY_LATIN_ZH = rule("origin_chinese.made_by_latin")
_CALLED_ZH = rule("origin_chinese.called")
_BY_NAME_ZH = rule("origin_chinese.by_name")
_ORG_NAMED_ZH = rule("origin_chinese.org_named")
_MAKER_NAMED_ZH = rule("origin_chinese.maker_named")
_COMPANY_CALLED_ZH = rule("origin_chinese.company_called")
_ORGANISATIONS_ZH = (_ORG_NAMED_ZH, _COMPANY_CALLED_ZH, _MAKER_NAMED_ZH)
_NO_ORG_ZH = chinese("zh", "fanciful", "no_org")
_SPOKEN_OF_ZH = re.compile(r"^(?:ai|llm|nlp|it|gpu|api|a|an|the)\b")
_MADE_BY_ZH = rule("origin_chinese.made_by")
_FANCIFUL_ZH = rule("origin_chinese.fanciful")
_ORG_ZH = re.compile(rf"(?:{_MAKER_NOUN_ZH}|科学家|专家|程序员|一[群个位伙名帮])")
_QUOTE_MARK = re.compile(r"[\"“「『《*(]")
_SPEAKER = re.compile(f"[我您你{PERSONA}]|老子")
_DENIAL_ZH = re.compile(alternation("zh", "denial"))
_NO_COMPANY_ZH = re.compile(alternation("zh", "no_company"))
_UNSPECIFIC_ZH = chinese("zh", "unspecific")
_DOUBT_ZH = rule("origin_chinese.doubt")
_GENERIC_ZH = chinese("zh", "generic")


def chinese_origin(said: Said) -> Origin | None:
    """The first other origin that a rule finds; a denial of any maker goes before all of them."""
    denial = _DENIAL_ZH.search(said.text)
    if denial:
        return denied(said.text, denial, _UNSPECIFIC_ZH)
    no_company = _NO_COMPANY_ZH.search(said.text)
    if no_company and says_independent(said):
        return denied(said.text, no_company, _UNSPECIFIC_ZH)
    if _QUOTE_MARK.search(said.text) is not None and (found := _quoted(said) or _made_by_quoted(said)):
        return found
    return _organisation(said) or _latin(said) or _made_up(said) if _SPEAKER.search(said.text) else None


def _quoted(said: Said) -> Origin | None:
    """``我的公司叫“X”``."""
    found = _MAKER_IS_ZH.search(said.text)
    if (
        found is None
        or _DOUBT_ZH.search(found.group())
        or is_plain(said.original[slice(*found.span("name"))])
    ):
        return None
    if not _ORG_ZH.search(said.text, found.start(), found.end() + 10) or not _is_new(said, found):
        return None
    is_own = "我" in found.group() or PERSONA in found.group() or said.question.about_self
    return said.origin(*found.span("name"), OTHER_MAKER) if is_own else None


def _made_by_quoted(said: Said) -> Origin | None:
    """``我由“X”开发``, ``他们自称“X”``."""
    found = _BY_NAME_ZH.search(said.text)
    if found is None and said.question.about_self:
        found = _CALLED_ZH.search(said.text)
    if found is None or _DOUBT_ZH.search(found.group()) or not _is_new(said, found, PERSONA):
        return None
    return said.origin(*found.span("name"), OTHER_MAKER)


def _is_new(said: Said, found: re.Match[str], also: str = "") -> bool:
    """Whether the name is neither put together from words for makers nor known; ``also`` may stand in it."""
    name = said.text[slice(*found.span("name"))]
    return bool(_GENERIC_ZH.sub("", name)) and not set(name) & ({FOREIGN, OWN, PERSONA} - {also})


def _organisation(said: Said) -> Origin | None:
    """``我是某某科技造的``: an organisation by the end of its name; ``我的公司名称是某某``."""
    found = next((one for rule in _ORGANISATIONS_ZH if (one := rule.search(said.text))), None)
    if found is None or _NO_ORG_ZH.search(found.group("name")) or _DOUBT_ZH.search(found.group()):
        return None
    return said.origin(*found.span("name"), OTHER_MAKER)


def _latin(said: Said) -> Origin | None:
    """``我由 TechNova 开发``."""
    found = _LATIN_NAME_ZH.search(said.text) or _MADE_BY_LATIN_ZH.search(said.text)
    if found is None or _SPOKEN_OF_ZH.match(found.group("name")) or _DOUBT_ZH.search(found.group()):
        return None
    return said.origin(*found.span("name"), OTHER_MAKER)


def _made_up(said: Said) -> Origin | None:
    """``我由一个神秘组织创造``."""
    made = _MADE_BY_ZH.search(said.text)
    if made is None and said.question.about_self and "我" in said.text:
        made = _ORG_ZH.search(said.text)
    if made is None or OWN in said.text or not _ORG_ZH.search(said.text):
        return None
    fancy = _FANCIFUL_ZH.search(said.text, made.start())
    if fancy is None or _DOUBT_ZH.search(said.text, 0, fancy.end()):
        return None
    return said.origin(*fancy.span(), MADE_UP)
