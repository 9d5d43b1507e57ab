"""``provider: anthropic``: Anthropic's Messages API, or an endpoint that speaks it (extra ``anthropic``)."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping
from typing import Any

from distill_tests.errors import ProviderError, Refused
from distill_tests.providers._anthropic_wire import (
    SAMPLED_VERSION,
    MessagesCard,
    body_of,
    reply_of,
    thinks,
)
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
from distill_tests.providers._sdk import CONNECT_S, Line
from distill_tests.redact import Redactor
from distill_tests.registry import CardProblem, provider
from distill_tests.types import Json, Model, Reply, Request

HOME = Home(
    provider="anthropic",
    key_variable="ANTHROPIC_API_KEY",
    url_variable="ANTHROPIC_BASE_URL",
    url="https://api.anthropic.com",
    domain="anthropic.com",
)

OPTIONS: Mapping[str, Any] = {
    "thinking_tokens": {
        "type": "integer",
        "minimum": 0,
        "description": "Tokens on top of the spec's max_tokens, because the API counts the thinking part in; "
        "by default the budget_tokens of params: {thinking: …}",
    },
    "omit": {
        "type": "array",
        "uniqueItems": True,
        "items": {"enum": ["temperature", "top_p", "stop_sequences"]},
        "default": ["temperature", "top_p"],
        "description": "Parameters of a spec's sampling that are not sent. Models up to Claude 4.6 take "
        "omit: [], and are then asked under version 2023-06-01 of the API",
    },
    "structured_output": {
        "enum": ["json_schema", "tool", "none"],
        "default": "json_schema",
        "description": "How JSON is asked for where a judge wants it; tool for models without the former",
    },
}

_OF_THE_REQUEST = frozenset(
    {"model", "messages", "system", "max_tokens", "temperature", "top_p", "stop_sequences"}
)
_NOT_READ = frozenset({"stream", "tools", "tool_choice"})


@provider("anthropic", options=OPTIONS)
class Anthropic:
    """The Messages API.  It has no seeds, no logprobs and no completions of plain text."""

    stores = True
    embedded = False

    def __init__(self, model: Model) -> None:
        check_params(model, of_the_request=_OF_THE_REQUEST, not_read=_NOT_READ)
        if model.ask_as == "completion":
            raise Refused(f"anthropic: {model.alias} cannot be asked as a completion; ask_as: chat")
        self._model = model
        self._where = base_url(model, HOME, os.environ)
        self._card = _messages_card(model)
        self._line: Line | None = None

    @staticmethod
    def problems(model: Model) -> Iterable[CardProblem]:
        """Params that are not for a card, and completions."""
        yield from param_problems(model, of_the_request=_OF_THE_REQUEST, not_read=_NOT_READ)
        if model.ask_as == "completion":
            what = "anthropic cannot be asked as a completion"
            yield CardProblem(at=("ask_as",), what=what, allowed="ask_as: chat")

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
        if request.logprobs is not None:
            raise ProviderError("anthropic: the API gives no logprobs")
        if self._line is None:
            self._line = self._connected()
        body = body_of(request, self._card)
        is_sampled = {"temperature", "top_p"} & set(body)
        headers = {"anthropic-version": SAMPLED_VERSION} if is_sampled else {}
        response = await self._line.post(
            lambda client: client.messages.with_raw_response.create(
                model="",  # The name is in the body: told here the SDK warns of old models, on this thread.
                max_tokens=body["max_tokens"],
                messages=body["messages"],
                extra_body=body,
                extra_headers=headers,
            )
        )
        return reply_of(response)

    async def aclose(self) -> None:
        if self._line is not None:
            await self._line.aclose()

    def _connected(self) -> Line:
        key = api_key(self._model, HOME, os.environ)

        def make(sdk: Any) -> Any:
            client = sdk.AsyncAnthropic(
                api_key=key,
                base_url=None if self._where == HOME.url else self._where,
                max_retries=0,
                timeout=sdk.Timeout(None, connect=CONNECT_S),
                http_client=bounded_client(sdk),
            )
            ways = (client.api_key, client.auth_token, getattr(client, "credentials", None))
            if not any(ways):
                raise missing_key(HOME)
            return client

        named = [name for name in (self._model.api_key_env,) if name is not None]
        return Line(
            HOME.provider,
            make,
            where=shown_url(self._where),
            keyless=key == NOT_NEEDED,
            redact=Redactor.from_environ(os.environ, named).redact,
        )


def _messages_card(model: Model) -> MessagesCard:
    card = MessagesCard()
    thinking = model.params.get("thinking")
    budget = thinking.get("budget_tokens") if thinks(model) and isinstance(thinking, Mapping) else None
    return MessagesCard(
        omit=frozenset(model.options.get("omit", card.omit)),
        thinking_tokens=int(model.options.get("thinking_tokens", budget or 0)),
        structured_output=model.options.get("structured_output", card.structured_output),
    )
