"""A search in words and as compact data: what was found, what was tried, and what that does not say."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from distill_tests import display
from distill_tests.kinds._search_findings import Contradiction, Found, Kept
from distill_tests.kinds._searching import Searching
from distill_tests.kinds._showing import judged_text, trial_lines
from distill_tests.search import SearchResult, Step, calls_words, several
from distill_tests.types import Json, Outcome

MOST_FINDINGS = 20
MOST_STEPS = 60
MOST_CHARACTERS = 600
"""Of a template in the record; a pack has all of it."""
NO_RATE = "framings were chosen by what they brought: no rate can be read off this"
BARE = "the bare question brings it out; no framing needed"
FEW = 10
"""Fewer framings than these are no search to speak of."""

_COLUMNS = 88


def reason_of(result: SearchResult, searching: Searching, found: Found, troubles: Mapping[str, int]) -> str:
    """What came of the search, in a sentence or two."""
    calls = calls_words(result.calls, found.shortening_calls)
    told = f"{_what_came(found, searching.plan.counts)} ({calls}; {several(_tried(result), 'framing')} tried)"
    told += f"; {result.stopped}"
    if few := _few_framings(result):
        told += f"; {few}"
    if result.unscored:
        told += f"; {result.unscored:,} of {result.probes:,} questions without a verdict"
    if troubles:
        told += f", such as: {next(iter(troubles))}"
    return told


def _what_came(found: Found, goal: str) -> str:
    framings = len(found.framings)
    if not found.contradictions:
        return f"no {goal} claim found"
    if framings == len(found.contradictions):
        return f"{several(framings, 'framing')} with a {goal} claim found"
    beside = f"; beside it, {several(framings, 'framing')} found" if framings else ""
    return f"{goal} claim found: {BARE}{beside}"


def _tried(result: SearchResult) -> int:
    return sum(step.template is not None for step in result.trail)


def _few_framings(result: SearchResult) -> str:
    """That the questions of a few framings used the budget up, in words; empty where they did not."""
    tried, each = _tried(result), max((step.asked for step in result.trail), default=0)
    if tried >= FEW or each < 2 or "is used up" not in result.stopped:
        return ""
    return (
        f"only {several(tried, 'framing')} could be tried, because one was asked up to {each} questions: "
        "fewer questions or more calls try more"
    )


# --- as data ------------------------------------------------------------------------------------


def details_of(
    result: SearchResult,
    searching: Searching,
    found: Found,
    kept: Kept,
    troubles: Mapping[str, int],
) -> dict[str, Json]:
    """What a record holds of a search, under ``search``: bounded, whatever was found and tried."""
    plan, trail = searching.plan, _shown_steps(result.trail)
    return {
        "policy": plan.policy,
        "seed": plan.seed,
        "goal": plan.counts,
        "stopped": result.stopped,
        "calls": {
            "target": result.target_calls,
            "mutator": result.mutator_calls,
            "most": plan.budget.calls,
            "search": result.calls,
            "shortening": found.shortening_calls,
            "all": result.calls + found.shortening_calls,
        },
        "usd": round(result.usd, 6),
        "questions_asked": result.probes,
        "without_verdict": result.unscored,
        "troubles": {_short(text): count for text, count in list(troubles.items())[:5]},
        "framings_tried": _tried(result),
        "rejected": dict(result.rejected),
        "findings": [_finding(one) for one in found.contradictions[:MOST_FINDINGS]],
        "findings_in_all": len(found.contradictions),
        "trail": [step_line(step) for step in trail],
        "trail_left_out": len(result.trail) - len(trail),
        "pack": _from_here(kept.pack) if kept.pack else None,
        "pack_added": kept.added,
        "pack_trouble": kept.trouble,
        "what_it_says": NO_RATE,
    }


def _from_here(path: Path) -> str:
    """The path as it would be typed in the current folder."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:  # another drive
        return path.name


def _finding(one: Contradiction) -> dict[str, Json]:
    form, provenance = one.shrunk, one.framing.provenance
    return {
        "id": one.framing.id,
        "language": one.framing.language,
        "template": _short(one.framing.text),
        "bare": one.is_bare,
        "original": None if provenance.original is None else _short(provenance.original),
        "questions": list(provenance.questions),
        "claimed": list(provenance.claimed),
        "judged": _short(judged_text(one.told.score)),
        "makers_named": list(provenance.makers),
        "step": one.finding.step,
        "mutator": one.finding.mutator,
        "parents": list(provenance.parents)[:10],
        "hits": one.finding.hits,
        "asked": one.finding.asked,
        "came_back": form.came_back if form else None,
        "repeats": form.scored if form else None,
        "shortest": provenance.shortest,
        "shortening_asked": form.attempts if form else 0,
    }


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def _shown_steps(trail: Sequence[Step]) -> list[Step]:
    """Those that found something, and as many of the others as there is room for, in order."""
    hits = [step for step in trail if step.hits][:MOST_STEPS]
    others = [step for step in trail if not step.hits][: MOST_STEPS - len(hits)]
    return sorted((*hits, *others), key=lambda step: step.number)


def step_line(step: Step) -> str:
    """Such as ``m12 splice of narrator-en and m3: 1 of 2``."""
    made = f"m{step.number} {step.mutator} of {step.parent}" + (
        f" and {step.partner}" if step.partner else ""
    )
    if step.rejected is not None:
        return f"{made}: not asked, {_short(step.rejected)}"
    unscored = f", {step.unscored} without a verdict" if step.unscored else ""
    return f"{made}: {step.hits} of {step.asked}{unscored}"


# --- in lines for people ------------------------------------------------------------------------


def search_lines(outcome: Outcome) -> Iterator[str]:
    """The outcome of a search: what was found and how, the first finding's evidence, the trail."""
    place, shown = outcome.case.place, outcome.trials[0]
    score = shown.score
    yield f"{place.path}:{place.line}  identity search on {outcome.target.alias}"
    yield from labelled("search" if score.value is None else "found", score.reason)
    written: Any = score.details.get("search", {})
    details: Mapping[str, Any] = written
    findings = details.get("findings", [])
    if findings:
        yield from labelled("first", finding_line(findings[0]))
        yield from trial_lines(shown, findings[0]["judged"])
    for finding in findings[1:]:
        yield from labelled("also", finding_line(finding))
    if len(findings) < details.get("findings_in_all", 0):
        yield from labelled("", f"and {details['findings_in_all'] - len(findings)} more")
    if details.get("pack"):
        yield from labelled("pack", f"{details['pack']} ({details['pack_added']} new)")
    if details.get("pack_trouble"):
        yield from labelled("pack", f"not written: {details['pack_trouble']}")
    if details:
        yield from labelled("trail", trail_line(details))
        yield from labelled("note", details["what_it_says"])


def finding_line(finding: Mapping[str, Any]) -> str:
    """Such as ``found-1a2b3c4d5e6f, by drop of poem-en; came back in 3 of 3; the prompt names no maker``."""
    made = f"by {finding['mutator']} of {', '.join(finding['parents'][:2])}"
    told = f"{BARE}; found {made}" if finding["bare"] else f"{finding['id']}, {made}"
    if finding["repeats"]:
        told += f"; came back in {finding['came_back']} of {finding['repeats']}"
    if finding["bare"]:
        return told
    if finding["original"] is not None:
        told += f", shortened{'' if finding['shortest'] else ' (not to the end)'}"
    makers = ", ".join(finding["makers_named"])
    return f"{told}; the prompt names {makers or 'no maker'}"


def trail_line(details: Mapping[str, Any]) -> str:
    rejected = sum(details["rejected"].values())
    tried = several(details["framings_tried"], "framing")
    asked = several(details["questions_asked"], "question")
    told = f"{details['policy']}, seed {details['seed']}: {tried}, {asked}"
    return told + (f", {several(rejected, 'framing')} not asked" if rejected else "")


def labelled(label: str, text: str) -> Iterator[str]:
    """The text in visible lines beside its label."""
    lead = f"  {label + ':' if label else '':<9}"
    for line in display.marked_lines(text, (), _COLUMNS, context=len(text)):
        yield (lead + line.shown).rstrip()
        lead = " " * 11
