"""Recorded responses and a panel file from disk, checked: every mistake with its file and line.

A folder holds ``MODEL.jsonl`` or ``MODEL.jsonl.gz`` with rows ``id``, ``prompt`` (optional) and
``response``.  The panel file is JSON: ``panel`` (maker: members), and optionally ``students``, ``bases``
(model: maker of its base model) and ``siblings`` (model: members of its own family).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from distill_tests.errors import BadRows, DataError, Problem
from distill_tests.lineage.panel import Known, Panel
from distill_tests.registry import Rows
from distill_tests.rows import readings, without_doubles
from distill_tests.types import Exhibit, Json, Model, Place, Score

SUFFIXES: Final = (".jsonl", ".jsonl.gz")
MOST_NAMED: Final = 20
MOST_WRONG: Final = 10_000
LARGEST_PANEL: Final = 8 * 2**20
"""Bytes; names of models and makers do not fill as many."""
KEYS: Final = ("panel", "students", "bases", "siblings")


@dataclass(frozen=True, slots=True)
class PanelFile:
    """``students`` are names only: under which maker the file has them is never used.

    ``unknown`` keys of the file are not read.
    """

    panel: Panel
    students: tuple[str, ...]
    known: Known
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """``answers``: model, prompt id, response.

    ``misaligned``: how many rows of a model answer another prompt than most files have under their id; they
    are left out, and count as missing.  ``prompts``: the text under each id, empty where no file has it.
    """

    answers: Mapping[str, Mapping[str, str]]
    misaligned: Mapping[str, int]
    prompts: Mapping[str, str]


class _Row(NamedTuple):
    prompt: str
    response: str


# --- responses ----------------------------------------------------------------------------------


def read_responses(folder: Path) -> Recorded:
    """The responses of each file; one that is null is empty, which counts as missing.

    Raises BadRows with every row that cannot be used, two rows of one id among them; DataError where the
    folder has no such file or one cannot be read.
    """
    problems: list[Problem] = []
    found = {model: _rows(path, problems) for model, path in sorted(_files(folder).items())}
    if problems:
        raise _bad(problems)
    usual = _usual_prompts(found.values())
    answers = {
        model: {key: row.response for key, row in rows.items() if row.prompt in ("", usual[key])}
        for model, rows in found.items()
    }
    lost = {model: len(rows) - len(answers[model]) for model, rows in found.items()}
    return Recorded(answers, {model: count for model, count in lost.items() if count}, usual)


def _usual_prompts(files: Iterable[Mapping[str, _Row]]) -> dict[str, str]:
    """The text that most files have under each id; of two as frequent, the first in the alphabet."""
    texts: dict[str, Counter[str]] = {}
    for rows in files:
        for key, row in rows.items():
            texts.setdefault(key, Counter()).update([row.prompt] if row.prompt else [])
    return {
        key: min(counts, key=lambda text: (-counts[text], text), default="") for key, counts in texts.items()
    }


def _files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise DataError(f"{folder}: not a folder; it holds one MODEL.jsonl or MODEL.jsonl.gz a model")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        suffix = next((one for one in SUFFIXES if path.name.endswith(one)), None)
        if suffix is None or path.name.startswith("."):
            continue
        model = path.name.removesuffix(suffix)
        if not path.is_file():
            raise DataError(f"{path}: cannot be read: it is no file")
        if model in found:
            raise DataError(f"{path}: {found[model].name} is the same model; leave one of them out")
        found[model] = path
    if not found:
        raise DataError(f"{folder}: no MODEL.jsonl and no MODEL.jsonl.gz")
    return found


def _rows(path: Path, problems: list[Problem]) -> dict[str, _Row]:
    """The usable rows by id; what is wrong, with the file itself too, is added to ``problems``."""
    found = {}
    try:
        for reading in readings(path, Rows(read=_exhibit, write=_nothing), models={}):
            if reading.exhibit is not None:
                found[reading.exhibit.id] = _Row(reading.exhibit.prompt, reading.exhibit.answer)
                continue
            place = Place(path=str(path), line=reading.line, column=1)
            problems.append(Problem(place=place, what=reading.problem or "cannot be read"))
            if len(problems) > MOST_WRONG:
                break
    except DataError as error:
        what = str(error).removeprefix(f"{path}: ")
        problems.append(Problem(place=Place(path=str(path), line=1, column=1), what=what))
    return found


def _bad(problems: Sequence[Problem]) -> BadRows:
    shown = [str(problem) for problem in problems[:MOST_NAMED]]
    if len(problems) > MOST_NAMED:
        shown.append(f"and {len(problems) - MOST_NAMED} more")
    return BadRows("\n".join(shown), problems)


def _exhibit(row: Mapping[str, Any], _: Mapping[str, Model]) -> Exhibit:
    identity, prompt, response = row.get("id"), row.get("prompt", ""), row.get("response")
    if not isinstance(identity, str | int) or isinstance(identity, bool) or identity == "":
        raise DataError(f"id is a text or a whole number (got {json.dumps(identity)[:60]})")
    if not isinstance(prompt, str):
        raise DataError(f"prompt is a text (got {type(prompt).__name__})")
    if "response" not in row or not isinstance(response, str | None):
        got = type(response).__name__ if "response" in row else "nothing"
        raise DataError(f"response is a text, or null where there was none (got {got})")
    return Exhibit(answer=response or "", id=str(identity), prompt=" ".join(prompt.split()))


def _nothing(_: Exhibit, __: Score) -> Mapping[str, Json]:
    return {}


# --- the panel file -----------------------------------------------------------------------------


def read_panel(path: Path) -> PanelFile:
    """Raises DataError that names the file and what is wrong in it."""
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: is not a file")
        if path.stat().st_size > LARGEST_PANEL:
            raise DataError(f"{path}: larger than {LARGEST_PANEL >> 20} MB; a panel file holds names only")
        stored = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=without_doubles)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not usable JSON: {error}") from error
    if not isinstance(stored, dict) or "panel" not in stored:
        raise DataError(f"{path}: no key 'panel'; it maps makers to lists of models")
    try:
        return PanelFile(
            panel=Panel(_lists(stored["panel"], "panel")),
            students=_students(stored.get("students", [])),
            known=Known(
                bases=_texts(stored.get("bases", {}), "bases"),
                siblings=_lists(stored.get("siblings", {}), "siblings"),
            ),
            unknown=tuple(sorted(set(stored) - set(KEYS))),
        )
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _students(stored: object) -> tuple[str, ...]:
    lists = _lists(stored, "students").values() if isinstance(stored, dict) else [_names(stored, "students")]
    names = [name for one in lists for name in one]
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise DataError(f"students: {twice[0]!r} stands there more than once")
    return tuple(names)


def _lists(stored: object, key: str) -> dict[str, Sequence[str]]:
    if not isinstance(stored, dict):
        raise DataError(f"{key}: a mapping to lists of models (got {type(stored).__name__})")
    return {name: _names(models, f"{key}: {name}") for name, models in stored.items()}


def _names(stored: object, where: str) -> list[str]:
    if not isinstance(stored, list) or not all(isinstance(name, str) and name for name in stored):
        raise DataError(f"{where}: a list of model names (got {json.dumps(stored)[:60]})")
    return stored


def _texts(stored: object, key: str) -> dict[str, str]:
    if not isinstance(stored, dict) or not all(isinstance(value, str | None) for value in stored.values()):
        raise DataError(f"{key}: a mapping from model to the maker of its base model, or null")
    return {name: value for name, value in stored.items() if value is not None}
