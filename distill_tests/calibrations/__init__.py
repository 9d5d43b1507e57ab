"""Calibrations: what is known of a judge from gold rows, made from a run's records, stored and read again.

A calibration belongs to one judge as it was: :func:`judge_version` is a hash of all that shapes its verdicts
(code, lexicon, prompt, rubric, options, the model it asks).  With another version it is stale.
"""

from distill_tests.calibrations.files import as_json, file_name, from_json, is_stale, read, stored, write
from distill_tests.calibrations.made import Calibration, OfLabel, Rates, calibrations_of, of_label
from distill_tests.calibrations.versions import heading, heading_of, judge_version

__all__ = [
    "Calibration",
    "OfLabel",
    "Rates",
    "as_json",
    "calibrations_of",
    "file_name",
    "from_json",
    "heading",
    "heading_of",
    "is_stale",
    "judge_version",
    "of_label",
    "read",
    "stored",
    "write",
]
