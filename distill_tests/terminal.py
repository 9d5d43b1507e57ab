"""The summary and the failures of a run as text for a terminal; pure.

Whatever came from a model, a data file or an endpoint is made visible text on its way (see
:mod:`distill_tests.display`); the only escapes in the result are the colours set here.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from distill_tests.calibrations.words import lines as calibration_lines
from distill_tests.controls import in_words, worth_showing
from distill_tests.display import Marked, marked_lines, pad, shorten, visible, width
from distill_tests.estimatetext import basis_text, brief_basis, estimate_text
from distill_tests.gates.text import (
    FEW_NAMED,
    beyond_of,
    changed_lines,
    example_lines,
    failing_lines,
    is_beyond,
    threshold_words,
)
from distill_tests.progress import duration
from distill_tests.record import Record
from distill_tests.registry import statistics
from distill_tests.scoretext import matrix_lines, of_spec, outlier_lines
from distill_tests.summary import CASE_WORDS
from distill_tests.tables import text_lines
from distill_tests.types import Span

VERDICT_COLUMNS = len("INCONCLUSIVE")
MAY_SAY_SHORT = "Shows what a model said under the listed prompts; not, by itself, what it was trained on."
_COLORS = {"passed": "32", "failed": "31", "inconclusive": "33", "broken": "35", "none": "33"}
MOST_MISSED = 5
"""Controls that were not met, of those a summary lists."""
MOST_LINES = 24
"""Lines of one answer that a failure shows."""
MOST_CHARACTERS = 20_000
"""Characters of a kind's explanation that a failure shows."""


# --- the summary --------------------------------------------------------------------------------


def terminal_summary(
    summary: Record,
    *,
    width: int,
    color: bool = False,
    records: Sequence[Record] = (),
    verbose: bool = False,
) -> list[str]:
    """The lines that end a run: a block for each target, what was spent, and the verdict last.

    ``width`` is in columns; only what cannot be broken, such as a path, is longer.  Of the run's ``records``
    a gate that failed shows its first wrong answers; ``verbose`` tells each interval's method in full.
    """
    page = _Page(columns=max(width, 40), color=color, records=records, verbose=verbose)
    lines: list[str] = []
    for target in summary["targets"]:
        lines += [*_target(page, summary, target), ""]
    lines += _claims(page, summary)
    for table in summary.get("tables", ()):  # a run of before has none
        lines += [*_table(page, table), ""]
    for absent in summary["absent"]:
        lines += page.item("skipped", f"{absent['spec']}: {absent['reason']}")
    if summary["absent"]:
        lines.append("")
    lines += _spent(page, summary)
    if summary["verdict"] == "failed" and (said := summary.get("release", {}).get("sentence")):
        lines += ["", *page.wrapped(said, "")]
    lines += ["", *page.wrapped(MAY_SAY_SHORT, "", style="2"), "", headline(summary, color=color)]
    return lines


def nothing_asked(records: Sequence[Record], *, width: int) -> list[str]:
    """The lines that end a run in which every spec was skipped: each with its reason; empty without any."""
    page = _Page(columns=max(width, 40), color=False)
    absent = [row for row in records if row["type"] == "spec" and row["skipped"]]
    lines = [line for row in absent for line in page.item("skipped", f"{row['spec']}: {row['skipped']}")]
    return [*lines, "", "nothing was asked"] if lines else []


def headline(summary: Record, *, color: bool = False) -> str:
    """The last line of a run, such as ``VERDICT: PASSED (2 gates passed)`` or ``NO VERDICT: interrupted``."""
    verdict, reason = summary["verdict"], visible(summary["reason"])
    if verdict == "none":
        return _styled(f"NO VERDICT: {reason}", f"1;{_COLORS[verdict]}", color)
    return _styled(f"VERDICT: {verdict.upper()}", f"1;{_COLORS[verdict]}", color) + f" ({reason})"


def _styled(text: str, style: str, color: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if color and text else text


class _Page:
    """A width, whether there is colour, and lines made to fit."""

    def __init__(
        self, *, columns: int, color: bool, records: Sequence[Record] = (), verbose: bool = False
    ) -> None:
        self.columns, self.color = columns, color
        self.records, self.verbose = records, verbose
        self._said: set[tuple[str, str, str]] = set()

    def first_time(self, note: str, gate: Record) -> bool:
        """Whether a note is new to its spec's target; one on the judge, to its spec."""
        key = (note, gate["spec"], "" if note.startswith("judge ") else gate["target"])
        is_new = key not in self._said
        self._said.add(key)
        return is_new

    def one_line(self, text: str, indent: str, *, style: str = "") -> str:
        return indent + self.styled(shorten(visible(text), self.columns - len(indent)), style)

    def styled(self, text: str, style: str) -> str:
        return _styled(text, style, self.color)

    def wrapped(self, text: str, indent: str, *, style: str = "") -> list[str]:
        lines = wrap(visible(text), self.columns - len(indent))
        return [indent + (self.styled(line, style) if style else line) for line in lines]

    def item(self, name: str, text: str, indent: str = "") -> list[str]:
        """``name`` in a column of its own, and ``text`` beside it."""
        hanging = " " * 11
        first, *rest = self.wrapped(text, indent + hanging) or [""]
        return [indent + self.styled(pad(name, 11), "2") + first.lstrip(" "), *rest]


def wrap(text: str, columns: int) -> list[str]:
    """``text`` in lines of at most ``columns`` columns, broken after blanks where there are any."""
    if text.isascii():
        return textwrap.wrap(text, max(columns, 8), break_on_hyphens=False, break_long_words=False)
    return [line.shown.rstrip() for line in marked_lines(text, (), columns, context=len(text))]


def _target(page: _Page, summary: Record, target: Record) -> Iterator[str]:
    served = ", ".join(name for name in target["served"] if name != target["alias"])
    beside = f"  served: {visible(served)}" if served else ""
    alias = visible(target["alias"])
    yield page.styled(alias, "1") + shorten(beside, page.columns - width(alias))
    for spec in target["specs"]:
        yield from _spec(page, summary, target, spec)
    if len(target["served"]) > 1:
        yield from page.wrapped(target["reason"], "  ", style=_COLORS["broken"])


def _claims(page: _Page, summary: Record) -> list[str]:
    """Whom each target says it is; nothing for runs without identity answers, and runs of before."""
    claims = summary.get("claims_matrix", ())
    if not any(row["n"] or row["unscored"] for row in claims):
        return []
    lines = matrix_lines(claims, columns=page.columns - 2)
    if any(width(line) > page.columns - 2 for line in lines):
        lines = [part for line in lines for part in wrap(line, page.columns - 2)]
    return [page.styled("whom the answers say they are from", "2"), *(f"  {line}" for line in lines), ""]


def _table(page: _Page, table: Record) -> Iterator[str]:
    """A kind's table: its title in grey, its rows as far as they fit, the first of its notes below."""
    title, *rows = text_lines(table, columns=page.columns)
    yield from page.wrapped(title, "", style="2")
    for line in rows:
        yield from [line] if width(line) <= page.columns else wrap_hanging(line, page.columns)
    for note in table["notes"] if page.verbose else table["notes"][:1]:
        yield from page.wrapped(note, "  ", style="2")


def wrap_hanging(line: str, columns: int) -> list[str]:
    """A line that is too long, its further lines set in below it."""
    first, *rest = wrap(line.strip(), columns - 6)
    return [f"  {first}", *(f"      {part}" for part in rest)]


def _spec(page: _Page, summary: Record, target: Record, spec: Record) -> Iterator[str]:
    yield from page.wrapped(f"{spec['title']}  {spec['path']}", "  ")
    for gate in summary["gates"]:
        if (gate["spec"], gate["target"]) == (spec["path"], target["alias"]):
            yield from _gate(page, gate)
    for gate in summary["not_selected"]:
        if (gate["spec"], gate["target"]) == (spec["path"], target["alias"]):
            word = page.styled(pad("not selected", VERDICT_COLUMNS), _COLORS["none"])
            yield f"    {word}  {visible(gate['gate'])}"
    counts = [
        f"{spec['cases'][verdict]:,} {word}" for verdict, word in CASE_WORDS.items() if spec["cases"][verdict]
    ]
    yield from page.item("probes", " · ".join(counts) or "none", "    ")
    for skip in spec["skips"]:
        yield from page.item("skipped", f"{skip['cases']:,} {skip['reason']}", "    ")
    if spec["labels"]:
        yield from page.item("answers", _tallied(spec["labels"]), "    ")
    if spec["claimed"]:
        yield from page.item("claimed", _tallied(spec["claimed"], most=5), "    ")
    for said in spec.get("searches", ()):  # a run of before has none
        yield from page.item("search", said, "    ")
    for said in outlier_lines(of_spec(summary, target["alias"], spec["path"])):
        yield from page.item("differs", said, "    ")
    for line in in_words(spec["controls"] or {}):
        yield from page.item("controls", line, "    ")
    for missed in worth_showing(spec["controls"] or {})[:MOST_MISSED]:
        yield from page.item("", missed_text(missed), "    ")
    for told in calibrations(summary, target, spec):
        for name, text in calibration_lines(told, brief=True):
            yield from page.item(name, text, "    ")


def calibrations(summary: Record, target: Record, spec: Record) -> Iterator[Record]:
    """The calibration of a spec's judge, where the spec is one."""
    for told in summary.get("calibrations", ()):  # a run of before has none
        if (told["spec"], told["target"]) == (spec["path"], target["alias"]):
            yield told


def missed_text(missed: Record) -> str:
    """One control or canary that was not met: its id, what was expected, what the judge said."""
    said = f"{missed['label']}: {missed['reason']}" if missed["reason"] else missed["label"]
    return f"missed {missed['id']}: expected {missed['expected']}, got {shorten(visible(said), 160)}"


def _tallied(counts: Record, *, most: int = 8) -> str:
    shown = [f"{name} {count:,}" for name, count in list(counts.items())[:most]]
    return " · ".join([*shown, f"{len(counts) - most} more"] if len(counts) > most else shown)


def _gate(page: _Page, gate: Record) -> Iterator[str]:
    verdict = page.styled(pad(gate["verdict"].upper(), VERDICT_COLUMNS), f"1;{_COLORS[gate['verdict']]}")
    yield f"    {verdict}  {visible(gate['name'])}  {estimate_text(gate['estimate'])}, {threshold_text(gate)}"
    beside = " " * (VERDICT_COLUMNS + 6)
    yield from page.wrapped(gate["explanation"], beside)
    estimate = gate["estimate"]
    basis = basis_text(estimate) if page.verbose else brief_basis(estimate, beyond=beyond_of(gate))
    yield from page.wrapped(basis, beside, style="2")
    yield from _examples(page, gate, beside)
    groups = failing_lines(gate, most=FEW_NAMED, found_only=True)
    for told in (*changed_lines(gate, most=FEW_NAMED), *groups):
        yield from page.wrapped(told, beside, style="2")
    for note in gate["notes"]:
        if page.first_time(note, gate) and (page.verbose or not is_beyond(note)):
            yield from page.wrapped(note, beside, style="2")


def _examples(page: _Page, gate: Record, indent: str) -> Iterator[str]:
    """Wrong answers of a gate that failed, a line each; one against a baseline names what got worse."""
    if gate["verdict"] != "failed" or gate.get("baseline"):
        return
    mark = statistics.get(gate["statistic"]).mark if gate["statistic"] in statistics else None
    lines = list(example_lines(gate, page.records, mark))
    yield from (page.one_line(line, indent) for line in lines)
    if lines:
        yield page.one_line("more: summary.md", indent, style="2")


def threshold_text(gate: Record) -> str:
    """Such as ``required at most 0.02``."""
    return threshold_words(gate)


def calls_text(summary: Record) -> str:
    calls = summary["calls"]
    made = f"{calls['made']:,} made, {calls['from_store']:,} from the store"
    if summary["oldest_reused"]:
        made += f" (oldest reply {summary['oldest_reused'][:10]})"
    return made + (f", {calls['recorded']:,} from recordings" if calls["recorded"] else "")


def cost_text(cost_usd: float | None) -> str:
    """Such as ``$0.42``; what is not known is said."""
    if cost_usd is None:
        return "unknown (a model card has no price, or a reply no token counts)"
    return f"${cost_usd:,.4f}" if 0 < cost_usd < 0.1 else f"${cost_usd:,.2f}"


def tokens_text(summary: Record) -> str:
    """Such as ``80 in, 40 out``: of the calls made."""
    tokens = summary["tokens"]
    if summary["calls"]["made"] and not any(tokens.values()):
        return "not reported"
    return f"{tokens['input']:,} in, {tokens['output']:,} out"


def _spent(page: _Page, summary: Record) -> Iterator[str]:
    yield from page.item("calls", visible(calls_text(summary)))
    yield from page.item("tokens", tokens_text(summary))
    yield from page.item("cost", cost_text(summary["cost_usd"]))
    yield from page.item("time", duration(summary["seconds"]))
    if summary["run"]["directory"]:
        yield from page.item("report", f"{summary['run']['directory']}/summary.md")


# --- failures -----------------------------------------------------------------------------------


def failure_text(record: Record, width: int) -> str:
    """What a person needs to see of a record that did not pass: where, asked, answered, judged.

    Below the answer, carets mark the evidence; they stand right under Chinese, too.  Where the kind
    has explained the outcome, these are its words.
    """
    columns = max(width, 40)
    if record["trials"] and record["explanation"]:
        lines = _explained(record["explanation"])
    else:
        lines = [*_heading(record, columns)]
    if record["type"] == "case" and not record["explanation"]:
        for trial in _shown_trials(record):
            lines += _trial(trial, columns)
        if not record["trials"]:
            lines += _labelled(
                "error", record["error"] or record["skipped"] or record["explanation"], columns
            )
    for note in record["notes"]:
        lines += _labelled("note", note, columns)
    if command := record.get("again"):  # in one piece, to be copied; runs of older versions have none
        lines.append(f"    {'again:':<9}{visible(command)}")
    return "\n".join(lines)


def _explained(explanation: str) -> list[str]:
    """The kind's own lines, visible and bounded."""
    lines = visible(explanation[:MOST_CHARACTERS], newlines="keep").rstrip("\n").split("\n")
    left = len(explanation) > MOST_CHARACTERS or len(lines) > 3 * MOST_LINES
    return [f"  {line}".rstrip() for line in lines[: 3 * MOST_LINES]] + (["  [… more …]"] if left else [])


def _heading(record: Record, columns: int) -> Iterator[str]:
    place = f"  {visible(record['path'])}:{record['line']}"
    if record["type"] == "gate":
        first, *rest = wrap(f"{place}  {visible(record['explanation'])}".lstrip(), columns - 4)
        yield from (f"  {first}", *(f"    {line}" for line in rest))
        return
    served = [name for name in record["served"] if name != record["target"]]
    about = f"{record['kind']} probe on {record['target']}"
    about += f" (served: {', '.join(served)})" if served else ""
    yield f"{place}  {visible(about)}{_which(record)}"


def _which(record: Record) -> str:
    """Such as ``, trials 2 and 3 of 3``: which repeats went wrong, and so how often it comes back."""
    count = len(record["trials"])
    bad = [str(number) for number, trial in enumerate(record["trials"], start=1) if trial["wrong"]]
    if count < 2:
        return ""
    if not bad:
        return f", {count} trials"
    listed = bad[0] if len(bad) == 1 else f"{', '.join(bad[:-1])} and {bad[-1]}"
    return f", trial{'' if len(bad) == 1 else 's'} {listed} of {count}"


def _shown_trials(record: Record) -> Sequence[Record]:
    """The first wrong trial; else the first unscored one; else the first with evidence; else the first."""
    trials: Sequence[Record] = record["trials"]

    def interest(trial: Record) -> tuple[bool, bool, bool]:
        score = trial["score"]
        return bool(trial["wrong"]), score["value"] is None, bool(score["evidence"])

    return [max(trials, key=interest)] if trials else []


def _trial(trial: Record, columns: int) -> Iterator[str]:
    *earlier, last = trial["exchanges"] or [None]
    for exchange in earlier:
        yield from _asked(exchange, columns)
        yield from _labelled("answer", exchange["reply"]["text"], columns)
    if last is not None:
        yield from _asked(last, columns, first=not earlier)
    spans = [Span(start=span["start"], end=span["end"]) for span in trial["score"]["evidence"]]
    yield from _labelled("answer", trial["answer"] or "(nothing)", columns, spans)
    if trial["cut_off"]:
        yield from _labelled("", "[cut off at max_tokens]", columns)
    score = trial["score"]
    judge = f" ({score['judge']})" if score["judge"] else ""
    reason = f": {score['reason']}" if score["reason"] else ""
    yield from _labelled("judged", f"{score['label']}{judge}{reason}", columns)


def _asked(exchange: Record, columns: int, *, first: bool = True) -> Iterator[str]:
    """The message an exchange adds; of the first one also what the system message told."""
    messages = exchange["messages"]
    for message in messages if first else []:
        if message["role"] == "system":
            yield from _labelled("told", message["text"], columns)
    asked = [message for message in messages if message["role"] == "user"]
    if asked:
        images = f" [{len(asked[-1]['images'])} images]" if asked[-1]["images"] else ""
        yield from _labelled("asked", asked[-1]["text"] + images, columns)


def _labelled(label: str, text: str, columns: int, spans: Sequence[Span] = ()) -> Iterator[str]:
    """``label`` in a column of its own, ``text`` beside it in visible lines, carets under the spans."""
    lines = marked_lines(text.rstrip("\r\n"), spans, columns - 13)
    head = f"{label}:" if label else ""
    for line in _bounded(lines):
        yield f"    {head:<9}{line.shown}".rstrip()
        if line.carets:
            yield f"    {'':<9}{line.carets}"
        head = ""


def _bounded(lines: list[Marked]) -> list[Marked]:
    """At most ``MOST_LINES`` lines: the first ones, and those with carets."""
    if len(lines) <= MOST_LINES:
        return lines
    marked = [index for index, line in enumerate(lines) if line.carets][: MOST_LINES // 2]
    kept = sorted({*range(MOST_LINES - len(marked)), *marked})
    shown: list[Marked] = []
    for before, index in zip([-1, *kept], kept, strict=False):
        if index > before + 1:
            shown.append(Marked(f"[… {index - before - 1} lines …]", ""))
        shown.append(lines[index])
    left = len(lines) - 1 - kept[-1]
    return [*shown, Marked(f"[… {left} lines …]", "")] if left else shown
