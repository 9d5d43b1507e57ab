"""Calibrations with ratings: what spec and file may say, what the judge is shown, gates and tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from distill_tests import run_audit, specfile
from distill_tests.api import AuditResult
from distill_tests.errors import SpecError
from distill_tests.kinds._ratings_metrics import METRIC_NAMES
from distill_tests.ratings.beside import RatedRow
from distill_tests.registry import judge, kinds
from distill_tests.subjects import default_targets
from distill_tests.types import Case, Exhibit, Score, Spec, Verdict

SPEC = """\
kind: calibration
title: A judge of captions
judge: {judge}
{section}
{tail}"""
RATINGS = "ratings: {{format: jsonl, path: rated.jsonl, annotators: two cats{more}}}"
SEEN: list[Exhibit] = []


@judge("ratings-toy", scale=(0, 10), marks={"accuracy": (0, 10)})
def toy(exhibit: Exhibit) -> Score:
    """As many points as the caption has words; a puzzle is refused, and has marks all the same."""
    SEEN.append(exhibit)
    words = float(len(exhibit.answer.split()))
    if "puzzle" in exhibit.answer:
        return Score(value=None, label="unscored", reason="the model refuses", marks={"accuracy": 9.0})
    return Score(value=words, label="scored", reason="counted", marks={"accuracy": 10 - words})


Load = Callable[..., Spec]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded(
        rows: Iterable[Mapping[str, Any]],
        *,
        section: str = "",
        more: str = "",
        tail: str = "",
        name: str = "",
    ) -> Spec:
        text = "".join(json.dumps(one) + "\n" for one in rows)
        (tmp_path / "rated.jsonl").write_text(text, encoding="utf-8")
        path = tmp_path / "spec.yaml"
        written = section or RATINGS.format(more=more)
        path.write_text(
            SPEC.format(judge=name or "ratings-toy", section=written, tail=tail), encoding="utf-8"
        )
        return specfile.load(path, {}, environ={})

    return loaded


def row(number: int, *, rating: float = 3.0, **given: Any) -> dict[str, Any]:
    words = " ".join(["cat"] * (number % 7 + 1))
    told = {
        "id": f"r{number}",
        "caption": words,
        "references": ["a cat on a mat"],
        "ratings": [rating, float(number % 7)],
    }
    return {**told, **given}


ROWS = [row(number, rating=float(number % 5)) for number in range(12)]


def cases(spec: Spec) -> list[Case]:
    [target] = default_targets(spec)
    return list(kinds.get("calibration").kind.cases(spec, target))


def problems(spec: Spec) -> str:
    with pytest.raises(SpecError) as refused:
        cases(spec)
    return "\n".join(str(problem) for problem in refused.value.problems)


def audited(spec: Spec) -> AuditResult:
    [target] = default_targets(spec)
    return run_audit(spec, target)


# --- what a spec may say --------------------------------------------------------------------------


def test_a_calibration_has_either_gold_or_ratings(load: Load) -> None:
    both = RATINGS.format(more="") + "\ngold: {jsonl: gold.jsonl, annotators: two cats}"
    assert "a calibration has gold or ratings, not both" in problems(load(ROWS, section=both))
    assert "neither gold nor ratings" in problems(load(ROWS, section="on_miss: fail"))


def test_an_item_is_a_case_of_its_clip_and_pairs_keep_their_name(load: Load) -> None:
    rows = [
        row(1, cluster="v1", pair="p", better=True, group="colours"),
        row(2, cluster="v1", pair="p", better=False, group="colours"),
    ]
    one, two = cases(load(rows))
    assert (one.id, one.place.line, two.place.line) == ("r1", 1, 2)
    assert one.clusters == two.clusters == {"clip": "v1", "pair": "p"}
    assert one.groups == {"group": "colours"}
    assert isinstance(one.data, RatedRow)
    assert (one.data.about is None, two.data.about is None) == (False, True)


@pytest.mark.parametrize(
    ("more", "tail", "what"),
    [
        (", dimensions: {accuracy: acuracy}", "", "no item is rated in 'accuracy'"),
        (", dimensions: {overall: acuracy}", "", "the judge gives no 'acuracy'; did you mean 'accuracy'?"),
        (", metrics: [chrf, bleu]", "", "no offline metric 'bleu'; did you mean 'bleu_"),
        (", scale: [5, 1]", "", "a scale has a lower end and a higher one"),
        (", captions: rated.jsonl", "", "captions: is for format foil"),
        (", images: nowhere", "", "no folder 'nowhere'"),
        (", clips: 99", "", "more clips than the file has (got 99); at most 12"),
        ("", "gates: {kappa: {at_least: 0.5}}", "kappa is about gold labels, and this spec has ratings"),
        ("", "gates: {tau_b: {of: style, at_least: 0}}", "no item is rated in 'style'; of: overall"),
        ("", "gates: {pairwise_accuracy: {at_least: 0.5}}", "no caption stands in a pair"),
        ("", "gates: {tau_b_difference: {than: bleu, at_least: 0}}", "no offline metric 'bleu'"),
        (", metrics: [chrf]", "gates: {tau_b_difference: {at_least: 0}}", "no offline metric 'brevity'"),
        ("", "laws: all", "laws are "),
    ],
)
def test_mistakes_in_a_spec_are_named_with_what_is_allowed(
    load: Load, more: str, tail: str, what: str
) -> None:
    assert what in problems(load(ROWS, more=more, tail=tail))


def test_bad_rows_are_refused_all_at_once_or_tolerated_and_shown(load: Load) -> None:
    rows = [*ROWS, row(20, ratings=["x"]), row(0)]
    told = problems(load(rows))
    assert "2 entries of" in told
    assert "rated.jsonl:13:1: a rating is a number (got 'x')" in told
    assert "rated.jsonl:14:1: id 'r0' was already used on line 1" in told
    about = cases(load(rows, more=", max_bad_rows: 2"))[0].data.about
    assert len(about["bad_rows"]) == 2


def test_a_file_that_is_not_there_is_named_where_it_is_written(load: Load) -> None:
    section = "ratings: {format: jsonl, path: rated.json, annotators: two cats}"
    assert "spec.yaml:4:32: there is no file" in problems(load(ROWS, section=section))


def test_drawn_clips_are_the_same_every_time_and_pairs_stay_together(load: Load) -> None:
    rows = [row(number, cluster=f"v{number // 2}") for number in range(12)]
    spec = load(rows, more=", clips: 3, seed: 1")
    names = [case.id for case in cases(spec)]
    assert names == [case.id for case in cases(spec)]
    assert len(names) == 6
    assert len({case.clusters["clip"] for case in cases(spec)}) == 3


# --- judging --------------------------------------------------------------------------------------


def test_the_judge_is_shown_caption_references_and_the_path_of_the_image(load: Load, tmp_path: Path) -> None:
    SEEN.clear()
    audited(load([row(1, image="pictures/one.png"), row(2)]))
    shown = {exhibit.id: exhibit for exhibit in SEEN}
    assert shown["r1"].references == ("a cat on a mat",)
    assert shown["r1"].recorded == {"image": str(tmp_path / "pictures" / "one.png")}
    assert shown["r1"].images == ()


def test_an_empty_caption_is_unscored_without_asking_and_a_refusal_is_no_zero(load: Load) -> None:
    SEEN.clear()
    rows = [*ROWS, row(30, caption=" \n"), row(31, caption="a puzzle")]
    found = audited(load(rows, tail="gates: {tau_b: {at_least: -1, max_missing: 0.5}}"))
    told = {outcome.case.id: outcome.trials[0].score for outcome in found.outcomes}
    assert told["r30"].reason == "the caption is empty"
    assert told["r30"].value is None
    assert "r30" not in {exhibit.id for exhibit in SEEN}
    refused: Any = told["r31"].details["rated"]
    assert refused["judged"] == {}
    [gate] = found.gates
    assert gate.verdict is Verdict.INCONCLUSIVE
    assert (gate.estimate.n, gate.estimate.missing) == (12, 2)


def test_more_unscored_than_max_missing_breaks_the_gate(load: Load) -> None:
    rows = [*ROWS[:4], *(row(30 + number, caption=f"puzzle {number}") for number in range(4))]
    [gate] = audited(load(rows, tail="gates: {tau_b: {at_least: -1}}")).gates
    assert gate.verdict is Verdict.BROKEN


def test_gates_take_the_protocol_and_the_dimension_of_the_spec(load: Load) -> None:
    rows = [row(number, ratings={"accuracy": [number % 5], "style": [number % 3]}) for number in range(12)]
    gates = "gates: {tau_b: {at_least: -1}, inverse: {statistic: tau_b, of: accuracy, at_least: -1}, "
    gates += "each: {statistic: tau_c, of: style, protocol: per_rating, at_least: -1}}"
    found = audited(load(rows, tail=gates))
    told = {gate.gate.name: gate.estimate for gate in found.gates}
    assert all(gate.verdict is Verdict.PASSED for gate in found.gates)
    assert told["tau_b"].value != told["inverse"].value
    assert all(estimate.low is not None for estimate in told.values())


def test_metrics_that_cannot_score_a_caption_are_absent_and_not_zero(load: Load) -> None:
    rows = [*ROWS, row(40, references=[]), row(41, caption="?!")]
    found = audited(load(rows))
    told: dict[str, Any] = {one.case.id: one.trials[0].score.details["rated"] for one in found.outcomes}
    assert told["r40"]["metrics"] == told["r41"]["metrics"] == {}
    assert set(told["r1"]["metrics"]) == set(METRIC_NAMES)


# --- formats with files of their own --------------------------------------------------------------


def test_foils_are_audited_by_pairs_alone(load: Load, tmp_path: Path) -> None:
    """The toy gives a point a word: the longer caption wins, and equal lengths tie, which is a failure."""
    captions = [
        {"id": 10 * picture + number, "image_id": picture, "caption": f"Grass, {number}."}
        for picture in range(3)
        for number in range(3)
    ]
    originals = ["A small dog sits.", "A dog sits.", "A dog."]
    annotations = [
        {"id": 10 * picture, "image_id": picture, "caption": text, "foil": foil}
        for picture, original in enumerate(originals)
        for text, foil in ((original, False), ("A cat sits.", True))
    ]
    (tmp_path / "coco.json").write_text(json.dumps({"annotations": captions}), encoding="utf-8")
    told = {"images": [{"id": 0, "file_name": "a.jpg"}], "annotations": annotations}
    (tmp_path / "foil.json").write_text(json.dumps(told), encoding="utf-8")
    section = "ratings: {format: foil, path: foil.json, captions: coco.json, annotators: COCO}"
    tail = "gates: {pairwise_accuracy: {at_least: 0.9}}"
    [gate] = audited(load([], section=section, tail=tail)).gates
    assert gate.verdict is Verdict.FAILED
    assert gate.estimate.value == pytest.approx(1 / 3)
    assert (gate.estimate.n, gate.estimate.details["tied"]) == (3, 1)
    refused = problems(load([], section=section, tail="gates: {tau_b: {at_least: 0}}"))
    assert "no caption has ratings, only pairs; pairwise_accuracy" in refused


def test_foil_without_coco_captions_is_refused(load: Load) -> None:
    section = "ratings: {format: foil, path: rated.jsonl, annotators: COCO}"
    assert "FOIL's file names no references; captions: COCO's file" in problems(load(ROWS, section=section))


def test_both_protocols_of_flickr_experts_can_be_gated_side_by_side(load: Load, tmp_path: Path) -> None:
    def judged(words: int, ratings: tuple[int, ...]) -> list[dict[str, Any]]:
        return [{"caption": " ".join(["dog"] * words), "rating": rating} for rating in ratings]

    pictures = {
        f"p{number}": {
            "ground_truth": ["a dog"],
            "human_judgement": [*judged(1 + number % 3, (1, 2, 1)), *judged(4 + number % 3, (4, 3, 2))],
        }
        for number in range(5)
    }
    (tmp_path / "expert.json").write_text(json.dumps(pictures), encoding="utf-8")
    section = "ratings: {format: flickr8k-expert, path: expert.json, annotators: three experts}"
    names = ("item_mean", "per_rating", "each_rater")
    gates = ", ".join(f"{one}: {{statistic: tau_c, protocol: {one}, at_least: -1}}" for one in names)
    found = audited(load([], section=section, tail=f"gates: {{{gates}}}"))
    told = {gate.gate.name: gate.estimate for gate in found.gates}
    assert [told[name].details["points"] for name in names] == [10, 30, 30]
    assert told["item_mean"].value == told["each_rater"].value == 1.0
    assert told["per_rating"].value == pytest.approx(16 / 27)  # the raters do not agree: 1 is out of reach
    assert {told[name].n for name in names} == {10}
