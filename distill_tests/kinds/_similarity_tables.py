"""The tables of similarity audits, from records alone: targets x prompt sets, and the parts of likeness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from distill_tests.inference.clustered import clustered_mean
from distill_tests.inference.strata import mean_of_strata
from distill_tests.types import Cell, Estimate, Number, Table

DETAILS: Final = "likeness"
"""Under this key a score's details say what it was compared with."""
PARTS: Final = ("style", "logic", "content")
LEVEL: Final = 0.95
Record: TypeAlias = Mapping[str, Any]

_INTERVALS: Final = (
    "In brackets: 95 % intervals for prompts like these (cluster-robust by prompt; twins in two languages "
    "are one cluster). The mean of sets counts all sets the same; its interval joins theirs (MOVER)."
)
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
            self.missing += 1
        clusters = dict(row["clusters"]) or {"prompt": row["id"]}
        for trial in row["trials"]:
            score = trial["score"]
            if score["value"] is None:
                self.missing += 1
                continue
            self.values.append(float(score["value"]))
            self.marks.append(score["marks"])
            self.clusters.append(clusters)

    def overall(self) -> Estimate | None:
        return _mean(self.values, self.clusters, (1.0, 5.0))

    def part(self, mark: str) -> Estimate | None:
        found = [
            (one[mark], labels) for one, labels in zip(self.marks, self.clusters, strict=True) if mark in one
        ]
        return _mean([value for value, _ in found], [labels for _, labels in found], (0.0, 2.0))


def similarity_tables(records: Sequence[Record]) -> tuple[Table, ...]:
    """Two tables for each spec: likeness by set, and its parts; the second where the judge marks them."""
    by_spec: dict[str, list[Record]] = {}
    for row in records:
        by_spec.setdefault(row["spec"], []).append(row)
    return tuple(table for rows in by_spec.values() for table in _of_spec(rows))


def _of_spec(rows: Sequence[Record]) -> Iterator[Table]:
    cases = [row for row in rows if row["type"] == "case"]
    if not any(row["trials"] for row in cases):
        return
    title = rows[0]["title"]
    references = list(dict.fromkeys(_told(row, "reference") for row in cases if _told(row, "reference")))
    to = f" to {' and '.join(map(str, references))}" if references else ""
    yield _by_set(f"{title}: likeness{to}, 1 to 5", rows, cases)
    parts = _parts(f"{title}: style, logic and content, 0 to 2", rows, cases)
    if parts is not None:
        yield parts


# --- targets x sets -------------------------------------------------------------------------------


def _by_set(title: str, rows: Sequence[Record], cases: Sequence[Record]) -> Table:
    sets = sorted({str(row["groups"].get("set", "")) for row in cases})
    several = len(sets) > 1
    columns = ("target", *sets, *(("mean of sets",) if several else ()), "all prompts", "answers", "missing")
    body = [(target, *_of_target(of, sets, several=several)) for target, of in _by_target(cases).items()]
    for name, measured in _controls(rows, ("mean_overall",)).items():
        blank: tuple[Cell, ...] = (None,) * (len(sets) + several)
        whole = measured["mean_overall"]
        body.append((name, *blank, whole, whole.n, None))
    return Table(title=title, columns=columns, rows=tuple(body), notes=tuple(_notes(rows, cases)))


def _of_target(cases: Sequence[Record], sets: Sequence[str], *, several: bool) -> Iterator[Cell]:
    of_sets = {
        name: _answers(row for row in cases if str(row["groups"].get("set", "")) == name) for name in sets
    }
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


def _controls(rows: Sequence[Record], statistics: Sequence[str]) -> dict[str, dict[str, Number]]:
    """What gates relative to a control have measured of it, by statistic: its means over all prompts."""
    found: dict[str, dict[str, Number]] = {}
    for row in rows:
        gate, comparison = row.get("gate") or {}, row.get("comparison")
        baseline = gate.get("baseline") or {}
        if baseline.get("control") and comparison and gate["statistic"] in statistics:
            name = f"{baseline['model']} (control {baseline['control']})"
            value = Number(value=float(comparison["old_of_set"]), n=int(comparison["pairs"]))
            found.setdefault(name, {}).setdefault(gate["statistic"], value)
    return found


# --- style, logic, content ------------------------------------------------------------------------


def _parts(title: str, rows: Sequence[Record], cases: Sequence[Record]) -> Table | None:
    by_target = {target: _answers(of) for target, of in _by_target(cases).items()}
    marks = [mark for mark in PARTS if any(mark in one for of in by_target.values() for one in of.marks)]
    if not marks:
        return None
    body: list[tuple[Cell, ...]] = [
        (target, *(_number(answers.part(mark)) for mark in marks), len(answers.values))
        for target, answers in by_target.items()
    ]
    for name, measured in _controls(rows, [f"mean_{mark}" for mark in marks]).items():
        numbers = [measured.get(f"mean_{mark}") for mark in marks]
        body.append((name, *numbers, max(one.n or 0 for one in measured.values())))
    return Table(title=title, columns=("target", *marks, "answers"), rows=tuple(body))


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


def _notes(rows: Sequence[Record], cases: Sequence[Record]) -> Iterator[str]:
    yield _INTERVALS
    yield _MEANING
    everything = _answers(cases)
    if everything.not_asked:
        yield f"{_count(everything.not_asked, 'case')} not asked."
    if everything.missing:
        yield (
            f"{_count(everything.missing, 'answer')} missing: without a usable reply (of the target or the "
            "reference), or not scored; in no mean."
        )
    identical = sum(bool(told.get("identical")) for told in _details(cases))
    if identical:
        yield f"{_count(identical, 'pair')} of identical answers: 5, and no judge was asked."
    cut_off = sum(bool(told.get("cut_off")) for told in _details(cases))
    if cut_off:
        yield f"In {_count(cut_off, 'pair')} an answer reached max_tokens; what is judged is cut off there."
    left_out = {
        str(row["groups"].get("set", "")): told["rows_left_out"]
        for row in cases
        for told in _details([row])
        if told.get("rows_left_out")
    }
    for name, count in sorted(left_out.items()):
        yield f"{_count(count, 'row')} of the file of {name} cannot be used and were left out."
    if _controls(rows, [f"mean_{name}" for name in ("overall", *PARTS)]):
        yield "Controls are asked the same prompts and judged alike; gates compare prompt by prompt."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _details(cases: Iterable[Record]) -> Iterator[Mapping[str, Any]]:
    for row in cases:
        for trial in row["trials"]:
            told = trial["score"]["details"].get(DETAILS)
            if isinstance(told, Mapping):
                yield told


def _told(row: Record, key: str) -> Any:
    return next((told.get(key) for told in _details([row])), None)
