"""Options that a reply calls right or wrong, rules out or marks; and what it takes back."""

from __future__ import annotations

import re

from distill_tests.judges import _letter_patterns as patterns
from distill_tests.judges import _letter_words as words
from distill_tests.judges._letter_statements import Found
from distill_tests.judges._letter_text import is_letter

_GONE = "\ue300"
_NONE_AS_OPTION = re.compile(r"\bnone\b|都不|均不|没有|以上")


def find_ruled_out(found: Found) -> None:
    """``not A``, ``排除A、B``."""
    for match in patterns.OUT.finditer(found.text):
        if found.is_free(match.start("g")):
            letters, end = found.group(match.start("g")) or (
                found.page.letters_in(*match.span("g")),
                match.end("g"),
            )
            found.ruled_out(match.start(), end, letters, "ruled out")


def find_verdicts(found: Found) -> None:
    """``C is correct``, ``A错误``, ``B ✗``; of a letter only the first one counts."""
    left = _without(found.text, found.taken)
    used = _marked_lines(found, left) | _judged_lines(found, left)
    for form in patterns.VERDICTS:
        left = _without(left, used)
        done = set[int]()
        for match in form.finditer(left):
            _verdict(found, match)
            done.update(range(*match.span("g")))
        used |= done


def _without(text: str, places: set[int]) -> str:
    return "".join(_GONE if place in places else one for place, one in enumerate(text)) if places else text


def _verdict(found: Found, match: re.Match[str]) -> None:
    groups = match.groupdict()
    letters = _judged_letters(found, match)
    rest = patterns.REST_OF_SENTENCE.match(match.string, match.end())
    tail = match.string[match.end("g") : rest.end() if rest else match.end()]
    suits = patterns.SUITS.search(tail) is not None and not patterns.SUITS_NOT.search(tail)
    if groups.get("wrong_one"):
        found.answer(*match.span(), letters, 3, "called the wrong one", take=False)
    elif (groups["good"] and not patterns.SUITS_NOT.search(tail) and not _is_denied(match)) or (
        suits and not groups["good"]
    ):
        weight = 4 if suits or patterns.PLAINLY_GOOD.match(groups["good"] or "") else 2
        if len(letters) > 1:
            weight = 4 if re.search(r"\bboth\s+$", match.string[: match.start()][-6:]) else 1
        found.answer(*match.span(), letters, weight, "called right", take=False)
    else:
        found.ruled_out(*match.span(), letters, "called wrong", take=False)


def _judged_letters(found: Found, match: re.Match[str]) -> frozenset[str]:
    """The letters a verdict is about: only the last of *of A, B and C, B is …*."""
    named = [one for one in match["g"] if is_letter(one)]
    if named[-1] in named[:-1] and re.search(r"[,，:]\s*.$", match["g"]):
        return frozenset(found.page.letter(named[-1]))
    return found.page.letters_in(*match.span("g"))


def _is_denied(match: re.Match[str]) -> bool:
    said = match.string[match.end("g") : match.start("good")]
    if match.re is patterns.VERDICT_DIRECT:
        return re.search(r"不(?:太|够|完全|是|一定)?\s*$|\bnot\s+$", said[-5:]) is not None
    return (
        patterns.NEGATION.search(said[-30:]) is not None or re.search(r"[不未非]\S{0,2}$", said) is not None
    )


def _marked_lines(found: Found, left: str) -> set[int]:
    """Letters behind a tick or a cross at the beginning of a line."""
    used = set[int]()
    for match in patterns.MARK_BEFORE.finditer(left):
        used.add(match.start("g"))
        letters = found.page.letters_in(*match.span("g"))
        if match["mark"] in words.MARKS_GOOD:
            found.answer(*match.span(), letters, 4, "marked")
        elif match["mark"] in words.MARKS_BAD:
            found.ruled_out(*match.span(), letters, "marked")
    return used


def _judged_lines(found: Found, left: str) -> set[int]:
    """Letters of a list in which several lines end in a verdict: ``- D: 1919, yes``."""
    for match in patterns.MARKED_AFTER.finditer(left):
        found.answer(*match.span(), found.page.letters_in(*match.span("g")), 4, "marked", take=False)
    lines = list(patterns.LINE_VERDICT.finditer(left))
    for match in lines if len(lines) > 1 else ():
        letters = found.page.letters_in(*match.span("g"))
        if match["good"]:
            found.answer(*match.span(), letters, 4, "called right", take=False)
        else:
            found.ruled_out(*match.span(), letters, "called wrong", take=False)
    return {match.start("g") for match in lines} if len(lines) > 1 else set()


def find_retractions(found: Found) -> None:
    """``No, that's wrong.``; and ``none of the options``, unless an option says so."""
    said_of_one = {
        place for one in found.statements if one.kind == "ruled_out" for place in range(one.start, one.end)
    }
    for match in patterns.RETRACTS.finditer(found.text):
        if match.start() in said_of_one:
            continue
        found.other(*match.span(), "retracted", frozenset(), "retracted")
    for match in patterns.UNDECIDED.finditer(found.text):
        found.other(*match.span(), "retracted", frozenset(), "undecided")
    if not _NONE_AS_OPTION.search(" ".join(found.page.options.values())):
        for match in patterns.NONE.finditer(found.text):
            found.other(*match.span(), "answer", frozenset("-"), "none of them")
