"""How many items an exam has, by split, level, group, subject and task, and how many of them are clean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from distill_tests.exams.items import Fault, Item

PARTS: Final = (("level",), ("group",), ("level", "group"), ("subject",), ("task",))


class Part(NamedTuple):
    """The items of one part by split, and those of them that are clean."""

    dimension: str
    name: str
    items: Counter[str]
    clean: Counter[str]


def parts(items: Sequence[Item]) -> list[Part]:
    """All items, then each part of each dimension by name; a dimension that no item has is left out."""
    found = [_part("all", "all", items)]
    for dimension in PARTS:
        by_name: dict[str, list[Item]] = {}
        for item in items:
            labels = [getattr(item, name) for name in dimension]
            if None not in labels:
                by_name.setdefault(" ".join(labels), []).append(item)
        found += [_part(" x ".join(dimension), name, members) for name, members in sorted(by_name.items())]
    return found


def _part(dimension: str, name: str, items: Sequence[Item]) -> Part:
    clean = Counter(str(item.split) for item in items if item.is_clean)
    return Part(dimension, name, Counter(str(item.split) for item in items), clean)


def with_fault(items: Sequence[Item]) -> dict[Fault, list[Item]]:
    """The items that have each fault, in their order; a fault that none has is left out."""
    found = {fault: [item for item in items if fault in item.faults] for fault in Fault}
    return {fault: members for fault, members in found.items() if members}
