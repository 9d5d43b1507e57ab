"""What an identity case asks, and how its case is labelled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from distill_tests.lexicon import names_makers
from distill_tests.types import Json, Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What an identity case asks.  ``set_hash`` names the declared set that it belongs to.

    ``turns`` are the user's, with the question in them; ``completion`` replaces them for a target that
    completes text; ``framing`` is the wording around the question.  A row of a recording brings the
    verdicts that were published with it (``recorded``), and is the reply to ``first_sample`` of its prompt.
    """

    question: str
    framing: str
    language: str
    turns: tuple[str, ...]
    system: str | None = None
    completion: str | None = None
    recorded: Mapping[str, Json] = field(default_factory=dict)
    first_sample: int = 0
    set_hash: str = ""

    def asked_of(self, target: Model) -> tuple[str, ...]:
        """The user turns that this target gets."""
        if target.ask_as == "completion" and self.completion is not None:
            return (self.completion,)
        return self.turns

    def content(self) -> dict[str, Json]:
        """What the set's hash covers: everything that may be sent, for any target."""
        return {
            "language": self.language,
            "system": self.system,
            "turns": list(self.turns),
            "completion": self.completion,
        }


def labels(tags: Iterable[str | None], *texts: str) -> tuple[str, ...]:
    """The tags, each once, and ``names-maker`` where one of the texts names a real maker or model."""
    named = ("names-maker",) if any(map(_names_maker, texts)) else ()
    return tuple(dict.fromkeys((*filter(None, tags), *named)))


@lru_cache(maxsize=4096)
def _names_maker(text: str) -> bool:
    return bool(names_makers(text))
