"""Letters that stand alone: the reply's first word, its last line, a line of their own."""

from __future__ import annotations

import re

from distill_tests.judges import _letter_patterns as patterns
from distill_tests.judges._letter_answers import text_at
from distill_tests.judges._letter_statements import Found
from distill_tests.judges._letter_text import is_letter

_LINE = re.compile(r"[^\n]+")
_LAST_WORDS, _LAST_SENTENCE = 60, 160


def lines_of(text: str) -> list[re.Match[str]]:
    """Lines that say something."""
    return [line for line in _LINE.finditer(text) if line.group().strip(" \t.-–—=_|")]


def find_lone_letters(found: Found) -> None:
    lines = lines_of(found.text)
    if not lines:
        return
    last = len(lines) - 1
    for place, line in sorted(enumerate(lines), key=lambda one: one[0] not in (0, last)):
        _line(found, line, opens=place == 0, closes=place == last)
    _closing_letter(found, lines[-1])
    for line in (lines[0], lines[-1]):
        _text_with_letter(found, line)


def _line(found: Found, line: re.Match[str], *, opens: bool, closes: bool) -> None:
    text = found.text
    match = patterns.LINE.match(text, line.start(), line.end())
    if match is None or not found.is_free(match.start("g")) or _is_called_wrong(text, match, line.end()):
        return
    letters, start = found.page.letters_in(*match.span("g")), match.start("g")
    rest = patterns.I_GUESS.sub("", text[match.end() : line.end()])
    if rest.strip() in (":", "：") and not (opens and closes):
        return
    rest = re.sub(rf"^(?:\s*{text[start]})+(?=\W|$)", "", rest)
    if patterns.ALONE.fullmatch(rest) and (opens or closes or len(letters) == 1):
        weight = 4 if closes and not opens and not match["nth"] else 3
        rule = f"{_RULES[opens, closes]} letter"
        found.answer(start, match.end(), letters, weight, rule, overrides=weight == 4, lone=True)
    elif (
        opens and len(letters) == 1 and patterns.OPENS.match(rest) and not patterns.WRONG_IN_LINE.match(rest)
    ):
        found.answer(start, match.end(), letters, 3, "opening letter")


_RULES = {(True, True): "only a", (True, False): "opening", (False, True): "closing", (False, False): "lone"}


def _is_called_wrong(text: str, match: re.Match[str], end: int) -> bool:
    verdicts = (form.match(text, match.start("g"), end) for form in patterns.VERDICTS)
    return any(verdict["bad"] for verdict in verdicts if verdict)


def _closing_letter(found: Found, line: re.Match[str]) -> None:
    """A last sentence that is a letter: ``… Hmm. C.``; or ends in one: ``Since sound needs air, B.``"""
    tail = line.group()[-_LAST_WORDS:]
    closing = patterns.CLOSING.search(tail)
    if closing is None:
        tail = line.group()[-_LAST_SENTENCE:]
        closing = patterns.BECAUSE_CLOSING.search(tail)
    if closing is None:
        return
    place = line.end() - len(tail) + closing.start("g")
    asked = re.search(r"[?？]", closing.group()[closing.end("g") - closing.start() :])
    if asked and len({one for one in found.text if is_letter(one)}) > 1:
        return
    if found.is_free(place):
        end = place + len(closing["g"])
        found.answer(place, end, found.page.letters_in(place, end), 3, "closing letter", lone=True)


def _text_with_letter(found: Found, line: re.Match[str]) -> None:
    """``Paris (B)``"""
    at, before = line.end() - len(line.group().lstrip(" \t('-•")), len(found.taken)
    if (named := text_at(found, at)) and len(found.taken) > before:
        found.answer(at, named[1], named[0], 3, "option text")
