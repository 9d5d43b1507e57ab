"""Outcomes and gate results as records: flat, plain JSON rows that cross a process and a wire unchanged.

A record holds exact ``dict``, ``list``, ``str``, ``int``, ``float``, ``bool`` and ``None`` only, no
NaN, no infinity and no lone surrogate, so that JSON, SQLite and the xdist wire all take it.  Every
record has the same keys (``schema/record.json``).  Texts in it are as untrusted as they came.
"""

from distill_tests.record.rows import absent_record, case_record, error_record, gate_record, skip_record
from distill_tests.record.runs import Run, RunMeta, cases_of, drawn_cases_of, gates_of
from distill_tests.record.totals import Totals, totals_of
from distill_tests.record.values import SCHEMA, Record, dumps, plain

__all__ = [
    "SCHEMA",
    "Record",
    "Run",
    "RunMeta",
    "Totals",
    "absent_record",
    "case_record",
    "cases_of",
    "drawn_cases_of",
    "dumps",
    "error_record",
    "gate_record",
    "gates_of",
    "plain",
    "skip_record",
    "totals_of",
]
