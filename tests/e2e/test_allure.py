"""Allure: what stands in the results directory after a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from distill_tests.record import Run
from distill_tests.registry import Reporter, reporters
from distill_tests.reporters.allure_results import CATEGORIES, MANY_ITEMS, environment
from distill_tests.summary import summarise
from tests.e2e.conftest import CONFTEST, Project, bad, good
from tests.example_runs import META, answered, gated, passed, records, skipped, trial

pytest.importorskip("allure_pytest")

Result = dict[str, Any]

MIXED = [*good(3), *bad(1), "trouble 1", "unjudgeable 1"]
GATE = "{strict_rate: {at_most: 0.4, max_missing: 0.5}}"
ALLURE = ("--alluredir", "allure")


def results(project: Project) -> dict[str, Result]:
    """The results by the last two parts of their node ids; a later one of a rerun stands for all."""
    rows = [json.loads(path.read_text("utf-8")) for path in (project.path / "allure").glob("*-result.json")]
    rows.sort(key=lambda row: row["stop"])
    return {f"{row['titlePath'][1].removesuffix('.yaml')} {row['name']}": row for row in rows}


def history_ids(project: Project) -> list[str]:
    rows = [json.loads(path.read_text("utf-8")) for path in (project.path / "allure").glob("*-result.json")]
    assert all(row["historyId"] == row["testCaseId"] for row in rows)
    return sorted(row["historyId"] for row in rows)


def labels(result: Result) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for label in result["labels"]:
        found.setdefault(label["name"], []).append(label["value"])
    return found


def parameters(thing: Result) -> dict[str, str]:
    return {row["name"]: row["value"] for row in thing.get("parameters", [])}


def attached(project: Project, thing: Result) -> dict[str, str]:
    return {
        row["name"]: (project.path / "allure" / row["source"]).read_text("utf-8")
        for row in thing.get("attachments", [])
    }


def told(project: Project) -> dict[str, tuple[str, str, str | None]]:
    """Allure's status, our verdict and the category of each result."""
    return {
        name: (row["status"], labels(row)["verdict"][0], labels(row).get("category", [None])[0])
        for name, row in results(project).items()
    }


# --- verdicts -----------------------------------------------------------------------------------


def test_each_verdict_has_its_status_and_category(project: Project) -> None:
    project.spec(MIXED, gates=GATE)
    project.spec(bad(2), name="fails", on_miss="fail")
    project.run(*ALLURE)
    assert told(project) == {
        "core good-0-en.plain": ("passed", "passed", None),
        "core good-1-en.plain": ("passed", "passed", None),
        "core good-2-en.plain": ("passed", "passed", None),
        "core bad-0-en.plain": ("skipped", "missed", "Contradiction"),
        "core trouble-1-en.plain": ("broken", "broken", "Provider trouble"),
        "core unjudgeable-1-en.plain": ("failed", "inconclusive", "Judge unsure"),
        "core gate-strict_rate": ("failed", "inconclusive", "Inconclusive"),
        "fails bad-0-en.plain": ("failed", "failed", "Contradiction"),
        "fails bad-1-en.plain": ("failed", "failed", "Contradiction"),
        "fails gate-strict_rate": ("failed", "failed", "Gate failed"),
    }


def test_what_was_not_asked_and_a_broken_gate_have_theirs(project: Project) -> None:
    project.spec(["locked 1", "locked 2"])
    project.run(*ALLURE, "--distill-concurrency", "1")
    assert sorted(map(str, told(project).values())) == [
        "('broken', 'broken', 'Gate broken')",
        "('broken', 'broken', 'Provider trouble')",
        "('skipped', 'skipped', 'Not asked')",
    ]


def test_the_message_starts_with_the_category_and_no_traceback_follows(project: Project) -> None:
    project.spec(MIXED, gates=GATE)
    project.run(*ALLURE)
    found = results(project)
    assert {name: row["statusDetails"]["message"] for name, row in found.items() if "good" not in name} == {
        "core bad-0-en.plain": "Contradiction: foreign: names OpenAI (only the gates punish it)",
        "core trouble-1-en.plain": "Provider trouble: fake: the line went dead",
        "core unjudgeable-1-en.plain": "Judge unsure: unscored: cannot tell",
        "core gate-strict_rate": (
            "Inconclusive: 1 wrong, 1 unanswered and 1 unscored of 6: between 0.167 and 0.500, "
            "required at most 0.40; re-run with --lf to ask them"
        ),
    }
    assert "statusDetails" not in found["core good-0-en.plain"]
    traces = "".join(row["statusDetails"]["trace"] for row in found.values() if "statusDetails" in row)
    assert "site-packages" not in traces
    assert "asked:   bad 0" in traces


def test_a_kinds_bug_keeps_its_traceback_and_is_no_provider_trouble(project: Project) -> None:
    bug = "\nfrom distill_tests.kinds.identity import Identity\n"
    bug += (
        "async def conduct(self, *args, **kwargs):\n    raise KeyError('oops')\nIdentity.conduct = conduct\n"
    )
    project.pytester.makeconftest(CONFTEST + bug)
    project.spec(good(1))
    project.run(*ALLURE, subprocess=True)
    result = results(project)["core good-0-en.plain"]
    assert result["status"] == "broken"
    assert "category" not in labels(result)
    assert result["statusDetails"]["message"] == "Error: KeyError: 'oops'"
    assert "conftest.py" in result["statusDetails"]["trace"]


def test_tests_of_other_people_stay_as_allure_pytest_tells_them(project: Project) -> None:
    project.spec(good(1))
    (project.path / "specs" / "test_other.py").write_text("def test_other(): assert 0\n")
    project.run(*ALLURE)
    other = results(project)["test_other.py test_other"]
    assert other["status"] == "failed"
    assert other["fullName"] == "specs.test_other#test_other"
    assert {"target", "category", "verdict"}.isdisjoint(labels(other))
    assert "steps" not in other


# --- what a result tells ------------------------------------------------------------------------


def test_labels_put_a_result_under_its_target_and_kind(project: Project) -> None:
    project.spec(good(1))
    project.run(*ALLURE)
    found = labels(results(project)["core good-0-en.plain"])
    expected = {
        "parentSuite": ["toy"],
        "suite": ["identity"],
        "subSuite": ["Toy"],
        "epic": ["toy"],
        "feature": ["identity"],
        "story": ["Toy"],
        "target": ["toy"],
        "kind": ["identity"],
        "verdict": ["passed"],
        "severity": ["normal"],
    }
    assert expected.items() <= found.items()
    assert {"plain", "en"} <= set(found["tag"])
    assert labels(results(project)["core gate-strict_rate"])["severity"] == ["critical"]


def test_parameters_tell_a_case_and_a_gate_and_leave_histories_alone(project: Project) -> None:
    project.spec([*good(3), *bad(1)])
    project.run(*ALLURE)
    found = results(project)
    case = {"target": "toy", "served": "fake-1", "framing": "plain", "question": "bad-0", "wrong": "1"}
    assert case.items() <= parameters(found["core bad-0-en.plain"]).items()
    gate = {"statistic": "strict_rate", "estimate": "0.25", "threshold": "at most 0.50", "n": "4"}
    assert gate.items() <= parameters(found["core gate-strict_rate"]).items()
    # Allure 3 makes its history id from the parameters, but for those that are excluded.
    assert all(row["excluded"] for result in found.values() for row in result["parameters"])


def test_steps_are_asked_answered_and_judged(project: Project) -> None:
    project.spec([*good(1), *bad(1)])
    project.run(*ALLURE)
    steps = results(project)["core bad-0-en.plain"]["steps"]
    assert [(step["name"], step["status"]) for step in steps] == [
        ("asked: bad 0", "passed"),
        ("answered: I am ChatGPT, made by OpenAI.", "passed"),
        ("judged: foreign: names OpenAI", "failed"),
    ]
    assert parameters(steps[0])["max_tokens"] == "256"
    assert parameters(steps[1])["served"] == "fake-1"
    assert parameters(steps[2]) == {
        "judge": "mentions",
        "label": "foreign",
        "value": "1",
        "loose": "1",
        "strict": "1",
        "hard": "1",
    }


def test_repeats_are_groups_of_steps(project: Project) -> None:
    project.spec(good(1), more="repeats: 3\n")
    project.run(*ALLURE)
    steps = results(project)["core good-0-en.plain"]["steps"]
    assert [step["name"] for step in steps] == ["trial 1 of 3", "trial 2 of 3", "trial 3 of 3"]
    assert [[inner["name"].split(":")[0] for inner in step["steps"]] for step in steps] == [
        ["asked", "answered", "judged"]
    ] * 3


def test_a_setup_error_has_the_step_that_broke_and_a_gate_those_that_decided(project: Project) -> None:
    project.spec(MIXED, gates=GATE)
    project.run(*ALLURE)
    found = results(project)
    broken = found["core trouble-1-en.plain"]["steps"]
    assert [(step["name"], step["status"]) for step in broken] == [("asked", "broken")]
    assert broken[0]["statusDetails"]["message"] == "fake: the line went dead"
    gate = found["core gate-strict_rate"]["steps"]
    assert gate[0]["name"] == "counted: 0.250 [no interval]"  # one framing: nothing is said of others
    assert gate[1]["name"] == "required at most 0.40"
    assert gate[2]["name"].startswith("decided: 1 wrong")


def test_the_transcript_is_attached_to_every_case(project: Project) -> None:
    project.spec([*good(1), *bad(1)])
    project.run(*ALLURE)
    for name in ("core good-0-en.plain", "core bad-0-en.plain"):
        text = attached(project, results(project)[name])["transcript"]
        assert name.split()[1] in text.splitlines()[0]
        assert "    user:\n" in text
    assert "    answer:\n      | I am ChatGPT, made by OpenAI.\n" in text
    judged = "  judged by mentions (label foreign, value 1, loose 1, strict 1, hard 1)\n"
    assert f"{judged}      | names OpenAI\n" in text


# --- identities ---------------------------------------------------------------------------------


def test_307_items_have_307_history_ids_the_same_under_workers_and_selections(project: Project) -> None:
    project.spec(good(305), gates="{strict_rate: {at_most: 0.5}, loose_rate: {at_most: 0.5}}")
    project.run(*ALLURE, "-q")
    ids = history_ids(project)
    assert len(ids) == len(set(ids)) == 307
    project.run(*ALLURE, "--clean-alluredir", "-q", "-n", "2", subprocess=True)
    assert history_ids(project) == ids
    project.run(*ALLURE, "--clean-alluredir", "-q", "-k", "good-7")
    assert len(history_ids(project)) == 11
    assert set(history_ids(project)) < set(ids)


def test_ids_are_distinct_where_allure_pytests_own_are_not(project: Project) -> None:
    """It joins folders, file and target by dots, and drops the suffix."""
    project.models(
        more='b.toy:\n  provider: "{0}"\n  model: t\n'.replace("{0}", _provider())
        + "  identity: {name: Toy, maker: Toyland}\n"
    )
    (project.path / "specs" / "a").mkdir()
    project.spec(good(1), name="a/b", more="targets: [toy]\n")
    project.spec(good(1), name="a", more="targets: [b.toy]\n")
    (project.path / "specs" / "a.yml").write_text((project.path / "specs" / "a.yaml").read_text())
    project.run(*ALLURE)
    ids = history_ids(project)
    assert len(ids) == len(set(ids)) == 6


def _provider() -> str:
    """The name of the provider in the shared conftest."""
    return CONFTEST.split('@provider("')[1].split('"')[0]


def test_a_rerun_after_an_error_is_a_retry_of_the_same_history(project: Project) -> None:
    pytest.importorskip("pytest_rerunfailures")
    project.spec(["trouble 1"], gates="", on_miss="fail")
    project.run(*ALLURE, "--reruns", "2", subprocess=True)
    ids = history_ids(project)
    assert len(ids) == 3
    assert len(set(ids)) == 1


# --- what stands beside the results -------------------------------------------------------------


def properties(project: Project) -> dict[str, str]:
    lines = (project.path / "allure" / "environment.properties").read_text("utf-8").splitlines()
    pairs = (line.split(" = ", 1) for line in lines if not line.startswith("#"))
    return {name.replace("\\ ", " "): value for name, value in pairs}


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_environment_and_categories_are_written_once_by_the_controller(
    project: Project, workers: tuple[str, ...]
) -> None:
    project.spec(MIXED, gates=GATE)
    project.run(*ALLURE, *workers, subprocess=bool(workers))
    found = properties(project)
    assert found["verdict"] == "VERDICT: BROKEN (1 probe unanswered)"
    assert found["exit status"] == "11"
    assert found["served as toy"] == "fake-1"
    assert found["may say"].startswith("This report shows what a model said")
    rows = json.loads((project.path / "allure" / "categories.json").read_text())
    assert [row["name"] for row in rows] == list(CATEGORIES)
    assert {"Contradiction", "Inconclusive", "Provider trouble", "Judge unsure"} <= set(CATEGORIES)


def test_files_of_a_users_own_are_left_alone_and_ours_are_renewed(project: Project) -> None:
    (project.path / "allure").mkdir()
    own = project.path / "allure" / "categories.json"
    own.write_text('[{"name": "Mine"}]')
    project.spec(good(1))
    project.run(*ALLURE)
    first = properties(project)["run"]
    project.run(*ALLURE)
    assert properties(project)["run"] != first
    assert own.read_text() == '[{"name": "Mine"}]'


def test_the_environment_is_ascii_whatever_a_served_model_is_called() -> None:
    served = {"qwen max": ["通义=\\千问\U0001f600\x1b[31m\nverdict = PASSED"]}
    text = environment({**summarise(META, records()), "served": served})
    assert text.isascii()
    assert (
        "served\\ as\\ qwen\\ max = \\u901a\\u4e49=\\\\\\u5343\\u95ee\\ud83d\\ude00\\\\x1b[31m\\\\n" in text
    )
    assert sum(line.startswith("verdict = ") for line in text.splitlines()) == 1


# --- many items, and none of it -----------------------------------------------------------------


@pytest.fixture
def allure() -> Iterator[Any]:
    """allure_commons with a logger that keeps results in memory, and the reporter listening."""
    import allure_commons
    from allure_commons import logger as loggers

    make: Any = loggers.AllureMemoryLogger
    logger = make()
    allure_commons.plugin_manager.register(logger)
    yield logger
    allure_commons.plugin_manager.unregister(logger)


def written(logger: Any, reporter: Reporter, record: Any) -> Result:
    import allure_commons
    from allure_commons.model2 import TestResult

    reporter.during(record)
    result = TestResult(name=record["node"].split("::")[-1], start=1000, stop=1000)
    allure_commons.plugin_manager.hook.report_result(result=result)
    found: Result = logger.test_cases[-1]
    return found


@pytest.mark.parametrize(("items", "passing_too"), [(MANY_ITEMS, True), (MANY_ITEMS + 1, False)])
def test_above_two_thousand_items_only_what_did_not_pass_has_attachments(
    allure: Any, items: int, passing_too: bool
) -> None:
    reporter: Any = reporters.get("allure").make()
    reporter.begin(items=items)
    good_one = written(allure, reporter, passed("developer-en.plain"))
    assert ("attachments" in good_one) is passing_too
    assert good_one["steps"]
    missed = written(allure, reporter, answered())
    assert [row["name"] for row in missed["attachments"]] == ["transcript"]
    assert [row["name"] for row in missed["steps"][-1]["attachments"]] == ["evidence"]
    assert "attachments" not in written(allure, reporter, skipped("a-en.plain"))
    assert "attachments" not in written(allure, reporter, gated())
    evidence = allure.attachments[missed["steps"][-1]["attachments"][0]["source"]].decode()
    assert evidence.splitlines()[:2] == [
        "| I am ChatGPT, developed by OpenAI.",
        "       ^^^^^^^               ^^^^^^",
    ]
    reporter.after(_run())


def test_a_record_is_not_put_into_the_result_of_another_test(allure: Any) -> None:
    import allure_commons
    from allure_commons.model2 import TestResult

    reporter: Any = reporters.get("allure").make()
    reporter.during(answered())
    allure_commons.plugin_manager.hook.report_result(result=TestResult(name="test_other"))
    assert allure.test_cases[-1] == {"name": "test_other"}
    reporter.after(_run())


def test_tags_that_allure_takes_for_orders_are_left_out(allure: Any) -> None:
    reporter: Any = reporters.get("allure").make()
    record = answered("a-en.plain", trial(), tags=("topic:maker", "allure.id:7", "@allure.label.owner:x"))
    assert labels(written(allure, reporter, record))["tag"] == ["topic:maker"]
    reporter.after(_run())


def test_the_reporter_stops_listening_after_the_run(allure: Any) -> None:
    import allure_commons

    before = len(allure_commons.plugin_manager.get_plugins())
    reporter: Any = reporters.get("allure").make()
    written(allure, reporter, passed("a"))
    reporter.after(_run())
    assert len(allure_commons.plugin_manager.get_plugins()) == before


def test_a_fault_of_ours_leaves_the_result_to_allure_pytest_and_is_told_with_the_next_record(
    allure: Any,
) -> None:
    import allure_commons

    class Full:
        @allure_commons.hookimpl(tryfirst=True)
        def report_attached_data(self, body: object, file_name: str) -> None:
            raise OSError("no space left on device")

    full = Full()
    allure_commons.plugin_manager.register(full)
    reporter: Any = reporters.get("allure").make()
    assert written(allure, reporter, answered())["name"] == "developer-en.narrator"
    allure_commons.plugin_manager.unregister(full)
    with pytest.raises(OSError, match="no space left"):
        reporter.during(answered())


def _run() -> Any:
    """A run without a summary: nothing is written beside the results."""
    return Run(meta=META, records=(), summary=None, directory=Path("x"))


IMPORTED = """
def pytest_unconfigure(config):
    import sys
    found = [name for name in sys.modules if name.startswith("allure")]
    open("imported.txt", "w").write(" ".join(found))
"""


def test_without_allure_pytest_nothing_of_it_is_imported_or_written(project: Project) -> None:
    project.pytester.makeconftest(CONFTEST + IMPORTED)
    project.spec(good(1))
    result = project.run("-p", "no:allure_pytest", subprocess=True)
    assert result.ret == 0
    assert (project.path / "imported.txt").read_text() == ""


def test_without_a_results_directory_nothing_is_written(project: Project) -> None:
    project.spec(MIXED, gates=GATE)
    project.run()
    written_by_us = {path.name for path in project.path.rglob("*")}
    assert "summary.json" in written_by_us
    assert written_by_us.isdisjoint({"environment.properties", "categories.json", "allurerc.json"})
    assert not any(name.endswith(("-result.json", "-attachment.txt")) for name in written_by_us)
