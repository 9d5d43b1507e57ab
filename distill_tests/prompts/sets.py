"""A file of prompts to its sets, drawn; every row that cannot be used is named with its line."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from distill_tests.errors import BadRows, DataError, Problem
from distill_tests.prompts.drawing import Draw
from distill_tests.prompts.formats import Asked, Unusable, asked, language_of
from distill_tests.prompts.nouns import Prompt, PromptSet, Source
from distill_tests.prompts.reading import rows
from distill_tests.specfile.files import shown_path, whole_path
from distill_tests.types import Place

UNNAMED: Final = "prompts"
"""The set of rows that name none."""
MOST_HELD: Final = 200_000
"""Prompts in memory at a time."""
MOST_NAMED: Final = 50
MOST_WRONG: Final = 10_000


def prompt_sets(source: Source, *, seed: int) -> tuple[PromptSet, ...]:
    """The sets of a file, in the order they are first met, with what is drawn of each.

    A set may have fewer prompts than ``source.size``: then all are drawn; of one that is not wanted, none.
    Raises BadRows where more rows than the source tolerates cannot be used, DataError where the file cannot
    be read or is too large to be taken whole.
    """
    try:
        status = source.path.stat()
    except OSError as error:
        raise DataError(f"{shown_path(source.path)}: cannot be read: {error.strerror}") from error
    whole = replace(source, path=whole_path(source.path))
    return _read(whole, seed, (status.st_size, status.st_mtime_ns))


@functools.lru_cache(maxsize=16)
def _read(source: Source, seed: int, stamp: object) -> tuple[PromptSet, ...]:  # noqa: ARG001 - part of the key
    """Every target of a spec asks for the same sets; a large file is read once."""
    reading = _Reading(source, seed)
    for row in rows(source.path):
        try:
            if row.value is None:
                raise Unusable(row.problem)
            reading.take(asked(row.value, source.format), row.line)
        except Unusable as trouble:
            reading.refuse(row.line, str(trouble))
    return reading.sets()


@dataclass(slots=True)
class _Reading:
    """A pass over one file."""

    source: Source
    seed: int
    draws: dict[str, Draw[Prompt]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    wrong: int = 0
    _seen: dict[bytes, int] = field(default_factory=dict)
    _path: str = ""

    def __post_init__(self) -> None:
        self._path = shown_path(self.source.path)

    def take(self, told: Asked, line: int) -> None:
        """One usable row; raises Unusable for an id that was there already."""
        turns = told.turns
        language = told.language or language_of(" ".join(turns))
        name = self.source.set or told.set or UNNAMED
        identity, cluster = self._named(told, name, language, line)
        if self.source.languages is not None and language not in self.source.languages:
            return
        turns = turns[: self.source.max_turns]
        place = Place(path=self._path, line=line, column=1)
        prompt = Prompt(id=identity, set=name, turns=turns, language=language, cluster=cluster, place=place)
        draw = self.draws.get(name)
        if draw is None:
            wanted = self.source.sets is None or name in self.source.sets
            draw = self.draws[name] = Draw(name, size=self.source.size if wanted else 0, seed=self.seed)
        draw.offer(identity, language, prompt)
        if draw.held > MOST_HELD:
            raise DataError(f"{self._path}: more than {MOST_HELD:,} prompts; give a size to draw of them")

    def refuse(self, line: int, what: str) -> None:
        self.wrong += 1
        if self.wrong <= MOST_NAMED:
            self.problems.append(Problem(place=Place(path=self._path, line=line, column=1), what=what))
        elif self.wrong > max(MOST_WRONG, self.source.max_bad_rows):
            raise self._bad(f"more than {self.wrong - 1:,} bad rows; not read any further")

    def sets(self) -> tuple[PromptSet, ...]:
        if self.wrong > self.source.max_bad_rows:
            raise self._bad("")
        if not self.draws and not self.wrong and not self._seen:
            raise DataError(f"{self._path}: holds no row")
        return tuple(
            PromptSet(
                name=name,
                path=self._path,
                prompts=tuple(draw.drawn()),
                usable=draw.offered,
                left_out=self.wrong,
            )
            for name, draw in self.draws.items()
        )

    def _named(self, told: Asked, name: str, language: str, line: int) -> tuple[str, str]:
        """Id and cluster; a row without an id is named by its text, and may stand there twice."""
        if told.id is not None:
            key = _key("id", name, told.id, language)
            if key in self._seen:  # a list may have all of its rows on one line
                twins = "" if told.language else f" (in {language}; twins say their language)"
                raise Unusable(f"id {told.id[:80]!r} was already used on line {self._seen[key]}{twins}")
            self._seen[key] = line
            return told.id, told.cluster or told.id
        text = hashlib.sha256(json.dumps(told.turns).encode()).hexdigest()[:12]
        key = _key("text", name, text, language)
        times = self._seen[key] = self._seen.get(key, 0) + 1
        return f"p-{text}" + (f"-{times}" if times > 1 else ""), f"p-{text}"

    def _bad(self, more: str) -> BadRows:
        return BadRows("\n".join(map(str, self._told(more))), tuple(self._told(more)))

    def _told(self, more: str) -> Iterator[Problem]:
        yield from self.problems
        last = self.problems[-1].place
        if more or self.wrong > len(self.problems):
            what = more or f"and {self.wrong - len(self.problems)} more rows like these"
            yield Problem(place=last, what=what)
        if self.source.max_bad_rows:
            what = f"{self.wrong} bad rows, and max_bad_rows is {self.source.max_bad_rows}"
            yield Problem(place=last, what=what)


def _key(*names: str) -> bytes:
    """Short: a large file has many ids."""
    return hashlib.blake2b(json.dumps(names).encode(), digest_size=12).digest()
