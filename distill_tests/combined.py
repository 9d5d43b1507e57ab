"""Identity and similarity of each target in one record, as in the combined figure of arXiv 2501.12619; pure.

Neither number shows distillation by itself, and no formula makes one of the two: they stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from distill_tests.inference.clustered import clustered_mean, clustered_rate
from distill_tests.inference.strata import mean_of_strata
from distill_tests.record import Record, drawn_cases_of
from distill_tests.types import Estimate, Json, Number, Table

LEVEL: Final = 0.95
SCALE: Final = (1.0, 5.0)
RATES: Final = ("loose", "strict", "hard")
NOTES: Final = (
    "Rates over all identity answers of the run; likeness is the mean over prompt sets, 1 to 5. "
    "Brackets: 95 % intervals for framings and prompts like these.",
    "Likeness to a reference alone shows no distillation: good models resemble each other.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """One target: its identity rates by name, its likeness to each reference, whom lineage finds nearest.

    ``nearest`` is None where lineage abstains; ``lineage`` False where the run has none of this target.
    """

    target: str
    rates: Mapping[str, Number]
    likeness: Mapping[str, Number]
    lineage: bool = False
    nearest: str | None = None
    p: float | None = None

    def as_json(self) -> dict[str, Json]:
        return {
            "target": self.target,
            "identity": {name: _as_json(number) for name, number in self.rates.items()},
            "similarity": {name: _as_json(number) for name, number in self.likeness.items()},
            "lineage": {"nearest": self.nearest, "p": self.p} if self.lineage else None,
        }


def combined(rows: Sequence[Record]) -> list[Combined]:
    """A record for each target of a run that has both identity and similarity answers."""
    everything = list(drawn_cases_of(rows))
    cases = [row for row in everything if row["trials"]]
    similar = [row for row in everything if row["kind"] == "similarity"]
    found = []
    for target in dict.fromkeys(row["target"] for row in cases):
        own = [row for row in cases if row["target"] == target]
        rates = _rates([row for row in own if row["kind"] == "identity"])
        likeness = _likeness([row for row in own if row["kind"] == "similarity"], _sets(similar, target))
        if rates and likeness:
            told = _lineage([row for row in rows if row["target"] == target])
            found.append(Combined(target=target, rates=rates, likeness=likeness, **told))
    return found


def combined_table(found: Sequence[Combined]) -> Table | None:
    """The records as a table; None without any."""
    if not found:
        return None
    rates = [name for name in RATES if any(name in one.rates for one in found)]
    references = list(dict.fromkeys(name for one in found for name in one.likeness))
    nearest = any(one.lineage for one in found)
    rows = tuple(
        (
            one.target,
            *(one.rates.get(name) for name in rates),
            *(one.likeness.get(name) for name in references),
            *((_nearest(one),) if nearest else ()),
        )
        for one in found
    )
    columns = ("target", *rates, *(f"likeness to {name}" for name in references))
    return Table(
        title="identity and similarity together",
        columns=(*columns, *(("nearest of the panel",) if nearest else ())),
        rows=rows,
        notes=NOTES,
    )


def _nearest(one: Combined) -> str | None:
    if not one.lineage:
        return None
    return one.nearest or "none can be named"


def _rates(rows: Sequence[Record]) -> dict[str, Number]:
    """Each rate over the answers that have its mark."""
    rates: dict[str, Number] = {}
    for mark in RATES:
        pairs = [
            (score["marks"][mark], _clusters(row)) for row, score in _scores(rows) if mark in score["marks"]
        ]
        if pairs:
            labels = _in_common([clusters for _, clusters in pairs])
            rates[mark] = _number(clustered_rate([value for value, _ in pairs], labels, level=LEVEL))
    return rates


def _likeness(rows: Sequence[Record], sets_of: Mapping[str, Sequence[str]]) -> dict[str, Number]:
    """By reference the mean over prompt sets of each set's mean; no number where a set has nothing scored."""
    found: dict[str, Number] = {}
    for reference, sets in sets_of.items():
        means = []
        for name in sets:
            pairs = [
                (score["value"], _clusters(row))
                for row, score in _scores(row for row in rows if _set(row) == name)
                if _reference(score) == reference
            ]
            if pairs:
                values, labels = [value for value, _ in pairs], [one for _, one in pairs]
                means.append(clustered_mean(values, labels, level=LEVEL, scale=SCALE))
        if not means:
            continue
        joined = mean_of_strata(means) if len(means) == len(sets) else None
        n = sum(one.n for one in means)
        found[reference] = (
            Number(value=joined.value, low=joined.low, high=joined.high, n=n)
            if joined is not None
            else Number(value=None, n=n)
        )
    return found


def _sets(rows: Sequence[Record], target: str) -> dict[str, list[str]]:
    """By reference every prompt set that the target's specs declare, answered or not.

    Of a case without an answer the reference is the spec's, which its other answers tell.
    """
    of_spec: dict[str, set[str]] = {}
    for row in rows:
        of_spec.setdefault(row["spec"], set()).update(_references(row))
    found: dict[str, list[str]] = {}
    for row in rows:
        for reference in sorted(_references(row) or of_spec[row["spec"]]) if row["target"] == target else ():
            of_reference = found.setdefault(reference, [])
            if _set(row) not in of_reference:
                of_reference.append(_set(row))
    return found


def _references(row: Record) -> set[str]:
    return {found for trial in row["trials"] if (found := _reference(trial["score"]))}


def _reference(score: Record) -> str:
    told = score["details"].get("likeness")
    return str(told["reference"]) if isinstance(told, Mapping) else ""


def _set(row: Record) -> str:
    return str(row["groups"].get("set", ""))


def _lineage(rows: Iterable[Record]) -> dict[str, Any]:
    """What the first lineage gate of the target tells of the nearest maker."""
    for row in rows:
        if row["kind"] == "lineage" and row["type"] == "gate" and row["estimate"]:
            told = row["estimate"].get("details", {})
            if "nearest" in told:
                return {"lineage": True, "nearest": told["nearest"], "p": told.get("p")}
    return {}


def _scores(rows: Iterable[Record]) -> Iterable[tuple[Record, Record]]:
    for row in rows:
        for trial in row["trials"]:
            if trial["score"]["value"] is not None:
                yield row, trial["score"]


def _clusters(row: Record) -> Mapping[str, str]:
    clusters: Mapping[str, str] = row["clusters"]
    return clusters or {"case": row["id"]}


def _in_common(labels: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """The clusters of all rows in the dimensions that every row has; specs may differ in theirs."""
    names = sorted(set.intersection(*(set(one) for one in labels)))
    if not names:
        return [{"case": str(number)} for number, _ in enumerate(labels)]
    return [{name: one[name] for name in names} for one in labels]


def _number(found: Estimate) -> Number:
    return Number(value=found.value, low=found.low, high=found.high, n=found.n)


def _as_json(number: Number) -> dict[str, Json]:
    return {"value": number.value, "low": number.low, "high": number.high, "n": number.n}
