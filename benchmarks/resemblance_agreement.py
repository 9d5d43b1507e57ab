"""How well the judge ``resemblance`` follows reference ratings, beside simple measures, and how fast it is.

    DISTILL_TESTS_DATA=… python benchmarks/resemblance_agreement.py [--judge-only]

Spearman's coefficient with the mean rating of two LLM annotators (not people) on ``rse/rated_pairs.jsonl``,
with an interval by a bootstrap over prompts.  The judge's line is *out of fold*: each pair is judged by a
model that saw neither it nor another pair of its prompt.  What it does not say: the pairs were in sight while
the features were chosen, so unread pairs may do a little worse.

Baselines: cosine of word counts weighted by rarity (TF-IDF), the same of runs of three to five characters,
and the ratio of the lengths.  ``to another prompt``: the mean overall score of a response beside one to
another prompt, out of fold too.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from distill_tests.inference.correlation import correlation
from distill_tests.judges.resemblance import resemblance
from distill_tests.resemblance import fitting
from distill_tests.resemblance.model import HEADS, likeness
from distill_tests.resemblance.rated import Pair, Rated, Responses, our_pairs, rated_pairs, responses_of
from distill_tests.resemblance.words import TOKEN
from distill_tests.types import Exhibit


def out_of_fold(rated: Rated, responses: Responses | None) -> tuple[list[tuple[float, ...]], list[float]]:
    """The judge's numbers for every pair, and overall for responses to different prompts."""
    ours = our_pairs(responses, weight=fitting.OUR_WEIGHT).pairs if responses else ()
    rarity = fitting.counted_rarity(fitting.answers(rated, responses))
    pairs = [*rated.pairs, *ours]
    rows = [fitting.row_of(pair, rarity) for pair in pairs]
    return fitting.out_of_fold(pairs, rows, rarity, len(rated.pairs))


def tfidf_cosines(pairs: Sequence[Pair]) -> list[float]:
    return _cosines([(_words(pair.one), _words(pair.other)) for pair in pairs])


def character_cosines(pairs: Sequence[Pair]) -> list[float]:
    return _cosines([(_runs(pair.one), _runs(pair.other)) for pair in pairs])


def length_ratios(pairs: Sequence[Pair]) -> list[float]:
    return [min(len(pair.one), len(pair.other)) / max(1, len(pair.one), len(pair.other)) for pair in pairs]


def _words(text: str) -> Counter[str]:
    return Counter(TOKEN.findall(text.lower()))


def _runs(text: str) -> Counter[str]:
    flat = " ".join(text.lower().split())
    return Counter(flat[at : at + size] for size in (3, 4, 5) for at in range(len(flat) - size + 1))


def _cosines(counted: Sequence[tuple[Counter[str], Counter[str]]]) -> list[float]:
    found: Counter[str] = Counter()
    for one, other in counted:
        found.update(one.keys())
        found.update(other.keys())
    texts = 2 * len(counted)
    weights = {term: math.log((1 + texts) / (1 + count)) + 1 for term, count in found.items()}
    return [_cosine(_weighted(one, weights), _weighted(other, weights)) for one, other in counted]


def _weighted(counts: Counter[str], weights: Mapping[str, float]) -> dict[str, float]:
    return {term: count * weights[term] for term, count in counts.items()}


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    size = math.sqrt(sum(v * v for v in one.values()) * sum(v * v for v in other.values()))
    return sum(value * other.get(term, 0.0) for term, value in one.items()) / size if size else 0.0


def line(name: str, columns: Sequence[Sequence[float]], pairs: Sequence[Pair]) -> str:
    """One line of the table: a coefficient and its interval for each head."""
    cells = []
    for head, column in zip(HEADS, columns, strict=True):
        found = correlation(
            column,
            [pair.marks[head] for pair in pairs],
            [{"prompt": pair.prompt} for pair in pairs],
            coefficient="spearman",
        )
        if found.value is None or found.low is None or found.high is None:
            cells.append("no value")
        else:
            cells.append(f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]")
    return f"{name:<34}" + "".join(f"{cell:<22}" for cell in cells)


def annotators_line(path: Path, pairs: Sequence[Pair]) -> str:
    """The two annotators with each other: one line like the others, the second in the place of the mean."""
    rows = [
        json.loads(one)["ratings"] for one in path.read_text(encoding="utf-8").splitlines() if one.strip()
    ]
    first = [[float(ratings[0][head]) for ratings in rows] for head in HEADS]
    second = [
        pair._replace(marks={head: float(ratings[1][head]) for head in HEADS})
        for pair, ratings in zip(pairs, rows, strict=True)
    ]
    return line("the two annotators with each other", first, second)


def pairs_a_second(pairs: Sequence[Pair], *, rounds: int = 3) -> float:
    """How many pairs a second the judge scores, reasons and all, on one core."""
    exhibits = [Exhibit(answer=p.other, references=(p.one,), prompt=p.prompt) for p in pairs]
    resemblance(exhibits[0])
    begun = time.process_time()
    for _ in range(rounds):
        for exhibit in exhibits:
            resemblance(exhibit)
    return rounds * len(exhibits) / (time.process_time() - begun)


def sklearn_is_there() -> bool:
    try:
        importlib.import_module("sklearn")
    except ImportError:
        return False
    return True


def main(arguments: list[str] | None = None) -> int:
    command = argparse.ArgumentParser()
    command.add_argument("--judge-only", action="store_true", help="no cross-validation: baselines and speed")
    parsed = command.parse_args(arguments)
    data = os.environ.get("DISTILL_TESTS_DATA")
    if not data:
        print("DISTILL_TESTS_DATA names no folder with rse/rated_pairs.jsonl", file=sys.stderr)
        return 2
    rated = rated_pairs(Path(data) / "rse" / "rated_pairs.jsonl")
    pairs, folder = rated.pairs, Path(data) / "lineage" / "responses"
    print(f"{len(pairs)} pairs; Spearman with the mean of two LLM annotators, 95 % over prompts\n")
    print(" " * 34 + "".join(f"{head:<22}" for head in HEADS))
    if not parsed.judge_only and sklearn_is_there():
        said, unlike = out_of_fold(rated, responses_of(folder) if folder.is_dir() else None)
        print(line("resemblance, out of fold", list(zip(*said, strict=True)), pairs))
    for name, column in (
        ("TF-IDF cosine of words", tfidf_cosines(pairs)),
        ("TF-IDF cosine of characters", character_cosines(pairs)),
        ("ratio of lengths", length_ratios(pairs)),
    ):
        print(line(name, [column] * len(HEADS), pairs))
    print(annotators_line(Path(data) / "rse" / "rated_pairs.jsonl", pairs))
    if not parsed.judge_only and sklearn_is_there():
        print(f"\nto another prompt, out of fold: overall {sum(unlike) / len(unlike):.2f} on average")
    following = [*pairs[1:], *pairs[:1]]
    mixed = [likeness(a.one, b.other, a.prompt).overall for a, b in zip(pairs, following, strict=True)]
    print(f"to another prompt, as shipped: overall {sum(mixed) / len(mixed):.2f} on average")
    print(f"{pairs_a_second(pairs):,.0f} pairs a second of one core's time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
