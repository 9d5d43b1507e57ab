"""A run's records -> what they say of a judge: counts, rates with their intervals, disagreements; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from distill_tests.gold import DETAILS, Label, Pair, clusters_of, columns, pairs_of_record
from distill_tests.inference.agreement import agreement, cohen_kappa
from distill_tests.inference.clustered import clustered_rate
from distill_tests.record import Record, cases_of, gates_of
from distill_tests.types import Estimate, Json

FACTORS = ("template",)
"""What intervals take rows to have in common."""
GROUPS = ("language", "target")
RESAMPLES = 2000
RESAMPLES_OF_GROUPS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How a judge does on some rows with one label.

    ``confusion`` counts (reference, judge); ``counts`` is true positives, false positives, false negatives,
    true negatives of a yes-or-no label, None of a word.  ``rates`` holds kappa and agreement, and of a
    yes-or-no label precision, recall, specificity and false_positive_rate.  ``missing`` rows have no verdict.
    """

    n: int
    missing: int
    confusion: Mapping[tuple[Label, Label], int]
    counts: tuple[int, int, int, int] | None
    rates: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfLabel:
    """How a judge does on one label: on all rows, and by language and target.

    ``clusters`` says by template's counts, as in :class:`Rates`, how many templates have them: for whoever
    needs the design.  ``disagreements`` are the ids of the rows on which the judge says otherwise.
    """

    whole: Rates
    by: Mapping[str, Mapping[str, Rates]]
    clusters: Mapping[str, Mapping[tuple[int, int, int, int], int]]
    left_out: Mapping[str, int]
    disagreements: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What is known of a judge of one version from one gold file.

    ``complete``: every gold row that counts was put to it in this run.  ``gates`` and ``laws`` are verdicts
    by name; a law is held, broken or unscored.
    """

    judge: str
    version: str
    options: Mapping[str, Json]
    models: tuple[Mapping[str, Json], ...]
    gold: Mapping[str, Any]
    spec: str
    title: str
    target: str
    date: str
    run: str
    complete: bool
    labels: Mapping[str, OfLabel]
    gates: Mapping[str, str] = field(default_factory=dict)
    laws: Mapping[str, str] = field(default_factory=dict)

    @property
    def annotators(self) -> str:
        """Who gave the reference labels."""
        return str(self.gold["annotators"])


def calibrations_of(records: Iterable[Record], *, date: str, run: str) -> tuple[Calibration, ...]:
    """The calibrations of a run, in the order of its records; none where no calibration was begun."""
    specs: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        if record["kind"] == "calibration" and record["type"] != "spec":
            specs.setdefault((record["spec"], record["target"]), []).append(record)
    made = (_calibration(rows, date=date, run=run) for rows in specs.values())
    return tuple(one for one in made if one is not None)


def _calibration(rows: Sequence[Record], *, date: str, run: str) -> Calibration | None:
    # In the file's order, whatever order the tests ran in: a bootstrap is drawn in it.
    cases = sorted(cases_of(rows), key=lambda record: (record["path"], record["line"], record["id"]))
    about = next((told["about"] for told in map(_told, cases) if told and "about" in told), None)
    if about is None:
        return None
    found: dict[str, list[Pair]] = {}
    for record in cases:
        for name, pair in pairs_of_record(record):
            found.setdefault(name, []).append(pair)
    gold, judge = about["gold"], about["judge"]
    return Calibration(
        judge=judge["name"],
        version=judge["version"],
        options=judge["options"],
        models=tuple(judge["models"]),
        gold=gold,
        spec=rows[0]["spec"],
        title=rows[0]["title"],
        target=rows[0]["target"],
        date=date,
        run=run,
        complete=sum(_told(record) is not None for record in cases) == gold["rows"],
        labels={name: of_label(some, gold["left_out"].get(name, {})) for name, some in found.items()},
        gates={record["id"]: record["verdict"] for record in gates_of(rows)},
        laws=dict(_laws(cases)),
    )


def _told(record: Record) -> Any:
    """What the record of a gold row holds of the comparison; None of other records."""
    return record["trials"][0]["score"]["details"].get(DETAILS) if record["trials"] else None


def _laws(cases: Sequence[Record]) -> Iterable[tuple[str, str]]:
    for record in cases:
        for trial in record["trials"]:
            law = trial["score"]["details"].get("law")
            if law is not None:
                yield law["name"], {True: "held", False: "broken", None: "unscored"}[law["held"]]


# --- one label ----------------------------------------------------------------------------------


def of_label(found: Sequence[Pair], left_out: Mapping[str, int] | None = None) -> OfLabel:
    """How a judge does on the pairs of one label, each in a ``template``; ``left_out`` counts by reason."""
    by: dict[str, dict[str, Rates]] = {}
    for group in GROUPS:
        members: dict[str, list[Pair]] = {}
        for pair in found:
            members.setdefault(getattr(pair, group), []).append(pair)
        by[group] = {
            name: _rates(some, resamples=RESAMPLES_OF_GROUPS) for name, some in sorted(members.items())
        }
    return OfLabel(
        whole=_rates(found, resamples=RESAMPLES),
        by=by,
        clusters={factor: _clusters(found, factor) for factor in FACTORS} if _is_binary(found) else {},
        left_out=left_out or {},
        disagreements=tuple(pair.id for pair in found if pair.verdict not in (None, pair.reference)),
    )


def _rates(found: Sequence[Pair], *, resamples: int) -> Rates:
    scored = [pair for pair in found if pair.verdict is not None]
    clusters = clusters_of(found, FACTORS)
    kappa = cohen_kappa(
        [str(pair.reference) for pair in found],
        [None if pair.verdict is None else str(pair.verdict) for pair in found],
        clusters,
        resamples=resamples,
    )
    rates = {"kappa": kappa}
    if scored:
        same = [float(pair.verdict == pair.reference) for pair in scored]
        rates["agreement"] = clustered_rate(same, clusters_of(scored, FACTORS))
    counts = None
    if _is_binary(found):
        told = agreement(*columns(found, factors=FACTORS), resamples=100)
        counts = _four(found)
        rates |= {
            "precision": told.precision,
            "recall": told.recall,
            "specificity": told.specificity,
            "false_positive_rate": told.false_positive_rate,
        }
    return Rates(
        n=len(scored),
        missing=len(found) - len(scored),
        confusion=Counter((pair.reference, pair.verdict) for pair in found if pair.verdict is not None),
        counts=counts,
        rates=rates,
    )


def _is_binary(found: Sequence[Pair]) -> bool:
    return all(isinstance(pair.reference, bool) for pair in found)


def _clusters(found: Sequence[Pair], factor: str) -> dict[tuple[int, int, int, int], int]:
    members: dict[str, list[Pair]] = {}
    for pair in found:
        members.setdefault(pair.clusters[factor], []).append(pair)
    return dict(sorted(Counter(_four(some) for some in members.values()).items(), reverse=True))


def _four(found: Sequence[Pair]) -> tuple[int, int, int, int]:
    """True positives, false positives, false negatives, true negatives."""
    counted = Counter((bool(pair.reference), pair.verdict) for pair in found if pair.verdict is not None)
    return (
        counted[True, True],
        counted[False, True],
        counted[True, False],
        counted[False, False],
    )
