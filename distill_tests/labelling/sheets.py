"""A label sheet as text: CSV that spreadsheets open without running anything in it, or JSON lines."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Final

from distill_tests.display import visible
from distill_tests.labelling.answers import Answer, Audited
from distill_tests.labelling.drawing import Drawing, drawn, line_of
from distill_tests.record import dumps
from distill_tests.types import Json

SHOWN: Final = ("id", "question", "framing", "answer")
FILLED: Final = ("claimed", "note")
BINDING: Final = ("answer_sha256", "sheet")
MOST_CHARACTERS: Final = 30_000
"""A spreadsheet's cell holds 32,767; the rest of a longer answer stands in run.jsonl."""
_ACTS = re.compile(r"[\s'\u200b-\u200f\ufeff]*[=+\-@|%＝＋－＠]|'")
"""How a cell begins that a spreadsheet could take for a formula, or that could be taken for a guarded one."""


def sheet_text(about: Audited, drawing: Drawing, *, as_json: bool = False) -> str:
    """The sheet for ``drawing``: what was asked and answered, and empty columns; no verdict of the judge.

    CSV begins with a byte order mark, without which Excel takes UTF-8 for something else.
    """
    chosen = drawn(about, drawing)
    line = line_of(about, drawing)
    if as_json:
        return "".join(dumps(_object(answer, about.marks, line)) + "\n" for answer in chosen)
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns(about.marks))
    for answer in chosen:
        writer.writerow([guarded(str(value or "")) for value in _object(answer, about.marks, line).values()])
    return f"\ufeff{out.getvalue()}"


def columns(marks: Sequence[str]) -> tuple[str, ...]:
    """The columns in their order."""
    return (*SHOWN, *marks, *FILLED, *BINDING)


def guarded(text: str) -> str:
    """A cell that nothing acts in: what is unseen is written out, and an apostrophe stops a formula."""
    shown = visible(text[:MOST_CHARACTERS], newlines="keep")
    if len(text) > MOST_CHARACTERS:
        shown += f"\n[… {len(text) - MOST_CHARACTERS:,} more characters in run.jsonl …]"
    return f"'{shown}" if _ACTS.match(shown) else shown


def unguarded(cell: str) -> str:
    """A cell without its apostrophe."""
    return cell.removeprefix("'")


def _object(answer: Answer, marks: Sequence[str], line: str) -> Mapping[str, Json]:
    return {
        "id": answer.id,
        "question": answer.asked,
        "framing": answer.clusters.get("framing", ""),
        "answer": answer.text,
        **dict.fromkeys(marks),
        **dict.fromkeys(FILLED),
        "answer_sha256": answer.sha256,
        "sheet": line,
    }
