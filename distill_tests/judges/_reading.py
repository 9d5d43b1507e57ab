"""What an answer claims of its speaker, sentence by sentence: other makers, made-up origins, its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from distill_tests.judges._answers import answers_self
from distill_tests.judges._grammar import says_self
from distill_tests.judges._lists import leads_list, listed_self, told_of_many
from distill_tests.judges._marks import FOREIGN, OWN, Masked, Named, Question
from distill_tests.judges._names import (
    accepted_makers,
    masked_sentences,
    mentions_in,
    own_names,
    personas_in,
    wide,
)
from distill_tests.judges._origin import has_cue, other_origin
from distill_tests.judges._places import countries
from distill_tests.judges._question import last_line, question_of
from distill_tests.judges._salient import HELPING, goes_on_about, only_foreign, tells_of_help, tells_of_method
from distill_tests.judges._script import script_of
from distill_tests.judges._sent import told
from distill_tests.judges._unsure import Seen, hidden_in
from distill_tests.judges._voices import voiced_sentences
from distill_tests.lexicon import Folded, fold
from distill_tests.types import Identity

_THINKING = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_OPEN_THINKING = re.compile(r"\s*<think(?:ing)?>", re.IGNORECASE)
BRIEF = 300
"""A brief answer to a question about the speaker may be a bare name or place."""
MANY_MAKERS = 3
"""A list of so many makers tells of the field, not of who made the speaker."""
MOST_NAMES = 40
"""So many names of a sentence are read; one with more is a list, and tells what it tells by then."""
NEAR = 160
"""So much before a sentence may tell of a method that ``it`` stands for."""
AHEAD = 90
"""So much after ``I have no company`` may say that the speaker is its own."""
LEAD = 400
"""So much before a sentence may tell that it is a supposition."""


class Claim(NamedTuple):
    """What one sentence claims: the place in the original answer, whom, and why we say so."""

    start: int
    end: int
    who: str
    reason: str
    voice: str


class Reading(NamedTuple):
    """All that an answer claims of its speaker."""

    foreign: tuple[Claim, ...]
    persona: tuple[Claim, ...]
    own: tuple[Claim, ...]
    seen: Seen


def read_claims(
    answer: str, identity: Identity, *, question: str = "", framing: str = "", prompt: str = ""
) -> Reading:
    """What ``answer`` claims of its speaker, sentence by sentence."""
    offset = _answer_start(answer)
    folded = fold(answer[offset:])
    owns = own_names(identity)
    mentions = mentions_in(folded, owns)
    asked = question_of(question or last_line(prompt))
    if not mentions and not (asked.about_self and len(answer) < BRIEF) and not has_cue(folded.lower):
        return Reading((), (), (), Seen((), 1, len(answer), script_of(folded.lower), hidden_in(answer)))
    sent = (told(framing or prompt), told(question))
    sentences = voiced_sentences(folded, sent, owns.names)
    personas = personas_in(framing or prompt, owns)
    masked = list(masked_sentences(sentences, mentions, personas))
    voices = len({one.voice for one in sentences})
    seen = Seen(masked, voices, len(answer), script_of(folded.lower), hidden_in(answer), asked.topic)
    return _Reader(folded, offset, identity, asked).read(masked, seen)


class _Reader:
    def __init__(self, folded: Folded, offset: int, identity: Identity, question: Question) -> None:
        self.folded, self.offset, self.question = folded, offset, question
        self.accepted = accepted_makers(identity)
        self.countries = countries(identity)

    def read(self, masked: list[Masked], seen: Seen) -> Reading:
        named = [one for one in masked if one.names]
        has_foreign = any(one.text[name.at] == FOREIGN for one in named for name in one.names)
        own = [claim for one in named for claim in self._said(one, OWN)]
        foreign = [claim for one in named for claim in self._said(one, FOREIGN)] if has_foreign else []
        if own and foreign:
            foreign = [claim for claim in foreign if not self._only_helps(claim, own, masked)]
        if has_foreign and not own and self.question.topic != "partner":
            foreign += self._listed(masked)
        if named and not own and not foreign:
            own = [claim for one in named for claim in self._answered(one, OWN)]
            foreign = [claim for one in named for claim in self._answered(one, FOREIGN)]
            foreign = self._beside(own, foreign, masked)
        if (
            has_foreign
            and not (own or foreign or self.question.of_another)
            and only_foreign(named, MANY_MAKERS)
        ):
            foreign = [claim for one in named for claim in self._gone_on_about(one)]
        named_in = frozenset(claim.voice for claim in (*own, *foreign))
        persona = list(self._origins(masked, named_in))
        return Reading(tuple(foreign), tuple(persona), tuple(own), seen)

    def _only_helps(self, claim: Claim, own: list[Claim], masked: list[Masked]) -> bool:
        """Whether a maker is told of as one who helped, by a voice that has named its own maker before."""
        if claim.reason not in HELPING:
            return False
        if not any(one.voice == claim.voice and one.start < claim.start for one in own):
            return False
        at = claim.start - self.offset
        return any(
            self.folded.span(one.sentence.start, one.sentence.end)[0]
            <= at
            < self.folded.span(one.sentence.start, one.sentence.end)[1]
            and tells_of_help(one)
            for one in masked
        )

    def _beside(self, own: list[Claim], foreign: list[Claim], masked: list[Masked]) -> list[Claim]:
        """Foreign answers up to the sentence in which the speaker answers with its own name.

        What comes later is about somebody else.
        """
        if not own:
            return foreign
        ends = (self.offset + self.folded.span(one.sentence.end - 1, one.sentence.end)[1] for one in masked)
        limit = min((end for end in ends if end >= own[0].end), default=own[0].end)
        return [claim for claim in foreign if claim.end <= limit]

    def _listed(self, masked: list[Masked]) -> list[Claim]:
        """Names that start the items of a list of who made the speaker, or follow ``these include``."""
        found: list[Claim] = []
        in_list, are_many, before = False, False, ""
        for one in masked:
            first = one.text.find(FOREIGN)
            if first >= 0 and told_of_many(one.text[:first], before):
                why = "is one of those who made the speaker"
                found += [
                    self._claim(one, name.start, name.end, name.maker, why)
                    for name in one.names
                    if one.text[name.at] == FOREIGN
                ]
                are_many = True
            if in_list or leads_list(one.text, before):
                reasons = (
                    (name, listed_self(one, name)) for name in one.names if one.text[name.at] == FOREIGN
                )
                found += [
                    self._claim(one, name.start, name.end, name.maker, why) for name, why in reasons if why
                ]
                are_many = are_many or (not in_list and told_of_many(one.text, before))
                in_list = True
            before = one.text
        return found if are_many or len({claim.who for claim in found}) < MANY_MAKERS else []

    def _said(self, masked: Masked, kind: str) -> Iterator[Claim]:
        for name in masked.names[:MOST_NAMES]:
            if masked.text[name.at] == kind and not (kind == FOREIGN and self._is_accepted(masked, name)):
                reason = says_self(masked, name)
                if reason:
                    yield self._claim(masked, name.start, name.end, name.maker, reason)

    def _answered(self, masked: Masked, kind: str) -> Iterator[Claim]:
        for name in masked.names[:MOST_NAMES]:
            if masked.text[name.at] == kind and not (kind == FOREIGN and self._is_accepted(masked, name)):
                lead = self.folded.lower[max(0, masked.sentence.start - NEAR) : masked.sentence.start]
                reason = (
                    None if tells_of_method(masked.text, lead) else answers_self(masked, name, self.question)
                )
                if reason:
                    yield self._claim(masked, name.start, name.end, name.maker, reason)

    def _gone_on_about(self, masked: Masked) -> Iterator[Claim]:
        lead = self.folded.lower[max(0, masked.sentence.start - LEAD) : masked.sentence.start]
        for name in masked.names[:MOST_NAMES]:
            if masked.text[name.at] == FOREIGN and not self._is_accepted(masked, name):
                reason = goes_on_about(masked, name, self.question, lead)
                if reason:
                    yield self._claim(masked, name.start, name.end, name.maker, reason)

    def _is_accepted(self, masked: Masked, name: Named) -> bool:
        """An honest disclosure, such as ``built on GPT-4``: the words tell the relation."""
        return name.maker in self.accepted and _RELATED.search(masked.text) is not None

    def _origins(self, masked: list[Masked], named: frozenset[str]) -> Iterator[Claim]:
        """Other origins; that nobody made it counts in a voice that names no maker in ``named``."""
        for one in masked:
            text = wide(one)
            original = self.folded.text[one.sentence.start : one.sentence.end]
            end = one.sentence.end
            ahead = self.folded.lower[end : end + AHEAD]
            found = other_origin(one, text, original, self.question, self.countries, ahead=ahead)
            if found and not (
                found.is_denial and named and (one.sentence.voice in named or not one.sentence.voice)
            ):
                start = one.sentence.start + found.start
                end = one.sentence.start + found.end
                yield self._claim(one, start, end, found.what.strip(), found.reason)

    def _claim(self, masked: Masked, start: int, end: int, who: str, reason: str) -> Claim:
        start, end = self.folded.span(start, end)
        return Claim(self.offset + start, self.offset + end, who, reason, masked.sentence.voice)


_RELATED = re.compile(
    r"\b(?:built (?:on|upon|with|using)|based on|powered by|runs? on|uses?|using|fine-?tuned|"
    r"distilled|derived|adapted|underlying|on top of|foundation|base model|licensed|hosted|"
    r"technology)\b|基于|采用|使用|由[^。]{0,12}提供支持|底层|微调|蒸馏"
)


def _answer_start(answer: str) -> int:
    """Where the answer starts after a thinking part that was left in the text."""
    last = None
    for match in _THINKING.finditer(answer):
        last = match
    if last is not None:
        return last.end()
    return len(answer) if _OPEN_THINKING.match(answer) else 0
