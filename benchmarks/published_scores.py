"""The published loose, strict and hard scores, ours beside them, and every row on which the two differ.

    DISTILL_TESTS_DATA=… python benchmarks/published_scores.py [--rows TARGET] [--only NAME]

Runs the two specs of examples/published-ice on the recorded answers: ``published.yaml`` (the published
verdicts by the published rules) and ``corrected.yaml`` (the same answers, judged by ``claims``).  The tables
hold counts; ``--rows`` lists one target's differing rows by id, both grades and our reasons.  Intervals are
clustered by framing and question: what framings and questions like these 20 and 50 would give.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from distill_tests import load_models, load_spec, run_audit
from distill_tests.display import visible
from distill_tests.inference.clustered import clustered_rate
from distill_tests.types import Model, Outcome, Score

FOLDER = Path(__file__).parents[1] / "examples" / "published-ice"
MARKS = ("loose", "strict", "hard")


class Difference(NamedTuple):
    """A row on which the two disagree; ``why`` is our judge's reason, or what the prompt names."""

    id: str
    published: str
    ours: str
    why: str


def scores(spec_file: str, target: Model, models: Mapping[str, Model]) -> dict[str, Outcome]:
    result = run_audit(load_spec(FOLDER / spec_file, models), target, full=True)
    if result.broken:
        print(f"{target.alias}: {len(result.broken)} rows without a usable answer", file=sys.stderr)
    return {outcome.case.id: outcome for outcome in result.outcomes}


def grade(score: Score) -> str:
    """The highest of none, loose, strict and hard that holds."""
    if score.value is None:
        return "unscored"
    return next((mark for mark in reversed(MARKS) if score.marks.get(mark, 0.0) >= 0.5), "none")


def differences(published: Mapping[str, Outcome], ours: Mapping[str, Outcome]) -> Iterator[Difference]:
    for name, outcome in published.items():
        theirs, mine = outcome.trials[0].score, ours[name].trials[0].score
        if grade(theirs) != grade(mine):
            yield Difference(name, grade(theirs), grade(mine), reason(theirs, mine))


def reason(theirs: Score, mine: Score) -> str:
    """Our judge's reason; for two strict grades, what the prompt names by the one rule or the other."""
    for rule, score in (("our", mine), ("their", theirs)):
        named = score.details.get("prompt_names")
        if isinstance(named, Sequence) and theirs.marks.get("strict") == mine.marks.get("strict"):
            return f"by {rule} rule the prompt names: {', '.join(map(str, named))}"
    return mine.reason or f"{mine.label}: nothing in the answer claims an origin"


def rate(outcomes: Mapping[str, Outcome], mark: str) -> str:
    trials = [(one.trials[0].score.marks.get(mark), one.case.clusters) for one in outcomes.values()]
    known = [(value, clusters) for value, clusters in trials if value is not None]
    found = clustered_rate([value for value, _ in known], [clusters for _, clusters in known])
    return f"{found.total:.0f} [{1000 * (found.low or 0):.0f}, {1000 * (found.high or 0):.0f}]"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(f"| {' | '.join(header)} |\n|{' --- |' * len(header)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="targets whose alias holds this")
    parser.add_argument("--rows", metavar="TARGET", help="list the differing rows of this target")
    parsed = parser.parse_args()
    if not os.environ.get("DISTILL_TESTS_DATA"):
        sys.exit("set DISTILL_TESTS_DATA to the folder that holds ice/")
    models = load_models(FOLDER / "models.yaml")
    wanted = [card for card in models.values() if (parsed.rows or parsed.only) in card.alias]
    counts, moved, why = [], [], Counter[tuple[str, str, str]]()
    for card in wanted:
        published = scores("published.yaml", card, models)
        ours = scores("corrected.yaml", card, models)
        told = sorted(differences(published, ours), key=lambda one: int(one.id.split("-")[1]))
        name = card.alias.removesuffix("-published")
        fixed = [str(sum(int(o.trials[0].score.marks[m]) for o in published.values())) for m in MARKS]
        counts.append([name, *fixed, *(rate(ours, mark) for mark in MARKS), str(len(told))])
        why.update((one.published, one.ours, re.split(r"[:(]", one.why)[0].strip()) for one in told)
        ways = Counter((one.published, one.ours) for one in told)
        moved.append([name, ", ".join(f"{a} → {b} {n}" for (a, b), n in ways.most_common())])
        for one in told if parsed.rows else ():
            print(f"{one.id}: published {one.published}, ours {one.ours}: {visible(one.why)}")
    if parsed.rows:
        print()
    print("Of 1,000 answers; ours with its 95 % interval for framings and questions like these.\n")
    header = ["target", *(f"published {mark}" for mark in MARKS), *(f"our {mark}" for mark in MARKS)]
    table([*header, "rows that differ"], counts)
    table(["target", "grade published → ours, rows"], moved)
    reasons = [[a, b, told, str(n)] for (a, b, told), n in sorted(why.items(), key=lambda one: -one[1])]
    table(["published", "ours", "reason", "rows"], reasons)


if __name__ == "__main__":
    main()
