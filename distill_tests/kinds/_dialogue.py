"""A dialogue with one model: the user's turns are given, each is asked after the model's own answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from distill_tests.errors import EmptyReply
from distill_tests.types import Ask, Exchange, Message, Model, Request, Spec

NOT_AN_ANSWER: Final = ("refusal", "content_filter", "call_failed")


def first_request(turns: Sequence[str], spec: Spec, model: Model) -> Request:
    """What is sent before the model has said anything."""
    messages = (*_system(model), Message(role="user", text=turns[0]))
    return Request(model=model, messages=messages, sampling=spec.sampling)


async def dialogue(
    turns: Sequence[str], spec: Spec, model: Model, *, sample: int, ask: Ask
) -> tuple[Exchange, ...]:
    """Turn by turn, with the model's own answers before each; raises EmptyReply where there is none."""
    messages = _system(model)
    exchanges: list[Exchange] = []
    for number, turn in enumerate(turns, start=1):
        sent = (*messages, Message(role="user", text=turn))
        request = Request(model=model, messages=sent, sampling=spec.sampling, sample=sample)
        exchange = Exchange(request=request, reply=await ask(request))
        _refuse_empty(exchange, f"turn {number} of {len(turns)}: " if len(turns) > 1 else "")
        exchanges.append(exchange)
        messages = (*sent, Message(role="assistant", text=exchange.reply.text))
    return tuple(exchanges)


def joined(turns: Sequence[str]) -> str:
    """One turn as it is; several with a heading each, so that a reader sees what answers what."""
    if len(turns) == 1:
        return turns[0]
    return "\n\n".join(f"[turn {number}]\n{text}" for number, text in enumerate(turns, start=1))


def _system(model: Model) -> tuple[Message, ...]:
    """What "none" means the provider knows."""
    return () if model.system in ("default", "none") else (Message(role="system", text=model.system),)


def _refuse_empty(exchange: Exchange, turn: str) -> None:
    """Raises EmptyReply for what is no answer; invisible characters are none."""
    reply, where = exchange.reply, f"{exchange.request.model.alias}: {turn}"
    if reply.finish in NOT_AN_ANSWER:
        message = f"{where}the reply is no answer, it ended with {reply.finish!r}"
        raise EmptyReply(message, receipt=reply.request_id)
    if not any(char.isprintable() and not char.isspace() for char in reply.text):
        thought = ", only a thinking part" if reply.thinking else ""
        message = f"{where}the reply is empty (finish: {reply.finish or 'not told'}){thought}"
        raise EmptyReply(message, receipt=reply.request_id)
