"""The word lists, prompts and patterns of ``data/search/``: readable text, one entry a line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("en", "zh")
"""What mutators have words and prompts for."""

_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The words of one language: what may stand for what, tones with ``{text}``, leading sentences."""

    synonyms: tuple[tuple[str, ...], ...]
    tones: tuple[str, ...]
    lead_ins: tuple[str, ...]


@cache
def sections(name: str) -> Mapping[str, str]:
    """What stands below each ``== title`` of a file of ``data/search/``."""
    text = files("distill_tests").joinpath("data", "search", name).read_text(encoding="utf-8")
    _, *parts = re.split(r"^== ", text, flags=re.MULTILINE)
    split = (part.partition("\n") for part in parts)
    return {title: body.strip("\n") for title, _, body in split}


def entries(name: str, title: str) -> tuple[str, ...]:
    """The lines of one part."""
    return tuple(line for line in sections(name)[title].splitlines() if line)


@cache
def wording(language: str) -> Wording:
    name = f"wording.{language}.txt"
    return Wording(
        synonyms=tuple(tuple(word.strip() for word in line.split("|")) for line in entries(name, "synonyms")),
        tones=entries(name, "tones"),
        lead_ins=entries(name, "lead-ins"),
    )


def language_of(text: str, declared: str | None = None) -> str:
    """The language whose words and prompts suit a text: as declared if there are some, else by script."""
    if declared in LANGUAGES:
        return declared
    return "zh" if _HAN.search(text) else "en"
