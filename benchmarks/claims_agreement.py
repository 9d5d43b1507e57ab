"""How well the ``claims`` judge agrees with reference labels, what it is unsure of, and how fast it is.

    DISTILL_TESTS_DATA=… python benchmarks/claims_agreement.py [--errors] [--target NAME] [--published]

Reads the transcripts and two files of labels: ``ice/gold.jsonl`` beside them (210 rows), and
``tests/claims_cases/fresh_labels.jsonl`` (260 other rows of the same targets).  The labels come from two
LLM annotators; they are not people.  Rows on which the two disagree are left out, and so are, for strict,
rows that claim a real maker other than OpenAI and Anthropic.  Both files were read while the rules were
written: on the fresh rows the first run, before any change, gave kappa 0.867 [0.778, 0.940] strict and
0.762 [0.659, 0.855] loose.  Intervals: percentile bootstrap over targets' templates (rows under one
template agree strongly), seeded.

``with an oracle`` is what a cascade would reach whose second judge is always right.
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import os
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from distill_tests.judges.claims import claims
from distill_tests.types import Exhibit, Identity, Score

DRAWS = 2000
IDENTITIES = {
    "Claude": Identity(name="Claude", maker="Anthropic", country=("United States",)),
    "DeepSeek": Identity(name="DeepSeek-V3", maker="DeepSeek", country=("China",), aliases=("深度求索",)),
    "Gemini": Identity(name="Gemini", maker="Google", country=("United States",)),
    "ChatGLM": Identity(name="ChatGLM", maker="Zhipu AI", country=("China",), aliases=("智谱AI",)),
    "Llama": Identity(name="Llama", maker="Meta AI", country=("United States",)),
    "Qwen": Identity(name="Qwen", maker="Alibaba Cloud", country=("China",), aliases=("通义千问",)),
}
"""Identity cards for the facts that the gold file states, by the name that a fact holds."""


class Row(NamedTuple):
    """A row of gold with our verdict; ``None``: the annotators disagree, or the row is left out."""

    id: str
    target: str
    template: str
    loose: bool | None
    strict: bool | None
    score: Score
    answer: str
    question: str
    reference: str

    @property
    def unsure(self) -> bool:
        return self.score.unsure


class Agreement(NamedTuple):
    kappa: float
    precision: float
    recall: float
    n: int


def transcripts(data: Path) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for path in sorted((data / "ice" / "attack_result").glob("gpt_GPT_*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            found[path.stem.removeprefix("gpt_GPT_")] = [json.loads(line) for line in lines]
    return found


def fresh_labels(gold: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The labels of the other 260 rows, with the fact of their target, as the gold file has them."""
    facts = {label["model"]: label["fact"] for label in gold}
    path = Path(__file__).parents[1] / "tests" / "claims_cases" / "fresh_labels.jsonl"
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        model, _, row = label["id"].rpartition("#")
        found.append({**label, "model": model, "row": int(row), "fact": facts[model]})
    return found


def judged(gold: Sequence[dict[str, Any]], replies: dict[str, list[dict[str, Any]]]) -> Iterator[Row]:
    for label in gold:
        source = replies[label["model"]][label["row"]]
        identity = next(card for name, card in IDENTITIES.items() if name in label["fact"])
        exhibit = exhibit_of(source, identity)
        loose, strict = label["contradiction"], label["strict"]
        other_real = any(claimed not in COUNTED for claimed in label["claimed"])
        yield Row(
            id=label["id"],
            target=label["model"],
            template=f"{label['model']} {source['jailbreak_prompt'][:200]}",
            loose=loose[0] if loose[0] == loose[1] else None,
            strict=strict[0] if strict[0] == strict[1] and not other_real else None,
            score=claims(exhibit),
            answer=exhibit.answer,
            question=exhibit.question,
            reference=f"contradiction {loose} strict {strict} claimed {label['claimed']}",
        )


COUNTED = ("openai", "anthropic", "own", "fictional", "none")


def exhibit_of(source: dict[str, Any], identity: Identity) -> Exhibit:
    answer = source["target_responses"][0] if source["target_responses"] else ""
    return Exhibit(
        answer=answer, question=source["query"], framing=source["jailbreak_prompt"], identity=identity
    )


COLUMNS: dict[str, Callable[[Row], bool | None]] = {
    "strict": lambda row: row.strict,
    "loose": lambda row: row.loose,
}


def pair_of(what: str, row: Row) -> tuple[bool, bool]:
    """The reference label and ours."""
    return bool(COLUMNS[what](row)), bool(row.score.marks[what])


def agreement(pairs: Sequence[tuple[bool, bool]]) -> Agreement:
    """Cohen's kappa, precision and recall of (reference, ours)."""
    n = len(pairs)
    both = sum(a and b for a, b in pairs)
    ours, theirs = sum(b for _, b in pairs), sum(a for a, _ in pairs)
    observed = sum(a == b for a, b in pairs) / n
    chance = (ours * theirs + (n - ours) * (n - theirs)) / n**2
    kappa = (observed - chance) / (1 - chance) if chance < 1 else 1.0
    return Agreement(kappa, both / ours if ours else 1.0, both / theirs if theirs else 1.0, n)


def interval(rows: Sequence[Row], pair: Callable[[Row], tuple[bool, bool]]) -> tuple[float, float]:
    """The middle 95 % of kappa over bootstrap draws of whole templates."""
    clusters: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for row in rows:
        clusters[row.template].append(pair(row))
    groups, dice = list(clusters.values()), random.Random(7)
    kappas = sorted(
        agreement([one for group in dice.choices(groups, k=len(groups)) for one in group]).kappa
        for _ in range(DRAWS)
    )
    return kappas[round(DRAWS * 0.025)], kappas[round(DRAWS * 0.975) - 1]


def show(name: str, rows: Sequence[Row], pair: Callable[[Row], tuple[bool, bool]]) -> None:
    found = agreement([pair(row) for row in rows])
    low, high = interval(rows, pair)
    print(
        f"{name:8} kappa {found.kappa:.3f} [{low:.3f}, {high:.3f}]  precision {found.precision:.3f}  "
        f"recall {found.recall:.3f}  n {found.n}"
    )
    wrong_rows = [row for row in rows if pair(row)[0] != pair(row)[1]]
    oracle = agreement([(pair(row)[0], pair(row)[0] if row.unsure else pair(row)[1]) for row in rows])
    print(
        f"         with an oracle for what it is unsure of: kappa {oracle.kappa:.3f}; unsure of "
        f"{sum(row.unsure for row in rows) / len(rows):.1%} of these rows, and of "
        f"{sum(row.unsure for row in wrong_rows)} of the {len(wrong_rows)} it judges wrongly"
    )
    for target in sorted({row.target for row in rows}):
        here = agreement([pair(row) for row in rows if row.target == target])
        wrong = sum(one != two for one, two in (pair(row) for row in rows if row.target == target))
        rest = agreement([pair(row) for row in rows if row.target != target])
        print(f"    {target:30} n {here.n:3}  wrong {wrong:2}  kappa without it {rest.kappa:.3f}")


def show_errors(rows: Sequence[Row], target: str) -> None:
    for row in rows:
        for name, reference in (("loose", row.loose), ("strict", row.strict)):
            ours = bool(row.score.marks[name])
            if reference is not None and ours != reference and target in row.target:
                print(f"\n--- {row.id} {name}: reference {reference}, ours {ours} ({row.reference})")
                print(f"    {row.question.strip()}\n    {row.score.label}: {row.score.reason}")
                print("    " + " … ".join(row.answer[span.start : span.end] for span in row.score.evidence))
                print("    " + row.answer[:700].replace("\n", "\n    "))


def card_of(target: str) -> Identity:
    """The identity card of a published target, by its name."""
    return next(
        card for name, card in IDENTITIES.items() if name.lower()[:4] in target or ALSO[name] in target
    )


def unsure_share(replies: dict[str, list[dict[str, Any]]]) -> float:
    """The share of all replies that a cascade would pass on."""
    scores = [claims(exhibit_of(row, card_of(target))) for target, rows in replies.items() for row in rows]
    return sum(score.unsure for score in scores) / len(scores)


def speed(replies: dict[str, list[dict[str, Any]]], identity: Identity) -> None:
    exhibits = [exhibit_of(row, identity) for rows in replies.values() for row in rows]
    short = [one for one in exhibits if len(one.answer) < 300]
    for name, some in (("all", exhibits), ("under 300 characters", short)):
        start = time.process_time()
        for exhibit in some:
            claims(exhibit)
        took = time.process_time() - start
        print(f"speed    {len(some) / took:,.0f} replies/s ({name}: {len(some)} in {took:.2f} s of CPU)")


def show_published(data: Path, replies: dict[str, list[dict[str, Any]]], errors: bool) -> None:
    """Against the noisy published verdicts: where to look, not what is right."""
    for target, rows in replies.items():
        identity = card_of(target)
        strict = published_strict(data, target)
        ours = [claims(exhibit_of(row, identity)) for row in rows]
        missed = [
            row
            for row, score in zip(rows, ours, strict=True)
            if key(row) in strict and not score.marks["strict"]
        ]
        extra = [
            (row, score)
            for row, score in zip(rows, ours, strict=True)
            if key(row) not in strict and score.marks["strict"]
        ]
        loose = sum(bool(row["eval_results"]) for row in rows)
        counts = {name: sum(bool(score.marks[name]) for score in ours) for name in ("loose", "strict")}
        print(
            f"{target:30} loose: published {loose}, ours {counts['loose']}; strict: published {len(strict)}, "
            f"ours {counts['strict']}, missed {len(missed)}, extra {len(extra)}"
        )
        if errors:
            for row in missed:
                print(f"\nMISSED {target} {row['query'].strip()}\n{row['target_responses'][0][:600]}")
            for row, score in extra:
                spans = [
                    row["target_responses"][0][max(0, s.start - 80) : s.end + 40] for s in score.evidence[:3]
                ]
                print(
                    f"\nEXTRA {target} {row['eval_results']} {row['query'].strip()}\n  " + "\n  ".join(spans)
                )


ALSO = {
    "Claude": "claude",
    "DeepSeek": "deepseek",
    "Gemini": "gemini",
    "ChatGLM": "glm",
    "Llama": "llama",
    "Qwen": "qwen",
}


def key(row: dict[str, Any]) -> tuple[str, str]:
    return row["jailbreak_prompt"].strip(), row["query"].strip()


def published_strict(data: Path, target: str) -> set[tuple[str, str]]:
    csv.field_size_limit(sys.maxsize)
    squeezed = (
        target.replace("llama3.1", "llama-3.1").replace("-exp", "").replace("qwen2.5-72b-", "qwen2.5-72b")
    )
    for path in (data / "ice" / "strict_score").glob("GPT_*.csv"):
        if path.stem.removeprefix("GPT_").rpartition("_")[0] == squeezed:
            with path.open(encoding="utf-8", newline="") as source:
                return {key(row) for row in csv.DictReader(source) if ast.literal_eval(row["re_judge"])}
    return set()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--errors", action="store_true", help="show every disagreement")
    parser.add_argument("--target", default="", help="of this target only")
    parser.add_argument(
        "--published", action="store_true", help="compare with the published verdicts instead"
    )
    options = parser.parse_args()
    if not os.environ.get("DISTILL_TESTS_DATA"):
        print("DISTILL_TESTS_DATA is not set: the transcripts are not part of this repository")
        return 2
    data = Path(os.environ["DISTILL_TESTS_DATA"])
    replies = transcripts(data)
    if options.published:
        show_published(
            data, {name: rows for name, rows in replies.items() if options.target in name}, options.errors
        )
        return 0
    with (data / "ice" / "gold.jsonl").open(encoding="utf-8") as lines:
        gold = [json.loads(line) for line in lines]
    for name, labels in (("gold", gold), ("fresh", fresh_labels(gold))):
        rows = list(judged(labels, replies))
        print(f"--- {name}: {len(rows)} rows, unsure of {sum(row.unsure for row in rows) / len(rows):.1%}")
        if options.errors:
            show_errors(rows, options.target)
        for what, column in COLUMNS.items():
            show(what, [row for row in rows if column(row) is not None], partial(pair_of, what))
    print(f"unsure   {unsure_share(replies):.1%} of all {sum(map(len, replies.values()))} replies")
    speed(replies, IDENTITIES["Qwen"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
