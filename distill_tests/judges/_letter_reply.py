"""What of a reply belongs to the question asked: models go on to the next one, or begin with another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from distill_tests.judges._letter_dress import Text
from distill_tests.judges._letter_text import option_text, text_pattern

_STOP = re.compile(r"<\|[a-z_ ]{2,20}\|>|</s>|<eos>|<end_of_turn>|\[/?INST\]", re.IGNORECASE)
_NUMBER = r"[ \t]*\d*[ \t]*[:：.)]|[ \t]*\d+[ \t]*(?=\n)"
_NEXT = re.compile(
    r"\n[ \t]*(?:(?:(?:next[ \t]+|another[ \t]+|new[ \t]+)?question|q|问题|题目|问|problem|exercise|human|"
    rf"user|example|assistant|instruction|input|例题?)(?:{_NUMBER})|(?:下列|以下|下面|根据|关于)[^\n]{{4,}}|"
    r"第[ \t]*[\d一二三四五六七八九十]+[ \t]*题|下一题[ \t]*[:：]|"
    r"(?:知识)?(?:拓展|延伸|补充)(?:知识|说明|阅读)?[ \t]*[:：]|【(?:题目|例题?|练习)[ \t]*\d*】|"
    r"\d{1,3}[.、)][ \t]*[^\n]{6,}\n+[ \t]*\(?A[.、):]|"
    r"[^\n]{6,}\n+[ \t]*\(?A[.、):][^\n]{1,80}\n+[ \t]*\(?B[.、):][^\n]{1,80}\n)",
    re.IGNORECASE,
)
_ASKS_ANEW = re.compile(
    r"\s*(?:(?:next|another|new)[ \t]+)?(?:question|problem|问题|题目)[ \t]*\d*[ \t]*[:：][^\n]*"
    r"(?P<list>(?:\n+[ \t]*\(?[A-Z][.、):][^\n]*){2,})",
    re.IGNORECASE,
)
_MOST = 8
"""So many beginnings of other questions are looked at."""


def parts(text: Text, options: Mapping[str, str]) -> Iterator[Text]:
    """The reply up to each beginning of another question, then all of it: the first that decides counts.

    Nothing, where it begins with another question.
    """
    stop = next(
        (match.start() for match in _STOP.finditer(text.chars) if text.chars[: match.start()].strip()), None
    )
    if stop is not None:
        text = Text(text.chars[:stop], text.origin[:stop])
    asked = _ASKS_ANEW.match(text.chars)
    if asked is not None and not _is_own_list(asked["list"], options):
        return
    tried = 0
    for match in _NEXT.finditer(text.chars):
        if tried == _MOST:
            break
        head = text.chars[: match.start()]
        if head.strip() and not _is_own_list(match.group(), options):
            tried += 1
            yield Text(head, text.origin[: match.start()])
    yield text


def _is_own_list(block: str, options: Mapping[str, str]) -> bool:
    """Whether a block that looks like another question lists this one's options."""
    texts = filter(None, (option_text(one).lower() for one in options.values()))
    return any(re.search(text_pattern(one), block.lower()) for one in texts)
