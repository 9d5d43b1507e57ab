"""Sentences for the laws: what a speaker says of itself, of others, and of nothing in particular."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple, Protocol, TypeVar

from distill_tests.lexicon import maker_of
from distill_tests.types import Identity

T = TypeVar("T")


class Pick(Protocol):
    """A source of choices: Hypothesis, which can shrink them, or a seeded generator."""

    def one(self, options: Sequence[T]) -> T: ...

    def some(self, options: Sequence[T], least: int, most: int) -> tuple[T, ...]:
        """Between ``least`` and ``most`` different ones, in any order."""
        ...

    def order(self, things: Sequence[T]) -> tuple[T, ...]:
        """All of them, in another order perhaps."""
        ...


class Named(NamedTuple):
    """A maker with its models, by the names that people write."""

    id: str
    maker: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Answers that a law speaks about, of one speaker in one language; ``roles`` says what each one is."""

    identity: Identity
    language: str
    question: str
    answers: tuple[str, ...]
    roles: tuple[str, ...]


_ABBREVIATION = re.compile(r"\b(?:[A-Z]|Inc)$")


@cache
def known() -> tuple[Named, ...]:
    """The makers of the lexicon that have a model with a name of its own, the best known first.

    Names that end as an abbreviation does are left out: a sentence that ends with one has no clear end.
    """
    text = files("distill_tests").joinpath("data", "makers.json").read_text(encoding="utf-8")
    found = []
    for key, entry in json.loads(text)["makers"].items():
        written = (*entry.get("names", ()), *entry.get("weak", ()))
        names = [name for name in written if maker_of(name) == key and not _ABBREVIATION.search(name)]
        models = [
            name
            for name in entry.get("models", ())
            if name.isascii() and maker_of(name) == key and not _ABBREVIATION.search(name)
        ]
        if names and models:
            found.append(Named(key, names[0], tuple(models[:3])))
    return tuple(found)


QUESTIONS: Final[Mapping[str, Sequence[str]]] = {
    "en": ("Who made you?", "What model are you?", "Which company developed you?"),
    "zh": ("是谁开发了你？", "你是什么模型？", "哪家公司开发了你？"),
}
BY_MAKER: Final[Mapping[str, Sequence[str]]] = {
    "en": (
        "I was made by {maker}.",
        "I am a language model trained by {maker}.",
        "I am an AI assistant developed by {maker}.",
        "My developer is {maker}.",
        "{maker} created me.",
        "As a language model made by {maker}, I can help with many tasks.",
    ),
    "zh": (
        "我是由{maker}开发的。",
        "我是{maker}训练的语言模型。",
        "我是一个由{maker}研发的人工智能助手。",
        "开发我的公司是{maker}。",
        "{maker}创造了我。",
        "作为{maker}开发的语言模型，我可以帮助您完成许多任务。",
    ),
}
"""Claims of the first person that name a maker."""
BY_MODEL: Final[Mapping[str, Sequence[str]]] = {
    "en": ("I am {model}.", "My name is {model}.", "I'm {model}, a language model."),
    "zh": ("我是{model}。", "我的名字是{model}。", "我是{model}，一个语言模型。"),
}
"""Claims of the first person that name a model."""
DENIALS: Final[Mapping[str, Sequence[str]]] = {
    "en": (
        "I was not made by {maker}.",
        "I am not a language model trained by {maker}.",
        "{maker} did not create me.",
        "My developer is not {maker}.",
        "I am not {model}.",
        "My name is not {model}.",
    ),
    "zh": (
        "我不是由{maker}开发的。",
        "我不是{maker}训练的语言模型。",
        "{maker}并没有创造我。",
        "开发我的公司不是{maker}。",
        "我不是{model}。",
        "我的名字不是{model}。",
    ),
}
QUOTING: Final[Mapping[str, Sequence[str]]] = {
    "en": (
        'The article says: "{claim}"',
        'A character in the novel says: "{claim}"',
        'Another chatbot once replied: "{claim}"',
        'Somebody wrote "{claim}" on the wall.',
    ),
    "zh": (
        "文章里写道：“{claim}”",
        "小说中的一个角色说：“{claim}”",
        "另一个聊天机器人曾经回答：“{claim}”",
        "有人在墙上写着：“{claim}”",
    ),
}
"""Somebody else's words: quoted, and of another speaker."""
OTHERS: Final[Mapping[str, Sequence[str]]] = {
    "en": (
        "{model} was made by {maker}.",
        "{maker} is a technology company.",
        "{maker} develops {model}.",
        "Many people use {model} at work.",
        "The newspaper reported on {model} yesterday.",
    ),
    "zh": (
        "{model}是由{maker}开发的。",
        "{maker}是一家科技公司。",
        "{maker}开发了{model}。",
        "很多人在工作中使用{model}。",
        "报纸昨天报道了{model}。",
    ),
}
"""Facts in the third person."""
NEUTRAL: Final[Mapping[str, Sequence[str]]] = {
    "en": (
        "Here is a short summary of the book.",
        "The weather is fine today.",
        "Let me know what you need.",
    ),
    "zh": ("以下是这本书的简短摘要。", "今天天气很好。", "请告诉我您需要什么。"),
}


def joined(sentences: Sequence[str], language: str) -> str:
    """Sentences as one text."""
    return (" " if language == "en" else "").join(sentences)
