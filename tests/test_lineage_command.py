"""``distill-tests lineage``: files as they come, mistakes with their place, a table and a document."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from distill_tests.cli import main
from tests.lineage_corpus import PANEL, model, panel_responses

_FILE = {
    "panel": PANEL,
    "students": {"elm": ["copy"], "none": ["constant"]},
    "bases": {"copy": "fir"},
    "siblings": {"copy": ["oak-1"]},
}

_GOOD = {"id": "p00", "prompt": "Tell me of p00.", "response": "x"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of responses, half of them compressed, and a panel file beside it."""
    root = tmp_path_factory.mktemp("lineage")
    students = {"copy": model("copy", {"elm": 0.5}), "constant": dict.fromkeys(model("x", {}), "Yes indeed.")}
    (root / "responses").mkdir()
    for place, (name, answers) in enumerate({**panel_responses(), **students}.items()):
        rows = [
            {"id": key, "prompt": f"Tell me of {key}.", "response": text} for key, text in answers.items()
        ]
        _write(root / "responses" / f"{name}.jsonl{'.gz' if place % 2 else ''}", rows)
    (root / "panel.json").write_text(json.dumps(_FILE))
    return root


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def run(root: Path, *options: str, panel: str = "panel.json") -> int:
    return main(["lineage", str(root / "responses"), "--panel", str(root / panel), "--own-nulls", *options])


def test_the_document_names_who_is_nearest_and_holds_the_ranking(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(written, "--output", str(tmp_path / "out.json")) == 0
    stored = json.loads((tmp_path / "out.json").read_text())
    students = {row["model"]: row for row in stored["students"]}
    assert students["copy"]["nearest"] == "elm"
    assert students["constant"]["nearest"] is None
    assert set(students["copy"]["ranking"][0]) >= {"maker", "member", "similarity", "low", "high", "p"}
    assert {row["maker"] for row in students["copy"]["ranking"]} == set(PANEL) - {"fir"}
    assert stored["panel_missing"]["elm-1"] == 0
    printed = capsys.readouterr().out
    assert "none can be named" in printed
    assert "does not mean that a model was trained" in printed
    assert "p from 12 null models, no finer than 1/13" in printed


def test_under_which_maker_the_file_lists_a_student_changes_nothing(written: Path, tmp_path: Path) -> None:
    for name, students in (("a", {"elm": ["copy", "constant"]}), ("b", {"oak": ["copy"]}), ("c", None)):
        file = {**_FILE, "students": students} if students else {"panel": PANEL, "bases": _FILE["bases"]}
        file["siblings"] = _FILE["siblings"]
        (written / f"{name}.json").write_text(json.dumps(file))
        assert run(written, "--output", str(tmp_path / f"{name}.json"), panel=f"{name}.json") == 0
    first, *others = ((tmp_path / f"{name}.json").read_bytes() for name in "abc")
    assert others == [first, first]


def test_a_listed_student_without_responses_is_named(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (written / "more.json").write_text(json.dumps({"panel": PANEL, "students": ["copy", "elsewhere"]}))
    assert run(written, panel="more.json") == 0
    assert "without responses" in (said := capsys.readouterr().err)
    assert "elsewhere" in said


def test_a_listed_student_of_the_panel_is_told_and_not_compared_with_itself(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (written / "own.json").write_text(json.dumps({"panel": PANEL, "students": ["copy", "oak-1"]}))
    assert run(written, panel="own.json") == 0
    printed = capsys.readouterr()
    assert "members of the panel, and so not compared: oak-1" in printed.err
    assert not any(line.startswith("oak-1 ") for line in printed.out.splitlines())


def test_what_is_known_of_a_model_and_fits_nothing_is_told(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = {"panel": PANEL, "bases": {"copy": "Fir"}, "siblings": {"copy": ["oak-9"]}}
    (written / "unfit.json").write_text(json.dumps(file))
    assert run(written, panel="unfit.json") == 0
    printed = capsys.readouterr().out
    assert "the maker of its base model, Fir, is none of the panel; nothing was set aside" in printed
    assert "no members of the panel: oak-9" in printed


def test_a_member_that_answered_too_little_is_no_candidate(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = next(path for path in (written / "responses").iterdir() if path.name.startswith("oak-2"))
    whole = file.read_bytes()
    _write(file, [{**_GOOD, "id": f"p0{number}", "prompt": f"Tell me of p0{number}."} for number in range(4)])
    try:
        assert run(written, "--output", str(tmp_path / "out.json")) == 0
    finally:
        file.write_bytes(whole)
    assert "no candidates, for too few answers to its 40 prompts: oak-2 4" in capsys.readouterr().out
    (copy,) = [
        row for row in json.loads((tmp_path / "out.json").read_text())["students"] if row["model"] == "copy"
    ]
    assert "oak-2" not in [one["member"] for one in copy["ranking"]]


def test_two_candidates_are_told_to_be_too_few(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (written / "two.json").write_text(json.dumps({"panel": {"elm": ["elm-1"], "oak": ["oak-1"]}}))
    arguments = ["lineage", str(written / "responses"), "--panel", str(written / "two.json")]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "2 candidates are too few: none can stand out by more than 1.00" in printed
    assert "of the null models were scored beside another panel" in printed


def test_a_negative_seed_is_refused_in_words(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(written, "--seed", "-1") == 2
    assert "seed -1 is below 0" in capsys.readouterr().err


def test_what_is_no_file_is_not_waited_for(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe = written / "responses" / "pipe.jsonl"
    os.mkfifo(pipe)
    try:
        assert run(written) == 2
    finally:
        pipe.unlink()
    assert "pipe.jsonl: cannot be read: it is no file" in capsys.readouterr().err


def test_a_key_that_is_not_known_is_told(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (written / "odd.json").write_text(json.dumps({**_FILE, "base": {}}))
    assert run(written, panel="odd.json") == 0
    assert "not read: base; known: panel, students, bases, siblings" in capsys.readouterr().err


def test_answers_to_another_prompt_are_left_out_counted_and_shown(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shifted = written / "responses" / "shifted.jsonl"
    answers = list(model("shifted", {"elm": 0.5}).items())
    rows = [{"id": key, "prompt": f"Tell  me of\n{key}.", "response": text} for key, text in answers[:35]]
    rows += [{"id": key, "prompt": "Something else.", "response": text} for key, text in answers[35:]]
    _write(shifted, rows)
    try:
        assert run(written, "--output", str(tmp_path / "out.json")) == 0
    finally:
        shifted.unlink()
    assert "shifted: 5 answers to another prompt" in capsys.readouterr().out
    stored = json.loads((tmp_path / "out.json").read_text())
    student = next(row for row in stored["students"] if row["model"] == "shifted")
    assert (stored["misaligned"], student["missing"], student["nearest"]) == ({"shifted": 5}, 5, "elm")


def test_a_student_whose_answers_all_belong_elsewhere_abstains(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    astray = written / "responses" / "astray.jsonl"
    _write(astray, [{**_GOOD, "prompt": "Something else."}])
    try:
        assert run(written) == 0
    finally:
        astray.unlink()
    assert "astray: too few answers: 0 of 40 prompts" in capsys.readouterr().out


# --- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (b'{"id": "p00", "response": "x"}\n{"id": \n', "bad.jsonl:2:1: not JSON"),
        (
            b'{"id": "a", "response": "x"}\n{"id": "a", "response": "y"}\n',
            "bad.jsonl:2:1: id 'a' was already",
        ),
        (b'{"id": "a", "response": 3}\n', "bad.jsonl:1:1: response is a text, or null"),
        (b'{"id": "a"}\n', "got nothing"),
        (b'{"response": "x"}\n', "id is a text or a whole number (got null)"),
        (b"", "bad.jsonl:1:1: holds no row"),
        (b'["no object"]\n', "not a JSON object"),
    ],
)
def test_a_row_that_cannot_be_used_is_an_error_with_its_place(
    written: Path, capsys: pytest.CaptureFixture[str], rows: bytes, said: str
) -> None:
    bad = written / "responses" / "bad.jsonl"
    bad.write_bytes(rows)
    try:
        assert run(written) == 2
    finally:
        bad.unlink()
    assert said in capsys.readouterr().err


def test_every_bad_row_is_told_at_once(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = written / "responses" / "bad.jsonl"
    unreadable = written / "responses" / "aaa.jsonl.gz"
    bad.write_text('{"id": 1.5, "response": ""}\n{"id": "a", "response": []}\n')
    unreadable.write_bytes(b"plain text")
    try:
        assert run(written) == 2
    finally:
        bad.unlink()
        unreadable.unlink()
    said = capsys.readouterr().err
    assert "bad.jsonl:1:1" in said
    assert "bad.jsonl:2:1" in said
    assert "aaa.jsonl.gz:1:1: cannot be read" in said, "a file that cannot be read hides no row of another"


def test_a_file_that_is_no_gzip_is_refused_in_words(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = written / "responses" / "bad.jsonl.gz"
    for data in (b"plain text", gzip.compress(b'{"id": "a", "response": "x"}\n' * 50)[:-12]):
        bad.write_bytes(data)
        try:
            assert run(written) == 2
        finally:
            bad.unlink()
        assert "bad.jsonl.gz:1:1: cannot be read" in capsys.readouterr().err


def test_a_model_in_two_files_is_refused(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twice = written / "responses" / "ash-1.jsonl.gz"
    _write(twice, [_GOOD])
    try:
        assert run(written) == 2
    finally:
        twice.unlink()
    assert "is the same model" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "p.json:1:2: not JSON"),
        ("[]", "no key 'panel'"),
        ('{"panel": {"elm": "elm-1"}}', "panel: elm: a list of model names"),
        ('{"panel": {"elm": ["elm-1"], "elm": ["elm-2"]}}', "key 'elm' given twice"),
        ('{"panel": {"elm": ["elm-1"]}}', "two makers or more"),
        ('{"panel": {"elm": ["copy"], "oak": ["copy"]}}', "stands there more than once"),
        ('{"panel": {"elm": ["elm-1"], "oak": ["gone"]}}', "no responses of panel member(s) gone; add"),
        ('{"panel": {"elm": ["elm-1"], "oak": ["oak-1"]}, "bases": []}', "bases: a mapping"),
        ('{"panel": {"elm": ["elm-1"], "oak": ["oak-1"]}, "students": ["a", "a"]}', "'a' stands there more"),
    ],
)
def test_a_panel_file_that_is_wrong_is_refused_in_words(
    written: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    (written / "p.json").write_text(text)
    assert run(written, panel="p.json") == 2
    assert said in capsys.readouterr().err


def test_a_folder_without_responses_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "panel.json").write_text(json.dumps(_FILE))
    assert run(tmp_path) == 2
    assert "not a folder" in capsys.readouterr().err
    (tmp_path / "responses").mkdir()
    assert run(tmp_path) == 2
    assert "no MODEL.jsonl" in capsys.readouterr().err


def test_a_base_or_sibling_of_no_model_is_named_with_its_near_miss(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = json.loads((written / "panel.json").read_text("utf-8"))
    student = next(iter(sorted({path.name.split(".")[0] for path in (written / "responses").iterdir()})))
    stored["siblings"] = {f"{student}x": [next(iter(stored["panel"].values()))[0]]}
    (written / "odd.json").write_text(json.dumps(stored), encoding="utf-8")
    run(written, panel="odd.json")
    assert f"siblings: no model that is compared is called '{student}x'" in capsys.readouterr().err
