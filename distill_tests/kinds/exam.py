"""``kind: exam``: multiple-choice questions, in one or several settings, and what was answered to them.

An answer is read by the spec's judge (``letter``) or from the log-probabilities of the letters.  One that
names no option, or several, is wrong and counted as invalid; a question that was not answered for the
provider's trouble is missing.  After E-EVAL (arXiv 2401.15927), with one prompt for every model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from distill_tests.errors import ProviderError
from distill_tests.exams.averages import CORRECT, INVALID
from distill_tests.kinds._answered import refuse_no_answer
from distill_tests.kinds._exam_case import Asked
from distill_tests.kinds._exam_declared import declared_cases
from distill_tests.kinds._exam_likelihood import likeliest, why_unreadable
from distill_tests.kinds._exam_prompt import messages, prompt_version
from distill_tests.kinds._exam_showing import lines
from distill_tests.kinds._exam_tables import exam_tables
from distill_tests.registry import kind
from distill_tests.specfile.schemas import shipped
from distill_tests.types import (
    Ask,
    Case,
    Exchange,
    Exhibit,
    Json,
    Judging,
    Model,
    Outcome,
    Reply,
    Request,
    Sampling,
    Score,
    Spec,
    Table,
    Trial,
)

NO_LETTER = "invalid"
TEXT_ONLY = ("local",)
"""Providers whose models see no image."""


@kind("exam", schema=shipped("exam.json"))
class Exam:
    """Questions with options; naming another option than the right one, several or none is wrong."""

    def cases(self, spec: Spec, target: Model) -> Iterable[Case]:  # noqa: ARG002 - the protocol's signature
        """A case for each question, setting and order; raises SpecError with every problem at once."""
        return declared_cases(spec)

    def in_random_order(self, spec: Spec) -> bool:
        """Whether the first of the cases are a random part of them."""
        return bool(spec.body.get("order", "planned") == "planned")

    def opening(self, case: Case, spec: Spec, target: Model) -> Request:
        """The only request."""
        return _request(case.data, spec, target, sample=0)

    def calls(self, case: Case, spec: Spec) -> tuple[int, int]:  # noqa: ARG002 - the protocol's signature
        return 1, 1

    async def conduct(
        self, case: Case, spec: Spec, target: Model, *, sample: int, ask: Ask, judge: Judging
    ) -> Trial:
        """One question, asked and read.

        Raises EmptyReply where there is no answer, ProviderError where the model cannot see its images.
        """
        asked: Asked = case.data
        _refuse_unseen(asked, target)
        request = _request(asked, spec, target, sample=sample)
        reply = await ask(request)
        refuse_no_answer(reply, f"{target.alias}: ", may_be_blank=bool(reply.logprobs))
        cut_off = reply.finish == "length" and asked.setting.answering == "generation"
        if asked.setting.answering == "likelihood":
            score = _likelihood_score(reply, asked)
        elif cut_off and spec.on_cutoff == "unscored":
            reason = f"the reply reached max_tokens ({spec.sampling.max_tokens}), and on_cutoff is unscored"
            score = Score(value=None, label="cut-off", reason=reason)
        else:
            score = await judge(_exhibit(case, request, reply))
        exchange = Exchange(request=request, reply=reply)
        return Trial(exchanges=(exchange,), answer=reply.text, score=_marked(score, asked), cut_off=cut_off)

    def wrong(self, trial: Trial) -> bool:
        """Whether another option than the right one was named, or none; the latter where none is known."""
        marks = trial.score.marks
        return marks.get(CORRECT, 1.0 - marks.get(INVALID, 0.0)) < 0.5

    def explain(self, outcome: Outcome) -> str:
        """Question, options, reply, what was read in it and what is right; visible text."""
        return "\n".join(lines(outcome, self.wrong))

    def tables(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Table]:
        """Accuracy by level, group, subject and task, differences between settings, letters and orders."""
        return exam_tables(records)


def _request(asked: Asked, spec: Spec, target: Model, *, sample: int) -> Request:
    is_likelihood = asked.setting.answering == "likelihood"
    return Request(
        model=target,
        messages=messages(asked, target),
        sampling=Sampling(max_tokens=1, seed=spec.sampling.seed) if is_likelihood else spec.sampling,
        sample=sample,
        logprobs=asked.alternatives if is_likelihood else None,
    )


def _refuse_unseen(asked: Asked, target: Model) -> None:
    """Raises ProviderError for a question with images that a model would answer without having seen them."""
    if not asked.images and not any(shot.images for shot in asked.shots):
        return
    why = _why_blind(target)
    if why is not None:
        raise ProviderError(
            f"{target.alias}: question {asked.item.task}/{asked.item.id} has images, and {why}"
        )


def _why_blind(target: Model) -> str | None:
    if target.provider in TEXT_ONLY:
        return f"this card is asked in text only (provider {target.provider})"
    if target.ask_as == "completion":
        return "this card is asked in text only (ask_as: completion)"
    if target.sees_images is None:
        return "its card does not say whether the model sees them; write sees_images: true, or false, on it"
    return None if target.sees_images else "its card says sees_images: false"


def _exhibit(case: Case, request: Request, reply: Reply) -> Exhibit:
    asked: Asked = case.data
    return Exhibit(
        id=case.id,
        answer=reply.text,
        prompt="\n\n".join(message.text for message in request.messages),
        question=asked.item.question,
        thinking=reply.thinking,
        options=asked.shown,
    )


def _likelihood_score(reply: Reply, asked: Asked) -> Score:
    trouble = why_unreadable(reply.logprobs, reply.thinking)
    if trouble is not None or not reply.logprobs:
        return Score(value=None, label="unscored", reason=trouble or "")
    found = likeliest(reply.logprobs[0], asked.shown)
    return Score(
        value=1.0 if found.letter else 0.0,
        label=found.letter or NO_LETTER,
        reason=_likelihood_reason(found.rule, found.probability, found.letter),
        details={"rule": found.rule, **found.told()},
    )


def _likelihood_reason(rule: str, probability: Mapping[str, float], letter: str | None) -> str:
    if letter is None:
        return rule
    told = ", ".join(f"{name} {value:.3f}" for name, value in probability.items())
    return f"{rule} ({told})"


def _marked(score: Score, asked: Asked) -> Score:
    """The letter that was read, held against the right one.

    Without a known answer the value says whether a letter was read, and there is no mark "correct".
    """
    told: dict[str, Json] = {"prompt": prompt_version(), "options": len(asked.item.options)}
    told |= {"order": asked.order, "gold": asked.gold, "chosen": None, "original": None}
    if score.value is None:
        return replace(score, marks={}, details={**score.details, **told})
    letter = score.label if score.label in asked.item.options else None
    if letter is None and score.label != NO_LETTER:
        reason = f"the judge names no option of this question: {score.label[:40]!r}"
        return replace(score, value=None, label="unscored", reason=reason, marks={})
    told |= {"chosen": letter, "original": asked.original(letter) if letter else None}
    marks = {**score.marks, INVALID: float(letter is None)}
    if asked.gold is None:
        reason = _joined(score.reason, "no answer in the file")
        value = float(letter is not None)
    else:
        value = marks[CORRECT] = float(letter == asked.gold)
        reason = _joined(score.reason, f"right is {asked.gold}")
    return replace(score, value=value, reason=reason, marks=marks, details={**score.details, **told})


def _joined(*reasons: str) -> str:
    return "; ".join(filter(None, reasons))
