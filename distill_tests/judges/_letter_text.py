"""A reply to a multiple-choice question as the rules of ``letter`` read it: with its letters marked.

Each letter that stands for an option becomes one private character (:data:`OPTION`), so that rules are
about letters and words, never about spelling; the rest is lower case.  The text of an option after its own
letter becomes :data:`OWN_TEXT`, so that an option's wording is never read as the reply's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from itertools import pairwise
from typing import NamedTuple

from distill_tests.judges._letter_dress import Text, undressed
from distill_tests.judges._letter_words import (
    AFTER_A_LETTER,
    COUNTED_NOUNS_EN,
    COUNTED_NOUNS_ZH,
    OPTION_WORDS,
    SIMPLIFIED,
)

FIRST, FOREIGN, OWN_TEXT = 0xE000, 0xE100, "\ue200"
OPTION = "[\ue000-\ue019\ue100-\ue119]"
"""A letter of an option, or (from E100) a capital letter that no option has."""


class Page(NamedTuple):
    """A reply ready for rules.  ``texts``: by letter, what follows it being another option's text."""

    text: str
    origin: Sequence[int]
    letters: str
    options: Mapping[str, str]
    mismatched: Mapping[int, str]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where ``text[start:end]`` stands in the reply."""
        while end > start + 1 and self.text[end - 1].isspace():
            end -= 1
        return self.origin[start], self.origin[end - 1] + 1

    def letter(self, char: str) -> str:
        """The letter that a private character stands for."""
        return chr((ord(char) - FIRST) % 0x100 + ord("A"))

    def letters_in(self, start: int, end: int) -> frozenset[str]:
        return frozenset(self.letter(one) for one in self.text[start:end] if is_letter(one))


def is_letter(char: str) -> bool:
    return "\ue000" <= char <= "\ue119"


# --- letters --------------------------------------------------------------------------------------

_SINGLE = re.compile(r"(?<![A-Za-z0-9_À-ÖØ-öø-ɏ])[A-Za-z](?![A-Za-z0-9_À-ÖØ-öø-ɏ])")
_COUNTED_ERA = re.compile(r"\d\s?(?:BC|AD|BCE|CE)$")
_LETTERS_JOINED = re.compile(
    r"(?<![A-Za-z0-9_])(?:[A-Z]{1,26}|[a-z]|and|or|both|neither|nor|only|all|of)(?![A-Za-z0-9_])|[和与及或、都]"
)
_RUN = re.compile(r"(?<![A-Za-z0-9_À-ÖØ-öø-ɏ])[A-Z]{2,26}(?![A-Za-z0-9_À-ÖØ-öø-ɏ])")
_OPENS, _CLOSES = "([{<〈《【〔（", ")]}>〉》】〕）"
_OPERATOR_BEFORE = re.compile(
    r"(?:(?<![A-Za-z])[A-Za-z]|\d)\s?[=+*÷<>^−∩∪·∈∉⊂⊆⊥∥∽≌]\s?$|=[^=\n]{1,20}\s[-–/]\s$|[°∠△⊙√\\^]$"
)
_OPERATOR_AFTER = re.compile(
    r"\(\d+,|\s?[=+*÷<>^−∩∪·∈∉⊂⊆⊥∥∽≌]{1,2}\s?(?!(?:in)?correct|wrong|right|true|false|yes|no\b)[A-Za-z0-9(√\\]|[²³₀-₉'′]?[\^+#]|[²³₀-₉′]"
)
_ABBREVIATED = re.compile(r"(?<![A-Za-z])(?:[A-Za-z]|[Pp]h)\.$")
_HYPHEN_BEFORE = re.compile(r"(?<!answer)(?<!option)(?<!choice)(?<=[A-Za-z])[-‐]$", re.IGNORECASE)
_HYPHEN_AFTER = re.compile(r"[-‐][A-Za-z0-9]|['’](?!s\b)[A-Za-z]|\.[A-Za-z](?![A-Za-z])")
_NUMBER_BEFORE = re.compile(r"(?<![A-Za-z#第] )(?<![A-Za-z#第])\d (?:degrees )?$")
_COUNTED_BEFORE = re.compile(
    rf"(?<![A-Za-z])(?:{COUNTED_NOUNS_EN})(?:\.?\s+|:\s*)$|(?:{COUNTED_NOUNS_ZH})\s?$", re.IGNORECASE
)
_COUNTED_AFTER = re.compile(r"\s?(?:点|型(?!号)|级|城|罩|语言|盘|座|肝|细胞|组同学|同学)")
_OPTION_BEFORE = re.compile(rf"(?:{OPTION_WORDS})[\s:(\[]*$", re.IGNORECASE)
_ENDS = re.compile(r"\s*(?:$|\n|[^\sA-Za-z0-9])")
_ADJECTIVE = re.compile(
    r"\s+(?:correct|incorrect|right|wrong|true|false|best|most)\s+"
    r"(?!(?:and|but|because|since|so|as|while|for|then|or)\b|[A-Za-z]\b)(?:likely\s+)?(?:answers?|options?|choices?|statements?|[a-z]{3,})",
    re.IGNORECASE,
)
_WORD = re.compile(r"\s+([A-Za-z]+)")


def marked(text: Text, options: Mapping[str, str]) -> Page:
    """``text`` with its option letters as private characters, in lower case, and option texts masked."""
    plain = {letter: option_text(words) for letter, words in options.items()}
    whole = {words for words in plain.values() if _has_a_letter_inside(words)}
    kept = [
        match.span()
        for words in whole
        for match in re.finditer(text_pattern(words.lower()), text.chars.lower())
    ]
    lower = _in_letters(text.chars, plain, {one for span in kept for one in range(*span)})
    own = {
        letter: _lowered(words) if words in whole else _in_letters(words, plain)
        for letter, words in plain.items()
    }
    own = {letter: "" if len(words) == 1 and is_letter(words) else words for letter, words in own.items()}
    return _masked(Page(lower, text.origin, "".join(options), own, {}))  # a letter is its option's, no text


def _has_a_letter_inside(words: str) -> bool:
    """Whether an option's text has a letter beside other words: *5 A*, 线段AB, but not *A and B*."""
    if not (_SINGLE.search(words) or _RUN.search(words)):
        return False
    return re.search(r"\w", _LETTERS_JOINED.sub(" ", words)) is not None


def _in_letters(text: str, options: Mapping[str, str], kept: Set[int] = frozenset()) -> str:
    """``text`` in lower case with every letter of an option as its private character, but at ``kept``."""
    chars = list(text)
    for match in _RUN.finditer(text):
        run = match.group()
        if match.start() in kept or _COUNTED_ERA.search(text[: match.end()][-16:]):
            continue
        if len(run) <= len(options) and list(run) == sorted(set(run)) and set(run) <= set(options):
            chars[match.start() : match.end()] = [chr(FIRST + ord(one) - 65) for one in run]
    for match in _SINGLE.finditer(text):
        place = match.start()
        if place not in kept and (mark := _mark(text, place, options)) is not None:
            chars[place] = mark
            if _is_bracketed(text, place):
                chars[place - 1], chars[place + 1] = " ", ")"
    return _lowered("".join(chars))


def _lowered(text: str) -> str:
    lower = "".join(low if len(low := one.lower()) == 1 else one for one in text).translate(SIMPLIFIED)
    return re.sub(r"(?<=[a-z])['’‘ʼ](?=[a-z])", " ", lower)  # it's, isn't: as the word lists have them


def option_text(words: str) -> str:
    """An option's text as it is compared: undressed, without outer punctuation."""
    plain = undressed(Text(words, range(len(words)))).chars
    return re.sub(r"\s+", " ", plain).strip(" \t.。,，;；:：!！")


def _is_bracketed(text: str, place: int) -> bool:
    around = text[place - 1 : place] + text[place + 1 : place + 2]
    return len(around) == 2 and around[0] in _OPENS and around[1] in _CLOSES


def _mark(text: str, place: int, options: Mapping[str, str]) -> str | None:
    """The private character for the letter at ``place``; None where it is no option's letter."""
    char = text[place]
    index, known = ord(char.upper()) - 65, char.upper() in options
    if not known and (char.islower() or char in options.values() or text[place + 1 : place + 2] == "("):
        return None  # the last: a function, P(x)
    mark = chr((FIRST if known else FOREIGN) + index)
    before, after = text[max(0, place - 24) : place], text[place + 1 : place + 40]
    if _is_bracketed(text, place):
        called = before[-2:-1].isascii() and before[-2:-1].isalnum()
        return None if called and not _OPTION_BEFORE.search(before[:-1]) else mark
    if _is_part_of_something(before, after):
        return None
    if char in "Ii" and not known:
        return None
    if char in "Ii" and not _ENDS.match(after) and not re.match(r"\s+(?:is|because|since)\b", after):
        return None
    if _OPTION_BEFORE.search(before):
        return mark
    if char in "Aa" and not _stands_alone(text, place, options.get("A", "")):
        return None
    return mark


def _is_part_of_something(before: str, after: str) -> bool:
    """Of a formula, an abbreviation, a hyphenated word or a name such as vitamin C."""
    return bool(
        _OPERATOR_BEFORE.search(before)
        or _OPERATOR_AFTER.match(after)
        or _ABBREVIATED.search(before)
        or _HYPHEN_BEFORE.search(before)
        or _HYPHEN_AFTER.match(after)
        or re.search(r"[A-Za-z]['’]$", before)
        or _NUMBER_BEFORE.search(before)
        or _COUNTED_BEFORE.search(before)
        or _COUNTED_AFTER.match(after)
    )


def _stands_alone(text: str, place: int, own: str) -> bool:
    """Whether an A is a letter, not the article."""
    after = text[place + 1 : place + 400]
    word = _WORD.match(after[:40])
    if _ADJECTIVE.match(after):
        return False
    if _ENDS.match(after) or word is None:
        return True
    if word.group(1).lower() in AFTER_A_LETTER:
        return True
    rest = re.sub(r"\s+", " ", after).lstrip()
    if not own or not rest.lower().startswith(own.lower()):
        return False
    return not rest[0].islower() or re.match(r" (?!(?:because|since|as)\b)[a-z]", rest[len(own) :]) is None


_LONGEST_FLEXIBLE = 2_000

# --- option texts ---------------------------------------------------------------------------------

_BETWEEN = re.compile(r"[\s.:)\]】、,(\-–—|]{1,6}|(?:选项|项)[\s:,是为]{0,2}")


def _are_words(one: str, two: str) -> bool:
    """Whether a blank between the two cannot be left out: *new york*, but *4 m/s* and *x > 3*."""
    both = one + two
    return both.isascii() and (both.isalpha() or both.isdigit())


def text_pattern(words: str) -> str:
    """A pattern for an option's text as a whole; blanks may differ, but not between words."""
    if len(words) > _LONGEST_FLEXIBLE:
        return re.escape(words)
    pieces = re.findall(r"[a-z]+|[0-9]+|[^\sa-z0-9]", words)
    gaps = [r"\s+" if _are_words(one, two) else r"\s*" for one, two in pairwise(pieces)]
    body = "".join(re.escape(one) + gap for one, gap in zip(pieces, [*gaps, ""], strict=True))
    left = r"(?<![a-z0-9.])" if re.match(r"[a-z0-9]", words) else ""
    right = r"(?![a-z0-9]|\.\d)" if re.search(r"[a-z0-9]$", words) else ""
    return f"{left}{body}{right}"


def _glued(page: Page, place: int, words: str) -> int | None:
    """Where ``words`` end that follow their letter without a gap, as Chinese may: B老舍."""
    return place + len(words) if words[:1] > "\u2e80" and page.text.startswith(words, place) else None


_GOES_ON = re.compile(r"\s+(?:is|are|was|were|has|have|had|lies|does|did|stands|means|comes)\b")
"""Behind another option's text: a sentence about that one, *B. London is in England*."""


def _text_behind(
    text: str, place: int, patterns: Sequence[tuple[str, re.Pattern[str]]]
) -> tuple[str, re.Match[str]] | None:
    """The first option of ``patterns`` whose text stands behind a letter that ends at ``place``."""
    gap = _BETWEEN.match(text, place)
    if gap is None:
        return None
    for letter, pattern in patterns:
        for end in range(gap.end(), place, -1):
            if found := pattern.match(text, end):
                return letter, found
    return None


def _masked(page: Page) -> Page:
    """Own texts after their letters masked; other options' texts after a letter noted."""
    chars, mismatched = list(page.text), dict[int, str]()
    texts = sorted(page.options.items(), key=lambda one: -len(one[1]))
    patterns = [(letter, re.compile(text_pattern(words))) for letter, words in texts if words]
    for match in re.finditer(OPTION, page.text):
        here = page.letter(match.group())
        if glued := _glued(page, match.end(), page.options.get(here, "")):
            chars[match.end() : glued] = OWN_TEXT * (glued - match.end())
        elif named := _text_behind(page.text, match.end(), patterns):
            letter, found = named
            if page.options[letter] == page.options.get(here):
                chars[found.start() : found.end()] = OWN_TEXT * (found.end() - found.start())
            elif here in page.options and not _GOES_ON.match(page.text, found.end()):
                mismatched[match.start()] = letter
    return page._replace(text="".join(chars), mismatched=mismatched)
