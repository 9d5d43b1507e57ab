"""A gate's reasons in words: what was seen, what is allowed, what would settle it.

At-most gates speak of *wrong* cells and how many are allowed, at-least gates of *right* ones and how many
are needed; where cells are no plain 0 and 1 both speak of means.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

from distill_tests.gates.cells import Cells
from distill_tests.gates.claims import OfClusters, dimension, plural
from distill_tests.gates.tally import Ruler, Tally
from distill_tests.types import Estimate, Gate, Verdict

SCOPE = "; holds for the declared set only"
"""What a PASSED and a FAILED says of its claim, if that is no other."""


class Bounds(NamedTuple):
    """One-sided bounds for the mean of the declared set, in wrong units."""

    low: float
    high: float


def scope(gate: Gate, counted: Cells) -> str:
    """What the verdict is about, and what it is not."""
    if gate.claim == "declared-set-resampled":
        return "; holds for this set answered again and again, not for other framings or questions"
    if gate.claim == "population":
        name = plural(dimension(gate, counted.labels))
        return f"; holds for {name} like these with the questions asked here, not for other questions"
    return SCOPE


# --- verdicts ------------------------------------------------------------------------------------


def by_logic(tally: Tally, counted: Cells, verdict: Verdict) -> str:
    """Decided whatever the cells that are missing or not asked would say."""
    if not tally.undrawn and not tally.missing:
        return _prefix(tally, verdict, only_failed=True) + _census(tally) + SCOPE
    unknown = _unknown(tally)
    where = _where(tally, of_all=not tally.binary)
    text = f"{_prefix(tally, verdict)}{_seen(tally)}{_missing_beside(counted)}{where}; "
    if tally.binary:
        budget = f"{_budget(tally)} of {tally.declared}" if tally.undrawn else f"{_budget(tally)}"
        role = "allowed" if tally.ruler.at_most else "needed"
        return f"{text}{budget} are {role}, so {unknown} cannot change it{SCOPE}"
    return f"{text}{unknown} cannot change it{SCOPE}"


def by_bound(gate: Gate, tally: Tally, counted: Cells, bounds: Bounds, verdict: Verdict) -> str:
    """Decided by a one-sided bound on a part of the set."""
    passed = verdict is Verdict.PASSED
    wrong = bounds.high if passed else bounds.low
    is_upper = passed == tally.ruler.at_most
    share = _near(tally, tally.ruler.value(Fraction(wrong)), tally.ruler.limit)
    bound = f"{'at most' if is_upper else 'at least'} {share} with {_percent(gate.confidence)} confidence"
    seen = f"{_seen(tally)}{_missing_beside(counted)}{_where(tally, of_all=True)}"
    prefix = _prefix(tally, verdict, only_failed=True)
    return f"{prefix}{seen}, so {bound}; {_required(tally)}{scope(gate, counted)}"


def carried_by(cases: int, counted: Cells) -> str:
    """Which of the asked cases an answer rests on that was there before all of them were asked."""
    return f"; the first {cases} carried it" if cases < len(counted.cases) else ""


def of_clusters(gate: Gate, tally: Tally, counted: Cells, found: OfClusters) -> str:
    """What the clusters carry of a claim about those in general, decided or not."""
    names = plural(found.over)
    about = (
        f"mean of {found.clusters} {found.over} means {_of_mean(tally, found.mean)}{_missing_beside(counted)}"
    )
    low, high = sorted(tally.ruler.value(Fraction(end)) for end in found.bounds)
    limit, sure = tally.ruler.limit, _percent(gate.confidence)
    if found.verdict is None:
        between = f"between {_near(tally, low, limit)} and {_near(tally, high, limit)}"
        return (
            f"{about}, so over {names} in general {between} ({sure} confidence on each side), "
            f"{_required(tally)}; more {names} would narrow it, more questions in each hardly"
        )
    is_upper = (found.verdict is Verdict.PASSED) == tally.ruler.at_most
    end = _near(tally, high if is_upper else low, limit)
    bound = f"{'at most' if is_upper else 'at least'} {end} over {names} in general with {sure} confidence"
    failed = _prefix(tally, found.verdict, only_failed=True)
    return f"{failed}{about}, so {bound}; {_required(tally)}{scope(gate, counted)}"


def by_value(gate: Gate, ruler: Ruler, estimate: Estimate, verdict: Verdict) -> str:
    """Decided by the value of a statistic that is no mean of cells."""
    failed = _beyond(ruler) if verdict is Verdict.FAILED else ""
    value = _near_number(Fraction(estimate.value or 0.0), ruler.limit, digits=3)
    missing = f", {estimate.missing} missing" if estimate.missing else ""
    reason = estimate.details.get("reason")
    because = f"; {reason}" if isinstance(reason, str) and reason else ""
    return (
        f"{failed}{gate.statistic} {value} over {estimate.n}{missing}, {_limit_words(ruler)}{because}{SCOPE}"
    )


def by_ends(
    gate: Gate, ruler: Ruler, ends: tuple[float, float], verdict: Verdict, missing: int, counted: Cells
) -> str:
    """Decided for a statistic that is no mean of cells, whatever is missing or not asked."""
    failed = _beyond(ruler) if verdict is Verdict.FAILED else ""
    return f"{failed}{_ends(gate, ruler, ends, missing, counted)}{SCOPE}"


def _ends(gate: Gate, ruler: Ruler, ends: tuple[float, float], missing: int, counted: Cells) -> str:
    low, high = (_near_number(Fraction(end), ruler.limit, digits=3) for end in ends)
    parts = [f"{missing} of {counted.declared} have no score"] if missing else []
    parts += [f"{counted.undrawn} of {counted.declared} are not asked"] if counted.undrawn else []
    told = low if ends[0] == ends[1] else f"between {low} and {high}"
    return f"{gate.statistic} {told}, whatever is missing: {', '.join(parts)}; {_limit_words(ruler)}"


# --- not decided ---------------------------------------------------------------------------------


def open_ends(gate: Gate, ruler: Ruler, ends: tuple[float, float], missing: int, counted: Cells) -> str:
    """The threshold lies between what such a statistic could be."""
    more = f"ask the other {counted.undrawn}" if counted.undrawn else _obtain(counted)
    return f"{_ends(gate, ruler, ends, missing, counted)}; {more}"


def lacks_answers(tally: Tally, counted: Cells) -> str:
    """Asked in full, and what is missing could turn it."""
    seen = f"{_seen(tally)}, {_missing(counted)}"
    least, most = tally.wrong / tally.declared, (tally.wrong + tally.missing) / tally.declared
    return f"{seen}: {_between(tally, least, most)}, {_required(tally)}; {_obtain(counted)}"


def open_bounds(gate: Gate, tally: Tally, counted: Cells, bounds: Bounds, more_cases: int | None) -> str:
    """Asked in part, and the threshold lies between the bounds."""
    seen = f"{_seen(tally)}{_missing_beside(counted)}{_where(tally, of_all=True)}"
    least = max(Fraction(bounds.low), tally.wrong / tally.declared)
    most = min(Fraction(bounds.high), (tally.wrong + tally.missing + tally.undrawn) / tally.declared)
    between = f"{_between(tally, least, most)} ({_percent(gate.confidence)} confidence on each side)"
    missing = " and what is missing" if tally.missing else ""
    settles = f"asking the other {tally.undrawn}{missing} settles it"
    if more_cases is not None:
        settles = f"{_clean(tally, more_cases * counted.repeats)} would pass it; {settles}"
    return f"{seen}: {between}, {_required(tally)}; {settles}"


def open_process(gate: Gate, tally: Tally, counted: Cells, bounds: Bounds) -> str:
    """The threshold lies between the bounds of what the set would show if it were answered anew."""
    seen = f"{_seen(tally)}{_missing_beside(counted)}{_where(tally, of_all=True)}"
    between = _between(tally, Fraction(bounds.low), Fraction(bounds.high))
    settles = f"ask the other {tally.undrawn}" if tally.undrawn else "more repeats, or more cases"
    return (
        f"{seen}, so {between} if the set were answered anew ({_percent(gate.confidence)} confidence on each "
        f"side), {_required(tally)}; {settles} may settle it"
    )


def takes_the_whole_set(tally: Tally, counted: Cells) -> str:
    """A claim about clusters in general, on a part of the set."""
    seen = f"{_seen(tally)}{_missing_beside(counted)}{_where(tally, of_all=True)}"
    rest = f"ask the other {tally.undrawn} of {tally.declared}"
    return f"{seen}, {_required(tally)}; a population claim is decided on the whole set only: {rest}"


def too_few(gate: Gate, scored: int, counted: Cells) -> str:
    """Fewer scored cells than the gate asks for."""
    text = f"{scored} scored of {counted.declared}, min_n is {max(1, gate.min_n)}"
    if counted.declared < gate.min_n:
        return f"{text}: the declared set is too small, declare more or lower min_n"
    if counted.missing and scored + counted.undrawn < gate.min_n:
        return f"{text}; {_missing(counted)}; {_obtain(counted)}"
    return f"{text}; ask at least {max(1, gate.min_n) - scored} more"


def no_value(measure: Ruler, estimate: Estimate) -> str:
    """The statistic has none, for a reason that more answers need not change."""
    side = "at most" if measure.at_most else "at least"
    reason = estimate.method.removeprefix("no value: ")
    return f"no value, required {side} {float(measure.limit):g}: {reason}"


def whole_set_only(gate: Gate, estimate: Estimate, missing: int, counted: Cells) -> str:
    """A statistic that is no mean of cells, without a value or on less than the whole set."""
    if estimate.value is None and not missing and not counted.undrawn:
        return f"{gate.statistic} has no value on these {counted.declared} answers"
    value = "has no value" if estimate.value is None else f"{estimate.value:.3f}"
    text = f"{gate.statistic} {value} over {estimate.n}; it is decided on the whole set only: "
    if counted.undrawn:
        return f"{text}ask the other {counted.undrawn} of {counted.declared}"
    return f"{text}{missing} of {counted.declared} have no score; {_obtain(counted)}"


# --- broken --------------------------------------------------------------------------------------


def trouble(gate: Gate, error: Exception) -> str:
    """The gate, the sample or the statistic makes no sense."""
    what = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    return f"{gate.statistic}: {what}"


def too_many_missing(gate: Gate, tally: Tally, counted: Cells) -> str:
    """More missing than the gate tolerates; says so if the rest fails it all the same."""
    text = f"{_missing(counted)}, {_share_missing(gate, tally.missing, counted)}; {_obtain(counted)}"
    if tally.is_failed():
        return f"{text}; what was scored fails it already ({_seen(tally)}, {_required(tally)})"
    return text


def too_many_missing_values(gate: Gate, missing: int, counted: Cells) -> str:
    """The same for a statistic that is no mean of cells."""
    share = _share_missing(gate, missing, counted)
    return f"{missing} of {counted.asked} have no score, {share}; {_obtain(counted)}"


# --- before paying -------------------------------------------------------------------------------


def power(gate: Gate, tally: Tally) -> str:
    """What decides the gate on the whole set."""
    limit = f"{_side(tally.ruler)} {_number(tally.ruler.limit)} of {tally.declared}"
    if not tally.declared:
        return f"{limit}: the declared set is empty"
    if tally.declared < gate.min_n:
        return f"{limit}: never decides, min_n is {gate.min_n}"
    if gate.claim != "declared-set":
        return f"{limit}, claim {gate.claim}: decided by bounds, not by a count"
    if not tally.ruler.is_share:
        return (
            f"{_side(tally.ruler)} {_number(tally.ruler.limit)}: decided by the mean of all {tally.declared}"
        )
    allowed = math.floor(tally.allowed)
    if allowed >= tally.declared:
        return f"{limit}: passes whatever is answered"
    if tally.ruler.at_most:
        passes = f"with up to {allowed} wrong" if allowed else "with none wrong"
        return f"{limit}: passes {passes}, fails from the {_ordinal(allowed + 1)}"
    needed = tally.declared - allowed
    return f"{limit}: passes from {needed} right, fails from the {_ordinal(allowed + 1)} wrong"


# --- pieces that others put together --------------------------------------------------------------


def seen_in(tally: Tally, counted: Cells) -> str:
    """Such as ``2 wrong and 1 unanswered in the first 40 of 120``."""
    return f"{_seen(tally)}{_missing_beside(counted)}{_where(tally, of_all=True)}"


def required(tally: Tally) -> str:
    """Such as ``required at most 0.10``."""
    return _required(tally)


def beyond(ruler: Ruler) -> str:
    """How what fails begins: ``above 0.10: ``."""
    return _beyond(ruler)


def number(limit: Fraction) -> str:
    """A threshold as every text of a gate writes it: 0.02, 0.10, 4."""
    return _number(limit)


def close(tally: Tally, value: Fraction) -> str:
    """``value`` with as many digits as tell it from the threshold."""
    return _near(tally, value, tally.ruler.limit)


def what_is_open(tally: Tally, counted: Cells) -> str:
    """What to do about cells that are not known and could turn the verdict."""
    if not tally.undrawn:
        return _obtain(counted)
    return f"asking the other {tally.undrawn}{' and what is missing' if tally.missing else ''} may settle it"


# --- pieces --------------------------------------------------------------------------------------


def _census(tally: Tally) -> str:
    """The whole set: ``0 wrong of 120, required at most 0.02 (2 allowed)``."""
    text = f"{_seen(tally)} of {tally.declared}, {_required(tally)}"
    if tally.binary:
        text += f" ({_budget(tally)} {'allowed' if tally.ruler.at_most else 'needed'})"
    return text


def _seen(tally: Tally) -> str:
    if tally.binary:
        wrong = int(tally.wrong)
        return f"{wrong} wrong" if tally.ruler.at_most else f"{tally.scored - wrong} right"
    mean = tally.ruler.value(tally.wrong / tally.scored)
    return f"mean {_near(tally, mean, tally.ruler.limit)}"


def _of_mean(tally: Tally, wrong: float) -> str:
    return _near(tally, tally.ruler.value(Fraction(wrong)), tally.ruler.limit)


def _where(tally: Tally, *, of_all: bool) -> str:
    if not tally.undrawn:
        return f" of {tally.declared}"
    return f" in the first {tally.asked}" + (f" of {tally.declared}" if of_all else "")


def _unknown(tally: Tally) -> str:
    if not tally.undrawn:
        return "what is missing"
    rest = f"the other {tally.undrawn}"
    return f"{rest} and what is missing" if tally.missing else rest


def _missing(counted: Cells) -> str:
    """``4 of 200 unanswered``, or how many of them had a reply and no score."""
    if not counted.unscored:
        return f"{counted.unanswered} of {counted.asked} unanswered"
    if not counted.unanswered:
        return f"{counted.unscored} of {counted.asked} unscored"
    return f"{counted.unanswered} unanswered and {counted.unscored} unscored of {counted.asked}"


def _missing_beside(counted: Cells) -> str:
    parts = [
        f"{number} {word}"
        for number, word in ((counted.unanswered, "unanswered"), (counted.unscored, "unscored"))
        if number
    ]
    return f" and {' and '.join(parts)}" if parts else ""


def _obtain(counted: Cells) -> str:
    if counted.unanswered:
        return "re-run with --lf to ask them"
    return "the replies are there and the judge gave no score: their cases say why"


def _share_missing(gate: Gate, missing: int, counted: Cells) -> str:
    share = 100 * missing / counted.asked
    return f"{share:.3g} % of what was asked, more than max_missing {_percent(gate.max_missing)}"


def _clean(tally: Tally, cells: int) -> str:
    if not tally.binary:
        return f"{cells} more at {_number(tally.ruler.value(Fraction(0)))}"
    return f"{cells} more, {'none wrong' if tally.ruler.at_most else 'all right'},"


def _budget(tally: Tally) -> int:
    """How many wrong cells are allowed, or how many right ones are needed, in the declared set."""
    allowed = math.floor(tally.allowed)
    return allowed if tally.ruler.at_most else tally.declared - allowed


def _prefix(tally: Tally, verdict: Verdict, *, only_failed: bool = False) -> str:
    if verdict is Verdict.FAILED:
        return _beyond(tally.ruler)
    return "" if only_failed else f"{_side(tally.ruler)} {_number(tally.ruler.limit)}: "


def _beyond(ruler: Ruler) -> str:
    return f"{'above' if ruler.at_most else 'below'} {_number(ruler.limit)}: "


def _required(tally: Tally) -> str:
    return _limit_words(tally.ruler)


def _limit_words(ruler: Ruler) -> str:
    return f"required {_side(ruler)} {_number(ruler.limit)}"


def _side(ruler: Ruler) -> str:
    return "at most" if ruler.at_most else "at least"


def _between(tally: Tally, least_wrong: Fraction, most_wrong: Fraction) -> str:
    low, high = sorted((tally.ruler.value(least_wrong), tally.ruler.value(most_wrong)))
    limit = tally.ruler.limit
    return f"between {_near(tally, low, limit)} and {_near(tally, high, limit)}"


def _near(tally: Tally, value: Fraction, limit: Fraction) -> str:
    """``value`` with three digits, or as many as one cell of the set is worth."""
    return _near_number(value, limit, digits=max(3, len(str(tally.declared))))


def _near_number(value: Fraction, limit: Fraction, *, digits: int) -> str:
    """``value`` with at least so many decimals that it does not look like a ``limit`` it is not."""
    most = 12
    needed = next((n for n in range(digits, most + 1) if round(value, n) != limit), digits)
    return f"{float(value):.{needed}f}"


def _number(limit: Fraction) -> str:
    """A threshold as a person would write it: 0.02, 0.10, 4."""
    if limit.denominator == 1:
        return str(limit.numerator)
    digits = f"{float(limit):.12f}".rstrip("0")
    return f"{float(limit):.2f}" if len(digits.partition(".")[2]) < 2 else digits


def _percent(share: float) -> str:
    return f"{100 * share:.12g} %"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
