"""``distill-tests judge``: a file of rows through any judge."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NamedTuple

from distill_tests import rows, specfile
from distill_tests.adhoc import adhoc_model
from distill_tests.asked_rows import asked_rows
from distill_tests.cli.conftests import load_conftests
from distill_tests.cli.exits import OK, WRONG, say, usage_error
from distill_tests.cli.pull import DEFAULT_CARDS
from distill_tests.engine import Engine, EngineOptions
from distill_tests.errors import DataError, UnknownName
from distill_tests.progress import Progress
from distill_tests.redact import Redactor
from distill_tests.registry import Judge, judges
from distill_tests.rows import Judged
from distill_tests.types import JudgeUse, Model

HELP: Final = "run a judge over a file of rows"
STORE: Final = Path(".distill-tests") / "store.sqlite"
GRACE_S: Final = 10.0


class Option(NamedTuple):
    """One ``--option KEY=VALUE``."""

    name: str
    value: Any


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Read JSON objects, one a line, and write one verdict a line. A row that cannot be judged is named "
        "by file and line, left out and counted; the exit status is then 1. Loads conftest.py of the current "
        "folder, so that a judge of your own is known; like pytest, this runs the code in it."
    )
    add = command.add_argument
    add("name", metavar="JUDGE", help="a registered judge, such as claims")
    add("rows", type=Path, metavar="ROWS", help=".jsonl or .jsonl.gz")
    add("--output", type=Path, metavar="OUT", help="written whole, at the end; default: standard output")
    add("--models", type=Path, metavar="FILE", help="cards that rows may name; default: specs/models.yaml")
    add(
        "--option",
        action="append",
        default=[],
        type=option,
        metavar="KEY=VALUE",
        help="an option of the judge",
    )
    add("--allow-bad", type=int, default=0, metavar="N", help="exit 0 with up to N bad rows")
    asking = command.add_argument_group("for judges that ask a model").add_argument
    asking("--model", metavar="ALIAS", help="the model that judges: a card's alias, or PROVIDER:MODEL")
    asking("--concurrency", type=int, default=16, metavar="N", help="calls in flight (default: %(default)s)")
    asking("--replay", action="store_true", help="make no call; judge by the replies in the store")
    asking("--reuse", action="store_true", help="use stored replies of earlier runs, whatever the card says")
    asking("--no-store", action="store_true", help="keep no reply on disk")


def option(text: str) -> Option:
    """``KEY=VALUE``; the value is read as JSON where it is JSON, and is text otherwise."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    try:
        return Option(name, json.loads(value))
    except ValueError:
        return Option(name, value)


def main(parsed: argparse.Namespace) -> int:
    load_conftests([])
    judge = judges.get(parsed.name)
    models, options = _cards(parsed.models), _known(parsed.option, judge)
    alias = options.pop("model", None) or parsed.model
    both = (parsed.output, parsed.rows)
    if all(one is not None and one.exists() for one in both) and parsed.output.samefile(parsed.rows):
        return usage_error(f"--output {parsed.output} is the file that is read")
    if alias is None and not judge.parts:
        return _written(rows.judged_rows(parsed.rows, judge, models=models, options=options), judge, parsed)
    if not rows.asks_a_model(judge):
        return usage_error(f"judge {judge.name!r} asks no model; leave --model out")
    if alias is None and (lacking := _lacking_a_model(judge, options)):
        return usage_error(f"judge {lacking!r} asks a model; say which: --model ALIAS")
    use = JudgeUse(
        name=judge.name,
        options=options,
        model=_named(str(alias), models) if alias is not None else None,
        models=_of_parts(judge, options, models),
    )
    progress = Progress(sys.stderr, clock=time.monotonic, columns=lambda: shutil.get_terminal_size().columns)
    with _asking(parsed, use) as engine:
        judged = asked_rows(
            parsed.rows,
            use,
            models=models,
            engine=engine,
            width=2 * parsed.concurrency,
            tick=lambda: progress.tick(engine.counters()),
        )
        return _written(judged, judge, parsed, clear=progress.clear)


def _written(
    judged_rows: Iterator[Judged],
    judge: Judge,
    parsed: argparse.Namespace,
    *,
    clear: Callable[[], None] = lambda: None,
) -> int:
    """The exit status, when every row is written or named."""
    good = bad = unscored = 0
    with rows.sink(parsed.output) as out:
        for judged in judged_rows:
            clear()
            if judged.row is None:
                bad += 1
                say(f"{parsed.rows}:{judged.line}: {judged.problem}")
            else:
                good += 1
                unscored += judged.row.get("label") == "unscored"
                out.write(rows.encoded(judged.row))
    without = f", {unscored} of them unscored" if unscored else ""
    say(f"{good} rows judged by {judge.name}{without}" + (f", {bad} bad rows left out" if bad else ""))
    return WRONG if bad > parsed.allow_bad else OK


# --- asking -------------------------------------------------------------------------------------


@contextmanager
def _asking(parsed: argparse.Namespace, use: JudgeUse) -> Iterator[Engine]:
    """An engine for the rows; what was answered before an interruption is not asked again."""
    if parsed.concurrency < 1:
        raise DataError(f"--concurrency must be at least 1 (got {parsed.concurrency})")
    keys = {model.api_key_env for model in use.asked() if model.api_key_env}
    redactor = Redactor.from_environ(os.environ, extra_names=keys)
    engine = Engine(
        EngineOptions(
            store_path=None if parsed.no_store else STORE,
            run_id=uuid.uuid4().hex,
            concurrency=parsed.concurrency,
            replay=parsed.replay,
            reuse=parsed.reuse,
            redact=redactor.redact,
        )
    )
    is_done = False
    engine.begin()
    try:
        yield engine
        is_done = True
    finally:
        engine.stop(grace_s=0.0 if is_done else GRACE_S)
        # partial: audits that were interrupted keep the replies they may go on with.
        engine.finish(interrupted=not is_done, partial=True)
        engine.close()


def _named(alias: str, models: Mapping[str, Model]) -> Model:
    model = models.get(alias) or adhoc_model(alias)
    if model is None:
        raise UnknownName("model", alias, get_close_matches(alias, models), sorted(models))
    return model


def _of_parts(judge: Judge, options: Mapping[str, Any], models: Mapping[str, Model]) -> dict[str, Model]:
    """The models that the judges which ``judge`` calls name themselves, by alias."""
    aliases = {str(one["model"]) for one in _parts(judge, options) if "model" in one}
    return {alias: _named(alias, models) for alias in sorted(aliases)}


def _lacking_a_model(judge: Judge, options: Mapping[str, Any]) -> str | None:
    """The first of the judges that ``judge`` calls which asks a model and names none."""
    names = [str(one.get("name")) for one in _parts(judge, options) if "model" not in one]
    return next((name for name in names if name in judges and judges.get(name).calls[0] > 0), None)


def _parts(judge: Judge, options: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    written = [part.written for part in judge.parts(options)] if judge.parts else []
    return [one if isinstance(one, Mapping) else {"name": one} for one in written]


def _cards(path: Path | None) -> Mapping[str, Model]:
    """The model cards that rows may name; without --models those of specs/, if there are any."""
    if path is None and not DEFAULT_CARDS.is_file():
        return {}
    return specfile.load_models(path or DEFAULT_CARDS, environ=os.environ)


def _known(given: Sequence[Option], judge: Judge) -> dict[str, Any]:
    options = [*judge.options, *(["model"] if rows.asks_a_model(judge) else [])]
    for name, _ in given:
        if name not in options:
            near = get_close_matches(name, options)
            raise UnknownName(f"option of judge {judge.name!r}", name, near, sorted(options))
    return dict(given)
