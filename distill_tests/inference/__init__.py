"""Statistics that know nothing of specs and gates: numbers in, numbers out, nothing but ``math``.

Sequential: **eprocess**, **sequential**, **paired**, **multiplicity**.  Intervals: **intervals**,
**clustering**, **clustered**, **strata**, **bootstrap**.  Judges: **agreement**, **reliability**,
**correlation**, **judge_error**, **labels_needed**, **ppi**.  Before any call: **power**.
"""
