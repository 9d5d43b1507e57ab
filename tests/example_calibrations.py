"""Stored calibrations for tests: so many labelled rows of either sort, each standing alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from distill_tests.calibrations import Calibration, OfLabel, as_json, of_label
from distill_tests.gold import Pair
from distill_tests.inference.judge_error import JudgeLabels

REFERENCE = JudgeLabels(positives=100, found=92, negatives=100, false_alarms=1)
"""The example of the reference: at most 0.10 passes up to 0.084 judged and fails above 0.153."""


def label(counts: JudgeLabels) -> OfLabel:
    positives, found, negatives, alarms = counts
    verdicts = [
        *((True, number < found) for number in range(positives)),
        *((False, number < alarms) for number in range(negatives)),
    ]
    return of_label(
        [
            Pair(f"row-{number}", reference, verdict, {"template": f"t{number}"}, "en", "m")
            for number, (reference, verdict) in enumerate(verdicts)
        ]
    )


def calibration(
    version: str,
    *,
    judge: str = "mentions",
    labels: Mapping[str, JudgeLabels] | None = None,
    complete: bool = True,
) -> Calibration:
    known = {"strict": REFERENCE, "loose": REFERENCE} if labels is None else labels
    return Calibration(
        judge=judge,
        version=version,
        options={},
        models=(),
        gold={
            "path": "gold.jsonl",
            "sha256": "0" * 64,
            "annotators": "two members of the audit team",
            "rows": 200,
            "names": list(known),
            "left_out": {},
            "unused": 0,
            "bad_rows": [],
        },
        spec="specs/calibration.yaml",
        title="Toy",
        target=judge,
        date="2026-01-31T12:00:00+00:00",
        run="1a2b3c4d",
        complete=complete,
        labels={name: label(counts) for name, counts in known.items()},
    )


def write(path: Path, made: Calibration, *, without: Sequence[str] = ()) -> None:
    told = {key: value for key, value in as_json(made).items() if key not in without}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told), encoding="utf-8")
