"""E-EVAL's leaderboard file: written from answers, and checked.

One JSON object: 23 lower-case tasks, each an object from ids, as strings, to one letter; every id of the test
files. An answer that is missing or invalid is named; it is filled in only where that was asked for, and never
at random.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from distill_tests.errors import DataError
from distill_tests.exams.findings import quoted
from distill_tests.exams.items import Item

TASKS: Final = (
    *(
        f"high_school_{name}"
        for name in ("biology", "chemistry", "chinese", "english", "geography", "history")
    ),
    *("high_school_mathematics", "high_school_physics", "high_school_politics"),
    *(
        f"middle_school_{name}"
        for name in ("biology", "chemistry", "chinese", "english", "geography", "history")
    ),
    *("middle_school_mathematics", "middle_school_physics", "middle_school_politics"),
    *(f"primary_school_{name}" for name in ("chinese", "english", "ethics", "mathematics", "science")),
)
"""The 23 keys, sorted."""
SAMPLE_SIZES: Final = {"middle_school_physics": 152}
"""Rows of the published sample where the data have one more.

A row without a question stands at id 13 of this task, so that the key may have been made from one row less:
answers after it may be compared with the wrong ones.
"""
UNRELIABLE: Final = (
    "the published sample has ids 0 to {last} where the data have {rows} rows, one of them without a "
    "question: ids may be shifted by one in the leaderboard's key, take its score of this task as unreliable"
)
WANTED: Final = "ids up to {last} are wanted, later ones may be there"
LARGEST_FILE: Final = 16 * 2**20
MOST_NAMED: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """The text of a leaderboard file; what was filled in by request is named, warnings are for the sender."""

    text: str
    answers: int
    filled: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def submission(
    items: Iterable[Item],
    answers: Mapping[tuple[str, str], str],
    *,
    fill: str | None = None,
    is_whole: bool = False,
) -> Submission:
    """The leaderboard file for the test ``items``, from letters by task and id.

    ``is_whole``: with the row that the sample submission does not have.  ``fill`` is a letter that stands for
    missing and invalid answers; without it DataError names them all, task by task.
    """
    items = list(items)
    wanted = expected(items, is_whole=is_whole)
    problems = _absent(wanted)
    found: dict[str, dict[str, str]] = {}
    filled: list[str] = []
    for task in TASKS:
        found[task], lacking = _of_task(wanted.get(task, {}), task, answers, fill)
        filled += [f"{task}/{name}" for name in found[task] if answers.get((task, name)) != found[task][name]]
        problems += [f"{task}: {what}" for what in lacking]
    if problems:
        raise DataError("\n".join(("no leaderboard file without every answer:", *problems)))
    return Submission(
        text=json.dumps(found, indent=1) + "\n",
        answers=sum(len(of_task) for of_task in found.values()),
        filled=tuple(filled),
        warnings=_size_warnings(
            items, "all rows are written" if is_whole else "ids up to {last} are written"
        ),
    )


def _of_task(
    wanted: Mapping[str, Sequence[str]],
    task: str,
    answers: Mapping[tuple[str, str], str],
    fill: str | None,
) -> tuple[dict[str, str], list[str]]:
    """Letters by id, and which of them are missing or invalid."""
    found: dict[str, str] = {}
    missing: list[str] = []
    invalid: list[str] = []
    for name, options in wanted.items():
        letter = answers.get((task, name))
        if letter is not None and letter in options:
            found[name] = letter
        elif fill is not None and fill in options:
            found[name] = fill
        else:
            (missing if letter is None else invalid).append(name)
    lacking = [f"no answer to {_named(missing)}"] if missing else []
    lacking += [f"no single letter in the reply to {_named(invalid)}"] if invalid else []
    return found, lacking


def expected(items: Iterable[Item], *, is_whole: bool = False) -> dict[str, dict[str, Sequence[str]]]:
    """The letters that may answer each test item of the leaderboard's tasks, by task and id, in order."""
    found: dict[str, dict[str, Sequence[str]]] = {}
    for item in sorted((one for one in items if one.split == "test" and one.task in TASKS), key=_by_number):
        size = None if is_whole else SAMPLE_SIZES.get(item.task)
        if size is None or _by_number(item)[1] < size:
            found.setdefault(item.task, {})[item.id] = tuple(item.options)
    return found


def _by_number(item: Item) -> tuple[str, int, str]:
    is_number = item.id.isdecimal() and len(item.id) < 19
    return item.task, int(item.id) if is_number else 2**63, item.id


def _absent(wanted: Mapping[str, Any]) -> list[str]:
    return [f"{task}: no test items in the data" for task in TASKS if task not in wanted]


def _size_warnings(items: Iterable[Item], written: str = WANTED) -> tuple[str, ...]:
    rows = {task: len(ids) for task, ids in expected(items, is_whole=True).items()}
    return tuple(
        f"{task}: {UNRELIABLE.format(last=size - 1, rows=rows[task])}; {written.format(last=size - 1)}"
        for task, size in SAMPLE_SIZES.items()
        if rows.get(task, 0) > size
    )


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return f"{len(names):,}: {', '.join(names[:MOST_NAMED])}{more}"


# --- checking ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A leaderboard file that was read: what is wrong with it, by JSON path, and warnings to its sender."""

    answers: int
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def checked(path: Path, items: Sequence[Item]) -> Checked:
    """Every problem of a leaderboard file at once.

    Raises DataError for a file that is no JSON object, and for data that lack one of the leaderboard's tasks.
    """
    wanted, whole = expected(items), expected(items, is_whole=True)
    if absent := _absent(whole):
        raise DataError("\n".join(("nothing to check a leaderboard file by:", *absent)))
    told = _read(path)
    problems = list(_key_problems(told, whole))
    count = 0
    for task, given in told.pairs:
        if task in whole and isinstance(given, _Object):
            count += len(given.pairs)
            problems += _answer_problems(f"$.{task}", given, wanted[task], whole[task])
        elif task in whole:
            problems.append(f"$.{task}: no object of letters by id (got {_kind(given)})")
    return Checked(answers=count, problems=tuple(problems), warnings=_size_warnings(items))


@dataclass(frozen=True, slots=True)
class _Object:
    """A JSON object with its keys as written: one may stand there twice."""

    pairs: list[tuple[str, Any]]


def _read(path: Path) -> _Object:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise DataError(f"{path}:1: larger than {LARGEST_FILE // 2**20} MB: no leaderboard file")
        raw = path.read_bytes()
        if raw.startswith(b"\xef\xbb\xbf"):
            raise DataError(f"{path}:1:1: starts with a byte order mark; save it as UTF-8 without one")
        told = json.loads(raw.decode("utf-8"), object_pairs_hook=_Object)
    except OSError as error:
        raise DataError(f"{path}:1: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}:1: byte {error.start + 1} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}:1: not usable JSON: {error}") from None
    if not isinstance(told, _Object):
        raise DataError(f"{path}:1:1: no JSON object of tasks (got {_kind(told)})")
    return told


def _key_problems(told: _Object, wanted: Mapping[str, Any]) -> Iterator[str]:
    keys = Counter(key for key, _ in told.pairs)
    for key, times in keys.items():
        if times > 1:
            yield f"$.{_key(key)}: stands in the file {times} times"
        if key not in wanted:
            near = (
                key.lower()
                if key.lower() in wanted
                else next(iter(get_close_matches(key, wanted, n=1)), None)
            )
            yield f"$.{_key(key)}: no task of the test data" + (f"; did you mean {near!r}?" if near else "")
    for task in wanted:
        if task not in keys:
            yield f"$.{task}: missing, with {len(wanted[task]):,} answers"


def _answer_problems(
    path: str, given: _Object, wanted: Mapping[str, Sequence[str]], whole: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    seen: set[str] = set()
    for key, letter in given.pairs:
        here = f'{path}["{_key(key)}"]'
        if key in seen:
            yield f"{here}: stands in the file twice"
        elif key not in whole:
            yield f"{here}: no such id in the test data"
        elif not isinstance(letter, str):
            yield f"{here}: no letter (got {_kind(letter)}); {', '.join(whole[key])}"
        elif letter not in whole[key]:
            hint = (
                f"; did you mean {letter.strip().upper()!r}?" if letter.strip().upper() in whole[key] else ""
            )
            yield f"{here}: {quoted(letter)} is not one of {', '.join(whole[key])}{hint}"
        seen.add(key)
    missing = [name for name in wanted if name not in seen]
    if missing:
        yield f"{path}: no answer to {_named(missing)}"


def _key(key: str) -> str:
    return quoted(key)[1:-1]


def _kind(value: Any) -> str:
    names = {_Object: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
