"""A gold file, row by row: what the judge is shown, which labels count, and what cannot be used.

Every bad row is named by file and line.  The file is refused if there are more of them than the spec
tolerates; those that it tolerates are counted and shown.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from distill_tests.errors import DataError, Problem, SpecError
from distill_tests.gold import GoldRow, GoldSet
from distill_tests.kinds._gold_labels import Labels
from distill_tests.kinds._gold_texts import Texts
from distill_tests.kinds._questions import guessed_language
from distill_tests.plan import set_hash
from distill_tests.registry import Declared, Rows
from distill_tests.rows import readings
from distill_tests.specfile.files import absent, shown_path
from distill_tests.types import Exhibit, Json, Place, Score, Spec

MOST_NAMED: Final = 50
MOST_WRONG: Final = 10_000
"""Bad rows; with more, unless the spec allows them, the rest of the file is not read."""
MOST_CHARACTERS: Final = 80
"""Of a language or a target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A usable row with its place and what it has in common with others."""

    line: int
    place: Place
    row: GoldRow
    clusters: Mapping[str, str]


@dataclass(slots=True)
class _Bad:
    """Rows that cannot be used; ``problems`` holds each with its line."""

    path: str
    allowed: int
    problems: list[Problem] = field(default_factory=list)

    def name(self, line: int, what: str) -> None:
        """Raises DataError where there are so many that the file is another one."""
        self.problems.append(Problem(place=Place(path=self.path, line=line, column=1), what=what))
        if len(self.problems) > max(MOST_WRONG, self.allowed):
            told = f"more than {len(self.problems) - 1:,} rows cannot be used; the first: {self.problems[0]}"
            raise DataError(f"{self.path}: {told}")


def gold_rows(spec: Spec, declared: Declared) -> tuple[Row, ...]:
    """The rows that count, in file order, the first with what is known of the set.

    Raises SpecError with every bad row if there are too many, or if no row is left.
    """
    section = spec.body["gold"]
    path = Path(spec.path).parent / section["jsonl"]
    if not path.exists():
        what, allowed = absent(path, written=section["jsonl"])
        raise SpecError([Problem(place=spec.place("gold", "jsonl"), what=what, allowed=allowed)])
    labels = Labels(spec, declared)
    bad = _Bad(shown_path(path), int(section.get("max_bad_rows", 0)))
    found, unused, left_out = [], 0, Counter[tuple[str, str]]()
    for line, row in _read(spec, path, labels, declared, bad):
        left_out.update(row.left_out.items())
        unused += not row.labels
        if row.labels:
            place = Place(path=bad.path, line=line, column=1)
            found.append(Row(line=line, place=place, row=row, clusters=_clusters(row)))
    _refuse(spec, bad, found)
    counted: dict[str, dict[str, int]] = {}
    for (name, reason), count in sorted(left_out.items()):
        counted.setdefault(name, {})[reason] = count
    about = GoldSet(
        path=bad.path,
        sha256=set_hash({one.row.exhibit.id: _content(one.row) for one in found}),
        annotators=section["annotators"],
        rows=len(found),
        names=tuple(dict.fromkeys(name for one in found for name in one.row.labels)),
        left_out=counted,
        unused=unused,
        bad_rows=tuple(str(problem) for problem in bad.problems[:MOST_NAMED]),
    )
    whole = [replace(one, row=replace(one.row, set_hash=about.sha256)) for one in found]
    return (replace(whole[0], row=replace(whole[0].row, about=about)), *whole[1:])


def _read(
    spec: Spec, path: Path, labels: Labels, declared: Declared, bad: _Bad
) -> Iterator[tuple[int, GoldRow]]:
    texts = Texts(spec, needs_identity=declared.needs_identity)

    def read(row: Mapping[str, Any], _models: Mapping[str, Any]) -> Exhibit:
        labels.of(row)  # what is wrong with them makes the row a bad one
        return texts.exhibit(row)

    first: dict[tuple[Hashable, ...], int] = {}
    try:
        for line, row, exhibit, problem in readings(path, Rows(read=read, write=_unused), models=spec.models):
            if exhibit is None:
                bad.name(line, problem or "cannot be used")
                continue
            earlier = first.setdefault(_shown(exhibit), line)
            if earlier != line:
                bad.name(line, f"the same response, question and framing as on line {earlier}")
                continue
            counting, left_out = labels.of(row)
            yield (
                line,
                GoldRow(
                    exhibit=exhibit,
                    labels=counting,
                    left_out=left_out,
                    language=_word(row, "language") or guessed_language(exhibit.question or exhibit.answer),
                    target=_word(row, "target", "model") or _name(exhibit),
                ),
            )
    except DataError as error:
        raise SpecError([Problem(place=spec.place("gold", "jsonl"), what=str(error))]) from None


def _unused(_exhibit: Exhibit, _score: Score) -> Mapping[str, Json]:
    raise NotImplementedError("rows of gold are read only")


def _refuse(spec: Spec, bad: _Bad, found: list[Row]) -> None:
    allowed, count = bad.allowed, len(bad.problems)
    if count > allowed:
        what = f"{count} {'row' if count == 1 else 'rows'} of {bad.path} cannot be used"
        place = spec.place("gold", "max_bad_rows") if allowed else spec.place("gold", "jsonl")
        head = Problem(place=place, what=what, allowed=f"max_bad_rows is {allowed}")
        more = [Problem(place=place, what=f"… and {count - MOST_NAMED} more")] if count > MOST_NAMED else []
        raise SpecError([head, *bad.problems[:MOST_NAMED], *more])
    if not found:
        what = f"{bad.path} has no row with a label that counts"
        raise SpecError([Problem(place=spec.place("gold"), what=what)])


def _shown(exhibit: Exhibit) -> tuple[Hashable, ...]:
    """All that the judge is shown."""
    one = exhibit
    return one.answer, one.question, one.framing, one.prompt, one.references, one.identity


def _clusters(row: GoldRow) -> dict[str, str]:
    """What a row shares with others; a row without framing, or question, shares it with none."""
    exhibit, alone = row.exhibit, f"row-{row.exhibit.id}"
    return {
        "template": _text_id(exhibit.framing) if exhibit.framing else alone,
        "question": _text_id(exhibit.question) if exhibit.question else alone,
        "target": row.target,
    }


def _text_id(text: str) -> str:
    return "text-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _word(row: Mapping[str, Any], *keys: str) -> str:
    """What results are split by, as far as a heading has room for it."""
    written = (row.get(key) for key in keys)
    return next((value[:MOST_CHARACTERS] for value in written if isinstance(value, str) and value), "")


def _name(exhibit: Exhibit) -> str:
    return exhibit.identity.name[:MOST_CHARACTERS] if exhibit.identity else ""


def _content(row: GoldRow) -> dict[str, Json]:
    """What the set's hash covers: all that the judge is shown, and the labels."""
    exhibit, identity = row.exhibit, row.exhibit.identity
    return {
        "answer": exhibit.answer,
        "question": exhibit.question,
        "framing": exhibit.framing,
        "references": list(exhibit.references),
        "recorded": dict(exhibit.recorded),
        "identity": [identity.name, identity.maker, *identity.aliases, *identity.country] if identity else [],
        "labels": dict(row.labels),
    }
