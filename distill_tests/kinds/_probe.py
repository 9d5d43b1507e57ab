"""What an identity case asks, and how its case is labelled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from distill_tests.kinds._protocol import SYSTEM, Protocol, named_makers
from distill_tests.types import Json, Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What an identity case asks.  ``set_hash`` names the declared set that it belongs to.

    ``turns`` are the user's, with the question in them; ``completion`` replaces them for a target that
    completes text; ``framing`` is the wording around the question.  A row of a recording brings the
    verdicts that were published with it (``recorded``), and is the reply to ``first_sample`` of its prompt.
    ``protocol`` says by whose rules it is asked and judged.
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
    protocol: Protocol = "corrected"

    def system_of(self, target: Model) -> tuple[str, ...]:
        """What this target's system message is made of: its own or the published one, and the framing's."""
        own = None if target.system in ("default", "none") else target.system
        first = SYSTEM if self.protocol == "published" and target.ask_as == "chat" else own
        return tuple(text for text in (first, self.system) if text)

    def asked_of(self, target: Model) -> tuple[str, ...]:
        """The user turns that this target gets."""
        if target.ask_as == "completion" and self.completion is not None:
            return (self.completion,)
        return self.turns

    def content(self) -> dict[str, Json]:
        """What the set's hash covers: all that may be sent, for any target, and a protocol not ours."""
        content: dict[str, Json] = {
            "language": self.language,
            "system": self.system,
            "turns": list(self.turns),
            "completion": self.completion,
        }
        return content if self.protocol == "corrected" else {**content, "protocol": self.protocol}


def labels(tags: Iterable[str | None], *texts: str) -> tuple[str, ...]:
    """The tags, each once, and ``names-maker`` where one of the texts names a real maker or model."""
    named = ("names-maker",) if any(map(named_makers, texts)) else ()
    return tuple(dict.fromkeys((*filter(None, tags), *named)))


def groups(
    *, framing: str, language: str, family: str | None = None, topic: str | None = None
) -> dict[str, str]:
    """What results are split by; what is not known of a case is left out."""
    told = {"family": family, "topic": topic, "language": language, "framing": framing}
    return {dimension: group for dimension, group in told.items() if group}
