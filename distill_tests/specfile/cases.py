"""What can be wrong with the cases of a spec before anything is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from distill_tests.errors import DataError, Problem
from distill_tests.gates.baselines import refusals
from distill_tests.gates.claims import dimensions, refusal
from distill_tests.registry import judges, kinds, providers, statistic_of
from distill_tests.sharing import sharing_trouble
from distill_tests.specfile.cards import absent_files
from distill_tests.specfile.wording import choice, shown
from distill_tests.subjects import asked_beside, is_judge
from distill_tests.types import Case, Model, Spec

MOST_LACKING = 5
"""Cases without a recorded reply that are named one by one."""


def case_problems(cases: Sequence[Case], spec: Spec, target: Model) -> Iterator[Problem]:
    """Ids that are not unique, claims that the set cannot carry, a target whose identity is not known or
    whose text may not go to a judge's model, weights that are not there, prompts that a recording lacks.

    Raises DataError for a recording that cannot be read.
    """
    yield from _repeated_ids(cases)
    yield from _baselines(cases, spec, target)
    yield from _unsupported_claims(cases, spec)
    for model in spec.judge.asked() if spec.judge is not None else ():
        yield from absent_files(model)
    if is_judge(target):
        return  # a judge under audit: each of its cases brings the identity that it is judged by
    yield from _missing_identity(spec, target)
    for model in {one.alias: one for one in (target, *asked_beside(spec))}.values():
        absent = tuple(absent_files(model))
        yield from absent
        yield from _unshared(spec, model)
        if not absent:  # a recording that is not there lacks every case
            yield from _missing_recordings(cases, spec, model)


def own_problems(spec: Spec) -> Iterable[Problem]:
    """What the kind finds wrong with its own keys, whatever the target is; nothing where it does not say."""
    find = getattr(kinds.get(spec.kind).kind, "problems", None)
    return find(spec) if find is not None else ()


def across_problems(spec: Spec, targets: Sequence[Model]) -> Iterator[Problem]:
    """Gates across targets of a spec that has only one."""
    for gate in spec.gates if len(targets) == 1 else ():
        if gate.across is not None:
            what = f"gate {shown(gate.name)}: across compares targets; this spec has one: "
            place = spec.place("gates", gate.name, "across")
            allowed = "leave across out, or name more targets"
            yield Problem(place=place, what=what + shown(targets[0].alias), allowed=allowed)


def _repeated_ids(cases: Sequence[Case]) -> Iterator[Problem]:
    first: dict[str, Case] = {}
    for case in cases:
        earlier = first.setdefault(case.id, case)
        if earlier is not case:
            what = f"case {shown(case.id)} stands twice"
            yield Problem(place=case.place, what=what, allowed=f"the first is at {earlier.place}")


def _baselines(cases: Sequence[Case], spec: Spec, target: Model) -> Iterator[Problem]:
    """Baselines that cannot be compared with what the spec will ask of this target."""
    for gate in spec.gates:
        baseline = gate.baseline
        if baseline is None:
            continue
        place = baseline.place or spec.place("gates", gate.name, "baseline")
        what = f"gate {shown(gate.name)}: the baseline cannot be compared with {shown(target.alias)}"
        try:
            refused = refusals(gate, spec, target, cases)
        except DataError as error:
            yield Problem(place=place, what=f"gate {shown(gate.name)}: no baseline: {error}")
            continue
        if refused:
            yield Problem(place=place, what=f"{what}: {'; '.join(refused)}")
        elif baseline.model is not None:
            for found in (*_missing_identity(spec, baseline.model), *_unshared(spec, baseline.model)):
                yield replace(found, place=place)


def _unsupported_claims(cases: Sequence[Case], spec: Spec) -> Iterator[Problem]:
    """Claims about framings in general of which the declared set has too few."""
    for gate in spec.gates:
        clusters = [case.clusters for case in cases]
        known = dimensions(clusters)
        if gate.over is not None and known and gate.over not in known:
            what = f"gate {shown(gate.name)}: the cases have no {shown(gate.over)} to claim over"
            place = spec.place("gates", gate.name, "claim", "population")
            yield Problem(place=place, what=what, allowed=choice(gate.over, known))
            continue
        refused = refusal(gate, clusters, scale=statistic_of(gate).scale)
        if refused is not None:
            place = spec.place("gates", gate.name, "claim")
            allowed = "add some, or claim: declared-set"
            yield Problem(place=place, what=f"gate {shown(gate.name)}: {refused}", allowed=allowed)


def _missing_identity(spec: Spec, target: Model) -> Iterator[Problem]:
    use = spec.judge
    if use is None or target.identity is not None:
        return
    if judges.get(use.name).declared(use.options).needs_identity:
        what = f"judge {shown(use.name)} has to know who {shown(target.alias)} is"
        allowed = "give its card an identity: {name: …, maker: …}"
        yield Problem(place=target.place or spec.place("targets"), what=what, allowed=allowed)


def _unshared(spec: Spec, target: Model) -> Iterator[Problem]:
    """A confidential target, and a judge's model at a host that its text must not go to."""
    use = spec.judge
    for model in use.asked() if use is not None else ():
        trouble = sharing_trouble(target, model)
        if use is not None and trouble is not None:
            what = f"judge {shown(use.name)} would send on what {shown(target.alias)} says: {trouble.what}"
            yield Problem(place=spec.place("judge", "model"), what=what, allowed=trouble.allowed)


def _missing_recordings(cases: Sequence[Case], spec: Spec, target: Model) -> Iterator[Problem]:
    entry = providers.get(target.provider)
    if not hasattr(entry.make, "holds"):
        return
    recording: Any = entry.make(target)
    kind = kinds.get(spec.kind).kind
    asked = ((case, kind.opening(case, spec, target)) for case in cases)
    lacking = [case for case, request in asked if request is not None and not recording.holds(request)]
    for case in lacking[:MOST_LACKING]:
        yield Problem(
            place=case.place,
            what=f"the recording {shown(target.alias)} has no reply to case {shown(case.id)}",
            allowed="record it, or take the probes from the recording (probes: {recorded: all})",
        )
    if (more := len(lacking) - MOST_LACKING) > 0:
        what = f"the recording {shown(target.alias)} has no reply to {more:,} more of {len(cases):,} cases"
        yield Problem(place=lacking[-1].place, what=what)
