"""The search for an example that breaks a law: by Hypothesis, which shrinks what it finds.

Without Hypothesis (the extra ``laws``) the same number of examples is drawn with a seed; what breaks the law
is then shown as it was found.
"""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from distill_tests.laws.rules import Law
from distill_tests.laws.sentences import Example
from distill_tests.types import Exhibit, Score

T = TypeVar("T")
SEED = 7
MARKS = ("loose", "strict")
HINT = "without Hypothesis an example is not shrunk; pip install 'distill-tests[laws]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of trying a law: ``held`` is None where the judge gave no verdict, for the reason in ``why``.

    ``scores`` are the verdicts on the answers of ``example``, which breaks the law; ``shrunk``: no simpler
    one does, as far as was tried.
    """

    held: bool | None
    examples: int
    why: str = ""
    example: Example | None = None
    scores: tuple[Score, ...] = ()
    shrunk: bool = False


class _Unjudged(Exception):
    """The judge gave no verdict, or has given as many as it may."""


class _Verdicts:
    """A judge that is asked each question once, a bounded number of times, and not again after trouble."""

    def __init__(self, judge: Callable[[Exhibit], Score], most: int) -> None:
        self._judge, self._left = judge, most
        self._known: dict[tuple[object, str, str], Score] = {}
        self.trouble: Exception | None = None
        self.unscored = ""

    def on(self, example: Example) -> tuple[Score, ...]:
        return tuple(self._one(example, answer) for answer in example.answers)

    def _one(self, example: Example, answer: str) -> Score:
        key = example.identity, example.question, answer
        if key not in self._known:
            if self.trouble is not None or self.unscored or self._left <= 0:
                raise _Unjudged
            self._left -= 1
            self._known[key] = self._asked(example, answer)
        return self._known[key]

    def _asked(self, example: Example, answer: str) -> Score:
        try:
            score = self._judge(
                Exhibit(
                    id="law",
                    answer=answer,
                    question=example.question,
                    prompt=example.question,
                    identity=example.identity,
                )
            )
        except Exception as error:
            self.trouble = error
            raise _Unjudged from error
        if score.value is None or not all(name in score.marks for name in MARKS):
            self.unscored = score.reason or "the judge gives no marks loose and strict"
            raise _Unjudged
        return score


def try_law(
    law: Law,
    judge: Callable[[Exhibit], Score],
    *,
    examples: int,
    most_verdicts: int,
    seed: int = SEED,
    shrink: bool = importlib.util.find_spec("hypothesis") is not None,
) -> Finding:
    """Whether ``law`` holds of a judge on so many examples; the same for the same judge and seed.

    The judge is called at most ``most_verdicts`` times, shrinking included, and its exceptions are raised
    when the search has ended.  ``shrink`` needs Hypothesis.
    """
    verdicts = _Verdicts(judge, most_verdicts)
    tried = 0

    def breaks(example: Example) -> bool:
        nonlocal tried
        tried += 1
        try:
            return bool(law.broken(verdicts.on(example)))
        except _Unjudged:
            return False

    search = _by_hypothesis if shrink else _by_chance
    example = search(law, breaks, examples, seed)
    if verdicts.trouble is not None:
        raise verdicts.trouble
    if example is None:
        return Finding(held=None if verdicts.unscored else True, examples=tried, why=verdicts.unscored)
    scores = verdicts.on(example)
    return Finding(
        held=False,
        examples=tried,
        why=law.broken(scores),
        example=example,
        scores=scores,
        shrunk=shrink,
    )


def _by_hypothesis(law: Law, breaks: Callable[[Example], bool], examples: int, seed: int) -> Example | None:
    import hypothesis
    from hypothesis import strategies as st

    class Drawn:
        """Choices that Hypothesis can shrink: towards the first option, and towards fewer."""

        def __init__(self, draw: st.DrawFn) -> None:
            self._draw = draw

        def one(self, options: Sequence[T]) -> T:
            return self._draw(st.sampled_from(options))

        def some(self, options: Sequence[T], least: int, most: int) -> tuple[T, ...]:
            return tuple(
                self._draw(st.lists(st.sampled_from(options), min_size=least, max_size=most, unique=True))
            )

        def order(self, things: Sequence[T]) -> tuple[T, ...]:
            return tuple(self._draw(st.permutations(things)))

    @st.composite
    def made(draw: st.DrawFn) -> Example:
        return law.example(Drawn(draw))

    settings = hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )
    try:
        return hypothesis.find(made(), breaks, settings=settings, random=random.Random(seed))  # noqa: S311
    except hypothesis.errors.NoSuchExample:
        return None


class _Chance:
    """Choices of a seeded generator."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a reproducible stream, nothing secret

    def one(self, options: Sequence[T]) -> T:
        return self._random.choice(options)

    def some(self, options: Sequence[T], least: int, most: int) -> tuple[T, ...]:
        return tuple(self._random.sample(options, self._random.randint(least, most)))

    def order(self, things: Sequence[T]) -> tuple[T, ...]:
        return tuple(self._random.sample(things, len(things)))


def _by_chance(law: Law, breaks: Callable[[Example], bool], examples: int, seed: int) -> Example | None:
    chance = _Chance(seed)
    return next((one for one in (law.example(chance) for _ in range(examples)) if breaks(one)), None)
