"""The version of ``claims``: what a calibration of it holds for."""

from __future__ import annotations

import subprocess
import sys

from distill_tests.judges._claims_version import _modules

LOADS_THE_JUDGE = """
import os, sys
import distill_tests.judges.claims
for name, module in sys.modules.items():
    if name.startswith(("distill_tests.judges.", "distill_tests.lexicon")):
        print(os.path.basename(module.__file__))
"""


def test_the_version_covers_every_file_of_rules_and_lexicon_that_the_judge_loads() -> None:
    ran = subprocess.run([sys.executable, "-c", LOADS_THE_JUDGE], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert {"claims.py", "_reading.py", "_speakers.py", "matching.py"} <= loaded
    assert loaded - {name.split("/")[-1] for name, _ in _modules()} == {"_claims_version.py"}
