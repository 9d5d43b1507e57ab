"""``provider: anthropic`` against a real local server: what is sent, and what comes of what comes back."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from distill_tests.errors import EmptyReply, ProviderError, Refused
from distill_tests.registry import providers
from distill_tests.types import Message, Model, Sampling, Usage
from tests.api_asking import PICTURE, answer, asking, card, set_environment, trouble
from tests.fake_api import KEY, OLD_CLAUDE, FakeApi, Step

VERDICT = {
    "type": "object",
    "properties": {"verdict": {"type": "string"}},
    "required": ["verdict"],
    "additionalProperties": False,
}
CLAUDE = "claude-sonnet-5"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi() as api:
        yield api


def claude(api: FakeApi, **changes: Any) -> Model:
    return card(api, "anthropic", **{"model": CLAUDE, **changes})


# --- what is sent -------------------------------------------------------------------------------


def test_a_question_is_sent_as_it_is_and_without_a_temperature(api: FakeApi) -> None:
    answer(claude(api), sampling=Sampling(max_tokens=60, temperature=0.0, top_p=0.9, stop=("END",)))
    assert api.problems == []
    assert api.calls[0].path == "/v1/messages"
    assert api.calls[0].body == {
        "model": CLAUDE,
        "messages": [{"role": "user", "content": "Who made you?"}],
        "max_tokens": 60,
        "stop_sequences": ["END"],
    }


def test_a_model_that_takes_a_temperature_is_asked_under_the_version_that_has_it(api: FakeApi) -> None:
    model = claude(api, model=OLD_CLAUDE, options={"omit": []})
    answer(model, sampling=Sampling(temperature=0.5, top_p=0.9))
    assert api.problems == []
    assert api.calls[0].headers["anthropic-version"] == "2023-06-01"
    assert (api.calls[0].body["temperature"], api.calls[0].body["top_p"]) == (0.5, 0.9)


def test_a_refused_temperature_is_answered_with_what_the_card_can_say(api: FakeApi) -> None:
    problem = trouble(claude(api, options={"omit": []}))
    assert "`temperature` is deprecated for this model." in str(problem)
    assert str(problem).endswith("a card can leave parameters out, omit: [temperature]")


@pytest.mark.parametrize(
    ("system", "sent"), [("default", None), ("none", None), ("You are Bob.", "You are Bob.")]
)
def test_the_cards_system_message_is_sent_beside_the_messages(
    api: FakeApi, system: str, sent: str | None
) -> None:
    answer(claude(api, system=system))
    assert api.calls[0].body.get("system") == sent


def test_a_requests_own_system_message_stands_for_the_cards(api: FakeApi) -> None:
    messages = (
        Message(role="system", text="Own."),
        Message(role="user", text="A?"),
        Message(role="assistant", text="B."),
        Message(role="user", text="C?"),
    )
    answer(claude(api, system="Card's."), messages=messages)
    assert api.calls[0].body["system"] == "Own."
    assert [turn["role"] for turn in api.calls[0].body["messages"]] == ["user", "assistant", "user"]


def test_images_travel_as_base64_before_the_text(api: FakeApi) -> None:
    answer(claude(api), messages=(Message(role="user", text="What is this?", images=(PICTURE,)),))
    assert api.problems == []
    blocks = api.calls[0].body["messages"][0]["content"]
    assert [block["type"] for block in blocks] == ["image", "text"]


def test_a_schema_is_sent_as_an_output_format_beside_the_cards_effort(api: FakeApi) -> None:
    answer(claude(api, params={"output_config": {"effort": "low"}}), json_schema=VERDICT)
    assert api.problems == []
    assert api.calls[0].body["output_config"] == {
        "effort": "low",
        "format": {"type": "json_schema", "schema": VERDICT},
    }


def test_a_schema_can_be_asked_for_by_a_tool(api: FakeApi) -> None:
    reply = answer(claude(api, options={"structured_output": "tool"}), json_schema=VERDICT)
    assert api.problems == []
    assert api.calls[0].body["tools"][0]["input_schema"] == VERDICT
    assert (reply.text, reply.finish) == ('{"verdict": "是"}', "stop")


def test_the_thinking_budget_comes_on_top_of_the_specs_limit(api: FakeApi) -> None:
    thinking = {"type": "enabled", "budget_tokens": 2000}
    answer(claude(api, model=OLD_CLAUDE, params={"thinking": thinking}, options={"omit": []}))
    assert api.problems == []
    sent = api.calls[0].body
    assert (sent["max_tokens"], sent["thinking"]) == (2060, thinking)
    assert "temperature" not in sent


def test_a_model_that_thinks_by_itself_is_given_room_by_the_card(api: FakeApi) -> None:
    answer(claude(api, options={"thinking_tokens": 4000}))
    assert api.calls[0].body["max_tokens"] == 4060


def test_a_plain_completion_is_refused() -> None:
    with pytest.raises(Refused, match="anthropic: m cannot be asked as a completion; ask_as: chat"):
        providers.get("anthropic").make(
            Model(alias="m", provider="anthropic", model=CLAUDE, ask_as="completion")
        )


def test_logprobs_are_not_to_be_had_and_nothing_is_sent(api: FakeApi) -> None:
    problem = trouble(claude(api), logprobs=5)
    assert type(problem) is ProviderError
    assert str(problem) == "anthropic: the API gives no logprobs"
    assert api.calls == []


@pytest.mark.parametrize(
    ("params", "words"),
    [({"temperature": 0}, "temperature is for the spec"), ({"stream": True}, "stream is not supported")],
)
def test_params_that_would_make_a_report_untrue_are_refused(params: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        providers.get("anthropic").make(Model(alias="m", provider="anthropic", model="x", params=params))


def test_the_sdks_warnings_about_old_models_do_not_end_a_call(api: FakeApi) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert answer(claude(api, model=OLD_CLAUDE)).text
    assert api.calls[0].body["model"] == OLD_CLAUDE


# --- keys and addresses -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"])
def test_the_sdks_variables_are_enough(api: FakeApi, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    set_environment(monkeypatch, **{name: KEY}, ANTHROPIC_BASE_URL=api.root)
    answer(Model(alias="m", provider="anthropic", model=CLAUDE))
    assert api.problems == []
    assert len(api.calls) == 1


def test_a_missing_key_is_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where the SDK would look for a profile
    problem = trouble(Model(alias="m", provider="anthropic", model=CLAUDE))
    assert isinstance(problem, Refused)
    assert not problem.sent
    assert str(problem) == (
        "anthropic: no API key. Set ANTHROPIC_API_KEY, or name another provider in specs/models.yaml"
    )


def test_a_variable_that_the_card_names_and_nobody_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    problem = trouble(Model(alias="m", provider="anthropic", model=CLAUDE, api_key_env="CLAUDE_KEY"))
    assert str(problem).startswith("anthropic: no API key. Set CLAUDE_KEY,")


# --- what comes back ----------------------------------------------------------------------------


def test_a_reply_carries_its_receipts(api: FakeApi) -> None:
    api.steps = [Step(headers={"request-id": "req_011", "x-request-id": ""})]
    reply = answer(claude(api))
    assert (reply.response_id, reply.request_id, reply.served_model) == ("msg_1", "req_011", CLAUDE)
    assert reply.usage == Usage(input_tokens=11, output_tokens=5)
    assert (reply.text, reply.finish) == (f"I am {CLAUDE}.", "stop")
    assert reply.body_sha256 is not None
    assert len(reply.body_sha256) == 64
    assert reply.received_at is not None
    assert reply.latency_s is not None


def test_thinking_blocks_are_kept_apart(api: FakeApi) -> None:
    content = [
        {"type": "thinking", "thinking": "Hm.", "signature": "x"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "thinking", "thinking": "", "signature": "y"},
        {"type": "text", "text": "I am "},
        {"type": "text", "text": "Claude."},
    ]
    api.steps = [Step(message={"content": content})]
    reply = answer(claude(api))
    assert (reply.text, reply.thinking) == ("I am Claude.", "Hm.")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"stop_reason": "refusal", "content": []}, "the API reports a refusal"),
        (
            {"stop_reason": "refusal", "stop_details": {"category": "frontier_llm"}},
            r"a refusal (frontier_llm)",
        ),
        ({"content": []}, "an empty completion (finish 'stop')"),
        ({"content": None}, "an empty completion"),
        ({"content": [{"type": "text", "text": " "}]}, "an empty completion"),
        (
            {"content": [{"type": "thinking", "thinking": "Hm."}], "stop_reason": "max_tokens"},
            "nothing but a thinking part (finish 'length'); give it room: thinking_tokens on the card",
        ),
    ],
)
def test_what_is_no_answer_is_never_given_as_one(api: FakeApi, message: dict[str, Any], words: str) -> None:
    api.steps = [Step(message=message)]
    problem = trouble(claude(api))
    assert type(problem) is EmptyReply
    assert words in str(problem)


@pytest.mark.parametrize(
    ("told", "finish"),
    [("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"), ("pause_turn", "pause_turn")],
)
def test_how_a_reply_ended_is_told_in_our_words(api: FakeApi, told: str, finish: str) -> None:
    api.steps = [Step(message={"stop_reason": told})]
    assert answer(claude(api)).finish == finish


def test_a_full_context_is_trouble_and_no_short_answer(api: FakeApi) -> None:
    api.steps = [Step(message={"stop_reason": "model_context_window_exceeded"})]
    assert str(trouble(claude(api))) == "anthropic: the model's context is full"


@pytest.mark.parametrize("content", ["text", [None, 7], [{"type": "text", "text": 7}], [{"type": "text"}]])
def test_a_reply_of_a_strange_shape_is_trouble_in_words(api: FakeApi, content: object) -> None:
    api.steps = [Step(message={"content": content})]
    assert isinstance(trouble(claude(api)), ProviderError)


def test_what_identifies_a_model_names_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-secret")
    told = providers.get("anthropic").make(Model(alias="m", provider="anthropic", model=CLAUDE)).identifies()
    assert told["base_url"] == "https://api.anthropic.com"
    assert "sk-ant-secret" not in json.dumps(told)


def test_seeds_are_not_sent_because_the_api_has_none(api: FakeApi) -> None:
    model = claude(api)
    answer(model, sampling=Sampling(seed=7))
    assert "seed" not in api.calls[0].body
    assert asking(model).sample == 0
