"""Made-up exam items and answers for tests of prompts, kinds and scores."""

from __future__ import annotations

from typing import Any

from distill_tests.exams.averages import Answer
from distill_tests.exams.items import Item
from distill_tests.kinds._exam_case import Asked
from distill_tests.kinds._exam_setting import Setting
from distill_tests.types import Place

HERE = Place(path="exam.csv", line=2, column=1)


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
