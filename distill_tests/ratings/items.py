"""A rated caption, and what of a file makes one: every entry that cannot be used is named, all at once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from distill_tests.errors import DataError, Problem
from distill_tests.specfile.files import is_below
from distill_tests.types import Place

OVERALL: Final = "overall"
"""The dimension of ratings that are one number."""
AVERAGE: Final = "average"
"""The mean of a rater's dimensions; worked out where a file has several and no such dimension."""
LARGEST_RATING: Final = 1e9
LONGEST_SHOWN: Final = 60
MOST_WRONG: Final = 10_000
"""Bad entries of a file; with more, unless the spec allows them, the rest is not read."""
MOST_IN_NAME: Final = 80
"""Characters of a dimension, a pair or a group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPart:
    """Which pair a caption belongs to, and whether it is the one that people hold to be better."""

    name: str
    is_better: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedItem:
    """A caption, what it is compared with, and what people said of it.

    ``ratings`` holds by dimension one number a rater, None where a rater gave none; empty for captions that
    come in pairs only.  ``clip`` is what items share that stand on the same picture or video; ``group`` what
    results of pairs are split by.
    """

    id: str
    place: Place
    caption: str
    clip: str
    references: tuple[str, ...] = ()
    ratings: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    image: str | None = None
    video: str | None = None
    pair: PairPart | None = None
    group: str = ""


@dataclass(slots=True)
class Found:
    """What a file held: usable items in its order, bad entries, and by reason what was left out of items."""

    path: str
    items: list[RatedItem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    most_wrong: int = MOST_WRONG

    def name(self, line: int, what: str) -> None:
        """A bad entry; raises DataError where there are so many that the file is another one."""
        self.problems.append(Problem(place=self.at(line), what=what))
        if len(self.problems) > self.most_wrong:
            told = f"more than {self.most_wrong:,} entries cannot be used; the first: {self.problems[0]}"
            raise DataError(f"{self.path}: {told}")

    def at(self, line: int) -> Place:
        return Place(path=self.path, line=line, column=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a spec says of how its file is read.

    ``folder`` is where paths of images and videos start; ``scale`` bounds ratings, None: any number.
    """

    folder: Path
    scale: tuple[float, float] | None = None


def text_in(entry: Mapping[str, Any], *keys: str) -> str:
    """The text under the first of these keys that is there; raises DataError for anything else."""
    for key in keys:
        if key in entry:
            if not isinstance(entry[key], str):
                raise DataError(f"{key!r} is text (got {kind_of(entry[key])})")
            return str(entry[key])
    raise DataError(f"{keys[0]!r} is missing")


def texts_in(entry: Mapping[str, Any], *keys: str) -> tuple[str, ...]:
    """The texts under the first of these keys that is there; none where it is not; raises DataError."""
    for key in keys:
        if entry.get(key) is not None:
            found = entry[key]
            if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
                raise DataError(f"{key!r} is a list of texts (got {kind_of(found)})")
            return tuple(found)
    return ()


def rating(value: object, scale: tuple[float, float] | None) -> float | None:
    """One rater's number; None for null (no rating); raises DataError for what is none, or off the scale."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
        raise DataError(f"a rating is a number (got {shown(value)})")
    if abs(value) > LARGEST_RATING:
        raise DataError(f"a rating is at most {LARGEST_RATING:g} (got {shown(value)})")
    if scale is not None and not scale[0] <= value <= scale[1]:
        raise DataError(f"a rating is from {scale[0]:g} to {scale[1]:g} (got {shown(value)})")
    return float(value)


def with_average(
    ratings: Mapping[str, tuple[float | None, ...]],
) -> dict[str, tuple[float | None, ...]]:
    """With each rater's mean of the dimensions, where there are several; raises DataError for uneven ones."""
    if len({len(numbers) for numbers in ratings.values()}) > 1:
        counts = ", ".join(f"{name} {len(numbers)}" for name, numbers in ratings.items())
        raise DataError(
            f"every dimension has as many ratings (got {counts}); null for one that was not given"
        )
    if len(ratings) < 2 or AVERAGE in ratings:
        return dict(ratings)
    by_rater = zip(*ratings.values(), strict=True)
    return {**ratings, AVERAGE: tuple(_mean(numbers) for numbers in by_rater)}


def _mean(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return math.fsum(known) / len(known) if len(known) == len(numbers) else None


def path_below(folder: Path, written: object) -> str:
    """The path of an image or video that a file names; raises DataError for one that is not below ``folder``.

    A data file comes from elsewhere: it must not have the harness send another file of this machine.
    """
    if not isinstance(written, str) or not written.strip():
        raise DataError(f"the path of an image or video is text (got {shown(written)})")
    told = written.replace("\\", "/")
    if ":" in told or not is_below(folder.resolve(), told):  # with a colon: a drive, or an address
        raise DataError(f"{shown(written)} is not below the folder of images")
    return str(folder / told)


def name_in(entry: Mapping[str, Any], key: str) -> str:
    """A short text or a whole number, as text; empty where there is none; raises DataError."""
    value = entry.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise DataError(f"{key!r} is a name (got {shown(value)})")
    return str(value)[:MOST_IN_NAME]


def shown(value: object) -> str:
    """The value as it is written, as far as a message has room."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def kind_of(value: object) -> str:
    """What sort of value it is, as a person says it."""
    if isinstance(value, list):
        return "a list with something that is no text"
    return {"NoneType": "nothing", "dict": "an object", "str": "text"}.get(
        type(value).__name__, type(value).__name__
    )
