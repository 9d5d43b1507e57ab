"""The letters that a model answered with, out of the records of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from distill_tests.errors import DataError
from distill_tests.record import Record, cases_of

KIND: Final = "exam"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Letters by task and id, of one target under one setting.

    A reply without a single letter is there with the judge's word for it; one that never came is not.
    """

    target: str
    setting: str
    split: str
    letters: Mapping[tuple[str, str], str]


def answers_of(
    records: Sequence[Record],
    *,
    path: str,
    split: str = "test",
    target: str | None = None,
    setting: str | None = None,
) -> Answers:
    """What a run holds of one split; of repeated questions the first answer.

    Items with their options in another order or without their question are left out; an answer that was not
    judged is none.  Raises DataError where there are none, where two specs of the run answer one item, and
    where they are of several targets or settings and none is named.
    """
    cases = [one for one in cases_of(records) if one.get("kind") == KIND and _group(one, "split") == split]
    cases = [one for one in cases if _group(one, "order") in ("", "0") and not _group(one, "asked")]
    if not cases:
        raise DataError(f"{path}: no answers to {split} items of an exam")
    target = _only("target", {str(one["target"]) for one in cases}, target, path)
    cases = [one for one in cases if one["target"] == target]
    setting = _only("setting", {_group(one, "setting") for one in cases}, setting, path)
    letters: dict[tuple[str, str], str] = {}
    for case in cases:
        scores = [trial["score"] for trial in case["trials"]]
        if _group(case, "setting") != setting or not scores or scores[0]["value"] is None:
            continue
        task, name = _item(case, path)
        if (task, name) in letters:
            raise DataError(f"{path}: two cases answer item {name} of {task}; give a run of one spec")
        letters[task, name] = str(scores[0]["label"])
    return Answers(target=target, setting=setting, split=split, letters=letters)


def _group(case: Record, name: str) -> str:
    groups: Mapping[str, Any] = case.get("groups") or {}
    return str(groups.get(name, ""))


def _item(case: Record, path: str) -> tuple[str, str]:
    clusters: Mapping[str, Any] = case.get("clusters") or {}
    task, slash, name = str(clusters.get("item", "")).partition("/")
    if not slash:
        raise DataError(f"{path}: case {case.get('id')!r} does not say which item it asks (clusters: item)")
    return task, name


def _only(what: str, there: set[str], wanted: str | None, path: str) -> str:
    """The ``wanted`` one of what a run holds, or the only one."""
    names = ", ".join(sorted(there))
    if wanted is not None and wanted not in there:
        raise DataError(f"{path}: no {what} {wanted!r} with such answers; it has {names}")
    if wanted is None and len(there) > 1:
        raise DataError(f"{path}: several {what}s; name one with --{what}: {names}")
    return wanted if wanted is not None else next(iter(there))
