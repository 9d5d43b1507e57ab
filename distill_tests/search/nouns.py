"""What a search takes and gives: seeds, questions, a plan, budgets, steps, findings.

Texts of mutants come from models and from template sets: untrusted, like every text of a model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

PolicyName: TypeAlias = Literal["mcts-explore", "ucb", "exp3", "round-robin", "random"]
Keep: TypeAlias = Literal["successful", "all"]
Counts: TypeAlias = Literal["strict", "loose"]

OFFLINE_MUTATORS = ("compose", "splice", "paraphrase", "lead-in", "drop")
"""Mutators that need no model."""

MODEL_MUTATORS = ("crossover", "expand", "similar", "shorten", "rephrase")
"""GPTFuzz's five, each one call to a model of any kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A framing the search starts from: one user turn with ``{question}`` in it.

    ``language``: only questions of that language are put into it; None: any.
    """

    id: str
    template: str
    family: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An identity question in one language."""

    id: str
    text: str
    language: str | None = None


class Probe(NamedTuple):
    """One call to the target: ``template`` with ``question`` in place of its placeholder."""

    template: str
    question: Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of a probe.  A mark that is None is unscored: never a success, always counted.

    ``usd`` is what the target's and the judge's calls cost, of stored replies too, so that a resumed
    search takes the same decisions.
    """

    strict: bool | None
    loose: bool | None = None
    usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MutationRequest:
    """One call to the mutating model.  ``sample`` tells repeats of one prompt apart."""

    mutator: str
    prompt: str
    sample: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MutationReply:
    """What the mutating model wrote; ``text`` None: no usable reply, and ``trouble`` says why."""

    text: str | None
    usd: float = 0.0
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """When a search ends; None: no bound, but one of ``calls``, ``usd`` and ``steps`` is needed.

    ``calls`` counts calls to the target, to the judge (``SearchPlan.calls_per_probe``) and to the
    mutating model, answered or not, asked now or in the store.  ``usd_per_call`` is the most that one
    of these calls can cost: with it no batch in flight can pass ``usd``.  ``seconds`` is looked at
    between batches.  ``successes`` and ``misses`` (GPTFuzz's rejects) count probes that did and did not
    elicit a contradiction; ``steps`` mutants that were tried to be made.
    """

    calls: int | None = None
    usd: float | None = None
    usd_per_call: float | None = None
    seconds: float | None = None
    successes: int | None = None
    misses: int | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        if self.calls is None and self.usd is None and self.steps is None:
            raise ValueError("a search needs a budget of calls, usd or steps")
        for name in ("calls", "successes", "misses", "steps"):
            _at_least(name, getattr(self, name), 1)
        for name in ("usd", "usd_per_call", "seconds"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} is {value}; a number above 0")
        if self.usd is not None and self.usd_per_call is None:
            raise ValueError("a budget of usd needs usd_per_call, the most that one call can cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """What decides a search, beside its seeds, its questions and the replies.

    ``energy``: mutants made of each selected seed.  ``batch``: seeds selected before the first reply
    is looked at; it changes the result, how many calls run at once does not.
    ``questions_per_mutant``: that many, drawn anew for each mutant; None: all.  ``keep``: which mutants
    join the pool.  ``counts``: which mark is a success.  ``calls_per_probe``: the target's call and the
    most that the judge makes.
    """

    budget: Budget
    seed: int = 0
    policy: PolicyName = "mcts-explore"
    mutators: tuple[str, ...] = OFFLINE_MUTATORS
    energy: int = 1
    batch: int = 4
    questions_per_mutant: int | None = None
    keep: Keep = "successful"
    counts: Counts = "strict"
    max_chars: int = 4000
    calls_per_probe: int = 1

    def __post_init__(self) -> None:
        for name in ("energy", "batch", "questions_per_mutant", "max_chars", "calls_per_probe"):
            _at_least(name, getattr(self, name), 1)
        unknown = sorted(set(self.mutators) - {*OFFLINE_MUTATORS, *MODEL_MUTATORS})
        if unknown or not self.mutators:
            known = ", ".join((*OFFLINE_MUTATORS, *MODEL_MUTATORS))
            raise ValueError(f"mutators are {', '.join(unknown) or 'none'}; known: {known}")

    @property
    def least_calls(self) -> int:
        """What the cheapest mutant takes: one probe and, where every mutator asks a model, that call."""
        return self.calls_per_probe + (not set(self.mutators) & set(OFFLINE_MUTATORS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the trail: one mutant that was tried to be made.

    ``parent`` (and ``partner``, for mutators that take two) are ids of seeds or of mutants, which are
    called ``m`` and their step's number.  ``numbers`` is what the policy chose the parent by.
    ``template`` is None where the mutant was rejected, and ``rejected`` says why; nothing was asked then.
    ``hits``, ``misses`` and ``unscored`` sum up to ``asked``.
    """

    number: int
    parent: str
    mutator: str
    partner: str | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    template: str | None = None
    rejected: str | None = None
    asked: int = 0
    hits: int = 0
    misses: int = 0
    unscored: int = 0
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A mutant under which the target contradicted its identity at least once.

    ``questions`` are those that did it.  ``parents`` are the one or two templates it was made of (see
    the trail for theirs), ``seeds`` all those it descends from.  ``hits`` of ``asked`` belong to this
    chosen mutant; they estimate nothing.
    """

    id: str
    template: str
    questions: tuple[Question, ...]
    language: str | None
    step: int
    mutator: str
    parents: tuple[str, ...]
    seeds: tuple[str, ...]
    hits: int
    asked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What a search found, how it went, and why it ended.

    A search chooses its probes by what they brought so far.  Its hits over its calls estimate nothing
    about the target: they say neither how often it contradicts its identity nor that it does not.
    ``hits`` and ``asked`` are given for each mutant only.  What is found becomes a framing pack, and
    gates over a declared set decide.

    ``calls`` holds ``target_calls`` and ``mutator_calls``; ``rejected`` counts mutants by reason;
    ``stopped`` says in words what ended it.
    """

    plan: SearchPlan
    findings: tuple[Finding, ...]
    trail: tuple[Step, ...]
    stopped: str
    probes: int
    unscored: int
    target_calls: int
    mutator_calls: int
    usd: float
    rejected: Mapping[str, int]

    @property
    def calls(self) -> int:
        return self.target_calls + self.mutator_calls

    @property
    def summary(self) -> str:
        """One sentence for people; it names no rate."""
        found = len(self.findings)
        framings = f"{found or 'no'} framing{'' if found == 1 else 's'}"
        return (
            f"{framings} with a {self.plan.counts} contradiction found in {self.probes} probes of "
            f"{len(self.trail)} mutants ({self.calls} calls, {self.unscored} probes unscored); "
            f"ended because {self.stopped}; a search finds, its hits over its probes estimate no rate"
        )


def several(count: int, noun: str) -> str:
    """Such as ``1 framing`` or ``1,200 framings``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def calls_words(to_search: int, to_shorten: int) -> str:
    """Such as ``60 calls to search, 36 to shorten, 96 in all``."""
    in_all = to_search + to_shorten
    return f"{several(to_search, 'call')} to search, {to_shorten:,} to shorten, {in_all:,} in all"


def _at_least(name: str, value: int | None, least: int) -> None:
    if value is not None and value < least:
        raise ValueError(f"{name} is {value}; at least {least}")
