"""Which answers a session will wait for, so that they can be asked ahead."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from distill_tests.nodes import CaseItem, GateItem, SpecItem, Target
from distill_tests.registry import judges, kinds


def with_gates_last(items: list[pytest.Item]) -> list[pytest.Item]:
    """A target's gates after its cases, each in a place of that target's; other items where they were."""
    mine = {
        target: iter(sorted(ours, key=lambda one: isinstance(one, GateItem)))
        for target, ours in by_target(items).items()
    }
    return [next(mine[item.target]) if isinstance(item, SpecItem) else item for item in items]


def by_target(items: Iterable[pytest.Item]) -> dict[Target, list[SpecItem]]:
    """The selected items of ours by target, targets in order of appearance."""
    targets: dict[Target, list[SpecItem]] = {}
    for item in items:
        if isinstance(item, SpecItem):
            targets.setdefault(item.target, []).append(item)
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
    judging = judges.get(use.name).declared(use.options).calls[1] if use else 0
    return sum(kind.calls(case, target.spec)[1] + judging for case in cases) * target.spec.repeats
