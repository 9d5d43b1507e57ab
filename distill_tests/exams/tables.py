"""Items out of the rows of one file: every row that cannot be used is named, all at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal

from distill_tests.exams.drafts import Draft, Table, read_table
from distill_tests.exams.findings import Findings, quoted
from distill_tests.exams.images import Images
from distill_tests.exams.items import Item, Split
from distill_tests.exams.matching import shown
from distill_tests.types import Image, Place

SPLITS: Final = ("dev", "val", "test")
Language = Literal["zh", "en"]
ALWAYS_FILLED: Final = 2 / 3
"""From this share of rows on, a last option that is empty is missing; below, rows differ in their number."""
_HAN: Final = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the name of a file says of all its rows; a column of the same name says it of one row."""

    task: str
    split: Split
    level: str | None = None
    subject: str | None = None
    group: str | None = None
    language: str | None = None


def items_of(path: Path, origin: Origin, findings: Findings) -> tuple[list[Item], str]:
    """The usable items of a file in its order, and its SHA-256."""
    table = read_table(path, findings)
    if (
        "answer" not in table.columns
        and table.columns
        and origin.split != "test"
        and "split" not in table.columns
    ):
        near = get_close_matches("answer", table.columns, n=1)
        allowed = f"a {origin.split} file has answers; a test file needs none"
        findings.wrong(1, 1, "no column 'answer'", f"is it {quoted(near[0])}?" if near else allowed)
        table.rows.clear()
    making = _Making(table, origin, findings, Images(path.parent))
    made: list[Item] = []
    for number, draft in enumerate(table.rows):
        item = making.item(number, draft)
        if item is not None:
            made.append(item)
        elif findings.is_enough:
            break
    return made, table.sha256


class _Making:
    """Items from the drafts of one table, and the ids that were seen."""

    def __init__(self, table: Table, origin: Origin, findings: Findings, images: Images) -> None:
        self._table, self._origin, self._findings, self._images = table, origin, findings, images
        self._lines: dict[tuple[str, str, str], int] = {}
        self._filled = _always_filled(table.rows)

    def item(self, number: int, draft: Draft) -> Item | None:
        """The item; None where something is wrong with its row."""
        before = len(self._findings.problems) + self._findings.unlisted
        task, split = self._told(draft, "task") or self._origin.task, self._split(draft)
        name = self._id(number, draft, task, split)
        options = {
            letter: shown(text)
            for letter, text in draft.options.items()
            if shown(text) or letter <= self._least_last(draft)
        }
        answer = self._answer(draft, name, split, options)
        images = self._all_images(draft)
        if len(self._findings.problems) + self._findings.unlisted > before:
            return None
        question = shown(draft.texts.get("question", ""))
        return Item(
            id=name,
            task=task,
            split=split,
            question=question,
            options=options,
            answer=answer,
            place=Place(path=self._findings.path, line=draft.line, column=self._table.column("question")),
            explanation=shown(draft.texts.get("explanation", "")) or None,
            level=self._told(draft, "level") or self._origin.level,
            subject=self._told(draft, "subject") or self._origin.subject,
            group=self._told(draft, "group") or self._origin.group,
            language=self._told(draft, "language") or self._origin.language or language_of([question]),
            passage=self._told(draft, "passage"),
            images=images,
        )

    def _told(self, draft: Draft, name: str) -> str | None:
        return draft.texts.get(name, "").strip() or None

    def _wrong(self, draft: Draft, column: str, what: str, allowed: str | None = None) -> None:
        self._findings.wrong(draft.line, self._table.column(column), what, allowed)

    def _split(self, draft: Draft) -> Split:
        told = self._told(draft, "split")
        for split in SPLITS:
            if told == split:
                return split
        if told is not None:
            self._wrong(draft, "split", f"split {quoted(told)} is not one of {', '.join(SPLITS)}")
        return self._origin.split

    def _id(self, number: int, draft: Draft, task: str, split: Split) -> str:
        """The id as the file has it; without such a column the number of the row, from 0."""
        if "id" not in draft.texts:
            return str(number)
        name = draft.texts["id"].strip()
        if not name:
            self._wrong(draft, "id", "no id")
        first = self._lines.setdefault((task, split, name), draft.line)
        if name and first != draft.line:
            self._wrong(draft, "id", f"id {quoted(name)} was already used on line {first}")
        return name

    def _least_last(self, draft: Draft) -> str:
        """The letter up to which an empty option is a missing one."""
        last = max((letter for letter, text in draft.options.items() if shown(text)), default="B")
        return max(last, self._filled, "B")

    def _answer(self, draft: Draft, name: str, split: Split, options: Mapping[str, str]) -> str | None:
        written = draft.texts.get("answer", "")
        if not written.strip():
            if split != "test":
                self._wrong(draft, "answer", f"no answer to item {quoted(name)}")
            return None
        letter = answer_letter(written)
        if letter not in options:
            allowed = ", ".join(options)
            self._wrong(
                draft, "answer", f"answer {quoted(written)} of item {quoted(name)} is not one of {allowed}"
            )
            return None
        if letter != written:
            what = f"answer {quoted(written)} of item {quoted(name)} is read as {letter}"
            self._findings.put_right(draft.line, self._table.column("answer"), what)
        return letter

    def _all_images(self, draft: Draft) -> tuple[Image, ...]:
        found = []
        column = "images" if "images" in self._table.columns else "image"
        for written in draft.images:
            image = self._images.at(written)
            if isinstance(image, str):
                self._wrong(draft, column, image)
            else:
                found.append(image)
        return tuple(found)


def answer_letter(written: str) -> str:
    """The letter somebody wrote, without spaces, full width and lower case; anything else as it is."""
    return unicodedata.normalize("NFKC", written).strip().upper()


def language_of(texts: Sequence[str]) -> Language:
    """Chinese where at least every other text has a Chinese character."""
    return "zh" if 2 * sum(bool(_HAN.search(text)) for text in texts) >= len(texts) > 0 else "en"


def _always_filled(rows: Sequence[Draft]) -> str:
    """The last letter that (nearly) every row has an option for."""
    counts: dict[str, int] = {}
    for row in rows:
        for letter, text in row.options.items():
            counts[letter] = counts.get(letter, 0) + bool(text.strip())
    return max(
        (letter for letter, count in counts.items() if count >= ALWAYS_FILLED * len(rows)), default="B"
    )
