"""Small exams in temporary folders, all of their questions made up here."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from distill_tests.exams.items import Item, Split
from distill_tests.types import Place

HEADER = ("id", "question", "A", "B", "C", "D", "answer")
RIVER = ("0", "Which of these is a river?", "Oak", "Elbe", "Salt", "Moon", "B")
TRIANGLE = ("1", "三角形有几条边（    ）", "两条", "三条", "四条", "五条", "B")


def csv_text(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def folder(root: Path, files: Mapping[str, Sequence[Sequence[str]]]) -> Path:
    """``{"val/High_School_Biology_val.csv": rows}`` under ``root``; test files have no answers."""
    for name, rows in files.items():
        is_test = name.endswith("_test.csv")
        header = HEADER[:-1] if is_test else HEADER
        write(root / name, csv_text([row[: len(header)] for row in rows], header))
    return root


def item(
    question: str,
    *options: str,
    answer: str | None = "A",
    split: Split = "val",
    task: str = "zoo",
    id: str = "0",
    explanation: str | None = None,
) -> Item:
    return Item(
        id=id,
        task=task,
        split=split,
        question=question,
        options=dict(zip("ABCDEFGH", options or ("one", "two", "three", "four"), strict=False)),
        answer=answer,
        place=Place(path="made-up.csv", line=2, column=2),
        explanation=explanation,
    )
