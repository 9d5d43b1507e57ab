"""The canaries of a spec: those of the packs it includes, then its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from distill_tests.lexicon import makers
from distill_tests.registry import judges
from distill_tests.specfile.cards import read_identity
from distill_tests.specfile.faults import Sheet
from distill_tests.specfile.wording import shown
from distill_tests.types import Canary, JudgeUse, Place, Pointer

_AT: Pointer = ("canaries",)
_OF_ANY_JUDGE = ("value", "label", "claimed")


class _Written(NamedTuple):
    at: Pointer
    id: str
    body: Mapping[str, Any]


def read_canaries(
    data: Mapping[str, Any], places: Mapping[Pointer, Place], sheet: Sheet, judge: JudgeUse | None
) -> tuple[Canary, ...]:
    """Every canary of a spec's checked data, in file order.

    An id given twice, and a verdict that the judge never gives, go onto ``sheet``.
    """
    found: dict[str, Canary] = {}
    if judge is None and "canaries" in data:
        sheet.note(_AT, "canaries are shown to a judge, and the spec names none", allowed="judge: NAME")
    for one in _written(data.get("canaries", {})):
        if one.id in found:
            sheet.note((*_AT, "items"), f"canary {one.id!r} stands twice", allowed="ids are unique")
        found[one.id] = _canary(one, places)
        if judge is not None:
            _check_given(one, judge, sheet)
    return tuple(found.values())


def _check_given(one: _Written, judge: JudgeUse, sheet: Sheet) -> None:
    """A canary that the judge cannot but miss is a mistake of the spec."""
    known = [*judges.get(judge.name).declared(judge.options).marks, *_OF_ANY_JUDGE]
    for name in one.body["expect"]:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            allowed = f"did you mean {near[0]!r}?" if near else f"it gives {', '.join(known)}"
            what = f"canary {one.id!r} expects {name!r}, which judge {judge.name!r} does not give"
            sheet.note(_place(one, name), what, allowed=allowed)
    _check_claimed(one, judge, sheet)


def _place(one: _Written, name: str) -> Pointer:
    return (*one.at, "expect", name) if one.at[1] == "items" else _AT


def _check_claimed(one: _Written, judge: JudgeUse, sheet: Sheet) -> None:
    """A misspelt maker: identity judges that ask no model give ids, but for makers that were made up."""
    declared = judges.get(judge.name).declared(judge.options)
    claimed = one.body["expect"].get("claimed")
    if not declared.needs_identity or declared.calls[1] or one.body["expect"].get("label") == "persona":
        return
    known = [*makers, "own"]
    if not isinstance(claimed, str) or claimed in known:
        return
    for meant in get_close_matches(claimed.casefold(), known, n=1, cutoff=0.8):
        what = f"canary {one.id!r} expects that {shown(claimed)} is claimed, which is no maker's id"
        sheet.note(_place(one, "claimed"), what, allowed=f"did you mean {meant!r}?")


def _written(section: Mapping[str, Any]) -> Iterator[_Written]:
    for index, pack in enumerate(section.get("include", ())):
        for key, body in pack.items():
            yield _Written((*_AT, "include", index, key), key, body)
    for index, body in enumerate(section.get("items", ())):
        yield _Written((*_AT, "items", index), body["id"], body)


def _canary(written: _Written, places: Mapping[Pointer, Place]) -> Canary:
    body = written.body
    return Canary(
        id=written.id,
        answer=body["answer"],
        expect=dict(body["expect"]),
        question=body.get("question", ""),
        framing=body.get("framing", ""),
        identity=read_identity(body["identity"]) if "identity" in body else None,
        place=places.get(written.at),
    )
