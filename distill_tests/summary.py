"""Records -> the summary of a run: verdicts, estimates, counts, cost, and the exit status; pure.

The summary is plain data (``schema/summary.json``).  No rate stands in it without its interval, the
method of the interval and n.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import add
from typing import NamedTuple

from distill_tests.calibrations import as_json, calibrations_of
from distill_tests.claimmatrix import claims_matrix
from distill_tests.combined import Combined, combined, combined_table
from distill_tests.display import plural
from distill_tests.gates.across import ALL_TARGETS
from distill_tests.gates.release import release
from distill_tests.record import SCHEMA, Record, RunMeta, Totals, cases_of, gates_of, plain, totals_of
from distill_tests.splits import splits
from distill_tests.tables import as_json as as_table
from distill_tests.tables import has_tables, tables_of
from distill_tests.types import Json, Verdict

CASE_VERDICTS = ("passed", "missed", "failed", "inconclusive", "broken", "skipped")
NONE = "none"
EXIT_STATUS = {"passed": 0, "failed": 1, "inconclusive": 10, "broken": 11}
EXIT_INTERRUPTED = 2
EXIT_NO_VERDICT = 12

MAY_SAY = (
    "This report shows what a model said under the listed prompts. "
    "It does not by itself show what the model was trained on: web text about other models, "
    "a shared base model, a licensed or disclosed derivation are innocent causes."
)


def summarise(meta: RunMeta, records: Iterable[Record]) -> dict[str, Json]:
    """The summary of a run as it stands in ``summary.json``.

    Of several records of one test (a rerun after an error) the last counts.
    """
    rows = _last_of_each(records)
    served = _served(meta, rows)
    missing = not_selected(rows)
    targets = [_target(alias, rows, served.get(alias, []), missing) for alias in _targets(rows)]
    decision = decide(meta, rows, missing, served)
    totals = meta.totals or _sum_of(rows)
    together = combined(rows)
    return {
        "schema": SCHEMA,
        "run": _run(meta),
        "verdict": decision.verdict,
        "exit_status": decision.exit_status,
        "reason": decision.reason,
        "targets": plain(targets),
        "gates": [_gate(row) for row in gates_of(rows)],
        "release": release(gates_of(rows)).as_json(),
        "not_selected": plain([missed._asdict() for missed in missing]),
        "absent": [_absent(row) for row in rows if row["type"] == "spec" and row["skipped"]],
        "cases": plain(_counts(cases_of(rows))),
        "scores": [one.as_json() for one in splits(row for row in rows if not has_tables(row["kind"]))],
        "claims_matrix": plain(claims_matrix(rows)),
        "calibrations": [as_json(one) for one in calibrations_of(rows, date=_date(meta), run=meta.id)],
        "combined": [one.as_json() for one in together],
        "tables": plain(_tables(rows, together)),
        **_spent(totals),
        "seconds": meta.seconds,
        "served": plain(served),
        "may_say": MAY_SAY,
    }


def _tables(rows: Sequence[Record], together: Sequence[Combined]) -> list[dict[str, Json]]:
    table = combined_table(together)
    return [*tables_of(rows), *([as_table("", table)] if table else [])]


def _date(meta: RunMeta) -> str:
    return meta.finished_at or meta.started_at


def _last_of_each(records: Iterable[Record]) -> list[Record]:
    # The spec, too: outside rootdir pytest gives files of one name in two folders one node id.
    rows: dict[tuple[str, str, str], Record] = {}
    for record in records:
        rows[record["type"], record["spec"], record["node"]] = record
    return list(rows.values())


def _run(meta: RunMeta) -> dict[str, Json]:
    row = meta.as_record()
    return {key: row[key] for key in row if key not in ("schema", "type", "totals", "served", "seconds")}


# --- the verdict --------------------------------------------------------------------------------


class Decision(NamedTuple):
    """``reason`` says in words what decided."""

    verdict: str
    exit_status: int
    reason: str


class NotSelected(NamedTuple):
    """A gate that a spec declares and that has no verdict in this run."""

    spec: str
    target: str
    gate: str


def not_selected(rows: Sequence[Record]) -> list[NotSelected]:
    """The declared gates, of every spec and target with a record, that have no record of their own."""
    declared = {
        NotSelected(row["spec"], row["target"], gate): None for row in rows for gate in row["declared_gates"]
    }
    declared |= {
        NotSelected(row["spec"], ALL_TARGETS, gate): None
        for row in rows
        for gate in row.get("across_gates", ())  # a run of before has none
    }
    judged = {NotSelected(row["spec"], row["target"], row["id"]) for row in gates_of(rows)}
    return [gate for gate in declared if gate not in judged]


def decide(
    meta: RunMeta,
    rows: Sequence[Record],
    missing: Sequence[NotSelected],
    served: Mapping[str, Sequence[str]],
) -> Decision:
    """BROKEN before FAILED before INCONCLUSIVE; PASSED only if every declared gate was asked and passed."""
    reason = ""
    verdict = NONE
    for candidate in (Verdict.BROKEN, Verdict.FAILED, Verdict.INCONCLUSIVE):
        reason = "; ".join(_reasons(candidate, rows, served))
        if reason:
            verdict = str(candidate.value)
            break
    else:
        reason = _no_verdict(meta, rows, missing)
        if not reason:
            verdict, reason = "passed", f"{plural(len(gates_of(rows)), 'gate')} passed"
    if meta.interrupted:
        return Decision(verdict, EXIT_INTERRUPTED, reason)
    without = EXIT_NO_VERDICT if meta.require_verdict else 0
    return Decision(verdict, EXIT_STATUS.get(verdict, without), reason)


def _reasons(verdict: Verdict, rows: Sequence[Record], served: Mapping[str, Sequence[str]]) -> list[str]:
    gates = gates_of(rows)
    count = sum(row["verdict"] == verdict for row in gates)
    of_all = "" if count == len(gates) else f"{count} of "
    reasons = [f"{of_all}{plural(len(gates), 'gate')} {verdict.value}"] if count else []
    cases = sum(row["verdict"] == verdict for row in cases_of(rows))
    if cases:
        reasons.append(f"{plural(cases, 'probe')} {CASE_WORDS[verdict.value]}")
    if verdict is Verdict.BROKEN:
        unread = len({row["spec"] for row in rows if row["type"] == "spec" and row["verdict"] == verdict})
        reasons += [f"{plural(unread, 'spec')} could not be read"] if unread else []
        reasons += [_changed(alias, names) for alias, names in served.items() if len(names) > 1]
    return reasons


def _changed(alias: str, names: Sequence[str]) -> str:
    return f"the model served as {alias} changed during the run: {', then '.join(names)}"


def _no_verdict(meta: RunMeta, rows: Sequence[Record], missing: Sequence[NotSelected]) -> str:
    """Why nothing failed and yet nothing is decided; empty if every declared gate has passed."""
    if meta.interrupted:
        return "interrupted"
    if not any(row["type"] != "spec" for row in rows):
        return "nothing was asked"
    if missing:
        return f"{plural(len(missing), 'gate')} not selected"
    return "" if gates_of(rows) else "the specs declare no gates"


CASE_WORDS = {
    "passed": "passed",
    "missed": "missed",
    "failed": "failed",
    "inconclusive": "unscored",
    "broken": "unanswered",
    "skipped": "skipped",
}
"""What people read for a probe's verdict."""


# --- targets ------------------------------------------------------------------------------------


def _targets(rows: Sequence[Record]) -> list[str]:
    return list(dict.fromkeys(row["target"] for row in rows if row["type"] != "spec"))


def _target(
    alias: str, rows: Sequence[Record], served: Sequence[str], missing: Sequence[NotSelected]
) -> dict[str, object]:
    mine = [row for row in rows if row["target"] == alias and row["type"] != "spec"]
    own = [gate for gate in missing if gate.target == alias]
    decision = decide(_PLAIN_META, mine, own, {alias: served})
    return {
        "alias": alias,
        "verdict": decision.verdict,
        "reason": decision.reason,
        "served": list(served),
        "specs": [_spec(path, mine) for path in dict.fromkeys(row["spec"] for row in mine)],
        "cases": _counts(cases_of(mine)),
        **_spent(_sum_of(mine)),
    }


_PLAIN_META = RunMeta(id="", started_at="")


def _spec(path: str, rows: Sequence[Record]) -> dict[str, object]:
    mine = [row for row in rows if row["spec"] == path]
    cases = cases_of(mine)
    hashes = dict.fromkeys(row["set_sha256"] for row in mine if row["set_sha256"])
    return {
        "path": path,
        "kind": mine[0]["kind"],
        "title": mine[0]["title"],
        "set_sha256": next(iter(hashes)) if len(hashes) == 1 else None,
        "cases": _counts(cases),
        "skips": _skips(cases),
        "labels": _tally(score["label"] for score in _scores(cases)),
        "claimed": _tally(score["claimed"] for score in _scores(cases) if score["claimed"]),
        "searches": [score["reason"] for score in _scores(cases) if "search" in score["details"]],
        "controls": next((row["controls"] for row in gates_of(mine) if row["controls"]), None),
    }


def _counts(cases: Iterable[Record]) -> dict[str, int]:
    found = Counter(row["verdict"] for row in cases)
    return {verdict: found[verdict] for verdict in CASE_VERDICTS}


def _scores(rows: Iterable[Record]) -> list[Record]:
    return [trial["score"] for row in rows for trial in row["trials"]]


def _tally(words: Iterable[str]) -> dict[str, int]:
    """How often each word occurs, the most frequent first."""
    return dict(sorted(Counter(words).items(), key=lambda item: (-item[1], item[0])))


def _served(meta: RunMeta, rows: Iterable[Record]) -> dict[str, list[str]]:
    """Model alias -> the served models seen in this run, in the order in which they were seen."""
    seen: dict[str, dict[str, None]] = {}
    for row in rows:
        if row["served"]:
            seen.setdefault(row["target"], {}).update(dict.fromkeys(row["served"]))
    for alias, names in meta.served.items():
        seen.setdefault(alias, {}).update(dict.fromkeys(names))
    return {alias: list(names) for alias, names in seen.items()}


# --- gates, skips -------------------------------------------------------------------------------


def _gate(row: Record) -> dict[str, Json]:
    gate, estimate = row["gate"], row["estimate"]
    kept = ("node", "spec", "title", "target", "path", "line", "verdict", "explanation", "notes")
    declared = ("name", "statistic", "at_most", "at_least", "confidence", "stop_early")
    claim = {"claim": gate.get("claim", "declared-set"), "over": gate.get("over")}  # a run of before: none
    return {
        **{key: row[key] for key in kept},
        **{key: gate[key] for key in declared},
        **claim,
        "estimate": {key: estimate[key] for key in estimate if key not in ("total", "details")},
        "baseline": gate.get("baseline"),  # a run of before has none of these
        "across": gate.get("across"),
        "comparison": row.get("comparison"),
        "failing": row.get("failing", []),
    }


def _absent(row: Record) -> dict[str, Json]:
    return {key: row[key] for key in ("node", "spec", "title", "target")} | {"reason": row["skipped"]}


def _skips(cases: Iterable[Record]) -> list[dict[str, object]]:
    reasons = Counter(row["skipped"] for row in cases if row["skipped"])
    return [{"reason": reason, "cases": count} for reason, count in reasons.items()]


# --- what was spent -----------------------------------------------------------------------------


def _sum_of(rows: Iterable[Record]) -> Totals:
    return reduce(add, map(totals_of, rows), Totals())


def _spent(totals: Totals) -> dict[str, Json]:
    return {
        "calls": {"made": totals.made, "from_store": totals.from_store, "recorded": totals.recorded},
        "tokens": {"input": totals.input_tokens, "output": totals.output_tokens},
        "cost_usd": totals.cost_usd,
        "oldest_reused": totals.oldest_reused,
    }
