"""Findings of a search as a framing pack: a regression test that any identity spec can include.

Every text in it is a model's or a third party's.  It is written as plain data that reads back as itself,
ids are made of hashes, and a pack that is there already is only added to: what somebody else found, or
wrote beside it, stays as it is.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, NamedTuple

from distill_tests.errors import DataError, SpecError
from distill_tests.roots import CARDS, find_root
from distill_tests.rundir import write_atomically
from distill_tests.specfile.dumping import dumps
from distill_tests.specfile.files import LARGEST_BYTES
from distill_tests.specfile.schemas import whole
from distill_tests.specfile.validate import check
from distill_tests.specfile.yamltext import parse, read
from distill_tests.types import Json

if sys.platform != "win32":
    import fcntl

FAMILY: Final = "found"
MOST_FILES: Final = 1000
SCHEMA: Final = "framings.json"
_HEAD: Final = """\
# Framings that a search found. Their texts are those of models and of other people's templates.
# To ask them for ever: framings: {include: this file, tags: [en]} in an identity spec.
"""


_PORTABLE: Final = re.compile(r'[^\x00-\x1f\x7f<>:"|?*\\]{1,80}')
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)\.", re.IGNORECASE)
"""Names that Windows keeps for devices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A template of others that a finding goes back to."""

    name: str
    origin: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a framing comes from; the keys and their meaning stand in ``schema/framings.json``.

    What is None or empty is not written, but for ``makers``: that it names none is worth saying.
    """

    target: str
    goal: str
    makers: tuple[str, ...]
    served: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    hits: int | None = None
    asked: int | None = None
    came_back: int | None = None
    repeats: int | None = None
    original: str | None = None
    shortest: bool | None = None
    policy: str | None = None
    seed: int | None = None
    mutator: str | None = None
    mutator_model: str | None = None
    parents: tuple[str, ...] = ()
    judge: str | None = None
    judge_model: str | None = None
    date: str | None = None
    version: str | None = None
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFraming:
    """A framing that brought out a contradiction.  ``completes``: the target is asked to go on with it."""

    text: str
    language: str
    provenance: Provenance
    completes: bool = False

    @property
    def id(self) -> str:
        """A slug of the text and its language: the same framing has the same id, whoever found it."""
        digest = hashlib.sha256(f"{self.language}\n{self.text}".encode("utf-8", "surrogatepass"))
        return f"found-{digest.hexdigest()[:12]}"

    def as_entry(self) -> dict[str, Json]:
        """What stands under its id in a pack."""
        text = _as_text(self.text)
        wording: Json = {"text": text, "completion": text} if self.completes else text
        return {
            "family": FAMILY,
            "tags": ["search", self.language],
            "provenance": dict(_written(self.provenance)),
            self.language: wording,
        }


def _written(provenance: Provenance) -> Iterator[tuple[str, Json]]:
    for field in fields(provenance):
        value: Any = getattr(provenance, field.name)
        if field.name == "sources":
            value = [
                {one.name: _as_text(getattr(source, one.name)) for one in fields(source)} for source in value
            ]
        if isinstance(value, tuple):
            value = [_as_text(one) for one in value]
        if field.name == "makers" or value not in (None, []):
            yield field.name, _as_text(value) if isinstance(value, str) else value


def _as_text(text: str) -> str:
    """Without lone surrogates, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


class Written(NamedTuple):
    """The pack that holds the findings, and how many of them are new in it."""

    path: Path
    added: int


def name_trouble(path: Path) -> str | None:
    """Why a pack cannot be called that on every system, in words; None if it can."""
    if _PORTABLE.fullmatch(path.name) and not _RESERVED.match(path.name):
        return None
    return "not every system can have a file of that name"


class Trouble(NamedTuple):
    """What is wrong with a file, and what would be right."""

    what: str
    allowed: str


def pack_trouble(path: Path) -> Trouble | None:
    """Why findings cannot be written as that file; None if they can.

    The rule of ``write`` and ``--output``.
    """
    if path.suffix not in (".yaml", ".yml"):
        return Trouble("a framing pack is a YAML file", "NAME.yaml")
    if trouble := name_trouble(path):
        return Trouble(trouble, r"short, no control character and none of <>:\"|?*\\")
    if path.name == CARDS or find_root(path, cautious=False) is not None:
        return Trouble("a spec would be looked for in that file", "a folder packs/ beside the specs")
    return None


def write_findings(path: Path, found: Sequence[FoundFraming]) -> Written:
    """Add findings to the pack at ``path``; those whose ids it holds are left as they are.

    Where that file is no framing pack, or cannot be added to, a new one is begun beside it
    (``NAME-2.yaml``).  What is written reads back as a valid pack, and is never seen half written.
    Raises DataError where it cannot be written.
    """
    entries = {framing.id: framing.as_entry() for framing in found}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone_in(path.parent):
            for candidate in _names(path):
                written = _added(candidate, entries)
                if written is not None:
                    return written
    except (OSError, ValueError) as error:  # a NUL in the name is a ValueError
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise DataError(f"{path}: the findings cannot be written: {why}") from error
    raise DataError(f"{path}: the findings cannot be written: {MOST_FILES} files of this name are no packs")


def _names(path: Path) -> Iterator[Path]:
    yield path
    yield from (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(2, MOST_FILES))


def _added(path: Path, entries: Mapping[str, Json]) -> Written | None:
    """None where the file is there and cannot be added to."""
    before, known = "", {}
    if path.exists():
        pack = _pack(path)
        if pack is None:
            return None
        before, known = path.read_text(encoding="utf-8"), pack
    new = {name: entry for name, entry in entries.items() if name not in known}
    if not new and known:
        return Written(path, 0)
    head = before.rstrip("\n") + "\n" if before.strip() else _modeline(path.parent) + _HEAD
    text = head + dumps(new)
    if len(text.encode()) > LARGEST_BYTES or not _reads_as(text, {**known, **new}):
        if known:
            return None
        raise DataError(f"{path}: the findings make no pack that can be read")
    write_atomically(path, text)
    return Written(path, len(new))


def _modeline(folder: Path) -> str:
    """What tells editors and ``distill-tests check`` of the schema, where the project has it."""
    for parent in folder.absolute().parents:
        for place in (".schema", "distill_tests/schema"):
            if (parent / place / SCHEMA).is_file():
                way = Path(os.path.relpath(parent / place / SCHEMA, folder.absolute())).as_posix()
                return f"# yaml-language-server: $schema={way}\n"
    return ""


def _pack(path: Path) -> dict[str, Any] | None:
    """The framings of a pack, or None where the file is none."""
    try:
        document = read(path)
    except SpecError:
        return None
    valid = not document.problems and not check(document.data, whole(SCHEMA))
    return document.data if valid else None


def _reads_as(text: str, wanted: Mapping[str, Json]) -> bool:
    """A file in another style (one line of JSON, say) does not when more stands below it."""
    try:
        document = parse(text, path="")
    except SpecError:
        return False
    return not document.problems and bool(document.data == wanted) and not check(wanted, whole(SCHEMA))


if sys.platform == "win32":

    @contextmanager
    def _alone_in(_folder: Path) -> Iterator[None]:
        """A folder cannot be locked there: of two searches that end in the same moment one may be lost."""
        yield
else:

    @contextmanager
    def _alone_in(folder: Path) -> Iterator[None]:
        """No other search writes into the folder meanwhile; nothing is left behind, however it ends."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
