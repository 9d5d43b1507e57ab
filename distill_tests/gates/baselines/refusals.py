"""Why a baseline cannot be compared with a run, with the difference shown; nothing is asked for it."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from distill_tests.calibrations import judge_version
from distill_tests.display import shorten, visible
from distill_tests.gates.baselines.measured import unscored
from distill_tests.gates.baselines.runs import Recorded, measured_run, recorded_in
from distill_tests.record import Record
from distill_tests.registry import kinds, providers, statistic_of
from distill_tests.types import Baseline, Case, Gate, Message, Model, Request, Sampling, Spec

MOST_NAMED = 3
"""Cases named in a message."""
_FULL = "ask the baseline in full: run it again with --full, and without -k"


def refusals(gate: Gate, spec: Spec, target: Model, cases: Sequence[Case]) -> list[str]:
    """What keeps the gate's baseline from being compared, in words; empty: it can be.

    Raises DataError for a run that cannot be read.
    """
    baseline = gate.baseline
    assert baseline is not None, "only a gate with a baseline is compared"
    if baseline.model is not None:
        is_control = baseline.control is not None
        return list(_of_model(baseline.model, spec, target, cases, is_control=is_control))
    found = run_of(baseline, spec, target, cases)
    if isinstance(found, str):
        return [found]
    return list(_of_run(found, gate, spec, target, cases))


def run_of(baseline: Baseline, spec: Spec, target: Model, cases: Sequence[Case]) -> Recorded | str:
    """The records that a baseline means, or why there are none; raises DataError.

    Of several specs in the run that with the same set, else at the same path, else one of its kind.
    """
    alias = baseline.target or target.alias
    everything = recorded_in(Path(baseline.run or ""))
    of_target = [one for one in everything if one.target == alias]
    if not of_target:
        there = list(dict.fromkeys(one.target for one in everything))
        near = difflib.get_close_matches(alias, there, n=1)
        meant = f"did you mean {near[0]!r}? " if near else ""
        known = ", ".join(there) or "no model"
        return f"it has no answers of {alias!r}; {meant}it has {known} (say which with target: …)"
    declared = _set_of(cases)

    def fits(one: Recorded) -> tuple[bool, bool, bool]:
        same_kind = any(row["kind"] == spec.kind for row in one.rows)
        return one.set_sha256 == declared, one.spec == spec.path, same_kind

    return max(of_target, key=fits)


# --- a run ----------------------------------------------------------------------------------------


def _of_run(found: Recorded, gate: Gate, spec: Spec, target: Model, cases: Sequence[Case]) -> Iterator[str]:
    yield from _sets(found, cases)
    yield from _incomplete(found, cases)
    yield from _judges(found, spec)
    shared = [case for case in cases if case.id in found.answered]
    yield from _asked_otherwise(found.answered, spec, target, shared)
    yield from _repeats(found.answered, spec, shared)
    cell = statistic_of(gate).cell
    if cell is not None:
        empty = unscored(measured_run(found), shared, cell, repeats=spec.repeats)
        if empty:
            yield f"it has no {gate.statistic} for {_of(empty, cases)}; it must be complete"


def _sets(found: Recorded, cases: Sequence[Case]) -> Iterator[str]:
    here, there = _set_of(cases), found.set_sha256
    if here != there:
        yield f"set {_short(here)} here, {_short(there)} in the baseline"
    ids = {case.id for case in cases}
    absent = [case.id for case in cases if case.id not in found.cases]
    if absent:
        hint = "" if here != there else f" ({_FULL})"
        yield f"{_of(absent, cases)} not in it{hint}"
    beyond = [name for name in found.cases if name not in ids]
    if beyond:
        yield f"{_of(beyond, found.cases)} of the baseline not in this set"


def _incomplete(found: Recorded, cases: Sequence[Case]) -> Iterator[str]:
    rows = [found.cases[case.id] for case in cases if case.id in found.cases]
    skipped = [row["id"] for row in rows if row["skipped"]]
    if skipped:
        yield f"{_of(skipped, cases)} not asked ({_FULL})"
    failed = [row["id"] for row in rows if not row["skipped"] and not row["trials"]]
    if failed:
        yield f"{_of(failed, cases)} without a usable reply (run the baseline again)"


def _judges(found: Recorded, spec: Spec) -> Iterator[str]:
    here = _judge_here(spec)
    there = "no judge that it tells the version of"
    if found.judge is not None:
        there = f"{found.judge['name']}@{str(found.judge['version'])[:8]}"
    if spec.judge is not None and found.judge is not None:
        same = (found.judge["name"], found.judge["version"]) == (spec.judge.name, judge_version(spec.judge))
    else:
        same = spec.judge is None and found.judge is None
    if not same:
        yield f"judge {here} here, {there} in the baseline (judge it anew: --replay --full)"


def _judge_here(spec: Spec) -> str:
    return f"{spec.judge.name}@{judge_version(spec.judge)[:8]}" if spec.judge else "none"


def _repeats(answered: Mapping[str, Record], spec: Spec, cases: Sequence[Case]) -> Iterator[str]:
    counts = {len(answered[case.id]["trials"]) for case in cases}
    if counts - {spec.repeats}:
        there = " and ".join(str(count) for count in sorted(counts))
        yield f"each case is asked {spec.repeats} times here, {there} in the baseline"


def _asked_otherwise(
    answered: Mapping[str, Record], spec: Spec, target: Model, cases: Sequence[Case]
) -> Iterator[str]:
    """Differences in what was sent: the first turn with all before it, the sampling, the system message."""
    kind = kinds.get(spec.kind).kind
    differences: dict[str, list[str]] = {}
    for case in cases:
        request = kind.opening(case, spec, target)
        exchanges = answered[case.id]["trials"][0]["exchanges"]
        if request is None or not exchanges:
            continue
        for what in _request_differences(request, exchanges[0]):
            differences.setdefault(what, []).append(case.id)
    for what, ids in differences.items():
        yield what if len(ids) == len(cases) else f"{what} ({_of(ids, cases)})"


def _request_differences(request: Request, told: Record) -> Iterator[str]:
    messages = told["messages"]
    here = [one.text for one in request.messages if one.role == "system"]
    there = [one["text"] for one in messages if one["role"] == "system"]
    if here != there:
        yield f"system message {_quoted(here)} here, {_quoted(there)} in the baseline"
    elif told.get("system") != system_of(request.model):
        was = told.get("system") or "not told"
        yield f"system: {system_of(request.model)} here, {was} in the baseline"
    if told.get("ask_as") != request.model.ask_as:
        yield f"asked as {request.model.ask_as} here, as {told.get('ask_as') or 'not told'} in the baseline"
    if [_as_told(one) for one in request.messages if one.role != "system"] != [
        {key: one[key] for key in ("role", "text", "images")} for one in messages if one["role"] != "system"
    ]:
        yield "the prompt differs"
    yield from _sampling_differences(request.sampling, told["sampling"])


def _as_told(message: Message) -> dict[str, Any]:
    images = [
        {
            "media_type": image.media_type,
            "bytes": len(image.data),
            "sha256": hashlib.sha256(image.data).hexdigest(),
        }
        for image in message.images
    ]
    return {"role": message.role, "text": message.text, "images": images}


def _sampling_differences(sampling: Sampling, told: Record) -> Iterator[str]:
    for name in sampling.__slots__:
        here = getattr(sampling, name)
        here = list(here) if isinstance(here, tuple) else here
        if told.get(name) != here:
            yield f"{name} {here} here, {told.get(name)} in the baseline"


def system_of(model: Model) -> str:
    """How a card treats the system message: default, none, or text of its own."""
    return model.system if model.system in ("default", "none") else "text"


# --- a recorded model -----------------------------------------------------------------------------


def _of_model(
    card: Model, spec: Spec, target: Model, cases: Sequence[Case], *, is_control: bool
) -> Iterator[str]:
    """Of a recorded model, which is judged by the spec's own judge and asked under its own set."""
    entry = providers.get(card.provider)
    if not hasattr(entry.make, "holds"):
        if is_control:
            return  # it is asked in this run, as the targets are
        yield f"{card.alias!r} is no recorded model; audit it with --full and name its run (run: …)"
        return
    recording: Any = entry.make(card)
    kind = kinds.get(spec.kind).kind
    lacking: list[str] = []
    otherwise: dict[str, None] = {}
    for case in cases:
        request, old = kind.opening(case, spec, target), kind.opening(case, spec, card)
        if request is None or old is None:
            continue
        if not recording.holds(old):
            lacking.append(case.id)
        for what in _cards_differ(request, old):
            otherwise[what] = None
    if lacking:
        yield f"the recording has no reply to {_of(lacking, cases)}"
    if not is_control:  # another model, asked as its own card says
        yield from otherwise


def _cards_differ(here: Request, there: Request) -> Iterator[str]:
    def system(request: Request) -> list[str]:
        return [one.text for one in request.messages if one.role == "system"]

    if system(here) != system(there):
        yield f"system message {_quoted(system(here))} here, {_quoted(system(there))} in the baseline"
    elif system_of(here.model) != system_of(there.model):
        yield f"system: {system_of(here.model)} here, {system_of(there.model)} in the baseline"
    if here.model.ask_as != there.model.ask_as:
        yield f"asked as {here.model.ask_as} here, as {there.model.ask_as} in the baseline"


# --- words ----------------------------------------------------------------------------------------


def _set_of(cases: Sequence[Case]) -> str | None:
    return getattr(cases[0].data, "set_hash", None) if cases else None


def _short(digest: str | None) -> str:
    return digest[:8] if digest else "without a hash"


def _quoted(texts: Sequence[str]) -> str:
    return repr(shorten(visible(" ".join(texts)), 60)) if texts else "none"


def _of(ids: Sequence[str], among: Collection[object]) -> str:
    """Such as ``17 of 200 cases (a, b, c …)``."""
    named = ", ".join(visible(one) for one in ids[:MOST_NAMED])
    more = " …" if len(ids) > MOST_NAMED else ""
    return f"{len(ids)} of {len(among)} cases ({named}{more})"
