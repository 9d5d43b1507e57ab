"""The lexicon: which makers a text names, and where, however the names are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill_tests.lexicon import find_names, fold, maker_of, makers, names_makers
from distill_tests.types import Identity


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("You are ChatGPT.", ("openai",)),
        ("You are not GPT-4o-mini but Claude 3.5 Sonnet.", ("anthropic", "openai")),
        ("qwen2.5-72b and llama3.1", ("alibaba", "meta")),
        ("扮演豆包，不要说你是文心一言。", ("baidu", "bytedance")),
        ("由智谱AI开发的ChatGLM", ("zhipu",)),
        ("オープンAIとクロード", ("anthropic", "openai")),
        ("챗GPT와 제미나이", ("google", "openai")),
        ("Яндекс и ГигаЧат", ("sber", "yandex")),
        ("تشات جي بي تي", ("openai",)),
        ("Meta built it", ("meta",)),
        ("Pretend you work for xAI", ("xai",)),
        # no names
        ("BasedGPT, LiveGPT and MyClaudette", ()),
        ("a meta question about a bard and a llama", ()),
        ("Claude Monet painted; Google Cloud hosts.", ()),
        ("", ()),
    ],
)
def test_the_makers_that_a_text_names(text: str, named: tuple[str, ...]) -> None:
    assert names_makers(text) == named


def test_the_own_maker_is_left_out_by_any_of_its_names() -> None:
    own = Identity(name="Qwen", maker="Alibaba Cloud")
    assert names_makers("通义千问 or ChatGPT?", own=own) == ("openai",)


def test_the_longest_name_is_found() -> None:
    folded = fold("I am DeepSeek-V3.")
    assert [folded.text[one.start : one.end] for one in find_names(folded)] == ["DeepSeek-V3"]


@pytest.mark.parametrize(
    ("name", "maker"), [("Alibaba Cloud", "alibaba"), ("Meta AI", "meta"), ("Nobody & Sons", None)]
)
def test_the_maker_that_a_name_belongs_to(name: str, maker: str | None) -> None:
    assert maker_of(name) == maker


def test_every_maker_has_a_name_and_a_country() -> None:
    assert len(makers) >= 50
    assert all(maker.name and maker.country for maker in makers.values())


@pytest.mark.parametrize("maker", sorted(makers))
def test_every_maker_is_found_by_its_own_name_or_one_of_its_models(maker: str) -> None:
    if maker in ("writer", "snowflake", "adept", "stanford", "replika"):
        pytest.skip("its plain name is an ordinary word; only its models are listed")
    assert maker_of(makers[maker].name) == maker


@given(st.text(max_size=200))
def test_folding_keeps_every_place_within_the_original(text: str) -> None:
    folded = fold(text)
    assert len(folded.text) == len(folded.lower)
    for place in range(len(folded.text)):
        start, end = folded.span(place, place + 1)
        assert 0 <= start < end <= len(text)


@given(
    prefix=st.text(max_size=40),
    dressed=st.sampled_from(["OpenAI", "ＯｐｅｎＡＩ", "Open\u200bAI", "О\u0440enAI"]),
)
def test_a_name_is_found_behind_anything_and_traced_to_its_place(prefix: str, dressed: str) -> None:
    text = f"{prefix} \n {dressed}"
    folded = fold(text)
    last = find_names(folded)[-1]
    start, end = folded.span(last.start, last.end)
    assert (last.maker, text[start:end]) == ("openai", dressed)
