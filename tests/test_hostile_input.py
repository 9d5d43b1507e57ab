"""The worst that a file can hold: clear words for each, in bounded time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from distill_tests import specfile
from tests import hostile_process

ROOT = Path(__file__).parents[1]
MOST_CPU_S = 15.0
"""Thirty times what the slowest takes."""
MOST_MB = 200.0

CARDS = "m: {provider: scripted, default: hi, target: true, identity: {name: N, maker: M}}\n"
HEAD = "kind: identity\ntitle: T\njudge: claims\n"
PROBES = "probes: {questions: [{id: a, text: Who are you?}]}\n"
MEGA = 1 << 20


class Told(NamedTuple):
    lines: list[str]
    cpu_s: float
    peak_mb: float


class Reader:
    """A process that reads one file after the other; its memory's peak is that of all so far."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", hostile_process.__name__]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, **pipes)

    def told(self, what: str, name: str) -> Told:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({what: name}), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        assert answer, f"the process died of {name} with status {self._process.wait()}"
        row = json.loads(answer)
        return Told(row["told"], row["cpu_s"], row["peak_mb"])

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "project"
    (folder / "specs/packs").mkdir(parents=True)
    (folder / "specs/models.yaml").write_text(CARDS, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def reader(folder: Path) -> Iterator[Reader]:
    reader = Reader(folder)
    yield reader
    reader.close()


@pytest.fixture
def fresh(folder: Path) -> Iterator[Reader]:
    """A process that has read nothing yet."""
    reader = Reader(folder)
    yield reader
    reader.close()


def checked(reader: Reader, folder: Path, content: str | bytes) -> list[str]:
    """The problems of a spec; in bounded time and memory, each a line of bounded length."""
    path = folder / "specs/spec.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    told = reader.told("check", "specs/spec.yaml")
    path.unlink()
    assert told.cpu_s < MOST_CPU_S
    assert told.peak_mb < MOST_MB
    assert len(told.lines) <= 1000
    assert [line for line in told.lines if len(line) > 1000] == []
    return told.lines


# --- YAML ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "probes: !!python/object/apply:os.system [id]",
            "4:9: tag '!!python/object/apply:os.system' is not read",
        ),
        ("source: !!python/name:os.system", "4:9: tag '!!python/name:os.system' is not read"),
        ("source: !!binary aGk=", "4:9: tag '!!binary' is not read"),
        ("probes: " + "[" * 200_000, "nested deeper than 50 levels"),
        ("probes: " + "{a: " * 200_000, "nested deeper than 50 levels"),
        ("probes: " + "{" * 200_000, "4:10: a key must be plain text"),
        ("probes:\n " + "- " * 200_000 + "a", "nested deeper than 50 levels"),
        ("source: " + "x" * 1_200_000, "4:9: a value longer than 1,000,000 characters"),
        ('source: "' + "x\\n" * 1_200_000 + '"', "4:9: a value longer than 1,000,000 characters"),
        ("source: |\n" + ("  " + "x" * 100 + "\n") * 20_000, "4:9: a value longer than 1,000,000 characters"),
        ("x" * 1_200_000 + ": 1", "4:1: this line is not 'key: value'"),
        ("? " + "x" * 1_200_000 + "\n: 1", "4:3: unknown key 'xxx"),
        ("source: &" + "x" * 1_200_000 + " 1", "4:9: anchor &xxx"),
        ("source: !" + "x" * 1_200_000 + " 1", "4:9: tag '!xxx"),
        ('source: "' + "[" * 1_000_000, "4:9: the quote that opens here is not closed"),
        ("source: [" + "," * 1_000_000, "a value is expected here"),
        ("source: " + "a: " * 1_000_000, "4:10: a second ': ' in one value"),
        ("x:\n" + "- \n" * 210_000, "more than 200,000 keys and values"),
        ("\n" * 4_000_000 + "x", "4000004:1: this line is not 'key: value'"),
        ("repeats: " + "9" * 1_000_000, "4:10: a number of 1000000 digits"),
        ("repeats: 1e999999999", "4:10: not a finite number (got '1e999999999')"),
        ("title: again", "4:1: key 'title' stands twice; the first is in line 2, column 1"),
        ("title: a\n" * 100_000, "103:1: key 'title' stands twice; the first is in line 2, column 1"),
        ("gates:\n\tstrict_rate: {at_most: 0}", "a tab stands where YAML wants spaces"),
        ("source: a\0b", "4:10: NUL character U+0000"),
        ("source: a\x1b[2Jb", "4:10: invisible character U+001B"),
        ("x: 1\n" * 1_100_000, "1:1: the file has 5,500,"),
        ("<<: {title: x}", "4:1: merge key << is not read"),
        ("---\n" * 1_000_000, "4:1: a second document starts here"),
    ],
    ids=lambda text: str(text)[:24],
)
def test_hostile_yaml_is_told_with_its_place(
    content: str, message: str, folder: Path, reader: Reader
) -> None:
    lines = checked(reader, folder, HEAD + content)
    assert [line for line in lines if message in line], lines[:3]
    assert [line for line in lines if not line.startswith("specs/spec.yaml:")] == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ((HEAD + PROBES).encode("utf-16"), "1:1: the file is UTF-16; save it as UTF-8"),
        (b"\xef\xbb\xbf" + (HEAD + PROBES).encode(), "1:1: a byte order mark (BOM) stands before the text"),
        (HEAD.encode() + b"source: caf\xe9", "4:12: byte 0xe9 is not UTF-8; save it as UTF-8"),
        (HEAD.encode() + "source: 通义千问".encode("gbk"), "is not UTF-8 (it looks like GBK)"),
        (b"", "1:1: the file is empty"),
        (b"%TAG ! tag:x,1:\n---\n" + HEAD.encode(), "1:1: a directive is not read; remove the line"),
        (
            "".join(f"%TAG !a{n}! tag:x,{n}:\n" for n in range(60_000)).encode(),
            "1:1: a directive is not read",
        ),
    ],
    ids=["utf-16", "bom", "latin-1", "gbk", "empty", "directive", "60,000 directives"],
)
def test_bytes_that_are_no_spec_are_one_clear_problem(
    content: bytes, message: str, folder: Path, reader: Reader
) -> None:
    (line,) = checked(reader, folder, content)
    assert line.startswith("specs/spec.yaml:")
    assert message in line


def test_a_bomb_of_aliases_is_refused_alias_by_alias(folder: Path, reader: Reader) -> None:
    bomb = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 12))
    lines = checked(reader, folder, HEAD + "l0: &l0 [lol]\n" + bomb)
    assert sum("is not read" in line for line in lines) >= 99


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("probes: {questions: [{id: ../../etc/passwd, text: Who?}]}\n", "'id' has the wrong form"),
        ('probes: {questions: [{id: "a\\u0000b", text: Who?}]}\n', "'id' has the wrong form"),
        (PROBES + "gates: {../../x: {statistic: strict_rate, at_most: 1}}\n", "../../x"),
        (PROBES + "targets: [../../m]\n", "'../../m'"),
        (PROBES + "kind2: ../../x\n", "unknown key 'kind2'"),
    ],
)
def test_an_id_that_is_a_path_is_refused(content: str, message: str, folder: Path, reader: Reader) -> None:
    assert [line for line in checked(reader, folder, HEAD + content) if message in line]


def test_an_alias_that_is_a_path_is_refused(folder: Path, reader: Reader) -> None:
    cards = folder / "specs/models.yaml"
    cards.write_text(f"{CARDS}../../x: {{provider: scripted, default: x}}\n", encoding="utf-8")
    told = reader.told("check", "specs/models.yaml").lines
    cards.write_text(CARDS, encoding="utf-8")
    assert told
    assert told[0].startswith("specs/models.yaml:2:1: ")


# --- includes -----------------------------------------------------------------------------------

PACK = "maker: {topic: maker, en: Who made you?}\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a folder of its own, with a pack outside of it."""
    project = tmp_path / "project"
    (project / "specs/packs").mkdir(parents=True)
    (project / "specs/models.yaml").write_text(CARDS, encoding="utf-8")
    (tmp_path / "outside.yaml").write_text(PACK, encoding="utf-8")
    monkeypatch.chdir(project)
    return project


def included(written: str, environ: dict[str, str] | None = None) -> list[str]:
    spec = Path("specs/spec.yaml")
    spec.write_text(f"{HEAD}probes: {{include: '{written}'}}\n", encoding="utf-8")
    return [str(problem) for problem in specfile.check([spec], environ=environ or {})]


def test_a_circle_of_includes_is_told_with_its_links(tree: Path) -> None:
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        text = f"include: {other}.yaml\n{name}: {{topic: maker, en: Who?}}\n"
        (tree / f"specs/packs/{name}.yaml").write_text(text, encoding="utf-8")
    (line,) = included("packs/a.yaml")
    assert line == (
        "specs/packs/c.yaml:1:10: this include comes back to itself: "
        "specs/packs/a.yaml > specs/packs/b.yaml > specs/packs/c.yaml > specs/packs/a.yaml"
    )


def test_an_include_may_go_up_inside_the_project(tree: Path) -> None:
    (tree / "shared.yaml").write_text(PACK, encoding="utf-8")
    assert included("../shared.yaml") == []


def test_an_include_may_go_up_to_the_top_of_the_work_tree(tree: Path) -> None:
    (tree.parent / ".git").mkdir()
    assert included("../../outside.yaml") == []


@pytest.mark.parametrize(
    "written", ["../../outside.yaml", "packs/../../../outside.yaml", "/etc/passwd", "~/x.yaml"]
)
def test_an_include_that_leads_out_of_the_project_is_refused_unread(written: str, tree: Path) -> None:
    (line,) = included(written)
    assert line.startswith("specs/spec.yaml:4:19: ")
    assert ("leads out of the project" in line) is not written.startswith("~")
    assert "root:" not in line


def test_links_may_lead_anywhere_inside_and_nowhere_outside(tree: Path) -> None:
    (tree / "shared.yaml").write_text(PACK, encoding="utf-8")
    (tree / "specs/packs/in.yaml").symlink_to(tree / "shared.yaml")
    (tree / "specs/packs/out.yaml").symlink_to(tree.parent / "outside.yaml")
    (tree / "specs/packs/folder").symlink_to(tree.parent)
    assert included("packs/in.yaml") == []
    for written in ("packs/out.yaml", "packs/folder/outside.yaml"):
        (line,) = included(written)
        assert f"'{written}' leads out of the project" in line


def test_a_pack_cannot_lead_out_either(tree: Path) -> None:
    (tree / "specs/packs/a.yaml").write_text(f"include: ../../../outside.yaml\n{PACK}", encoding="utf-8")
    (line,) = included("packs/a.yaml")
    assert line.startswith("specs/packs/a.yaml:1:10: '../../../outside.yaml' leads out of the project")


def test_a_variable_opens_its_folder_and_no_more(tree: Path) -> None:
    (tree.parent / "data").mkdir()
    (tree.parent / "data/pack.yaml").write_text(PACK, encoding="utf-8")
    environ = {"PACKS": str(tree.parent / "data")}
    assert included("${PACKS}/pack.yaml", environ) == []
    (line,) = included("${PACKS}/../outside.yaml", environ)
    assert "leads out of the project" in line


def test_a_spec_or_cards_that_are_links_out_of_the_project_are_refused_unread(tree: Path) -> None:
    secret = tree.parent / "secret.yaml"
    secret.write_text("password: hunter2\n", encoding="utf-8")
    (tree / "specs/linked.yaml").symlink_to(secret)
    (line,) = [str(problem) for problem in specfile.check([Path("specs/linked.yaml")], environ={})]
    assert line.startswith("specs/linked.yaml:1:1: a link that leads out of the project")
    assert "hunter2" not in line


def test_a_specs_folder_may_be_a_link_itself(tree: Path) -> None:
    (tree / "specs/packs/q.yaml").write_text(PACK, encoding="utf-8")
    assert included("packs/q.yaml") == []
    link = tree.parent / "elsewhere"
    link.mkdir()
    (link / "specs").symlink_to(tree / "specs")
    assert specfile.check([link / "specs"], environ={}) == []


@pytest.mark.parametrize(
    ("include", "message"),
    [
        (f"[{', '.join(f'p{n}.yaml' for n in range(30_000))}]", "30,000 packs are included; at most 100"),
        ("a/" * 400_000, "a path of 800,000 characters; at most 4,096"),
        ('"a\\0b.yaml"', "there is no file"),
        ("packs", "there is no file 'specs/packs'"),
        ("'${HOSTILE_UNSET}/a.yaml'", "the environment variable 'HOSTILE_UNSET' is not set"),
    ],
    ids=lambda text: str(text)[:20],
)
def test_hostile_includes_are_told(include: str, message: str, folder: Path, reader: Reader) -> None:
    (line,) = checked(reader, folder, f"{HEAD}probes: {{include: {include}}}\n")
    assert message in line


# --- transcripts and rows -----------------------------------------------------------------------


def transcript(reader: Reader, folder: Path, *lines: bytes, times: int = 1, name: str = "t.jsonl") -> Told:
    path = folder / name
    with path.open("wb") as file:
        for _ in range(times):
            file.writelines(lines)
    told = reader.told("transcript", name)
    path.unlink()
    return told


ROW = b'{"prompt": "Who?", "reply": "Me."}\n'


def test_bad_rows_of_a_transcript_are_named_by_file_and_line(folder: Path, reader: Reader) -> None:
    bad = [
        b"{\n",
        b"null\n",
        b"[]\n",
        b'{"prompt": null, "reply": "b"}\n',
        b'{"prompt": "a", "reply": ["b"]}\n',
        b'{"prompt": "a", "reply": "b", "verdicts": {"strict": 1}}\n',
        b'{"prompt": "\xff", "reply": "b"}\n',
        b"[" * 200_000 + b"\n",
        b'{"prompt": "a", "reply": "b", "usage": {"input_tokens": ' + b"9" * 100_000 + b"}}\n",
        b"\0\0\0\n",
    ]
    told = transcript(reader, folder, ROW, *bad, ROW.replace(b"Me", b"You"))
    assert [line.split(": ")[0] for line in told.lines] == [f"t.jsonl:{n}" for n in range(2, len(bad) + 2)]
    assert [line for line in told.lines if len(line) > 500] == []


def test_100_mb_of_bad_rows_are_given_up_in_bounded_time_and_memory(folder: Path, fresh: Reader) -> None:
    told = transcript(fresh, folder, b'{"prompt": 1}\n' * 1000, times=7_500)
    assert len(told.lines) == 51
    assert told.lines[-1] == "t.jsonl:10001: more than 10,000 bad rows; not read any further"
    assert told.cpu_s < MOST_CPU_S
    assert told.peak_mb < MOST_MB


def test_a_file_of_one_endless_line_is_told(folder: Path, fresh: Reader) -> None:
    told = transcript(fresh, folder, b" " * MEGA, times=300)
    assert told.lines == ["t.jsonl:1: a line of more than 64 MB"]
    assert told.cpu_s < MOST_CPU_S
    assert told.peak_mb < 300


def test_100_mb_of_good_rows_cost_little_more_than_their_text(folder: Path, fresh: Reader) -> None:
    long = b"x" * 100_000
    told = transcript(
        fresh, folder, *(b'{"prompt": "%d", "reply": "%s"}\n' % (n, long) for n in range(1_000))
    )
    assert told.lines == ["1000 rows"]
    assert told.peak_mb < 100 + MOST_MB


def test_rows_to_judge_are_streamed(folder: Path, fresh: Reader) -> None:
    path = folder / "rows.jsonl"
    with path.open("wb") as file:
        for n in range(100):
            file.write(b'{"id": "%d", "response": "%s"}\n' % (n, b"x" * MEGA) + b"{broken\n")
    told = fresh.told("rows", "rows.jsonl")
    path.unlink()
    assert sum("not JSON" in line for line in told.lines) == 100
    assert told.peak_mb < MOST_MB
