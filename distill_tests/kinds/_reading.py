"""An identity spec's questions and framings, checked and chosen, with all mistakes at once.

The shapes are checked by the JSON Schemas; here is what a schema cannot say: placeholders, ids given
twice, selections that pick nothing, twins without a text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from distill_tests.errors import Problem
from distill_tests.kinds._questions import (
    NOT_SENT,
    PLACEHOLDER,
    Entry,
    Framing,
    Question,
    entries,
    framing,
    plain,
    question,
)
from distill_tests.types import Pointer, Spec

_PLACEHOLDER_LIKE = re.compile(r"[{｛]\s*([^\W\d]\w*)\s*[}｝]")
T = TypeVar("T", Question, Framing)


@dataclass(slots=True)
class Reading:
    """A pass over one spec; ``problems`` fills up and nothing is raised."""

    spec: Spec
    problems: list[Problem] = field(default_factory=list)

    def questions(self) -> list[Question]:
        """The questions that the spec chooses, in the order they are written."""
        probes = self.spec.body["probes"]
        written = list(entries(probes, "probes", "questions"))
        for entry in written:
            self._check_question(entry)
        found = self._distinct([question(entry) for entry in written], "question")
        if not found:
            self._problem(("probes",), "no questions", allowed="give include, questions, or recorded: all")
        tagged = self._matching(found, "question", ("probes", "tags"), lambda q: q.words, probes.get("tags"))
        return self._nonempty([q for q in found if q.id in tagged], "question", ("probes", "tags"))

    def framings(self, languages: Sequence[str]) -> list[Framing]:
        """The framings that the spec chooses; the bare question where it says nothing of framings."""
        section = self.spec.body.get("framings")
        if section is None:
            return [plain(languages)]
        written = list(entries(section, "framings", "inline"))
        for entry in written:
            self._check_framing(entry)
        found = self._distinct([framing(entry) for entry in written], "framing")
        if not found:
            self._problem(("framings",), "no framings", allowed="give include or inline, or leave it out")
        families = self._matching(
            found, "framing", ("framings", "families"), lambda f: {f.family or ""}, section.get("families")
        )
        tagged = self._matching(
            found, "framing", ("framings", "tags"), lambda f: f.words, section.get("tags")
        )
        chosen = [f for f in found if f.id in families & tagged]
        return self._nonempty(chosen, "framing", ("framings", "tags" if "tags" in section else "families"))

    def languages(self, questions: Iterable[Question]) -> list[str]:
        """The languages to ask in: those the spec names, else all that the questions have."""
        given = self.spec.body["probes"].get("languages")
        return list(given or dict.fromkeys(language for question in questions for language in question.texts))

    def check_twins(
        self, questions: Sequence[Question], framings: Sequence[Framing], languages: Sequence[str]
    ) -> None:
        """Every chosen question and framing has a text in every language it is asked in."""
        for one in questions:
            outside = [language for language in one.texts if language not in languages]
            if not one.alone:
                self._check_languages(one, "question", languages)
            elif outside:
                what = (
                    f"question {one.id!r} is in {outside[0]!r}, which is not one of the languages to ask in"
                )
                self._problem(one.places[outside[0]], what, allowed=f"languages: {', '.join(languages)}")
        asked = [language for language in languages if any(language in one.texts for one in questions)]
        for wrap in framings:
            self._check_languages(wrap, "framing", asked)

    def _problem(self, at: Pointer, what: str, *, got: str | None = None, allowed: str | None = None) -> None:
        self.problems.append(Problem(place=self.spec.place(*at), what=what, got=got, allowed=allowed))

    # --- choosing -------------------------------------------------------------------------------

    def _distinct(self, found: Sequence[T], what: str) -> list[T]:
        """Without the second of two with one id."""
        first: dict[str, T] = {}
        for thing in found:
            earlier = first.setdefault(thing.id, thing)
            if earlier is not thing:
                known = self.spec.place(*earlier.at)
                self._problem(thing.at, f"{what} {thing.id!r} is already defined at {known}")
        return list(first.values())

    def _matching(
        self,
        things: Sequence[T],
        what: str,
        at: Pointer,
        words: Callable[[T], Collection[str]],
        wanted: Sequence[str] | None,
    ) -> set[str]:
        """Ids of those that have one of the ``wanted`` words; a word that none has is a problem."""
        if wanted is None or not things:
            return {thing.id for thing in things}
        known = {word for thing in things for word in words(thing) if word}
        key = {"tags": "tag", "families": "family"}[str(at[-1])]
        for index, word in enumerate(wanted):
            if word not in known:
                self._problem((*at, index), f"no {what} has the {key} {word!r}", allowed=_near(word, known))
        return {thing.id for thing in things if not set(wanted).isdisjoint(words(thing))}

    def _nonempty(self, chosen: list[T], what: str, at: Pointer) -> list[T]:
        if not chosen and not self.problems:
            self._problem(at, f"the filters leave no {what}")
        return chosen

    def _check_languages(self, thing: Question | Framing, what: str, languages: Sequence[str]) -> None:
        for language in languages:
            if thing.texts and language not in thing.texts:
                self._problem(
                    thing.at,
                    f"{what} {thing.id!r} has no text in {language!r}, only in {', '.join(thing.texts)}",
                    allowed="add it, or name the languages to ask in with probes: {languages: …}",
                )

    # --- texts ----------------------------------------------------------------------------------

    def _check_question(self, entry: Entry) -> None:
        asked = question(entry)
        if not asked.texts:
            self._problem(entry.at, f"question {entry.id!r} has no text", allowed="add text: or en: or zh: …")
        elif "text" in entry.body and not asked.alone:
            what = f"question {entry.id!r} has text and {next(iter(asked.texts))}"
            self._problem((*entry.at, "text"), what, allowed="give one text, or one for each language")
        for at, text in _texts(entry):
            if found := _PLACEHOLDER_LIKE.search(text):
                what = f"question {entry.id!r} holds a placeholder"
                self._problem(at, what, got=found[0], allowed="placeholders belong in framings")

    def _check_framing(self, entry: Entry) -> None:
        wordings = framing(entry).texts
        if not wordings:
            self._problem(entry.at, f"framing {entry.id!r} has no text", allowed="add en: or zh: …")
        for language, wording in wordings.items():
            at, what = (*entry.at, language), f"framing {entry.id!r} ({language})"
            written = entry.body[language]
            if not isinstance(written, str) and ("text" in written) == ("turns" in written):
                given = "text and turns" if "text" in written else "neither text nor turns"
                self._problem(at, f"{what} has {given}", allowed="give one of them")
            elif not any(_PLACEHOLDER_LIKE.search(turn) for turn in wording.turns):
                allowed = f"write {PLACEHOLDER} where the question goes"
                self._problem(at, f"{what} has no {PLACEHOLDER}", allowed=allowed)
            if wording.completion is not None and PLACEHOLDER not in wording.completion:
                self._problem((*at, "completion"), f"{what}: the completion has no {PLACEHOLDER}")
        for at, text in _texts(entry):
            self._check_placeholders(at, f"framing {entry.id!r}", text)

    def _check_placeholders(self, at: Pointer, what: str, text: str) -> None:
        for found in _PLACEHOLDER_LIKE.finditer(text):
            if found[0] != PLACEHOLDER:
                meant = difflib.get_close_matches(found[1].lower(), ["question"], n=1, cutoff=0.5)
                allowed = f"did you mean {PLACEHOLDER}?" if meant else f"only {PLACEHOLDER} is filled in"
                self._problem(at, f"{what} has an unknown placeholder", got=found[0], allowed=allowed)


def _texts(entry: Entry) -> Iterator[tuple[Pointer, str]]:
    """Every text that is sent, with its pointer."""
    for key, value in entry.body.items():
        if key not in NOT_SENT:
            yield from _inner_texts((*entry.at, key), value)


def _inner_texts(at: Pointer, value: Any) -> Iterator[tuple[Pointer, str]]:
    if isinstance(value, str):
        yield at, value
    else:
        for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _inner_texts((*at, key), inner)


def _near(word: str, known: Collection[str], *, most: int = 20) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    names = sorted(known)
    return f"known: {', '.join(names[:most])}" + (f" … ({len(names)} in all)" if len(names) > most else "")
