"""``provider: openai`` against a real local server: what is sent, and what is made of what comes back."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from distill_tests.errors import EmptyReply, ProviderError, Refused, Transient
from distill_tests.providers._openai_wire import is_strict
from distill_tests.registry import providers
from distill_tests.types import Json, Message, Model, Sampling, TokenLogprob, Usage
from tests.api_asking import KEY_NAME, PICTURE, answer, answers, asking, card, set_environment, trouble
from tests.fake_api import KEY, REASONING_MODEL, UNKNOWN_MODEL, FakeApi, Step, error

VERDICT = {
    "title": "Verdict",
    "type": "object",
    "properties": {"verdict": {"type": "string"}},
    "required": ["verdict"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi() as api:
        yield api


# --- what is sent -------------------------------------------------------------------------------


def test_a_question_is_sent_as_it_is_and_nothing_else(api: FakeApi) -> None:
    answer(card(api))
    assert api.calls[0].path == "/v1/chat/completions"
    assert api.calls[0].headers["authorization"] == f"Bearer {KEY}"
    assert api.calls[0].body == {
        "model": "qwen-max",
        "messages": [{"role": "user", "content": "Who made you?"}],
        "max_tokens": 60,
        "temperature": 0.0,
    }


def test_every_choice_of_the_sampling_is_sent(api: FakeApi) -> None:
    model = card(api)
    answer(model, sampling=Sampling(max_tokens=7, temperature=0.5, top_p=0.9, seed=3, stop=("\n", "END")))
    sent = api.calls[0].body
    assert {key: sent[key] for key in ("max_tokens", "temperature", "top_p", "seed", "stop")} == {
        "max_tokens": 7,
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 3,
        "stop": ["\n", "END"],
    }


@pytest.mark.parametrize(
    ("spec_seed", "card_seed", "temperature", "sent"),
    [
        (10, None, 0.7, [10, 11, 12]),
        (10, None, 0.0, [10, 10, 10]),
        (None, 20, 0.7, [20, 21, 22]),
        (10, 20, 0.7, [10, 11, 12]),
        (None, None, 0.7, [None, None, None]),
    ],
)
def test_samples_that_are_drawn_have_a_seed_each(
    api: FakeApi,
    spec_seed: int | None,
    card_seed: int | None,
    temperature: float,
    sent: list[int | None],
) -> None:
    model = card(api, params={} if card_seed is None else {"seed": card_seed})
    sampling = Sampling(seed=spec_seed, temperature=temperature)
    for sample in range(3):
        answer(model, sampling=sampling, sample=sample)
    assert [call.body.get("seed") for call in api.calls] == sent


def test_params_of_the_card_are_sent_as_they_stand() -> None:
    with FakeApi(extra_keys=frozenset({"top_k", "enable_thinking", "chat_template_kwargs"})) as api:
        params = {"top_k": 20, "enable_thinking": False, "chat_template_kwargs": {"a": [1, None]}}
        answer(card(api, params=params))
        assert {key: api.calls[0].body[key] for key in params} == params


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"temperature": 1}, "params of m: temperature is for the spec to say, under sampling"),
        ({"max_tokens": 9, "stop": "x"}, "max_tokens, stop is for the spec to say"),
        ({"stream": True, "n": 2}, "params of m: n, stream is not supported"),
    ],
)
def test_params_that_would_make_a_report_untrue_are_refused(params: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        providers.get("openai").make(Model(alias="m", provider="openai", model="x", params=params))


def test_a_dialogue_keeps_its_turns(api: FakeApi) -> None:
    turns = (
        Message(role="user", text="A?"),
        Message(role="assistant", text="B."),
        Message(role="user", text="C?"),
    )
    answer(card(api), messages=turns)
    assert [(turn["role"], turn["content"]) for turn in api.calls[0].body["messages"]] == [
        ("user", "A?"),
        ("assistant", "B."),
        ("user", "C?"),
    ]


@pytest.mark.parametrize(
    ("system", "sent"), [("default", []), ("none", [""]), ("You are Bob.", ["You are Bob."])]
)
def test_the_cards_system_message_comes_first(api: FakeApi, system: str, sent: list[str]) -> None:
    answer(card(api, system=system))
    messages = api.calls[0].body["messages"]
    assert [message["content"] for message in messages if message["role"] == "system"] == sent
    assert messages[-1]["role"] == "user"


def test_a_requests_own_system_message_stands_for_the_cards(api: FakeApi) -> None:
    own = (Message(role="system", text="Own."), Message(role="user", text="Q?"))
    answer(card(api, system="Card's."), messages=own)
    assert [message["content"] for message in api.calls[0].body["messages"]] == ["Own.", "Q?"]


def test_images_travel_as_data_urls_in_their_order(api: FakeApi) -> None:
    seen = Message(role="user", text="What is this?", images=(PICTURE, PICTURE))
    answer(card(api, options={"image_detail": "low"}), messages=(seen,))
    assert api.problems == []
    parts = api.calls[0].body["messages"][0]["content"]
    assert [part["type"] for part in parts] == ["text", "image_url", "image_url"]
    assert parts[1]["image_url"]["detail"] == "low"


def test_a_schema_is_sent_with_a_name_and_strict_where_it_keeps_the_rules(api: FakeApi) -> None:
    model = card(api)
    answer(model, json_schema=VERDICT)
    answer(model, json_schema={"type": "object", "properties": {"a": {"type": "string"}}})
    strict, loose = (call.body["response_format"]["json_schema"] for call in api.calls)
    assert strict == {"name": "Verdict", "schema": VERDICT, "strict": True}
    assert (loose["name"], loose["strict"]) == ("reply", False)


@pytest.mark.parametrize(("way", "sent"), [("json_object", {"type": "json_object"}), ("none", None)])
def test_an_endpoint_without_schemas_is_asked_in_its_own_way(api: FakeApi, way: str, sent: Any) -> None:
    answer(card(api, options={"structured_output": way}), json_schema=VERDICT)
    assert api.calls[0].body.get("response_format") == sent


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (VERDICT, True),
        ({**VERDICT, "required": []}, False),
        ({"type": "array", "items": VERDICT}, True),
        ({"type": "array", "items": {"type": "object"}}, False),
        ({"anyOf": [VERDICT, {"type": "object", "properties": {}, "additionalProperties": True}]}, False),
    ],
)
def test_strict_means_closed_objects_that_require_all_their_keys(schema: Json, strict: bool) -> None:
    assert is_strict(schema) is strict


def test_a_base_model_is_completed(api: FakeApi) -> None:
    model = card(api, ask_as="completion", system="A dialogue.")
    (reply,) = answers(model, asking(model, "The capital is", logprobs=2))
    assert api.calls[0].path == "/v1/completions"
    assert api.calls[0].body == {
        "model": "qwen-max",
        "prompt": "A dialogue.\n\nThe capital is",
        "max_tokens": 60,
        "temperature": 0.0,
        "logprobs": 2,
    }
    assert (reply.text, reply.finish, reply.rendered) == (
        " by qwen-max",
        "length",
        "A dialogue.\n\nThe capital is",
    )
    assert reply.logprobs == (TokenLogprob(token=" by", logprob=-0.5, top=((" by", -0.5), (" from", -1.5))),)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"json_schema": VERDICT}, "no structured output"),
        ({"messages": (Message(role="user", text="?", images=(PICTURE,)),)}, "no images"),
    ],
)
def test_what_a_completion_cannot_carry_is_not_sent(
    api: FakeApi, changes: dict[str, Any], words: str
) -> None:
    assert words in str(trouble(card(api, ask_as="completion"), **changes))
    assert api.calls == []


def test_a_reasoning_model_is_asked_as_its_card_says(api: FakeApi) -> None:
    options = {"token_limit": "max_completion_tokens", "omit": ["temperature"], "thinking_tokens": 4000}
    answer(card(api, model=REASONING_MODEL, options=options))
    assert api.problems == []
    assert api.calls[0].body["max_completion_tokens"] == 4060


def test_a_refused_parameter_is_answered_with_what_the_card_can_say(api: FakeApi) -> None:
    model = card(api, model=REASONING_MODEL, options={"token_limit": "max_completion_tokens"})
    assert str(trouble(model)).endswith("a card can leave parameters out, omit: [temperature]")


def test_what_openai_itself_calls_the_limit_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def limit(**changes: Any) -> Json:
        model = Model(alias="m", provider="openai", model="gpt-4o", **changes)
        asked: Any = providers.get("openai").make(model).identifies()["asked"]
        return str(asked["token_limit"])

    assert limit() == limit(base_url="https://api.openai.com/v1/") == "max_completion_tokens"
    assert limit(ask_as="completion") == limit(base_url="http://localhost:8000/v1") == "max_tokens"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:11434/v1")
    assert limit() == "max_tokens"


# --- keys and addresses -------------------------------------------------------------------------


def test_the_sdks_variables_are_enough(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, OPENAI_API_KEY=f" {KEY}\n", OPENAI_BASE_URL=api.url)
    answer(Model(alias="m", provider="openai", model="gpt-4o"))
    assert api.problems == []
    assert len(api.calls) == 1


def test_the_variable_that_the_card_names_goes_before_the_sdks(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "another-key")
    answer(card(api, api_key_env=KEY_NAME))
    assert api.problems == []


@pytest.mark.parametrize(
    ("named", "told"), [(None, "OPENAI_API_KEY"), ("DASHSCOPE_API_KEY", "DASHSCOPE_API_KEY")]
)
def test_a_missing_key_is_refused_before_anything_is_sent(named: str | None, told: str) -> None:
    model = Model(alias="m", provider="openai", model="gpt-4o", api_key_env=named)
    problem = trouble(model)
    assert isinstance(problem, Refused)
    assert not problem.sent
    assert str(problem) == (f"openai: no API key. Set {told}, or name another provider in specs/models.yaml")


def test_a_key_that_no_header_can_carry_is_not_shown(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_NAME, "“sk-typographic-quotes”")
    problem = trouble(card(api))
    assert type(problem) is Refused
    assert KEY_NAME in str(problem)
    assert "sk-typographic" not in str(problem)


def test_a_local_server_needs_no_key() -> None:
    with FakeApi(key="not-needed") as api:
        answer(card(api, api_key_env=None))
        assert api.problems == []


def test_the_sdks_key_goes_to_no_host_it_is_not_meant_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from distill_tests.providers._api_access import api_key
    from distill_tests.providers.openai_api import HOME

    environ = {"OPENAI_API_KEY": "sk-openai"}

    def sent(base_url: str | None) -> str | None:
        return api_key(Model(alias="m", provider="openai", model="x", base_url=base_url), HOME, environ)

    for own in (None, "https://api.openai.com/v1", "https://eu.api.openai.com/v1", "http://localhost:4000"):
        assert sent(own) == "sk-openai"
    for other in ("https://api.deepseek.com", "https://openai.com.example.org/v1", "http://gpu-7:8000/v1"):
        assert sent(other) == "not-needed"


def test_a_401_without_a_key_says_that_the_card_names_none() -> None:
    with FakeApi() as api:
        problem = trouble(card(api, api_key_env=None))
    assert type(problem) is Refused
    assert str(problem).endswith("; its card names no key: api_key: ${NAME}")


# --- what comes back ----------------------------------------------------------------------------


def test_a_reply_carries_its_receipts(api: FakeApi) -> None:
    body = json.dumps(api_body := {"id": "r-1", "choices": [{"message": {"content": "Hi."}}]}).encode()
    api.steps = [Step(body=body, headers={"x-request-id": "req-77"}), Step()]
    model = card(api)
    bare, full = answer(model), answer(model)
    assert (bare.response_id, bare.request_id) == (api_body["id"], "req-77")
    assert bare.body_sha256 == hashlib.sha256(body).hexdigest()
    assert (bare.usage, bare.served_model, bare.system_fingerprint, bare.finish) == (None, None, None, None)
    assert (full.served_model, full.system_fingerprint) == ("qwen-max-0919", "fp_1")
    assert full.usage == Usage(input_tokens=11, output_tokens=5)
    assert full.finish == "stop"
    assert full.received_at is not None
    assert full.received_at.endswith("+00:00")
    assert full.latency_s is not None
    assert 0 < full.latency_s < 10


@pytest.mark.parametrize(
    ("message", "text", "thinking"),
    [
        ({"content": "A.", "reasoning_content": "Hm."}, "A.", "Hm."),  # DeepSeek, DashScope, llama.cpp
        ({"content": "A.", "reasoning": "Hm."}, "A.", "Hm."),  # OpenRouter, Ollama, vLLM
        ({"content": "<think>Hm.</think>\n\nA."}, "A.", "Hm."),
        ({"content": "Hm.</think>A."}, "A.", "Hm."),
        ({"content": "A.", "reasoning_content": None}, "A.", None),
        ({"content": "A.", "reasoning_content": ""}, "A.", None),
        (
            {
                "content": [  # Mistral
                    {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
                    {"type": "text", "text": "A."},
                ]
            },
            "A.",
            "Hm.",
        ),
    ],
)
def test_the_thinking_part_is_kept_apart(
    api: FakeApi, message: dict[str, Any], text: str, thinking: str | None
) -> None:
    api.steps = [Step(message=message)]
    reply = answer(card(api))
    assert (reply.text, reply.thinking) == (text, thinking)


def test_a_thinking_part_that_the_template_opened_and_nobody_closed_is_no_answer(api: FakeApi) -> None:
    step = Step(message={"content": "I am surely made by"}, choice={"finish_reason": "length"})
    api.steps = [step, step]
    assert answer(card(api)).text == "I am surely made by"
    problem = trouble(card(api, options={"opens_thinking": True}))
    assert type(problem) is EmptyReply
    assert "nothing but a thinking part (finish 'length'); give it room: thinking_tokens" in str(problem)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step(message={"content": ""}), "an empty completion"),
        (Step(message={"content": None}), "an empty completion"),
        (Step(message={"content": " \n"}), "an empty completion"),
        (Step(message={"content": None, "reasoning_content": "Hm."}), "nothing but a thinking part"),
        (Step(message={"content": None, "tool_calls": [{}]}), "a tool call, no text"),
        (Step(message={"content": None, "refusal": "I cannot."}), "the API reports a refusal"),
        (Step(choice={"finish_reason": "content_filter"}), "the API reports a content filter"),
        (Step(choice={"finish_reason": "sensitive"}), "the API reports a content filter"),
        (Step(over={"choices": []}), "a reply without choices"),
    ],
)
def test_what_is_no_answer_is_never_given_as_one(api: FakeApi, step: Step, words: str) -> None:
    api.steps = [step]
    problem = trouble(card(api))
    assert type(problem) is EmptyReply
    assert words in str(problem)
    assert problem.receipt == "req-1"


@pytest.mark.parametrize(
    ("told", "finish"),
    [("stop", "stop"), ("length", "length"), ("eos", "stop"), ("max_tokens", "length"), ("odd", "odd")],
)
def test_how_a_reply_ended_is_told_in_our_words(api: FakeApi, told: str, finish: str) -> None:
    api.steps = [Step(choice={"finish_reason": told})]
    assert answer(card(api)).finish == finish


def test_an_upstream_that_broke_off_is_worth_another_attempt(api: FakeApi) -> None:
    api.steps = [Step(choice={"finish_reason": "network_error"})]
    assert type(trouble(card(api))) is Transient


def test_logprobs_come_with_as_many_alternatives_as_were_wanted(api: FakeApi) -> None:
    model = card(api)
    reply = answer(model, logprobs=2)
    assert (api.calls[0].body["logprobs"], api.calls[0].body["top_logprobs"]) == (True, 2)
    assert reply.logprobs == (TokenLogprob(token="I", logprob=-0.1, top=(("I", -0.1), ("I1", -1.1))),)
    assert answer(model).logprobs is None


def test_a_probability_of_zero_stays_a_number(api: FakeApi) -> None:
    content = [{"token": "A", "logprob": None, "top_logprobs": [{"token": "B", "logprob": -math.inf}]}]
    api.steps = [Step(message={"content": " "}, choice={"logprobs": {"content": content}})]
    reply = answer(card(api), logprobs=1)
    assert reply.logprobs == (TokenLogprob(token="A", logprob=-9999.0, top=(("B", -9999.0),)),)


def test_a_served_model_that_changes_is_told(api: FakeApi) -> None:
    api.steps = [Step(), Step(over={"model": "qwen-turbo"})]
    model = card(api)
    assert [answer(model).served_model for _ in range(2)] == ["qwen-max-0919", "qwen-turbo"]


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [None]},
        {"choices": [{"message": "text"}]},
        {"choices": [{"message": {"content": 7}}]},
        {"choices": {"0": 1}},
        {"choices": [{"message": {"content": [{"type": "text", "text": None}, 3]}}], "usage": [1]},
    ],
)
def test_a_reply_of_a_strange_shape_is_trouble_in_words(api: FakeApi, body: dict[str, Any]) -> None:
    api.steps = [Step(body=body)]
    assert isinstance(trouble(card(api)), ProviderError)


# --- what tells one model from another ----------------------------------------------------------


def test_what_identifies_a_model_names_endpoint_model_and_params_but_no_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://user:pass-word@proxy.example.org/v1/?token=t0ken")
    model = Model(alias="m", provider="openai", model="gpt-4o", params={"top_k": 1}, revision="r1")
    made = providers.get("openai").make(model)
    told = made.identifies()
    assert told["base_url"] == "https://proxy.example.org/v1"
    assert (told["model"], told["params"], made.revision()) == ("gpt-4o", {"top_k": 1}, "r1")
    for secret in ("sk-secret", "pass-word", "t0ken"):
        assert secret not in json.dumps(told)


def test_whatever_shapes_the_request_makes_another_model() -> None:
    plain = Model(alias="m", provider="openai", model="gpt-4o")

    def told(**changes: Any) -> str:
        made = providers.get("openai").make(dataclasses.replace(plain, **changes))
        return json.dumps(made.identifies(), sort_keys=True)

    others = [
        told(model="gpt-4"),
        told(base_url="https://example.org/v1"),
        told(params={"top_k": 1}),
        told(system="none"),
        told(options={"omit": ["temperature"]}),
        told(options={"thinking_tokens": 9}),
        told(options={"opens_thinking": True}),
    ]
    assert len({told(), *others}) == len(others) + 1
    assert told(alias="other") == told(api_key_env="K") == told()


def test_an_unknown_model_is_refused(api: FakeApi) -> None:
    problem = trouble(card(api, model=UNKNOWN_MODEL))
    assert type(problem) is Refused
    assert "does not exist" in str(problem)


def test_a_relay_that_tells_of_trouble_with_a_200_is_understood(api: FakeApi) -> None:
    limited = {"error": {"code": 429, "message": "Rate limited upstream"}}
    api.steps = [Step(body=limited), Step(body=error("odd"))]
    first, second = trouble(card(api)), trouble(card(api))
    assert (type(first), str(first)) == (Transient, "openai: 429 (Rate limited upstream)")
    assert type(second) is Transient
