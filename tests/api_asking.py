"""Cards of the fake API, and asking them: what the tests of the API providers have in common."""

from __future__ import annotations

import asyncio
import importlib.util
from typing import Any

import pytest

from distill_tests.errors import ProviderError
from distill_tests.registry import providers
from distill_tests.types import Image, Message, Model, Reply, Request, Sampling
from tests.fake_api import KEY, PNG, FakeApi

KEY_NAME = "FAKE_API_KEY"
SDK_VARIABLES = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "OPENAI_CUSTOM_HEADERS",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_PROFILE",
    "ANTHROPIC_CONFIG_DIR",
    "ANTHROPIC_FEDERATION_RULE_ID",
    "ANTHROPIC_IDENTITY_TOKEN",
    "ANTHROPIC_IDENTITY_TOKEN_FILE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
)
INSTALLED = {name: importlib.util.find_spec(name) is not None for name in ("openai", "anthropic")}
PICTURE = Image(media_type="image/png", data=PNG)


def set_environment(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    """The fake API's key and ``variables``; nothing else that an SDK would read."""
    for name in SDK_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in {KEY_NAME: KEY, **variables}.items():
        monkeypatch.setenv(name, value)


def skip_without_sdk(provider: str) -> None:
    if not INSTALLED[provider]:
        pytest.skip(f"{provider} is not installed: pip install 'distill-tests[{provider}]'")


def card(api: FakeApi, provider: str = "openai", /, **changes: Any) -> Model:
    skip_without_sdk(provider)
    address = api.root if provider == "anthropic" else api.url
    given = {"model": "qwen-max", "base_url": address, "api_key_env": KEY_NAME, **changes}
    return Model(alias="m", provider=provider, **given)


def asking(model: Model, text: str = "Who made you?", **changes: Any) -> Request:
    given = {"messages": (Message(role="user", text=text),), "sampling": Sampling(max_tokens=60), **changes}
    return Request(model=model, **given)


def answers(model: Model, *requests: Request) -> list[Reply]:
    """The replies to all the requests, asked at once of one provider."""
    skip_without_sdk(model.provider)

    async def ask() -> list[Reply]:
        provider = providers.get(model.provider).make(model)
        try:
            return await asyncio.gather(*map(provider.send, requests))
        finally:
            await provider.aclose()

    return asyncio.run(ask())


def answer(model: Model, **changes: Any) -> Reply:
    return answers(model, asking(model, **changes))[0]


def trouble(model: Model, **changes: Any) -> ProviderError:
    """What the provider raises."""
    with pytest.raises(ProviderError) as caught:
        answer(model, **changes)
    return caught.value
