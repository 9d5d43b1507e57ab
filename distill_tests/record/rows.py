"""Outcomes and gate results as rows, all of them with the same keys."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

from distill_tests.record.beside import baseline_row, comparison_row, evidence_row, failing_rows
from distill_tests.record.totals import spent_on
from distill_tests.record.values import SCHEMA, fields_of, plain
from distill_tests.repeating import again
from distill_tests.types import (
    Case,
    Estimate,
    Exchange,
    Gate,
    GateResult,
    Image,
    Json,
    Message,
    Model,
    Outcome,
    Place,
    Reply,
    Sampling,
    Score,
    Spec,
    Trial,
    Verdict,
)

SKIPPED = "skipped"


def case_record(
    outcome: Outcome,
    *,
    node: str,
    spec: Spec,
    verdict: Verdict,
    explanation: str,
    declared_gates: Sequence[str],
    wrong: Sequence[bool] | None = None,
    set_sha256: str | None = None,
) -> dict[str, Json]:
    """A case that was answered.

    ``wrong`` says trial by trial whether it is what ``on_miss`` punishes; ``set_sha256`` is the hash
    of the declared set the case belongs to.
    """
    exchanges = [exchange for trial in outcome.trials for exchange in trial.exchanges]
    told = list(wrong) if wrong is not None else [None] * len(outcome.trials)
    return _record(
        "case",
        node=node,
        spec=spec,
        target=outcome.target,
        declared_gates=declared_gates,
        **_of_case(outcome.case),
        **spent_on(exchanges, outcome.target),
        verdict=verdict,
        explanation=explanation,
        set_sha256=set_sha256,
        seconds=outcome.seconds,
        notes=outcome.notes,
        again=again(node, spec, outcome.target),
        trials=[_trial(trial, outcome.target, bad) for trial, bad in zip(outcome.trials, told, strict=True)],
    )


def error_record(
    case: Case,
    *,
    node: str,
    spec: Spec,
    target: Model,
    error: str,
    declared_gates: Sequence[str],
    notes: Sequence[str] = (),
    set_sha256: str | None = None,
) -> dict[str, Json]:
    """A case that was asked and gave no usable reply: its verdict is ``broken``, never a score."""
    return _record(
        "case",
        node=node,
        spec=spec,
        target=target,
        declared_gates=declared_gates,
        **_of_case(case),
        verdict=Verdict.BROKEN,
        error=error,
        notes=notes,
        again=again(node, spec, target),
        set_sha256=set_sha256,
    )


def skip_record(
    case: Case,
    *,
    node: str,
    spec: Spec,
    target: Model,
    reason: str,
    declared_gates: Sequence[str],
    set_sha256: str | None = None,
) -> dict[str, Json]:
    """A case that was not asked, and why."""
    return _record(
        "case",
        node=node,
        spec=spec,
        target=target,
        declared_gates=declared_gates,
        **_of_case(case),
        verdict=SKIPPED,
        skipped=reason,
        set_sha256=set_sha256,
    )


def gate_record(
    result: GateResult,
    *,
    node: str,
    spec: Spec,
    target: Model,
    declared_gates: Sequence[str],
    notes: Sequence[str] = (),
    set_sha256: str | None = None,
    controls: Mapping[str, Json] | None = None,
    judge: Mapping[str, Json] | None = None,
) -> dict[str, Json]:
    """A gate with its estimate and verdict, and the controls and the judge that it is to be believed by."""
    gate = result.gate
    return _record(
        "gate",
        node=node,
        spec=spec,
        target=target,
        declared_gates=declared_gates,
        id=gate.name,
        place=gate.place or spec.place("gates", gate.name),
        verdict=result.verdict,
        explanation=result.explanation,
        notes=notes,
        set_sha256=set_sha256,
        gate=_gate(gate),
        estimate=_estimate(result.estimate),
        controls=controls,
        judge=judge,
        evidence=evidence_row(result.evidence),
        comparison=comparison_row(result.comparison),
        failing=failing_rows(result.failing),
    )


def absent_record(
    *,
    node: str,
    path: str,
    reason: str,
    title: str = "",
    kind: str = "",
    target: str = "",
    broken: bool = False,
) -> dict[str, Json]:
    """A spec (or one target of it) that was skipped as a whole: listed, outside the verdict.

    ``broken``: it was to be asked, and could not be read; then there is no verdict without it.
    """
    place = Place(path=path, line=1, column=1)
    spec = Spec(path=path, kind=kind, title=title)
    model = Model(alias=target, provider="", model="")
    return _record(
        "spec",
        node=node,
        spec=spec,
        target=model,
        declared_gates=(),
        id=path,
        place=place,
        verdict=Verdict.BROKEN if broken else SKIPPED,
        skipped=None if broken else reason,
        error=reason if broken else None,
    )


def _record(
    type_: str,
    *,
    node: str,
    spec: Spec,
    target: Model,
    declared_gates: Sequence[str],
    id: str,
    place: Place,
    verdict: str,
    **given: object,
) -> dict[str, Json]:
    """All keys in their order, those that were not given with what absent means."""
    row: dict[str, object] = {
        "schema": SCHEMA,
        "type": type_,
        "node": node,
        "spec": spec.path,
        "kind": spec.kind,
        "title": spec.title,
        "target": target.alias,
        "id": id,
        "path": place.path,
        "line": place.line,
        "tags": [],
        "clusters": {},
        "groups": {},
        "set_sha256": None,
        "verdict": verdict,
        "explanation": "",
        "error": None,
        "skipped": None,
        "seconds": 0.0,
        "notes": [],
        "gate": None,
        "estimate": None,
        "controls": None,
        "judge": None,
        "evidence": None,
        "comparison": None,
        "failing": [],
        "trials": [],
        "served": [],
        "calls": {"made": 0, "from_store": 0, "recorded": 0},
        "tokens": {"input": 0, "output": 0},
        "cost_usd": 0.0,
        "oldest_reused": None,
        "declared_gates": list(declared_gates),
        "across_gates": [gate.name for gate in spec.gates if gate.across],
        "again": None,
    }
    unknown = given.keys() - row.keys()
    if unknown:
        raise TypeError(f"no such key in a record: {', '.join(sorted(unknown))}")
    return {key: plain(given.get(key, value)) for key, value in row.items()}


def _of_case(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "place": case.place,
        "tags": case.tags,
        "clusters": case.clusters,
        "groups": case.groups,
    }


# --- what a record is made of -------------------------------------------------------------------


def _trial(trial: Trial, target: Model, wrong: bool | None) -> dict[str, object]:
    asked = [exchange for exchange in trial.exchanges if exchange.request.model.alias == target.alias]
    return {
        "answer": trial.answer,
        "thinking": asked[-1].reply.thinking if asked else None,
        "cut_off": trial.cut_off,
        "wrong": wrong,
        "score": _score(trial.score),
        "exchanges": [_exchange(exchange) for exchange in trial.exchanges],
    }


def _score(score: Score) -> dict[str, object]:
    return {
        "value": score.value,
        "label": score.label,
        "reason": score.reason,
        "evidence": [{"start": span.start, "end": span.end, "shows": span.shows} for span in score.evidence],
        "marks": {name: mark for name, mark in score.marks.items() if math.isfinite(mark)},
        "claimed": score.claimed,
        "unsure": score.unsure,
        "judge": score.judge,
        "details": dict(score.details),
    }


def _exchange(exchange: Exchange) -> dict[str, object]:
    request = exchange.request
    return {
        "model": request.model.alias,
        "ask_as": request.model.ask_as,
        "system": request.model.system if request.model.system in ("default", "none") else "text",
        "messages": [_message(message) for message in request.messages],
        "sampling": fields_of(request.sampling, Sampling),
        "sample": request.sample,
        "reply": _reply(exchange.reply),
    }


def _message(message: Message) -> dict[str, object]:
    return {"role": message.role, "text": message.text, "images": [_image(image) for image in message.images]}


def _image(image: Image) -> dict[str, object]:
    digest = hashlib.sha256(image.data).hexdigest()
    return {"media_type": image.media_type, "bytes": len(image.data), "sha256": digest}


def _reply(reply: Reply) -> dict[str, object]:
    """The reply and its receipts.  Token log-probabilities stay in the store: they are too many."""
    row = fields_of(reply, Reply, without=("logprobs",))
    if reply.usage is not None:
        row["usage"] = {"input": reply.usage.input_tokens, "output": reply.usage.output_tokens}
    return row


def _gate(gate: Gate) -> dict[str, object]:
    return {**fields_of(gate, Gate, without=("place",)), "baseline": baseline_row(gate.baseline)}


def _estimate(estimate: Estimate) -> dict[str, object]:
    return fields_of(estimate, Estimate)
