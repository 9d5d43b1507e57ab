"""The command line, as a person types it: what it prints, writes and exits with."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from distill_tests import __version__, cli
from distill_tests.cli import run

TOY_JUDGES = dedent(
    """
    from distill_tests.errors import DataError
    from distill_tests.registry import Rows, judge
    from distill_tests.types import Exhibit, Score

    def read(row, models):
        if not isinstance(row.get("response"), str):
            raise DataError("no 'response'")
        if "model" in row and row["model"] not in models:
            raise DataError(f"no model card {row['model']!r}")
        return Exhibit(id=str(row["id"]), answer=row["response"])

    def write(exhibit, score):
        return {"id": exhibit.id, "label": score.label}

    @judge("toy_length", rows=Rows(read=read, write=write), options={"limit": {"type": "integer"}})
    def toy_length(exhibit, *, limit=10):
        if exhibit.answer == "crash":
            raise ZeroDivisionError("on purpose")
        return Score(value=1.0, label="long" if len(exhibit.answer) > limit else exhibit.answer)

    @judge("toy_asking", rows=Rows(read=read, write=write))
    async def toy_asking(exhibit, *, ask, model):
        return Score(value=None, label="never")

    @judge("toy_rowless")
    def toy_rowless(exhibit):
        return Score(value=None, label="never")
    """
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: empty but for a conftest.py with judges."""
    (tmp_path / "conftest.py").write_text(TOY_JUDGES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows_file(folder: Path, *rows: object, name: str = "rows.jsonl") -> Path:
    path = folder / name
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8", errors="surrogatepass")
    return path


def written(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


# --- the command itself -------------------------------------------------------------------------


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"distill-tests {__version__}\n"


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    shown = capsys.readouterr().out
    assert [name for name in ("run", "check", "judge", "pull") if f"    {name} " not in shown] == []


@pytest.mark.parametrize("command", ["check", "judge", "pull"])
def test_each_command_has_its_own_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main([command, "--help"])
    assert f"usage: distill-tests {command}" in capsys.readouterr().out


def test_run_has_help_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "specs/", "--help"]) == 0
    assert "usage: distill-tests run" in capsys.readouterr().out


def test_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["audit"])
    assert "invalid choice: 'audit'" in capsys.readouterr().err


# --- run ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "passed"),
    [
        ("specs/ --target a --plan", "specs/ --distill-target a --distill-plan"),
        ("specs/ --target=a --max-age=2d", "specs/ --distill-target=a --distill-max-age=2d"),
        ("specs/ -k developer -n 2 --lf -x", "specs/ -k developer -n 2 --lf -x"),
        ("specs/a.yaml::m::case-1 -q", "specs/a.yaml::m::case-1 -q"),
        ("specs/ --distill-plan", "specs/ --distill-plan"),
        ("specs/ --targets --junitxml=x.xml", "specs/ --targets --junitxml=x.xml"),
        ("--plan", "--distill-plan specs"),
        ("--first 3", "--distill-first 3 specs"),
    ],
)
def test_run_writes_short_names_out_and_passes_the_rest(typed: str, passed: str, folder: Path) -> None:
    assert run.pytest_arguments(typed.split()) == passed.split()


def in_new_process(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "distill_tests.cli", *arguments]
    environment = {"PYTHONPATH": str(Path(cli.__file__).parents[2]), "PATH": "", "HOME": str(cwd)}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600)


def test_run_is_pytest_with_its_options_and_its_exit_status(tmp_path: Path) -> None:
    source = "def test_one(): ...\n\ndef test_two(): assert not 'wrong'\n"
    (tmp_path / "test_plain.py").write_text(source, encoding="utf-8")
    both = in_new_process("run", "test_plain.py", "-q", cwd=tmp_path)
    assert (both.returncode, both.stderr) == (1, "")
    assert "1 failed, 1 passed" in both.stdout
    assert "warning" not in both.stdout
    one = in_new_process("run", "test_plain.py::test_one", "-q", cwd=tmp_path)
    assert one.returncode == 0
    assert "1 passed" in one.stdout


def test_run_has_a_short_name_for_every_option_of_the_plugin_and_no_other(tmp_path: Path) -> None:
    shown = in_new_process("run", "--distill-no-such-option", "x/", cwd=tmp_path)
    assert "unrecognized arguments: --distill-no-such-option" in shown.stderr
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "distill_tests.plugin", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    plugin = {word.rstrip(",") for word in listed.stdout.split() if word.startswith("--distill-")}
    ours = {f"--distill-{name}" for name in run.OPTIONS}
    assert {name.partition("=")[0] for name in plugin} == ours


# --- judge --------------------------------------------------------------------------------------


def test_judge_writes_one_verdict_a_row_in_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = rows_file(folder, {"id": "b", "response": "我是通义千问"}, "", {"id": 7, "response": "x" * 11})
    assert cli.main(["judge", "toy_length", str(rows), "--output", "out.jsonl"]) == 0
    assert written(folder / "out.jsonl") == [
        {"id": "b", "label": "我是通义千问"},
        {"id": "7", "label": "long"},
    ]
    assert capsys.readouterr().err == "2 rows judged by toy_length\n"
    assert "我是通义千问" in (folder / "out.jsonl").read_text(encoding="utf-8")


def test_judge_without_output_writes_to_stdout(
    folder: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert cli.main(["judge", "toy_length", str(rows_file(folder, {"id": "a", "response": "hm"}))]) == 0
    assert json.loads(capfdbinary.readouterr().out) == {"id": "a", "label": "hm"}


def test_judge_names_every_bad_row_by_file_and_line_and_judges_the_others(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deep = "[" * 200_000
    rows = rows_file(
        folder,
        {"id": "a", "response": "good"},
        "{broken",
        {"id": "b", "response": None},
        [1],
        {"id": "a", "response": "again"},
        '{"id": "c", "response": NaN}',
        '{"id": "c", "response": "x", "response": "y"}',
        "\udc80",
        deep,
        {"id": "e", "response": "crash"},
        {"id": "f", "response": "good"},
    )
    assert cli.main(["judge", "toy_length", "rows.jsonl", "--output", "out.jsonl"]) == 1
    assert [row["id"] for row in written(folder / "out.jsonl") if isinstance(row, dict)] == ["a", "f"]
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == "2 rows judged by toy_length, 9 bad rows left out"
    assert [line.partition(": ")[0] for line in lines[:-1]] == [f"rows.jsonl:{n}" for n in range(2, 11)]
    assert lines[0].startswith("rows.jsonl:2: not JSON: Expecting property name")
    assert lines[1] == "rows.jsonl:3: no 'response'"
    assert lines[2] == "rows.jsonl:4: not a JSON object (got list)"
    assert lines[3] == "rows.jsonl:5: id 'a' was already used on line 1"
    assert lines[4] == "rows.jsonl:6: not usable JSON: NaN is no JSON number"
    assert lines[5] == "rows.jsonl:7: not usable JSON: key 'response' given twice"
    assert lines[6].startswith("rows.jsonl:8: not UTF-8 (byte 0xed at 1)")
    assert lines[8] == "rows.jsonl:10: judge 'toy_length' failed: ZeroDivisionError: on purpose"
    assert rows.exists()


@pytest.mark.parametrize(("allowed", "status"), [("0", 1), ("1", 1), ("2", 0), ("9", 0)])
def test_judge_accepts_as_many_bad_rows_as_it_was_told(folder: Path, allowed: str, status: int) -> None:
    rows = rows_file(folder, "no", {"id": "a", "response": "good"}, "{}")
    command = ["judge", "toy_length", str(rows), "--output", "out.jsonl", "--allow-bad", allowed]
    assert cli.main(command) == status
    assert len(written(folder / "out.jsonl")) == 1


def test_judge_reads_and_writes_gzip_and_skips_a_byte_order_mark(folder: Path) -> None:
    with gzip.open("rows.jsonl.gz", "wt", encoding="utf-8-sig") as file:
        file.write('{"id": "a", "response": "hm"}\r\n')
    assert cli.main(["judge", "toy_length", "rows.jsonl.gz", "--output", "out.jsonl.gz"]) == 0
    with gzip.open("out.jsonl.gz", "rt", encoding="utf-8") as file:
        assert json.loads(file.read()) == {"id": "a", "label": "hm"}


def test_judge_writes_a_lone_surrogate_so_that_it_reads_back(folder: Path) -> None:
    rows = rows_file(folder, '{"id": "a", "response": "\\ud83d"}')
    assert cli.main(["judge", "toy_length", str(rows), "--output", "out.jsonl"]) == 0
    assert written(folder / "out.jsonl") == [{"id": "a", "label": "\ud83d"}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["toy_lenght", "rows.jsonl"], "unknown judge 'toy_lenght'; did you mean 'toy_length'?"),
        (["toy_length", "none.jsonl"], "none.jsonl: cannot be read: [Errno 2] No such file or directory"),
        (["toy_length", "cut.jsonl.gz"], "cut.jsonl.gz: cannot be read: "),
        (["toy_length", "empty.jsonl"], "empty.jsonl: holds no row"),
        (["toy_asking", "rows.jsonl"], "judge 'toy_asking' asks a model"),
        (["toy_rowless", "rows.jsonl"], "judge 'toy_rowless' does not say how to read rows of a file"),
        (["toy_length", "rows.jsonl", "--option", "limt=3"], "unknown option of judge 'toy_length' 'limt'"),
        (["toy_length", "rows.jsonl", "--output", "rows.jsonl"], "is the file that is read"),
        (["toy_length", "rows.jsonl", "--output", "no/out.jsonl"], "cannot write no/out.jsonl"),
        (["toy_length", "rows.jsonl", "--models", "none.yaml"], "none.yaml"),
    ],
)
def test_judge_refuses_in_words(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows_file(folder, {"id": "a", "response": "hm"})
    (folder / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"id": "a"}\n' * 99)[:-9])
    (folder / "empty.jsonl").write_text("\n\n", encoding="utf-8")
    before = sorted(folder.iterdir())
    assert cli.main(["judge", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert sorted(folder.iterdir()) == before


def test_judge_options_are_json_where_they_are_json(folder: Path) -> None:
    rows = rows_file(folder, {"id": "a", "response": "four"})
    command = ["judge", "toy_length", str(rows), "--output", "out.jsonl", "--option", "limit=3"]
    assert cli.main(command) == 0
    assert written(folder / "out.jsonl") == [{"id": "a", "label": "long"}]


def test_judge_replaces_an_older_output_only_when_all_rows_are_done(folder: Path) -> None:
    (folder / "out.jsonl").write_text("older\n", encoding="utf-8")
    cut = folder / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(b'{"id": "a", "response": "x"}\n')[:-9])
    assert cli.main(["judge", "toy_length", str(cut), "--output", "out.jsonl"]) == 2
    assert (folder / "out.jsonl").read_text(encoding="utf-8") == "older\n"
    rows = rows_file(folder, {"id": "a", "response": "x"})
    assert cli.main(["judge", "toy_length", str(rows), "--output", "out.jsonl"]) == 0
    assert written(folder / "out.jsonl") == [{"id": "a", "label": "x"}]


def test_a_conftest_that_fails_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "conftest.py").write_text("import no_such_module\n", encoding="utf-8")
    assert cli.main(["judge", "claims", "rows.jsonl"]) == 2
    assert "conftest.py: ModuleNotFoundError: No module named 'no_such_module'" in capsys.readouterr().err


# --- check --------------------------------------------------------------------------------------

TOY_KIND = dedent(
    """
    from distill_tests.registry import kind, provider

    @provider("toy_provider")
    class ToyProvider: ...

    @kind("toy_kind", schema={"properties": {"words": {"type": "array", "items": {"type": "string"}}}})
    class ToyKind:
        def cases(self, spec, target):
            return []
    """
)
CARDS = "toy:\n  provider: toy_provider\n  model: toy\n  target: true\n"


def specs_folder(folder: Path, *, spec: str = "kind: toy_kind\ntitle: A toy\nwords: [a]\n") -> None:
    (folder / "conftest.py").write_text(TOY_KIND, encoding="utf-8")
    (folder / "specs").mkdir()
    (folder / "specs/models.yaml").write_text(CARDS, encoding="utf-8")
    (folder / "specs/toy.yaml").write_text(spec, encoding="utf-8")


def test_check_says_what_it_found_sound(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    specs_folder(folder)
    assert cli.main(["check", "specs/"]) == 0
    assert capsys.readouterr().out == "ok: 1 spec, 0 packs, 1 model card\n"
    assert cli.main(["check", "specs/toy.yaml", "specs/models.yaml", "specs"]) == 0
    assert capsys.readouterr().out == "ok: 1 spec, 0 packs, 1 model card\n"


def test_check_prints_every_problem_on_a_line_with_its_place(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    specs_folder(folder, spec="kind: toy_kind\ntitel: A toy\nwords: [1]\n")
    assert cli.main(["check", "specs"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 2
    assert [line for line in lines if not line.startswith("specs/toy.yaml:")] == []
    assert any("'titel'" in line and "'title'" in line for line in lines)


def test_check_of_nothing_is_not_ok(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "spec/"]) == 2
    assert capsys.readouterr().err == "distill-tests: error: no such file or folder: spec\n"
    (folder / "empty").mkdir()
    assert cli.main(["check", "empty"]) == 1
    assert capsys.readouterr().out.startswith("empty:1:1: ")


def test_check_without_a_path_takes_the_folder_specs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check"]) == 2
    assert "there is no folder specs here" in capsys.readouterr().err
    specs_folder(folder)
    assert cli.main(["check"]) == 0
    assert capsys.readouterr().out == "ok: 1 spec, 0 packs, 1 model card\n"


# --- pull ---------------------------------------------------------------------------------------


def test_pull_prints_where_the_weights_lie(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "any.gguf").write_bytes(b"GGUF")
    cards = "small:\n  provider: local\n  model: small\n  weights: {path: any.gguf}\n"
    (folder / "models.yaml").write_text(cards, encoding="utf-8")
    assert cli.main(["pull", "small", "--models", "models.yaml"]) == 0
    assert Path(capsys.readouterr().out.strip()).resolve() == (folder / "any.gguf").resolve()


def test_pull_of_absent_weights_fails_in_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cards = "small:\n  provider: local\n  model: small\n  weights: {path: none.gguf}\n"
    (folder / "models.yaml").write_text(cards, encoding="utf-8")
    assert cli.main(["pull", "small", "--models", "models.yaml"]) == 1
    assert "none.gguf" in capsys.readouterr().err


def test_pull_names_the_near_miss_of_an_alias(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cards = "small:\n  provider: local\n  model: small\n  weights: {path: any.gguf}\n"
    (folder / "models.yaml").write_text(cards, encoding="utf-8")
    assert cli.main(["pull", "smal", "--models", "models.yaml"]) == 2
    assert "unknown model card 'smal'; did you mean 'small'?" in capsys.readouterr().err
