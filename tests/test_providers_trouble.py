"""What comes of errors: both API providers map the same trouble to the same kind, against a real server."""

from __future__ import annotations

import asyncio
import datetime
import email.utils
import gzip
import json
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from distill_tests.errors import (
    DistillError,
    EmptyReply,
    MissingExtra,
    ProviderError,
    Refused,
    Transient,
)
from distill_tests.providers._api_body import LARGEST_BODY
from distill_tests.providers._api_trouble import retry_after_s, trouble_of
from distill_tests.registry import providers
from distill_tests.types import Message, Model, Usage
from tests.api_asking import KEY_NAME, answer, asking, card, set_environment, trouble
from tests.fake_api import FakeApi, Step, error

BOTH = pytest.mark.parametrize("provider", ["openai", "anthropic"])


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi() as api:
        yield api


@BOTH
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ProviderError),
        (401, Refused),
        (402, Refused),
        (403, Refused),
        (404, Refused),
        (408, Transient),
        (409, Transient),
        (413, ProviderError),
        (422, ProviderError),
        (429, Transient),
        (500, Transient),
        (502, Transient),
        (503, Transient),
        (529, Transient),
    ],
)
def test_a_status_is_the_same_trouble_for_both(
    api: FakeApi, provider: str, status: int, kind: type[ProviderError]
) -> None:
    api.steps = [Step(status=status, body=error("What the server says."))]
    problem = trouble(card(api, provider))
    assert type(problem) is kind
    assert str(problem) == f"{provider}: {status} (What the server says.)"
    assert problem.receipt == "req-1"
    assert len(api.calls) == 1  # the SDKs' own retries are off


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, error("You exceeded your current quota", code="insufficient_quota"), Refused),
        (400, error("Model Not Exist"), Refused),
        (400, error("The model `x` does not exist"), Refused),
        (400, error("model 'llama9' not found, try pulling it first"), Refused),
        (400, error("Your credit balance is too low to access the API."), Refused),
        (400, error("API key not valid. Please pass a valid API key."), Refused),
        (400, error("x", code="content_filter"), EmptyReply),
        (400, error("x", code="data_inspection_failed"), EmptyReply),
        (400, error("Content Exists Risk"), EmptyReply),
        (400, error("Output blocked by content filtering policy"), EmptyReply),
        (400, error("The response was filtered due to Azure's content management policy."), EmptyReply),
        (403, error("Your chosen model requires moderation and your input was flagged"), EmptyReply),
        (
            400,
            {"error": {"message": "x", "innererror": {"code": "ResponsibleAIPolicyViolation"}}},
            EmptyReply,
        ),
        (400, error("The model produced no valid tool call; the tool was not found"), ProviderError),
        (400, error("This model's maximum context length is 8192 tokens."), ProviderError),
    ],
)
def test_what_the_body_says_counts_beside_the_status(
    status: int, body: dict[str, Any], kind: type[ProviderError]
) -> None:
    with FakeApi(Step(status=status, body=body)) as api:
        assert type(trouble(card(api))) is kind


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", ""),
        (b"upstream connect error", " (upstream connect error)"),
        (b"<html>\n <body>Bad\tGateway</body>", " (<html> <body>Bad Gateway</body>)"),
        (b'{"detail": "Not authenticated"}', " (Not authenticated)"),
        (b'{"error": "busy"}', " (busy)"),
        (b'{"error": {"message": ["odd"]}}', ' ({"error": {"message": ["odd"]}})'),
        (b"\xff\xfe", " (\ufffd\ufffd)"),
        (b"[" * 100_000, f" ({'[' * 299}…)"),
    ],
)
def test_a_body_of_any_shape_is_told_on_one_line_of_bounded_length(body: bytes, said: str) -> None:
    assert str(trouble_of("openai", 503, {}, body)) == f"openai: 503{said}"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "20"}, 0.25),
        ({"retry-after": "Wed, 04 Mar 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Wed, 04 Mar 2026 12:00:30 -0000"}, 30.0),
        ({"retry-after": "Wed, 04 Mar 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after-ms": "x", "retry-after": "2"}, 2.0),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_in_all_three_forms(headers: dict[str, str], seconds: float | None) -> None:
    now = datetime.datetime(2026, 3, 4, 12, 0, 0, tzinfo=datetime.UTC)
    assert retry_after_s(headers, now=now) == seconds


@BOTH
def test_how_long_to_wait_arrives_with_the_error(api: FakeApi, provider: str) -> None:
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    dated = {"retry-after": email.utils.format_datetime(later, usegmt=True)}
    api.steps = [Step(status=429, headers={"retry-after": "20"}), Step(status=503, headers=dated)]
    model = card(api, provider)
    in_seconds, by_date = trouble(model), trouble(model)
    assert isinstance(in_seconds, Transient)
    assert isinstance(by_date, Transient)
    assert in_seconds.retry_after == 20
    assert by_date.retry_after is not None
    assert 1800 < by_date.retry_after <= 3600


def test_a_server_that_says_whether_to_try_again_is_believed() -> None:
    assert type(trouble_of("openai", 500, {"x-should-retry": "false"}, b"")) is ProviderError
    assert type(trouble_of("openai", 400, {"x-should-retry": "true"}, b"")) is Transient


@BOTH
@pytest.mark.parametrize("cut", ["before", "within"])
def test_a_connection_that_breaks_off_is_worth_another_attempt(api: FakeApi, provider: str, cut: Any) -> None:
    api.steps = [Step(cut=cut)]
    model = card(api, provider)
    problem = trouble(model)
    assert type(problem) is Transient
    assert str(problem).startswith(f"{provider}: no reply from {model.base_url} (")
    assert answer(model).text


@BOTH
def test_nobody_there_is_worth_another_attempt_and_the_address_is_told(provider: str) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and nobody else can have the port as long as this one does
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        model = Model(alias="m", provider=provider, model="x", base_url=address, api_key_env=KEY_NAME)
        problem = trouble(model)
    assert type(problem) is Transient
    assert address in str(problem)


@BOTH
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"choices": [{"mess', b"[]", b"null", b"{}"])
def test_a_200_without_a_json_object_is_worth_another_attempt(
    api: FakeApi, provider: str, body: bytes
) -> None:
    api.steps = [Step(body=body)]
    problem = trouble(card(api, provider))
    assert type(problem) is Transient
    assert "200 with a body that is no JSON object" in str(problem)


@BOTH
def test_a_deadline_from_outside_ends_a_slow_call_and_the_provider_stays_usable(
    api: FakeApi, provider: str
) -> None:
    model = card(api, provider)

    async def ask() -> str:
        made = providers.get(provider).make(model)
        await made.send(asking(model))
        api.steps = [Step(held=True)]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await made.send(asking(model))
        api.steps.clear()  # where the call did not get that far in its time
        try:
            return (await made.send(asking(model))).text
        finally:
            await made.aclose()

    assert asyncio.run(ask())


@BOTH
def test_without_its_sdk_a_provider_names_the_extra_and_still_identifies_its_model(
    monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    monkeypatch.setitem(sys.modules, provider, None)  # as if it were not installed
    model = Model(alias="m", provider=provider, model="x", api_key_env=KEY_NAME)
    assert providers.get(provider).make(model).identifies()["model"] == "x"
    with pytest.raises(MissingExtra) as caught:
        asyncio.run(providers.get(provider).make(model).send(asking(model)))
    assert str(caught.value) == (
        f"provider '{provider}' needs {provider}. Install it with: pip install 'distill-tests[{provider}]'"
    )
    assert isinstance(caught.value, DistillError)


@BOTH
def test_text_that_utf8_cannot_carry_is_named(api: FakeApi, provider: str) -> None:
    problem = trouble(card(api, provider), messages=(Message(role="user", text="a\ud800b"),))
    assert type(problem) is ProviderError
    assert "a lone surrogate" in str(problem)
    assert api.calls == []


@BOTH
@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_redirect_is_never_followed(provider: str, status: int) -> None:
    """Confidential text goes to the hosts that the card names, wherever such a host points."""
    with FakeApi() as elsewhere:
        step = Step(status=status, body=error("moved"), headers={"Location": elsewhere.url})
        with FakeApi(step) as api:
            raised = trouble(card(api, provider))
        assert isinstance(raised, Refused)
        assert f"a redirect to {elsewhere.url}, which is not followed; base_url" in str(raised)
        assert len(api.calls) == 1
        assert elsewhere.calls == []


@BOTH
@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("packed", [False, True])
def test_a_body_without_end_is_not_read_to_its_end(provider: str, status: int, packed: bool) -> None:
    """Asked once: another attempt would bring as much."""
    body = b'{"choices": "' + b"A" * LARGEST_BODY + b'"}'
    headers = {"content-encoding": "gzip"} if packed else {}
    with FakeApi(
        Step(status=status, body=gzip.compress(body, 1) if packed else body, headers=headers)
    ) as api:
        raised = trouble(card(api, provider))
        assert type(raised) is ProviderError
        assert str(raised).startswith(f"{provider}: a body of more than 32 MB from http://127.0.0.1")


@BOTH
def test_a_packed_body_is_unpacked(api: FakeApi, provider: str) -> None:
    usual = {
        "choices": [{"message": {"content": "Toy."}}],
        "content": [{"type": "text", "text": "Toy."}],
    }
    api.steps = [Step(body=gzip.compress(json.dumps(usual).encode()), headers={"content-encoding": "gzip"})]
    reply = answer(card(api, provider))
    assert (reply.text, reply.request_id) == ("Toy.", "req-1")


@BOTH
@pytest.mark.parametrize("told", [[5], {"x": 1}, -5, True, "5", None, 1.5])
def test_counts_of_tokens_that_are_none_cost_no_answer_and_lower_no_total(
    api: FakeApi, provider: str, told: object
) -> None:
    names = ("prompt_tokens", "completion_tokens", "cache_read_input_tokens", "output_tokens")
    usage = {**dict.fromkeys(names, told), "input_tokens": 3}
    api.steps = [Step(over={"usage": usage}, message={"usage": usage} if provider == "anthropic" else {})]
    reply = answer(card(api, provider))
    assert reply.text
    assert reply.usage == (Usage(input_tokens=3, output_tokens=0) if provider == "anthropic" else None)
