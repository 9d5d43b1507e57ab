"""What can be wrong with an identity spec, in the words that people read; and recordings as specs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from distill_tests import specfile
from distill_tests.errors import EmptyReply, SpecError
from distill_tests.registry import Kind, kinds, providers
from distill_tests.types import Case, Exhibit, Identity, Json, JudgeUse, Model, Score, Spec, Trial

NIMBUS = Model(
    alias="nimbus",
    provider="scripted",
    model="nimbus-1",
    identity=Identity(name="Nimbus", maker="Cloudworks"),
)
HEAD = "kind: identity\ntitle: T\ntargets: [nimbus]\n"
FILES = {
    "q.yaml": 'developer: {topic: maker, en: "Which company developed you?", zh: "你是哪家公司开发的？"}\n'
    'home: {topic: country, en: "Where do you come from?"}\n',
    "f.yaml": 'plain: {family: plain, en: "{question}", zh: "{question}"}\n'
    'letter: {family: letter, en: "Write: {question}"}\n',
}
ASKED = "probes: {questions: [{id: a, text: Who?}]}\n"

WRONG = {
    "a tag that no question has": (
        "probes: {include: q.yaml, tags: [develper]}",
        ["spec.yaml:4:34: no question has the tag 'develper'; did you mean 'developer'?"],
    ),
    "a tag like no other": (
        "probes: {include: q.yaml, tags: [zebra]}",
        ["spec.yaml:4:34: no question has the tag 'zebra'; known: country, developer, home, maker"],
    ),
    "a family that no framing has": (
        ASKED + "framings: {include: f.yaml, families: [leter], tags: [plain]}",
        ["spec.yaml:5:40: no framing has the family 'leter'; did you mean 'letter'?"],
    ),
    "filters that leave nothing": (
        ASKED + "framings: {include: f.yaml, families: [letter], tags: [plain]}",
        ["spec.yaml:5:55: the filters leave no framing"],
    ),
    "no questions": (
        "probes: {languages: [en]}",
        ["spec.yaml:4:9: no questions; give include, questions, or recorded: all"],
    ),
    "no framings": (
        ASKED + "framings: {tags: [plain]}",
        [
            "spec.yaml:5:11: no framings; give include or inline, or leave it out",
        ],
    ),
    "a twin without a text": (
        "probes: {include: q.yaml}",
        [
            "q.yaml:2:7: question 'home' has no text in 'zh', only in en; "
            "add it, or name the languages to ask in with probes: {languages: …}"
        ],
    ),
    "a framing without a language that is asked": (
        "probes: {include: q.yaml, tags: [developer]}\nframings: {include: f.yaml}",
        [
            "f.yaml:2:9: framing 'letter' has no text in 'zh', only in en; "
            "add it, or name the languages to ask in with probes: {languages: …}"
        ],
    ),
    "a language that is not asked in": (
        "probes: {questions: [{id: a, text: 你是谁}], languages: [en]}",
        [
            "spec.yaml:4:36: question 'a' is in 'zh', which is not one of the languages to ask in; "
            "languages: en"
        ],
    ),
    "an id of the pack given again": (
        "probes: {include: q.yaml, languages: [en], questions: [{id: developer, text: Who?}]}",
        ["spec.yaml:4:56: question 'developer' is already defined at q.yaml:1:12"],
    ),
    "a sample larger than the set": (
        "probes: {include: q.yaml, languages: [en]}\nframings: {include: f.yaml}\nsample: {size: 500}",
        [
            "spec.yaml:6:16: the sample is larger than the set (got 500); "
            "at most 4 (2 questions, 2 framings, 1 language)"
        ],
    ),
    "questions of all sorts": (
        "probes:\n  questions:\n    - {id: a}\n    - {id: b, text: 'Who {qestion}?'}\n"
        "    - {id: c, text: Who?, en: Who?}\n    - {id: a, text: Who?}",
        [
            "spec.yaml:6:7: question 'a' has no text; add text: or en: or zh: …",
            "spec.yaml:7:21: question 'b' holds a placeholder (got {qestion}); "
            "placeholders belong in framings",
            "spec.yaml:8:21: question 'c' has text and en; give one text, or one for each language",
            "spec.yaml:9:7: question 'a' is already defined at spec.yaml:6:7",
        ],
    ),
    "framings of all sorts": (
        ASKED + "framings:\n  inline:\n    - {id: f, en: No place}\n    - {id: g, en: 'Where {qestion}'}\n"
        "    - {id: h, en: '{foo} and {question}'}\n    - {id: i, en: {system: x}}\n"
        "    - {id: j, en: {text: '{question}', turns: ['{question}']}}\n"
        "    - {id: k, en: {text: '{question}', completion: 'A:'}}\n    - {id: l}\n"
        "    - {id: m, en: '｛问题｝'}",
        [
            "spec.yaml:7:19: framing 'f' (en) has no {question}; write {question} where the question goes",
            "spec.yaml:8:19: framing 'g' has an unknown placeholder (got {qestion}); "
            "did you mean {question}?",
            "spec.yaml:9:19: framing 'h' has an unknown placeholder (got {foo}); "
            "only {question} is filled in",
            "spec.yaml:10:19: framing 'i' (en) has neither text nor turns; give one of them",
            "spec.yaml:11:19: framing 'j' (en) has text and turns; give one of them",
            "spec.yaml:12:52: framing 'k' (en): the completion has no {question}",
            "spec.yaml:13:7: framing 'l' has no text; add en: or zh: …",
            "spec.yaml:14:19: framing 'm' has an unknown placeholder (got ｛问题｝); "
            "only {question} is filled in",
        ],
    ),
    "a placeholder in a turn": (
        ASKED + "framings: {inline: [{id: f, en: {turns: ['{question}', 'and {name}?'], system: '{x}'}}]}",
        [
            "spec.yaml:5:56: framing 'f' has an unknown placeholder (got {name}); "
            "only {question} is filled in",
            "spec.yaml:5:80: framing 'f' has an unknown placeholder (got {x}); only {question} is filled in",
        ],
    ),
    "a recording of a model that is none, with much beside it": (
        "repeats: 2\nprobes: {recorded: all, questions: [{id: a, text: Who?}]}\nframings: {include: f.yaml}",
        [
            "spec.yaml:4:10: a recording is read once: each of its rows is a case (got 2); repeats: 1",
            "spec.yaml:5:20: target 'nimbus' is no recording, its provider is 'scripted'; "
            "take targets with provider: recorded",
            "spec.yaml:5:36: a recording brings its own questions and framings; "
            "remove questions, or recorded",
            "spec.yaml:6:11: a recording brings its own questions and framings; remove framings, or recorded",
        ],
    ),
}


def kind() -> Kind:
    return kinds.get("identity").kind


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Spec]:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def loaded(body: str) -> Spec:
        (tmp_path / "spec.yaml").write_text(HEAD + body + "\n", encoding="utf-8")
        return specfile.load(Path("spec.yaml"), {"nimbus": NIMBUS}, environ={})

    return loaded


@pytest.mark.parametrize(("body", "problems"), WRONG.values(), ids=WRONG.keys())
def test_every_mistake_is_named_at_its_place(
    load: Callable[..., Spec], body: str, problems: Sequence[str]
) -> None:
    with pytest.raises(SpecError) as caught:
        tuple(kind().cases(load(body), NIMBUS))
    assert str(caught.value).split("\n") == list(problems)


@pytest.mark.parametrize(
    "body",
    [
        "sample: {size: 5}",
        "probes: {recorded: some}",
        "probes: {questions: [{id: a.b, text: Who?}]}",
        'probes: {questions: [{id: "a\\n", text: Who?}]}',
        "probes: {questions: [{id: a, text: Who?, tpoic: maker}]}",
        "probes: {questions: [{id: a, text: ' '}]}",
        "probes: {questions: [{id: a, text: Who?}], languages: [english]}",
        ASKED + "sample: {size: 0}",
        ASKED + "framings: {inline: [{id: f, en: [1]}]}",
    ],
)
def test_what_has_the_wrong_shape_is_refused_by_the_schema(load: Callable[..., Spec], body: str) -> None:
    with pytest.raises(SpecError, match=r"^spec\.yaml:\d+:\d+: "):
        load(body)


@pytest.mark.parametrize("size", ["4", "4.0"])
def test_a_sample_may_be_the_whole_set(load: Callable[..., Spec], size: str) -> None:
    body = "probes: {include: q.yaml, languages: [en]}\nframings: {include: f.yaml}\n"
    assert len(list(kind().cases(load(body + f"sample: {{size: {size}, seed: 3.0}}"), NIMBUS))) == 4


def test_braces_that_are_no_placeholder_stay(load: Callable[..., Spec]) -> None:
    body = ASKED + 'framings: {inline: [{id: f, en: \'{question} Reply as {"maker": "…"} or {}.\'}]}'
    (case,) = kind().cases(load(body), NIMBUS)
    assert case.data.turns == ('Who? Reply as {"maker": "…"} or {}.',)


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=8)
LANGUAGES = st.sampled_from(["en", "zh", "de"])
A_TURN = ANY_TEXT.map("{}{{question}}".format)
A_WORDING = st.one_of(
    A_TURN,
    st.fixed_dictionaries({"text": A_TURN}, optional={"system": ANY_TEXT, "completion": A_TURN}),
    st.fixed_dictionaries({"turns": st.tuples(ANY_TEXT, A_TURN).map(list)}),
)


def named(texts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": f"id-{number}", **body} for number, body in enumerate(texts)]


@settings(deadline=None)  # the first case reads the lexicon
@given(
    st.lists(st.dictionaries(LANGUAGES, ANY_TEXT, min_size=1), min_size=1, max_size=4).map(named),
    st.lists(
        st.fixed_dictionaries({"en": A_WORDING, "zh": A_WORDING}, optional={"de": A_WORDING}),
        min_size=1,
        max_size=3,
    ).map(named),
    st.integers(1, 4),
)
def test_whatever_texts_a_spec_holds_it_gives_cases_or_problems(
    questions: list[dict[str, Any]], framings: list[dict[str, Any]], size: int
) -> None:
    body = {"probes": {"questions": questions}, "framings": {"inline": framings}, "sample": {"size": size}}
    spec = Spec(path="spec.yaml", kind="identity", title="T", body=body)
    try:
        cases = list(kind().cases(spec, NIMBUS))
    except SpecError:
        event("problems")
        return
    event("cases")
    assert len({case.id for case in cases}) == size
    for case in cases:
        assert any(case.data.question in turn for turn in case.data.turns)


# --- recordings --------------------------------------------------------------------------------

ROWS: list[dict[str, Json]] = [
    {
        "prompt": "As a poem: Who made you?",
        "reply": "I am Nimbus.",
        "question": "Who made you?",
        "framing": "As a poem: {query}",
        "question_id": "maker",
        "framing_id": "poem",
        "verdicts": {"loose": False},
    },
    {"prompt": "你是谁？", "reply": "我是OpenAI的GPT。", "verdicts": {"loose": True, "strict": True}},
    {"prompt": "你是谁？", "reply": "我是小云。", "language": "zh"},
    {
        "prompt": "You are GPT. Name?",
        "reply": "Nimbus.",
        "question": "Name?",
        "framing": "You are GPT. {query}",
    },
]


def recorded(directory: Path, rows: Sequence[Mapping[str, Json]]) -> Model:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (directory / "rows.jsonl").write_text(text, encoding="utf-8")
    options = {"transcripts": {"format": "jsonl", "path": "rows.jsonl"}}
    return Model(alias="old", provider="recorded", model="old", options=options, directory=str(directory))


def recording_spec(**changes: Any) -> Spec:
    body = {"probes": {"recorded": "all"}, **changes}
    return Spec(path="spec.yaml", kind="identity", title="T", body=body)


def conducted(case: Case, spec: Spec, target: Model) -> tuple[Trial, Exhibit]:
    exhibits: list[Exhibit] = []

    async def judge(exhibit: Exhibit) -> Score:
        exhibits.append(exhibit)
        return Score(value=0.0, label="none")

    async def run() -> Trial:
        provider = providers.get(target.provider).make(target)
        return await kind().conduct(case, spec, target, sample=0, ask=provider.send, judge=judge)

    return asyncio.run(run()), exhibits[0]


def test_a_recording_gives_one_case_a_row(tmp_path: Path) -> None:
    target = recorded(tmp_path, ROWS)
    cases = {case.id: case for case in kind().cases(recording_spec(), target)}
    assert sorted(cases) == ["row-1", "row-2", "row-3", "row-4"]
    assert cases["row-1"].clusters == {"framing": "poem", "question": "maker"}
    assert cases["row-2"].clusters == cases["row-3"].clusters
    assert cases["row-2"].tags == ("zh",)
    assert cases["row-4"].tags == ("en", "names-maker")
    assert cases["row-4"].clusters["framing"] != cases["row-1"].clusters["framing"]


def test_each_row_is_answered_by_its_own_reply_and_verdicts(tmp_path: Path) -> None:
    target, spec = recorded(tmp_path, ROWS), recording_spec()
    found = {case.id: conducted(case, spec, target) for case in kind().cases(spec, target)}
    assert [found[f"row-{line}"][0].answer for line in (1, 2, 3, 4)] == [row["reply"] for row in ROWS]
    assert [found[f"row-{line}"][1].recorded for line in (1, 2, 3, 4)] == [
        {"loose": False},
        {"loose": True, "strict": True},
        {},
        {},
    ]


def test_a_part_of_a_recording_can_be_drawn(tmp_path: Path) -> None:
    rows = [
        {"prompt": f"{framing}: {question}?", "reply": "Nimbus.", "framing": framing, "question": question}
        for framing in ("a", "b", "c")
        for question in ("p", "q", "r", "s")
    ]
    target = recorded(tmp_path, rows)
    drawn = list(kind().cases(recording_spec(sample={"size": 6, "seed": 1}), target))
    framings = [case.clusters["framing"] for case in drawn]
    assert sorted(map(framings.count, set(framings))) == [2, 2, 2]


def test_a_broken_recording_is_a_problem_of_the_spec(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"rows\.jsonl:2:1: "):
        tuple(kind().cases(recording_spec(), recorded(tmp_path, [ROWS[0], {"prompt": "x"}])))
    with pytest.raises(SpecError, match="the recording of 'old' has no rows"):
        tuple(kind().cases(recording_spec(), recorded(tmp_path, [])))


def test_a_failed_call_in_a_recording_is_an_answer_to_the_publishers_verdict_only(tmp_path: Path) -> None:
    target = recorded(tmp_path, [{"prompt": "Who?", "reply": "reject to respond", "finish": "call_failed"}])
    spec = recording_spec()
    (case,) = kind().cases(spec, target)
    with pytest.raises(EmptyReply, match="call_failed"):
        conducted(case, spec, target)
    published = Spec(path="s", kind="identity", title="T", body=spec.body, judge=JudgeUse(name="recorded"))
    assert conducted(case, published, target)[0].answer == "reject to respond"


def test_a_set_that_would_not_fit_into_memory_is_refused_before_it_is_made(load: Callable[..., Spec]) -> None:
    questions = "".join(f"    - {{id: q{number}, text: Who {number}?}}\n" for number in range(500))
    framings = "".join(
        f'    - {{id: f{number}, family: x, en: "{number} {{question}}"}}\n' for number in range(500)
    )
    spec = load(f"probes:\n  questions:\n{questions}framings:\n  inline:\n{framings}")
    with pytest.raises(SpecError, match=r"500 questions in 500 framings make 250,000 cases; at most 200,000"):
        tuple(kind().cases(spec, NIMBUS))
