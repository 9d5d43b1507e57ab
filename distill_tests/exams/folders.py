"""Exams as folders of CSV files: E-EVAL's, C-Eval's, and whatever is named like them.

``{dev,val,test}/{Task}_{split}.csv``, or such files side by side.  What a file's name says of level, subject
and group is read off it: ``High_School_Biology`` is the task high_school_biology, of level high, subject
biology, group science.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from distill_tests.exams.items import Split
from distill_tests.exams.tables import SPLITS, Origin

ARTS: Final = frozenset({"chinese", "english", "politics", "history", "geography", "ethics"})
SCIENCE: Final = frozenset({"mathematics", "physics", "chemistry", "biology", "science"})
"""The two groups of E-EVAL (arXiv 2401.15927); its files do not have them.  Geography is one of the arts."""
_LEVEL: Final = re.compile(r"(primary|middle|high)_school_(.+)")
_NAME: Final = re.compile(r"(.+)_(dev|val|test)")


class Source(NamedTuple):
    """A file with what its name says, or what is wrong with its name."""

    path: Path
    origin: Origin | None
    problem: str | None = None


def sources(path: Path, *, split: Split = "val") -> Iterator[Source]:
    """The files of a folder in the order of splits and names, or the one file that ``path`` is.

    ``split`` is what a file has whose name does not tell.
    """
    if not path.is_dir():
        yield Source(path, origin_of(path, split=split))
        return
    for folder in (path, *(path / name for name in SPLITS)):
        for file in sorted(folder.glob("*.csv")):
            if file.name.startswith("."):
                continue  # what macOS writes beside a file, in archives
            origin = origin_of(file, split=split)
            if not _NAME.fullmatch(file.stem.lower()):
                yield Source(file, None, "the file's name does not end with _dev, _val or _test")
            elif folder != path and origin.split != folder.name:
                yield Source(file, None, f"a {origin.split} file in the folder {folder.name}")
            else:
                yield Source(file, origin)


def origin_of(path: Path, *, split: Split = "val") -> Origin:
    """What the name of a file says: ``Middle_School_Physics_test.csv``, ``computer_network_val.csv``."""
    stem = path.stem.lower()
    named = _NAME.fullmatch(stem)
    task = named[1] if named else stem
    found: Split = _SPLIT_OF[named[2]] if named else split
    levelled = _LEVEL.fullmatch(task)
    subject = levelled[2] if levelled else task
    return Origin(
        task=task,
        split=found,
        level=levelled[1] if levelled else None,
        subject=subject,
        group="arts" if subject in ARTS else "science" if subject in SCIENCE else None,
    )


_SPLIT_OF: Final[Mapping[str, Split]] = {"dev": "dev", "val": "val", "test": "test"}
