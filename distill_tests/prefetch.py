"""Which answers a session will wait for, so that they can be asked ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from distill_tests.across_nodes import AcrossItem
from distill_tests.conduct import declared_controls
from distill_tests.nodes import CaseItem, GateItem, SpecItem, Target
from distill_tests.registry import judges, kinds
from distill_tests.subjects import is_judge


def with_gates_last(items: list[pytest.Item]) -> list[pytest.Item]:
    """A target's gates after its cases, those across targets after all of their file.

    Each stands in a place of its target or file; other items are where they were.
    """
    own = sorted_in_groups(items, group=lambda item: item.parent, last=GateItem)
    crossed = {item.spec.path for item in items if isinstance(item, AcrossItem)}
    return sorted_in_groups(
        own, group=lambda item: item.spec.path if item.spec.path in crossed else None, last=AcrossItem
    )


def sorted_in_groups(
    items: list[pytest.Item], *, group: Callable[[SpecItem], object], last: type[SpecItem]
) -> list[pytest.Item]:
    """Our items with those of the type ``last`` at the end of their group, in the places of that group."""
    groups: dict[object, list[SpecItem]] = {}
    for item in items:
        if isinstance(item, SpecItem):
            groups.setdefault(group(item), []).append(item)
    mine = {
        name: iter(sorted(ours, key=lambda one: isinstance(one, last)) if name is not None else ours)
        for name, ours in groups.items()
    }
    return [next(mine[group(item)]) if isinstance(item, SpecItem) else item for item in items]


def by_target(items: Iterable[pytest.Item]) -> dict[Target, list[SpecItem]]:
    """The selected items of ours by target, targets in order of appearance; a gate across them under each."""
    targets: dict[Target, list[SpecItem]] = {}
    for item in items:
        if isinstance(item, SpecItem):
            for target in item.targets:
                targets.setdefault(target, []).append(item)
    return targets


def prefetch(target: Target, items: list[SpecItem]) -> None:
    """Have asked what will be waited for: a gate needs every planned case."""
    if any(isinstance(item, GateItem) for item in items):
        target.run.submit_all()
    else:
        target.run.submit([item.case for item in items if isinstance(item, CaseItem)])


def most_calls(target: Target, items: list[SpecItem]) -> int:
    """The most calls that what is selected can need, the judge's included."""
    kind = kinds.get(target.spec.kind).kind
    gated = any(isinstance(item, GateItem) for item in items)
    cases = target.run.planned if gated else [item.case for item in items if isinstance(item, CaseItem)]
    use = target.spec.judge
    judging = judges.get(use.name).declared(use.options).calls[1] if use and not is_judge(target.model) else 0
    asked = sum(kind.calls(case, target.spec)[1] + judging for case in cases) * target.spec.repeats
    if not gated and target.spec.gates:
        return asked
    controls = declared_controls(target.spec, target.model).controls
    told = sum(control.reply is None for control in controls)
    return asked + told + judging * (len(controls) + len(target.spec.canaries))
