"""Several verdicts on one exhibit to one: majorities and means, with what failed counted against it."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from distill_tests.judges._rubric_fields import EXPLANATION, Field, Verdict
from distill_tests.judges._rubric_text import Rubric
from distill_tests.types import Json, Reply

_OTHER = {"first": "second", "second": "first"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One reply of the judge model: its verdict, or why it is none.

    ``is_swapped``: the two compared texts stood in the other order; choices named first and second are
    turned back already.
    """

    sample: int
    is_swapped: bool = False
    verdict: Verdict | None = None
    trouble: str = ""
    reply: Reply | None = None


class Tally(NamedTuple):
    """What the votes come to: a value for every field, or None and the reason in words."""

    values: Mapping[str, Json] | None
    trouble: str = ""
    spread: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The tally over all orders; ``order_gap`` is the difference of the value between the two orders."""

    tally: Tally
    order_gap: float | None = None
    notes: tuple[str, ...] = field(default=())


def turned_back(verdict: Verdict, fields: Sequence[Field]) -> Verdict:
    """The verdict on swapped texts in terms of the unswapped ones."""
    choices = {one.name for one in fields if one.sort == "choice" and {*_OTHER} <= {*one.choices}}
    return {
        name: _OTHER.get(value, value) if name in choices and isinstance(value, str) else value
        for name, value in verdict.items()
    }


def counted(votes: Sequence[Vote], rubric: Rubric) -> Tally:
    """The votes of one order.

    A flag or a choice needs more than half of *all* votes, failed ones included; numbers are averaged
    where more than half are usable.  Texts are those of the vote that is nearest to the result.
    """
    usable = [vote.verdict for vote in votes if vote.verdict is not None]
    if 2 * len(usable) <= len(votes):
        return Tally(None, _failures(votes))
    values: dict[str, Json] = {}
    for one in rubric.fields:
        given = [verdict[one.name] for verdict in usable]
        if one.sort == "score":
            values[one.name] = statistics.fmean(map(_number, given))
        elif one.sort in ("flag", "choice"):
            winner, support = Counter(map(_hashable, given)).most_common(1)[0]
            if 2 * support <= len(votes):
                return Tally(None, f"no majority on {one.name}: {_counts(given, len(votes))}")
            values[one.name] = winner
    nearest = min(usable, key=lambda verdict: _distance(verdict, values))
    texts = {one.name: nearest[one.name] for one in rubric.fields if one.sort == "text"}
    numbers = [_number(verdict[rubric.value]) for verdict in usable]
    values |= {**texts, EXPLANATION: nearest[EXPLANATION]}
    return Tally(values, spread=max(numbers) - min(numbers))


def combined(votes: Sequence[Vote], rubric: Rubric) -> Outcome:
    """The votes of one order, or of both: numbers are averaged, flags and choices have to agree."""
    orders = [[vote for vote in votes if vote.is_swapped is swapped] for swapped in (False, True)]
    tallies = [counted(order, rubric) for order in orders if order]
    failed = next((tally for tally in tallies if tally.values is None), None)
    if failed is not None or len(tallies) == 1:
        return Outcome(tally=failed or tallies[0])
    first, second = (tally.values or {} for tally in tallies)
    gap = abs(_number(first[rubric.value]) - _number(second[rubric.value]))
    values = dict(first)
    for one in rubric.fields:
        if one.sort == "score":
            values[one.name] = statistics.fmean((_number(first[one.name]), _number(second[one.name])))
        elif one.sort in ("flag", "choice") and first[one.name] != second[one.name]:
            trouble = f"the two orders disagree on {one.name}: {first[one.name]}, {second[one.name]}"
            return Outcome(tally=Tally(None, trouble), order_gap=gap)
    notes = (f"the two orders differ by {gap:g}",) if gap else ()
    spread = max(tally.spread for tally in tallies)
    return Outcome(tally=Tally(values, spread=spread), order_gap=gap, notes=notes)


def _failures(votes: Sequence[Vote]) -> str:
    reasons = list(dict.fromkeys(vote.trouble for vote in votes if vote.trouble))
    if len(votes) == 1:
        return reasons[0]
    failed = sum(vote.verdict is None for vote in votes)
    return f"{failed} of {len(votes)} votes are no verdicts: {'; '.join(reasons)}"


def _counts(given: Sequence[Json], votes: int) -> str:
    told = ", ".join(f"{count} {value}" for value, count in Counter(map(_hashable, given)).most_common())
    return told + (f", {votes - len(given)} failed" if votes > len(given) else "")


def _distance(verdict: Verdict, values: Mapping[str, Json]) -> float:
    """How far a vote is from the result: whole steps for flags and choices, differences for numbers."""
    return sum(
        abs(_number(verdict[name]) - _number(value))
        if isinstance(value, int | float)
        else float(verdict[name] != value)
        for name, value in values.items()
    )


def _number(value: Json) -> float:
    assert isinstance(value, int | float), "a score or a flag"
    return float(value)


def _hashable(value: Json) -> bool | str:
    assert isinstance(value, bool | str), "a flag or a choice"
    return value
