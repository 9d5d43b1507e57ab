"""Findings of a search: made as short as they can be, with where they come from, and written as a pack."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from distill_tests import __version__
from distill_tests.errors import DataError
from distill_tests.gathered import gathered
from distill_tests.kinds._search_asking import Asking
from distill_tests.kinds._searching import Shrinking
from distill_tests.lexicon import names_makers
from distill_tests.registry import judges
from distill_tests.search import MODEL_MUTATORS, PLACEHOLDER, Finding, SearchResult, filled
from distill_tests.search import Question as Asked
from distill_tests.search.findings import FoundFraming, Provenance, write_findings
from distill_tests.search.shrinking import Attempt, Shrunk, shrink
from distill_tests.types import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A finding in one language: what was found, what is written of it, and the trials that show it.

    ``first`` is the search's own; ``told`` that of the framing as it is written, the same where it was not
    shortened.  ``shrunk`` None: nobody tried to.
    """

    finding: Finding
    questions: tuple[Asked, ...]
    framing: FoundFraming
    shrunk: Shrunk | None
    first: Trial
    told: Trial

    @property
    def is_bare(self) -> bool:
        """Whether the question alone brings it out: there is no framing to keep."""
        return self.framing.text.strip() == PLACEHOLDER


class Found(NamedTuple):
    """The contradictions, each framing once, and the calls that shortening them took."""

    contradictions: tuple[Contradiction, ...]
    shortening_calls: int

    @property
    def framings(self) -> tuple[Contradiction, ...]:
        """Those that need their framing."""
        return tuple(one for one in self.contradictions if not one.is_bare)


async def contradictions(result: SearchResult, asking: Asking) -> Found:
    """The findings in the order they were made, the first ones shortened."""
    found = [(one, questions) for one in result.findings for questions in _by_language(one.questions)]
    forms: list[Shrunk | None] = [None] * len(found)
    shrinking = asking.searching.shrinking
    calls = _affordable(result, asking, shrinking) if shrinking else 0
    # One that cannot even be repeated often enough would be said to have come back in 0 of 0.
    first = found[: min(shrinking.findings, calls // shrinking.repeats.of)] if shrinking else []
    if shrinking and first:
        most = calls // len(first)
        forms[: len(first)] = await gathered(
            [_shrunk(one.template, questions[0], asking, shrinking, most) for one, questions in first]
        )
    told = [
        _contradiction(one, questions, form, asking)
        for (one, questions), form in zip(found, forms, strict=True)
    ]
    once = {one.framing.id: one for one in reversed(told)}  # the first of each
    asked = sum(form.attempts for form in forms if form)
    return Found(
        contradictions=tuple(one for one in told if once[one.framing.id] is one),
        shortening_calls=asked * asking.searching.plan.calls_per_probe,
    )


def _by_language(questions: Sequence[Asked]) -> list[tuple[Asked, ...]]:
    languages = dict.fromkeys(question.language for question in questions)
    return [tuple(one for one in questions if one.language == language) for language in languages]


def _affordable(result: SearchResult, asking: Asking, shrinking: Shrinking) -> int:
    """Questions that may still be asked, within the search's budget of money where it has one."""
    plan = asking.searching.plan
    if plan.budget.usd is None or plan.budget.usd_per_call is None:
        return shrinking.calls
    calls = max(plan.budget.usd - result.usd, 0.0) / plan.budget.usd_per_call
    return min(shrinking.calls, int(calls / plan.calls_per_probe))


async def _shrunk(template: str, question: Asked, asking: Asking, shrinking: Shrinking, most: int) -> Shrunk:
    async def elicits(attempts: Sequence[Attempt]) -> list[bool | None]:
        return await asking.elicits(question, attempts)

    return await shrink(template, elicits, most=most, repeats=shrinking.repeats, question=question.text)


def _contradiction(
    finding: Finding, questions: tuple[Asked, ...], form: Shrunk | None, asking: Asking
) -> Contradiction:
    """In its short form where that came back often enough, else as it was found."""
    text = form.text if form and form.confirmed else finding.template
    first = asking.hits[finding.template, questions[0], 0]
    framing = FoundFraming(
        text=text,
        language=questions[0].language or "en",
        completes=asking.target.ask_as == "completion",
        provenance=_provenance(finding, questions, form, text, asking),
    )
    told = first if text == finding.template else _hit(text, questions[0], asking)
    return Contradiction(
        finding=finding, questions=questions, framing=framing, shrunk=form, first=first, told=told
    )


def _hit(text: str, question: Asked, asking: Asking) -> Trial:
    """The first repeat of a confirmed form that brought the contradiction."""
    known = [at for at in asking.hits if at[:2] == (text, question)]
    return asking.hits[min(known, key=lambda at: at[2])]


def _provenance(
    finding: Finding, questions: Sequence[Asked], form: Shrunk | None, text: str, asking: Asking
) -> Provenance:
    searching, use = asking.searching, asking.spec.judge
    hits = [asking.hits[finding.template, question, 0] for question in questions]
    replies = [trial.exchanges[-1].reply for trial in hits]
    return Provenance(
        target=asking.target.alias,
        goal=searching.plan.counts,
        makers=names_makers(filled(text, questions[0].text)),
        served=tuple(dict.fromkeys(reply.served_model for reply in replies if reply.served_model)),
        claimed=tuple(dict.fromkeys(trial.score.claimed for trial in hits if trial.score.claimed)),
        questions=tuple(question.id for question in questions),
        hits=finding.hits,
        asked=finding.asked,
        came_back=form.came_back if form else None,
        repeats=form.scored if form else None,
        original=finding.template if text != finding.template else None,
        shortest=bool(form and form.confirmed and form.finished),
        policy=searching.plan.policy,
        seed=searching.plan.seed,
        mutator=finding.mutator,
        mutator_model=searching.mutator.alias
        if searching.mutator and finding.mutator in MODEL_MUTATORS
        else None,
        parents=tuple(dict.fromkeys(finding.parents)),
        judge=_judge_name(hits[0], asking),
        judge_model=", ".join(model.alias for model in use.asked()) or None if use else None,
        date=(replies[0].received_at or "")[:10] or None,
        version=__version__,
        sources=tuple(
            searching.sources[name] for name in dict.fromkeys(finding.parents) if name in searching.sources
        ),
    )


def _judge_name(trial: Trial, asking: Asking) -> str:
    """With the judge's version, whether or not it signs with it."""
    use, name = asking.spec.judge, trial.score.judge
    version = judges.get(use.name).declared(use.options).version if use and use.name in judges else ""
    return name if "@" in name or not version else f"{name}@{version[:8]}"


class Kept(NamedTuple):
    """The pack that holds the findings, how many are new in it, and why none was written."""

    pack: Path | None = None
    added: int = 0
    trouble: str = ""


async def kept(found: Found, path: Path | None) -> Kept:
    """The findings written where the spec wants them; a disk in trouble does not undo a finding."""
    if path is None:
        return Kept()
    if not found.framings:
        return Kept(trouble="no framing is needed" if found.contradictions else "nothing was found")
    try:
        written = await asyncio.to_thread(write_findings, path, [one.framing for one in found.framings])
    except DataError as error:
        return Kept(trouble=str(error))
    return Kept(written.path, written.added)
