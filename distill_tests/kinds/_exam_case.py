"""One question of an exam in one setting and one order of its options."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from distill_tests.exams.items import Fault, Item
from distill_tests.kinds._exam_setting import Setting
from distill_tests.types import Image, Json

_HAN = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """``order``: by how many places the options are shifted; ``shots`` stand before it, solved."""

    item: Item
    setting: Setting
    shots: tuple[Item, ...] = ()
    order: int = 0
    language: Literal["zh", "en"] = "en"
    placement: Literal["system", "user"] = "user"
    layout: str = "e-eval"
    alternatives: int = 20
    without_question: bool = False
    set_hash: str = ""

    @property
    def images(self) -> tuple[Image, ...]:
        """Those of the question; they are hidden with it."""
        return () if self.without_question else self.item.images

    @property
    def shown(self) -> Mapping[str, str]:
        """Letter to text, as the model sees them: the texts go round, the letters stay."""
        return shifted(self.item.options, self.order)

    def original(self, letter: str) -> str:
        """The letter that the file gives the option which is shown under ``letter``."""
        letters = list(self.item.options)
        return letters[(letters.index(letter) + self.order) % len(letters)]

    @property
    def gold(self) -> str | None:
        """The letter under which the right option is shown; None where the file has no answer."""
        if self.item.answer is None:
            return None
        letters = list(self.item.options)
        return letters[(letters.index(self.item.answer) - self.order) % len(letters)]


def shifted(options: Mapping[str, str], order: int) -> Mapping[str, str]:
    """The option texts moved round by ``order`` places under the same letters."""
    letters, texts = list(options), list(options.values())
    return {letter: texts[(place + order) % len(texts)] for place, letter in enumerate(letters)}


def language_of(item: Item, wanted: Literal["zh", "en", "auto"]) -> Literal["zh", "en"]:
    """The language of the instructions: that of the item, which is Chinese where it has Han characters."""
    if wanted != "auto":
        return wanted
    if item.language in ("zh", "en"):
        return "zh" if item.language == "zh" else "en"
    return "zh" if any(map(_HAN.search, (item.question, *item.options.values()))) else "en"


def content_of(asked: Asked, *, prompt: str, shots: str, images: Sequence[str]) -> dict[str, Json]:
    """What the set's hash covers; ``prompt``, ``shots`` and ``images`` are hashes."""
    item = asked.item
    return {
        "question": item.question,
        "options": dict(item.options),
        "answer": item.answer,
        "images": list(images),
        "setting": asked.setting.name,
        "order": asked.order,
        "asked": [asked.language, asked.placement, asked.layout, asked.without_question],
        "prompt": prompt,
        "shots": shots,
    }


def explained(item: Item) -> str | None:
    """The item's explanation as far as it is one of this item: a shifted one belongs to another question."""
    return None if Fault.SHIFTED_EXPLANATION in item.faults else item.explanation
