"""What the rules read: sentences in which every name is one character, so a rule sees only whose it is."""

from __future__ import annotations

import re
from typing import NamedTuple

from distill_tests.judges._voices import Sentence

FOREIGN = "\ue000"
OWN = "\ue001"
PERSONA = "\ue002"


class Question(NamedTuple):
    """What was asked: ``about_self`` the speaker is meant, ``topic`` maker, place, products or partner.

    ``of_another``: it names a maker or model itself, so an answer may tell of that one.
    """

    about_self: bool
    topic: str
    of_another: bool = False


class Named(NamedTuple):
    """A name in a masked sentence at ``at``; ``start`` and ``end`` in the folded answer."""

    at: int
    start: int
    end: int
    maker: str
    model: bool
    weak: bool


class Masked(NamedTuple):
    """A sentence with one character for every name."""

    text: str
    names: tuple[Named, ...]
    sentence: Sentence
    cue: bool
    """Whether it holds a word that tells of an origin."""


CJK = re.compile("[\u4e00-\u9fff]")


class Origin(NamedTuple):
    """What the speaker claims instead: ``start`` and ``end`` within the sentence."""

    start: int
    end: int
    what: str
    reason: str
    is_denial: bool = False


class Said(NamedTuple):
    """A sentence as the rules on origins read it.

    In ``text`` names are masked, each as long as it was, so ``original`` is as long.  ``place`` counts
    the sentences of the turn from 0; ``voice`` is the label of the line.
    """

    text: str
    original: str
    question: Question
    place: int
    voice: str
    ahead: str = ""
    """The beginning of what the answer says next, in lower case."""

    def origin(self, start: int, end: int, reason: str) -> Origin:
        return Origin(start, end, self.original[start:end].strip(), reason)

    def asks_maker(self) -> bool:
        """Whether the speaker was asked who made it, or who it is."""
        return self.question.about_self and self.question.topic in ("maker", "name")


OTHER_MAKER = "names a maker that is not its own"
MADE_UP = "tells of a made-up maker"
DENIED = "says that nobody made it"
NOWHERE = "places its maker where nobody is"
