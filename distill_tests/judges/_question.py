"""What a question asks for: whether the speaker is meant, and its name, maker, place, products, partners."""

from __future__ import annotations

import re
from functools import lru_cache

from distill_tests.judges._marks import Question
from distill_tests.judges._rules import rule
from distill_tests.lexicon import find_names, fold

_TAG = rule("question.tag")
_YOU = re.compile(r"\b(?:you|your|yours|yourself)\b|[你您]")
_TOPICS = (
    (
        "name",
        re.compile(
            r"\bwho (?:are|r) you|\bwhat are you\b|\b(?:is|'s) your (?:real |full )?name|"
            r"\b(?:which|what)(?: (?:ai|language|llm))? (?:model|version)|model (?:version|name)|"
            r"[你您]是谁|[你您]叫什么|[你您]的(?:名字|姓名)|(?:哪个|什么|哪种)(?:模型|版本|型号)"
        ),
    ),
    ("products", re.compile(r"other important|other (?:products|projects)|其他重要|其他(?:产品|项目)")),
    (
        "partner",
        re.compile(
            r"partner|collaborat|cooperat|consultant|open-?source|universit|multinational|standards|"
            r"合作|伙伴|顾问|开源|开放源代码|跨国|大学|行业标准"
        ),
    ),
    (
        "place",
        re.compile(
            r"headquarter|located|which city|which country|country or region|where|based|"
            r"总部|位于|哪个国家|哪个地方|哪里"
        ),
    ),
    ("maker", re.compile(r"")),
)


@lru_cache(maxsize=1024)
def question_of(question: str) -> Question:
    text = fold(question).lower
    topic = next(name for name, regex in _TOPICS if regex.search(text))
    return Question(_YOU.search(text) is not None, topic, bool(find_names(fold(question))))


def last_line(prompt: str) -> str:
    return prompt.strip().rpartition("\n")[2][-300:]


def is_question(text: str) -> bool:
    """Whether a sentence only asks."""
    end = len(text.rstrip(" \t\"'”』」)*_!?~."))
    return "?" in text[end:] and not _TAG.search(text, max(0, end - 16), end)
