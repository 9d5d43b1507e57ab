"""The version of ``letter``: a hash of its rules, its words and its look-alikes."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files


@cache
def letter_version() -> str:
    """64 hexadecimal digits over the judge's modules and the data they read."""
    package = files("distill_tests")
    folder = package.joinpath("judges")
    ours = [one for one in folder.iterdir() if one.name == "letter.py" or one.name.startswith("_letter")]
    ours = [one for one in ours if one.name.endswith(".py")] + [package.joinpath("data", "lookalikes.json")]
    digest = hashlib.sha256()
    for one in sorted(ours, key=lambda path: path.name):
        content = one.read_bytes()
        digest.update(f"{one.name}:{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
