"""One gate over all targets of a spec: on the worst of them, on their mean, or on the spread between them.

The targets are asked in full for it, and logic decides, with what is missing or was not asked counted against
either side.  So a target that cannot be told leaves the gate open; it is never left out.  The claim is about
these targets and the declared set of each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

from distill_tests.gates.cells import Cells, cells
from distill_tests.gates.tally import Ruler, exact, ruler
from distill_tests.gates.words import SCOPE
from distill_tests.registry import Statistic
from distill_tests.types import Estimate, Evidence, Gate, GateResult, Sample, Trial, Verdict

ALL_TARGETS = "all"
"""Whose gate it is, in node ids and records: no card of a file that has one may be called that."""
MOST_NAMED = 6
"""Targets that an explanation names."""


class OfTarget(NamedTuple):
    """What one target answered; ``trouble`` and ``verdict``: why it is not believed, and how bad that is."""

    alias: str
    sample: Sample
    trouble: str = ""
    verdict: Verdict = Verdict.BROKEN


def judge_across(gate: Gate, targets: Sequence[OfTarget], statistic: Statistic) -> GateResult:
    """The verdict over all ``targets`` and the reason in words; never raises."""
    nothing = Estimate(value=None, low=None, high=None, n=0)
    for one in sorted(targets, key=lambda one: one.verdict is not Verdict.BROKEN):
        if one.trouble:
            text = f"{one.alias}: {one.trouble}"
            return GateResult(gate=gate, estimate=nothing, verdict=one.verdict, explanation=text)
    try:
        return _judged(gate, targets, statistic)
    except Exception as error:  # noqa: BLE001 - a statistic may be a user's code: its trouble breaks the gate
        what = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        text = f"{gate.statistic}: {what}"
        return GateResult(gate=gate, estimate=nothing, verdict=Verdict.BROKEN, explanation=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One target: between what its value must lie, on the statistic's scale, and its estimate."""

    alias: str
    low: Fraction
    high: Fraction
    estimate: Estimate
    counted: Cells


def _judged(gate: Gate, targets: Sequence[OfTarget], statistic: Statistic) -> GateResult:
    if len(targets) < 2:
        raise ValueError(f"a gate across targets needs two or more, not {len(targets)}")
    measure = across_ruler(gate, statistic.scale)
    if gate.across == "together":
        return _judged_together(gate, targets, statistic, measure)
    seen = [_seen(one, statistic, gate, level=_level(len(targets))) for one in targets]
    estimate = _estimate(gate, seen)
    for one in seen:
        told = _unusable(gate, one)
        if told is not None:
            verdict, text = told
            return GateResult(
                gate=gate, estimate=estimate, verdict=verdict, explanation=f"{one.alias}: {text}"
            )
    low, high = _combined(gate, [(one.low, one.high) for one in seen])
    wrong = sorted((measure.wrong(low), measure.wrong(high)))
    evidence = None
    verdict = Verdict.INCONCLUSIVE
    if wrong[1] <= measure.threshold:
        verdict, evidence = Verdict.PASSED, Evidence(passing=math.inf, failing=1.0)
    elif wrong[0] > measure.threshold:
        verdict, evidence = Verdict.FAILED, Evidence(passing=1.0, failing=math.inf)
    text = _words(gate, measure, seen, (low, high), verdict)
    return GateResult(gate=gate, estimate=estimate, verdict=verdict, explanation=text, evidence=evidence)


def _judged_together(
    gate: Gate, targets: Sequence[OfTarget], statistic: Statistic, measure: Ruler
) -> GateResult:
    """A value that only all targets have: decided where each was asked in full and nothing is missing."""
    samples: Mapping[str, Sample] = {one.alias: one.sample for one in targets}
    of_all: Any = statistic.function
    estimate: Estimate = of_all(samples, **gate.options)
    lacking = [one for one in targets if one.sample.failed or one.sample.undrawn]
    required = f"required {'at most' if measure.at_most else 'at least'} {float(measure.limit):g}"
    if estimate.value is None:
        text = f"no value, {required}: {estimate.method}"
        return GateResult(gate=gate, estimate=estimate, verdict=Verdict.INCONCLUSIVE, explanation=text)
    value = exact(estimate.value)
    if not measure.low <= value <= measure.high:
        raise ValueError(f"the value {estimate.value:g} is outside the scale")
    told = f"{estimate.value:.3f} over {len(targets)} targets, {required}"
    if lacking:
        named = ", ".join(
            f"{one.alias} lacks {len(one.sample.failed) + len(one.sample.undrawn)}" for one in lacking
        )
        text = f"{told}, but not of whole sets ({named}); asking what is missing settles it"
        return GateResult(gate=gate, estimate=estimate, verdict=Verdict.INCONCLUSIVE, explanation=text)
    passed = measure.wrong(value) <= measure.threshold
    beyond = "" if passed else f"{'above' if measure.at_most else 'below'} {float(measure.limit):g}: "
    return GateResult(
        gate=gate,
        estimate=estimate,
        verdict=Verdict.PASSED if passed else Verdict.FAILED,
        explanation=f"{beyond}{told}{SCOPE}",
        evidence=Evidence(passing=math.inf if passed else 1.0, failing=1.0 if passed else math.inf),
    )


def across_ruler(gate: Gate, scale: tuple[float, float]) -> Ruler:
    """The ruler of the gate's threshold: a spread is measured from 0."""
    return ruler(gate, (0.0, scale[1] - scale[0]) if gate.across == "spread" else scale)


def _level(targets: int) -> float:
    """The level of each target's interval, so that all of them hold together at 95 %."""
    return 1.0 - 0.05 / targets


def _seen(one: OfTarget, statistic: Statistic, gate: Gate, *, level: float) -> _Seen:
    sample = replace(one.sample, level=level)
    estimate = statistic(sample, **gate.options)
    counted = cells(sample, statistic.cell or _value)
    if not counted.declared:
        raise ValueError(f"the declared set of {one.alias} is empty")
    low, high = (exact(end) for end in statistic.scale)
    unknown = counted.missing + counted.undrawn
    if statistic.cell is not None:
        total = sum((exact(value) for value in counted.values), Fraction(0))
        ends = [(total + unknown * end) / counted.declared for end in (low, high)]
    else:
        is_known = estimate.value is not None and not unknown and not estimate.missing
        ends = [exact(estimate.value or 0.0)] * 2 if is_known else [low, high]
    return _Seen(alias=one.alias, low=ends[0], high=ends[1], estimate=estimate, counted=counted)


def _value(trial: Trial) -> float | None:
    return trial.score.value


def _unusable(gate: Gate, one: _Seen) -> tuple[Verdict, str] | None:
    counted = one.counted
    if counted.missing > exact(gate.max_missing) * counted.asked:
        share = 100 * counted.missing / max(1, counted.asked)
        text = f"{counted.missing} of {counted.asked} have no score, {share:.3g} % of what was asked"
        return Verdict.BROKEN, f"{text}, more than max_missing {100 * gate.max_missing:g} %"
    if one.estimate.n < max(1, gate.min_n):
        return Verdict.INCONCLUSIVE, f"{one.estimate.n} scored, min_n is {max(1, gate.min_n)}"
    return None


def _combined(gate: Gate, ends: Sequence[tuple[Fraction, Fraction]]) -> tuple[Fraction, Fraction]:
    """Between what the worst, the mean or the spread of values in these intervals must lie."""
    lows, highs = [low for low, _ in ends], [high for _, high in ends]
    if gate.across == "mean":
        return sum(lows, Fraction(0)) / len(ends), sum(highs, Fraction(0)) / len(ends)
    if gate.across == "spread":
        most = max(
            high - low for place, high in enumerate(highs) for other, low in enumerate(lows) if other != place
        )
        return max(Fraction(0), max(lows) - min(highs)), max(Fraction(0), most)
    return (max(lows), max(highs)) if gate.at_most is not None else (min(lows), min(highs))


def _estimate(gate: Gate, seen: Sequence[_Seen]) -> Estimate:
    """The combined value; its interval holds where all those of the targets do."""
    known = [one.estimate for one in seen]
    values = [exact(one.value) for one in known if one.value is not None]
    value = low = high = None
    if len(values) == len(known):
        value = float(_combined(gate, [(one, one) for one in values])[1])
    ends = [
        (exact(one.low), exact(one.high)) for one in known if one.low is not None and one.high is not None
    ]
    if len(ends) == len(known):
        low, high = map(float, _combined(gate, ends))
    methods = " and ".join(dict.fromkeys(one.method for one in known))
    return Estimate(
        value=value,
        low=low,
        high=high,
        n=sum(one.n for one in known),
        missing=sum(one.counted.missing for one in seen),
        undrawn=sum(one.counted.undrawn for one in seen),
        clusters={"target": len(seen)},
        level=0.95,
        method=f"95 % over {len(seen)} targets (Bonferroni), of each by {methods}",
    )


def _words(
    gate: Gate,
    measure: Ruler,
    seen: Sequence[_Seen],
    ends: tuple[Fraction, Fraction],
    verdict: Verdict,
) -> str:
    side = "at most" if measure.at_most else "at least"
    required = f"required {side} {float(measure.limit):g}"
    name = {"worst": "the worst", "mean": "the mean", "spread": "the spread"}[gate.across or "worst"]
    beyond = f"{'above' if measure.at_most else 'below'} {float(measure.limit):g}: "
    low, high = (f"{float(end):.3f}" for end in ends)
    value = low if low == high else f"between {low} and {high}"
    listed = sorted(seen, key=lambda one: (-one.high if measure.at_most else one.low, one.alias))
    named = ", ".join(f"{one.alias} {_told(one)}" for one in listed[:MOST_NAMED])
    more = f" and {len(seen) - MOST_NAMED} more" if len(seen) > MOST_NAMED else ""
    text = f"{name} of {len(seen)} targets is {value}, {required} ({named}{more})"
    if verdict is Verdict.INCONCLUSIVE:
        return f"{text}; asking what is missing of each set settles it"
    return f"{beyond if verdict is Verdict.FAILED else ''}{text}{SCOPE}"


def _told(one: _Seen) -> str:
    if one.low == one.high:
        return f"{float(one.low):.3f}"
    return f"between {float(one.low):.3f} and {float(one.high):.3f}"
