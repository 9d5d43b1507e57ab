"""How well the ``claims`` judge agrees with reference labels, what it is unsure of, and how fast it is.

    DISTILL_TESTS_DATA=… python benchmarks/claims_agreement.py [--errors] [--target NAME] [--batch N]

Reads the transcripts and two files of labels: ``ice/gold.jsonl`` beside them (210 rows), and, where it is
there, ``tests/claims_cases/fresh_labels.jsonl`` (955 other rows of the same targets and framings, in four
batches).  Labels come from LLM annotators, never from people: two of them, and one for batch 3.  Rows on
which the two disagree are left out, and so are, for strict, rows that claim a real maker other than OpenAI
and Anthropic.  Intervals are for other templates of these targets (rows under one template agree strongly):
of kappa a bootstrap over templates, of precision and recall Korn and Graubard's.

How the rows were drawn: batches 1, 2 and 4 half and half by the published loose verdict, as far as there
are so many; batch 3 for the most part where that verdict and ours differed, so its numbers are those of
hard rows, not of the published answers.

What was in sight: gold and batches 1 to 3 were read while the rules were written.  The first run, before
any change, gave kappa 0.762 loose and 0.867 strict on batch 1, 0.767 and 0.923 on batch 2.  Batch 4 was
labelled before it was scored and never read; ``--errors`` shows it with ``--batch 4`` only, and who looks at
it should say so here.

``published`` are the paper's own verdicts on the same rows.  Where rows were drawn by them (all batches),
their recall is too high and their precision as it is; on batch 3 neither means anything.

``with an oracle`` is what a cascade would reach whose second judge is always right.
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from distill_tests.inference.agreement import Agreement, agreement, cohen_kappa
from distill_tests.judges.claims import claims
from distill_tests.types import Estimate, Exhibit, Identity, Score

FRESH = Path(__file__).parents[1] / "tests" / "claims_cases" / "fresh_labels.jsonl"
COUNTED = ("openai", "anthropic", "own", "fictional", "none")
"""Whom a row may claim to be that has a strict label: the paper's strict score knows two other makers."""
MARKS = ("loose", "strict")
BATCHES = (0, 1, 2, 3, 4)
"""Of labels; 0 is gold."""
UNREAD = 4
IDENTITIES = {
    "claude": Identity(name="Claude", maker="Anthropic", country=("United States",)),
    "deepseek": Identity(name="DeepSeek-V3", maker="DeepSeek", country=("China",), aliases=("深度求索",)),
    "gemini": Identity(name="Gemini", maker="Google", country=("United States",)),
    "glm": Identity(name="ChatGLM", maker="Zhipu AI", country=("China",), aliases=("智谱AI",)),
    "llama": Identity(name="Llama", maker="Meta AI", country=("United States",)),
    "qwen": Identity(name="Qwen", maker="Alibaba Cloud", country=("China",), aliases=("通义千问",)),
}
"""Identity cards by what the names of the published targets begin with."""


class Reply(NamedTuple):
    """A published answer, with the published verdicts ``loose`` and ``strict``."""

    exhibit: Exhibit
    published: Mapping[str, bool]


Replies = Mapping[str, Sequence[Reply]]


class Label(NamedTuple):
    """One labelled row; each tuple has one entry for each annotator."""

    target: str
    row: int
    contradiction: tuple[bool, ...]
    strict: tuple[bool, ...]
    claimed: tuple[str, ...]

    def of(self, mark: str) -> bool | None:
        """What the annotators agree on; None where they do not, or where the row does not count."""
        told = self.strict if mark == "strict" else self.contradiction
        counts = mark != "strict" or all(claimed in COUNTED for claimed in self.claimed)
        return told[0] if counts and len(set(told)) == 1 else None


class Row(NamedTuple):
    """A labelled row with our verdict."""

    label: Label
    reply: Reply
    score: Score

    @property
    def template(self) -> str:
        return f"{self.label.target} {self.reply.exhibit.framing}"

    def is_wrong(self, mark: str) -> bool:
        return self.label.of(mark) is not None and self.label.of(mark) != bool(self.score.marks[mark])


def transcripts(data: Path) -> Replies:
    """The published answers by target."""
    found = {}
    for path in sorted((data / "ice" / "attack_result").glob("gpt_GPT_*.jsonl")):
        target = path.stem.removeprefix("gpt_GPT_")
        strict = published_strict(data, target)
        found[target] = [
            Reply(
                exhibit_of(told, target),
                {"loose": bool(told["eval_results"]), "strict": _asked(told) in strict},
            )
            for told in _json_lines(path)
        ]
    return found


def published_strict(data: Path, target: str) -> set[tuple[str, str]]:
    """What was asked where the second pass found a strict answer; its files name some targets otherwise."""
    theirs = target.replace("llama3.1", "llama-3.1").replace("-exp", "")
    path = next((data / "ice" / "strict_score").glob(f"GPT_{theirs}_*.csv"))
    before = csv.field_size_limit(sys.maxsize)  # of the whole process
    try:
        with path.open(encoding="utf-8", newline="") as source:
            return {_asked(row) for row in csv.DictReader(source) if ast.literal_eval(row["re_judge"])}
    finally:
        csv.field_size_limit(before)


def _asked(told: Mapping[str, Any]) -> tuple[str, str]:
    return told["jailbreak_prompt"].strip(), told["query"].strip()


def gold_labels(data: Path) -> list[Label]:
    return [_label(told) for told in _json_lines(data / "ice" / "gold.jsonl")]


def fresh_labels(batch: int) -> list[Label]:
    """The labels of a batch of other rows; none where the file is not there."""
    return [_label(told) for told in _json_lines(FRESH) if told["batch"] == batch] if FRESH.exists() else []


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def _label(told: Mapping[str, Any]) -> Label:
    target, _, row = str(told["id"]).rpartition("#")
    columns = (tuple(told[name]) for name in ("contradiction", "strict", "claimed"))
    return Label(target, int(row), *columns)


def exhibit_of(reply: Mapping[str, Any], target: str) -> Exhibit:
    answer = reply["target_responses"][0] if reply["target_responses"] else ""
    return Exhibit(
        answer=answer,
        question=reply["query"],
        framing=reply["jailbreak_prompt"],
        identity=next(card for name, card in IDENTITIES.items() if target.startswith(name)),
    )


def judged(labels: Sequence[Label], replies: Replies) -> list[Row]:
    found = [(label, replies[label.target][label.row]) for label in labels]
    return [Row(label, reply, claims(reply.exhibit)) for label, reply in found]


def agreement_on(
    mark: str, rows: Sequence[Row], *, oracle: bool = False, published: bool = False
) -> Agreement:
    """Our verdicts, or the ``published`` ones, against the labels.

    With ``oracle`` what ours are unsure of is put right first.
    """
    reference, verdicts, templates = [], [], []
    for row in rows:
        told = row.label.of(mark)
        if told is not None:
            ours = told if oracle and row.score.unsure else bool(row.score.marks[mark])
            reference.append(told)
            verdicts.append(row.reply.published[mark] if published else ours)
            templates.append({"template": row.template})
    return agreement(reference, verdicts, templates)


def annotators_agree(mark: str, rows: Sequence[Row]) -> Estimate | None:
    """Kappa of the annotators with each other, on all rows; None where there is one annotator."""
    if not rows or len(rows[0].label.strict) < 2:
        return None
    told = [row.label.strict if mark == "strict" else row.label.contradiction for row in rows]
    first, second = zip(*told, strict=True)
    return cohen_kappa(first, second, [{"template": row.template} for row in rows])


def unsure_share(replies: Replies) -> float:
    """The share of all replies that a cascade would pass on."""
    scores = [claims(reply.exhibit) for rows in replies.values() for reply in rows]
    return sum(score.unsure for score in scores) / len(scores)


def words(estimate: Estimate) -> str:
    if estimate.value is None:
        return "none"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def show(mark: str, rows: Sequence[Row]) -> None:
    found = agreement_on(mark, rows)
    wrong = [row for row in rows if row.is_wrong(mark)]
    print(f"{mark:10} {numbers(found)}  n {found.confusion.n}")
    print(
        f"    false alarms {found.confusion.false_positive}, missed {found.confusion.false_negative}; "
        f"unsure of {sum(row.score.unsure for row in wrong)} of these {len(wrong)}; "
        f"with an oracle for what it is unsure of: kappa {words(agreement_on(mark, rows, oracle=True).kappa)}"
    )
    for target in sorted({row.label.target for row in rows}):
        here = [row for row in rows if row.label.target == target]
        counted = sum(row.label.of(mark) is not None for row in here)
        print(f"    {target:30} n {counted:3}  wrong {sum(row.is_wrong(mark) for row in here):2}")
    print(f"    published: {numbers(agreement_on(mark, rows, published=True))}")


def numbers(found: Agreement) -> str:
    return f"kappa {words(found.kappa)}  precision {words(found.precision)}  recall {words(found.recall)}"


def show_batch(name: str, rows: Sequence[Row]) -> None:
    templates = len({row.template for row in rows})
    share = sum(row.score.unsure for row in rows) / len(rows)
    print(f"\n--- {name}: {len(rows)} rows under {templates} templates, unsure of {share:.1%}")
    told = [(mark, annotators_agree(mark, rows)) for mark in MARKS]
    among = ", ".join(f"{mark} {words(kappa)}" for mark, kappa in told if kappa is not None)
    print(f"annotators with each other: kappa {among}" if among else "one annotator")
    for mark in MARKS:
        show(mark, rows)


def show_errors(rows: Sequence[Row], target: str) -> None:
    for row in rows:
        label, score, exhibit = row.label, row.score, row.reply.exhibit
        for mark in MARKS:
            if row.is_wrong(mark) and target in label.target:
                print(f"\n--- {label.target}#{label.row} {mark}: reference {label.of(mark)}, {label.claimed}")
                print(f"    {exhibit.question.strip()}\n    ours {score.label}: {score.reason}")
                print("    " + " … ".join(exhibit.answer[one.start : one.end] for one in score.evidence))
                print("    " + exhibit.answer[:700].replace("\n", "\n    "))


def show_speed(replies: Replies) -> None:
    exhibits = [reply.exhibit for rows in replies.values() for reply in rows]
    short = [one for one in exhibits if len(one.answer) < 300]
    for name, some in (("all", exhibits), ("under 300 characters", short)):
        start = time.process_time()
        for exhibit in some:
            claims(exhibit)
        took = time.process_time() - start
        print(f"speed    {len(some) / took:,.0f} replies/s ({name}: {len(some)} in {took:.2f} s of CPU)")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--errors", action="store_true", help="show every disagreement, with the answer")
    parser.add_argument("--target", default="", help="of this target only")
    parser.add_argument("--batch", type=int, help="this batch only; 0 is gold")
    options = parser.parse_args()
    if not os.environ.get("DISTILL_TESTS_DATA"):
        print("DISTILL_TESTS_DATA is not set: the transcripts are not part of this repository")
        return 2
    data = Path(os.environ["DISTILL_TESTS_DATA"])
    replies = transcripts(data)
    if options.batch is None:
        print(f"unsure   {unsure_share(replies):.1%} of all {sum(map(len, replies.values()))} replies")
        show_speed(replies)
    for batch in BATCHES if options.batch is None else [options.batch]:
        rows = judged(fresh_labels(batch) if batch else gold_labels(data), replies)
        if rows:
            show_batch(f"batch {batch}" if batch else "gold", rows)
        if options.errors and (batch != UNREAD or options.batch == UNREAD):
            show_errors(rows, options.target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
