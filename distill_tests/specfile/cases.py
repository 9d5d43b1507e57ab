"""What can be wrong with the cases of a spec before anything is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from distill_tests.errors import Problem
from distill_tests.registry import judges, kinds, providers
from distill_tests.specfile.wording import shown
from distill_tests.types import Case, Model, Spec


def case_problems(cases: Sequence[Case], spec: Spec, target: Model) -> Iterator[Problem]:
    """Ids that are not unique, a target whose identity is not known, prompts that a recording lacks.

    Raises DataError for a recording that cannot be read.
    """
    yield from _repeated_ids(cases)
    yield from _missing_identity(spec, target)
    yield from _missing_recordings(cases, spec, target)


def _repeated_ids(cases: Sequence[Case]) -> Iterator[Problem]:
    first: dict[str, Case] = {}
    for case in cases:
        earlier = first.setdefault(case.id, case)
        if earlier is not case:
            what = f"case {shown(case.id)} stands twice"
            yield Problem(place=case.place, what=what, allowed=f"the first is at {earlier.place}")


def _missing_identity(spec: Spec, target: Model) -> Iterator[Problem]:
    use = spec.judge
    if use is not None and judges.get(use.name).needs_identity and target.identity is None:
        what = f"judge {shown(use.name)} has to know who {shown(target.alias)} is"
        allowed = "give its card an identity: {name: …, maker: …}"
        yield Problem(place=target.place or spec.place("targets"), what=what, allowed=allowed)


def _missing_recordings(cases: Sequence[Case], spec: Spec, target: Model) -> Iterator[Problem]:
    entry = providers.get(target.provider)
    if not hasattr(entry.make, "holds"):
        return
    recording: Any = entry.make(target)
    kind = kinds.get(spec.kind).kind
    for case in cases:
        request = kind.opening(case, spec, target)
        if request is not None and not recording.holds(request):
            yield Problem(
                place=case.place,
                what=f"the recording {shown(target.alias)} has no reply to case {shown(case.id)}",
                allowed="record it, or take the probes from the recording (probes: {recorded: all})",
            )
