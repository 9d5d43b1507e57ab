"""The search: select seeds, mutate them, ask, judge, reward, keep; batch by batch, in planned order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from distill_tests.search.by_model import template_in
from distill_tests.search.draws import Draws
from distill_tests.search.mutants import Attempt, Mutants, Node, suitable
from distill_tests.search.nouns import (
    MODEL_MUTATORS,
    Finding,
    Judged,
    MutationReply,
    MutationRequest,
    Probe,
    Question,
    SearchPlan,
    SearchResult,
    Seed,
    Step,
)
from distill_tests.search.policies import POLICIES, Choice
from distill_tests.search.spending import Spending
from distill_tests.search.templates import check_template

Evaluate: TypeAlias = Callable[[Sequence[Probe]], Awaitable[Sequence[Judged]]]
"""Asks and judges every probe; answers in the order of the probes."""

Mutate: TypeAlias = Callable[[Sequence[MutationRequest]], Awaitable[Sequence[MutationReply]]]
"""Asks the mutating model; answers in the order of the requests."""

Watch: TypeAlias = Callable[[Step], None]


class _Selection(NamedTuple):
    """A chosen seed and the mutants made of it."""

    choice: Choice
    attempts: list[Attempt]


async def search(
    seeds: Sequence[Seed],
    questions: Sequence[Question],
    *,
    plan: SearchPlan,
    evaluate: Evaluate,
    mutate: Mutate | None = None,
    clock: Callable[[], float] | None = None,
    watch: Watch | None = None,
) -> SearchResult:
    """What was found, the trail and why it ended; see :class:`SearchResult` for what it does not say.

    The order of ``seeds`` does not matter: the plan's seed decides which is tried first.  ``watch`` is
    told each step in order.  ``clock`` is needed for a budget of seconds only.  Raises ValueError
    for arguments that cannot be searched with, and whatever ``evaluate`` and ``mutate`` raise.
    """
    _refuse_unusable(seeds, questions, plan, mutate, clock)
    run = _Run(seeds, questions, plan, clock)
    while (stopped := run.spending.ended(plan.least_calls)) is None:
        batch = run.planned()
        attempts = [attempt for selection in batch for attempt in selection.attempts]
        requests = [attempt.request for attempt in attempts if attempt.request is not None]
        run.mutated(attempts, await mutate(requests) if mutate and requests else ())
        probes = [Probe(attempt.node.template, q) for attempt in attempts for q in attempt.questions]
        run.judged(attempts, await evaluate(probes) if probes else ())
        run.rewarded(batch)
        if watch is not None:
            for attempt in attempts:
                watch(attempt.step)
    return run.result(stopped)


def _refuse_unusable(
    seeds: Sequence[Seed],
    questions: Sequence[Question],
    plan: SearchPlan,
    mutate: Mutate | None,
    clock: Callable[[], float] | None,
) -> None:
    """Raises ValueError for a search that could not go as it is written."""
    if not seeds or not questions:
        raise ValueError(f"a search needs {'seeds' if not seeds else 'questions'}")
    if repeated := [name for name, count in Counter(seed.id for seed in seeds).items() if count > 1]:
        raise ValueError(f"two seeds have the id {repeated[0]!r}")
    for seed in seeds:
        if wrong := check_template(seed.template):
            raise ValueError(f"seed {seed.id!r} {wrong}")
        if not suitable(questions, seed.language):
            raise ValueError(f"seed {seed.id!r} is in {seed.language!r}, and no question is")
    if mutate is None and (named := [name for name in plan.mutators if name in MODEL_MUTATORS]):
        raise ValueError(f"mutator {named[0]!r} asks a model, and none is given")
    if plan.budget.seconds is not None and clock is None:
        raise ValueError("a budget of seconds needs a clock")
    if trouble := budget_trouble(plan):
        raise ValueError(trouble)


def budget_trouble(plan: SearchPlan) -> str | None:
    """Why the plan's budget is too small for any search, in words; None if it is not."""
    if Spending(plan.budget, None).room >= plan.least_calls:
        return None
    return f"the budget does not pay for one new framing (calls needed: {plan.least_calls})"


class _Run:
    """The state of one search."""

    def __init__(
        self,
        seeds: Sequence[Seed],
        questions: Sequence[Question],
        plan: SearchPlan,
        clock: Callable[[], float] | None,
    ) -> None:
        self._plan = plan
        self.spending = Spending(plan.budget, clock)
        self._policy = POLICIES[plan.policy]()
        self._pool: list[Node] = []
        self._mutants = Mutants(seeds, questions, plan)
        self._trail: list[Step] = []
        self._findings: list[Finding] = []
        for seed in Draws(plan.seed, "seeds").shuffled(sorted(seeds, key=lambda seed: seed.id)):
            node = Node(id=seed.id, template=seed.template, language=seed.language, seeds=(seed.id,))
            self._enter(node, None)

    def _enter(self, node: Node, parent: int | None) -> None:
        self._pool.append(node)
        self._policy.grow(parent)

    # --- planning ---------------------------------------------------------------------------------

    def planned(self) -> list[_Selection]:
        """One batch, within what is left of the budgets; it holds an attempt at least."""
        batch: list[_Selection] = []
        number, room, steps = len(self._trail), self.spending.room, self.spending.room_for_steps
        for _ in range(self._plan.batch):
            if steps < 1 or room < self._plan.least_calls:
                break
            selection = _Selection(self._policy.select(Draws(self._plan.seed, "select", number + 1)), [])
            batch.append(selection)
            for _ in range(self._plan.energy):
                if steps < 1 or room < self._plan.least_calls:
                    break
                number, steps = number + 1, steps - 1
                attempt = self._mutants.attempt(
                    self._pool[selection.choice.node],
                    self._pool,
                    number=number,
                    numbers=selection.choice.numbers,
                    room=room,
                )
                room -= (attempt.request is not None) + self._plan.calls_per_probe * len(attempt.questions)
                selection.attempts.append(attempt)
        return batch

    # --- consuming --------------------------------------------------------------------------------

    def mutated(self, attempts: Sequence[Attempt], replies: Sequence[MutationReply]) -> None:
        """The mutating model's replies, in the order of the attempts that wait for one."""
        waiting = [attempt for attempt in attempts if attempt.request is not None]
        for attempt, reply in zip(waiting, replies, strict=True):
            self.spending.mutated(reply.usd)
            if reply.text is None:
                self._mutants.settle(
                    attempt, None, f"no reply: {reply.trouble}" if reply.trouble else "no reply"
                )
            else:
                self._mutants.settle(attempt, *template_in(reply.text))

    def judged(self, attempts: Sequence[Attempt], verdicts: Sequence[Judged]) -> None:
        """What the probes brought, in planned order."""
        asked = [(attempt, question) for attempt in attempts for question in attempt.questions]
        marks: dict[int, list[bool | None]] = {attempt.step.number: [] for attempt in attempts}
        for (attempt, question), verdict in zip(asked, verdicts, strict=True):
            mark = verdict.strict if self._plan.counts == "strict" else verdict.loose
            self.spending.probed(verdict, mark, calls=self._plan.calls_per_probe)
            marks[attempt.step.number].append(mark)
            if mark:
                attempt.hit = (*attempt.hit, question)
        for attempt in attempts:
            self._counted(attempt, marks[attempt.step.number])

    def _counted(self, attempt: Attempt, marks: Sequence[bool | None]) -> None:
        hits = len(attempt.hit)
        attempt.step = replace(
            attempt.step,
            asked=len(marks),
            hits=hits,
            misses=marks.count(False),
            unscored=marks.count(None),
            kept=bool(marks) and (hits > 0 or self._plan.keep == "all"),
        )
        self.spending.stepped(used=bool(marks))
        self._trail.append(attempt.step)
        if hits:
            self._findings.append(
                Finding(
                    id=attempt.node.id,
                    template=attempt.node.template,
                    questions=attempt.hit,
                    language=attempt.node.language,
                    step=attempt.step.number,
                    mutator=attempt.step.mutator,
                    parents=attempt.node.parents,
                    seeds=attempt.node.seeds,
                    hits=hits,
                    asked=len(marks),
                )
            )

    def rewarded(self, batch: Sequence[_Selection]) -> None:
        """Every choice learns what it brought; then the mutants that are kept enter the pool."""
        for choice, attempts in batch:
            asked = sum(attempt.step.asked for attempt in attempts)
            hits = sum(attempt.step.hits for attempt in attempts)
            self._policy.update(choice, hits / asked if asked else 0.0)
        for choice, attempts in batch:
            for attempt in attempts:
                if attempt.step.kept:
                    self._enter(attempt.node, choice.node)

    def result(self, stopped: str) -> SearchResult:
        spending = self.spending
        return SearchResult(
            plan=self._plan,
            findings=tuple(self._findings),
            trail=tuple(self._trail),
            stopped=stopped,
            probes=spending.probes,
            unscored=spending.unscored,
            target_calls=spending.target_calls,
            mutator_calls=spending.mutator_calls,
            usd=spending.usd,
            rejected=dict(Counter(step.rejected for step in self._trail if step.rejected)),
        )
