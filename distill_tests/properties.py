"""A record as names and values: what pytest's own ``--junitxml`` and other reports say of a test.

pytest calls them user properties.  Values are visible text, bounded; names are fixed,
but for the dimensions of a kind's clusters.
"""

from __future__ import annotations

from collections.abc import Iterator

from distill_tests.display import shorten, visible
from distill_tests.estimatetext import number
from distill_tests.record import Record
from distill_tests.terminal import threshold_text

MOST_COLUMNS = 500
"""Columns of one value."""

Property = tuple[str, str]


def properties_of(record: Record) -> list[Property]:
    """The properties of a case or gate, in one order; what is not known or does not apply is left out."""
    return [(name, shown(value)) for name, value in _properties(record) if value not in (None, "")]


def shown(value: object) -> str:
    """A value on one line, visible and bounded."""
    text = str(value)
    return shorten(visible(text[:MOST_COLUMNS]) + ("…" if len(text) > MOST_COLUMNS else ""), MOST_COLUMNS)


def _properties(record: Record) -> Iterator[tuple[str, object]]:
    yield "type", record["type"]
    yield "target", record["target"]
    yield "served", ", ".join(record["served"])
    yield "kind", record["kind"]
    yield "spec", record["spec"]
    yield "title", record["title"]
    yield "place", f"{record['path']}:{record['line']}"
    yield "verdict", record["verdict"]
    yield "tags", ", ".join(record["tags"])
    if record["type"] == "gate":
        yield from _gate(record)
    else:
        yield from _case(record)
    yield "set_sha256", record["set_sha256"]
    for note in record["notes"]:
        yield "note", note


def _gate(record: Record) -> Iterator[tuple[str, object]]:
    gate, estimate = record["gate"], record["estimate"]
    yield "gate", gate["name"]
    yield "statistic", gate["statistic"]
    yield "estimate", estimate["value"]
    if estimate["low"] is not None or estimate["high"] is not None:
        yield "interval", f"{number(estimate['low'])} to {number(estimate['high'])}"
        yield "interval_level", estimate["level"]
        yield "interval_method", estimate["method"]
    yield "threshold", threshold_text(gate).removeprefix("required ")
    yield "confidence", gate["confidence"]
    yield "n", estimate["n"]
    yield "missing", estimate["missing"]
    yield "undrawn", estimate["undrawn"]
    yield "explanation", record["explanation"]


def _case(record: Record) -> Iterator[tuple[str, object]]:
    trials = record["trials"]
    for dimension, cluster in record["clusters"].items():
        yield f"cluster.{visible(dimension)}", cluster
    yield "trials", len(trials) or None
    yield "wrong", sum(bool(trial["wrong"]) for trial in trials) if trials else None
    yield "label", ", ".join(dict.fromkeys(trial["score"]["label"] for trial in trials))
    yield "claimed", ", ".join(dict.fromkeys(trial["score"]["claimed"] or "" for trial in trials)).strip(", ")
    yield "judge", ", ".join(dict.fromkeys(trial["score"]["judge"] for trial in trials))
    if record["verdict"] not in ("passed", "skipped") and trials:
        told = next((trial for trial in trials if trial["wrong"]), trials[0])
        yield "answer", told["answer"]
        yield "reason", told["score"]["reason"]
    yield "error", record["error"]
    yield "skipped", record["skipped"]
    yield "calls_made", record["calls"]["made"] if trials else None
    yield "tokens_in", record["tokens"]["input"] if trials else None
    yield "tokens_out", record["tokens"]["output"] if trials else None
    yield "cost_usd", record["cost_usd"] if trials else None
