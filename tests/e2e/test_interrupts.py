"""What a person who presses Ctrl-C again keeps: everything that was paid for."""

from __future__ import annotations

from collections import Counter

from tests.e2e.conftest import Project, good

TWICE = """
reports = []
def pytest_runtest_logreport(report):
    reports.append(report)
    if len(reports) == 6:
        raise KeyboardInterrupt

def pytest_keyboard_interrupt(excinfo):
    raise KeyboardInterrupt
"""
"""Ctrl-C, and once more before pytest has noted the first one in its exit status."""


def test_a_second_ctrl_c_at_once_loses_no_stored_reply(project: Project) -> None:
    project.spec(good(12))
    plugin = project.path / "twice.py"
    plugin.write_text(TWICE, encoding="utf-8")
    result = project.run("-p", "twice", subprocess=True)
    assert result.ret != 0
    asked = len(project.calls())
    assert asked > 0
    assert project.summary()["run"]["interrupted"] is True
    result.stdout.fnmatch_lines(["NO VERDICT: interrupted", f"interrupted: {asked} replies are stored*"])
    assert project.run("-q").ret == 0
    assert len(project.calls()) == 12
    assert Counter(project.calls()).most_common(1)[0][1] == 1


def test_a_run_that_another_plugin_ends_with_status_0_is_no_success_and_keeps_its_replies(
    project: Project,
) -> None:
    project.spec(good(12))
    ending = TWICE.split("def pytest_keyboard_interrupt")[0].replace(
        "raise KeyboardInterrupt", "import pytest; pytest.exit('enough', returncode=0)"
    )
    (project.path / "ending.py").write_text(ending, encoding="utf-8")
    assert project.run("-p", "ending", subprocess=True).ret == 2
    assert project.summary()["verdict"] == "none"
    assert project.run("-q").ret == 0
    assert Counter(project.calls()).most_common(1)[0][1] == 1
