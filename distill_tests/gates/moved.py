"""A gate's threshold under a judge whose errors are known: the verdict's words, and the corrected rate.

Gates count what is *wrong* (:mod:`distill_tests.gates.tally`); of an at-least gate that is where the
judge's mark is absent, so that what it misses of the positives are its false alarms there.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from distill_tests.gates import words
from distill_tests.gates.cells import Cells
from distill_tests.gates.tally import Ruler, Tally, exact
from distill_tests.inference.intervals import Interval
from distill_tests.inference.judge_error import (
    Band,
    Corrected,
    Decision,
    JudgeLabels,
    JudgeRates,
    band,
    rogan_gladen,
    true_positives,
)
from distill_tests.inference.labels_needed import LabelsNeeded, labels_to_decide
from distill_tests.types import Gate, Verdict

ASSUMED = ", if the judge errs in it as on the labelled rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What labelled rows say of one mark of a judge.

    ``worth``: how many independent rows one positive and one negative label count for, below 1 where rows
    under one template go the same way.
    """

    judge: str
    mark: str
    labels: JudgeLabels
    rates: JudgeRates
    method: str
    worth: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A gate's threshold under ``known``: ``band``, in wrong units; a verdict errs with ``alpha``.

    ``declared``: the size of the set whose own rate is the claim, None where it is about more.  ``endless``
    is the band in a set so large that the judge's luck evens out.
    """

    known: Known
    band: Band
    endless: Band
    alpha: float
    at_most: bool
    declared: int | None = None


def moved(gate: Gate, measure: Ruler, known: Known, *, declared: int | None = None) -> Moved:
    """The band that the gate's threshold becomes; ``known.rates`` are bounds at alpha / 4 each."""
    alpha = float(1 - exact(gate.confidence))
    rates = known.rates if measure.at_most else _mirrored(known.rates)
    threshold = float(measure.threshold)
    return Moved(
        known=known,
        band=band(threshold, rates, alpha=alpha, declared=declared),
        endless=band(threshold, rates, alpha=alpha),
        alpha=alpha,
        at_most=measure.at_most,
        declared=declared,
    )


def _mirrored(rates: JudgeRates) -> JudgeRates:
    """The same judge, said of the answers that it leaves alone."""
    found, alarms = rates.sensitivity, rates.false_positive_rate
    return JudgeRates(
        Interval(1.0 - alarms.high, 1.0 - alarms.low),
        Interval(1.0 - found.high, 1.0 - found.low),
        None if rates.seen_false_positive_rate is None else 1.0 - rates.seen_false_positive_rate,
        None if rates.seen_sensitivity is None else 1.0 - rates.seen_sensitivity,
    )


# --- the verdict in words -------------------------------------------------------------------------


def explained(
    tally: Tally, counted: Cells, bounds: words.Bounds, decision: Decision, to: Moved
) -> tuple[Verdict, str]:
    """The verdict that ``decision`` is, and its reason; ``bounds`` of the judged rate are in wrong units."""
    coarse = decision is Decision.UNDECIDED and is_coarse(to.band, bounds.low, bounds.high)
    error = to.alpha if coarse else to.band.gate_alpha
    judged = f"{words.seen_in(tally, counted)}, {_judged(tally, bounds, error)}"
    about = f"{judged}; {_required(tally, to)}; {_corrected(tally, bounds, to)}"
    if decision is Decision.PASSED:
        return Verdict.PASSED, f"{about}{words.SCOPE}{ASSUMED}"
    if decision is Decision.FAILED:
        return Verdict.FAILED, f"{words.beyond(tally.ruler)}{about}{words.SCOPE}{ASSUMED}"
    if coarse:
        return Verdict.INCONCLUSIVE, f"judge too coarse: {about}; {_help(bounds, to)}"
    return Verdict.INCONCLUSIVE, f"{about}; {words.what_is_open(tally, counted)}"


def is_coarse(moved_to: Band, low: float, high: float) -> bool:
    """Whether a judged rate between ``low`` and ``high`` stays undecided whatever else is asked."""
    return (moved_to.low is None or low > moved_to.low) and (moved_to.high is None or high <= moved_to.high)


def _judged(tally: Tally, bounds: words.Bounds, error: float) -> str:
    if bounds.low == bounds.high:
        return f"a judged rate of {words.close(tally, tally.ruler.value(tally.wrong / tally.declared))}"
    ends = sorted(tally.ruler.value(Fraction(end)) for end in bounds)
    shown = " and ".join(f"{float(end):.3f}" for end in ends)
    sure = f" ({_percent(1.0 - error)} confidence on each side)" if tally.undrawn else ""
    return f"a judged rate between {shown}{sure}"


def _required(tally: Tally, to: Moved) -> str:
    """Such as ``required at most 0.10, which passes up to 0.084 judged and fails above 0.153``."""
    return f"{words.required(tally)}, which {limits(to)}"


def limits(to: Moved) -> str:
    """Up to which judged rate the gate passes and from where on it fails, and what luck has to do with it."""
    judge = f"under what judge {to.known.judge} gets wrong"
    if to.declared is None:
        return f"{_ends(to.band, to.at_most)} {judge}"
    endless = _ends(to.endless, to.at_most)
    return f"{_ends(to.band, to.at_most)} {judge}, its luck on {to.declared:,} included (without: {endless})"


def _ends(of: Band, at_most: bool) -> str:
    passes = fails = None
    if of.low is not None:
        passes = f"up to {of.low:.3f} judged" if at_most else f"from {1.0 - of.low:.3f} judged on"
    if of.high is not None:
        fails = f"above {of.high:.3f}" if at_most else f"below {1.0 - of.high:.3f}"
    passing = "never passes" if passes is None else f"passes {passes}"
    return f"{passing} and {'never fails' if fails is None else f'fails {fails}'}"


_UNBOUNDED = Interval(0.0, 1.0)
"""What is known of a share from labels that all share a template; from rows of their own it is less wide."""


def _help(bounds: words.Bounds, to: Moved) -> str:
    labels, seen = to.known.labels, to.known.rates
    if not labels.positives or not labels.negatives:
        sort = "positive" if not labels.positives else "negative"
        return f"there are no {sort} labels, and {_sort(sort)} cannot be told without"
    if (seen.seen_sensitivity or 0.0) <= (seen.seen_false_positive_rate or 0.0):
        return "it raises no more of the positives than of the others: no number of labels mends that"
    if _UNBOUNDED in (seen.sensitivity, seen.false_positive_rate):
        return "its labels of a sort are all under one framing, which bounds nothing: label others too"
    more = more_labels(to, bounds)
    if more is None and more_labels(to, bounds, lucky=False) is None:
        return "it stands too near the threshold for such a judge: no number of labels decides it"
    if more is None or not any(more):
        return "the judge's luck is in the way: a larger set would decide it, more labels alone would not"
    parts = [
        f"{count:,} more {sort} labels (for {_sort(sort)})"
        for sort, count in (("positive", more.positives), ("negative", more.negatives))
        if count
    ]
    return f"about {' and '.join(parts)} would decide it"


def _sort(sort: str) -> str:
    return "its sensitivity" if sort == "positive" else "its false positives"


def more_labels(to: Moved, bounds: words.Bounds, *, lucky: bool = True) -> LabelsNeeded | None:
    """About how many more labels of the mark would decide the gate; None: no number does.

    ``lucky``: what luck takes from either end of the band stays as it is.
    """
    positive, negative = to.known.worth
    labels = to.known.labels
    worth = JudgeLabels(
        _at_least_one(labels.positives * positive),
        round(labels.found * positive),
        _at_least_one(labels.negatives * negative),
        round(labels.false_alarms * negative),
    )
    if not to.at_most:
        worth = JudgeLabels(
            worth.negatives,
            worth.negatives - worth.false_alarms,
            worth.positives,
            worth.positives - worth.found,
        )
    below = _gap(to.endless.low, to.band.low, 0.0) if lucky else 0.0
    above = _gap(to.band.high, to.endless.high, 1.0) if lucky else 0.0
    low, high = max(0.0, bounds.low - above), min(1.0, bounds.high + below)
    more = labels_to_decide(to.band.threshold, worth, low, high, alpha=to.alpha)
    if more is None:
        return None
    needed = more if to.at_most else LabelsNeeded(more.negatives, more.positives)
    return LabelsNeeded(round(needed.positives / positive), round(needed.negatives / negative))


def _gap(higher: float | None, lower: float | None, end: float) -> float:
    """How far luck moved an end of the band; an end that it took away went all the way to ``end``."""
    if end == 0.0:
        return 0.0 if higher is None else higher - (end if lower is None else lower)
    return 0.0 if lower is None else (end if higher is None else higher) - lower


def _at_least_one(number: float) -> int:
    return max(1, round(number))


def _corrected(tally: Tally, bounds: words.Bounds, to: Moved) -> str:
    """The corrected rate of what was seen, with the bounds that belong to those of the judged rate."""
    ends = sorted(float(tally.ruler.value(Fraction(end))) for end in bounds)
    seen = float(tally.ruler.value(tally.wrong / tally.scored))
    found = corrected(seen, Interval(*ends), to.known.rates, declared=to.declared, luck=to.band.gate_alpha)
    if found is None:
        return "no rate corrected for the judge's errors"
    return corrected_words(found, n=tally.scored, alpha=to.alpha)


# --- the corrected rate ---------------------------------------------------------------------------


class Rate(NamedTuple):
    """The rate behind a judged one, and its bounds; None where the labels do not bound it."""

    seen: Corrected
    low: float
    high: float


def corrected(
    judged: float,
    bounds: Interval,
    rates: JudgeRates,
    *,
    declared: int | None = None,
    luck: float = 0.0125,
) -> Rate | None:
    """The true rate behind a judged one, and its bounds, each erring with what its parts err with together.

    Of the ``declared`` answers of a set, where that is given; then the judge's luck on them errs with
    ``luck``.  None where the judge raised no more of the positives than of the others.
    """
    if rates.seen_sensitivity is None or rates.seen_false_positive_rate is None:
        return None
    seen = rogan_gladen(
        judged, sensitivity=rates.seen_sensitivity, false_positive_rate=rates.seen_false_positive_rate
    )
    if seen is None:
        return None
    if declared is not None:
        return Rate(seen, *true_positives(bounds, rates, declared=declared, alpha=luck))
    low = rogan_gladen(
        bounds.low, sensitivity=rates.sensitivity.high, false_positive_rate=rates.false_positive_rate.high
    )
    high = rogan_gladen(
        bounds.high, sensitivity=rates.sensitivity.low, false_positive_rate=rates.false_positive_rate.low
    )
    return Rate(seen, 0.0 if low is None else low.rate, 1.0 if high is None else high.rate)


def corrected_words(found: Rate, *, n: int, alpha: float) -> str:
    """Such as ``corrected for the judge's errors: 0.088 [0.041, 0.151], Rogan-Gladen, …``."""
    cut = f"; cut to {found.seen.rate:g} from {found.seen.untruncated:.3f}" if found.seen.truncated else ""
    return (
        f"corrected for the judge's errors: {found.seen.rate:.3f} [{found.low:.3f}, {found.high:.3f}], "
        f"Rogan-Gladen, {_percent(1.0 - alpha)} on either side, n = {n:,}{cut}"
    )


def known_words(known: Known, *, alpha: float) -> str:
    """Such as ``sensitivity 0.920 [0.834, 0.969] of 100, false positives …``."""
    labels, rates = known.labels, known.rates
    found = _rate_words(rates.seen_sensitivity, rates.sensitivity, labels.positives)
    alarms = _rate_words(rates.seen_false_positive_rate, rates.false_positive_rate, labels.negatives)
    return (
        f"{known.mark}: sensitivity {found} positive, false positives {alarms} negative labels "
        f"({known.method}, {_percent(1.0 - alpha / 4.0)} on either side)"
    )


def _rate_words(seen: float | None, bounds: Interval, n: int) -> str:
    value = "unknown" if seen is None else f"{seen:.3f}"
    return f"{value} [{bounds.low:.3f}, {bounds.high:.3f}] of {n:,}"


def _percent(share: float) -> str:
    return f"{100 * share:.6g} %"
