"""All gates of a run together, from their records: does a block stand, however many gates there are?

That every gate passed needs no correction for their number: to pass a release wrongly, the one gate that it
violates must be passed wrongly.  A block does: any of the gates may have failed by chance.  Holm's
procedure on e-values (:func:`distill_tests.inference.multiplicity.e_holm`) says which failures stand
together.  Verdicts and the exit status are those of the gates, each at its own confidence; this only says
what the block rests on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from distill_tests.inference.multiplicity import e_holm
from distill_tests.record import Record
from distill_tests.types import Json

ALPHA = 0.05
"""The chance that a failure which is said to stand is none."""
LEAST_TRUSTED = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """``gates`` of a run, the node ids of those that ``failed``, and of those that ``stand``."""

    gates: int
    failed: tuple[str, ...]
    stand: tuple[str, ...]
    sentence: str

    def as_json(self) -> dict[str, Json]:
        """The part ``release`` of ``summary.json``."""
        return {
            "gates": self.gates,
            "failed": list(self.failed),
            "stand": list(self.stand),
            "alpha": ALPHA,
            "method": "e-Holm",
            "sentence": self.sentence,
        }


def release(gates: Sequence[Record]) -> Release:
    """What the gates of a run come to together; an empty sentence where one gate speaks for itself."""
    failed = [row for row in gates if row["verdict"] == "failed"]
    held = e_holm([fail_evidence(row) for row in gates], ALPHA) if gates else ()
    stand = [gates[place] for place in held if gates[place]["verdict"] == "failed"]
    if len(gates) == 1:
        stand = failed
    return Release(
        gates=len(gates),
        failed=tuple(row["node"] for row in failed),
        stand=tuple(row["node"] for row in stand),
        sentence=_sentence(len(gates), len(failed), len(stand), _all_passed(gates)),
    )


def fail_evidence(row: Record) -> float:
    """1 over a p-value of "the gate is kept"; 1 where nothing is known.

    It is the e-value, or else what a failure at the gate's confidence is worth.
    """
    told = row.get("evidence")
    if told is not None:
        return math.inf if told["certain"] == "failing" else float(told["failing"])
    if row["verdict"] != "failed":
        return 1.0
    return 1.0 / max(LEAST_TRUSTED, 1.0 - float(row["gate"]["confidence"]))


def _all_passed(gates: Sequence[Record]) -> bool:
    return all(row["verdict"] == "passed" for row in gates)


def _sentence(gates: int, failed: int, stand: int, all_passed: bool) -> str:
    if gates < 2:
        return ""
    if all_passed:
        return f"all {gates} gates passed; a pass needs no correction for their number"
    if not failed:
        return ""
    start = f"{failed} of {gates} gates failed" if failed < gates else f"all {gates} gates failed"
    correction = f"correction for {gates} gates (e-Holm at {100 * ALPHA:g} %)"
    if stand == failed:
        which = {1: "it stands", 2: "both stand"}.get(failed, f"all {failed} stand")
        return f"{start}; {which} after {correction}"
    if not stand:
        own = "on its own, and does not stand" if failed == 1 else "each on its own, and none stands"
        return f"{start} {own} after {correction}: asking more (--full) would settle it"
    standing = f"{stand} of them stand{'s' if stand == 1 else ''}"
    return f"{start}; {standing} after {correction}, the others on their own only"
