"""A search conducted: known answers judged, framings searched, findings kept, one trial told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from distill_tests.controls import control_met
from distill_tests.kinds._controls import identity_controls
from distill_tests.kinds._search_asking import Asking, Conduct
from distill_tests.kinds._search_details import details_of, reason_of
from distill_tests.kinds._search_findings import Contradiction, contradictions, kept
from distill_tests.kinds._searching import Searching
from distill_tests.search import SearchResult, search
from distill_tests.types import Ask, Case, Exchange, Judging, Model, Reply, Request, Score, Spec, Trial

MOST_EXCHANGES = 20
"""Of findings, that a trial keeps; the store has every reply."""


async def conducted(
    case: Case,
    spec: Spec,
    target: Model,
    *,
    ask: Ask,
    judge: Judging,
    conduct: Conduct,
    clock: Callable[[], float],
) -> Trial:
    """The whole search as one trial: value 1 where it found something, 0 where it found nothing.

    Unscored where it found nothing and too much had no verdict, or where the judge misses an answer that
    is known.  Raises Refused, and what is no trouble of a provider, such as Stopped.
    """
    searching: Searching = case.data
    asking = Asking(case=case, spec=spec, target=target, ask=ask, judge=judge, conduct=conduct)
    if missed := await _missed_control(asking):
        unscored = _unscored(f"{missed}; so nothing was searched")
        return Trial(exchanges=(), answer="", score=replace(unscored, details={"search": {}}))
    result = await search(
        searching.seeds,
        searching.questions,
        plan=searching.plan,
        evaluate=asking.judged,
        mutate=asking.mutated if searching.mutator else None,
        clock=clock,
    )
    found = await contradictions(result, asking)
    told = details_of(result, searching, found, await kept(found, searching.write), asking.troubles)
    details = {"search": told}
    reason = reason_of(result, searching, found, asking.troubles)
    if found.contradictions:
        first = found.contradictions[0].told
        score = Score(
            value=1.0,
            label="found",
            reason=reason,
            evidence=first.score.evidence,
            judge=first.score.judge,
            details=details,
        )
        return Trial(
            exchanges=_exchanges(found.contradictions),
            answer=first.answer,
            score=score,
            cut_off=first.cut_off,
        )
    if _is_unknown(result, asking):
        score = _unscored(reason)
    else:
        score = Score(value=0.0, label="none-found", reason=reason)
    judge_name = spec.judge.name if spec.judge else ""
    return Trial(exchanges=(), answer="", score=replace(score, judge=judge_name, details=details))


def _is_unknown(result: SearchResult, asking: Asking) -> bool:
    """Whether that nothing was found may be for want of verdicts, or of changes by the mutating model."""
    tolerated = asking.searching.max_unscored
    too_many_unscored = result.unscored > tolerated * result.probes
    return result.probes == 0 or too_many_unscored or asking.unwritten > tolerated * result.mutator_calls


def _unscored(reason: str) -> Score:
    return Score(value=None, label="unscored", reason=reason)


def _exchanges(found: Sequence[Contradiction]) -> tuple[Exchange, ...]:
    """Each finding as it was found, and as it is written; the one that is shown comes last."""
    trials = [trial for one in reversed(found) for trial in (one.first, one.told)]
    exchanges = [exchange for trial in trials for exchange in trial.exchanges]
    distinct = [one for number, one in enumerate(exchanges) if one not in exchanges[number + 1 :]]
    return tuple(distinct[-MOST_EXCHANGES:])


async def _missed_control(asking: Asking) -> str:
    """In words, an answer of known meaning that the judge takes for another; empty if there is none."""
    for control in identity_controls(asking.spec, asking.target).controls:
        if control.reply is None:
            continue
        canned = Reply(text=control.reply, finish="stop")

        async def answer(_request: Request, reply: Reply = canned) -> Reply:
            return reply

        trial = await asking.conduct(control.case, answer, asking.judge, 0)
        if not control_met(control, trial.score):
            return f"the judge misses the known answer {control.case.id!r}: {control.reply}"
    return ""
