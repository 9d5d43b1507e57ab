"""Chinese: the words between the speaker (``我``, ``我的团队``, ``作为``) and a name."""

from __future__ import annotations

import re

from distill_tests.judges._marks import PERSONA
from distill_tests.judges._rules import rule
from distill_tests.judges._words import alternation, chinese

_BY_POLICY_ZH = rule("chinese.by_policy")
_MUST_ZH = rule("chinese.must")
_SUPPOSED_ZH = rule("chinese.supposed")
_ASIDE_ZH = rule("chinese.aside")
_SELF_ZH = chinese("zh", "self")
LINK_ZH = chinese("zh", "link")
BLOCK_ZH = chinese("zh", "block")
NOT_SELF_ZH = chinese("zh", "not_self")
_TOOLS_ZH = chinese("zh", "tools")
MAKE_ZH = alternation("zh", "make")
HYPOTHETICAL_ZH = rule("chinese.hypothetical")
_REPORTED_ZH = re.compile(rf"(?:{alternation('zh', 'reported')})[^\w]{{0,3}}$")
_IS_MINE_ZH = rule("chinese.is_mine")
_POLICY_ZH = re.compile(rf"[^。;,]{{0,12}}?(?:{alternation('zh', 'policy')})")
_OBEY_ZH = chinese("zh", "obey")
_DISOBEY_ZH = chinese("zh", "disobey")
_MADE_ZH = rule("chinese.made")
_PROPOSED_ZH = re.compile("[^。;,]{0,24}?(?:提出|发明|首创)")
_WITH_ZH = re.compile(r"(?:与|和|跟|同|及|以)\W{0,3}$")
_APART_ZH = rule("chinese.apart")


def anchored_chinese(before: str, after: str) -> str | None:
    """A word for the speaker before the name, or after it."""
    if _BY_POLICY_ZH.search(before) and _MUST_ZH.match(after):
        return "says that it follows this maker's rules"
    if _SUPPOSED_ZH.match(before):
        return None
    anchor = _last_anchor(before)
    if anchor is not None and not _is_distanced_chinese(before[: anchor.start()]):
        stretch = before[anchor.end() :]
        if _TOOLS_ZH.search(stretch.rpartition(",")[2]):
            return None
        if _OBEY_ZH.search(stretch) and _POLICY_ZH.match(after):
            return None if _DISOBEY_ZH.search(stretch) else "says that it follows this maker's rules"
        if anchor.group() == "作为" and not stretch and _MADE_ZH.match(after):
            return "speaks as what this maker made"
        if _is_linked(stretch, after):
            return "says who it is or who made it"
    mine = _IS_MINE_ZH.match(after)
    if mine is None or BLOCK_ZH.search(mine.group()) or BLOCK_ZH.search(before[-12:]):
        return None
    return None if _is_distanced_chinese(before) else "says that it made the speaker"


def _last_anchor(before: str) -> re.Match[str] | None:
    """The last word for the speaker, or the last name of a persona after it."""
    anchor = None
    for found in _SELF_ZH.finditer(before):
        anchor = found
    for found in re.finditer(PERSONA, before):
        if anchor is None or found.start() > anchor.start():
            anchor = found
    return anchor


def _is_linked(stretch: str, after: str) -> bool:
    """Whether what stands between speaker and name tells that the one is, or comes from, the other."""
    if len(stretch) > 80 or BLOCK_ZH.search(stretch) or NOT_SELF_ZH.search(stretch):
        return False
    if _POLICY_ZH.match(after) or _PROPOSED_ZH.match(after):
        return False
    apart = _WITH_ZH.search(stretch) and _APART_ZH.match(after)
    return LINK_ZH.search(stretch) is not None and not apart


def _is_distanced_chinese(lead: str) -> bool:
    lead = _ASIDE_ZH.sub(" ", lead[-24:])
    if HYPOTHETICAL_ZH.search(lead):
        return True
    reported = _REPORTED_ZH.search(lead)
    return reported is not None and "我" not in reported.group()
