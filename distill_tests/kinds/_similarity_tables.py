"""The tables of similarity audits, from records alone: targets x prompt sets, and the parts of likeness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from distill_tests.display import plural, shorten
from distill_tests.inference.clustered import clustered_mean
from distill_tests.inference.strata import mean_of_strata
from distill_tests.tables import tables_by_spec
from distill_tests.types import Cell, Estimate, Number, Table

DETAILS: Final = "likeness"
"""Under this key a score's details say what it was compared with."""
PARTS: Final = ("style", "logic", "content")
LEVEL: Final = 0.95
MOST_CHARACTERS: Final = 160
"""Of a control's trouble in a note."""
Record: TypeAlias = Mapping[str, Any]

_INTERVALS: Final = (
    "In brackets: 95 % intervals for prompts like these (cluster-robust by prompt; twins in two languages "
    "are one cluster). The mean of sets counts all sets the same; its interval joins theirs (MOVER)."
)
_SHORT: Final = "In brackets: 95 % intervals for prompts like these."
_MEANING: Final = (
    "Good models resemble each other because they are good: likeness alone does not show that one learned "
    "from the other."
)


@dataclass(slots=True)
class _Answers:
    """Scored answers of one target, each with its prompt's cluster; what was asked and is not scored."""

    values: list[float] = field(default_factory=list)
    marks: list[Mapping[str, float]] = field(default_factory=list)
    clusters: list[Mapping[str, str]] = field(default_factory=list)
    missing: int = 0
    not_asked: int = 0

    def add(self, row: Record) -> None:
        if row["verdict"] == "skipped":
            self.not_asked += 1
        elif not row["trials"]:
            self.missing += row["repeats"]
        for trial in row["trials"]:
            self.take(trial["score"], row)

    def take(self, score: Mapping[str, Any], row: Record) -> None:
        """One answer; without a value it is missing."""
        if score["value"] is None:
            self.missing += 1
            return
        self.values.append(float(score["value"]))
        self.marks.append(score["marks"])
        self.clusters.append(dict(row["clusters"]) or {"prompt": row["id"]})

    def overall(self) -> Estimate | None:
        return _mean(self.values, self.clusters, (1.0, 5.0))

    def part(self, mark: str) -> Estimate | None:
        found = [
            (one[mark], labels) for one, labels in zip(self.marks, self.clusters, strict=True) if mark in one
        ]
        return _mean([value for value, _ in found], [labels for _, labels in found], (0.0, 2.0))


def similarity_tables(records: Sequence[Record]) -> tuple[Table, ...]:
    """Two tables for each spec: likeness by set, and its parts; the second where the judge marks them."""
    return tables_by_spec(records, _of_spec)


def _of_spec(rows: Sequence[Record]) -> Iterator[Table]:
    cases = [row for row in rows if row["type"] == "case"]
    repeats = max((len(row["trials"]) for row in cases), default=0)
    if not repeats:
        return
    cases = [{**row, "repeats": repeats} for row in cases]
    title = rows[0]["title"]
    references = list(dict.fromkeys(_told(row, "reference") for row in cases if _told(row, "reference")))
    to = f" to {' and '.join(map(str, references))}" if references else ""
    yield _by_set(f"{title}: likeness{to}, 1 to 5", cases)
    parts = _parts(f"{title}: style, logic and content, 0 to 2", cases)
    if parts is not None:
        yield parts


# --- targets x sets -------------------------------------------------------------------------------


def _by_set(title: str, cases: Sequence[Record]) -> Table:
    sets = sorted({_set(row) for row in cases})
    several = len(sets) > 1
    columns = ("target", *sets, *(("mean of sets",) if several else ()), "all prompts", "answers", "missing")
    measured = {**_by_target(cases), **_controls(cases)}
    body = [(name, *_of_target(of, sets, several=several)) for name, of in measured.items()]
    return Table(title=title, columns=columns, rows=tuple(body), notes=tuple(_notes(cases)))


def _of_target(cases: Sequence[Record], sets: Sequence[str], *, several: bool) -> Iterator[Cell]:
    of_sets = {name: _answers(row for row in cases if _set(row) == name) for name in sets}
    estimates = {name: answers.overall() for name, answers in of_sets.items()}
    for name in sets:
        yield _number(estimates[name])
    if several:
        # A set of which this target has nothing scored has no mean, and so neither have all of them.
        known = [one for one in estimates.values() if one is not None]
        joined = mean_of_strata(known) if len(known) == len(sets) else None
        n = sum(one.n for one in known)
        yield (
            Number(value=joined.value, low=joined.low, high=joined.high, n=n)
            if joined
            else Number(value=None)
        )
    everything = _answers(cases)
    yield _number(everything.overall())
    yield len(everything.values)
    yield everything.missing


def _set(row: Record) -> str:
    return str(row["groups"].get("set", ""))


# --- controls -------------------------------------------------------------------------------------


def _controls(cases: Sequence[Record]) -> dict[str, list[Record]]:
    """The answers of each control as rows like a target's, each prompt once whichever target it stood beside.

    A prompt that was asked and at which no target's record tells of the control is missing.
    """
    names = {name: told["model"] for row in cases for name, told in _told_controls(row)}
    found: dict[str, list[Record]] = {}
    for name, model in names.items():
        rows: dict[str, Record] = {}
        for row in cases:
            rows[row["id"]] = _fuller(rows.get(row["id"]), _as_row(row, name))
        found[f"{model} (control {name})"] = list(rows.values())
    return found


def _as_row(row: Record, name: str) -> Record:
    scores = [told for trial in _details([row]) if (told := _controls_in(trial).get(name)) is not None]
    return {**row, "trials": [{"score": {"details": {}, **score}} for score in scores]}


def _fuller(one: Record | None, other: Record) -> Record:
    """Which of two rows of one prompt tells more: more scores, and asked before not asked."""
    return other if one is None or _worth(other) > _worth(one) else one


def _worth(row: Record) -> tuple[int, bool]:
    return sum(trial["score"]["value"] is not None for trial in row["trials"]), row["verdict"] != "skipped"


def _told_controls(row: Record) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for told in _details([row]):
        yield from _controls_in(told).items()


def _controls_in(told: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Records of before have none."""
    found: Mapping[str, Mapping[str, Any]] = told.get("controls") or {}
    return found


# --- style, logic, content ------------------------------------------------------------------------


def _parts(title: str, cases: Sequence[Record]) -> Table | None:
    rows = {**_by_target(cases), **_controls(cases)}
    measured = {name: _answers(of) for name, of in rows.items()}
    marks = [mark for mark in PARTS if any(mark in one for of in measured.values() for one in of.marks)]
    if not marks:
        return None
    body: list[tuple[Cell, ...]] = [
        (name, *(_number(answers.part(mark)) for mark in marks), len(answers.values))
        for name, answers in measured.items()
    ]
    return Table(title=title, columns=("target", *marks, "answers"), rows=tuple(body), notes=(_SHORT,))


# --- numbers and notes ----------------------------------------------------------------------------


def _by_target(cases: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for row in cases:
        found.setdefault(row["target"], []).append(row)
    return found


def _answers(rows: Iterable[Record]) -> _Answers:
    answers = _Answers()
    for row in rows:
        answers.add(row)
    return answers


def _mean(
    values: Sequence[float], clusters: Sequence[Mapping[str, str]], scale: tuple[float, float]
) -> Estimate | None:
    return clustered_mean(values, clusters, level=LEVEL, scale=scale) if values else None


def _number(found: Estimate | None) -> Number:
    if found is None:
        return Number(value=None)
    return Number(value=found.value, low=found.low, high=found.high, n=found.n)


def _notes(cases: Sequence[Record]) -> Iterator[str]:
    """What is missing first, in one note with the intervals: a terminal shows no other."""
    yield " ".join([*_lacking(cases), _INTERVALS])
    yield _MEANING
    identical = sum(bool(told.get("identical")) for told in _details(cases))
    if identical:
        yield f"{plural(identical, 'pair')} of identical answers: 5, and no judge was asked."
    if _controls(cases):
        yield (
            "Controls are asked the same prompts, judged against the same reference and counted once for all "
            "targets; gates compare prompt by prompt."
        )


def _lacking(cases: Sequence[Record]) -> Iterator[str]:
    """In a sentence each: what was not asked, is missing, is cut off, was left out of the files."""
    everything = _answers(cases)
    if everything.not_asked:
        yield f"{plural(everything.not_asked, 'case')} not asked."
    if everything.missing:
        yield (
            f"{plural(everything.missing, 'answer')} missing: without a usable reply (of the target or the "
            "reference), or not scored; in no mean."
        )
    for name, rows in _controls(cases).items():
        if missing := _answers(rows).missing:
            yield f"{plural(missing, 'answer')} of {name} missing{_why(rows)}; in no mean."
    cut_off = sum(bool(told.get("cut_off")) for told in _details(cases))
    if cut_off:
        yield f"In {plural(cut_off, 'pair')} an answer reached max_tokens; what is judged is cut off there."
    left_out = {
        _set(row): told["rows_left_out"]
        for row in cases
        for told in _details([row])
        if told.get("rows_left_out")
    }
    for name, count in sorted(left_out.items()):
        yield f"{plural(count, 'row')} of the file of {name} cannot be used and were left out."


def _why(rows: Sequence[Record]) -> str:
    """The first trouble in words, cut short; it may be an endpoint's text."""
    told = (trial["score"].get("missing") for row in rows for trial in row["trials"])
    first = next(filter(None, told), None)
    return f" (first: {shorten(str(first), MOST_CHARACTERS)})" if first else ""


def _details(cases: Iterable[Record]) -> Iterator[Mapping[str, Any]]:
    for row in cases:
        for trial in row["trials"]:
            told = trial["score"]["details"].get(DETAILS)
            if isinstance(told, Mapping):
                yield told


def _told(row: Record, key: str) -> Any:
    return next((told.get(key) for told in _details([row])), None)
