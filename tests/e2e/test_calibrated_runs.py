"""A spec that cites a calibration of its judge: thresholds move, and what does not hold decides nothing."""

from __future__ import annotations

from typing import Any

from tests.e2e.conftest import Project, bad, good
from tests.example_calibrations import REFERENCE, calibration, write

GATE = "{strict_rate: {at_most: 0.1}}"
CITED = "calibration: ../cal.json\n"


def version(project: Project) -> str:
    """The version of the judge, as a run without a calibration records it."""
    project.spec([*good(1)], name="first", gates=GATE)
    project.run()
    (project.path / "specs" / "first.yaml").unlink()
    told = gate_record(project)["judge"]
    assert (told["name"], told["standing"], told["calibration"]) == ("mentions", "not calibrated", None)
    return str(told["version"])


def gate_record(project: Project) -> dict[str, Any]:
    [found] = [record for record in project.records() if record["type"] == "gate"]
    return found


def test_a_calibration_turns_a_pass_that_the_judge_cannot_carry_into_inconclusive(project: Project) -> None:
    write(project.path / "cal.json", calibration(version(project)))
    project.spec([*good(18), *bad(2)], gates=GATE)
    assert project.run().ret == 0
    project.spec([*good(18), *bad(2)], gates=GATE, more=CITED)
    result = project.run()
    assert result.ret == 10
    result.stdout.fnmatch_lines(["*INCONCLUSIVE: judge too coarse: 2 wrong of 20, a judged rate of 0.100;*"])
    gate = gate_record(project)
    assert gate["judge"]["standing"] == "calibrated"
    assert "the judge's luck is in the way: a larger set would decide it" in gate["explanation"]
    [note] = gate["notes"]
    assert note.startswith("judge mentions, strict: sensitivity 0.920 [0.837, 0.969] of 100 positive, ")
    assert note.endswith("labels: two members of the audit team; calibration cal.json")


def test_beyond_the_band_a_calibrated_gate_passes_and_fails(project: Project) -> None:
    write(project.path / "cal.json", calibration(version(project)))
    for wrong, status in ((0, 0), (8, 1)):
        project.spec([*good(20 - wrong), *bad(wrong)], gates=GATE, more=CITED)
        assert project.run().ret == status


def test_the_summary_shows_what_is_known_of_the_judge(project: Project) -> None:
    write(project.path / "cal.json", calibration(version(project)))
    project.spec([*good(20)], gates=GATE, more=CITED)
    result = project.run()
    result.stdout.fnmatch_lines(["*judge mentions, strict: sensitivity 0.920*"])
    words = " ".join(result.stdout.str().split())
    assert "corrected for the judge's errors: 0.000 [0.000, 0.100], Rogan-Gladen, 95 %" in words
    assert "not calibrated" not in result.stdout.str()


def test_without_a_calibration_the_first_gate_on_a_mark_says_so_once(project: Project) -> None:
    project.spec([*good(4)], gates="{strict_rate: {at_most: 0.5}, loose_rate: {at_most: 0.5}}")
    result = project.run()
    assert result.stdout.str().count("judge mentions: not calibrated (no calibration: in the spec)") == 1


def test_a_stale_calibration_decides_nothing_and_names_both_versions(project: Project) -> None:
    now = version(project)
    write(project.path / "cal.json", calibration("f" * 64))
    project.spec([*good(20)], gates=GATE, more=CITED)
    assert project.run().ret == 10
    text = gate_record(project)["explanation"]
    assert text == (
        f"calibration cal.json is stale: of mentions {'f' * 16}, and the judge is now {now[:16]}; "
        "calibrate it again"
    )


def test_a_calibration_of_another_judge_decides_nothing(project: Project) -> None:
    now = version(project)
    write(project.path / "cal.json", calibration("e" * 64, judge="claims"))
    project.spec([*good(10), *bad(10)], gates=GATE, more=CITED)
    assert project.run().ret == 10
    text = gate_record(project)["explanation"]
    assert f"of another judge: claims {'e' * 16}, and this one is mentions {now[:16]}" in text


def test_a_calibration_without_the_gates_label_is_an_error_at_its_place(project: Project) -> None:
    made = calibration("0" * 64)
    write(project.path / "cal.json", calibration("0" * 64, labels={"loose": REFERENCE}))
    project.spec([*good(1)], gates=GATE, more=CITED)
    result = project.run()
    assert result.ret == 2
    result.stdout.fnmatch_lines(
        ["*specs/core.yaml:8:14: gate 'strict_rate' counts the judge's 'strict', a label*; it has loose*"]
    )
    write(project.path / "cal.json", made, without=["labels"])
    project.run().stdout.fnmatch_lines(["*specs/core.yaml:8:14: *cal.json:1: not a whole calibration*"])
    (project.path / "cal.json").unlink()
    project.run().stdout.fnmatch_lines(["*specs/core.yaml:8:14: *cal.json:1: there is no such file*"])
    assert project.calls() == []


def test_an_incomplete_calibration_is_refused(project: Project) -> None:
    write(project.path / "cal.json", calibration("0" * 64, complete=False))
    project.spec([*good(1)], gates=GATE, more=CITED)
    project.run().stdout.fnmatch_lines(["*specs/core.yaml:8:14: an incomplete calibration*"])


def test_a_path_behind_a_variable_that_is_required_skips_the_spec(project: Project) -> None:
    more = "calibration: ${NO_SUCH_DATA}/cal.json\nrequires: [NO_SUCH_DATA]\n"
    project.spec([*good(1)], gates=GATE, more=more)
    result = project.run("-rs")
    result.stdout.fnmatch_lines(["*core.yaml needs data: set NO_SUCH_DATA*"])
    assert project.calls() == []
