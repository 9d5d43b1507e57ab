"""The public Python API: what is exported, how light it is, and that docs/api.md is true."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import distill_tests
from distill_tests import (
    AuditResult,
    DataError,
    Exhibit,
    Identity,
    Model,
    NotStored,
    Refused,
    Rows,
    RunMeta,
    Score,
    SpecError,
    UnknownName,
    Verdict,
    api,
    check,
    errors,
    judge,
    judge_rows,
    load_models,
    load_spec,
    open_engine,
    read_run,
    run_audit,
)
from distill_tests.rundir import RunWriter

ROOT = Path(__file__).parents[1]
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
CARDS = """
toy:
  provider: scripted
  target: true
  default: I am Toy, made by Toy Lab.
  identity: {name: Toy, maker: Toy Lab}
liar: {provider: scripted, default: "I am ChatGPT, made by OpenAI.", identity: {name: Toy, maker: Toy Lab}}
deaf: {provider: scripted, script: [{error: 401}], default: x, identity: {name: Toy, maker: Toy Lab}}
flaky:
  provider: scripted
  replies: [{match: Who made, error: 400}]
  default: I am Toy, made by Toy Lab.
  identity: {name: Toy, maker: Toy Lab}
"""
SPEC = """
kind: identity
title: Says who it is
probes: {questions: [{id: name, text: What is your name?}, {id: maker, text: Who made you?}]}
judge: claims
on_miss: gate
gates: {strict_rate: {at_most: 0.1, max_missing: 0.1}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with cards and a spec of two cases."""
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/models.yaml").write_text(CARDS, encoding="utf-8")
    (tmp_path / "specs/spec.yaml").write_text(SPEC, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def audited(target: str | Model | None = None, **options: int) -> AuditResult:
    return run_audit(load_spec("specs/spec.yaml"), target, **options)  # type: ignore[arg-type]  # first, full


# --- what is exported ---------------------------------------------------------------------------


def test_every_exported_name_exists_and_is_listed_in_the_documentation() -> None:
    names = [name for name in distill_tests.__all__ if name != "__version__"]
    assert [name for name in names if not hasattr(distill_tests, name)] == []
    listed = set(re.findall(r"`(\w+)`", API.partition("## All names")[2]))
    assert listed == set(names)


def test_the_names_for_type_checkers_are_those_at_run_time() -> None:
    tree = ast.parse(Path(distill_tests.__file__).read_text(encoding="utf-8"))
    (checked,) = [
        node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    told = {
        alias.name: node.module
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(told) == set(distill_tests.__all__) - {"__version__"}
    for name, module in told.items():
        assert getattr(sys.modules[str(module)], name) is getattr(distill_tests, name), name


def test_no_public_name_is_a_modules_name() -> None:
    """``from distill_tests import audit`` would give the one or the other by what ran before."""
    modules = {path.stem for path in Path(distill_tests.__file__).parent.iterdir()}
    assert modules & set(distill_tests.__all__) == set()


def test_everything_of_the_api_module_is_exported() -> None:
    assert set(api.__all__) <= set(distill_tests.__all__)


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'distill_tests' has no attribute 'run_audits'"):
        distill_tests.run_audits  # type: ignore[attr-defined]  # noqa: B018 - that is the test


def test_importing_the_package_imports_next_to_nothing() -> None:
    code = (
        "import sys, distill_tests; print(sorted(n for n in sys.modules if n.startswith('distill_tests.')))"
    )
    environment = {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[]\n"


# --- the documentation --------------------------------------------------------------------------


def test_the_examples_of_the_documentation_run(tmp_path: Path) -> None:
    scripts = tmp_path / "bin"
    scripts.mkdir()
    command = scripts / "distill-tests"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m distill_tests.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    blocks = re.findall(r"^```python\n(.*?)^```$", API, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 6
    (shell,) = re.findall(r"^```\n(distill-tests .*)\n```$", API, re.MULTILINE)
    (tmp_path / "examples.py").write_text("\n".join(blocks), encoding="utf-8")
    ran = subprocess.run(
        ["/bin/sh", "-e", "-c", f'{shell}\n"{sys.executable}" examples.py'],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": f"{scripts}:/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = ran.stdout
    told = ["Toy Lab", "['strict_rate', 'loose_rate']", "core.yaml:12:16", "there is no such file"]
    told += ["0 30", "40", "1 consistent", "2 foreign"]
    assert [text for text in told if text not in said] == []


# --- reading ------------------------------------------------------------------------------------


def test_cards_are_read_from_a_file_or_its_folder(project: Path) -> None:
    assert load_models("specs") == load_models(project / "specs/models.yaml")


def test_a_spec_without_cards_above_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC, encoding="utf-8")
    with pytest.raises(DataError, match=r"no models\.yaml of ours stands beside this file or above it"):
        load_spec(tmp_path / "spec.yaml")


def test_mistakes_come_as_problems_with_places(project: Path) -> None:
    (project / "specs/spec.yaml").write_text(SPEC.replace("title", "titel"), encoding="utf-8")
    assert any("'titel'" in problem.what for problem in check("specs"))
    with pytest.raises(SpecError) as error:
        load_spec("specs/spec.yaml")
    assert error.value.problems[0].place.path == "specs/spec.yaml"


# --- audits -------------------------------------------------------------------------------------


def test_an_audit_passes_by_its_gates(project: Path) -> None:
    result = audited()
    assert (result.verdict, result.passed) == ("passed", True)
    assert [outcome.trials[0].score.label for outcome in result.outcomes] == ["consistent"] * 2
    assert [row["verdict"] for row in result.records] == ["passed"] * 3
    assert result.summary["exit_status"] == 0


def test_an_audit_fails_by_its_gates(project: Path) -> None:
    result = audited("liar")
    assert (result.verdict, result.gates[0].verdict) == ("failed", Verdict.FAILED)
    assert [row["verdict"] for row in result.records] == ["missed", "missed", "failed"]


def test_provider_trouble_is_a_broken_case_and_never_a_score(project: Path) -> None:
    result = audited("flaky")
    assert [outcome.case.id for outcome in result.outcomes] == ["name-en.plain"]
    assert list(result.broken) == ["maker-en.plain"]
    assert "scripted 400" in result.broken["maker-en.plain"]
    assert result.verdict == "broken"
    assert audited("deaf").verdict == "broken"


def test_cases_that_were_left_out_say_so_and_do_not_pass(project: Path) -> None:
    result = audited(first=1)
    assert len(result.outcomes) == 1
    assert list(result.not_asked.values()) == ["not asked: only the first 1"]
    assert result.verdict == "inconclusive"


def test_records_are_rows_of_a_run(project: Path) -> None:
    result = audited("flaky")
    meta = RunMeta(id="x", started_at="2025-01-01T00:00:00+00:00")
    with RunWriter(project / "run", meta) as writer:
        for row in result.records:
            writer.append(row)
        writer.finish(result.summary)
    assert read_run(project / "run").records == result.records


def test_a_card_of_ones_own_needs_no_file(project: Path) -> None:
    mine = Model(
        alias="mine",
        provider="scripted",
        model="m",
        identity=Identity(name="Toy", maker="Toy Lab"),
        options={"default": "I am Toy."},
    )
    assert audited(mine).passed


def test_a_target_that_is_not_known_is_told_with_the_near_miss(project: Path) -> None:
    with pytest.raises(UnknownName, match="unknown target 'tay'; did you mean 'toy'"):
        audited("tay")


def test_a_spec_of_several_targets_asks_for_one(project: Path) -> None:
    cards = CARDS.replace("liar: {", "liar: {target: true, ")
    (project / "specs/models.yaml").write_text(cards, encoding="utf-8")
    with pytest.raises(DataError, match=r"give target=, the spec has not exactly one \(got toy, liar\)"):
        audited()


def test_data_that_are_absent_are_told_before_anything_is_asked(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "specs/spec.yaml").write_text(f"{SPEC}requires: [TOY_DATA]\n", encoding="utf-8")
    monkeypatch.delenv("TOY_DATA", raising=False)
    with pytest.raises(DataError, match="needs data: set TOY_DATA"):
        audited()


def test_one_engine_asks_each_question_once(project: Path) -> None:
    spec, models = load_spec("specs/spec.yaml"), load_models("specs")
    with open_engine(models) as engine:
        first = run_audit(spec, "toy", engine=engine)
        second = run_audit(spec, "toy", engine=engine)
        assert engine.counters().made == 2
    assert first.gates == second.gates


def test_an_engine_with_a_store_replays_without_a_call(project: Path) -> None:
    spec, models = load_spec("specs/spec.yaml"), load_models("specs")
    with open_engine(models, store="store.sqlite") as engine:
        asked = run_audit(spec, "toy", engine=engine)
    with open_engine(models, store="store.sqlite", replay=True) as engine:
        replayed = run_audit(spec, "toy", engine=engine)
        assert engine.counters().made == 0
    assert replayed.gates == asked.gates
    with pytest.raises(NotStored), open_engine(models, store="none.sqlite", replay=True):
        pass


def test_keys_that_cards_name_are_redacted_from_errors(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPEN_SESAME", "abracadabra-42")
    card = Model(
        alias="leaky",
        provider="scripted",
        model="m",
        api_key_env="OPEN_SESAME",
        identity=Identity(name="Toy", maker="Toy Lab"),
        options={"default": "I am Toy. The key is abracadabra-42."},
    )
    answers = {outcome.trials[0].answer for outcome in audited(card).outcomes}
    assert answers == {"I am Toy. The key is [redacted]."}


# --- rows ---------------------------------------------------------------------------------------


@judge(
    "api_toy",
    options={"word": {"type": "string"}},
    rows=Rows(
        read=lambda row, _models: Exhibit(id=str(row["id"]), answer=str(row["response"])),
        write=lambda exhibit, score: {"id": exhibit.id, "label": score.label},
    ),
)
def api_toy(exhibit: Exhibit, *, word: str = "x") -> Score:
    return Score(value=1.0, label="yes" if word in exhibit.answer else "no")


def test_rows_are_judged_from_memory_as_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": 1, "response": "x"}\n{"id": 1, "response": "y"}\n[]\n', encoding="utf-8")
    rows: list[dict[str, object]] = [{"id": 1, "response": "x"}, {"id": 1, "response": "y"}]
    from_file, from_memory = list(judge_rows("api_toy", path)), list(judge_rows("api_toy", rows))
    assert from_file[:2] == from_memory
    assert from_memory[0].row == {"id": "1", "label": "yes"}
    assert from_memory[1].problem == "id 1 was already used on line 1"
    assert from_file[2].problem == "not a JSON object (got list)"


def test_options_of_a_judge_are_checked_at_the_call() -> None:
    assert [
        judged.row for judged in judge_rows("api_toy", [{"id": 1, "response": "b"}], options={"word": "b"})
    ] == [{"id": "1", "label": "yes"}]
    with pytest.raises(UnknownName, match="unknown option of judge 'api_toy' 'wrod'; did you mean 'word'"):
        judge_rows("api_toy", [], options={"wrod": "b"})
    with pytest.raises(UnknownName, match="did you mean 'api_toy'"):
        judge_rows("api_toi", [])


def test_errors_are_the_same_classes_wherever_they_are_imported_from() -> None:
    assert issubclass(Refused, distill_tests.ProviderError)
    assert errors.DistillError is distill_tests.DistillError
