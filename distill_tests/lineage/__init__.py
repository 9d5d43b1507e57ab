"""Whose likeness a model has: its responses beside those of a panel of candidate teachers.

``compare`` names the nearest maker of a panel, or none; ``similarity_matrix`` and ``diversity`` say how
alike a set of models is, and one model's repeats.  What this can and cannot show: docs/lineage.md.
"""

from distill_tests.lineage.attribution import Attribution, Comparison, Ranked
from distill_tests.lineage.comparing import compare
from distill_tests.lineage.matrix import Diversity, Matrix, diversity, similarity_matrix
from distill_tests.lineage.nulls import Null, shipped_nulls
from distill_tests.lineage.panel import Known, Panel

__all__ = [
    "Attribution",
    "Comparison",
    "Diversity",
    "Known",
    "Matrix",
    "Null",
    "Panel",
    "Ranked",
    "compare",
    "diversity",
    "shipped_nulls",
    "similarity_matrix",
]
