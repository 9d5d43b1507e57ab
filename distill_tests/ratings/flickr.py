"""Flickr8k-Expert and Flickr8k-CF: captions, each shown with a picture, rated by people.

One object of pictures by id: ``image_path``, ``ground_truth`` (texts), ``human_judgement``, a list of
``{caption, rating}``.  In the Expert file three entries in a row are three people's ratings (1 to 4) of one
caption; they are one item here, so that either protocol can be taken.  In the CF file each entry is the share
of people (0 to 1) who found that the caption fits.  A rating that is ``NaN`` is left out and counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from distill_tests.errors import DataError
from distill_tests.ratings.items import (
    OVERALL,
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

EXPERTS: Final = 3
EXPERT_SCALE: Final = (1.0, 4.0)
CROWD_SCALE: Final = (0.0, 1.0)
NO_NUMBER: Final = "a rating is NaN"


def read(document: Document, rules: Rules, found: Found, *, raters: int) -> None:
    """``raters`` entries in a row belong to one caption: 3 in the Expert file, 1 in the CF file."""
    if not isinstance(document.data, dict) or not document.data:
        raise DataError(f"{document.path}:1:1: must be an object of pictures by id, at least one")
    for name, entry in document.data.items():
        line = document.line_of(name)
        try:
            written = _judgements(entry, raters)
        except DataError as problem:
            found.name(line, f"{shown(name)}: {problem}")
            continue
        for number in range(0, len(written), raters):
            some = written[number : number + raters]
            try:
                found.items.extend(_items(name, entry, some, number, line, rules, found))
            except DataError as problem:
                found.name(line, f"{shown(name)}, rating {number + 1}: {problem}")


def _judgements(entry: Any, raters: int) -> list[Any]:
    if not isinstance(entry, dict):
        raise DataError("must be an object")
    texts_in(entry, "ground_truth")
    written = entry.get("human_judgement")
    if not isinstance(written, list):
        raise DataError("'human_judgement' is a list of {caption, rating}")
    if len(written) % raters:
        raise DataError(f"{raters} ratings belong to each caption, and there are {len(written)}")
    return written


def _items(
    name: str, entry: Any, some: Sequence[Any], number: int, line: int, rules: Rules, found: Found
) -> Iterator[RatedItem]:
    """One item, or none where no rating is left."""
    if not all(isinstance(one, dict) for one in some):
        raise DataError("must be an object {caption, rating}")
    captions = {_plain(text_in(one, "caption")) for one in some}
    if len(captions) > 1:
        raise DataError(f"{len(some)} ratings in a row are of one caption, and these are of {len(captions)}")
    scale = EXPERT_SCALE if len(some) == EXPERTS else CROWD_SCALE
    ratings = [_rating(one, scale) for one in some]
    missing = ratings.count(None)
    found.left_out.update([NO_NUMBER] * missing)
    if missing == len(ratings):
        return
    yield RatedItem(
        id=f"{name}.{number // len(some) + 1}",
        place=found.at(line),
        caption=captions.pop(),
        clip=name,
        references=tuple(map(_plain, texts_in(entry, "ground_truth"))),
        ratings={OVERALL: tuple(ratings)},
        image=path_below(rules.folder, entry["image_path"]) if "image_path" in entry else None,
    )


def _rating(one: dict[str, Any], scale: tuple[float, float]) -> float | None:
    written = one.get("rating")
    if isinstance(written, float) and math.isnan(written):
        return None
    found = rating(written, scale)
    if found is None:
        raise DataError("'rating' is missing")
    return found


def _plain(text: str) -> str:
    """White space as single blanks, as the published loaders have it."""
    return " ".join(text.split())
