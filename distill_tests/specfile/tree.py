"""The project that a file belongs to: what may be read for it.

A spec, its cards and its packs lie in one project: the git work tree around the folder with the cards, or
else the folder above that one.  ``..`` may lead anywhere inside; neither it nor a link leads out.
"""

from __future__ import annotations

from pathlib import Path

from distill_tests.errors import Problem, SpecError
from distill_tests.roots import CARDS, holds_cards
from distill_tests.specfile.files import shown_path, whole_path
from distill_tests.specfile.yamltext import Document, read
from distill_tests.types import Place


def project_of(path: Path) -> Path:
    """The project of a file, links followed; the file need not exist."""
    whole = whole_path(path)
    home = next((parent for parent in whole.parents if holds_cards(parent / CARDS)), whole.parent)
    home = resolved(home)
    for parent in (home, *home.parents):
        if (parent / ".git").exists():
            return parent
    return home.parent


def read_inside(path: Path) -> Document:
    """As :func:`yamltext.read`; raises SpecError for a link that leads out of the project."""
    project = project_of(path)
    target = resolved(path)
    if not target.is_relative_to(project):
        place = Place(path=shown_path(path), line=1, column=1)
        what = f"a link that leads out of the project, to {target}"
        raise SpecError([Problem(place=place, what=what, allowed=f"the project is {shown_path(project)}")])
    return read(path)


def resolved(path: Path) -> Path:
    """The path without links, as far as it can be followed: reading it says what is wrong with it."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a NUL
        return whole_path(path)
