"""The shortest form of a framing that still elicits the contradiction: delta debugging over its parts.

After Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002): ``ddmin``, first
over sentences, then over phrases.  All candidates of a round are asked together, and the first one in
planned order that elicits is taken, so the result depends on the replies only.  It is minimal in this
sense: no further sentence and no further phrase can be left out alone.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from distill_tests.lexicon import names_makers
from distill_tests.search.sentences import sentences
from distill_tests.search.templates import PLACEHOLDER

_CLOSING = "\"'”’»)\\]）】」』》"
_MARK = re.escape(PLACEHOLDER)
_PHRASE_END = re.compile(
    rf"(?:(?={_MARK})|(?<={_MARK})|[,;:]{{1,8}}[{_CLOSING}]{{0,4}}\s{{1,40}}|\s{{1,40}}[-–—]{{1,8}}\s{{1,40}}"
    rf"|—{{1,8}}|[，、；：][{_CLOSING}]{{0,4}}\s{{0,40}})"
)


MOST_CALLS = 200
"""Questions to the target at most, in all, where nobody says."""


class Attempt(NamedTuple):
    """One asking of a template; ``sample`` (from 0) tells repeats of it apart."""

    template: str
    sample: int


Elicits: TypeAlias = Callable[[Sequence[Attempt]], Awaitable[Sequence[bool | None]]]
"""Whether each attempt brought the contradiction, in order; None: no verdict (provider trouble, unscored)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """An elicitation counts if it comes back in ``at_least`` of ``of`` samples."""

    at_least: int = 2
    of: int = 3

    def __post_init__(self) -> None:
        if not 1 <= self.at_least <= self.of:
            raise ValueError(f"at_least {self.at_least} is not within 1..{self.of}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """The shortest form that was found.

    ``came_back`` of ``scored`` samples of it elicited.  ``confirmed``: often enough; where it is False the
    template did not come back as it stood, and nothing was left out.  ``finished``: nothing further can
    be left out; False where the budget ended or an attempt without a verdict left that open.
    ``attempts`` were asked in all, ``unknown`` of them brought no verdict.  ``makers``: ids of the real
    makers that the prompt still names.
    """

    text: str
    came_back: int
    scored: int
    confirmed: bool
    finished: bool
    attempts: int
    unknown: int
    makers: tuple[str, ...]


async def shrink(
    template: str, elicits: Elicits, *, most: int, repeats: Repeats | None = None, question: str = ""
) -> Shrunk:
    """``template`` with all left out that the contradiction does not need; ``{question}`` stays.

    At most ``most`` attempts are asked.  ``question`` is the one it is asked with, for the makers that
    the prompt names.  Raises ValueError for a template without ``{question}``.
    """
    if PLACEHOLDER not in template:
        raise ValueError(f"a framing without {PLACEHOLDER}")
    trying = _Trying(elicits, repeats or Repeats(), most)
    text, finished = template, False
    await trying.fully(template)
    if trying.verdict(template):
        finished = True
        for split in (sentences, phrases):
            text, is_minimal = await _minimal(text, split, trying)
            finished = finished and is_minimal
        await trying.fully(text)
    scored = trying.scored(text)
    return Shrunk(
        text=text,
        came_back=sum(scored),
        scored=len(scored),
        confirmed=bool(trying.verdict(text)),
        finished=finished,
        attempts=trying.attempts,
        unknown=trying.unknown,
        makers=names_makers(text.replace(PLACEHOLDER, question)),
    )


# --- parts of a text ----------------------------------------------------------------------------


def phrases(text: str) -> list[str]:
    """The phrases of each sentence, split at commas, colons, dashes and ``{question}``; joined the text."""
    return [phrase for sentence in sentences(text) for phrase in _phrases(sentence)]


def _phrases(sentence: str) -> Iterator[str]:
    start = 0
    for found in _PHRASE_END.finditer(sentence):
        if found.end() > start:
            yield sentence[start : found.end()]
            start = found.end()
    if start < len(sentence):
        yield sentence[start:]


# --- delta debugging ----------------------------------------------------------------------------


class Minimal(NamedTuple):
    text: str
    is_minimal: bool


async def _minimal(text: str, split: Callable[[str], list[str]], trying: _Trying) -> Minimal:
    """ddmin over the parts of a text; the last part with the question is never left out."""
    parts = split(text)
    fixed = max(number for number, part in enumerate(parts) if PLACEHOLDER in part)
    kept = [number for number in range(len(parts)) if number != fixed]
    chunks = 1
    while kept:
        candidates = list(_candidates(kept, chunks))
        texts = [_joined(parts, {*candidate, fixed}) for candidate in candidates]
        verdicts = await trying.verdicts(texts)
        chosen = next((number for number, verdict in enumerate(verdicts) if verdict), None)
        if chosen is not None:
            is_rest = chosen >= len(candidates) - chunks and chunks > 2
            kept, chunks = candidates[chosen], max(chunks - 1, 2) if is_rest else 2
            chunks = min(chunks, max(len(kept), 1))
            text = texts[chosen]
        elif chunks >= len(kept):
            return Minimal(text, None not in verdicts)
        else:
            chunks = min(2 * chunks, len(kept))
    return Minimal(text, True)


def _candidates(kept: list[int], chunks: int) -> Iterator[list[int]]:
    """What a round tries: nothing but the question; else each chunk alone, then all but each chunk."""
    if chunks == 1:
        yield []
        return
    bounds = [len(kept) * number // chunks for number in range(chunks + 1)]
    spans = list(itertools.pairwise(bounds))
    if chunks > 2:
        yield from (kept[start:end] for start, end in spans)
    yield from (kept[:start] + kept[end:] for start, end in spans)


def _joined(parts: Sequence[str], kept: set[int]) -> str:
    return "".join(part for number, part in enumerate(parts) if number in kept).strip()


# --- asking -------------------------------------------------------------------------------------


class _Trying:
    """Verdicts on templates, each sample of each asked once, within a budget."""

    def __init__(self, elicits: Elicits, repeats: Repeats, most: int) -> None:
        self._elicits, self._repeats, self._most = elicits, repeats, most
        self._known: dict[Attempt, bool | None] = {}

    @property
    def attempts(self) -> int:
        return len(self._known)

    @property
    def unknown(self) -> int:
        return sum(verdict is None for verdict in self._known.values())

    def scored(self, template: str) -> list[bool]:
        verdicts = (self._known.get(Attempt(template, sample)) for sample in range(self._repeats.of))
        return [verdict for verdict in verdicts if verdict is not None]

    def verdict(self, template: str) -> bool | None:
        """Whether it elicits often enough; None while that cannot be told."""
        scored = self.scored(template)
        if sum(scored) >= self._repeats.at_least:
            return True
        outstanding = self._repeats.of - len(scored)
        return None if sum(scored) + outstanding >= self._repeats.at_least else False

    async def verdicts(self, templates: Sequence[str]) -> list[bool | None]:
        """In order; of a template no more samples are asked than tell.  Beyond the budget: None."""
        wanted = list(dict.fromkeys(templates))
        room = max(self._most - self.attempts, 0) // self._repeats.of
        affordable = [text for text in wanted if self.verdict(text) is None][:room]
        for count in range(self._repeats.at_least, self._repeats.of + 1):
            still_open = [text for text in affordable if self.verdict(text) is None]
            await self._ask([Attempt(text, sample) for text in still_open for sample in range(count)])
        return [self.verdict(text) for text in templates]

    async def fully(self, template: str) -> None:
        """All samples of one template, as far as the budget goes."""
        attempts = [Attempt(template, sample) for sample in range(self._repeats.of)]
        await self._ask(attempts)

    async def _ask(self, attempts: Sequence[Attempt]) -> None:
        new = [attempt for attempt in attempts if attempt not in self._known]
        new = new[: max(self._most - self.attempts, 0)]
        if new:
            self._known |= dict(zip(new, await self._elicits(new), strict=True))
