"""Secrets are taken out in every form; ordinary text is not touched."""

from __future__ import annotations

import base64
import html
import json
import time
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.redact import REDACTED, Redactor
from distill_tests.types import Json

KEY = "9f8e7d6c-not/a+word=="
NOTHING = Redactor.from_environ({})

ORDINARY = [
    "I am a task-oriented-assistant built with scikit-learn; see sk-learn-contrib-packages.",
    "It stands in sk-2024-annual-report, and risk-assessment-of-2024 says the same.",
    "The bearer of this letter uses Bearer authentication and bearer certificates.",
    "Set api_key: ${OPENAI_API_KEY} in specs/models.yaml, or api_key=None, or api-key: required",
    "See http://localhost:8080/v1/chat?key=home&page=2 and https://example.org/a:b@c",
    "Authorization: required for all users. Basic understanding of authentication is assumed.",
    "你的 API 密钥 api_key 是什么？ token: 12345; password: hunter",
    "AIzasomething ghp_short hf_hub_download eyJhbGciOi eyJust a text",
    "gpt-4o-2024-08-06, chatcmpl-9f8e7d6c, req-0123456789abcdef0123456789abcdef, sha256:" + "ab" * 32,
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----",
]


def forms(secret: str) -> dict[str, str]:
    raw = secret.encode()
    return {
        "plain": secret,
        "quoted": urllib.parse.quote(secret, safe=""),
        "quoted, slashes kept": urllib.parse.quote(secret),
        "quoted, lower case": urllib.parse.quote(secret, safe="").lower()
        if secret == secret.lower()
        else urllib.parse.quote(secret, safe=""),
        "quoted for a form": urllib.parse.quote_plus(secret),
        "quoted twice": urllib.parse.quote(urllib.parse.quote(secret, safe=""), safe=""),
        "json": json.dumps(secret)[1:-1],
        "json in json": json.dumps(json.dumps(secret))[1:-1],
        "json, slashes escaped": json.dumps(secret)[1:-1].replace("/", "\\/"),
        "json, ascii off": json.dumps(secret, ensure_ascii=False)[1:-1],
        "html": html.escape(secret),
        "repr": repr(secret)[1:-1],
        "base64": base64.b64encode(raw).decode(),
        "base64 url": base64.urlsafe_b64encode(raw).decode(),
        "basic, one off": base64.b64encode(b"u:" + raw).decode(),
        "basic, two off": base64.b64encode(b"me@x:" + raw + b"\n").decode(),
        "base64 in a url": urllib.parse.quote(base64.b64encode(raw).decode(), safe=""),
        "hex": raw.hex(),
    }


@pytest.mark.parametrize("form", forms(KEY))
@pytest.mark.parametrize(
    "secret", [KEY, "plainsecret1", 'pa"ss\\word&<x>', "pässwörd/密钥123", "two words+more"]
)
def test_a_known_secret_is_found_in_every_form(secret: str, form: str) -> None:
    redactor = Redactor.from_environ({"OPENAI_API_KEY": secret})
    text = f"before {forms(secret)[form]} after"
    redacted = redactor.redact(text)
    assert REDACTED in redacted
    assert redacted.startswith("before ")
    assert redacted.endswith(" after")
    leftover = redacted.removeprefix("before ").removesuffix(" after").replace(REDACTED, "")
    around = len(base64.b64encode(b"me@x:\n")) if "basic" in form else 2
    assert len(leftover) <= around + 2, leftover
    assert secret not in redacted


SECRETS = st.text(st.characters(min_codepoint=33, exclude_categories=["Cs"]), min_size=8, max_size=40).filter(
    lambda secret: (
        any(char.isalnum() for char in secret) and not set(secret) & set("[]") and secret.strip() == secret
    )
)


@settings(deadline=None)
@given(SECRETS, st.text(max_size=30), st.text(max_size=30))
def test_no_planted_secret_is_left(secret: str, before: str, after: str) -> None:
    redactor = Redactor.of([secret])
    for form in forms(secret).values():
        assert secret not in redactor.redact(before + form + after)
    assert secret not in str(redactor.redact_all({"x": [before + secret + after]}))


@settings(deadline=None)
@given(st.text(), SECRETS)
def test_redacting_twice_is_redacting_once(text: str, secret: str) -> None:
    redactor = Redactor.of([secret])
    once = redactor.redact(text + secret + text)
    assert redactor.redact(once) == once


@settings(deadline=None)
@given(st.text())
def test_text_without_secrets_comes_back_as_it_is_unless_it_looks_like_a_key(text: str) -> None:
    redacted = NOTHING.redact(text)
    assert redacted == text or REDACTED in redacted


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_not_touched(text: str) -> None:
    redactor = Redactor.from_environ({"OPENAI_API_KEY": KEY, "GIT_AUTHOR_NAME": "annual-report"})
    assert redactor.redact(text) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8t", "Ab3dEf6hIj9kLm2nOp5qRs8t"),
        ("key sk-0123456789abcdef0123456789abcdef!", "0123456789abcdef0123456789abcdef"),
        ("sk-ant-api03-AbCdEfGh1234567890-_xyzXYZ", "AbCdEfGh1234567890"),
        ("sk-test-1234567890abcdef", "1234567890abcdef"),
        ("curl -H 'Authorization: Bearer abc.def'", "abc.def"),
        ('{"Authorization": "Basic dXNlcjpwYXNz"}', "dXNlcjpwYXNz"),
        ("{'authorization': 'Bearer 0a1b2c3d4e5f6g7h'}", "0a1b2c3d4e5f6g7h"),
        ('"{\\"Authorization\\": \\"Bearer tok-1\\"}"', "tok-1"),
        ("got Bearer eyJhbGciOiJIUzI1NiJ9x", "eyJhbGciOiJIUzI1NiJ9x"),
        ("AIzaSyA-1234567890abcdefghijklmnopqrstu", "AIzaSyA-1234567890abcdefghijklmnopqrstu"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_0123456789abcdefghijABCDEFGHIJ012345"),
        ("hf_AbCdEfGhIjKlMnOpQrStUvWxYz012345", "hf_AbCdEfGhIjKlMnOpQrStUvWxYz012345"),
        ("xoxb-123456789012-abcdefABCDEF", "123456789012-abcdefABCDEF"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("https://user:p@ss-w0rd@host:8080/v1", "p@ss-w0rd"),
        ("https://:onlypassword@host/", "onlypassword"),
        ("https://0123456789abcdefabcd@github.com/x.git", "0123456789abcdefabcd"),
        ("GET https://host/v1?api_key=hunter2&x=1", "hunter2"),
        ("GET https://host/v1?x=1&key=AbCdEfGh12345678", "AbCdEfGh12345678"),
        ("api_key='abcdef12'", "abcdef12"),
        ("x-api-key: 0123456789abcdef", "0123456789abcdef"),
        ('{"apiKey": "abc12345"}', "abc12345"),
        ("OPENAI_API_KEY=abcd1234efgh", "abcd1234efgh"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVm", "eyJzdWIiOiIxMjM0In0"),
        (
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0\n-----END PRIVATE KEY-----",
            "MIIEvQIBADANBgkq",
        ),
        (
            r'"-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END RSA PRIVATE KEY-----"',
            "MIIEvQIBADANBgkq",
        ),
    ],
)
def test_well_known_shapes_are_found_without_being_told(text: str, secret: str) -> None:
    redacted = NOTHING.redact(text)
    assert secret not in redacted
    assert REDACTED in redacted


def test_what_stands_around_a_secret_is_kept() -> None:
    assert NOTHING.redact("GET https://me:pass@host/v1?api_key=abc123&x=1 failed") == (
        f"GET https://me:{REDACTED}@host/v1?api_key={REDACTED}&x=1 failed"
    )
    assert json.loads(NOTHING.redact('{"authorization": "Bearer abcd1234", "n": 1}')) == {
        "authorization": f"Bearer {REDACTED}",
        "n": 1,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DASHSCOPE_API_KEY", "abcdefgh"),
        ("MYAPIKEY", "abcdefgh"),
        ("DB_PASSWORD", "correct horse"),
        ("GITHUB_TOKEN", "abcdefgh"),
        ("client_secret", "abcdefgh"),
        ("AWS_CREDENTIALS", "abcdefgh"),
        ("PROXY_AUTH", "user:abcdefgh"),
        ("AWS_SECRET_ACCESS_KEY", "/Kx3abc/defg+hij"),
    ],
)
def test_variables_are_known_by_their_names(name: str, value: str) -> None:
    assert Redactor.from_environ({name: f"{value}\n"}).redact(f"x{value}x") == f"x{REDACTED}x"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENAI_API_KEY", "short"),
        ("OPENAI_API_KEY", "not-needed"),
        ("GIT_AUTHOR_NAME", "Jane Smith"),
        ("XAUTHORITY", "/home/jane/.Xauthority"),
        ("SSH_AUTH_SOCK", "/opt/agent/socket"),
        ("KEYBOARD_LAYOUT", "american"),
        ("TOKENIZERS_PARALLELISM", "disabled"),
        ("MAX_TOKENS", "10000000"),
        ("OAUTH_TOKEN_URL", "https://auth.example.org/token"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/project/key.json"),
        ("HOME", "/home/jane"),
        ("PWD", "/project/main"),
    ],
)
def test_variables_that_hold_no_secret_are_left_alone(name: str, value: str) -> None:
    assert Redactor.from_environ({name: value}).redact(f"x {value} x") == f"x {value} x"


def test_a_card_names_its_variable_whatever_it_is_called() -> None:
    environ = {"QWEN_ACCESS": "abcdefgh"}
    assert Redactor.from_environ(environ).redact("abcdefgh") == "abcdefgh"
    assert Redactor.from_environ(environ, ["QWEN_ACCESS"]).redact("abcdefgh") == REDACTED


def test_secrets_that_overlap_are_one_hole() -> None:
    redactor = Redactor.of(["abcdefgh", "efghijkl", "abcdefghijkl"])
    assert redactor.redact("-abcdefghijkl-abcdefgh-") == f"-{REDACTED}-{REDACTED}-"


def test_plain_data_is_redacted_throughout() -> None:
    value: Json = {"abcdefgh": ["abcdefgh", {"x": "a abcdefgh"}, 1, None, True, 0.5]}
    assert Redactor.of(["abcdefgh"]).redact_all(value) == {
        REDACTED: [REDACTED, {"x": f"a {REDACTED}"}, 1, None, True, 0.5]
    }


def test_a_redactor_does_not_tell_its_secrets() -> None:
    redactor = Redactor.of([KEY])
    assert KEY not in repr(redactor)
    assert "9f8e7d6c" not in f"{redactor}"


MEGABYTES = {
    "lorem ipsum dolor, ": 10,
    "://a:": 1,
    "Bearer ": 1,
    "sk-": 1,
    "a": 1,
    "%2F\\u002f": 1,
    "?key=": 1,
}


@pytest.mark.parametrize("text", MEGABYTES)
def test_ten_megabytes_take_a_moment_and_no_text_takes_for_ever(text: str) -> None:
    redactor = Redactor.from_environ({f"SERVICE_{n}_API_KEY": f"{KEY}{n}{n * 7919}/x" for n in range(8)})
    big = text * (MEGABYTES[text] * 1_000_000 // len(text))
    started = time.thread_time()
    redactor.redact(big)
    assert time.thread_time() - started < 15  # 0.3 s
