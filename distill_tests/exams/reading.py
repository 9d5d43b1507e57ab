"""An exam from folders and files: read, checked, its shared passages found and its faults flagged."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from distill_tests.errors import DataError, Problem, SpecError
from distill_tests.exams.faults import flagged
from distill_tests.exams.findings import Findings
from distill_tests.exams.folders import Source, sources
from distill_tests.exams.items import Exam, Item, Split
from distill_tests.exams.matching import same_text
from distill_tests.exams.tables import items_of, language_of
from distill_tests.types import Place

SUFFIXES: Final = (".csv", ".tsv", ".jsonl")
PASSAGE_WIDTH: Final = 80
"""Questions of a task that begin alike for so long (a Chinese character counts 2) share a passage."""


def read_exam(paths: Iterable[Path], *, split: Split = "val", language: str | None = None) -> Exam:
    """The items of folders and files, with their faults.

    ``split``: of files whose name does not end with _dev, _val or _test.  ``language``: of items that have no
    such column; None: that of most questions of their folder, and of each question in a file.  Raises
    SpecError with every problem of every file, DataError where there is nothing to read.
    """
    items: list[Item] = []
    problems: list[Problem] = []
    notes: list[Problem] = []
    files: dict[str, str] = {}
    absent: dict[Path, str] = {}
    for path in paths:
        try:
            found = _found(path, split)
        except DataError as error:
            absent[path] = str(error)
            continue
        of_path: list[Item] = []
        for source in found:
            findings = Findings(str(source.path))
            if source.origin is None:
                findings.wrong(1, 1, source.problem or "cannot be read")
            elif str(source.path) not in files:
                read, files[str(source.path)] = items_of(source.path, source.origin, findings)
                of_path += read
            problems += findings.all_problems()
            notes += findings.notes
        items += _in_one_language(of_path, language, is_folder=path.is_dir())
    problems += _twice(items)
    if absent and not problems:
        raise DataError("\n".join(absent.values()))
    problems += [_as_problem(path, what) for path, what in absent.items()]
    if problems:
        raise SpecError(problems)
    return Exam(items=flagged(_with_passages(items)), notes=tuple(notes), files=files)


def _as_problem(path: Path, what: str) -> Problem:
    place = Place(path=str(path), line=1, column=1)
    return Problem(place=place, what=what.removeprefix(f"{path}:").removeprefix("1:").strip())


def _found(path: Path, split: Split) -> list[Source]:
    try:
        is_there = path.exists()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    if not is_there:
        raise DataError(f"{path}: no such file or folder")
    if not path.is_dir() and path.suffix.lower() not in SUFFIXES:
        raise DataError(f"{path}:1: an exam is a folder, or a file that ends with {', '.join(SUFFIXES)}")
    found = list(sources(path, split=split))
    if not found:
        raise DataError(
            f"{path}: holds no exam; wanted: dev, val, test with files like Task_val.csv, or such files"
        )
    return found


def _in_one_language(items: Sequence[Item], language: str | None, *, is_folder: bool) -> list[Item]:
    if language is None and is_folder and items:
        language = language_of([item.question for item in items])
    if language is None:
        return list(items)
    return [item if item.language == language else replace(item, language=language) for item in items]


def _twice(items: Sequence[Item]) -> list[Problem]:
    """Items of two files that nobody could tell apart."""
    first: dict[tuple[str, str, str], Item] = {}
    found = []
    for item in items:
        other = first.setdefault((item.task, item.split, item.id), item)
        if other is not item and other.place.path != item.place.path:
            what = f"item '{item.id}' of {item.task}, {item.split}, stands in {other.place} too"
            found.append(Problem(place=item.place, what=what))
    return found


def _with_passages(items: Sequence[Item]) -> list[Item]:
    """Items whose questions begin with the same long text, by its hash; a passage that a file names stays."""
    heads = [None if item.passage else _head(item.question) for item in items]
    count: dict[tuple[str, str], int] = defaultdict(int)
    for item, head in zip(items, heads, strict=True):
        if head is not None:
            count[item.task, head] += 1
    return [
        replace(item, passage=hashlib.sha256(head.encode("utf-8")).hexdigest()[:16])
        if head is not None and count[item.task, head] > 1
        else item
        for item, head in zip(items, heads, strict=True)
    ]


def _head(question: str) -> str | None:
    """The first characters of a question up to the width of a passage; None of a shorter one."""
    width = 0
    text = same_text(question)
    for index, char in enumerate(text):
        width += 2 if char > "\u2e7f" else 1
        if width >= PASSAGE_WIDTH:
            return text[: index + 1]
    return None
