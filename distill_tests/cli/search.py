"""``distill-tests search``: look for framings that bring out a contradiction, without pytest."""

from __future__ import annotations

import argparse
import math
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from distill_tests import api, specfile
from distill_tests.adhoc import adhoc_model
from distill_tests.audit import TargetRun
from distill_tests.cli.conftests import load_conftests
from distill_tests.cli.exits import OK, WRONG, say, usage_error
from distill_tests.cli.judge import STORE
from distill_tests.display import visible
from distill_tests.engine import Engine
from distill_tests.errors import DataError, DistillError, SpecError, UnknownName
from distill_tests.progress import Progress
from distill_tests.registry import kinds, providers
from distill_tests.search import POLICIES, calls_words, several
from distill_tests.search.findings import pack_trouble
from distill_tests.search.shrinking import MOST_CALLS
from distill_tests.subjects import default_targets
from distill_tests.types import Case, Model, Outcome, Spec

HELP: Final = "search for framings that bring out a contradiction"
CALLS: Final = 200
BROKEN: Final = 11
TICK_S: Final = 0.5
MOST_STEPS: Final = 12
_NOT_OF_A_SEARCH: Final = frozenset({"sample", "protocol", "controls"})


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Run the search of an identity spec. Of a spec without a search section the questions, framings "
        "and judge are taken, its gates and sample are left out. A search finds, gates decide: what it "
        "prints is no rate. Exit status: 0 nothing found, 1 something found, 11 no verdict (provider or "
        "judge in trouble), 2 usage. Loads conftest.py of the current folder; like pytest, this runs the "
        "code in it."
    )
    add = command.add_argument
    add("spec", type=Path, metavar="SPEC", help="an identity spec")
    add(
        "--target", metavar="ALIAS", help="search this model instead of the spec's targets; or PROVIDER:MODEL"
    )
    add(
        "--output",
        type=Path,
        metavar="FILE",
        help="the framing pack that gets the findings, such as specs/packs/found.yaml: relative to the "
        "current folder, in a folder packs/ where it lies below specs/",
    )
    how = command.add_argument_group("how (default: as the spec says)").add_argument
    how("--policy", choices=sorted(POLICIES), help="how the next framing to change is chosen")
    how("--goal", choices=("strict", "loose"), help="what is searched for")
    how("--seed", type=int, metavar="N", help="which search: the same seed and replies give the same one")
    how(
        "--questions",
        type=_count,
        metavar="N",
        help="questions asked in each new framing (default: calls / 20)",
    )
    how("--mutator", metavar="MODEL", help="a model that writes changes: an alias, or PROVIDER:MODEL")
    how("--templates", type=Path, metavar="FILE", help="a template set as further seeds: .csv or .jsonl")
    bounds = command.add_argument_group("bounds").add_argument
    bounds("--calls", type=_count, metavar="N", help=f"calls at most (default: the spec's, or {CALLS})")
    shorten = command.add_argument_group("shortening").add_mutually_exclusive_group().add_argument
    shorten(
        "--shrink-calls",
        type=_count,
        metavar="N",
        help=f"calls at most to shorten what is found (default: the spec's, or {MOST_CALLS}, but no more "
        "than --calls)",
    )
    shorten("--no-shrink", action="store_true", help="leave findings as long as they were found")
    bounds("--usd", type=_amount, metavar="USD", help="US dollars at most")
    bounds("--minutes", type=_amount, metavar="N", help="minutes at most")
    bounds(
        "--stop-after",
        type=_count,
        metavar="N",
        help="contradictions that are enough, looked at after each batch",
    )
    asking = command.add_argument_group("asking").add_argument
    asking(
        "--concurrency", type=_count, default=16, metavar="N", help="calls in flight (default: %(default)s)"
    )
    asking("--replay", action="store_true", help="make no call; search in what is in the store")
    asking("--refresh", action="store_true", help="ask again, also where the store has a reply")
    asking("--reuse", action="store_true", help="use stored replies of earlier runs, whatever the card says")
    asking("--no-store", action="store_true", help="keep no reply on disk")


def _count(text: str) -> int:
    """A whole number from 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


def _amount(text: str) -> float:
    """A number above 0."""
    number = float(text)
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"{text} is no number above 0")
    return number


def main(parsed: argparse.Namespace) -> int:
    load_conftests([])
    written = api.load_spec(parsed.spec)
    if written.kind != "identity":
        return usage_error(f"{parsed.spec}: a search is of an identity spec (got kind: {written.kind})")
    spec = as_search(written, parsed)
    targets = [_named(parsed.target, spec)] if parsed.target else list(default_targets(spec))
    if not targets:
        return usage_error(f"{parsed.spec}: no target; give --target ALIAS")
    prepared = [(target, _case(spec, target, parsed.output)) for target in targets]
    models = {model.alias: model for model in (*spec.models.values(), *targets)}
    try:
        with api.open_engine(
            models,
            store=None if parsed.no_store else STORE,
            concurrency=parsed.concurrency,
            replay=parsed.replay,
            refresh=parsed.refresh,
            reuse=parsed.reuse,
            partial=True,
        ) as engine:
            status = max(
                _search(spec, target, case, engine, quiet=parsed.replay) for target, case in prepared
            )
            if status == BROKEN:
                raise _Unanswered
    except _Unanswered:
        return BROKEN
    return status


class _Unanswered(Exception):
    """Leaves the run open in the store: the next one goes on with what it was answered."""


# --- what is searched ---------------------------------------------------------------------------


def as_search(spec: Spec, parsed: argparse.Namespace) -> Spec:
    """The spec with the search that the command line wants; raises SpecError for what does not fit."""
    section: dict[str, Any] = dict(spec.body.get("search", {}))
    body = dict(spec.body)
    if "search" not in body:
        body = {key: value for key, value in body.items() if key not in _NOT_OF_A_SEARCH}
        spec = replace(spec, gates=(), repeats=1, on_miss="fail")
    given = {
        "policy": parsed.policy,
        "goal": parsed.goal,
        "seed": parsed.seed,
        "questions": parsed.questions,
        "stop_after": parsed.stop_after,
    }
    section |= {key: value for key, value in given.items() if value is not None}
    bounds = {"calls": parsed.calls, "usd": parsed.usd, "minutes": parsed.minutes}
    known = {"calls": CALLS, **section.get("budget", {})}
    section["budget"] = known | {key: value for key, value in bounds.items() if value is not None}
    section["shrink"] = _shrink(section, parsed)
    if parsed.templates is not None:
        form = "jsonl" if parsed.templates.suffix == ".jsonl" else "csv"
        section["templates"] = {form: str(parsed.templates.absolute())}
    if parsed.mutator is not None:
        model = _named(parsed.mutator, spec)
        section["mutator"] = model.alias
        spec = replace(spec, models={**spec.models, model.alias: model})
    return replace(spec, body={**body, "search": section})


def _shrink(section: Mapping[str, Any], parsed: argparse.Namespace) -> dict[str, Any] | bool:
    """How findings are shortened: with no more calls than the search has, unless somebody says so."""
    written = section.get("shrink", True)
    if parsed.no_shrink or (written is False and parsed.shrink_calls is None):
        return False
    how: dict[str, Any] = {} if isinstance(written, bool) else dict(written)
    if parsed.shrink_calls is not None:
        return how | {"calls": parsed.shrink_calls}
    if "calls" in how and parsed.calls is None:
        return how
    return how | {"calls": min(how.get("calls", MOST_CALLS), section["budget"]["calls"])}


def _named(text: str, spec: Spec) -> Model:
    model = spec.models.get(text) or adhoc_model(text)
    if model is None:
        raise UnknownName("model", text, get_close_matches(text, spec.models), sorted(spec.models))
    return model


def _case(spec: Spec, target: Model, output: Path | None) -> Case:
    """The search as one case; raises SpecError and DataError for all that is wrong before any call."""
    if absent := [name for name in (*spec.requires, *target.requires) if not os.environ.get(name)]:
        raise DataError(f"{spec.path}: needs data: set {', '.join(absent)}")
    (case,) = kinds.get(spec.kind).kind.cases(spec, target)
    if problems := list(specfile.case_problems([case], spec, target)):
        raise SpecError(problems)
    if output is None:
        return case
    if trouble := pack_trouble(output):
        raise DataError(f"--output {visible(str(output))}: {trouble.what} (allowed: {trouble.allowed})")
    return replace(case, data=replace(case.data, write=output.absolute()))


# --- searching ----------------------------------------------------------------------------------


def _search(spec: Spec, target: Model, case: Case, engine: Engine, *, quiet: bool) -> int:
    """The exit status of one search, which is printed."""
    progress = Progress(sys.stderr, clock=time.monotonic, columns=lambda: shutil.get_terminal_size().columns)
    most = kinds.get(spec.kind).kind.calls(case, spec)[1]
    if not quiet:
        to_search = spec.body["search"]["budget"]["calls"]
        say(f"search on {target.alias}: at most {calls_words(to_search, most - to_search)}")
        _prepare(target)
    run = TargetRun(
        spec=spec, target=target, cases=(case,), engine=lambda: engine, key=f"{spec.path}::{target.alias}"
    )
    future = run.future(case)
    try:
        while not futures.wait([future], timeout=TICK_S).done:
            progress.tick(engine.counters(), most)
        outcome = future.result()
    except KeyboardInterrupt:
        progress.clear()
        engine.stop(grace_s=api.GRACE_S)
        say(f"interrupted: {engine.stored()} replies are stored; run the same again to go on")
        raise
    except DistillError as error:
        progress.clear()
        say(f"{case.place}: search on {target.alias}: {error}")
        return BROKEN
    progress.clear()
    print("\n".join(told(outcome)))
    value = outcome.trials[0].score.value
    return BROKEN if value is None else WRONG if value >= 0.5 else OK


def _prepare(model: Model) -> None:
    """Fetch what has to be fetched first; trouble shows in the search."""
    prepare = getattr(providers.get(model.provider).make, "prepare", None)
    if prepare is not None:
        with suppress(DistillError):
            prepare(model, quiet=False)


def told(outcome: Outcome) -> Iterator[str]:
    """What a person sees of a search: the finding and its evidence, the trail, the framings in full."""
    yield from kinds.get("identity").kind.explain(outcome).split("\n")
    written: Any = outcome.trials[0].score.details.get("search", {})
    details: Mapping[str, Any] = written
    steps = list(details.get("trail", ()))
    for line in steps[:MOST_STEPS]:
        yield f"    {visible(line)}"
    left = len(steps) + details.get("trail_left_out", 0) - MOST_STEPS
    if left > 0:
        yield f"    … {several(left, 'more step')}"
    for finding in details.get("findings", ()):
        if finding["bare"]:
            continue
        yield f"  {finding['id']} ({finding['language']}):"
        yield from (f"    | {line}" for line in visible(finding["template"], newlines="keep").split("\n"))
