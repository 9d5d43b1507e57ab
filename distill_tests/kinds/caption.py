"""``kind: caption``: how good are captions of images and clips, by references, by what is seen, or by both?

The captions come from a file, or the target writes them; the spec's judge scores each from 0 to 100, and
cheap offline metrics stand beside it.  After G-VEval (arXiv 2412.13647).  A caption that cannot be scored,
for its file, its judge or its emptiness, is unscored and counted, never 0.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from distill_tests.display import is_blank
from distill_tests.errors import DataError, DistillError, ProviderError
from distill_tests.kinds._answered import refuse_no_answer
from distill_tests.kinds._caption_case import CaptionCase, Item, metrics_beside
from distill_tests.kinds._caption_declared import declared_cases, why_no_captioner
from distill_tests.kinds._caption_seeing import (
    Seen,
    instruction_of,
    instruction_version,
    read,
    request_for,
    seen,
)
from distill_tests.kinds._caption_setting import SCALE, Setting, declared_of, setting_of, with_judge
from distill_tests.kinds._caption_showing import DETAILS, lines
from distill_tests.kinds._caption_tables import caption_tables
from distill_tests.registry import Declared, kind
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
    Request,
    Score,
    Spec,
    Table,
    Trial,
)


@kind("caption", schema=shipped("caption.json"))
class Caption:
    """Captions of images and clips, from a file or from the target; no caption is wrong in itself."""

    def completed(self, spec: Spec) -> Spec:
        """The spec with its evidence, scale, protocol and frames among its judge's options."""
        return with_judge(spec)

    def cases(self, spec: Spec, target: Model) -> Iterable[Case]:
        """A case for each item in planned order; raises SpecError with every problem at once."""
        return declared_cases(spec, target)

    def asks(self, spec: Spec) -> tuple[Model, ...]:
        """The controls that a gate is relative to: their captions are judged as the target's are."""
        controls = (gate.baseline.model for gate in spec.gates if gate.baseline and gate.baseline.control)
        return tuple(filter(None, controls))

    def judged_beside(self, spec: Spec) -> tuple[Model, ...]:
        """The controls."""
        return self.asks(spec)

    def opening(self, case: Case, spec: Spec, target: Model) -> Request | None:
        """The only request, where the target captions an image; a clip is not decoded beforehand."""
        setting, item = setting_of(spec), _item(case)
        if not setting.is_captioning or item.medium != "image":
            return None
        try:
            images = read(item, setting, spec).images
        except DistillError:  # it is unscored when it is asked, or says which extra is missing
            return None
        return request_for(item, images, setting, spec, target, sample=0)

    def calls(self, case: Case, spec: Spec) -> tuple[int, int]:  # noqa: ARG002 - the protocol's signature
        """None where the captions are from a file; the judge's are not among them."""
        return (1, 1) if setting_of(spec).is_captioning else (0, 0)

    async def conduct(
        self, case: Case, spec: Spec, target: Model, *, sample: int, ask: Ask, judge: Judging
    ) -> Trial:
        """One caption, judged; raises EmptyReply where the target gives none."""
        setting, item = setting_of(spec), _item(case)
        look = Seen((), {})
        if setting.judges_images or setting.is_captioning:
            try:
                look = await seen(item, setting, spec)
            except DataError as error:
                caption = item.captions.get(target.alias, "")
                return await _trial(case, spec, (), caption, look, _unscored(str(error)))
        if not setting.is_captioning:
            caption = item.captions.get(target.alias, "")
            score = await _score(case, setting, target, caption, look, judge)
            return await _trial(case, spec, (), caption, look, score)
        refused = why_no_captioner(target)
        if refused is not None:  # a control: targets were refused before
            raise ProviderError(refused)
        request = request_for(item, look.images, setting, spec, target, sample=sample)
        reply = await ask(request)
        refuse_no_answer(reply, f"{target.alias}: ", wanted="caption")
        caption, cut_off = reply.text.strip(), reply.finish == "length"
        if cut_off and spec.on_cutoff == "unscored":
            reason = f"the caption reached max_tokens ({spec.sampling.max_tokens}), and on_cutoff is unscored"
            score = Score(value=None, label="cut-off", reason=reason)
        else:
            score = await _score(case, setting, target, caption, look, judge)
        exchanges = (Exchange(request=request, reply=reply),)
        trial = await _trial(case, spec, exchanges, caption, look, score)
        return replace(trial, cut_off=cut_off)

    def wrong(self, trial: Trial) -> bool:  # noqa: ARG002 - the protocol's signature
        """Never: only gates say how good captions must be."""
        return False

    def explain(self, outcome: Outcome) -> str:
        """Caption, references, image or clip, the judge's numbers and reason; visible text."""
        return "\n".join(lines(outcome))

    def tables(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Table]:
        """Scores by target with coverage, the cheap metrics beside them, how the scores were read."""
        return caption_tables(records)


def _item(case: Case) -> Item:
    data: CaptionCase = case.data
    return data.item


async def _score(
    case: Case, setting: Setting, target: Model, caption: str, look: Seen, judge: Judging
) -> Score:
    item = _item(case)
    lacking = _lacking(item, setting, target, caption)
    if lacking:
        return _unscored(lacking)
    exhibit = Exhibit(
        id=case.id,
        answer=caption,
        question=instruction_of(item, setting),
        references=item.references,
        images=look.images if setting.judges_images else (),
        recorded={"media": item.medium} if item.medium else {},
        identity=target.identity,
    )
    return await judge(exhibit)


def _lacking(item: Item, setting: Setting, target: Model, caption: str) -> str | None:
    """Why there is nothing to judge, whichever judge it is."""
    if not setting.is_captioning and target.alias not in item.captions:
        return f"the file has no caption of {target.alias!r} for this item"
    if is_blank(caption):
        return "the caption is empty"
    if setting.evidence != "visual" and not item.usable_references:
        return f"evidence: {setting.evidence} needs references, and the item has none"
    return None


def _unscored(reason: str) -> Score:
    return Score(value=None, label="unscored", reason=reason)


async def _trial(
    case: Case,
    spec: Spec,
    exchanges: tuple[Exchange, ...],
    caption: str,
    look: Seen,
    score: Score,
) -> Trial:
    """The trial with what an auditor wants to know of it beside the score."""
    setting, item = setting_of(spec), _item(case)
    metrics = await asyncio.to_thread(metrics_beside, case.data, caption)
    told: dict[str, Json] = {
        "captions": setting.captions,
        "evidence": setting.evidence,
        "protocol": setting.protocol,
        "instruction": instruction_version(setting) if setting.is_captioning else None,
        "references": len(item.usable_references),
        "media": dict(look.told) or None,
    }
    score = _on_hundred(score, declared_of(spec))
    details = {**score.details, DETAILS: told, "metrics": metrics}
    return Trial(exchanges=exchanges, answer=caption, score=replace(score, details=details))


def _on_hundred(score: Score, declared: Declared) -> Score:
    """The score with value and marks from 0 to 100, whatever scale its judge has."""
    if score.value is None or all(one == SCALE for one in (declared.scale, *declared.marks.values())):
        return score
    marks = {
        name: _moved(mark, declared.marks[name]) if name in declared.marks else mark
        for name, mark in score.marks.items()
    }
    details = {**score.details, "own_value": score.value, "own_scale": list(declared.scale)}
    return replace(score, value=_moved(score.value, declared.scale), marks=marks, details=details)


def _moved(value: float, scale: tuple[float, float]) -> float:
    low, high = scale
    return SCALE[1] * (value - low) / (high - low)
