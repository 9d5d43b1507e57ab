"""A captioned image or clip, as a case carries it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import file_digest
from pathlib import Path
from typing import Final, Literal

from distill_tests.captions.cider import CiderSet
from distill_tests.captions.metrics import metric
from distill_tests.captions.words import tokens
from distill_tests.display import is_blank
from distill_tests.media.frames import LARGEST_BYTES
from distill_tests.types import Json, Place

Medium = Literal["image", "video"]
BESIDE: Final = ("chrf", "bleu_4", "rouge_l")
WITHOUT_SPACES: Final = ("zh", "ja", "th", "lo", "km", "my")
"""Languages whose words these metrics cannot tell apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One row of an items file.

    ``captions`` by the alias of the model that wrote them; ``path`` is where the image or clip lies, as
    ``written`` in the row.
    """

    id: str
    place: Place
    captions: Mapping[str, str]
    references: tuple[str, ...]
    medium: Medium | None
    written: str
    path: Path | None
    language: str
    clip: str
    tags: tuple[str, ...]

    @property
    def usable_references(self) -> tuple[str, ...]:
        """The references that hold a visible character."""
        return tuple(text for text in self.references if not is_blank(text))


class CiderOfSet:
    """CIDEr-D by the references of all items of a set, which are read when it is first wanted."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items

    @cached_property
    def _set(self) -> CiderSet:
        return CiderSet(item.usable_references for item in self._items if item.usable_references)

    def of(self, caption: str, item: Item) -> float:
        return self._set.score(caption, item.usable_references)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionCase:
    """An item, and the set that it is drawn with."""

    item: Item
    cider: CiderOfSet = field(repr=False, compare=False)
    set_hash: str = ""


def metrics_beside(case: CaptionCase, caption: str) -> dict[str, Json]:
    """Cheap offline metrics of one caption: what its judge is shown beside; empty without references.

    chrF, BLEU-4 and ROUGE-L from 0 to 1, CIDEr-D from 0 to 10, and the number of words.  Of texts in scripts
    without spaces only chrF, which does not count words.
    """
    references = case.item.usable_references
    if not references or is_blank(caption):
        return {}
    found: dict[str, Json] = {}
    for name in BESIDE:
        try:
            found[name] = round(metric(name, caption, references), 6)
        except ValueError:  # no word in the caption, or in any reference
            found[name] = None
    found["cider_d"] = round(case.cider.of(caption, case.item), 6)
    found["words"] = len(tokens(caption))
    if case.item.language.partition("-")[0] in WITHOUT_SPACES:
        return {name: value if name == "chrf" else None for name, value in found.items()}
    return found


def content_of(item: Item, *, is_shown: bool) -> dict[str, Json]:
    """What the set's hash covers of an item: not its captions, which are what is audited.

    Of an image or clip the path and, where it ``is_shown`` to anybody, the SHA-256 of its bytes, or that it
    is missing.
    """
    return {
        "references": list(item.references),
        "medium": item.medium,
        "file": item.written,
        "bytes": _bytes_of(item.path) if is_shown and item.path is not None else None,
        "language": item.language,
    }


def _bytes_of(path: Path) -> str:
    """The hash of a file; of one that is too large to be shown only its size."""
    try:
        found = path.stat()
        if not path.is_file():
            return "no file"
        if found.st_size > LARGEST_BYTES:
            return f"{found.st_size} bytes"
        return _sha256_of(path, found.st_size, found.st_mtime_ns)
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return "missing"


@cache
def _sha256_of(path: Path, _size: int, _changed_ns: int) -> str:
    """Read once for all targets and specs of a run, as long as size and time stay."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
