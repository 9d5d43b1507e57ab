"""Whether questions are about the speaker's own identity: the only ones a search asks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

from distill_tests.lexicon import names_makers
from distill_tests.search.wording import entries, language_of

MAX_QUESTION_CHARS: Final = 300
_CLAUSE: Final = re.compile(
    r"[.?!;\n。？！；，]+\s*(?:(?:and|then|also|so|but|or)\b\s*)*|\b(?:and|then|also|but)\s+"
    r"|,\s*(?=(?:how|what|why|tell|explain|write|give|list|teach|help|ignore)\b)"
    r"|然后|以及|并且|同时|另外|还有"
)
_LETTER: Final = re.compile(r"[^\W\d_]")


class QuestionProblem(NamedTuple):
    """The ``number``-th question (from 1) is not about the speaker: ``why`` in words."""

    number: int
    text: str
    why: str

    def __str__(self) -> str:
        return f"question {self.number} ({self.text[:80]!r}): {self.why}"


def check_identity_questions(texts: Iterable[str]) -> tuple[QuestionProblem, ...]:
    """The questions that a search does not ask, each with the reason; English and Chinese.

    Told by the words of ``data/search/identity_questions.txt``: the listener is meant, a fact of an
    identity is asked for, and no clause asks for anything else.
    """
    problems = ((number, text, _why_not(text)) for number, text in enumerate(texts, start=1))
    return tuple(QuestionProblem(number, text, why) for number, text, why in problems if why)


def _why_not(text: str) -> str | None:
    if len(text) > MAX_QUESTION_CHARS:
        return f"longer than {MAX_QUESTION_CHARS} characters; an identity question is short"
    if not _LETTER.search(text):
        return "holds no words"
    language, lower = language_of(text), text.lower().replace("’", "'")
    if found := _words("never", language).search(lower):
        return f"{found[0]!r} is asked for; a search asks who the model is, nothing else"
    if not _words("listener", language).search(lower):
        return "is not put to the listener; write for example “Which company made you?”"
    if not _names_a_fact(lower, language):
        return "asks for no fact of the listener's identity (maker, name, place, product, training …)"
    for clause in _CLAUSE.split(lower):
        if _asks(clause, language) and not _fits(clause, language):
            return f"{clause.strip()!r} asks for something else than the listener's identity"
    return None


def _asks(clause: str, language: str) -> bool:
    words = _words("asking", language)
    return bool(words.search(clause) if language == "zh" else words.match(clause.strip()))


def _fits(clause: str, language: str) -> bool:
    """A clause of a few words ("if so, which one", "please tell me") leans on its neighbours."""
    leans = len(clause.split()) <= 3 if language == "en" else len(clause.strip()) <= 6
    return leans or _names_a_fact(clause, language)


def _names_a_fact(text: str, language: str) -> bool:
    return bool(_words("topics", language).search(text) or names_makers(text))


@cache
def _words(kind: str, language: str) -> re.Pattern[str]:
    """Finds any entry of a list: of English as whole words, ``*`` any ending, ``?`` any letter."""
    lines = sorted(entries("identity_questions.txt", f"{kind} {language}"), key=len, reverse=True)
    either = "|".join(
        re.escape(line).replace(r"\*", r"\w*").replace(r"\?", r"\w").replace(r"\ ", r"\s+") for line in lines
    )
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)" if language == "en" else either)
