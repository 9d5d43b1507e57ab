"""What of a reply is no answer, for every kind that asks a model."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from distill_tests.display import is_blank
from distill_tests.errors import EmptyReply
from distill_tests.types import Message, Model, Reply

NOT_AN_ANSWER: Final = ("refusal", "content_filter", "call_failed")


def refuse_no_answer(
    reply: Reply, where: str, *, wanted: str = "answer", but: Collection[str] = (), may_be_blank: bool = False
) -> None:
    """Raises EmptyReply for what is no answer; invisible characters are none, unless they may be.

    ``where`` begins the message; ``but`` are ends of a reply that make it one after all.
    """
    if reply.finish in NOT_AN_ANSWER and reply.finish not in but:
        message = f"{where}the reply is no {wanted}, it ended with {reply.finish!r}"
        raise EmptyReply(message, receipt=reply.request_id)
    if is_blank(reply.text) and not may_be_blank:
        thought = ", only a thinking part" if reply.thinking else ""
        message = f"{where}the reply is empty (finish: {reply.finish or 'not told'}){thought}"
        raise EmptyReply(message, receipt=reply.request_id)


def own_system(model: Model) -> tuple[Message, ...]:
    """The system message of a card; what "none" means the provider knows."""
    return () if model.system in ("default", "none") else (Message(role="system", text=model.system),)
