"""What ``distill-tests exam`` says of an exam's data, for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from distill_tests.exams.counts import Part, parts, with_fault
from distill_tests.exams.duplicates import Duplicate
from distill_tests.exams.items import Exam, Item
from distill_tests.exams.tables import SPLITS
from distill_tests.types import Json

MOST_LISTED: Final = 10
MOST_CHARACTERS: Final = 50
CLEAN: Final = "clean*"


def report(exam: Exam, *, most: int | None) -> Iterator[str]:
    """Counts by part, the items with each fault (``most`` of them; None: all), and what was put right."""
    found = parts(exam.items)
    tasks = len({item.task for item in exam.items})
    clean = sum(found[0].clean.values())
    yield (
        f"{count(len(exam.items), 'item')} of {count(tasks, 'task')} in {count(len(exam.files), 'file')}; "
        f"{clean:,} clean"
    )
    yield from _table(found)
    yield "* of val: items without a known fault"
    yield from _faults(exam, most)
    if exam.notes:
        yield ""
        yield f"put right on reading: {len(exam.notes):,}"
        yield from _listed([f"  {note}" for note in exam.notes], most)


def _table(found: Sequence[Part]) -> Iterator[str]:
    width = max(len(part.name) for part in found) + 2
    dimension = ""
    for part in found:
        if part.dimension != dimension:
            dimension = part.dimension
            yield ""
            yield f"{dimension:{width}}" + "".join(f"{name:>8}" for name in (*SPLITS, CLEAN))
        cells = "".join(f"{part.items[name] or '-':>8}" for name in SPLITS)
        yield f"{part.name:{width}}{cells}{part.clean['val'] or '-':>8}"


def _faults(exam: Exam, most: int | None) -> Iterator[str]:
    for fault, items in with_fault(exam.items).items():
        by_split = Counter(str(item.split) for item in items)
        told = ", ".join(f"{name} {by_split[name]}" for name in SPLITS if by_split[name])
        yield ""
        yield f"{fault}: {len(items):,} ({told})"
        yield from _listed([f"  {item_line(item)}" for item in items], most)


def _listed(lines: Sequence[str], most: int | None) -> Iterator[str]:
    yield from lines[:most]
    if most is not None and len(lines) > most:
        yield f"  … {len(lines) - most:,} more (--all)"


def item_line(item: Item) -> str:
    """Where an item stands, which it is, and how it begins."""
    text = " ".join(item.question.split())
    cut = text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
    return f"{item.place}: {item.task} {item.id}: {cut or '(blank)'}"


def pairs(found: Sequence[Duplicate], *, of: int) -> Iterator[str]:
    """Each pair on three lines, those across splits first."""
    across = sum(one.crosses_splits for one in found)
    yield f"{count(len(found), 'duplicate')} among {count(of, 'item')}, {across} of them across splits"
    for one in sorted(found, key=lambda pair: not pair.crosses_splits):
        splits = f"{one.first.split} and {one.second.split}" if one.crosses_splits else one.first.split
        yield f"{one.likeness} {one.similarity:.2f}, {splits}"
        yield f"  {item_line(one.first)}"
        yield f"  {item_line(one.second)}"


def as_json(exam: Exam) -> dict[str, Json]:
    """Counts, faults, notes, and the hash of every file."""
    return {
        "items": len(exam.items),
        "parts": [
            {
                "dimension": part.dimension,
                "name": part.name,
                "items": dict(part.items),
                "clean": dict(part.clean),
            }
            for part in parts(exam.items)
        ],
        "faults": [
            {"fault": str(fault), **_item_as_json(item)}
            for fault, items in with_fault(exam.items).items()
            for item in items
        ],
        "notes": [str(note) for note in exam.notes],
        "files": dict(exam.files),
    }


def pair_as_json(one: Duplicate) -> dict[str, Json]:
    return {
        "likeness": str(one.likeness),
        "similarity": round(one.similarity, 4),
        "first": _item_as_json(one.first),
        "second": _item_as_json(one.second),
    }


def _item_as_json(item: Item) -> dict[str, Json]:
    place: dict[str, Json] = {"path": item.place.path, "line": item.place.line}
    return {"task": item.task, "split": item.split, "id": item.id, "place": place}


def count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
