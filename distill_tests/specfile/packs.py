"""Packs: YAML files that a spec includes, and that may include others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from distill_tests.errors import Problem, SpecError
from distill_tests.specfile.environment import REFERENCE, expanded
from distill_tests.specfile.faults import Sheet
from distill_tests.specfile.files import absent, shown_path, text_of
from distill_tests.specfile.schemas import whole
from distill_tests.specfile.tree import project_of, read_inside, resolved
from distill_tests.specfile.validate import check
from distill_tests.specfile.wording import shown
from distill_tests.specfile.yamltext import Document, read
from distill_tests.types import Pointer

MOST_PACKS: Final = 100
LONGEST_PATH: Final = 4096
_WHERE: Final = "a pack lies in the project, or in a folder that a variable names: ${NAME}/…"


class Packs:
    """The documents behind one ``include``, each file once; what a pack includes comes before it."""

    def __init__(self, schema: str, environ: Mapping[str, str], requires: Sequence[str]) -> None:
        self.schema, self.environ, self.requires = schema, environ, requires
        self.documents: list[Document] = []
        self._open: list[Path] = []
        self._done: set[Path] = set()
        self._folders: list[Path] = []
        """What lies in one of these may be read: the project, folders that variables name."""

    def include(self, written: Any, sheet: Sheet, at: Pointer, directory: Path) -> None:
        """Adds the pack(s) that ``written`` names; what is wrong goes onto ``sheet``."""
        self._folders = self._folders or [project_of(directory / "pack")]
        one = isinstance(written, str)
        if not one and len(written) > MOST_PACKS:
            sheet.note(at, f"{len(written):,} packs are included", allowed=f"at most {MOST_PACKS}")
            return
        for index, name in enumerate([written] if one else written):
            self._add(name, sheet, at if one else (*at, index), directory)

    def _add(self, written: str, sheet: Sheet, at: Pointer, directory: Path) -> None:
        result = expanded(written, self.environ, optional=self.requires)
        for what, allowed in result.faults:
            sheet.note(at, what, allowed=allowed)
        if result.faults or result.absent:
            return
        if len(result.text) > LONGEST_PATH:
            sheet.note(at, f"a path of {len(result.text):,} characters", allowed=f"at most {LONGEST_PATH:,}")
            return
        path = directory / result.text
        whole = resolved(path)
        variable = REFERENCE.match(written)
        if variable is not None:
            self._folders.append(resolved(directory / self.environ[variable[1]]))
        if not any(whole.is_relative_to(folder) for folder in self._folders):
            sheet.note(
                at,
                f"{shown(written)} leads out of the project {shown_path(self._folders[0])}",
                allowed=_WHERE,
            )
        elif whole in self._open:
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
            what, allowed = absent(path)
            sheet.note(at, what, allowed=allowed)
            return
        try:
            document = read(path)
        except SpecError as error:
            sheet.problems.extend(error.problems)
            return
        self._open.append(whole)
        self._take(document, sheet, at, path.parent)
        self._open.pop()

    def _take(self, document: Document, outer: Sheet, at: Pointer, directory: Path) -> None:
        sheet = Sheet(document)
        faults = check(document.data, whole(f"{self.schema}.json"))
        other = self._other(document, len(faults))
        if other is not None:
            what = f"{shown(shown_path(Path(document.path)))} looks like a pack of {other}"
            outer.note(at, what, allowed=f"{self.schema} are included here")
        else:
            sheet.take(faults)
        if not faults:
            inner = document.data.pop("include", None)
            if inner is not None:
                self.include(inner, sheet, ("include",), directory)
            self.documents.append(document)
        outer.problems.extend(sheet.problems)

    def _other(self, document: Document, faults: int) -> str | None:
        """The sort of pack that it fits far better, if any; a pack of the right sort may have mistakes."""
        if not faults or self.schema not in _SORTS:
            return None
        counts = {
            name: len(check(document.data, whole(f"{name}.json"))) for name in _SORTS if name != self.schema
        }
        best = min(counts, key=lambda name: counts[name])
        return best if 2 * counts[best] < faults else None


_SORTS: Final = ("questions", "framings", "canaries")
_MODELINE = re.compile(r"#\s*yaml-language-server:\s*\$schema=\S*?([a-z]+)\.json\s*$", re.M)


def problems_of_pack(path: Path) -> list[Problem]:
    """What is wrong with a pack by itself; its schema is the one that its modeline names, if any."""
    try:
        document = read_inside(path)
        named = _MODELINE.search(text_of(path))
    except SpecError as error:
        return list(error.problems)
    sheet = Sheet(document)
    if named is not None:
        try:
            schema = whole(f"{named[1]}.json")
        except FileNotFoundError:
            return []
        sheet.take(check(document.data, schema))
    return sheet.problems
