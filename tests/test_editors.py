"""What an editor shows in the files that ``distill-tests init`` writes, asked of the YAML language server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from distill_tests import cli

SERVER = os.environ.get("DISTILL_TESTS_YAML_SERVER", "")
pytestmark = pytest.mark.skipif(
    not SERVER or shutil.which("node") is None,
    reason="needs Node and DISTILL_TESTS_YAML_SERVER, the path of bin/yaml-language-server "
    "(npm install yaml-language-server)",
)


class Editor:
    """The least of an editor: opens documents and asks about positions in them."""

    def __init__(self, server: str, root: Path) -> None:
        node = shutil.which("node")
        assert node is not None
        command = [node, server, "--stdio"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._number = 0
        self._red_lines: dict[str, list[dict[str, Any]]] = {}
        self.request("initialize", {"processId": None, "rootUri": root.as_uri(), "capabilities": {}})
        self._send({"method": "initialized", "params": {}})
        told = {
            "yaml": {"completion": True, "hover": True, "validate": True, "schemaStore": {"enable": False}}
        }
        self._send({"method": "workspace/didChangeConfiguration", "params": {"settings": told}})

    def open(self, path: Path, text: str) -> None:
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})

    def completion(self, path: Path, line: int, column: int) -> set[str]:
        found = self.request("textDocument/completion", self._at(path, line, column))
        return {item["label"] for item in (found["items"] if isinstance(found, dict) else found)}

    def hover(self, path: Path, line: int, column: int) -> str:
        found = self.request("textDocument/hover", self._at(path, line, column))
        return "" if found is None else str(found["contents"]["value"])

    def red_lines(self, path: Path) -> list[dict[str, Any]]:
        """The diagnostics of a document, once there are any."""
        while not self._red_lines.get(path.as_uri()):
            self._take(self._receive())
        return self._red_lines[path.as_uri()]

    def all_red_lines(self, path: Path) -> list[dict[str, Any]]:
        """The diagnostics of a document that may have none, once it was checked."""
        while path.as_uri() not in self._red_lines:
            self._take(self._receive())
        return self._red_lines[path.as_uri()]

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def request(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self._number and "method" not in message:
                assert "error" not in message, message
                return message["result"]
            self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        """What the server says or asks by itself."""
        if message.get("method") == "textDocument/publishDiagnostics":
            self._red_lines[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "id" in message and "method" in message:
            wanted = (
                message["params"].get("items", []) if message["method"] == "workspace/configuration" else []
            )
            self._send({"id": message["id"], "result": [None] * len(wanted) if wanted else None})

    @staticmethod
    def _at(path: Path, line: int, column: int) -> dict[str, Any]:
        return {
            "textDocument": {"uri": path.as_uri()},
            "position": {"line": line - 1, "character": column - 1},
        }

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, "the server ended"
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("editors")
    flags = ["--provider", "scripted", "--name", "Toy", "--maker", "Toy Lab", "--yes"]
    assert cli.main(["init", "toy", *flags, "--directory", str(folder / "specs")]) == 0
    return folder


@pytest.fixture(scope="module")
def editor(project: Path) -> Iterator[Editor]:
    editor = Editor(SERVER, project)
    yield editor
    editor.close()


def typed(editor: Editor, project: Path, name: str, text: str) -> Path:
    """A new file with the first line of an existing one, as its schema says which."""
    first = {"identity": "core.yaml", "packs": "questions.yaml", "": "models.yaml"}[
        str(Path(name).parent).strip(".")
    ]
    modeline = (project / "specs" / name).parent.joinpath(first).read_text(encoding="utf-8").splitlines()[0]
    path = project / "specs" / name
    editor.open(path, f"{modeline}\n{text}")
    return path


def test_keys_are_completed_and_those_of_the_kind_come_from_another_schema_file(
    editor: Editor, project: Path
) -> None:
    path = typed(editor, project, "identity/a.yaml", "kind: identity\ntitle: A\n\n")
    assert {"judge", "gates", "targets", "probes", "framings"} <= editor.completion(path, 4, 1)


def test_values_are_completed(editor: Editor, project: Path) -> None:
    path = typed(editor, project, "identity/b.yaml", "kind: \non_miss: \n")
    assert "identity" in editor.completion(path, 2, 7)
    assert {"gate", "fail"} <= editor.completion(path, 3, 10)


def test_keys_behind_two_references_are_completed(editor: Editor, project: Path) -> None:
    text = "kind: identity\ntitle: A\nprobes:\n  questions:\n    - id: a\n      \n"
    path = typed(editor, project, "identity/c.yaml", text)
    assert {"en", "zh", "topic", "text"} <= editor.completion(path, 7, 7)


def test_the_keys_of_a_provider_are_completed_on_its_cards(editor: Editor, project: Path) -> None:
    path = typed(editor, project, "a.yaml", "toy:\n  provider: scripted\n  \n")
    assert {"replies", "identity", "target"} <= editor.completion(path, 4, 3)


def test_hover_says_what_a_key_is_for(editor: Editor, project: Path) -> None:
    path = typed(
        editor, project, "identity/d.yaml", "kind: identity\ntitle: A\nsample: {size: 40, seed: 7}\n"
    )
    assert "without replacement" in editor.hover(path, 4, 2)
    assert editor.hover(path, 2, 2)


def test_a_misspelt_key_gets_a_red_line(editor: Editor, project: Path) -> None:
    path = typed(editor, project, "identity/e.yaml", "kind: identity\ntitel: A\nprobes: {include: a.yaml}\n")
    told = {(line["range"]["start"]["line"] + 1, line["message"]) for line in editor.red_lines(path)}
    assert any(number == 3 and "titel" in message for number, message in told), told


def test_what_init_writes_has_no_red_lines(editor: Editor, project: Path) -> None:
    for name in ("models.yaml", "identity/core.yaml", "packs/questions.yaml", "packs/framings.yaml"):
        path = project / "specs" / name
        editor.open(path, path.read_text(encoding="utf-8"))
        assert editor.all_red_lines(path) == [], name
