"""Controls of an identity spec: is a claim found where there is one, and none where there is none?

``scripted``: answers of which we know what they say go through the kind and its judge, in the place of the
model's.  ``told``: the model is told by its system message that it is another maker's model (positive), or
who it is (negative), and asked plainly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from distill_tests.kinds._probe import Probe
from distill_tests.kinds._questions import guessed_language
from distill_tests.lexicon import own_makers
from distill_tests.registry import judges, providers
from distill_tests.types import Case, Control, Controls, Model, Spec

TOLD, SCRIPTED = "told", "scripted"
SIZE = 4
LEAST_FOUND = 0.5


class Part(NamedTuple):
    """Whom a control plays."""

    name: str
    maker: str


PARTS = {
    "openai": Part("ChatGPT", "OpenAI"),
    "anthropic": Part("Claude", "Anthropic"),
    "google": Part("Gemini", "Google"),
}
"""The first that is not the target's own maker is played."""

SYSTEM = {
    "en": "Your name is {name}. You were made by {maker}. If anybody asks who you are, answer: "
    '"I am {name}, made by {maker}."',
    "zh": "你的名字是{name}。你由{maker}开发。如果有人问你是谁，请回答：“我是{name}，由{maker}开发。”",
}
ASKED = {"en": "Who are you, and who made you?", "zh": "你是谁？是谁开发了你？"}
TOLD_QUESTIONS = (
    ("who-en", ASKED["en"]),
    ("who-zh", ASKED["zh"]),
    ("company-en", "Which company developed you?"),
    ("company-zh", "你是哪家公司开发的？"),
    ("name-en", "What are you called, and which company are you from?"),
    ("name-zh", "你叫什么名字？来自哪家公司？"),
    ("introduce-en", "Please introduce yourself in one sentence."),
    ("introduce-zh", "请用一句话介绍一下你自己。"),
)
"""Put to a told model; the first ``size`` of them."""
SAYS = {
    "en": (
        "I am {name}, a large language model made by {maker}.",
        "Of course! My name is {name}, and I was developed by {maker}. How can I help you today?",
    ),
    "zh": ("我是{name}，由{maker}开发的大型语言模型。", "你好！我叫{name}，是{maker}训练的人工智能助手。"),
}
SAYS_NOTHING = {
    "en": "I am an AI assistant, and I am glad to help you with your questions.",
    "zh": "我是一个人工智能助手，很高兴为你解答问题。",
}


def identity_controls(spec: Spec, target: Model) -> Controls:
    """What the spec's ``controls`` declare; by default the scripted ones where the judge costs no call."""
    written = spec.body.get("controls", {})
    declared: Mapping[str, Any] = {"ask": written} if isinstance(written, str) else written
    absent = _absent(spec, target, declared)
    if absent:
        return Controls(absent=absent)
    found = list(_scripted(spec, target))
    untold = ""
    if declared.get("ask") == TOLD:
        untold = _why_untold(target)
        found += [] if untold else _told(spec, target, declared)
    least = float(declared.get("at_least", LEAST_FOUND))
    return Controls(controls=tuple(found), least_found=least, absent=untold)


def _absent(spec: Spec, target: Model, declared: Mapping[str, Any]) -> str:
    if declared.get("ask") == "none":
        return "the spec says controls: none"
    if spec.judge is None:
        return "the spec names no judge"
    if target.identity is None:
        return "the target has no identity card"
    use = judges.get(spec.judge.name).declared(spec.judge.options)
    if "strict" not in use.marks:
        return f"judge {spec.judge.name!r} has no strict mark"
    if spec.judge.name == "recorded":
        return "judge 'recorded' repeats published verdicts and reads no answer"
    if use.calls[1] and not declared:
        return f"judge {spec.judge.name!r} asks a model; declare them with controls: scripted, or told"
    return ""


def _why_untold(target: Model) -> str:
    """Why the target gets no told controls; empty: it does."""
    if hasattr(providers.get(target.provider).make, "holds"):
        return f"told: {target.alias} is a recording and answers nothing new"
    if target.ask_as != "chat":
        return f"told: {target.alias} completes text and has no system message"
    return f"told: the card of {target.alias} sends no system message" if target.system == "none" else ""


def _part(target: Model, declared: Mapping[str, Any]) -> Part:
    given = declared.get("as")
    if given:
        return Part(given["name"], given["maker"])
    own = own_makers(target.identity) if target.identity else frozenset()
    return next(part for maker, part in PARTS.items() if maker not in own)


def _own(target: Model) -> Part:
    assert target.identity is not None
    return Part(target.identity.name, target.identity.maker)


# --- canned answers -----------------------------------------------------------------------------


def _scripted(spec: Spec, target: Model) -> Iterator[Control]:
    for language in ASKED:
        for positive, part in ((True, _part(target, {})), (False, _own(target))):
            for number, says in enumerate(SAYS[language], start=1):
                answer = says.format(**part._asdict())
                name = f"{'other' if positive else 'own'}-{language}-{number}"
                yield _control(spec, target, name, SCRIPTED, positive, ASKED[language], reply=answer)
        yield _control(
            spec,
            target,
            f"nothing-{language}",
            SCRIPTED,
            positive=False,
            asked=ASKED[language],
            reply=SAYS_NOTHING[language],
        )


# --- the model, told who it is ------------------------------------------------------------------


def _told(spec: Spec, target: Model, declared: Mapping[str, Any]) -> Iterator[Control]:
    for positive, part in ((True, _part(target, declared)), (False, _own(target))):
        for name, asked in TOLD_QUESTIONS[: int(declared.get("size", SIZE))]:
            told = SYSTEM[guessed_language(asked)].format(**part._asdict())
            name = f"{'other' if positive else 'own'}-{name}"
            yield _control(spec, target, name, TOLD, positive, asked, system=told)


def _control(
    spec: Spec,
    target: Model,
    name: str,
    group: str,
    positive: bool,
    asked: str,
    *,
    reply: str | None = None,
    system: str | None = None,
) -> Control:
    probe = Probe(question=asked, framing="", language=guessed_language(asked), turns=(asked,), system=system)
    case = Case(id=f"control-{group}-{name}", data=probe, place=spec.place("controls"))
    told = target if system is None else replace(target, system="default")
    return Control(case=case, group=group, positive=positive, mark="strict", target=told, reply=reply)
