"""What labels say: the rate that labelling every answer would show, and how the judge does against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distill_tests.calibrations import Calibration, of_label
from distill_tests.errors import DataError
from distill_tests.gold import Label, Pair
from distill_tests.inference.agreement import Agreement, agreement
from distill_tests.inference.clustering import Clusters
from distill_tests.inference.ppi import ppi_mean
from distill_tests.labelling.answers import Answer, Audited
from distill_tests.labelling.reading import Labels
from distill_tests.plan import set_hash
from distill_tests.types import Estimate, Json

FACTOR = "framing"
"""What answers are taken to have in common where it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One mark: ``estimate`` of its rate among ``answers`` judged ones, of which the judge raised ``judged``.

    ``labelled`` of them have a label, ``positive`` of these yes; ``against`` is the judge on these.
    """

    mark: str
    estimate: Estimate
    answers: int
    judged: int
    labelled: int
    positive: int
    against: Agreement


def found(about: Audited, labels: Labels) -> tuple[Found, ...]:
    """What the labels say of each mark; raises DataError where they are too few for an estimate."""
    return tuple(_found(about, labels, mark) for mark in labels.by_mark)


def _found(about: Audited, labels: Labels, mark: str) -> Found:
    told = [answer for answer in about.answers if mark in answer.marks]
    said = labels.by_mark[mark]
    judged = [answer.marks[mark] for answer in told]
    given = [float(said[answer.id]) if answer.id in said else None for answer in told]
    share = labels.drawing.chance(len(about.answers))
    try:
        estimate = ppi_mean(judged, given, _clusters(told), share=share, claim="declared-set")
    except ValueError as error:
        raise DataError(f"{mark}: {error}") from None
    both = [answer for answer in told if answer.id in said]
    return Found(
        mark=mark,
        estimate=estimate,
        answers=len(told),
        judged=round(sum(judged)),
        labelled=len(both),
        positive=sum(said[answer.id] for answer in both),
        against=agreement(
            [said[answer.id] for answer in both],
            [answer.marks[mark] == 1.0 for answer in both],
            _clusters(both),
        ),
    )


def _clusters(answers: Sequence[Answer]) -> Clusters:
    return [{FACTOR: _template(answer)} for answer in answers]


def _template(answer: Answer) -> str:
    return answer.clusters.get(FACTOR, f"answer-{answer.id}")


def to_calibration(
    about: Audited, labels: Labels, *, path: str, annotators: str, judge: Mapping[str, object]
) -> Calibration:
    """What the labels know of ``judge``, which is the one that judged the run, as a stored calibration."""
    texts = {answer.id: answer for answer in about.answers}
    said: dict[str, dict[str, Label]] = {}
    for mark, by_id in labels.by_mark.items():
        for name, label in by_id.items():
            if mark in texts[name].marks:
                said.setdefault(name, {})[mark] = label
    content: dict[str, Json] = {
        name: {"answer": texts[name].sha256, "labels": dict(one)} for name, one in said.items()
    }
    options, models = judge["options"], judge["models"]
    assert isinstance(options, Mapping)
    assert isinstance(models, list)
    return Calibration(
        judge=str(judge["name"]),
        version=str(judge["version"]),
        options=options,
        models=tuple(models),
        gold={
            "path": path,
            "sha256": set_hash(content),
            "annotators": annotators,
            "rows": len(said),
            "names": list(labels.by_mark),
            "left_out": {},
            "unused": 0,
            "bad_rows": [],
        },
        spec=about.spec,
        title=about.title,
        target=str(judge["name"]),
        date=about.date,
        run=about.run,
        complete=True,
        labels={mark: of_label(_pairs(about, labels, mark)) for mark in labels.by_mark},
    )


def _pairs(about: Audited, labels: Labels, mark: str) -> list[Pair]:
    said = labels.by_mark[mark]
    return [
        Pair(
            answer.id,
            said[answer.id],
            answer.marks[mark] == 1.0,
            {"template": _template(answer)},
            "not told",
            about.target,
        )
        for answer in about.answers
        if answer.id in said and mark in answer.marks
    ]
