"""The fingerprint: what tells requests apart, and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests.fingerprint import canonical, fingerprint
from distill_tests.types import Image, Message, Model, Price, Request, Sampling

MODEL = Model(alias="m", provider="scripted", model="m-1")
REQUEST = Request(
    model=MODEL,
    messages=(
        Message(role="system", text="Be brief."),
        Message(role="user", text="Who are you?", images=(Image(media_type="image/png", data=b"\x89PNG"),)),
    ),
    sampling=Sampling(max_tokens=60, temperature=0.5, top_p=0.9, seed=1, stop=("\n",)),
    sample=1,
    logprobs=5,
    json_schema={"type": "object", "properties": {"a": {"type": "string"}}},
)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
messages = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant"]),
    # With lone surrogates: models send them, and a second turn sends them back.
    text=st.text(st.characters(codec=None)),
    images=st.lists(
        st.builds(Image, media_type=st.sampled_from(["image/png", "image/jpeg"]), data=st.binary(max_size=4)),
        max_size=2,
    ).map(tuple),
)
samplings = st.builds(
    Sampling,
    max_tokens=st.integers(1, 4),
    temperature=st.floats(0, 2),
    top_p=st.none() | st.floats(0, 1),
    seed=st.none() | st.integers(0, 3),
    stop=st.lists(st.text(max_size=2), max_size=2).map(tuple),
)
requests = st.builds(
    Request,
    model=st.sampled_from([MODEL, replace(MODEL, ask_as="completion"), replace(MODEL, provider="local")]),
    messages=st.lists(messages, max_size=3).map(tuple),
    sampling=samplings,
    sample=st.integers(0, 3),
    logprobs=st.none() | st.integers(0, 5),
    json_schema=st.none() | st.dictionaries(st.text(), json_values, max_size=3),
)


def digits(request: Request = REQUEST, *, identifies: Any = None, revision: str | None = None) -> str:
    return fingerprint(request, identifies=identifies or {"model": "m-1"}, revision=revision)


@given(requests, st.dictionaries(st.text(), json_values, max_size=4))
def test_a_fingerprint_is_64_hexadecimal_digits_and_always_the_same(
    request: Request, identifies: Any
) -> None:
    first = fingerprint(request, identifies=identifies)
    assert first == fingerprint(request, identifies=identifies)
    assert len(first) == 64
    assert set(first) <= set("0123456789abcdef")


@given(st.dictionaries(st.text(), json_values, min_size=2, max_size=6), st.randoms())
def test_the_order_of_keys_is_irrelevant(document: dict[str, Any], random: Any) -> None:
    keys = list(document)
    random.shuffle(keys)
    shuffled = {key: document[key] for key in keys}
    assert digits(identifies=document) == digits(identifies=shuffled)
    assert digits(replace(REQUEST, json_schema=document)) == digits(replace(REQUEST, json_schema=shuffled))


@given(requests, requests)
def test_two_requests_share_a_fingerprint_only_if_they_are_equal(first: Request, second: Request) -> None:
    same = canonical(first, identifies={}) == canonical(second, identifies={})
    assert same == (first == second)
    assert (digits(first) == digits(second)) == same


@pytest.mark.parametrize(
    "changed",
    [
        replace(REQUEST, messages=REQUEST.messages[1:]),
        replace(REQUEST, messages=tuple(reversed(REQUEST.messages))),
        replace(REQUEST, messages=(replace(REQUEST.messages[0], role="user"), REQUEST.messages[1])),
        replace(REQUEST, messages=(replace(REQUEST.messages[0], text="Be brief. "), REQUEST.messages[1])),
        replace(REQUEST, messages=(REQUEST.messages[0], replace(REQUEST.messages[1], images=()))),
        replace(
            REQUEST,
            messages=(
                REQUEST.messages[0],
                replace(REQUEST.messages[1], images=(Image(media_type="image/png", data=b"\x89PNG2"),)),
            ),
        ),
        replace(REQUEST, sampling=replace(REQUEST.sampling, max_tokens=61)),
        replace(REQUEST, sampling=replace(REQUEST.sampling, temperature=0.6)),
        replace(REQUEST, sampling=replace(REQUEST.sampling, top_p=None)),
        replace(REQUEST, sampling=replace(REQUEST.sampling, seed=None)),
        replace(REQUEST, sampling=replace(REQUEST.sampling, stop=())),
        replace(REQUEST, sample=2),
        replace(REQUEST, logprobs=None),
        replace(REQUEST, json_schema=None),
        replace(REQUEST, json_schema={"type": "array"}),
        replace(REQUEST, model=replace(MODEL, ask_as="completion")),
        replace(REQUEST, model=replace(MODEL, provider="openai")),
    ],
)
def test_every_field_of_a_request_changes_it(changed: Request) -> None:
    assert digits(changed) != digits()


def test_what_the_provider_says_of_its_model_changes_it() -> None:
    assert len({digits(), digits(identifies={"model": "m-2"}), digits(revision="2024-09")}) == 3


@pytest.mark.parametrize(
    "model",
    [
        replace(MODEL, alias="another-name"),
        replace(MODEL, price=Price(input=1, output=2)),
        replace(MODEL, confidential=True, target=True),
    ],
)
def test_what_cannot_change_a_reply_does_not_change_it(model: Model) -> None:
    assert digits(replace(REQUEST, model=model)) == digits()


def test_a_temperature_of_0_and_of_0_point_0_are_one() -> None:
    whole, real = (replace(REQUEST, sampling=Sampling(temperature=value, top_p=value)) for value in (0, 0.0))
    assert digits(whole) == digits(real)


def test_an_image_stands_as_its_hash() -> None:
    assert "89PNG" not in str(canonical(REQUEST, identifies={}))
    assert len(str(canonical(REQUEST, identifies={}))) < 1000


def test_a_request_that_json_cannot_hold_is_an_error() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        digits(identifies={"temperature": float("nan")})
