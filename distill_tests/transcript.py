"""A case as text for a file: what was asked, what came back with which receipts, how it was judged.

Every line of a text that a model, a data file or an endpoint wrote stands behind a bar, visible, so
that none of it can pass for a line of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

from distill_tests.display import marked_lines, visible
from distill_tests.record import Record
from distill_tests.repeating import came_back
from distill_tests.types import Span

MOST_CHARACTERS = 100_000
"""Characters of one text that are shown; ``run.jsonl`` has them all."""
_COLUMNS = 100
_BAR = "      | "


def transcript(record: Record) -> str:
    """All trials of a case, in the order they were asked; empty if none was answered."""
    trials: Sequence[Record] = record["trials"]
    if not trials:
        return ""
    lines = [visible(record["node"]), f"{record['kind']} probe on {record['target']}: {record['verdict']}"]
    for number, trial in enumerate(trials, start=1):
        lines += ["", f"trial {number} of {len(trials)}"]
        before: Sequence[Record] = ()
        for exchange in trial["exchanges"]:
            lines += _exchange(exchange, before)
            before = exchange["messages"]
        lines += _judged(trial["score"])
    repeated = came_back([None if trial["score"]["value"] is None else trial["wrong"] for trial in trials])
    lines += ["", repeated] if repeated else []
    lines += [f"note: {visible(note)}" for note in record["notes"]]
    if record["verdict"] != "passed" and record.get("again"):
        lines += ["", f"again: {visible(record['again'])}"]
    return "\n".join(lines) + "\n"


def evidence(trial: Record) -> str:
    """The judged answer with carets under what the judge points at; empty if it points at nothing."""
    spans = [Span(start=span["start"], end=span["end"]) for span in trial["score"]["evidence"]]
    if not spans:
        return ""
    lines = []
    for line in marked_lines(trial["answer"], spans, _COLUMNS):
        lines.append(f"| {line.shown}")
        lines += [f"  {line.carets}"] if line.carets else []
    shows = [span["shows"] for span in trial["score"]["evidence"] if span["shows"]]
    lines += ["", *(f"shows: {visible(text[:MOST_CHARACTERS])}" for text in shows)] if shows else []
    return "\n".join(lines) + "\n"


def settings_of(exchange: Record) -> dict[str, str]:
    """How the reply was to be drawn; what is left to the endpoint is left out."""
    sampling = {name: value for name, value in exchange["sampling"].items() if value not in (None, [])}
    return {name: visible(str(value)) for name, value in {**sampling, "sample": exchange["sample"]}.items()}


def receipts_of(exchange: Record) -> dict[str, str]:
    """What came with the reply and finds the call in the endpoint's own logs."""
    reply = exchange["reply"]
    usage = reply["usage"] or {}
    told = {
        "served": reply["served_model"],
        "finish": reply["finish"],
        "received": reply["received_at"],
        "response id": reply["response_id"],
        "request id": reply["request_id"],
        "system fingerprint": reply["system_fingerprint"],
        "body sha256": reply["body_sha256"],
        "latency": None if reply["latency_s"] is None else f"{reply['latency_s']:.3f} s",
        "attempts": reply["attempts"] if reply["attempts"] != 1 else None,
        "tokens in": usage.get("input"),
        "tokens out": usage.get("output"),
        "from the store": "yes" if reply["from_store"] else None,
    }
    return {name: visible(str(value)) for name, value in told.items() if value is not None}


def marks_of(score: Record) -> dict[str, str]:
    """A score's numbers and words; ``value`` is ``none`` where it is unscored."""
    value = "none" if score["value"] is None else f"{score['value']:g}"
    told = {"label": score["label"], "value": value}
    told |= {name: f"{mark:g}" for name, mark in score["marks"].items()}
    told |= {"claimed": score["claimed"]} if score["claimed"] else {}
    return {visible(name): visible(text) for name, text in told.items()}


def _exchange(exchange: Record, before: Sequence[Record]) -> Iterator[str]:
    yield f"  asked {visible(exchange['model'])} ({_listed(settings_of(exchange))})"
    for message in new_messages(exchange["messages"], before):
        images = len(message["images"])
        yield f"    {message['role']}{f' with {images} images' if images else ''}:"
        yield from _barred(message["text"])
    reply = exchange["reply"]
    yield f"  answered ({_listed(receipts_of(exchange)) or 'no receipts'})"
    for name, text in (("prompt as rendered", reply["rendered"]), ("thinking", reply["thinking"])):
        if text:
            yield f"    {name}:"
            yield from _barred(text)
    yield "    answer:"
    yield from _barred(reply["text"])


def new_messages(messages: Sequence[Record], before: Sequence[Record]) -> Sequence[Record]:
    """The messages that an exchange adds to the dialogue ``before``; the answer between is no news."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(messages, before, strict=False))
    known = sum(1 for _ in same)
    if known < len(before):
        return messages
    answered = known > 0 and len(messages) > known and messages[known]["role"] == "assistant"
    return messages[known + answered :]


def _judged(score: Record) -> Iterator[str]:
    judge = f" by {visible(score['judge'])}" if score["judge"] else ""
    yield f"  judged{judge} ({_listed(marks_of(score))})"
    if score["reason"]:
        yield from _barred(score["reason"])


def _listed(told: dict[str, str]) -> str:
    return ", ".join(f"{name} {text}" for name, text in told.items())


def _barred(text: str) -> Iterator[str]:
    shown = visible(text[:MOST_CHARACTERS], newlines="keep")
    yield from (_BAR + line for line in shown.split("\n"))
    if len(text) > MOST_CHARACTERS:
        yield f"    [… {len(text) - MOST_CHARACTERS:,} more characters …]"
