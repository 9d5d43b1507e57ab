"""Calibrations of a run as files: in the run's directory, and where later runs look for them.

Only a complete one is kept in ``.distill-tests/calibrations``: a part of a gold file is no calibration.
Nor is one without verdicts, and one with fewer verdicts than the same judge gave on the same rows before does
not take its place: a judge whose model was in trouble tells nothing of itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from distill_tests.calibrations import Calibration, file_name, from_json, read, write
from distill_tests.errors import DataError
from distill_tests.record import Run
from distill_tests.registry import reporter
from distill_tests.types import Json

FOLDER = "calibrations"


@reporter("calibrations")
class Calibrations:
    def during(self, record: Mapping[str, Json]) -> None:
        """Nothing: a calibration is made at the end."""

    def after(self, run: Run) -> None:
        """Write each calibration of the run, where it was not interrupted."""
        root = run.directory.parent.parent
        for told in run.summary["calibrations"] if run.summary else ():
            calibration = from_json(told)
            write(calibration, run.directory / FOLDER)
            kept = root / ".distill-tests" / FOLDER
            if not run.meta.interrupted and _is_worth_keeping(calibration, kept):
                write(calibration, kept)


def _is_worth_keeping(calibration: Calibration, folder: Path) -> bool:
    """Whether it is complete and has verdicts, as many as the one that it would replace at least."""
    try:
        before = _verdicts(read(folder / file_name(calibration)))
    except DataError:  # there is none, or none that can be read
        before = 1
    return calibration.complete and _verdicts(calibration) >= before


def _verdicts(calibration: Calibration) -> int:
    return sum(label.whole.n for label in calibration.labels.values())
