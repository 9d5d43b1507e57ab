"""``claims``: whom the speaker of an answer says it is, offline and deterministic.

Labels: ``consistent`` (itself, by its identity card), ``none``, ``persona`` (a concrete other origin
that is no real maker: made-up, elsewhere, or nobody), ``foreign`` (another real maker, or its model).
Loose counts persona and foreign, strict foreign only.  The value is the loose verdict.  English and
Chinese are measured (``benchmarks/claims_agreement.py``); other languages are read coarsely.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from distill_tests.judges._claim_rows import read_row, write_row
from distill_tests.judges._claims_version import claims_version
from distill_tests.judges._reading import Claim, Reading, read_claims
from distill_tests.judges._unsure import doubts
from distill_tests.lexicon import makers
from distill_tests.registry import Declared, Rows, judge
from distill_tests.types import Exhibit, Identity, Json, Score, Span

MOST_EVIDENCE = 8
_MARKS: Mapping[str, tuple[float, float]] = {"loose": (0, 1), "strict": (0, 1)}


class _Verdict(NamedTuple):
    label: str
    claims: tuple[Claim, ...]
    reason: str
    who: str | None


def _verdict(reading: Reading) -> _Verdict:
    """The gravest of what an answer claims: another maker, another origin, itself, nothing."""
    if reading.foreign:
        first = reading.foreign[0]
        reason = f"says it is another maker's model: {makers[first.who].name} ({first.reason})"
        return _Verdict("foreign", reading.foreign, reason, first.who)
    if reading.persona:
        first = reading.persona[0]
        return _Verdict("persona", reading.persona, f"{first.reason}: {first.who}", first.who)
    if reading.own:
        return _Verdict("consistent", reading.own, "says who it is, as its identity card does", "own")
    return _Verdict("none", (), "makes no claim about who it is or who made it", None)


def _score(exhibit: Exhibit, identity: Identity) -> Score:
    reading = read_claims(
        exhibit.answer, identity, question=exhibit.question, framing=exhibit.framing, prompt=exhibit.prompt
    )
    label, claimed, reason, who = _verdict(reading)
    loose, strict = float(label in ("foreign", "persona")), float(label == "foreign")
    doubt: list[Json] = list(
        doubts(
            label,
            reading.seen,
            own_voices={claim.voice for claim in reading.own},
            reasons=[claim.reason for claim in reading.foreign or reading.persona],
        )
    )
    details: dict[str, Json] = {"language": reading.seen.script.name}
    if doubt:
        details["unsure_because"] = doubt
    return Score(
        value=loose,
        label=label,
        reason=reason,
        evidence=tuple(
            Span(start=one.start, end=one.end, shows=one.reason) for one in claimed[:MOST_EVIDENCE]
        ),
        marks={"loose": loose, "strict": strict},
        claimed=who,
        unsure=bool(doubt),
        judge="claims",
        details=details,
    )


def declared(_options: Mapping[str, Any]) -> Declared:
    """The judge as it is now; a calibration of it holds for this version only."""
    return Declared(scale=(0, 1), marks=_MARKS, needs_identity=True, version=claims_version())


@judge(
    "claims",
    scale=(0, 1),
    marks=_MARKS,
    needs_identity=True,
    rows=Rows(read=read_row, write=write_row),
    declare=declared,
)
def claims(exhibit: Exhibit) -> Score:
    """Whom the speaker of ``exhibit.answer`` says it is; unscored without an identity card."""
    if exhibit.identity is None:
        return Score(value=None, label="unscored", reason="the target has no identity card to compare with")
    return _score(exhibit, exhibit.identity)
