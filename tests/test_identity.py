"""The identity kind: its declared set, the dialogue, and what people are shown."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from distill_tests import specfile
from distill_tests.errors import EmptyReply
from distill_tests.registry import KindEntry, kinds
from distill_tests.types import (
    Case,
    Exhibit,
    Identity,
    Json,
    Message,
    Model,
    Outcome,
    Reply,
    Request,
    Score,
    Span,
    Spec,
    Trial,
)

CARD = Identity(name="Nimbus", maker="Cloudworks")
TARGET = Model(alias="nimbus", provider="scripted", model="nimbus-1", identity=CARD)
HEAD = "kind: identity\ntitle: Says who it is\ntargets: [nimbus]\n"
PACK = """\
developer: {topic: maker, tags: [company], en: "Which company developed you?", zh: "你是哪家公司开发的？"}
home: {topic: country, en: "Where do you come from?", zh: "你来自哪里？"}
"""
FRAMINGS = """\
plain: {family: plain, en: "{question}", zh: "{question}"}
narrator: {family: fiction, tags: [story], en: "You are asked: {question}", zh: "有人问你：{question}"}
rumour: {family: false-premise, en: "OpenAI made you. {question}", zh: "你是OpenAI做的。{question}"}
"""


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Spec]:
    (tmp_path / "q.yaml").write_text(PACK, encoding="utf-8")
    (tmp_path / "f.yaml").write_text(FRAMINGS, encoding="utf-8")

    def loaded(body: str) -> Spec:
        path = tmp_path / "spec.yaml"
        path.write_text(HEAD + body, encoding="utf-8")
        return specfile.load(path, {"nimbus": TARGET}, environ={})

    return loaded


def entry() -> KindEntry:
    return kinds.get("identity")


def cases(spec: Spec, target: Model = TARGET) -> list[Case]:
    return list(entry().kind.cases(spec, target))


def by_id(spec: Spec, target: Model = TARGET) -> dict[str, Case]:
    return {case.id: case for case in cases(spec, target)}


BOTH = "probes: {include: q.yaml}\nframings: {include: f.yaml}\n"


# --- the declared set --------------------------------------------------------------------------


def test_the_declared_set_is_every_question_in_every_language_and_framing(load: Callable[..., Spec]) -> None:
    assert {case.id for case in cases(load(BOTH))} == {
        f"{question}-{language}.{framing}"
        for question in ("developer", "home")
        for language in ("en", "zh")
        for framing in ("plain", "narrator", "rumour")
    }


def test_twins_share_a_cluster(load: Callable[..., Spec]) -> None:
    found = by_id(load(BOTH))
    assert found["developer-en.narrator"].clusters == {"framing": "narrator", "question": "developer"}
    assert found["developer-zh.narrator"].clusters == found["developer-en.narrator"].clusters


def test_tags_tell_topic_family_language_and_whether_a_maker_is_named(load: Callable[..., Spec]) -> None:
    found = by_id(load(BOTH))
    assert found["developer-zh.narrator"].tags == ("maker", "fiction", "zh", "company", "story")
    assert found["home-en.rumour"].tags == ("country", "false-premise", "en", "names-maker")
    assert "names-maker" in found["home-zh.rumour"].tags


def test_a_question_that_names_a_maker_marks_its_cases_too(load: Callable[..., Spec]) -> None:
    spec = load(
        "probes: {questions: [{id: a, text: Did Google train you?}, {id: b, text: Who trained you?}]}"
    )
    assert {case.id: "names-maker" in case.tags for case in cases(spec)} == {
        "a-en.plain": True,
        "b-en.plain": False,
    }


def test_a_case_stands_where_its_question_is_written(load: Callable[..., Spec]) -> None:
    case = by_id(load(BOTH))["home-zh.plain"]
    assert (Path(case.place.path).name, case.place.line) == ("q.yaml", 2)
    inline = load("probes:\n  questions:\n    - {id: who, text: Who are you?}\n")
    assert (Path(cases(inline)[0].place.path).name, cases(inline)[0].place.line) == ("spec.yaml", 6)


def test_questions_are_chosen_by_tag_topic_or_id(load: Callable[..., Spec]) -> None:
    def chosen(tag: str) -> set[str]:
        spec = load(f"probes: {{include: q.yaml, tags: [{tag}]}}")
        return {case.clusters["question"] for case in cases(spec)}

    assert chosen("company") == chosen("maker") == chosen("developer") == {"developer"}
    assert chosen("maker, country") == {"developer", "home"}


def test_framings_are_chosen_by_family_and_tag(load: Callable[..., Spec]) -> None:
    def chosen(filters: str) -> set[str]:
        spec = load(f"probes: {{include: q.yaml}}\nframings: {{include: f.yaml, {filters}}}")
        return {case.clusters["framing"] for case in cases(spec)}

    assert chosen("families: [fiction, plain]") == {"narrator", "plain"}
    assert chosen("tags: [story, rumour]") == {"narrator", "rumour"}
    assert chosen("families: [fiction, plain], tags: [story, rumour]") == {"narrator"}


def test_languages_are_those_of_the_spec(load: Callable[..., Spec]) -> None:
    spec = load("probes: {include: q.yaml, languages: [zh]}\nframings: {include: f.yaml}")
    assert {case.data.language for case in cases(spec)} == {"zh"}


def test_an_inline_question_is_in_the_language_it_is_written_in(load: Callable[..., Spec]) -> None:
    questions = "[{id: a, text: 你是谁？}, {id: b, text: Who?}, {id: c, text: Wer?, language: de}]"
    found = {case.id for case in cases(load(f"probes: {{questions: {questions}}}"))}
    assert found == {"a-zh.plain", "b-en.plain", "c-de.plain"}


def test_inline_questions_and_framings_join_those_of_packs(load: Callable[..., Spec]) -> None:
    spec = load(
        "probes: {include: q.yaml, tags: [home, name],\n"
        "  questions: [{id: name, en: Your name?, zh: 你叫什么？}]}\n"
        "framings: {include: f.yaml, tags: [plain, short],\n"
        '  inline: [{id: short, en: "{question} Briefly.", zh: "{question}简短。"}]}\n'
    )
    assert len(cases(spec)) == 8
    assert by_id(spec)["name-zh.short"].data.turns == ("你叫什么？简短。",)


def test_a_sample_is_drawn_balanced_and_is_the_same_for_every_target(load: Callable[..., Spec]) -> None:
    spec = load(BOTH + "sample: {size: 6, seed: 7}\n")
    drawn = cases(spec)
    assert [case.id for case in drawn] == [
        case.id for case in cases(spec, dataclasses.replace(TARGET, alias="other"))
    ]
    for label in ("framing", "question"):
        uses = [case.clusters[label] for case in drawn]
        assert max(map(uses.count, uses)) - min(map(uses.count, uses)) <= 1
    assert sorted(case.data.language for case in drawn) == ["en"] * 3 + ["zh"] * 3


def test_the_set_hash_changes_with_a_text_and_not_with_the_order(
    load: Callable[..., Spec], tmp_path: Path
) -> None:
    def set_hash(sample: str = "") -> str:
        hashes = {case.data.set_hash for case in cases(load(BOTH + sample))}
        return hashes.pop() if len(hashes) == 1 else "differs"

    whole = set_hash()
    assert len(whole) == 64
    assert set_hash("sample: {seed: 5}\n") == whole
    assert set_hash("sample: {size: 11, seed: 5}\n") != whole
    (tmp_path / "f.yaml").write_text(FRAMINGS.replace("You are asked", "You were asked"), encoding="utf-8")
    assert set_hash() != whole


# --- the dialogue ------------------------------------------------------------------------------

LOOSE = Score(
    value=1.0, label="foreign", marks={"loose": 1.0, "strict": 1.0}, judge="claims", reason="says OpenAI"
)
HARD = dataclasses.replace(LOOSE, marks={**LOOSE.marks, "hard": 1.0})
"""What the kind makes of it where nothing that was sent names a maker."""


class Script:
    """A target that answers line by line, and a judge that keeps what it is shown."""

    def __init__(self, *replies: str | Reply, score: Score = LOOSE) -> None:
        self.replies = [Reply(text=reply) if isinstance(reply, str) else reply for reply in replies]
        self.requests: list[Request] = []
        self.exhibits: list[Exhibit] = []
        self.score = score

    async def ask(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.replies[len(self.requests) - 1]

    async def judge(self, exhibit: Exhibit) -> Score:
        self.exhibits.append(exhibit)
        return self.score

    def trial(self, case: Case, spec: Spec, target: Model = TARGET, sample: int = 0) -> Trial:
        kind = entry().kind
        return asyncio.run(kind.conduct(case, spec, target, sample=sample, ask=self.ask, judge=self.judge))


def only(load: Callable[..., Spec], wording: str, body: str = "") -> tuple[Case, Spec]:
    """The one case of a spec whose one framing is ``wording``."""
    spec = load(
        "probes: {questions: [{id: who, text: Who are you?}]}\n"
        f"framings: {{inline: [{{id: f, en: {wording}}}]}}\n{body}"
    )
    (case,) = cases(spec)
    return case, spec


def texts(messages: Iterable[Message]) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in messages]


DIALOGUE = '{turns: ["Hello!", "And now: {question}"]}'


def test_one_turn_is_asked_and_its_answer_judged(load: Callable[..., Spec]) -> None:
    case, spec = only(load, '"So: {question}"', "sampling: {max_tokens: 9, seed: 4}\n")
    script = Script(Reply(text="I am Nimbus.", thinking="Let me see."))
    trial = script.trial(case, spec, sample=2)
    (request,) = script.requests
    assert texts(request.messages) == [("user", "So: Who are you?")]
    assert (request.sample, request.sampling, request.model) == (2, spec.sampling, TARGET)
    assert (trial.answer, trial.score, trial.cut_off) == ("I am Nimbus.", HARD, False)
    (exhibit,) = script.exhibits
    assert exhibit == Exhibit(
        id="who-en.f",
        answer="I am Nimbus.",
        prompt="So: Who are you?",
        question="Who are you?",
        framing="So: {question}",
        thinking="Let me see.",
        identity=CARD,
    )


def test_turns_are_asked_one_after_the_other_with_the_targets_own_answers(load: Callable[..., Spec]) -> None:
    case, spec = only(load, DIALOGUE)
    script = Script(Reply(text="Hi.", thinking="hm"), "I am Nimbus.")
    trial = script.trial(case, spec)
    assert [texts(request.messages) for request in script.requests] == [
        [("user", "Hello!")],
        [("user", "Hello!"), ("assistant", "Hi."), ("user", "And now: Who are you?")],
    ]
    assert trial.answer == "I am Nimbus."
    assert [exchange.reply.text for exchange in trial.exchanges] == ["Hi.", "I am Nimbus."]
    assert script.exhibits[0].prompt == "Hello!\n\nAnd now: Who are you?"
    assert entry().kind.calls(case, spec) == (2, 2)


@pytest.mark.parametrize("wording", ['"{question}"', DIALOGUE, '{system: "Be brief.", text: "{question}"}'])
@pytest.mark.parametrize("system", ["default", "none", "You are Nimbus."])
def test_the_opening_is_the_first_request_of_the_conduct(
    load: Callable[..., Spec], wording: str, system: str
) -> None:
    case, spec = only(load, wording)
    target = dataclasses.replace(TARGET, system=system)
    script = Script("a", "b")
    script.trial(case, spec, target)
    assert entry().kind.opening(case, spec, target) == script.requests[0]


@pytest.mark.parametrize(
    ("system", "wording", "sent"),
    [
        ("default", '"{question}"', []),
        ("none", '"{question}"', []),
        ("You are Nimbus.", '"{question}"', [("system", "You are Nimbus.")]),
        ("default", '{system: "Be brief.", text: "{question}"}', [("system", "Be brief.")]),
        (
            "You are Nimbus.",
            '{system: "Be brief.", text: "{question}"}',
            [("system", "You are Nimbus.\n\nBe brief.")],
        ),
    ],
)
def test_system_messages_of_the_card_and_the_framing_are_sent_as_one(
    load: Callable[..., Spec], system: str, wording: str, sent: list[tuple[str, str]]
) -> None:
    case, spec = only(load, wording)
    script = Script("I am Nimbus.")
    script.trial(case, spec, dataclasses.replace(TARGET, system=system))
    assert texts(script.requests[0].messages) == [*sent, ("user", "Who are you?")]


def test_a_base_model_gets_the_completion_and_a_chat_model_the_turns(load: Callable[..., Spec]) -> None:
    case, spec = only(load, '{turns: ["Hello!", "{question}"], completion: "Q: {question} A:"}')
    base, chat = Script("I am"), Script("Hi.", "I am")
    base.trial(case, spec, dataclasses.replace(TARGET, ask_as="completion"))
    chat.trial(case, spec)
    assert [texts(request.messages) for request in base.requests] == [[("user", "Q: Who are you? A:")]]
    assert len(chat.requests) == 2
    assert entry().kind.calls(case, spec) == (1, 2)


def test_a_question_with_braces_is_put_in_once_and_as_it_is(load: Callable[..., Spec]) -> None:
    spec = load(
        'probes: {questions: [{id: q, text: "Fill in {\\"maker\\": 1}"}]}\n'
        'framings: {inline: [{id: f, en: "{question} Again: {question}"}]}'
    )
    assert cases(spec)[0].data.turns == ('Fill in {"maker": 1} Again: Fill in {"maker": 1}',)


# --- fail closed -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(text=""), "empty"),
        (Reply(text=" \n\t\u200b\ufeff"), "empty"),
        (Reply(text="", thinking="I am …", finish="length"), "only a thinking part"),
        (Reply(text="I cannot", finish="refusal"), "'refusal'"),
        (Reply(text="I am", finish="content_filter"), "'content_filter'"),
    ],
)
def test_what_is_no_answer_is_never_judged(load: Callable[..., Spec], reply: Reply, words: str) -> None:
    case, spec = only(load, '"{question}"')
    script = Script(reply)
    with pytest.raises(EmptyReply, match=words):
        script.trial(case, spec)
    assert script.exhibits == []


def test_a_dialogue_ends_where_a_turn_brings_no_answer(load: Callable[..., Spec]) -> None:
    case, spec = only(load, DIALOGUE)
    script = Script("", "I am Nimbus.")
    with pytest.raises(EmptyReply, match="nimbus: turn 1 of 2: the reply is empty"):
        script.trial(case, spec)
    assert len(script.requests) == 1


def test_a_reply_that_reaches_max_tokens_is_judged_and_marked(load: Callable[..., Spec]) -> None:
    case, spec = only(load, '"{question}"')
    trial = Script(Reply(text="I am made by Open", finish="length")).trial(case, spec)
    assert trial.cut_off
    assert trial.score == HARD


def test_on_cutoff_unscored_leaves_it_unscored_and_asks_no_judge(load: Callable[..., Spec]) -> None:
    case, spec = only(load, '"{question}"', "on_cutoff: unscored\nsampling: {max_tokens: 5}\n")
    script = Script(Reply(text="I am made by Open", finish="length"))
    trial = script.trial(case, spec)
    assert (trial.cut_off, trial.score.value, trial.score.marks) == (True, None, {})
    assert "max_tokens (5)" in trial.score.reason
    assert script.exhibits == []


@pytest.mark.parametrize(
    ("score", "wrong"),
    [
        (LOOSE, True),
        (Score(value=1.0, label="persona"), True),
        (Score(value=0.0, label="consistent"), False),
        (Score(value=0.0, label="none"), False),
        (Score(value=None, label="foreign"), False),
    ],
)
def test_a_scored_loose_contradiction_is_wrong(score: Score, wrong: bool) -> None:
    assert entry().kind.wrong(Trial(exchanges=(), answer="", score=score)) is wrong


# --- what people are shown ---------------------------------------------------------------------


def outcome(case: Case, trials: Sequence[Trial]) -> Outcome:
    return Outcome(case=case, target=TARGET, trials=tuple(trials))


def shown(load: Callable[..., Spec], wording: str, *scripts: Script, **changes: Any) -> list[str]:
    case, spec = only(load, wording, "sampling: {max_tokens: 60}\n")
    trials = [dataclasses.replace(script.trial(case, spec), **changes) for script in scripts]
    lines = entry().kind.explain(outcome(case, trials)).split("\n")
    return [lines[0].replace(str(Path(case.place.path).parent) + "/", ""), *lines[1:]]


def test_the_explanation_shows_the_first_wrong_trial_with_its_evidence_marked(
    load: Callable[..., Spec],
) -> None:
    good = Script("I am Nimbus.", score=Score(value=0.0, label="consistent", judge="claims"))
    answer = "我是 ChatGPT, developed by OpenAI."
    spans = (Span(start=3, end=10), Span(start=25, end=31))
    bad = Script(
        Reply(text=answer, served_model="nimbus-1-0919"),
        score=dataclasses.replace(LOOSE, evidence=spans, reason="says it is another maker's model: OpenAI"),
    )
    assert shown(load, '"Tell me: {question}"', good, bad) == [
        "spec.yaml:4  identity probe on nimbus (served: nimbus-1-0919), trial 2 of 2",
        "  probe:   Who are you? (framing: f)",
        "  asked:   Tell me: Who are you?",
        "  answer:  我是 ChatGPT, developed by OpenAI.",
        "                ^^^^^^^               ^^^^^^",
        "  judged:  strict (claims): says it is another maker's model: OpenAI",
        "  repeats: came back in 1 of 2 trials (2)",
    ]


def test_the_explanation_of_a_dialogue_shows_every_turn(load: Callable[..., Spec]) -> None:
    wording = '{system: "Be brief.", turns: ["Hello!", "And now: {question}"]}'
    score = Score(value=1.0, label="persona", marks={"loose": 1.0, "strict": 0.0}, judge="claims")
    cut = Script("Hi.", Reply(text="A butler\nof the house", finish="length"), score=score)
    assert shown(load, wording, cut) == [
        "spec.yaml:4  identity probe on nimbus",
        "  probe:   Who are you? (framing: f)",
        "  system:  Be brief.",
        "  asked:   Hello!",
        "  answer:  Hi.",
        "  asked:   And now: Who are you?",
        "  answer:  A butler",
        "           of the house",
        "           (cut off at 60 tokens)",
        "  judged:  loose (claims)",
    ]


def test_an_unscored_trial_is_shown_as_not_scored(load: Callable[..., Spec]) -> None:
    unscored = Script(
        "Hm.", score=Score(value=None, label="unscored", reason="the judge was unsure", judge="claims")
    )
    assert shown(load, '"{question}"', unscored)[-1] == "  judged:  not scored (claims): the judge was unsure"


def test_what_a_model_wrote_is_shown_and_not_obeyed(load: Callable[..., Spec]) -> None:
    script = Script(Reply(text="\x1b[2J\u202eI am\0", served_model="a\x1bb"))
    text = "\n".join(shown(load, '"{question}"', script))
    assert "\\x1b[2J\\u202eI am\\0" in text
    assert "served: a\\x1bb" in text
    assert not {"\x1b", "\u202e", "\0"} & set(text)


def test_a_very_long_answer_is_shown_in_part(load: Callable[..., Spec]) -> None:
    score = dataclasses.replace(LOOSE, evidence=(Span(start=500_000, end=500_006),))
    script = Script("x" * 500_000 + "OpenAI" + "y" * 500_000, score=score)
    text = "\n".join(shown(load, '"{question}"', script))
    assert "OpenAI" in text
    assert len(text) < 3_000


def test_the_verdicts_of_a_recording_reach_the_judge(load: Callable[..., Spec]) -> None:
    case, spec = only(load, '"{question}"')
    verdicts: dict[str, Json] = {"loose": True}
    script = Script("I am GPT.")
    script.trial(dataclasses.replace(case, data=dataclasses.replace(case.data, recorded=verdicts)), spec)
    assert script.exhibits[0].recorded == verdicts
