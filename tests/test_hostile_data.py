"""The worst that a data file of any kind can hold: clear words, in bounded time and memory.

``tests/test_hostile_input.py`` does the same for specs and transcripts.
"""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_hostile_input import CARDS, MEGA, MOST_CPU_S, MOST_MB, Reader, Told

ROW: dict[str, dict[str, object]] = {
    "prompts": {"id": "a", "prompt": "Why?"},
    "exam": {"id": "a", "question": "Why?", "options": {"A": "x", "B": "y"}, "answer": "A", "task": "t"},
    "captions": {"id": "a", "caption": "A dog.", "references": ["A dog runs."], "language": "en"},
    "ratings": {"id": "a", "caption": "A dog.", "references": ["A dog runs."], "ratings": [1, 2]},
    "responses": {"id": "a", "prompt": "Why?", "response": "So."},
    "rows": {"id": "a", "response": "So.", "verdicts": {"loose": True, "strict": True}},
    "transcript": {"id": "a", "prompt": "Why?", "reply": "So."},
}
KINDS = pytest.mark.parametrize("what", sorted(ROW))


@functools.cache
def packed(byte: bytes) -> bytes:
    """64 MB as a part of a gzip file; such parts may follow each other."""
    return gzip.compress(byte * (64 * MEGA))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "project"
    (folder / "specs").mkdir(parents=True)
    (folder / "specs/models.yaml").write_text(CARDS, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def reader(folder: Path) -> Iterator[Reader]:
    reader = Reader(folder)
    yield reader
    reader.close()


def read(reader: Reader, folder: Path, what: str, content: bytes, *, times: int = 1, name: str = "") -> Told:
    """What is told of a file; in bounded time and memory, no line of it without bound."""
    path = folder / (name or "t.jsonl")
    if what == "responses":
        path = folder / "answers" / path.name
        path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        for _ in range(times):
            file.write(content)
    told = reader.told(what, str((path.parent if what == "responses" else path).relative_to(folder)))
    path.unlink()
    assert told.cpu_s < MOST_CPU_S
    assert told.peak_mb < MOST_MB
    assert [line for line in told.lines if len(line) > 1000] == []
    return told


@KINDS
def test_a_row_that_is_small_on_disk_and_huge_in_memory_is_told(
    what: str, folder: Path, reader: Reader
) -> None:
    """10 MB of ``[],`` were 260 MB, and a row may have 32."""
    row = json.dumps(ROW[what])[:-1] + ', "note": [' + "[]," * 3_300_000 + "[]]}\n"
    (line, *others) = read(reader, folder, what, row.encode()).lines
    assert others == []
    assert (
        "a line longer than 4 MB" in line if what == "exam" else "more than 500,000 values in one row" in line
    )


@pytest.mark.parametrize("what", ["prompts", "rows", "responses"])
def test_ten_megabytes_of_brackets_in_a_text_are_text(what: str, folder: Path, reader: Reader) -> None:
    key = {"prompts": "prompt"}.get(what, "response")
    row = json.dumps(ROW[what] | {key: '[,{\\"' * (2 * MEGA)}) + "\n"
    told = read(reader, folder, what, row.encode())
    assert told.lines == {"rows": [], "prompts": ["1"], "responses": ["1"]}[what]


@pytest.mark.parametrize("what", ["prompts", "exam", "captions", "ratings", "responses", "transcript"])
@pytest.mark.parametrize("row", [b'{"id": 1}\n', b"{bad}\n"])
def test_a_large_file_of_bad_rows_is_given_up(what: str, row: bytes, folder: Path, reader: Reader) -> None:
    told = read(reader, folder, what, row * 100_000, times=10)
    assert 1 <= len(told.lines) <= 110


@pytest.mark.parametrize("what", ["prompts", "captions", "ratings", "responses", "rows", "transcript"])
def test_a_gigabyte_in_a_megabyte_is_not_unpacked_to_its_end(what: str, folder: Path, reader: Reader) -> None:
    for byte, words in ((b"x", "line"), (b"\n", "more than 1,000,000 blank lines")):
        told = read(reader, folder, what, packed(byte), times=16, name="t.jsonl.gz")
        assert words in " ".join(told.lines)


@pytest.mark.parametrize(
    "number", ["1" + "0" * 400, "-1" + "0" * 400, "1e999", "NaN", "1" + "0" * 5000, "1e12"]
)
def test_a_rating_that_no_float_holds_is_a_bad_row(number: str, folder: Path, reader: Reader) -> None:
    row = json.dumps(ROW["ratings"]).replace("[1, 2]", f"[1, {number}]") + "\n"
    (line,) = read(reader, folder, "ratings", row.encode()).lines
    assert line.startswith("t.jsonl:1:1: ")


def test_a_row_of_a_hundred_thousand_keys_is_told(folder: Path, reader: Reader) -> None:
    row = json.dumps({f"k{n}": 1 for n in range(100_000)}) + "\n"
    (line,) = read(reader, folder, "exam", row.encode() * 2).lines[:1]
    assert line.endswith("t.jsonl:1:1: 100,000 keys; at most 200")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"panel": ' + b"[" * 200_000, "not usable JSON"),
        (b'{"panel": {"a": ["x"]}, "z": "' + b"x" * (9 * MEGA) + b'"}', "larger than 8 MB"),
        (b'{"panel": {"a": ["x"], "a": ["y"]}}', "key 'a' given twice"),
        (b"\xff\xfe", "not usable JSON"),
        (b'{"panel": {"a": [["x"]], "b": ["y"]}}', "a: a list of model names"),
    ],
)
def test_a_hostile_panel_file_is_told(content: bytes, words: str, folder: Path, reader: Reader) -> None:
    (line,) = read(reader, folder, "panel", content, name="lineage.json").lines
    assert words in line
