"""JSON lines of rated captions: whatever has no loader of its own (VATEX-EVAL, Composite, Pascal-50S …).

``id``, ``caption``, ``references`` (texts), ``ratings`` (a list with one number a person, or such a list for
each dimension; null: not rated), ``image`` or ``video`` (a path below the folder of images), ``cluster``
(what items of one picture or clip share; without it a row stands for itself).  Of a pair: ``pair``, a name,
and ``better``, true for one of them; ``group`` is what pairs are split by.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from distill_tests.errors import DataError
from distill_tests.ratings.items import (
    MOST_IN_NAME,
    OVERALL,
    Found,
    PairPart,
    RatedItem,
    Rules,
    name_in,
    path_below,
    rating,
    shown,
    text_in,
    texts_in,
    with_average,
)
from distill_tests.registry import Rows
from distill_tests.rows import readings
from distill_tests.types import Exhibit, Json, Model, Score

KNOWN: Final = (
    *("id", "caption", "candidate", "references", "ratings", "image", "video"),
    *("cluster", "pair", "better", "group", "note"),
)


def read(path: Path, rules: Rules, found: Found) -> None:
    """Raises DataError where the file cannot be read or holds no row."""
    for line, row, exhibit, problem in readings(path, Rows(read=_accepted, write=_unused), models={}):
        if exhibit is None:
            found.name(line, problem or "cannot be used")
            continue
        try:
            found.items.append(_item(row, line, rules, found))
        except DataError as trouble:
            found.name(line, str(trouble))
    _refuse_half_pairs(found)


def _accepted(_row: Mapping[str, Any], _models: Mapping[str, Model]) -> Exhibit:
    return Exhibit(answer="")


def _unused(_exhibit: Exhibit, _score: Score) -> Mapping[str, Json]:
    raise NotImplementedError("rated rows are read only")


def _item(row: Mapping[str, Any], line: int, rules: Rules, found: Found) -> RatedItem:
    strange = [key for key in row if key not in KNOWN]
    if strange:
        raise DataError(f"unknown key {shown(strange[0])}; known: {', '.join(KNOWN)}")
    name = name_in(row, "id")
    if not name:
        raise DataError("'id' is missing")
    pair = _pair(row)
    ratings = _ratings(row.get("ratings"), rules.scale)
    if not ratings and pair is None:
        raise DataError("'ratings' is missing: a list of numbers, or such a list for each dimension")
    if row.get("image") is not None and row.get("video") is not None:
        raise DataError("a row has an image or a video, not both")
    files = {
        key: path_below(rules.folder, row[key]) for key in ("image", "video") if row.get(key) is not None
    }
    alone = row.get("image") or row.get("video") or (f"pair-{pair.name}" if pair else f"item-{name}")
    return RatedItem(
        id=name,
        place=found.at(line),
        caption=text_in(row, "caption", "candidate"),
        clip=name_in(row, "cluster") or str(alone),
        references=texts_in(row, "references"),
        ratings=ratings,
        image=files.get("image"),
        video=files.get("video"),
        pair=pair,
        group=name_in(row, "group"),
    )


def _pair(row: Mapping[str, Any]) -> PairPart | None:
    name, better = name_in(row, "pair"), row.get("better")
    if bool(name) != isinstance(better, bool):
        raise DataError("a pair has a name, and 'better' true or false: 'pair' and 'better' stand together")
    return PairPart(name=name, is_better=bool(better)) if name else None


def _ratings(written: object, scale: tuple[float, float] | None) -> dict[str, tuple[float | None, ...]]:
    if written is None:
        return {}
    by_dimension = written if isinstance(written, dict) else {OVERALL: written}
    found = {}
    for name, numbers in by_dimension.items():
        if not name or len(name) > MOST_IN_NAME:
            raise DataError(
                f"a dimension has a name of at most {MOST_IN_NAME} characters (got {shown(name)})"
            )
        if not isinstance(numbers, list) or not numbers:
            raise DataError(f"ratings of {name!r} are a list with one number a person (got {shown(numbers)})")
        found[name] = tuple(rating(number, scale) for number in numbers)
    if not any(number is not None for numbers in found.values() for number in numbers):
        raise DataError("no rating is a number")
    return with_average(found)


def _refuse_half_pairs(found: Found) -> None:
    """A pair has one better caption and at least one other, on one clip; else all of it is bad."""
    pairs: dict[str, list[RatedItem]] = {}
    for item in found.items:
        if item.pair is not None:
            pairs.setdefault(item.pair.name, []).append(item)
    wrong: dict[str, str] = {}
    for name, parts in pairs.items():
        better = sum(item.pair is not None and item.pair.is_better for item in parts)
        if better != 1 or len(parts) < 2:
            wrong[name] = f"pair {shown(name)} has {better} better and {len(parts) - better} other captions; "
            wrong[name] += "one better and at least one other"
        elif len({item.clip for item in parts}) > 1:
            wrong[name] = f"pair {shown(name)} stands in several clusters; a pair stays together"
    for name, what in wrong.items():
        found.name(pairs[name][0].place.line, what)
    found.items[:] = [item for item in found.items if item.pair is None or item.pair.name not in wrong]
