"""The declared set of an exam: questions x settings x orders of the options, or the part that is drawn."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from distill_tests.errors import Problem, SpecError
from distill_tests.exams.items import COSMETIC, Fault, Item
from distill_tests.kinds._exam_case import Asked, content_of, language_of
from distill_tests.kinds._exam_data import Questions, questions_of
from distill_tests.kinds._exam_gates import gate_problems
from distill_tests.kinds._exam_prompt import prompt_version
from distill_tests.kinds._exam_setting import Setting, setting_problems, settings_of
from distill_tests.plan import Cell, draw, in_random_order, set_hash
from distill_tests.types import Case, Spec

MOST_CASES = 200_000
MOST_CHARACTERS = 80
"""Of a task and an item's id in the name of a test."""
HARMLESS = COSMETIC | {Fault.SHIFTED_EXPLANATION}
"""Faults that change nothing of what is asked; a shifted explanation is not shown."""


def declared_cases(spec: Spec) -> Sequence[Case]:
    """In planned order; raises SpecError with every problem at once."""
    problems = list(setting_problems(spec))
    questions = questions_of(spec, problems)
    problems += _shot_problems(spec, questions)
    problems += gate_problems(spec, questions.items)
    if problems:
        raise SpecError(problems)
    items = _drawn(spec, questions.items)
    cases = list(_cases(spec, items, questions))
    if len(cases) > MOST_CASES:
        what = f"{len(items):,} questions make {len(cases):,} cases"
        raise SpecError([Problem(place=spec.place("data"), what=what, allowed=f"at most {MOST_CASES:,}")])
    digest = _hash(cases)
    return [replace(case, data=replace(case.data, set_hash=digest)) for case in _ordered(spec, cases)]


# --- what cannot be asked -----------------------------------------------------------------------


def _shot_problems(spec: Spec, questions: Questions) -> Iterator[Problem]:
    """Settings with more shots than a task has solved questions."""
    tasks = dict.fromkeys(item.task for item in questions.items)
    for number, setting in enumerate(settings_of(spec)):
        few = {task: len(questions.shots.get(task, ())) for task in tasks}
        few = {task: count for task, count in few.items() if count < setting.shots}
        if not few:
            continue
        place = spec.place("settings", number, "shots")
        if not questions.shots:
            what = f"{setting.shots} shots, and the data have no solved questions to show"
            yield Problem(place=place, what=what, allowed=questions.shots_from)
            continue
        worst = min(few, key=lambda task: (few[task], task))
        tail = f" ({len(few)} tasks have too few)" if len(few) > 1 else ""
        what = f"more shots than task {worst!r} has solved questions{tail}"
        yield Problem(place=place, what=what, got=str(setting.shots), allowed=f"at most {few[worst]}")


# --- what is asked ------------------------------------------------------------------------------


def _drawn(spec: Spec, items: Sequence[Item]) -> Sequence[Item]:
    """What ``sample`` draws, evenly over the tasks; file order where all are taken."""
    size = int(spec.body.get("sample", {}).get("size", len(items)))
    if size > len(items):
        place, what = spec.place("sample", "size"), "the sample is larger than the set"
        allowed = f"at most {len(items)}"
        raise SpecError([Problem(place=place, what=what, got=str(size), allowed=allowed)])
    cells = {Cell(_name(item), "", item.task, item.id): item for item in items}
    chosen = {cell.id for cell in draw(cells, size=size, seed=_seed(spec))}
    return [item for cell, item in cells.items() if cell.id in chosen]


def _seed(spec: Spec) -> int:
    return int(spec.body.get("sample", {}).get("seed", 0))


def _name(item: Item) -> str:
    return f"{item.task}/{item.id}"


class _Around(NamedTuple):
    """What a case takes from the spec and from its neighbours."""

    spec: Spec
    names: Mapping[str, str]
    has_passages: bool
    is_permuted: bool


def _cases(spec: Spec, items: Sequence[Item], questions: Questions) -> Iterator[Case]:
    """Setting by setting, task by task, in file order."""
    passages = [item.passage for item in items if item.passage is not None]
    around = _Around(
        spec=spec,
        names=dict(zip(map(_name, items), _slugs(items), strict=True)),
        has_passages=len(set(passages)) < len(passages),
        is_permuted=spec.body.get("permute") == "cyclic",
    )
    for setting in settings_of(spec):
        for item in items:
            shots = tuple(questions.shots.get(item.task, ())[: setting.shots])
            for order in range(len(item.options) if around.is_permuted else 1):
                yield _case(item, setting, shots, order, around)


def _case(item: Item, setting: Setting, shots: tuple[Item, ...], order: int, around: _Around) -> Case:
    body, name = around.spec.body, _name(item)
    asked = Asked(
        item=item,
        setting=setting,
        shots=shots,
        order=order,
        language=language_of(item, body.get("language", "auto")),
        placement=body.get("placement", "user"),
        layout=body.get("layout", "e-eval"),
        alternatives=int(body.get("alternatives", 20)),
        without_question=bool(body.get("without_question", False)),
    )
    clusters = {"passage": item.passage or name} if around.has_passages else {}
    tail = f".order-{order}" if order else ""
    return Case(
        id=f"{around.names[name]}.{setting.slug}{tail}",
        data=asked,
        place=item.place,
        tags=tuple(sorted(fault.value for fault in item.faults)),
        clusters={**clusters, "item": name},
        groups=_groups(asked, around),
    )


def _groups(asked: Asked, around: _Around) -> dict[str, str]:
    item = asked.item
    told = {
        "setting": asked.setting.name,
        "level": item.level,
        "group": item.group,
        "subject": item.subject,
        "task": item.task,
        "split": item.split,
        "language": asked.language,
        "clean": "no" if item.faults - HARMLESS else "yes",
        "order": str(asked.order) if around.is_permuted else None,
        "asked": "without the question" if asked.without_question else None,
    }
    return {name: value for name, value in told.items() if value}


def _slugs(items: Iterable[Item]) -> Iterator[str]:
    """What the items' tests are called; of two that would be called alike the later one has a hash."""
    seen: set[str] = set()
    for item in items:
        written = _name(item)
        slug = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{item.task}-{item.id}").strip("-.")
        if not slug or len(slug) > MOST_CHARACTERS or slug in seen:
            digest = hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:8]
            slug = f"{slug[:MOST_CHARACTERS]}-{digest}".strip("-")
        seen.add(slug)
        yield slug


def _ordered(spec: Spec, cases: Sequence[Case]) -> Sequence[Case]:
    """A random order, so that any first part is a random part; or as they stand, task by task."""
    if spec.body.get("order") == "by_task":
        return cases
    by_id = {case.id: case for case in cases}
    return [by_id[name] for name in in_random_order(by_id, seed=_seed(spec))]


def _hash(cases: Sequence[Case]) -> str:
    shots: dict[tuple[str, int], str] = {}
    images: dict[str, list[str]] = {}
    content = {}
    for case in cases:
        asked: Asked = case.data
        key, name = (asked.item.task, len(asked.shots)), _name(asked.item)
        if key not in shots:
            shots[key] = _shots_hash(asked.shots)
        if name not in images:
            images[name] = _image_hashes(asked.item)
        content[case.id] = content_of(asked, prompt=prompt_version(), shots=shots[key], images=images[name])
    return set_hash(content)


def _image_hashes(item: Item) -> list[str]:
    return [hashlib.sha256(image.data).hexdigest() for image in item.images]


def _shots_hash(shots: Sequence[Item]) -> str:
    told: list[Any] = [
        [one.question, dict(one.options), one.answer, one.explanation, _image_hashes(one)] for one in shots
    ]
    return hashlib.sha256(json.dumps(told, ensure_ascii=True).encode("ascii")).hexdigest()
