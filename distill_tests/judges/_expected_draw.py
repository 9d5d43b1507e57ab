"""One reason and the numbers after it: asked for, read, and looked into token by token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from distill_tests.errors import NotStored, ProviderError, Refused
from distill_tests.judges._expected_options import MOST_CONTINUED, Settings
from distill_tests.judges._expected_published import published
from distill_tests.judges._expected_reading import (
    ENDED,
    STEMS,
    Spelled,
    Stated,
    Unusable,
    before_statements,
    begun_with,
    check_end,
    continued,
    spelled,
    statements,
)
from distill_tests.judges._expected_tree import Doubtful, Expected, Step, expected, merged, reach
from distill_tests.types import Ask, Message, Model, Reply, Request, Sampling, TokenLogprob

ENOUGH: Final = 0.99
"""Of the probability: no further digits are asked for."""
_NOT_WORTH_A_CALL: Final = 0.005
_ROUNDING: Final = 1e-9
FEWER: Final = 5
"""Alternatives that endpoints give which refuse more."""
_DIGITS: Final = Sampling(max_tokens=8, temperature=0.0)
_WITHOUT_LOGPROBS: Final = frozenset({"anthropic"})


def _further(alternatives: int | None) -> list[int | None]:
    """What is asked for where an endpoint refuses so many alternatives: fewer, then none."""
    if alternatives is None:
        return []
    return [FEWER, None] if alternatives > FEWER else [None]


class Number(NamedTuple):
    """What one reply says of one dimension.

    ``stated`` is what it wrote (None where only the alternatives were read); ``found`` what its tokens'
    alternatives come to, by ``path``; where ``why`` says something, that is not enough for a score.
    ``mass`` is the captured probability; None: no logprobs.  ``calls`` were made for its digits.
    """

    stated: int | None
    found: Expected | None = None
    path: str = ""
    why: str = ""
    mass: float | None = None
    calls: int = 0


class _Looked(NamedTuple):
    nodes: Mapping[str, Sequence[Step]]
    longest: int
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One reply: a number for every name, or why it is no verdict."""

    sample: int
    temperature: float
    reply: Reply | None = None
    numbers: Mapping[str, Number] = field(default_factory=dict)
    reason: str = ""
    trouble: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        return bool(self.numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The messages of one exhibit before one judge model; ``shown`` are the texts in them."""

    ask: Ask
    model: Model
    settings: Settings
    messages: tuple[Message, ...]
    shown: tuple[str, ...]

    async def draw(self, sample: int, *, temperature: float, wants_logprobs: bool = True) -> Draw:
        """The draw of that number; raises Refused, NotStored or Stopped where nothing can be asked at all."""
        sampling = replace(self.settings.sampling, temperature=temperature)
        count = self.settings.alternatives if wants_logprobs else 0
        if self.model.provider in _WITHOUT_LOGPROBS:
            count = 0
        request = Request(
            model=self.model,
            messages=self.messages,
            sampling=sampling,
            sample=sample,
            logprobs=count or None,
        )
        draw = Draw(sample=sample, temperature=temperature)
        try:
            if self.settings.final == "alone":
                numbers = await self._prompted_numbers("")
                return replace(draw, numbers=numbers, reason="no reasons were asked for")
            reply, notes = await self._replied(request)
            draw = replace(draw, reply=reply, notes=notes)
            return await self._read(draw, reply)
        except Refused:
            raise
        except ProviderError as error:
            return replace(draw, trouble=str(error))
        except Unusable as trouble:
            return replace(draw, trouble=str(trouble))

    async def _replied(self, request: Request) -> tuple[Reply, tuple[str, ...]]:
        """The reply; with fewer alternatives, or without logprobs, where the endpoint refuses the request.

        A replay finds no reply to the requests that were refused, only to the last one.
        """
        notes: tuple[str, ...] = ()
        left = [] if self.settings.is_published else _further(request.logprobs)
        while True:
            try:
                return await self.ask(request), notes
            except Refused:
                raise
            except NotStored:
                if not left:
                    raise
                why = "nothing stored"
            except ProviderError as error:
                why = str(error)
                if not left or "logprob" not in why.casefold():
                    raise
                if "top_logprobs" not in why and str(request.logprobs) not in why:  # not about how many
                    left = [None]
            request = replace(request, logprobs=left.pop(0))
            instead = f"for {request.logprobs} alternatives" if request.logprobs else "without logprobs"
            notes = (*notes, f"asked again {instead}: {why}"[:200])

    async def _read(self, draw: Draw, reply: Reply) -> Draw:
        check_end(reply, max_tokens=self.settings.sampling.max_tokens)
        if self.settings.final == "prompted":
            return await self._prompted(draw, reply)
        if self.settings.is_published:
            found = {name: published(reply.logprobs, name) for name in self.settings.names}
            numbers = {name: Number(None, one, "published") for name, one in found.items()}
            return replace(draw, numbers=numbers, reason=reply.text)
        stated = statements(reply.text, self.settings.names, shown=self.shown)
        numbers = {name: await self._number(reply, name, one) for name, one in stated.items()}
        start = min(one.start for one in stated.values())
        return replace(draw, numbers=numbers, reason=reply.text[:start].strip())

    async def _number(self, reply: Reply, name: str, stated: Stated) -> Number:
        if not reply.logprobs:
            return Number(stated.number, why="no logprobs")
        begun = reply.text[: stated.at]
        try:
            start = spelled(reply.logprobs, name, stated.number)
            goes_on = self.settings.asks_for_digits and reply.rendered is not None
            looked = await self._looked_into(start, begun, goes_on=goes_on)
            found = reach(looked.nodes, longest=looked.longest)
        except Doubtful as doubt:
            return Number(stated.number, why=str(doubt))
        return self._told(expected(found), stated.number, found.depth)._replace(calls=looked.calls)

    def _told(self, found: Expected | None, stated: int | None, depth: int) -> Number:
        mass = found.mass if found is not None else 0.0
        path = "digit_tree" if depth > 1 else "whole_number"
        is_enough = found is not None and mass >= self.settings.least_mass - _ROUNDING
        why = "" if is_enough else f"captured mass {mass:.3f}, below {self.settings.least_mass:g}"
        return Number(stated, found, path, why, mass)

    # --- digits that were not generated ---------------------------------------------------------

    async def _looked_into(self, start: Spelled, begun: str, *, goes_on: bool = True) -> _Looked:
        """The nodes of a number, with those of the likeliest beginnings that were not on the reply's way."""
        nodes, longest = dict(start.nodes), start.longest
        if not goes_on:
            return _Looked(nodes, longest, 0)
        calls = 0
        while calls < MOST_CONTINUED:
            found = reach(nodes, longest=longest)
            if found.mass >= ENOUGH or not found.open:
                break
            prefix = max(found.open, key=lambda one: (found.open[one], one))
            if found.open[prefix] < _NOT_WORTH_A_CALL:
                break
            calls += 1
            try:
                more = continued(await self._continued(begun + prefix), prefix)
            except (Doubtful, Unusable):
                break  # as far as it is known; the mass says how far that is
            nodes, longest = merged((nodes, more.nodes)), max(longest, more.longest)
        return _Looked(nodes, longest, calls)

    async def _continued(self, begun: str) -> Sequence[TokenLogprob]:
        """The tokens after ``begun``, put into the model's mouth; raises Unusable where it does not go on.

        Whether it does is seen from the prompt as rendered, which only some endpoints tell.
        """
        request = Request(
            model=self.model,
            messages=self._with_begun(begun),
            sampling=_DIGITS,
            logprobs=self.settings.alternatives or None,
        )
        try:
            reply = await self.ask(request)
        except Refused:
            raise
        except ProviderError as error:
            raise Unusable(f"the digits could not be asked for: {error}") from None
        if reply.rendered is None or not reply.rendered.rstrip().endswith(begun.rstrip()):
            raise Unusable("the judge model does not go on with a begun reply")
        if reply.finish not in (*ENDED, "length"):
            raise Unusable(f"the reply with the digits ended with {reply.finish!r}")
        if not reply.logprobs:
            raise Unusable("the endpoint gave no logprobs")
        return reply.logprobs

    def _with_begun(self, begun: str) -> tuple[Message, ...]:
        if self.model.ask_as == "completion":
            *before, last = self.messages
            return (*before, replace(last, text=last.text + begun))
        return (*self.messages, Message(role="assistant", text=begun))

    # --- the last words put into the model's mouth ----------------------------------------------

    async def _prompted(self, draw: Draw, reply: Reply) -> Draw:
        """The numbers after our own ``FINAL SCORE:``, which stands after the reasons."""
        reason = before_statements(reply.text, self.settings.names)
        return replace(draw, numbers=await self._prompted_numbers(f"{reason}\n"), reason=reason)

    async def _prompted_numbers(self, begun: str) -> dict[str, Number]:
        numbers: dict[str, Number] = {}
        for name in self.settings.names:
            begun += f"{STEMS[name]}: "
            numbers[name] = await self._prompted_number(begun)
            begun += f"{_written(numbers[name])}\n"
        return numbers

    async def _prompted_number(self, begun: str) -> Number:
        tokens = await self._continued(begun)
        try:
            start = continued(tokens, "")
            looked = await self._looked_into(start, begun)
            found = reach(looked.nodes, longest=looked.longest)
        except Doubtful as doubt:
            raise Unusable(str(doubt)) from None
        stated = begun_with(tokens, most=_DIGITS.max_tokens)
        number = self._told(expected(found), stated, found.depth)._replace(calls=1 + looked.calls)
        if number.why and number.stated is None:
            raise Unusable(f"no number can be read after {begun.strip().splitlines()[-1]!r}: {number.why}")
        return number


def _written(number: Number) -> int:
    """What stands for a number in the text that the model goes on with."""
    if number.found is not None and not number.why:
        return round(number.found.value)
    assert number.stated is not None, "a number is read in one way or the other"
    return number.stated
