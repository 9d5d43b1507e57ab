"""The version of ``claims``: what a calibration of it holds for."""

from __future__ import annotations

import subprocess
import sys

from distill_tests.judges._claims_version import DATA, _modules

LOADS_THE_JUDGE = """
import os, sys
import distill_tests.judges.claims
for name, module in sys.modules.items():
    if name.startswith(("distill_tests.judges.", "distill_tests.lexicon")):
        print(os.path.basename(module.__file__))
"""
READS_ITS_DATA = """
import os, sys
def told(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, os.PathLike)):
        folder, name = os.path.split(os.fspath(arguments[0]))
        if os.path.basename(folder) == "data" and "distill_tests" in folder:
            print(name)
sys.addaudithook(told)
from distill_tests.judges.claims import claims
from distill_tests.types import Exhibit, Identity
identity = Identity(name="Toy", maker="Toyland")
claims(Exhibit(id="a", answer="I am ChatGPT. \u6211\u6765\u81ea\u4e2d\u56fd\u3002", identity=identity))
"""


def test_the_version_covers_every_file_of_rules_and_lexicon_that_the_judge_loads() -> None:
    ran = subprocess.run([sys.executable, "-c", LOADS_THE_JUDGE], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert {"claims.py", "_reading.py", "_speakers.py", "matching.py"} <= loaded
    assert loaded - {name.split("/")[-1] for name, _ in _modules()} == {"_claims_version.py"}


def test_the_version_covers_every_data_file_that_the_judge_reads_and_no_other() -> None:
    ran = subprocess.run([sys.executable, "-c", READS_ITS_DATA], capture_output=True, text=True, check=True)
    assert set(ran.stdout.split()) == set(DATA)
