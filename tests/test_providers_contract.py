"""What every provider promises, whatever is behind it: SmolLM2 itself, a file, or an HTTP server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from distill_tests.errors import ProviderError
from distill_tests.registry import Provider, providers
from distill_tests.types import Message, Model, Reply, Request, Sampling
from tests.api_asking import card, set_environment
from tests.fake_api import FakeApi, Step, error
from tests.local_weights import smollm2

QUESTIONS = ("Who made you?", "What is your name?", "你是谁开发的？", "Which company trained you?")

OVER_HTTP = ("openai", "anthropic")


def scripted(tmp_path: Path, api: FakeApi) -> Model:
    return Model(alias="m", provider="scripted", model="m", options={"default": "I am M, made by A."})


def recorded(tmp_path: Path, api: FakeApi) -> Model:
    rows = [{"prompt": question, "reply": f"Recorded: {question}"} for question in QUESTIONS]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    transcripts = {"format": "jsonl", "path": "t.jsonl"}
    return Model(
        alias="m",
        provider="recorded",
        model="m",
        options={"transcripts": transcripts},
        directory=str(tmp_path),
    )


def local(tmp_path: Path, api: FakeApi) -> Model:
    return smollm2()


def openai(tmp_path: Path, api: FakeApi) -> Model:
    return card(api, "openai")


def anthropic(tmp_path: Path, api: FakeApi) -> Model:
    return card(api, "anthropic")


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    set_environment(monkeypatch)
    with FakeApi() as api:
        yield api


@pytest.fixture(params=[scripted, recorded, local, openai, anthropic], ids=lambda make: make.__name__)
def model(request: pytest.FixtureRequest, tmp_path: Path, api: FakeApi) -> Model:
    make: Callable[[Path, FakeApi], Model] = request.param
    return make(tmp_path, api)


def provider_of(model: Model) -> Provider:
    return providers.get(model.provider).make(model)


def asking(model: Model, question: str = QUESTIONS[0], **changes: Any) -> Request:
    sampling = changes.pop("sampling", Sampling(max_tokens=8))
    return Request(model=model, messages=(Message(role="user", text=question),), sampling=sampling, **changes)


def replies(model: Model, requests: Sequence[Request]) -> list[Reply]:
    """All asked at once, of one provider."""

    async def ask() -> list[Reply]:
        provider = provider_of(model)
        try:
            return await asyncio.gather(*map(provider.send, requests))
        finally:
            await provider.aclose()

    return asyncio.run(ask())


def test_a_reply_has_text_and_says_how_it_ended(model: Model) -> None:
    (reply,) = replies(model, [asking(model)])
    assert reply.text.strip()
    assert reply.finish in ("stop", "length", None)
    assert reply.body_sha256 is not None
    assert len(reply.body_sha256) == 64
    assert reply.attempts == 1
    assert not reply.from_store


def test_requests_sent_at_once_each_get_their_own_reply(model: Model) -> None:
    asked_at_once = replies(model, [asking(model, question) for question in QUESTIONS])
    assert len(asked_at_once) == len(QUESTIONS)
    if model.provider == "recorded":
        assert [reply.text for reply in asked_at_once] == [f"Recorded: {question}" for question in QUESTIONS]


def test_what_identifies_a_model_is_json_and_the_same_every_time(model: Model) -> None:
    provider = provider_of(model)
    before = json.dumps(provider.identifies(), sort_keys=True)
    replies(model, [asking(model)])
    assert json.dumps(provider_of(model).identifies(), sort_keys=True) == before


def test_what_identifies_a_model_names_no_place_of_this_machine(model: Model, tmp_path: Path) -> None:
    told = json.dumps([provider_of(model).identifies(), provider_of(model).revision()])
    assert str(tmp_path) not in told
    assert str(Path.home()) not in told
    assert ("127.0.0.1" in told) is (model.provider in OVER_HTTP)  # there the address is the place


def test_stores_and_embedded_can_be_read_off_the_class(model: Model) -> None:
    made: Any = providers.get(model.provider).make
    assert made.stores is (model.provider != "recorded")
    assert made.embedded is (model.provider not in OVER_HTTP)


def test_a_provider_that_was_never_asked_closes(model: Model) -> None:
    asyncio.run(provider_of(model).aclose())


def test_a_provider_closes_twice(model: Model) -> None:
    async def close_twice() -> None:
        provider = provider_of(model)
        await provider.send(asking(model))
        await provider.aclose()
        await provider.aclose()

    asyncio.run(close_twice())


def test_a_cancelled_request_leaves_the_provider_usable(model: Model) -> None:
    async def cancel_one() -> Reply:
        provider = provider_of(model)
        long = asking(model, sampling=Sampling(max_tokens=200))
        task = asyncio.ensure_future(provider.send(long))
        await asyncio.wait([task], timeout=0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        try:
            return await provider.send(asking(model))
        finally:
            await provider.aclose()

    assert asyncio.run(cancel_one()).text.strip()


def test_nothing_is_printed(model: Model, capfd: pytest.CaptureFixture[str]) -> None:
    replies(model, [asking(model)])
    assert capfd.readouterr() == ("", "")


def test_trouble_is_a_provider_error_that_names_the_card_or_its_provider(model: Model, api: FakeApi) -> None:
    endless = "Nobody recorded or scripted this. " * 400  # and it is too long for the local context
    api.steps = [Step(status=400, body=error("This model's maximum context length is 8192 tokens."))]
    if model.provider == "scripted":
        model = Model(alias="m", provider="scripted", model="m")
    with pytest.raises(ProviderError, match=rf"^({model.alias}|{model.provider}): "):
        replies(model, [asking(model, endless)])
