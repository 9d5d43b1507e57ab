"""Wrong specs, and what an auditor reads about them.

Every file of ``badspecs/`` starts with the messages that it must produce, ``#! line:column: message``,
all of them and in this order.  Problems of an included pack start with the pack's path.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from distill_tests import specfile
from distill_tests.errors import SpecError
from tests import specfile_toys  # noqa: F401 - registers what the cards name

BAD = Path(__file__).parent / "badspecs"
CARDS = """
atlas: {provider: paper, target: true, identity: {name: Atlas, maker: Example Lab}}
nova: {provider: paper, identity: {name: Nova, maker: Example Lab}}
nameless: {provider: paper}
"""


def wrong(folder: str) -> list[Path]:
    return sorted((BAD / folder).glob("*.yaml"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(BAD / "packs", tmp_path / "packs")
    Path("models.yaml").write_text(CARDS, encoding="utf-8")
    return tmp_path


def expected(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line[3:] for line in lines if line.startswith("#! ")]


def said(error: SpecError, own: str) -> list[str]:
    return [str(problem).removeprefix(f"{own}:") for problem in error.problems]


@pytest.mark.parametrize("path", wrong("specs"), ids=lambda path: path.stem)
def test_a_wrong_spec_says_what_is_wrong_where_and_what_is_allowed(path: Path, here: Path) -> None:
    models = specfile.load_models(Path("models.yaml"), environ={})
    shutil.copy(path, "spec.yaml")
    with pytest.raises(SpecError) as error:
        specfile.load(Path("spec.yaml"), models, environ={})
    assert said(error.value, "spec.yaml") == expected(path)


@pytest.mark.parametrize("path", wrong("cards"), ids=lambda path: path.stem)
def test_wrong_model_cards_say_what_is_wrong_where_and_what_is_allowed(path: Path, here: Path) -> None:
    shutil.copy(path, "models.yaml")
    with pytest.raises(SpecError) as error:
        specfile.load_models(Path("models.yaml"), environ={})
    assert said(error.value, "models.yaml") == expected(path)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "1:1: the file is empty"),
        (
            b"\xef\xbb\xbfkind: identity\n",
            "1:1: a byte order mark (BOM) stands before the text; save it as UTF-8 without BOM",
        ),
        ("kind: identity\n".encode("utf-16"), "1:1: the file is UTF-16; save it as UTF-8"),
        (
            "kind: identity\ntitle: 身份测试\n".encode("gbk"),
            "2:8: byte 0xc9 is not UTF-8 (it looks like GBK); save it as UTF-8",
        ),
        (
            "kind: identity\ntitle: déjà vu\n".encode("latin-1"),
            "2:9: byte 0xe9 is not UTF-8; save it as UTF-8",
        ),
        (
            b"kind: identity\ntitle: a\x00b\n",
            '2:9: NUL character U+0000; remove it, or write "\\x00" in double quotes',
        ),
        (
            "title: 测\u202e试\u2028\n".encode(),
            '1:11: invisible character U+2028; remove it, or write "\\u2028" in double quotes',
        ),
        (
            b"kind: identity\ntitle: a\xef\xbb\xbfb\n",
            '2:9: byte order mark (BOM) U+FEFF; remove it, or write "\\ufeff" in double quotes',
        ),
        (b"a" * 5_000_001, "1:1: the file has 5,000,001 bytes; at most 5,000,000 are read"),
        (b"title: " + b"a" * 1_000_001, "1:8: a value longer than 1,000,000 characters"),
        (b"[" * 200_000, "1:51: nested deeper than 50 levels"),
        (b"{a: " * 60, "1:201: nested deeper than 50 levels"),
        (b"- a\n" * 200_001, "199998:3: more than 200,000 keys and values; split the file, use include"),
        (b"? [a]\n: b\n", "1:3: a key must be plain text; write key: value"),
        (b"1" + b"0" * 400 + b"\n", "1:1: a number of 401 digits"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else re.sub(r"\W+", "-", value)[:40],
)
def test_text_that_is_no_spec_is_refused_in_one_clear_message(raw: bytes, message: str, here: Path) -> None:
    Path("spec.yaml").write_bytes(raw)
    with pytest.raises(SpecError) as error:
        specfile.load(Path("spec.yaml"), {}, environ={})
    assert said(error.value, "spec.yaml")[0].startswith(message)


def test_a_file_that_is_not_there_a_folder_and_a_device_are_refused_in_words(here: Path) -> None:
    for path, what in (
        (Path("none.yaml"), "there is no such file"),
        (Path("packs"), "not a file"),
        (Path("/dev/zero"), "not a file"),
        (Path("a\0b.yaml"), "cannot be read"),
    ):
        with pytest.raises(SpecError, match=what):
            specfile.load(path, {}, environ={})


def test_no_message_shows_a_secret(here: Path) -> None:
    secrets = ["sk-abcdefghijklmnopqrstuvwx", "hunter2hunter2", "AKIAABCDEFGHIJKLMNOP"]
    Path("models.yaml").write_text(
        f"""
atlas:
  provider: paper
  api_key: {secrets[0]}
  api-key: {secrets[1]}
  base_url: https://user:{secrets[1]}@api.example.org/v1
  revision: [{secrets[0]}]
  ask_as: {secrets[2]}
  price: {secrets[0]}
  system: [{secrets[0]}]
nova: {secrets[0]}
""",
        encoding="utf-8",
    )
    with pytest.raises(SpecError) as error:
        specfile.load_models(Path("models.yaml"), environ={})
    assert len(error.value.problems) == 8
    assert [secret for secret in secrets if secret in str(error.value)] == []
