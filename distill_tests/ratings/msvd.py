"""MSVD-Eval: machine captions of video clips, each rated by two people in four dimensions from 1 to 5.

One object of clips by id: ``vname``, ``ref`` (texts), ``candidate`` (text), ``human_score`` (one list a
person: accuracy, completeness, conciseness, relevance, and their mean).  Clips cut from one video stand for
one: their captions are likely to fail alike.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from distill_tests.errors import DataError
from distill_tests.ratings.items import (
    AVERAGE,
    Found,
    RatedItem,
    Rules,
    path_below,
    rating,
    shown,
    text_in,
    texts_in,
)
from distill_tests.ratings.jsonfile import Document

DIMENSIONS: Final = ("accuracy", "completeness", "conciseness", "relevance")
SCALE: Final = (1.0, 5.0)
_CUT: Final = re.compile(r"_\d+_\d+(\.\w+)?$")
"""Seconds of start and end after the video's name."""


def read(document: Document, rules: Rules, found: Found, *, has_videos: bool) -> None:
    """``has_videos``: the clips lie in the folder of the rules."""
    if not isinstance(document.data, dict) or not document.data:
        raise DataError(f"{document.path}:1:1: must be an object of clips by id, at least one")
    for name, entry in document.data.items():
        line = document.line_of(name)
        try:
            found.items.append(_item(name, entry, line, rules, found, has_videos=has_videos))
        except DataError as problem:
            found.name(line, f"{shown(name)}: {problem}")


def _item(name: str, entry: Any, line: int, rules: Rules, found: Found, *, has_videos: bool) -> RatedItem:
    if not isinstance(entry, dict):
        raise DataError("must be an object")
    clip = text_in(entry, "vname")
    return RatedItem(
        id=name,
        place=found.at(line),
        caption=text_in(entry, "candidate"),
        clip=_CUT.sub("", clip) or clip,
        references=texts_in(entry, "ref"),
        ratings=_ratings(entry),
        video=path_below(rules.folder, clip) if has_videos else None,
    )


def _ratings(entry: Mapping[str, Any]) -> dict[str, tuple[float | None, ...]]:
    written = entry.get("human_score")
    if not isinstance(written, list) or not written:
        raise DataError("'human_score' is a list with one list for each person")
    rows = [_row(number, row) for number, row in enumerate(written, start=1)]
    columns = zip(*rows, strict=True)
    return dict(zip((*DIMENSIONS, AVERAGE), columns, strict=True))


def _row(number: int, row: object) -> tuple[float, ...]:
    if not isinstance(row, list) or len(row) != len(DIMENSIONS) + 1:
        raise DataError(f"rating {number} has {len(DIMENSIONS)} numbers and their mean (got {shown(row)})")
    numbers = [rating(value, SCALE) for value in row]
    known = [value for value in numbers if value is not None]
    if len(known) < len(numbers):
        raise DataError(f"rating {number} lacks a number (got {shown(row)})")
    mean = math.fsum(known[:-1]) / len(DIMENSIONS)
    if abs(mean - known[-1]) > 1e-6:
        raise DataError(
            f"rating {number}: the last number is the mean of the others, {mean:g} (got {known[-1]:g})"
        )
    return tuple(known)
