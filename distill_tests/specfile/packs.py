"""Packs: YAML files that a spec includes, and that may include others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from distill_tests.errors import Problem, SpecError
from distill_tests.specfile.environment import expanded
from distill_tests.specfile.faults import Sheet
from distill_tests.specfile.files import shown_path, text_of
from distill_tests.specfile.schemas import shipped
from distill_tests.specfile.validate import Walk
from distill_tests.specfile.wording import shown
from distill_tests.specfile.yamltext import Document, read
from distill_tests.types import Pointer

MOST_PACKS: Final = 100


class Packs:
    """The documents behind one ``include``, each file once; what a pack includes comes before it."""

    def __init__(self, schema: str, environ: Mapping[str, str], requires: Sequence[str]) -> None:
        self.schema, self.environ, self.requires = schema, environ, requires
        self.documents: list[Document] = []
        self._open: list[Path] = []
        self._done: set[Path] = set()

    def include(self, written: Any, sheet: Sheet, at: Pointer, directory: Path) -> None:
        """Adds the pack(s) that ``written`` names; what is wrong goes onto ``sheet``."""
        one = isinstance(written, str)
        for index, name in enumerate([written] if one else written):
            self._add(name, sheet, at if one else (*at, index), directory)

    def _add(self, written: str, sheet: Sheet, at: Pointer, directory: Path) -> None:
        result = expanded(written, self.environ, optional=self.requires)
        for what, allowed in result.faults:
            sheet.note(at, what, allowed=allowed)
        if result.faults or result.absent:
            return
        path = directory / result.text
        whole = _whole(path)
        if whole in self._open:
            chain = " > ".join(shown_path(step) for step in (*self._open[self._open.index(whole) :], whole))
            sheet.note(at, f"this include comes back to itself: {chain}")
        elif whole not in self._done:
            self._read(path, whole, sheet, at)

    def _read(self, path: Path, whole: Path, sheet: Sheet, at: Pointer) -> None:
        self._done.add(whole)
        if len(self._done) > MOST_PACKS:
            sheet.note(at, f"more than {MOST_PACKS} packs are included")
            return
        if not path.is_file():
            sheet.note(
                at, f"there is no file {shown(shown_path(path))}", allowed="paths are relative to this file"
            )
            return
        try:
            document = read(path)
        except SpecError as error:
            sheet.problems.extend(error.problems)
            return
        self._open.append(whole)
        self._take(document, sheet, path.parent)
        self._open.pop()

    def _take(self, document: Document, outer: Sheet, directory: Path) -> None:
        sheet = Sheet(document)
        schema = shipped(f"{self.schema}.json")
        walk = Walk()
        walk.check(document.data, schema, schema)
        sheet.take(walk.faults)
        if not walk.faults:
            inner = document.data.pop("include", None)
            if inner is not None:
                self.include(inner, sheet, ("include",), directory)
            self.documents.append(document)
        outer.problems.extend(sheet.problems)


def _whole(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a NUL: reading it will say so
        return path


_MODELINE = re.compile(r"#\s*yaml-language-server:\s*\$schema=\S*?([a-z]+)\.json\s*$", re.M)


def problems_of_pack(path: Path) -> list[Problem]:
    """What is wrong with a pack by itself; its schema is the one that its modeline names, if any."""
    try:
        document = read(path)
        named = _MODELINE.search(text_of(path))
    except SpecError as error:
        return list(error.problems)
    sheet = Sheet(document)
    if named is not None:
        try:
            schema = shipped(f"{named[1]}.json")
        except FileNotFoundError:
            return []
        walk = Walk()
        walk.check(document.data, schema, schema)
        sheet.take(walk.faults)
    return sheet.problems
