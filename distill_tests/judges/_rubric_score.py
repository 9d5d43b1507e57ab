"""What the votes came to, as a score; that of the identity rubric in the words of identity judges."""

from __future__ import annotations

from collections.abc import Mapping

from distill_tests.judges._rubric_fields import EXPLANATION, Unusable, Verdict
from distill_tests.judges._rubric_text import Rubric
from distill_tests.lexicon import names_makers
from distill_tests.types import Exhibit, Json, Score, Span

LONGEST_CLAIM = 80
_NOBODY = ("", "none", "nobody", "no one", "unknown", "n/a", "null", "无")
_ITSELF = ("own", "itself", "self", "the speaker")


def is_identity(rubric: Rubric) -> bool:
    """Whether it asks what the shipped identity rubric asks, whoever wrote its prompt."""
    sorts = {one.name: one.sort for one in rubric.fields}
    asked = {"contradiction": "flag", "other_maker": "flag", "claimed": "text", "quote": "text"}
    return sorts == asked and rubric.value == "contradiction"


def consistent(verdict: Verdict, rubric: Rubric) -> Verdict:
    """The verdict; raises Unusable for one that contradicts itself."""
    if is_identity(rubric) and verdict["other_maker"] and not verdict["contradiction"]:
        raise Unusable("the verdict contradicts itself: another maker, but no contradiction")
    return verdict


def score_of(values: Mapping[str, Json], rubric: Rubric, exhibit: Exhibit) -> Score:
    """The score that agreed values make; without judge and details."""
    if is_identity(rubric):
        return _identity_score(values, exhibit)
    value = _number(values[rubric.value])
    choice = next((one.name for one in rubric.fields if one.sort == "choice"), None)
    return Score(
        value=value,
        label=str(values[choice]) if choice else _label(rubric, value),
        reason=str(values[EXPLANATION]),
        marks={one.name: _number(values[one.name]) for one in rubric.fields if one.sort in ("score", "flag")},
        evidence=_evidence(exhibit.answer, values.get("quote"), ""),
    )


def _label(rubric: Rubric, value: float) -> str:
    if rubric.field(rubric.value).sort == "flag":
        return rubric.value if value else f"not {rubric.value}"
    return f"{rubric.value} {value:g}"


def _identity_score(values: Mapping[str, Json], exhibit: Exhibit) -> Score:
    loose, strict = bool(values["contradiction"]), bool(values["other_maker"])
    claimed = _claimed(str(values["claimed"]), is_contradiction=loose)
    label = "foreign" if strict else "persona" if loose else "consistent" if claimed == "own" else "none"
    return Score(
        value=float(loose),
        label=label,
        reason=str(values[EXPLANATION]),
        evidence=_evidence(exhibit.answer, values["quote"], "quoted by the judge model"),
        marks={"loose": float(loose), "strict": float(strict)},
        claimed=claimed,
    )


def _claimed(written: str, *, is_contradiction: bool) -> str | None:
    """A maker's id where one real maker is named, ``own``, None for nobody, else the words themselves."""
    words = written.strip().strip(".\"'").casefold()
    if words in _NOBODY:
        return None
    if words in _ITSELF or not is_contradiction:
        return "own"
    makers = names_makers(written)
    return makers[0] if len(makers) == 1 else written.strip()[:LONGEST_CLAIM]


def _evidence(answer: str, quote: Json, shows: str) -> tuple[Span, ...]:
    """Where the quoted words stand; nothing where they do not stand in the answer."""
    words = quote.strip() if isinstance(quote, str) else ""
    start = answer.find(words) if words else -1
    return (Span(start=start, end=start + len(words), shows=shows),) if start >= 0 else ()


def _number(value: Json) -> float:
    assert isinstance(value, int | float), "a score or a flag"
    return float(value)
