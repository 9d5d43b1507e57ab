"""Baselines: what an earlier run or a recorded model answered to the same set, and gates against it.

Two runs are compared on one set only, asked in the same words, with the same system message and sampling,
and judged by the same judge; everything else is refused with the difference shown
(:mod:`distill_tests.gates.baselines.refusals`).
"""

from distill_tests.gates.baselines.deciding import PairedWatch, judge_against
from distill_tests.gates.baselines.measured import Measured, measured_outcomes
from distill_tests.gates.baselines.refusals import refusals, run_of
from distill_tests.gates.baselines.runs import measured_run

__all__ = [
    "Measured",
    "PairedWatch",
    "judge_against",
    "measured_outcomes",
    "measured_run",
    "refusals",
    "run_of",
]
