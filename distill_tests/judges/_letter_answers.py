"""Answers that a reply names, chooses, concludes, points at or corrects itself to."""

from __future__ import annotations

import re

from distill_tests.judges import _letter_patterns as patterns
from distill_tests.judges._letter_mood import clause_before
from distill_tests.judges._letter_statements import Found
from distill_tests.judges._letter_text import is_letter

_WIDEST_OPTION = 300


def find_answers(found: Found) -> None:
    """``The answer is C``, ``答案：C``, ``\\boxed{C}``; and ``the incorrect statement is C``."""
    text = found.text
    for match in patterns.ANSWER.finditer(text):
        if patterns.WRONG_BEFORE.search(text[max(0, match.start() - 20) : match.start()]):
            continue
        after = patterns.TO_LETTER.match(text, match.end()) or patterns.AFTER_NOUN.match(text, match.end())
        if after is None or not (
            any((after["link"], match["strong"], match["zh"], match["right"], match["adj"]))
        ):
            continue
        weight = 5 if match["formal"] or match.group().startswith("boxed") else 4
        denied = patterns.NEGATION.search(match.group() + after.group()) is not None
        _value(found, match.start(), after.end(), weight, "answer named", denied=denied)
    _find_wrong_ones(found)


def _find_wrong_ones(found: Found) -> None:
    for match in patterns.WRONG_ONE.finditer(found.text):
        after = patterns.AFTER_NOUN.match(found.text, match.end())
        if after is None or not (after["link"] or "except" in match.group()):
            continue
        group = found.group(_filled(found.text, after.end()))
        if group is None:
            continue
        letters, end = group
        if match["answer"] or len(letters) > 1 or patterns.NEGATION.search(after.group()):
            found.ruled_out(match.start(), end, letters, "ruled out")
        else:
            found.answer(match.start(), end, letters, 3, "the wrong one asked for")


def find_choices(found: Found) -> None:
    """``I'd go with C``, ``故选C``."""
    text = found.text
    for match in patterns.CHOOSE.finditer(text):
        if match["zh"]:
            denied = (
                patterns.NOT_CHOOSE_ZH.search(text[max(0, match.start() - 30) : match.start()]) is not None
            )
        else:
            before = text[max(0, match.start() - 40) : match.start()]
            denied = any(
                (
                    patterns.NEGATION.search(clause_before(text, match.start())),
                    patterns.MISTAKE_BEFORE.search(before),
                )
            )
        if match["zh"] and patterns.CHOSEN_BY_OTHERS.match(text, match.end()):
            continue
        with_text = match.group() != "选"
        _value(found, match.start(), match.end(), 4, "answer chosen", denied=denied, with_text=with_text)


def find_texts_with_letters(found: Found) -> None:
    """``The capital is London (B)``, ``the capital is (B) London``: an option's text and its letter."""
    for match in patterns.IS.finditer(found.text):
        tag = patterns.LETTER_WITH_TEXT.match(found.text, match.end()) or _letter_behind_text(
            found, match.end()
        )
        if tag is None or not found.is_free(tag.start("x")):
            continue
        if not patterns.NEGATION.search(clause_before(found.text, match.end())):
            letters = frozenset(found.page.letter(tag["x"]))
            weight = 1 if match["weak"] else 3
            found.answer(match.start(), tag.end(), letters, weight, "option text", take=False)


def _letter_behind_text(found: Found, place: int) -> re.Match[str] | None:
    """The letter in brackets behind its own text at ``place``."""
    option = found.option_at(place)
    tag = patterns.LETTER_OF_TEXT.match(found.text, option[1]) if option else None
    if option is None or tag is None or found.page.letter(tag["x"]) != option[0]:
        return None
    return tag if found.text[tag.end() : tag.end() + 1] in (")", "]") else None


def find_conclusions(found: Found) -> None:
    """``So C.``, ``因此，C。``"""
    for match in patterns.SO.finditer(found.text):
        if is_letter(found.text[: match.start()].rstrip(" ")[-1:] or " "):
            continue  # a chain: B -> A -> C
        _closing_group(found, match, match.end(), 4, "conclusion")


def find_pointers(found: Found) -> None:
    """``It must be C.``, ``that leaves C``, ``应该是C``, ``only C fits``; and ``wait, actually C``."""
    text = found.text
    for match in patterns.POINT.finditer(text):
        if match["zh"] and re.search(r"[不并非]$", text[max(0, match.start() - 1) : match.start()]):
            continue
        place = _filled(text, match.end())
        before = text[max(0, match.start() - 60) : match.start()]
        if match.group().startswith(("so is", "so does")) and patterns.SO_IS_WRONG.search(before):
            if group := found.group(place):
                found.ruled_out(match.start(), group[1], group[0], "ruled out")
            continue
        if not patterns.NEGATION.search(text[match.end() : place]):
            _closing_group(found, match, place, 3, "pointed at")
    for match in patterns.ONLY.finditer(text):
        if found.is_free(match.start("g")):
            found.answer(
                *match.span(), found.page.letters_in(*match.span("g")), 2, "called right", take=False
            )
    for match in patterns.PREFERRED.finditer(text):
        if found.is_free(match.start("g")):
            found.answer(*match.span("g"), found.page.letters_in(*match.span("g")), 3, "preferred")
    for match in patterns.CORRECTED.finditer(text):
        _closing_group(found, match, match.end(), 3, "corrected to", overrides=True)


def _closing_group(
    found: Found, match: re.Match[str], place: int, weight: int, rule: str, *, overrides: bool = False
) -> None:
    """Letters at ``place`` that end a clause."""
    value = patterns.VALUE.match(found.text, place)
    if value is None:
        _closing_text(found, match, place, weight, overrides=overrides)
        return
    if not patterns.CLOSES.match(found.text[value.end() : value.end() + _WIDEST_OPTION]):
        return
    if found.text[value.end() : value.end() + 1] in ("?", "？"):
        return
    group = found.group(place)
    if group and patterns.DENIED_AFTER.match(found.text[group[1] : group[1] + _WIDEST_OPTION]):
        found.ruled_out(match.start(), group[1], group[0], "ruled out")
    elif group:
        found.answer(match.start(), group[1], group[0], weight, rule, overrides=overrides)


def _closing_text(found: Found, match: re.Match[str], place: int, weight: int, *, overrides: bool) -> None:
    """An option's text at ``place`` that ends the reply: ``That leaves Marseille.``"""
    named = found.option_at(place)
    if named is None or found.text[named[1] :].strip(" \t\n.。!！'\")了吧啦呀"):
        return
    if not patterns.NEGATION.search(clause_before(found.text, match.start())):
        letters = frozenset(named[0])
        found.answer(match.start(), named[1], letters, weight, "option text", overrides=overrides, said=place)


def _filled(text: str, place: int) -> int:
    """Where words and signs end that may stand between *answer is* and its letter."""
    fill = patterns.FILLER.match(text, place)
    return fill.end() if fill else place


def _value(
    found: Found, start: int, place: int, weight: int, rule: str, *, denied: bool, with_text: bool = True
) -> None:
    """An answer's value from ``place`` on: letters, or the text of an option."""
    text = found.text
    at = _filled(text, place)
    if negation := patterns.NEGATION.match(text, at):
        denied, at = True, _filled(text, negation.end())
    if with_text and (named := text_at(found, place) or text_at(found, at)):
        if not denied:
            found.answer(start, named[1], named[0], weight, "option text", said=place)
        return
    group = found.group(at)
    if group is None or (len(group[0]) > 2 and group[0] == frozenset(found.page.letters)):
        return
    if more := patterns.MORE_LETTERS.match(text, group[1]):
        group = group[0] | found.page.letters_in(*more.span()), more.end()
    if denied:
        found.ruled_out(start, group[1], group[0], "ruled out")
    elif not patterns.DENIED_AFTER.match(text[group[1] : group[1] + _WIDEST_OPTION]):
        found.answer(start, group[1], group[0], weight, rule)


def text_at(found: Found, place: int) -> tuple[frozenset[str], int] | None:
    """The letter of the option whose text stands at ``place``, and where it ends.

    Several letters where another text is joined to it, or where a letter beside it differs.
    """
    text = found.text
    while place < len(text) and text[place] in " \t'\"([":
        place += 1
    option = found.option_at(place)
    if option is None:
        return None
    letters, end = {option[0]}, option[1]
    if (joined := patterns.JOINED_TEXT.match(text, end)) and (other := found.option_at(joined.end())):
        letters.add(other[0])
    if tag := patterns.LETTER_OF_TEXT.match(text, end):
        letters.add(found.page.letter(tag["x"]))
        end = tag.end()
        found.taken.add(tag.start("x"))
    return frozenset(letters), end
