"""The exam kind: its declared set, what becomes of a reply, and mistakes in its specs."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from distill_tests import specfile
from distill_tests.errors import EmptyReply, ProviderError, SpecError
from distill_tests.registry import kinds
from distill_tests.types import (
    Case,
    Exhibit,
    Image,
    Model,
    Outcome,
    Reply,
    Request,
    Score,
    Spec,
    TokenLogprob,
    Trial,
)

from .exam_items import asked, item

TOY = Model(alias="toy", provider="scripted", model="toy-1")
HEAD = "kind: exam\ntitle: Toy exam\njudge: claims\n"
VAL = """\
id,task,level,subject,group,question,A,B,C,D,answer
1,high_school_physics,high,physics,science,How far?,one,two,three,four,B
2,high_school_physics,high,physics,science,How long?,one,two,three,four,D
1,primary_school_chinese,primary,chinese,arts,几个？,一,二,三,四,A
"""
DEV = """\
id,task,question,A,B,C,D,answer,explanation
1,high_school_physics,How many?,one,two,three,four,C,One and two make three.
2,high_school_physics,How often?,one,two,three,four,A,Once is enough.
1,primary_school_chinese,多少？,一,二,三,四,B,一加一等于二。
"""

Load = Callable[..., Spec]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    (tmp_path / "x_val.csv").write_text(VAL, encoding="utf-8")
    (tmp_path / "x_dev.csv").write_text(DEV, encoding="utf-8")

    def loaded(body: str, head: str = HEAD) -> Spec:
        path = tmp_path / "spec.yaml"
        path.write_text(head + body, encoding="utf-8")
        return specfile.load(path, {"toy": TOY}, environ={})

    return loaded


PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16
DATA = "data: {csv: x_val.csv, shots: x_dev.csv}\n"


def cases(spec: Spec) -> list[Case]:
    return list(kinds.get("exam").kind.cases(spec, TOY))


def problems(load: Load, body: str, head: str = HEAD) -> list[str]:
    with pytest.raises(SpecError) as caught:
        cases(load(body, head))
    return [str(problem) for problem in caught.value.problems]


def reads(label: str, **marks: float) -> Callable[[Exhibit], Any]:
    async def judge(exhibit: Exhibit) -> Score:
        value = 0.0 if label == "invalid" else 1.0
        return Score(
            value=value, label=label, reason="only letter", marks=marks, details={"rule": "only letter"}
        )

    return judge


def conducted(
    case: Case, spec: Spec, *, label: str = "B", reply: Reply | None = None, target: Model = TOY
) -> Trial:
    async def ask(request: Request) -> Reply:
        return reply or Reply(text="B", finish="stop")

    kind = kinds.get("exam").kind
    return asyncio.run(kind.conduct(case, spec, target, sample=0, ask=ask, judge=reads(label)))


# --- the declared set ---------------------------------------------------------------------------


def test_every_question_is_asked_in_every_setting(load: Load) -> None:
    found = cases(load(DATA + "settings: [{shots: 0}, {shots: 1}, {shots: 1, reasoning: true}]\n"))
    assert len(found) == 9
    by_id = {case.id: case for case in found}
    one = by_id["high_school_physics-1.1-shot-cot"]
    assert one.clusters == {"item": "high_school_physics/1"}
    assert one.groups == {
        "setting": "1-shot cot",
        "level": "high",
        "group": "science",
        "subject": "physics",
        "task": "high_school_physics",
        "split": "val",
        "language": "en",
        "clean": "yes",
    }
    assert one.place.line == 2


def test_shots_are_the_first_solved_questions_of_the_task_in_file_order(load: Load) -> None:
    spec = load(DATA + "settings: [{shots: 1}]\n")
    shown = {case.id: [shot.question for shot in case.data.shots] for case in cases(spec)}
    assert shown["high_school_physics-2.1-shot"] == ["How many?"]
    assert shown["primary_school_chinese-1.1-shot"] == ["多少？"]


def test_a_file_that_is_named_as_data_and_as_shots_gives_each_shot_once(load: Load) -> None:
    [told] = problems(load, "data: {csv: x_*.csv, shots: x_dev.csv}\nsettings: [{shots: 2}]\n")
    assert "has solved questions (got 2); at most 1" in told


def test_a_question_that_stands_among_the_shots_is_no_clean_one(load: Load, tmp_path: Path) -> None:
    rows = "1,What is it?,one,two,B\n", "2,What was it?,one,two,B\n"
    (tmp_path / "u_val.csv").write_text("id,question,A,B,answer\n" + "".join(rows), encoding="utf-8")
    (tmp_path / "u_dev.csv").write_text("id,question,A,B,answer\n" + rows[1], encoding="utf-8")
    found = cases(load("data: {csv: u_val.csv, shots: u_dev.csv}\n"))
    assert {case.id: case.tags for case in found} == {"u-1.0-shot": (), "u-2.0-shot": ("leak",)}
    assert {case.id: case.groups["clean"] for case in found} == {"u-1.0-shot": "yes", "u-2.0-shot": "no"}


def test_a_sample_takes_evenly_from_the_tasks_and_each_question_in_every_setting(load: Load) -> None:
    found = cases(load(DATA + "sample: {size: 2, seed: 3}\nsettings: [{shots: 0}, {shots: 1}]\n"))
    assert len(found) == 4
    assert {case.groups["task"] for case in found} == {"high_school_physics", "primary_school_chinese"}
    again = cases(load(DATA + "sample: {size: 2, seed: 3}\nsettings: [{shots: 0}, {shots: 1}]\n"))
    assert [case.id for case in found] == [case.id for case in again]


def test_cyclic_permutation_asks_each_question_as_often_as_it_has_options(load: Load) -> None:
    found = cases(load(DATA + "permute: cyclic\n"))
    mine = sorted(case.id for case in found if case.id.startswith("high_school_physics-1."))
    assert mine == [
        "high_school_physics-1.0-shot",
        *[f"high_school_physics-1.0-shot.order-{n}" for n in (1, 2, 3)],
    ]
    assert sorted(case.data.gold for case in found if "physics-1." in case.id) == ["A", "B", "C", "D"]


def test_by_task_keeps_settings_and_tasks_together(load: Load) -> None:
    found = cases(load(DATA + "settings: [{shots: 0}, {shots: 1}]\norder: by_task\n"))
    runs = [(case.groups["setting"], case.groups["task"]) for case in found]
    assert runs == sorted(runs, key=runs.index)
    assert len(set(runs)) == 4


def test_another_answer_text_prompt_or_shot_is_another_set(load: Load, tmp_path: Path) -> None:
    def digest(body: str = "settings: [{shots: 1}]\n") -> str:
        return str(cases(load(DATA + body))[0].data.set_hash)

    first = digest()
    assert digest() == first
    assert digest("settings: [{shots: 1}]\nplacement: system\n") != first
    (tmp_path / "x_dev.csv").write_text(DEV.replace("One and two", "Two and one"), encoding="utf-8")
    changed = digest()
    assert changed != first
    (tmp_path / "x_val.csv").write_text(VAL.replace("four,B", "four,C"), encoding="utf-8")
    assert digest() != changed


def test_another_image_is_another_set(load: Load, tmp_path: Path) -> None:
    (tmp_path / "u_val.csv").write_text(
        "id,question,A,B,answer,image\n1,Who?,x,y,A,u.png\n", encoding="utf-8"
    )
    (tmp_path / "u_dev.csv").write_text(
        "id,question,A,B,answer,image\n1,Whose?,x,y,A,v.png\n", encoding="utf-8"
    )
    (tmp_path / "u.png").write_bytes(PNG)
    (tmp_path / "v.png").write_bytes(PNG)

    def digest() -> str:
        spec = load("data: {csv: u_val.csv, shots: u_dev.csv}\nsettings: [{shots: 1}]\n")
        return str(cases(spec)[0].data.set_hash)

    first = digest()
    (tmp_path / "u.png").write_bytes(PNG + b"another")
    second = digest()
    (tmp_path / "v.png").write_bytes(PNG + b"another")
    assert len({first, second, digest()}) == 3


def test_a_set_without_the_questions_is_another_set_and_says_so(load: Load) -> None:
    plain, hidden = cases(load(DATA)), cases(load(DATA + "without_question: true\n"))
    assert plain[0].data.set_hash != hidden[0].data.set_hash
    assert {case.groups.get("asked") for case in plain} == {None}
    assert {case.groups["asked"] for case in hidden} == {"without the question"}
    request = kinds.get("exam").kind.opening(hidden[0], load(DATA), TOY)
    assert request is not None
    assert hidden[0].data.item.question not in request.messages[0].text


def test_without_the_question_its_images_are_not_shown_either(load: Load, tmp_path: Path) -> None:
    (tmp_path / "u_val.csv").write_text(
        "id,question,A,B,answer,image\n1,Who?,x,y,A,u.png\n", encoding="utf-8"
    )
    (tmp_path / "u.png").write_bytes(PNG)
    spec = load("data: {csv: u_val.csv}\nwithout_question: true\n")
    [case] = cases(spec)
    request = kinds.get("exam").kind.opening(case, spec, TOY)
    assert request is not None
    assert not any(message.images for message in request.messages)
    assert conducted(case, spec, label="A").score.value == 1.0  # nor is a model needed that sees them


def test_questions_of_one_passage_are_one_cluster(load: Load, tmp_path: Path) -> None:
    rows = "id,passage,question,A,B,answer\n1,p,How far?,x,y,A\n2,p,How long?,x,y,B\n3,,Who?,x,y,A\n"
    (tmp_path / "y_val.csv").write_text(rows, encoding="utf-8")
    found = cases(load("data: {csv: y_val.csv}\n"))
    assert list(found[0].clusters) == ["passage", "item"]
    assert len({case.clusters["passage"] for case in found}) == 2


# --- what becomes of a reply --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "value", "marks"),
    [
        ("B", 1.0, {"correct": 1.0, "invalid": 0.0}),
        ("C", 0.0, {"correct": 0.0, "invalid": 0.0}),
        ("invalid", 0.0, {"correct": 0.0, "invalid": 1.0}),
    ],
)
def test_the_letter_is_held_against_the_answer_and_invalid_is_wrong(
    load: Load, label: str, value: float, marks: dict[str, float]
) -> None:
    spec = load(DATA)
    trial = conducted(Case(id="x", data=asked(item(answer="B")), place=spec.place()), spec, label=label)
    assert (trial.score.value, trial.score.label, trial.score.marks) == (value, label, marks)
    assert trial.score.details["rule"] == "only letter"
    assert str(trial.score.details["prompt"]).startswith("exam 1 (")
    assert kinds.get("exam").kind.wrong(trial) is (value == 0.0)


def test_under_another_order_the_letter_means_another_option(load: Load) -> None:
    spec = load(DATA)
    case = Case(id="x", data=asked(item(answer="B"), order=1), place=spec.place())
    trial = conducted(case, spec, label="A")
    assert trial.score.value == 1.0
    assert (trial.score.details["gold"], trial.score.details["original"]) == ("A", "B")


def test_without_a_known_answer_the_letter_is_recorded_and_nothing_is_right_or_wrong(load: Load) -> None:
    spec = load(DATA)
    case = Case(id="x", data=asked(item(answer=None)), place=spec.place())
    trial = conducted(case, spec, label="C")
    assert trial.score.label == "C"
    assert "no answer in the file" in trial.score.reason
    assert trial.score.marks == {"invalid": 0.0}
    assert not kinds.get("exam").kind.wrong(trial)
    assert kinds.get("exam").kind.wrong(conducted(case, spec, label="invalid"))


def test_a_judge_that_names_no_option_gives_no_score(load: Load) -> None:
    spec = load(DATA)
    trial = conducted(Case(id="x", data=asked(), place=spec.place()), spec, label="consistent")
    assert trial.score.value is None
    assert "names no option" in trial.score.reason


@pytest.mark.parametrize("reply", [Reply(text=" \n", finish="stop"), Reply(text="no", finish="refusal")])
def test_no_answer_is_never_scored(load: Load, reply: Reply) -> None:
    spec = load(DATA)
    with pytest.raises(EmptyReply):
        conducted(Case(id="x", data=asked(), place=spec.place()), spec, reply=reply)


def test_a_question_with_images_is_not_put_to_a_model_that_cannot_see(load: Load) -> None:
    spec = load(DATA)
    one = asked(item(images=(Image(media_type="image/png", data=b"x"),)))
    case = Case(id="x", data=one, place=spec.place())
    blind = Model(alias="smol", provider="local", model="smol")
    with pytest.raises(ProviderError, match="physics/1 has images, and this card is asked in text only"):
        conducted(case, spec, target=blind)
    for sees, told in ((None, "does not say whether the model sees them"), (False, "sees_images: false")):
        card = Model(alias="toy", provider="scripted", model="toy", sees_images=sees)
        with pytest.raises(ProviderError, match=f"physics/1 has images, and its card .*{told}"):
            conducted(case, spec, target=card)
    seeing = Model(alias="toy", provider="scripted", model="toy", sees_images=True)
    assert conducted(case, spec, target=seeing).score.value == 1.0


# --- likelihood ---------------------------------------------------------------------------------


def first_token(*pairs: tuple[str, float]) -> Reply:
    top = tuple((text, math.log(probability)) for text, probability in pairs)
    return Reply(
        text=pairs[0][0],
        finish="length",
        logprobs=(TokenLogprob(token=top[0][0], logprob=top[0][1], top=top),),
    )


def by_likelihood(load: Load, reply: Reply) -> tuple[Trial, list[Request]]:
    spec = load(DATA + "answer: likelihood\nalternatives: 7\n", HEAD.replace("judge: claims\n", ""))
    case = next(case for case in cases(spec) if case.id == "high_school_physics-1.0-shot-likelihood")
    sent: list[Request] = []

    async def ask(request: Request) -> Reply:
        sent.append(request)
        return reply

    async def no_judge(exhibit: Exhibit) -> Score:
        raise AssertionError("likelihood needs no judge")

    kind = kinds.get("exam").kind
    return asyncio.run(kind.conduct(case, spec, TOY, sample=0, ask=ask, judge=no_judge)), sent


def test_likelihood_asks_for_one_token_with_its_alternatives_and_takes_the_likeliest(load: Load) -> None:
    trial, [request] = by_likelihood(load, first_token(("The", 0.4), (" B", 0.3), ("B", 0.1), ("A", 0.2)))
    assert (request.sampling.max_tokens, request.logprobs) == (1, 7)
    assert (trial.score.label, trial.score.value) == ("B", 1.0)
    assert trial.score.details["probability"] == {"A": 0.2, "B": 0.4}
    assert trial.score.details["rule"] == "likeliest letter"
    assert not trial.cut_off


def test_no_letter_among_the_alternatives_is_invalid(load: Load) -> None:
    trial, _ = by_likelihood(load, first_token(("The", 0.6), ("I", 0.2)))
    assert (trial.score.label, trial.score.value) == ("invalid", 0.0)
    assert trial.score.details["rule"] == "no letter among 2 alternatives"


def test_an_endpoint_without_log_probabilities_is_unscored_in_words(load: Load) -> None:
    trial, _ = by_likelihood(load, Reply(text="B", finish="length"))
    assert trial.score.value is None
    assert "gives no token log-probabilities" in trial.score.reason


# --- what people see ----------------------------------------------------------------------------


def test_a_wrong_answer_is_shown_with_question_options_reply_rule_and_right_letter(load: Load) -> None:
    spec = load(DATA)
    case = next(case for case in cases(spec) if case.id == "high_school_physics-1.0-shot")
    trial = conducted(case, spec, label="C", reply=Reply(text="I say C.", finish="stop"))
    told = kinds.get("exam").kind.explain(Outcome(case=case, target=TOY, trials=(trial,)))
    assert "exam question high_school_physics/1 (0-shot) on toy" in told
    for line in ("asked:   How far?", "C. three", "answer:  I say C.", "right:   B"):
        assert line in told
    assert "read:    C (only letter; right is B)" in told


# --- mistakes in specs --------------------------------------------------------------------------


def test_more_shots_than_solved_questions_are_named_where_they_stand(load: Load) -> None:
    [told] = problems(load, DATA + "settings: [{shots: 0}, {shots: 2}]\n")
    assert (
        ":5:32: more shots than task 'primary_school_chinese' has solved questions (got 2); at most 1" in told
    )


def test_shots_without_solved_questions_say_where_they_come_from(load: Load) -> None:
    [told] = problems(load, "data: {csv: x_val.csv}\nsettings: [{shots: 1}]\n")
    assert "the data have no solved questions to show; data.shots" in told


def test_reasoning_with_likelihood_and_a_setting_twice_are_told_together(load: Load) -> None:
    told = problems(
        load,
        DATA + "settings: [{shots: 0, reasoning: true, answer: likelihood}, {shots: 1}, {shots: 1}]\n",
    )
    assert ":5:12: the likelihood of the letters is read before anything is written" in told[0]
    assert "the same setting as number 2, '1-shot'" in told[1]


def test_generation_needs_a_judge(load: Load) -> None:
    [told] = problems(load, DATA, HEAD.replace("judge: claims\n", ""))
    assert "the spec names none; judge: letter, or answer: likelihood" in told


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("data: {csv: z_val.csv}\n", "there is no file 'z_val.csv'; did you mean 'x_val.csv'?"),
        ("data: {csv: 'z*.csv'}\n", "no file is called 'z*.csv'"),
        (DATA + "sample: {size: 9}\n", "the sample is larger than the set (got 9); at most 3"),
        (DATA + "split: test\n", "the data have no questions of split 'test'"),
        (DATA + "without_question: true\nsettings: [{shots: 1}]\n", "without the question"),
        (DATA + "settings: [{shots: -1}]\n", "shots"),
        (DATA + "placement: sistem\n", "did you mean 'system'?"),
        ("data: {folder: .}\n", "does not end with"),
    ],
)
def test_mistakes_have_a_place_and_say_what_is_allowed(
    load: Load, tmp_path: Path, body: str, expected: str
) -> None:
    (tmp_path / "notes.csv").write_text("x\n", encoding="utf-8")
    told = problems(load, body)
    assert any(expected in one for one in told), told
    assert all(".yaml:" in one or ".csv:" in one for one in told)


def test_gates_that_nobody_could_decide_are_refused(load: Load, tmp_path: Path) -> None:
    (tmp_path / "u_test.csv").write_text("id,question,A,B\n1,Who?,x,y\n", encoding="utf-8")
    [told] = problems(load, "data: {csv: u_test.csv}\nsplit: test\ngates: {accuracy: {at_least: 0.5}}\n")
    assert "none of the questions has a known answer; invalid_rate, or no gate" in told
    gates = "gates: {accuracy: {at_least: 0.5, stop_early: true}}\n"
    [told] = problems(load, DATA + "order: by_task\n" + gates)
    assert "are no random part of the set" in told


def test_gates_on_settings_and_parts_that_are_not_there_are_refused_before_asking(load: Load) -> None:
    told = problems(
        load,
        DATA + "settings: [{shots: 0}]\n"
        "gates:\n"
        "  accuracy: {at_least: 0.5, setting: 5-shot}\n"
        "  part: {statistic: accuracy, at_least: 0.5, where: {level: hihg}}\n"
        "  cot: {statistic: setting_difference, at_least: 0, old: 0-shot}\n"
        "  order_consistency: {at_least: 0.5}\n"
        "  same: {statistic: setting_difference, at_least: 0, new: 0-shot, old: 0-shot}\n",
    )
    assert len(told) == 5
    assert "the spec has no such setting (got '5-shot'); one of 0-shot" in told[0]
    assert "no question has this level (got 'hihg'); there are: " in told[1]
    assert "no 'new'; one of 0-shot" in told[2]
    assert "one order of its options only; permute: cyclic" in told[3]
    assert "a setting is compared with itself; two of the spec's settings" in told[4]


def test_some_questions_without_a_known_answer_are_no_set_for_accuracy(load: Load, tmp_path: Path) -> None:
    (tmp_path / "u_test.csv").write_text(
        "id,question,A,B,answer\n1,Who?,x,y,A\n2,Whose?,x,y,\n", encoding="utf-8"
    )
    [told] = problems(load, "data: {csv: u_test.csv}\nsplit: test\ngates: {accuracy: {at_least: 0.5}}\n")
    assert "1 of the 2 questions have no known answer" in told


def test_questions_without_answers_are_asked(load: Load, tmp_path: Path) -> None:
    (tmp_path / "u_test.csv").write_text("id,question,A,B\n7,Who?,x,y\n", encoding="utf-8")
    [case] = cases(load("data: {csv: u_test.csv}\nsplit: test\n"))
    assert (case.id, case.groups["split"], case.clusters["item"]) == ("u-7.0-shot", "test", "u/7")


def test_a_whole_exam_is_collected_quickly(load: Load, tmp_path: Path) -> None:
    rows = [f"{n},Is {n} {'very ' * 40}large?,yes,no,maybe,never,A\n" for n in range(4352)]
    (tmp_path / "big_val.csv").write_text("id,question,A,B,C,D,answer\n" + "".join(rows), encoding="utf-8")
    spec = load("data: {csv: big_val.csv}\nsettings: [{shots: 0}, {shots: 0, reasoning: true}]\n")
    before = time.thread_time()
    found: Sequence[Case] = cases(spec)
    assert len(found) == 2 * 4352
    assert time.thread_time() - before < 30  # about 1 s
