"""Gold rows: answers with reference labels, what a judge says of them, and both side by side.

A label's *name* says what is judged: a mark of the judge (``loose``, ``strict``), its ``value``, or its words
(``label``, ``claimed``).  A row holds only the labels that count: those on which its annotators agree and
that the spec does not leave out.  Why the others are left out stands in ``GoldRow.left_out``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from distill_tests.types import Exhibit, Json, Outcome, Sample, Score

Label: TypeAlias = bool | int | float | str

WORDS: Final = ("label", "claimed")
"""Names of labels that are words of a judge, beside its marks and its value."""
NOBODY: Final = "none"
"""What ``claimed`` says where the speaker claims to be nobody."""
DISAGREE: Final = "the annotators disagree"
DETAILS: Final = "gold"
"""The key under which a score's details hold the comparison with the reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldSet:
    """What is known of a gold file as a whole.

    ``left_out`` counts by name and reason the labels that do not count, ``unused`` the rows without any
    label that does.  ``bad_rows`` says ``path:line: what`` of each row that cannot be used.
    """

    path: str
    sha256: str
    annotators: str
    rows: int
    names: tuple[str, ...]
    left_out: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unused: int = 0
    bad_rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldRow:
    """What one calibration case shows the judge, and what the reference says.

    ``about`` is on the first row of a set only.
    """

    exhibit: Exhibit
    labels: Mapping[str, Label]
    left_out: Mapping[str, str] = field(default_factory=dict)
    language: str = ""
    target: str = ""
    set_hash: str = ""
    about: GoldSet | None = None


class Pair(NamedTuple):
    """Reference and judge on one row; ``verdict`` None: the judge gave none."""

    id: str
    reference: Label
    verdict: Label | None
    clusters: Mapping[str, str]
    language: str
    target: str


def verdict_on(name: str, score: Score, reference: Label) -> Label | None:
    """What the judge says where the reference says ``reference``, in the same sort of value.

    A yes-or-no label is compared with the mark from one half up.  None where the score does not tell.
    """
    if score.value is None:
        return None
    if name == "label":
        return score.label
    if name == "claimed":
        return score.claimed or NOBODY
    number = score.value if name == "value" else score.marks.get(name)
    if number is None:
        return None
    return number >= 0.5 if isinstance(reference, bool) else number


def compared(row: GoldRow, score: Score) -> dict[str, Json]:
    """Row and score side by side, as plain data for the score's details; see :func:`pairs_of_record`."""
    verdicts = {name: verdict_on(name, score, label) for name, label in row.labels.items()}
    found: dict[str, Json] = {
        "reference": dict(row.labels),
        "verdict": dict(verdicts),
        "disagrees": [name for name, label in row.labels.items() if verdicts[name] not in (None, label)],
        "left_out": dict(row.left_out),
        "language": row.language,
        "target": row.target,
    }
    return found


def disagreements(score: Score) -> tuple[str, ...]:
    """The names of the labels on which a score differs from the reference it was compared with."""
    told: Any = score.details.get(DETAILS)
    return tuple(told["disagrees"]) if told else ()


def pairs(sample: Sample, name: str) -> tuple[Pair, ...]:
    """Reference and judge on ``name``, row by row; of a row that was not answered the verdict is None.

    Cases that are no gold rows (laws), rows without this label and rows that were not asked are left out.
    """
    found = [pair for outcome in sample.outcomes for pair in _of_outcome(outcome, name)]
    for case in sample.failed:
        row = case.data
        if isinstance(row, GoldRow) and name in row.labels:
            found.append(Pair(case.id, row.labels[name], None, case.clusters, row.language, row.target))
    return tuple(found)


def _of_outcome(outcome: Outcome, name: str) -> Iterator[Pair]:
    row = outcome.case.data
    if isinstance(row, GoldRow) and name in row.labels:
        reference = row.labels[name]
        for trial in outcome.trials:
            verdict = verdict_on(name, trial.score, reference)
            yield Pair(outcome.case.id, reference, verdict, outcome.case.clusters, row.language, row.target)


def pairs_of_record(record: Mapping[str, Any]) -> Iterator[tuple[str, Pair]]:
    """The pairs of one row of ``run.jsonl``, by the name of the label."""
    for trial in record["trials"]:
        told = trial["score"]["details"].get(DETAILS)
        for name, reference in (told or {"reference": {}})["reference"].items():
            yield (
                name,
                Pair(
                    record["id"],
                    reference,
                    told["verdict"][name],
                    record["clusters"],
                    told["language"],
                    told["target"],
                ),
            )


class Columns(NamedTuple):
    """Pairs as the columns that **inference.agreement** takes; a word equals ``positive`` or not."""

    reference: list[bool]
    judged: list[bool | None]
    clusters: list[Mapping[str, str]]


def columns(found: Sequence[Pair], *, factors: Iterable[str], positive: Label = True) -> Columns:
    """Two-class columns of the pairs, clustered by ``factors``.

    Raises ValueError for a factor that the rows do not have.
    """
    return Columns(
        [pair.reference == positive for pair in found],
        [None if pair.verdict is None else pair.verdict == positive for pair in found],
        clusters_of(found, factors),
    )


def clusters_of(found: Sequence[Pair], factors: Iterable[str]) -> list[Mapping[str, str]]:
    """For each pair its clusters by ``factors``; raises ValueError for one that the rows do not have."""
    wanted = tuple(factors)
    for pair in found:
        for factor in wanted:
            if factor not in pair.clusters:
                raise ValueError(f"gold rows have no {factor!r}; they have {', '.join(pair.clusters)}")
    return [{factor: pair.clusters[factor] for factor in wanted} for pair in found]
