"""An exam question to the messages that are sent: one versioned prompt for every model.

The wording lies in ``data/prompts/exam.json``; its hash is part of every set's hash and stands in every
record.  A chat model gets each shot as a turn of its own, a completion model one text that ends where its
answer begins.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from distill_tests.exams.items import Item
from distill_tests.kinds._exam_case import Asked, explained
from distill_tests.types import Message, Model


@cache
def _raw() -> str:
    return (
        resources.files("distill_tests").joinpath("data", "prompts", "exam.json").read_text(encoding="utf-8")
    )


@cache
def _prompt() -> Mapping[str, Any]:
    prompt: Mapping[str, Any] = json.loads(_raw())
    return prompt


@cache
def prompt_version() -> str:
    """``exam 1 (…)``: the version and the first of the SHA-256 of the wording."""
    canonical = json.dumps(_prompt(), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return f"exam {_prompt()['version']} ({hashlib.sha256(canonical.encode('ascii')).hexdigest()[:12]})"


def messages(asked: Asked, target: Model) -> tuple[Message, ...]:
    """System message where one is wanted, the shots as dialogue, the question last."""
    words = _prompt()["languages"][asked.language]
    instruction = _instruction(asked, words)
    if target.ask_as == "completion":
        return (_completion(asked, words, instruction),)
    turns = list(_shots(asked, words))
    turns.append(Message(role="user", text=_question(asked, words), images=asked.images))
    own_system = target.system if target.system not in ("default", "none") else ""
    if asked.placement == "system":
        text = "\n\n".join(filter(None, (own_system, instruction)))
        return (Message(role="system", text=text), *turns)
    first = turns[0]
    turns[0] = Message(role="user", text=f"{instruction}\n\n{first.text}", images=first.images)
    return tuple(turns)


def _completion(asked: Asked, words: Mapping[str, Any], instruction: str) -> Message:
    """One text; it ends with the label, after which a completion goes on with the letter or the reasoning."""
    solved = [
        f"{_item_text(shot, shot.options, asked)}{words['label']}{_space(words)}"
        f"{_solution(shot, asked, words)}"
        for shot in asked.shots
    ]
    question = _question(asked, words)
    if asked.setting.reasoning:
        question += _space(words) + words["opening"]
    images = (*(image for shot in asked.shots for image in shot.images), *asked.images)
    return Message(role="user", text="\n\n".join([instruction, *solved, question]), images=images)


def _space(words: Mapping[str, Any]) -> str:
    """Between a label and what follows it; a full-width colon takes none."""
    return " " if str(words["label"]).isascii() else ""


def _instruction(asked: Asked, words: Mapping[str, Any]) -> str:
    subject = _subject(asked.item, words)
    head = words["header"].replace("{subject}", subject) if subject else words["no_subject"]
    parts = [head]
    parts += [words["without_question"]] if asked.without_question else []
    parts.append(words["reasoning" if asked.setting.reasoning else "answer_only"])
    return ("" if asked.language == "zh" else " ").join(parts)


def _subject(item: Item, words: Mapping[str, Any]) -> str:
    """Level and subject in the language of the instruction, as far as it has words for them."""
    if not item.subject:
        return ""
    subject = words["subjects"].get(item.subject.casefold(), item.subject.replace("_", " "))
    level = words["levels"].get((item.level or "").casefold())
    if level is None:
        return str(subject)
    return str(words["of_level"].replace("{level}", level).replace("{subject}", subject))


def _shots(asked: Asked, words: Mapping[str, Any]) -> Iterator[Message]:
    for shot in asked.shots:
        text = _item_text(shot, shot.options, asked) + words["label"]
        yield Message(role="user", text=text, images=shot.images)
        yield Message(role="assistant", text=_solution(shot, asked, words))


def _question(asked: Asked, words: Mapping[str, Any]) -> str:
    return _item_text(asked.item, asked.shown, asked) + str(words["label"])


def _item_text(item: Item, options: Mapping[str, str], asked: Asked) -> str:
    """Question and options, a line each; the line of the answer's label begins after it."""
    layout: str = _prompt()["layouts"][asked.layout]
    lines = [] if asked.without_question else [item.question.strip()]
    # The letter first: what a file holds is never looked through for placeholders.
    lines += [
        layout.replace("{letter}", letter).replace("{text}", text.strip()) for letter, text in options.items()
    ]
    return "\n".join(lines) + "\n"


def _solution(shot: Item, asked: Asked, words: Mapping[str, Any]) -> str:
    """What a shot answers; under reasoning its explanation, unless that belongs to another question."""
    letter = shot.answer or ""
    if not asked.setting.reasoning:
        return letter
    closing = words["closing"].replace("{letter}", letter)
    explanation = explained(shot)
    if not explanation or not explanation.strip():
        return str(closing)
    return f"{words['opening']}\n{explanation.strip()}\n{closing}"
