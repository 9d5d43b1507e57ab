"""The controls of a similarity spec: models whose likeness to the reference is known beforehand.

They are asked the same prompts as the target and judged as it is, whether or not a gate names them; what goes
wrong with one leaves that control without a score for the prompt, and is the target's trouble nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from distill_tests.errors import NotForTarget, Problem
from distill_tests.types import Exchange, Json, Model, Score, Spec

Dialogue: TypeAlias = tuple[Exchange, ...]


def controls_of(spec: Spec) -> dict[str, Model]:
    """The cards of the controls by their names in the spec."""
    return {name: spec.models[alias] for name, alias in spec.body.get("controls", {}).items()}


def misfits(spec: Spec) -> Iterator[Problem]:
    """Controls that give no scale: the reference itself, or one model under two names."""
    first: dict[str, str] = {}
    for name, model in controls_of(spec).items():
        place = spec.place("controls", name)
        if model.alias == spec.body["reference"]:
            what = f"control {name!r} is the reference itself ({model.alias!r}), which is 5 under every judge"
            yield Problem(place=place, what=what, allowed="another model")
        elif (earlier := first.setdefault(model.alias, name)) != name:
            what = f"control {name!r} is the same model as control {earlier!r} ({model.alias!r})"
            yield Problem(place=place, what=what, allowed="another model, or one name")


def refuse_own_control(spec: Spec, target: Model) -> None:
    """Raises NotForTarget for a gate that compares the target with itself: its verdict is none."""
    for gate in spec.gates:
        baseline = gate.baseline
        if baseline and baseline.control and baseline.model and baseline.model.alias == target.alias:
            what = (
                f"gate {gate.name!r} is relative to control {baseline.control!r}, which is the target itself"
            )
            allowed = f"take {target.alias!r} out of the targets; the tables show every control"
            place = gate.place or spec.place("gates", gate.name)
            raise NotForTarget([Problem(place=place, what=f"{what} ({target.alias!r})", allowed=allowed)])


def told_of(model: Model, said: Dialogue | str, score: Score | None) -> Mapping[str, Json]:
    """What a record keeps of one control on one prompt; ``missing`` says why there is no score."""
    told: dict[str, Json] = {"model": model.alias, "value": None, "marks": {}}
    if isinstance(said, str):
        return {**told, "missing": said}
    told["cut_off"] = is_cut(said)
    if score is None or score.value is None:
        return {**told, "missing": score.reason if score is not None else "not scored"}
    return {**told, "value": score.value, "marks": dict(score.marks)}


def is_cut(said: Dialogue) -> bool:
    """Whether one of these replies reached max_tokens."""
    return any(exchange.reply.finish == "length" for exchange in said)
