"""The questions that an exam spec names, and the solved ones that may stand before them."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from distill_tests.errors import DataError, Problem, SpecError
from distill_tests.exams.faults import with_leaks
from distill_tests.exams.items import Exam, Item, Split
from distill_tests.exams.reading import read_exam
from distill_tests.kinds._exam_setting import settings_of
from distill_tests.specfile.files import absent, shown_path
from distill_tests.types import Spec

FILES = ("csv", "jsonl")


class Questions(NamedTuple):
    """``shots`` by task, in the order of their file; ``shots_from`` says where more would come from."""

    items: Sequence[Item]
    shots: Mapping[str, Sequence[Item]]
    shots_from: str


def questions_of(spec: Spec, problems: list[Problem]) -> Questions:
    """What the spec's data hold; what is wrong with them goes to ``problems``."""
    data, wanted = spec.body["data"], _split(spec)
    before = len(problems)
    if "folder" in data:
        shots_from = "a folder dev with Task_dev.csv files"
        read = _read(spec, "folder", problems, split=wanted)
        solved = read
    else:
        key = next(name for name in FILES if name in data)
        shots_from = "data.shots: files of solved questions"
        read = _read(spec, key, problems, split=wanted)
        solved = _read(spec, "shots", problems, split="dev") if "shots" in data else ()
        read = with_leaks(read, solved)
    items = [item for item in read if item.split == wanted]
    if not items and len(problems) == before:
        what = f"the data have no questions of split {wanted!r}"
        splits = sorted({item.split for item in read})
        allowed = f"there are: {', '.join(splits) or 'none'}"
        problems.append(Problem(place=spec.place("data"), what=what, allowed=allowed))
    if wanted == "dev" and any(setting.shots for setting in settings_of(spec)):
        what = "the questions of split dev are the shots: no question may stand before itself"
        problems.append(Problem(place=spec.place("split"), what=what, allowed="split: val, or shots: 0"))
    shots: dict[str, list[Item]] = {}
    # A pattern for the questions may name the files of the shots, too.
    for item in {(item.place.path, item.place.line): item for item in (*solved, *read)}.values():
        if item.split == "dev" and item.answer is not None:
            shots.setdefault(item.task, []).append(item)
    return Questions(items, shots, shots_from)


def _split(spec: Spec) -> Split:
    split: Split = spec.body.get("split", "val")
    return split


def _read(spec: Spec, key: str, problems: list[Problem], *, split: Split) -> Sequence[Item]:
    """The items of all files under a key of ``data``; none, and a problem, where they cannot be read."""
    paths = _paths(spec, key, problems)
    if not paths:
        return ()
    try:
        exam: Exam = read_exam(paths, split=split)
    except SpecError as error:
        problems += error.problems
    except DataError as error:
        problems.append(Problem(place=spec.place("data", key), what=str(error)))
    else:
        return exam.items
    return ()


def _paths(spec: Spec, key: str, problems: list[Problem]) -> list[Path]:
    """The files and folders that the patterns under a key name, in the order of names."""
    written: Any = spec.body["data"][key]
    found: dict[Path, None] = {}
    for number, pattern in enumerate(written if isinstance(written, list) else [written]):
        whole = Path(spec.path).parent / pattern
        matches = [str(whole)]
        if glob.has_magic(pattern):
            matches = sorted(glob.glob(str(whole), recursive=True))  # noqa: PTH207  # it may be an absolute path
        place = spec.place("data", key, number) if isinstance(written, list) else spec.place("data", key)
        if not matches:
            what = f"no file is called {pattern!r}"
            problems.append(Problem(place=place, what=what, allowed="paths are relative to this file"))
        for match in matches:
            path = Path(match)
            if not path.exists():
                what, allowed = absent(path, written=pattern)
                problems.append(Problem(place=place, what=what, allowed=allowed))
            else:
                found[Path(shown_path(path))] = None
    return list(found)
