"""What goes to an OpenAI-compatible endpoint and what comes back, as the project's nouns."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from distill_tests.errors import EmptyReply, ProviderError, Transient
from distill_tests.providers._sdk import Response, token_count
from distill_tests.providers._thinking import split_thinking
from distill_tests.types import Image, Message, Reply, Request, TokenLogprob, Usage

_FINISH = {
    "eos": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "sensitive": "content_filter",  # Zhipu
}
_NO_ANSWER = ("content_filter", "refusal")
_REASONING = ("reasoning_content", "reasoning", "thinking")
_LEAST_LOGPROB = -9999.0
"""For a probability of zero, which JSON has no number for; vLLM's own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatCard:
    """What a card says of how its endpoint wants to be asked; see the options of the provider."""

    token_limit: str
    omit: frozenset[str] = frozenset()
    thinking_tokens: int = 0
    structured_output: str = "json_schema"
    image_detail: str | None = None
    opens_thinking: bool = False


def sampling_of(request: Request, card: ChatCard) -> dict[str, Any]:
    """The keys of a body that say how to draw; without those the card leaves out."""
    sampling = request.sampling
    seed = sampling.seed if sampling.seed is not None else request.model.params.get("seed")
    if isinstance(seed, int) and sampling.temperature > 0:
        seed += request.sample
    body = {
        card.token_limit: sampling.max_tokens + card.thinking_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": seed,
        "stop": list(sampling.stop) or None,
    }
    return {key: value for key, value in body.items() if value is not None and key not in card.omit}


def chat_body(request: Request, card: ChatCard) -> dict[str, Any]:
    """The body for ``/chat/completions`` but for the model and the messages."""
    body = {**request.model.params, **sampling_of(request, card)}
    if request.logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": request.logprobs}
    if request.json_schema is not None and card.structured_output == "json_schema":
        body["response_format"] = {"type": "json_schema", "json_schema": _named_schema(request.json_schema)}
    elif request.json_schema is not None and card.structured_output == "json_object":
        body["response_format"] = {"type": "json_object"}
    return body


def completion_body(request: Request, card: ChatCard) -> dict[str, Any]:
    """The body for ``/completions`` but for the model and the prompt."""
    if request.json_schema is not None or any(message.images for message in request.messages):
        what = "images" if request.json_schema is None else "structured output"
        raise ProviderError(f"openai: {request.model.alias} is asked as a completion, which has no {what}")
    body = {**request.model.params, **sampling_of(request, card)}
    if request.logprobs is not None:
        body["logprobs"] = request.logprobs
    return body


def chat_messages(messages: Sequence[Message], card: ChatCard) -> list[dict[str, Any]]:
    return [{"role": message.role, "content": _content(message, card)} for message in messages]


def _content(message: Message, card: ChatCard) -> str | list[dict[str, Any]]:
    if not message.images:
        return message.text
    text = [{"type": "text", "text": message.text}] if message.text else []
    return [*text, *(_image(image, card) for image in message.images)]


def _image(image: Image, card: ChatCard) -> dict[str, Any]:
    url = {"url": f"data:{image.media_type};base64,{base64.b64encode(image.data).decode()}"}
    if card.image_detail is not None:
        url["detail"] = card.image_detail
    return {"type": "image_url", "image_url": url}


def _named_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as the endpoint wants it: with a name, and strict where its rules for that are kept."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", str(schema.get("title") or "reply"))[:64]
    return {"name": name, "schema": dict(schema), "strict": is_strict(schema)}


def is_strict(schema: Any) -> bool:
    """Whether every object in the schema is closed and requires all of its keys."""
    if isinstance(schema, Mapping):
        keys = schema.get("properties")
        is_object = schema.get("type") == "object" or keys is not None
        closed = schema.get("additionalProperties") is False
        if is_object and not (closed and set(schema.get("required") or ()) == set(keys or ())):
            return False
        return all(is_strict(value) for value in schema.values())
    return all(is_strict(item) for item in schema) if isinstance(schema, list | tuple) else True


# --- what comes back ----------------------------------------------------------------------------


def reply_of(request: Request, response: Response, card: ChatCard, *, prompt: str | None = None) -> Reply:
    """The reply in a response; raises EmptyReply where there is nothing that could be judged.

    ``prompt``: what was to be completed, where it was a completion.
    """
    data, receipts = response.data, response.receipts()
    choice = _choice(data, receipts)
    told_message = choice.get("message")
    message: Mapping[str, Any] = told_message if isinstance(told_message, Mapping) else {}
    content = choice.get("text") if prompt is not None else message.get("content")
    answer, thought = _split(content, opened=card.opens_thinking)
    thinking = next((message[key] for key in _REASONING if _is_text(message.get(key))), thought)
    told = choice.get("finish_reason")
    finish = None if told is None else _FINISH.get(str(told), str(told))
    logprobs = _logprobs(choice.get("logprobs"), request.logprobs)
    _check(answer, thinking, finish, message, receipts, scored=bool(logprobs))
    return Reply(
        text=answer,
        thinking=thinking,
        finish=finish,
        usage=_usage(data.get("usage")),
        logprobs=logprobs,
        served_model=_text_or_none(data.get("model")),
        system_fingerprint=_text_or_none(data.get("system_fingerprint")),
        response_id=_text_or_none(data.get("id")),
        rendered=prompt,
        **receipts,
    )


def _choice(data: Mapping[str, Any], receipts: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise EmptyReply("openai: a reply without choices", receipt=receipts["request_id"])
    choice: Mapping[str, Any] = choices[0]
    if choice.get("finish_reason") in ("error", "network_error", "insufficient_system_resource"):
        # OpenRouter; Zhipu; DeepSeek
        raise Transient(f"openai: the endpoint broke off ({choice['finish_reason']})")
    return choice


def _split(content: Any, *, opened: bool) -> tuple[str, str | None]:
    """Answer and thinking part of a text, or of a list of parts (Mistral's)."""
    if isinstance(content, list):
        texts = "".join(_part_texts(content, "text"))
        thoughts = "".join(_part_texts(content, "thinking"))
        return texts, thoughts or None
    parts = split_thinking(content if isinstance(content, str) else "", opened=opened)
    return parts.answer, parts.thinking


def _part_texts(parts: Sequence[Any], kind: str) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Mapping) and part.get("type") == kind:
            value = part.get(kind)
            if isinstance(value, list):
                yield from _part_texts(value, "text")
            elif isinstance(value, str):
                yield value


def _check(
    answer: str,
    thinking: str | None,
    finish: str | None,
    message: Mapping[str, Any],
    receipts: Mapping[str, Any],
    *,
    scored: bool,
) -> None:
    """Raise EmptyReply for what is no answer.  White space with logprobs can still be read."""
    if finish in _NO_ANSWER or _is_text(message.get("refusal")):
        why = "a content filter" if finish == "content_filter" else "a refusal"
        raise EmptyReply(f"openai: no answer: the API reports {why}", receipt=receipts["request_id"])
    if answer.strip() or scored:
        return
    what = "an empty completion"
    if thinking:
        what = "nothing but a thinking part"
    elif message.get("tool_calls"):
        what = "a tool call, no text"
    hint = "; give it room: thinking_tokens on the card" if finish == "length" else ""
    raise EmptyReply(f"openai: {what} (finish {finish!r}){hint}", receipt=receipts["request_id"])


def _logprobs(given: Any, wanted: int | None) -> tuple[TokenLogprob, ...] | None:
    """One entry for every token that the endpoint tells of, in either of its two shapes."""
    if wanted is None or not isinstance(given, Mapping):
        return None
    content = given.get("content")
    if isinstance(content, list):
        return tuple(_chat_logprob(entry, wanted) for entry in content if isinstance(entry, Mapping))
    tokens, values = given.get("tokens"), given.get("token_logprobs")
    if not isinstance(tokens, list) or not isinstance(values, list):
        return None
    tops = given.get("top_logprobs") or [None] * len(tokens)
    return tuple(
        TokenLogprob(token=str(token), logprob=_logprob(value), top=_best((top or {}).items(), wanted))
        for token, value, top in zip(tokens, values, tops, strict=False)
    )


def _chat_logprob(entry: Mapping[str, Any], wanted: int) -> TokenLogprob:
    told = entry.get("top_logprobs") or ()
    top = [(one.get("token"), one.get("logprob")) for one in told if isinstance(one, Mapping)]
    return TokenLogprob(
        token=str(entry.get("token", "")), logprob=_logprob(entry.get("logprob")), top=_best(top, wanted)
    )


def _best(pairs: Any, wanted: int) -> tuple[tuple[str, float], ...]:
    found = [(str(token), _logprob(value)) for token, value in pairs]
    return tuple(sorted(found, key=lambda pair: -pair[1])[:wanted])


def _logprob(value: Any) -> float:
    is_number = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if is_number else _LEAST_LOGPROB


def _usage(given: Any) -> Usage | None:
    if not isinstance(given, Mapping):
        return None
    read, written = token_count(given.get("prompt_tokens")), token_count(given.get("completion_tokens", 0))
    return None if read is None or written is None else Usage(input_tokens=read, output_tokens=written)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
