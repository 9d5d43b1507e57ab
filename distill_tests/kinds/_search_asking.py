"""The probes of a search, asked and judged like any identity case, and the mutating model's replies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from distill_tests.errors import ProviderError, Refused
from distill_tests.gathered import gathered
from distill_tests.judging import judging
from distill_tests.kinds._searching import MUTATOR_TOKENS, Searching, as_probe
from distill_tests.search import Judged, MutationReply, MutationRequest
from distill_tests.search import Probe as SearchProbe
from distill_tests.search import Question as Asked
from distill_tests.search.shrinking import Attempt
from distill_tests.types import Ask, Case, Judging, Message, Model, Reply, Request, Sampling, Spec, Trial

Conduct = Callable[[Case, Ask, Judging, int], Awaitable[Trial]]
"""Asks and judges one probe as the kind does with any case; the last is the sample."""


class Answered(NamedTuple):
    """A probe's trial and what its calls cost, those to a judge's model included."""

    trial: Trial
    usd: float


@dataclass(slots=True, kw_only=True)
class Asking:
    """What asks for a search; ``hits`` are the trials that brought the contradiction it searches for.

    ``unwritten`` counts the changes that the mutating model gave no reply for.
    """

    case: Case
    spec: Spec
    target: Model
    ask: Ask
    judge: Judging
    conduct: Conduct
    hits: dict[tuple[str, Asked, int], Trial] = field(default_factory=dict)
    troubles: Counter[str] = field(default_factory=Counter)
    unwritten: int = 0

    @property
    def searching(self) -> Searching:
        found: Searching = self.case.data
        return found

    async def judged(self, probes: Sequence[SearchProbe]) -> list[Judged]:
        """All of them side by side, in order."""
        return await gathered([self._judged(probe) for probe in probes])

    async def _judged(self, probe: SearchProbe) -> Judged:
        answered = await self.answered(probe.template, probe.question, 0)
        if answered is None:
            return Judged(strict=None, loose=None)
        marks = {name: mark_of(answered.trial, name) for name in ("strict", "loose")}
        return Judged(strict=marks["strict"], loose=marks["loose"], usd=answered.usd)

    async def elicits(self, question: Asked, attempts: Sequence[Attempt]) -> list[bool | None]:
        """Whether each attempt brings the contradiction that is searched for."""

        async def one(attempt: Attempt) -> bool | None:
            answered = await self.answered(attempt.template, question, attempt.sample)
            goal = self.searching.plan.counts
            return None if answered is None else mark_of(answered.trial, goal)

        return await gathered([one(attempt) for attempt in attempts])

    async def answered(self, template: str, question: Asked, sample: int) -> Answered | None:
        """None where a provider is in trouble, which is counted and never scored."""
        spent, use = self._spent(), self.spec.judge
        paid = spent.is_bounded and use is not None and bool(use.asked())
        judge = judging(use, ask=spent.ask) if paid else self.judge
        probe = as_probe(template, question, self.target)
        try:
            trial = await self.conduct(
                replace(self.case, id=question.id, data=probe), spent.ask, judge, sample
            )
        except Refused:
            raise
        except ProviderError as error:
            self.troubles[str(error)] += 1
            return None
        if mark_of(trial, self.searching.plan.counts):
            self.hits[template, question, sample] = trial
        return Answered(trial, spent.usd)

    def _spent(self) -> _Spent:
        return _Spent(self.ask, self.searching.plan.budget.usd_per_call)

    async def mutated(self, requests: Sequence[MutationRequest]) -> list[MutationReply]:
        """What the mutating model wrote; trouble is a reply without text."""
        return await gathered([self._mutated(request) for request in requests])

    async def _mutated(self, wanted: MutationRequest) -> MutationReply:
        model = self.searching.mutator
        assert model is not None, "the plan has no mutators that ask a model without one"
        sampling = Sampling(max_tokens=MUTATOR_TOKENS, temperature=1.0, seed=self.searching.plan.seed % 2**31)
        message = Message(role="user", text=wanted.prompt)
        request = Request(model=model, messages=(message,), sampling=sampling, sample=wanted.sample)
        spent = self._spent()
        try:
            reply = await spent.ask(request)
        except Refused:
            raise
        except ProviderError as error:
            self.troubles[str(error)] += 1
            self.unwritten += 1
            return MutationReply(text=None, trouble=str(error))
        return MutationReply(text=reply.text, usd=spent.usd)


@dataclass(slots=True)
class _Spent:
    """``ask``, and what its calls cost in US dollars, of stored replies too.

    Under a bound on money (``most`` a call) a reply that does not tell its usage costs the most.
    """

    _ask: Ask
    most: float | None
    usd: float = 0.0

    @property
    def is_bounded(self) -> bool:
        return self.most is not None

    async def ask(self, request: Request) -> Reply:
        reply = await self._ask(request)
        price, usage = request.model.price, reply.usage
        if price is not None and usage is not None:
            self.usd += (usage.input_tokens * price.input + usage.output_tokens * price.output) / 1e6
        elif price is not None:
            self.usd += self.most or 0.0
        return reply


def mark_of(trial: Trial, name: str) -> bool | None:
    """Whether the judge saw what ``name`` stands for; None where it did not tell."""
    mark = None if trial.score.value is None else trial.score.marks.get(name)
    return None if mark is None else mark >= 0.5
