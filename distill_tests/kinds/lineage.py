"""``kind: lineage``: whose likeness has a model, of a panel of candidate teachers?

The same prompts go to the target, to the panel and to null models; what each said is kept, and only all the
answers together tell something (:mod:`distill_tests.lineage`): so no answer is judged, and the verdict is a
gate's.  Only the target's own trouble fails a case; what a member did not answer is missing, and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from distill_tests.errors import SpecError
from distill_tests.gathered import gathered, or_trouble
from distill_tests.kinds._dialogue import dialogue, first_request, joined
from distill_tests.kinds._lineage_panel import beside, misfits, settings_of
from distill_tests.kinds._lineage_tables import lineage_lines, lineage_tables
from distill_tests.kinds._prompt_cases import Question, prompt_cases
from distill_tests.lineage.audited import ANSWERED, DETAILS
from distill_tests.registry import kind
from distill_tests.specfile.schemas import shipped
from distill_tests.types import (
    Ask,
    Case,
    Exchange,
    Json,
    Judging,
    Model,
    Outcome,
    Request,
    Score,
    Spec,
    Table,
    Trial,
)


@kind("lineage", schema=shipped("lineage.json"))
class Lineage:
    """Prompts put to a target and to a panel; no answer is wrong in itself."""

    asks_beside_once = True

    def cases(self, spec: Spec, target: Model) -> Iterable[Case]:
        """The drawn prompts in planned order; raises SpecError with every problem at once."""
        problems = list(misfits(spec, target))
        cases: tuple[Case, ...] = ()
        try:
            cases = prompt_cases(spec, beside(spec))
        except SpecError as error:
            problems.extend(error.problems)
        if problems:
            raise SpecError(problems)
        return cases

    def opening(self, case: Case, spec: Spec, target: Model) -> Request:
        """The first user turn."""
        question: Question = case.data
        return first_request(question.turns, spec, target)

    def calls(self, case: Case, spec: Spec) -> tuple[int, int]:  # noqa: ARG002 - the protocol's signature
        """One call a turn; those to the panel, shared by all targets, are not among them."""
        turns = len(case.data.turns)
        return turns, turns

    def asks(self, spec: Spec) -> tuple[Model, ...]:
        """The panel and the null models."""
        return beside(spec)

    async def conduct(
        self,
        case: Case,
        spec: Spec,
        target: Model,
        *,
        sample: int,
        ask: Ask,
        judge: Judging,  # noqa: ARG002 - nothing is judged answer by answer
    ) -> Trial:
        """What the target, the panel and the null models say to one prompt; the target's exchanges first.

        Raises the target's error only; what another did not answer is missing.
        """
        question: Question = case.data
        others = [model for model in beside(spec) if model.alias != target.alias]

        async def own() -> tuple[Exchange, ...]:
            return await dialogue(question.turns, spec, target, sample=sample, ask=ask)

        async def other(model: Model) -> tuple[Exchange, ...] | str:
            return await or_trouble(dialogue(question.turns, spec, model, sample=0, ask=ask))

        mine, *theirs = await gathered((own(), *(other(model) for model in others)))
        assert not isinstance(mine, str), "the target's trouble is raised"
        missing: dict[str, Json] = {
            model.alias: found for model, found in zip(others, theirs, strict=True) if isinstance(found, str)
        }
        told: dict[str, Json] = {"settings": settings_of(spec, target).as_json(), "missing": missing}
        return Trial(
            exchanges=(*mine, *(one for found in theirs if not isinstance(found, str) for one in found)),
            answer=joined([one.reply.text for one in mine]),
            score=Score(value=0.0, label=ANSWERED, details={DETAILS: told}),
            cut_off=any(one.reply.finish == "length" for one in mine),
        )

    def wrong(self, trial: Trial) -> bool:  # noqa: ARG002 - the protocol's signature
        """Never: one answer shows no lineage."""
        return False

    def explain(self, outcome: Outcome) -> str:
        """The prompt, the target's answer, and who of the panel did not answer; visible text."""
        return "\n".join(lineage_lines(outcome))

    def tables(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Table]:
        """For each spec and target the ranking of the panel, and how alike all the models are."""
        return lineage_tables(records)
