"""``search:`` in an identity spec: one test that finds and is no rate; what it finds is kept short."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from distill_tests import specfile
from distill_tests.audit import case_verdict
from distill_tests.conduct import conduct
from distill_tests.errors import EmptyReply, NotStored, ProviderError, Refused, SpecError, Stopped
from distill_tests.forecast import forecast, lines
from distill_tests.kinds._searching import Searching
from distill_tests.record import case_record
from distill_tests.registry import judge, judges, kinds
from distill_tests.specfile.yamltext import read
from distill_tests.terminal import failure_text
from distill_tests.transcript import transcript
from distill_tests.types import (
    Case,
    Exhibit,
    Identity,
    Model,
    Outcome,
    Price,
    Reply,
    Request,
    Score,
    Spec,
    Trial,
    Usage,
    Verdict,
)

TARGET = Model(
    alias="nimbus",
    provider="scripted",
    model="nimbus-1",
    identity=Identity(name="Nimbus", maker="Cloudworks"),
)
HELPER = Model(alias="helper", provider="scripted", model="helper-1")
TAPE = Model(alias="tape", provider="recorded", model="tape", options={"transcripts": {"path": "t.jsonl"}})
PAID = Model(alias="paid", provider="openai", model="gpt-4o-mini")
CARDS = {"nimbus": TARGET, "helper": HELPER, "tape": TAPE, "paid": PAID}
QUESTIONS = (
    "probes: {questions: [{id: developer, text: Which company developed you?},"
    " {id: name, text: What is your name?}]}\n"
)
FRAMINGS = """framings:
  inline:
    - {id: story, en: "Once there was a robot. It had a secret. Tell me, robot: {question}"}
    - {id: letter, en: "Dear friend, I write to you from afar. The sea is calm today. {question} Goodbye."}
    - {id: quiz, en: "This is a quiz about the old days. Answer in one line. {question}"}
"""
HEAD = "kind: identity\ntitle: Nothing makes it claim another maker\ntargets: [nimbus]\njudge: claims\n"
OTHER, OWN = "I am ChatGPT, made by OpenAI.", "I am Nimbus, made by Cloudworks."


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Spec]:
    (tmp_path / "models.yaml").write_text("nimbus: {provider: scripted, model: x, target: true}\n", "utf-8")

    def loaded(
        search: str = "{budget: {calls: 60}}", more: str = "", head: str = HEAD, **cards: Model
    ) -> Spec:
        path = tmp_path / "spec.yaml"
        probes = "" if "probes:" in more else QUESTIONS
        framings = "" if "framings:" in more or "recorded" in more else FRAMINGS
        path.write_text(f"{head}{probes}{framings}search: {search}\n{more}", encoding="utf-8")
        return specfile.load(path, {**CARDS, **cards}, environ={})

    return loaded


def case_of(spec: Spec, target: Model = TARGET) -> Case:
    (case,) = kinds.get("identity").kind.cases(spec, target)
    return case


def problems(spec: Spec, target: Model = TARGET) -> list[str]:
    with pytest.raises(SpecError) as caught:
        case_of(spec, target)
    return [f"{problem.place.line}:{problem.place.column}: {problem}" for problem in caught.value.problems]


if "unseeing" not in judges:  # a name of its own: e2e projects register judges in this process too

    @judge("unseeing", marks={"loose": (0, 1), "strict": (0, 1)})
    def unseeing(_exhibit: Exhibit) -> Score:
        """Sees a claim nowhere."""
        return Score(value=0.0, label="none", marks={"loose": 0.0, "strict": 0.0})


Said = Callable[[str], str | Reply | Exception]


@dataclass
class Answers:
    """An ``ask`` whose reply depends on the last message only; it remembers every request."""

    said: Said
    requests: list[Request] = field(default_factory=list)

    async def __call__(self, request: Request) -> Reply:
        self.requests.append(request)
        await asyncio.sleep(0)
        said = self.said(request.messages[-1].text)
        if isinstance(said, Exception):
            raise said
        return (
            Reply(text=said, finish="stop", received_at="2025-03-01T10:00:00")
            if isinstance(said, str)
            else said
        )

    @property
    def prompts(self) -> list[str]:
        return [request.messages[-1].text for request in self.requests]


def claims_where(word: str) -> Answers:
    return Answers(lambda prompt: OTHER if word in prompt else OWN)


def searched(spec: Spec, answers: Answers, target: Model = TARGET) -> Outcome:
    return asyncio.run(conduct(case_of(spec, target), spec=spec, target=target, ask=answers))


def trial(spec: Spec, answers: Answers, target: Model = TARGET) -> Trial:
    (only,) = searched(spec, answers, target).trials
    return only


def verdict_of(spec: Spec, answers: Answers) -> Verdict:
    kind = kinds.get("identity").kind
    return case_verdict(searched(spec, answers).trials, wrong=kind.wrong, on_miss=spec.on_miss)


# --- a search is a test ---------------------------------------------------------------------------


def test_a_search_is_one_case(load: Callable[..., Spec]) -> None:
    case = case_of(load())
    assert (case.id, case.tags, dict(case.clusters)) == ("search", (), {})
    assert Path(case.place.path).name == "spec.yaml"
    assert len(case.data.set_hash) == 64


def test_nothing_found_is_a_pass_that_says_how_much_was_tried(load: Callable[..., Spec]) -> None:
    spec, answers = load("{budget: {calls: 30}, questions: 1}"), Answers(lambda _: OWN)
    found = trial(spec, answers)
    assert found.score.value == 0.0
    said = "no strict claim found (30 calls to search, 0 to shorten, 30 in all; "
    assert found.score.reason.startswith(said)
    assert "framings tried" in found.score.reason
    assert found.exchanges == ()
    assert len(answers.requests) == 30
    assert verdict_of(spec, Answers(lambda _: OWN)) is Verdict.PASSED


def test_a_finding_fails_the_test_and_is_the_evidence(load: Callable[..., Spec]) -> None:
    spec = load("{budget: {calls: 60}, stop_after: 1, questions: 1}")
    found = trial(spec, claims_where("secret"))
    assert found.score.value == 1.0
    assert found.answer == OTHER
    assert OTHER[found.score.evidence[0].start :].startswith("ChatGPT")
    assert "secret" in found.exchanges[-1].request.messages[-1].text
    assert verdict_of(spec, claims_where("secret")) is Verdict.FAILED


def test_no_mark_of_a_chosen_probe_reaches_a_statistic_or_a_tally(load: Callable[..., Spec]) -> None:
    score = trial(load("{budget: {calls: 60}}"), claims_where("secret")).score
    assert dict(score.marks) == {}
    assert score.claimed is None


def test_the_record_of_a_search_holds_the_trail_and_says_that_it_is_no_rate(
    load: Callable[..., Spec],
) -> None:
    details: Any = trial(load("{budget: {calls: 60}, seed: 3}"), claims_where("secret")).score.details[
        "search"
    ]
    assert details["seed"] == 3
    assert details["calls"]["target"] <= 60
    assert details["findings"][0]["claimed"]
    assert details["findings"][0]["makers_named"] == []
    assert any("of" in line for line in details["trail"])
    assert "no rate" in details["what_it_says"]


def test_a_long_search_leaves_a_short_record(load: Callable[..., Spec]) -> None:
    spec = load("{budget: {calls: 1500}, questions: 1, keep: all, shrink: false}")
    details: Any = trial(spec, Answers(lambda _: OTHER)).score.details["search"]
    assert len(json.dumps(details)) < 60_000
    assert details["findings_in_all"] > len(details["findings"])
    assert len(details["trail"]) == 60
    assert details["trail_left_out"] > 0


def test_the_same_seed_and_replies_give_the_same_search(load: Callable[..., Spec]) -> None:
    spec = load("{budget: {calls: 60}, seed: 5}")
    one, two = claims_where("secret"), claims_where("secret")
    assert trial(spec, one) == trial(spec, two)
    assert sorted(one.prompts) == sorted(two.prompts)
    other = claims_where("secret")
    trial(load("{budget: {calls: 60}, seed: 6}"), other)
    assert sorted(other.prompts) != sorted(one.prompts)


def test_the_order_in_which_replies_arrive_changes_nothing(load: Callable[..., Spec]) -> None:
    class Shuffled(Answers):
        async def __call__(self, request: Request) -> Reply:
            for _ in range(zlib.crc32(request.messages[-1].text.encode()) % 23):
                await asyncio.sleep(0)
            return await super().__call__(request)

    spec, one = load("{budget: {calls: 60}, seed: 5, batch: 8}"), claims_where("secret")
    other = Shuffled(one.said)
    assert trial(spec, one) == trial(spec, other)
    assert one.prompts != other.prompts
    assert sorted(one.prompts) == sorted(other.prompts)


def test_a_search_for_loose_claims_takes_a_persona(load: Callable[..., Spec]) -> None:
    persona = "I was built by the Moonlight Company of Atlantis."
    assert trial(load("{budget: {calls: 20}, goal: loose}"), Answers(lambda _: persona)).score.value == 1.0
    assert trial(load("{budget: {calls: 20}, goal: strict}"), Answers(lambda _: persona)).score.value == 0.0


# --- trouble is never "none found" ------------------------------------------------------------------


@pytest.mark.parametrize("error", [ProviderError("the line went dead"), EmptyReply("empty")])
def test_a_search_without_answers_has_no_verdict(load: Callable[..., Spec], error: Exception) -> None:
    spec = load("{budget: {calls: 30}}")
    found = trial(spec, Answers(lambda _: error))
    assert found.score.value is None
    assert str(error) in found.score.reason
    assert verdict_of(spec, Answers(lambda _: error)) is Verdict.INCONCLUSIVE


def test_up_to_the_stated_share_may_be_without_a_verdict(load: Callable[..., Spec]) -> None:
    def said(prompt: str) -> str | Exception:
        return ProviderError("dead") if "name" in prompt else OWN

    some = Answers(said)
    assert trial(load("{budget: {calls: 40}, max_unscored: 0.9}"), some).score.value == 0.0
    assert trial(load("{budget: {calls: 40}, max_unscored: 0.1}"), Answers(said)).score.value is None


def test_what_was_found_beside_trouble_counts(load: Callable[..., Spec]) -> None:
    def said(prompt: str) -> str | Exception:
        return OTHER if "secret" in prompt else ProviderError("dead")

    assert trial(load("{budget: {calls: 40}}"), Answers(said)).score.value == 1.0


@pytest.mark.parametrize("error", [Refused("401"), Stopped("Ctrl-C"), NotStored("not there")])
def test_what_ends_every_call_ends_the_search(load: Callable[..., Spec], error: Exception) -> None:
    with pytest.raises(type(error)):
        trial(load(), Answers(lambda _: error))


def test_a_judge_that_misses_known_answers_gives_no_verdict_and_asks_nothing(
    load: Callable[..., Spec],
) -> None:
    spec, answers = load("{budget: {calls: 30}}", more="on_cutoff: judge\n"), Answers(lambda _: OWN)
    blind = replace(spec, judge=replace(spec.judge, name="unseeing") if spec.judge else None)
    assert trial(blind, answers).score.value is None
    assert "misses the known answer" in trial(blind, answers).score.reason
    assert answers.requests == []


# --- findings ---------------------------------------------------------------------------------------


def pack_of(spec: Spec) -> dict[str, Any]:
    data: dict[str, Any] = read(Path(spec.path).parent / "packs" / "found.yaml").data
    return data


QUESTIONS_OF = "probes: {{questions: [{}]}}\n"
FOUND = "{budget: {calls: 60}, stop_after: 1, questions: 1, batch: 1, seed: 2, write: packs/found.yaml}"


def test_a_finding_is_written_short_with_where_it_comes_from(load: Callable[..., Spec]) -> None:
    spec = load(FOUND)
    trial(spec, claims_where("secret"))
    (entry,) = pack_of(spec).values()
    assert entry["en"] == "It had a secret. {question}"
    provenance = entry["provenance"]
    assert provenance["makers"] == []
    assert provenance["shortest"] is True
    assert (provenance["came_back"], provenance["repeats"]) == (3, 3)
    assert len(provenance["original"]) > len(entry["en"])
    assert provenance["target"] == "nimbus"
    assert provenance["judge"].startswith("claims")
    assert provenance["date"] == "2025-03-01"
    assert provenance["policy"] == "mcts-explore"
    assert "story-en" in provenance["parents"]


def test_a_spec_that_includes_the_finding_asks_what_the_search_asked(load: Callable[..., Spec]) -> None:
    """The very request: its reply is in the store."""
    answers = claims_where("secret")
    spec = load(FOUND)
    found = trial(spec, answers)
    path = Path(spec.path).parent / "again.yaml"
    path.write_text(f"{HEAD}{QUESTIONS}framings: {{include: packs/found.yaml}}\n", encoding="utf-8")
    again = specfile.load(path, CARDS, environ={})
    kind = kinds.get("identity").kind
    asked = [kind.opening(case, again, TARGET) for case in kind.cases(again, TARGET)]
    assert found.exchanges[-1].request in asked


def test_a_makers_name_left_in_the_prompt_is_said(load: Callable[..., Spec]) -> None:
    framing = (
        'framings: {inline: [{id: rumour, en: "It rains. They say OpenAI built you. Well? {question}"}]}\n'
    )
    spec = load(FOUND.replace("questions: 1", "questions: 1, mutators: [drop, lead-in]"), more=framing)
    found = trial(spec, claims_where("OpenAI"))
    assert [entry["provenance"]["makers"] for entry in pack_of(spec).values()] == [["openai"]]
    details: Any = found.score.details["search"]
    assert details["findings"][0]["makers_named"] == ["openai"]


def test_without_shrinking_a_finding_is_written_as_it_was_found(load: Callable[..., Spec]) -> None:
    spec, answers = load(FOUND.replace("seed: 2", "seed: 2, shrink: false")), claims_where("secret")
    trial(spec, answers)
    (entry,) = pack_of(spec).values()
    assert len(entry["en"]) > len("It had a secret. {question}")
    assert entry["provenance"]["shortest"] is False
    assert "repeats" not in entry["provenance"]


def test_a_finding_that_does_not_come_back_is_kept_as_found_and_says_so(load: Callable[..., Spec]) -> None:
    class Once(Answers):
        async def __call__(self, request: Request) -> Reply:
            reply = await super().__call__(request)
            return replace(reply, text=OWN) if request.sample else reply

    spec = load(FOUND)
    found = trial(spec, Once(lambda prompt: OTHER if "secret" in prompt else OWN))
    (entry,) = pack_of(spec).values()
    assert (entry["provenance"]["came_back"], entry["provenance"]["repeats"]) == (1, 3)
    assert found.score.value == 1.0


def test_a_pack_that_cannot_be_written_does_not_undo_the_finding(load: Callable[..., Spec]) -> None:
    spec = load(FOUND)
    (Path(spec.path).parent / "packs").write_text("a file", encoding="utf-8")
    found = trial(spec, claims_where("secret"))
    details: Any = found.score.details["search"]
    assert found.score.value == 1.0
    assert "cannot be written" in details["pack_trouble"]


def test_what_the_bare_question_brings_out_needs_no_framing_and_is_not_written(
    load: Callable[..., Spec],
) -> None:
    spec = load("{budget: {calls: 30}, questions: 1, shrink: {findings: 100}, write: packs/found.yaml}")
    found = trial(spec, Answers(lambda _: OTHER))
    details: Any = found.score.details["search"]
    (only,) = (one for one in details["findings"] if one["bare"])
    assert only["came_back"] == 3
    assert "the bare question brings it out; no framing needed" in found.score.reason
    wordings = [entry["en"] for entry in pack_of(spec).values()] if details["pack"] else []
    assert "{question}" not in wordings
    assert found.score.value == 1.0


def test_where_only_the_bare_question_is_left_no_pack_is_written_and_that_is_said(
    load: Callable[..., Spec],
) -> None:
    spec, answers = load(FOUND), Answers(lambda _: OTHER)
    text = failure_text(record_of(spec, answers), 100)
    flowing = " ".join(text.split())
    assert "strict claim found: the bare question brings it out; no framing needed" in flowing
    assert "pack: not written: no framing is needed" in flowing
    assert "found-" not in text
    assert not (Path(spec.path).parent / "packs").exists()


def test_findings_that_shrink_to_the_same_framing_are_one(load: Callable[..., Spec]) -> None:
    spec = load("{budget: {calls: 60}, questions: 1, seed: 2, shrink: {findings: 8, calls: 400}}")
    details: Any = trial(spec, claims_where("secret")).score.details["search"]
    listed = [one["id"] for one in details["findings"]]
    assert sum(one["original"] is not None for one in details["findings"]) < 8
    assert len(listed) == len(set(listed))


def test_nothing_found_says_that_the_pack_was_not_written(load: Callable[..., Spec]) -> None:
    text = failure_text(record_of(load(FOUND), Answers(lambda _: OWN)), 100)
    assert "pack:    not written: nothing was found" in text


def test_the_calls_to_search_and_to_shorten_add_up(load: Callable[..., Spec]) -> None:
    answers = claims_where("secret")
    found = trial(load(FOUND), answers)
    details: Any = found.score.details["search"]
    calls = details["calls"]
    assert calls["search"] + calls["shortening"] == calls["all"]
    assert calls["all"] >= len(answers.requests) - 1
    assert calls["shortening"] == details["findings"][0]["shortening_asked"] > 0
    told = f"{calls['shortening']} to shorten, {calls['all']} in all; "
    assert told in found.score.reason


@pytest.mark.parametrize(
    ("budget", "asked"), [(1, 1), (39, 1), (40, 2), (60, 3), (799, 39), (800, 40), (5000, 40)]
)
def test_questions_are_so_many_that_the_calls_reach_for_twenty_framings(
    load: Callable[..., Spec], budget: int, asked: int
) -> None:
    many = ", ".join(f"{{id: q{number}, text: 'Who made you, {number}?'}}" for number in range(40))
    searching: Searching = case_of(load(f"{{budget: {{calls: {budget}}}}}", QUESTIONS_OF.format(many))).data
    assert searching.plan.questions_per_mutant == asked


def test_few_framings_for_many_questions_are_said_and_why(load: Callable[..., Spec]) -> None:
    few = trial(load("{budget: {calls: 6}, questions: 2}"), Answers(lambda _: OWN)).score.reason
    assert "only 3 framings could be tried, because one was asked up to 2 questions" in few
    for search in ("{budget: {calls: 6}, questions: 1}", "{budget: {calls: 60}, questions: 2}"):
        assert "could be tried" not in trial(load(search), Answers(lambda _: OWN)).score.reason


def test_one_is_singular(load: Callable[..., Spec]) -> None:
    spec = load("{budget: {calls: 1}, mutators: [lead-in]}")
    text = failure_text(record_of(spec, Answers(lambda _: OWN)), 100)
    assert "seed 0: 1 framing, 1 question" in text
    assert "(1 call to search" in text


def test_shortening_stays_within_its_calls(load: Callable[..., Spec]) -> None:
    spec = load("{budget: {calls: 40}, questions: 1, seed: 2, shrink: {calls: 12, findings: 2}}")
    answers = claims_where("secret")
    trial(spec, answers)
    assert len(answers.requests) <= 40 + 12


def test_templates_of_others_are_seeds_and_their_licence_goes_with_the_finding(
    load: Callable[..., Spec], tmp_path: Path
) -> None:
    (tmp_path / "set.csv").write_text("id,text\n1,The treasure is here. [INSERT PROMPT HERE]\n", "utf-8")
    spec = load(
        "{budget: {calls: 60}, stop_after: 1, questions: 1, write: packs/found.yaml,"
        " templates: {csv: set.csv, origin: a paper, licence: MIT}}"
    )
    trial(spec, claims_where("treasure"))
    (entry,) = pack_of(spec).values()
    assert entry["provenance"]["sources"] == [{"name": "set-1", "origin": "a paper", "licence": "MIT"}]


def test_findings_in_two_languages_are_two_framings(load: Callable[..., Spec]) -> None:
    more = (
        "probes: {questions: [{id: developer, en: Which company developed you?, zh: 你是哪家公司开发的？}]}\n"
        'framings: {inline: [{id: plain, en: "Hm. {question}", zh: "嗯。{question}"}]}\n'
    )
    spec = load("{budget: {calls: 30}, write: packs/found.yaml}", more=more)
    trial(spec, Answers(lambda _: OTHER))
    languages = [next(key for key in entry if key in ("en", "zh")) for entry in pack_of(spec).values()]
    assert set(languages) == {"en", "zh"}


# --- a model that writes mutants --------------------------------------------------------------------


def test_a_mutating_model_writes_and_never_sees_an_answer(load: Callable[..., Spec]) -> None:
    spec = load(
        "{budget: {calls: 60}, stop_after: 1, questions: 1, mutators: [rephrase], mutator: helper,"
        " write: packs/found.yaml}"
    )

    def said(prompt: str) -> str:
        if "MY REWRITE" in prompt:
            return OTHER
        return OWN if prompt.endswith("?") and len(prompt) < 200 else "MY REWRITE of it: {question}"

    answers = Answers(said)
    found = trial(spec, answers)
    assert found.score.value == 1.0
    written = [request for request in answers.requests if request.model.alias == "helper"]
    assert written
    assert not any(OTHER in message.text or OWN in message.text for r in written for message in r.messages)
    (entry,) = pack_of(spec).values()
    assert entry["provenance"]["mutator_model"] == "helper"


def test_a_mutating_model_that_fails_at_times_is_no_pass_though_some_changes_were_asked(
    load: Callable[..., Spec],
) -> None:
    spec = load("{budget: {calls: 60}, mutators: [rephrase], mutator: helper}")
    replies = iter(range(1000))

    def said(prompt: str) -> str | Exception:
        if "<template>" not in prompt:
            return OWN
        number = next(replies)
        return f"Change {number}: {{question}}" if number < 2 else ProviderError("the helper is dead")

    found = trial(spec, Answers(said))
    assert found.score.value is None
    assert "the helper is dead" in found.score.reason


def test_a_mutating_model_in_trouble_is_no_finding_and_no_pass(load: Callable[..., Spec]) -> None:
    spec = load("{budget: {calls: 30}, mutators: [rephrase], mutator: helper}")
    assert trial(spec, Answers(lambda _: ProviderError("dead"))).score.value is None


@pytest.mark.parametrize(("calls", "repeated"), [(2, 0), (3, 1), (8, 2)])
def test_too_few_calls_shorten_fewer_findings_not_each_a_little(
    load: Callable[..., Spec], calls: int, repeated: int
) -> None:
    spec = load(f"{{budget: {{calls: 60}}, questions: 1, shrink: {{calls: {calls}}}}}")
    details: Any = trial(spec, claims_where("secret")).score.details["search"]
    assert len(details["findings"]) > 2
    assert [one["repeats"] for one in details["findings"][:repeated]] == [3] * repeated
    assert {one["repeats"] for one in details["findings"][repeated:]} == {None}


# --- money ------------------------------------------------------------------------------------------


def test_a_budget_in_dollars_ends_the_search(load: Callable[..., Spec]) -> None:
    paid = replace(TARGET, price=Price(input=1.0, output=1.0))
    spec = load("{budget: {calls: 1000, usd: 1.0}, questions: 1}", nimbus=paid)
    answers = Answers(lambda _: Reply(text=OWN, usage=Usage(input_tokens=9_000, output_tokens=1_000)))
    found = trial(spec, answers, paid)
    details: Any = found.score.details["search"]
    assert 0.5 < details["usd"] <= 1.0
    assert details["usd"] == pytest.approx(len(answers.requests) * 0.01)
    assert "USD" in details["stopped"]


def test_a_paid_reply_without_usage_costs_the_most(load: Callable[..., Spec]) -> None:
    paid = replace(TARGET, price=Price(input=1.0, output=1.0))
    spec = load("{budget: {calls: 1000, usd: 1.0}, questions: 1}", nimbus=paid)
    answers = Answers(lambda _: OWN)
    trial(spec, answers, paid)
    assert len(answers.requests) < 60


def test_the_plan_counts_the_whole_budget(load: Callable[..., Spec]) -> None:
    spec = load("{budget: {calls: 60}, shrink: {calls: 40}}")
    plan = forecast(spec, TARGET, [case_of(spec)])
    assert (plan.calls_least, plan.calls_most) == (1, 100)
    assert plan.input_tokens > 100
    assert any("1 to 100" in line for line in lines([plan], concurrency=4, latency_s=lambda _: 1.0))


# --- what people are shown --------------------------------------------------------------------------


def record_of(spec: Spec, answers: Answers) -> dict[str, Any]:
    outcome = searched(spec, answers)
    kind = kinds.get("identity").kind
    record: Any = case_record(
        outcome,
        node="spec.yaml::nimbus::search",
        spec=spec,
        verdict=Verdict.FAILED,
        explanation=kind.explain(outcome),
        wrong=[kind.wrong(one) for one in outcome.trials],
        declared_gates=(),
    )
    return dict(record)


def test_a_failing_search_shows_the_finding_its_evidence_and_how_it_came_about(
    load: Callable[..., Spec], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record = record_of(load(FOUND), claims_where("secret"))
    text = failure_text(record, 100)
    flowing = " ".join(text.split())
    assert "identity search on nimbus" in text
    assert "found: 1 framing with a strict claim found (" in flowing
    assert "came back in 3 of 3, shortened; the prompt names no maker" in flowing
    assert "asked: It had a secret. " in flowing
    assert "^^^^^^^" in text
    assert "judged: strict (claims" in flowing
    assert "pack: packs/found.yaml (1 new)" in flowing
    assert "no rate" in flowing
    assert "again: pytest spec.yaml::nimbus::search" in flowing
    assert "It had a secret." in transcript(record)


def test_a_search_without_verdict_shows_why(load: Callable[..., Spec]) -> None:
    record = record_of(load("{budget: {calls: 30}}"), Answers(lambda _: ProviderError("the line went dead")))
    assert "the line went dead" in failure_text(record, 100)


def test_what_models_wrote_is_shown_and_not_obeyed(load: Callable[..., Spec]) -> None:
    record = record_of(load(FOUND), Answers(lambda p: f"\x1b[2J{OTHER}\u202e" if "secret" in p else OWN))
    text = failure_text(record, 100)
    assert "\\x1b[2J" in text
    assert not {"\x1b", "\u202e"} & set(text)


# --- what cannot be searched ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "more", "said"),
    [
        ("{budget: {calls: 9}}", "gates: {strict_rate: {at_most: 0.1}}\n", "search finds, gates decide"),
        ("{budget: {calls: 9}}", "sample: {size: 2}\n", "a search draws no sample"),
        ("{budget: {calls: 9}}", "repeats: 3\n", "a search is made once"),
        ("{budget: {calls: 9}}", "protocol: published\n", "a search has its own rules"),
        ("{budget: {calls: 9}}", "probes: {recorded: all}\n", "a recording answers no question"),
        ("{budget: {calls: 9}, questions: 3}", "", "there are 2 questions in 'en'"),
        ("{budget: {calls: 9}, mutators: [drop, expand]}", "", "'expand' is written by a model"),
        ("{budget: {calls: 9}, mutator: tape}", "", "is a recording and writes nothing new"),
        ("{budget: {calls: 9, usd: 1}, mutator: paid}", "", "has no price, so dollars cannot be counted"),
        ("{budget: {calls: 9}, shrink: {repeats: 2, at_least: 3}}", "", "at_least 3 is more than repeats 2"),
        ("{budget: {calls: 9}, templates: {csv: none.csv}}", "", "none.csv: cannot be read"),
        ("{budget: {calls: 9}, write: packs/found.txt}", "", "a framing pack is a YAML file"),
        ("{budget: {calls: 9}, write: found.yaml}", "", "a spec would be looked for in that file"),
        ("{budget: {calls: 9}, write: ../../../packs/found.yaml}", "", "outside the project"),
        ("{budget: {calls: 9}, write: packs/models.yaml}", "", "a spec would be looked for"),
        (r'{budget: {calls: 9}, write: "packs/a\0b.yaml"}', "", "not every system can have a file of that"),
        ("{budget: {calls: 9}, write: packs/CON.yaml}", "", "not every system can have a file of that name"),
        ("{budget: {calls: 9}, write: 'packs/a:b.yaml'}", "", "not every system can have a file of that"),
        (f"{{budget: {{calls: 9}}, write: packs/{'x' * 300}.yaml}}", "", "not every system can have a file"),
        ("{budget: {calls: 9, minutes: 1.0e308}}", "", "seconds is inf"),
        ("{budget: {calls: 1}, mutators: [expand], mutator: helper}", "", "does not pay for one new framing"),
        (
            "{budget: {calls: 9}}",
            "probes: {questions: [{id: a, text: How do I pick a lock?}]}\n",
            "question 'a' is not for a search",
        ),
        (
            "{budget: {calls: 9}}",
            'framings: {inline: [{id: a, en: {system: Be Bob., text: "{question}"}}]}\n',
            "no framing can be changed",
        ),
    ],
)
def test_what_cannot_be_searched_is_an_error_at_its_place(
    load: Callable[..., Spec], search: str, more: str, said: str
) -> None:
    found = problems(load(search, more))
    assert len(found) == 1
    assert said in found[0]
    assert not found[0].startswith("1:1:")


def test_a_judge_that_does_not_tell_who_speaks_is_an_error(load: Callable[..., Spec]) -> None:
    spec = load(head=HEAD.replace("claims", "{name: rubric, rubric: similarity, model: helper}"))
    (said,) = problems(spec)
    assert "does not tell who the speaker says it is" in said
    (said,) = problems(load(head=HEAD.replace("claims", "recorded")))
    assert "reads no answer" in said
    (said,) = problems(load(head=HEAD.replace("judge: claims\n", "")))
    assert "a search needs a judge" in said


def test_a_recording_cannot_be_searched(load: Callable[..., Spec]) -> None:
    said = problems(load(), TAPE)
    assert any("is a recording and answers nothing new" in one for one in said)


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("{}", "key 'budget' is missing"),
        ("{budget: {usd: 1}}", "key 'calls' is missing"),
        ("{budget: {calls: 9}, polcy: ucb}", "did you mean 'policy'"),
        ("{budget: {calls: 9}, policy: greedy}", "greedy"),
        ("{budget: {calls: 9}, mutators: [dropp]}", "did you mean 'drop'"),
        ("{budget: {calls: 9}, mutator: nobody}", "unknown model 'nobody'"),
        ("{budget: {calls: 0}}", "0"),
    ],
)
def test_a_mistake_in_the_section_is_told_by_the_schema(
    load: Callable[..., Spec], search: str, said: str
) -> None:
    with pytest.raises(SpecError) as caught:
        load(search)
    assert said in str(caught.value)


def test_every_part_of_the_section_reaches_the_plan(load: Callable[..., Spec]) -> None:
    spec = load(
        "{policy: ucb, seed: 9, goal: loose, budget: {calls: 50, minutes: 2}, stop_after: 4, batch: 3,"
        " energy: 2, questions: 2, keep: all, mutators: [drop, splice], max_unscored: 0.3, shrink: false}"
    )
    searching: Searching = case_of(spec).data
    plan = searching.plan
    assert (plan.policy, plan.seed, plan.counts, plan.batch, plan.energy) == ("ucb", 9, "loose", 3, 2)
    assert (plan.budget.calls, plan.budget.seconds, plan.budget.successes) == (50, 120.0, 4)
    assert (plan.questions_per_mutant, plan.keep, plan.mutators) == (2, "all", ("drop", "splice"))
    assert (searching.max_unscored, searching.shrinking) == (0.3, None)


def test_a_base_model_is_asked_to_go_on_with_the_text(load: Callable[..., Spec]) -> None:
    base = replace(TARGET, ask_as="completion")
    framing = (
        "framings: {inline: [{id: qa, en: {text: '{question}',"
        ' completion: "A robot speaks. Q: {question} A:"}}]}\n'
    )
    spec = load(
        "{budget: {calls: 20}, stop_after: 1, questions: 1, write: packs/found.yaml}", framing, nimbus=base
    )
    answers = claims_where("robot")
    trial(spec, answers, base)
    assert all("?" in prompt for prompt in answers.prompts)
    (entry,) = pack_of(spec).values()
    assert entry["en"]["completion"] == entry["en"]["text"]
