"""What a spec audits: the models it names, or its own judge (``subject = "judge"`` on the kind).

A judge under audit stands in the node tree, in records and in reports where a model stands: a card with the
judge's name as alias and the provider ``judge``, which is never asked.
"""

from __future__ import annotations

from typing import Final

from distill_tests.registry import kinds
from distill_tests.types import Model, Spec

JUDGE: Final = "judge"


def audits_its_judge(spec: Spec) -> bool:
    """Whether the spec's judge is what is audited, so that it has no targets."""
    return is_about_judges(spec.kind)


def is_about_judges(kind: str) -> bool:
    """Whether specs of this kind audit their judge; raises UnknownName."""
    return getattr(kinds.get(kind).kind, "subject", "model") == JUDGE


def is_judge(model: Model) -> bool:
    """Whether the card stands for a judge, and so for no model that could be asked."""
    return model.provider == JUDGE


def default_targets(spec: Spec) -> tuple[Model, ...]:
    """What a spec audits by itself: its judge, the models of ``targets:``, or every marked card."""
    if audits_its_judge(spec):
        return (judge_as_target(spec),)
    if spec.targets == "all":
        return tuple(model for model in spec.models.values() if model.target)
    return tuple(spec.models[alias] for alias in spec.targets)


def asked_beside(spec: Spec) -> tuple[Model, ...]:
    """The models whose answers the kind wants beside the target's: a reference, a panel, controls."""
    asks = getattr(kinds.get(spec.kind).kind, "asks", None)
    if asks is None:
        return ()
    return tuple({model.alias: model for model in asks(spec)}.values())


def judge_as_target(spec: Spec) -> Model:
    """The spec's judge as a card: ``claims``, or ``rubric-gpt-4o-mini`` where it asks a model."""
    use = spec.judge
    if use is None:
        return Model(alias="no-judge", provider=JUDGE, model="none", place=spec.place())
    asked = use.asked()
    return Model(
        alias="-".join([use.name, *dict.fromkeys(model.alias for model in asked)]),
        provider=JUDGE,
        model=use.name,
        requires=tuple(dict.fromkeys(name for model in asked for name in model.requires)),
        place=spec.place("judge"),
    )
