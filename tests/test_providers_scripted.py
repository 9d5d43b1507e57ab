"""The scripted provider: what its card says, happens."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from distill_tests.errors import EmptyReply, ProviderError, Refused, Transient
from distill_tests.registry import Provider, providers
from distill_tests.types import Message, Model, Reply, Request, Sampling, Usage


def card(directory: Path | str = ".", /, **options: Any) -> Model:
    return Model(alias="m", provider="scripted", model="m-1", options=options, directory=str(directory))


def made(model: Model) -> Provider:
    return providers.get("scripted").make(model)


def asking(model: Model, *texts: str, sample: int = 0) -> Request:
    messages = tuple(Message(role="user", text=text) for text in texts or ("Who made you?",))
    return Request(model=model, messages=messages, sampling=Sampling(), sample=sample)


def answer(provider: Provider, request: Request) -> Reply:
    return asyncio.run(provider.send(request))


def test_the_first_reply_that_matches_answers() -> None:
    model = card(
        replies=[
            {"match": "made", "regex": "^Who", "reply": "A."},
            {"match": "made", "reply": "B."},
            {"regex": "(?i)NAME", "reply": "C.", "thinking": "hm", "finish": "length"},
        ],
        default="D.",
    )
    provider = made(model)
    told = [
        answer(provider, asking(model, text)).text for text in ("Who made you?", "made?", "Your name?", "?")
    ]
    assert told == ["A.", "B.", "C.", "D."]
    reply = answer(provider, asking(model, "name"))
    assert (reply.thinking, reply.finish) == ("hm", "length")


def test_a_system_message_and_earlier_turns_can_be_matched() -> None:
    model = card(replies=[{"match": "You are Bob", "reply": "I am Bob."}], default="I am M.")
    messages = (Message(role="system", text="You are Bob."), Message(role="user", text="Who are you?"))
    request = Request(model=model, messages=messages, sampling=Sampling())
    assert answer(made(model), request).text == "I am Bob."


def test_samples_can_differ() -> None:
    model = card(replies=[{"reply": ["a", "b"]}])
    assert [answer(made(model), asking(model, sample=n)).text for n in range(3)] == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (429, Transient),
        (503, Transient),
        (408, Transient),
        ("timeout", Transient),
        ("disconnect", Transient),
        (401, Refused),
        (403, Refused),
        (404, Refused),
        (400, ProviderError),
        (422, ProviderError),
    ],
)
def test_an_error_is_what_a_real_endpoint_means_by_it(error: int | str, raised: type[ProviderError]) -> None:
    model = card(script=[{"error": error, "retry_after_s": 0.5}], default="ok")
    provider = made(model)
    with pytest.raises(ProviderError) as caught:
        answer(provider, asking(model))
    assert type(caught.value) is raised
    if isinstance(caught.value, Transient):
        assert caught.value.retry_after == 0.5
    assert answer(provider, asking(model)).text == "ok"


@pytest.mark.parametrize("step", [{"empty": True}, {"reply": "  \n"}, {"finish": "refusal", "reply": "no"}])
def test_an_empty_completion_and_a_refusal_are_never_answers(step: dict[str, Any]) -> None:
    model = card(script=[step], default="ok")
    with pytest.raises(EmptyReply):
        answer(made(model), asking(model))


def test_steps_take_calls_in_turn_and_the_usual_reply_stands_between() -> None:
    model = card(script=[{}, {"reply": "odd"}, {}], default="usual")
    provider = made(model)
    assert [answer(provider, asking(model)).text for _ in range(4)] == ["usual", "odd", "usual", "usual"]


def test_the_served_model_can_change_after_some_calls() -> None:
    model = card(served_model=[{"name": "m-1"}, {"name": "m-2", "after": 2}], default="ok")
    provider = made(model)
    assert [answer(provider, asking(model)).served_model for _ in range(3)] == ["m-1", "m-1", "m-2"]


def test_without_any_reply_the_request_is_named() -> None:
    model = card()
    with pytest.raises(ProviderError, match="no scripted reply matches 'Who made you"):
        answer(made(model), asking(model))


def test_usage_is_told_only_where_it_is_given() -> None:
    model = card(script=[{"usage": {"input_tokens": 3, "output_tokens": 4}}], default="ok")
    provider = made(model)
    assert answer(provider, asking(model)).usage == Usage(input_tokens=3, output_tokens=4)
    assert answer(provider, asking(model)).usage is None


def test_every_call_is_a_line_of_the_log_the_failed_ones_too(tmp_path: Path) -> None:
    model = card(tmp_path, log="calls.jsonl", script=[{"error": 500}], default="ok")
    provider = made(model)
    with pytest.raises(Transient):
        answer(provider, asking(model))
    answer(provider, asking(model, "你是谁？", sample=2))
    rows = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]
    assert [(row["call"], row["sample"], row["prompt"]) for row in rows] == [
        (0, 0, "Who made you?"),
        (1, 2, "你是谁？"),
    ]


def test_other_replies_are_another_model_and_trouble_is_not() -> None:
    plain = made(card(default="a")).identifies()
    assert made(card(default="b")).identifies() != plain
    assert made(card(default="a", log="x", delay_s=1, script=[{"error": 500}])).identifies() == plain


def test_the_schema_of_the_card_takes_what_these_tests_use_and_not_a_misspelling() -> None:
    schema = {
        "type": "object",
        "properties": dict(providers.get("scripted").options),
        "additionalProperties": False,
    }
    jsonschema.Draft202012Validator.check_schema(schema)
    valid = jsonschema.Draft202012Validator(schema).is_valid
    assert valid({"replies": [{"match": "a", "reply": ["b"]}], "script": [{}, {"error": 429}], "log": "x"})
    assert not valid({"script": [{"eror": 429}]})
    assert not valid({"replies": "a"})


def test_a_pattern_that_is_none_is_told_before_anything_is_asked() -> None:
    with pytest.raises(Refused, match=r"regex '\(' is no pattern: missing \)"):
        made(card(replies=[{"regex": "(", "reply": "a"}]))
