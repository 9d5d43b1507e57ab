"""Rated captions from a file, whatever its format; every entry that cannot be used is named."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, TypeAlias

from distill_tests.errors import DataError
from distill_tests.ratings import flickr, foil, lines, msvd
from distill_tests.ratings.items import MOST_WRONG, Found, RatedItem, Rules, shown
from distill_tests.ratings.jsonfile import Document

Format: TypeAlias = Literal["msvd-eval", "flickr8k-expert", "flickr8k-cf", "foil", "jsonl"]
FORMATS: Final[tuple[Format, ...]] = ("msvd-eval", "flickr8k-expert", "flickr8k-cf", "foil", "jsonl")


def read_ratings(
    path: Path,
    *,
    format: Format,
    named: str,
    images: Path | None = None,
    captions: Path | None = None,
    scale: tuple[float, float] | None = None,
    max_bad_rows: int = 0,
) -> Found:
    """What a file holds, in its order; places call it ``named``.

    ``images`` is the folder of pictures or clips, None: the file's own for formats that name them row by row,
    and none for MSVD-Eval and FOIL.  ``captions`` is COCO's file, for FOIL.  Raises DataError where the file
    as a whole cannot be read.
    """
    found = Found(named, most_wrong=max(MOST_WRONG, max_bad_rows))
    rules = Rules(folder=images or path.parent, scale=scale)
    if format == "jsonl":
        lines.read(path, rules, found)
    elif format == "msvd-eval":
        msvd.read(Document(path), rules, found, has_videos=images is not None)
    elif format == "foil":
        if captions is None:
            raise DataError("FOIL names no references: captions: COCO's file of captions")
        foil.read(Document(path), Document(captions), rules, found, has_images=images is not None)
    else:
        raters = flickr.EXPERTS if format == "flickr8k-expert" else 1
        flickr.read(Document(path), rules, found, raters=raters)
    _refuse_second_ids(found)
    return found


def _refuse_second_ids(found: Found) -> None:
    seen: dict[str, RatedItem] = {}
    for item in found.items:
        first = seen.setdefault(item.id, item)
        if first is not item:
            found.name(item.place.line, f"id {shown(item.id)} was already used on line {first.place.line}")
    found.items[:] = [item for item in found.items if seen[item.id] is item]
