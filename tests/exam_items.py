"""Made-up exam items and answers for tests of prompts, kinds and scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from distill_tests.exams.averages import Answer
from distill_tests.exams.items import Item
from distill_tests.kinds._exam_case import Asked
from distill_tests.kinds._exam_setting import Setting
from distill_tests.types import Case, Model, Outcome, Place, Sample, Score, Trial

HERE = Place(path="exam.csv", line=2, column=1)
TARGET = Model(alias="m", provider="scripted", model="m")


def item(id: str = "1", *, task: str = "high_school_physics", **given: Any) -> Item:
    options = {"A": "one metre", "B": "two metres", "C": "three metres", "D": "four metres"}
    known = {"split": "val", "question": "How far?", "options": options, "answer": "B", "place": HERE}
    return Item(**{"id": id, "task": task, **known, **given})


def asked(one: Item | None = None, *, shots: tuple[Item, ...] = (), **given: Any) -> Asked:
    setting = Setting(
        shots=len(shots),
        reasoning=given.pop("reasoning", False),
        answering=given.pop("answering", "generation"),
    )
    return Asked(item=one or item(), setting=setting, shots=shots, **given)


def answer(
    number: int,
    *,
    correct: bool = True,
    setting: str = "0-shot",
    task: str = "t",
    chosen: str | None = "A",
    gold: str | None = None,
    options: int = 4,
    order: int = 0,
    original: str | None = None,
    **groups: str,
) -> Answer:
    """Right answers name the gold letter; ``gold`` by default fits ``correct``."""
    right = gold or ((chosen or "A") if correct else ("B" if chosen != "B" else "A"))
    return Answer(
        item=f"{task}/{number}",
        correct=float(correct),
        setting=setting,
        task=task,
        options=options,
        gold=right,
        chosen=chosen,
        order=order,
        original=original if original is not None else chosen,
        groups={"setting": setting, "task": task, **groups},
        clusters={"item": f"{task}/{number}"},
    )


def outcome(one: Answer, **groups: str) -> Outcome:
    marks = {"correct": one.correct, "invalid": float(one.chosen is None)}
    details = {"gold": one.gold, "chosen": one.chosen, "original": one.original}
    score = Score(
        value=one.correct,
        label=one.chosen or "invalid",
        marks=marks,
        details={**details, "options": one.options, "order": one.order, "rule": "x"},
    )
    told = {"setting": one.setting, "task": one.task, **one.groups, **groups}
    case = Case(
        id=f"{one.item}.{one.setting}.{one.order}".replace("/", "-").replace(" ", "-"),
        data=None,
        place=HERE,
        clusters=one.clusters,
        groups=told,
    )
    return Outcome(case=case, target=TARGET, trials=(Trial(exchanges=(), answer="", score=score),))


def sample(answers: Sequence[Answer], **given: Any) -> Sample:
    return Sample(outcomes=tuple(map(outcome, answers)), **given)
