"""Speech within quotation marks: reported of others, or the speaker's own."""

from __future__ import annotations

import re

SPEECH = re.compile(r"\b(?:i|i'm|my|me|we|our)\b|[我咱]")
"""The words of a first person."""
_QUOTE = re.compile(r"\"([^\"\n]{1,2000})\"|“([^”\n]{1,2000})”|「([^」\n]{1,2000})」|『([^』\n]{1,2000})』")
_OWN_LEAD = re.compile(
    r"(?:^|[.!?;\n]|\b(?:i|we|i'd|i'll|me|my|here|this|follows|following|response|answer|"
    r"reply|version|example)\b[^.!?;\"]{0,60}|(?:回答|回复|回应|我会说|我说|如下)[^。!?;\"]{0,20})\W*$"
)
_OTHER_LEAD = re.compile(
    r"(?:^|[。!?;,])[^。!?;,我]{0,6}(?:另一[个位名]|有[个位]?人|别人|某[个位]?人?|他们?|她|角色|机器人|旅人|作者)"
    r"[^。!?;我]{0,16}$"
)
_ATTRIBUTED = re.compile(
    r"[\s,]*(?:he|she|they|it|the \w+|\w+) (?:said|says|replied|wrote|claimed|asked)\b|"
    r"[\s,]*(?:他|她|它|用户)(?:说|问|回答)"
)


def without_reports(line: str) -> str:
    """``line`` with the quotations that others are reported to say blanked out, as long as before."""
    if '"' not in line and "“" not in line and "「" not in line and "『" not in line:
        return line
    kept, last = [], 0
    for quote in _QUOTE.finditer(line):
        inner = next(group for group in quote.groups() if group is not None)
        if not SPEECH.search(inner) and len(inner) < 60:
            continue
        if _is_own_lead(line[max(0, quote.start() - 90) : quote.start()]) and not _attributed_after(
            line, quote.end()
        ):
            continue
        kept += [line[last : quote.start()], " " * (quote.end() - quote.start())]
        last = quote.end()
    return "".join([*kept, line[last:]])


def _is_own_lead(lead: str) -> bool:
    """Whether the words before a quotation make it the speaker's own, such as ``here is my answer:``."""
    return _OWN_LEAD.search(lead) is not None and _OTHER_LEAD.search(lead) is None


def _attributed_after(line: str, end: int) -> bool:
    """Whether the words after a quotation say that somebody else said it."""
    return _ATTRIBUTED.match(line[end : end + 60]) is not None
