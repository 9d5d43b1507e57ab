"""``distill-tests pull``: fetch the weights that a model card names, and say where they lie."""

from __future__ import annotations

import argparse
import os
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from distill_tests import specfile, weights
from distill_tests.cli.conftests import load_conftests
from distill_tests.cli.exits import OK, WRONG, say
from distill_tests.errors import ProviderError, UnknownName
from distill_tests.types import Model

HELP: Final = "fetch a local model's weights, checksum verified"
DEFAULT_CARDS: Final = Path("specs/models.yaml")


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Fetch a local model's weights into the user's cache folder, verify their SHA-256 and print their "
        "path. The first run that needs them does the same, but where a licence has to be accepted: that is "
        "shown and asked for here, once, and remembered in the user's cache."
    )
    command.add_argument("alias", metavar="ALIAS", help="a card of models.yaml, such as smollm2-135m")
    command.add_argument(
        "--models", type=Path, default=DEFAULT_CARDS, metavar="FILE", help="default: %(default)s"
    )
    command.add_argument(
        "--accept-licence",
        action="store_true",
        help="I have read the licence of the weights and accept it; for where nobody can be asked",
    )


def main(parsed: argparse.Namespace) -> int:
    load_conftests([])
    cards = specfile.load_models(parsed.models, environ=os.environ)
    if parsed.alias not in cards:
        raise UnknownName("model card", parsed.alias, get_close_matches(parsed.alias, cards), sorted(cards))
    model = cards[parsed.alias]
    try:
        if not _has_accepted(model, given=parsed.accept_licence):
            say(f"{model.alias}: not accepted; nothing was fetched")
            return WRONG
        print(weights.pull(model, environ=os.environ))
    except ProviderError as error:
        say(str(error))
        return WRONG
    return OK


def _has_accepted(model: Model, *, given: bool) -> bool:
    """Whether the weights may be fetched: nothing is to be accepted, or a person has accepted it."""
    where, cache = weights.source(model), weights.cache_folder(os.environ)
    if isinstance(where, weights.OnDisk) or where.licence is None or weights.is_accepted(where, cache=cache):
        return True
    licence = where.licence
    say(f"{where.name} is under the {licence.name}: {licence.url}")
    if not given:
        if not sys.stdin.isatty():
            say("it has to be accepted first, by a person at a terminal or with --accept-licence")
            return False
        say(weights.licence_text(licence))
        print(f"Do you accept the {licence.name}? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            return False
    weights.accept(where, cache=cache)
    return True
