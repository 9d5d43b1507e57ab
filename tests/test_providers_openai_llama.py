"""``provider: openai`` against llama.cpp's own HTTP server with SmolLM2: a real endpoint, not ours."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from distill_tests import weights
from distill_tests.errors import ProviderError, Refused
from distill_tests.providers._llama import Layout, acquire, release
from distill_tests.types import Message, Model, Sampling
from tests.api_asking import PICTURE, answer, answers, asking, set_environment, trouble
from tests.local_weights import smollm2

KEY_NAME = "LLAMA_SERVER_KEY"


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, str]]:
    """Address and key of a server that runs SmolLM2."""
    layout = Layout(path=Path(weights.weights_path(smollm2(), quiet=True)), slots=2, context=512)
    running = acquire(layout)
    yield running.address, running.key
    release(layout)


@pytest.fixture
def smol(server: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Model:
    address, key = server
    set_environment(monkeypatch, **{KEY_NAME: key})
    return Model(
        alias="m", provider="openai", model="smollm2", base_url=f"{address}/v1", api_key_env=KEY_NAME
    )


def changed(model: Model, **changes: Any) -> Model:
    return Model(
        alias="m",
        provider="openai",
        model=model.model,
        base_url=model.base_url,
        **{"api_key_env": KEY_NAME, **changes},
    )


def test_a_question_is_answered_with_receipts(smol: Model) -> None:
    reply = answer(smol, sampling=Sampling(max_tokens=12))
    assert reply.text.strip()
    assert reply.finish in ("stop", "length")
    assert reply.usage is not None
    assert 0 < reply.usage.output_tokens <= 12
    assert reply.served_model
    assert reply.response_id


def test_a_temperature_of_zero_gives_the_same_twice_and_seeds_tell_samples_apart(smol: Model) -> None:
    greedy = asking(smol, sampling=Sampling(max_tokens=12))
    assert len({answer(smol, sampling=greedy.sampling).text for _ in range(2)}) == 1
    hot = Sampling(max_tokens=24, temperature=2.0, seed=5)
    first, again = (answer(smol, sampling=hot).text for _ in range(2))
    assert first == again
    assert answer(smol, sampling=hot, sample=1).text != first


def test_logprobs_are_those_of_a_distribution(smol: Model) -> None:
    reply = answer(smol, sampling=Sampling(max_tokens=4), logprobs=3)
    assert reply.logprobs is not None
    for token in reply.logprobs:
        assert len(token.top) == 3
        assert sum(math.exp(logprob) for _, logprob in token.top) <= 1 + 1e-6
        assert token.top[0][1] >= token.top[-1][1]


def test_a_schema_is_kept(smol: Model) -> None:
    schema = {
        "type": "object",
        "properties": {"verdict": {"enum": ["yes", "no"]}},
        "required": ["verdict"],
        "additionalProperties": False,
    }
    reply = answer(smol, json_schema=schema, sampling=Sampling(max_tokens=40))
    assert json.loads(reply.text)["verdict"] in ("yes", "no")


def test_a_plain_completion_goes_on_with_the_text(smol: Model) -> None:
    model = changed(smol, ask_as="completion")
    (reply,) = answers(
        model, asking(model, "One, two, three, four,", sampling=Sampling(max_tokens=6), logprobs=2)
    )
    assert "five" in reply.text
    assert reply.rendered == "One, two, three, four,"
    assert reply.logprobs


def test_an_empty_system_message_keeps_the_templates_own_out(smol: Model) -> None:
    """SmolLM2's template adds a system message of its own where there is none: it is longer then."""

    def read(system: str) -> int:
        usage = answer(changed(smol, system=system), sampling=Sampling(max_tokens=1)).usage
        assert usage is not None
        return usage.input_tokens

    assert read("none") < read("default")


def test_a_stop_text_ends_the_reply(smol: Model) -> None:
    reply = answer(smol, sampling=Sampling(max_tokens=40, stop=(" ",)))
    assert " " not in reply.text
    assert reply.finish == "stop"


def test_a_prompt_beyond_the_context_is_trouble_in_the_servers_words(smol: Model) -> None:
    problem = trouble(smol, messages=(Message(role="user", text="word " * 2000),))
    assert type(problem) is ProviderError
    assert "openai: 400 (" in str(problem)


def test_images_are_refused_by_a_model_without_eyes_in_the_servers_words(smol: Model) -> None:
    seen = Message(role="user", text="What is this?", images=(PICTURE,))
    problem = trouble(smol, messages=(seen,))
    assert str(problem).startswith("openai: ")
    assert "image" in str(problem)


def test_a_wrong_key_is_refused(smol: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_NAME, "wrong-key-5f6a7b8c")
    problem = trouble(smol)
    assert type(problem) is Refused
    assert "wrong-key-5f6a7b8c" not in str(problem)
