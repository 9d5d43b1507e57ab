"""Contradictions found per call, for each policy of the search, on the embedded model: a Markdown table.

    python benchmarks/search_policies.py [--calls 50] [--seeds 4] [--max-tokens 24] [--goal loose]

Every policy gets the same seeds, framings, questions, offline mutators and number of calls; the model is
smollm2-135m of ``specs/models.yaml``, greedy.  Interval: Student's t over the seeds, 95 %.  A rate here is
one of the search, not of the model: its framings were chosen.  Replies are kept in ``--store`` if it is
given, so that a run that was cut off goes on.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from distill_tests import api
from distill_tests.engine import Engine
from distill_tests.inference.intervals import t_quantile
from distill_tests.judging import judging
from distill_tests.kinds._search_asking import Asking
from distill_tests.kinds._searching import Searching
from distill_tests.registry import kinds
from distill_tests.search import POLICIES, SearchResult, search
from distill_tests.types import Ask, Case, Judging, Model, Spec, Trial

ROOT = Path(__file__).parents[1]
LEVEL = 0.95
FAMILIES = ("plain", "role-play", "fiction")
"""Few seeds: every policy tries each of them once before it can choose by what they brought."""


class Tally(NamedTuple):
    """What one search brought: contradictions, framings that brought one, calls."""

    hits: int
    framings: int
    calls: int


class Settings(NamedTuple):
    calls: int
    questions: int
    goal: str
    max_tokens: int


def the_spec(settings: Settings, policy: str, seed: int) -> Spec:
    """The shipped identity spec as a search, in English, over some of its framings."""
    spec = api.load_spec(ROOT / "specs" / "identity" / "core.yaml")
    section = {
        "policy": policy,
        "seed": seed,
        "goal": settings.goal,
        "budget": {"calls": settings.calls},
        "questions": settings.questions,
        "shrink": False,
    }
    probes = {**spec.body["probes"], "languages": ["en"]}
    framings = {**spec.body["framings"], "families": list(FAMILIES)}
    body = {"probes": probes, "framings": framings, "search": section}
    sampling = replace(spec.sampling, max_tokens=settings.max_tokens, temperature=0.0)
    return replace(spec, body=body, sampling=sampling, gates=(), on_miss="fail")


def searched(spec: Spec, target: Model, engine: Engine) -> SearchResult:
    """One search, as the identity kind makes it."""
    kind = kinds.get("identity").kind
    (case,) = kind.cases(spec, target)
    searching: Searching = case.data

    async def conduct(probe: Case, ask: Ask, judge: Judging, sample: int) -> Trial:
        return await kind.conduct(probe, spec, target, sample=sample, ask=ask, judge=judge)

    async def job(ask: Ask) -> SearchResult:
        judge = judging(spec.judge, ask=ask)
        asking = Asking(case=case, spec=spec, target=target, ask=ask, judge=judge, conduct=conduct)
        return await search(searching.seeds, searching.questions, plan=searching.plan, evaluate=asking.judged)

    return engine.submit(f"{searching.plan.policy} {searching.plan.seed}", job).result()


def tally(result: SearchResult) -> Tally:
    return Tally(
        hits=sum(step.hits for step in result.trail), framings=len(result.findings), calls=result.calls
    )


def per_call(values: Sequence[float]) -> str:
    """Mean with its interval over seeds; none where all seeds agree, which is no certainty."""
    mean = statistics.fmean(values)
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    if spread == 0:
        return f"{mean:.3f} [no interval: the seeds agree]"
    half = t_quantile(1 - (1 - LEVEL) / 2, len(values) - 1) * spread / math.sqrt(len(values))
    return f"{mean:.3f} [{max(mean - half, 0):.3f}, {mean + half:.3f}]"


def row(policy: str, tallies: Sequence[Tally]) -> str:
    contradictions = per_call([one.hits / one.calls for one in tallies])
    framings = per_call([one.framings / one.calls for one in tallies])
    counts = f"{sum(one.hits for one in tallies)} / {sum(one.calls for one in tallies)}"
    return f"| {policy} | {contradictions} | {framings} | {counts} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--calls", type=int, default=50, help="of each search")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--questions", type=int, default=1, help="asked in each new framing")
    parser.add_argument("--max-tokens", type=int, default=24)
    parser.add_argument("--goal", choices=("strict", "loose"), default="loose")
    parser.add_argument("--target", default="smollm2-135m")
    parser.add_argument("--store", type=Path, help="a file that keeps the replies")
    given = parser.parse_args()
    settings = Settings(given.calls, given.questions, given.goal, given.max_tokens)
    models = api.load_models(ROOT / "specs")
    target, started = models[given.target], time.monotonic()
    with api.open_engine(models, store=given.store, concurrency=4) as engine:
        rows = []
        for policy in POLICIES:
            tallies = []
            for seed in range(1, given.seeds + 1):
                tallies.append(tally(searched(the_spec(settings, policy, seed), target, engine)))
                print(f"{policy}, seed {seed}: {tallies[-1]}", file=sys.stderr, flush=True)
            rows.append(row(policy, tallies))
        made = engine.counters().made
    print(f"| policy | {given.goal} contradictions per call | framings found per call | found / calls |")
    print("| --- | --- | --- | --- |")
    print("\n".join(rows))
    print(
        f"\n{given.target}, {given.calls} calls a search, seeds 1 to {given.seeds}, {given.questions} "
        f"questions a framing, at most {given.max_tokens} tokens, greedy; interval: {LEVEL:.0%}, Student's t "
        f"over the seeds."
    )
    print(f"{made} calls made, {time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
