"""The version of ``claims``: a hash of its rules, its lexicon and its code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

DATA: Final = ("claim_rules.txt", "claims.json", "lookalikes.json", "makers.json", "places.json")
"""What the judge and its lexicon read of ``data/``; a test holds this list against their code."""

_IMPORTED = re.compile(r"^from distill_tests\.((?:judges|lexicon)(?:\.\w+)?) import", re.MULTILINE)


@cache
def claims_version() -> str:
    """64 hexadecimal digits over the modules of judges and lexicon that the judge imports, and their data."""
    digest = hashlib.sha256()
    for name, content in (*_modules(), *_data()):
        digest.update(f"{name}:{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _modules() -> Iterator[tuple[str, bytes]]:
    waiting, known = ["judges.claims"], {"judges._claims_version"}
    found: dict[str, bytes] = {}
    while waiting:
        name = waiting.pop()
        if name in known:
            continue
        known.add(name)
        for path in _sources(name):
            found[f"{name}/{path.name}"] = path.read_bytes()
            waiting += _IMPORTED.findall(path.read_text(encoding="utf-8"))
    yield from sorted(found.items())


def _sources(name: str) -> Iterator[Traversable]:
    """A module's file, or those of a package."""
    place = files("distill_tests").joinpath(*name.split("."))
    if place.is_dir():
        yield from sorted(
            (one for one in place.iterdir() if one.name.endswith(".py")), key=lambda one: one.name
        )
    else:
        yield files("distill_tests").joinpath(*name.split(".")[:-1], f"{name.split('.')[-1]}.py")


def _data() -> Iterator[tuple[str, bytes]]:
    folder = files("distill_tests").joinpath("data")
    for name in DATA:
        yield name, folder.joinpath(name).read_bytes()
