"""A person at a terminal sees how a long run is getting on, without ``-s``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading

import pytest

from tests.e2e.conftest import PATIENCE_S, Project, good, wait_until

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")


def test_a_terminal_shows_the_calls_done_while_pytest_captures_what_items_write(project: Project) -> None:
    project.models("  hold_after: 3\n")
    project.spec(good(12))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pytest", "-p", "distill_tests.plugin", "specs"]
    shown: list[bytes] = []

    def read() -> None:
        try:
            while data := os.read(ours, 65536):
                shown.append(data)
        except OSError:  # Linux's way of saying that nobody writes any more
            return

    with subprocess.Popen(command, cwd=project.path, stdin=theirs, stdout=theirs, stderr=theirs) as run:
        os.close(theirs)
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            wait_until(lambda: re.search(rb"\d+ of \d+ calls", b"".join(shown)) is not None, "progress")
        finally:
            (project.path / "let-go").touch()
            run.wait(PATIENCE_S)
        reader.join(PATIENCE_S)
    os.close(ours)
    assert run.returncode == 0
    assert b"VERDICT" in b"".join(shown)
