"""The thinking part of a reply, split from the answer: the answer is judged, the thinking is kept."""

from __future__ import annotations

from typing import NamedTuple

_OPEN, _CLOSE = "<think>", "</think>"


class Parts(NamedTuple):
    """``thinking`` is None where the reply has no thinking part."""

    thinking: str | None
    answer: str


def split_thinking(text: str, *, opened: bool = False) -> Parts:
    """The thinking part (up to the first ``</think>``) and the answer after it.

    ``opened``: the prompt already ended in ``<think>``.  A thinking part that was never closed is all
    there is, and the answer is empty.  Tags in the middle of an answer are text.
    """
    lead, tag, rest = text.partition(_OPEN)
    begins = bool(tag) and not lead.strip()
    if tag and not begins and _CLOSE not in lead:
        return Parts(text if opened else None, "" if opened else text)
    body = rest if begins else text
    thinking, closed, answer = body.partition(_CLOSE)
    if not closed:
        return Parts(thinking.strip(), "") if begins or opened else Parts(None, text)
    return Parts(thinking.strip(), answer.lstrip())
