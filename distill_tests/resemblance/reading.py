"""A text as the comparison sees it: its words, sentences, layout and habits of writing.

Text is untrusted; nothing in it is run or obeyed.  Only the first ``LONGEST`` characters are read, so that
time is bounded.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from distill_tests.resemblance.layout import Layout, layout_of
from distill_tests.resemblance.words import FUNCTION_SET, FUNCTION_WORDS, TOKEN, stem

LONGEST: Final = 20_000
MOST_SENTENCES: Final = 40
GENRES: Final = (
    "an e-mail",
    "verse",
    "a dialogue",
    "code",
    "a recipe",
    "a list",
    "one line",
    "plain paragraphs",
    "a refusal",
    "a question back",
    "a post with hashtags",
)
PUNCTUATION: Final = ".,:;!?-—()\"'“”*#`[]/$%&="
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
_BLANK_LINES: Final = re.compile(r"\n\s*\n")
_REFUSAL: Final = re.compile(
    r"\b(?:i (?:cannot|can't|am unable|'m unable|don't have (?:access|the ability|personal|real))"
    r"|i'm sorry|i apologi[sz]e|not (?:appropriate|able to)|as an ai|i do not have)\b"
)
_HASHTAG: Final = re.compile(r"#[A-Za-z]\w+")


@dataclass(frozen=True, slots=True)
class Reading:
    """One text, taken apart.  ``counts`` leaves function words and single letters out."""

    text: str
    tokens: Sequence[str]
    stems: Sequence[str]
    counts: Mapping[str, int]
    sentences: Sequence[frozenset[str]]
    numbers: frozenset[str]
    last_number: str | None
    pairs: AbstractSet[tuple[str, str]]
    fives: AbstractSet[str]
    layout: Layout
    habits: Mapping[str, float]
    function_words: Sequence[float]
    punctuation: Sequence[float]
    genres: Sequence[bool]


def tidy(text: str) -> str:
    """``text`` without what no reader sees: other line ends, spaces at line ends, further blank lines."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def read(text: str) -> Reading:
    """A text that is tidy already taken apart, its first ``LONGEST`` characters."""
    text = text[:LONGEST].rstrip()
    lower = text.lower().replace("’", "'")
    tokens: list[str] = []
    sentences: list[frozenset[str]] = []
    ends = 0
    for line in lower.split("\n"):
        for sentence in _SENTENCE_END.split(line):
            if len(sentence) < 2:
                continue
            ends += 1
            words = TOKEN.findall(sentence)
            tokens += words
            if ends <= MOST_SENTENCES:
                stems = frozenset([stem(word) for word in words if word not in FUNCTION_SET])
                if stems:
                    sentences.append(stems)
    if not tokens:
        tokens = TOKEN.findall(lower) or list(text[:8])
    return _assembled(text, lower, tokens, sentences, max(1, ends))


def _assembled(
    text: str, lower: str, tokens: list[str], sentences: list[frozenset[str]], ends: int
) -> Reading:
    stems = [stem(word) for word in tokens]
    often = Counter(tokens)
    counts: dict[str, int] = {}
    for word, count in often.items():
        root = stem(word)
        if word not in FUNCTION_SET and (len(root) > 1 or not root.isascii() or root.isdigit()):
            counts[root] = counts.get(root, 0) + count
    numbers = [word.replace(",", "") for word in tokens if word[0].isdigit()]
    flat = " ".join(tokens)
    layout = layout_of(text)
    habits = _habits(text, often, layout, ends=ends, numbers=len(numbers))
    return Reading(
        text=text,
        tokens=tokens,
        stems=stems,
        counts=counts,
        sentences=sentences,
        numbers=frozenset(numbers),
        last_number=numbers[-1] if numbers else None,
        pairs=set(pairwise(stems)),
        fives={flat[at : at + 5] for at in range(max(1, len(flat) - 4))},
        layout=layout,
        habits=habits,
        function_words=_rates([often.get(word, 0) for word in FUNCTION_WORDS], len(tokens)),
        punctuation=_rates([100 * text.count(mark) for mark in PUNCTUATION], len(text)),
        genres=_genres(text, lower, layout, len(tokens)),
    )


def _rates(counts: Sequence[int], whole: int) -> list[float]:
    """Square roots of the shares, so that frequent signs do not drown the rare ones."""
    return [math.sqrt(count / max(1, whole)) if count else 0.0 for count in counts]


def _habits(
    text: str, often: Mapping[str, int], layout: Layout, *, ends: int, numbers: int
) -> dict[str, float]:
    """Measures of size and manner, each on a scale on which differences mean much the same everywhere."""
    words = max(1, sum(often.values()))

    def share(*asked: str) -> float:
        return math.sqrt(sum([often.get(word, 0) for word in asked]) / words)

    return {
        "characters": math.log(len(text) + 20),
        "words": math.log(words + 5),
        "sentences": math.log1p(ends),
        "words_a_sentence": math.log(words / ends + 1),
        "characters_a_line": math.log(len(text) / max(1, layout.lines) + 1),
        "characters_a_word": sum([len(word) * count for word, count in often.items()]) / words,
        "variety": len(often) / words**0.8,
        "first_person": share("i", "me", "my", "i'm", "i'd", "i'll"),
        "second_person": share("you", "your"),
        "we": share("we", "our"),
        "short_forms": math.sqrt(sum([count for word, count in often.items() if "'" in word]) / words),
        "digits": math.sqrt(numbers / words),
        "function_words": sum([often.get(word, 0) for word in FUNCTION_WORDS]) / words,
        "exclamations": math.log1p(text.count("!")),
        "questions": math.log1p(text.count("?")),
        "brackets": math.log1p(text.count("(")),
        **layout.measures(),
    }


def _genres(text: str, lower: str, layout: Layout, words: int) -> list[bool]:
    """Which of ``GENRES`` the text is; several may hold."""
    start, end = lower[:300], lower[-250:]
    letter = "dear " in start and any(sign in end for sign in ("regards", "sincerely", "[your"))
    return [
        "subject:" in start or letter,
        layout.verse > 0.6 and len(layout.kinds) >= 6,
        layout.spoken >= 4,
        "```" in text or "def " in lower or ("function " in lower and "{" in lower),
        "ingredients" in lower and ("instructions" in lower or "directions" in lower),
        layout.item_share > 0.4 and len(layout.kinds) >= 3,
        len(layout.kinds) <= 1 and words < 40,
        layout.item_share == 0 and words >= 40 and layout.verse < 0.4,
        bool(_REFUSAL.search(start)),
        words < 60 and text.endswith("?"),
        bool(_HASHTAG.search(text)),
    ]
