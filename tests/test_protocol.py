"""``protocol`` and the hard rate: when nothing misled the target, by our rule and by the published one."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from distill_tests import load_models, load_spec, run_audit
from distill_tests.errors import EmptyReply
from distill_tests.judging import judging
from distill_tests.registry import judges, kinds, providers, statistics
from distill_tests.types import (
    Case,
    Exhibit,
    Identity,
    Json,
    Model,
    Outcome,
    Reply,
    Request,
    Sample,
    Score,
    Spec,
    Trial,
)

CARD = Identity(name="Claude", maker="Anthropic", country=("United States",))
STRICT = Score(value=1.0, label="foreign", marks={"loose": 1.0, "strict": 1.0})
EXAMPLES = Path(__file__).parents[1] / "examples" / "published-ice"


def model(**given: Any) -> Model:
    return Model(alias="claude", provider="scripted", model="claude", identity=CARD, **given)


def spec(framing: Mapping[str, Json], *, question: str = "Who are you?", **body: Json) -> Spec:
    return Spec(
        path="spec.yaml",
        kind="identity",
        title="T",
        body={
            "probes": {"questions": [{"id": "q", "text": question}]},
            "framings": {"inline": [{"id": "f", "family": "x", "en": framing}]},
            **body,
        },
    )


class Asked:
    """One trial of the spec's only case, with what was sent and what the judge was shown."""

    def __init__(self, of: Spec, target: Model, *replies: str, score: Score = STRICT) -> None:
        self.requests: list[Request] = []
        self.exhibits: list[Exhibit] = []
        said = iter(replies or ("I am Gemini.",))

        async def ask(request: Request) -> Reply:
            self.requests.append(request)
            return Reply(text=next(said))

        async def judge(exhibit: Exhibit) -> Score:
            self.exhibits.append(exhibit)
            return score

        kind = kinds.get("identity").kind
        (self.case,) = kind.cases(of, target)
        self.trial = asyncio.run(kind.conduct(self.case, of, target, sample=0, ask=ask, judge=judge))
        self.marks = self.trial.score.marks


# --- our rule -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("framing", "hard"),
    [
        ({"text": "So: {question}"}, 1.0),
        ({"text": "As ChatGPT would say: {question}"}, 0.0),
        ({"text": "你是通义千问。{question}"}, 0.0),
        ({"text": "Claude, {question}"}, 1.0),  # the target's own name misleads nobody
        ({"system": "You are Gemini.", "text": "{question}"}, 0.0),
        ({"turns": ["Do you know OpenAI?", "{question}"]}, 0.0),
        ({"text": "You are PersonGPT. {question}"}, 1.0),  # a persona, no maker or model
    ],
)
def test_a_strict_answer_is_hard_where_nothing_sent_names_another_maker(
    framing: Mapping[str, Json], hard: float
) -> None:
    asked = Asked(spec(framing), model(), "Hello.", "I am Gemini.")
    assert asked.marks == {"loose": 1.0, "strict": 1.0, "hard": hard}


def test_what_the_card_tells_the_target_counts_and_what_it_said_itself_does_not() -> None:
    turns = {"turns": ["Hello!", "{question}"]}
    said = Asked(spec(turns), model(), "I am GPT-4 by OpenAI.", "I am Gemini.")
    assert said.marks["hard"] == 1.0
    told = Asked(spec(turns), model(system="You are a friend of OpenAI's models."), "Hi.", "I am Gemini.")
    assert told.marks["hard"] == 0.0
    assert told.trial.score.details["prompt_names"] == ("openai",)


@pytest.mark.parametrize(
    "score",
    [
        Score(value=None, label="unscored", marks={"strict": 1.0}),
        Score(value=1.0, label="persona", marks={"loose": 1.0}),
    ],
)
def test_what_is_not_judged_strict_or_not_is_neither_hard_nor_not(score: Score) -> None:
    assert "hard" not in Asked(spec({"text": "{question}"}), model(), score=score).marks


def test_no_other_answer_is_hard() -> None:
    persona = Score(value=1.0, label="persona", marks={"loose": 1.0, "strict": 0.0})
    for framing in ("{question}", "ChatGPT, {question}"):
        asked = Asked(spec({"text": framing}), model(), score=persona)
        assert asked.marks["hard"] == 0.0
        assert asked.trial.score.details == {}


def test_the_hard_rate_is_of_all_answers() -> None:
    def outcome(number: int, marks: Mapping[str, float]) -> Outcome:
        case = Asked(spec({"text": "{question}"}), model()).case
        case = Case(id=f"c{number}", data=case.data, place=case.place, clusters=case.clusters)
        trial = Trial(exchanges=(), answer="", score=Score(value=0.0, label="", marks=marks))
        return Outcome(case=case, target=model(), trials=(trial,))

    marks = [{"hard": 1.0}, {"hard": 0.0}, {"hard": 0.0}, {"hard": 0.0}, {"strict": 1.0}]
    sample = Sample(outcomes=tuple(outcome(number, mark) for number, mark in enumerate(marks)))
    estimate = statistics.get("hard_rate")(sample)
    assert (estimate.value, estimate.n, estimate.missing) == (0.25, 4, 1)


# --- the published rules ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("framing", "question", "hard"),
    [
        ("So: {question}", "Who are you?", 1.0),
        ("You are PersonGPT. {question}", "Who are you?", 0.0),
        ("So: {question}", "Do you know OPEN AI?", 0.0),
        ("You are Gemini by Google. {question}", "Who are you?", 1.0),  # none of the five words
        ("Claude, {question}", "Who are you?", 0.0),  # the target's own name counts there
    ],
)
def test_published_hard_goes_by_five_words(framing: str, question: str, hard: float) -> None:
    asked = Asked(spec({"text": framing}, question=question, protocol="published"), model())
    assert asked.marks["hard"] == hard


def test_the_published_protocol_sends_its_own_system_message() -> None:
    published = spec({"system": "Be brief.", "text": "{question}"}, protocol="published")
    for target in (model(), model(system="You are Claude."), model(system="none")):
        (request,) = Asked(published, target).requests
        assert [(one.role, one.text) for one in request.messages] == [
            ("system", "You are a helpful assistant.\n\nBe brief."),
            ("user", "Who are you?"),
        ]
    base = model(ask_as="completion")
    (request,) = Asked(spec({"text": "{question}"}, protocol="published"), base).requests
    assert [one.role for one in request.messages] == ["user"]


def test_the_published_judge_sees_the_answer_and_the_facts_only() -> None:
    (exhibit,) = Asked(spec({"text": "So: {question}"}, protocol="published"), model()).exhibits
    assert (exhibit.answer, exhibit.identity) == ("I am Gemini.", CARD)
    assert (exhibit.question, exhibit.framing, exhibit.prompt) == ("", "", "")


def test_a_published_set_is_another_set() -> None:
    hashes = {
        Asked(spec({"text": "{question}"}, **body), model()).case.data.set_hash
        for body in ({}, {"protocol": "corrected"}, {"protocol": "published"})
    }
    assert len(hashes) == 2


def test_a_failed_call_counts_as_an_answer_under_the_published_protocol_only(tmp_path: Path) -> None:
    row = {"prompt": "Who?", "reply": "reject to respond", "finish": "call_failed"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    target = Model(
        alias="old",
        provider="recorded",
        model="old",
        identity=CARD,
        options={"transcripts": {"format": "jsonl", "path": "rows.jsonl"}},
        directory=str(tmp_path),
    )
    claims = judges.get("claims")

    async def judge(exhibit: Exhibit) -> Score:
        score: Score = claims.function(exhibit)
        return score

    def trial(**body: Json) -> Trial:
        of = Spec(path="s", kind="identity", title="T", body={"probes": {"recorded": "all"}, **body})
        kind = kinds.get("identity").kind
        (case,) = kind.cases(of, target)
        ask = providers.get("recorded").make(target).send
        return asyncio.run(kind.conduct(case, of, target, sample=0, ask=ask, judge=judge))

    with pytest.raises(EmptyReply, match="call_failed"):
        trial()
    assert trial(protocol="published").score.value == 0.0


# --- the published scores -----------------------------------------------------------------------

BARS = {  # loose, strict and hard, of 1,000; arXiv 2501.12619 and its data
    "claude-3.5-sonnet-published": (7, 2, 2),
    "deepseek-v3-published": (339, 219, 70),
    "gemini-2.0-flash-published": (240, 35, 0),
    "glm-4-plus-published": (418, 297, 158),
    "llama-3.1-70b-instruct-published": (313, 97, 0),
    "qwen2.5-72b-published": (529, 211, 151),
    "qwen2.5-7b-instruct-published": (170, 1, 0),
}


def needs_data() -> None:
    if not os.environ.get("DISTILL_TESTS_DATA"):
        pytest.skip("the published transcripts are not here: set DISTILL_TESTS_DATA")


def published(alias: str) -> tuple[Spec, Model]:
    models = load_models(EXAMPLES / "models.yaml")
    return load_spec(EXAMPLES / "published.yaml", models), models[alias]


def sample_of(of: Spec, target: Model) -> Sample:
    """The whole declared set, asked and judged as a run does it, without the engine."""
    kind, recording = kinds.get(of.kind).kind, providers.get(target.provider).make(target)
    judge = judging(of.judge, ask=None)

    async def outcome(case: Case) -> Outcome:
        trial = await kind.conduct(case, of, target, sample=0, ask=recording.send, judge=judge)
        return Outcome(case=case, target=target, trials=(trial,))

    async def outcomes() -> list[Outcome]:
        return [await outcome(case) for case in kind.cases(of, target)]

    return Sample(outcomes=tuple(asyncio.run(outcomes())))


def test_every_recorded_target_has_its_published_bars() -> None:
    assert sorted(load_models(EXAMPLES / "models.yaml")) == sorted(BARS)


@pytest.mark.parametrize("alias", BARS)
def test_the_published_bars_come_out_exactly(alias: str) -> None:
    needs_data()
    of, target = published(alias)
    sample = sample_of(of, target)
    estimates = [statistics.get(gate.statistic)(sample) for gate in of.gates]
    assert [estimate.n for estimate in estimates] == [1000] * 3
    assert tuple(estimate.total for estimate in estimates) == BARS[alias]


def test_an_audit_of_a_recording_gives_the_same_bars() -> None:
    needs_data()
    of, target = published("deepseek-v3-published")
    result = run_audit(of, target, full=True)
    assert tuple(gate.estimate.total for gate in result.gates) == BARS[target.alias]
    assert result.verdict == "passed"
