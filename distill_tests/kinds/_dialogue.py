"""A dialogue with one model: the user's turns are given, each is asked after the model's own answers."""

from __future__ import annotations

from collections.abc import Sequence

from distill_tests.kinds._answered import own_system, refuse_no_answer
from distill_tests.types import Ask, Exchange, Message, Model, Request, Spec


def first_request(turns: Sequence[str], spec: Spec, model: Model) -> Request:
    """What is sent before the model has said anything."""
    messages = (*own_system(model), Message(role="user", text=turns[0]))
    return Request(model=model, messages=messages, sampling=spec.sampling)


async def dialogue(
    turns: Sequence[str], spec: Spec, model: Model, *, sample: int, ask: Ask
) -> tuple[Exchange, ...]:
    """Turn by turn, with the model's own answers before each; raises EmptyReply where there is none."""
    messages = own_system(model)
    exchanges: list[Exchange] = []
    for number, turn in enumerate(turns, start=1):
        sent = (*messages, Message(role="user", text=turn))
        request = Request(model=model, messages=sent, sampling=spec.sampling, sample=sample)
        exchange = Exchange(request=request, reply=await ask(request))
        where = f"turn {number} of {len(turns)}: " if len(turns) > 1 else ""
        refuse_no_answer(exchange.reply, f"{model.alias}: {where}")
        exchanges.append(exchange)
        messages = (*sent, Message(role="assistant", text=exchange.reply.text))
    return tuple(exchanges)


def joined(turns: Sequence[str]) -> str:
    """One turn as it is; several with a heading each, so that a reader sees what answers what."""
    if len(turns) == 1:
        return turns[0]
    return "\n\n".join(f"[turn {number}]\n{text}" for number, text in enumerate(turns, start=1))
