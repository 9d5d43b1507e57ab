"""What a search case holds: its plan, what it starts from, and what becomes of findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from distill_tests.kinds._probe import Probe
from distill_tests.search import Question as Asked
from distill_tests.search import SearchPlan, Seed, filled
from distill_tests.search.findings import Source
from distill_tests.search.shrinking import MOST_CALLS, Repeats
from distill_tests.types import Model

MUTATOR_TOKENS = 1024
"""Of the longest change that the mutating model may write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrinking:
    """``calls``: questions to the target in all, shared by the first ``findings``."""

    calls: int = MOST_CALLS
    findings: int = 5
    repeats: Repeats = field(default_factory=Repeats)


@dataclass(frozen=True, slots=True, kw_only=True)
class Searching:
    """What a search case asks: its plan and all that goes into it.

    ``sources`` has, by the id of a seed, where a template of others comes from; ``set_hash`` names what
    the search starts from.
    """

    plan: SearchPlan
    seeds: tuple[Seed, ...]
    questions: tuple[Asked, ...]
    mutator: Model | None = None
    shrinking: Shrinking | None = None
    max_unscored: float = 0.1
    write: Path | None = None
    sources: Mapping[str, Source] = field(default_factory=dict)
    set_hash: str = ""

    @property
    def most_calls(self) -> int:
        """To the target, its judge and the mutating model, shortening included."""
        shrinking = self.shrinking.calls * self.plan.calls_per_probe if self.shrinking else 0
        return (self.plan.budget.calls or 0) + shrinking


def as_probe(template: str, question: Asked, target: Model) -> Probe:
    """What a spec would ask that has the template among its framings."""
    text = filled(template, question.text)
    return Probe(
        question=question.text,
        framing=template,
        language=question.language or "en",
        turns=(text,),
        completion=text if target.ask_as == "completion" else None,
    )
