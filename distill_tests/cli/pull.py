"""``distill-tests pull``: fetch the weights that a model card names, and say where they lie."""

from __future__ import annotations

import argparse
import os
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from distill_tests import specfile, weights
from distill_tests.cli.conftests import load_conftests
from distill_tests.cli.exits import OK, WRONG, say
from distill_tests.errors import ProviderError, UnknownName

HELP: Final = "fetch a local model's weights, checksum verified"
DEFAULT_CARDS: Final = Path("specs/models.yaml")


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Fetch a local model's weights into the user's cache folder, verify their SHA-256 and print their "
        "path. The first run that needs them does the same."
    )
    command.add_argument("alias", metavar="ALIAS", help="a card of models.yaml, such as smollm2-135m")
    command.add_argument(
        "--models", type=Path, default=DEFAULT_CARDS, metavar="FILE", help="default: %(default)s"
    )


def main(parsed: argparse.Namespace) -> int:
    load_conftests([])
    cards = specfile.load_models(parsed.models, environ=os.environ)
    if parsed.alias not in cards:
        raise UnknownName("model card", parsed.alias, get_close_matches(parsed.alias, cards), sorted(cards))
    try:
        print(weights.pull(cards[parsed.alias], environ=os.environ))
    except ProviderError as error:
        say(str(error))
        return WRONG
    return OK
