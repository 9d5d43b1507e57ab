"""What goes to Anthropic's Messages API and what comes back, as the project's nouns."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from distill_tests.errors import EmptyReply, ProviderError
from distill_tests.providers._sdk import Response, token_count
from distill_tests.types import Message, Model, Reply, Request, Usage

SAMPLED_VERSION = "2023-06-01"
"""The last version of the API that takes temperature and top_p: 2026-10-21 answers 400 to any value."""

_FINISH = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length"}
_TOOL = "reply"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesCard:
    """What a card says of how the API is to be asked; see the options of the provider."""

    omit: frozenset[str] = frozenset({"temperature", "top_p"})
    thinking_tokens: int = 0
    structured_output: str = "json_schema"


def body_of(request: Request, card: MessagesCard) -> dict[str, Any]:
    """The whole body for ``/v1/messages``."""
    body: dict[str, Any] = {
        **request.model.params,
        **_sampling(request, card),
        "model": request.model.model,
        "max_tokens": request.sampling.max_tokens + card.thinking_tokens,
        "messages": [_message(message) for message in request.messages if message.role != "system"],
    }
    system = _system(request)
    if system:
        body["system"] = system
    if request.json_schema is not None:
        body |= _structured(request.json_schema, body, card)
    return body


def thinks(model: Model) -> bool:
    """Whether the card turns the thinking part on; what is drawn with it takes no temperature."""
    thinking = model.params.get("thinking")
    return isinstance(thinking, Mapping) and thinking.get("type") not in (None, "disabled")


def _sampling(request: Request, card: MessagesCard) -> dict[str, Any]:
    sampling = request.sampling
    body = {
        "temperature": None if thinks(request.model) else sampling.temperature,
        "top_p": sampling.top_p,
        "stop_sequences": list(sampling.stop) or None,
    }
    return {key: value for key, value in body.items() if value is not None and key not in card.omit}


def _system(request: Request) -> str:
    """The system messages of the request, or the card's; ``none`` and ``default`` are both nothing."""
    told = [message.text for message in request.messages if message.role == "system"]
    if not told and request.model.system not in ("default", "none"):
        told = [request.model.system]
    return "\n\n".join(filter(None, told))


def _message(message: Message) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.text}
    images = [
        {
            "type": "image",
            "source": {
                "type": "base64",
                "media_type": image.media_type,
                "data": base64.b64encode(image.data).decode(),
            },
        }
        for image in message.images
    ]
    text = [{"type": "text", "text": message.text}] if message.text else []
    return {"role": message.role, "content": [*images, *text]}


def _structured(schema: Mapping[str, Any], body: Mapping[str, Any], card: MessagesCard) -> Mapping[str, Any]:
    if card.structured_output == "json_schema":
        form = {"type": "json_schema", "schema": dict(schema)}
        return {"output_config": {**body.get("output_config", {}), "format": form}}
    if card.structured_output == "tool":
        tool = {"name": _TOOL, "description": "Gives the reply.", "input_schema": dict(schema)}
        return {"tools": [tool], "tool_choice": {"type": "tool", "name": _TOOL}}
    return {}


# --- what comes back ----------------------------------------------------------------------------


def reply_of(response: Response) -> Reply:
    """The reply in a response; raises EmptyReply where there is nothing that could be judged."""
    data, receipts = response.data, response.receipts()
    blocks = [block for block in _list(data.get("content")) if isinstance(block, Mapping)]
    called = [block.get("input") for block in blocks if block.get("name") == _TOOL]
    text = "".join(_texts(blocks, "text"))
    if called:
        text = json.dumps(called[0], ensure_ascii=False)
    thinking = "\n\n".join(_texts(blocks, "thinking")) or None
    told = data.get("stop_reason")
    finish = "stop" if called and told == "tool_use" else _FINISH.get(str(told), told)
    _check(data, text, thinking, finish, receipt=receipts["request_id"])
    return Reply(
        text=text,
        thinking=thinking,
        finish=None if finish is None else str(finish),
        usage=_usage(data.get("usage")),
        served_model=_text_or_none(data.get("model")),
        response_id=_text_or_none(data.get("id")),
        **receipts,
    )


def _check(
    data: Mapping[str, Any], text: str, thinking: str | None, finish: Any, *, receipt: str | None
) -> None:
    if finish == "refusal":
        details = data.get("stop_details")
        category = details.get("category") if isinstance(details, Mapping) else None
        why = f" ({category})" if category else ""
        raise EmptyReply(f"anthropic: no answer: the API reports a refusal{why}", receipt=receipt)
    if finish == "model_context_window_exceeded":
        raise ProviderError("anthropic: the model's context is full", receipt=receipt)
    if not text.strip():
        what = "nothing but a thinking part" if thinking else "an empty completion"
        hint = "; give it room: thinking_tokens on the card" if finish == "length" else ""
        raise EmptyReply(f"anthropic: {what} (finish {finish!r}){hint}", receipt=receipt)


def _texts(blocks: list[Mapping[str, Any]], kind: str) -> Iterator[str]:
    for block in blocks:
        if block.get("type") == kind and isinstance(block.get(kind), str) and block[kind]:
            yield block[kind]


def _usage(given: Any) -> Usage | None:
    """Input tokens with those that were read from, or written to, a prompt cache."""
    told: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    if token_count(told.get("input_tokens")) is None:
        return None
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return Usage(
        input_tokens=sum(token_count(told.get(name)) or 0 for name in names),
        output_tokens=token_count(told.get("output_tokens")) or 0,
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
