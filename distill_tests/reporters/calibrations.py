"""Calibrations of a run as files: in the run's directory, and where later runs look for them.

Only a complete one is kept in ``.distill-tests/calibrations``: a part of a gold file is no calibration.
"""

from __future__ import annotations

from collections.abc import Mapping

from distill_tests.calibrations import from_json, write
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
            if calibration.complete and not run.meta.interrupted:
                write(calibration, root / ".distill-tests" / FOLDER)
