"""The similarity kind: its declared set, both dialogues, what is judged, and what people are shown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from distill_tests import specfile
from distill_tests.errors import EmptyReply, NotForTarget, SpecError
from distill_tests.prompts import Source, prompt_sets
from distill_tests.registry import Asking, Kind, Tabled, judge, judges, kinds, providers
from distill_tests.types import (
    Case,
    Exhibit,
    Identity,
    Message,
    Model,
    Outcome,
    Reply,
    Request,
    Sampling,
    Score,
    Spec,
    Trial,
)

TARGET = Model(
    alias="nimbus",
    provider="scripted",
    model="nimbus-1",
    identity=Identity(name="Nimbus", maker="Cloudworks"),
)
REFERENCE = Model(alias="stratus", provider="scripted", model="stratus-1", system="Be brief.")
CONTROL = Model(alias="cirrus", provider="scripted", model="cirrus-1")
CARDS = {model.alias: model for model in (TARGET, REFERENCE, CONTROL)}
HEAD = "kind: similarity\ntitle: Alike\ntargets: [nimbus]\njudge: by-length\nreference: stratus\n"
ROWS: list[dict[str, Any]] = [
    {"id": "river", "prompt": "Name a river.", "set": "short"},
    {"id": "river", "prompt": "说出一条河的名字。", "set": "short"},
    {"id": "sum", "prompt": "What is 2 + 2?", "set": "maths"},
    {"id": "plan", "turns": ["Plan a day.", "Make it shorter."], "set": "chat"},
]
PROMPTS = "prompts: {data: p.jsonl}\n"


@judge(
    "by-length", scale=(1, 5), marks={"style": (0, 2), "logic": (0, 2), "content": (0, 2), "overall": (1, 5)}
)
def by_length(exhibit: Exhibit) -> Score:
    """5 where both texts are as long as each other, 1 less for each character more."""
    apart = abs(len(exhibit.answer) - len(exhibit.references[0]))
    value = max(1.0, 5.0 - apart)
    return Score(
        value=value,
        label=f"overall {value:g}",
        reason="by their lengths",
        marks={"style": 1.0, "logic": 2.0, "content": 0.0, "overall": value},
        details={"apart": apart},
    )


@judge("only-overall", scale=(1, 5))
def only_overall(_exhibit: Exhibit) -> Score:
    return Score(value=3.0, label="3")


@judge("yes-or-no")
def yes_or_no(_exhibit: Exhibit) -> Score:
    return Score(value=1.0, label="yes")


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Spec]:
    def loaded(body: str = PROMPTS, *, rows: Sequence[Mapping[str, Any]] = ROWS, head: str = HEAD) -> Spec:
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (tmp_path / "p.jsonl").write_text(text, encoding="utf-8")
        (tmp_path / "spec.yaml").write_text(head + body, encoding="utf-8")
        return specfile.load(tmp_path / "spec.yaml", CARDS, environ={})

    return loaded


def entry() -> Kind:
    return kinds.get("similarity").kind


def by_id(spec: Spec) -> dict[str, Case]:
    return {case.id: case for case in entry().cases(spec, TARGET)}


@dataclass
class Asked:
    """Answers by alias and the last message; remembers what it was asked."""

    answers: Mapping[str, Callable[[str], Reply | str]]
    requests: list[Request] = field(default_factory=list)

    async def __call__(self, request: Request) -> Reply:
        self.requests.append(request)
        said = self.answers[request.model.alias](request.messages[-1].text)
        return said if isinstance(said, Reply) else Reply(text=said, finish="stop")

    def of(self, model: Model) -> list[tuple[Message, ...]]:
        return [request.messages for request in self.requests if request.model.alias == model.alias]


@dataclass
class Judged:
    """A judge that remembers what it was shown."""

    exhibits: list[Exhibit] = field(default_factory=list)

    async def __call__(self, exhibit: Exhibit) -> Score:
        self.exhibits.append(exhibit)
        return by_length(exhibit)


def says(target: Reply | str, reference: Reply | str) -> Asked:
    return Asked({"nimbus": lambda _: target, "stratus": lambda _: reference})


def conducted(
    spec: Spec,
    case: str,
    ask: Asked,
    judging: Judged | None = None,
    *,
    target: Model = TARGET,
    sample: int = 0,
) -> Trial:
    found = entry().conduct(
        by_id(spec)[case], spec, target, sample=sample, ask=ask, judge=judging or Judged()
    )
    return asyncio.run(found)


# --- the declared set --------------------------------------------------------------------------


def test_a_case_is_a_prompt_of_a_set_and_twins_share_a_cluster(load: Callable[..., Spec]) -> None:
    found = by_id(load())
    assert set(found) == {"short-river-en", "short-river-zh", "maths-sum", "chat-plan"}
    assert found["short-river-en"].clusters == found["short-river-zh"].clusters == {"prompt": "short-river"}
    assert found["short-river-zh"].groups == {"set": "short", "language": "zh", "turns": "single"}
    assert found["chat-plan"].groups == {"set": "chat", "language": "en", "turns": "multi"}
    assert found["chat-plan"].tags == ("chat", "en", "multi")
    assert (Path(found["maths-sum"].place.path).name, found["maths-sum"].place.line) == ("p.jsonl", 3)


def test_the_seed_draws_and_orders_the_cases(load: Callable[..., Spec]) -> None:
    rows = [{"id": f"q{number}", "prompt": f"Say {number}."} for number in range(40)]

    def drawn(seed: int) -> list[str]:
        spec = load(f"prompts: {{data: p.jsonl, size: 6, seed: {seed}}}\n", rows=rows)
        return [case.id for case in entry().cases(spec, TARGET)]

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)
    assert len(set(drawn(7))) == 6
    assert drawn(7) != sorted(drawn(7))


def test_sets_are_chosen_by_name_and_drawn_each_for_itself(load: Callable[..., Spec]) -> None:
    spec = load("prompts: {data: p.jsonl, sets: [short, chat], size: 1, seed: 3}\n")
    assert sorted(case.groups["set"] for case in by_id(spec).values()) == ["chat", "short"]


def test_each_set_may_have_a_file_a_format_and_a_size_of_its_own(
    load: Callable[..., Spec], tmp_path: Path
) -> None:
    chat = [{"id": str(n), "conversations": [{"from": "human", "value": f"Hi {n}"}] * 3} for n in range(5)]
    (tmp_path / "c.json").write_text(json.dumps(chat), encoding="utf-8")
    (tmp_path / "n.csv").write_text("problem\nOne?\nTwo?\n", encoding="utf-8")
    spec = load(
        "prompts:\n  max_turns: 2\n  size: 2\n  sets:\n    maths: {format: numina, path: n.csv}\n"
        "    talk: {format: sharegpt, path: c.json, size: 3}\n"
    )
    found = by_id(spec).values()
    assert sorted(case.groups["set"] for case in found) == ["maths"] * 2 + ["talk"] * 3
    assert {len(case.data.turns) for case in found if case.groups["set"] == "talk"} == {2}


def test_ids_that_cannot_stand_in_a_name_get_a_hash(load: Callable[..., Spec]) -> None:
    spec = load(rows=[{"id": name, "prompt": name} for name in ("a/b", "a b", "[x]", "好", "long" * 90)])
    names = sorted(by_id(spec))
    assert len(set(names)) == 5
    assert all(not set(name) & set("[]:/ ") and len(name) < 90 for name in names)


def test_the_set_has_another_hash_for_another_text_reference_or_way_of_judging(
    load: Callable[..., Spec],
) -> None:
    def digest(spec: Spec) -> str:
        return next(iter(by_id(spec).values())).data.set_hash  # type: ignore[no-any-return]  # the kind's own data

    assert digest(load()) == digest(load())
    assert digest(load()) != digest(load(rows=ROWS[:3]))
    assert digest(load()) != digest(load(head=HEAD.replace("stratus", "cirrus")))
    assert digest(load()) != digest(load(PROMPTS + "judged_turns: last\n"))


CONTROLS = "controls: {unlike: cirrus}\n"


def test_the_models_asked_beside_the_target_are_the_reference_and_every_control(
    load: Callable[..., Spec],
) -> None:
    kind: Asking = entry()  # type: ignore[assignment]  # it offers more than a Kind
    assert kind.asks(load()) == (REFERENCE,)
    assert kind.asks(load(PROMPTS + CONTROLS)) == (REFERENCE, CONTROL)


@pytest.mark.parametrize(
    ("controls", "problem"),
    [
        ("{sibling: stratus}", "control 'sibling' is the reference itself ('stratus')"),
        ("{unlike: cirrus, other: cirrus}", "control 'other' is the same model as control 'unlike'"),
    ],
)
def test_a_control_that_gives_no_scale_is_refused(
    load: Callable[..., Spec], controls: str, problem: str
) -> None:
    with pytest.raises(SpecError) as raised:
        by_id(load(f"{PROMPTS}controls: {controls}\n"))
    (only,) = raised.value.problems
    assert problem in only.what
    assert only.place.line == 7


def test_no_gate_compares_a_target_with_itself_as_its_control(load: Callable[..., Spec]) -> None:
    gate = "gates: {mean_overall: {at_most: {above: unlike, by: 0.2}}}\n"
    spec = load(PROMPTS + CONTROLS + gate)
    assert by_id(spec)
    with pytest.raises(NotForTarget, match="control 'unlike', which is the target itself"):
        entry().cases(spec, CONTROL)


@pytest.mark.parametrize(
    ("gate", "problem"),
    [
        (
            "{at_most: {above: unlik, by: 0.2}}",
            "no control 'unlik' to be relative to; did you mean 'unlike'?",
        ),
        ("{at_most: {by: 1}}", "'above' or 'below'"),
        ("{at_most: {above: unlike}}", "key 'by' is missing in 'at_most'"),
        ("{at_most: {above: unlike, below: unlike, by: 1}}", "'at_most' has 3 keys; at most 2"),
        ("{at_most: {above: unlike, by: -1}}", "'by' must be at least 0 (got -1)"),
        ("{at_most: {above: unlike, by: 9}}", "9 is more than 'mean_overall' can differ; at most 4"),
        ("{at_most: {above: unlike, by: .nan}}", "not a finite number (got '.nan')"),
        ("{at_most: {above: unlike, by: 0}, at_least: 1}", "has both thresholds"),
        ("{at_most: {above: unlike, by: 0}, across: worst}", "across targets and relative to a control"),
        ("{at_most: {above: unlike, by: 0}, claim: population}", "what is compared is the declared set"),
        ("{statistic: mean_of_sets, at_most: {above: unlike, by: 1}}", "is no mean of answers"),
    ],
)
def test_a_threshold_relative_to_a_control_is_checked_in_words(
    load: Callable[..., Spec], gate: str, problem: str
) -> None:
    with pytest.raises(SpecError) as raised:
        load(f"{PROMPTS}{CONTROLS}gates: {{mean_overall: {gate}}}\n")
    (only,) = raised.value.problems
    assert problem in str(only)


def test_the_rubric_judge_compares_likeness_here_unless_the_spec_says_otherwise(
    load: Callable[..., Spec],
) -> None:
    def rubric_of(judge: str) -> object:
        use = load(head=HEAD.replace("by-length", judge)).judge
        assert use is not None
        return use.options.get("rubric")

    assert rubric_of("{name: rubric, model: cirrus}") == "similarity"
    assert rubric_of("{name: rubric, rubric: identity, model: cirrus}") == "identity"
    assert by_id(load(head=HEAD.replace("by-length", "{name: rubric, model: cirrus}")))


@pytest.mark.parametrize(
    "judge",
    [
        "{name: cascade, first: resemblance, then: rubric, model: cirrus}",
        "{name: cascade, first: resemblance, then: {name: rubric, votes: 3}, model: cirrus}",
        "{name: panel, judges: [resemblance, {name: rubric, model: cirrus}]}",
    ],
)
def test_the_rubric_judge_compares_likeness_inside_another_judge_too(
    load: Callable[..., Spec], judge: str
) -> None:
    use = load(head=HEAD.replace("by-length", judge)).judge
    assert use is not None
    inside = use.options["then"] if use.name == "cascade" else use.options["judges"][1]
    assert (inside["name"], inside["rubric"]) == ("rubric", "similarity")


# --- asking and judging ------------------------------------------------------------------------


def test_both_are_asked_the_same_and_the_judge_sees_both_answers(load: Callable[..., Spec]) -> None:
    ask, judging = says("Rhine", "Danube"), Judged()
    trial = conducted(load(), "short-river-en", ask, judging)
    user = Message(role="user", text="Name a river.")
    assert ask.of(TARGET) == [(user,)]
    assert ask.of(REFERENCE) == [(Message(role="system", text="Be brief."), user)]
    (exhibit,) = judging.exhibits
    assert (exhibit.answer, exhibit.references, exhibit.question) == ("Rhine", ("Danube",), "Name a river.")
    assert exhibit.identity == TARGET.identity
    assert [one.request.model.alias for one in trial.exchanges] == ["nimbus", "stratus"]
    assert (trial.score.value, trial.answer) == (4.0, "Rhine")
    assert trial.score.details["apart"] == 1
    assert trial.score.details["likeness"] == {
        "reference": "stratus",
        "identical": False,
        "cut_off": [],
        "rows_left_out": 0,
        "controls": {},
    }


def with_control(said: Reply | str) -> Asked:
    return Asked({"nimbus": lambda _: "Rhine", "stratus": lambda _: "Danube", "cirrus": lambda _: said})


def likeness(trial: Trial) -> Mapping[str, Any]:
    told: Any = trial.score.details["likeness"]
    assert isinstance(told, Mapping)
    return told


def test_a_control_is_asked_the_same_and_judged_against_the_reference_without_any_gate(
    load: Callable[..., Spec],
) -> None:
    ask, judging = with_control("Nile"), Judged()
    trial = conducted(load(PROMPTS + CONTROLS), "short-river-en", ask, judging)
    assert ask.of(CONTROL) == [(Message(role="user", text="Name a river."),)]
    assert [one.answer for one in judging.exhibits] == ["Rhine", "Nile"]
    assert {one.references for one in judging.exhibits} == {("Danube",)}
    assert judging.exhibits[1].identity is None, "the target's identity is not the control's"
    told = likeness(trial)["controls"]["unlike"]
    assert (told["model"], told["value"], told["cut_off"]) == ("cirrus", 3.0, False)
    assert told["marks"]["style"] == 1.0
    assert (trial.score.value, trial.answer) == (4.0, "Rhine")


@pytest.mark.parametrize("said", ["", Reply(text="No.", finish="refusal"), Reply(text="", thinking="Hm.")])
def test_a_control_that_does_not_answer_is_missing_and_no_trouble_of_the_target(
    load: Callable[..., Spec], said: Reply | str
) -> None:
    trial = conducted(load(PROMPTS + CONTROLS), "short-river-en", with_control(said))
    told = likeness(trial)["controls"]["unlike"]
    assert told["value"] is None
    assert told["missing"].startswith("cirrus: the reply is")
    assert trial.score.value == 4.0
    case = by_id(load(PROMPTS + CONTROLS))["short-river-en"]
    shown = entry().explain(Outcome(case=case, target=TARGET, trials=(trial,)))
    assert "controls:   unlike (cirrus) not scored: cirrus: the reply is" in shown


def test_a_control_that_is_the_target_is_asked_and_judged_once(load: Callable[..., Spec]) -> None:
    ask, judging = with_control("Nile"), Judged()
    trial = conducted(load(PROMPTS + CONTROLS), "short-river-en", ask, judging, target=CONTROL)
    assert len(ask.requests) == 2
    assert len(judging.exhibits) == 1
    assert likeness(trial)["controls"]["unlike"]["value"] == trial.score.value == 3.0


def test_a_cut_off_control_is_unscored_where_cut_off_answers_are(load: Callable[..., Spec]) -> None:
    cut = Reply(text="on and on", finish="length")
    judged = conducted(load(PROMPTS + CONTROLS), "short-river-en", with_control(cut))
    assert not judged.cut_off
    assert likeness(judged)["controls"]["unlike"]["cut_off"] is True
    spec = load(PROMPTS + CONTROLS + "on_cutoff: unscored\n")
    unscored = conducted(spec, "short-river-en", with_control(cut))
    assert unscored.score.value == 4.0
    assert "reached max_tokens" in likeness(unscored)["controls"]["unlike"]["missing"]


def test_in_several_turns_each_model_goes_on_from_its_own_answers(load: Callable[..., Spec]) -> None:
    ask = Asked({"nimbus": lambda text: f"N: {text}", "stratus": lambda text: f"S says: {text}"})
    judging = Judged()
    trial = conducted(load(), "chat-plan", ask, judging)
    assert [message.text for message in ask.of(TARGET)[1]] == [
        "Plan a day.",
        "N: Plan a day.",
        "Make it shorter.",
    ]
    assert [message.text for message in ask.of(REFERENCE)[1][1:]] == [
        "Plan a day.",
        "S says: Plan a day.",
        "Make it shorter.",
    ]
    assert judging.exhibits[0].answer == "[turn 1]\nN: Plan a day.\n\n[turn 2]\nN: Make it shorter."
    assert judging.exhibits[0].references[0].startswith("[turn 1]\nS says: Plan a day.")
    assert len(trial.exchanges) == 4


def test_the_last_turn_alone_may_be_judged(load: Callable[..., Spec]) -> None:
    ask = Asked({"nimbus": lambda text: f"N: {text}", "stratus": lambda text: f"S: {text}"})
    judging = Judged()
    conducted(load(PROMPTS + "judged_turns: last\n"), "chat-plan", ask, judging)
    assert (judging.exhibits[0].answer, judging.exhibits[0].references) == (
        "N: Make it shorter.",
        ("S: Make it shorter.",),
    )


def test_identical_texts_are_the_top_of_every_scale_and_no_judge_is_asked(load: Callable[..., Spec]) -> None:
    judging = Judged()
    trial = conducted(load(), "maths-sum", says("4", "4"), judging)
    assert judging.exhibits == []
    assert (trial.score.value, trial.score.label) == (5.0, "identical")
    assert trial.score.marks == {"style": 2.0, "logic": 2.0, "content": 2.0, "overall": 5.0}


def test_the_reference_against_itself_is_asked_once_and_scores_five(load: Callable[..., Spec]) -> None:
    ask = says("never", "Four.")
    trial = conducted(load(), "maths-sum", ask, target=REFERENCE)
    assert (len(ask.requests), len(trial.exchanges), trial.score.value) == (1, 1, 5.0)


def test_repeats_are_compared_sample_by_sample(load: Callable[..., Spec]) -> None:
    ask = says("a", "b")
    conducted(load(), "maths-sum", ask, sample=2)
    assert [request.sample for request in ask.requests] == [2, 2]


@pytest.mark.parametrize(
    ("target", "reference", "message"),
    [
        (Reply(text="", finish="stop"), "fine", "nimbus: the reply is empty"),
        ("fine", Reply(text=" \u200b", finish=None), "stratus: the reply is empty"),
        (
            "fine",
            Reply(text="No.", finish="refusal"),
            "stratus: the reply is no answer, it ended with 'refusal'",
        ),
        ("fine", Reply(text="", thinking="Hm."), "stratus: the reply is empty .*, only a thinking part"),
    ],
)
def test_a_reply_that_is_none_is_trouble_and_never_a_likeness(
    load: Callable[..., Spec], target: Reply | str, reference: Reply | str, message: str
) -> None:
    ask, judging = says(target, reference), Judged()
    with pytest.raises(EmptyReply, match=message):
        conducted(load(), "maths-sum", ask, judging)
    assert judging.exhibits == []
    assert len(ask.requests) == 2  # the other's answer is in the store all the same


def test_the_turn_that_brought_nothing_is_named(load: Callable[..., Spec]) -> None:
    ask = Asked({"nimbus": lambda text: "" if "shorter" in text else "Walk.", "stratus": lambda _: "Nap."})
    with pytest.raises(EmptyReply, match="nimbus: turn 2 of 2: the reply is empty"):
        conducted(load(), "chat-plan", ask)


CUT = Reply(text="on and on", finish="length")


@pytest.mark.parametrize(
    ("target", "reference", "whose"),
    [
        (CUT, "brief", ["target"]),
        ("brief", CUT, ["reference"]),
        (CUT, Reply(text="on", finish="length"), None),
    ],
)
def test_a_cut_off_answer_of_either_is_judged_and_marked_or_unscored(
    load: Callable[..., Spec], target: Reply | str, reference: Reply | str, whose: list[str] | None
) -> None:
    whose = whose or ["target", "reference"]
    judged = conducted(load(), "maths-sum", says(target, reference))
    assert judged.cut_off
    assert judged.score.value is not None
    told = judged.score.details["likeness"]
    assert isinstance(told, Mapping)
    assert told["cut_off"] == whose
    unscored = conducted(load(PROMPTS + "on_cutoff: unscored\n"), "maths-sum", says(target, reference))
    assert (unscored.score.value, unscored.score.label) == (None, "cut-off")
    assert f"a reply of {' and '.join(whose)} reached max_tokens (256)" in unscored.score.reason


def test_no_likeness_is_wrong_in_itself(load: Callable[..., Spec]) -> None:
    spec = load()
    for pair in (("a", "a"), ("a", "abcdefghi")):
        assert entry().wrong(conducted(spec, "maths-sum", says(*pair))) is False


def test_the_first_request_and_the_calls_are_known_beforehand(load: Callable[..., Spec]) -> None:
    spec = load()
    case = by_id(spec)["chat-plan"]
    opening = entry().opening(case, spec, REFERENCE)
    assert opening is not None
    assert [message.text for message in opening.messages] == ["Be brief.", "Plan a day."]
    assert entry().calls(case, spec) == (2, 2)


# --- what people are shown ---------------------------------------------------------------------


def test_an_outcome_shows_prompt_both_answers_numbers_and_reason(load: Callable[..., Spec]) -> None:
    spec = load()
    trial = conducted(spec, "short-river-en", says("Rhine\x1b[2J", "Da\nnu\nbe\na\nb\nc\nd\ne"))
    shown = entry().explain(Outcome(case=by_id(spec)["short-river-en"], target=TARGET, trials=(trial,)))
    head, *told = shown.splitlines()
    assert head.endswith("p.jsonl:1  likeness of nimbus to stratus")
    assert told[:2] == ["  asked:      Name a river.", r"  answer:     Rhine\x1b[2J"]
    assert told[2:9] == [
        "  reference:  Da",
        *(f"              {one}" for one in ("nu", "be", "a", "b")),
        told[7],
        told[8],
    ]
    assert told[7].endswith("[… 3 more lines]")
    assert told[-1] == "  judged:     overall 1 of 5, style 1, logic 2, content 0: by their lengths"


def test_every_turn_is_shown_with_both_answers(load: Callable[..., Spec]) -> None:
    spec = load()
    ask = Asked({"nimbus": lambda text: f"N {text}", "stratus": lambda text: f"S {text}"})
    outcome = Outcome(
        case=by_id(spec)["chat-plan"], target=TARGET, trials=(conducted(spec, "chat-plan", ask),)
    )
    labels = [line.split(":")[0].strip() for line in entry().explain(outcome).splitlines()[1:]]
    assert labels == ["asked", "answer", "reference"] * 2 + ["judged"]


def test_of_repeats_the_one_without_a_score_or_the_least_alike_is_shown(load: Callable[..., Spec]) -> None:
    spec = load()
    trials = [conducted(spec, "maths-sum", says(text, "abc")) for text in ("abcd", "abcdefg", "ab")]
    outcome = Outcome(case=by_id(spec)["maths-sum"], target=TARGET, trials=tuple(trials))
    assert "trial 2 of 3" in entry().explain(outcome)


# --- what cannot be audited --------------------------------------------------------------------

WRONG = {
    "no file": ("prompts: {size: 3}", ["spec.yaml:6:10: there is no file of prompts; give data: FILE"]),
    "two ways": (
        "prompts: {data: p.jsonl, sets: {a: {path: p.jsonl}}}",
        ["spec.yaml:6:17: 'data' is one file for all sets, and 'sets' gives each set its own"],
    ),
    "an absent file": (
        "prompts: {data: q.jsonl}",
        ["spec.yaml:6:17: there is no file", "did you mean 'p.jsonl'?"],
    ),
    "an unknown set": (
        "prompts: {data: p.jsonl, sets: [short, mats]}",
        ["spec.yaml:6:40: no prompt belongs to the set 'mats'; did you mean 'maths'?"],
    ),
    "too large a sample": (
        "prompts: {data: p.jsonl, sets: [short], size: 3}",
        ["spec.yaml:6:47: the sample is larger than the set 'short' (got 3); at most 2"],
    ),
    "too large a sample of one set": (
        "prompts:\n  sets:\n    a: {path: p.jsonl, size: 9}\n",
        ["spec.yaml:8:30: the sample is larger than the set 'a' (got 9); at most 4"],
    ),
    "canaries": (
        PROMPTS + "canaries: {items: [{id: c, answer: Hello., expect: {value: 1}}]}\n",
        ["spec.yaml:7:11: a canary is an answer alone, and likeness is of two; remove canaries"],
    ),
    "no prompt in a language": (
        "prompts: {data: p.jsonl, languages: [ko]}",
        ["spec.yaml:6:10: no prompt is left; widen sets or languages"],
    ),
    "a mark that the judge has not": (
        PROMPTS + "gates:\n  mean_style: {at_most: 1}\n  mean_overall: {at_most: 3}\n",
        ["spec.yaml:8:15: gate 'mean_style' is about style, which judge 'only-overall' does not mark"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_spec_is_said_at_its_place(load: Callable[..., Spec], case: str) -> None:
    body, messages = WRONG[case]
    head = HEAD.replace("by-length", "only-overall") if "mark" in case else HEAD
    with pytest.raises(SpecError) as caught:
        entry().cases(load(body, head=head), TARGET)
    assert len(caught.value.problems) == 1
    assert all(message in str(caught.value) for message in messages), str(caught.value)


def test_bad_rows_of_all_files_are_said_at_once(load: Callable[..., Spec], tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text("problem\n \n", encoding="utf-8")
    body = "prompts:\n  sets:\n    a: {path: p.jsonl}\n    b: {path: n.csv, format: numina}\n"
    body += "    c: {path: no.jsonl}\n"
    rows = [{"id": "a", "prompt": ""}, {"id": "b", "prompt": "x"}, {"id": "b", "prompt": "y"}]
    with pytest.raises(SpecError) as caught:
        entry().cases(load(body, rows=rows), TARGET)
    places = [str(problem.place).rpartition("/")[2] for problem in caught.value.problems]
    assert places == ["p.jsonl:1:1", "p.jsonl:3:1", "n.csv:2:1", "spec.yaml:10:15"]


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (
            "yes-or-no",
            "judge 'yes-or-no' gives values from 0 to 1, and likeness has 1 to 5; such as resemblance",
        ),
        (
            "{name: rubric, rubric: identity, model: cirrus}",
            "{name: rubric, rubric: similarity, model: ALIAS}",
        ),
        (None, "a similarity spec needs a judge; judge: resemblance"),
    ],
)
def test_a_judge_of_something_else_is_refused(
    load: Callable[..., Spec], use: str | None, message: str
) -> None:
    head = HEAD.replace("judge: by-length\n", f"judge: {use}\n" if use else "")
    with pytest.raises(SpecError) as caught:
        entry().cases(load(head=head), TARGET)
    assert message in str(caught.value)


def test_the_rubric_of_similarity_is_accepted(load: Callable[..., Spec]) -> None:
    head = HEAD.replace("by-length", "{name: rubric, rubric: similarity, model: cirrus}")
    gates = "gates: {mean_style: {at_most: 1.5}, mean_of_sets: {at_most: 4}}\n"
    assert len(list(entry().cases(load(PROMPTS + gates, head=head), TARGET))) == 4


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            HEAD.replace("stratus", "stratos") + PROMPTS,
            "spec.yaml:5:12: unknown model 'stratos'; did you mean 'stratus'",
        ),
        (
            HEAD + PROMPTS + "controls: {unlike: cirus}\n",
            "spec.yaml:7:20: unknown model 'cirus'; did you mean 'cirrus'",
        ),
        (HEAD.replace("reference: stratus\n", "") + PROMPTS, "reference"),
        (HEAD + "prompts: {data: p.jsonl, sise: 3}\n", "spec.yaml:6:26"),
        (HEAD + "prompts: {sets: {a: {path: p.jsonl, format: sharegtp}}}\n", "spec.yaml:6:45"),
        (HEAD + PROMPTS + "gates: {mean_overall: {at_most: 7}}\n", "outside the scale 1..5"),
    ],
)
def test_what_the_schema_knows_is_refused_when_the_spec_is_read(
    load: Callable[..., Spec], text: str, place: str
) -> None:
    with pytest.raises(SpecError) as caught:
        load("", head=text)
    assert place in str(caught.value)


def test_rows_that_are_tolerated_are_counted_in_every_answer(load: Callable[..., Spec]) -> None:
    rows = [*ROWS, {"id": "empty", "prompt": ""}]
    spec = load("prompts: {data: p.jsonl, max_bad_rows: 1}\n", rows=rows)
    told = conducted(spec, "maths-sum", says("a", "b")).score.details["likeness"]
    assert isinstance(told, Mapping)
    assert told["rows_left_out"] == 1


def test_the_kind_has_tables() -> None:
    kind: Tabled = entry()  # type: ignore[assignment]  # it offers more than a Kind
    assert kind.tables([]) == ()


# --- what is shipped ---------------------------------------------------------------------------

SPECS = Path(__file__).parents[1] / "specs"


def test_the_hand_written_reference_answers_every_turn_of_the_shipped_prompts() -> None:
    models = specfile.load_models(SPECS / "models.yaml", environ={})
    handwritten: Any = providers.get("recorded").make(models["handwritten"])
    sets = prompt_sets(Source(path=SPECS / "similarity/data/prompts.jsonl"), seed=0)
    shipped = [prompt for one in sets for prompt in one.prompts]
    assert len(shipped) >= 24
    assert {prompt.language for prompt in shipped} == {"en", "zh"}
    for prompt in shipped:
        for number in range(1, len(prompt.turns) + 1):
            messages = tuple(Message(role="user", text=text) for text in prompt.turns[:number])
            request = Request(model=models["handwritten"], messages=messages, sampling=Sampling())
            assert handwritten.holds(request), prompt.turns[number - 1]


def test_the_shipped_prompts_are_twins_in_both_languages() -> None:
    sets = prompt_sets(Source(path=SPECS / "similarity/data/prompts.jsonl"), seed=0)
    languages: dict[tuple[str, str], set[str]] = {}
    for prompt in (prompt for one in sets for prompt in one.prompts):
        languages.setdefault((prompt.set, prompt.cluster), set()).add(prompt.language)
    assert {frozenset(one) for one in languages.values()} == {frozenset({"en", "zh"})}


@pytest.mark.skipif("resemblance" not in judges, reason="the offline judge of likeness is not registered")
def test_the_shipped_spec_draws_a_few_prompts_of_each_set_with_a_judge_that_asks_nobody() -> None:
    models = specfile.load_models(SPECS / "models.yaml", environ={})
    spec = specfile.load(SPECS / "similarity/core.yaml", models, environ={})
    cases = list(entry().cases(spec, models["smollm2-135m"]))
    assert {case.groups["set"] for case in cases} == {"everyday", "maths", "chat"}
    assert len(cases) == 12
    assert spec.judge is not None
    assert spec.judge.asked() == ()
