"""The reasons of a gate against a baseline in words: both rates, the difference, what changed."""

from __future__ import annotations

from fractions import Fraction

from distill_tests.gates.baselines.noninferior import NotWorse
from distill_tests.gates.baselines.pairs import Pairs
from distill_tests.gates.cells import Cells
from distill_tests.gates.words import SCOPE
from distill_tests.types import Gate, Verdict


def by_logic(pairs: Pairs, verdict: Verdict) -> str:
    """Decided whatever is missing or was not asked."""
    text = f"{_beyond(pairs, verdict)}{_seen(pairs)}"
    if not pairs.unknown and not pairs.lacking:
        return f"{text}: {_apart(pairs, pairs.least)}, {_allowed(pairs)}; {_changed(pairs)}{SCOPE}"
    rest = f"the other {pairs.counted.undrawn}" if pairs.counted.undrawn else ""
    missing = "what is missing" if pairs.counted.missing or pairs.lacking else ""
    unknown = " and ".join(filter(None, [rest, missing]))
    return f"{text}; {unknown} cannot change it, {_allowed(pairs)}; {_changed(pairs)}{SCOPE}"


def by_bound(gate: Gate, pairs: Pairs, test: NotWorse, verdict: Verdict) -> str:
    """Decided by the paired e-processes on a part of the set."""
    bounds = test.bounds()
    passed = verdict is Verdict.PASSED
    bound = Fraction(bounds.upper if passed else bounds.lower)
    side = f"at {'most' if passed else 'least'} {_size(pairs, bound)}"
    side += f" with {100 * gate.confidence:.12g} % confidence"
    return f"{_beyond(pairs, verdict)}{_seen(pairs)}, so {side}; {_allowed(pairs)}; {_changed(pairs)}{SCOPE}"


def still_open(gate: Gate, pairs: Pairs, test: NotWorse) -> str:
    """What is missing or was not asked could turn it."""
    bounds = test.bounds()
    least, most = max(pairs.least, Fraction(bounds.lower)), min(pairs.most, Fraction(bounds.upper))
    between = f"between {_apart(pairs, least)} and {_apart(pairs, max(least, most))}"
    if not pairs.counted.undrawn:
        between = f"between {_apart(pairs, pairs.least)} and {_apart(pairs, pairs.most)}"
        settles = "re-run with --lf to ask what is missing"
    else:
        between += f" ({100 * gate.confidence:.12g} % confidence on each side)"
        settles = f"asking the other {pairs.counted.undrawn} settles it"
    return f"{_seen(pairs)}: {between}, {_allowed(pairs)}; {_changed(pairs)}; {settles}"


def too_many_missing(gate: Gate, counted: Cells) -> str:
    """More missing than the gate tolerates."""
    share = 100 * counted.missing / counted.asked
    return (
        f"{counted.missing} of {counted.asked} have no score, {share:.3g} % of what was asked, "
        f"more than max_missing {100 * gate.max_missing:.12g} %; re-run with --lf to ask them"
    )


def too_much_lacking(gate: Gate, pairs: Pairs, trouble: str) -> str:
    """The baseline itself lacks more than the gate tolerates."""
    lacking, declared = pairs.lacking, pairs.counted.declared
    why = f" (first: {trouble})" if trouble else ""
    share = f"{100 * lacking / declared:.3g} % of the set"
    most = f"more than max_missing {100 * gate.max_missing:.12g} %"
    return f"{pairs.beside} has no score for {lacking} of {declared}{why}, {share}, {most}; re-run with --lf"


def too_few(gate: Gate, scored: int, counted: Cells) -> str:
    """Fewer scored cells than the gate asks for."""
    return f"{scored} scored of {counted.declared}, min_n is {max(1, gate.min_n)}"


def trouble(gate: Gate, error: Exception) -> str:
    """The gate, the statistic or the baseline makes no sense."""
    what = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    return f"{gate.statistic}: {what}"


# --- pieces ---------------------------------------------------------------------------------------


def _seen(pairs: Pairs) -> str:
    """``5 wrong in the first 40 of 120, the baseline 3 of the same (9 of all 120)``."""
    counted = pairs.counted
    known = [old for old in pairs.old if old is not None]
    where = (
        f"in the first {counted.asked} of {counted.declared}" if counted.undrawn else f"of {counted.declared}"
    )
    beside = f" and {counted.missing} missing" if counted.missing else ""
    lacking = f" and {pairs.lacking} missing" if pairs.lacking else ""
    if not pairs.binary:
        scored = len(counted.values)
        new_mean = _number(pairs.ruler.value(pairs.new_wrong / scored)) if scored else "unknown"
        old_mean = _number(pairs.ruler.value(sum(known, Fraction(0)) / max(1, len(known))))
        of_all = f" ({_number(pairs.ruler.value(pairs.old_mean))} of all)"
        the_same = f"{pairs.beside} {old_mean}{of_all if counted.undrawn else ''}{lacking}"
        return f"mean {new_mean}{beside} {where}, {the_same}"
    old, old_all = sum(known, Fraction(0)) * counted.repeats, pairs.old_wrong
    word, new = "wrong", pairs.new_wrong
    if not pairs.ruler.at_most:
        word, new = "right", len(counted.values) - pairs.new_wrong
        old, old_all = len(known) * counted.repeats - old, counted.declared - pairs.lacking - old_all
    of_all = f" of the same ({int(old_all)} of all {counted.declared})" if counted.undrawn else ""
    return f"{int(new)} {word}{beside} {where}, {pairs.beside} {int(old)}{of_all}{lacking}"


def _apart(pairs: Pairs, difference: Fraction) -> str:
    """``0.017 above``: how far apart the two are, and which way."""
    more_wrong = difference > 0
    if not difference:
        return "no difference"
    above = more_wrong == pairs.ruler.at_most
    return (
        f"{_number(abs(difference) * (pairs.ruler.high - pairs.ruler.low))} {'above' if above else 'below'}"
    )


def _size(pairs: Pairs, difference: Fraction) -> str:
    """As :func:`_apart`, but always counted in the direction that the gate bounds: ``-0.01 above``."""
    side = "above" if pairs.ruler.at_most else "below"
    return f"{_number(difference * (pairs.ruler.high - pairs.ruler.low))} {side}"


def _allowed(pairs: Pairs) -> str:
    limit, (side, other) = _limit(pairs)
    return f"allowed is {limit:g} {side}" if limit >= 0 else f"required is {-limit:g} {other} or more"


def _limit(pairs: Pairs) -> tuple[float, tuple[str, str]]:
    """How far apart the two may be; the side on which more is worse, and the other."""
    if pairs.ruler.at_most:
        return float(pairs.ruler.limit), ("above", "below")
    return -float(pairs.ruler.limit), ("below", "above")


def _beyond(pairs: Pairs, verdict: Verdict) -> str:
    if verdict is not Verdict.FAILED:
        return ""
    limit, (side, other) = _limit(pairs)
    apart = f"more than {limit:g} {side}" if limit >= 0 else f"less than {-limit:g} {other}"
    return f"{apart} {pairs.beside}: "


def _changed(pairs: Pairs) -> str:
    worse, better = len(pairs.worse), len(pairs.better)
    if pairs.binary and pairs.counted.repeats == 1:
        return f"{worse} newly wrong, {better} no longer"
    return f"{worse} worse than before, {better} better"


def _number(value: Fraction) -> str:
    return f"{float(value):.3f}"
