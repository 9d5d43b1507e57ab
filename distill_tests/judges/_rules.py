"""The patterns of ``data/claim_rules.txt`` as regular expressions."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from distill_tests.judges._marks import FOREIGN, OWN, PERSONA
from distill_tests.judges._words import alternation

_PLACEHOLDER = re.compile(r"<<([\w.]+)>>")
_MARKS = {"foreign": FOREIGN, "own": OWN, "persona": PERSONA}


@cache
def _texts() -> dict[str, str]:
    """The text of every rule by its name; its lines are joined as they stand."""
    texts: dict[str, str] = {}
    name = ""
    for line in (
        files("distill_tests").joinpath("data", "claim_rules.txt").read_text(encoding="utf-8").splitlines()
    ):
        if line.startswith("== "):
            name = line.removeprefix("== ")
            texts[name] = ""
        elif line and not line.startswith("# "):
            texts[name] += line
    return texts


def rule(name: str) -> re.Pattern[str]:
    """The rule ``name``, such as ``rule("english.anchor")``."""
    return re.compile(_PLACEHOLDER.sub(_filled, _texts()[name]))


def _filled(place: re.Match[str]) -> str:
    kind, _, path = place.group(1).partition(".")
    return alternation(*path.split(".")) if kind == "words" else _MARKS[kind]
