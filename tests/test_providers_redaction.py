"""Twenty planted secrets, sent back by a hostile endpoint wherever it can: none is seen or stored."""

from __future__ import annotations

import base64
import contextlib
import json
import traceback
import urllib.parse
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from distill_tests.engine import Engine, EngineOptions
from distill_tests.errors import ProviderError
from distill_tests.redact import Redactor
from distill_tests.throttle import Clock
from distill_tests.types import Ask, Model, Reply
from tests.api_asking import asking, card, set_environment
from tests.fake_api import FakeApi, Step

NAMED = "OUR_WAY_IN"
"""The variable that the card names for its key: nothing in its name says that it is one."""

ENVIRONMENT = {
    NAMED: "plain-0a1b2c3d4e5f",
    "OPENAI_API_KEY": "open-6f7a8b9c0d1e",
    "ANTHROPIC_API_KEY": "anth-2f3a4b5c6d7e",
    "ANTHROPIC_AUTH_TOKEN": "token-8f9a0b1c2d3e",
    "DASHSCOPE_API_KEY": "dash/scope+key==4f5a",
    "DATABASE_PASSWORD": 'pass "word" 6b7c',
    "SIGNING_SECRET": "sécret-8d9e-ünïcode",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzz1",
    "PROXY_CREDENTIALS": "proxyuser:proxy&pass<0f1a>",
    "CI_JOB_TOKEN": "ci-job-2b3c4d5e",
    "PGPASSPHRASE": "zebra horse 6f7a battery",
    "BASIC_AUTH": "basic-8b9c0d1e2f",
}
ELSEWHERE = {
    "openai": "sk-proj-Zx9Yw8Vu7Ts6Rq5Po4Nm3Lk2",
    "anthropic": "sk-ant-api03-Qw1Er2Ty3Ui4Op5As6Df7Gh8",
    "google": "AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "aws": "AKIAZ7Y6X5W4V3U2T1S0",
    "github": "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "huggingface": "hf_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345",
    "slack": "xoxb-1234567890-abcdefghijklmnop",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.c2lnbmF0dXJlLW9mLWl0",
}
SECRETS = (*ENVIRONMENT.values(), *ELSEWHERE.values())


def told() -> str:
    """Every secret, and those of the environment in other clothes too."""
    forms = [*SECRETS]
    for secret in ENVIRONMENT.values():
        raw = secret.encode()
        forms += [
            urllib.parse.quote(secret, safe=""),
            json.dumps(secret),
            base64.b64encode(raw).decode(),
            raw.hex(),
        ]
    return " | ".join(forms)


def shows(text: str) -> list[str]:
    """What a text shows of the secrets: one of the forms above, or eight characters of one in a row."""
    windows = (secret[at : at + 8] for secret in SECRETS for at in range(len(secret) - 7))
    return [form for form in (*told().split(" | "), *windows) if form in text]


def short() -> str:
    """What fits into a message that is cut after 300 characters, the cut in the middle of a secret."""
    return f"Incorrect API key provided: {ENVIRONMENT[NAMED]}. {'-' * 230} {SECRETS[7]}"


def steps() -> Mapping[str, Step]:
    everything = told()
    openai_error = {"error": {"message": short(), "code": everything, "type": everything}}
    echo = {"x-request-id": "req-" + ENVIRONMENT[NAMED], "retry-after": ENVIRONMENT[NAMED]}
    return {
        "reply": Step(
            message={
                "content": [{"type": "text", "text": everything}],
                "reasoning_content": everything,
                "stop_reason": ENVIRONMENT[NAMED],
            },
            choice={"finish_reason": ENVIRONMENT[NAMED]},
            over={"model": everything, "system_fingerprint": everything, "id": everything},
            headers=echo,
        ),
        "refusal": Step(
            message={"stop_reason": "refusal", "stop_details": {"category": everything}},
            choice={"finish_reason": "content_filter"},
            headers=echo,
        ),
        "broken off": Step(body=everything.encode(), headers=echo),
        "bad request": Step(status=400, body=openai_error, headers=echo),
        "refused": Step(status=401, body=openai_error, headers=echo),
        "overloaded": Step(status=429, body=openai_error, headers=echo),
        "page": Step(status=502, body=f"<html>{everything}</html>".encode(), headers=echo),
        "cut": Step(cut="within", body=everything.encode()),
    }


def asked(engine: Engine, model: Model) -> Future[Reply]:
    def make(ask: Ask) -> Coroutine[Any, Any, Reply]:
        async def run() -> Reply:
            return await ask(asking(model, f"Is {ENVIRONMENT[NAMED]} the key?"))

        return run()

    return engine.submit("case", make)


@pytest.fixture(params=["openai", "anthropic"])
def provider(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    set_environment(monkeypatch, **ENVIRONMENT)
    return str(request.param)


def seen(api: FakeApi, provider: str, store: Path, **changes: Any) -> str:
    """All that a run shows and keeps of one question, as one text."""
    model = card(api, provider, api_key_env=NAMED, **changes)
    redactor = Redactor.from_environ(ENVIRONMENT, extra_names=[NAMED])

    async def no_pause(_seconds: float) -> None:
        return None

    engine = Engine(
        EngineOptions(
            store_path=store, run_id="run", attempts=2, redact=redactor.redact, clock=Clock(sleep=no_pause)
        )
    )
    with contextlib.closing(engine):
        future = asked(engine, model)
        texts = [str(engine.served()), str(engine.counters())]
        try:
            texts.append(repr(future.result(timeout=120)))
        except ProviderError as error:
            texts += [str(error), repr(error.args), str(error.receipt), *traceback.format_exception(error)]
        texts += [*engine.notes("case"), str(engine.refused("m")), str(engine.served())]
    kept = b"".join(path.read_bytes() for path in sorted(store.parent.glob(f"{store.name}*")))
    return "\n".join([*texts, kept.decode("utf-8", "replace")])


def test_there_are_twenty() -> None:
    assert len(set(SECRETS)) == 20


@pytest.mark.parametrize("place", steps())
def test_no_secret_is_seen_or_stored(provider: str, place: str, tmp_path: Path) -> None:
    with FakeApi(steps()[place], steps()[place], key=ENVIRONMENT[NAMED]) as api:
        text = seen(api, provider, tmp_path / "store.sqlite")
        assert api.calls, "nothing was asked"
    assert shows(text) == []


def test_an_address_with_a_password_is_not_shown(
    provider: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with FakeApi(key=ENVIRONMENT[NAMED]) as api:
        dead = api.root.replace("http://", "http://user:hidden-4c5d6e7f@")
    monkeypatch.setenv(f"{provider.upper()}_BASE_URL", dead)
    text = seen(api, provider, tmp_path / "store.sqlite", base_url=None)
    assert "no reply from http://127.0.0.1:" in text
    assert "hidden-4c5d6e7f" not in text


def test_the_key_travels_in_a_header_only(provider: str, tmp_path: Path) -> None:
    with FakeApi(key=ENVIRONMENT[NAMED]) as api:
        seen(api, provider, tmp_path / "store.sqlite")
    (call,) = api.calls
    carrying = [name for name, value in call.headers.items() if ENVIRONMENT[NAMED] in value]
    assert carrying in (["authorization"], ["x-api-key"])
    assert ENVIRONMENT[NAMED] not in call.path
    assert not any(secret in str(call.headers) for secret in SECRETS if secret != ENVIRONMENT[NAMED])
