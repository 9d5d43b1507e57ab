"""Gates of an exam that nobody could decide: found before anything is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from distill_tests.errors import Problem
from distill_tests.exams.items import Item
from distill_tests.kinds._exam_case import language_of
from distill_tests.kinds._exam_setting import settings_of
from distill_tests.types import Gate, Place, Spec

ONLY_INVALID = ("invalid_rate",)
"""Statistics that need no known answers."""
MOST_LISTED = 30


def gate_problems(spec: Spec, items: Sequence[Item]) -> Iterator[Problem]:
    """Gates on answers nobody knows, on parts that are not there, and early stops in no random order."""
    unknown = sum(item.answer is None for item in items)
    for gate in spec.gates:
        place = _place(spec, gate)
        if unknown and gate.statistic not in ONLY_INVALID:
            told = "none of the questions has a known answer"
            if unknown < len(items):
                told = f"{unknown:,} of the {len(items):,} questions have no known answer"
            yield Problem(place=place, what=f"gate {gate.name!r}: {told}", allowed="invalid_rate, or no gate")
        if gate.stop_early and spec.body.get("order") == "by_task":
            what = f"gate {gate.name!r}: asked task by task, the first answers are no random part of the set"
            yield Problem(place=place, what=what, allowed="stop_early: false, or order: planned")
        if gate.statistic == "order_consistency" and spec.body.get("permute") != "cyclic":
            what = f"gate {gate.name!r}: every question is asked in one order of its options only"
            yield Problem(place=place, what=what, allowed="permute: cyclic")
        yield from _settings(spec, gate)
        if items:
            yield from _parts(spec, gate, items)


def _settings(spec: Spec, gate: Gate) -> Iterator[Problem]:
    """Settings that the spec does not have, and a difference that does not say of which."""
    known = [setting.name for setting in settings_of(spec)]
    wanted = ("new", "old") if gate.statistic == "setting_difference" else ("setting",)
    for key in wanted:
        named = gate.options.get(key)
        if named is None and key != "setting":
            what = f"gate {gate.name!r}: it does not say which settings are compared; no {key!r}"
            yield Problem(place=_place(spec, gate), what=what, allowed=f"one of {', '.join(known)}")
        elif named is not None and named not in known:
            what = f"gate {gate.name!r}: the spec has no such setting"
            allowed = f"one of {', '.join(known)}"
            yield Problem(place=_place(spec, gate), what=what, got=repr(named), allowed=allowed)
    if len(wanted) > 1 and (gate.options.get("new") or "") == gate.options.get("old"):
        what = f"gate {gate.name!r}: a setting is compared with itself"
        yield Problem(place=_place(spec, gate), what=what, allowed="two of the spec's settings")


def _parts(spec: Spec, gate: Gate, items: Sequence[Item]) -> Iterator[Problem]:
    """Levels, subjects and the like that no question has."""
    for name, wanted in gate.options.get("where", {}).items():
        if name == "language":
            labels = {language_of(item, spec.body.get("language", "auto")) for item in items}
        else:
            labels = {label for item in items if (label := getattr(item, name))}
        if wanted not in labels:
            shown = sorted(labels)[:MOST_LISTED]
            more = f" and {len(labels) - len(shown)} more" if len(labels) > len(shown) else ""
            what = f"gate {gate.name!r}: no question has this {name}"
            allowed = f"there are: {', '.join(shown) or 'none'}{more}"
            yield Problem(place=_place(spec, gate), what=what, got=repr(wanted), allowed=allowed)


def _place(spec: Spec, gate: Gate) -> Place:
    return gate.place or spec.place("gates", gate.name)
