"""From what a reply says about its options to one letter, or to none: the precedence of ``letter``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from distill_tests.judges._letter_answers import (
    find_answers,
    find_choices,
    find_conclusions,
    find_pointers,
    find_texts_with_letters,
)
from distill_tests.judges._letter_by_text import Named, named_by_text, ordinal
from distill_tests.judges._letter_dress import Text, spoken, undressed
from distill_tests.judges._letter_lines import find_lone_letters
from distill_tests.judges._letter_reply import parts
from distill_tests.judges._letter_statements import Found, Statement
from distill_tests.judges._letter_surviving import last_word, surviving
from distill_tests.judges._letter_text import Page, marked, option_text
from distill_tests.judges._letter_verdicts import find_retractions, find_ruled_out, find_verdicts

INVALID = "invalid"
FAR = 40
"""Two answers of equal weight with less between them contradict each other; with more the last one counts."""


class Decision(NamedTuple):
    """``label``: a letter or invalid; ``rule`` which fired; ``span`` of the deciding words in the reply."""

    label: str
    rule: str
    span: tuple[int, int] | None = None


def decide(reply: str, options: Mapping[str, str]) -> Decision:
    """The option that ``reply`` chooses; linear in its length."""
    if not reply.strip():
        return Decision(INVALID, "empty")
    text = spoken(reply)
    if text is None:
        return Decision(INVALID, "thinking not finished")
    if not text.chars.strip():
        return Decision(INVALID, "nothing after thinking")
    plain = undressed(text)
    decision = Decision(INVALID, "no answer")
    for part in parts(plain, options):
        decision = _decided(marked(part, options))
        if decision.label != INVALID or decision.rule in _SETTLED:
            return decision
    if (exact := _by_exact_text(plain, options)) is not None:
        return exact
    return decision


def _by_exact_text(plain: Text, options: Mapping[str, str]) -> Decision | None:
    """An option's text as the whole reply, capitals told apart: of *Aa* and *AA* it can be only one."""
    said = option_text(plain.chars)
    letters = [letter for letter, words in options.items() if said and option_text(words) == said]
    if len(letters) != 1:
        return None
    return Decision(letters[0], "only an option text", (plain.origin[0], plain.origin[-1] + 1))


_SETTLED = frozenset({"several answers", "contradictory answers", "outside the options", "none of them"})

_FINDERS = (
    find_answers,
    find_choices,
    find_conclusions,
    find_lone_letters,
    find_pointers,
    find_texts_with_letters,
    find_ruled_out,
    find_verdicts,
    find_retractions,
)
"""In this order: a letter that one of them has taken is not read by those after it, but for verdicts."""

# --- precedence -------------------------------------------------------------------------------------


def _decided(page: Page) -> Decision:
    found = Found(page)
    for find in _FINDERS:
        find(found)
    statements = found.in_order()
    current = _last_word(page, statements)
    if current is not None and current.rule == "contradiction":
        return Decision(INVALID, "contradictory answers", page.span(current.start, current.end))
    if current is not None and (named := _replaced_by_text(found, current, statements)):
        return _named(page, named)
    if current is not None:
        return _of(page, current)
    if any(one.kind == "retracted" for one in statements) and any(one.kind == "answer" for one in statements):
        left = surviving(found, statements)
        return Decision(INVALID, "retracted") if left is None else _named(page, left)
    return _without_a_letter(found, statements)


def _replaced_by_text(found: Found, current: Statement, statements: list[Statement]) -> Named | None:
    """The option whose text a reply comes to after it has called its answer wrong."""
    later = [one for one in statements if one.start >= current.end]
    if not any(one.kind == "ruled_out" and current.letters <= one.letters for one in later):
        return None
    named = named_by_text(found)
    return named if named and named.start > current.end and named.letter not in current.letters else None


def _last_word(page: Page, statements: list[Statement]) -> Statement | None:
    """The statement that counts: the weightiest, of equal ones the last, none that was taken back."""
    current: Statement | None = None
    called_wrong = False
    for number, one in enumerate(statements):
        if one.kind == "retracted":
            near = current is not None and _between(page, current.end, one.start) <= 25
            if near or one.rule == "undecided":
                current = None
        elif one.kind == "ruled_out" and one.rule == "ruled out":
            if current is not None and current.letters <= one.letters and one.start >= current.end:
                current = None
        elif one.kind == "ruled_out" and current is not None and one.letters < current.letters:
            current = current._replace(letters=current.letters - one.letters)
        elif one.kind == "ruled_out":
            called_wrong = current is not None and current.letters <= one.letters and one.start >= current.end
        elif one.kind == "answer":
            replaced = called_wrong and _is_the_only_right(one, statements[number:])
            current, called_wrong = one if replaced else _later(page, current, one), False
    return current


def _is_the_only_right(one: Statement, later: list[Statement]) -> bool:
    """Whether no other option is called right later: where the wrong one was asked for, several are."""
    return one.weight >= 2 and not any(
        other.kind == "answer" and other.letters != one.letters for other in later
    )


def _later(page: Page, current: Statement | None, new: Statement) -> Statement:
    if current is None or current.letters == new.letters:
        return new if current is None or new.weight >= current.weight else current
    if new.letters < current.letters and (new.overrides or new.weight > current.weight):
        return new
    if _is_the_rest(page, current, new):
        return current
    if new.adds and new.weight <= current.weight + 1 and not new.overrides:
        return _contradiction(current, new)
    if new.weight > current.weight or (new.overrides and new.weight >= min(current.weight, 2)):
        return new
    if new.weight < current.weight:
        return current
    far = _between(page, current.end, new.start) > FAR
    if new.weight >= 4 and far:
        return new
    return _contradiction(current, new)


def _is_the_rest(page: Page, current: Statement, new: Statement) -> bool:
    """Whether ``new`` calls all options right but the one chosen: where the wrong one was asked for."""
    rest = frozenset(page.options) - current.letters
    return current.weight >= 3 and new.weight == 1 and len(rest) >= 3 and new.letters == rest


def _contradiction(current: Statement, new: Statement) -> Statement:
    return new._replace(rule="contradiction", letters=current.letters | new.letters, start=current.start)


def _between(page: Page, start: int, end: int) -> int:
    return len(page.text[start:end].strip())


def _of(page: Page, statement: Statement) -> Decision:
    span = page.span(statement.start, statement.end)
    if len(statement.letters) > 1:
        return Decision(INVALID, "several answers", span)
    (letter,) = statement.letters
    if letter not in page.options:
        rule = "none of them" if letter == "-" else "outside the options"
        return Decision(INVALID, rule, span)
    return Decision(letter, statement.rule, span)


def _named(page: Page, named: Named) -> Decision:
    return Decision(named.letter, named.rule, page.span(named.start, named.end))


def _without_a_letter(found: Found, statements: list[Statement]) -> Decision:
    """By an option's text, by counting (*the third option*), or because all others are ruled out."""
    page = found.page
    if (named := named_by_text(found) or last_word(found)) and named.letter in page.options:
        return _named(page, named)
    if counted := ordinal(page):
        if counted.letter not in page.options:
            return Decision(INVALID, "outside the options")
        return _named(page, counted)
    if left_over := surviving(found, statements):
        return _named(page, left_over)
    out = [one for one in statements if one.kind == "ruled_out"]
    left = set(page.options).difference(*(one.letters for one in out))
    if len(left) == 1 and len(page.options) > 2:
        return Decision(left.pop(), "all others ruled out", page.span(out[-1].start, out[-1].end))
    return Decision(INVALID, "only the options repeated" if found.listed else "no answer")
