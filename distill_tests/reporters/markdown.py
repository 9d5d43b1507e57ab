"""``summary.md``: a run for people, verdict first.

No text of a model, a data file or an endpoint is ever Markdown or HTML here: failures stand in code
fences longer than any fence within, short texts in code spans, prose is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from distill_tests.calibrations.words import lines as calibration_lines
from distill_tests.controls import in_words, worth_showing
from distill_tests.display import plural, shorten, visible
from distill_tests.estimatetext import basis_text, estimate_text
from distill_tests.gates.text import changed_lines, failing_lines
from distill_tests.progress import duration
from distill_tests.record import Record, Run, cases_of
from distill_tests.registry import reporter
from distill_tests.rundir import publish
from distill_tests.scoretext import FRAMING, matrix, method_words, most_hits, of_spec, share_text
from distill_tests.summary import CASE_WORDS, summarise
from distill_tests.tables import cell_text
from distill_tests.terminal import (
    MOST_MISSED,
    calls_text,
    cost_text,
    failure_text,
    headline,
    missed_text,
    threshold_text,
    tokens_text,
)
from distill_tests.types import Json

FRAMINGS = 10
"""Framings that are listed for each target and spec."""
FAILURES = 20
"""Failing probes that are quoted; ``run.jsonl`` has them all."""
_COLUMNS = 100


@reporter("markdown")
class Markdown:
    def during(self, record: Mapping[str, Json]) -> None:
        """Nothing: the report is made at the end."""

    def after(self, run: Run) -> None:
        """Write ``summary.md`` into the run's directory, and the copy of the latest above it."""
        publish(run, "summary.md", markdown(run))


def markdown(run: Run) -> str:
    """The report of a run."""
    summary = run.summary if run.summary is not None else summarise(run.meta, run.records)
    sections = (
        _head(summary),
        _gates(summary),
        _probes(summary),
        _calibrations(summary),
        _failures(run.records),
        _claims(summary),
        _scores(summary),
        _tables(summary),
        _spent(summary),
        _sets(summary),
    )
    return "\n".join(line for section in sections for line in section)


# --- text that cannot act -----------------------------------------------------------------------


def prose(text: str) -> str:
    """``text`` as itself in a paragraph or a table cell: nothing in it is markup, a link or a mention."""
    shown = visible(text).strip().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = re.sub(r"[\\`*_{}\[\]#|~$]", r"\\\g<0>", shown)
    # What starts a list or a heading, and what makes a link of "https://…", "www.…" and "a@b.c".
    shown = re.sub(r"^([-+=]|\d+(?=[.)](?:\s|$)))", _escaped_start, shown)
    shown = re.sub(r"(?i)(?<=\w):(?=//)|(?<=mailto):|(?<=www)\.", r"\\\g<0>", shown)
    return shown.replace("@", "`@`")


def _escaped_start(match: re.Match[str]) -> str:
    return f"{match[0]}\\" if match[0].isdigit() else f"\\{match[0]}"


def code(text: str, *, columns: int = 120) -> str:
    """``text`` on one line as a code span, also in a table cell; empty text stays empty."""
    shown = shorten(visible(text), columns)
    if not shown.strip():
        return ""
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}".replace("|", "\\|")


def fenced(text: str) -> Iterator[str]:
    """Lines of a code block around ``text``, which is visible already."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}text", *text.split("\n"), fence)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{' --- |' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


# --- sections -----------------------------------------------------------------------------------


def _head(summary: Record) -> Iterator[str]:
    run = summary["run"]
    aliases = ", ".join(code(target["alias"]) for target in summary["targets"]) or "no model"
    yield f"# {prose(headline(summary))}"
    yield ""
    when, status = prose(run["started_at"]), summary["exit_status"]
    yield f"Audit of {aliases}, {when}, run {code(run['id'])}, exit status {status}."
    yield ""
    for missed in summary["not_selected"]:
        yield f"- not selected: {code(missed['spec'])} on {code(missed['target'])}: {code(missed['gate'])}"
    for absent in summary["absent"]:
        yield f"- skipped, outside the verdict: {code(absent['spec'])}: {prose(absent['reason'])}"
    if summary["not_selected"] or summary["absent"]:
        yield ""
    yield f"> {prose(summary['may_say'])}"
    yield ""


def _gates(summary: Record) -> Iterator[str]:
    if not summary["gates"]:
        return
    yield "## Gates"
    yield ""
    header = ("target", "gate", "estimate [interval]", "rests on", "required", "verdict", "why")
    yield from _table(header, [_gate(gate) for gate in summary["gates"]])
    told = [line for gate in summary["gates"] for line in _beside(gate)]
    yield from [*told, ""] if told else []
    if said := summary.get("release", {}).get("sentence"):  # a run of before has none
        yield prose(f"{said[:1].upper()}{said[1:]}.")
        yield ""


def _beside(gate: Record) -> Iterator[str]:
    which = f"{code(gate['name'])} on {code(gate['target'])}"
    for line in (*changed_lines(gate), *failing_lines(gate)):
        yield f"- {which}: {prose(line)}"


def _gate(gate: Record) -> Sequence[str]:
    estimate = gate["estimate"]
    return (
        code(gate["target"]),
        f"{code(gate['name'])} of {prose(gate['title'])}",
        prose(estimate_text(estimate)),
        prose(basis_text(estimate)),
        prose(threshold_text(gate).removeprefix("required ")),
        f"**{gate['verdict'].upper()}**",
        prose("; ".join([gate["explanation"], *gate["notes"]])),
    )


def _probes(summary: Record) -> Iterator[str]:
    yield "## Probes"
    yield ""
    verdicts = [verdict for verdict in CASE_WORDS if summary["cases"][verdict]]
    rows = [
        [
            code(target["alias"]),
            prose(spec["title"]),
            *(f"{spec['cases'][verdict]:,}" for verdict in verdicts),
        ]
        for target in summary["targets"]
        for spec in target["specs"]
    ]
    yield from _table(["target", "spec", *(CASE_WORDS[verdict] for verdict in verdicts)], rows)
    for target in summary["targets"]:
        notes = [note for spec in target["specs"] for note in _notes(target, spec)]
        yield from [*notes, ""] if notes else []


def _notes(target: Record, spec: Record) -> Iterator[str]:
    which = f"{code(target['alias'])}, {prose(spec['title'])}"
    for skip in spec["skips"]:
        yield f"- {which}: {skip['cases']:,} skipped: {prose(skip['reason'])}"
    if spec["labels"]:
        yield f"- {which}: answers by the judge's label: {_tallied(spec['labels'])}"
    if spec["claimed"]:
        yield f"- {which}: who the speaker says it is: {_tallied(spec['claimed'])}"
    for said in spec.get("searches", ()):
        yield f"- {which}: search: {prose(said)}"
    for line in in_words(spec["controls"] or {}):
        yield f"- {which}: controls, {prose(line)}"
    for missed in worth_showing(spec["controls"] or {})[:MOST_MISSED]:
        yield f"- {which}: {prose(missed_text(missed))}"


def _calibrations(summary: Record) -> Iterator[str]:
    for told in summary.get("calibrations", ()):
        yield f"## Calibration of {code(told['target'])}: {prose(told['title'])}"
        yield ""
        yield from _table(
            ["", ""], [(prose(line.name), prose(line.text)) for line in calibration_lines(told)]
        )


def _tallied(counts: Record) -> str:
    return ", ".join(f"{code(name)} {count:,}" for name, count in counts.items())


def _failures(records: Sequence[Record]) -> Iterator[str]:
    bad = [row for row in cases_of(records) if row["verdict"] not in ("passed", "skipped")]
    failed = {(row["spec"], row["target"]) for row in records if _is_failed_gate(row)}
    bad.sort(key=lambda row: _weight(row, failed))
    if not bad:
        return
    yield f"## The first {FAILURES} of {len(bad):,} failures" if len(bad) > FAILURES else "## Failures"
    yield ""
    for row in bad[:FAILURES]:
        yield f"**{CASE_WORDS[row['verdict']].upper()}** {code(row['node'], columns=300)}"
        yield ""
        yield from fenced(failure_text(row, _COLUMNS))
        yield ""


def _is_failed_gate(row: Record) -> bool:
    return row["type"] == "gate" and row["verdict"] in ("failed", "broken", "inconclusive")


def _weight(row: Record, failed: Collection[tuple[str, str]]) -> tuple[bool, bool, bool, int]:
    """What broke first, then what stands under a gate that did not pass, judges' disagreements last."""
    severity = ("broken", "failed", "missed", "inconclusive").index(row["verdict"])
    passed = (row["spec"], row["target"]) not in failed
    return row["verdict"] != "broken", passed, row["kind"] == "calibration", severity


def _claims(summary: Record) -> Iterator[str]:
    claims = summary.get("claims_matrix", ())  # a run of before has none
    if not claims:
        return
    yield "## Whom the answers say they are from"
    yield ""
    yield "Counts, of n scored answers of all identity specs of this run."
    yield ""
    table = matrix(claims)
    rows = [(code(name), *counts) for name, counts in table.rows]
    yield from _table(("target", *map(prose, table.heads)), rows)


def _scores(summary: Record) -> Iterator[str]:
    """A table for each target and spec; of framings those with most hits."""
    subjects = dict.fromkeys((one["target"], one["spec"]) for one in summary.get("scores", ()))
    if subjects:
        yield "## By family, topic, language and framing"
        yield ""
    for target, path in subjects:
        told = of_spec(summary, target, path)
        framings = [one for one in told if one["dimension"] == FRAMING]
        hit = sorted(filter(most_hits, framings), key=lambda one: -most_hits(one))[:FRAMINGS]
        yield from _splits([one for one in told if one["dimension"] != FRAMING] + hit)
        if framings:
            yield f"{len(hit)} of {plural(len(framings), 'framing')} shown, of those with hits; "
            yield "`summary.json` has all, with each interval's clusters."
        if any(
            gate["estimate"]["undrawn"]
            for gate in summary["gates"]
            if (gate["target"], gate["spec"]) == (target, path)
        ):
            yield "Not all was asked; the intervals know nothing of a gate's early stop (`--full` asks all)."
        yield ""


def _splits(shown: Sequence[Record]) -> Iterator[str]:
    first, level = shown[0], f"{100 * shown[0]['level']:g} %"
    yield f"{code(first['target'])}, {prose(first['title'])}. Intervals ({level}) are for framings and "
    yield f"questions like these, a framing's own for questions like these: {prose(method_words(shown))}."
    yield ""
    marks = list(dict.fromkeys(mark for one in shown for mark in one["shares"]))
    rows = [
        (
            prose(one["dimension"]),
            code(one["group"]),
            prose(", ".join(plural(count, name) for name, count in one["clusters"].items())),
            *(prose(share_text(one["shares"][mark])) if mark in one["shares"] else "" for mark in marks),
        )
        for one in shown
    ]
    yield from _table(("by", "group", "asked in", *map(prose, marks)), rows)


def _tables(summary: Record) -> Iterator[str]:
    """What the kinds show of the whole run, each table with its notes below."""
    for table in summary.get("tables", ()):  # a run of before has none
        yield f"## {prose(table['title'])}"
        yield ""
        rows = [[prose(cell_text(cell, digits=table["digits"])) for cell in row] for row in table["rows"]]
        if rows:
            yield from _table([prose(name) for name in table["columns"]], rows)
        for note in table["notes"]:
            yield f"- {prose(note)}"
        if table["notes"]:
            yield ""


def _spent(summary: Record) -> Iterator[str]:
    run = summary["run"]
    rows = [
        ("calls", prose(calls_text(summary))),
        ("tokens", tokens_text(summary)),
        ("cost", prose(cost_text(summary["cost_usd"]))),
        ("time", duration(summary["seconds"])),
    ]
    rows += [
        (f"served as {code(alias)}", ", ".join(map(code, names)))
        for alias, names in summary["served"].items()
    ]
    if run["command"]:
        rows.append(("command", code(" ".join(run["command"]), columns=300)))
    software = [f"distill-tests {run['version']}", f"Python {run['python']}", run["platform"]]
    rows.append(("software", prose(", ".join(part for part in software if not part.endswith(" ") and part))))
    yield "## Calls, cost, time"
    yield ""
    yield from _table(("", ""), rows)


def _sets(summary: Record) -> Iterator[str]:
    rows = [
        (code(spec["path"]), code(target["alias"]), code(spec["set_sha256"]))
        for target in summary["targets"]
        for spec in target["specs"]
        if spec["set_sha256"]
    ]
    if rows:
        yield "## Declared sets"
        yield ""
        yield from _table(("spec", "target", "sha256 of the set"), rows)
