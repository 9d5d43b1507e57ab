"""``--plan``: what each gate will take and say, before any call."""

from __future__ import annotations

from tests.e2e.conftest import Project, good

SAMPLE = "sample: {size: 120, seed: 3}\n"
HEAD = "  true  calls   95 %      USD     95 %    min   95 %   pass   fail   open"


def tables(project: Project, *args: str) -> list[str]:
    """The lines of the gates, with no call made."""
    lines = project.run("--distill-plan", *args).outlines
    assert project.calls() == []
    start = next(number for number, line in enumerate(lines) if line.startswith("  gate "))
    end = next(number for number, line in enumerate(lines) if line.startswith("in all:"))
    assert max(map(len, lines[start + 1 : end])) <= 90
    return lines[start:end]


def rows(lines: list[str]) -> list[list[str]]:
    cells = [line.replace(" %", "%").split() for line in lines]
    return [row for row in cells if len(row) == 10 and row[-1].endswith("%") and row[0] != "true"]


def test_a_plan_says_for_some_true_rates_what_a_gate_takes_and_says(project: Project) -> None:
    project.models(extra="  price: {input: 1.0, output: 4.0}\n")
    project.spec(good(200), gates="{strict_rate: {at_most: 0.1}}", more=SAMPLE)
    lines = tables(project)
    assert (
        lines[0] == "  gate strict_rate: at most 0.10 of 120: passes with up to 12 wrong, fails from the 13th"
    )
    assert any(line.endswith(HEAD) for line in lines)
    clean, half, at, above, twice = rows(lines)
    assert (clean[0], clean[-3:]) == ("0", ["100%", "0%", "0%"])
    assert clean[1] == clean[2] == "32"
    assert (at[0], twice[0], twice[-2]) == ("0.1", "0.2", "100%")
    assert float(half[1]) <= float(half[2]) <= 120
    assert float(above[3]) < float(at[3])
    assert "from 40 simulated runs a rate (seeded)" in " ".join(lines)


def test_full_asks_every_case_and_its_chances_are_exact(project: Project) -> None:
    project.spec(good(200), gates="{strict_rate: {at_most: 0.1}}", more=SAMPLE)
    lines = tables(project, "--distill-full")
    assert {row[1] for row in rows(lines)} == {"120"}
    assert [row[-3] for row in rows(lines)] == ["100%", "100%", "100%", "0%", "0%"]
    assert "    exact: no simulation" in lines


def test_a_part_of_the_set_may_leave_a_gate_open(project: Project) -> None:
    project.spec(good(200), gates="{strict_rate: {at_most: 0.1, stop_early: false}}", more=SAMPLE)
    lines = tables(project, "--distill-first", "30")
    assert {row[1] for row in rows(lines)} == {"30"}
    assert all(row[-1] != "0%" for row in rows(lines)[1:3])


def test_several_gates_end_the_asking_together(project: Project) -> None:
    gates = "{strict_rate: {at_most: 0.1}, loose_rate: {at_least: 0.9}}"
    project.spec(good(200), gates=gates, more=SAMPLE)
    lines = tables(project)
    assert [row[0] for row in rows(lines)[5:]] == ["1", "0.95", "0.9", "0.85", "0.8"]
    assert any("when the last gate has decided" in line for line in lines)
