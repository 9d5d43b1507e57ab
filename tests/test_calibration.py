"""The calibration kind: gold rows, their labels, what cannot be used, statistics, what people are shown."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from distill_tests import run_audit, specfile
from distill_tests.api import AuditResult
from distill_tests.errors import SpecError
from distill_tests.gold import DETAILS, GoldRow
from distill_tests.registry import judge, judges, kinds, statistics
from distill_tests.subjects import default_targets
from distill_tests.types import (
    Case,
    Exhibit,
    Identity,
    Model,
    Outcome,
    Place,
    Sample,
    Score,
    Spec,
    Trial,
    Verdict,
)

QWEN = {"name": "Qwen", "maker": "Alibaba Cloud"}
CARD = Model(
    alias="nimbus",
    provider="scripted",
    model="nimbus-1",
    identity=Identity(name="Nimbus", maker="Cloudworks"),
)
SPEC = """\
kind: calibration
title: A judge
judge: {judge}
gold: {{jsonl: gold.jsonl, annotators: two cats{more}}}
"""


@judge("calibration-toy", marks={"loose": (0, 1), "strict": (0, 1)})
def toy(exhibit: Exhibit) -> Score:
    """Strict where OpenAI is named; no verdict on a puzzle."""
    if "puzzle" in exhibit.answer:
        return Score(value=None, label="unscored", reason="cannot tell")
    mark = float("OpenAI" in exhibit.answer)
    label = "foreign" if mark else "none"
    return Score(
        value=mark, label=label, marks={"loose": mark, "strict": mark}, claimed="openai" if mark else None
    )


def row(number: int, response: str = "I am Qwen.", **given: Any) -> dict[str, Any]:
    told = {
        "id": f"r{number}",
        "response": f"{response} {number}",
        "identity": QWEN,
        "labels": {"loose": False, "strict": False},
    }
    return {**told, **given}


Load = Callable[..., Spec]
MODELS = {"nimbus": CARD}


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded(
        rows: Iterable[Mapping[str, Any] | str],
        *,
        more: str = "",
        tail: str = "",
        judge: str = "calibration-toy",
        models: Mapping[str, Model] = MODELS,
    ) -> Spec:
        lines = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in rows]
        (tmp_path / "gold.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        path = tmp_path / "spec.yaml"
        path.write_text(SPEC.format(judge=judge, more=more) + tail, encoding="utf-8")
        return specfile.load(path, models, environ={})

    return loaded


def cases(spec: Spec) -> list[Case]:
    [target] = default_targets(spec)
    return list(kinds.get("calibration").kind.cases(spec, target))


def problems(spec: Spec) -> list[str]:
    with pytest.raises(SpecError) as refused:
        cases(spec)
    return [str(problem) for problem in refused.value.problems]


def about(spec: Spec) -> Any:
    return cases(spec)[0].data.about


# --- what is audited ----------------------------------------------------------------------------


def test_the_judge_stands_where_a_target_does(load: Load) -> None:
    spec = load([row(1)])
    [target] = default_targets(spec)
    assert (target.alias, target.provider, target.identity) == ("calibration-toy", "judge", None)
    assert list(specfile.case_problems(cases(spec), spec, target)) == []


def test_a_row_becomes_a_case_with_its_line_tags_and_clusters(load: Load) -> None:
    first = row(1, id="a/b#1", question="Who?", framing="Sing: {query}", language="en", target="qwen")
    one, other = cases(load([first, row(2, "我是通义千问。")]))
    assert (one.id, one.place.line, one.tags) == ("a-b-1", 1, ("en", "qwen"))
    assert one.clusters["target"] == "qwen"
    assert one.clusters["template"].startswith("text-")
    assert (other.place.line, other.tags) == (2, ("zh", "Qwen"))
    assert other.clusters["template"] == "row-r2"


def test_ids_that_would_make_one_name_are_told_apart(load: Load) -> None:
    ids = ("问题1", "回答1", "a b", "a/b", "law-order", "x" * 500)
    rows = [row(number, id=name) for number, name in enumerate(ids)]
    spec = load(rows, tail="laws: all\n")
    names = [case.id for case in cases(spec)]
    assert len(set(names)) == len(names)
    assert names[0] == "1"
    assert all(len(name) < 100 for name in names)
    assert names == [case.id for case in cases(spec)]


def test_targets_and_repeats_do_not_belong_here(load: Load) -> None:
    told = problems(load([row(1)], tail="targets: [nimbus]\nrepeats: 2\n"))
    assert any("has no targets" in text for text in told)
    assert any("puts each row to the judge once (got 2)" in text for text in told)


def test_the_identity_comes_as_an_object_a_sentence_or_a_card(load: Load) -> None:
    rows = [
        row(1),
        row(2, identity=None, fact="I am DeepSeek-V3, an assistant developed by DeepSeek in China."),
        row(3, identity=None, model="nimbus"),
    ]
    found = [case.data.exhibit.identity for case in cases(load(rows, judge="claims"))]
    assert [(one.name, one.maker) for one in found] == [
        ("Qwen", "Alibaba Cloud"),
        ("DeepSeek-V3", "DeepSeek"),
        ("Nimbus", "Cloudworks"),
    ]
    assert (found[1].country, found[1].facts) == (("China",), (rows[1]["fact"],))


# --- labels -------------------------------------------------------------------------------------


def test_labels_on_which_annotators_disagree_are_left_out_and_counted(load: Load) -> None:
    rows = [row(1, labels={"loose": [True, False], "strict": [False, False]}), row(2)]
    spec = load(rows)
    first, _ = cases(spec)
    assert first.data.labels == {"strict": False}
    assert first.data.left_out == {"loose": "the annotators disagree"}
    assert about(spec).left_out == {"loose": {"the annotators disagree": 1}}


def test_where_annotators_disagree_the_first_may_count_or_the_file_be_refused(load: Load) -> None:
    rows = [row(1, labels={"loose": [True, False]}), row(2)]
    first = cases(load(rows, more=", where_annotators_disagree: first"))[0]
    assert first.data.labels == {"loose": True}
    told = problems(load(rows, more=", where_annotators_disagree: refuse"))
    assert told[1].endswith("gold.jsonl:1:1: the annotators disagree on 'loose': True, False")


def test_what_a_row_claims_can_take_its_label_out(load: Load) -> None:
    rows = [row(1, claimed=["microsoft", "none"]), row(2, claimed=["openai", "openai"])]
    spec = load(rows, more=", leave_out: {strict: [microsoft]}")
    one, other = cases(spec)
    assert (dict(one.data.labels), one.data.left_out) == ({"loose": False}, {"strict": "claimed: microsoft"})
    assert other.data.left_out == {}


def test_labels_in_fields_of_their_own_are_read(load: Load) -> None:
    given = row(1, contradiction=[True, True], strict=[False, False])
    [case] = cases(load([given], more=", labels: {loose: contradiction, strict: strict}"))
    assert case.data.labels == {"loose": True, "strict": False}


def test_a_row_without_a_label_that_counts_is_no_case(load: Load) -> None:
    spec = load([row(1, labels={"loose": None}), row(2)])
    assert [case.id for case in cases(spec)] == ["r2"]
    assert about(spec).unused == 1


def test_a_label_that_the_judge_does_not_give_is_named_with_the_near_miss(load: Load) -> None:
    told = problems(load([row(1, lose=[True])], more=", labels: {lose: lose}"))
    assert told == [told[0]]
    assert "judge 'calibration-toy' gives no 'lose'; did you mean 'loose'?" in told[0]


def test_a_gate_on_a_label_that_no_row_has_is_refused(load: Load) -> None:
    told = problems(load([row(1)], tail="gates: {kappa: {of: label, at_least: 0.5}}\n"))
    assert "has a label 'label' that counts; of: loose or strict" in told[0]


# --- bad rows -----------------------------------------------------------------------------------

BAD = [
    '{"id": "x1", "response": ',
    json.dumps(row(2, response="") | {"response": ""}),
    json.dumps(row(3) | {"response": None}),
    json.dumps(row(4, labels={"loose": "yes"})),
    json.dumps(row(5, labels={"lose": True})),
    json.dumps({key: value for key, value in row(6).items() if key != "labels"}),
    json.dumps({key: value for key, value in row(7).items() if key != "id"}),
    json.dumps(row(0)),
    json.dumps(row(0) | {"id": "twin"}),
    json.dumps(row(8, identity=None, fact="I am nobody in particular.")),
]
REASONS = [
    "not JSON",
    "the response is empty",
    "response must be text (got nothing)",
    "label 'loose' is true or false (got 'yes')",
    "judge 'calibration-toy' gives no 'lose'; did you mean 'loose'?",
    "'labels' is an object",
    "id must be text or a whole number",
    "id 'r0' was already used on line 1",
    "the same response, question and framing as on line 1",
    "'fact' names no maker or model that the lexicon knows",
]


def test_every_bad_row_is_named_by_file_and_line(load: Load) -> None:
    told = problems(load([row(0), *BAD]))
    assert told[0].endswith("cannot be used; max_bad_rows is 0")
    assert len(told) == len(BAD) + 1
    for line, (text, reason) in enumerate(zip(told[1:], REASONS, strict=True), start=2):
        assert f"gold.jsonl:{line}:1: " in text
        assert reason in text


def test_what_a_message_or_heading_quotes_of_a_row_is_short(load: Load) -> None:
    (found,) = (one for one in problems(load([row(1, labels={"loose": "x" * 10_000})])) if "true or" in one)
    assert len(found) < 300
    case, *_ = cases(load([row(1, language="x" * 10_000, target="y" * 10_000)]))
    assert (len(case.data.language), len(case.data.target)) == (80, 80)


def test_bad_rows_within_the_stated_number_are_left_out_and_told(load: Load) -> None:
    spec = load([row(0), *BAD], more=f", max_bad_rows: {len(BAD)}")
    assert [case.id for case in cases(spec)] == ["r0"]
    assert len(about(spec).bad_rows) == len(BAD)
    told = problems(load([row(0), *BAD], more=f", max_bad_rows: {len(BAD) - 1}"))
    assert told[0].endswith(f"max_bad_rows is {len(BAD) - 1}")


def test_a_file_that_is_not_utf8_is_named_row_by_row(load: Load, tmp_path: Path) -> None:
    spec = load([row(0)])
    (tmp_path / "gold.jsonl").write_bytes(
        json.dumps(row(0)).encode() + '\n{"id": "谁开发了你"}\n'.encode("gb18030")
    )
    assert "gold.jsonl:2:1: not UTF-8" in problems(spec)[1]


def test_a_missing_file_is_a_problem_of_the_spec(load: Load, tmp_path: Path) -> None:
    spec = load([row(0)])
    (tmp_path / "gold.jsonl").rename(tmp_path / "glod.jsonl")
    assert "spec.yaml:4" in problems(spec)[0]
    assert "there is no file 'gold.jsonl'; did you mean 'glod.jsonl'?" in problems(spec)[0]


def test_a_file_without_a_label_that_counts_is_refused(load: Load) -> None:
    assert "has no row with a label that counts" in problems(load([row(1, labels={"loose": None})]))[0]


@pytest.mark.parametrize("key", ["model", "target"])
def test_a_row_of_a_confidential_model_is_not_sent_to_another_model(load: Load, key: str) -> None:
    secret = Model(alias="secret", provider="scripted", model="s", confidential=True, identity=CARD.identity)
    asked = Model(alias="asked", provider="openai", model="gpt", base_url="https://judge.example.org")
    spec = load(
        [row(1, **{key: "secret"})],
        judge="{name: rubric, model: asked}",
        models={"secret": secret, "asked": asked},
    )
    assert "must not be sent: 'secret' is confidential" in problems(spec)[1]


# --- verdicts -----------------------------------------------------------------------------------


def judged(case: Case, spec: Spec) -> Trial:
    async def verdict(exhibit: Exhibit) -> Score:
        return toy(exhibit)

    async def ask(_request: object) -> Any:
        raise AssertionError("a calibration asks no target")

    [target] = default_targets(spec)
    kind = kinds.get("calibration").kind
    return asyncio.run(kind.conduct(case, spec, target, sample=0, ask=ask, judge=verdict))


def outcome(case: Case, spec: Spec) -> Outcome:
    [target] = default_targets(spec)
    return Outcome(case=case, target=target, trials=(judged(case, spec),))


def test_a_verdict_other_than_the_label_is_wrong_and_shown_beside_it(load: Load) -> None:
    spec = load([row(1, "I was made by OpenAI."), row(2)])
    wrong, right = cases(spec)
    kind = kinds.get("calibration").kind
    assert kind.wrong(judged(wrong, spec))
    assert not kind.wrong(judged(right, spec))
    text = kind.explain(outcome(wrong, spec))
    assert "gold.jsonl:1  gold row r1 (Qwen, en)" in text
    assert "answer:  I was made by OpenAI. 1" in text
    assert "labels:  loose no, strict no" in text
    assert "judged:  loose yes, strict yes" in text
    assert "disagrees with the labels on loose, strict" in text


def test_a_label_that_is_left_out_is_not_compared(load: Load) -> None:
    spec = load([row(1, "I was made by OpenAI.", labels={"loose": True, "strict": [True, False]})])
    [case] = cases(spec)
    assert not kinds.get("calibration").kind.wrong(judged(case, spec))
    assert "strict left out (the annotators disagree)" in kinds.get("calibration").kind.explain(
        outcome(case, spec)
    )


def test_terminal_escapes_in_a_gold_row_are_shown_as_text(load: Load) -> None:
    spec = load([row(1, "\x1b[31mI was made by OpenAI.")])
    [case] = cases(spec)
    assert "\x1b" not in kinds.get("calibration").kind.explain(outcome(case, spec))


# --- statistics ---------------------------------------------------------------------------------


def sample(*told: tuple[bool, bool | None]) -> Sample:
    """Gold rows with (reference, verdict) on loose; five rows a template."""
    outcomes = []
    for number, (reference, verdict) in enumerate(told):
        data = GoldRow(exhibit=Exhibit(answer=""), labels={"loose": reference})
        clusters = {"template": f"t{number // 5}", "question": f"q{number}", "target": "x"}
        case = Case(id=f"r{number}", data=data, place=Place(path="g", line=1, column=1), clusters=clusters)
        value = None if verdict is None else float(verdict)
        marks = {} if verdict is None else {"loose": float(verdict)}
        score = Score(value=value, label="", marks=marks)
        outcomes.append(
            Outcome(case=case, target=CARD, trials=(Trial(exchanges=(), answer="", score=score),))
        )
    return Sample(outcomes=tuple(outcomes))


HELD = ((True, True),) * 12 + ((True, False),) * 3 + ((False, True),) * 5 + ((False, False),) * 30


@pytest.mark.parametrize(
    ("name", "value", "n"),
    [
        ("agreement", 42 / 50, 50),
        ("precision", 12 / 17, 17),
        ("recall", 12 / 15, 15),
        ("sensitivity", 12 / 15, 15),
        ("specificity", 30 / 35, 35),
        ("false_positive_rate", 5 / 35, 35),
        ("kappa", (0.84 - (15 * 17 + 35 * 33) / 2500) / (1 - (15 * 17 + 35 * 33) / 2500), 50),
    ],
)
def test_statistics_are_counted_from_the_four_fields(name: str, value: float, n: int) -> None:
    told = statistics.get(name)(sample(*HELD), of="loose")
    assert told.value == pytest.approx(value)
    assert told.n == n
    assert told.low is not None
    assert told.high is not None
    assert told.low < value < told.high
    assert told.clusters["template"] <= 10
    assert told.method


def test_a_row_without_a_verdict_is_missing_and_nothing_else() -> None:
    told = statistics.get("kappa")(sample(*HELD, (True, None)))
    assert (told.n, told.missing) == (50, 1)
    assert told.value == statistics.get("kappa")(sample(*HELD)).value


def test_a_word_needs_to_be_told_which_one_is_to_be_found(load: Load) -> None:
    spec = load([row(1, labels={"label": "none"}), row(2, "OpenAI", labels={"label": "foreign"})])
    found = Sample(outcomes=tuple(outcome(case, spec) for case in cases(spec)))
    assert statistics.get("kappa")(found, of="label").value == 1
    assert statistics.get("recall")(found, of="label", positive="foreign").value == 1
    with pytest.raises(ValueError, match="positive"):
        statistics.get("recall")(found, of="label")


def test_intervals_know_other_clusters_too() -> None:
    by_template = statistics.get("agreement")(sample(*HELD))
    both = statistics.get("agreement")(sample(*HELD), clusters=["template", "question"])
    assert set(both.clusters) == {"template", "question"}
    assert by_template.value == both.value
    with pytest.raises(ValueError, match="no 'topic'"):
        statistics.get("agreement")(sample(*HELD), clusters=["topic"])


# --- a whole audit ------------------------------------------------------------------------------

ROWS = [
    *(row(number) for number in range(8)),
    *(
        row(number, "I was made by OpenAI.", labels={"loose": True, "strict": True})
        for number in range(8, 14)
    ),
    row(14, "Many people use OpenAI's models."),
]
GATES = "on_miss: gate\ngates:\n  kappa: {of: strict, at_least: 0.8}\n  recall: {of: strict, at_least: 1}\n"


def audited(spec: Spec) -> AuditResult:
    return run_audit(spec)


def test_gates_decide_and_disagreements_are_missed(load: Load) -> None:
    found = audited(load(ROWS, tail=GATES))
    assert found.passed
    assert [record["id"] for record in found.records if record["verdict"] == "missed"] == ["r14"]
    assert found.target.alias == "calibration-toy"


def test_a_judge_that_is_worse_than_its_gate_fails(load: Load) -> None:
    found = audited(load(ROWS, tail=GATES.replace("0.8", "0.99")))
    assert [(gate.gate.name, gate.verdict) for gate in found.gates] == [
        ("kappa", Verdict.FAILED),
        ("recall", Verdict.PASSED),
    ]


def test_a_row_without_a_verdict_leaves_the_gates_open(load: Load) -> None:
    found = audited(load([*ROWS, row(15, "a puzzle")], tail=GATES))
    assert {gate.verdict for gate in found.gates} == {Verdict.INCONCLUSIVE}


def test_the_comparison_stands_in_the_records(load: Load) -> None:
    first, *rest = audited(load(ROWS, tail=GATES)).records
    told = first["trials"][0]["score"]["details"][DETAILS]
    assert told["reference"] == {"loose": False, "strict": False}
    assert told["about"]["gold"]["annotators"] == "two cats"
    assert not any("about" in one["trials"][0]["score"]["details"][DETAILS] for one in rest if one["trials"])


# --- laws ---------------------------------------------------------------------------------------


def test_laws_need_a_gate_that_punishes_them(load: Load) -> None:
    told = problems(load(ROWS, tail=f"laws: all\n{GATES}"))
    assert "no gate would punish a law that is broken; add the gate laws_held: {at_least: 1}" in told[0]
    told = problems(load(ROWS, tail=f"{GATES}  laws_held: {{at_least: 1}}\n"))
    assert "is about laws, and none is tried; add laws: all" in told[0]


def test_laws_are_for_judges_of_identity(load: Load) -> None:
    rows = [row(1, labels={"value": 5}, references=["a"])]
    asked = "{name: rubric, rubric: similarity, model: nimbus}"
    told = problems(load(rows, judge=asked, tail="laws: [order]\n"))
    assert "laws are for judges of identity, with the marks loose and strict" in told[0]


def test_a_broken_law_is_a_case_with_the_answers_that_break_it(load: Load) -> None:
    laws = "laws: [swap-makers, order]\nlaw_examples: 30\n"
    found = audited(load(ROWS, tail=f"{laws}{GATES}  laws_held: {{at_least: 1}}\n"))
    records = {record["id"]: record for record in found.records}
    assert records["law-swap-makers"]["verdict"] == "missed"
    text = records["law-swap-makers"]["explanation"]
    assert "law swap-makers: swapping makers swaps the label" in text
    assert text.count("answer:") == 3
    gate = records["laws_held"]
    assert (gate["verdict"], gate["estimate"]["value"], gate["estimate"]["n"]) == ("failed", 0.5, 2)


def test_what_a_law_asks_of_a_judge_that_asks_a_model_is_declared(load: Load) -> None:
    spec = load(
        ROWS,
        judge="{name: rubric, model: nimbus}",
        tail=f"laws: [order]\nlaw_examples: 4\n{GATES}  laws_held: {{at_least: 1}}\n",
    )
    kind = kinds.get("calibration").kind
    *_, first_row, law = [(case.id, kind.calls(case, spec)) for case in cases(spec)]
    assert first_row == ("r14", (1, 1))
    assert law == ("law-order", (2, 4 * 2 * 2))


# --- what is shipped ----------------------------------------------------------------------------

SPECS = Path(__file__).parents[1] / "specs"


def shipped(name: str) -> Spec:
    models = specfile.load_models(SPECS / "models.yaml", environ=os.environ)
    return specfile.load(SPECS / "calibration" / name, models, environ=os.environ)


def test_the_shipped_gold_file_has_many_rows_of_every_sort_in_both_languages() -> None:
    rows = [case.data for case in cases(shipped("claims.yaml")) if isinstance(case.data, GoldRow)]
    assert len(rows) >= 120
    for language in ("en", "zh"):
        labels = [one.labels["label"] for one in rows if one.language == language]
        assert len(labels) >= 50
        assert {label: labels.count(label) >= 8 for label in set(labels)} == dict.fromkeys(
            ("consistent", "none", "persona", "foreign"), True
        )
    for one in rows:
        strict, loose = one.labels["label"] == "foreign", one.labels["label"] in ("foreign", "persona")
        assert (one.labels["strict"], one.labels["loose"]) == (strict, loose)


def test_claims_has_a_version_for_calibrations() -> None:
    version = judges.get("claims").declared({}).version
    assert len(version) == 64
    assert version == judges.get("claims").declared({}).version


@pytest.mark.skipif(
    not os.environ.get("DISTILL_TESTS_DATA"),
    reason="DISTILL_TESTS_DATA names no folder of published transcripts",
)
def test_the_published_rows_are_those_of_the_benchmark() -> None:
    """203 of 210 rows count for loose, 207 for strict (benchmarks/claims_agreement.py)."""
    spec = shipped("claims-published.yaml")
    rows = [case.data for case in cases(spec)]
    assert len(rows) == 210
    assert sum("loose" in one.labels for one in rows) == 203
    assert sum("strict" in one.labels for one in rows) == 207
    found = audited(spec)
    values = {gate.gate.name: gate.estimate for gate in found.gates}
    assert values["strict_kappa"].n == 207
    assert values["loose_kappa"].n == 203
    assert [values[name].value for name in ("strict_kappa", "loose_kappa")] == pytest.approx(
        [_kappa(found, name) for name in ("strict", "loose")]
    )


def _kappa(found: AuditResult, name: str) -> float:
    """Cohen's kappa written out, as the benchmark has it."""
    pairs: list[tuple[bool, bool]] = []
    for outcome in found.outcomes:
        reference = outcome.case.data.labels.get(name)
        if reference is not None:
            pairs.append((reference, bool(outcome.trials[0].score.marks[name])))
    n, ours, theirs = len(pairs), sum(b for _, b in pairs), sum(a for a, _ in pairs)
    observed = sum(a == b for a, b in pairs) / n
    chance = (ours * theirs + (n - ours) * (n - theirs)) / n**2
    return (observed - chance) / (1 - chance)
