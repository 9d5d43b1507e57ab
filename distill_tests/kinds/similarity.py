"""``kind: similarity``: how alike are a target's answers to a reference model's?

The same prompts go to both, and the judge compares the two answers: likeness, not quality.  After "RSE" in
Lee et al. 2025 (arXiv 2501.12619).  In several turns each model answers turn by turn with its own history,
and all its answers together are judged: the paper does not say how, this is our reading of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from distill_tests.errors import Problem, SpecError
from distill_tests.gathered import gathered, or_trouble
from distill_tests.kinds._dialogue import dialogue, first_request, joined
from distill_tests.kinds._prompt_cases import Question, prompt_cases
from distill_tests.kinds._similarity_controls import (
    Dialogue,
    controls_of,
    is_cut,
    misfits,
    refuse_own_control,
    told_of,
)
from distill_tests.kinds._similarity_showing import lines
from distill_tests.kinds._similarity_tables import DETAILS, PARTS, similarity_tables
from distill_tests.registry import Declared, judges, kind
from distill_tests.specfile.schemas import shipped
from distill_tests.types import (
    Ask,
    Case,
    Exhibit,
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

SCALE: Final = (1.0, 5.0)


@kind("similarity", schema=shipped("similarity.json"))
class Similarity:
    """Prompts put to a target and to a reference; no likeness is wrong in itself."""

    judge_defaults: Mapping[str, Mapping[str, Json]] = {"rubric": {"rubric": "similarity"}}

    def cases(self, spec: Spec, target: Model) -> Iterable[Case]:
        """The drawn prompts in planned order; raises SpecError with every problem at once."""
        problems = [*_misfits(spec), *misfits(spec)]
        cases: tuple[Case, ...] = ()
        try:
            cases = prompt_cases(spec, [reference_of(spec)])
        except SpecError as error:
            problems.extend(error.problems)
        if problems:
            raise SpecError(problems)
        refuse_own_control(spec, target)
        return cases

    def opening(self, case: Case, spec: Spec, target: Model) -> Request:
        """The first user turn."""
        question: Question = case.data
        return first_request(question.turns, spec, target)

    def calls(self, case: Case, spec: Spec) -> tuple[int, int]:  # noqa: ARG002 - the protocol's signature
        """One call a turn; those beside the target, shared by all targets, are not among them."""
        turns = len(case.data.turns)
        return turns, turns

    def asks(self, spec: Spec) -> tuple[Model, ...]:
        """The reference and the controls."""
        return (reference_of(spec), *controls_of(spec).values())

    def judged_beside(self, spec: Spec) -> tuple[Model, ...]:
        """The controls: each is compared with the reference too."""
        return tuple(controls_of(spec).values())

    async def conduct(
        self, case: Case, spec: Spec, target: Model, *, sample: int, ask: Ask, judge: Judging
    ) -> Trial:
        """All dialogues side by side, then the judge's verdict on the two; the target's come first.

        Raises EmptyReply where a turn of target or reference brings no answer; a control is missing then.
        """
        question: Question = case.data
        reference = reference_of(spec)
        needed = {one.alias: one for one in (target, reference)}
        beside = {one.alias: one for one in controls_of(spec).values() if one.alias not in needed}

        async def said(model: Model) -> Dialogue:
            return await dialogue(question.turns, spec, model, sample=sample, ask=ask)

        async def said_beside(model: Model) -> Dialogue | str:
            return await or_trouble(said(model))

        asked = (*map(said, needed.values()), *map(said_beside, beside.values()))
        cards = {**needed, **beside}
        heard = dict(zip(cards, await gathered(asked), strict=True))
        answered = {alias: found for alias, found in heard.items() if not isinstance(found, str)}
        pairs = {
            alias: _Pair(spec, case, cards[alias], found, answered[reference.alias])
            for alias, found in answered.items()
            if alias != reference.alias or alias == target.alias
        }
        judged = await gathered(pair.score(judge) for pair in pairs.values())
        scores = dict(zip(pairs, judged, strict=True))
        pair, score = pairs[target.alias], scores[target.alias]
        told: dict[str, Json] = {
            "reference": reference.alias,
            "identical": pair.is_identical,
            "cut_off": pair.cut_off,
            "rows_left_out": question.left_out,
            "controls": {
                name: told_of(card, heard[card.alias], scores.get(card.alias))
                for name, card in controls_of(spec).items()
            },
        }
        return Trial(
            exchanges=tuple(exchange for found in answered.values() for exchange in found),
            answer=pair.exhibit.answer,
            score=replace(score, details={**score.details, DETAILS: told}),
            cut_off=bool(pair.cut_off),
        )

    def wrong(self, trial: Trial) -> bool:  # noqa: ARG002 - the protocol's signature
        """Never: only gates say how much likeness is too much."""
        return False

    def explain(self, outcome: Outcome) -> str:
        """The prompt, both answers in a few lines, the judge's numbers and reason; visible text."""
        reference = outcome.trials[0].score.details.get(DETAILS)
        alias = str(reference["reference"]) if isinstance(reference, Mapping) else outcome.target.alias
        return "\n".join(lines(outcome, alias))

    def tables(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Table]:
        """Targets x prompt sets, as in the paper, and the parts of likeness."""
        return similarity_tables(records)


def reference_of(spec: Spec) -> Model:
    """The card of the reference."""
    return spec.models[spec.body["reference"]]


# --- judging --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pair:
    """What one model said beside what the reference said."""

    spec: Spec
    case: Case
    model: Model
    own: Dialogue
    other: Dialogue

    @property
    def exhibit(self) -> Exhibit:
        """The answers that are compared, as ``judged_turns`` wants them."""
        question: Question = self.case.data
        last = self.spec.body.get("judged_turns", "all") == "last"
        asked = joined(question.turns)
        own, other = (
            said[-1].reply.text if last else joined([one.reply.text for one in said])
            for said in (self.own, self.other)
        )
        return Exhibit(
            id=self.case.id,
            answer=own,
            references=(other,),
            prompt=asked,
            question=asked,
            thinking=self.own[-1].reply.thinking,
            identity=self.model.identity,
        )

    @property
    def is_identical(self) -> bool:
        return self.exhibit.answer == self.exhibit.references[0]

    @property
    def cut_off(self) -> list[str]:
        """Whose replies reached max_tokens."""
        sides = {"target": self.own, "reference": self.other}
        return [side for side, said in sides.items() if is_cut(said)]

    async def score(self, judge: Judging) -> Score:
        if self.cut_off and self.spec.on_cutoff == "unscored":
            return _unscored_cut_off(self.spec, self.cut_off)
        return _identical(self.spec) if self.is_identical else await judge(self.exhibit)


def _unscored_cut_off(spec: Spec, whose: Sequence[str]) -> Score:
    reason = f"a reply of {' and '.join(whose)} reached max_tokens ({spec.sampling.max_tokens}), "
    return Score(value=None, label="cut-off", reason=f"{reason}and on_cutoff is unscored")


def _identical(spec: Spec) -> Score:
    """The top of every scale, whatever the judge would make of it."""
    declared = _declared(spec)
    marks = declared.marks if declared else {}
    return Score(
        value=SCALE[1],
        label="identical",
        reason="the two texts are the same, so that no judge was asked",
        marks={name: high for name, (_, high) in marks.items()},
    )


# --- what cannot be audited -----------------------------------------------------------------------


def _declared(spec: Spec) -> Declared | None:
    use = spec.judge
    return judges.get(use.name).declared(use.options) if use is not None else None


def _misfits(spec: Spec) -> Iterator[Problem]:
    if spec.canaries:
        what = "a canary is an answer alone, and likeness is of two"
        yield Problem(place=spec.place("canaries"), what=what, allowed="remove canaries")
    declared = _declared(spec)
    if declared is None or spec.judge is None:
        yield Problem(
            place=spec.place(), what="a similarity spec needs a judge", allowed="judge: resemblance"
        )
        return
    if declared.scale != SCALE:
        low, high = declared.scale
        is_rubric = spec.judge.name == "rubric"
        allowed = "{name: rubric, rubric: similarity, model: ALIAS}" if is_rubric else "such as resemblance"
        what = f"judge {spec.judge.name!r} gives values from {low:g} to {high:g}, and likeness has 1 to 5"
        yield Problem(place=spec.place("judge"), what=what, allowed=allowed)
        return
    for gate in spec.gates:
        mark = gate.statistic.removeprefix("mean_")
        if mark in PARTS and mark not in declared.marks:
            what = f"gate {gate.name!r} is about {mark}, which judge {spec.judge.name!r} does not mark"
            known = ", ".join(declared.marks) or "no marks"
            yield Problem(place=gate.place or spec.place("gates"), what=what, allowed=f"it has {known}")
