"""A prompt, the set it belongs to, and the file it is from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from distill_tests.types import Json, Place

Format: TypeAlias = Literal["prompts", "arena-hard", "numina", "sharegpt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model is asked: ``turns`` of the user, one or several.

    ``id`` is unique in its set and language.  ``cluster`` is what it shares with others of its set: twins in
    several languages have the same, and so have parts of one conversation.
    """

    id: str
    set: str
    turns: tuple[str, ...]
    language: str
    cluster: str
    place: Place

    def content(self) -> dict[str, Json]:
        """What the hash of a declared set covers."""
        return {"set": self.set, "language": self.language, "turns": list(self.turns)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file of prompts.

    ``set`` names the set of all its rows; None: each row says it.  ``size``: how many prompts are drawn of
    each set, None: all.  ``max_turns``: how many turns of the user are kept, None: all.
    ``languages``: others are passed over; ``sets``: of others nothing is drawn; None: all.
    """

    path: Path
    format: Format = "prompts"
    set: str | None = None
    size: int | None = None
    max_turns: int | None = None
    max_bad_rows: int = 0
    languages: tuple[str, ...] | None = None
    sets: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSet:
    """What was drawn of one set: ``prompts`` in no order that means anything, of ``usable`` ones.

    ``left_out``: how many rows of its file cannot be used.
    """

    name: str
    path: str
    prompts: tuple[Prompt, ...]
    usable: int
    left_out: int = 0
