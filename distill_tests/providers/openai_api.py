"""``provider: openai``: Chat Completions of OpenAI, or of any endpoint that speaks it (extra ``openai``).

vLLM, Ollama, llama.cpp, DeepSeek, DashScope, Zhipu, Ark, OpenRouter and others: ``base_url`` says where.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping
from typing import Any

from distill_tests.providers._api_access import (
    NOT_NEEDED,
    Home,
    api_key,
    base_url,
    missing_key,
    shown_url,
)
from distill_tests.providers._api_body import bounded_client
from distill_tests.providers._api_card import check_params, param_problems
from distill_tests.providers._llama_session import plain_text
from distill_tests.providers._openai_wire import (
    ChatCard,
    chat_body,
    chat_messages,
    completion_body,
    reply_of,
)
from distill_tests.providers._sdk import CONNECT_S, Line
from distill_tests.redact import Redactor
from distill_tests.registry import CardProblem, provider
from distill_tests.types import Json, Message, Model, Reply, Request

HOME = Home(
    provider="openai",
    key_variable="OPENAI_API_KEY",
    url_variable="OPENAI_BASE_URL",
    url="https://api.openai.com/v1",
    domain="openai.com",
)

OPTIONS: Mapping[str, Any] = {
    "token_limit": {
        "enum": ["max_tokens", "max_completion_tokens"],
        "description": "The parameter that bounds new tokens: max_completion_tokens at api.openai.com, "
        "max_tokens elsewhere",
    },
    "thinking_tokens": {
        "type": "integer",
        "minimum": 0,
        "default": 0,
        "description": "Tokens on top of the spec's max_tokens, where the thinking part counts too",
    },
    "omit": {
        "type": "array",
        "uniqueItems": True,
        "items": {"enum": ["temperature", "top_p", "seed", "stop"]},
        "description": "Parameters of a spec's sampling that the endpoint refuses; it then does as it likes",
    },
    "structured_output": {
        "enum": ["json_schema", "json_object", "none"],
        "default": "json_schema",
        "description": "How JSON is asked for where a judge wants it; json_object and none do not send "
        "the schema",
    },
    "image_detail": {"enum": ["auto", "low", "high"], "description": "How closely images are looked at"},
    "opens_thinking": {
        "type": "boolean",
        "default": False,
        "description": "The chat template ends the prompt in <think>, and the server leaves the thinking "
        "part in the text",
    },
}

_OF_THE_REQUEST = frozenset(
    {
        "model",
        "messages",
        "prompt",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "stop",
        "logprobs",
        "top_logprobs",
        "response_format",
    }
)
_NOT_READ = frozenset({"stream", "n", "best_of", "echo"})


@provider("openai", options=OPTIONS)
class OpenAI:
    """An OpenAI-compatible endpoint."""

    stores = True
    embedded = False

    def __init__(self, model: Model) -> None:
        check_params(model, of_the_request=_OF_THE_REQUEST, not_read=_NOT_READ)
        self._model = model
        self._where = base_url(model, HOME, os.environ)
        self._card = _chat_card(model, self._where)
        self._line: Line | None = None

    @staticmethod
    def problems(model: Model) -> Iterable[CardProblem]:
        """Params that are not for a card."""
        yield from param_problems(model, of_the_request=_OF_THE_REQUEST, not_read=_NOT_READ)

    def identifies(self) -> Mapping[str, Json]:
        """The endpoint, the model and what shapes the request; no key, and no SDK is needed for it."""
        return {
            "base_url": shown_url(self._where),
            "model": self._model.model,
            "system": self._model.system,
            "params": dict(self._model.params),
            "asked": {**dataclasses.asdict(self._card), "omit": sorted(self._card.omit)},
        }

    def revision(self) -> str | None:
        return self._model.revision

    async def send(self, request: Request) -> Reply:
        if self._line is None:
            self._line = self._connected()
        model, card = self._model.model, self._card
        messages = with_system(self._model, request.messages)
        if self._model.ask_as == "completion":
            prompt, body = plain_text(messages), completion_body(request, card)
            response = await self._line.post(
                lambda client: client.completions.with_raw_response.create(
                    model=model, prompt=prompt, extra_body=body
                )
            )
            return reply_of(request, response, card, prompt=prompt)
        sent, body = chat_messages(messages, card), chat_body(request, card)
        response = await self._line.post(
            lambda client: client.chat.completions.with_raw_response.create(
                model=model, messages=sent, extra_body=body
            )
        )
        return reply_of(request, response, card)

    async def aclose(self) -> None:
        if self._line is not None:
            await self._line.aclose()

    def _connected(self) -> Line:
        key = api_key(self._model, HOME, os.environ)
        if key is None:
            raise missing_key(HOME)

        def make(sdk: Any) -> Any:
            return sdk.AsyncOpenAI(
                api_key=key,
                base_url=self._where,
                max_retries=0,
                timeout=sdk.Timeout(None, connect=CONNECT_S),
                http_client=bounded_client(sdk),
            )

        named = [name for name in (self._model.api_key_env,) if name is not None]
        return Line(
            HOME.provider,
            make,
            where=shown_url(self._where),
            keyless=key == NOT_NEEDED,
            redact=Redactor.from_environ(os.environ, named).redact,
        )


def _chat_card(model: Model, where: str) -> ChatCard:
    options = {"token_limit": _token_limit(model, where), **model.options}
    known = {
        field.name: options[field.name] for field in dataclasses.fields(ChatCard) if field.name in options
    }
    return ChatCard(**known | {"omit": frozenset(options.get("omit", ()))})


def _token_limit(model: Model, where: str) -> str:
    """OpenAI's reasoning models refuse ``max_tokens``; many others know nothing else."""
    is_home = shown_url(where) == HOME.url and model.ask_as == "chat"
    return "max_completion_tokens" if is_home else "max_tokens"


def with_system(model: Model, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The messages with the card's system message first, where a request has none of its own.

    ``none`` is an empty one: it keeps a chat template from adding its default.  A completion has no
    template to be kept from anything.
    """
    if model.system == "default" or any(message.role == "system" for message in messages):
        return messages
    if model.system == "none":
        return messages if model.ask_as == "completion" else (Message(role="system", text=""), *messages)
    return (Message(role="system", text=model.system), *messages)
