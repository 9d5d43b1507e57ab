"""What must never end green, nor lose what was asked: trouble around the audit rather than in it."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import CONFTEST, Project, bad, good

REPORTER = """
from distill_tests.registry import reporter
@reporter("angry")
class Angry:
    def during(self, record):
        {during}
    def after(self, run):
        {after}
"""


def test_a_spec_that_cannot_be_read_breaks_a_run_that_goes_on_without_it(project: Project) -> None:
    project.spec(good(2))
    (project.path / "specs" / "wrong.yaml").write_text("kind: identty\ntitle: x\n")
    result = project.run("--continue-on-collection-errors")
    assert result.ret == 11
    result.stdout.fnmatch_lines(["VERDICT: BROKEN (1 spec could not be read)"])
    assert project.summary()["exit_status"] == 11


def test_a_spec_that_no_target_can_be_asked_by_counts_once(project: Project) -> None:
    second = "toy2:\n  provider: toyland\n  target: true\n  identity: {name: T, maker: U}\n"
    project.models(more=second)
    project.spec(["{question}"])
    result = project.run()
    result.stdout.fnmatch_lines(["VERDICT: BROKEN (1 spec could not be read)"])


def test_a_test_module_that_cannot_be_imported_is_a_failure_whatever_the_gates_say(project: Project) -> None:
    project.spec(good(2))
    (project.path / "specs" / "test_other.py").write_text("import nothing_of_that_name\n")
    assert project.run("--continue-on-collection-errors").ret == 1


def test_what_pytest_calls_failed_is_never_turned_into_a_success(project: Project) -> None:
    strict = (
        "import pytest\n"
        "def pytest_collection_modifyitems(items):\n"
        "    items[-1].add_marker(pytest.mark.xfail(strict=True))\n"
    )
    project.pytester.makeconftest(CONFTEST + strict)
    project.spec(good(2))
    assert project.run().ret == 1


def test_a_bug_in_a_kinds_explanation_breaks_its_case(project: Project) -> None:
    bug = (
        "def pytest_runtest_call(item):\n"
        "    if 'good-0' in item.name:\n"
        "        object.__setattr__(item.outcome, 'case', None)\n"
    )
    project.pytester.makeconftest(CONFTEST + bug)
    project.spec(good(2))
    result = project.run("-k", "good")
    assert result.ret == 11
    result.stdout.fnmatch_lines(["VERDICT: BROKEN (1 probe unanswered)"])


def test_a_refused_case_is_an_error_after_its_rerun_too(project: Project) -> None:
    project.spec(["locked 1", "locked 2"])
    result = project.run("--reruns", "1", "-k", "locked")
    assert result.ret == 11
    assert result.parseoutcomes() | {"rerun": 1, "errors": 1, "skipped": 1} == result.parseoutcomes()


def test_two_specs_with_one_node_id_are_asked_and_judged_apart(
    project: Project, pytester: pytest.Pytester
) -> None:
    """Outside rootdir pytest's node ids hold no folder."""
    project.spec(bad(2))
    twin = project.path / "twin"
    twin.mkdir()
    for name in ("models.yaml", "core.yaml"):
        text = (project.path / "specs" / name).read_text()
        (twin / name).write_text(text.replace("text: bad", "text: good"))
    root = pytester.mkdir("root")
    (root / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider -p no:randomly\n")
    result = pytester.runpytest_inprocess(
        "-p", "distill_tests.plugin", "-c", "root/pytest.ini", "--rootdir", "root", "--confcutdir", ".",
        "-p", "conftest", "specs", "twin",
    )  # fmt: skip
    assert len(project.calls()) == 4
    assert result.ret == 1
    result.stdout.fnmatch_lines(["VERDICT: FAILED (1 of 2 gates failed)"])


def test_an_empty_target_does_not_mean_the_specs_own_targets(project: Project) -> None:
    project.spec(good(2))
    result = project.run("--distill-target", "")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert project.calls() == []


def test_a_target_named_twice_is_audited_once(project: Project) -> None:
    project.spec(good(2))
    project.run("--distill-target", "toy,toy").assert_outcomes(passed=3)


def test_setup_plan_asks_nothing(project: Project) -> None:
    project.spec(good(2))
    project.run("--setup-plan")
    assert project.calls() == []


@pytest.mark.parametrize("where", ["during", "after"])
def test_a_reporter_that_fails_loses_no_summary_and_is_no_success(project: Project, where: str) -> None:
    hooks = {"during": "pass", "after": "pass"} | {where: "raise ValueError('oops')"}
    project.pytester.makeconftest(CONFTEST + REPORTER.format(**hooks))
    project.spec(good(2))
    result = project.run(subprocess=True)
    result.stdout.fnmatch_lines(
        ["VERDICT: PASSED*", "NOT REPORTED: reporter 'angry': ValueError: oops (conftest.py:*)"]
    )
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    assert project.summary()["verdict"] == "passed"


def test_a_report_that_cannot_be_written_ends_the_run_in_words(project: Project) -> None:
    project.spec(good(2))
    (project.path / "reports").write_text("a file")
    result = project.run()
    assert result.ret == 11
    result.stdout.fnmatch_lines(["*Exit: *cannot write the report (Not a directory)*"])
    (project.path / "reports").unlink()
    asked = len(project.calls())
    assert project.run().ret == 0
    assert len(project.calls()) == max(asked, 2)


def test_a_model_that_changed_between_a_run_and_its_resumption_is_asked_anew_the_third_time(
    project: Project,
) -> None:
    project.models("  served: fake-old\n")
    project.spec([*good(2), "trouble 1"])
    assert project.run().ret == 11
    project.models("  served: fake-new\n")
    (project.path / "mended").touch()
    result = project.run()
    assert result.ret == 11
    result.stdout.fnmatch_lines(["*changed during the run: fake-old, then fake-new*"])
    assert project.run().ret == 0


def test_a_kind_of_a_lower_conftest_runs_under_strict_markers(project: Project) -> None:
    project.spec(good(1))
    folder = project.path / "specs" / "zz"
    folder.mkdir()
    (folder / "conftest.py").write_text(
        "from distill_tests.registry import kind, kinds\n"
        "kind('identity2', schema=kinds.get('identity').schema)(type(kinds.get('identity').kind))\n"
    )
    text = (project.path / "specs" / "core.yaml").read_text()
    (folder / "late.yaml").write_text(text.replace("kind: identity", "kind: identity2"))
    project.run("--strict-markers", subprocess=True).assert_outcomes(passed=4)


def test_no_verdict_and_the_run_directory_are_the_same_under_every_dist(project: Project) -> None:
    project.spec(good(4))
    result = project.run("-n", "2", "--dist", "worksteal", "-k", "good", "--distill-require-verdict")
    assert result.ret == 12
    result.stdout.fnmatch_lines(["NO VERDICT: 1 gate not selected"])


def test_plan_makes_no_worker(project: Project) -> None:
    project.spec(good(4))
    result = project.run("-n", "2", "--distill-plan")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["in all: 1 target, at most 4 calls. Nothing was asked."])


def test_a_store_that_cannot_be_used_ends_a_run_with_workers_in_words(project: Project) -> None:
    project.spec(good(4))
    result = project.run("-n", "2", "--distill-replay")
    assert result.ret == 11
    result.stdout.fnmatch_lines(["*Exit: *there is no store to replay from*"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_an_absent_spec_of_a_worker_is_listed(project: Project) -> None:
    project.spec(good(2))
    project.spec(good(2), name="other", more="requires: [NO_SUCH_DATA]\n")
    project.run("-n", "2").stdout.fnmatch_lines(["skipped * needs data: set NO_SUCH_DATA"])


def test_a_store_that_fails_at_the_end_loses_no_summary_and_is_no_success(project: Project) -> None:
    full = (
        "from distill_tests.engine import Engine\n"
        "from distill_tests.errors import DistillError\n"
        "def finish(self, **how):\n"
        "    raise DistillError('store.sqlite: cannot store replies, the disk is full')\n"
        "Engine.finish = finish\n"
    )
    project.pytester.makeconftest(CONFTEST + full)
    project.spec(good(2))
    result = project.run(subprocess=True)
    result.stdout.fnmatch_lines(["VERDICT: PASSED*", "NOT REPORTED: store*the disk is full"])
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR


def test_a_gate_comes_after_the_reruns_of_its_cases_however_items_are_shuffled(project: Project) -> None:
    mending = (
        "import pytest\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_collection_modifyitems(items):\n"
        "    items.reverse()\n"
        "def pytest_runtest_logreport(report):\n"
        "    if report.outcome == 'rerun':\n"
        "        Path('mended').touch()\n"
    )
    project.pytester.makeconftest(CONFTEST + mending)
    project.spec([*good(2), "trouble 1"], gates="{strict_rate: {at_most: 0.5, max_missing: 0}}")
    result = project.run("--reruns", "1")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["VERDICT: PASSED*"])


def test_a_misspelt_card_does_not_make_the_audit_vanish(project: Project) -> None:
    project.spec(good(2))
    cards = project.path / "specs" / "models.yaml"
    cards.write_text(cards.read_text().replace("  provider:", "  provder:"))
    (project.path / "test_other.py").write_text("def test_it(): pass\n")
    result = project.run(".", "--distill-require-verdict")
    result.stdout.fnmatch_lines(["*specs/models.yaml:*provder*provider*"])
    assert result.ret != 0


def test_a_required_verdict_is_missing_where_no_spec_was_found(project: Project) -> None:
    (project.path / "specs" / "models.yaml").unlink()
    (project.path / "test_other.py").write_text("def test_it(): pass\n")
    assert project.run_args("test_other.py").ret == 0
    assert project.run_args("test_other.py", "--distill-require-verdict").ret == 12


def test_a_run_that_ended_before_its_first_result_leaves_no_older_verdict(project: Project) -> None:
    project.spec(good(2))
    assert project.run().ret == 0
    assert project.summary()["verdict"] == "passed"
    project.spec(good(2), more="reapeats: 3\n")
    assert project.run().ret == 2
    assert project.summary()["verdict"] != "passed"
    text = (project.path / "reports" / "summary.md").read_text()
    assert "PASSED" not in text
