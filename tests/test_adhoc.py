"""Targets without a card: ``--target openai:gpt-4o-mini``."""

from __future__ import annotations

import re

import pytest

from distill_tests.adhoc import adhoc_model
from distill_tests.errors import DistillError, UnknownName
from distill_tests.types import Identity


def test_an_alias_is_no_adhoc_target() -> None:
    assert adhoc_model("qwen-max") is None


@pytest.mark.parametrize(
    ("text", "alias", "provider", "model"),
    [
        ("openai:gpt-4o-mini", "openai-gpt-4o-mini", "openai", "gpt-4o-mini"),
        ("anthropic:claude-sonnet-5", "anthropic-claude-sonnet-5", "anthropic", "claude-sonnet-5"),
        ("openai:llama3.1:8b", "openai-llama3.1-8b", "openai", "llama3.1:8b"),
        ("openai:Qwen/Qwen2.5-7B", "openai-Qwen-Qwen2.5-7B", "openai", "Qwen/Qwen2.5-7B"),
        ("openai:模型[1]::x", "openai-1-x", "openai", "模型[1]::x"),
    ],
)
def test_provider_and_model_are_told_and_the_alias_fits_into_a_node_id(
    text: str, alias: str, provider: str, model: str
) -> None:
    card = adhoc_model(text)
    assert card is not None
    assert (card.alias, card.provider, card.model) == (alias, provider, model)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", card.alias)


@pytest.mark.parametrize(
    ("name", "maker"),
    [
        ("gpt-4o-mini", "OpenAI"),
        ("claude-sonnet-5", "Anthropic"),
        ("qwen-max", "Alibaba"),
        ("Qwen/Qwen2.5-7B-Instruct", "Alibaba"),
        ("meta-llama/Llama-3.1-8B", "Meta"),
    ],
)
def test_a_name_that_begins_with_a_makers_model_is_that_makers(name: str, maker: str) -> None:
    card = adhoc_model(f"openai:{name}")
    assert card is not None
    assert card.identity == Identity(name=name.split("/")[-1], maker=maker)


@pytest.mark.parametrize(
    "name", ["deepseek-r1-distill-llama-8b", "acme-llama-3.1", "acme/helpful", "gpt-4-beats-claude"]
)
def test_a_name_that_leaves_the_maker_open_gives_no_identity(name: str) -> None:
    card = adhoc_model(f"openai:{name}")
    assert card is not None
    assert card.identity is None


def test_an_unknown_provider_is_named_with_the_near_miss() -> None:
    with pytest.raises(UnknownName, match="unknown provider 'opnai'; did you mean 'openai'"):
        adhoc_model("opnai:gpt-4o-mini")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("openai:", "target 'openai:' names no model; write openai:MODEL"),
        ("recorded:x", "provider 'recorded' needs a card in models.yaml, with transcripts"),
    ],
)
def test_what_cannot_be_asked_without_a_card_says_so(text: str, words: str) -> None:
    with pytest.raises(DistillError, match=re.escape(words)):
        adhoc_model(text)
