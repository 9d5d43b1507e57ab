"""The tables of caption audits, from records alone: scores, cheap metrics beside, how scores were read."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from distill_tests.display import plural
from distill_tests.inference.clustered import clustered_mean
from distill_tests.kinds._caption_setting import DIMENSIONS, SCALE
from distill_tests.kinds._caption_showing import DETAILS
from distill_tests.tables import tables_by_spec
from distill_tests.types import Cell, Number, Table

LEVEL: Final = 0.95
PATHS: Final[Mapping[str, str]] = {
    "published": "published rule",
    "whole_number": "whole-number tokens",
    "digit_tree": "digit tree",
    "sampled": "sampled scores",
    "stated": "the stated number",
}
"""How a score was read off its judge model's replies, the surest first."""
BY_TOKENS: Final = ("published", "whole_number", "digit_tree")
BESIDE: Final[Mapping[str, tuple[str, float, tuple[float, float] | None]]] = {
    "chrf": ("chrF", 100.0, SCALE),
    "bleu_4": ("BLEU-4", 100.0, SCALE),
    "rouge_l": ("ROUGE-L", 100.0, SCALE),
    "cider_d": ("CIDEr-D x 10", 10.0, SCALE),
    "words": ("words", 1.0, None),
}
"""Name, what it is multiplied by, and the scale it then has."""
Record: TypeAlias = Mapping[str, Any]

_INTERVALS: Final = "In brackets: 95 % intervals for items like these (cluster-robust by clip)."
_CONTROLS: Final = "A control's mean is over the items on which it and the target are both scored."
_NOT_PEOPLE: Final = (
    "How far a judge agrees with people is not measured here but by kind calibration, beside how far people "
    "agree with each other (docs/captions.md)."
)


class _Row(NamedTuple):
    """What one line of a table is about."""

    name: str
    cases: Sequence[Record]


class _Judged(NamedTuple):
    """A trial's score in a record, and the cluster of its case."""

    score: Record
    clusters: Mapping[str, str]

    @property
    def path(self) -> str | None:
        return self.score["details"].get("path") if self.score["value"] is not None else None


def caption_tables(records: Sequence[Record]) -> tuple[Table, ...]:
    """For each spec: scores by target and language, metrics beside, and how a judge model's were read."""
    return tables_by_spec(records, _of_spec)


def _of_spec(rows: Sequence[Record]) -> Iterator[Table]:
    cases = [row for row in rows if row["type"] == "case"]
    if not any(row["trials"] for row in cases):
        return
    title, told = rows[0]["title"], list(_rows(cases))
    yield _scores(title, rows, cases, told)
    if any(_metric(one, name) is not None for one in _judged(cases) for name in BESIDE):
        yield _metrics(title, told)
    if any(one.path for one in _judged(cases)):
        yield _readings(title, told)


def _rows(cases: Sequence[Record]) -> Iterator[_Row]:
    """A target, and each of its languages where there are several."""
    by_target: dict[str, list[Record]] = {}
    for row in cases:
        by_target.setdefault(row["target"], []).append(row)
    for target, of in by_target.items():
        yield _Row(target, of)
        languages = sorted({row["groups"].get("language", "") for row in of})
        for language in languages if len(languages) > 1 else ():
            yield _Row(
                f"{target}, {language}", [row for row in of if row["groups"].get("language", "") == language]
            )


def _judged(cases: Sequence[Record]) -> list[_Judged]:
    return [
        _Judged(trial["score"], dict(row["clusters"]) or {"case": row["id"]})
        for row in cases
        for trial in row["trials"]
    ]


# --- scores ---------------------------------------------------------------------------------------


def _scores(title: str, rows: Sequence[Record], cases: Sequence[Record], told: Sequence[_Row]) -> Table:
    marks = [name for name in DIMENSIONS if any(name in one.score["marks"] for one in _judged(cases))]
    head = "average" if len(marks) == len(DIMENSIONS) else "score"
    body: list[tuple[Cell, ...]] = [
        (
            row.name,
            *(_mean([(one.score["marks"].get(name), one) for one in _scored(row)]) for name in marks),
            _mean([(one.score["value"], one) for one in _scored(row)]),
            len(_scored(row)),
            _asked(row.cases),
        )
        for row in told
    ]
    names = [*(f"mean_{name}" for name in marks), "mean_average", "mean_score"]
    controls = _controls(rows, names)
    for name, measured in controls.items():
        whole = measured.get("mean_average") or measured.get("mean_score")
        numbers = [measured.get(f"mean_{mark}") for mark in marks]
        body.append((name, *numbers, whole, max(one.n or 0 for one in measured.values()), None))
    columns = ("target", *marks, head, "scored", "of")
    notes = (*_notes(cases), *((_CONTROLS,) if controls else ()))
    return Table(title=f"{title}: 0 to 100", columns=columns, rows=tuple(body), notes=notes, digits=1)


def _scored(row: _Row) -> list[_Judged]:
    return [one for one in _judged(row.cases) if one.score["value"] is not None]


def _asked(cases: Sequence[Record]) -> int:
    """Captions that were asked for or judged; a case that broke counts as one."""
    return sum(len(row["trials"]) or 1 for row in cases if row["verdict"] != "skipped")


def _controls(rows: Sequence[Record], statistics_: Sequence[str]) -> dict[str, dict[str, Number]]:
    """What gates relative to a control have measured of it, by statistic: its means beside the target's."""
    found: dict[str, dict[str, Number]] = {}
    for row in rows:
        gate, comparison = row.get("gate") or {}, row.get("comparison")
        baseline = gate.get("baseline") or {}
        if baseline.get("control") and comparison and gate["statistic"] in statistics_:
            name = f"{baseline['model']} (control {baseline['control']})"
            low, high = comparison.get("old_low"), comparison.get("old_high")
            value = Number(value=comparison["old"], low=low, high=high, n=int(comparison["pairs"]))
            found.setdefault(name, {}).setdefault(gate["statistic"], value)
    return found


def _notes(cases: Sequence[Record]) -> Iterator[str]:
    yield _INTERVALS
    yield _NOT_PEOPLE
    told = [one.score["details"].get(DETAILS) or {} for one in _judged(cases)]
    for key in ("evidence", "protocol", "instruction"):
        values = sorted({str(one[key]) for one in told if one.get(key)})
        if values:
            yield f"{key}: {' and '.join(values)}."
    if skipped := sum(row["verdict"] == "skipped" for row in cases):
        yield f"{plural(skipped, 'item')} not asked."
    if broken := sum(not row["trials"] and row["verdict"] != "skipped" for row in cases):
        yield f"{plural(broken, 'item')} without a usable reply of the target; in no mean."
    unscored = [one for one in _judged(cases) if one.score["value"] is None]
    if unscored:
        yield f"{plural(len(unscored), 'caption')} not scored, each with its reason; in no mean and never 0."
    scales = (one.score["details"].get("own_scale") for one in _judged(cases))
    for scale in sorted({str(one) for one in scales if one}):
        yield f"The judge's own scale is {scale}; its numbers are moved to 0 to 100."
    unmeasured = sum("unmeasured" in row["tags"] for row in cases)
    if unmeasured:
        yield f"{plural(unmeasured, 'item')} tagged unmeasured: no comparison of the judge with people."


# --- metrics beside -------------------------------------------------------------------------------


def _metrics(title: str, told: Sequence[_Row]) -> Table:
    body: list[tuple[Cell, ...]] = []
    for row in told:
        found = _judged(row.cases)
        numbers = []
        for name, (_, times, scale) in BESIDE.items():
            values = [(_metric(one, name), one) for one in found]
            numbers.append(
                _mean([(None if value is None else times * value, one) for value, one in values], scale=scale)
            )
        judge = _mean([(one.score["value"], one) for one in _scored(row)])
        count = max((number.n or 0 for number in numbers), default=0)
        body.append((row.name, judge, *numbers, count))
    heads = [head for head, _, _ in BESIDE.values()]
    return Table(
        title=f"{title}: cheap metrics beside the judge",
        columns=("target", "judge", *heads, "captions"),
        rows=tuple(body),
        notes=(
            "Wording shared with the references, by well-known formulas, 0 to 100; no model is asked. words "
            "is the length control. CIDEr-D weighs words by the references of this set of items. "
            "In scripts without spaces only chrF is told.",
        ),
        digits=1,
    )


def _metric(one: _Judged, name: str) -> float | None:
    value = (one.score["details"].get("metrics") or {}).get(name)
    return None if value is None else float(value)


def _mean(
    values: Sequence[tuple[float | None, _Judged]], *, scale: tuple[float, float] | None = SCALE
) -> Number:
    """The mean of those that are there, with its interval by clip."""
    found = [(float(value), one.clusters) for value, one in values if value is not None]
    if not found:
        return Number(value=None)
    told = clustered_mean(
        [value for value, _ in found], [labels for _, labels in found], level=LEVEL, scale=scale
    )
    return Number(value=told.value, low=told.low, high=told.high, n=told.n)


# --- how the scores were read ---------------------------------------------------------------------


def _readings(title: str, told: Sequence[_Row]) -> Table:
    """Which path gave the scores, and how much of the judge model's probability they hold."""
    used = [path for path in PATHS if any(one.path == path for row in told for one in _judged(row.cases))]
    body: list[tuple[Cell, ...]] = []
    for row in told:
        found = _judged(row.cases)
        paths = Counter(one.path for one in found)
        masses = [
            float(mass)
            for one in found
            if one.path in BY_TOKENS and (mass := one.score["details"].get("captured_mass")) is not None
        ]
        mass = Number(value=statistics.fmean(masses), n=len(masses)) if masses else Number(value=None)
        unscored = sum(one.score["value"] is None for one in found)
        body.append((row.name, *(paths[path] for path in used), unscored, mass, len(masses)))
    return Table(
        title=f"{title}: how the scores were read",
        columns=(
            "target",
            *(PATHS[path] for path in used),
            "unscored",
            "mean captured probability",
            "with one",
        ),
        rows=tuple(body),
        notes=(
            "Captured probability: how much of the judge model's own probability the numbers hold that the "
            "score is the mean of; of several numbers of a caption the least. Of a sampled "
            "or stated score there was too little or none.",
        ),
    )
