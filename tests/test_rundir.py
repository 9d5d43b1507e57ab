"""Run directories: written as results arrive, read back whole, whatever a crash left."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill_tests.errors import DataError
from distill_tests.record import Record
from distill_tests.redact import REDACTED, Redactor
from distill_tests.rundir import RUN_FILE, RunWriter, directory_name, read_run, write_atomically
from distill_tests.summary import summarise
from tests.example_runs import META, answered, passed, records, trial
from tests.test_summary import validator


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A whole run."""
    with RunWriter(tmp_path / "run", META) as writer:
        for record in records():
            writer.append(record)
        writer.finish(summarise(META, records()))
    return tmp_path / "run"


def test_a_run_is_read_as_it_was_written(run: Path) -> None:
    back = read_run(run)
    assert (back.meta, list(back.records), back.torn) == (META, records(), False)
    assert back.summary == summarise(META, records())
    assert read_run(run / RUN_FILE) == back


def test_every_line_is_as_the_schema_says(run: Path) -> None:
    lines = (run / RUN_FILE).read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(records()) + 2
    for line in lines:
        validator("record.json").validate(json.loads(line))


def test_each_record_is_on_disk_when_append_returns(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, META)
    for count, record in enumerate(records(), start=1):
        writer.append(record)
        assert len(read_run(tmp_path).records) == count
    assert read_run(tmp_path).summary is None
    writer.close()


def test_a_crash_at_any_byte_costs_no_more_than_the_line_it_struck(run: Path, tmp_path: Path) -> None:
    whole = (run / RUN_FILE).read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(first, len(whole), 97):
        torn = tmp_path / "torn.jsonl"
        torn.write_bytes(whole[:end])
        back = read_run(torn)
        assert len(back.records) == min(whole[:end].count(b"\n") - 1, len(records()))
        assert back.torn is (whole[end - 1 : end] != b"\n")


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (3, b"{", "run.jsonl:3: not a line of JSON"),
        (3, b"\xff\xfe", "run.jsonl:3: not a line of JSON"),
        (3, b"[" * 100_000, "run.jsonl:3: not a line of JSON"),
        (3, b"[]", "run.jsonl:3: not a record of schema 1 (got 'list')"),
        (3, b'{"schema":2,"type":"case"}', "run.jsonl:3: not a record of schema 1 (got 2)"),
        (
            3,
            b'{"schema":1,"type":"wish"}',
            "run.jsonl:3: unknown type of record 'wish'; known: run, end, case",
        ),
        (
            3,
            b'{"schema":1,"type":"case","node":"x"}',
            "run.jsonl:3: a 'case' record without target, trials, verdict",
        ),
        (
            1,
            b'{"schema":1,"type":"run","id":"x","started_at":"y"}',
            "run.jsonl:1: not the first line of a run",
        ),
        (
            1,
            b'{"schema":1,"type":"spec","node":"x","skipped":"y"}',
            "run.jsonl:1: a run starts with one line",
        ),
    ],
)
def test_any_other_damage_is_named_by_file_and_line(run: Path, line: int, text: bytes, message: str) -> None:
    file = run / RUN_FILE
    lines = file.read_bytes().splitlines()
    lines[line - 1] = text
    file.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(DataError) as error:
        read_run(file)
    assert message in str(error.value)


def test_lines_after_the_end_are_damage(run: Path) -> None:
    file = run / RUN_FILE
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines, lines[1]]))
    with pytest.raises(DataError, match="after the end of the run"):
        read_run(run)


def test_no_file_and_an_empty_file_are_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"run\.jsonl:1: cannot be read"):
        read_run(tmp_path / RUN_FILE)
    (tmp_path / RUN_FILE).write_bytes(b"")
    with pytest.raises(DataError, match="nothing was recorded"):
        read_run(tmp_path)


def test_a_run_is_never_written_over(run: Path) -> None:
    with pytest.raises(FileExistsError):
        RunWriter(run, META)


def test_secrets_are_taken_out_before_they_are_written(tmp_path: Path) -> None:
    secret = 'my"secret\\key/1'
    redactor = Redactor.of([secret])
    with RunWriter(
        tmp_path, replace(META, command=("x", f"--key={secret}")), redact=redactor.redact_all
    ) as writer:
        writer.append(answered("a", trial(f"The key is {secret}.", marked=())))
    text = (tmp_path / RUN_FILE).read_text()
    back = read_run(tmp_path)
    assert redactor.redact(text) == text
    assert back.meta.command == ("x", f"--key={REDACTED}")
    trials: Any = back.records[0]["trials"]
    assert trials[0]["answer"] == f"The key is {REDACTED}."


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_any_answer_is_read_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    directory = tmp_path_factory.mktemp("run")
    record: Record = answered("a", trial(text, marked=()))
    with RunWriter(directory, META) as writer:
        writer.append(record)
    assert list(read_run(directory).records) == [record]


def test_directories_sort_by_time_in_utc() -> None:
    noon = datetime(2025, 1, 31, 12, tzinfo=timezone(timedelta(hours=8)))
    assert directory_name(noon, "ab") == "20250131T040000Z-ab"
    assert directory_name(noon.astimezone(UTC), "ab") == "20250131T040000Z-ab"


def test_an_atomic_file_replaces_the_old_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "new" / "summary.json"
    write_atomically(path, "old")
    write_atomically(path, "new 你好")
    assert path.read_text(encoding="utf-8") == "new 你好"
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & stat.S_IRUSR


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_finishing_twice_writes_one_end(tmp_path: Path) -> None:
    writer = RunWriter(tmp_path, META)
    writer.append(passed("a"))
    writer.finish(summarise(META, []))
    writer.finish(summarise(META, []))
    assert read_run(tmp_path).summary is not None
