"""From a chosen seed to a mutant: mutator and questions drawn, its template made or asked for and checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from distill_tests.search import by_model, offline
from distill_tests.search.draws import Draws
from distill_tests.search.nouns import MutationRequest, Question, SearchPlan, Seed, Step
from distill_tests.search.templates import check_template, key
from distill_tests.search.wording import language_of

_NEEDS_PARTNER: Final = frozenset({"compose", "splice", "crossover"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A template of the pool; ``seeds`` are those it descends from."""

    id: str
    template: str
    language: str | None
    parents: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Attempt:
    """A mutant on its way: what it comes from, what out of it, what it is asked and what that brought."""

    step: Step
    node: Node
    parent_key: str
    request: MutationRequest | None = None
    questions: tuple[Question, ...] = ()
    hit: tuple[Question, ...] = ()


class _Made(NamedTuple):
    """What a mutator gave: a template, or a prompt for a model, or neither."""

    mutator: str
    template: str | None = None
    prompt: str | None = None


class Mutants:
    """Makes the mutants of one search, none of them twice."""

    def __init__(self, seeds: Sequence[Seed], questions: Sequence[Question], plan: SearchPlan) -> None:
        self._plan = plan
        self._questions = sorted(questions, key=lambda q: (q.id, q.language or "", q.text))
        self._tried = {key(seed.template) for seed in seeds}
        self._prompts: Counter[str] = Counter()

    def attempt(
        self, parent: Node, pool: Sequence[Node], *, number: int, numbers: Mapping[str, float], room: float
    ) -> Attempt:
        """A mutant of ``parent`` with its mutator drawn and, where that needs no model, its template made.

        It takes at most ``room`` calls; ``numbers`` is what the parent was chosen by.
        """
        draws = Draws(self._plan.seed, "mutate", number)
        partner = _partner(parent, pool, draws)
        made = self._made(parent, partner, draws, room)
        if made.mutator not in _NEEDS_PARTNER:
            partner = None
        both = (parent,) if partner is None else (parent, partner)
        language = next((node.language for node in both if node.language), None)
        attempt = Attempt(
            step=Step(
                number=number,
                parent=parent.id,
                partner=partner.id if partner else None,
                mutator=made.mutator,
                numbers=numbers,
            ),
            node=Node(
                id=f"m{number}",
                template="",
                language=language,
                parents=tuple(node.id for node in both),
                seeds=tuple(sorted({seed for node in both for seed in node.seeds})),
            ),
            parent_key=key(parent.template),
            request=self._request(made) if made.prompt is not None else None,
        )
        attempt.questions = self._drawn(language, number, room - (made.prompt is not None))
        if made.prompt is None:
            self.settle(attempt, made.template, "no mutator applies to it")
        return attempt

    def _made(self, parent: Node, partner: Node | None, draws: Draws, room: float) -> _Made:
        """By the first mutator, in drawn order, that can do something with the parent."""
        material = offline.Material(
            template=parent.template,
            language=language_of(parent.template, parent.language),
            other=partner.template if partner else None,
        )
        order = draws.shuffled(self._plan.mutators)
        for mutator in order:
            if mutator in offline.MUTATORS:
                template = offline.MUTATORS[mutator](material, draws)
                if template is not None:
                    return _Made(mutator, template=template)
            elif room > self._plan.calls_per_probe:
                prompt = by_model.prompt(mutator, material)
                if prompt is not None:
                    return _Made(mutator, prompt=prompt)
        return _Made(order[0])

    def _request(self, made: _Made) -> MutationRequest:
        """With the number of times this very prompt was asked before."""
        prompt = made.prompt or ""
        self._prompts[prompt] += 1
        return MutationRequest(mutator=made.mutator, prompt=prompt, sample=self._prompts[prompt] - 1)

    def _drawn(self, language: str | None, number: int, room: float) -> tuple[Question, ...]:
        fitting = suitable(self._questions, language)
        size = self._plan.questions_per_mutant or len(fitting)
        affordable = int(min(size * self._plan.calls_per_probe, room) // self._plan.calls_per_probe)
        return tuple(Draws(self._plan.seed, "questions", number).chosen(fitting, affordable))

    def settle(self, attempt: Attempt, template: str | None, why_not: str | None) -> None:
        """The template becomes the attempt's, or the attempt is rejected and asks nothing."""
        why = why_not if template is None else self._why_not(attempt, template)
        if template is None or why is not None:
            attempt.step = replace(attempt.step, rejected=why or "no template")
            attempt.questions = ()
            return
        self._tried.add(key(template))
        attempt.node = replace(attempt.node, template=template)
        attempt.step = replace(attempt.step, template=template)

    def _why_not(self, attempt: Attempt, template: str) -> str | None:
        if not template.strip():
            return "empty"
        if wrong := check_template(template, max_chars=self._plan.max_chars):
            return wrong
        if key(template) not in self._tried:
            return None
        return "unchanged" if key(template) == attempt.parent_key else "tried before"


def suitable(questions: Iterable[Question], language: str | None) -> list[Question]:
    """Those of a template's language; of a template of no declared language all."""
    return [q for q in questions if language is None or q.language in (None, language)]


def _partner(parent: Node, pool: Sequence[Node], draws: Draws) -> Node | None:
    """Another template of the pool that may stand with the parent in one text."""
    fitting = [
        node
        for node in pool
        if node is not parent
        and (node.language == parent.language or None in (node.language, parent.language))
    ]
    return draws.pick(fitting) if fitting else None
