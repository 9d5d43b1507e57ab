"""What standing out is worth: the same score of models whose maker is certainly not among the candidates.

A null model is scored against a panel from which its own maker was taken out; whatever is nearest then is
no teacher that is documented.  Two kinds are used together: models that were scored once
(``data/lineage_nulls.json``: numbers only), and the members of the panel at hand that are not among them,
so that no model counts twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

METHOD: Final = "words, even, phrases, openings; 1"
"""The version of the score; numbers of another one are not comparable."""


@dataclass(frozen=True, slots=True)
class Null:
    """The nearest maker that ``model`` has ``without`` its own and that of its base model, and how near."""

    model: str
    without: str
    nearest: str
    similarity: float
    shipped: bool = False


def shipped_nulls() -> tuple[Null, ...]:
    """Those of ``data/lineage_nulls.json``; none where they are of another version of the score."""
    text = resources.files("distill_tests").joinpath("data/lineage_nulls.json").read_text(encoding="utf-8")
    stored = json.loads(text)
    if stored["method"] != METHOD:
        return ()
    return tuple(Null(**row, shipped=True) for row in stored["nulls"])


def p_value(similarity: float, nulls: Sequence[Null]) -> float:
    """(1 + the nulls that are at least as near) / (n + 1): never finer than the nulls allow."""
    return (1 + sum(null.similarity >= similarity for null in nulls)) / (len(nulls) + 1)
