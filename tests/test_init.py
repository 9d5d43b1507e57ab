"""``distill-tests init``: what it writes runs, nothing is lost, and no key is written."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from distill_tests import cli, specfile
from distill_tests.cli import init, init_answers, init_files
from distill_tests.registry import providers
from distill_tests.types import Identity

ROOT = Path(__file__).parents[1]
TOY = ["init", "toy", "--provider", "scripted", "--name", "Toy", "--maker", "Toy Lab", "--yes"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "DASHSCOPE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def card(alias: str, directory: str = "specs") -> dict[str, object]:
    """What stands in the file, before the specfile makes a Model of it."""
    text = (Path(directory) / "models.yaml").read_text(encoding="utf-8")
    found: dict[str, object] = specfile.yamltext.parse(text, path="models.yaml").data[alias]
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


# --- what it writes -----------------------------------------------------------------------------


def test_what_it_writes_is_valid_and_runs_offline(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*TOY, "--alias", "玩具", "--country", "Norway"]) == 0
    assert "distill-tests run specs/ --target toy --plan" in capsys.readouterr().out
    assert cli.main(["check", "specs"]) == 0
    assert capsys.readouterr().out == "ok: 1 spec, 2 packs, 1 model card\n"
    assert specfile.load_models(Path("specs/models.yaml"), environ={})["toy"].identity == Identity(
        name="Toy", maker="Toy Lab", aliases=("玩具",), country=("Norway",)
    )
    ran = subprocess.run(
        [sys.executable, "-m", "distill_tests.cli", "run", "specs/", "-q", "-p", "no:cacheprovider"],
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "VERDICT: PASSED (2 gates passed)" in ran.stdout


def test_a_second_model_is_appended_and_the_text_before_it_stays(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(TOY) == 0
    cards = folder / "specs/models.yaml"
    cards.write_text(cards.read_text("utf-8") + "# the last line is mine", encoding="utf-8")
    before = files(folder)
    capsys.readouterr()
    assert cli.main(["init", "second", *TOY[2:]]) == 0
    told = capsys.readouterr().out
    after = files(folder)
    text = after.pop("specs/models.yaml").decode()
    assert text.startswith(before.pop("specs/models.yaml").decode() + "\n\nsecond:\n")
    assert after == before
    assert "card added to specs/models.yaml" in told
    assert "kept specs/identity/core.yaml" in told
    assert cli.main(["check", "specs"]) == 0


def test_windows_line_ends_stay(folder: Path) -> None:
    assert cli.main(TOY) == 0
    cards = folder / "specs/models.yaml"
    cards.write_bytes(cards.read_bytes().replace(b"\n", b"\r\n"))
    assert cli.main(["init", "second", *TOY[2:]]) == 0
    assert b"\n" not in cards.read_bytes().replace(b"\r\n", b"")
    assert list(specfile.load_models(cards, environ={})) == ["toy", "second"]


def test_an_alias_that_exists_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(TOY) == 0
    before = files(folder)
    assert cli.main(TOY) == 2
    assert "specs/models.yaml has a card 'toy' already" in capsys.readouterr().err
    assert cli.main([*TOY, "--force"]) == 2
    assert files(folder) == before


def test_existing_files_are_kept_without_force_and_replaced_with_it(folder: Path) -> None:
    (folder / "specs/packs").mkdir(parents=True)
    mine = folder / "specs/packs/questions.yaml"
    mine.write_text("mine: {topic: maker, en: Who made you?, zh: 谁造了你？}\n", encoding="utf-8")
    before = mine.read_text("utf-8")
    assert cli.main(TOY) == 0
    assert mine.read_text("utf-8") == before
    assert cli.main(["init", "second", *TOY[2:], "--force"]) == 0
    assert mine.read_text("utf-8") != before


@pytest.mark.parametrize(
    ("existing", "message"),
    [
        ("{old: {provider: scripted, default: x}}\n", "specs/models.yaml:"),
        ("old: {provider: scripted, default: x}\n...\n", "specs/models.yaml:"),
        ("old: {provider: scriptd}\n", "did you mean 'scripted'?"),
    ],
)
def test_cards_that_cannot_be_appended_to_are_left_as_they_are(
    existing: str, message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "specs").mkdir()
    (folder / "specs/models.yaml").write_text(existing, encoding="utf-8")
    before = files(folder)
    assert cli.main(TOY) in (1, 2)
    assert message in capsys.readouterr().err
    assert files(folder) == before


def test_what_would_not_be_valid_is_not_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["init", "no/slug", *TOY[2:]]) == 1
    told = capsys.readouterr().err
    assert told.startswith("nothing is written, this would not be valid:\nspecs/models.yaml:7:1: ")
    assert files(folder) == {}


# --- each provider ------------------------------------------------------------------------------


def test_an_endpoint_gets_the_name_of_its_key_and_what_the_lexicon_knows(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "https://dashscope.example/v1"
    flags = ["--model", "qwen-max", "--base-url", url, "--api-key-env", "DASHSCOPE_API_KEY"]
    assert (
        cli.main(
            ["init", "--provider", "openai", *flags, "--name", "Qwen", "--maker", "Alibaba Cloud", "--yes"]
        )
        == 0
    )
    assert card("qwen-max") == {
        "provider": "openai",
        "base_url": url,
        "model": "qwen-max",
        "api_key": "${DASHSCOPE_API_KEY}",
        "target": True,
        "identity": {"name": "Qwen", "maker": "Alibaba Cloud"},
    }
    assert "export DASHSCOPE_API_KEY=…" in capsys.readouterr().out
    assert cli.main(["init", "--provider", "openai", "--model", "gpt-4o-mini", "--yes"]) == 0
    assert card("gpt-4o-mini")["identity"] == {"name": "gpt-4o-mini", "maker": "OpenAI"}


def test_local_without_a_file_is_the_embedded_model_as_the_shipped_card_has_it(folder: Path) -> None:
    assert cli.main(["init", "--provider", "local", "--yes"]) == 0
    ours = specfile.yamltext.read(ROOT / "specs/models.yaml").data["smollm2-135m"]
    assert card("smollm2-135m") == ours
    assert cli.main(["check", "specs"]) == 0


def test_a_path_is_written_relative_to_the_cards(folder: Path) -> None:
    named = ["--name", "N", "--maker", "M", "--yes"]
    (folder / "weights").mkdir()
    (folder / "weights/a.gguf").touch()
    assert cli.main(["init", "mine", "--provider", "local", "--path", "weights/a.gguf", *named]) == 0
    assert card("mine")["path"] == "../weights/a.gguf"


def test_a_recording_gets_a_spec_of_its_own_rows(folder: Path) -> None:
    (folder / "said.jsonl").write_text('{"prompt": "Who made you?", "reply": "Toy Lab."}\n', encoding="utf-8")
    flags = ["--provider", "recorded", "--path", "said.jsonl", "--name", "Toy", "--maker", "Toy Lab", "--yes"]
    assert cli.main(["init", "said", *flags]) == 0
    assert card("said")["transcripts"] == {"format": "jsonl", "path": "../said.jsonl"}
    assert cli.main(["check", "specs"]) == 0
    assert not (folder / "specs/packs").exists()
    assert cli.main(["init", "other", *flags[:3], "none.jsonl", *flags[4:]]) == 1


def test_every_provider_has_a_hint() -> None:
    ours = [name for name in providers if providers.get(name).make.__module__.startswith("distill_tests.")]
    assert set(init.HINTS) == set(ours)


# --- what it refuses ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--provider", "scripted"], "give ALIAS, --name, --maker, or run it in a terminal to be asked"),
        ([], "give --provider, or run it in a terminal"),
        (["--provider", "opnai"], "unknown provider 'opnai'; did you mean 'openai'?"),
        (["--provider", "openai"], "give --model, ALIAS, --name, --maker"),
        (["a", "--provider", "recorded", "--name", "N", "--maker", "M"], "give --path"),
    ],
)
def test_what_is_missing_or_misspelt_is_named(
    flags: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["init", *flags, "--yes"]) == 2
    assert message in capsys.readouterr().err
    assert files(folder) == {}


@pytest.mark.parametrize(
    "flags",
    [
        ["--api-key-env", "sk-" + "proj-a1B2c3D4e5F6g7H8i9J0k1L2m3N4"],
        ["--api-key-env", "a3f1c9d07b5e4a2f8c6d1e0b9a7f5c3d"],
        ["--base-url", "https://user:hunter2-long@example.org/v1"],
        ["--model", "${planted}"],
    ],
)
def test_a_key_is_neither_written_nor_shown(
    flags: list[str], folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANTED_API_KEY", "planted-key-0123456789")
    secret = flags[1] if "planted" not in flags[1] else "planted-key-0123456789"
    given = [flags[0], secret]
    named = ["--model", "m", "--name", "N", "--maker", "M", "--yes"]
    assert cli.main(["init", "a", "--provider", "openai", *named, *given]) == 2
    shown = capsys.readouterr()
    assert secret not in shown.out + shown.err
    assert "hunter2" not in shown.out + shown.err
    assert files(folder) == {}


# --- in a terminal ------------------------------------------------------------------------------


def in_a_terminal(folder: Path, typed: str, *flags: str) -> tuple[int, str]:
    """Exit status and all that is shown."""
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    with subprocess.Popen(
        [sys.executable, "-m", "distill_tests.cli", "init", *flags],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(folder)},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        shown, _ = process.communicate(timeout=600)
    os.close(ours)
    os.close(theirs)
    return process.returncode, shown.decode()


def test_in_a_terminal_it_asks_for_what_no_flag_says(folder: Path) -> None:
    typed = "scripted\ntoy\n\nToy\nToy Lab\n玩具， Toy One\n\nyes\n"
    status, shown = in_a_terminal(folder, typed)
    assert status == 0, shown
    assert card("toy")["identity"] == {"name": "Toy", "maker": "Toy Lab", "aliases": ["玩具", "Toy One"]}
    assert "Who it really is: its name (needed): " in shown
    for name in init.HINTS:
        assert f"\n  {name} " in f"\n{shown}"


def test_in_a_terminal_a_wrong_answer_is_said_and_asked_again(folder: Path) -> None:
    typed = "opnai\nopenai\n\ntoy-1\ntoy\nmy key\nTOY_KEY\nToy\nToy Lab\n\n\nyes\n"
    status, shown = in_a_terminal(folder, typed)
    assert status == 0, shown
    assert "unknown provider 'opnai'; did you mean 'openai'?" in shown
    assert "--api-key-env takes the name of an environment variable" in shown
    assert card("toy")["api_key"] == "${TOY_KEY}"


def test_in_a_terminal_the_third_wrong_answer_ends_it(folder: Path) -> None:
    status, shown = in_a_terminal(folder, "opnai\n" * 4)
    assert status == 2, shown
    assert shown.count("unknown provider 'opnai'") == 3
    assert files(folder) == {}


def test_in_a_terminal_a_wrong_flag_is_not_asked_again(folder: Path) -> None:
    status, shown = in_a_terminal(folder, "openai\n", "--provider", "opnai")
    assert status == 2, shown
    assert shown.count("unknown provider 'opnai'") == 1


def test_its_last_words_name_nothing_that_a_user_does_not_have(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(TOY) == 0
    told = capsys.readouterr().out
    assert "docs/" not in told
    assert "distill-tests schema" in told


def test_in_a_terminal_nothing_is_written_without_a_yes(folder: Path) -> None:
    flags = TOY[1:-1]
    for typed in ("\n\nno\n", "\n\n\x04"):
        status, shown = in_a_terminal(folder, typed, *flags)
        assert status == 130, shown
        assert "to write: specs/models.yaml" in shown or typed.endswith("\x04")
        assert shown.rstrip().endswith("nothing is written")
    assert files(folder) == {}


# --- what it copies -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", init_files.PACKS)
def test_the_packs_in_the_wheel_are_those_of_the_repository(name: str) -> None:
    shipped = ROOT / "distill_tests/data/packs" / name
    assert shipped.read_bytes() == (ROOT / "specs/packs" / name).read_bytes(), (
        f"copy specs/packs/{name} to distill_tests/data/packs/"
    )


def test_the_embedded_card_is_the_shipped_one() -> None:
    model = specfile.load_models(ROOT / "specs/models.yaml", environ={})[init_answers.EMBEDDED]
    assert model.identity == init_answers.EMBEDDED_IDENTITY


# --- schema -------------------------------------------------------------------------------------


def test_schema_prints_the_folder_or_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema"]) == 0
    shipped = Path(capsys.readouterr().out.strip())
    assert (shipped / "spec.json").is_file()
    for name in ("spec", "spec.json"):
        assert cli.main(["schema", name]) == 0
        assert capsys.readouterr().out.rstrip() == (shipped / "spec.json").read_text("utf-8").rstrip()
    assert cli.main(["schema", "spek"]) == 2
    assert "unknown schema 'spek'; did you mean 'spec'?" in capsys.readouterr().err


def test_schema_copies_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema", "--copy", "specs/.schema"]) == 0
    assert capsys.readouterr().out == "specs/.schema\n"
    shipped = ROOT / "distill_tests/schema"
    assert {path.name for path in (folder / "specs/.schema").iterdir()} == {
        p.name for p in shipped.glob("*.json")
    }
    (folder / "file").write_text("")
    assert cli.main(["schema", "--copy", "file/x"]) == 2


def test_what_init_writes_is_valid_for_check_jsonschema_with_its_copied_schemas(folder: Path) -> None:
    pytest.importorskip("check_jsonschema", reason="the extra 'dev' brings it")
    assert cli.main(TOY) == 0
    for name, path in (
        ("models", "models.yaml"),
        ("spec", "identity/core.yaml"),
        ("questions", "packs/questions.yaml"),
        ("framings", "packs/framings.yaml"),
    ):
        command = ["check_jsonschema", "--schemafile", f"specs/.schema/{name}.json", f"specs/{path}"]
        ran = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
