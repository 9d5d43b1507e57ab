"""JUnit: pytest's own ``--junitxml``, with what an audit has to say as properties."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.e2e.conftest import Project, bad, good


def properties(testcase: ET.Element) -> dict[str, str]:
    return {row.attrib["name"]: row.attrib["value"] for row in testcase.iterfind("properties/property")}


def cases_in(project: Project) -> dict[str, ET.Element]:
    tree = ET.parse(project.path / "junit.xml")
    return {testcase.attrib["name"]: testcase for testcase in tree.iter("testcase")}


MIXED = [*good(3), *bad(1), "trouble 1", "unjudgeable 1"]
GATE = "{strict_rate: {at_most: 0.4, confidence: 0.9, max_missing: 0.5}}"


def test_a_case_tells_what_was_audited_and_how_it_was_judged(project: Project) -> None:
    project.spec(MIXED, gates=GATE)
    project.run("--junitxml", "junit.xml")
    told = properties(cases_in(project)["bad-0-en.plain"])
    expected = {
        "type": "case",
        "target": "toy",
        "served": "fake-1",
        "kind": "identity",
        "spec": "specs/core.yaml",
        "title": "Toy",
        "place": "specs/core.yaml:10",
        "verdict": "missed",
        "tags": "plain, en",
        "cluster.framing": "plain",
        "cluster.question": "bad-0",
        "trials": "1",
        "wrong": "1",
        "label": "foreign",
        "judge": "mentions",
        "answer": "I am ChatGPT, made by OpenAI.",
        "reason": "names OpenAI",
        "calls_made": "1",
    }
    assert expected.items() <= told.items()


def test_a_gate_tells_its_estimate_interval_and_threshold(project: Project) -> None:
    project.spec(
        [*good(3), *bad(1)],
        gates="{strict_rate: {at_most: 0.4, confidence: 0.9}}",
        more="framings: {inline: [{id: f, en: '{question}'}, {id: g, en: 'Hm. {question}'}]}\n",
    )
    project.run("--junitxml", "junit.xml")
    told = properties(cases_in(project)["gate-strict_rate"])
    expected = {
        "type": "gate",
        "target": "toy",
        "kind": "identity",
        "verdict": "passed",
        "gate": "strict_rate",
        "statistic": "strict_rate",
        "estimate": "0.25",
        "interval_level": "0.95",
        "threshold": "at most 0.40",
        "confidence": "0.9",
        "n": "8",
        "missing": "0",
        "undrawn": "0",
    }
    assert expected.items() <= told.items()
    assert told["interval_method"].startswith("Korn-Graubard")
    assert " to " in told["interval"]
    assert "2 wrong of 8" in told["explanation"]


def test_verdicts_are_junits_words_for_them_and_a_miss_is_never_a_pass(project: Project) -> None:
    project.spec(MIXED, gates=GATE)
    project.run("--junitxml", "junit.xml")
    found = cases_in(project)
    children = {name: [child.tag for child in found[name] if child.tag != "properties"] for name in found}
    assert children == {
        "good-0-en.plain": [],
        "good-1-en.plain": [],
        "good-2-en.plain": [],
        "bad-0-en.plain": ["skipped"],
        "trouble-1-en.plain": ["error"],
        "unjudgeable-1-en.plain": ["failure"],
        "gate-strict_rate": ["failure"],
    }
    assert {name: properties(found[name])["verdict"] for name in found} == {
        "good-0-en.plain": "passed",
        "good-1-en.plain": "passed",
        "good-2-en.plain": "passed",
        "bad-0-en.plain": "missed",
        "trouble-1-en.plain": "broken",
        "unjudgeable-1-en.plain": "inconclusive",
        "gate-strict_rate": "inconclusive",
    }
    assert found["bad-0-en.plain"].find("skipped").attrib["type"] == "pytest.xfail"  # type: ignore[union-attr]


def test_trouble_and_what_was_not_asked_tell_their_reason(project: Project) -> None:
    project.spec([*good(2), "trouble 1"], gates=GATE)
    project.run("--junitxml", "junit.xml", "--distill-first", "2")
    told = {name: properties(case) for name, case in cases_in(project).items()}
    reasons = {row.get("error") or row.get("skipped") for row in told.values()} - {None}
    assert reasons <= {"fake: the line went dead", "not asked: --first 2"}
    assert "not asked: --first 2" in reasons
    assert all(row["target"] == "toy" for row in told.values())


def test_workers_write_the_same_properties(project: Project) -> None:
    pytest.importorskip("xdist")
    project.spec(MIXED, gates=GATE)
    project.run("--junitxml", "junit.xml", subprocess=True)
    alone = {name: _lasting(properties(case)) for name, case in cases_in(project).items()}
    project.run("--junitxml", "junit.xml", "-n", "2", subprocess=True)
    assert {name: _lasting(properties(case)) for name, case in cases_in(project).items()} == alone


def _lasting(told: dict[str, str]) -> dict[str, str]:
    """Without what a second run spends otherwise: it has some replies in the store."""
    return {name: value for name, value in told.items() if name not in ("calls_made", "cost_usd")}


def test_a_rerun_leaves_one_set_of_properties(project: Project) -> None:
    pytest.importorskip("pytest_rerunfailures")
    project.spec([*good(1), "trouble 1"], gates="", on_miss="fail")
    project.run("--junitxml", "junit.xml", "--reruns", "2", subprocess=True)
    names = [row.attrib["name"] for row in cases_in(project)["trouble-1-en.plain"].iter("property")]
    assert sorted(names) == sorted(set(names))


def test_tests_of_other_people_get_no_properties(project: Project) -> None:
    project.spec(good(1))
    (project.path / "specs" / "test_other.py").write_text("def test_other(): pass\n")
    project.run("--junitxml", "junit.xml")
    assert properties(cases_in(project)["test_other"]) == {}


def test_the_file_is_what_the_schema_of_junit_allows(project: Project) -> None:
    """No element or attribute that Jenkins' and GitLab's readers do not know."""
    project.spec(MIXED, gates=GATE)
    project.run("--junitxml", "junit.xml")
    tree = ET.parse(Path(project.path, "junit.xml"))
    tags = {element.tag for element in tree.iter()}
    assert tags <= {
        "testsuites",
        "testsuite",
        "testcase",
        "properties",
        "property",
        "failure",
        "error",
        "skipped",
    }
    for testcase in tree.iter("testcase"):
        assert set(testcase.attrib) == {"classname", "name", "time"}
