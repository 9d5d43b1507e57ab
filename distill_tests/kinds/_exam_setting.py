"""How an exam is asked: with how many shots, with or without reasoning, and how the answer is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from distill_tests.errors import Problem
from distill_tests.types import Spec

Answering: TypeAlias = Literal["generation", "likelihood"]
DEFAULT: Mapping[str, Any] = {"shots": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """``shots`` solved questions stand before the one that is asked; ``reasoning``: chain of thought."""

    shots: int
    reasoning: bool = False
    answering: Answering = "generation"

    @property
    def name(self) -> str:
        """As reports say it: ``5-shot cot``."""
        words = [f"{self.shots}-shot"]
        words += ["cot"] if self.reasoning else []
        words += ["likelihood"] if self.answering == "likelihood" else []
        return " ".join(words)

    @property
    def slug(self) -> str:
        return self.name.replace(" ", "-")


def settings_of(spec: Spec) -> tuple[Setting, ...]:
    """The settings in their order; zero-shot and answer-only where the spec names none."""
    common: Answering = spec.body.get("answer", "generation")
    return tuple(
        Setting(
            shots=int(one["shots"]),
            reasoning=bool(one.get("reasoning", False)),
            answering=one.get("answer", common),
        )
        for one in spec.body.get("settings", [DEFAULT])
    )


def setting_problems(spec: Spec) -> Iterator[Problem]:
    """Settings that contradict themselves, each other or the rest of the spec."""
    seen: dict[Setting, int] = {}
    for number, setting in enumerate(settings_of(spec)):
        place = spec.place("settings", number)
        if setting.reasoning and setting.answering == "likelihood":
            what = "the likelihood of the letters is read before anything is written: there is no reasoning"
            yield Problem(place=place, what=what, allowed="reasoning: false, or answer: generation")
        if setting.shots and spec.body.get("without_question"):
            what = "without the question there is nothing that shots could show"
            yield Problem(place=place, what=what, got=f"shots: {setting.shots}", allowed="shots: 0")
        first = seen.setdefault(setting, number)
        if first != number:
            yield Problem(place=place, what=f"the same setting as number {first + 1}, {setting.name!r}")
    if spec.judge is None and any(setting.answering == "generation" for setting in seen):
        what = "answers are read by a judge, and the spec names none"
        yield Problem(place=spec.place(), what=what, allowed="judge: letter, or answer: likelihood")
