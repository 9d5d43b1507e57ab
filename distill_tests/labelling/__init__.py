"""Label sheets: sampled answers of a run for people to label, and what their labels say.

A sheet shows what was asked and answered, never what the judge said, so that labelling is blind.  What was
drawn depends on the answers' ids and a seed alone; reading a sheet draws again, and refuses one that lacks
an answer that was drawn, or holds another answer than the run.
"""

from distill_tests.labelling.answers import Answer, Audited, audited
from distill_tests.labelling.drawing import Drawing, drawn
from distill_tests.labelling.found import Found, found, to_calibration
from distill_tests.labelling.reading import Labels, read_sheet
from distill_tests.labelling.sheets import sheet_text

__all__ = [
    "Answer",
    "Audited",
    "Drawing",
    "Found",
    "Labels",
    "audited",
    "drawn",
    "found",
    "read_sheet",
    "sheet_text",
    "to_calibration",
]
