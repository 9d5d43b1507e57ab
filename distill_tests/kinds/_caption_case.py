"""A captioned image or clip, as a case carries it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from distill_tests.captions.cider import Captioned, cider_d
from distill_tests.captions.metrics import metric
from distill_tests.captions.words import tokens
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
        return tuple(text for text in self.references if text.strip())


class CiderOfSet:
    """CIDEr-D of the captions of a file, made when it is first wanted: of a system's captions all at once."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items, self._lock = items, threading.Lock()
        self._scores: dict[str, Mapping[str, float]] = {}

    def of(self, alias: str, item: Item) -> float | None:
        """None where the item has no usable references, or no caption of that model."""
        with self._lock:
            if alias not in self._scores:
                self._scores[alias] = self._made(alias)
        return self._scores[alias].get(item.id)

    def _made(self, alias: str) -> Mapping[str, float]:
        found = {
            item.id: Captioned(item.captions[alias], item.usable_references)
            for item in self._items
            if item.usable_references and item.captions.get(alias, "").strip()
        }
        return dict(zip(found, cider_d(list(found.values())), strict=True)) if found else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionCase:
    """``cider`` None: the target writes the captions, and nobody knows them all beforehand."""

    item: Item
    cider: CiderOfSet | None = field(default=None, repr=False, compare=False)
    set_hash: str = ""


def metrics_beside(case: CaptionCase, alias: str, caption: str) -> dict[str, Json]:
    """Cheap offline metrics of one caption: what its judge is shown beside; empty without references.

    chrF, BLEU-4 and ROUGE-L from 0 to 1, CIDEr-D from 0 to 10 where all captions of the set are known, and
    the number of words.  Of texts in scripts without spaces only chrF, which does not count words.
    """
    references = case.item.usable_references
    if not references or not caption.strip():
        return {}
    found: dict[str, Json] = {}
    for name in BESIDE:
        try:
            found[name] = round(metric(name, caption, references), 6)
        except ValueError:  # no word in the caption, or in any reference
            found[name] = None
    cider = case.cider.of(alias, case.item) if case.cider is not None else None
    found["cider_d"] = None if cider is None else round(cider, 6)
    found["words"] = len(tokens(caption))
    if case.item.language.partition("-")[0] in WITHOUT_SPACES:
        return {name: value if name == "chrf" else None for name, value in found.items()}
    return found


def content_of(item: Item) -> dict[str, Json]:
    """What the set's hash covers of an item: not its captions, which are what is audited.

    Of an image or clip the path and the size in bytes: its own hash stands in every record.
    """
    try:
        size = item.path.stat().st_size if item.path is not None else None
    except OSError:
        size = None
    return {
        "references": list(item.references),
        "medium": item.medium,
        "file": item.written,
        "bytes": size,
        "language": item.language,
    }
