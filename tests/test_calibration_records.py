"""Calibrations made from records: counts and rates, the file they are stored in, and when one is stale."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest

from distill_tests import calibrations, run_audit, specfile
from distill_tests.calibrations.words import lines
from distill_tests.errors import DataError
from distill_tests.record import Record, Run, RunMeta, cases_of
from distill_tests.registry import judge, reporters
from distill_tests.summary import summarise
from distill_tests.types import Exhibit, JudgeUse, Model, Score

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "distill_tests/schema/calibration-record.json").read_text(encoding="utf-8"))


@judge("records-toy", marks={"loose": (0, 1), "strict": (0, 1)}, options={"shout": {"type": "boolean"}})
def toy(exhibit: Exhibit, *, shout: bool = False) -> Score:
    mark = float("OpenAI" in exhibit.answer)
    return Score(value=mark, label="foreign" if mark else "none", marks={"loose": mark, "strict": mark})


def rows() -> list[dict[str, Any]]:
    """True positives 4, false positives 1, false negatives 2, true negatives 5; framings of three rows."""
    told = [("OpenAI made me.", True)] * 4 + [("OpenAI makes models.", False)]
    told += [("Somebody made me.", True)] * 2 + [("I am Qwen.", False)] * 5
    return [
        {
            "id": f"r{number}",
            "response": f"{text} {number}",
            "framing": f"framing {number // 3}",
            "language": "en" if number % 2 else "zh",
            "target": "qwen" if number < 6 else "glm",
            "identity": {"name": "Qwen", "maker": "Alibaba Cloud"},
            "labels": {"loose": loose, "strict": [loose, True] if number == 11 else loose},
        }
        for number, (text, loose) in enumerate(told)
    ]


@pytest.fixture
def summary(tmp_path: Path) -> Mapping[str, Any]:
    gold = "".join(json.dumps(one) + "\n" for one in rows()) + "no row\n"
    (tmp_path / "gold.jsonl").write_text(gold, encoding="utf-8")
    (tmp_path / "spec.yaml").write_text(
        "kind: calibration\ntitle: A judge\njudge: records-toy\non_miss: gate\n"
        "gold: {jsonl: gold.jsonl, annotators: two cats, max_bad_rows: 1}\n"
        "gates: {kappa: {at_least: 0.3}}\n",
        encoding="utf-8",
    )
    spec = specfile.load(tmp_path / "spec.yaml", {}, environ={})
    return run_audit(spec).summary


@pytest.fixture
def calibration(summary: Mapping[str, Any]) -> calibrations.Calibration:
    [told] = summary["calibrations"]
    return calibrations.from_json(told)


def test_counts_and_rates_are_those_of_the_rows(calibration: calibrations.Calibration) -> None:
    loose = calibration.labels["loose"]
    assert loose.whole.counts == (4, 1, 2, 5)
    assert loose.whole.confusion == {
        (True, True): 4,
        (False, True): 1,
        (True, False): 2,
        (False, False): 5,
    }
    rates = {name: rate.value for name, rate in loose.whole.rates.items()}
    assert rates["recall"] == pytest.approx(4 / 6)
    assert rates["false_positive_rate"] == pytest.approx(1 / 6)
    assert rates["precision"] == pytest.approx(4 / 5)
    assert rates["kappa"] == pytest.approx(0.5)
    assert all(rate.low is not None and rate.method for rate in loose.whole.rates.values())


def test_what_is_split_by_language_and_target_adds_up(calibration: calibrations.Calibration) -> None:
    loose = calibration.labels["loose"]
    for group, names in (("language", {"en", "zh"}), ("target", {"qwen", "glm"})):
        assert set(loose.by[group]) == names
        parts = [rates.counts for rates in loose.by[group].values()]
        assert tuple(sum(column) for column in zip(*(part or () for part in parts), strict=True)) == (
            4,
            1,
            2,
            5,
        )


def test_clusters_add_up_to_the_rows(calibration: calibrations.Calibration) -> None:
    templates = calibration.labels["loose"].clusters["template"]
    assert sum(templates.values()) == 4
    assert sum(sum(counts) * times for counts, times in templates.items()) == 12


def test_what_was_left_out_and_who_labelled_is_kept(calibration: calibrations.Calibration) -> None:
    assert calibration.annotators == "two cats"
    assert calibration.gold["left_out"] == {"strict": {"the annotators disagree": 1}}
    [bad] = calibration.gold["bad_rows"]
    assert "gold.jsonl:13:1: not JSON" in bad
    assert calibration.labels["loose"].disagreements == ("r4", "r5", "r6")
    assert calibration.gates == {"kappa": "passed"}
    assert calibration.complete


def test_the_words_say_every_rate_with_interval_and_number(summary: Mapping[str, Any]) -> None:
    [told] = summary["calibrations"]
    text = "\n".join(f"{name}: {text}" for name, text in lines(told))
    assert "gold rows: 12 of " in text
    assert "labels: two cats" in text
    assert "left out: strict of 1 row (the annotators disagree)" in text
    assert "bad row: " in text
    assert "differs: on loose in 3: r4, r5, r6" in text
    assert "loose, target glm: kappa" in text
    brief = "\n".join(f"{name}: {text}" for name, text in lines(told, brief=True))
    assert "differs in 3 rows: r4, r5, r6" in brief
    assert "target glm" not in brief
    for line in text.splitlines():
        if line.startswith(("loose", "strict")):
            assert line.count("[") == line.count("] of ") > 0


# --- as a file ----------------------------------------------------------------------------------


def test_a_calibration_is_read_as_it_was_written(
    calibration: calibrations.Calibration, tmp_path: Path
) -> None:
    path = calibrations.write(calibration, tmp_path / "calibrations")
    assert calibrations.read(path) == calibration
    jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), SCHEMA)
    assert path.name == f"{calibration.version[:16]}-{calibration.gold['sha256'][:8]}.json"
    assert calibrations.stored(path.parent, calibration.version) == [path]
    assert calibrations.stored(path.parent, "0" * 64) == []


def broken(change: Callable[[Any], None]) -> Callable[[str], str]:
    def changed(text: str) -> str:
        told = json.loads(text)
        change(told)
        return json.dumps(told)

    return changed


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda _: "{", "not even JSON"),
        (lambda _: "[]", 'one has "type": "calibration"'),
        (broken(lambda told: told.update(schema=9)), "a calibration of schema 9; this program reads 1"),
        (broken(lambda told: told.pop("version")), "'version' is missing"),
        (broken(lambda told: told["gold"].pop("annotators")), "'annotators' is missing"),
        (broken(lambda told: told["labels"]["loose"]["whole"].update(n=-1)), "-1 is no count"),
        (broken(lambda told: told["labels"]["loose"]["whole"].update(counts=[1, 2])), "not a calibration as"),
        (
            broken(lambda told: told["labels"]["loose"]["whole"]["rates"]["recall"].update(value="high")),
            "not a calibration as",
        ),
        (broken(lambda told: told.update(labels=None)), "not a calibration as"),
    ],
)
def test_what_is_no_calibration_is_refused_in_words(
    calibration: calibrations.Calibration, tmp_path: Path, spoil: Callable[[str], str], words: str
) -> None:
    path = calibrations.write(calibration, tmp_path)
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(DataError) as refused:
        calibrations.read(path)
    assert str(refused.value).startswith(f"{path}:1: ")
    assert words in str(refused.value)


def test_a_file_that_is_not_there_is_said_to_come_from_a_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a run of a calibration spec writes it"):
        calibrations.read(tmp_path / "none.json")


# --- versions -----------------------------------------------------------------------------------

ASKED = Model(alias="a", provider="openai", model="gpt", revision="1")


@pytest.mark.parametrize(
    "other",
    [
        JudgeUse(name="rubric", model=dataclasses.replace(ASKED, revision="2")),
        JudgeUse(name="rubric", model=dataclasses.replace(ASKED, base_url="https://other.example.org")),
        JudgeUse(name="rubric", model=dataclasses.replace(ASKED, params={"temperature": 1})),
        JudgeUse(name="rubric", model=dataclasses.replace(ASKED, system="Be kind.")),
        JudgeUse(name="rubric", model=dataclasses.replace(ASKED, ask_as="completion")),
        JudgeUse(name="rubric", model=dataclasses.replace(ASKED, options={"weights": {"sha256": "0" * 64}})),
        JudgeUse(name="rubric", model=ASKED, options={"votes": 3}),
        JudgeUse(name="claims"),
    ],
)
def test_another_judge_prompt_option_or_model_makes_a_calibration_stale(
    calibration: calibrations.Calibration, other: JudgeUse
) -> None:
    one = JudgeUse(name="rubric", model=ASKED)
    mine = dataclasses.replace(calibration, version=calibrations.judge_version(one))
    assert not calibrations.is_stale(mine, calibrations.judge_version(one))
    assert calibrations.is_stale(mine, calibrations.judge_version(other))


def test_a_judge_without_a_version_of_its_own_has_its_source_and_options() -> None:
    plain = calibrations.judge_version(JudgeUse(name="records-toy"))
    assert plain == calibrations.judge_version(JudgeUse(name="records-toy"))
    assert plain != calibrations.judge_version(JudgeUse(name="records-toy", options={"shout": True}))


# --- what is kept -------------------------------------------------------------------------------


def run_of(summary: Mapping[str, Any], directory: Path, **meta: Any) -> Run:
    return Run(
        meta=RunMeta(id="x", started_at="now", **meta), records=(), summary=summary, directory=directory
    )


def test_a_complete_calibration_is_kept_for_later_runs(summary: Mapping[str, Any], tmp_path: Path) -> None:
    directory = tmp_path / "reports" / "run"
    reporters.get("calibrations").make().after(run_of(summary, directory))
    assert len(list((directory / "calibrations").glob("*.json"))) == 1
    assert len(list((tmp_path / ".distill-tests" / "calibrations").glob("*.json"))) == 1


def test_a_part_of_a_gold_file_is_no_calibration(summary: Mapping[str, Any], tmp_path: Path) -> None:
    directory = tmp_path / "reports" / "run"
    reporters.get("calibrations").make().after(run_of(summary, directory, interrupted=True))
    assert len(list((directory / "calibrations").glob("*.json"))) == 1
    assert not (tmp_path / ".distill-tests").exists()


def without_verdicts(summary: Mapping[str, Any], *, but: int) -> Mapping[str, Any]:
    """As if the judge's model had answered for so many rows of each label only."""
    told = json.loads(json.dumps(summary))
    for label in told["calibrations"][0]["labels"].values():
        whole = label["whole"]
        whole["missing"] += whole["n"] - but
        whole["n"] = but
    return cast("Mapping[str, Any]", told)


def test_a_judge_in_trouble_takes_no_calibrations_place(summary: Mapping[str, Any], tmp_path: Path) -> None:
    directory, kept = tmp_path / "reports" / "run", tmp_path / ".distill-tests" / "calibrations"
    reporter = reporters.get("calibrations").make()
    reporter.after(run_of(without_verdicts(summary, but=0), directory))
    assert not kept.exists()
    reporter.after(run_of(without_verdicts(summary, but=1), directory))
    reporter.after(run_of(summary, directory))
    (path,) = kept.glob("*.json")
    whole = path.read_bytes()
    reporter.after(run_of(without_verdicts(summary, but=1), directory))
    assert path.read_bytes() == whole


def told_of(records: Sequence[Record]) -> Any:
    told: Mapping[str, Any] = summarise(RunMeta(id="x", started_at="now"), records)
    [one] = told["calibrations"]
    return one


def test_a_run_without_all_rows_is_said_to_be_incomplete(summary: Mapping[str, Any], tmp_path: Path) -> None:
    records = run_audit(specfile.load(tmp_path / "spec.yaml", {}, environ={})).records
    told = told_of([record for record in records if record not in cases_of(records)[3:]])
    assert summary["calibrations"][0]["complete"] is True
    assert told["complete"] is False
    assert any(line.name == "incomplete" for line in lines(told))


def test_the_order_in_which_tests_ran_changes_nothing(summary: Mapping[str, Any], tmp_path: Path) -> None:
    records = run_audit(specfile.load(tmp_path / "spec.yaml", {}, environ={})).records
    assert summary["calibrations"]
    assert told_of(records) == told_of(records[::-1])
